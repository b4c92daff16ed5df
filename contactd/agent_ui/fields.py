"""The kinds of values that stand in frames, each with its bounds: a text here is clean and of a size that can be kept."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from contactd.clock import parse_rfc3339, rfc3339


def _clean(text: str) -> str:
    """Refuse what no store and no line protocol can carry."""
    if "\x00" in text:
        message = "a NUL character"
        raise ValueError(message)
    return text


def _one_line(text: str) -> str:
    """Refuse control characters: names and ids stand in headers and logs."""
    if any(ord(character) < ord(" ") or character == "\x7f" for character in text):
        message = "a control character"
        raise ValueError(message)
    return text


def _moment(text: str) -> str:
    """Return a moment in the wire's own spelling."""
    moment: datetime = parse_rfc3339(text)
    return rfc3339(moment)


Ident = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_one_line)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_one_line)]
Title = Annotated[str, StringConstraints(max_length=500), AfterValidator(_one_line)]
Note = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_clean)]
Body = Annotated[str, StringConstraints(min_length=1, max_length=500_000), AfterValidator(_clean)]
Long = Annotated[str, StringConstraints(max_length=500_000), AfterValidator(_clean)]
Html = Annotated[str, StringConstraints(max_length=1_000_000), AfterValidator(_clean)]
Moment = Annotated[str, StringConstraints(max_length=40), AfterValidator(_moment)]
Digits = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[0-9A-D*#]+$")]


class Shape(BaseModel):
    """Data of one command."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class OnInteraction(Shape):
    """A command about one interaction."""

    interaction: Ident
