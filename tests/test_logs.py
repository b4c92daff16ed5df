"""Logs: one line per event, the interaction on it, nothing secret in it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from contactd import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_an_event_is_one_json_line_with_its_interaction() -> None:
    out = io.StringIO()
    logs.configure(form="json", stream=out)
    with logs.about("i-1"):
        structlog.get_logger("contactd.desk").info("intake.accepted", receipt="r-1")
    structlog.get_logger("contactd.desk").info("after")
    first, second = lines(out)
    assert (first["event"], first["interaction"], first["receipt"]) == ("intake.accepted", "i-1", "r-1")
    assert (first["level"], first["logger"]) == ("info", "contactd.desk")
    assert first["timestamp"].endswith("Z")
    assert "interaction" not in second


async def test_tasks_side_by_side_keep_their_own_interaction() -> None:
    out = io.StringIO()
    logs.configure(form="json", stream=out)
    turn = asyncio.Event()

    async def work(name: str) -> None:
        with logs.about(name):
            if name == "a":
                await turn.wait()
            structlog.get_logger().info("done", name=name)
            turn.set()

    await asyncio.gather(work("a"), work("b"))
    assert [(line["name"], line["interaction"]) for line in lines(out)] == [("b", "b"), ("a", "a")]


@pytest.mark.parametrize(
    "values",
    [
        {"text": "planted"},
        {"body_text": "planted"},
        {"html": "planted"},
        {"ami_password": "planted"},
        {"Authorization": "planted"},
        {"deep": {"api_token": ["planted"]}},
        {"deep": [{"secret": "planted"}]},
        {"data": b"planted"},
        {"note": "login planted-secret used"},
        {"long": "x" * 3000 + "planted"},
    ],
)
@pytest.mark.parametrize("form", ["json", "console"])
def test_secrets_and_bodies_do_not_get_out(values: dict[str, Any], form: str) -> None:
    out = io.StringIO()
    logs.configure(form=form, stream=out, secrets=["planted-secret"])
    structlog.get_logger().warning("something", **values)
    assert "something" in out.getvalue()
    assert "planted" not in out.getvalue()


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_traceback_shows_no_known_secret(form: str) -> None:
    out = io.StringIO()
    logs.configure(form=form, stream=out, secrets=["s3cr3t-word", "s3cr3t-word-longer"])

    def connect(url: str) -> None:
        message = f"cannot reach {url}"
        raise ConnectionError(message)

    try:
        connect("postgresql://desk:s3cr3t-word-longer@db")
    except ConnectionError:
        structlog.get_logger().exception("store.down")
        logging.getLogger("library").exception("it failed")
    assert out.getvalue().count("ConnectionError") >= 2
    assert "s3cr3t" not in out.getvalue()
    assert "longer" not in out.getvalue()


def test_libraries_speak_in_the_same_form_and_talkative_ones_only_of_trouble() -> None:
    out = io.StringIO()
    logs.configure(level="debug", form="json", stream=out)
    logging.getLogger("library").info("hello %s", "there")
    logging.getLogger("mail.log").info("MAIL FROM somebody")
    logging.getLogger("mail.log").warning("trouble")
    assert [line["event"] for line in lines(out)] == ["hello there", "trouble"]


def test_the_level_holds() -> None:
    out = io.StringIO()
    logs.configure(level="warning", form="json", stream=out)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [line["event"] for line in lines(out)] == ["loud"]


def test_a_chinese_line_stays_readable() -> None:
    out = io.StringIO()
    logs.configure(form="json", stream=out)
    structlog.get_logger().info("line.opened", line="技能组")
    assert "技能组" in out.getvalue()
