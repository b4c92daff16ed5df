"""SMTP out: one attempt to give a composed mail to the smarthost, and what became of it.

`retry` when it may work later, `failed` when it never will, `maybe` when the connection was lost after the mail was on
its way: then only the smarthost knows.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Sequence

import aiosmtplib
import structlog
from aiosmtplib import SMTPResponseException

from contactd.channels.email.headers import clean
from contactd.channels.email.options import Outbound
from contactd.core.channel import Delivery, Fate

log = structlog.get_logger(__name__)

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b")
_XTEXT = re.compile(r"[A-Za-z0-9._-]{1,100}")
"""What may stand in ENVID as it is (RFC 3461, 4)."""
_TEMPORARY = 400
_PERMANENT = 500
_MIN_BYTES_S = 10_000
_PATIENT_ATTEMPTS = 3
"""So many attempts wait for a recipient that is put off, before the others get their mail without it."""


class Smarthost:
    """A mail system we give our mail to."""

    def __init__(self, options: Outbound, hostname: str) -> None:
        self._options = options
        self._hostname = hostname

    async def send(
        self, payload: bytes, mail_from: str, recipients: Sequence[str], attempt: int, ident: str = ""
    ) -> Delivery:
        """Make one attempt; `ident` comes back with what a mail system reports later."""
        if not self._options.host:
            return Delivery(status="retry", detail="no smarthost is configured")
        client = self._client()
        try:
            await client.connect()
            await _greet(client)
        except (aiosmtplib.SMTPException, OSError, ssl.SSLError, ValueError) as error:
            client.close()
            return Delivery(status="retry", detail=_told(error))
        try:
            return await self._transact(client, payload, mail_from, recipients, attempt, ident)
        finally:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=5)
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        """Make a client: with a password, or when told so, TLS is required and the certificate checked."""
        options = self._options
        must = options.security in {"starttls", "tls"} or bool(options.password)
        start = {"auto": True if must else None, "none": False, "starttls": True, "tls": False}[options.security]
        return aiosmtplib.SMTP(
            hostname=options.host,
            port=options.port,
            username=options.username or None,
            password=options.password or None,
            local_hostname=self._hostname,
            timeout=options.seconds,
            use_tls=options.security == "tls",
            start_tls=start,
            validate_certs=must,
            cert_bundle=str(options.ca_file) if options.ca_file else None,
        )

    async def _transact(
        self,
        client: aiosmtplib.SMTP,
        payload: bytes,
        mail_from: str,
        recipients: Sequence[str],
        attempt: int,
        ident: str,
    ) -> Delivery:
        """Send envelope and text over an open connection."""
        wishes = [f"SIZE={len(payload)}"] if client.supports_extension("size") else []
        reports = self._reports(client, mail_from)
        if reports:
            wishes += ["RET=HDRS", *([f"ENVID={ident}"] if _XTEXT.fullmatch(ident) else [])]
        try:
            await client.mail(mail_from, options=wishes)
            refused = await _offer(client, recipients, reports)
        except SMTPResponseException as error:
            return _judged(error)
        except (aiosmtplib.SMTPException, OSError) as error:
            return Delivery(status="retry", detail=_told(error))
        put_off = any(error.code < _PERMANENT for error in refused)
        if len(refused) == len(recipients) or (put_off and attempt <= _PATIENT_ATTEMPTS):
            status = "retry" if put_off else "failed"
            fates = _fates(refused) if status == "failed" else ()
            return Delivery(status=status, detail="; ".join(_told(error) for error in refused)[:500], fates=fates)
        try:
            response = await client.data(payload, timeout=self._options.seconds + len(payload) / _MIN_BYTES_S)
        except SMTPResponseException as error:
            # An answer that is none (aiosmtplib calls it -1) says as little as a lost connection.
            return _judged(error) if error.code >= _TEMPORARY else Delivery(status="maybe", detail=_told(error))
        except (aiosmtplib.SMTPException, OSError) as error:
            return Delivery(status="maybe", detail=_told(error))
        detail = "; ".join([clean(response.message, 200), *(f"not to {_told(error)}" for error in refused)])
        return Delivery(status="sent", detail=detail[:500], fates=_fates(refused))

    def _reports(self, client: aiosmtplib.SMTP, mail_from: str) -> list[str]:
        """Return what is said with each recipient so that we hear what becomes of the mail; what wants no answer asks for none."""
        if self._options.dsn == "off" or not client.supports_extension("dsn"):
            return []
        if not mail_from:
            return ["NOTIFY=NEVER"]
        return ["NOTIFY=SUCCESS,FAILURE,DELAY" if self._options.dsn == "all" else "NOTIFY=FAILURE,DELAY"]


async def _greet(client: aiosmtplib.SMTP) -> None:
    """Say EHLO where the log-in or TLS has not: only then it is known what the smarthost offers."""
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:
            await client.helo()


async def _offer(
    client: aiosmtplib.SMTP, recipients: Sequence[str], wishes: Sequence[str] = ()
) -> list[aiosmtplib.SMTPRecipientRefused]:
    """Name the recipients; return the refusals."""
    refused: list[aiosmtplib.SMTPRecipientRefused] = []
    for recipient in recipients:
        try:
            await client.rcpt(recipient, options=list(wishes))
        except aiosmtplib.SMTPRecipientRefused as error:
            refused.append(error)
    return refused


def _fates(refused: Sequence[aiosmtplib.SMTPRecipientRefused]) -> tuple[Fate, ...]:
    """Say what a refusal means for each address: for ever, or that this mail did not get through."""
    return tuple(
        Fate(address=error.recipient, action="failed", status=_status(error), detail=_told(error)) for error in refused
    )


def _status(error: aiosmtplib.SMTPRecipientRefused) -> str:
    """Return the enhanced status code; where the answer has none, only its class: what a 550 means, everybody decides alone."""
    found = _ENHANCED.match(error.message)
    if found is not None:
        return found[0]
    return "5.7.0" if error.code >= _PERMANENT else "4.0.0"


def _judged(error: SMTPResponseException) -> Delivery:
    """Tell a refusal for ever from one for now."""
    return Delivery(status="failed" if error.code >= _PERMANENT else "retry", detail=_told(error))


def _told(error: Exception) -> str:
    """Return what the other side said, in one short line; never what we said to it."""
    if isinstance(error, aiosmtplib.SMTPRecipientRefused):
        return clean(f"{error.recipient}: {error.code} {error.message}", 200)
    if isinstance(error, aiosmtplib.SMTPAuthenticationError):
        return f"log-in refused ({error.code})"
    if isinstance(error, SMTPResponseException):
        return clean(f"{error.code} {error.message}", 200)
    return clean(f"{type(error).__name__}: {error}", 200)
