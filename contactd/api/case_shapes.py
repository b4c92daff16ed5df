"""The shapes of cases: what is sent and what is answered."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contactd.api import shapes
from contactd.api.answers import Shape
from contactd.clock import rfc3339
from contactd.core import case as rules

_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Word = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Text = Annotated[str, StringConstraints(max_length=20_000, pattern=r"^[^\x00]*$")]


class Todo(BaseModel):
    """One thing to do."""

    model_config = ConfigDict(extra="ignore")
    text: _Word
    done: bool = False
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")] | None = None
    """Keep it, and a step stays the one it is."""
    due_at: AwareDatetime | None = None
    """When it comes into the queue, if it is not done by then."""
    required: bool = False
    """The case is not resolved before it is done."""
    line: _Word | None = None

    def row(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        return {**self.model_dump(), "due_at": rfc3339(self.due_at) if self.due_at else None}


class Change(BaseModel):
    """Fields of a case; those that are left out stay."""

    model_config = ConfigDict(extra="ignore")
    type: _Word | None = None
    priority: Annotated[int, Field(ge=0, le=rules.TOP_PRIORITY)] | None = None
    harm: int | None = None
    """Of a complaint, 1-3; with `reach` it gives the severity."""
    reach: int | None = None
    subject: _Word | None = None
    body: _Text | None = None
    party: _Id | None = None
    assignee: _Id | None = None
    team: _Word | None = None
    cause: _Word | None = None
    remedy: _Text | None = None
    outside_ref: _Word | None = None
    checklist: Annotated[list[Todo], Field(max_length=100)] | None = None
    custom: Annotated[dict[str, Any], Field(max_length=200)] | None = None
    row_version: int | None = None

    def columns(self) -> dict[str, Any]:
        """Return what is given, under the store's names."""
        given = self.model_dump(exclude_unset=True, exclude={"row_version", "harm", "reach", "interaction", "parent"})
        names = {"party": "party_id", "team": "team_id", "cause": "cause_code"}
        values = {names.get(key, key): value for key, value in given.items()}
        if self.checklist is not None:
            values["checklist"] = [step.row() for step in self.checklist]
        if self.harm is not None or self.reach is not None:
            values["severity"] = rules.severity(self.harm or 0, self.reach or 0)
        return values


class NewCase(Change):
    """A case to be made: by itself, from a contact, or as a part of another."""

    subject: Annotated[_Word, StringConstraints(min_length=1)]
    interaction: _Id | None = None
    parent: _Id | None = None
    template: _Word | None = None
    """Whose steps it begins with; else those of its type's."""


class Moving(BaseModel):
    """Where a case goes."""

    model_config = ConfigDict(extra="ignore")
    state: _Word | None = None
    stage: _Word | None = None
    text: _Text = ""
    row_version: int | None = None


class Note(BaseModel):
    """What somebody writes."""

    model_config = ConfigDict(extra="ignore")
    text: Annotated[_Text, StringConstraints(min_length=1)]
    public: bool = False
    """It went to the customer: the first answer is met."""


class Escalation(BaseModel):
    """Why a case goes up, and to whom."""

    model_config = ConfigDict(extra="ignore")
    text: _Text = ""
    to: _Id | None = None


class Linking(BaseModel):
    """Another case."""

    model_config = ConfigDict(extra="ignore")
    case: _Id
    kind: _Word


class Watching(BaseModel):
    """Whether somebody follows."""

    model_config = ConfigDict(extra="ignore")
    on: bool = True


class Board(Shape):
    """Columns, one for each state."""

    columns: list[dict[str, Any]]


class WholeCase(shapes.Case):
    """A case with everything."""

    events: list[dict[str, Any]]
    timers: list[dict[str, Any]]


class Clocks(Shape):
    """Why the clocks of a case end when they end."""

    items: list[dict[str, Any]]
