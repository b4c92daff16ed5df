"""Who may do what: one table of roles and actions, asked by everything that serves anybody."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from contactd.core.agent import Role
from contactd.core.errors import ForbiddenError
from contactd.core.levels import EVERYTHING, Levels
from contactd.crm_store.sight import Sight
from contactd.desk.roles import KITS

Reach = Literal["any", "own", "no"]
PROGRAM = "program"
"""Role of a token that is no person's."""
SCOPES = frozenset({"read", "write", "intake", "vouch", "lookup", "listen", "console", "admin"})
"""What a token may be given."""
VOUCH = "vouch"
"""Scope of a source that has checked who its senders are: they are taken for the customers they say they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who asks: a person logged in, or a program with a token."""

    id: str
    """Agent id; for a token of no person `token:<id>`."""
    name: str
    role: str
    """One of `core.agent.Role`, or program."""
    languages: tuple[str, ...] = ()
    scopes: frozenset[str] | None = None
    """What a token allows; None = a person's log-in, which allows all of the role."""
    username: str = ""
    login: str = ""
    """Which session or token proved it."""
    masked: bool = False
    """Sees telephone numbers of people masked."""

    sight: Sight | None = None
    """Whose things they see; None = all."""
    levels: Levels = EVERYTHING
    """How far they see and change fields."""

    @property
    def vouches(self) -> bool:
        """Tell whether whom the actor names as a sender is that sender: a person's word, or that of a source that checks."""
        return self.scopes is None or VOUCH in self.scopes

    @property
    def oversees(self) -> bool:
        """Tell whether the actor sees the whole floor."""
        return self.role in {Role.SUPERVISOR, Role.ADMIN}


@dataclass(frozen=True, slots=True)
class Rule:
    """One action: how far each role reaches, and which scope a token needs (empty: any token)."""

    agent: Reach
    supervisor: Reach
    admin: Reach
    scope: str


