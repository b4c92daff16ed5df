"""The account of one interaction in plain lines: what happened, to whom it was offered, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]


def lines(found: Row, events: Iterable[Row]) -> list[str]:
    """Return the lines.

    Args:
        found: the interaction with its `offers`, as the store reads it.
        events: what happened to it, in order.
    """
    told = [
        f"{found['channel']} {found['id']}: {found['state']}"
        + (f", {found['outcome']}" if found.get("outcome") else "")
        + f", line {found['line']}, priority {found['priority']}"
    ]
    happened = [(str(event["at"]), _event(event)) for event in events]
    happened += [(str(offer["offered_at"]), _offer(offer)) for offer in found["offers"]]
    told += [f"{at}  {text}" for at, text in sorted(happened, key=lambda one: one[0])]
    if len(told) == 1:
        told.append("nothing has happened to it yet")
    return told


def _event(event: Row) -> str:
    """Tell one event."""
    data = ", ".join(
        f"{key} {value}" for key, value in (event["data"] or {}).items() if value not in (None, "", [], {})
    )
    return str(event["type"]) + (f" by {event['actor']}" if event["actor"] else "") + (f" ({data})" if data else "")


def _offer(offer: Row) -> str:
    """Tell one offer, how it ended, and the decision behind it."""
    end = offer["outcome"] or "open"
    reason = f" ({offer['reason']})" if offer["reason"] else ""
    return f"offered to {offer['agent']}: {end}{reason} after {offer['ring_s']:g} s{_decision(offer['decision'] or {})}"


def _decision(decision: Row) -> str:
    """Tell why: the strategy, the score's terms, the skills asked for, and who would have been next."""
    if not decision:
        return ""
    terms = " + ".join(f"{name} {value:g}" for name, value in decision.get("terms", ()) if value)
    skills = ", ".join(f"{skill} {level} (needs {needed})" for skill, needed, level in decision.get("skills", ()))
    others = ", ".join(f"{agent} ({value:g})" for agent, value in decision.get("next_best", ()))
    score = f"score {decision['score']:g} = {terms or 0}"
    parts = [
        f"policy {decision['policy_version']}, step {decision['step'] + 1}, {decision['strategy']}, {score}",
        f"idle {decision['idle_s']:g} s",
        f"preferred: {decision['preferred']}" if decision.get("preferred") else "",
        f"skills {skills}" if skills else "",
        f"{decision['waiting']} waiting, at least {decision['eligible']} could have taken it",
        f"next best: {others}" if others else "",
    ]
    return "".join(f"\n      {part}" for part in parts if part)
