"""An IMAP server that only knows a script: for the habits of NetEase, tokens, and servers that break."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field

CODE, TOKEN = "授权码".encode().hex(), "ya29.token"


@dataclass
class ImapDouble:
    """One mailbox; the switches say how it misbehaves."""

    mails: dict[int, bytes] = field(default_factory=dict)
    uidvalidity: int = 1
    capabilities: str = "IMAP4rev1 XLIST SPECIAL-USE ID LITERAL+ STARTTLS UIDPLUS X-NETEASE"
    wants_id: bool = True
    tells_uidnext: bool = True
    refused: dict[int, str] = field(default_factory=dict)
    """UID → `no` (the server gives nothing), `kill` (the connection ends) or `halves` (only head and text by themselves)."""
    said: list[str] = field(default_factory=list)
    """Commands as they came, without tags and secrets."""
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._open):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        session = Session(self, writer)
        writer.write(b"* OK IMAP4 ready\r\n")
        try:
            while line := await reader.readline():
                if not await session.take(line.decode().strip(), reader):
                    break
        except ConnectionError:
            pass
        finally:
            self._open.discard(writer)
            writer.close()


class Session:
    """One connection."""

    def __init__(self, house: ImapDouble, writer: asyncio.StreamWriter) -> None:
        self.house = house
        self.writer = writer
        self.introduced = False

    def say(self, *lines: str | bytes) -> None:
        for line in lines:
            self.writer.write((line if isinstance(line, bytes) else line.encode()) + b"\r\n")

    async def take(self, line: str, reader: asyncio.StreamReader) -> bool:
        tag, _, rest = line.partition(" ")
        words = rest.split(" ")
        name = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
        self.house.said.append(name)
        act: Callable[[str, str], object] | None = getattr(self, "do_" + name.replace(" ", "_").lower(), None)
        if name == "AUTHENTICATE":
            await self.authenticate(tag, reader)
        elif act is None:
            self.say(f"{tag} BAD unknown")
        else:
            return act(tag, rest) is not False
        return True

    async def authenticate(self, tag: str, reader: asyncio.StreamReader) -> None:
        self.say("+ ")
        proof = base64.b64decode(await reader.readline()).decode()
        fine = proof == f"user=desk\x01auth=Bearer {TOKEN}\x01\x01"
        self.say(f"{tag} OK in" if fine else f"{tag} NO [AUTHENTICATIONFAILED] invalid token")

    def do_capability(self, tag: str, _rest: str) -> None:
        self.say(f"* CAPABILITY {self.house.capabilities}", f"{tag} OK done")

    def do_login(self, tag: str, rest: str) -> None:
        fine = CODE in rest
        self.say(f"{tag} OK LOGIN completed" if fine else f"{tag} NO LOGIN Login error or password error")

    def do_id(self, tag: str, _rest: str) -> None:
        self.introduced = True
        self.say("* ID NIL", f"{tag} OK ID completed")

    def do_examine(self, tag: str, rest: str) -> None:
        house = self.house
        if house.wants_id and not self.introduced:
            self.say(
                f"{tag} NO {rest.split(' ', maxsplit=1)[0].upper()} Unsafe Login. Please contact kefu@188.com for help"
            )
            return
        self.say(f"* {len(house.mails)} EXISTS", "* 0 RECENT", f"* OK [UIDVALIDITY {house.uidvalidity}] UIDs valid")
        if house.tells_uidnext:
            self.say(f"* OK [UIDNEXT {max(house.mails, default=0) + 1}] next")
        self.say(f"{tag} OK [READ-ONLY] done")

    do_select = do_examine

    def do_status(self, tag: str, _rest: str) -> None:
        if self.house.tells_uidnext:
            self.say(f'* STATUS "INBOX" (UIDNEXT {max(self.house.mails, default=0) + 1})', f"{tag} OK done")
        else:
            self.say(f"{tag} NO not here")

    def do_uid_search(self, tag: str, rest: str) -> None:
        asked = re.search(r"UID (\d+):(\d+|\*)", rest.partition("SEARCH")[2])
        low, high = (int(asked[1]), asked[2]) if asked else (0, "*")
        top = max(self.house.mails, default=0)
        found = [uid for uid in self.house.mails if low <= uid <= (top if high == "*" else int(high))]
        if asked and high == "*" and top and top not in found:
            found.append(top)
        self.say("* SEARCH " + " ".join(map(str, found)), f"{tag} OK done")

    def do_uid_fetch(self, tag: str, rest: str) -> bool:
        asked = re.search(r"FETCH ([\d,:]+) \((.*)\)", rest)
        assert asked
        for uid in sorted(uids(asked[1]) & self.house.mails.keys()):
            raw, how = self.house.mails[uid], self.house.refused.get(uid)
            if "RFC822.SIZE" in asked[2]:
                self.say(f"* {uid} FETCH (UID {uid} RFC822.SIZE {len(raw)})")
                continue
            if how == "kill":
                return False
            if how == "no" or (how == "halves" and "BODY.PEEK[]" in asked[2]):
                if how == "no":
                    self.say(f"{tag} NO server bug")
                    return True
                self.say(f"* {uid} FETCH (UID {uid} BODY[] NIL)")
                continue
            head, _, text = raw.partition(b"\r\n\r\n")
            for item, part in (
                ("BODY[]", raw),
                ("BODY[HEADER]", head + b"\r\n\r\n"),
                ("BODY[TEXT]", text),
            ):
                if item.replace("BODY", "BODY.PEEK") in asked[2]:
                    self.say(f"* {uid} FETCH (UID {uid} {item} {{{len(part)}}}".encode() + b"\r\n" + part + b")")
        self.say(f"{tag} OK done")
        return True

    def do_noop(self, tag: str, _rest: str) -> None:
        self.say(f"{tag} OK done")

    def do_logout(self, tag: str, _rest: str) -> bool:
        self.say("* BYE", f"{tag} OK done")
        return False


def uids(text: str) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition(":")
        found |= set(range(int(low), int(high or low) + 1))
    return found
