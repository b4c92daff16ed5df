"""Calls at the desk: those agents make, colleagues who are asked, and contacts handed to who is on the line already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select, update

from contactd.channels.voice.browser_phone import BrowserPhoneOptions, account
from contactd.core.address import phone_point
from contactd.core.channel import Arrival, Content
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError
from contactd.core.events import ExternalWork, WorkEnded
from contactd.crm_store import claims, interactions
from contactd.crm_store import schema as s
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.rights import Actor
from tests.crm_store.town import Town
from tests.desk.bench import Bench

MOBILE = "13700001111"


class Phone:
    """What a channel that can call adds to the quiet one."""

    dial_adapter = "ari"

    def __init__(self, bench: Bench) -> None:
        self.pressed: list[tuple[str, Mapping[str, Any]]] = []
        voice: Any = bench.voice
        voice.dial_adapter, voice.dialled, voice.command = self.dial_adapter, self.dialled, self.command

    def dialled(self, number: str, line: str) -> str:
        if number.startswith("+1"):
            message = "abroad"
            raise BadRequestError(message, code="number_abroad", field="to")
        return number

    async def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        self.pressed.append((name, data))
        return {}


async def on_a_call(bench: Bench, agent: Actor) -> str:
    await bench.ready(agent)
    arrival = Arrival(
        channel="voice", adapter="ari", external_key="c1", raw=b"{}", at=bench.clock.now(), sender="13800138000"
    )
    receipt = await bench.voice.tools.accept(arrival, Content())
    (offer,) = await bench.until(lambda: bench.offers_of(agent))
    await bench.run(agent, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    await bench.voice.tools.answered(receipt.interaction, bench.clock.now())
    return receipt.interaction


async def test_a_call_an_agent_makes_is_a_contact_of_theirs(bench: Bench) -> None:
    Phone(bench)
    ann = await bench.agent("ann", device="PJSIP/1001")
    await bench.ready(ann)
    shown = (await bench.run(ann, "call.dial", to=MOBILE))["interaction"]
    assert (shown["direction"], shown["state"], shown["agent"], shown["live"]) == ("outbound", "active", ann.id, True)
    assert shown["answered_at"] is None
    (change,) = await bench.until(lambda: bench.voice.connects)
    assert (change.to, change.device, change.adapter) == ("+8613700001111", "PJSIP/1001", "ari")
    assert change.external_key == shown["id"], "its id is the id of the customer's channel"
    await bench.voice.tools.answered(shown["id"], bench.clock.now())
    bench.clock.advance(30)
    await bench.voice.tools.report(WorkEnded(interaction=shown["id"], agent=ann.id, ended_by="customer"))
    await bench.run(ann, "interaction.complete", interaction=shown["id"], disposition="solved")
    stored = await bench.store.read(lambda conn: interactions.get(conn, shown["id"]))
    assert (stored["state"], stored["outcome"], stored["talk_s"]) == ("closed", "answered", 30)


async def test_a_call_that_reached_nobody_has_failed(bench: Bench) -> None:
    Phone(bench)
    ann = await bench.agent("ann", device="PJSIP/1001")
    shown = (await bench.run(ann, "call.dial", to=MOBILE))["interaction"]
    await bench.voice.tools.panel(shown["id"], {"phase": "failed", "why": "busy"})
    await bench.voice.tools.report(
        WorkEnded(interaction=shown["id"], agent=ann.id, ended_by="system", outcome="failed"),
    )
    entry = bench.office.desk.entry(shown["id"])
    assert (entry.state, entry.outcome) == ("wrapup", "failed")
    assert entry.view()["panel"] == {"phase": "failed", "why": "busy"}, "the agent is told why"


@pytest.mark.parametrize(
    ("device", "data", "code"),
    [
        (None, {"to": MOBILE}, "no_device"),
        ("PJSIP/1001", {"to": "+12025550123"}, "number_abroad"),
        ("PJSIP/1001", {"to": "nobody"}, "bad_address"),
        ("PJSIP/1001", {"to": MOBILE, "line": "moon"}, "unknown_line"),
    ],
)
async def test_a_call_that_may_not_be_made_leaves_nothing(
    bench: Bench, device: str | None, data: dict[str, str], code: str
) -> None:
    Phone(bench)
    ann = await bench.agent("ann", device=device)
    with pytest.raises(BadRequestError) as refused:
        await bench.run(ann, "call.dial", **data)
    assert refused.value.code == code
    assert len(bench.office.desk.book) == 0


async def test_one_call_at_a_time(bench: Bench) -> None:
    Phone(bench)
    ann = await bench.agent("ann", device="PJSIP/1001")
    await on_a_call(bench, ann)
    with pytest.raises(ConflictError) as refused:
        await bench.run(ann, "call.dial", to=MOBILE)
    assert refused.value.code == "on_a_call"


async def test_a_colleague_is_asked_at_their_phone(bench: Bench) -> None:
    phone = Phone(bench)
    ann, ben = await bench.agent("ann", device="PJSIP/1001"), await bench.agent("ben", device="PJSIP/1002")
    interaction = await on_a_call(bench, ann)
    for target in ({"to_agent": ben.id}, {"to_line": "support"}):
        with pytest.raises(ConflictError) as refused:
            await bench.run(ann, "call.consult", interaction=interaction, **target)
        assert refused.value.code == "agent_unavailable", "Ben is not ready"
    await bench.ready(ben)
    for target in ({"to_agent": ben.id}, {"to_line": "support"}):
        await bench.run(ann, "call.consult", interaction=interaction, **target)
        name, data = phone.pressed.pop()
        assert (name, data["endpoint"], data["agent"]) == ("call.consult", "PJSIP/1002", ben.id)
    with pytest.raises(BadRequestError):
        await bench.run(ann, "call.consult", interaction=interaction, to_agent="agent-99")


async def test_nobody_brings_in_a_number_that_is_blocked(bench: Bench) -> None:
    phone = Phone(bench)
    ann = await bench.agent("ann", device="PJSIP/1001")
    interaction, point, now = await on_a_call(bench, ann), phone_point(MOBILE), bench.clock.now()
    assert point is not None

    def block(conn: WriteConn) -> None:
        claims.point_id(conn, "p-1", point, now=now)
        conn.execute(update(s.contact_point).where(s.contact_point.c.id == "p-1").values(status="blocked"))

    await bench.store.write(block)
    for key in ("call.consult", "call.transfer"):
        with pytest.raises(BadRequestError) as refused:
            await bench.run(ann, key, interaction=interaction, to=MOBILE)
        assert (refused.value.code, refused.value.field) == ("number_blocked", "to")
    assert phone.pressed == []
    for key, to in (("call.consult", "13700002222"), ("call.transfer", "1008")):
        await bench.run(ann, key, interaction=interaction, to=to)
    assert [name for name, _ in phone.pressed] == ["call.consult", "call.transfer"]


async def test_a_customer_who_wants_no_calls_is_brought_in_with_a_reason_only(bench: Bench) -> None:
    phone = Phone(bench)
    ann = await bench.agent("ann", device="PJSIP/1001")
    interaction, point = await on_a_call(bench, ann), phone_point(MOBILE)
    assert point is not None
    party = await Town(bench.store).party("王", point, level="verified")
    quiet = update(s.party).where(s.party.c.id == party).values(preferences={"do_not_call": True})
    await bench.store.write(lambda conn: conn.execute(quiet))
    with pytest.raises(ConflictError) as refused:
        await bench.run(ann, "call.consult", interaction=interaction, to=MOBILE)
    assert (refused.value.code, refused.value.field) == ("refuses_contact", "reason")
    assert phone.pressed == []
    await bench.run(ann, "call.consult", interaction=interaction, to=MOBILE, reason="they asked to be on this call")
    [(key, data)] = phone.pressed
    assert (key, data["to"], "reason" in data) == ("call.consult", MOBILE, False)
    rows = await bench.store.read(lambda conn: list(conn.execute(select(s.audit_log))))
    [row] = [row for row in rows if row.action == "call.consult_anyway"]
    assert (row.object_id, row.detail["against"]) == (interaction, ["refuses_contact"])


async def test_a_contact_is_handed_to_who_is_on_the_line_without_asking_again(bench: Bench) -> None:
    ann, ben = await bench.agent("ann", device="PJSIP/1001"), await bench.agent("ben", device="PJSIP/1002")
    interaction = await on_a_call(bench, ann)
    tools = bench.voice.tools
    assert not await tools.hand_over(interaction, "PJSIP/1002"), "Ben is not ready"
    assert not await tools.hand_over(interaction, "PJSIP/9999")
    await bench.ready(ben)
    ref = "consult-c1"
    await tools.report(ExternalWork(agent=ben.id, channel="voice", on=True, ref=ref))
    assert not await tools.hand_over(interaction, "PJSIP/1002"), "as long as the consultation counts as other work"
    await tools.report(ExternalWork(agent=ben.id, channel="voice", on=False, ref=ref))
    assert await tools.hand_over(interaction, "PJSIP/1002")
    entry = bench.office.desk.entry(interaction)
    assert (entry.state, entry.agent) == ("active", ben.id)
    assert bench.offers_of(ben) == []
    await bench.until(lambda: bench.voice.connects[-1].device == "PJSIP/1002")


async def test_the_panel_of_a_call_is_shown_and_outlives_a_rebuild_of_the_desk(bench: Bench) -> None:
    ann = await bench.agent("ann", device="PJSIP/1001")
    interaction = await on_a_call(bench, ann)
    await bench.voice.tools.panel(interaction, {"muted": True})
    assert bench.office.views.interactions[interaction]["panel"] == {"muted": True}
    book = bench.office.desk.book
    entry = bench.office.desk.entry(interaction)
    book.clear()
    entry.panel = None
    book.add(entry)
    assert entry.view()["panel"] == {"muted": True}
    await bench.voice.tools.panel("gone", {"muted": True})


async def test_a_supervisor_who_listens_is_on_record_first(bench: Bench) -> None:
    phone = Phone(bench)
    ann, chen = (
        await bench.agent("ann", device="PJSIP/1001"),
        await bench.agent("chen", "supervisor", device="PJSIP/1010"),
    )
    interaction = await on_a_call(bench, ann)
    await bench.run(chen, "call.supervise", interaction=interaction, mode="whisper")
    name, data = phone.pressed.pop()
    assert (name, data["mode"], data["endpoint"], data["supervisor"]) == (
        "call.supervise",
        "whisper",
        "PJSIP/1010",
        chen.id,
    )
    rows = await bench.store.read(lambda conn: list(conn.execute(select(s.audit_log))))
    (row,) = [row for row in rows if row.action == "call.supervise"]
    assert (row.actor, row.object_id) == (chen.id, interaction)
    with pytest.raises(ForbiddenError):
        await bench.run(ann, "call.supervise", interaction=interaction, mode="listen")


async def test_a_number_on_the_block_list_is_not_called(bench: Bench) -> None:
    Phone(bench)
    ann = await bench.agent("ann", device="PJSIP/1001")
    point = phone_point(MOBILE)
    assert point is not None

    def block(conn: WriteConn) -> None:
        claims.point_id(conn, "p-1", point, now=bench.clock.now())
        conn.execute(update(s.contact_point).values(status="blocked"))

    await bench.store.write(block)
    with pytest.raises(BadRequestError) as refused:
        await bench.run(ann, "call.dial", to=MOBILE)
    assert refused.value.code == "number_blocked"
    assert len(bench.office.desk.book) == 0


async def test_an_account_of_a_browser_phone_is_ones_own_and_on_record(bench: Bench) -> None:
    voice: Any = bench.voice
    ann, ben = await bench.agent("ann", device="PJSIP/1001"), await bench.agent("ben")
    assert await bench.run(ann, "phone.account") == {"account": None}
    options = BrowserPhoneOptions.model_validate({"url": "wss://pbx.example/ws", "passwords": {"1001": "pw-1"}})
    voice.softphone = lambda device, now: account(options, device, now)
    found = (await bench.run(ann, "phone.account"))["account"]
    assert (found["uri"], found["password"], found["expires_at"]) == ("sip:1001@pbx.example", "pw-1", None)
    assert await bench.run(ben, "phone.account") == {"account": None}, "who has no phone is given nobody's"
    rows = await bench.store.read(lambda conn: list(conn.execute(select(s.audit_log))))
    assert [row.actor for row in rows if row.action == "phone.account"] == [ann.id]
    assert "pw-1" not in str(rows)
