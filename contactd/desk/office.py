"""The desk put together: every part built by hand and joined, started in order, stopped in reverse.

It needs a store, a clock, workers and channels; it serves no port.  Tests and the server build it with the same function.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from contactd.clock import Clock
from contactd.core.channel import Arrival, Channel
from contactd.core.prompt import Use
from contactd.crm_store import customer, policies, routing_rows
from contactd.crm_store.store import Store
from contactd.crm_store.write_conn import WriteConn
from contactd.desk import journal
from contactd.desk.acknowledging import Acknowledging
from contactd.desk.book import Book
from contactd.desk.commands import Commands
from contactd.desk.desk import Desk
from contactd.desk.dispatcher import Dispatcher
from contactd.desk.duties import Duties
from contactd.desk.finding_out import Examiner
from contactd.desk.idents import Idents
from contactd.desk.inbox import Inbox
from contactd.desk.intake import Intake
from contactd.desk.ledger import Ledger
from contactd.desk.mirror import Mirror
from contactd.desk.newest import newest
from contactd.desk.outbox import Outbox
from contactd.desk.parts import Parts
from contactd.desk.prompts import Prompts
from contactd.desk.publisher import Publisher
from contactd.desk.putting_aside import put_aside
from contactd.desk.reading import Reading
from contactd.desk.reads import ReadLog
from contactd.desk.recordings import Recordings
from contactd.desk.recovery import Recovery
from contactd.desk.reports import Reports
from contactd.desk.roster import Roster
from contactd.desk.rules import Rules
from contactd.desk.shadowing import Shadowing
from contactd.desk.shown import show_delivery
from contactd.desk.stances import Stances
from contactd.desk.survey_letters import SurveyLetters
from contactd.desk.tending import Tending
from contactd.desk.tools import ChannelTools, Route
from contactd.desk.vetting import Vetting
from contactd.desk.views import Views
from contactd.desk.waits import Waits
from contactd.metrics import Metrics
from contactd.routing.policy import Policy

Work = Callable[..., Awaitable[Any]]
Build = Callable[[ChannelTools], Channel]

REPLAYED = 50_000
"""Rows of the journal lived through again for one question, at most."""

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Office:
    """A desk that can be opened and closed."""

    desk: Desk
    views: Views
    commands: Commands
    reading: Reading
    recovery: Recovery
    inbox: Inbox
    mirror: Mirror
    acknowledging: Acknowledging
    reports: Reports
    shadowing: Shadowing
    reads: ReadLog
    tending: Tending
    survey_letters: SurveyLetters
    recordings: Recordings
    prompts: Prompts
    data_dir: Path
    work: Work
    routes: list[Route] = field(default_factory=list)
    tools: dict[str, ChannelTools] = field(default_factory=dict)
    duties: Duties = field(default_factory=Duties)

    def add_channel(self, name: str, build: Build) -> Channel:
        """Build a channel with tools of its own and let it take part."""
        tools = ChannelTools(
            name,
            self.desk,
            self.mirror,
            recordings=self.recordings,
            prompts=self.prompts,
            data_dir=self.data_dir,
            work=self.work,
            routes=self.routes,
        )
        channel = build(tools)
        self.tools[name] = tools
        self.desk.channels[name] = channel
        self.desk.publisher.channels[name] = channel
        self.desk.outbox.channels[name] = channel
        for other in getattr(channel, "carries", ()):
            self.desk.channels[other] = self.desk.publisher.channels[other] = channel
        adopt: Callable[[Arrival], Arrival | None] | None = getattr(channel, "adopt", None)
        if adopt is not None:
            self.desk.intake.adopters.append(adopt)
        if channel.reader is not None:
            self.reading.readers[name] = channel.reader
            self.reading.settings[name] = getattr(channel, "settings", {})
        named: Callable[[], Collection[Use]] | None = getattr(channel, "prompts_named", None)
        if named is not None:
            self.prompts.uses.append(named)
        examine: Examiner | None = getattr(channel, "examine", None)
        if examine is not None:
            self.reading.finding_out.examiners[name] = examine
        return channel

    def alert(self, kind: str, detail: str) -> None:
        """Tell supervisors something that no contact is about."""
        self.desk.publisher.alert(self.desk.idents.new(), self.desk.clock.now(), kind, detail=detail)

    async def open(self) -> None:
        """Rebuild the router from the store and begin to work; channels are started by the caller afterwards."""
        for name, run in (("publisher", self.desk.publisher.run), ("dispatcher", self.desk.dispatcher.run)):
            self.duties.begin(name, run)
        await self.desk.dispatcher.ready()
        for name, run in (
            ("inbox", self.inbox.run),
            ("reading", self.reading.run),
            ("outbox", self.desk.outbox.run),
            ("shadow", self.shadowing.run),
            *([("waits", self.desk.waits.run)] if self.desk.waits is not None else []),
            ("acknowledging", self.acknowledging.run),
            ("reports", self.reports.run),
            ("reads", self.reads.run),
            ("bulk", self.commands.bulk.run),
            ("tending", self.tending.run),
            ("survey_letters", self.survey_letters.run),
            ("recordings", self.recordings.run),
            ("prompts", self.prompts.run),
        ):
            self.duties.begin(name, run)

    async def close(self) -> None:
        """Finish what is in hand, in the house's stop order: reading, outbox, facts, what follows them."""
        await self.reading.settle()
        await self.acknowledging.settle()
        await self.survey_letters.settle()
        await self.desk.outbox.settle_all()
        await self.desk.dispatcher.drain()
        await self.desk.publisher.settle()
        await self.reads.flush()
        await self.duties.end()

    def why(self, interaction: str) -> Mapping[str, Any]:
        """Say why an open item waits at this moment, or who has it."""
        router = self.desk.dispatcher.router
        return router.explain(interaction, self.desk.clock.now()) if router is not None else {}

    def why_agent(self, agent: str) -> Mapping[str, Any]:
        """Say what keeps an agent from what waits at this moment."""
        router = self.desk.dispatcher.router
        return router.explain_agent(agent, self.desk.clock.now()) if router is not None else {}

    async def candidates(self, offer: str) -> Mapping[str, Any]:
        """Return every candidate of the decision that made an offer, from the journal.

        Raises:
            NotFoundError, BadRequestError: there is none, or it lies too far back to be lived through beside the work.
        """
        return await journal.candidates(self.desk.store, offer, most=REPLAYED, size=100)

    def limits(self) -> list[Mapping[str, Any]]:
        """Return what providers allow channels to send, with how much of it is used."""
        return [
            {"channel": name, **limit}
            for name, channel in self.desk.channels.items()
            for limit in getattr(channel, "limits", tuple)()
        ]


