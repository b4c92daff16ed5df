"""The ways a fax leaves: a program of the fax server, or a mail to an address that faxes what it gets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib
import phonenumbers

from contactd.channels.fax.options import Gateway, Smtp
from contactd.core.channel import Clock, Delivery

NUMBER = re.compile(r"[+*#0-9]{1,32}")
"""All that may stand in a number that is dialled."""
_COMMAND_S = 120
_SMTP_S = 60
_HEARD = 4096
_NEVER = frozenset({64, 65, 66, 67, 68})
"""Exit codes that say the job itself is wrong (sysexits.h: usage, data, input, user, host): trying again changes nothing."""


def spellings(number: str, region: str) -> dict[str, str]:
    """Return the number as `{number}`, `{digits}` and `{national}` of a gateway's template."""
    national = digits = number.lstrip("+")
    if number.startswith("+"):
        with contextlib.suppress(phonenumbers.NumberParseException):
            parsed = phonenumbers.parse(number)
            home = parsed.country_code == phonenumbers.country_code_for_region(region)
            dialled = (
                phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL) if home else f"00{digits}"
            )
            national = "".join(re.findall(r"[*#0-9]", dialled))
    return {"{number}": number, "{digits}": digits, "{national}": national}


def fill(template: str, values: dict[str, str]) -> str:
    """Put values into a template; nothing else in it means anything."""
    for name, value in values.items():
        template = template.replace(name, value)
    return template


async def by_command(gateway: Gateway, values: dict[str, str], file: Path) -> Delivery:
    """Hand a fax to the gateway's program: exit 0 = it has it, 64 to 68 = it never will, anything else = try again."""
    command = [fill(part, {**values, "{file}": str(file)}) for part in gateway.send_command]
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    except OSError as error:
        return Delivery(status="retry", detail=f"the send command cannot be started: {error.strerror}")
    try:
        async with asyncio.timeout(_COMMAND_S):
            heard = await _hear(process)
            code = await process.wait()
    except TimeoutError:
        return Delivery(status="maybe", detail="the send command did not come back")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            await process.wait()
    if code == 0:
        return Delivery(status="sent", provider_id=heard[:64] or None)
    return Delivery(status="failed" if code in _NEVER else "retry", detail=f"exit {code}: {heard[:200]}")


async def _hear(process: asyncio.subprocess.Process) -> str:
    """Return the first line the program says; the rest is read and dropped."""
    assert process.stdout is not None  # noqa: S101 - it was asked for
    kept = b""
    while chunk := await process.stdout.read(_HEARD):
        kept = (kept + chunk)[:_HEARD]
    first = kept.decode("utf-8", "replace").strip().split("\n", 1)[0]
    return "".join(c for c in first if c.isprintable())


async def by_mail(gateway: Gateway, smtp: Smtp, values: dict[str, str], fax: bytes, clock: Clock) -> Delivery:
    """Mail a fax to the gateway's address for that number, under a Message-ID that stays the same at every attempt."""
    mail = EmailMessage()
    domain = smtp.sender.rpartition("@")[2] or "localhost"
    mail["From"], mail["To"] = smtp.sender, fill(gateway.mail_to, values)
    mail["Subject"] = f"Fax to {values['{number}']}"
    mail["Date"] = format_datetime(clock.now())
    mail["Message-ID"] = f"<fax-{values['{job}']}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content("")
    mail.add_attachment(fax, maintype="image", subtype="tiff", filename="fax.tif")
    try:
        await aiosmtplib.send(
            mail,
            hostname=smtp.host,
            port=smtp.port,
            username=smtp.username or None,
            password=smtp.password or None,
            use_tls=smtp.security == "tls",
            start_tls=smtp.security == "starttls",
            timeout=_SMTP_S,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        codes = [refused.code for refused in error.recipients]
        never = all(code >= 500 for code in codes)  # noqa: PLR2004 - RFC 5321: 5yz is for good
        return Delivery(status="failed" if never else "retry", detail=f"recipient refused: {codes}")
    except aiosmtplib.SMTPResponseException as error:
        never = error.code >= 500  # noqa: PLR2004 - RFC 5321: 5yz is for good
        return Delivery(status="failed" if never else "retry", detail=f"the mail server said {error.code}")
    except (aiosmtplib.SMTPException, OSError) as error:
        return Delivery(status="retry", detail=f"the mail server cannot be used: {type(error).__name__}")
    return Delivery(status="sent", provider_id=str(mail["Message-ID"]))
