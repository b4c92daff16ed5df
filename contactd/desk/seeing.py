"""What each role sees of customers: whose, how far each field, numbers as they are or masked; as the installation says."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from contactd.core.identity import Plan, field_of
from contactd.core.levels import EVERYTHING, Closing, Levels
from contactd.crm_store.sight import Sight
from contactd.desk.rights import PROGRAM, Actor
from contactd.desk.roles import same_as
from contactd.settings import Privacy


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeing:
    """Gives an actor their sight and levels."""

    masked_roles: frozenset[str] = frozenset()
    scopes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Role → object → scope."""
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Role → field → level."""

    closing: Closing = field(default_factory=Closing)
    """What is closed until it is known who the customer is."""
    closed_to: frozenset[str] = frozenset()
    """Roles for which it is."""

    @classmethod
    def of(cls, privacy: Privacy) -> Seeing:
        """Read the settings."""
        scopes = {str(role): dict(one) for role, one in privacy.scopes.items()}
        fields: dict[str, dict[str, str]] = {str(role): {**one} for role, one in privacy.fields.items()}
        asked = privacy.identity
        # Nobody is shown what they are to ask.
        told = {field_of(one)[0]: 1 for one in asked.questions}
        acts = {str(action): level for action, level in asked.actions.items()}
        return cls(
            masked_roles=frozenset(privacy.masked_roles),
            scopes=scopes,
            fields=fields,
            closing=Closing(fields=told | asked.fields, cards=asked.cards, acts=acts),
            closed_to=frozenset(asked.roles),
        )

    def levels(self, role: str) -> Levels:
        """Return how far a role sees fields."""
        meant = same_as(role)
        closing = self.closing if self.closed_to.intersection(meant) else None
        numbers = bool(self.masked_roles.intersection(meant))
        return Levels.of(_of(self.fields, meant, role), numbers=numbers, closing=closing)

    def seen_by(self, actor: Actor) -> Actor:
        """Return the actor with what they see."""
        levels = self.levels(actor.role)
        reaches = {} if actor.role == PROGRAM else _of(self.scopes, same_as(actor.role), actor.role)
        sight = Sight(agent=actor.id, **reaches) if reaches else None
        whole = sight is None or sight.whole
        if whole and levels == EVERYTHING:
            return actor
        return replace(actor, masked=levels.numbers, levels=levels, sight=None if whole else sight)


def plan_of(privacy: Privacy) -> Plan:
    """Read what may be asked, and what reaches which level."""
    asked = privacy.identity
    return Plan(questions=asked.questions, right=asked.right, wrong=asked.wrong, start=asked.start)


def _of(table: Mapping[str, Mapping[str, Any]], meant: Collection[str], role: str) -> Mapping[str, Any]:
    """Return what a table says of a role: its own entry, else that of the role it counts as."""
    found = table.get(role)
    return found if found is not None else next((table[one] for one in meant if one in table), {})
