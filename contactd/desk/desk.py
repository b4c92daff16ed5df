"""The desk's parts in one hand, for the use cases that need several of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contactd.clock import Clock
from contactd.core.channel import Channel
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.core.interaction import State
from contactd.crm_store.store import Store
from contactd.desk.book import Book, Entry
from contactd.desk.changes import InteractionUpsert
from contactd.desk.dispatcher import Dispatcher
from contactd.desk.idents import Idents
from contactd.desk.intake import Intake
from contactd.desk.outbox import Outbox
from contactd.desk.parts import Blobs, Parts
from contactd.desk.publisher import Publisher
from contactd.desk.roster import Roster
from contactd.desk.rules import Rules
from contactd.desk.waits import Waits
from contactd.metrics import Metrics

IN_HAND = frozenset({State.ACTIVE, State.HELD, State.PARKED, State.WRAPUP})


@dataclass(slots=True, kw_only=True)
class Desk:
    """What the use cases work with."""

    store: Store
    blobs: Blobs
    clock: Clock
    idents: Idents
    book: Book
    roster: Roster
    rules: Rules
    dispatcher: Dispatcher
    publisher: Publisher
    intake: Intake
    outbox: Outbox
    parts: Parts
    metrics: Metrics = field(default_factory=Metrics)
    channels: dict[str, Channel] = field(default_factory=dict)
    waits: Waits | None = None
    """Expected waits; None where nobody works them out."""

    def entry(self, interaction: str) -> Entry:
        """Return an open interaction.

        Raises:
            NotFoundError: there is none of that id.
        """
        entry = self.book.get(interaction)
        if entry is None:
            text = "there is no such open contact"
            raise NotFoundError(text, code="unknown_interaction", field="interaction")
        return entry

    def in_hand(self, interaction: str, agent: str) -> Entry:
        """Return an interaction that `agent` has in hand.

        Raises:
            NotFoundError: it is not open.
            ForbiddenError: somebody else has it.
        """
        entry = self.entry(interaction)
        if entry.agent != agent or entry.state not in IN_HAND:
            text = "this contact is not yours"
            raise ForbiddenError(text, code="not_yours", field="interaction")
        return entry

    def channel(self, name: str) -> Channel:
        """Return a channel that runs.

        Raises:
            BadRequestError: there is none of that name.
        """
        channel = self.channels.get(name)
        if channel is None:
            text = "this channel is not there"
            raise BadRequestError(text, field="channel")
        return channel

    def answered(self, entry: Entry, at: datetime) -> None:
        """Note in memory that an interaction is answered since `at`; the row is written by the caller's unit."""
        if entry.answered_at is None:
            entry.answered_at = at
            waited = entry.total("wait").total_seconds()
            self.metrics.waited.labels(line=entry.line).observe(waited)
        entry.segment = entry.segment.answered(at)

    def show(self, entry: Entry) -> None:
        """Show consoles the entry as it stands now."""
        self.publisher.publish([InteractionUpsert(view=entry.view())])

    def disposition(self, entry: Entry, code: str, where: str) -> Mapping[str, object]:
        """Return a disposition of the entry's line.

        Raises:
            BadRequestError: the line has none such; `where` names the field.
        """
        node = self.rules.policy.disposition(entry.line, code)
        if node is None:
            text = "this line has no such disposition"
            raise BadRequestError(text, code="unknown_disposition", field=where)
        return node


def refuse_state(text: str) -> ConflictError:
    """Make the error for something the state does not allow."""
    return ConflictError(text, code="bad_state")
