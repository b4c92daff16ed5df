"""Whose a contact is: one click says so, one click says not, and what was not confirmed follows the claims."""

from __future__ import annotations

from typing import Any

import pytest

from contactd.core.address import email
from contactd.core.channel import Arrival, Content
from contactd.core.errors import NotFoundError
from contactd.core.message import NewMessage
from contactd.crm_store import claims, interactions, merging, parties
from contactd.crm_store.store import Store
from contactd.desk.rights import Actor
from tests.desk.bench import Bench

LI = "li@example.cn"


async def customer(bench: Bench, name: str, *addresses: str) -> str:
    idents = bench.office.desk.idents
    party, now = idents.new(), bench.clock.now()

    def unit(conn: Any) -> None:
        parties.create(conn, party, {"kind": "person", "display_name": name}, now=now, actor=None)
        for address in addresses:
            point = email(address)
            assert point is not None
            ident = claims.point_id(conn, idents.new(), point, now=now)
            claims.claim(conn, idents.new(), ident, party, level="asserted", source="import", now=now)

    await bench.store.write(unit)
    return party


async def stands(store: Store, interaction: str) -> tuple[str, str | None]:
    row = await store.read(lambda conn: interactions.get(conn, interaction))
    return row["resolve_state"], row["party_id"]


async def in_hand(bench: Bench, ann: Actor, key: str) -> str:
    receipt = await bench.mail_in(f"{LI}|S|T", key)
    offer = (await bench.until(lambda: bench.offers_of(ann), "an offer"))[0]
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    return receipt.interaction


@pytest.fixture
async def ann(bench: Bench) -> Actor:
    actor = await bench.agent("ann")
    await bench.ready(actor)
    return actor


async def test_one_click_writes_a_claim_and_the_next_contact_is_known(bench: Bench, ann: Actor) -> None:
    li = await customer(bench, "李雷")
    first = await in_hand(bench, ann, "m1")
    view = await bench.run(ann, "party.confirm", interaction=first, party=li)
    assert (view["interaction"]["resolve_state"], view["interaction"]["customer_name"]) == ("confirmed", "李雷")
    await bench.run(ann, "interaction.complete", interaction=first)
    second = (await bench.mail_in(f"{LI}|S|T", "m2")).interaction
    await bench.until(lambda: bench.state_of(second) in {"queued", "offered"})
    assert await stands(bench.store, second) == ("known", li)


async def test_earlier_contacts_of_an_address_become_the_customers_too(bench: Bench, ann: Actor) -> None:
    before = await in_hand(bench, ann, "m1")
    await bench.run(ann, "interaction.complete", interaction=before)
    li = await customer(bench, "李雷")
    now = await in_hand(bench, ann, "m2")
    await bench.run(ann, "party.confirm", interaction=now, party=li)
    await bench.office.tending.settle()
    assert await stands(bench.store, before) == ("known", li)
    assert await stands(bench.store, now) == ("confirmed", li)


async def test_not_this_person_ends_the_claim_and_asks_again(bench: Bench, ann: Actor) -> None:
    li = await customer(bench, "李雷", LI)
    before = (await bench.mail_in(f"{LI}|S|T", "m1")).interaction
    await bench.until(lambda: bench.state_of(before) is not None)
    offer = (await bench.until(lambda: bench.offers_of(ann)))[0]
    await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    assert await stands(bench.store, before) == ("known", li)
    view = await bench.run(ann, "party.deny", interaction=before, party=li)
    assert (view["interaction"]["resolve_state"], view["interaction"]["party_id"]) == ("unknown", None)
    assert view["interaction"]["customer_name"] == ""
    assert await stands(bench.store, before) == ("unknown", None)


async def test_what_was_denied_is_not_mined_again_but_may_be_said_again(bench: Bench) -> None:
    li = await customer(bench, "李雷", LI)
    point = email(LI)
    assert point is not None

    def levels(conn: Any) -> str | None:
        found: str | None = parties.get(conn, li)["points"][0]["level"] if parties.get(conn, li)["points"] else None
        return found

    def unit(conn: Any, level: str) -> None:
        ident = claims.point_id(conn, "unused", point, now=bench.clock.now())
        claims.claim(conn, f"c-{level}", ident, li, level=level, source="text_mining", now=bench.clock.now())

    def deny(conn: Any) -> bool:
        ident = claims.point_id(conn, "unused", point, now=bench.clock.now())
        return claims.unclaim(conn, ident, li, now=bench.clock.now(), denied_by="ann")

    assert await bench.store.write(deny)
    await bench.store.write(lambda conn: unit(conn, "inferred"))
    assert await bench.store.read(levels) is None
    await bench.store.write(lambda conn: unit(conn, "asserted"))
    assert await bench.store.read(levels) == "asserted"


