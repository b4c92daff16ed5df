"""How the reference describes answers in general: objects that may gain fields, pages, problem documents."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Shape(BaseModel):
    """An object that may gain fields."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)


class Page(Shape, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None


class Problem(Shape):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Problem, "description": "A problem document", "content": {"application/problem+json": {}}},
}
"""What every operation may answer instead."""


def gives(model: Any, status: int = 200) -> dict[int | str, dict[str, Any]]:
    """Describe an operation's answer."""
    return {status: {"model": model, "description": "Done"}}
