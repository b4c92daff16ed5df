"""A conversation that holds two matters is parted, two that are one are joined; each undoes the other, and nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from contactd.core.errors import ConflictError, ContactdError, ForbiddenError, NotFoundError
from contactd.crm_store import interactions, messages
from contactd.desk.rights import Actor
from tests.desk.bench import Bench
from tests.desk.test_strangers import Talk

LI, BO = "li@example.cn", "bo@example.cn"


class Case:
    """An agent with mails in hand."""

    def __init__(self, bench: Bench, agent: Actor) -> None:
        self.bench = bench
        self.agent = agent

    async def mail(self, sender: str, text: str, *references: str) -> str:
        receipt = await self.bench.mail_in(f"{sender}|Re: x|{text}", text, id=f"<{text}@x>", references=references)
        return receipt.interaction

    async def taken(self, interaction: str) -> str:
        """Wait until it is offered, and take it."""

        def offer() -> Any:
            return next(
                (one for one in self.bench.offers_of(self.agent) if one["interaction"]["id"] == interaction), None
            )

        found = await self.bench.until(offer, "offer")
        await self.bench.run(self.agent, "offer.accept", offer=found["offer"], lease=found["lease"])
        return interaction

    async def said(self, interaction: str) -> list[str]:
        found = await self.bench.store.read(lambda conn: messages.of_interaction(conn, interaction))
        assert [one["seq"] for one in found] == sorted({one["seq"] for one in found})
        return [one["text"] for one in found]

    async def ids(self, interaction: str) -> dict[str, str]:
        found = await self.bench.store.read(lambda conn: messages.of_interaction(conn, interaction))
        return {one["text"]: one["id"] for one in found}

    async def view(self, interaction: str) -> dict[str, Any]:
        return await self.bench.store.read(lambda conn: interactions.get(conn, interaction))

    async def two_matters(self) -> str:
        """Return a turn in hand with the mails `one` and `two`."""
        first = await self.mail(LI, "one")
        await self.taken(first)
        await self.mail(LI, "two", "<one@x>")
        await self.bench.until(lambda: self.bench.office.desk.book.get(first).unread > 1, "joining")
        return first


@pytest.fixture
async def case(bench: Bench) -> Case:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    return Case(bench, ann)


async def test_another_matter_becomes_a_contact_of_its_own_and_comes_back(case: Case) -> None:
    first = await case.two_matters()
    ids = await case.ids(first)
    made = await case.bench.run(case.agent, "conversation.split", interaction=first, messages=[ids["two"]])
    second = made["interaction"]
    assert (await case.said(first), await case.said(second)) == (["one"], ["two"])
    shown = case.bench.office.views.interactions
    await case.bench.until(lambda: shown[first]["last_message"] == "one", "showing what is left")
    await case.bench.until(lambda: shown[second]["last_message"] == "two", "showing what moved")
    views = await case.view(first), await case.view(second)
    assert views[0]["thread"] != views[1]["thread"]
    assert views[1]["state"] in {"queued", "offered"}
    assert views[1]["from"] == LI
    # What the customer writes next goes to the matter it answers.
    await case.mail(LI, "three", "<two@x>")
    await case.bench.until(lambda: case.bench.office.desk.book.get(second).last_message == "three", "joining")
    assert await case.said(second) == ["two", "three"]

    back = await case.bench.run(case.agent, "conversation.join", interaction=first, other=second)
    assert back["messages"] == [ids["two"], (await case.ids(first))["three"]]
    assert await case.said(first) == ["one", "two", "three"]
    assert await case.said(second) == []
    ended = await case.view(second)
    assert (ended["state"], ended["outcome"], ended["parent_id"]) == ("closed", "duplicate", first)


async def test_two_contacts_that_are_one_are_joined_and_parted_again(case: Case) -> None:
    first, second = await case.taken(await case.mail(LI, "one")), await case.mail(BO, "also")
    await case.bench.until(lambda: case.bench.state_of(second) in {"queued", "offered"}, "placing")
    joined = await case.bench.run(case.agent, "conversation.join", interaction=first, other=second)
    assert await case.said(first) == ["one", "also"]
    # Both take part now, whichever mail they answer.
    await case.mail(BO, "more", "<also@x>")
    await case.bench.until(lambda: case.bench.office.desk.book.get(first).last_message == "more", "joining")
    assert await case.said(first) == ["one", "also", "more"]

    made = await case.bench.run(case.agent, "conversation.split", interaction=first, messages=joined["messages"])
    assert await case.said(made["interaction"]) == ["also"]
    assert (await case.view(made["interaction"]))["from"] == BO


async def test_two_in_hand_are_joined(case: Case) -> None:
    first = await case.taken(await case.mail(LI, "one"))
    second = await case.mail(BO, "two")
    await case.bench.until(lambda: case.bench.state_of(second) in {"queued", "offered"}, "placing")
    if any(one["interaction"]["id"] == second for one in case.bench.offers_of(case.agent)):
        await case.taken(second)
    await case.bench.run(case.agent, "conversation.join", interaction=first, other=second)
    assert await case.said(first) == ["one", "two"]
    assert (await case.view(second))["outcome"] == "duplicate"


async def test_what_would_leave_nothing_or_is_not_there_is_refused(case: Case) -> None:
    first = await case.two_matters()
    ids = await case.ids(first)
    for chosen, error in ((list(ids.values()), ConflictError), (["nothing"], NotFoundError)):
        with pytest.raises(error):
            await case.bench.run(case.agent, "conversation.split", interaction=first, messages=chosen)
    with pytest.raises(ContactdError):
        await case.bench.run(case.agent, "conversation.join", interaction=first, other=first)
    assert await case.said(first) == ["one", "two"]


async def test_what_somebody_else_works_on_is_left_alone(case: Case) -> None:
    first = await case.two_matters()
    eve = await case.bench.agent("eve")
    ids = await case.ids(first)
    with pytest.raises(ForbiddenError):
        await case.bench.run(eve, "conversation.split", interaction=first, messages=[ids["two"]])
    await case.bench.run(case.agent, "agent.set_intent", intent="not_ready")
    await case.bench.ready(eve)
    theirs = Case(case.bench, eve)
    other = await theirs.taken(await theirs.mail(BO, "other"))
    with pytest.raises(ConflictError):
        await case.bench.run(case.agent, "conversation.join", interaction=first, other=other)
    assert await case.said(other) == ["other"]


async def test_an_answer_under_the_old_token_goes_where_the_turn_is_now(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    talk = Talk(bench, ann)
    one, two = await talk.mail(LI), await talk.mail(BO)
    first, second = one["interaction"], two["interaction"]
    old = (await talk.view(second))["thread"]
    await talk.answer(first)
    joined = await bench.run(ann, "conversation.join", interaction=first, other=second)
    again = await talk.mail(BO, token=old)
    assert (again["interaction"], again["unverified"]) == (first, False)
    # A stranger who has seen the token joins neither.
    assert (await talk.mail("eve@example.cn", token=old))["interaction"] not in {first, second}
    # Split off again, the token leads to where its messages are.
    made = await bench.run(ann, "conversation.split", interaction=first, messages=joined["messages"])
    third = await talk.mail(BO, token=old)
    assert third["interaction"] == made["interaction"]


async def test_tokens_of_a_chain_of_joins_lead_to_its_end_and_back(bench: Bench) -> None:
    ann = await bench.agent("ann")
    await bench.ready(ann)
    talk = Talk(bench, ann)
    one, two, three = await talk.mail(LI), await talk.mail(BO), await talk.mail("wu@example.cn")
    threads = [(await talk.view(mail["interaction"]))["thread"] for mail in (one, two, three)]
    await talk.answer(two["interaction"])
    await bench.run(ann, "conversation.join", interaction=two["interaction"], other=three["interaction"])
    await talk.answer(one["interaction"])
    await bench.run(ann, "conversation.join", interaction=one["interaction"], other=two["interaction"])
    for sender, token in (("wu@example.cn", threads[2]), (BO, threads[1]), (LI, threads[0])):
        assert (await talk.mail(sender, token=token))["interaction"] == one["interaction"]
