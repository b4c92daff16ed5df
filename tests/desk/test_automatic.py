"""Mail that nobody wrote: reports reach what they are about, nothing of it is answered, and a receipt is given once a day."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contactd.core.address import email
from contactd.core.channel import Content, Delivery, Draft, Fate, Receipt
from contactd.core.message import NewMessage
from contactd.crm_store import automatic_answers, customer, interactions, messages, outbox_rows, records
from contactd.crm_store.store import Store
from contactd.desk.rights import Actor
from contactd.testing.clock import ManualClock
from tests.desk.bench import Bench, open_bench

LI, WU = "li@example.cn", "wu@example.cn"
POLICY = {
    "lines": {"support": {"label": {"zh": "客服", "en": "Support"}, "acknowledge": {"enabled": True, "per_hour": 3}}}
}


def read_mail(raw: bytes, _envelope: Mapping[str, Any]) -> Content:
    """Read the tests' mails: JSON with what is not the usual."""
    mail = json.loads(raw)
    said = NewMessage(
        direction="inbound",
        sender=mail["from"],
        text=mail.get("text", "words"),
        provider_id=mail["id"],
        headers={"auto": mail["auto"], "bounce": "x"} if mail.get("auto") else {},
    )
    return Content(
        subject=mail.get("subject", "Invoice"),
        messages=(said,),
        sender=email(mail["from"]),
        references=tuple(mail.get("references", ())),
        auto=mail.get("auto"),
        auto_kind=mail.get("kind"),
        fates=tuple(Fate(**one) for one in mail.get("fates", ())),
        returned=mail.get("returned"),
        language=mail.get("language"),
        doubted=mail.get("doubted"),
    )


class Post:
    """Mails in, answers out."""

    def __init__(self, bench: Bench, agent: Actor) -> None:
        self.bench = bench
        self.agent = agent
        self._n = 0
        bench.mail.reader = bench.office.reading.readers["email"] = read_mail

    async def come(self, sender: str = LI, **more: Any) -> Receipt:
        """Take a mail in and wait until it is placed."""
        self._n += 1
        raw = json.dumps({"from": sender, "id": f"<{self._n}@x>", **more})
        receipt = await self.bench.mail_in(raw, f"k{self._n}")
        await self.bench.until(lambda: self.bench.office.reading.waiting == 0, "the reading")
        await self.bench.office.reading.settle()
        return receipt

    async def report(self, about: str, address: str, action: str, status: str) -> Receipt:
        """Take in what a mail system reports."""
        fate = {"address": address, "action": action, "status": status, "detail": "said so"}
        return await self.come(
            "MAILER-DAEMON@mx.example", auto="bounce", kind="bounce", fates=[fate], returned=about, references=[about]
        )

    async def take(self) -> str:
        """Take the next offer; return the interaction."""
        (offer,) = await self.bench.until(lambda: self.bench.offers_of(self.agent), "the offer")
        await self.bench.run(self.agent, "offer.accept", offer=offer["offer"], lease=offer["lease"])
        return str(offer["interaction"]["id"])

    async def conversation(self, *, cc: list[str] | None = None) -> tuple[str, dict[str, Any]]:
        """Let a customer write and an agent answer; return the interaction and the answer as it stands."""
        await self.come()
        interaction = await self.take()
        sent = await self.bench.run(
            self.agent, "interaction.send", interaction=interaction, text="Tomorrow.", **({"cc": cc} if cc else {})
        )
        await self.bench.until(lambda: self.bench.mail.delivered, "the delivery")
        await self.state_is(sent["message"]["id"], "sent")
        return interaction, await self.message(sent["message"]["id"])

    async def message(self, ident: str) -> dict[str, Any]:
        return await self.bench.store.read(lambda conn: messages.get(conn, ident))

    async def state_is(self, message: str, state: str) -> None:
        for _ in range(1000):
            if (await self.message(message))["delivery_state"] == state:
                return
            await self.bench.store.ping()
        pytest.fail(f"never {state}")

    async def said(self, interaction: str) -> list[dict[str, Any]]:
        return await self.bench.store.read(lambda conn: messages.of_interaction(conn, interaction))

    async def all(self) -> list[dict[str, Any]]:
        found, _ = await self.bench.store.read(lambda conn: interactions.listed(conn, interactions.Filter()))
        return found

    async def standing(self, interaction: str) -> Any:
        head = await self.bench.store.read(lambda conn: customer.of_interaction(conn, interaction))
        return head["point"]["status"]

    async def faults(self) -> list[object]:
        blobs = self.bench.store.blobs
        report = await self.bench.store.read(lambda conn: records.check(conn, blobs), limit=timedelta(seconds=20))
        return list(report.faults)

    async def complete(self, interaction: str) -> None:
        await self.bench.run(self.agent, "interaction.complete", interaction=interaction, disposition="billing")


