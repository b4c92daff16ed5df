"""A double of the house: it keeps what a channel hands over, and can be told to be busy or down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from contactd.clock import SystemClock
from contactd.core.address import phone_point
from contactd.core.channel import Arrival, Clock, Content, Known, Progress, Receipt, Said
from contactd.core.errors import BadRequestError, NotFoundError, StoreDownError
from contactd.core.events import Fact, WorkEnded
from contactd.core.message import NewMessage
from contactd.core.party import Point
from contactd.core.prompt import Book
from contactd.core.recorded import Recorded
from contactd.core.sound import Sound
from contactd.core.stance import Stance
from contactd.core.survey import Asked, Reply

T = TypeVar("T")


class Prompts:
    """`contactd.core.prompt.Library`, kept in memory."""

    def __init__(self) -> None:
        self.now = Book()
        self.sounds: dict[str, bytes] = {}

    def book(self) -> Book:
        return self.now

    async def sound(self, ident: str) -> bytes:
        if ident not in self.sounds:
            message = "no"
            raise NotFoundError(message)
        return self.sounds[ident]


def _written(number: str) -> str:
    """Write a number as the store does."""
    point = phone_point(number)
    return point.display if point else number


class House:
    """`contactd.core.channel.Tools`, kept in memory."""

    def __init__(self) -> None:
        self.clock: Clock = SystemClock()
        self.data_dir = Path()
        self.policy_lines: Callable[[], Mapping[str, Mapping[str, Any]]] = dict
        self.prompts = Prompts()
        self.down = False
        self.refusals = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.arrivals: dict[tuple[str, str], tuple[Arrival, Content | None]] = {}
        self.progressed: list[Progress] = []
        self.facts: list[Fact] = []
        self.pauses: list[tuple[str, bool, str]] = []
        self.chosen: list[Stance] = []
        self.states: dict[str, str] = {}
        self.known: dict[str, Known] = {}
        self.lines: dict[str, str] = {}
        self.numbered: set[tuple[str, str]] = set()
        self.keeps: dict[str, Mapping[str, Any]] = {}
        self.files = False
        self.answers: list[str] = []
        self.panels: dict[str, Mapping[str, Any]] = {}
        self.handed: list[tuple[str, str]] = []
        self.hands_over: Callable[[str, str], Awaitable[bool]] | None = None
        self.called_back: list[str] = []
        self.callable = True
        self.owes = True
        self.owed: list[str] = []
        self.expected: float | None = None
        self.place = 1
        self.given: list[tuple[str, str, str]] = []
        self.gives = "unknown"
        self.cannot_ask = False
        self.asks: Asked | None = None
        self.asked: list[tuple[str, str | None]] = []
        self.replies: list[tuple[str, Reply]] = []
        self.surveyed: list[tuple[str, str]] = []
        self.told: list[Recorded] = []
        self.sounds: dict[str, Sound] = {}
        self.alarms: list[tuple[str, str]] = []
        self.figures: dict[str, Callable[[], float]] = {}
        self.open: list[Mapping[str, Any]] = []
        self.routes: dict[tuple[str, str], Callable[..., Awaitable[Any]]] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.failures: list[BaseException] = []

    async def _commit(self) -> None:
        await self.gate.wait()
        if self.down:
            self.refusals += 1
            message = "the store is down"
            raise StoreDownError(message)

    def key(self, interaction: str) -> str:
        return interaction.removeprefix("i-")

    async def accept(self, arrival: Arrival, content: Content | None = None) -> Receipt:
        await self._commit()
        key = (arrival.adapter, arrival.external_key)
        duplicate = key in self.arrivals
        if not duplicate:
            self.arrivals[key] = (arrival, content)
        return Receipt(id=f"r-{key[1]}", interaction=f"i-{key[1]}", duplicate=duplicate, filed=self.files)

    async def joined(self, interaction: str, message: NewMessage) -> Said:
        raise NotImplementedError

    async def progress(self, progress: Progress) -> None:
        await self._commit()
        self.progressed.append(progress)

    async def paused(self, device: str, *, on: bool, reason: str = "") -> None:
        self.pauses.append((device, on, reason))

    def stances(self) -> list[Stance]:
        return self.chosen

    async def report(self, fact: Fact) -> None:
        await self._commit()
        self.facts.append(fact)
        if isinstance(fact, WorkEnded):
            self.states[self.key(fact.interaction)] = "wrapup"

    async def give(self, interaction: str, device: str, number: str) -> str:
        self.given.append((interaction, device, number))
        return self.gives

    async def hand_over(self, interaction: str, device: str) -> bool:
        self.handed.append((interaction, device))
        return await self.hands_over(interaction, device) if self.hands_over else False

    async def call_back(self, interaction: str, number: str = "") -> None:
        if not self.callable:
            message = "no"
            raise BadRequestError(message, code="not_callable")
        self.called_back.append(interaction)

    async def panel(self, interaction: str, panel: Mapping[str, Any]) -> None:
        self.panels[interaction] = panel

    async def answered(self, interaction: str, at: object) -> None:
        await self._commit()
        self.answers.append(interaction)

    async def recorded(self, told: Recorded) -> None:
        await self._commit()
        self.told.append(told)

    async def keep_recording(self, name: str, sound: Sound) -> None:
        await self._commit()
        if all(told.name != name for told in self.told):
            message = "nobody knows it"
            raise NotFoundError(message)
        self.sounds.setdefault(name, sound)

    async def recordings(self) -> list[Mapping[str, Any]]:
        begun = {told.name: told for told in reversed(self.told) if told.state == "begun"}
        last = {told.name: told for told in self.told}
        return [
            {
                "name": name,
                "interaction": told.interaction,
                "state": last[name].state,
                "paused": last[name].reason if last[name].state == "paused" else None,
                "consent": told.consent,
            }
            for name, told in begun.items()
            if name not in self.sounds and last[name].state != "lost"
        ]

    async def survey(self, interaction: str, language: str | None = None) -> Asked | None:
        self.asked.append((interaction, language))
        if self.cannot_ask:
            message = "the store is down"
            raise StoreDownError(message)
        return self.asks

    async def survey_said(self, invite: str, replies: tuple[Reply, ...]) -> None:
        await self._commit()
        self.replies += [(invite, reply) for reply in replies]

    async def survey_ended(self, invite: str, became: str, replies: tuple[Reply, ...] = ()) -> None:
        await self._commit()
        self.surveyed.append((invite, str(became)))

    def figure(self, name: str, text: str, read: Callable[[], float], **labels: str) -> None:
        self.figures[name] = read

    async def lookup(self, point: Point) -> Known:
        await self.gate.wait()
        return self.known.get(point.value, Known(state="unknown", party=None, candidates=(), names={}))

    async def owe(self, interaction: str) -> bool:
        await self._commit()
        if self.owes:
            self.owed.append(interaction)
        return self.owes

    async def is_open(self, kind: str, number: str) -> bool:
        await self.gate.wait()
        return (kind, number) in self.numbered

    def line_for(self, recipient: str) -> str:
        return self.lines.get(recipient, "support")

    async def transcript(self, interaction: str, after_seq: int = 0) -> list[Mapping[str, Any]]:
        return []

    async def find(self, adapter: str, external_key: str) -> Mapping[str, Any] | None:
        if (adapter, external_key) not in self.arrivals:
            return None
        arrival, _ = self.arrivals[adapter, external_key]
        return {
            "id": f"i-{external_key}",
            "state": self.states.get(external_key, "queued"),
            "line": None,
            "agent": None,
            "raw_from": _written(arrival.sender),
            "raw_to": _written(arrival.recipient),
            "started_at": arrival.at,
            "position": self.place,
        }

    async def open_contacts(self, adapter: str) -> list[Mapping[str, Any]]:
        return [each for each in self.open if each.get("adapter", "") == (adapter if adapter == "callback" else "")]

    async def blob(self, data: bytes) -> str:
        raise NotImplementedError

    async def work(self, task: Callable[..., T], *args: Any) -> T:
        return task(*args)

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._done)

    async def rest(self) -> None:
        """End what was spawned, as the office does when it closes."""
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.failures.append(task.exception())  # type: ignore[arg-type]

    async def keep(self, key: str, value: Mapping[str, Any]) -> None:
        await self._commit()
        self.keeps[key] = value

    async def kept(self, key: str) -> Mapping[str, Any] | None:
        return self.keeps.get(key)

    def alarm(self, kind: str, detail: str) -> None:
        self.alarms.append((kind, detail))

    def route(self, method: str, path: str, handler: Callable[..., Awaitable[Any]]) -> None:
        self.routes[method, path] = handler

    async def wait_range(self, line: str) -> tuple[float | None, float | None]:
        return self.expected, self.expected

    async def until(self, condition: Callable[[], object], seconds: float = 30.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - the condition is any, no event tells of it
                await asyncio.sleep(0.005)
