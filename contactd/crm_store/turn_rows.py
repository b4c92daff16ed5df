"""A turn of a conversation: put in line as work of its own, or filed where nobody needs to work on it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import bindparam, func, null, or_, select, update

from contactd.core.events import InteractionArrived, Unparked
from contactd.core.interaction import Cause, Direction, SegmentReason, State
from contactd.core.party import Point, Resolution
from contactd.crm_store import protected_rows
from contactd.crm_store import schema as s
from contactd.crm_store.conversation_rows import Talk
from contactd.crm_store.event_rows import NEW_EVENT, event_row
from contactd.crm_store.inbox_rows import NEW_FACT, fact_row
from contactd.crm_store.later import Later
from contactd.crm_store.letting_in import let_in
from contactd.crm_store.message_rows import first_messages
from contactd.crm_store.placing import Placed, Placing
from contactd.crm_store.preferring import preferred, repeated
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

UNPLACED = or_(s.interaction.c.state == "received", s.interaction.c.state == "quarantined")
"""An item may be placed once."""
_NEW_SEGMENT = hot(insert(s.interaction_segment))
_NEW_THREAD = hot(insert(s.thread))
_PARTY = hot(select(s.party.c.display_name, s.party.c.vip, s.party.c.lang).where(s.party.c.id == bindparam("party")))
_PLACE = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"), UNPLACED)
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
_END = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"))
    .values(
        outcome="no_reply_needed",
        ended_by="system",
        ended_at=bindparam("b_at"),
        queued_at=null(),
    ),
)


def enter(
    conn: WriteConn,
    later: Later,
    new: Placing,
    talk: Talk,
    point_id: str | None,
    resolution: Resolution,
    parent: Any,
) -> Placed:
    """Put the item in line as a turn of its own; `parent` is the turn before."""
    thread = talk.thread
    case = _case(new, talk, parent)
    name, vip, language = _party_facts(conn, resolution)
    came, (new, vip) = new, let_in(conn, new, resolution.party, vip)
    if not (new.content.claimed_sender or new.content.doubted is not None):
        vip = protected_rows.place(conn, vip, new.content.sender, new.at)
    facts = name, vip, language
    state = State.QUEUED if new.direction == Direction.INBOUND else State.ACTIVE
    _write_placed(later, new, talk, point_id, resolution, facts, parent, state)
    _enter_line(later, new)
    messages = first_messages(later, new.interaction, thread, new.sayings, new.at, begun=not talk.known)
    agent = new.content.prefer_agent
    if agent is None:
        agent = preferred(conn, resolution.party, parent.agent if parent else None, new.at)
    fact = _arrived(new, thread, resolution.party, point_id, vip, language, agent)
    again = repeated(conn, resolution.party, new.interaction, new.at)
    fact = replace(fact, repeat=again) if again else fact
    tell(later, new, fact)
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
        let_in=new if new is not came else None,
    )


def _case(new: Placing, talk: Talk, parent: Any) -> str | None:
    """Return the case a turn is about: the one it names, else that of the turn before."""
    if new.content.about_case is not None:
        return new.content.about_case
    return str(parent.case_id) if parent is not None and talk.known and parent.case_id else None


def _write_placed(
    later: Later,
    new: Placing,
    talk: Talk,
    point_id: str | None,
    resolution: Resolution,
    facts: tuple[str, int, str | None],
    parent: Any,
    state: State,
) -> None:
    """Write what was read and found out into the interaction's row."""
    content = new.content
    _name, vip, language = facts
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
        b_case_id=_case(new, talk, parent),
        b_parent_id=parent.id if parent else None,
        b_thread_id=talk.thread,
        b_subject=new.subject,
        b_queued_at=new.at,
        b_policy_version=new.policy_version,
        b_auto=content.auto,
        b_live=new.live,
        b_updated_at=new.at,
    )


def _arrived(
    new: Placing,
    thread: str,
    party: str | None,
    contact: str | None,
    vip: int,
    language: str | None,
    agent: str | None,
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
        contact=contact,
        vip=vip,
        language=new.language or language,
        prefer_agent=agent,
        thread=thread,
        direction=new.direction,
        routed_by=new.routed_by,
    )


def file(
    conn: WriteConn, later: Later, new: Placing, talk: Talk, point_id: str | None, resolution: Resolution
) -> Placed:
    """Keep an item where it can be found, and put it before nobody."""
    _write_placed(later, new, talk, point_id, resolution, _party_facts(conn, resolution), None, State.CLOSED)
    later.change(_END, b_id=new.interaction, b_at=new.at)
    later.add(NEW_EVENT, **event_row(new.interaction, new.at, Cause.FILED, None, {"auto": new.content.auto}))
    messages = first_messages(later, new.interaction, talk.thread, new.sayings, new.at, begun=not talk.known)
    return Placed(
        interaction=new.interaction,
        joined=False,
        state=State.CLOSED,
        fact=None,
        inbox_id=None,
        resolution=resolution,
        thread=talk.thread,
        messages=messages,
    )


def begin_thread(later: Later, new: Placing, thread: str, point_id: str | None, resolution: Resolution) -> None:
    """Let the row of a new conversation wait to be written."""
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


def tell(later: Later, new: Placing, fact: InteractionArrived | Unparked) -> None:
    """Let the fact for the router wait to be written."""
    later.add(NEW_FACT, **fact_row(fact, ident=new.new_ids["fact"], node=new.node, now=new.at))


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


def _shown(point: Point | None) -> str:
    return (point.display or point.raw) if point else ""
