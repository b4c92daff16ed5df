"""What a server in front says of the client it stands for: XCLIENT and XFORWARD as Postfix speaks them, and the PROXY protocol.

Only a connection from one of the networks in `smtp.front` is believed.  What it says takes the place of its own address in limits,
in SPF and in what is kept with the mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Any

from aiosmtpd.smtp import SMTP, syntax

from contactd.channels.email.door import Door, printable

PROXY_S = 5.0
"""How long the header of the PROXY protocol may take."""
_NAMES = frozenset(
    ("NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN", "DESTADDR", "DESTPORT", "REVERSE_NAME", "IDENT", "SOURCE")
)
_UNKNOWN = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})
_CODED = re.compile(r"\+([0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Origin:
    """The client a server in front stands for; None: it has not said."""

    address: str | None = None
    """Empty: it does not know."""
    helo: str | None = None


def told(words: str, before: Origin) -> Origin | None:
    """Read the attributes of XCLIENT or XFORWARD over those told before; None where they are none.

    Postfix, XCLIENT_README and XFORWARD_README: NAME=value, values in xtext (RFC 3461 section 4), IPv6 after `IPV6:`.
    """
    found = before
    for word in words.split():
        name, given, coded = word.partition("=")
        if not given or name.upper() not in _NAMES:
            return None
        value = "" if coded.upper() in _UNKNOWN else _CODED.sub(lambda code: chr(int(code[1], 16)), coded)
        if name.upper() == "HELO":
            found = replace(found, helo=printable(value)[:255])
        elif name.upper() == "ADDR":
            address = _address(value)
            if address is None:
                return None
            found = replace(found, address=address)
    return found if words.split() else None


def _address(text: str) -> str | None:
    plain = text[5:] if text[:5].upper() == "IPV6:" else text
    try:
        return str(ip_address(plain)) if plain else ""
    except ValueError:
        return None


class Fronted(SMTP):
    """A connection that may come from a server in front."""

    _door: Door
    client: str
    """What it is counted under."""
    fronted = False
    """Whether what it says of a client is believed."""
    origin = Origin()
    forwarded: Origin | None = None
    """Whom the next mail comes from, where that was said for it alone."""

    @syntax("XCLIENT attribute=value ...")
    async def smtp_XCLIENT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd finds commands by name
        """Stand for a client from now on; the session begins anew."""
        found = await self._heard(arg, self.origin)
        if found is None:
            return
        refusal = self._count(found.address) if found.address else None
        if refusal is not None:
            await self.push(refusal)
            self._leave()
            return
        self.origin = found
        session: Any = self.session
        session.host_name = None
        session.extended_smtp = False
        self.forwarded = None
        self._set_rset_state()  # type: ignore[no-untyped-call]
        await self.push(f"220 {self.hostname} {self.__ident__}")

    @syntax("XFORWARD attribute=value ...")
    async def smtp_XFORWARD(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd finds commands by name
        """Hear whom the next mail comes from."""
        found = await self._heard(arg, self.forwarded or self.origin)
        if found is not None:
            self.forwarded = found
            await self.push("250 2.0.0 OK")

    def proxied(self, data: Any) -> bool:
        """Stand for the client that the PROXY header names; False: it is not believed, or there is no room for it."""
        if not self.fronted or not data.valid:
            return False
        # Whoever is behind a proxy says nothing about anybody else.
        self.fronted = False
        if data.src_addr is None:
            return True
        self.origin = Origin(address=str(data.src_addr))
        return self._count(str(data.src_addr)) is None

    def speaks_for(self) -> Origin:
        """Return whom the mail that was just taken comes from; what was said for it alone is over then."""
        found, self.forwarded = self.forwarded or self.origin, None
        return found

    async def _heard(self, arg: str | None, before: Origin) -> Origin | None:
        """Return what a command tells, or answer why it is not heard."""
        envelope: Any = self.envelope
        if not self.fronted:
            await self.push("550 5.7.1 not from here")
        elif envelope.mail_from is not None:
            await self.push("503 5.5.1 a mail has begun")
        else:
            found = told(arg or "", before)
            if found is not None:
                return found
            await self.push("501 5.5.4 bad attributes")
        return None

    def _count(self, address: str) -> str | None:
        """Count the connection under the client it stands for; return the refusal where that one has too many."""
        self._door.leave(self, self.client)  # type: ignore[arg-type]
        self.client = self._door.rates.client((address,))
        return self._door.greet(self, self.client)  # type: ignore[arg-type]

    def _leave(self) -> None:
        if self.transport is not None:
            self.transport.close()
