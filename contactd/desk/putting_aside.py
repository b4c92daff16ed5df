"""Facts that fail alone twice: put aside, so that those behind them go on."""

from __future__ import annotations

from functools import partial

import structlog

from contactd.clock import Clock
from contactd.core.events import Fact
from contactd.crm_store import routing_rows
from contactd.crm_store.store import Store
from contactd.desk.idents import Idents
from contactd.desk.publisher import Publisher

log = structlog.get_logger(__name__)


async def put_aside(
    store: Store,
    publisher: Publisher,
    idents: Idents,
    clock: Clock,
    fact: Fact,
    inbox_id: str,
) -> None:
    """Put aside a fact that failed alone twice: its inbox row says so, and supervisors are told."""
    log.error("fact.put_aside", fact=type(fact).__name__, interaction=getattr(fact, "interaction", None))
    if inbox_id:
        await store.write(partial(routing_rows.spoil, inbox_id=inbox_id, error="it failed twice"), urgent=True)
    publisher.alert(idents.new(), clock.now(), "fact_failed", interaction=getattr(fact, "interaction", None))
