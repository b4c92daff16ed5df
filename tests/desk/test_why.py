"""`contactd explain` and its routes: what is told beside the server is what the router itself would say."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contactd.core.errors import BadRequestError, NotFoundError
from contactd.crm_store.store import Store
from contactd.desk.admin import Errand
from contactd.desk.idents import Idents
from contactd.desk.journal import candidates
from contactd.desk.why import _agent, _interaction, present
from contactd.routing.explain_texts import FILTERS, SENTENCES
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench, open_bench

CATALOGUES = Path(__file__).parents[2] / "contactd/agent_ui/web/src/i18n"
POLICY = {"lines": {"support": {"steps": [{"prefer": {"german": 6}, "seconds": 60}]}}}


@pytest.fixture
async def floor(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Bench]:
    """Ann speaks German and has a mail; a call and a second mail wait."""
    bench = await open_bench(store, clock, tmp_path, POLICY)
    ann = await bench.agent("ann", skills={"german": 7})
    await bench.agent("bob")
    await bench.ready(ann)
    for key in ("one", "two", "three"):
        await bench.mail_in(f"c@example.cn|{key}|Text", key)
    await bench.until(lambda: len(list(bench.office.desk.book)) == 3, "three mails")
    await bench.office.reading.settle()
    await bench.until(lambda: sum(len(bench.offers_of(actor)) for actor in (ann,)) == 2, "two offers")
    yield bench
    await bench.office.close()


def errand(bench: Bench) -> Errand:
    return Errand(bench.store, bench.clock, Idents(bench.clock), "test")


async def test_beside_the_server_the_same_is_told(floor: Bench) -> None:
    router = await present(floor.store, floor.clock)
    (waiting,) = [entry.id for entry in floor.office.desk.book if entry.state == "queued"]
    now = floor.clock.now()
    assert router.explain(waiting, now) == floor.router.explain(waiting, now)
    assert floor.office.why(waiting)["filters"] == {"busy": 1, "skill": 1}
    for agent in ("agent-1", "agent-2"):
        assert router.explain_agent(agent, now)["reasons"] == floor.office.why_agent(agent)["reasons"]


async def test_a_waiting_contact_and_its_decision_are_told_in_both_languages(floor: Bench) -> None:
    waiting = next(entry.id for entry in floor.office.desk.book if entry.state == "queued")
    offered = next(entry.id for entry in floor.office.desk.book if entry.state == "offered")

    def read(conn: object) -> dict[str, object]:
        from contactd.crm_store import interactions  # noqa: PLC0415 - needed here only

        return interactions.get(conn, waiting)  # type: ignore[arg-type]

    found = await floor.store.read(read)
    told = "\n".join(await _interaction(errand(floor), found, "en", candidates=True))
    assert "now: 1 of 1 in support" in told
    assert "1 lacks a skill" in told
    chinese = "\n".join(await _interaction(errand(floor), found, "zh", candidates=True))
    assert "技能不足" in chinese
    (offer,) = [
        offer for offer in floor.office.desk.dispatcher._ledger._ringing.values() if offer.interaction == offered
    ]
    seen = await candidates(floor.store, offer.offer)
    assert (seen["agent"], seen["filters"]["chosen"]) == ("agent-1", 1)
    assert await floor.office.candidates(offer.offer) == seen
    with pytest.raises(NotFoundError):
        await candidates(floor.store, "1-2-3")
    with pytest.raises(BadRequestError):
        await candidates(floor.store, offer.offer, most=1)


async def test_an_agent_is_told_by_name(floor: Bench) -> None:
    told = await _agent(errand(floor), "bob", "en")
    assert told[0] == "bob: logged_out, 0 of 100 units in use"
    assert "the agent is signed out" in told[1]
    assert await _agent(errand(floor), "agent-2", "zh") != told
    with pytest.raises(NotFoundError):
        await _agent(errand(floor), "nobody", "en")


@pytest.mark.parametrize("file", ["en.ts", "zh-CN.ts"])
def test_the_console_has_words_for_every_reason_and_filter(file: str) -> None:
    text = (CATALOGUES / file).read_text(encoding="utf-8")
    explain = text[text.index("  explain: {") : text.index("  quarantine: {")]
    known = set(re.findall(r"^\s+(\w+): ", explain, re.MULTILINE))
    assert {key.removeprefix("reason.") for key in SENTENCES} - known == set()
    assert set(FILTERS) - {"chosen", "choosing", "preferred_first"} - known == set()
