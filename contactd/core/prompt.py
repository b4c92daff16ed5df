"""Announcements of the house: which one is heard in a line, a language and at a moment.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

PREFIX = "prompt:"
"""How media that names an announcement begins: `prompt:welcome`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One take of an announcement in one language."""

    id: str
    name: str
    """What menus and lines call it: `welcome`."""
    language: str
    """`zh`, `en`, `zh-HK`."""
    valid_from: datetime
    valid_until: datetime | None = None
    """None: until another take of it begins."""

    def holds(self, now: datetime) -> bool:
        """Tell whether it may be heard at this moment."""
        return self.valid_from <= now and (self.valid_until is None or now < self.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """In one line another announcement is heard in the place of one, for now."""

    line: str
    name: str
    plays: str
    """Name of the other; empty: nothing at all is heard."""
    until: datetime | None = None
    """None: until it is switched back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Where the settings name an announcement."""

    where: str
    """For people: `menus.main`, `wait`, `lines.sales.recording`."""
    name: str
    line: str = ""
    """The line it is heard in, where that is one."""
    languages: tuple[str, ...] = ()
    """Languages in which it can be asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A place that names an announcement which is not there in a language: callers hear the PBX's neutral one."""

    where: str
    name: str
    language: str


class Library(Protocol):
    """The house's announcements, for a channel that lets callers hear them."""

    def book(self) -> Book:
        """Return what there is, as of now."""
        ...

    async def sound(self, ident: str) -> bytes:
        """Return the sound of a take (WAV, mono, 8 kHz, 16 bit).

        Raises:
            NotFoundError: there is none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Every take that may still be heard, and what is switched."""

    prompts: Mapping[str, tuple[Prompt, ...]] = field(default_factory=dict)
    """Name → takes."""
    switches: Mapping[tuple[str, str], Switch] = field(default_factory=dict)
    """(line, name) → switch."""

    def heard(self, name: str, line: str, now: datetime) -> str:
        """Return the name of what is heard in the place of `name`; empty: nothing."""
        switch = self.switches.get((line, name))
        return name if switch is None or (switch.until is not None and switch.until <= now) else switch.plays

    def pick(self, name: str, language: str, now: datetime) -> Prompt | None:
        """Return the take that is heard: the language itself, else its family; the one that began last."""
        for wanted in dict.fromkeys((language, language.partition("-")[0])):
            takes = [each for each in self.prompts.get(name, ()) if each.language == wanted and each.holds(now)]
            if takes:
                return max(takes, key=lambda take: (take.valid_from, take.id))
        return None

    def missing(self, uses: Collection[Use], now: datetime) -> list[Missing]:
        """Return what is named and not there, each place and language once."""
        found: dict[Missing, None] = {}
        for use in uses:
            name = self.heard(use.name, use.line, now) if use.line else use.name
            for language in use.languages if name else ():
                if self.pick(name, language, now) is None:
                    found[Missing(where=use.where, name=name, language=language)] = None
        return list(found)
