"""Metrics: figures of one server, as Prometheus reads them."""

from __future__ import annotations

import asyncio
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from contactd.metrics import Metrics


def figures(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_what_is_counted_is_shown() -> None:
    metrics = Metrics()
    metrics.received.labels("pigeon").inc(3)
    metrics.waiting.labels("support", "pigeon").set(2)
    metrics.waited.labels("support").observe(12)
    shown = figures(metrics)
    assert shown["contactd_received_total", (("channel", "pigeon"),)] == 3
    assert shown["contactd_waiting", (("channel", "pigeon"), ("line", "support"))] == 2
    assert shown["contactd_waited_seconds_sum", (("line", "support"),)] == 12


def test_a_watched_length_is_asked_for_each_time() -> None:
    metrics, queue = Metrics(), [1, 2]
    metrics.watch("queue_length", "How many wait", lambda: len(queue))
    assert figures(metrics)["contactd_queue_length", ()] == 2
    queue.append(3)
    assert figures(metrics)["contactd_queue_length", ()] == 3


def test_two_servers_in_one_process_do_not_mix() -> None:
    one, two = Metrics(), Metrics()
    one.received.labels("pigeon").inc()
    assert ("contactd_received_total", (("channel", "pigeon"),)) not in figures(two)


async def test_a_blocked_loop_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, measured, lags = Metrics(), asyncio.Event(), list[float]()

    def observe(lag: float) -> None:
        lags.append(lag)
        measured.set()

    monkeypatch.setattr(metrics.loop_lag, "observe", observe)
    task = asyncio.create_task(metrics.watch_loop(every=0.001))
    await measured.wait()
    lags.clear()
    await asyncio.sleep(0)
    time.sleep(0.05)  # noqa: ASYNC251 - blocking the loop is what is measured
    measured.clear()
    await measured.wait()
    assert max(lags) > 0.03
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
