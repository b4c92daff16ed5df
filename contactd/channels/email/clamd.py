"""A mail shown to a virus scanner: clamd's INSTREAM, over the network or a socket of this machine."""

from __future__ import annotations

import asyncio
import re
import struct

CHUNK = 256 * 1024
MAX_ANSWER = 4096
_FOUND = re.compile(rb"^stream: (.{1,300}?) FOUND\s*$")


class ScanError(Exception):
    """The scanner gave no verdict."""


async def scan(raw: bytes, address: str, seconds: float) -> str:
    """Return the name of what was found in a mail; empty = nothing.

    Args:
        raw: the mail; clamd takes it to pieces itself.
        address: `host:port`, or the path of a socket.
        seconds: how long it may take.

    Raises:
        ScanError: it cannot be reached, does not answer in time, or refuses (a mail beyond its StreamMaxLength).
    """
    try:
        async with asyncio.timeout(seconds):
            answer = await _ask(raw, address)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
        raise ScanError(type(error).__name__) from None
    found = _FOUND.match(answer)
    if found is not None:
        return found[1].decode("ascii", "replace")
    if answer.strip() == b"stream: OK":
        return ""
    text = "no verdict"
    raise ScanError(text)


async def _ask(raw: bytes, address: str) -> bytes:
    """Send a mail; return the answer without its final NUL."""
    if address.startswith("/"):
        reader, writer = await asyncio.open_unix_connection(address, limit=MAX_ANSWER)
    else:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), limit=MAX_ANSWER)
    try:
        writer.write(b"zINSTREAM\0")
        for at in range(0, len(raw), CHUNK):
            piece = raw[at : at + CHUNK]
            writer.write(struct.pack(">I", len(piece)) + piece)
            await writer.drain()
        writer.write(struct.pack(">I", 0))
        await writer.drain()
        return (await reader.readuntil(b"\0"))[:-1]
    finally:
        writer.close()
