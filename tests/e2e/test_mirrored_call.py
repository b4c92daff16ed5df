"""The recorded stream of a real PBX is played to a running server: its call is seen with caller, line, agent and times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import expect

from tests.channels.voice import recordings
from tests.e2e.conftest import OpenDesk

RECORDING = "q_answered_pjsip"


class Player:
    """Plays a recording to whoever connects first: what comes before the call at once, the call itself when told, as it went."""

    def __init__(self) -> None:
        self.port = 0
        self.go = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._played = False

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing = None
        if not self._played:
            self._played = True
            playing = asyncio.create_task(self._play(writer))
        while await reader.read(4096):
            pass
        if playing is not None:
            playing.cancel()
        writer.close()

    async def _play(self, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        began = first = 0.0
        for data, at in recordings.chunks(RECORDING):
            if not began and b"Event: Newchannel" in data:
                await self.go.wait()
                began, first = loop.time(), at.timestamp()
            if began:
                await asyncio.sleep(at.timestamp() - first - (loop.time() - began))
            # The recording ends with its own log-off; a PBX does not hang up on its listener.
            writer.write(data.partition(b"Response: Goodbye")[0])


@pytest.fixture
async def player() -> AsyncIterator[Player]:
    made = Player()
    await made.start()
    yield made
    made.stop()


@pytest.fixture
def settings(player: Player) -> dict[str, Any]:
    """A PBX that routes by itself, whose queue `sales` is a line of ours."""
    return {
        "channels.voice.ami.host": "127.0.0.1",
        "channels.voice.ami.port": player.port,
        "channels.voice.ami.username": "contactd",
        "channels.voice.ami.secret": "hush",
    }


async def test_a_recorded_call_is_seen_live_and_stands_in_the_timeline(player: Player, open_desk: OpenDesk) -> None:
    truth = recordings.truth(RECORDING)["facts"]
    chen = await open_desk("chen")
    party = await chen.post(
        "/parties", {"name": "Wang Xiaoming", "points": [{"kind": "phone", "value": truth["caller"]}]}
    )
    await (await open_desk("ann")).ready()
    ann = chen["floor-agent-row"].filter(has_text="ann")
    player.go.set()
    row = chen["floor-waiting-row"]
    await expect(row).to_contain_text("Wang Xiaoming")
    await expect(row).to_contain_text(truth["queue"])
    await expect(ann).to_have_attribute("data-state", "talking")
    await expect(row).to_have_count(0)
    await expect(ann).to_have_attribute("data-state", "ready")

    (call,) = (await chen.get("/interactions?channel=voice"))["items"]
    assert (call["line"], call["state"], call["outcome"]) == (truth["queue"], "closed", "answered")
    assert call["party_id"] == party["id"]
    assert call["ended_by"] == "customer"
    assert call["agent"] == (await chen.get("/agents"))["items"][0]["agent"]
    assert float(call["talk_s"]) == pytest.approx(float(truth["talktime"]), abs=1)
    assert float(call["wait_s"]) == pytest.approx(float(truth["holdtime"]), abs=1)

    await chen["party-search"].fill("Wang Xiao")
    await chen["party-hit"].first.click()
    item = chen["customer-page"].get_by_test_id("timeline-item")
    await expect(item).to_have_attribute("data-channel", "voice")
    await expect(item).to_contain_text("Answered")
