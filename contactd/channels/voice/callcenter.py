"""FreeSWITCH's mod_callcenter followed over its events: the same facts as of Asterisk's queues, by the same table of a call.

`callcenter::info` says by `CC-Action` what happens to members (callers in a queue) and agents; channel events say the rest (a hold,
who hung up).  Keys are the caller's channel.  Source of the names: mod_callcenter.c; no server was at hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contactd.channels.voice.call import Call, CallStarted, Phase, Told, Trigger
from contactd.channels.voice.esl import Message
from contactd.channels.voice.legs import number, person
from contactd.core.channel import Progress
from contactd.core.interaction import EndedBy
from contactd.core.offer import OfferOutcome

ADAPTER = "esl"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
INFO = "callcenter::info"
EVENTS = ("CHANNEL_HOLD", "CHANNEL_UNHOLD", "CHANNEL_HANGUP_COMPLETE", "HEARTBEAT")
"""What is subscribed to beside `CUSTOM callcenter::info`."""
MAX_CALLS = 5000
_FAILS = {
    "NO_ANSWER": OfferOutcome.TIMED_OUT,
    "ORIGINATOR_CANCEL": OfferOutcome.WITHDRAWN,
    "USER_BUSY": OfferOutcome.REJECTED,
    "CALL_REJECTED": OfferOutcome.REJECTED,
}
"""Why an agent's phone was not answered → how the ring ended; anything else failed."""
_ALIVE = frozenset({"TIMEOUT", "BREAK_OUT", "NO_AGENT_TIMEOUT", "EXIT_WITH_KEY"})
"""Reasons of a cancellation after which the caller lives on in the dialplan."""


@dataclass(slots=True, kw_only=True)
class _Member:
    """A caller and what is kept of them beside the call."""

    call: Call
    shown: bool
    held_by: set[str] = field(default_factory=set)
    agent_uuid: str = ""


