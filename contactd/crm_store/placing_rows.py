"""The unit of placing: what came in and was understood is put in line, or joined to the conversation it belongs to.

It may run twice; every id it needs is made before, so that a second run writes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, delete, func, null, or_, select, update

from contactd.core.events import InteractionArrived, Unparked
from contactd.core.interaction import Direction, ResolveState, SegmentReason, State
from contactd.core.party import Point, Resolution
from contactd.crm_store import participants
from contactd.crm_store import schema as s
from contactd.crm_store.conversation_rows import Talk, conversation
from contactd.crm_store.event_rows import NEW_EVENT, add_event, event_row
from contactd.crm_store.inbox_rows import NEW_FACT, fact_row
from contactd.crm_store.later import Later
from contactd.crm_store.message_rows import Saying, add_message, first_messages
from contactd.crm_store.placing import Placed, Placing
from contactd.crm_store.sender_rows import only_candidates, who
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

JOINABLE = ("received", "queued", "offered", "active", "held", "parked", "wrapup")
WAKES = frozenset({State.PARKED, State.WRAPUP})


_NEW_SEGMENT = hot(insert(s.interaction_segment))
_NEW_THREAD = hot(insert(s.thread))
_PARTY = hot(select(s.party.c.display_name, s.party.c.vip, s.party.c.lang).where(s.party.c.id == bindparam("party")))
_TURNS = hot(
    select(
        s.interaction.c.id,
        s.interaction.c.state,
        s.interaction.c.agent,
        s.interaction.c.case_id,
        s.interaction.c.party_id,
        s.interaction.c.resolve_state,
    )
    .where(s.interaction.c.thread_id == bindparam("thread"), s.interaction.c.id != bindparam("own"))
    .order_by(s.interaction.c.started_at.desc())
    .limit(5),
)
_JOIN_RECEIPT = hot(
    update(s.receipt)
    .where(s.receipt.c.id == bindparam("b_id"))
    .values(interaction_id=bindparam("b_interaction"), joined=True),
)
_JOIN_RAW = hot(
    update(s.raw).where(s.raw.c.receipt_id == bindparam("b_id")).values(interaction_id=bindparam("b_interaction")),
)
_DROP_EVENTS = hot(delete(s.interaction_event).where(s.interaction_event.c.interaction_id == bindparam("b_id")))
_UNPLACED = or_(s.interaction.c.state == "received", s.interaction.c.state == "quarantined")
_DROP = hot(delete(s.interaction).where(s.interaction.c.id == bindparam("b_id"), _UNPLACED))
_PLACE = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"), _UNPLACED)
    .values(
        {
            name: bindparam(f"b_{name}")
            for name in (
                "state",
                "state_since",
                "line",
                "priority",
                "skills",
                "lang",
                "vip",
                "contact_point_id",
                "from_name",
                "party_id",
                "resolve_state",
                "unverified",
                "case_id",
                "parent_id",
                "thread_id",
                "subject",
                "queued_at",
                "policy_version",
                "auto",
                "live",
                "updated_at",
            )
        }
        | {
            # What it came with stays where nothing better was read.
            "raw_from": func.coalesce(func.nullif(bindparam("b_raw_from"), ""), s.interaction.c.raw_from),
            "quarantine_reason": null(),
            "row_version": s.interaction.c.row_version + 1,
        },
    ),
)


def place_all(conn: WriteConn, news: Sequence[Placing]) -> list[Placed]:
    """Place several in one unit, in order: they stand or fall together.

    Raises:
        ConflictError: one of them was placed or put away before: nothing is said, or put in line, twice.
    """
    later = Later(conn)
    placed = [_place(conn, later, new) for new in news]
    later.flush()
    return placed


def place(conn: WriteConn, new: Placing) -> Placed:
    """Resolve the sender, find the conversation, and put the item in line, or join it to the open turn.

    Raises:
        ConflictError: as `place_all`.
    """
    return place_all(conn, [new])[0]


def _place(conn: WriteConn, later: Later, new: Placing) -> Placed:
    content = new.content
    point_id, resolution = who(conn, later, content.sender, new.new_ids["point"], new.at)
    if content.claimed_sender:
        resolution = only_candidates(resolution)
    if content.thread_token is not None or content.references:
        # The conversation may be one that began in this unit.
        later.flush()
    talk = conversation(conn, new, point_id)
    thread = talk.thread
    if talk.unverified:
        new = replace(new, sayings=tuple(map(_unverified, new.sayings)))
        resolution = only_candidates(resolution)
    turns = conn.all(_TURNS, thread=talk.claimed or thread, own=new.interaction) if talk.known or talk.claimed else []
    open_turn = next((turn for turn in turns if turn.state in JOINABLE), None) if talk.known else None
    if open_turn is not None and new.may_join:
        return _join(conn, later, new, open_turn, resolution, thread)
    if not talk.known:
        _begin_thread(later, new, thread, point_id, resolution)
    return _enter(conn, later, new, talk, point_id, resolution, turns[0] if turns else None)


def _enter(
    conn: WriteConn,
    later: Later,
    new: Placing,
    talk: Talk,
    point_id: str | None,
    resolution: Resolution,
    parent: Any,
) -> Placed:
    """Put the item in line as a turn of its own; `parent` is the turn before."""
    content, thread = new.content, talk.thread
    case = parent.case_id if parent is not None and talk.known else None
    name, vip, language = _party_facts(conn, resolution)
    state = State.QUEUED if new.direction == Direction.INBOUND else State.ACTIVE
    later.change(
        _PLACE,
        b_id=new.interaction,
        b_state=state,
        b_state_since=new.at,
        b_line=new.line,
        b_priority=new.priority,
        b_skills=[list(pair) for pair in new.skills],
        b_lang=new.language or language,
        b_vip=vip,
        b_contact_point_id=point_id,
        b_from_name=content.sender_name,
        b_raw_from=_shown(content.sender),
        b_party_id=resolution.party,
        b_resolve_state=resolution.state,
        b_unverified=talk.unverified,
        b_case_id=case,
        b_parent_id=parent.id if parent else None,
        b_thread_id=thread,
        b_subject=new.subject,
        b_queued_at=new.at,
        b_policy_version=new.policy_version,
        b_auto=content.auto,
        b_live=new.live,
        b_updated_at=new.at,
    )
    _enter_line(later, new)
    messages = first_messages(later, new.interaction, thread, new.sayings, new.at, begun=not talk.known)
    fact = _arrived(new, thread, resolution.party, vip, language, parent)
    _tell(later, new, fact)
    return Placed(
        interaction=new.interaction,
        joined=False,
        state=state,
        fact=fact,
        inbox_id=new.new_ids["fact"],
        resolution=resolution,
        party_name=name,
        vip=vip,
        thread=thread,
        case_id=case,
        parent_id=parent.id if parent else None,
        messages=messages,
        unverified=talk.unverified,
    )


def _arrived(
    new: Placing, thread: str, party: str | None, vip: int, language: str | None, parent: Any
) -> InteractionArrived:
    """Make the fact the router is told."""
    return InteractionArrived(
        interaction=new.interaction,
        channel=new.channel,
        line=new.line,
        priority=new.priority,
        skills=new.skills,
        queued_at=new.at,
        party=party,
        vip=vip,
        language=new.language or language,
        prefer_agent=parent.agent if parent else None,
        thread=thread,
        direction=new.direction,
        routed_by=new.routed_by,
    )


def _unverified(saying: Saying) -> Saying:
    return replace(saying, headers={**saying.headers, participants.MARK: "1"})


def _begin_thread(later: Later, new: Placing, thread: str, point_id: str | None, resolution: Resolution) -> None:
    later.add(
        _NEW_THREAD,
        id=thread,
        channel=new.channel,
        subject=new.subject,
        line=new.line,
        party_id=resolution.party,
        contact_point_id=point_id,
        created_at=new.at,
        last_at=new.at,
    )


def _party_facts(conn: WriteConn, resolution: Resolution) -> tuple[str, int, str | None]:
    if resolution.party is None:
        return "", 0, None
    row = conn.one(_PARTY, party=resolution.party)
    return (row.display_name, row.vip, row.lang) if row is not None else ("", 0, None)


def _enter_line(later: Later, new: Placing) -> None:
    later.add(
        _NEW_SEGMENT,
        interaction_id=new.interaction,
        n=1,
        line=new.line,
        reason=SegmentReason.ARRIVAL,
        entered_at=new.at,
    )
    later.add(NEW_EVENT, **event_row(new.interaction, new.at, "placed", None, {"line": new.line}))


def _join(conn: WriteConn, later: Later, new: Placing, turn: Any, resolution: Resolution, thread: str) -> Placed:
    """Add the message to the conversation's open turn: place and age stay.

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
    fact = Unparked(interaction=turn.id) if turn.state in WAKES else None
    if fact is not None:
        _tell(later, new, fact)
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


def _tell(later: Later, new: Placing, fact: InteractionArrived | Unparked) -> None:
    later.add(NEW_FACT, **fact_row(fact, ident=new.new_ids["fact"], node=new.node, now=new.at))


def _shown(point: Point | None) -> str:
    return (point.display or point.raw) if point else ""
