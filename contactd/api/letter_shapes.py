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
    """A template, filled in."""

    name: str
    label: dict[str, str]
    text: dict[str, str]


class Templates(Shape):
    """What may be said in an interaction."""

    items: list[TemplateText]
    signature: dict[str, str]


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
