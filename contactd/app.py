"""The application: builds every part by hand, top to bottom, and runs the server they make."""

from __future__ import annotations

import asyncio
import gc
import json
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TextIO

import structlog
import uvloop

from contactd import channels as channel_folder
from contactd import logs
from contactd.agent_ui import public
from contactd.agent_ui.hub import Hub
from contactd.agent_ui.server import ConsoleServer
from contactd.api.parts import Parts
from contactd.clock import Clock, SystemClock
from contactd.core.channel import Channel
from contactd.core.errors import ContactdError, WorkerDiedError
from contactd.crm_store.store import Store
from contactd.desk import keeping, outside
from contactd.desk.access import Access
from contactd.desk.backroom import Borrowed, build_backroom
from contactd.desk.connect.tending import Tending as Connectors
from contactd.desk.dismissing import Quarantine
from contactd.desk.exchange.letters import Post, own_of
from contactd.desk.fetching import Fetcher
from contactd.desk.office import Office, build_office, published
from contactd.desk.readiness import Readiness
from contactd.desk.seeing import Seeing, plan_of
from contactd.desk.showing import Showing
from contactd.desk.sureness import Sureness
from contactd.desk.sweeping import Sweeping
from contactd.desk.tools import ChannelTools
from contactd.http import Bounds, HttpParts, build_http
from contactd.http import serve as listen
from contactd.metrics import Metrics
from contactd.server import Server
from contactd.settings import Settings
from contactd.workers import Workers, for_tables

OK, FAILED, MISTAKE = 0, 1, 2
COLLECT = (50_000, 20, 100)
"""New objects before a young collection; collections of one generation before the next (Python's own: 700, 10, 10)."""
GRACE_S = 10.0
"""Longest time a stop may take."""

log = structlog.get_logger(__name__)


def _post(made: Mapping[str, Channel], workers: Workers) -> Post | None:
    """Return how mails of another program are read: by the channel that knows which addresses are the house's own."""
    for channel in made.values():
        own = getattr(channel, "own_domains", None)
        if own is not None and channel.reader is not None:
            return Post(channel=channel.name, reader=channel.reader, work=workers.run, own=own_of((), own))
    return None


async def build(settings: Settings, clock: Clock | None = None) -> Server:
    """Build a server from its settings; nothing runs yet.

    Raises:
        ConfigError: an address cannot be used, the database is wrong, the policy is wrong, a restore broke off.
        StoreDownError: the database cannot be reached.
    """
    clock = clock or SystemClock()
    keeping.see_finished(settings)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    metrics, limits = Metrics(), settings.limits
    blobs = settings.data_dir / "blobs"
    store = Store.open(
        settings.database_url, blobs, node=settings.node, clock=clock, observe_commit=metrics.commit.observe
    )
    workers = Workers(count=limits.workers, memory_mb=limits.worker_memory_mb, timeout_s=limits.worker_seconds)
    rules = await published(store, clock, settings.policy, from_file=settings.policy_source == "file")
    office = await build_office(
        store=store,
        clock=clock,
        rules=rules,
        work=workers.run,
        died=(WorkerDiedError,),
        data_dir=settings.data_dir,
        metrics=metrics,
    )
    made = {name: _channel(office, name, found, settings) for name, found in channel_folder.scan().items()}
    access = Access(store, clock, public_url=settings.http.public_url, seeing=Seeing.of(settings.privacy))
    hub = Hub(office.views, office.commands, clock, lambda: secrets.token_hex(16))
    console = ConsoleServer(hub, access, clock, Sureness(store, clock, plan_of(settings.privacy)))
    readiness = Readiness(office, store, clock, made, disk_free_mb=limits.disk_free_mb)
    _watch(metrics, office, store, workers)
    shows = (channel for channel in made.values() if hasattr(channel, "show_html"))
    showing = Showing(next(shows, None), workers.run, Fetcher(settings.http.fetch_from).pictures)
    borrowed = Borrowed(for_tables(limits.worker_memory_mb), office.recordings, _post(made, workers), office.alert)
    backroom = build_backroom(store, clock, settings, rules, borrowed)
    _watch_connectors(metrics, backroom.connectors)
    parts = Parts(
        access=access,
        store=store,
        views=office.views,
        clock=clock,
        policy=lambda: (rules.version, rules.policy),
        policy_from_file=settings.policy_source == "file",
        doors=office.desk.intake,
        quarantine=Quarantine(office.desk, office.reading),
        render_html=showing.page,
        ready=readiness.reasons,
        metrics=lambda: _figures(metrics, office, hub),
        reads=office.reads,
        wizard=backroom.wizard,
        identity=plan_of(settings.privacy),
        retention=backroom.retention,
        scoring=backroom.scoring,
        connectors=backroom.connectors,
        handing_out=backroom.handing_out,
        recordings=office.recordings,
        writing_back=backroom.writing_back,
        prompts=office.prompts,
        why=office.why,
        why_agent=office.why_agent,
        candidates=office.candidates,
        shadow=office.shadowing.as_json,
        outside=lambda day: outside.of_day(store, settings, day, clock.now()),
        limits=office.limits,
        run=office.commands.run,
        upload_bytes=limits.upload_mb * 1024 * 1024,
        upload_quota=limits.upload_quota_mb * 1024 * 1024,
    )
    office.survey_letters.address = settings.http.public_url.rstrip("/")
    app = build_http(
        HttpParts(
            api=parts,
            console=console,
            channels=office.routes,
            public=public.routes(office.survey_letters, store, clock),
            public_url=settings.http.public_url,
            connects=tuple(filter(None, (getattr(each, "softphone_origin", "") for each in made.values()))),
        ),
    )
    sweeping = Sweeping(store, clock)
    metrics.watch("blobs_swept", "Files removed because nothing names them", lambda: sweeping.swept)
    bounds = Bounds(
        connections=settings.http.connections,
        per_address=settings.http.connections_per_address,
        trusted=tuple(map(str, settings.http.trusted_proxies)),
    )
    listener = listen(app, settings.http.host, settings.http.port, bounds)
    metrics.watch("http_connections", "Open HTTP connections", lambda: len(listener.crowd))
    metrics.watch("http_turned_away", "HTTP connections there was no room for", lambda: listener.crowd.turned_away)
    return Server(
        settings=settings,
        store=store,
        workers=workers,
        office=office,
        access=access,
        hub=hub,
        console=console,
        metrics=metrics,
        readiness=readiness,
        sweeping=sweeping,
        backroom=backroom,
        listener=listener,
        channels=made,
    )


