"""What the server counts and measures, and its text for Prometheus.

One `Metrics` object is made by app and handed on; nothing is registered globally: two servers can live in one process.
Labels are names from the configuration (channel, line) or fixed words, never ids or addresses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
"""Media type of what `render` returns."""

SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Buckets in seconds for what should take milliseconds."""
LONG = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)
"""Buckets in seconds for what customers wait for."""


class Metrics:
    """Every figure of one server."""

    def __init__(self) -> None:
        """Register the figures on a registry of their own."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.loop_lag = self.histogram("loop_lag_seconds", "How late the event loop wakes", buckets=SHORT)
        self.received = self.counter("received_total", "Things taken in and committed", "channel")
        self.duplicates = self.counter("duplicates_total", "Deliveries that had come before", "channel")
        self.quarantined = self.counter("quarantined_total", "Things that could not be read")
        self.offers = self.counter("offers_total", "Offers ended, by outcome", "channel", "outcome")
        self.overflowed = self.counter(
            "overflowed_total", "Items their line's rules sent on or out, by line or action", "line", "way"
        )
        self.sent = self.counter("sent_total", "Deliveries tried by the outbox", "channel", "status")
        self.commit = self.histogram("commit_seconds", "Time of one grouped commit", buckets=SHORT)
        self.batch = self.histogram("decide_seconds", "Facts taken to wishes granted, one batch", buckets=SHORT)
        self.waited = self.histogram("waited_seconds", "Customer's wait until answered", "line", buckets=LONG)
        self.waiting = self.gauge("waiting", "Items in line", "line", "channel")
        self.agents = self.gauge("agents", "Agents signed in, by state", "state")
        self.consoles = self.gauge("consoles", "Connected consoles")

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        """Add a number that only grows; `name` ends in `_total`."""
        return Counter(f"contactd_{name}", text, labels, registry=self.registry)

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        """Add a number that goes up and down."""
        return Gauge(f"contactd_{name}", text, labels, registry=self.registry)

    def watch(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Add a number that is asked for when somebody looks: a queue's length; `read` must not wait."""
        self.gauge(name, text).set_function(read)

    def histogram(self, name: str, text: str, *labels: str, buckets: tuple[float, ...] = LONG) -> Histogram:
        """Add a distribution of durations in seconds."""
        return Histogram(f"contactd_{name}", text, labels, registry=self.registry, buckets=buckets)

    def render(self) -> bytes:
        """Return every figure as Prometheus reads it."""
        return generate_latest(self.registry)

    async def watch_loop(self, every: float = 0.1) -> None:
        """Measure for ever how much later than asked the event loop comes back; run it as a task."""
        loop = asyncio.get_running_loop()
        while True:
            asked = loop.time()
            await asyncio.sleep(every)
            self.loop_lag.observe(max(0.0, loop.time() - asked - every))