class CallCenter:
    """Every caller of the queues of one switch.

    Args:
        pbx: its name, put before the channel in every key.
    """

    def __init__(self, pbx: str) -> None:
        self._prefix = f"{pbx}/" if pbx else ""
        self._members: dict[str, _Member] = {}
        self._out: list[Told] = []
        self._now = NEVER
        self._actions: dict[str, Callable[[Message], None]] = {
            "member-queue-start": self._joined,
            "agent-offering": self._offered,
            "bridge-agent-start": self._connected,
            "bridge-agent-end": self._parted,
            "bridge-agent-fail": self._missed,
            "member-queue-end": self._left,
        }
        self._channels: dict[str, Callable[[Message], None]] = {
            "CHANNEL_HOLD": self._held,
            "CHANNEL_UNHOLD": self._resumed,
            "CHANNEL_HANGUP_COMPLETE": self._hung_up,
        }

    def handle(self, message: Message) -> list[Told]:
        """Take one message; return what it tells, in order."""
        self._now = message.at or self._now
        self._out = []
        if message.name == INFO:
            action = self._actions.get(message.get("CC-Action"))
            if action is not None:
                action(message)
        elif message.name in self._channels:
            self._channels[message.name](message)
        return self._out

    def open_keys(self) -> set[str]:
        """Return the keys of the calls that are on."""
        return {member.call.key for member in self._members.values() if member.call.is_open}

    def expected(self) -> int:
        """Return how many channels there must be at least: what a heartbeat's count is held against."""
        return len(self._members)

    # Queues.

    def _joined(self, message: Message) -> None:
        uuid = message.get("CC-Member-Session-UUID")
        if not uuid or uuid in self._members or len(self._members) >= MAX_CALLS:
            return
        call = Call(key=self._prefix + uuid, born=self._now, linkedids={uuid}, customer=uuid)
        call.line = message.get("CC-Queue").partition("@")[0]
        call.caller, call.caller_name = (
            number(message.get("CC-Member-CID-Number")),
            person(message.get("CC-Member-CID-Name")),
        )
        call.dialled = message.get("Caller-Destination-Number")
        shown = is_shown(message)
        self._members[uuid] = _Member(call=call, shown=shown)
        self._out.append(
            CallStarted(
                adapter=ADAPTER,
                external_key=call.key,
                at=self._now,
                linkedid=uuid,
                caller=call.caller if shown else None,
                caller_name=call.caller_name if shown else "",
                dialled=call.dialled,
                direction=call.direction,
                presentation="allowed" if shown else "withheld",
            ),
        )
        call.started = True
        self._step(call, Trigger.JOIN)

    def _member(self, message: Message) -> _Member | None:
        return self._members.get(message.get("CC-Member-Session-UUID"))

    def _offered(self, message: Message) -> None:
        member = self._member(message)
        agent = message.get("CC-Agent")
        if member is not None and agent and agent not in member.call.ringing:
            member.call.ringing[agent] = agent
            self._tell(member.call, "ringing", agent=agent)

    def _missed(self, message: Message) -> None:
        member = self._member(message)
        if member is not None:
            cause = message.get("CC-Hangup-Cause")
            self._ring_ended(member.call, message.get("CC-Agent"), _FAILS.get(cause, OfferOutcome.FAILED), cause)

    def _connected(self, message: Message) -> None:
        member = self._member(message)
        if member is None:
            return
        call, agent = member.call, message.get("CC-Agent")
        self._ring_ended(call, agent, OfferOutcome.ACCEPTED)
        for other in list(call.ringing):
            self._ring_ended(call, other, OfferOutcome.WITHDRAWN)
        call.agent, call.answered = agent, True
        member.agent_uuid = message.get("CC-Agent-UUID")
        self._step(call, Trigger.CONNECT)

    def _parted(self, message: Message) -> None:
        member = self._member(message)
        if member is not None and not member.call.hung_up:
            by_agent = message.get("CC-Bridge-Terminated-By").upper() == "AGENT"
            member.call.hung_up = EndedBy.AGENT if by_agent else ""

    def _left(self, message: Message) -> None:
        """Take that the caller is out of the queue: served, given up, or sent on by the dialplan."""
        member = self._member(message)
        if member is None or member.call.answered:
            return
        if message.get("CC-Cancel-Reason") in _ALIVE:
            member.call.left = True
            self._step(member.call, Trigger.LEAVE)
        elif message.get("CC-Cause") == "Cancel":
            member.call.abandoned = True
            member.call.hung_up = EndedBy.CUSTOMER

    def _ring_ended(self, call: Call, agent: str, outcome: OfferOutcome, cause: str = "") -> None:
        if call.ringing.pop(agent, None) is not None:
            still = bool(call.ringing) or outcome is OfferOutcome.ACCEPTED
            self._tell(
                call, "ring_ended", agent=agent, outcome=outcome, cause=cause or None, data={"still_ringing": still}
            )

    # Channels.

    def _of_leg(self, uuid: str) -> _Member | None:
        return next((each for each in self._members.values() if uuid and uuid == each.agent_uuid), None)

    def _held(self, message: Message) -> None:
        member = self._of_leg(message.get("Unique-ID"))
        if member is not None:
            self._step(member.call, Trigger.HOLD)

    def _resumed(self, message: Message) -> None:
        member = self._of_leg(message.get("Unique-ID"))
        if member is not None:
            self._step(member.call, Trigger.UNHOLD)

    def _hung_up(self, message: Message) -> None:
        uuid = message.get("Unique-ID")
        received = message.get("variable_sip_hangup_disposition").startswith("recv_")
        leg = self._of_leg(uuid)
        if leg is not None:
            if received and not leg.call.hung_up:
                leg.call.hung_up = EndedBy.AGENT
            return
        member = self._members.get(uuid)
        if member is not None:
            if received and not member.call.hung_up:
                member.call.hung_up = EndedBy.CUSTOMER
            self._end(uuid, message.get("variable_hangup_cause_q850") or None, {})

    def _end(self, uuid: str, cause: str | None, evidence: Mapping[str, Any]) -> None:
        member = self._members.pop(uuid)
        call = member.call
        for agent in list(call.ringing):
            self._ring_ended(call, agent, OfferOutcome.WITHDRAWN)
        outcome, by = call.outcome, EndedBy(call.hung_up or EndedBy.SYSTEM)
        for kind in call.step(Trigger.END):
            self._tell(
                call,
                kind,
                agent=call.agent if call.answered else None,
                outcome=outcome,
                ended_by=by,
                cause=cause,
                data=dict(evidence),
            )

    # Lists.

    def listed(self, channels: str, members: Iterable[Mapping[str, str]], at: datetime) -> list[Told]:
        """Put the picture right from `show channels as json` and the queues' members; who is on no list is gone.

        Raises:
            ValueError: the list of channels is none.
        """
        self._now, self._out = at, []
        there = uuids(channels)
        for uuid in sorted(set(self._members) - there):
            self._end(uuid, None, {"evidence": "not listed"})
        for row in members:
            self._found(row, there)
        return self._out

    def _found(self, row: Mapping[str, str], there: set[str]) -> None:
        """Take a caller in whom nobody told us of; when they joined is known, when they were answered is not."""
        uuid = row.get("session_uuid", "")
        if uuid not in there or uuid in self._members:
            return
        fields = {
            "CC-Member-Session-UUID": uuid,
            "CC-Queue": row.get("queue", ""),
            "CC-Member-CID-Number": row.get("cid_number", ""),
            "CC-Member-CID-Name": row.get("cid_name", ""),
        }
        self._joined(Message(kind="text/event-plain", fields=fields, at=self._now))
        if row.get("state") == "Answered":
            answered = fields | {"CC-Agent": row.get("serving_agent", "")}
            self._connected(Message(kind="text/event-plain", fields=answered, at=self._now))

    # Telling.

    def _step(self, call: Call, trigger: Trigger) -> None:
        for kind in call.step(trigger):
            agent = call.agent if call.phase not in (Phase.FRESH, Phase.WAITING) else None
            self._tell(call, kind, agent=agent)

    def _tell(self, call: Call, kind: str, **rest: Any) -> None:
        line = call.line
        self._out.append(Progress(adapter=ADAPTER, external_key=call.key, at=self._now, kind=kind, line=line, **rest))


