"""How a customer's contact is let in: by the first rule of the policy that fits what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, null, or_, select, update

from contactd.core.case_plan import Opening
from contactd.core.events import Identified, Skills
from contactd.core.segmenting import CustomerPlan, Rule, facts_of, holds
from contactd.crm_store import schema as s
from contactd.crm_store.placing import Placing
from contactd.crm_store.preferring import preferred
from contactd.crm_store.statements import hot
from contactd.crm_store.write_conn import WriteConn

_ASKED = (
    *("id", "kind", "lifecycle", "vip", "owner_id", "team_id", "segment_id", "lang", "credit_level", "credit_flag"),
    *("tags", "roles", "custom", "score"),
)
_WAITING = hot(
    select(s.interaction.c.channel).where(
        s.interaction.c.id == bindparam("id"),
        or_(s.interaction.c.state == "queued", s.interaction.c.state == "offered"),
    )
)
_LANGUAGE = hot(
    update(s.interaction)
    .where(s.interaction.c.id == bindparam("b_id"), s.interaction.c.lang.is_(null()))
    .values(lang=bindparam("b_lang"))
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


def known_later(conn: WriteConn, plan: CustomerPlan, fact: Identified, now: datetime) -> Identified:
    """Return what the router is to know of a waiting contact whose customer became known: the same as if they had been before.

    It stays in its line: somebody may have chosen it.  What is in somebody's hands already asks for nothing more.
    """
    item = conn.one(_WAITING, id=fact.interaction)
    if item is None:
        return fact
    facts = _facts(conn, fact.party, now)
    rule = plan.rule(facts, item.channel) or Rule(conditions=())
    language = facts.get("lang") or None
    if language is not None:
        conn.run(_LANGUAGE, b_id=fact.interaction, b_lang=language)
    return replace(
        fact,
        vip=max(fact.vip, rule.vip),
        priority=rule.priority,
        skills=rule.skills,
        language=language,
        prefer_agent=preferred(conn, fact.party, None, now),
    )


def let_in_by(fact: Identified) -> dict[str, Any]:
    """Return what is noted of it with the contact: why it goes before others now, or asks for more."""
    told = {"vip": fact.vip, "priority": fact.priority, "skills": dict(fact.skills), "agent": fact.prefer_agent}
    return {name: value for name, value in told.items() if value}


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