async def test_one_contact_moves_without_its_address(bench: Bench, ann: Actor) -> None:
    li, han = await customer(bench, "李雷", LI), await customer(bench, "韩梅梅")
    first = await in_hand(bench, ann, "m1")
    view = await bench.run(ann, "party.confirm", interaction=first, party=han, claim="none")
    assert view["interaction"]["customer_name"] == "韩梅梅"
    await bench.office.tending.settle()
    assert await stands(bench.store, first) == ("confirmed", han)
    await bench.run(ann, "interaction.complete", interaction=first)
    second = (await bench.mail_in(f"{LI}|S|T", "m2")).interaction
    await bench.until(lambda: bench.state_of(second) is not None)
    assert await stands(bench.store, second) == ("known", li)


async def test_a_contact_moves_with_its_address(bench: Bench, ann: Actor) -> None:
    li, han = await customer(bench, "李雷", LI), await customer(bench, "韩梅梅")
    before = await in_hand(bench, ann, "m1")
    await bench.run(ann, "interaction.complete", interaction=before)
    assert await stands(bench.store, before) == ("known", li)
    first = await in_hand(bench, ann, "m2")
    await bench.run(ann, "party.confirm", interaction=first, party=han, claim="move")
    await bench.office.tending.settle()
    assert await stands(bench.store, first) == ("confirmed", han)
    assert await stands(bench.store, before) == ("known", han), "nobody had confirmed it"


async def test_an_open_contact_is_shown_anew_when_two_candidates_become_one(bench: Bench, ann: Actor) -> None:
    a, b = await customer(bench, "李雷", LI), await customer(bench, "李磊", LI)
    first = await in_hand(bench, ann, "m1")
    assert await stands(bench.store, first) == ("ambiguous", None)
    await bench.store.write(
        lambda conn: merging.merge(conn, "op", a, [b], choices={}, reason="", actor="ann", now=bench.clock.now())
    )
    await bench.office.tending.settle()
    assert await stands(bench.store, first) == ("known", a)
    entry = bench.office.desk.book.get(first)
    assert entry is not None
    assert (entry.party, entry.customer_name, entry.resolve_state) == (a, "李雷", "known")


async def test_a_lent_number_is_nobodys(bench: Bench) -> None:
    li = await customer(bench, "李雷", LI)
    point = email(LI)
    assert point is not None

    def unit(conn: Any) -> None:
        ident = claims.point_id(conn, "unused", point, now=bench.clock.now())
        assert claims.describe(conn, ident, shared=None, line_type="privacy", now=bench.clock.now())
        claims.claim(conn, "again", ident, li, level="verified", source="agent", now=bench.clock.now())
        assert not claims.describe(conn, "no-point", shared=True, line_type=None, now=bench.clock.now())

    await bench.store.write(unit)
    assert (await bench.store.read(lambda conn: parties.get(conn, li)))["points"] == []


async def test_denying_a_contact_that_is_not_there_is_an_error(bench: Bench, ann: Actor) -> None:
    boss = await bench.agent("sue", role="supervisor")
    with pytest.raises(NotFoundError):
        await bench.run(boss, "party.deny", interaction="no", party="p")


async def test_who_only_typed_an_address_is_not_known_by_it_later_either(bench: Bench) -> None:
    content = Content(
        messages=(NewMessage(direction="inbound", sender="v1", text="Hi", provider_id="v1-1"),),
        sender=email(LI),
        claimed_sender=True,
    )
    arrival = Arrival(channel="chat", adapter="widget", external_key="v1", raw=b"Hi", at=bench.clock.now())
    typed = (await bench.chat.tools.accept(arrival, content)).interaction
    await bench.until(lambda: bench.state_of(typed) is not None)
    assert await stands(bench.store, typed) == ("unknown", None)
    await customer(bench, "李雷", LI)
    await bench.office.tending.settle()
    assert await stands(bench.store, typed) == ("maybe", None)
