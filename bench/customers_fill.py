"""Fill a store with made-up customers in bulk: rows made in memory and inserted many at a time, for measuring large stores.

The rows are those the server would have written: parties, points and claims, contacts, messages, and the index of words by the same
tokenizer.  Only the way they come in is shorter.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from contactd.core import tokens
from contactd.core.ids import RANDOM_BYTES, uuid7
from contactd.crm_store import agents, search_docs
from contactd.crm_store import schema as s
from contactd.crm_store.agents import Abilities
from contactd.crm_store.party_search import search_key
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import Store, WriteConn

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高", "伟芳娜敏静强磊军洋勇艳杰娟涛明超霞平刚桂英华"
TEXTS = (
    "您好，收到的盖碗碎了，请尽快补发一个。",
    "发票抬头需要修改，麻烦重新开具。",
    "我要投诉送货太慢，订单 INV-2024-{n:06}。",
    "想了解一下团购价格，谢谢。",
)
GROUP = 500
"""Customers of one unit."""
DOCS = 200
_NEW = {
    name: hot(insert(s.metadata.tables[name]))
    for name in ("party", "contact_point", "contact_claim", "interaction", "message")
}
OWNER, TEAM = "agent-own", "team-own"


class Filling:
    """Makes rows."""

    def __init__(self, store: Store, seed: int, contacts: int) -> None:
        """Fill `store` with `contacts` contacts for each customer, one of them with a message."""
        self.store = store
        self._dice = Random(seed)
        self._contacts = contacts
        self._made = 0
        self.parties: list[str] = []

    def ident(self) -> str:
        """Make an id, later ones sorting later."""
        self._made += 1
        return uuid7(1_600_000_000_000 + self._made, self._dice.randbytes(RANDOM_BYTES))

    async def people(self) -> None:
        """Hire who sees only their own or their team's customers."""

        def unit(conn: WriteConn) -> None:
            conn.execute(insert(s.team).values(id=TEAM, name="East", created_at=NOW))
            values = {"display_name": "Own", "role": "agent", "team": TEAM}
            agents.create(conn, OWNER, "own", values, Abilities(), now=NOW, actor=None)

        await self.store.write(unit)

    async def fill(self, size: int) -> None:
        """Make so many customers."""
        for at in range(0, size, GROUP):
            rows = self._rows(at, min(GROUP, size - at))
            docs = rows.pop("docs")

            def unit(conn: WriteConn, rows: dict[str, list[Any]] = rows) -> None:
                for name, many in rows.items():
                    conn.many(_NEW[name], many)

            await self.store.write(unit)
            for begin in range(0, len(docs), DOCS):
                for kind in (search_docs.PARTY, search_docs.MESSAGE):
                    some = [doc for which, doc in docs[begin : begin + DOCS] if which == kind]
                    await self.store.write(partial(search_docs.write, kind=kind, docs=some))

    def _rows(self, at: int, count: int) -> dict[str, list[Any]]:
        rows: dict[str, list[Any]] = {
            name: [] for name in ("party", "contact_point", "contact_claim", "interaction", "message", "docs")
        }
        for n in range(at, at + count):
            self._party(rows, n)
        return {name: many for name, many in rows.items() if many or name == "docs"}

    def _party(self, rows: dict[str, list[Any]], n: int) -> None:
        name = self._dice.choice(SURNAMES) + "".join(self._dice.choices(GIVEN, k=2))
        party = self.ident()
        whose = {"owner_id": OWNER if n % 50 == 0 else None, "team_id": TEAM if n % 5 == 0 else None}
        row = {
            "id": party,
            "canonical_id": party,
            "kind": "person",
            "display_name": name,
            "search_name": search_key(name),
        }
        rows["party"].append(row | whose | {"created_at": NOW, "updated_at": NOW - timedelta(seconds=n)})
        words = tokens.of_name(name)
        for kind, value in (("phone", f"+8613{n:09}"), ("phone", f"+8610{n:08}"), ("email", f"c{n}@example.com")):
            point = self.ident()
            rows["contact_point"].append(
                {
                    "id": point,
                    "kind": kind,
                    "value_norm": value,
                    "value_raw": value,
                    "display": value,
                    "e164": kind == "phone",
                }
                | {"first_seen": NOW, "last_seen": NOW}
            )
            claim = {"id": self.ident(), "contact_point_id": point, "party_id": party, "level": "asserted"}
            rows["contact_claim"].append(claim | {"source": "import", "valid_from": NOW})
            words += tokens.of_number(value) if kind == "phone" else tokens.of_text(value)
        rows["docs"].append((search_docs.PARTY, (party, party, "all", NOW, words)))
        for k in range(self._contacts + (100 if n == 0 else 0)):
            self._contact(rows, party, n, said=k == 0 or n == 0)
        self.parties.append(party)

    def _contact(self, rows: dict[str, list[Any]], party: str, n: int, *, said: bool) -> None:
        ident, at = self.ident(), NOW - timedelta(seconds=self._dice.randrange(30_000_000))
        row = {"id": ident, "channel": "email", "direction": "inbound", "adapter": "import", "external_key": ident}
        row |= {"line": "support", "state": "closed", "party_id": party, "resolve_state": "known", "subject": "咨询"}
        row["agent"] = f"agent-{n % 50}"
        rows["interaction"].append(
            row | dict.fromkeys(("state_since", "started_at", "queued_at", "ended_at", "created_at", "updated_at"), at)
        )
        if said:
            text, message = self._dice.choice(TEXTS).format(n=n), self.ident()
            about = {
                "id": message,
                "interaction_id": ident,
                "seq": 1,
                "direction": "inbound",
                "body_text": text,
                "at": at,
            }
            rows["message"].append(about)
            rows["docs"].append((search_docs.MESSAGE, (message, party, "all", at, tokens.of_text(text))))