def _channel(office: Office, name: str, found: channel_folder.Found, settings: Settings) -> Channel:
    """Build one channel from its section of the settings."""
    options = found.options.model_validate(settings.channels.get(name, {}))

    def make(tools: ChannelTools) -> Channel:
        return found.build(name, options, tools)

    return office.add_channel(name, make)


def _watch(metrics: Metrics, office: Office, store: Store, workers: Workers) -> None:
    """Let the figures that are asked for be read where they stand."""
    metrics.watch("store_waiting", "Units that wait for the writer", lambda: store.waiting)
    metrics.watch("facts_waiting", "Facts that wait for the router", lambda: office.desk.dispatcher.waiting)
    metrics.watch("unread_waiting", "Things accepted and not read yet", lambda: office.reading.waiting)
    metrics.watch("unread_put_off", "Things that cannot be read now", lambda: office.reading.put_off.waiting)
    metrics.watch("open_interactions", "Interactions that are open", lambda: len(office.desk.book))
    metrics.watch("worker_deaths", "Tasks that ended with their worker", lambda: workers.deaths)
    metrics.watch("delivery_failures", "Messages that could not be delivered", lambda: office.desk.outbox.failures)


def _watch_connectors(metrics: Metrics, connectors: Connectors) -> None:
    """Let a monitor see how long each connector has brought nothing, and how many rows wait for somebody."""
    age = metrics.gauge("connector_success_age_seconds", "Time since a connector last worked", "connector")
    waiting = metrics.gauge("connector_left_out", "Rows of a connector that wait for somebody", "connector")
    for name in connectors.connecting.connectors:
        age.labels(connector=name).set_function(partial(connectors.age, name))
        waiting.labels(connector=name).set_function(partial(connectors.waiting, name))


def _figures(metrics: Metrics, office: Office, hub: Hub) -> bytes:
    """Count what stands at this moment, and return every figure."""
    metrics.consoles.set(len(hub))
    metrics.waiting.clear()
    for line in office.views.floor.views():
        for channel, number in line["by_channel"].items():
            metrics.waiting.labels(line=line["line"], channel=channel).set(number)
    metrics.agents.clear()
    for member in office.desk.roster:
        if member.state != "logged_out":
            metrics.agents.labels(state=member.state).inc()
    return metrics.render()


async def run(settings: Settings, out: TextIO, ready: Callable[[Server], Awaitable[None]] | None = None) -> None:
    """Run until SIGTERM or SIGINT; print one line when work is taken; `ready` is called then, too."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    server = await build(settings)
    try:
        addresses = await server.start()
        print(f"ready {json.dumps(addresses)}", file=out, flush=True)
        settle_memory()
        if ready is not None:
            await ready(server)
        await stopping.wait()
    finally:
        log.info("stopping")
        await asyncio.wait_for(server.stop(), GRACE_S)


def settle_memory() -> None:
    """Take what the start has made out of every later garbage collection, and collect seldom: little here is cyclic."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)
    gc.enable()


def serve(settings: Settings, ready: Callable[[Server], Awaitable[None]] | None = None) -> int:
    """Run a server in this process; return the exit code."""
    logs.configure(level=settings.log.level, form=settings.log.format, secrets=settings.secrets())
    return in_reactor(lambda: run(settings, sys.stdout, ready))


def in_reactor(main: Callable[[], Awaitable[None]]) -> int:
    """Run `main` on one uvloop loop that Twisted's clients share; return the exit code.

    Twisted's reactor runs the loop: its clients never connect when only the loop does.
    """
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    from twisted.internet.asyncioreactor import AsyncioSelectorReactor  # noqa: PLC0415 - before anything asks for a reactor
    from twisted.internet.main import installReactor  # noqa: PLC0415 - see above

    reactor: Any = AsyncioSelectorReactor(loop)
    installReactor(reactor)
    code = OK

    async def whole() -> None:
        nonlocal code
        try:
            await main()
        except ContactdError as error:
            code = MISTAKE if error.code == "config" else FAILED
            where = f"{error.field}: " if error.field else ""
            print(f"contactd: {where}{error.text}", file=sys.stderr)  # noqa: T201 - the last word of a start that failed
        except Exception:  # the process ends with a trace and a code
            log.exception("server.failed")
            code = FAILED
        finally:
            reactor.stop()

    reactor.callWhenRunning(lambda: loop.create_task(whole()))
    reactor.run(installSignalHandlers=False)
    return code
