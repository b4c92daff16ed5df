"""What a real server decided is decided again just the same: after a kill, on both databases, and on the demo's traffic."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integration.house import ROOT, Console, House

pytestmark = pytest.mark.integration


async def work_off(console: Console, contacts: int) -> None:
    """Take whatever is offered and finish it."""
    for _ in range(contacts):
        offer = await console.take_offer()
        await console.run("interaction.complete", interaction=offer["interaction"]["id"], disposition="order")


def replayed(house: House, *words: str) -> dict[str, object]:
    done = house.command("replay", "--json", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


async def test_a_killed_server_and_its_next_life_are_replayed(house: House) -> None:
    house.add_user("ann")
    house.start()
    for life in range(2):
        ann = await Console.log_in(house, "ann")
        await ann.connect()
        await ann.run("agent.set_intent", intent="ready")
        for number in range(3):
            await asyncio.to_thread(house.send_mail, f"Life {life} mail {number}")
        await work_off(ann, 2)
        await ann.close()
        house.kill()
        house.start()
    assert house.terminate() == 0
    found = replayed(house, "--from", "1")
    assert (found["identical"], found["restarts"]) == (True, 3)
    assert int(str(found["offers"])) >= 4
    assert replayed(house, "--from", "1") == found


class Demo(House):
    """The demo with made-up customers, many a minute."""

    def start(self) -> None:
        (self.folder).mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "contactd", "demo", "--traffic", *self.arguments()],
            stdout=subprocess.PIPE,
            stderr=(self.folder / "stderr").open("ab"),
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline().decode()
        assert line.startswith("ready "), f"{line!r} {self.log()[-2000:]}"
        self.addresses = json.loads(line.removeprefix("ready "))


async def next_offer(console: Console) -> dict[str, Any]:
    """Wait for the next offer; what came after it is still to be heard."""
    offer = await console.event("offer.created")
    at = next(n for n, frame in enumerate(console.events) if frame["data"] is offer)
    del console.events[: at + 1]
    return offer


async def finish(console: Console, ident: str) -> None:
    """End a contact: a call is hung up, and is over when the PBX has said so."""
    if not (await console.ask("interaction.complete", interaction=ident, disposition="order"))["ok"]:
        await console.ask("call.hangup", interaction=ident)
        await console.event(
            "interaction.changed",
            lambda data: data["interaction"]["id"] == ident and data["interaction"]["state"] in {"wrapup", "closed"},
        )
        await console.ask("interaction.complete", interaction=ident, disposition="order")


async def test_the_demos_traffic_is_replayed_twice_and_is_identical(tmp_path: Path) -> None:
    house = Demo(tmp_path / "demo", **{"demo.contacts_per_minute": 900})
    try:
        house.start()
        async with httpx.AsyncClient(base_url=house.url, headers={"origin": house.url}, timeout=20) as client:
            said = {"username": "zhangwei", "password": "demodemo"}
            assert (await client.post("/api/v1/session", json=said)).status_code == 204
            zhang = Console(house, client.cookies)
        await zhang.connect()
        taken = 0
        while taken < 5:
            await zhang.run("agent.set_intent", intent="ready")
            offer = await next_offer(zhang)
            # Who has called may be gone again.
            if (await zhang.ask("offer.accept", offer=offer["offer"], lease=offer["lease"]))["ok"]:
                taken += 1
                await finish(zhang, offer["interaction"]["id"])
        await zhang.close()
        house.terminate()  # cut short on a busy machine, the day is a day still
        shown = house.command("replay", "--from", "1")
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert "every decision is identical" in shown.stdout
        assert house.command("replay", "--from", "1").stdout == shown.stdout
        assert int(str(replayed(house, "--from", "1")["offers"])) > 3
    finally:
        house.close()
