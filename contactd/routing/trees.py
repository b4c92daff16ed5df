"""Disposition trees and reasons for being not ready, read from the policy document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.core.interaction import Outcome
from contactd.routing.document import NAME, Table
from contactd.routing.line import Reason

MAX_DEPTH = 4
_OUTCOMES = tuple(str(outcome) for outcome in Outcome)

Node = Mapping[str, Any]


def read_trees(table: Table) -> dict[str, tuple[Node, ...]]:
    """Read `dispositions.<tree>`: lists of nodes, at most four levels deep; a code stands once in its tree."""
    trees: dict[str, tuple[Node, ...]] = {}
    for name in table.names():
        seen: set[str] = set()
        trees[name] = _nodes(table, name, 1, seen)
    return trees


def _nodes(table: Table, key: str, depth: int, seen: set[str]) -> tuple[Node, ...]:
    nodes = []
    for row in table.rows(key):
        code = row.text("code")
        if not NAME.fullmatch(code):
            row.wrong("code", "must be a name (letters, digits, _ . : -, at most 64)")
        elif code in seen:
            row.wrong("code", f"stands twice in its tree: {code}")
        seen.add(code)
        node: dict[str, Any] = {"code": code, "label": row.label("label", code), "children": (), "outcome": None}
        if row.has("outcome"):
            node["outcome"] = row.choice("outcome", "handled", _OUTCOMES)
        if depth < MAX_DEPTH:
            node["children"] = _nodes(row, "children", depth + 1, seen)
        elif row.has("children"):
            row.take("children")
            row.wrong("children", f"a tree has at most {MAX_DEPTH} levels")
        row.done()
        nodes.append(node)
    return tuple(nodes)


def read_reasons(table: Table) -> dict[str, Reason]:
    """Read `reasons.<code>`."""
    reasons = {}
    for code, row in table.tables():
        reasons[code] = Reason(
            code=code,
            label=row.label("label", code),
            worked=row.flag("worked", default=True),
            paid=row.flag("paid", default=True),
            max_s=row.number("max_s", 0) or None,
            most=row.whole("most", 0, 0, 100_000) or None,
            approval=row.flag("approval", default=False),
            min_service=row.number("min_service", 0.0, 1.0),
        )
        row.done()
    return reasons
