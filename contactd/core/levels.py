"""How far somebody sees and changes fields: hide, mask, read, edit; asked by everything that shows or takes data.

One function goes over all data that leave, whatever they are; it is given them before they are encoded.  A field has one name for
all the objects it stands in, so that what is hidden of a customer is not told by a case of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contactd.core.errors import ForbiddenError
from contactd.core.masking import DEEPEST, HIDDEN, masked, masked_text

PHONE, EMAIL = "numbers", "addresses"
"""Names that mean every number and every address, wherever they stand."""
_ALIKE = (
    frozenset({"name", "display_name", "party_name", "customer_name", "survivor_name", "sender_name"}),
    frozenset({"language", "lang"}),
    frozenset({"owner", "owner_id"}),
    frozenset({"team", "team_id"}),
    frozenset({"segment", "segment_id"}),
)
"""Names of the same field, in a request and in an answer: what is said of one is said of all."""
_STRICT = ("hide", "mask", "read", "edit")
_VALUES = ("before", "after", "merged", "now")
"""Keys under which what was changed stands beside the name of its `field`."""
ADDRESS = re.compile(r"(?<![\w.+%-])([\w+%])[\w.+%\-]{0,63}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
"""One that could be written to; of what is in front of the @ the first character stays."""


def veiled_text(text: str) -> str:
    """Return `text` with every e-mail address in it masked: z****@example.com."""
    return ADDRESS.sub(rf"\1{HIDDEN}@\2", text) if "@" in text else text


_CARD = ("id", "kind", "party_id")
"""What is shown of a business record that is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What is closed until it is known who the customer is: level 1 to 3 for fields, kinds of records, and actions."""

    fields: Mapping[str, int] = field(default_factory=dict)
    cards: Mapping[str, int] = field(default_factory=dict)
    acts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Levels:
    """What of the fields one role may see and change."""

    numbers: bool = False
    """Telephone numbers of people are masked."""
    addresses: bool = False
    """E-mail addresses are masked."""
    hidden: frozenset[str] = frozenset()
    veiled: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    """Shown, and not changed."""
    closed: Mapping[str, int] = field(default_factory=dict)
    """Field → how surely the customer must be who they say they are, before it is shown or changed."""
    cards: Mapping[str, int] = field(default_factory=dict)
    """Kind of business record → the same; below it is shown only that there is one."""
    acts: Mapping[str, int] = field(default_factory=dict)
    """Action → the same."""
    opened: Mapping[str, int] = field(default_factory=dict)
    """Record of a customer → how sure it is at this moment."""

    @classmethod
    def of(cls, fields: Mapping[str, str], *, numbers: bool = False, closing: Closing | None = None) -> Levels:
        """Read field → level; `numbers`: telephone numbers are masked in any case; `closing`: what an identity check opens."""
        needs = closing or Closing()
        own = _by_every_name({name: level for name, level in fields.items() if name not in {PHONE, EMAIL}})
        return cls(
            numbers=numbers or fields.get(PHONE) in {"mask", "hide"},
            addresses=fields.get(EMAIL) in {"mask", "hide"},
            hidden=frozenset(name for name, level in own.items() if level == "hide"),
            veiled=frozenset(name for name, level in own.items() if level == "mask"),
            fixed=frozenset(name for name, level in own.items() if level != "edit"),
            closed={name: needs.fields[one] for one in needs.fields for name in _every_name(one)},
            cards=needs.cards,
            acts=needs.acts,
        )

    @property
    def asks(self) -> bool:
        """Tell whether anything is closed until it is known who the customer is."""
        return bool(self.closed or self.cards or self.acts)

    @property
    def narrow(self) -> bool:
        """Tell whether anything is not shown as it is."""
        return self.numbers or self.veils_fields

    @property
    def veils_fields(self) -> bool:
        """Tell whether more than numbers is not shown as it is."""
        return bool(self.addresses or self.hidden or self.veiled or self.closed or self.cards)

    def shown(self, data: Any) -> Any:
        """Return JSON data as this role sees them."""
        if self.hidden or self.veiled or self.closed or self.cards:
            data = self._fields(data, "", 0, 0)
        if self.addresses:
            data = _veiled(data, 0)
        return masked(data) if self.numbers else data

    def text(self, text: str) -> str:
        """Return a text as this role sees it."""
        text = veiled_text(text) if self.addresses else text
        return masked_text(text) if self.numbers else text

    def refuse(self, names: Iterable[str], custom: Iterable[str] = (), *, party: str = "") -> None:
        """Let nobody change, or ask by, what they may not.

        Args:
            names: fields that are to be changed, by their names in the interface.
            custom: keys of the house's own.
            party: the customer whose they are.

        Raises:
            ForbiddenError: one is not theirs to change (code `field`); the text names it.
        """
        level = self.opened.get(party, 0)
        shut = {name for name, needed in self.closed.items() if level < needed}
        wrong = (self.fixed | shut).intersection([*names, *(f"custom.{key}" for key in custom)])
        if wrong:
            message = f"You may not change {', '.join(sorted(wrong))}."
            raise ForbiddenError(message, code="field", field=min(wrong))

    def unseen(self, name: str) -> bool:
        """Tell whether a field is not shown as it is; one of the house's own is not, either, where all of them are not."""
        names = {name, name.partition(".")[0]}
        return any(names.intersection(one) for one in (self.hidden, self.veiled, self.closed))

    def _fields(self, data: Any, within: str, depth: int, level: int) -> Any:
        if depth > DEEPEST:
            return None
        if isinstance(data, (list, tuple)):
            return [self._fields(one, within, depth + 1, level) for one in data]
        if not isinstance(data, dict):
            return data
        # Keys within a house's own fields are the house's: none of them says whose they are, or what it is.
        level = level if within else self._sure(data)
        if not within and (needed := self._card(data)) > level:
            return {key: data[key] for key in _CARD if key in data} | {"closed": needed}
        shown = {key: self._field(f"{within}{key}", key, value, depth, level) for key, value in data.items()}
        return shown | self._change(data, depth, level)

    def _sure(self, data: dict[Any, Any]) -> int:
        """Return how sure the customer is whom an object names, or is."""
        party = data.get("party_id") if "party_id" in data else data.get("id")
        return self.opened.get(party, 0) if isinstance(party, str) else 0

    def _card(self, data: dict[Any, Any]) -> int:
        """Return the level that is needed for what is a business record."""
        kind = data.get("kind")
        return self.cards.get(kind, 0) if isinstance(kind, str) and "title" in data else 0

    def _change(self, data: dict[Any, Any], depth: int, level: int) -> dict[str, Any]:
        """Return the values of a change that names its field, each as that field is shown."""
        field = data.get("field")
        if not isinstance(field, str):
            return {}
        return {key: self._field(field, field, data[key], depth, level) for key in _VALUES if key in data}

    def _field(self, name: str, key: str, value: Any, depth: int, level: int) -> Any:
        if name in self.hidden or self.closed.get(name, 0) > level:
            return [] if isinstance(value, (list, tuple)) else None
        if name in self.veiled:
            return _veil(value)
        # What is known of a customer holds for their own fields, not for all that stands below them.
        own = key == "custom"
        return self._fields(value, "custom." if own else "", depth + 1, level if own else 0)


EVERYTHING = Levels()


def _every_name(name: str) -> Iterable[str]:
    """Return every name of a field."""
    return next((names for names in _ALIKE if name in names), (name,))


def _by_every_name(fields: Mapping[str, str]) -> dict[str, str]:
    """Return field → level with every name of each; of two levels for one field the stricter."""
    found = dict(fields)
    for names in _ALIKE:
        said = [fields[name] for name in names if name in fields]
        if said:
            found |= dict.fromkeys(names, min(said, key=_STRICT.index))
    return found


def _veil(value: Any) -> Any:
    """Let a value say only that it is there."""
    if isinstance(value, (list, tuple)):
        return [_veil(one) for one in value]
    if isinstance(value, dict):
        return {key: _veil(one) for key, one in value.items()}
    return HIDDEN if value not in (None, "", False) else value


def _veiled(data: Any, depth: int) -> Any:
    if isinstance(data, str):
        return veiled_text(data)
    if depth > DEEPEST:
        return None
    if isinstance(data, dict):
        return {veiled_text(str(key)): _veiled(value, depth + 1) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_veiled(value, depth + 1) for value in data]
    return data
