"""The policy that rules now, for everybody in the house who asks it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from contactd.core.case_plan import Opening
from contactd.core.channel import Arrival, Content
from contactd.desk.gates import Gates
from contactd.routing.line import ChannelRule
from contactd.routing.policy import Policy

SAID = 20_000
"""Characters of a contact that are looked through for the words of a rule."""


class Rules:
    """Holds the published policy and its version; changed by the one who publishes."""

    def __init__(self, policy: Policy, version: int) -> None:
        """Begin with a version."""
        self.policy = policy
        self.version = version
        self.gates = Gates()
        """Which lines are open."""
        self.heard: list[Callable[[], None]] = []
        """Who is told that another version rules."""

    def replace(self, policy: Policy, version: int) -> None:
        """Let another version rule."""
        self.policy = policy
        self.version = version
        for hear in self.heard:
            hear()

    def rule(self, line: str, channel: str) -> ChannelRule:
        """Return how a channel behaves in a line."""
        return self.policy.rule(line, channel)

    def live(self, channel: str) -> bool:
        """Say whether a customer of this channel is there now and may leave."""
        return self.policy.rule(self.policy.default_line, channel).live

    def filed(self, line: str, kind: str) -> bool:
        """Say whether a line keeps this sort of automatic contact without putting it before anybody."""
        rules = self.policy.lines.get(line, self.policy.lines[self.policy.default_line])
        return rules.automatic.get(kind) == "file"

    def opens(self, arrival: Arrival, line: str, content: Content) -> tuple[Opening, ...]:
        """Return the rules by which a case may be opened from an arrival; what machines and the house itself sent opens none."""
        plan = self.policy.cases
        if not plan.openings or content.auto is not None or content.about_case is not None:
            return ()
        said = "\n".join((content.subject or arrival.subject, *(one.text for one in content.messages)))
        return plan.fitting(line=line, channel=arrival.channel, text=said[:SAID])

    def reopens(self, line: str) -> timedelta | None:
        """Return how long after its end a line's conversation is taken up again by an answer; None = always."""
        rules = self.policy.lines.get(line, self.policy.lines[self.policy.default_line])
        return timedelta(days=rules.reopen_days) if rules.reopen_days else None

    def lines(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the lines as a channel may read them: name → label, signature, open, recording and what else one may need."""
        return {
            name: {
                "label": line.label,
                "greeting": line.greeting,
                "signature": line.signature,
                "from_address": line.from_address,
                "open": self.gates.is_open(name),
                "recording": line.recording.as_json(),
                "early_bridge": line.early_bridge,
            }
            for name, line in self.policy.lines.items()
        }
