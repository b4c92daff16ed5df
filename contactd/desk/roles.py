"""The roles that come ready: each an agent or a supervisor, with something more, or with nothing but what is named."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from contactd.core.agent import Role


@dataclass(frozen=True, slots=True)
class Kit:
    """What a role may do: as another does (`rights.RULES`), and `more`; with `only`, nothing that is in neither."""

    like: Role
    more: frozenset[str] = frozenset()
    """Actions this role may do on anybody's thing."""
    only: frozenset[str] | None = None
    """Actions it keeps of the other role; None = all."""


SELF = frozenset(
    {
        *("me.read", "password.change", "policy.read", "agent.list", "console.open"),
        *("announcement.read", "announcement.confirm"),
    }
)
"""What every role may: be here, and see who and what there is."""
LOOKING = SELF | {
    *("interaction.read", "party.read", "party.lookup", "search", "case.read", "record.read", "kb.read", "file.read"),
    *(
        "queue.read",
        "outbox.read",
        "sender.read",
        "duplicate.read",
        "agent.read",
        "agent.explain",
        "interaction.explain",
        "report.read",
    ),
}
"""Reading, and nothing that changes anything."""
KITS: dict[Role, Kit] = {
    Role.AGENT: Kit(Role.AGENT),
    Role.SUPERVISOR: Kit(Role.SUPERVISOR),
    Role.ADMIN: Kit(Role.ADMIN),
    Role.SENIOR: Kit(
        Role.AGENT,
        more=frozenset(
            {
                *("interaction.explain", "agent.read", "interaction.pull", "interaction.push", "interaction.transfer"),
                *("interaction.set_priority", "interaction.set_skills", "sender.keep_out", "callback.settle"),
            }
        ),
    ),
    Role.EDITOR: Kit(Role.AGENT, more=frozenset({"kb.publish", "kb.approve"})),
    Role.QUALITY: Kit(
        Role.AGENT,
        more=frozenset(
            {
                *("interaction.explain", "agent.read", "recording.listen", "survey.read"),
                *("quality.read", "quality.assess", "quality.edit"),
            }
        ),
        only=LOOKING | {"interaction.note"},
    ),
    Role.PRIVACY: Kit(
        Role.SUPERVISOR,
        more=frozenset({"privacy.decide", "retention.run"}),
        only=LOOKING
        | {
            *(
                "privacy.read",
                "privacy.ask",
                "retention.read",
                "case.evidence",
                "party.archive",
                "consent.say",
                "point.reveal",
            ),
            *("recording.hold", "recording.redact", "recording.listen", "case.create", "case.edit"),
        },
    ),
    Role.AUDITOR: Kit(
        Role.SUPERVISOR,
        only=LOOKING
        | {
            "privacy.read",
            "survey.read",
            "quality.read",
            "change.read",
            "import.read",
            "outside.compare",
            "retention.read",
            "case.evidence",
        },
    ),
    Role.INTEGRATOR: Kit(
        Role.SUPERVISOR,
        more=frozenset({"webhook.manage", "record.mirror"}),
        only=SELF | {"import.read", "import.run", "change.read", "field.manage", "record.read", "record.edit"},
    ),
}
"""Role → what it is made of."""


def working(role: str) -> bool:
    """Tell whether a role takes contacts: the router's agents, and nobody who only looks, rules or connects."""
    kit = KITS.get(Role(role))
    return kit is not None and kit.like == Role.AGENT and kit.only is None


def same_as(role: str) -> Collection[str]:
    """Return the names under which a setting may mean a role: its own, and of who takes contacts, `agent`."""
    return {role, Role.AGENT} if role in set(Role) and working(role) else {role}
