"""A recording of a routed call: its parts on the PBX, its stages, the table of its moves, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

PREFIX = "contactd-rec-"
"""How the names of our recordings of calls begin on the PBX."""
CUSTOMER, HOUSE, CALL = "customer", "house", "call"
SIDES = (CUSTOMER, HOUSE, CALL)
"""What a part of a recording holds: what the customer says, what they hear, or both mixed."""
HOLD = "hold"
"""Reason of the pause in which a call is held: nobody is spoken to."""
REASONS = ("card", "secret", "health", "asked", "other")
"""For what an agent may pause."""
NEVER, ASK, MUST = "never", "ask", "must"
GIVEN = "given"


class TapeStage(StrEnum):
    """Where a recording stands."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    ENDING = "ending"


class TapeCue(StrEnum):
    """What moves it."""

    RUNS = "runs"
    """The PBX records every part of it."""
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"


TAPE_MOVES: dict[tuple[TapeStage, TapeCue], TapeStage] = {
    (TapeStage.STARTING, TapeCue.RUNS): TapeStage.RUNNING,
    (TapeStage.STARTING, TapeCue.STOP): TapeStage.ENDING,
    (TapeStage.RUNNING, TapeCue.PAUSE): TapeStage.PAUSED,
    (TapeStage.RUNNING, TapeCue.STOP): TapeStage.ENDING,
    (TapeStage.PAUSED, TapeCue.RESUME): TapeStage.RUNNING,
    (TapeStage.PAUSED, TapeCue.STOP): TapeStage.ENDING,
}
"""(stage, cue) → next stage.  What is not here changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What the line says of recording."""

    mode: str = NEVER
    notice: str = ""
    """What both hear before it begins."""


@dataclass(slots=True, kw_only=True)
class Tape:
    """One recording: from the moment two are brought together until they part."""

    name: str
    call: str
    interaction: str
    parts: dict[str, str]
    """Name of a part on the PBX → the snoop channel it is recorded from; empty: from the bridge."""
    stage: TapeStage = TapeStage.STARTING
    running: set[str] = field(default_factory=set)
    done: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    reason: str = ""
    """Why it is paused."""
    since: float = 0.0
    """When the pause was first seen, on the client's clock."""

    def step(self, cue: TapeCue) -> bool:
        """Move by `cue`; return whether the table knows such a move."""
        found = TAPE_MOVES.get((self.stage, cue))
        if found is None:
            return False
        self.stage = found
        return True


@dataclass(slots=True, kw_only=True)
class Taping:
    """How one call is recorded."""

    tape: Tape | None = None
    consent: str = ""
    """given: the customer agreed; refused; empty: not asked."""
    notice: str = ""
    """Id of the playback that tells them."""
    noticed: str = ""
    """When they had heard it to the end, in the PBX's words."""
    missing_since: float = 0.0
    """Since when it is not recorded though it must be, on the client's clock."""
    tried: float = 0.0
    missing: bool = False
    """It must be recorded, is not, and everybody concerned was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """How a recording stands, to be written down."""

    call: str
    name: str
    interaction: str
    state: str
    agent: str = ""
    reason: str = ""
    consent: str = ""
    noticed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSound:
    """A recording is over: take its sound over."""

    call: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Tell supervisors that a call is not recorded though it must be."""

    call: str
    interaction: str
