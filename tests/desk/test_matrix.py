"""Who may do what to whose contact: every command, every role, on a contact that is somebody else's."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from contactd.agent_ui.calls import OnCall
from contactd.agent_ui.wire import COMMANDS, OnInteraction
from contactd.core.errors import BadRequestError, ContactdError, ForbiddenError
from contactd.crm_store import schema as s
from contactd.desk.rights import RULES, Actor
from tests.desk.bench import Bench

DATA: dict[str, dict[str, Any]] = {
    "interaction.send": {"text": "x"},
    "interaction.note": {"text": "x"},
    "interaction.close_as": {"reason": "junk"},
    "draft.save": {"body": {"text": "x"}, "version": 0, "editor": "window-1"},
    "interaction.transfer": {"to_line": "support"},
    "party.confirm": {"party": "p"},
    "party.deny": {"party": "p"},
    "case.attach": {"case": "c"},
    "call.dtmf": {"digits": "1"},
    "call.consult": {"to": "1002"},
    "call.supervise": {"mode": "listen"},
}
ABOUT = sorted(
    name
    for name, shape in COMMANDS.items()
    if issubclass(shape, OnInteraction | OnCall) and name != "interaction.watch"
)


async def anns(bench: Bench, actor: Actor) -> str:
    """Return a contact that ann has."""
    receipt = await bench.mail_in("li@example.cn|S|T", "k1")
    (offer,) = await bench.until(lambda: bench.offers_of(actor))
    await bench.run(actor, "offer.accept", offer=offer["offer"], lease=offer["lease"])
    return receipt.interaction


async def refused(bench: Bench, actor: Actor, command: str, interaction: str) -> bool:
    """Tell whether a command is refused because of who gives it."""
    try:
        await bench.run(actor, command, interaction=interaction, **DATA.get(command, {}))
    except ForbiddenError:
        return True
    except ContactdError:
        return False
    return False


async def test_every_command_on_somebody_elses_contact_is_refused_as_the_table_says(bench: Bench) -> None:
    ann, bob = await bench.agent("ann"), await bench.agent("bob")
    await bench.ready(ann)
    interaction = await anns(bench, ann)
    waiting = (await bench.chat_in("Hello", "visitor-1")).interaction
    for command in ABOUT:
        foreign = RULES[command].agent != "any"
        assert await refused(bench, bob, command, interaction) is foreign, command
        assert await refused(bench, bob, command, waiting) is foreign, command
        assert await refused(bench, bob, command, "not-there") is foreign or command == "interaction.note", command
    assert bench.state_of(interaction) == "active"
    said = await bench.store.read(lambda conn: conn.execute(s.outbox.select()).all())
    assert said == []


async def test_a_supervisor_reaches_what_the_table_says_and_speaks_for_nobody(bench: Bench) -> None:
    ann, sue = await bench.agent("ann"), await bench.agent("sue", "supervisor")
    await bench.ready(ann)
    interaction = await anns(bench, ann)
    for command in ABOUT:
        if RULES[command].supervisor == "own":
            assert await refused(bench, sue, command, interaction), command


async def test_an_agent_sets_nobody_elses_state(bench: Bench) -> None:
    ann, bob = await bench.agent("ann"), await bench.agent("bob")
    with pytest.raises(ForbiddenError):
        await bench.run(bob, "agent.set_intent", agent=ann.id, intent="ready")


async def test_somebody_elses_upload_and_an_old_one_cannot_be_sent(bench: Bench) -> None:
    ann, bob = await bench.agent("ann"), await bench.agent("bob")
    await bench.ready(ann)
    interaction = await anns(bench, ann)
    blob, now = await bench.store.blobs.store(b"x"), bench.clock.now()
    common = {"blob": blob, "name": "a", "media_type": "a/b", "size": 1, "created_at": now}
    rows = [
        common | {"id": "bobs", "owner": bob.id, "expires_at": now + timedelta(hours=1)},
        common | {"id": "old", "owner": ann.id, "expires_at": now},
        common | {"id": "good", "owner": ann.id, "expires_at": now + timedelta(hours=1)},
    ]
    await bench.store.write(lambda conn: conn.execute(s.upload.insert().values(rows)))
    for ident in ("bobs", "old", "never"):
        with pytest.raises(BadRequestError) as caught:
            await bench.run(ann, "interaction.send", interaction=interaction, text="x", attachments=[ident])
        assert caught.value.code == "unknown_upload"
    await bench.run(ann, "interaction.send", interaction=interaction, text="x", attachments=["good"])
    with pytest.raises(BadRequestError):
        await bench.run(ann, "interaction.send", interaction=interaction, text="x", attachments=["good"])
