"""Whether somebody may be called now, and what for: what stands against it, and whether a reason is enough.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

SERVICE, MARKETING = "service", "marketing"
PURPOSES = (SERVICE, MARKETING)
HOME = ZoneInfo("Asia/Shanghai")
AGENT, SUPERVISOR = "agent", "supervisor"
REFUSALS = frozenset({"denied", "withdrawn"})
GRANTED = "granted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """What a line says about calls its agents make."""

    purposes: tuple[str, ...] = PURPOSES
    """What agents may call for; supervisors for anything."""
    begin: time | None = None
    """First moment of the day at which customers are called; None: at any."""
    end: time | None = None
    """From here on they are not."""
    zone: ZoneInfo = HOME
    marketing: str = "not_refused"
    """granted: only who has agreed; not_refused: also who has said nothing, with a reason."""
    override: str = AGENT
    """Who may go on with a reason where one is enough: agent | supervisor."""

    def may_now(self, now: datetime) -> bool:
        """Tell whether it is a time at which customers are called."""
        if self.begin is None or self.end is None:
            return True
        at = now.astimezone(self.zone).time()
        if self.begin <= self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    def begins_after(self, now: datetime) -> datetime:
        """Return when customers are called again, of a moment at which they are not."""
        if self.begin is None or self.may_now(now):
            return now
        here = now.astimezone(self.zone)
        day = here.date() if here.time() < self.begin else here.date() + timedelta(days=1)
        return datetime.combine(day, self.begin, self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """Something that stands against a call."""

    code: str
    """number_blocked | purpose_not_allowed | consent_refused | no_consent | refuses_contact | outside_hours |
    block_listed | red_listed"""
    final: bool
    """No reason is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of whom somebody wants to call."""

    blocked: bool = False
    """Nobody calls this number."""
    block_listed: bool = False
    """Contacts from it are put before nobody."""
    red_listed: bool = False
    """The red list says that nobody calls it."""
    consents: tuple[Mapping[str, str], ...] = ()
    """What holds for each purpose and channel (`purpose`, `channel`, `state`), of everybody it may be."""
    do_not_call: bool = False
    """One of them asked not to be called."""


def objections(
    rule: Outbound, standing: Standing, *, purpose: str, channel: str, oversees: bool, now: datetime
) -> list[Objection]:
    """Return what stands against calling somebody, what is final first."""
    said = {
        each["state"] for each in standing.consents if each["purpose"] == purpose and each["channel"] in ("", channel)
    }
    refused = bool(said & REFUSALS)
    selling = purpose == MARKETING
    agreed = GRANTED in said and not refused
    found = [
        Objection(code="number_blocked", final=True) if standing.blocked else None,
        Objection(code="red_listed", final=True) if standing.red_listed else None,
        Objection(code="purpose_not_allowed", final=True) if not oversees and purpose not in rule.purposes else None,
        Objection(code="consent_refused", final=True) if selling and refused else None,
        Objection(code="outside_hours", final=selling) if not rule.may_now(now) else None,
        Objection(code="no_consent", final=rule.marketing == GRANTED)
        if selling and not agreed and not refused
        else None,
        Objection(code="refuses_contact", final=selling) if standing.do_not_call or (refused and not selling) else None,
        Objection(code="block_listed", final=False) if standing.block_listed else None,
    ]
    return sorted((each for each in found if each is not None), key=lambda each: not each.final)


def hindrance(rule: Outbound, found: Iterable[Objection], *, reason: str, oversees: bool) -> Objection | None:
    """Return what hinders the call, given a reason ("" = none); None: it may be made."""
    for each in found:
        if each.final or not reason or (rule.override == SUPERVISOR and not oversees):
            return each
    return None
