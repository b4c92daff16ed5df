"""The one door: everything that comes in, over whatever channel, is stored raw, understood, and put in line here.

A receipt is given only after the commit.  What cannot be understood is an interaction in quarantine with its raw bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from contactd.clock import Clock, parse_rfc3339, rfc3339
from contactd.core.channel import Arrival, Content, Receipt
from contactd.core.events import Skills
from contactd.core.interaction import Direction, State
from contactd.crm_store import intake_rows, placing_rows, reading_rows
from contactd.crm_store.intake_rows import Accepting
from contactd.crm_store.message_rows import Saying
from contactd.crm_store.placing import Placed, Placing
from contactd.crm_store.source_rows import RECEIPT
from contactd.crm_store.store import Store, WriteConn
from contactd.desk.arriving import entry_of, new_interaction
from contactd.desk.book import Book
from contactd.desk.changes import AlertRaised, InteractionUpsert, MessageAdded
from contactd.desk.dispatcher import Dispatcher
from contactd.desk.effects import Effect
from contactd.desk.idents import Idents
from contactd.desk.parts import Blobs, Parts
from contactd.desk.rules import Rules
from contactd.metrics import Metrics

INLINE = 256 * 1024
"""Raw bytes up to this size lie in the table, in the same transaction as their receipt."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Unread:
    """Something accepted whose raw bytes are still to be read."""

    receipt: str
    interaction: str
    arrival: Arrival | None = None
    """What was accepted, as long as it is at hand; else the store has it."""
    tries: int = 0
    """How often it was put off."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What else is written in the unit that takes something in, unless it came before; it may run twice."""

    before: Callable[[WriteConn], None] = lambda _conn: None
    after: Callable[[WriteConn, Placed], None] = lambda _conn, _placed: None
    """With what became of it."""


ALONE = Beside()


