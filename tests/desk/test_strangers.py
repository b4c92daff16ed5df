"""Who holds a reference to a conversation is not yet somebody who takes part in it: strangers never join, never get answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.address import email
from contactd.core.channel import Content, Receipt
from contactd.core.message import NewMessage
from contactd.crm_store import claims, interactions, messages, parties
from contactd.crm_store.answering import answering
from contactd.crm_store.participants import normal
from contactd.desk.rights import Actor
from tests.desk.bench import Bench, open_bench

LI, EVE, BO = "li@example.cn", "eve@evil.example", "bo@example.cn"


def read_mail(raw: bytes, _envelope: Mapping[str, Any]) -> Content:
    """Read the tests' mails: JSON with from, text, id, references, token and reply_to."""
    mail = json.loads(raw)
    return Content(
        subject="Re: Invoice [#4711] [Case 4711]",
        messages=(
            NewMessage(
                direction="inbound",
                sender=mail["from"],
                text=mail["text"],
                provider_id=mail["id"],
                recipients=tuple(("reply_to", "", one) for one in mail["reply_to"]),
                headers={"checks": "verdict=fail dmarc=fail"} if mail.get("forged") else {},
            ),
        ),
        sender=email(mail["from"]),
        references=tuple(mail["references"]),
        thread_token=mail["token"],
        doubted="dmarc" if mail.get("forged") else None,
    )


class Talk:
    """Mails in, answers out, and where they went."""

    def __init__(self, bench: Bench, agent: Actor) -> None:
        self.bench = bench
        self.agent = agent
        self._n = 0
        bench.mail.reader = bench.office.reading.readers["email"] = read_mail

    async def mail(
        self,
        sender: str,
        *,
        token: str | None = None,
        references: Sequence[str] = (),
        reply_to: Sequence[str] = (),
        forged: bool = False,
    ) -> dict[str, Any]:
        """Take a mail in; return its message as stored."""
        self._n += 1
        said = {"from": sender, "text": f"text {self._n}", "id": f"<{self._n}@x>", "token": token, "forged": forged}
        raw = json.dumps(said | {"references": list(references), "reply_to": list(reply_to)})
        receipt: Receipt = await self.bench.mail_in(raw, f"k{self._n}")
        assert receipt.interaction
        for _ in range(2000):
            found = await self.bench.store.read(self._said)
            if found is not None:
                return found
            await asyncio.sleep(0.005)
        pytest.fail("the mail was not placed")

    def _said(self, conn: Any) -> dict[str, Any] | None:
        listed, _ = interactions.listed(conn, interactions.Filter(channel="email"))
        said = [one for each in listed for one in messages.of_interaction(conn, each["id"])]
        return next((one for one in said if one["text"] == f"text {self._n}"), None)

    async def view(self, interaction: str) -> dict[str, Any]:
        return await self.bench.store.read(lambda conn: interactions.get(conn, interaction))

    async def answer(self, interaction: str, *to: str) -> list[str]:
        """Take the interaction if need be, answer it, and return the addresses the answer goes to."""
        if self.bench.state_of(interaction) in {"queued", "offered"}:
            offer = await self.bench.until(
                lambda: [one for one in self.bench.offers_of(self.agent) if one["interaction"]["id"] == interaction],
                "the offer",
            )
            await self.bench.run(self.agent, "offer.accept", offer=offer[0]["offer"], lease=offer[0]["lease"])
        named = {"to": list(to)} if to else {}
        sent = await self.bench.run(self.agent, "interaction.send", interaction=interaction, text="Yes.", **named)
        return [one["address"] for one in sent["message"]["recipients"] if one["role"] == "to"]

    async def done(self, interaction: str) -> None:
        await self.bench.run(self.agent, "interaction.complete", interaction=interaction)


@pytest.fixture
async def talk(bench: Bench) -> Talk:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    return Talk(bench, ann)


@pytest.mark.parametrize("proof", ["token", "reference", "both"])
async def test_a_stranger_with_the_right_proof_does_not_join_and_is_shown_as_unverified(talk: Talk, proof: str) -> None:
    first = await talk.mail(LI)
    thread = (await talk.view(first["interaction"]))["thread"]
    claim: dict[str, Any] = {"token": {"token": thread}, "reference": {"references": [first["provider_id"]]}}.get(
        proof, {"token": thread, "references": [first["provider_id"]]}
    )
    stranger = await talk.mail(EVE, reply_to=[EVE], **claim)
    assert stranger["interaction"] != first["interaction"]
    view = await talk.view(stranger["interaction"])
    assert (view["unverified"], view["parent_id"]) == (True, first["interaction"])
    assert view["thread"] != thread
    assert stranger["unverified"]
    shown = talk.bench.office.views.interactions[stranger["interaction"]]
    assert (shown["unverified"], shown["parent_id"]) == (True, first["interaction"])
    assert not (await talk.view(first["interaction"]))["unverified"]
    assert not first["unverified"]


