"""The words of the scripted PBX: every message is a template cut from the recorded streams of a real one.

Each template names the recording it comes from; the few that say "documented" are in no recording of ours.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

Fields = list[tuple[str, str]]


@cache
def _load(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(files(__package__).joinpath("templates", name).read_text("utf-8"))
    return found


def banner() -> str:
    """Return the manager's first line."""
    return str(_load("ami.json")["banner"])


def ami_event(name: str, values: Mapping[str, str]) -> Fields:
    """Return an event's fields in the recorded order, with `values` in the places that have the key."""
    return [(key, values.get(key, value)) for key, value in _load("ami.json")["events"][name]["fields"]]


def ami_replies(action: str, arguments: Mapping[str, str]) -> list[Fields]:
    """Return what was answered to an action with these arguments, time after time; empty when nobody ever sent it."""
    book = _load("ami.json")["replies"]
    exact = f"{action} {json.dumps(dict(arguments), ensure_ascii=False, sort_keys=True)}" if arguments else action
    found = book.get(exact) or book.get(action) or []
    return [[(key, value) for key, value in each["fields"]] for each in found]


def ari_event(name: str) -> dict[str, Any]:
    """Return a message of the event socket, to be filled in."""
    found: dict[str, Any] = copy.deepcopy(_load("ari.json")["events"][name]["message"])
    return found


def ari_object(name: str) -> dict[str, Any]:
    """Return a `channel` or a `bridge`, to be filled in."""
    found: dict[str, Any] = copy.deepcopy(_load("ari.json")[name]["body"])
    return found


def ari_reply(request: str) -> Any:
    """Return the body that was answered to `METHOD /path/{id} STATUS`."""
    return copy.deepcopy(_load("ari.json")["replies"][request]["body"])