def is_shown(message: Message) -> bool:
    """Tell whether the switch says that the number may be shown: only a plain `no` to hiding it counts."""
    hidden = (message.get("Caller-Privacy-Hide-Number"), message.get("Caller-Privacy-Hide-Name"))
    return hidden[0].lower() == "false"


def uuids(listing: str) -> set[str]:
    """Read `show channels as json`: `{"row_count": 2, "rows": [{"uuid": …}, …]}`; with no channel there are no rows.

    Raises:
        ValueError: it is no such list.
    """
    found = json.loads(listing)
    if not isinstance(found, dict) or "row_count" not in found:
        message = "no list of channels"
        raise ValueError(message)
    return {str(row["uuid"]) for row in found.get("rows", ()) if isinstance(row, dict) and "uuid" in row}


def table(text: str) -> list[dict[str, str]]:
    """Read what `callcenter_config queue list members QUEUE` answers: a head of names and rows, split by `|`, ended by `+OK`."""
    lines = [line for line in text.splitlines() if "|" in line]
    if not lines:
        return []
    names = lines[0].split("|")
    return [_row(names, line.split("|")) for line in lines[1:]]


def _row(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Name a row's cells; where there are too many, a caller's name or number holds a `|`, and says nothing then.

    What the switch itself writes stands before and behind them: a caller moves none of it to another place.
    """
    if len(cells) <= len(names) or not {"cid_number", "cid_name"} <= set(names):
        return dict(zip(names, cells, strict=False))
    before, behind = names[: names.index("cid_number")], names[names.index("cid_name") + 1 :]
    first = dict(zip(before, cells, strict=False))
    return first | (dict(zip(behind, cells[-len(behind) :], strict=True)) if behind else {})
