"""What waits, for a supervisor who does not see every contact: enough to steer the queue, nothing of who and what about.

Whose contact it is, the store knows; the floor's news must not wait for it.  So nobody's customer is told here, and the
console asks `GET /api/v1/queue`, which narrows by the scope, for those it may show in full.
"""

from __future__ import annotations

from typing import Any

_WHO: dict[str, Any] = {
    "subject": "",
    "from": "",
    "from_display": "",
    "to": "",
    "to_display": "",
    "party_id": None,
    "customer_name": "",
    "vip": 0,
    "thread": None,
    "case_id": None,
    "callback": None,
    "last_message": None,
}
"""Fields of an InteractionView that tell who the customer is or what it is about → what stands there instead."""


def nameless(frame: dict[str, Any], agent: str) -> dict[str, Any]:
    """Return a console's frame without the customers of what waits; what is offered to `agent` is theirs to see."""
    floor = frame.get("state", {}).get("floor") if frame.get("type") == "snapshot" else None
    if floor is not None:
        floor["waiting"] = [_bare(one, agent) for one in floor["waiting"]]
    elif frame.get("event") == "floor.changed":
        waiting = frame["data"]["waiting"]
        waiting["upsert"] = [_bare(one, agent) for one in waiting["upsert"]]
    return frame


def _bare(view: dict[str, Any], agent: str) -> dict[str, Any]:
    if agent in (view.get("agent"), view.get("offered_to")):
        return view
    return {key: _WHO.get(key, value) for key, value in view.items()}
