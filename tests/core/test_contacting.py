"""Whether somebody may be called: a table of what stands against it, and promises about it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.core.contacting import Outbound, Standing, hindrance, objections

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
"""12:00 in Shanghai."""
NIGHT = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
DAY = Outbound(begin=time(8), end=time(21))


def said(purpose: str, state: str, channel: str = "") -> dict[str, str]:
    return {"purpose": purpose, "state": state, "channel": channel}


@pytest.mark.parametrize(
    ("rule", "standing", "purpose", "now", "found"),
    [
        (DAY, {}, "service", NOON, []),
        (DAY, {}, "service", NIGHT, [("outside_hours", False)]),
        (DAY, {}, "marketing", NIGHT, [("outside_hours", True), ("no_consent", False)]),
        (DAY, {"blocked": True}, "service", NOON, [("number_blocked", True)]),
        (DAY, {"red_listed": True}, "service", NOON, [("red_listed", True)]),
        (DAY, {"block_listed": True}, "service", NOON, [("block_listed", False)]),
        (DAY, {"consents": (said("marketing", "denied"),)}, "service", NOON, []),
        (DAY, {"consents": (said("marketing", "withdrawn"),)}, "marketing", NOON, [("consent_refused", True)]),
        (DAY, {"consents": (said("marketing", "granted"),)}, "marketing", NOON, []),
        (DAY, {"consents": (said("marketing", "expired"),)}, "marketing", NOON, [("no_consent", False)]),
        (DAY, {"consents": (said("marketing", "denied", "letters"),)}, "marketing", NOON, [("no_consent", False)]),
        (DAY, {"consents": (said("service", "withdrawn", "phone"),)}, "service", NOON, [("refuses_contact", False)]),
        (DAY, {"do_not_call": True}, "service", NOON, [("refuses_contact", False)]),
        (DAY, {"do_not_call": True}, "marketing", NOON, [("refuses_contact", True), ("no_consent", False)]),
        (Outbound(marketing="granted"), {}, "marketing", NOON, [("no_consent", True)]),
        (
            Outbound(purposes=("service",)),
            {},
            "marketing",
            NOON,
            [("purpose_not_allowed", True), ("no_consent", False)],
        ),
        (Outbound(begin=time(22), end=time(6)), {}, "service", NOON, [("outside_hours", False)]),
        (Outbound(begin=time(22), end=time(6)), {}, "service", NIGHT, [("outside_hours", False)][:0] or []),
    ],
)
def test_what_stands_against_a_call(
    rule: Outbound, standing: dict[str, Any], purpose: str, now: datetime, found: list[tuple[str, bool]]
) -> None:
    made = objections(rule, Standing(**standing), purpose=purpose, channel="phone", oversees=False, now=now)
    assert [(each.code, each.final) for each in made] == found


STATES = st.sampled_from(["granted", "denied", "withdrawn", "expired"])


@settings(max_examples=60, deadline=None)
@given(
    states=st.lists(STATES, max_size=3),
    blocked=st.booleans(),
    oversees=st.booleans(),
    reason=st.sampled_from(["", "they asked for it"]),
    override=st.sampled_from(["agent", "supervisor"]),
)
def test_who_refused_is_never_sold_to_and_a_blocked_number_never_called(
    states: list[str], blocked: bool, oversees: bool, reason: str, override: str
) -> None:
    rule = Outbound(override=override)
    standing = Standing(blocked=blocked, consents=tuple(said("marketing", state) for state in states))
    made = objections(rule, standing, purpose="marketing", channel="phone", oversees=oversees, now=NOON)
    against = hindrance(rule, made, reason=reason, oversees=oversees)
    if blocked or {"denied", "withdrawn"} & set(states):
        assert against is not None
        assert against.final
    if made and not reason:
        assert against is not None
    if made and override == "supervisor" and not oversees:
        assert against is not None
