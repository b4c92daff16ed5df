"""What the REST interface answers about letters: the outbox, and templates filled in."""

from __future__ import annotations

from contactd.api.answers import Shape


class OutboxItem(Shape):
    """A message that has not left yet, or did not arrive."""

    message: str
    interaction: str
    interaction_state: str
    channel: str
    line: str | None
    agent: str | None
    box: str
    state: str
    to: list[str]
    subject: str
    snippet: str
    at: str
    next_at: str | None
    attempts: int
    detail: str


class Limit(Shape):
    """What a provider allows in a minute or a day."""

    channel: str
    name: str
    host: str
    window: str
    limit: int
    used: int


class Outbox(Shape):
    """What is on its way out."""

    items: list[OutboxItem]
    limits: list[Limit]


class TemplateText(Shape):
    """A template or a text, filled in."""

    kind: str
    """own | shared | policy"""
    name: str
    label: dict[str, str]
    text: dict[str, str]


class Templates(Shape):
    """What may be said in an interaction."""

    items: list[TemplateText]
    signature: dict[str, str]


class Text(Shape):
    """A text that is used often, as it was written."""

    id: str
    shared: bool
    name: str
    text: dict[str, str]
    lines: list[str]
    row_version: int
    updated_at: str


class Texts(Shape):
    """Texts one may use."""

    items: list[Text]
    places: list[str]


class TextVersion(Shape):
    """How a text stood."""

    version: int
    agent: str
    at: str
    name: str
    text: dict[str, str]
    lines: list[str]


class TextVersions(Shape):
    """How a text stood since it was written."""

    items: list[TextVersion]


class Protected(Shape):
    """A sender on the red list."""

    kind: str
    value: str
    agent: str
    at: str
    until: str | None
    """When it ends by itself; null: never."""
    reason: str
    first: bool
    """In line they stand with the most important customers."""
    uncalled: bool
    """Nobody here calls them."""


class Blocked(Shape):
    """A sender whose contacts are filed as junk."""

    kind: str
    value: str
    agent: str
    interaction: str | None
    at: str
    until: str | None
    """When they are let in again by themselves; null: never."""
    reason: str
