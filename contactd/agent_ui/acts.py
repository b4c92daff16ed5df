"""The commands only supervisors may give: about what waits, about agents, about lines."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from contactd.agent_ui.fields import Ident, Moment, OnInteraction, Shape, Word


class Pull(OnInteraction):
    """interaction.pull: give a waiting item to an agent, or to oneself, without ringing."""

    agent: Ident | None = None


class Push(OnInteraction):
    """interaction.push: let a waiting item be offered to one agent."""

    agent: Ident


class SetPriority(OnInteraction):
    """interaction.set_priority: higher is served first."""

    priority: Annotated[int, Field(ge=0, le=9)]


class Needed(Shape):
    """A skill and the level that is needed of it."""

    skill: Word
    level: Annotated[int, Field(ge=1, le=10)]


class SetSkills(OnInteraction):
    """interaction.set_skills: what an item asks for beyond what its line does."""

    skills: list[Needed] = Field(max_length=20)


class DrainAgent(Shape):
    """agent.drain: give an agent nothing new, or work again."""

    agent: Ident
    on: bool = True


class SetLine(Shape):
    """line.set: open, close or drain a line by hand until a moment, or give it back to its calendar."""

    line: Word
    mode: Literal["open", "closed", "drain", "calendar"]
    until: Moment | None = None
    reason: Word | None = None


class Supervise(OnInteraction):
    """call.supervise: hear a call, whisper to its agent, join it, or leave it."""

    mode: Literal["listen", "whisper", "barge", "stop"] = "listen"


ACTS: dict[str, type[Shape]] = {
    "interaction.pull": Pull,
    "interaction.push": Push,
    "interaction.requeue": OnInteraction,
    "interaction.release": OnInteraction,
    "interaction.set_priority": SetPriority,
    "interaction.set_skills": SetSkills,
    "agent.drain": DrainAgent,
    "line.set": SetLine,
    "call.supervise": Supervise,
}
"""Supervisors' commands."""
