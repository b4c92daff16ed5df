"""A supervisor on a call: listens, whispers, joins, leaves; over real sockets against the scripted PBX."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from ari_stand import Stand, client, standing

from contactd.core.errors import BadRequestError, ConflictError
from contactd.testing.pbx import Caller, Channel, Phone

pytestmark = pytest.mark.integration


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with standing() as made:
        yield made


async def supervise(stand: Stand, call: Caller, mode: str, endpoint: str = "PJSIP/1010") -> None:
    data = {"mode": mode, "supervisor": "chen", "endpoint": endpoint}
    await stand.client.command(f"i-{call.id}", "call.supervise", data)


def spy(stand: Stand, phone: Phone) -> Channel | None:
    """Return the snoop channel a supervisor's phone hears, when it hears exactly one."""
    heard = [stand.pbx.switch.channels.get(each) for each in phone.hears]
    return heard[0] if len(heard) == 1 else None


async def listening(stand: Stand) -> tuple[Caller, Phone, Phone]:
    call = await stand.talking()
    agent, chen = stand.pbx.phone("PJSIP/1001"), stand.pbx.phone("PJSIP/1010", answer_after=0)
    await supervise(stand, call, "listen")
    await stand.pbx.until(lambda: (found := spy(stand, chen)) is not None and found.snoops is agent.leg)
    return call, agent, chen


def undisturbed(call: Caller, agent: Phone) -> bool:
    return agent.leg is not None and call.hears == {agent.leg.id} and agent.hears == {call.id}


async def test_who_listens_is_heard_by_nobody(stand: Stand) -> None:
    call, agent, chen = await listening(stand)
    found = spy(stand, chen)
    assert found is not None
    assert not found.whispers
    assert undisturbed(call, agent)
    shown = stand.house.panels[f"i-{call.id}"]["supervisors"]
    assert shown == [{"agent": "chen", "mode": "listen", "up": True}], "the agent is told"


async def test_who_whispers_is_heard_by_the_agent_alone(stand: Stand) -> None:
    call, agent, chen = await listening(stand)
    await supervise(stand, call, "whisper")
    await stand.pbx.until(lambda: (found := spy(stand, chen)) is not None and found.whispers)
    await stand.quiet()
    assert undisturbed(call, agent)
    assert len([each for each in stand.pbx.switch.channels.values() if each.snoops]) == 1, "the first one is gone"


async def test_who_joins_is_heard_by_both_and_leaves_them_together(stand: Stand) -> None:
    call, agent, chen = await listening(stand)
    await supervise(stand, call, "barge")
    await stand.pbx.until(
        lambda: chen.leg is not None and agent.leg is not None and chen.hears == {call.id, agent.leg.id}
    )
    await stand.quiet()
    assert not [each for each in stand.pbx.switch.channels.values() if each.snoops]
    await supervise(stand, call, "listen")
    await stand.pbx.until(lambda: spy(stand, chen) is not None and undisturbed(call, agent))
    await supervise(stand, call, "stop")
    await stand.pbx.until(lambda: not chen.in_use)
    await stand.quiet()
    assert undisturbed(call, agent)
    assert len(stand.pbx.switch.bridges) == 1


@pytest.mark.parametrize("who", ["customer", "agent", "supervisor"])
async def test_everything_is_tidy_after_the_end(stand: Stand, who: str) -> None:
    call, agent, chen = await listening(stand)
    {"customer": call, "agent": agent, "supervisor": chen}[who].hangup()
    await stand.pbx.until(lambda: not chen.in_use)
    if who == "supervisor":
        await stand.quiet()
        assert undisturbed(call, agent)
        call.hangup()
    await stand.pbx.until(lambda: not stand.pbx.switch.channels and not stand.pbx.switch.bridges)


async def test_a_call_that_goes_to_somebody_else_is_heard_no_more(stand: Stand) -> None:
    call, _, chen = await listening(stand)
    stand.client.changed(stand.change(call, "queued", "transfer"))
    await stand.pbx.until(lambda: not chen.in_use and call.hears == {"music"})


async def test_what_a_supervisor_cannot_do(stand: Stand) -> None:
    waits = await stand.waiting("13800138001")
    with pytest.raises(ConflictError):
        await supervise(stand, waits, "listen")
    call = await stand.talking()
    with pytest.raises(BadRequestError):
        await supervise(stand, call, "shout")
    with pytest.raises(BadRequestError):
        await supervise(stand, call, "listen", endpoint="")
    with pytest.raises(ConflictError):
        await supervise(stand, call, "stop")
    stand.pbx.phone("PJSIP/1010", busy=True)
    await supervise(stand, call, "listen")
    await stand.house.until(lambda: not stand.client.calls.by_interaction(f"i-{call.id}").spies)  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", ["listen", "whisper", "barge"])
async def test_a_restart_of_ours_leaves_supervisors_where_they_are(stand: Stand, mode: str) -> None:
    call, agent, chen = await listening(stand)
    if mode != "listen":
        await supervise(stand, call, mode)
        await stand.pbx.until(
            lambda: len(call.hears) == 2 if mode == "barge" else (w := spy(stand, chen)) and w.whispers
        )
    await stand.quiet()
    before = {name for name, each in stand.pbx.switch.channels.items() if not each.gone}
    await stand.client.stop()
    stand.house.open = [{"id": f"i-{call.id}", "external_key": call.id, "state": "active", "agent": "anna"}]
    stand.house.panels.clear()
    stand.client = client(stand.pbx, stand.house)
    await stand.client.start()
    shown = [{"agent": "chen", "mode": mode, "up": True}]
    await stand.house.until(lambda: stand.house.panels.get(f"i-{call.id}", {}).get("supervisors") == shown)
    assert chen.in_use
    assert before == {name for name, each in stand.pbx.switch.channels.items() if not each.gone}, "nobody hears a click"
    await supervise(stand, call, "stop")
    await stand.pbx.until(lambda: not chen.in_use and len(stand.pbx.switch.bridges) == 1)
    await stand.pbx.until(lambda: undisturbed(call, agent))
