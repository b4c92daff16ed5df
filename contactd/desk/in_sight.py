"""What a command names must be seen by whoever gives it, as far as their scope is narrow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from contactd.core.errors import NotFoundError
from contactd.core.interaction import State
from contactd.crm_store.sight import Kind, sees
from contactd.desk.book import Entry
from contactd.desk.desk import Desk
from contactd.desk.rights import Actor

_NAMED: Mapping[str, Kind] = {
    "interaction": "interaction",
    "other": "interaction",
    "of": "interaction",
    "party": "party",
    "case": "case",
    "contact_point": "point",
}
"""Keys of commands → what they name."""


async def refuse_unseen(desk: Desk, actor: Actor, data: Mapping[str, Any]) -> None:
    """Let nobody bring into their hands, by a command, what they do not see.

    What is in hand or offered is seen, and so is everybody whom the address of such a contact may mean (`crm_store.sight`).

    Raises:
        NotFoundError: something named is not seen; the same answer as where it is not there.
    """
    sight, now = actor.sight, desk.clock.now()
    if sight is None:
        return
    named = [one for one in _names(data) if one[1] != "interaction" or not _held(desk.book.get(one[2]), actor.id)]

    def first_unseen(conn: Any) -> str | None:
        return next((key for key, kind, ident in named if not sees(conn, sight, kind, ident, now)), None)

    key = await desk.store.read(first_unseen) if named else None
    if key is not None:
        text = "there is no such thing"
        raise NotFoundError(text, field=key)


def _names(data: Mapping[str, Any]) -> Iterator[tuple[str, Kind, str]]:
    """Return (key, kind, id) of what a command names; the topics of a contact name their cases."""
    for given in (data, *(data.get("topics") or ())):
        for key, kind in _NAMED.items():
            if isinstance(ident := given.get(key), str) and ident:
                yield key, kind, ident


def _held(entry: Entry | None, agent: str) -> bool:
    # Whom it was offered last stays written down after the offer.
    return entry is not None and agent in (entry.agent, entry.offered_to if entry.state == State.OFFERED else None)
