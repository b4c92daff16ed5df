"""`contactd demo`: the server with a made-up shop around it, on a data folder of its own.

A simulated PBX and a mail sink run in the same process and are spoken to over real sockets.  With `--traffic` made-up
customers come in by the doors that are there for everybody: SMTP, the chat socket, the PBX, the fax spool.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from contactd import app, logs
from contactd.desk import admin
from contactd.desk.admin import Errand
from contactd.desk.check import shapes
from contactd.server import Server
from contactd.settings import Settings, load
from contactd.testing.demo import history
from contactd.testing.demo.erp import Erp
from contactd.testing.demo.people import COLLEAGUES, PASSWORD, Customer, customers
from contactd.testing.demo.sink import MailSink
from contactd.testing.demo.traffic import NUMBERS, Traffic
from contactd.testing.pbx import ScriptedPbx

CONFIG = Path(__file__).parent.parent / "config" / "demo.toml"
FIRST = ("email", "email", "fax", "email")
"""Who is in line when the demo opens, so that its first screen is not empty."""


def run(config: Path | None, overrides: Iterable[str], *, traffic: bool) -> int:
    """Run the demo until SIGTERM or Ctrl-C; return the exit code."""
    return app.in_reactor(
        lambda: _demo(config or (CONFIG if CONFIG.exists() else None), list(overrides), traffic=traffic)
    )


async def _demo(config: Path | None, overrides: list[str], *, traffic: bool) -> None:
    settings = _settings(config, overrides)
    logs.configure(level=settings.log.level, form=settings.log.format, secrets=settings.secrets())
    people = list(customers(settings.demo.customers, settings.demo.seed))
    fresh = await asyncio.to_thread(seed, settings, people)
    pbx, sink = ScriptedPbx(), MailSink(settings.data_dir / "sent")
    erp = Erp(settings.data_dir.absolute() / "erp", people)
    await asyncio.to_thread(erp.start)
    await pbx.start()
    await sink.start()
    for one in COLLEAGUES:
        if one.device:
            pbx.phone(one.device, answer_after=1.5)
    around = [
        f"channels.voice.ari.url={pbx.ari_url}",
        f"channels.voice.ari.username={pbx.username}",
        f"channels.voice.ari.password={pbx.secret}",
        "channels.email.outbound.host=127.0.0.1",
        f"channels.email.outbound.port={sink.port}",
        "channels.email.outbound.security=none",
        "channels.fax.gateways.demo.mail_to={digits}@fax.example",
        "channels.fax.smtp.host=127.0.0.1",
        f"channels.fax.smtp.port={sink.port}",
        f"connectors.erp.path={erp.folder}",
        f"connectors.erp.write.url={erp.url}",
    ]
    visitors: list[Traffic] = []

    async def opened(server: Server) -> None:
        crowd = Traffic(
            people,
            server.addresses,
            pbx,
            settings.data_dir,
            per_minute=settings.demo.contacts_per_minute,
            seed=settings.demo.seed,
        )
        visitors.append(crowd)
        server.office.survey_letters.address = f"http://{server.addresses['http']}"
        _print_welcome(server, settings, traffic=traffic)
        if fresh:
            for channel in FIRST:
                crowd.one(channel)
        if traffic:
            asyncio.create_task(crowd.run(), name="traffic").add_done_callback(lambda _task: None)

    try:
        await app.run(_settings(config, overrides + around), sys.stdout, opened)
    finally:
        for crowd in visitors:
            await crowd.stop()
        await pbx.stop()
        await sink.stop()
        await asyncio.to_thread(erp.stop)


def _settings(config: Path | None, overrides: list[str]) -> Settings:
    return load(config, os.environ, overrides, shapes())


def seed(settings: Settings, people: list[Customer]) -> bool:
    """Write the shop's past into an empty store; return True when that was done."""

    async def job(errand: Errand) -> bool:
        from contactd.crm_store import agents  # noqa: PLC0415 - after the store is open

        if await errand.store.read(agents.listed):
            return False
        await history.write(errand, people, settings.demo.seed)
        return True

    return admin.at_work(settings, job)


def _print_welcome(server: Server, settings: Settings, *, traffic: bool) -> None:
    """Say where everything is and who can log in."""
    http, smtp = server.addresses["http"], server.addresses["smtp"]
    names = ", ".join(f"{one.name} ({one.role})" for one in COLLEAGUES)
    lines = [
        "",
        f"  console    http://{http}/console",
        f"  log in as  {names}",
        f"  password   {PASSWORD}",
        f"  chat       http://{http}/chat/demo",
        f"  answers    http://{http}/faq",
        f"  mail in    {smtp}   (support@example.com, sales@example.com, billing@example.com)",
        f"  mail out   {settings.data_dir / 'sent'}",
        f"  calls      simulated: {', '.join(f'{number} {line}' for line, number in NUMBERS.items())}",
        f"  traffic    {'on' if traffic else 'off (contactd demo --traffic)'}",
        "  stop       Ctrl-C",
        "",
    ]
    print("\n".join(lines), flush=True)  # noqa: T201 - the demo talks to a person
