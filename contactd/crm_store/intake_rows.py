"""The units of intake: what comes in is accepted, then placed in line or joined to the conversation it belongs to.

Each function runs inside a write unit and may run twice; every id it needs is made before, so that a second run writes the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, null, or_, select, update

from contactd.core.channel import Content
from contactd.core.events import InteractionArrived, Skills, Unparked
from contactd.core.interaction import Direction, ResolveState, SegmentReason, State
from contactd.core.journal import encode
from contactd.core.party import Claim, Point, Resolution, resolve
from contactd.crm_store import participants, parties
from contactd.crm_store import schema as s
from contactd.crm_store.later import Later
from contactd.crm_store.message_rows import Saying, add_message, first_messages
from contactd.crm_store.participants import Part
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

JOINABLE = ("received", "queued", "offered", "active", "held", "parked", "wrapup")
WAKES = frozenset({State.PARKED, State.WRAPUP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepting:
    """An arrival with the ids and rows it becomes."""

    receipt: Mapping[str, Any]
    raw: Mapping[str, Any]
    interaction: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """What to place: the content made of an arrival, with every id it may need."""

    interaction: str
    receipt: str
    channel: str
    line: str
    at: datetime
    content: Content
    node: str
    priority: int
    skills: Skills
    language: str | None
    policy_version: int
    live: bool
    routed_by: str
    direction: str
    new_ids: Mapping[str, str]
    """point, thread, fact: an id for each row that may be new."""
    sayings: tuple[Saying, ...]
    subject: str = ""
    may_join: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What became of it."""

    interaction: str
    joined: bool
    state: str
    fact: InteractionArrived | Unparked | None
    inbox_id: str | None
    resolution: Resolution
    party_name: str = ""
    vip: int = 0
    thread: str | None = None
    case_id: str | None = None
    parent_id: str | None = None
    messages: tuple[Mapping[str, Any], ...] = field(default=())
    parked_agent: str | None = None
    unverified: bool = False


@dataclass(frozen=True, slots=True)
class _Talk:
    """The conversation an item belongs to."""

    thread: str
    known: bool = False
    """It has begun, and the sender takes part in it."""
    claimed: str | None = None
    """The conversation that a sender without a part in it refers to."""
    unverified: bool = False


_RECEIPT = hot(
    select(s.receipt.c.id, s.receipt.c.interaction_id, s.receipt.c.joined).where(
        s.receipt.c.adapter == bindparam("adapter"),
        s.receipt.c.external_key == bindparam("external_key"),
    ),
)
_NEW_RECEIPT = hot(insert(s.receipt).on_conflict_do_nothing(index_elements=["adapter", "external_key"]))
_NEW_RAW = hot(insert(s.raw))
_NEW_INTERACTION = hot(insert(s.interaction))
_NEW_SEGMENT = hot(insert(s.interaction_segment))
_NEW_FACT = hot(insert(s.fact_inbox))
_NEW_THREAD = hot(insert(s.thread))
_NEXT_EVENT = (
    select(func.coalesce(func.max(s.interaction_event.c.seq), 0) + 1)
    .where(s.interaction_event.c.interaction_id == bindparam("b_interaction"))
    .scalar_subquery()
)
NEW_EVENT = hot(insert(s.interaction_event).values(seq=_NEXT_EVENT).inline(), *s.interaction_event.c.keys())
_canonical = s.party.alias("canonical")
_WHO = hot(
    select(
        s.contact_point.c.id,
        s.contact_point.c.ext,
        s.contact_point.c.shared,
        s.contact_point.c.last_seen,
        s.contact_claim.c.level,
        _canonical.c.id.label("party"),
        _canonical.c.kind.label("party_kind"),
    )
    .outerjoin(
        s.contact_claim,
        and_(s.contact_claim.c.contact_point_id == s.contact_point.c.id, s.contact_claim.c.valid_to.is_(None)),
    )
    .outerjoin(s.party, s.party.c.id == s.contact_claim.c.party_id)
    .outerjoin(_canonical, and_(_canonical.c.id == s.party.c.canonical_id, _canonical.c.deleted_at.is_(None)))
    .where(
        s.contact_point.c.kind == bindparam("kind"),
        s.contact_point.c.namespace == bindparam("namespace"),
        s.contact_point.c.value_norm == bindparam("value"),
    ),
)
"""Every row of an address, with whatever extension, each with the claims on it."""
_PARTY = hot(select(s.party.c.display_name, s.party.c.vip, s.party.c.lang).where(s.party.c.id == bindparam("party")))
_THREAD = hot(select(s.thread.c.id).where(s.thread.c.id == bindparam("thread")))
_THREAD_OF = hot(
    select(s.message.c.thread_id).where(
        s.message.c.provider_id == bindparam("provider"), s.message.c.thread_id.is_not(None)
    ),
)
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


def old_receipt(conn: WriteConn, adapter: str, external_key: str) -> Mapping[str, Any] | None:
    """Return the receipt of something that came before, or None."""
    row = conn.one(_RECEIPT, adapter=adapter, external_key=external_key)
    return None if row is None else row._mapping  # noqa: SLF001 - the public name of a row's mapping


def accept(conn: WriteConn, new: Accepting) -> Mapping[str, Any] | None:
    """Store an arrival; return the old receipt when it came before (then nothing is written)."""
    # The receipt first: its constraint tells a duplicate without a question beforehand.
    if not conn.run(_NEW_RECEIPT, **new.receipt):
        return old_receipt(conn, new.receipt["adapter"], new.receipt["external_key"])
    conn.run(_NEW_INTERACTION, **new.interaction)
    conn.run(_NEW_RAW, **new.raw)
    return None


