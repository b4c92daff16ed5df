"""How a customer's contact is let in: by the first rule of the policy that fits what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from contactd.core.case_plan import Opening
from contactd.core.events import Skills
from contactd.core.segmenting import facts_of, holds
from contactd.crm_store import schema as s
from contactd.crm_store.placing import Placing
from contactd.crm_store.statements import hot
from contactd.crm_store.write_conn import WriteConn

_ASKED = (
    *("id", "kind", "lifecycle", "vip", "owner_id", "team_id", "segment_id", "lang", "credit_level", "credit_flag"),
    *("tags", "roles", "custom", "score"),
)
_FACTS = hot(select(*(s.party.c[name] for name in _ASKED)).where(s.party.c.id == bindparam("party")))


def let_in(conn: WriteConn, new: Placing, party: str | None, vip: int) -> tuple[Placing, int]:
    """Return how a contact is placed, and its customer's level: as it came, or as a rule for such customers says.

    A line somebody chose (a menu, a form, an outside system) stays, and so does what the house itself made: nobody waits for it.
    """
    if party is None or new.content.about_party is not None or not new.customers.rules or new.routed_by != "contactd":
        return new, vip
    rule = new.customers.rule(_facts(conn, party, new.at), new.channel)
    if rule is None:
        return new, vip
    line = rule.line if rule.line is not None and not new.line_chosen else new.line
    skills = _most(new.skills, rule.skills)
    return replace(new, line=line, priority=max(new.priority, rule.priority), skills=skills), max(vip, rule.vip)


def opening(conn: WriteConn, openings: Sequence[Opening], party: str | None, now: datetime) -> Opening | None:
    """Return the first of the rules that open a case whose conditions hold for the customer; who is unknown fits none that asks."""
    facts = None
    for rule in openings:
        if not rule.customer:
            return rule
        if party is None:
            continue
        facts = facts or _facts(conn, party, now)
        if holds(rule.customer, facts):
            return rule
    return None


def _facts(conn: WriteConn, party: str, now: datetime) -> dict[str, Any]:
    row = conn.one(_FACTS, party=party)
    return facts_of({} if row is None else {name: getattr(row, name) for name in _ASKED}, now)


def _most(one: Skills, other: Skills) -> Skills:
    levels = dict(one)
    for skill, level in other:
        levels[skill] = max(level, levels.get(skill, 0))
    return tuple(sorted(levels.items()))
