"""What a channel is given: intake, look-ups, workers and routes, and nothing else of the house."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from prometheus_client import Gauge

from contactd.core.channel import Arrival, Content, Known, Progress, Receipt, Said
from contactd.core.errors import ConflictError, ForbiddenError, NotFoundError
from contactd.core.events import Fact, Transferred, Unparked
from contactd.core.interaction import Direction
from contactd.core.message import NewMessage
from contactd.core.party import Point
from contactd.core.prompt import Library
from contactd.core.recorded import Recorded
from contactd.core.sound import Sound
from contactd.core.stance import Stance
from contactd.core.survey import Asked, Reply
from contactd.crm_store import (
    channel_rows,
    contact_rows,
    inbox_rows,
    lookup_rows,
    menu_rows,
    message_rows,
    messages,
    outbox_rows,
    routing_rows,
)
from contactd.crm_store.joining_rows import WAKES
from contactd.crm_store.message_rows import Saying
from contactd.crm_store.placing import JOINABLE
from contactd.crm_store.store import WriteConn
from contactd.desk.calling import hand_over
from contactd.desk.calling_back import CallingBack
from contactd.desk.desk import Desk
from contactd.desk.mirror import Mirror
from contactd.desk.prompts import Prompts
from contactd.desk.recordings import Recordings
from contactd.desk.stances import Stances
from contactd.desk.surveying import Surveying

FOLLOWED = timedelta(days=7)
"""How long after its handing over a message's fate is asked for."""
T = TypeVar("T")
Route = tuple[str, str, Callable[..., Awaitable[Any]]]

log = structlog.get_logger(__name__)