def accept_all(conn: WriteConn, news: Sequence[Accepting]) -> list[Mapping[str, Any] | None]:
    """Store several arrivals in one unit; return for each what `accept` returns."""
    if conn.many(_NEW_RECEIPT, [new.receipt for new in news]) < len(news):
        # One of them came before: which one, each by itself will tell.
        conn.undo_unit()
        return [accept(conn, new) for new in news]
    conn.many(_NEW_INTERACTION, [new.interaction for new in news])
    conn.many(_NEW_RAW, [new.raw for new in news])
    return [None] * len(news)


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
    point_id, resolution = _who(conn, later, new)
    if content.thread_token is not None or content.references:
        # The conversation may be one that began in this unit.
        later.flush()
    talk = _conversation(conn, new, point_id)
    thread = talk.thread
    if talk.unverified:
        new = replace(new, sayings=tuple(map(_unverified, new.sayings)))
        resolution = _only_candidates(resolution)
    turns = conn.all(_TURNS, thread=talk.claimed or thread, own=new.interaction) if talk.known or talk.claimed else []
    open_turn = next((turn for turn in turns if turn.state in JOINABLE), None) if talk.known else None
    if open_turn is not None and new.may_join:
        return _join(conn, later, new, open_turn, resolution, thread)
    parent = turns[0] if turns else None
    case = parent.case_id if parent is not None and talk.known else None
    if not talk.known:
        _begin_thread(later, new, thread, point_id, resolution)
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
    fact = InteractionArrived(
        interaction=new.interaction,
        channel=new.channel,
        line=new.line,
        priority=new.priority,
        skills=new.skills,
        queued_at=new.at,
        party=resolution.party,
        vip=vip,
        language=new.language or language,
        prefer_agent=parent.agent if parent else None,
        thread=thread,
        direction=new.direction,
        routed_by=new.routed_by,
    )
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


def _who(conn: WriteConn, later: Later, new: Placing) -> tuple[str | None, Resolution]:
    """Find or make the contact point of the sender, and resolve it."""
    point = new.content.sender
    if point is None:
        return None, resolve(None, ())
    rows = conn.all(_WHO, kind=point.kind, namespace=point.namespace, value=point.value)
    known = next((row.id for row in rows if row.ext == point.ext), None)
    if known is None:
        known = parties.point_id(conn, new.new_ids["point"], point, now=new.at)
    else:
        later.add(parties.SEEN, b_id=known, b_at=new.at)
    found = resolve(point, _claims(rows, point))
    return known, _only_candidates(found) if new.content.claimed_sender else found


def _only_candidates(found: Resolution) -> Resolution:
    """Take nobody for a known customer."""
    return Resolution(state=ResolveState.MAYBE, candidates=found.candidates) if found.party is not None else found


def _unverified(saying: Saying) -> Saying:
    return replace(saying, headers={**saying.headers, participants.MARK: "1"})


def claims_on(conn: WriteConn, point: Point) -> list[Claim]:
    """Return the claims on a contact point, each with the canonical party."""
    return _claims(conn.all(_WHO, kind=point.kind, namespace=point.namespace, value=point.value), point)


def _claims(rows: Sequence[Any], point: Point) -> list[Claim]:
    """Make the claims of the rows of an address: those on this extension, and those on the number as a whole."""
    return [
        Claim(
            party=row.party,
            party_kind=row.party_kind,
            level=row.level,
            ext=row.ext,
            shared=bool(row.shared),
            last_seen=row.last_seen,
        )
        for row in rows
        if row.party is not None and row.ext in (point.ext, "")
    ]


def _conversation(conn: WriteConn, new: Placing, point_id: str | None) -> _Talk:
    """Return the conversation it belongs to.

    A token or a Message-ID proves that somebody has seen a mail of the conversation, not that they take part in it: whoever
    does not begins a conversation of their own, which tells what it refers to.
    """
    claimed = None
    for thread in _named(conn, new.content):
        has = participants.part(conn, thread, point_id, new.content.sender)
        if has is not Part.NONE:
            return _Talk(thread, known=True, unverified=has is Part.STRANGER)
        claimed = claimed or thread
    return _Talk(new.new_ids["thread"], claimed=claimed, unverified=claimed is not None)


def _named(conn: WriteConn, content: Content) -> Iterator[str]:
    """Go through the conversations that an item refers to: by token, then by its references, the newest first."""
    if content.thread_token is not None and conn.one(_THREAD, thread=content.thread_token):
        yield content.thread_token
    for reference in reversed(content.references):
        row = conn.one(_THREAD_OF, provider=reference)
        if row is not None:
            yield row.thread_id


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


def event_row(interaction: str, at: datetime, kind: str, actor: str | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """Make the row of `NEW_EVENT`, the next of an interaction's events."""
    return {
        "interaction_id": interaction,
        "b_interaction": interaction,
        "at": at,
        "type": kind,
        "actor": actor,
        "data": data,
    }


def add_event(
    conn: WriteConn,
    interaction: str,
    at: datetime,
    kind: str,
    actor: str | None,
    data: Mapping[str, Any],
) -> None:
    """Append to an interaction's events."""
    conn.run(NEW_EVENT, **event_row(interaction, at, kind, actor, data))


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
    later.add(
        _NEW_FACT,
        id=new.new_ids["fact"],
        node=new.node,
        at=new.at,
        kind=type(fact).__name__,
        payload=encode(fact),
    )


def add_fact(conn: WriteConn, fact_id: str, node: str, at: datetime, kind: str, payload: Mapping[str, Any]) -> None:
    """Put a fact for the router into the inbox, in the unit that made it."""
    conn.run(_NEW_FACT, id=fact_id, node=node, at=at, kind=kind, payload=dict(payload))


def _shown(point: Point | None) -> str:
    return (point.display or point.raw) if point else ""
