"""Before a call goes out: purpose, consent, hours, block list; refused, or made with a reason that is on record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from contactd.core.address import phone_point
from contactd.core.contacting import SERVICE, Objection, Outbound, hindrance, objections
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.party import Point
from contactd.crm_store import audit, contacting_rows, lookup_rows
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.desk import Desk
from contactd.desk.rights import Actor

OF_NUMBERS = frozenset({"number_blocked", "red_listed", "block_listed"})
"""What is said of a number, whoever is behind it."""
REASON = "reason"
"""Field of an error where a reason would be enough."""
_TEXTS = {
    "number_blocked": "this number does not want to be called",
    "purpose_not_allowed": "your line does not call for this purpose",
    "consent_refused": "the customer does not want calls for this purpose",
    "no_consent": "the customer has not agreed to calls for this purpose",
    "refuses_contact": "the customer does not want to be called",
    "outside_hours": "customers are not called at this time of day",
    "red_listed": "this number is on the red list: nobody calls it",
    "block_listed": "contacts from this number are blocked",
}


async def check(desk: Desk, actor: Actor, data: Mapping[str, Any], point: Point, channel: str) -> list[Objection]:
    """Let a call be made, or refuse it.

    Args:
        desk: the desk.
        actor: who wants to call.
        data: of the command: `line`, `purpose`, `reason`, `party`.
        point: whom.
        channel: by which the call goes out.

    Returns:
        What stood against it and was overridden by the reason.

    Raises:
        BadRequestError: it may not be made.
        ConflictError: it may, with a reason (field `reason`).
    """
    now = desk.clock.now()
    standing = await desk.store.read(
        partial(contacting_rows.standing, point=point, party=data.get("party"), now=now),
    )
    rule = desk.rules.policy.lines[data["line"]].outbound
    purpose = data.get("purpose") or SERVICE
    found = objections(rule, standing, purpose=purpose, channel=channel, oversees=actor.oversees, now=now)
    _stand(rule, found, data, oversees=actor.oversees)
    return found


def _stand(rule: Outbound, found: list[Objection], data: Mapping[str, Any], *, oversees: bool) -> None:
    """Refuse what something stands against, unless the reason given is enough."""
    against = hindrance(rule, found, reason=(data.get("reason") or "").strip(), oversees=oversees)
    if against is None:
        return
    text = _TEXTS[against.code]
    if not against.final and hindrance(rule, found, reason="-", oversees=oversees) is None:
        raise ConflictError(text, code=against.code, field=REASON)
    raise BadRequestError(text, code=against.code, field="to")


async def brought_in(desk: Desk, actor: Actor, line: str, channel: str, data: Mapping[str, Any]) -> list[Objection]:
    """Let an outside number be consulted or given a call, or refuse it.

    What is said of the number holds for everybody.  What is said of customers (the hour, that they want none) holds where one is
    behind the number; whoever else is brought in is a partner or a colleague.

    Returns:
        What stood against it and was overridden by the reason.

    Raises:
        BadRequestError, ConflictError: as `check`.
    """
    point = phone_point(data["to"])  # an extension of the house is none: whether it may be dialled says the channel
    if point is None:
        return []
    now = desk.clock.now()
    standing, known = await desk.store.read(
        lambda conn: (
            contacting_rows.standing(conn, point=point, party=None, now=now),
            lookup_rows.known(conn, point).candidates,
        )
    )
    rule = desk.rules.policy.lines[line].outbound
    found = objections(rule, standing, purpose=SERVICE, channel=channel, oversees=True, now=now)
    found = [each for each in found if known or each.code in OF_NUMBERS]
    _stand(rule, found, data, oversees=actor.oversees)
    return found


async def note(
    desk: Desk, actor: Actor, interaction: str, found: list[Objection], data: Mapping[str, Any], key: str = "call.dial"
) -> None:
    """Put on record that somebody is called, or brought in by a `key` of the panel, although something stood against it."""
    detail = {
        "against": [each.code for each in found],
        "purpose": data.get("purpose") or SERVICE,
        "reason": data["reason"],
    }
    act = audit.Entry(
        actor=actor.id,
        action=f"{key}_anyway",
        object_kind="interaction",
        object_id=interaction,
        detail=detail,
    )
    now = desk.clock.now()

    def unit(conn: WriteConn) -> None:
        audit.append(conn, act, now)

    await desk.store.write(unit, urgent=True)