class ChannelTools:
    """The tools of one channel."""

    def __init__(
        self,
        name: str,
        desk: Desk,
        mirror: Mirror,
        *,
        recordings: Recordings,
        prompts: Prompts,
        data_dir: Path,
        work: Callable[..., Awaitable[Any]],
        routes: list[Route],
    ) -> None:
        """Collect the channel's routes in `routes`; run its tasks until `cancel`."""
        self.clock = desk.clock
        self.data_dir = data_dir
        self.policy_lines = desk.rules.lines
        self.prompts: Library = prompts
        self._name = name
        self._desk = desk
        self._mirror = mirror
        self._stances = Stances(desk)
        self._surveying = Surveying(desk)
        self._work = work
        self._recordings = recordings
        self._routes = routes
        self._tasks: set[asyncio.Task[None]] = set()
        self._figures: dict[str, Gauge] = {}
        self.failure: str = ""

    async def accept(self, arrival: Arrival, content: Content | None = None) -> Receipt:
        """Store an arrival; see `core.channel.Tools`."""
        return await self._desk.intake.accept(arrival, content)

    async def joined(self, interaction: str, message: NewMessage) -> Said:
        """Add a customer's further message to an open interaction; see `core.channel.Tools`."""
        saying = await self._desk.parts.saying(message, client_id=message.provider_id)
        now, fact_id = self._desk.clock.now(), self._desk.idents.new()
        node = self._desk.store.node
        unit = partial(_join, interaction=interaction, saying=saying, now=now, fact_id=fact_id, node=node)
        said, view, woken = await self._desk.store.write(unit)
        if woken is not None:
            self._desk.dispatcher.feed(woken, fact_id)
        if view is not None:
            self._desk.intake.show_messages(interaction, (view,))
        return said

    async def progress(self, progress: Progress) -> None:
        """Record what an outside system told; see `core.channel.Tools`."""
        await self._mirror.apply(progress)

    async def paused(self, device: str, *, on: bool, reason: str = "") -> None:
        """Let an agent be not ready, or ready again, as they keyed on their phone."""
        await self._stances.paused(device, on=on, reason=reason)

    def stances(self) -> list[Stance]:
        """Return what every agent with a phone has chosen."""
        return self._stances.now()

    async def report(self, fact: Fact) -> None:
        """Tell the router; what it refuses had happened already or no longer matters."""
        try:
            await self._desk.dispatcher.submit(fact)
        except (ConflictError, NotFoundError, ForbiddenError) as error:
            log.info("report.refused", channel=self._name, fact=type(fact).__name__, reason=error.code)

    async def give(self, interaction: str, device: str, number: str) -> str:
        """Give a contact to an agent by their phone, or to a line by its number; see `core.channel.Tools`."""
        entry, member = self._desk.book.get(interaction), self._desk.roster.by_device(device)
        rule = self._desk.rules.policy.intake_rule(self._name, number) if member is None else None
        line = rule.line if rule is not None and rule.to == number else None
        if entry is None or (member is None and line is None):
            return "unknown"
        agent = member.id if member else None
        fact = Transferred(interaction=interaction, agent=entry.agent, to_line=line, to_agent=agent)
        try:
            await self._desk.dispatcher.submit(fact)
        except (ConflictError, NotFoundError, ForbiddenError) as error:
            log.info("give.refused", channel=self._name, interaction=interaction, reason=error.code)
            return "refused"
        return "given"

    async def hand_over(self, interaction: str, device: str) -> bool:
        """Give a contact to an agent who is on the line already; see `core.channel.Tools`."""
        return await hand_over(self._desk, interaction, device)

    async def panel(self, interaction: str, panel: Mapping[str, Any]) -> None:
        """Show how a live contact stands; see `core.channel.Tools`."""
        entry = self._desk.book.panel(interaction, panel)
        if entry is not None:
            self._desk.show(entry)

    async def answered(self, interaction: str, at: datetime) -> None:
        """Say that customer and agent are together since `at`."""
        entry = self._desk.book.get(interaction)
        if entry is None:
            return
        unit = partial(routing_rows.mark_answered, interaction=interaction, segment=entry.segment.n, at=at)
        await self._desk.store.write(unit, urgent=True)
        self._desk.answered(entry, at)
        self._desk.show(entry)

    async def followed(self, outgoing: str, became: str, detail: str) -> str:
        """Tell what became of a message after it was handed over; see `core.channel.Tools`."""
        unit = partial(outbox_rows.follow, channel=self._name, outgoing=outgoing, became=became, detail=detail)
        result, row = await self._desk.store.write(unit, urgent=True)
        if row is not None:
            await self._desk.outbox.followed(row, became, detail)
        return result

    async def handed_over(self) -> list[str]:
        """Return what was handed over and is not settled; see `core.channel.Tools`."""
        since = self._desk.clock.now() - FOLLOWED
        return await self._desk.store.read(partial(outbox_rows.handed_over, channel=self._name, since=since))

    async def call_back(self, interaction: str, number: str = "") -> None:
        """Let a waiting customer be called back; see `core.channel.Tools`."""
        await CallingBack(self._desk).take(interaction, number)

    async def owe(self, interaction: str) -> bool:
        """Owe a customer with whom nobody spoke a call; see `core.channel.Tools`."""
        return await CallingBack(self._desk).owe(interaction)

    async def lookup(self, point: Point) -> Known:
        """Say who may be behind `point`."""
        return await self._desk.store.read(lambda conn: lookup_rows.known(conn, point))

    async def is_open(self, kind: str, number: str) -> bool:
        """Tell whether a case or record has this number and is not over."""
        return await self._desk.store.read(partial(menu_rows.is_open, kind=kind, number=number))

    def line_for(self, recipient: str) -> str:
        """Return the line that contacts to `recipient` come into."""
        rule = self._desk.rules.policy.intake_rule(self._name, recipient)
        return rule.line if rule is not None else self._desk.rules.policy.default_line

    async def transcript(self, interaction: str, after_seq: int = 0) -> list[Mapping[str, Any]]:
        """Return a conversation's messages after `after_seq`, without agents' notes."""
        found = await self._desk.store.read(
            lambda conn: messages.of_interaction(conn, interaction, after_seq=after_seq),
        )
        return [message for message in found if message["direction"] != Direction.INTERNAL]

    async def find(self, adapter: str, external_key: str) -> Mapping[str, Any] | None:
        """Return what the store knows of a contact by its outside key, with its place in line while it waits."""
        found = await self._desk.store.read(lambda conn: contact_rows.by_key(conn, adapter, external_key))
        entry = self._desk.book.find(adapter, external_key)
        return None if found is None else {**found, "position": self._desk.book.position(entry) if entry else None}

    async def open_contacts(self, adapter: str) -> list[Mapping[str, Any]]:
        """Return every open interaction of an adapter."""
        return await self._desk.store.read(lambda conn: contact_rows.open_by_adapter(conn, adapter))

    async def blob(self, data: bytes) -> str:
        """Put bytes into the blob store."""
        return await self._desk.blobs.store(data)

    async def work(self, task: Callable[..., T], *args: Any) -> T:
        """Run a top-level function in a worker process."""
        result: T = await self._work(task, *args)
        return result

    async def keep(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep something of the channel's own; see `core.channel.Tools`."""
        now = self._desk.clock.now()
        await self._desk.store.write(partial(channel_rows.keep, channel=self._name, key=key, value=value, now=now))

    async def kept(self, key: str) -> Mapping[str, Any] | None:
        """Return what the channel kept."""
        return await self._desk.store.read(partial(channel_rows.kept, channel=self._name, key=key))

    async def recorded(self, told: Recorded) -> None:
        """Write down how a recording stands; see `core.channel.Tools`."""
        entry = self._desk.book.get(told.interaction)
        line, segment = (entry.line, entry.segment.n) if entry is not None else ("", 1)
        await self._recordings.follow(self._name, told, line=line, segment=segment)

    async def keep_recording(self, name: str, sound: Sound) -> None:
        """Seal and keep a recording; see `core.channel.Tools`."""
        await self._recordings.keep(name, sound)

    async def recordings(self) -> list[Mapping[str, Any]]:
        """Return this channel's recordings that are not kept yet."""
        return list(await self._recordings.unfinished(self._name))

    def alarm(self, kind: str, detail: str) -> None:
        """Tell supervisors something."""
        log.warning("channel.alarm", channel=self._name, kind=kind, detail=detail)
        self._desk.publisher.alert(self._desk.idents.new(), self._desk.clock.now(), kind, detail=detail)

    def figure(self, name: str, text: str, read: Callable[[], float], **labels: str) -> None:
        """Offer a number for /metrics."""
        whole = f"{self._name}_{name}"
        gauge = self._figures.get(whole)
        if gauge is None:
            gauge = self._figures[whole] = self._desk.metrics.gauge(whole, text, *labels)
        (gauge.labels(**labels) if labels else gauge).set_function(read)

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        """Run a background task until `cancel`."""
        task = asyncio.create_task(coroutine, name=f"{self._name}.{name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def route(self, method: str, path: str, handler: Callable[..., Awaitable[Any]]) -> None:
        """Offer an HTTP route or a WebSocket."""
        self._routes.append((method, path, handler))

    async def wait_range(self, line: str) -> tuple[float | None, float | None]:
        """Return the seconds that half, and nine in ten, of those who come now will not wait longer than; None = unknown."""
        waits = self._desk.waits
        return (None, None) if waits is None else await waits.range(line, self._name)

    async def survey(self, interaction: str, language: str | None = None) -> Asked | None:
        """Ask whether a customer is to be asked how it was; see `core.channel.Tools`."""
        return await self._surveying.ask(interaction, language=language)

    async def survey_said(self, invite: str, replies: tuple[Reply, ...]) -> None:
        """Keep answers of an invitation that goes on; see `core.channel.Tools`."""
        await self._surveying.said(invite, replies)

    async def survey_ended(self, invite: str, became: str, replies: tuple[Reply, ...] = ()) -> None:
        """Say how an invitation ended; see `core.channel.Tools`."""
        await self._surveying.ended(invite, became, replies)

    async def cancel(self) -> None:
        """End the channel's tasks."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.failure = f"{task.get_name()} failed"
            log.error("channel.task_failed", channel=self._name, task=task.get_name(), exc_info=task.exception())


def _join(
    conn: WriteConn,
    interaction: str,
    saying: Saying,
    now: datetime,
    fact_id: str,
    node: str,
) -> tuple[Said, Mapping[str, Any] | None, Unparked | None]:
    """Store a further message, once, if the interaction is still open; wake it where it sleeps."""
    if saying.client_id:
        old = message_rows.said_before(conn, interaction, saying.client_id)
        if old is not None:
            return Said(id=old.id, interaction=interaction, seq=old.seq, at=old.at, duplicate=True), None, None
    state = message_rows.state_of(conn, interaction)
    if state is None or state.state not in JOINABLE:
        text = "this conversation is over"
        raise ConflictError(text, code="closed")
    view = message_rows.add_message(conn, interaction, state.thread_id, saying, now)
    woken = Unparked(interaction=interaction) if state.state in WAKES else None
    if woken is not None:
        inbox_rows.tell(conn, woken, ident=fact_id, node=node, now=now)
    return Said(id=saying.id, interaction=interaction, seq=view["seq"], at=now), view, woken
