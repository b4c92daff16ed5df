"""The ledger: books the router's wishes on open work, as rows for the store and effects for after the commit.

It touches only memory.  When the write of a batch fails, book and roster are read back from the store, so nothing that was
booked here in vain stays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from contactd.clock import rfc3339
from contactd.core.channel import Change
from contactd.core.effects import (
    AgentState,
    Alert,
    Assign,
    CallBack,
    CallbackMet,
    Connect,
    LineState,
    Moved,
    Offer,
    Overflow,
    Overseen,
    Requeue,
    Standing,
    Weighed,
    Wish,
    Withdraw,
)
from contactd.core.interaction import TERMINAL_STATES, Cause, Direction, State
from contactd.core.journal import encode
from contactd.desk import effects as after
from contactd.desk.book import Book, Entry
from contactd.desk.booking import book_face, book_stay
from contactd.desk.changes import AgentChanged, AlertRaised, InteractionClosed, InteractionUpsert, LineOpened, OfferOver
from contactd.desk.gates import Gates
from contactd.desk.gates import row as gate_row
from contactd.desk.gates import shown as gate_shown
from contactd.desk.idents import Idents
from contactd.desk.roster import Roster
from contactd.desk.rows import (
    Rows,
    agent_routing_row,
    audit_record,
    interaction_row,
    new_callback,
    segment_row,
    standing_row,
)
from contactd.metrics import Metrics

OFFERED_IN_LINE = "callback"
"""The way out that is offered to a customer who keeps their place meanwhile."""


class Ledger:
    """Books wishes; `rows` and `effects` collect until `take` is called."""

    def __init__(
        self,
        book: Book,
        roster: Roster,
        idents: Idents,
        metrics: Metrics | None = None,
        gates: Gates | None = None,
        node: str = "",
    ) -> None:
        """Keep `book`, `roster` and `gates` up to date with every wish; facts that follow are `node`'s."""
        self._gates = gates or Gates()
        self._node = node
        self._book = book
        self._roster = roster
        self._idents = idents
        self._metrics = metrics or Metrics()
        self._rows = Rows()
        self._effects: list[after.Effect] = []
        self._dropped: list[str] = []
        self._ringing: dict[str, Offer] = {}
        self._handlers: dict[type[Any], Callable[[Any, datetime], None]] = {
            Moved: self._moved,
            Offer: self._offer,
            Withdraw: self._withdraw,
            Assign: self._assign,
            Connect: self._connect,
            AgentState: self._agent_state,
            Alert: self._alert,
            Requeue: self._requeue,
            Overflow: self._overflow,
            Standing: self._standing,
            LineState: self._line_state,
            Weighed: self._weighed,
            Overseen: self._overseen,
            CallBack: self._call_back,
            CallbackMet: self._callback_met,
        }

    def record(self, wishes: list[Wish], now: datetime) -> None:
        """Book the wishes of one fact, in order."""
        for wish in wishes:
            handler = self._handlers.get(type(wish))
            if handler is not None:
                handler(wish, now)

    def take(self) -> tuple[Rows, list[after.Effect]]:
        """Hand over what collected since the last call, and strike closed work from the book."""
        rows, effects = self._rows, self._effects
        self._rows, self._effects = Rows(), []
        for interaction in self._dropped:
            self._book.drop(interaction)
        self._dropped.clear()
        return rows, effects

    def forget(self) -> None:
        """Throw away what collected: its write failed."""
        self._rows, self._effects = Rows(), []
        self._dropped.clear()
        self._ringing.clear()

    def ringing(self, offer: str) -> Offer | None:
        """Return a live offer."""
        return self._ringing.get(offer)

    def restore_offer(self, offer: Offer, offered_at: datetime) -> None:
        """Know an offer that outlived a restart: its end is booked, and the agent's console rings again."""
        self._ringing[offer.offer] = offer
        entry = self._book.get(offer.interaction)
        if entry is not None:
            entry.offered_to = offer.agent
            self._effects.append(after.Ring(offer=offer, offered_at=offered_at, view=entry.view(), party=entry.party))

    def arrived(self, entry: Entry) -> None:
        """Show an interaction that was just placed."""
        self._effects.append(face(entry))
        self._tell(entry, Cause.PLACED)

    def _moved(self, wish: Moved, now: datetime) -> None:
        entry = self._book.get(wish.interaction)
        if entry is None:
            return
        before = entry.agent
        ended = book_stay(entry, wish, now)
        if ended is not None:
            self._rows.segments[(entry.id, ended.n)] = segment_row(entry.id, ended)
        book_face(entry, wish, now)
        self._rows.interactions[entry.id] = interaction_row(entry)
        self._rows.segments[(entry.id, entry.segment.n)] = segment_row(entry.id, entry.segment)
        self._event(entry, str(wish.cause), now, wish.agent, {"state": str(wish.state)})
        self._move_work(entry, before)
        self._effects.append(face(entry))
        if wish.cause != Cause.EXTENDED:  # for the customer nothing has changed
            self._tell(entry, wish.cause)
        if wish.state in TERMINAL_STATES:
            self._dropped.append(entry.id)
            for contact in self._book.meeting(entry.id):
                contact.callback = None
                self._effects.append(face(contact))

    def _offer(self, wish: Offer, now: datetime) -> None:
        entry = self._book.get(wish.interaction)
        if entry is None:
            return
        self._ringing[wish.offer] = wish
        self._rows.offers.append(
            {
                "id": wish.offer,
                "lease": wish.lease,
                "interaction_id": wish.interaction,
                "agent": wish.agent,
                "line": wish.line,
                "channel": wish.channel,
                "offered_at": now,
                "expires_at": wish.expires_at,
                "decision": encode(wish.decision),
                "policy_version": wish.decision.policy_version,
            },
        )
        entry.offered_to = wish.agent
        self._effects += [
            face(entry),
            after.Ring(offer=wish, offered_at=now, view=entry.view(), party=entry.party),
        ]

    def _withdraw(self, wish: Withdraw, now: datetime) -> None:
        offer = self._ringing.pop(wish.offer, None)
        if offer is None:
            return
        self._metrics.offers.labels(channel=offer.channel, outcome=str(wish.outcome)).inc()
        self._rows.offers_ended.append(
            {"b_id": wish.offer, "b_outcome": str(wish.outcome), "b_reason": wish.reason, "b_ended_at": now},
        )
        self._effects.append(OfferOver(offer=wish.offer, outcome=str(wish.outcome), reason=wish.reason))

    def _assign(self, wish: Assign, now: datetime) -> None:
        if wish.offer is not None:
            self._withdraw(
                Withdraw(offer=wish.offer, interaction=wish.interaction, agent=wish.agent, outcome="accepted"),
                now,
            )

    def _connect(self, wish: Connect, _now: datetime) -> None:
        entry = self._book.get(wish.interaction)
        if entry is not None:
            member = self._roster.get(wish.agent)
            device = wish.device or (member.device if member else None)
            self._tell(entry, Cause.ACCEPTED, connect=True, device=device)

    def _agent_state(self, wish: AgentState, now: datetime) -> None:
        member = self._roster.get(wish.agent)
        if member is None or member.take(wish, now):
            self._rows.agent_intervals.append(
                {
                    "agent": wish.agent,
                    "from_at": now,
                    "intent": wish.intent,
                    "reason": wish.reason,
                    "health": wish.health,
                    "state": wish.state,
                    "cause": wish.cause,
                    "actor": wish.actor or wish.agent,
                },
            )
        self._rows.agent_routing[wish.agent] = agent_routing_row(wish, member.intent_since if member else now, now)
        if member is not None:  # else they were struck off just now
            self._effects.append(AgentChanged(view=member.view()))

    def _alert(self, wish: Alert, now: datetime) -> None:
        alert = {
            "id": self._idents.new(),
            "at": rfc3339(now),
            "agent": None,
            "interaction": None,
            "line": None,
            "detail": None,
        }
        self._effects.append(AlertRaised(alert=alert | encode(wish)))

    def _requeue(self, wish: Requeue, now: datetime) -> None:
        entry = self._book.get(wish.interaction)
        if entry is not None:
            self._event(entry, "requeue", now, None, {"line": wish.line, "reason": wish.reason})

    def _standing(self, wish: Standing, _now: datetime) -> None:
        self._rows.standing[wish.interaction] = standing_row(wish)

    def _overflow(self, wish: Overflow, now: datetime) -> None:
        """Book that an item goes another way; what it is offered while it waits, its channel is told at once."""
        entry = self._book.get(wish.interaction)
        if entry is None:
            return
        self._event(entry, "overflow", now, None, {"line": wish.line, "action": wish.action, "rule": wish.rule})
        self._metrics.overflowed.labels(line=entry.line, way=wish.line or wish.action or "").inc()
        entry.way_out = wish.action or ""
        if wish.action == OFFERED_IN_LINE:
            self._tell(entry, "overflow")

    def _line_state(self, wish: LineState, _now: datetime) -> None:
        self._gates.take(wish)
        self._rows.lines[wish.line] = gate_row(wish)
        self._effects.append(LineOpened(line=wish.line, open=wish.open, hours=gate_shown(wish)))

    def _weighed(self, wish: Weighed, _now: datetime) -> None:
        entry = self._book.get(wish.interaction)
        if entry is not None:
            entry.priority, entry.skills = wish.priority, wish.skills
            self._rows.interactions[entry.id] = interaction_row(entry)
            self._effects.append(face(entry))

    def _call_back(self, wish: CallBack, now: datetime) -> None:
        """Let a callback be stored in the batch's unit; the fact about it comes by the inbox."""
        self._rows.callbacks.append(new_callback(wish, self._idents.new(), self._idents.new(), self._node, now))

    def _callback_met(self, wish: CallbackMet, _now: datetime) -> None:
        """Show whoever talks to a customer that a call is owed to them."""
        entry = self._book.get(wish.interaction)
        if entry is not None:
            entry.callback = wish.callback
            self._effects.append(face(entry))

    def _overseen(self, wish: Overseen, now: datetime) -> None:
        """Put a supervisor's act on record, and into the history of what it was about."""
        record = audit_record(wish)
        self._rows.audits.append((record, now))
        entry = self._book.get(wish.interaction or "")
        if entry is not None:
            self._event(entry, "supervised", now, wish.actor, {"action": wish.action, **(record.detail or {})})

    def _event(self, entry: Entry, kind: str, now: datetime, actor: str | None, data: dict[str, Any]) -> None:
        self._rows.events.append(
            {"interaction_id": entry.id, "at": now, "type": kind, "actor": actor, "data": data},
        )

    def _move_work(self, entry: Entry, before: str | None) -> None:
        """Keep each agent's list of work in hand."""
        for agent in {before, entry.agent} - {None}:
            member = self._roster.get(agent)
            if member is None:
                continue
            if agent == entry.agent and entry.state not in TERMINAL_STATES:
                member.work[entry.id] = entry
            else:
                member.work.pop(entry.id, None)

    def _tell(self, entry: Entry, cause: str, *, connect: bool = False, device: str | None = None) -> None:
        change = Change(
            interaction=entry.id,
            adapter=entry.adapter,
            external_key=entry.external_key,
            state=str(entry.state),
            cause=str(cause),
            line=entry.line,
            agent=entry.agent,
            agent_name=self._roster.name(entry.agent),
            device=device,
            position=self._book.position(entry),
            action=entry.way_out,
            to=entry.recipient if entry.direction == Direction.OUTBOUND else "",
        )
        self._effects.append(after.TellChannel(channel=entry.channel, change=change, connect=connect))


def face(entry: Entry) -> InteractionUpsert | InteractionClosed:
    """Return what consoles are told of an interaction as it stands."""
    if entry.state in TERMINAL_STATES or entry.state == State.QUARANTINED:
        return InteractionClosed(view=entry.view())
    return InteractionUpsert(view=entry.view())
