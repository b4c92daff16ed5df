"""Before a call goes out: purpose, consent, hours, block list; refused, or made with a reason that is on record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from contactd.core.address import phone_point
from contactd.core.contacting import SERVICE, Objection, hindrance, objections
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.party import Point
from contactd.crm_store import audit, contact_rows, contacting_rows
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.desk import Desk
from contactd.desk.rights import Actor

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
    against = hindrance(rule, found, reason=(data.get("reason") or "").strip(), oversees=actor.oversees)
    if against is None:
        return found
    text = _TEXTS[against.code]
    if not against.final and hindrance(rule, found, reason="-", oversees=actor.oversees) is None:
        raise ConflictError(text, code=against.code, field=REASON)
    raise BadRequestError(text, code=against.code, field="to")


async def refuse_blocked(desk: Desk, to: str) -> None:
    """Refuse a number that nobody calls, also where somebody is only consulted or given the call.

    Hours, purpose and consent are those of calls to customers and not asked here: who is brought in is a partner or colleague.

    Raises:
        BadRequestError: the number is blocked (code `number_blocked`).
    """
    point = phone_point(to)  # an extension of the house is none: whether it may be dialled says the channel
    if point is not None and await desk.store.read(partial(contact_rows.is_blocked, point=point)):
        raise BadRequestError(_TEXTS["number_blocked"], code="number_blocked", field="to")


async def note(desk: Desk, actor: Actor, interaction: str, found: list[Objection], data: Mapping[str, Any]) -> None:
    """Put on record that somebody is called although something stood against it."""
    detail = {
        "against": [each.code for each in found],
        "purpose": data.get("purpose") or SERVICE,
        "reason": data["reason"],
    }
    act = audit.Entry(
        actor=actor.id,
        action="call.dial_anyway",
        object_kind="interaction",
        object_id=interaction,
        detail=detail,
    )
    now = desk.clock.now()

    def unit(conn: WriteConn) -> None:
        audit.append(conn, act, now)

    await desk.store.write(unit, urgent=True)
