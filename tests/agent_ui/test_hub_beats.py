"""Signs of life: the router is told of every one that says something new."""

from __future__ import annotations

from typing import Any

from contactd.agent_ui.hub import BEAT, Hub
from contactd.desk.rights import Actor
from contactd.desk.views import Views
from contactd.testing.clock import ManualClock


class Desk:
    """Remembers who was seen."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def run(self, actor: Actor, command: str, data: dict[str, Any]) -> None: ...

    def console_seen(self, agent: str) -> None:
        self.seen.append(agent)

    def console_lost(self, agent: str) -> None: ...


async def test_a_silent_console_is_told_from_a_living_one(clock: ManualClock) -> None:
    desk = Desk()
    hub = Hub(Views(), desk, clock, lambda: "key")
    console = hub.join(Actor(id="ann", name="Ann", role="agent"))
    await hub.receive(console, '{"type":"hello","protocol":1,"resume":null}')
    assert desk.seen == ["ann"]
    for _ in range(3):
        await hub.receive(console, '{"type":"heartbeat"}')
        clock.advance(BEAT)
    assert desk.seen == ["ann"] * 4
    await hub.receive(console, '{"type":"heartbeat"}')
    await hub.receive(console, '{"type":"heartbeat"}')
    assert desk.seen == ["ann"] * 5
    hub.leave(console)
