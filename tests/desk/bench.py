"""A desk on a real store, with channels that only remember what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from contactd.core.address import email, phone_point
from contactd.core.channel import Arrival, Change, Composed, Content, Delivery, Draft, Health, Outgoing, Reader, Receipt
from contactd.core.message import NewMessage
from contactd.crm_store import agents
from contactd.crm_store.agents import Abilities
from contactd.crm_store.store import Store
from contactd.desk.office import Office, build_office, published
from contactd.desk.rights import Actor
from contactd.desk.stream import Stream
from contactd.desk.tools import ChannelTools
from contactd.routing.router import Router
from contactd.testing.clock import ManualClock


class WorkerLostError(Exception):
    """What the tests' workers raise when they die."""


class QuietChannel:
    """A channel that remembers what the desk told it, and delivers as the test says."""

    def __init__(self, name: str, tools: ChannelTools, reader: Reader | None = None) -> None:
        self.name = name
        self.tools = tools
        self.reader = reader
        self.changes: list[Change] = []
        self.connects: list[Change] = []
        self.lines: list[Mapping[str, Any]] = []
        self.delivered: list[Outgoing] = []
        self.answer = Delivery(status="sent", provider_id="250 ok")
        self.by_outbox = name in {"email", "fax"}

    async def start(self) -> None: ...
    async def stop_intake(self) -> None: ...
    async def stop(self) -> None: ...

    def addresses(self) -> dict[str, str]:
        return {}

    def health(self) -> Health:
        return Health(ok=True)

    def compose(self, draft: Draft) -> Composed | None:
        if not self.by_outbox:
            return None
        recipients = tuple(("to", "", point.value) for point in draft.to)
        meta = {"destination": draft.to[0].value if draft.to else ""}
        return Composed(
            payload=draft.text.encode(),
            meta=meta,
            provider_id=f"<{draft.message}@test>",
            sender="desk@example.com",
            recipients=recipients,
            subject=f"Re: {draft.subject}",
        )

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        self.delivered.append(outgoing)
        return self.answer

    async def said(self, interaction: str, message: Mapping[str, Any]) -> None:
        self.lines.append(message)

    async def connect(self, change: Change) -> None:
        self.connects.append(change)

    async def changed(self, change: Change) -> None:
        self.changes.append(change)

    async def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"did": name}


def read_plain(raw: bytes, envelope: Mapping[str, Any]) -> Content:
    """Read a raw item of the tests: `from|subject|text`, or what it says it is."""
    if raw.startswith(b"BROKEN"):
        return Content(quarantine="broken on purpose")
    if raw.startswith(b"RAISE"):
        raise ValueError
    if raw.startswith(b"DIE"):
        raise WorkerLostError
    sender, subject, text = raw.decode().split("|", 2)
    return Content(
        subject=subject,
        messages=(NewMessage(direction="inbound", sender=sender, text=text, provider_id=envelope.get("id")),),
        sender=email(sender) or phone_point(sender),
        references=tuple(envelope.get("references", ())),
    )


async def run_here(task: Callable[..., Any], *args: Any) -> Any:
    """Stand in for a worker process: same promises, same exceptions."""
    if len(args) == 2 and isinstance(args[1], list):
        _reader, pairs = args
        if any(raw.startswith(b"DIE") for raw, _ in pairs):
            raise WorkerLostError
    return task(*args)


class Bench:
    """The office and a few shorthands."""

    def __init__(self, office: Office, store: Store, clock: ManualClock) -> None:
        self.office = office
        self.store = store
        self.clock = clock
        self.folder = office.data_dir
        self.mail = office.add_channel("email", lambda tools: QuietChannel("email", tools, read_plain))
        self.chat = office.add_channel("chat", lambda tools: QuietChannel("chat", tools))
        self.voice = office.add_channel("voice", lambda tools: QuietChannel("voice", tools))
        self._n = 0
        self._streams: dict[str, Stream] = {}

    @property
    def router(self) -> Router:
        """The live router."""
        router = self.office.desk.dispatcher.router
        assert isinstance(router, Router)
        return router

    async def agent(
        self, name: str, role: str = "agent", device: str | None = None, skills: Mapping[str, int] | None = None
    ) -> Actor:
        """Add an agent with a console, for every line."""
        self._n += 1
        ident = f"agent-{self._n}"
        values = {"display_name": name.title(), "role": role, "device": device}
        now = self.clock.now()
        await self.store.write(
            lambda conn: agents.create(
                conn,
                ident,
                name,
                values,
                Abilities(skills=tuple((skills or {}).items()), lines=("*",)),
                actor=None,
                now=now,
            )
        )
        member = await self.office.recovery.member(ident)
        assert member is not None
        desk = self.office.desk
        await desk.dispatcher.submit(member.configured(), lambda: desk.roster.put(member))
        self.office.commands.console_seen(ident)
        return Actor(id=ident, name=name.title(), role=role)

    async def ready(self, actor: Actor) -> None:
        await self.run(actor, "agent.set_intent", intent="ready")

    async def run(self, actor: Actor, command: str, **data: Any) -> dict[str, Any]:
        return await self.office.commands.run(actor, command, data)

    async def mail_in(self, raw: str, key: str, to: str = "support@example.com", **envelope: Any) -> Receipt:
        return await self.mail.tools.accept(
            Arrival(
                channel="email",
                adapter="smtp",
                external_key=key,
                raw=raw.encode(),
                at=self.clock.now(),
                sender=raw.split("|", maxsplit=1)[0],
                recipient=to,
                envelope=envelope,
            ),
        )

    async def chat_in(self, text: str, key: str) -> Receipt:
        content = Content(messages=(NewMessage(direction="inbound", sender=key, text=text, provider_id=f"{key}-1"),))
        arrival = Arrival(channel="chat", adapter="widget", external_key=key, raw=text.encode(), at=self.clock.now())
        return await self.chat.tools.accept(arrival, content)

    async def until(self, condition: Callable[[], Any], what: str = "it") -> Any:
        """Wait until something is true, ten seconds at most."""
        for _ in range(2000):
            found = condition()
            if found:
                return found
            await asyncio.sleep(0.005)
        pytest.fail(f"{what} did not happen")

    def offers_of(self, actor: Actor) -> list[Mapping[str, Any]]:
        stream = self._streams.get(actor.id)
        if stream is None:
            stream = self._streams[actor.id] = self.office.views.audience.add(f"k-{actor.id}", actor.id, actor.role)
        offers: list[Mapping[str, Any]] = self.office.views.snapshot(stream)["offers"]
        return offers

    def state_of(self, interaction: str) -> str | None:
        entry = self.office.desk.book.get(interaction)
        return str(entry.state) if entry else None


async def open_bench(store: Store, clock: ManualClock, folder: Path, policy: Mapping[str, Any] | None = None) -> Bench:
    rules = await published(store, clock, policy or {}, from_file=False)
    office = await build_office(
        store=store, clock=clock, rules=rules, work=run_here, died=(WorkerLostError,), data_dir=folder
    )
    made = Bench(office, store, clock)
    await office.open()
    return made