class Intake:
    """Accepts, places, quarantines."""

    def __init__(
        self,
        *,
        store: Store,
        blobs: Blobs,
        clock: Clock,
        idents: Idents,
        dispatcher: Dispatcher,
        book: Book,
        publish: Callable[[list[Effect]], None],
        rules: Rules,
        node: str,
        metrics: Metrics | None = None,
    ) -> None:
        """Write through `store`; tell the router through the dispatcher."""
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._idents = idents
        self._dispatcher = dispatcher
        self._book = book
        self._publish = publish
        self._node = node
        self._parts = Parts(blobs, idents)
        self._rules = rules
        self._metrics = metrics or Metrics()
        self.taken = 0
        """Arrivals taken in since the start."""
        self.adopters: list[Callable[[Arrival], Arrival | None]] = []
        """Channels to which some of what others take in belongs."""
        self.unread: Callable[[Unread], None] = lambda _unread: None
        """Called with something whose raw bytes are safe and are to be read."""
        self.reported: Callable[[str, str], None] = lambda _message, _interaction: None
        """Called with a message of ours that something was reported about, and where its report went."""
        self.entered: Callable[[Placed, Placing], None] = lambda _placed, _placing: None
        """Called with each new turn that stands in line."""

    async def accept(self, arrival: Arrival, content: Content | None = None, beside: Beside = ALONE) -> Receipt:
        """Store an arrival and, when its content is known, place it; return after the commit.

        `beside` is written in the same unit as a content that is placed.

        Raises:
            BusyError, StoreDownError: nothing was taken in.
        """
        now = self._clock.now()
        arrival = self._adopted(arrival)
        receipt, interaction = self._idents.new(), self._idents.new()
        new = await self._accepting(arrival, receipt, interaction, now)
        urgent = arrival.routed_by == "pbx" or self._rules.live(arrival.channel)
        if content is None or content.quarantine is not None:
            old = await self._store.write_alike(intake_rows.accept_all, new, urgent=urgent)
            self._count(arrival, old)
            if old is not None:
                return _old(old)
            if content is None:
                line = new.interaction["line"]
                self.unread(
                    Unread(receipt, interaction, arrival if arrival.line == line else replace(arrival, line=line))
                )
            else:
                await self.quarantine(interaction, content.quarantine or "")
            return Receipt(id=receipt, interaction=interaction)
        placing = self._placing(arrival, content, receipt, interaction, await self._parts.sayings(content), now)
        unit = partial(_accept_and_place, new=new, placing=placing, beside=beside)
        old, placed = await self._store.write(unit, urgent=urgent)
        self._count(arrival, old)
        if placed is None:
            return _old(old)
        self._after(placed, arrival, content, placing)
        filed = placed.state == State.CLOSED
        return Receipt(id=receipt, interaction=placed.interaction, joined=placed.joined, filed=filed)

    def _count(self, arrival: Arrival, old: Mapping[str, Any] | None) -> None:
        """Count something taken in, or its repetition."""
        self.taken += 1
        figure = self._metrics.received if old is None else self._metrics.duplicates
        figure.labels(channel=arrival.channel).inc()

    def _adopted(self, arrival: Arrival) -> Arrival:
        """Give an arrival to the channel it really belongs to."""
        for adopt in self.adopters:
            other = adopt(arrival)
            if other is not None:
                return other
        return arrival

    async def place(self, arrival: Arrival, content: Content, receipt: str, interaction: str) -> None:
        """Place what was accepted before, now that its bytes are read; return after the commit."""
        await self.place_all([(Unread(receipt, interaction, arrival), arrival, content)])

    async def place_all(self, read: Sequence[tuple[Unread, Arrival, Content]]) -> None:
        """Place several that were read together, in one unit: they are all in line, or none is; return after the commit."""
        sayings = await asyncio.gather(*(self._parts.sayings(content) for _, _, content in read))
        now = self._clock.now()
        news = [
            self._placing(arrival, content, unread.receipt, unread.interaction, said, now)
            for (unread, arrival, content), said in zip(read, sayings, strict=True)
        ]
        done = await self._store.write(partial(placing_rows.place_all, news=news), urgent=True)
        for placed, (_, arrival, content), placing in zip(done, read, news, strict=True):
            self._after(placed, arrival, content, placing)

    async def quarantine(self, interaction: str, reason: str) -> None:
        """Put an interaction aside where a human sees it, with its raw bytes and the reason."""
        now = self._clock.now()
        put_aside = await self._store.write(
            partial(reading_rows.quarantine, interaction=interaction, reason=reason, now=now), urgent=True
        )
        if not put_aside:
            return
        self._metrics.quarantined.inc()
        log.warning("intake.quarantined", interaction=interaction, reason=reason)
        alert = {"id": self._idents.new(), "at": rfc3339(now), "kind": "quarantine", "agent": None}
        self._publish([AlertRaised(alert=alert | {"interaction": interaction, "line": None, "detail": reason})])

    async def _accepting(self, arrival: Arrival, receipt: str, interaction: str, now: datetime) -> Accepting:
        digest = hashlib.sha256(arrival.raw).hexdigest()
        inline = len(arrival.raw) <= INLINE
        blob = None if inline else await self._blobs.store(arrival.raw)
        line = arrival.line or self._place(arrival)[0]
        return Accepting(
            receipt={
                "id": receipt,
                "channel": arrival.channel,
                "adapter": arrival.adapter,
                "external_key": arrival.external_key,
                "digest": digest,
                "at": now,
                "interaction_id": interaction,
            },
            raw={
                "receipt_id": receipt,
                "interaction_id": interaction,
                "size": len(arrival.raw),
                "inline": arrival.raw if inline else None,
                "blob": blob,
                "digest": digest,
                "envelope": {**arrival.envelope, "_recipient": arrival.recipient},
            },
            interaction=new_interaction(arrival, interaction, line, now),
        )

    def _place(self, arrival: Arrival) -> tuple[str, int, Skills]:
        return self._rules.policy.place(arrival.channel, arrival.recipient)

    def _placing(
        self,
        arrival: Arrival,
        content: Content,
        receipt: str,
        interaction: str,
        sayings: tuple[Saying, ...],
        now: datetime,
    ) -> Placing:
        line, priority, skills = self._place(arrival)
        kind = content.auto_kind
        opens = self._rules.opens(arrival, arrival.line or line, content)
        ids = ("point", "thread", "fact", *(("case", "party", "claim") if opens else ()))
        return Placing(
            interaction=interaction,
            receipt=receipt,
            channel=arrival.channel,
            line=arrival.line or line,
            at=now,
            content=content,
            node=self._node,
            priority=priority if content.priority is None else content.priority,
            skills=content.skills or skills,
            language=content.language,
            policy_version=self._rules.version,
            live=self._rules.live(arrival.channel),
            routed_by=arrival.routed_by,
            direction=arrival.direction,
            new_ids={name: self._idents.new() for name in ids},
            sayings=tuple(replace(one, headers={**one.headers, RECEIPT: receipt}) for one in sayings),
            subject=content.subject or arrival.subject,
            may_join=not self._rules.live(arrival.channel),
            reopens=self._rules.reopens(arrival.line or line),
            filed=kind is not None and self._rules.filed(arrival.line or line, kind),
            opens=opens,
            plan=self._rules.policy.cases,
            customers=self._rules.policy.customers,
            # What was stored before it was read has the line it was stored with.
            line_chosen=arrival.line not in (None, line),
        )

    def _after(self, placed: Placed, arrival: Arrival, content: Content, placing: Placing) -> None:
        """Tell router and consoles of something that is now safe."""
        placing = placed.let_in or placing
        if placed.reported is not None:
            self.reported(placed.reported, placed.interaction)
        if placed.joined:
            self._after_join(placed)
            return
        if placed.state == State.CLOSED:
            return
        entry = entry_of(placed, arrival, content, placing)

        def prepare() -> None:
            self._book.add(entry)

        prepare()
        if placed.fact is not None:
            self._dispatcher.feed(placed.fact, placed.inbox_id, prepare)
        self._publish([InteractionUpsert(view=entry.view())])
        self.entered(placed, placing)

    def _after_join(self, placed: Placed) -> None:
        if placed.fact is not None:
            self._dispatcher.feed(placed.fact, placed.inbox_id)
        self.show_messages(placed.interaction, placed.messages)

    def show_messages(self, interaction: str, messages: tuple[Mapping[str, Any], ...]) -> None:
        """Show consoles further messages of an open interaction."""
        entry = self._book.get(interaction)
        agent = entry.agent if entry else None
        effects: list[Effect] = [MessageAdded(interaction=interaction, message=one, agent=agent) for one in messages]
        if entry is not None and messages:
            entry.last_message = str(messages[-1]["text"])[:200]
            came = [one["at"] for one in messages if one["direction"] == Direction.INBOUND]
            entry.unread += len(came)
            if came and entry.unanswered_since is None:
                entry.unanswered_since = parse_rfc3339(came[0])
            effects.append(InteractionUpsert(view=entry.view()))
        self._publish(effects)


def _accept_and_place(
    conn: WriteConn, new: Accepting, placing: Placing, beside: Beside
) -> tuple[Mapping[str, Any] | None, Placed | None]:
    """Accept and place in one unit; the old receipt when it came before."""
    old = intake_rows.accept(conn, new)
    if old is not None:
        return old, None
    beside.before(conn)
    placed = placing_rows.place(conn, placing)
    beside.after(conn, placed)
    return None, placed


def _old(row: Mapping[str, Any] | None) -> Receipt:
    assert row is not None  # noqa: S101 - the unit returned the old receipt
    return Receipt(id=row["id"], interaction=row["interaction_id"], duplicate=True, joined=bool(row["joined"]))
