"""Commands of who sees only their own: what is not seen is not there, and naming it makes nobody see it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from contactd.core.case_plan import NO_PLAN
from contactd.core.errors import NotFoundError
from contactd.crm_store import case_rows, outbox_reads
from contactd.crm_store import schema as s
from contactd.crm_store.sight import Sight, of_outbox, sees
from contactd.desk.rights import Actor
from tests.crm_store.town import Town, mail
from tests.desk.bench import Bench


def narrow(actor: Actor) -> Actor:
    return replace(actor, sight=Sight(agent=actor.id, party="own", case="own", interaction="own"))


async def point_of(bench: Bench, party: str) -> str:
    claim = s.contact_claim.select().where(s.contact_claim.c.party_id == party)
    found = await bench.store.read(lambda conn: conn.execute(claim).one())
    return str(found.contact_point_id)


async def sees_party(bench: Bench, actor: Actor, party: str) -> bool:
    sight = actor.sight
    assert sight is not None
    return await bench.store.read(lambda conn: sees(conn, sight, "party", party, bench.clock.now()))


async def in_hand(bench: Bench, actor: Actor, sender: str) -> str:
    """Let a mail come and the actor take it."""
    came = await bench.mail_in(f"{sender}|S|T", f"k-{sender}")
    (offer,) = await bench.until(lambda: bench.offers_of(actor))
    await bench.run(actor, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    return came.interaction


async def test_no_command_reaches_what_its_actor_does_not_see(bench: Bench) -> None:
    ann = narrow(await bench.agent("ann"))
    town = Town(bench.store, bench.clock.now())
    theirs = await town.party("别人的", mail("theirs@x.example"), owner_id="somebody")
    made: dict[str, Any] = {"plan": NO_PLAN, "now": town.at, "actor": None}
    await bench.store.write(lambda conn: case_rows.create(conn, "case-1", {"subject": "x", "party_id": theirs}, **made))
    point = await point_of(bench, theirs)
    await bench.ready(ann)
    mine = await in_hand(bench, ann, "new@x.example")
    await bench.run(ann, "agent.set_intent", intent="not_ready")
    other = (await bench.mail_in("theirs@x.example|S|T", "k2")).interaction
    start = {"channel": "email", "line": "support", "purpose": "service", "subject": "x"}
    for command, data, wrong in (
        ("interaction.start", {**start, "to": "a@x.example", "party": theirs}, "party"),
        ("interaction.start", {**start, "contact_point": point}, "contact_point"),
        ("interaction.start", {**start, "to": "a@x.example", "case": "case-1"}, "case"),
        ("callback.request", {"contact_point": point}, "contact_point"),
        ("callback.request", {"to": "13700001111", "party": theirs}, "party"),
        ("call.dial", {"contact_point": point}, "contact_point"),
        ("party.confirm", {"interaction": mine, "party": theirs}, "party"),
        ("party.deny", {"interaction": mine, "party": theirs}, "party"),
        ("case.attach", {"interaction": mine, "case": "case-1"}, "case"),
        ("conversation.join", {"interaction": mine, "other": other}, "other"),
        ("interaction.close_as", {"interaction": mine, "reason": "duplicate", "of": other}, "of"),
        ("interaction.note", {"interaction": other, "text": "x"}, "interaction"),
        ("interaction.complete", {"interaction": mine, "topics": [{"disposition": "x", "case": "case-1"}]}, "case"),
    ):
        with pytest.raises(NotFoundError) as caught:
            await bench.run(ann, command, **data)
        assert caught.value.field == wrong, command
    assert not await sees_party(bench, ann, theirs)


async def test_who_the_contact_in_hand_may_be_is_confirmed_and_ones_own_is_written_to(bench: Bench) -> None:
    ann = narrow(await bench.agent("ann"))
    town = Town(bench.store, bench.clock.now())
    caller = await town.party("来信的", mail("caller@x.example"), owner_id="somebody")
    own = await town.party("自己的", mail("own@x.example"), owner_id=ann.id)
    await bench.ready(ann)
    mine = await in_hand(bench, ann, "caller@x.example")
    shown = await bench.run(ann, "party.confirm", interaction=mine, party=caller)
    assert shown["interaction"]["party_id"] == caller
    await bench.run(ann, "interaction.note", interaction=mine, text="x")
    begun = {"channel": "email", "line": "support", "purpose": "service", "subject": "x", "party": own}
    assert (await bench.run(ann, "interaction.start", **begun, contact_point=await point_of(bench, own)))["interaction"]


async def test_whom_one_only_named_oneself_is_not_seen_for_it(bench: Bench) -> None:
    whole = await bench.agent("ann")
    ann, town = narrow(whole), Town(bench.store, bench.clock.now())
    theirs = await town.party("别人的", mail("theirs@x.example"), owner_id="somebody")
    begun = {"channel": "email", "line": "support", "purpose": "service", "subject": "x", "party": theirs}
    await bench.run(whole, "interaction.start", **begun, to="ann-herself@x.example")
    assert not await sees_party(bench, ann, theirs)


async def test_a_supervisor_watches_only_what_their_scope_holds(bench: Bench) -> None:
    sue = await bench.agent("sue", role="supervisor")
    came = (await bench.mail_in("new@x.example|S|T", "k-watch")).interaction
    assert await bench.run(sue, "interaction.watch", interaction=came) == {}
    with pytest.raises(NotFoundError):
        await bench.run(narrow(sue), "interaction.watch", interaction=came)


async def test_a_supervisor_takes_back_only_letters_of_contacts_they_see(bench: Bench) -> None:
    ann, sue = await bench.agent("ann"), await bench.agent("sue", role="supervisor")
    await bench.ready(ann)
    mine = await in_hand(bench, ann, "li@x.example")
    sent = await bench.run(ann, "interaction.send", interaction=mine, text="Not for her", undo_s=60)
    letter, now = sent["message"]["id"], bench.clock.now()
    for actor, wanted in ((sue, [letter]), (narrow(sue), []), (narrow(ann), [letter])):
        seen = of_outbox(actor.sight, now)
        rows = await bench.store.read(lambda conn, seen=seen: outbox_reads.listed(conn, None, now, seen))
        assert [one["message"] for one in rows] == wanted
    for command in ("outbox.cancel", "outbox.again", "outbox.dismiss"):
        with pytest.raises(NotFoundError) as caught:
            await bench.run(narrow(sue), command, message=letter)
        assert caught.value.field == "message", command
    assert (await bench.run(sue, "outbox.cancel", message=letter))["content"]["text"] == "Not for her"