async def test_an_answer_to_a_stranger_goes_to_the_customer_unless_the_agent_chooses(talk: Talk) -> None:
    first = await talk.mail(LI)
    thread = (await talk.view(first["interaction"]))["thread"]
    stranger = await talk.mail(EVE, token=thread, reply_to=["eve@elsewhere.example"])
    assert await talk.answer(stranger["interaction"]) == [LI]
    assert await talk.answer(stranger["interaction"], EVE) == [EVE]


async def test_a_strangers_further_mails_stay_with_the_stranger_until_the_agent_writes_to_them(talk: Talk) -> None:
    first = await talk.mail(LI)
    thread = (await talk.view(first["interaction"]))["thread"]
    stranger = await talk.mail(EVE, token=thread)
    own = (await talk.view(stranger["interaction"]))["thread"]
    second = await talk.mail(EVE, references=[stranger["provider_id"]], reply_to=[EVE])
    assert (second["interaction"], second["unverified"]) == (stranger["interaction"], True)
    assert await talk.answer(stranger["interaction"]) == [LI]
    await talk.done(stranger["interaction"])
    later = await talk.mail(EVE, token=own, reply_to=[EVE])
    assert (await talk.view(later["interaction"]))["unverified"]
    assert await talk.answer(later["interaction"]) == [LI]
    assert await talk.answer(later["interaction"], EVE) == [EVE]
    known = await talk.mail(EVE, token=own)
    assert (known["interaction"], known["unverified"]) == (later["interaction"], False)
    await talk.done(later["interaction"])
    accepted = await talk.mail(EVE, token=own, reply_to=["eve@elsewhere.example"])
    assert not (await talk.view(accepted["interaction"]))["unverified"]
    assert await talk.answer(accepted["interaction"]) == [EVE]


async def test_the_customer_joins_by_token_and_so_does_whom_we_wrote_to(talk: Talk) -> None:
    first = await talk.mail(LI)
    thread = (await talk.view(first["interaction"]))["thread"]
    assert (await talk.mail("LI@EXAMPLE.CN", token=thread))["interaction"] == first["interaction"]
    assert (await talk.mail(BO, token=thread))["interaction"] != first["interaction"]
    await talk.answer(first["interaction"], LI, "Bo@example.CN")
    joined = await talk.mail(BO, token=thread)
    assert (joined["interaction"], joined["unverified"]) == (first["interaction"], False)


async def test_a_forged_from_cannot_lead_answers_away_by_its_reply_to(talk: Talk) -> None:
    first = await talk.mail(LI)
    thread = (await talk.view(first["interaction"]))["thread"]
    forged = await talk.mail(LI, token=thread, reply_to=[EVE])
    assert forged["interaction"] == first["interaction"]
    assert await talk.answer(first["interaction"]) == [LI]


async def test_a_from_that_is_probably_forged_does_not_join_its_conversation(talk: Talk) -> None:
    first = await talk.mail(LI)
    thread = (await talk.view(first["interaction"]))["thread"]
    forged = await talk.mail(LI, token=thread, references=[first["provider_id"]], reply_to=[EVE], forged=True)
    assert forged["interaction"] != first["interaction"]
    view = await talk.view(forged["interaction"])
    assert (view["unverified"], view["parent_id"]) == (True, first["interaction"])
    assert forged["checks"] == {"verdict": "fail", "dmarc": "fail"}
    assert await talk.answer(forged["interaction"]) == [LI]
    # The customer's own mails go on where they belong.
    own = await talk.mail(LI, token=thread)
    assert (own["interaction"], own["unverified"]) == (first["interaction"], False)


