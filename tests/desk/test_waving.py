"""One key each: junk with its sender blocked, nothing to be said, the same as another."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Update, select, update

from contactd.core.address import phone_point
from contactd.core.channel import Arrival, Content, Receipt
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.crm_store import blocked_rows, interactions, messages, protected_rows, schema
from contactd.crm_store.dismissed_rows import UNDO_FOR
from contactd.desk.composing import read_point
from contactd.desk.retention import Retention
from contactd.desk.sweeping import Sweeping
from tests.desk.bench import Bench
from tests.desk.test_letters import at_work, save
from tests.desk.test_outbox import taken


async def shown(bench: Bench, interaction: str) -> dict[str, object]:
    return await bench.store.read(lambda conn: interactions.get(conn, interaction))


@pytest.mark.parametrize("reason", ["junk", "no_reply_needed"])
async def test_a_contact_ends_with_its_reason_and_its_draft_goes_with_the_way_back(bench: Bench, reason: str) -> None:
    ann, interaction = await at_work(bench)
    await save(bench, ann, interaction, "Dear", 0)
    bob = await bench.agent("bob")
    with pytest.raises(ForbiddenError):
        await bench.run(bob, "interaction.close_as", interaction=interaction, reason=reason)
    await bench.run(ann, "interaction.close_as", interaction=interaction, reason=reason)
    assert bench.state_of(interaction) is None
    view = await shown(bench, interaction)
    assert (view["state"], view["outcome"], view["agent"]) == ("closed", reason, ann.id)
    assert (view["answered_at"] is not None) is (reason == "no_reply_needed")
    retention = Retention(bench.store, bench.clock, {"drafts": 1})
    bench.clock.advance(UNDO_FOR.total_seconds() - 1)
    assert await retention.erase("system") == {}, "it can still come back"
    bench.clock.advance(2)
    await Sweeping(bench.store, bench.clock).sweep("0")
    assert await Retention(bench.store, bench.clock, {}).erase("system") == {}
    assert len(await bench.store.read(lambda conn: conn.execute(schema.draft.select()).all())) == 1, (
        "nobody said how long"
    )
    assert await retention.erase("system") == {"drafts": 1}
    assert await bench.store.read(lambda conn: conn.execute(schema.draft.select()).all()) == []


async def test_what_was_being_written_comes_back_too(bench: Bench) -> None:
    ann, interaction = await at_work(bench)
    version = await save(bench, ann, interaction, "Dear", 0)
    bench.clock.advance(40)
    await save(bench, ann, interaction, "Dear Li", version)
    await bench.run(ann, "interaction.close_as", interaction=interaction, reason="no_reply_needed")
    with pytest.raises(ForbiddenError):  # what is over is in nobody's hands
        await bench.run(ann, "draft.read", interaction=interaction)
    assert await Retention(bench.store, bench.clock, {"drafts": 1}).erase("system") == {}
    here = (await bench.run(ann, "interaction.bring_back", interaction=interaction))["interaction"]
    draft = (await bench.run(ann, "draft.read", interaction=here))["draft"]
    assert draft["body"]["text"] == "Dear Li"
    before = (await bench.run(ann, "draft.versions", interaction=here))["versions"]
    assert [one["body"]["text"] for one in before] == ["Dear"]


async def test_a_duplicate_names_what_it_repeats(bench: Bench) -> None:
    ann, first = await at_work(bench)
    second = await taken(bench, ann, "li@example.cn", "k2")
    with pytest.raises(NotFoundError):
        await bench.run(ann, "interaction.close_as", interaction=second, reason="duplicate", of="not-there")
    assert bench.state_of(second) == "active"
    await bench.run(ann, "interaction.close_as", interaction=second, reason="duplicate", of=first)
    view = await shown(bench, second)
    assert (view["outcome"], view["parent_id"]) == ("duplicate", first)


async def test_a_blocked_sender_comes_before_nobody_until_let_in_again(bench: Bench) -> None:
    ann, interaction = await at_work(bench)
    await bench.run(ann, "interaction.close_as", interaction=interaction, reason="junk", block=True)
    (blocked,) = await bench.store.read(blocked_rows.listed)
    assert (blocked["value"], blocked["agent"]) == ("li@example.cn", ann.id)
    again = await bench.mail_in("Li@Example.cn|Buy|now", "k2")
    for _ in range(2000):
        view = await shown(bench, again.interaction)
        if view["state"] != "received":
            break
        await asyncio.sleep(0.005)
    assert (view["state"], view["outcome"]) == ("closed", "junk")
    assert bench.offers_of(ann) == []
    other = await taken(bench, ann, "wang@example.cn", "k3")
    assert bench.state_of(other) == "active"
    await bench.run(ann, "sender.unblock", kind="email", value="li@example.cn")
    with pytest.raises(NotFoundError):
        await bench.run(ann, "sender.unblock", kind="email", value="li@example.cn")
    assert bench.state_of(await taken(bench, ann, "li@example.cn", "k4")) == "active"


@pytest.mark.parametrize("reason", ["junk", "no_reply_needed", "duplicate"])
async def test_what_was_ended_by_mistake_comes_back_into_the_same_hands(bench: Bench, reason: str) -> None:
    ann, first = await at_work(bench)
    of = {"of": first} if reason == "duplicate" else {}
    closed = await taken(bench, ann, "bo@example.cn", "k2")
    thread = (await shown(bench, closed))["thread"]
    (before,) = await bench.store.read(lambda conn: messages.of_interaction(conn, closed))
    await bench.run(ann, "interaction.close_as", interaction=closed, reason=reason, **of)
    bench.clock.advance(10)
    back = await bench.run(ann, "interaction.bring_back", interaction=closed)
    here = back["interaction"]
    assert (back["from"], bench.state_of(here)) == (closed, "active")
    view, old = await shown(bench, here), await shown(bench, closed)
    assert (view["agent"], view["thread"], view["parent_id"], view["from"]) == (ann.id, thread, closed, "bo@example.cn")
    # A closed contact stays closed; it counts once, as what came back.
    assert (old["state"], old["outcome"], old["answered_at"]) == ("closed", "duplicate", None)
    (moved,) = await bench.store.read(lambda conn: messages.of_interaction(conn, here))
    assert (moved["id"], moved["text"]) == (before["id"], "T")
    # Asked again, the same; nothing comes back twice.
    assert (await bench.run(ann, "interaction.bring_back", interaction=closed))["interaction"] == here
    noted = await bench.store.read(lambda conn: conn.execute(schema.audit_log.select()).all())
    assert [(row.actor, row.object_id) for row in noted if row.action == "interaction.bring_back"] == [(ann.id, closed)]


async def test_a_sender_that_was_blocked_with_it_is_heard_again(bench: Bench) -> None:
    ann, interaction = await at_work(bench)
    await bench.run(ann, "interaction.close_as", interaction=interaction, reason="junk")
    await bench.run(ann, "sender.block", interaction=interaction)
    assert len(await bench.store.read(blocked_rows.listed)) == 1
    back = await bench.run(ann, "interaction.bring_back", interaction=interaction)
    assert bench.state_of(back["interaction"]) == "active"
    assert await bench.store.read(blocked_rows.listed) == []


async def test_what_the_customer_wrote_meanwhile_and_what_comes_back_are_one(bench: Bench) -> None:
    ann, interaction = await at_work(bench)
    await bench.run(ann, "interaction.close_as", interaction=interaction, reason="no_reply_needed")
    thread = (await shown(bench, interaction))["thread"]
    bench.clock.advance(6)
    mark = await bench.store.read(lambda conn: messages.of_interaction(conn, interaction))
    assert len(mark) == 1
    await bench.store.write(lambda conn: conn.execute(provider(mark[0]["id"])))
    again = await bench.mail_in("li@example.cn|Re: S|more", "k9", references=["<m@x>"])
    await bench.until(lambda: bench.state_of(again.interaction) in {"queued", "offered"}, "the next turn")
    back = await bench.run(ann, "interaction.bring_back", interaction=interaction)
    assert back["interaction"] == again.interaction
    assert (await shown(bench, again.interaction))["thread"] == thread
    said = await bench.store.read(lambda conn: messages.of_interaction(conn, again.interaction))
    assert sorted(one["text"] for one in said) == ["T", "more"]


async def test_only_who_ended_it_or_oversees_may_bring_it_back_and_only_for_a_week(bench: Bench) -> None:
    ann, interaction = await at_work(bench)
    bob, sue = await bench.agent("bob"), await bench.agent("sue", role="supervisor")
    with pytest.raises(ConflictError):
        await bench.run(ann, "interaction.bring_back", interaction=interaction)
    await bench.run(ann, "interaction.close_as", interaction=interaction, reason="junk")
    with pytest.raises(ForbiddenError):
        await bench.run(bob, "interaction.bring_back", interaction=interaction)
    with pytest.raises(NotFoundError):
        await bench.run(ann, "interaction.bring_back", interaction="not-there")
    back = await bench.run(sue, "interaction.bring_back", interaction=interaction)
    # Sue is not signed in: it waits in line.
    assert bench.state_of(back["interaction"]) in {"queued", "offered"}
    other = await taken(bench, ann, "wu@example.cn", "k5")
    await bench.run(ann, "interaction.close_as", interaction=other, reason="junk")
    bench.clock.advance(8 * 86400)
    with pytest.raises(ConflictError) as refused:
        await bench.run(ann, "interaction.bring_back", interaction=other)
    assert refused.value.code == "too_late"


def provider(message: str) -> Update:
    return update(schema.message).where(schema.message.c.id == message).values(provider_id="<m@x>")


async def test_a_supervisor_keeps_a_number_out_for_a_while(bench: Bench) -> None:
    ann, chen = await bench.agent("ann"), await bench.agent("chen", role="supervisor")
    await bench.ready(ann)
    with pytest.raises(ForbiddenError):
        await bench.run(ann, "sender.keep_out", to="13800138000", reason="abuse", days=7)
    await bench.run(chen, "sender.keep_out", to="13800138000", reason="abuse", days=7)
    (listed,) = await bench.store.read(blocked_rows.listed)
    assert (listed["value"], listed["reason"], listed["interaction"]) == ("+8613800138000", "abuse", None)
    assert listed["until"] is not None

    async def calls(key: str, routed_by: str = "contactd") -> Receipt:
        arrival = Arrival(
            channel="voice", adapter="ari", external_key=key, raw=b"{}", at=bench.clock.now(), routed_by=routed_by
        )
        return await bench.voice.tools.accept(arrival, Content(sender=phone_point("13800138000")))

    first = await calls("c1")
    assert first.filed
    assert (await shown(bench, first.interaction))["outcome"] == "junk"
    assert not (await calls("c2", "pbx")).filed, "what a PBX routes is shown as it is"
    bench.clock.advance(8 * 24 * 3600)
    third = await calls("c3")
    assert not third.filed
    assert bench.state_of(third.interaction) in ("queued", "offered")
    await bench.run(ann, "sender.unblock", kind="phone", value="+8613800138000")
    assert await bench.store.read(blocked_rows.listed) == []
    rows = await bench.store.read(lambda conn: conn.execute(select(schema.audit_log.c.action)).scalars().all())
    assert {"sender.keep_out", "sender.unblock"} <= set(rows)


async def test_what_is_neither_number_nor_address_is_not_blocked(bench: Bench) -> None:
    chen = await bench.agent("chen", role="supervisor")
    with pytest.raises(BadRequestError):
        await bench.run(chen, "sender.keep_out", to="nobody", reason="x")
    assert await bench.store.read(blocked_rows.listed) == []


async def test_who_is_on_the_red_list_is_never_blocked_and_goes_first(bench: Bench) -> None:
    ann, chen = await bench.agent("ann", device="PJSIP/1001"), await bench.agent("chen", role="supervisor")
    await bench.ready(ann)
    to = "13800138000"
    with pytest.raises(ForbiddenError):
        await bench.run(ann, "sender.protect", to=to, reason="board", first=True, uncalled=True)
    await bench.run(chen, "sender.keep_out", to=to, reason="a mistake", days=7)
    await bench.run(chen, "sender.protect", to=to, reason="board", days=30, first=True, uncalled=True)
    assert await bench.store.read(blocked_rows.listed) == [], "who is protected is let in"
    with pytest.raises(ConflictError) as refused:
        await bench.run(chen, "sender.keep_out", to=to, reason="again")
    assert refused.value.code == "red_listed"

    async def calls(key: str) -> Receipt:
        arrival = Arrival(channel="voice", adapter="ari", external_key=key, raw=b"{}", at=bench.clock.now())
        return await bench.voice.tools.accept(arrival, Content(sender=phone_point(to)))

    first = await calls("r1")
    assert not first.filed
    assert (await shown(bench, first.interaction))["vip"] == 3
    offers = await bench.until(lambda: bench.offers_of(ann), "the offer")
    await bench.run(ann, "offer.accept", offer=offers[0]["offer"], lease=offers[0]["lease"])
    blocked = await bench.run(ann, "interaction.close_as", interaction=first.interaction, reason="junk", block=True)
    assert blocked["interaction"]["outcome"] == "junk"
    assert await bench.store.read(blocked_rows.listed) == [], "nor by a contact of theirs"
    (listed,) = await bench.store.read(protected_rows.listed)
    assert (listed["value"], listed["first"], listed["uncalled"]) == ("+8613800138000", True, True)
    bench.clock.advance(31 * 24 * 3600)
    assert (await shown(bench, (await calls("r2")).interaction))["vip"] == 0, "its time is over"
    await bench.run(chen, "sender.unprotect", kind="phone", value="+8613800138000")
    with pytest.raises(NotFoundError):
        await bench.run(chen, "sender.unprotect", kind="phone", value="+8613800138000")
    acts = await bench.store.read(lambda conn: conn.execute(select(schema.audit_log.c.action)).scalars().all())
    assert {"sender.protect", "sender.unprotect"} <= set(acts)


async def test_a_mail_that_only_claims_a_protected_address_goes_before_nobody(bench: Bench) -> None:
    chen = await bench.agent("chen", role="supervisor")
    await bench.run(chen, "sender.protect", to="wu@example.cn", reason="partner", first=True, uncalled=False)
    honest = (await bench.mail_in("wu@example.cn|S|T", "honest")).interaction
    claimed = await bench.voice.tools.accept(
        Arrival(channel="email", adapter="smtp", external_key="claims", raw=b"x", at=bench.clock.now()),
        Content(sender=read_point("wu@example.cn", "to"), claimed_sender=True),
    )
    await bench.until(lambda: bench.state_of(honest) == "queued", "the letter is read and in line")
    assert (await shown(bench, honest))["vip"] == 3
    assert (await shown(bench, claimed.interaction))["vip"] == 0
