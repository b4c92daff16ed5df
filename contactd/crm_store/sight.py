"""Whose customers, cases and contacts somebody sees, as part of the question to the store: own, team, subtree, segment, all.

Who has a customer's contact in hand, or is offered it, sees that customer whatever the scope says, until a while after its end.
Nothing is filtered from an answer: nobody learns from a count, or from a page that is not full.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, Table, exists, false, or_, select, union

from contactd.core.interaction import TERMINAL_STATES, State
from contactd.crm_store import schema as s

Reach = Literal["own", "team", "subtree", "segment", "all"]
Kind = Literal[
    "party",
    "case",
    "interaction",
    "message",
    "recording",
    "review",
    "approval",
    "record",
    "task",
    "promise",
    "point",
    "file",
    "merge",
    "duplicate",
    "link",
    "request",
    "hold",
]
Seen = Sequence[ColumnElement[bool]]
"""Conditions that are part of a question; none = everything is seen."""
EVERYTHING: Mapping[str, Seen] = {}
NAMED = "named"
"""Key of what customers fulfil who are found by their name beside the index."""
AFTER = timedelta(minutes=30)
"""How long after the end of a contact its customer is still seen by who had it."""
_NOT_OVER = sorted(str(state) for state in set(State) - TERMINAL_STATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How far somebody sees."""

    agent: str
    party: Reach = "all"
    case: Reach = "all"
    interaction: Reach = "all"

    @property
    def whole(self) -> bool:
        """Tell whether it is everything."""
        return self.party == self.case == self.interaction == "all"


def parties(sight: Sight | None, now: datetime, party: Any = s.party) -> list[ColumnElement[bool]]:
    """Return what the canonical customers that are seen fulfil; nothing = all are."""
    if sight is None or sight.party == "all":
        return []
    return [or_(_owned(sight, party), _granted(sight, now, party.c.id))]


def interactions(sight: Sight | None, now: datetime, *, many: bool = False) -> list[ColumnElement[bool]]:
    """Return what the contacts that are seen fulfil; nothing = all are.  `many`: it is asked of thousands at once."""
    if sight is None or sight.interaction == "all":
        return []
    table = s.interaction
    people = _people(sight.agent, sight.interaction)
    mine = [table.c.agent.in_(people), table.c.id.in_(_in_hand(sight.agent, now))]
    return [or_(*mine, _of_seen(sight, sight.interaction, now, table.c.party_id, many=many))]


