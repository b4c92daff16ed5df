"""Channels ask after a contact; a low score reaches supervisors; who never answers is let go."""

from __future__ import annotations

from typing import Any

from contactd.core.survey import Reply
from contactd.crm_store import survey_reads, survey_rows
from tests.desk.bench import Bench

QUESTIONS = [{"key": "stars", "kind": "score", "text": {"en": "Content?"}}]


async def talked(bench: Bench) -> str:
    """A chat that an agent took; return the contact."""
    values: dict[str, Any] = {"name": "Chat", "questions": QUESTIONS, "low": 2, "valid_hours": 1}
    await bench.store.write(
        lambda conn: survey_rows.create(conn, "s1", values, now=bench.clock.now(), actor="x"),
    )
    ann = await bench.agent("ann")
    await bench.ready(ann)
    contact = (await bench.chat_in("hello", "k1")).interaction
    (offer,) = await bench.until(lambda: bench.offers_of(ann))
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    return contact


async def test_a_channel_asks_and_a_low_score_is_told(bench: Bench) -> None:
    boss = await bench.agent("sue", role="supervisor")
    contact = await talked(bench)
    asked = await bench.chat.tools.survey(contact, "en-GB")
    assert asked is not None
    assert asked.language == "en"
    await bench.chat.tools.survey_said(asked.invite, (Reply(question="stars", score=1),))
    again = await bench.chat.tools.survey(contact)
    assert again is not None
    assert (again.invite, again.answered) == (asked.invite, {"stars": 1})
    await bench.chat.tools.survey_ended(asked.invite, "hung_up")
    assert await bench.chat.tools.survey(contact) is None
    stream = bench.office.views.audience.add("k", boss.id, boss.role)
    alerts = bench.office.views.snapshot(stream)["floor"]["alerts"]
    assert [one["detail"] for one in alerts if one["kind"] == "survey_low"] == ["C-000001"]
    (shown,) = await bench.store.read(lambda conn: survey_reads.of_interaction(conn, contact))
    assert (shown["state"], shown["score"], shown["segment"], shown["agent"]) == ("hung_up", 1, 1, "agent-2")


async def test_who_never_answers_is_let_go(bench: Bench) -> None:
    contact = await talked(bench)
    assert await bench.chat.tools.survey(contact) is not None
    bench.clock.advance(2 * 3600)
    await bench.office.tending.settle()
    (shown,) = await bench.store.read(lambda conn: survey_reads.of_interaction(conn, contact))
    assert (shown["state"], shown["score"]) == ("expired", None)