RULES: dict[str, Rule] = {
    # The console's commands.
    "console.open": Rule("any", "any", "any", "console"),
    "agent.set_intent": Rule("own", "any", "any", "console"),
    "offer.accept": Rule("own", "own", "own", "console"),
    "offer.reject": Rule("own", "own", "own", "console"),
    "interaction.send": Rule("own", "own", "own", "console"),
    "interaction.note": Rule("any", "any", "any", "console"),
    "interaction.hold": Rule("own", "own", "own", "console"),
    "interaction.resume": Rule("own", "own", "own", "console"),
    "interaction.park": Rule("own", "own", "own", "console"),
    "interaction.transfer": Rule("own", "any", "any", "console"),
    "interaction.start": Rule("own", "own", "own", "console"),
    "interaction.complete": Rule("own", "own", "own", "console"),
    "interaction.extend": Rule("own", "own", "own", "console"),
    "conversation.split": Rule("own", "own", "own", "console"),
    "conversation.join": Rule("own", "own", "own", "console"),
    "interaction.watch": Rule("no", "any", "any", "console"),
    "callback.request": Rule("any", "any", "any", "console"),
    "callback.settle": Rule("own", "any", "any", "console"),
    "interaction.pull": Rule("no", "any", "any", "console"),
    "interaction.push": Rule("no", "any", "any", "console"),
    "interaction.requeue": Rule("no", "any", "any", "console"),
    "interaction.release": Rule("no", "any", "any", "console"),
    "interaction.set_priority": Rule("no", "any", "any", "console"),
    "interaction.set_skills": Rule("no", "any", "any", "console"),
    "agent.drain": Rule("no", "any", "any", "console"),
    "line.set": Rule("no", "any", "any", "console"),
    "interaction.close_as": Rule("own", "own", "own", "console"),
    "interaction.bring_back": Rule("any", "any", "any", "write"),
    "sender.block": Rule("any", "any", "any", "console"),
    "sender.keep_out": Rule("no", "any", "any", "console"),
    "sender.unblock": Rule("any", "any", "any", "console"),
    "sender.protect": Rule("no", "any", "any", "console"),
    "sender.unprotect": Rule("no", "any", "any", "console"),
    "sender.read": Rule("any", "any", "any", "read"),
    "text.read": Rule("any", "any", "any", "read"),
    "text.write": Rule("any", "any", "any", "write"),
    "text.share": Rule("no", "any", "any", "write"),
    "bulk.count": Rule("no", "any", "any", "console"),
    "bulk.answer": Rule("no", "any", "any", "console"),
    "bulk.undo": Rule("no", "any", "any", "console"),
    "bulk.list": Rule("no", "any", "any", "console"),
    "bulk.status": Rule("no", "any", "any", "console"),
    "draft.read": Rule("own", "any", "any", "console"),
    "draft.versions": Rule("own", "any", "any", "console"),
    "draft.save": Rule("own", "any", "any", "console"),
    "draft.drop": Rule("own", "any", "any", "console"),
    "outbox.cancel": Rule("own", "any", "any", "console"),
    "outbox.again": Rule("own", "any", "any", "console"),
    "outbox.dismiss": Rule("own", "any", "any", "console"),
    "party.confirm": Rule("own", "any", "any", "console"),
    "party.deny": Rule("own", "any", "any", "console"),
    "case.open": Rule("own", "any", "any", "console"),
    "case.attach": Rule("own", "any", "any", "console"),
    "phone.account": Rule("own", "own", "own", "console"),
    "call.dial": Rule("own", "own", "own", "console"),
    "call.hangup": Rule("own", "own", "own", "console"),
    "call.mute": Rule("own", "own", "own", "console"),
    "call.dtmf": Rule("own", "own", "own", "console"),
    "call.consult": Rule("own", "own", "own", "console"),
    "call.conference": Rule("own", "own", "own", "console"),
    "call.record": Rule("own", "own", "own", "console"),
    "call.transfer": Rule("own", "own", "own", "console"),
    "call.return": Rule("own", "own", "own", "console"),
    "call.supervise": Rule("no", "any", "any", "console"),
    # REST.
    "me.read": Rule("any", "any", "any", ""),
    "password.change": Rule("own", "own", "any", "admin"),
    "policy.read": Rule("any", "any", "any", "read"),
    "interaction.read": Rule("any", "any", "any", "read"),
    "interaction.explain": Rule("no", "any", "any", "read"),
    "agent.explain": Rule("own", "any", "any", "read"),
    "interaction.replay": Rule("no", "any", "any", "write"),
    "interaction.dismiss": Rule("no", "any", "any", "write"),
    "interaction.create": Rule("no", "any", "any", "intake"),
    "party.read": Rule("any", "any", "any", "read"),
    "party.create": Rule("any", "any", "any", "write"),
    "party.edit": Rule("any", "any", "any", "write"),
    "party.move": Rule("any", "any", "any", "write"),
    "party.merge": Rule("any", "any", "any", "write"),
    "party.unmerge": Rule("any", "any", "any", "write"),
    "point.reveal": Rule("any", "any", "any", "write"),
    "search": Rule("any", "any", "any", "read"),
    "duplicate.read": Rule("any", "any", "any", "read"),
    "duplicate.propose": Rule("any", "any", "any", "write"),
    "duplicate.decide": Rule("any", "any", "any", "write"),
    "party.lookup": Rule("any", "any", "any", "lookup"),
    "party.export": Rule("no", "any", "any", "read"),
    "import.read": Rule("no", "any", "any", "read"),
    "import.run": Rule("no", "any", "any", "write"),
    "change.read": Rule("no", "any", "any", "read"),
    "webhook.manage": Rule("no", "no", "any", "admin"),
    "party.archive": Rule("no", "any", "any", "read"),
    "privacy.read": Rule("no", "any", "any", "read"),
    "privacy.ask": Rule("no", "any", "any", "write"),
    "privacy.decide": Rule("no", "any", "any", "admin"),
    "retention.read": Rule("no", "any", "any", "read"),
    "retention.run": Rule("no", "no", "any", "admin"),
    "consent.say": Rule("any", "any", "any", "write"),
    "case.create": Rule("any", "any", "any", "write"),
    "case.edit": Rule("any", "any", "any", "write"),
    "case.evidence": Rule("no", "any", "any", "read"),
    "case.read": Rule("any", "any", "any", "read"),
    "outbox.read": Rule("any", "any", "any", "read"),
    "record.read": Rule("any", "any", "any", "read"),
    "record.edit": Rule("any", "any", "any", "write"),
    "campaign.manage": Rule("no", "any", "any", "write"),
    "record.mirror": Rule("no", "no", "any", "write"),
    "kb.read": Rule("any", "any", "any", "read"),
    "kb.write": Rule("any", "any", "any", "write"),
    "kb.publish": Rule("no", "any", "any", "write"),
    "kb.approve": Rule("no", "any", "any", "write"),
    "survey.read": Rule("no", "any", "any", "read"),
    "survey.edit": Rule("no", "any", "any", "write"),
    "announcement.read": Rule("any", "any", "any", "read"),
    "announcement.confirm": Rule("any", "any", "any", "write"),
    "announcement.write": Rule("no", "any", "any", "write"),
    "writeback.read": Rule("any", "any", "any", "read"),
    "writeback.write": Rule("any", "any", "any", "write"),
    "writeback.approve": Rule("no", "any", "any", "write"),
    "approval.ask": Rule("any", "any", "any", "write"),
    "approval.read": Rule("own", "any", "any", "read"),
    "approval.decide": Rule("no", "any", "any", "write"),
    "identity.check": Rule("own", "own", "own", "write"),
    "quality.read": Rule("own", "any", "any", "read"),
    "quality.assess": Rule("no", "any", "any", "write"),
    "quality.object": Rule("own", "own", "own", "write"),
    "quality.edit": Rule("no", "any", "any", "write"),
    "report.read": Rule("no", "any", "any", "read"),
    "report.seal": Rule("no", "any", "any", "write"),
    "queue.read": Rule("any", "any", "any", "read"),
    "outside.compare": Rule("no", "any", "any", "read"),
    "agent.list": Rule("any", "any", "any", "read"),
    "agent.read": Rule("no", "any", "any", "read"),
    "recording.listen": Rule("own", "any", "any", "listen"),
    "recording.redact": Rule("no", "any", "any", "write"),
    "recording.hold": Rule("no", "any", "any", "write"),
    "prompt.read": Rule("no", "any", "any", "read"),
    "prompt.edit": Rule("no", "any", "any", "write"),
    "file.read": Rule("any", "any", "any", "read"),
    "upload.create": Rule("any", "any", "any", "console"),
    "segment.read": Rule("any", "any", "any", "read"),
    "segment.try": Rule("no", "any", "any", "write"),
    "segment.edit": Rule("no", "any", "any", "admin"),
    "field.manage": Rule("no", "any", "any", "admin"),
    "user.leave": Rule("no", "any", "any", "admin"),
    "team.manage": Rule("no", "no", "any", "admin"),
    "token.manage": Rule("no", "no", "any", "admin"),
}
"""Action → rule.  `own`: what the actor has, or is offered, or is."""
PERSONAL = frozenset({"kb.approve"})
"""What takes a second person: somebody logged in, never a token, which whoever made it could use as that second person."""


