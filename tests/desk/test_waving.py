"""One key each: junk with its sender blocked, nothing to be said, the same as another."""

from __future__ import annotations

import pytest

from contactd.core.errors import ForbiddenError, NotFoundError
from contactd.crm_store import blocked_rows, interactions, schema
from tests.desk.bench import Bench
from tests.desk.test_letters import at_work, save
from tests.desk.test_outbox import taken


async def shown(bench: Bench, interaction: str) -> dict[str, object]:
    return await bench.store.read(lambda conn: interactions.get(conn, interaction))


@pytest.mark.parametrize("reason", ["junk", "no_reply_needed"])
async def test_a_contact_ends_with_its_reason_and_its_draft_goes(bench: Bench, reason: str) -> None:
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
    assert await bench.store.read(lambda conn: conn.execute(schema.draft.select()).all()) == []


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
    await bench.office.reading.settle()
    for _ in range(1000):
        view = await shown(bench, again.interaction)
        if view["state"] == "closed":
            break
    assert (view["state"], view["outcome"]) == ("closed", "junk")
    assert bench.offers_of(ann) == []
    other = await taken(bench, ann, "wang@example.cn", "k3")
    assert bench.state_of(other) == "active"
    await bench.run(ann, "sender.unblock", kind="email", value="li@example.cn")
    with pytest.raises(NotFoundError):
        await bench.run(ann, "sender.unblock", kind="email", value="li@example.cn")
    assert bench.state_of(await taken(bench, ann, "li@example.cn", "k4")) == "active"
