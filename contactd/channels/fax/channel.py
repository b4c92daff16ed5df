"""The fax channel: spool, webhook and gateway mails in; gateway commands and mail-to-fax addresses out."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from contactd.channels.fax import gateway as ways
from contactd.channels.fax import hylafax, outgoing, spool
from contactd.channels.fax.mail import read_any
from contactd.channels.fax.options import Options, is_gateway_mail
from contactd.channels.fax.webhook import Handed, Webhook
from contactd.core.channel import (
    Arrival,
    Change,
    Composed,
    Delivery,
    Draft,
    Health,
    Outgoing,
    Reader,
    Receipt,
    Tools,
)
from contactd.core.errors import BadRequestError, BusyError, ContactdError, StoreDownError
from contactd.core.party import Point

log = structlog.get_logger(__name__)

_LOOK_S = 1.0
_COMPARE_S = 60.0
"""Pause between two looks at a fax server's jobs."""


class FaxChannel:
    """Takes faxes in and sends them; see `contactd.core.channel.Channel`."""

    reader: Reader | None = staticmethod(read_any)

    def __init__(self, name: str, options: Options, tools: Tools) -> None:
        self.name = name
        self.options = options
        self._tools = tools
        self._folder = spool.folder(tools.data_dir, options.spool)
        self._wake = asyncio.Event()
        self._looking = asyncio.Lock()
        self._taking = False
        self._trouble = ""
        tools.route("POST", "/fax/{gateway}/{token}", Webhook(options, self._take).endpoint)

    # What the house asks of a channel.

    async def start(self) -> None:
        """Make the spool folder and begin to look into it: what waits there is taken first."""
        await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
        self._taking = True
        self._tools.spawn(self._look_for_ever(), "fax-spool")
        if any(gateway.hylafax_spool for gateway in self.options.gateways.values()):
            self._tools.spawn(self._compare_for_ever(), "fax-jobs")

    async def stop_intake(self) -> None:
        """Leave what comes from now on in the spool."""
        self._taking = False
        async with self._looking:
            return

    async def stop(self) -> None:
        """Nothing is open."""
        self._taking = False

    def addresses(self) -> dict[str, str]:
        """Return nothing: the webhook lives on the HTTP port."""
        return {}

    def health(self) -> Health:
        """Say whether the spool is being emptied."""
        return Health(ok=not self._trouble, detail=self._trouble, last_progress=self._tools.clock.now())

    def adopt(self, arrival: Arrival) -> Arrival | None:
        """Take over a mail in which a gateway hands over a fax; None when it is none of a gateway's."""
        said_by, peer = (str(arrival.envelope.get(name) or "") for name in ("mail_from", "peer"))
        name = is_gateway_mail(self.options, said_by, peer)
        if name is None:
            return None
        said = {"gateway": name, "mail": True, "region": self.options.region, "area_code": self.options.area_code}
        return replace(
            arrival,
            channel=self.name,
            line=self.options.gateways[name].line or arrival.line,
            envelope={**arrival.envelope, **said},
        )

    def compose(self, draft: Draft) -> Composed | None:
        """Fix an agent's fax.

        Raises:
            BadRequestError: it has no number, no gateway, or something in it cannot be faxed.
        """
        point = next((point for point in draft.to if point.kind in {"fax", "phone"}), None)
        number = _number(point)
        way = self._way_out(draft.line)
        payload = outgoing.pack(draft.text, draft.attachments)
        shown = point.display if point and point.display else number
        return Composed(
            payload=payload,
            meta={"number": number, "gateway": way},
            provider_id=None,
            sender=draft.agent,
            recipients=(("to", "", shown),),
            subject=draft.subject,
        )

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        """Draw a fax and hand it to its gateway."""
        number, name = str(outgoing.meta.get("number", "")), str(outgoing.meta.get("gateway", ""))
        gateway = self.options.gateways.get(name)
        if gateway is None or not ways.NUMBER.fullmatch(number) or not spool.JOB.fullmatch(outgoing.id):
            return Delivery(status="failed", detail="the fax's gateway is not configured any more")
        if gateway.hylafax_spool and outgoing.attempt > 1:
            before = await asyncio.to_thread(_handed_over, Path(gateway.hylafax_spool), outgoing.id)
            if before is not None:
                return Delivery(status="sent", provider_id=before)
        try:
            fax = await self._tools.work(render_fax, outgoing.payload)
        except ContactdError as error:
            return Delivery(status="retry", detail=error.text)
        if isinstance(fax, str):
            return Delivery(status="failed", detail=fax)
        values = {**ways.spellings(number, self.options.region), "{job}": outgoing.id}
        if not gateway.send_command:
            return await ways.by_mail(gateway, self.options.smtp, values, fax, self._tools.clock)
        with tempfile.TemporaryDirectory(prefix="contactd-fax-") as folder:
            file = Path(folder) / "fax.tif"
            await asyncio.to_thread(file.write_bytes, fax)
            return await ways.by_command(gateway, values, file)

    async def said(self, interaction: str, message: Mapping[str, Any]) -> None:
        """Nothing is live about a fax."""

    async def connect(self, change: Change) -> None:
        """Say that an assigned fax is answered: nobody waits at the other end."""
        await self._tools.answered(change.interaction, self._tools.clock.now())

    async def changed(self, change: Change) -> None:
        """Nothing outside follows a fax's state."""

    async def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002 - the contract names them
        """Refuse: a fax has no live commands.

        Raises:
            BadRequestError: always.
        """
        text = "a fax has no such command"
        raise BadRequestError(text, code="unknown_command")

    # In.

    def nudge(self) -> None:
        """Look into the spool now instead of at the next second."""
        self._wake.set()

    async def _look_for_ever(self) -> None:
        """Empty the spool once a second, or sooner when nudged."""
        while True:
            self._wake.clear()
            await self.empty_spool()
            try:
                async with asyncio.timeout(_LOOK_S):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def empty_spool(self) -> None:
        """Take every waiting fax in, oldest first; each is deleted only after its commit."""
        async with self._looking:
            try:
                waiting = await asyncio.to_thread(spool.waiting, self._folder)
                for path in waiting:
                    if not self._taking:
                        return
                    await self._take_file(path)
                for path in await asyncio.to_thread(spool.notices, self._folder):
                    await self._take_notice(path)
                self._trouble = ""
            except (BusyError, StoreDownError) as error:
                self._trouble = f"faxes wait in the spool: {error.code}"
            except OSError as error:
                self._trouble = f"the spool cannot be read: {error.strerror}"
                log.warning("fax.spool_trouble", errno=error.errno)

    async def _take_file(self, path: Path) -> None:
        """Take one file of the spool in."""
        try:
            found = await asyncio.to_thread(spool.load, path)
        except spool.SpoolError:
            log.warning("fax.not_a_fax", file=path.name)
            await asyncio.to_thread(spool.set_aside, path)
            return
        try:
            receipt = await self._accept("spool", found.key, found.data, found.envelope)
        except (BusyError, StoreDownError):
            raise
        except ContactdError as error:
            log.warning("fax.refused", file=path.name, code=error.code)
            return
        await asyncio.to_thread(path.unlink, missing_ok=True)
        log.info("fax.taken", interaction=receipt.interaction, duplicate=receipt.duplicate)

    async def _take_notice(self, path: Path) -> None:
        """Follow what the fax server said of a fax; what it says before the handing over is written waits a second."""
        try:
            notice = await asyncio.to_thread(spool.load_notice, path)
        except spool.SpoolError:
            log.warning("fax.not_a_notice", file=path.name)
            await asyncio.to_thread(spool.set_aside, path)
            return
        followed = await self._tools.followed(notice.job, notice.became, notice.detail)
        if followed != "early":
            await asyncio.to_thread(path.unlink, missing_ok=True)
            log.info("fax.followed", outbox=notice.job, became=notice.became, result=followed)

    async def _compare_for_ever(self) -> None:
        """Compare what was handed over with the fax server's own jobs, at the start and every minute."""
        while True:
            await self.compare()
            await asyncio.sleep(_COMPARE_S)

    async def compare(self) -> None:
        """Look up in the fax server's spool what became of what was handed over."""
        try:
            wanted = set(await self._tools.handed_over())
            for gateway in self.options.gateways.values():
                if gateway.hylafax_spool and wanted:
                    found = await asyncio.to_thread(_jobs, Path(gateway.hylafax_spool), wanted)
                    for job in found:
                        await self._tools.followed(job.tag, job.became, job.detail())
        except (BusyError, StoreDownError, OSError) as error:
            log.warning("fax.not_compared", error=type(error).__name__)

    async def _take(self, handed: Handed) -> Receipt:
        """Take what a webhook brought."""
        said = {**handed.envelope, "gateway": handed.gateway}
        return await self._accept("webhook", handed.key, handed.data, said)

    async def _accept(self, adapter: str, key: str, data: bytes, envelope: Mapping[str, Any]) -> Receipt:
        """Hand a fax to intake; its pages are drawn later, in a worker."""
        gateway = self.options.gateways.get(str(envelope.get("gateway", "")))
        rules = {"region": self.options.region, "area_code": self.options.area_code}
        return await self._tools.accept(
            Arrival(
                channel=self.name,
                adapter=adapter,
                external_key=key,
                raw=data,
                at=self._tools.clock.now(),
                sender=str(envelope.get("number", ""))[:80],
                recipient=str(envelope.get("to") or envelope.get("device") or "")[:80],
                line=gateway.line or None if gateway else None,
                subject="Fax",
                envelope={**envelope, **rules},
            ),
        )

    # Out.

    def _way_out(self, line: str) -> str:
        """Return the gateway that faxes of a line leave by: the line's own, else the first that sends.

        Raises:
            BadRequestError: none sends.
        """
        senders = [name for name, gateway in self.options.gateways.items() if gateway.send_command or gateway.mail_to]
        own = [name for name in senders if self.options.gateways[name].line == line]
        if not senders:
            text = "no fax gateway is configured (channels.fax.gateways)"
            raise BadRequestError(text, code="no_gateway")
        return (own or senders)[0]


def _number(point: Point | None) -> str:
    """Return what is dialled to reach a point.

    Raises:
        BadRequestError: there is none, or it is no number.
    """
    number = point.value.removeprefix("raw:").removeprefix("short:") if point else ""
    if not ways.NUMBER.fullmatch(number):
        text = "a fax needs a number to go to"
        raise BadRequestError(text, code="no_recipient", field="to")
    return number


def render_fax(payload: bytes) -> bytes | str:
    """Draw a fax in a worker process; return the TIFF, or why it can never be drawn."""
    try:
        return outgoing.render(payload)
    except outgoing.RenderError as error:
        return str(error)


def _jobs(place: Path, wanted: set[str]) -> list[hylafax.Job]:
    return list(hylafax.jobs(place, wanted))


def _handed_over(place: Path, job: str) -> str | None:
    """Return the fax server's number of a job of ours that it has already; None when it has none, or cannot be asked."""
    try:
        return next((found.number for found in hylafax.jobs(place, {job})), None)
    except OSError:
        return None
