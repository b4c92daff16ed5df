"""What becomes of mail that nobody wrote: it is told of where it belongs, and makes work only where somebody must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from contactd.crm_store import fate_rows
from contactd.crm_store.conversation_rows import Talk
from contactd.crm_store.placing import JOINABLE, TURNS, Placing
from contactd.crm_store.write_conn import WriteConn

_WITHIN = frozenset({"bounce", "receipt", "reply"})
"""Sorts that say something about a conversation and ask nobody for anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where it goes: into `turn` (waking it or not), behind `turn` as a turn of its own, or away."""

    way: str
    """join | enter | file"""
    talk: Talk
    turn: Any = None
    wakes: bool = False
    reported: str | None = None
    """Message of ours whose delivery state it changed."""


def course(conn: WriteConn, new: Placing, talk: Talk) -> Course | None:
    """Say where an automatic item goes; None = where anybody's would.

    A report of a message of ours is believed by the message's id, which only those know who have seen it.  What did not
    arrive, or was called spam, somebody must know: the open turn wakes, or a new one begins.
    """
    content = new.content
    told = fate_rows.sent(conn, content.returned) if content.fates else None
    if told is not None:
        state = fate_rows.record(conn, told.id, told.recipients, content.fates, new.at)
        return _reported(conn, new, told, state)
    if content.auto_kind in _WITHIN and talk.known:
        turns = conn.all(TURNS, thread=talk.thread, own=new.interaction)
        if turns:
            return Course(way="join", talk=talk, turn=turns[0])
    return Course(way="file", talk=Talk(new.new_ids["thread"])) if new.filed else None


def _reported(conn: WriteConn, new: Placing, told: Any, state: str) -> Course:
    """Say where a report about a message of ours goes."""
    thread = told.thread_id or new.new_ids["thread"]
    talk = Talk(thread, known=told.thread_id is not None)
    turns = conn.all(TURNS, thread=thread, own=new.interaction) if talk.known else []
    open_turn = next((turn for turn in turns if turn.state in JOINABLE), None)
    missed = state in {"bounced", "complained"}
    if open_turn is not None:
        return Course(way="join", talk=talk, turn=open_turn, wakes=missed, reported=told.id)
    if not turns:
        return Course(way="enter" if missed else "file", talk=talk, reported=told.id)
    own = next((turn for turn in turns if turn.id == told.interaction_id), turns[0])
    return Course(way="enter" if missed else "join", talk=talk, turn=own, reported=told.id)
