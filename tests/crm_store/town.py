"""A small town: customers, agents and their history, put into a store row by row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from contactd.core.party import Point
from contactd.crm_store import agents, claims, parties, schema
from contactd.crm_store.statements import insert
from contactd.crm_store.store import Store, WriteConn
from contactd.testing.clock import MONDAY


@dataclass
class Town:
    """Makes rows, in units of their own."""

    store: Store
    at: datetime = MONDAY
    made: int = 0

    def new_id(self, kind: str) -> str:
        self.made += 1
        return f"{kind}-{self.made:04}"

    async def unit(self, *steps: Callable[[WriteConn], Any]) -> None:
        await self.store.write(lambda conn: [step(conn) for step in steps] and None)

    async def party(self, name: str, *points: Point, level: str = "asserted", **values: Any) -> str:
        ident = self.new_id("party")
        idents = [(self.new_id("point"), self.new_id("claim"), point) for point in points]

        def unit(conn: WriteConn) -> None:
            fields = {"display_name": name, "kind": "person"} | values
            parties.create(conn, ident, fields, now=self.at, actor="test")
            for point_id, claim_id, point in idents:
                known = claims.point_id(conn, point_id, point, now=self.at)
                claims.claim(conn, claim_id, known, ident, level=level, source="agent", now=self.at)

        await self.store.write(unit)
        self.at += timedelta(minutes=1)
        return ident

    async def merge(self, loser: str, survivor: str) -> None:
        await self.store.write(
            lambda conn: conn.execute(
                schema.party.update().where(schema.party.c.id == loser).values(canonical_id=survivor)
            ),
        )

    async def agent(self, name: str, *, skills: tuple[tuple[str, int], ...] = (), **values: Any) -> str:
        ident = self.new_id("agent")
        abilities = agents.Abilities(skills=skills, lines=("support",))
        await self.store.write(
            lambda conn: agents.create(conn, ident, name, values, abilities, now=self.at, actor="test"),
        )
        return ident

    async def interaction(self, party: str | None = None, *texts: str, **values: Any) -> str:
        """A contact with a message for each text; every one begins a minute after the one before."""
        ident = self.new_id("interaction")
        self.at += timedelta(minutes=1)
        at = self.at
        row = {
            "id": ident,
            "channel": "email",
            "direction": "inbound",
            "adapter": "smtp",
            "external_key": ident,
            "line": "support",
            "state": "closed",
            "state_since": at + timedelta(seconds=90),
            "party_id": party,
            "resolve_state": "known" if party else "unknown",
            "subject": f"about {ident}",
            "started_at": at,
            "queued_at": at,
            "ended_at": at + timedelta(seconds=90),
            "created_at": at,
            "updated_at": at,
        } | values
        said = [
            {
                "id": self.new_id("message"),
                "interaction_id": ident,
                "seq": seq,
                "thread_id": row.get("thread_id"),
                "direction": "inbound",
                "sender": "li@example.com",
                "body_text": text,
                "provider_id": f"<{ident}-{seq}@example.com>",
                "at": at + timedelta(seconds=seq),
            }
            for seq, text in enumerate(texts, start=1)
        ]
        inserts = [insert(schema.interaction).values(**row), *(insert(schema.message).values(**one) for one in said)]
        await self.unit(*((lambda conn, one=one: conn.execute(one)) for one in inserts))
        return ident

    async def received(self, ident: str, raw: bytes, *, blob: bool = False, **values: Any) -> str:
        """The receipt and the raw bytes that an interaction began with."""
        receipt = self.new_id("receipt")
        digest = hashlib.sha256(raw).hexdigest()
        row = {
            "id": receipt,
            "channel": "email",
            "adapter": "smtp",
            "external_key": ident,
            "digest": digest,
            "at": self.at,
            "interaction_id": ident,
        } | values
        bytes_row = {
            "receipt_id": receipt,
            "interaction_id": ident,
            "size": len(raw),
            "inline": None if blob else raw,
            "blob": self.store.blobs.put(raw) if blob else None,
            "digest": digest,
        }
        await self.unit(
            lambda conn: conn.execute(insert(schema.receipt).values(**row)),
            lambda conn: conn.execute(insert(schema.raw).values(**bytes_row)),
        )
        return receipt


def phone(value: str, ext: str = "", *, shared: bool = False) -> Point:
    return Point(kind="phone", value=value, raw=value, ext=ext, display=value, shared=shared)


def mail(value: str, *, shared: bool = False) -> Point:
    return Point(kind="email", value=value, raw=value, display=value, shared=shared)