@pytest.fixture
async def post(bench: Bench) -> Post:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    return Post(bench, ann)


async def test_an_answer_that_did_not_arrive_comes_back_to_whoever_wrote_it(post: Post) -> None:
    interaction, answer = await post.conversation()
    await post.complete(interaction)
    await post.report(answer["provider_id"], LI, "failed", "5.1.1")
    turn = await post.take()
    assert turn != interaction
    shown = await post.bench.store.read(lambda conn: interactions.get(conn, turn))
    assert (shown["parent_id"], shown["agent"]) == (interaction, post.agent.id)
    await post.state_is(answer["id"], "bounced")
    (fate,) = (await post.message(answer["id"]))["fates"]
    assert (fate["address"], fate["action"], fate["status"], fate["detail"]) == (LI, "failed", "5.1.1", "said so")
    assert await post.standing(turn) == "hard"
    assert await post.faults() == []


async def test_an_answer_to_a_bounce_goes_to_the_customer_never_to_the_machine(post: Post) -> None:
    interaction, answer = await post.conversation()
    await post.complete(interaction)
    await post.report(answer["provider_id"], LI, "failed", "5.2.2")
    turn = await post.take()
    await post.bench.run(post.agent, "interaction.send", interaction=turn, text="Once more.")
    await post.bench.until(lambda: len(post.bench.mail.delivered) == 2, "the delivery")
    assert post.bench.mail.delivered[1].meta["destination"] == LI


async def test_a_bounce_wakes_the_open_turn(post: Post) -> None:
    interaction, answer = await post.conversation()
    await post.bench.run(post.agent, "interaction.park", interaction=interaction)
    receipt = await post.report(answer["provider_id"], LI, "failed", "5.1.1")
    assert receipt.interaction != interaction
    await post.bench.until(lambda: post.bench.state_of(interaction) != "parked", "the waking")
    assert [one["auto"] for one in await post.said(interaction)] == [None, None, "bounce"]
    assert len(await post.all()) == 1
    assert await post.faults() == []


async def test_a_delay_is_noted_and_makes_no_work(post: Post) -> None:
    interaction, answer = await post.conversation()
    await post.complete(interaction)
    await post.report(answer["provider_id"], LI, "delayed", "4.4.1")
    await post.state_is(answer["id"], "delayed")
    assert len(await post.said(interaction)) == 3
    assert [one["state"] for one in await post.all()] == ["closed"]
    assert await post.standing(interaction) == "soft"
    await post.report(answer["provider_id"], LI, "delivered", "2.0.0")
    await post.state_is(answer["id"], "delivered")
    assert await post.standing(interaction) == "ok"
    await post.report(answer["provider_id"], LI, "failed", "5.1.1")
    await post.report(answer["provider_id"], LI, "delayed", "4.4.1")
    await post.state_is(answer["id"], "bounced")
    assert await post.standing(interaction) == "hard"
    assert await post.faults() == []


async def test_who_writes_again_can_be_reached_again(post: Post) -> None:
    interaction, answer = await post.conversation()
    await post.report(answer["provider_id"], LI, "failed", "5.1.1")
    assert await post.standing(interaction) == "hard"
    await post.come(LI, references=[answer["provider_id"]])
    assert await post.standing(interaction) == "ok"