async def test_a_conversation_that_begins_with_a_forged_from_names_nobody_and_answers_nobody_elsewhere(
    talk: Talk,
) -> None:
    bench, now = talk.bench, talk.bench.clock.now()

    def make(conn: Any) -> None:
        parties.create(conn, "party-li", {"kind": "person", "display_name": "Li"}, actor=None, now=now)
        point = email(LI)
        assert point is not None
        ident = claims.point_id(conn, "point-li", point, now=now)
        claims.claim(conn, "claim-li", ident, "party-li", level="verified", source="import", now=now, actor=None)

    await bench.store.write(make)
    honest = await talk.view((await talk.mail(LI))["interaction"])
    assert (honest["party_id"], honest["resolve_state"]) == ("party-li", "known")
    forged = await talk.mail(LI, reply_to=[EVE], forged=True)
    view = await talk.view(forged["interaction"])
    assert (view["party_id"], view["resolve_state"]) == (None, "maybe")
    assert await talk.answer(forged["interaction"]) == [LI]


async def test_the_reply_to_that_a_customer_began_with_is_followed(talk: Talk) -> None:
    first = await talk.mail("noreply@shop.example", reply_to=[LI])
    thread = (await talk.view(first["interaction"]))["thread"]
    assert await talk.answer(first["interaction"]) == [LI]
    second = await talk.mail(LI, token=thread)
    assert (second["interaction"], second["unverified"]) == (first["interaction"], False)
    third = await talk.mail("noreply@shop.example", token=thread, reply_to=[LI])
    assert third["interaction"] == first["interaction"]
    assert await talk.answer(first["interaction"]) == [LI]


async def test_a_stranger_is_never_taken_for_a_known_customer(talk: Talk) -> None:
    bench, now = talk.bench, talk.bench.clock.now()
    wang = "party-wang"

    def make(conn: Any) -> None:
        parties.create(conn, wang, {"kind": "person", "display_name": "Wang", "vip": 3}, actor=None, now=now)
        point = email("wang@example.cn")
        assert point is not None
        ident = claims.point_id(conn, "point-wang", point, now=now)
        claims.claim(conn, "claim-wang", ident, wang, level="verified", source="import", now=now, actor=None)

    await bench.store.write(make)
    first = await talk.mail(LI)
    thread = (await talk.view(first["interaction"]))["thread"]
    other = await talk.view((await talk.mail("wang@example.cn", token=thread))["interaction"])
    assert (other["party_id"], other["resolve_state"], other["vip"]) == (None, "maybe", 0)
    own = await talk.view((await talk.mail("wang@example.cn"))["interaction"])
    assert (own["party_id"], own["resolve_state"]) == (wang, "known")


async def test_a_token_of_a_conversation_that_is_gone_proves_nothing(talk: Talk) -> None:
    said = await talk.mail(EVE, token="0197-not-there")
    view = await talk.view(said["interaction"])
    assert (view["unverified"], view["parent_id"]) == (False, None)
    assert view["thread"] != "0197-not-there"


async def test_a_subject_joins_nobody(talk: Talk) -> None:
    """Every mail of these tests has the same subject."""
    first = await talk.mail(LI)
    for sender in (LI, EVE):
        other = await talk.mail(sender)
        assert other["interaction"] != first["interaction"]
        view = await talk.view(other["interaction"])
        assert (view["parent_id"], view["unverified"]) == (None, False)


async def test_a_mail_without_a_sender_holds_no_part(talk: Talk) -> None:
    first = await talk.mail(LI)
    thread = (await talk.view(first["interaction"]))["thread"]
    nobody = await talk.mail("not an address", token=thread)
    assert nobody["interaction"] != first["interaction"]
    assert (await talk.view(nobody["interaction"]))["unverified"]
    assert await talk.answer(nobody["interaction"]) == [LI]


async def test_the_warning_survives_a_restart(talk: Talk) -> None:
    first = await talk.mail(LI)
    thread = (await talk.view(first["interaction"]))["thread"]
    stranger = await talk.mail(EVE, token=thread)
    bench = talk.bench
    await bench.office.close()
    again = await open_bench(bench.store, bench.clock, bench.office.data_dir)
    assert again.office.views.interactions[stranger["interaction"]]["unverified"]
    assert not again.office.views.interactions[first["interaction"]]["unverified"]
    await again.office.close()


async def test_what_a_stranger_says_is_not_quoted_with_what_the_customer_wrote(talk: Talk) -> None:
    first = await talk.mail(LI)
    thread = (await talk.view(first["interaction"]))["thread"]
    stranger = await talk.mail(EVE, token=thread)
    told = await talk.bench.store.read(lambda conn: answering(conn, stranger["interaction"]))
    assert told.last_text == stranger["text"]
    assert first["provider_id"] not in told.references


@given(st.text(max_size=60))
def test_any_text_can_be_compared_as_an_address(text: str) -> None:
    assert normal(normal(text)) == normal(text)