def reached(actor: Actor) -> list[str]:
    """Return the actions `actor` may do on something, be it only on their own."""
    return [action for action in RULES if permitted(actor, action, [actor.id])]


def sees(actor: Actor) -> tuple[str, ...]:
    """Return which documents of the index of words `actor` may find (`schema.search_doc.acl`)."""
    return ("all", "public", "oversee") if actor.oversees or actor.role == "program" else ("all", "public")


def permitted(actor: Actor, action: str, owners: Collection[str] = ()) -> bool:
    """Tell whether `actor` may do `action` on something that belongs to `owners` (agent ids)."""
    rule = RULES[action]
    if actor.scopes is not None and action in PERSONAL:
        return False
    if actor.scopes is not None and rule.scope and rule.scope not in actor.scopes:
        return False
    if actor.role == "program":
        return rule.scope != "console"
    kit = KITS[Role(actor.role)]
    if action in kit.more:
        return True
    if kit.only is not None and action not in kit.only:
        return False
    reach: Reach = getattr(rule, kit.like)
    return reach == "any" or (reach == "own" and actor.id in owners)


def authorize(actor: Actor, action: str, owners: Collection[str] = ()) -> None:
    """Let the action happen, or refuse it.

    Args:
        actor: who asks.
        action: a key of `RULES`.
        owners: agents whose thing it is, where that matters.

    Raises:
        ForbiddenError: the actor may not.
    """
    if not permitted(actor, action, owners):
        message = "You may not do this."
        raise ForbiddenError(message)