@pytest.mark.parametrize(
    ("status", "standing"),
    [("5.1.1", "hard"), ("5.2.1", "hard"), ("5.2.2", "soft"), ("5.7.1", "soft"), ("5.3.4", "soft")],
)
async def test_only_an_address_that_is_gone_is_lost(post: Post, status: str, standing: str) -> None:
    interaction, answer = await post.conversation()
    await post.report(answer["provider_id"], LI, "failed", status)
    await post.state_is(answer["id"], "bounced")
    assert await post.standing(interaction) == standing


async def test_a_report_is_believed_about_those_we_wrote_to_only(post: Post) -> None:
    await post.come(WU)
    other = await post.take()
    interaction, answer = await post.conversation()
    await post.report(answer["provider_id"], WU, "failed", "5.1.1")
    # The only recipient is meant, under whatever address a forwarder knows them.
    assert await post.standing(interaction) == "hard"
    assert await post.standing(other) == "ok"
    await post.report("<forged@example.com>", WU, "failed", "5.1.1")
    assert await post.standing(other) == "ok"


async def test_a_report_about_mail_we_never_sent_is_filed(post: Post) -> None:
    await post.report("<nobodys@example.com>", WU, "failed", "5.1.1")
    (shown,) = await post.all()
    assert (shown["state"], shown["outcome"], shown["ended_by"]) == ("closed", "no_reply_needed", "system")
    assert len(await post.said(shown["id"])) == 1
    assert post.bench.office.desk.book.get(shown["id"]) is None
    assert await post.faults() == []


async def test_a_complaint_about_an_answer_is_put_before_somebody(post: Post) -> None:
    interaction, answer = await post.conversation()
    await post.complete(interaction)
    fate = {"address": "", "action": "complained"}
    await post.come(
        "fbl@provider.example", auto="abuse report", kind="complaint", fates=[fate], returned=answer["provider_id"]
    )
    turn = await post.take()
    assert turn != interaction
    await post.state_is(answer["id"], "complained")
    assert await post.standing(turn) == "complained"


async def test_an_out_of_office_reply_is_kept_with_the_conversation_and_wakes_nobody(post: Post) -> None:
    interaction, answer = await post.conversation()
    await post.bench.run(post.agent, "interaction.park", interaction=interaction)
    await post.come(LI, auto="out of office", kind="reply", references=[answer["provider_id"]])
    assert len(await post.said(interaction)) == 3
    assert post.bench.state_of(interaction) == "parked"
    await post.come(LI, references=[answer["provider_id"]])
    await post.bench.until(lambda: post.bench.state_of(interaction) != "parked", "the waking")
    assert len(await post.all()) == 1
    assert await post.faults() == []


@pytest.mark.parametrize(("kind", "state"), [("bulk", "offered"), ("generated", "offered"), ("loop", "closed")])
async def test_other_automatic_mail_goes_where_the_policy_says(post: Post, kind: str, state: str) -> None:
    receipt = await post.come(WU, auto=kind, kind=kind)

    async def now() -> str:
        return str((await post.bench.store.read(lambda conn: interactions.get(conn, receipt.interaction)))["state"])

    for _ in range(1000):
        if await now() == state:
            return
        await post.bench.store.ping()
    pytest.fail(f"never {state}")


async def test_what_a_smarthost_refuses_for_ever_is_known_of_the_address(post: Post) -> None:
    post.bench.mail.answer = Delivery(
        status="failed", detail="550 5.1.1 no", fates=(Fate(address=LI, action="failed", status="5.1.1", detail="no"),)
    )
    await post.come()
    interaction = await post.take()
    sent = await post.bench.run(post.agent, "interaction.send", interaction=interaction, text="Tomorrow.")
    await post.state_is(sent["message"]["id"], "failed")
    assert [one["status"] for one in (await post.message(sent["message"]["id"]))["fates"]] == ["5.1.1"]
    assert await post.standing(interaction) == "hard"


# --- receipts ---


