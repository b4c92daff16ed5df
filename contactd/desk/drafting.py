"""Drafts on the server: written by one window at a time, by whoever has the contact in hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from contactd.core.errors import ConflictError
from contactd.crm_store import draft_rows
from contactd.desk.desk import Desk
from contactd.desk.rights import Actor

Handler = Callable[[Actor, Mapping[str, Any]], Awaitable[dict[str, Any]]]


class Drafting:
    """Carries out commands about drafts."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    def table(self) -> dict[str, Handler]:
        """Return command → what carries it out."""
        return {
            "draft.read": self._read,
            "draft.versions": self._versions,
            "draft.save": self._save,
            "draft.drop": self._drop,
        }

    async def _read(self, _actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return `draft` (or null) with its version, who wrote it, and the window that has it in hand."""
        entry = self._desk.entry(data["interaction"])
        found = await self._desk.store.read(partial(draft_rows.get, interaction=entry.id))
        if found is not None:
            found["name"] = self._desk.roster.name(found["agent"])
            found["editor_name"] = self._desk.roster.name(found["editor_agent"])
        return {"draft": found}

    async def _versions(self, _actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return how the draft stood before, newest first."""
        entry = self._desk.entry(data["interaction"])
        rows = await self._desk.store.read(partial(draft_rows.versions, interaction=entry.id))
        return {"versions": [row | {"name": self._desk.roster.name(row["agent"])} for row in rows]}

    async def _save(self, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Write the draft; return its version after the commit.

        Raises:
            ConflictError: another window has it in hand (`locked`), or it is newer than the writer knows (`draft_newer`).
        """
        entry = self._desk.entry(data["interaction"])
        unit = partial(
            draft_rows.write,
            interaction=entry.id,
            body=data["body"],
            known=data["version"],
            agent=actor.id,
            editor=data["editor"],
            now=self._desk.clock.now(),
            take=data.get("take", False),
        )
        written = await self._desk.store.write(unit, urgent=True)
        if written.refused:
            text = self._desk.roster.name(written.by)
            raise ConflictError(text, code=written.refused, field="draft")
        return {"version": written.version}

    async def _drop(self, _actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
        """Throw the draft away."""
        entry = self._desk.entry(data["interaction"])
        await self._desk.store.write(partial(draft_rows.drop, interaction=entry.id), urgent=True)
        return {}