def cases(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what the cases that are seen fulfil; nothing = all are."""
    if sight is None or sight.case == "all":
        return []
    table, watcher = s.case_, s.case_watcher
    watched = select(watcher.c.case_id).where(watcher.c.agent_id == sight.agent)
    mine = [table.c.assignee.in_(_people(sight.agent, sight.case)), table.c.id.in_(watched)]
    if sight.case in {"team", "subtree"}:
        mine.append(table.c.team_id.in_(_teams(sight.agent, sight.case)))
    return [or_(*mine, _of_seen(sight, sight.case, now, table.c.party_id))]


def sees(conn: Connection, sight: Sight, kind: Kind, ident: str, now: datetime) -> bool:
    """Tell whether one thing is seen; what is not there is left to whoever looks for it."""
    if kind == "party":
        own = s.party.alias("asked")
        there = select(s.party.c.id).join(own, own.c.canonical_id == s.party.c.id).where(own.c.id == ident)
        rule = parties(sight, now)
    elif kind == "case":
        there = select(s.case_.c.id).where(or_(s.case_.c.id == ident, s.case_.c.no == ident))
        rule = cases(sight, now)
    elif kind == "interaction":
        there = select(s.interaction.c.id).where(s.interaction.c.id == ident)
        rule = interactions(sight, now)
    else:
        return _sees_part(conn, sight, kind, ident, now)
    if not rule or conn.execute(there.limit(1)).first() is None:
        return True
    return conn.execute(there.where(*rule).limit(1)).first() is not None


def _sees_part(conn: Connection, sight: Sight, kind: Kind, ident: str, now: datetime) -> bool:
    """Tell whether that is seen to which something belongs; an address is, with any customer who has it."""
    if kind == "point":
        claim = s.contact_claim
        owners = select(claim.c.party_id).where(claim.c.contact_point_id == ident, claim.c.valid_to.is_(None))
        found = list(conn.execute(owners).scalars())
        return not found or any(sees(conn, sight, "party", one, now) for one in found)
    if kind in _BETWEEN:
        # What is said of several customers, only who sees each of them may know or change.
        about = conn.execute(union(*(select(party).where(key == ident) for key, party in _BETWEEN[kind]))).scalars()
        return all(sees(conn, sight, "party", one, now) for one in list(about))
    if kind == "approval":
        of_asked = select(s.approval.c.party_id, s.approval.c.case_id).where(s.approval.c.id == ident)
        party, case = next(((one.party_id, one.case_id) for one in conn.execute(of_asked)), (None, None))
        seen = party is None or sees(conn, sight, "party", party, now)
        return seen and (case is None or sees(conn, sight, "case", case, now))
    if kind == "file":
        joined = select(s.message.c.interaction_id).join(s.attachment, s.attachment.c.message_id == s.message.c.id)
        query = joined.where(s.attachment.c.id == ident)
        whole: Kind = "interaction"
    else:
        table, column, whole = _PARTS[kind]
        query = select(table.c[column]).where(
            or_(table.c.id == ident, *([table.c.no == ident] if "no" in table.c else []))
        )
    of = conn.execute(query.limit(1)).scalar()
    return of is None or sees(conn, sight, whole, of, now)


_PARTS: dict[str, tuple[Table, str, Kind]] = {
    "message": (s.message, "interaction_id", "interaction"),
    "recording": (s.recording, "interaction_id", "interaction"),
    "review": (s.qa_review, "interaction_id", "interaction"),
    "record": (s.record, "party_id", "party"),
    "task": (s.task, "party_id", "party"),
    "promise": (s.promise, "party_id", "party"),
    "request": (s.privacy_request, "party_id", "party"),
    "hold": (s.legal_hold, "party_id", "party"),
}
"""What belongs to something → where it stands, what names its whole, and what that is."""
_BETWEEN: dict[str, tuple[tuple[Any, Any], ...]] = {
    "merge": ((s.merge_member.c.op_id, s.merge_member.c.party_id),),
    "duplicate": ((s.dup_candidate.c.id, s.dup_candidate.c.a), (s.dup_candidate.c.id, s.dup_candidate.c.b)),
    "link": ((s.party_link.c.id, s.party_link.c.from_party), (s.party_link.c.id, s.party_link.c.to_party)),
}
"""What is said of several customers → its id, and who they are."""


def by_hand(conn: Connection, sight: Sight, party: str) -> bool:
    """Tell whether a customer is seen only because their contact is, or was just now, in hand."""
    if sight.party == "all":
        return False
    own = s.party.alias("asked")
    there = select(_owned(sight, s.party)).join(own, own.c.canonical_id == s.party.c.id).where(own.c.id == party)
    owned = conn.execute(there.limit(1)).first()
    return owned is not None and not owned[0]


def of_parties(sight: Sight | None, now: datetime, column: Any) -> list[ColumnElement[bool]]:
    """Return what rows fulfil whose `column` names a record of a customer that is seen; those of no customer are."""
    if sight is None or sight.party == "all":
        return []
    return [or_(column.is_(None), _of_seen(sight, sight.party, now, column))]


def of_writebacks(sight: Sight | None, now: datetime) -> Seen:
    """Return what drafts for other systems fulfil whose customer is seen."""
    return of_parties(sight, now, s.writeback.c.party_id)


def documents(sight: Sight | None, now: datetime) -> dict[str, Seen]:
    """Return by kind what documents of the index of words fulfil that are seen, and under `NAMED` what customers do."""
    doc, party, case, message, contact = s.search_doc, s.party, s.case_, s.message, s.interaction
    found: dict[str, Seen] = {}
    if of_party := parties(sight, now):
        found["party"] = [exists(select(party.c.id).where(party.c.id == doc.c.ref, *of_party).correlate(doc))]
        found[NAMED] = of_party
    if of_case := cases(sight, now):
        found["case"] = [exists(select(case.c.id).where(case.c.id == doc.c.ref, *of_case).correlate(doc))]
    if of_contact := interactions(sight, now, many=True):
        joined = select(message.c.id).join(contact, contact.c.id == message.c.interaction_id)
        found["message"] = [exists(joined.where(message.c.id == doc.c.ref, *of_contact).correlate(doc))]
    return found


def of_records(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what business records that are seen fulfil."""
    return of_parties(sight, now, s.record.c.party_id)


def of_tasks(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what tasks that are seen fulfil."""
    return of_parties(sight, now, s.task.c.party_id)


def of_members(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what members of campaigns that are seen fulfil."""
    return of_parties(sight, now, s.campaign_member.c.party_id)


def of_promises(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what promises that are seen fulfil."""
    return of_parties(sight, now, s.promise.c.party_id)


def of_approvals(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what requests fulfil whose customers are seen, and whose cases."""
    asked, case, rule = s.approval, s.case_, cases(sight, now)
    there = exists(select(case.c.id).where(case.c.id == asked.c.case_id, *rule).correlate(asked))
    return [*of_parties(sight, now, asked.c.party_id), *([or_(asked.c.case_id.is_(None), there)] if rule else [])]


def of_outbox(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what messages in the outbox that are seen fulfil: those of contacts that are, and what one wrote oneself."""
    rule = interactions(sight, now)
    return [or_(s.outbox.c.agent == sight.agent, *rule)] if sight is not None and rule else []


def of_requests(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what customers' privacy requests that are seen fulfil."""
    return of_parties(sight, now, s.privacy_request.c.party_id)


def of_holds(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what legal holds that are seen fulfil."""
    return of_parties(sight, now, s.legal_hold.c.party_id)


def of_closed(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what cases fulfil that are seen, and whose customers are."""
    return [*cases(sight, now), *of_parties(sight, now, s.case_.c.party_id)]


def among(conn: Connection, sight: Sight, idents: Sequence[str], now: datetime) -> set[str]:
    """Return which of some contacts are seen."""
    asked = select(s.interaction.c.id).where(s.interaction.c.id.in_(idents), *interactions(sight, now))
    return set(conn.execute(asked).scalars())


def of_pairs(sight: Sight | None, now: datetime) -> list[ColumnElement[bool]]:
    """Return what pairs fulfil of which both customers are seen."""
    return [rule for side in (s.dup_candidate.c.a, s.dup_candidate.c.b) for rule in of_parties(sight, now, side)]


def _of_seen(sight: Sight, reach: Reach, now: datetime, column: Any, *, many: bool = False) -> ColumnElement[bool]:
    """Say that the record a column names belongs to a customer who is seen.

    Of `many` rows it is asked once who is seen, and then of each row only whether it is theirs; of few it is asked row by row.
    """
    own, kept = s.party.alias("of_record"), s.party.alias("of_customer")
    wide = Sight(agent=sight.agent, party=reach)
    rule = or_(_owned(wide, kept), _granted(wide, now, kept.c.id))
    joined = select(own.c.id).join(kept, kept.c.id == own.c.canonical_id)
    if many:
        theirs: ColumnElement[bool] = column.in_(joined.where(rule))
        return theirs
    return exists(joined.where(own.c.id == column, rule).correlate_except(own, kept))


def _owned(sight: Sight, party: Any) -> ColumnElement[bool]:
    """Say whose customers the scope means."""
    if sight.party == "segment":
        mine = select(s.agent_segment.c.segment).where(s.agent_segment.c.agent_id == sight.agent)
        return or_(party.c.owner_id == sight.agent, party.c.segment_id.in_(mine))
    owned = party.c.owner_id.in_(_people(sight.agent, sight.party))
    if sight.party in {"team", "subtree"}:
        return or_(owned, party.c.team_id.in_(_teams(sight.agent, sight.party)))
    return owned if sight.party != "all" else ~false()


def _people(agent: str, reach: Reach) -> Select[Any]:
    """Select the agents a scope means: oneself, one's team, or the teams below as well."""
    table = s.agent.alias("people")
    if reach not in {"team", "subtree"}:
        return select(table.c.id).where(table.c.id == agent)
    return select(table.c.id).where(or_(table.c.id == agent, table.c.team.in_(_teams(agent, reach))))


def _teams(agent: str, reach: Reach) -> Select[Any]:
    """Select the ids of the teams a scope means."""
    own = s.agent.alias("myself")
    mine = select(own.c.team.label("id")).where(own.c.id == agent, own.c.team.is_not(None))
    if reach != "subtree":
        return mine
    tree = mine.cte(recursive=True)
    child = s.team.alias("child")
    under = select(child.c.id).join(tree, child.c.parent_id == tree.c.id).where(child.c.deleted_at.is_(None))
    return select(tree.union(under).c.id)


def _in_hand(agent: str, now: datetime) -> Any:
    """Select the contacts somebody has in hand, is offered, or had until just now."""
    table, fresh, offer = s.interaction.alias("held"), s.interaction.alias("fresh"), s.offer
    # Each by an index of its own: no index is by agent alone, and a scan of all contacts would grow with every year.
    held = select(table.c.id).where(table.c.state.in_(_NOT_OVER), table.c.agent == agent)
    had = select(fresh.c.id).where(fresh.c.ended_at > now - AFTER, fresh.c.agent == agent)
    offered = select(offer.c.interaction_id).where(offer.c.agent == agent, offer.c.outcome.is_(None))
    return union(held, had, offered)


def _granted(sight: Sight, now: datetime, canonical: Any) -> ColumnElement[bool]:
    """Say that a customer's contact is in hand: as it is resolved, or as its address may be theirs.

    Whom somebody only named when they began a contact themselves is no more seen for it.
    """
    mine, event = s.interaction.alias("mine"), s.interaction_event.alias("begun")
    begun = exists().where(event.c.interaction_id == mine.c.id, event.c.type == "started", event.c.actor == sight.agent)
    own, claim = s.party.alias("granted"), s.contact_claim
    named = select(own.c.canonical_id).join(mine, mine.c.party_id == own.c.id)
    named = named.where(mine.c.id.in_(_in_hand(sight.agent, now)), ~begun)
    reached = select(own.c.canonical_id).join(claim, claim.c.party_id == own.c.id)
    reached = reached.join(mine, mine.c.contact_point_id == claim.c.contact_point_id)
    reached = reached.where(claim.c.valid_to.is_(None), mine.c.id.in_(_in_hand(sight.agent, now)))
    granted: ColumnElement[bool] = canonical.in_(union(named, reached))
    return granted
