"""What a visitor says on its way into the store, and the conversation as the visitor may see it."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import asdict, dataclass

from contactd.channels.chat import wire
from contactd.channels.chat.identity import Identity, verify
from contactd.channels.chat.options import Options
from contactd.channels.chat.visitor import GONE, Visitor, Visitors, external_key
from contactd.clock import rfc3339
from contactd.core.address import email, phone_point, visitor_point
from contactd.core.buckets import Buckets
from contactd.core.channel import Arrival, Content, Tools
from contactd.core.errors import BusyError, ConflictError, NotFoundError
from contactd.core.message import NewMessage
from contactd.core.party import Point

ADAPTER = "widget"
_SUBJECT_CHARS = 80


@dataclass(frozen=True, slots=True)
class Safe:
    """A line that is safe: the stored message's id, place and time."""

    id: str
    seq: int
    at: str


class Talk:
    """Brings lines into conversations, opening one where none is open."""

    def __init__(self, name: str, options: Options, tools: Tools, visitors: Visitors) -> None:
        self._name = name
        self._options = options
        self._tools = tools
        self._visitors = visitors
        self._begun = Buckets(options.limits.conversations_per_minute)

    async def say(self, visitor: Visitor, line: wire.Say, ip: str) -> Safe:
        """Store a line; return after the commit.

        Raises:
            BusyError: too much is waiting, or too many conversations begin from `ip`.
            StoreDownError: the store cannot commit now.
        """
        async with visitor.lock:
            if visitor.interaction is not None:
                joined = await self._join(visitor, visitor.interaction, line)
                if joined is not None:
                    return joined
            return await self._begin(visitor, line, ip)

    async def _join(self, visitor: Visitor, interaction: str, line: wire.Say) -> Safe | None:
        """Add a line to the current conversation; None when that is over and the line is not in it."""
        try:
            said = await self._tools.joined(interaction, self._message(visitor, line))
        except (ConflictError, NotFoundError):
            earlier = await self._stored(interaction, line.client_id)
            if earlier is None and visitor.interaction == interaction:
                self._visitors.release(visitor)
            return earlier
        return Safe(said.id, said.seq, rfc3339(said.at))

    async def _begin(self, visitor: Visitor, line: wire.Say, ip: str) -> Safe:
        """Open a conversation with its first line."""
        now = self._tools.clock.now()
        if not self._begun.take(ip, self._tools.clock.monotonic()):
            text = "too many conversations from one address"
            raise BusyError(text, code="rate")
        key = external_key(visitor.site, visitor.id, line.client_id)
        receipt = await self._tools.accept(self._arrival(visitor, line, key), self._content(visitor, line))
        if not receipt.duplicate or await self._is_open(key):
            self._visitors.bind(visitor, receipt.interaction, key)
            if visitor.state in {"new", "ended"}:
                visitor.state = "queued"
        return await self._stored(receipt.interaction, line.client_id) or Safe(receipt.id, 1, rfc3339(now))

    async def _is_open(self, key: str) -> bool:
        """Tell whether the conversation with that key still goes on."""
        found = await self._tools.find(ADAPTER, key)
        return found is not None and found.get("state") not in GONE

    async def _stored(self, interaction: str, client_id: str) -> Safe | None:
        """Return the visitor's line `client_id` as it stands in the store."""
        for shown in await self._latest(interaction):
            if shown["client_id"] == client_id:
                return Safe(str(shown["id"]), int(shown["seq"] or 0), str(shown["at"]))
        return None

    async def _latest(self, interaction: str) -> list[wire.Event]:
        """Return a conversation's latest messages, as many as fit into a visitor's queue; the store gives them in pages."""
        latest: deque[wire.Event] = deque(maxlen=max(1, self._options.limits.send_queue * 3 // 4))
        after = 0
        while views := await self._tools.transcript(interaction, after):
            latest.extend(event for event in map(wire.message, views) if event)
            after = max(int(view["seq"]) for view in views)
        return list(latest)

    async def history(self, visitor: Visitor, last_id: str | None) -> list[wire.Event]:
        """Return the current conversation after the message `last_id`; the whole of it when that is not in it."""
        if visitor.interaction is None:
            return []
        shown = await self._latest(visitor.interaction)
        if visitor.state in {"active", "held", "parked"} and not visitor.agent_name:
            # After a restart the store knows the agent by id only: their last line has the name.
            visitor.agent_name = next((str(event["name"]) for event in reversed(shown) if event["name"]), "")
        ids = [event["id"] for event in shown]
        return shown[ids.index(last_id) + 1 :] if last_id in ids else shown

    def _arrival(self, visitor: Visitor, line: wire.Say, key: str) -> Arrival:
        """Describe the line that opens a conversation."""
        profile = {name: value for name, value in asdict(visitor.profile).items() if value and name != "identity"}
        raw = {"site": visitor.site, "visitor": visitor.id, **asdict(line), "profile": profile}
        site = self._options.sites[visitor.site]
        return Arrival(
            channel=self._name,
            adapter=ADAPTER,
            external_key=key,
            raw=json.dumps(raw, ensure_ascii=False).encode(),
            at=self._tools.clock.now(),
            sender=visitor.profile.email or visitor.profile.phone or visitor.id[:8],
            recipient=visitor.site,
            line=site.line or None,
            subject=_subject(line.text),
            envelope={"site": visitor.site, "page": visitor.profile.page, "lang": visitor.profile.lang},
        )

    def _content(self, visitor: Visitor, line: wire.Say) -> Content:
        """Return what the line is: there is nothing to parse."""
        proved = self._proved(visitor)
        return Content(
            subject=_subject(line.text),
            messages=(self._message(visitor, line),),
            sender=self._point(visitor, proved),
            sender_name=proved.name if proved and proved.name else visitor.profile.name,
            language=visitor.profile.lang or None,
            verified_sender=proved is not None,
            claimed_sender=proved is None,
        )

    def _proved(self, visitor: Visitor) -> Identity | None:
        """Return who the site says its visitor is, when it signed that."""
        secret = self._options.sites[visitor.site].identity_secret
        now = self._tools.clock.now()
        found = verify(visitor.profile.identity, secret=secret, site=visitor.site, now=now)
        return found if found and (found.email or found.phone) else None

    def _point(self, visitor: Visitor, proved: Identity | None) -> Point:
        """Return the contact point a conversation comes from: what was signed, what was typed, or the visitor alone."""
        source = proved or visitor.profile
        given = email(source.email) or phone_point(source.phone, region=self._options.region)
        return given or visitor_point(visitor.site, visitor.id)

    def _message(self, visitor: Visitor, line: wire.Say) -> NewMessage:
        """Return the line as a message to be stored."""
        return NewMessage(
            direction="inbound",
            sender=visitor.id[:16],
            sender_name=visitor.profile.name,
            text=line.text,
            sent_at=self._tools.clock.now(),
            provider_id=line.client_id,
        )


def _subject(text: str) -> str:
    """Return the beginning of a line, as a subject."""
    first = text.split("\n", 1)[0]
    return first if len(first) <= _SUBJECT_CHARS else f"{first[: _SUBJECT_CHARS - 1]}…"
