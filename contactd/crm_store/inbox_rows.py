"""Facts for the router, put into the inbox in the unit that made them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from contactd.core.events import Fact
from contactd.core.journal import encode
from contactd.crm_store.schema import fact_inbox
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

NEW_FACT = hot(insert(fact_inbox))


def fact_row(fact: Fact, *, ident: str, node: str, now: datetime) -> dict[str, Any]:
    """Make the row of `NEW_FACT`; the arguments are those of `tell`."""
    return {"id": ident, "node": node, "at": now, "kind": type(fact).__name__, "payload": encode(fact)}


def tell(conn: WriteConn, fact: Fact, *, ident: str, node: str, now: datetime) -> None:
    """Put a fact into the inbox; whoever holds the router takes it from there.

    Args:
        conn: the unit's transaction.
        fact: what happened.
        ident: a new id for the row.
        node: who writes it.
        now: the moment.
    """
    conn.run(NEW_FACT, **fact_row(fact, ident=ident, node=node, now=now))