class Receipts(Post):
    """A post whose line gives receipts."""

    def __init__(self, bench: Bench, agent: Actor) -> None:
        super().__init__(bench, agent)
        self.drafts: list[Draft] = []
        bench.mail.acknowledges = True  # type: ignore[attr-defined]
        bench.mail.is_ours = lambda address: address.endswith("@example.com")  # type: ignore[attr-defined]
        compose = bench.mail.compose

        def remember(draft: Draft) -> Any:
            self.drafts.append(draft)
            return compose(draft)

        bench.mail.compose = remember  # type: ignore[method-assign]

    async def given(self) -> list[str]:
        """Wait until every receipt is given that will be; return to whom."""
        await self.bench.office.acknowledging.settle()
        for _ in range(1000):
            if await self.bench.store.read(outbox_rows.waiting) == 0:
                break
            await self.bench.store.ping()
        return [one.meta["destination"] for one in self.bench.mail.delivered]


@pytest.fixture
async def receipts(store: Store, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Receipts]:
    made = await open_bench(store, clock, tmp_path, POLICY)
    yield Receipts(made, await made.agent("ann"))
    await made.office.close()


async def test_a_receipt_is_given_once_a_day_in_the_customers_language(receipts: Receipts) -> None:
    first = await receipts.come(LI, language="zh", subject="Buy pills now")
    assert await receipts.given() == [LI]
    (draft,) = receipts.drafts
    assert draft.subject == "已收到您的来信 - 客服"
    assert "客服" in draft.text
    assert "pills" not in draft.subject + draft.text
    assert (draft.references, draft.options["automatic"]) == (("<1@x>",), "auto-replied")
    said = await receipts.said(first.interaction)
    assert [(one["direction"], one["auto"]) for one in said] == [("inbound", None), ("outbound", "acknowledgement")]
    shown = await receipts.bench.store.read(lambda conn: interactions.get(conn, first.interaction))
    assert shown["answered_at"] is None
    await receipts.come(LI, language="zh", subject="Another matter")
    assert await receipts.given() == [LI]
    receipts.bench.clock.advance(25 * 3600)
    await receipts.come(LI)
    assert await receipts.given() == [LI, LI]
    assert receipts.drafts[-1].subject == "We have received your message - Support"
    assert await receipts.faults() == []


@pytest.mark.parametrize(
    "mail",
    [
        {"auto": "out of office", "kind": "reply"},
        {"auto": "list-id", "kind": "bulk"},
        {"auto": "auto-submitted: auto-replied", "kind": "reply"},
        {"from": "no-reply@shop.example"},
        {"from": "news-bounces@shop.example"},
        {"from": "MAILER-DAEMON@shop.example"},
        {"from": "sales@example.com"},
        {"doubted": "dmarc"},
    ],
)
async def test_no_receipt_for_machines_for_ourselves_or_for_the_forged(
    receipts: Receipts, mail: dict[str, Any]
) -> None:
    await receipts.come(mail.get("from", LI), **{key: value for key, value in mail.items() if key != "from"})
    assert await receipts.given() == []


async def test_no_receipt_for_a_stranger_or_for_what_joins_a_conversation(receipts: Receipts) -> None:
    await receipts.come(LI)
    assert await receipts.given() == [LI]
    await receipts.come(WU, references=["<1@x>"])
    await receipts.come(LI, references=["<1@x>"])
    assert await receipts.given() == [LI]


async def test_receipts_of_an_hour_are_bounded(receipts: Receipts) -> None:
    for number in range(5):
        await receipts.come(f"c{number}@example.cn")
    assert len(await receipts.given()) == 3
    receipts.bench.clock.advance(3601)
    await receipts.come("c9@example.cn")
    assert len(await receipts.given()) == 4


async def test_of_two_nodes_one_gives_the_receipt(store: Store, clock: ManualClock) -> None:
    now, day = clock.now(), timedelta(hours=24)

    async def claim(after: timedelta) -> bool:
        return await store.write(lambda conn: automatic_answers.claim(conn, LI, "i1", now=now + after, pause=day))

    assert [await claim(after) for after in (timedelta(0), timedelta(0), timedelta(hours=23), day, day)] == [
        True,
        False,
        False,
        True,
        False,
    ]
