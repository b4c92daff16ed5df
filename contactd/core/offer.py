"""An offer: one interaction reserved for one agent until it expires, and how it can end."""

from __future__ import annotations

from enum import StrEnum


class OfferOutcome(StrEnum):
    """How an offer ended."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class WithdrawReason(StrEnum):
    """Why an offer was taken back; none of these counts against the agent."""

    CUSTOMER_GONE = "customer_gone"
    LOST_RACE = "lost_race"
    REROUTED = "rerouted"
    DRAINED = "drained"
    AGENT_LOST = "agent_lost"


class FailReason(StrEnum):
    """Why a delivery failed after the agent had accepted."""

    DEVICE_BUSY = "device_busy"
    DEVICE_UNREACHABLE = "device_unreachable"
    MEDIA = "media"
