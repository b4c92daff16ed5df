"""Everything that waits, the longest wait first; consoles follow the head of it, the rest is asked for page by page."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

HEAD = 500
"""How many items a supervisor's console follows live."""

Place = tuple[str, str]
"""(since when it waits, id)."""


class Waiting:
    """Ids in order, and which of them consoles were shown."""

    def __init__(self, head: int = HEAD) -> None:
        """Let consoles follow the first `head`."""
        self._head = head
        self._order: list[Place] = []
        self._since: dict[str, str] = {}
        self._changed: dict[str, None] = {}
        self._shown: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._order)

    def put(self, ident: str, since: str) -> None:
        """An item waits since a moment, or something about it changed."""
        if self._since.get(ident) != since:
            self._take(ident)
            self._since[ident] = since
            insort(self._order, (since, ident))
        self._changed[ident] = None

    def drop(self, ident: str) -> None:
        """An item waits no longer."""
        self._take(ident)
        self._changed[ident] = None

    def _take(self, ident: str) -> None:
        since = self._since.pop(ident, None)
        if since is not None:
            del self._order[bisect_left(self._order, (since, ident))]

    def head(self) -> list[str]:
        """Return what consoles follow, in order, for a console that begins with it."""
        found = self._first()
        for ident in found:
            if ident not in self._shown:
                # Should it stand there no longer when news are next told, this console must hear of it.
                self._changed[ident] = None
        return found

    def _first(self) -> list[str]:
        return [ident for _, ident in self._order[: self._head]]

    def after(self, place: Place | None) -> Iterator[str]:
        """Yield what stands behind a place, in order; everything when there is none."""
        begin = 0 if place is None else bisect_right(self._order, place)
        for at in range(begin, len(self._order)):
            yield self._order[at][1]

    @property
    def stale(self) -> bool:
        """Whether consoles may have to be told something."""
        return bool(self._changed)

    def news(self) -> tuple[list[str], list[str]]:
        """Return what is to be shown anew at the head, and what stands there no more, since it was last asked."""
        now = dict.fromkeys(self._first())
        upsert = [ident for ident in now if ident in self._changed or ident not in self._shown]
        gone = [ident for ident in {**self._shown, **self._changed} if ident not in now]
        self._shown, self._changed = now, {}
        return upsert, gone
