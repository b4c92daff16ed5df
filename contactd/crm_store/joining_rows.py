"""Something further is said in a turn: the item gives up the interaction it came as."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, delete, update

from contactd.core.events import Unparked
from contactd.core.interaction import ResolveState, State
from contactd.core.party import Resolution
from contactd.crm_store import schema as s
from contactd.crm_store.event_rows import add_event
from contactd.crm_store.later import Later
from contactd.crm_store.message_rows import add_message
from contactd.crm_store.placing import Placed, Placing
from contactd.crm_store.statements import hot
from contactd.crm_store.turn_rows import UNPLACED, tell
from contactd.crm_store.write_conn import WriteConn

WAKES = frozenset({State.PARKED, State.WRAPUP})
"""States of a turn that what the customer says next ends."""
_JOIN_RECEIPT = hot(
    update(s.receipt)
    .where(s.receipt.c.id == bindparam("b_id"))
    .values(interaction_id=bindparam("b_interaction"), joined=True),
)
_JOIN_RAW = hot(
    update(s.raw).where(s.raw.c.receipt_id == bindparam("b_id")).values(interaction_id=bindparam("b_interaction")),
)
_DROP_EVENTS = hot(delete(s.interaction_event).where(s.interaction_event.c.interaction_id == bindparam("b_id")))
_DROP = hot(delete(s.interaction).where(s.interaction.c.id == bindparam("b_id"), UNPLACED))


def join(
    conn: WriteConn, later: Later, new: Placing, turn: Any, resolution: Resolution, thread: str, *, wakes: bool
) -> Placed:
    """Add the message to a turn of the conversation: place and age stay; what sleeps is woken if it `wakes`.

    Raises:
        ConflictError: it was placed before (or put away): it is not said twice.
    """
    later.flush()
    conn.run(_DROP_EVENTS, b_id=new.interaction)
    later.change(_DROP, b_id=new.interaction)
    later.flush()
    messages = tuple(add_message(conn, turn.id, thread, saying, new.at) for saying in new.sayings)
    conn.run(_JOIN_RECEIPT, b_id=new.receipt, b_interaction=turn.id)
    conn.run(_JOIN_RAW, b_id=new.receipt, b_interaction=turn.id)
    add_event(conn, turn.id, new.at, "joined", None, {"receipt": new.receipt})
    fact = Unparked(interaction=turn.id) if wakes and turn.state in WAKES else None
    if fact is not None:
        tell(later, new, fact)
    return Placed(
        interaction=turn.id,
        joined=True,
        state=turn.state,
        fact=fact,
        inbox_id=new.new_ids["fact"] if fact else None,
        resolution=Resolution(state=ResolveState(turn.resolve_state), party=turn.party_id)
        if turn.party_id
        else resolution,
        thread=thread,
        messages=messages,
    )
