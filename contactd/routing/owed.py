"""The callbacks that are open, by the customers they are owed to, and by the contacts they wait for."""

from __future__ import annotations

from collections.abc import Iterator

from contactd.routing.state import Item


def names(item: Item) -> Iterator[str]:
    """Yield the names an item's customer is known by: it is the same customer when one of them is the same."""
    if item.party is not None:
        yield f"party:{item.party}"
    if item.contact is not None:
        yield f"contact:{item.contact}"


class Owed:
    """Open callbacks."""

    def __init__(self) -> None:
        self._by_name: dict[str, dict[str, Item]] = {}
        self._waiting_for: dict[str, dict[str, Item]] = {}

    def __bool__(self) -> bool:
        """Tell whether any callback is open whose customer is known by a name."""
        return bool(self._by_name)

    def add(self, item: Item) -> None:
        """Write a callback in; one that was suspended still is."""
        for name in names(item):
            self._by_name.setdefault(name, {})[item.id] = item
        if item.suspended_by is not None:
            self._waiting_for.setdefault(item.suspended_by, {})[item.id] = item

    def drop(self, item: Item) -> None:
        """Strike a callback out."""
        for name in names(item):
            found = self._by_name.get(name, {})
            found.pop(item.id, None)
            if not found:
                self._by_name.pop(name, None)
        if item.suspended_by is not None:
            self._waiting_for.get(item.suspended_by, {}).pop(item.id, None)

    def to(self, item: Item) -> list[Item]:
        """Return the callbacks owed to an item's customer, by id."""
        found = {owed.id: owed for name in names(item) for owed in self._by_name.get(name, {}).values()}
        return [found[ident] for ident in sorted(found)]

    def suspend(self, item: Item, contact: str) -> None:
        """Let a callback wait for a contact's end."""
        item.suspended_by = contact
        item.untold = True
        self._waiting_for.setdefault(contact, {})[item.id] = item

    def resume(self, contact: str) -> list[Item]:
        """Return the callbacks that waited for a contact's end, by id; they wait for it no longer."""
        found = self._waiting_for.pop(contact, {})
        for item in found.values():
            item.suspended_by = None
            item.untold = True
        return [found[ident] for ident in sorted(found)]
