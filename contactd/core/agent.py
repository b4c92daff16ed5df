"""An agent as the router sees one: intent × slots × health."""

from __future__ import annotations

from enum import StrEnum


class Intent(StrEnum):
    """What the agent wants."""

    READY = "ready"
    NOT_READY = "not_ready"
    LOGGED_OUT = "logged_out"


class Health(StrEnum):
    """What we know of the agent's console."""

    OK = "ok"
    LAGGING = "lagging"
    LOST = "lost"


class SlotState(StrEnum):
    """What one of an agent's channel slots is doing."""

    FREE = "free"
    OFFERED = "offered"
    ACTIVE = "active"
    HELD = "held"
    WRAPUP = "wrapup"


class Role(StrEnum):
    """What a user may be."""

    AGENT = "agent"
    EDITOR = "editor"
    """An agent who also looks over and publishes knowledge."""
    SENIOR = "senior"
    """An agent who also sees why, takes over and sends contacts on."""
    QUALITY = "quality"
    """Reads and hears contacts, and says how good they were; changes none."""
    PRIVACY = "privacy"
    """Answers for customers' rights: copies, erasure, holds, retention."""
    AUDITOR = "auditor"
    """Reads everything, the records of who did what included; changes nothing."""
    INTEGRATOR = "integrator"
    """Connects other systems; sees no customer on a screen."""
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


SYSTEM_REASONS = frozenset({"rona", "lost", "device"})
"""Reasons for `not_ready` that only the router sets."""
