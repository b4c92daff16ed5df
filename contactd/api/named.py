"""What a request names by ids: in its path, its query and its body; so that nobody reaches by an id what they do not see."""

from __future__ import annotations

import json
from collections.abc import Mapping

from fastapi import Request

from contactd.core.errors import BadRequestError
from contactd.crm_store import follow_up_rows
from contactd.crm_store.sight import Kind

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OBJECTS: Mapping[str, Kind] = {
    "parties": "party",
    "interactions": "interaction",
    "cases": "case",
    "points": "point",
    "messages": "message",
    "files": "file",
    "recordings": "recording",
    "reviews": "review",
    "approvals": "approval",
    "records": "record",
    "tasks": "task",
    "promises": "promise",
    "merges": "merge",
    "duplicates": "duplicate",
    "links": "link",
    "privacy/requests": "request",
    "privacy/holds": "hold",
}
"""Beginning of a path below the interface's, a word or two → what its `{ident}` names."""
_NAMED: tuple[tuple[str, Kind], ...] = (
    *((key, "party") for key in ("party", "party_id", "org_party_id", "survivor", "loser", "losers", "parties", "to")),
    *((key, "case") for key in ("case", "case_id", "parent")),
    *((key, "interaction") for key in ("interaction", "interaction_id", "source_interaction")),
    ("parent", "record"),
)
"""Keys of bodies and queries, with what they name; a parent is a case or a record."""
MOST = follow_up_rows.MOST + 100
"""Things one request may name: the longest list there is, and what else stands beside it."""


async def names(request: Request) -> list[tuple[Kind, str]]:
    """Return what a request names, each thing once.

    Raises:
        BadRequestError: it names more than can be looked at (code `too_many`).
    """
    found = _of_path(request)
    found += [(kind, value) for key, kind in _NAMED for value in request.query_params.getlist(key) if value]
    # By no other content type: which ones are read as JSON is decided elsewhere, and by more than one rule.
    multipart = request.headers.get("content-type", "").strip().lower().startswith("multipart/")
    if request.method not in SAFE and not multipart:
        found += _of_body(await request.body())
    once = list(dict.fromkeys(found))
    if len(once) > MOST:
        message = f"At most {MOST} things may be named at once."
        raise BadRequestError(message, code="too_many")
    return once


def _of_path(request: Request) -> list[tuple[Kind, str]]:
    """Return what a path names: `/api/v1/<objects>/<id>…`, or `/files/<id>`."""
    pieces = request.url.path.removeprefix("/api/v1").strip("/").split("/")
    kind = _OBJECTS.get(pieces[0]) or _OBJECTS.get("/".join(pieces[:2]))
    given = (request.path_params.get(name) for name in ("ident", "point"))
    return [(kind, ident) for ident in given if isinstance(ident, str)][:1] if kind is not None else []


def _of_body(raw: bytes) -> list[tuple[Kind, str]]:
    """Return what a body names, at whatever depth: in objects, and in objects of lists."""
    try:
        data = json.loads(raw) if raw.strip() else {}
    except (ValueError, RecursionError):
        return []
    found: list[tuple[Kind, str]] = []
    left = [data]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            found += [each for key, kind in _NAMED for each in _idents(kind, value.get(key))]
            left += value.values()
        elif isinstance(value, list):
            left += value
    return found


def _idents(kind: Kind, value: object) -> list[tuple[Kind, str]]:
    return [(kind, one) for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
