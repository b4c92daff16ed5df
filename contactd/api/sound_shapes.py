"""What the REST interface answers about recordings."""

from __future__ import annotations

from typing import Any

from contactd.api.answers import Shape


class Gap(Shape):
    """A pause: where it lies in the sound, how long it lasted, and why; `agent` null: the call was held."""

    at_s: float
    lasted_s: float
    reason: str
    agent: str | None


class Redaction(Shape):
    """A span that was made silent afterwards."""

    from_s: float
    to_s: float
    reason: str
    by: str
    at: str


class Recording(Shape):
    """One recording of a call; `peaks`: the loudest of each column of equal time (0-100), the customer's side first."""

    id: str
    interaction: str
    segment: int
    line: str
    agent: str | None
    state: str
    started_at: str
    ended_at: str | None
    seconds: float
    notice_at: str | None
    consent: str
    gaps: list[Gap]
    redactions: list[Redaction]
    peaks: list[list[int]]
    held: Any
    expires_at: str | None
