"""A router made anew of what the store remembers: book and roster are filled, and the facts to tell it are put in order.

Recovery does it at every start; the audit does it beside a running server, to see whether the store would bring back the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contactd.core.effects import Offer
from contactd.core.events import ExternalWork, Fact, OfferRestored
from contactd.crm_store.recovery_rows import Memory
from contactd.crm_store.said_rows import NOTHING, Said
from contactd.desk import gates, restored
from contactd.desk.book import Book, Entry
from contactd.desk.roster import Member, Roster
from contactd.desk.rules import Rules
from contactd.routing.router import Router


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A router that has been told nothing yet, and the facts to tell it, in order."""

    router: Router
    facts: list[Fact]
    offers: list[tuple[Offer, datetime]]
    """Offers that still stand, for the ledger, with the moment each was made."""


def rebuild(memory: Memory, *, book: Book, roster: Roster, rules: Rules, epoch: int) -> Rebuilt:
    """Fill `book` and `roster` anew; return a new router and what it must be told."""
    roster.clear()
    for member in members(*memory.people):
        roster.put(member)
    _fill_book(book, roster, memory, rules)
    router = Router(rules.policy, version=rules.version, epoch=epoch, seq=memory.seq + 1)
    return Rebuilt(router, _facts(book, roster, memory, rules), [restored.live(row) for row in memory.offers])


def members(agents: list[Any], skills: dict[str, list[tuple[str, int]]], lines: dict[str, list[str]]) -> list[Member]:
    """Return agents as they stand in the store."""
    return [restored.member(row, skills.get(row.id, []), lines.get(row.id, [])) for row in agents]


def entry(row: Any, stays: list[Any], said: Said | None, rules: Rules, extended: int = 0) -> Entry:
    """Return an open interaction as the book keeps it; `extended`: how often its wrap-up was."""
    made = restored.entry(row, stays, said or NOTHING)
    rule = rules.rule(made.line, made.channel)
    made.live = rule.live
    made.extended, made.extensions = extended, max(rule.wrapup.extensions - extended, 0)
    return made


def _fill_book(book: Book, roster: Roster, memory: Memory, rules: Rules) -> None:
    book.clear()
    for row in memory.work:
        extended = memory.extended.get(row.id, 0)
        made = entry(row, memory.segments.get(row.id, []), memory.said.get(row.id), rules, extended)
        book.add(made)
        member = roster.get(made.agent)
        if member is not None:
            member.work[made.id] = made
    for callback, stood in memory.standing.items():
        contact = book.get(stood.course.get("suspended_by") or "")
        if contact is not None and book.get(callback) is not None:
            contact.callback = callback
    for member in roster:
        restored.settle(member)


def _facts(book: Book, roster: Roster, memory: Memory, rules: Rules) -> list[Fact]:
    """Return what a new router is told, in the order `routing.recovery` asks for."""
    entries, standing = list(book), memory.standing
    facts: list[Fact] = [gates.restored(row) for row in memory.lines if row.line in rules.policy.lines]
    facts += [restored.arrival(one, standing.get(one.id)) for one in entries if restored.told_as_arrival(one)]
    facts += [member.configured() for member in roster]
    facts += [
        restored.work(one, standing.get(one.id), interrupted=one.id in memory.interrupted)
        for one in entries
        if restored.in_hand(one)
    ]
    facts += [_offer(row) for row in memory.offers]
    facts += [
        ExternalWork(agent=one.agent, channel=one.channel, on=True, ref=one.id, restored=True)
        for one in entries
        if one.agent and not restored.routed(one) and one.state not in restored.IN_LINE
    ]
    facts += [member.restored() for member in roster]
    return facts


def _offer(row: Any) -> OfferRestored:
    return OfferRestored(
        offer=row.id,
        interaction=row.interaction_id,
        agent=row.agent,
        offered_at=row.offered_at,
        expires_at=row.expires_at,
    )