async def published(store: Store, clock: Clock, seed: Mapping[str, Any], *, from_file: bool) -> Rules:
    """Return the policy that rules: the published one, or `seed` as version 1 of an empty store.

    With `from_file` the file is the only source: what differs from the store's version is published first.
    """
    Policy.from_mapping(seed)
    now = clock.now()

    def unit(conn: WriteConn) -> policies.Version:
        current = policies.current(conn.connection)
        if current is not None and not from_file:
            return current
        return policies.publish(conn, seed, now=now, actor=None, note="configuration")

    version = await store.write(unit, urgent=True)
    return Rules(Policy.from_mapping(version.document), version.version)


async def build_office(
    *,
    store: Store,
    clock: Clock,
    rules: Rules,
    work: Work,
    died: tuple[type[Exception], ...],
    data_dir: Path,
    metrics: Metrics | None = None,
) -> Office:
    """Build the desk's parts, top to bottom, and take the router's lease."""
    idents, book, roster, views = Idents(clock), Book(), Roster(), Views()
    metrics = metrics or Metrics()
    epoch = await store.write(partial(routing_rows.take_lease, node=store.node, now=clock.now()), urgent=True)
    publisher = Publisher(views, clock, lambda ident: store.read(partial(customer.of_interaction, ident=ident)))
    recovery = Recovery(
        store=store, clock=clock, book=book, roster=roster, rules=rules, views=views, epoch=lambda: epoch
    )
    dispatcher = Dispatcher(
        store=store,
        clock=clock,
        ledger=Ledger(book, roster, idents, metrics, rules.gates, store.node),
        rebuild=recovery.rebuild,
        shown=recovery.show,
        publish=lambda effects: publisher.publish(newest(effects, book)),
        quarantine=partial(put_aside, store, publisher, idents, clock),
        epoch=epoch,
        metrics=metrics,
    )
    intake = Intake(
        store=store,
        blobs=store.blobs,
        clock=clock,
        idents=idents,
        dispatcher=dispatcher,
        book=book,
        publish=publisher.publish,
        rules=rules,
        node=store.node,
        metrics=metrics,
    )
    outbox = Outbox(
        store=store,
        blobs=store.blobs,
        clock=clock,
        idents=idents,
        publish=publisher.publish,
        spread=lambda: secrets.randbelow(1000) / 1000,
        delivered=partial(show_delivery, store, publisher),
        metrics=metrics,
    )
    desk = Desk(
        store=store,
        blobs=store.blobs,
        clock=clock,
        idents=idents,
        book=book,
        roster=roster,
        rules=rules,
        dispatcher=dispatcher,
        publisher=publisher,
        intake=intake,
        outbox=outbox,
        parts=Parts(store.blobs, idents),
        metrics=metrics,
    )
    waits = desk.waits = Waits(
        store=store,
        clock=clock,
        router=lambda: dispatcher.router,
        lines=lambda: rules.policy.lines,
        reasons=lambda: rules.policy.reasons,
        work=work,
        submit=dispatcher.submit,
        publish=publisher.publish,
        metrics=metrics,
    )
    letters = SurveyLetters(desk, data_dir)
    publisher.vet = Vetting(desk).may_connect
    publisher.hear = (waits.hear, Stances(desk).hear, letters.hear)
    shadowing = Shadowing(data_dir, lambda: dispatcher.router, metrics)
    reading = Reading(store=store, blobs=store.blobs, intake=intake, work=work, died=died)
    intake.unread = reading.add
    mirror = Mirror(desk)
    inbox = Inbox(desk, recovery)
    acknowledging = Acknowledging(desk)
    intake.entered = acknowledging.entered
    reports = Reports(desk)
    intake.reported = reports.told
    return Office(
        desk=desk,
        views=views,
        commands=Commands(desk, inbox.poll),
        reading=reading,
        recovery=recovery,
        inbox=inbox,
        mirror=mirror,
        acknowledging=acknowledging,
        reports=reports,
        shadowing=shadowing,
        reads=ReadLog(store, clock),
        tending=Tending(desk, work),
        survey_letters=letters,
        recordings=Recordings(store, clock, rules, data_dir / "keys", work),
        prompts=Prompts(store, clock, work),
        data_dir=data_dir,
        work=work,
    )
