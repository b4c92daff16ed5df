"""What is known of a message besides its words, as the wire shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

CHECKS = "checks"
"""Fact: what is proved about the sender, in words `name=value`."""
FORGED = "verdict=fail"
"""The word among them that says: probably somebody else."""


def facts(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return what is known of a message besides its words: who wrote it, really, what it invites to, what to heed."""
    checks, flags = headers.get(CHECKS), headers.get("flags", "")
    return {
        "auto": headers.get("auto"),
        "checks": dict(one.partition("=")[::2] for one in checks.split()) if checks else None,
        "event": json.loads(headers["event"]) if "event" in headers else None,
        "protection": headers.get("protection"),
        "seal": dict(one.partition("=")[::2] for one in headers["seal"].split()) if "seal" in headers else None,
        "flags": [dict(zip(("kind", "about"), one.partition("=")[::2], strict=True)) for one in flags.split()],
    }


def forged(headers: Mapping[str, str]) -> bool:
    """Tell whether a message's sender is probably somebody else."""
    return FORGED in headers.get(CHECKS, "").split()


def held(scan_state: str) -> str | None:
    """Return why a file is held: virus | type | unscanned; None when it may be saved."""
    return scan_state.removeprefix("held_") if scan_state.startswith("held_") else None
