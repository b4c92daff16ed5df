"""The contract between a channel and the house: what a channel may touch, and what it must offer.

A channel folder exports `build(name, options, tools) -> Channel`.  It turns the world into `Arrival`s, `Content` and
`Progress`, and carries out what the desk asks.  It knows neither the store nor the router nor another channel.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from contactd.core.events import Fact, Skills
from contactd.core.menus import MenuStep
from contactd.core.message import NewAttachment, NewMessage
from contactd.core.packed import packed
from contactd.core.party import Candidate, Point
from contactd.core.prompt import Library
from contactd.core.recorded import Recorded
from contactd.core.sound import Sound
from contactd.core.stance import Stance
from contactd.core.survey import Asked, Reply

T = TypeVar("T")

_GONE = re.compile(r"5\.(?:0\.0|1\.(?:0|1|2|3|6|10)|2\.1|4\.[14])")
"""Enhanced status codes that speak of the address itself (RFC 3463; 5.1.10 of RFC 7505; 5.4.1 as Microsoft 365 uses it)."""


@packed()
@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What is reported about a message of ours on its way to one address."""

    address: str
    """Empty where the report does not name it."""
    action: str
    """failed | delayed | delivered | complained | read"""
    status: str = ""
    """Enhanced status code (RFC 3463), as far as it is known: `5.1.1`."""
    detail: str = ""
    """What the other side said, in one short line."""

    @property
    def gone(self) -> bool:
        """Whether nothing will ever get through to the address: it is not only full, or this message not only unwanted."""
        return self.action == "failed" and _GONE.fullmatch(self.status) is not None


@packed()
@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a channel made of the raw bytes: everything intake needs to place the item in line."""

    subject: str = ""
    messages: tuple[NewMessage, ...] = ()
    sender: Point | None = None
    """Whom it comes from; None = anonymous."""
    sender_name: str = ""
    references: tuple[str, ...] = ()
    """Keys of earlier messages it answers (Message-IDs, oldest first)."""
    thread_token: str | None = None
    """A signed token of ours found in it, already verified by the channel: the thread's id."""
    language: str | None = None
    priority: int | None = None
    skills: Skills = ()
    auto: str | None = None
    """Why it is an automatic message; None when a person wrote it."""
    auto_kind: str | None = None
    """What sort of automatic message: bounce | complaint | receipt | loop | reply | bulk | generated."""
    fates: tuple[Fate, ...] = ()
    """What it reports about a message of ours, address by address."""
    returned: str | None = None
    """Provider id of the message of ours that it reports on."""
    verified_sender: bool = False
    """True when the sender's identity was proved (signed login), so that a claim may be `verified`."""
    claimed_sender: bool = False
    """True when the sender only typed who they are: candidates are shown, but nobody is taken for a known customer."""
    doubted: str | None = None
    """Why the sender may be forged: nobody is taken for them, and nothing is sent to them by itself."""
    quarantine: str | None = None
    """A reason why it cannot be processed: the item goes to quarantine with its raw bytes."""
    defects: tuple[str, ...] = ()
    about_party: str | None = None
    """The customer it is about: of work the house made itself, which no sender named."""
    about_case: str | None = None
    """The case it is about: as above."""
    way: tuple[MenuStep, ...] = ()
    """How a caller came here through menus."""
    prefer_agent: str | None = None
    """Whom it is tried with first: as above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One thing that came in, in its raw form: stored first, before anything is made of it."""

    channel: str
    adapter: str
    """Which door it came by (`smtp`, `ami`, `ari`, `spool` …): external keys are unique per adapter."""
    external_key: str
    """Idempotency: the same key from the same adapter is the same thing."""
    raw: bytes
    at: datetime
    sender: str = ""
    """As it came, for showing: address, number, visitor."""
    recipient: str = ""
    line: str | None = None
    """Line if the channel already knows it; else the policy's intake rules decide by channel and recipient."""
    line_text: str = ""
    """The outside system's own name for the line, while nobody has mapped it."""
    subject: str = ""
    envelope: Mapping[str, Any] = field(default_factory=dict)
    """Small JSON handed back to the channel's reader with the raw bytes."""
    direction: str = "inbound"
    routed_by: str = "contactd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that something is safe: given out only after the commit."""

    id: str
    interaction: str
    duplicate: bool = False
    """It had come before: this is the old receipt."""
    joined: bool = False
    """It joined an open conversation instead of opening an interaction."""
    filed: bool = False
    """It was put before nobody (a blocked sender's): who waits for an answer to it gets none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message that is safe in a conversation: its place and time there."""

    id: str
    interaction: str
    seq: int
    at: datetime
    duplicate: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What an outside system that handles a contact tells about it: every event of a call's life, in order of `at`.

    For `routed_by = pbx` it is the only source of the interaction's states.  Names are the outside system's own.
    """

    adapter: str
    external_key: str
    at: datetime
    kind: str
    """waiting | ringing | ring_ended | answered | held | resumed | moved | left | ended"""
    line: str | None = None
    """Its name for the line (`support`)."""
    agent: str | None = None
    """Its name for the agent's device (`PJSIP/1001`)."""
    outcome: str | None = None
    """With `ended`: an `Outcome`; with `ring_ended`: an `OfferOutcome`."""
    ended_by: str | None = None
    cause: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The answer to a look-up: who may be calling, and the head of their history."""

    state: str
    party: str | None
    candidates: tuple[Candidate, ...]
    names: Mapping[str, str]
    """Party → display name."""
    vip: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message the outbox wants delivered; `payload` is what `compose` made when it was queued."""

    id: str
    interaction: str
    message: str
    attempt: int
    payload: bytes
    meta: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of one attempt."""

    status: str
    """sent | retry | failed | maybe (the far side may have it) | wait (no attempt was made, e.g. a limit is reached)"""
    detail: str = ""
    provider_id: str | None = None
    after: datetime | None = None
    """With `wait`: when it may be tried."""
    fates: tuple[Fate, ...] = ()
    """Addresses it will never reach, or did not reach while others got it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message an agent wants sent, as the desk hands it to the channel to be composed."""

    interaction: str
    thread: str
    message: str
    """Id of the message row it becomes."""
    line: str
    agent: str
    agent_name: str
    at: datetime
    text: str
    html: str | None
    attachments: tuple[NewAttachment, ...]
    to: tuple[Point, ...]
    subject: str
    references: tuple[str, ...]
    """provider ids of the conversation, oldest first; the last is what it answers."""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A draft in the form in which it will leave, fixed before it is queued."""

    payload: bytes
    meta: Mapping[str, Any]
    provider_id: str | None
    """Stable id (Message-ID) under which every attempt goes out."""
    sender: str
    recipients: tuple[tuple[str, str, str], ...] = ()
    """(role, name, address)."""
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A committed change of one of the channel's interactions, told to the channel after the commit."""

    interaction: str
    adapter: str
    external_key: str
    state: str
    cause: str
    line: str
    agent: str | None = None
    agent_name: str = ""
    device: str | None = None
    position: int | None = None
    """Place in line, from 1, while queued."""
    to: str = ""
    """Whom it goes to, of what goes out: the number to call."""
    action: str = ""
    """What the customer is to be offered (`callback`, while queued), or told on the way out: voicemail, message, close."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a channel is: shown on /readyz and in metrics."""

    ok: bool
    detail: str = ""
    last_progress: datetime | None = None


class Clock(Protocol):
    """The clock a channel is given (`contactd.clock.Clock`)."""

    def now(self) -> datetime:
        """Return the present moment in UTC, in whole milliseconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...


class Tools(Protocol):
    """Everything a channel may touch."""

    clock: Clock
    data_dir: Path
    policy_lines: Callable[[], Mapping[str, Mapping[str, Any]]]
    """The published policy's lines: name → settings (read-only)."""
    prompts: Library
    """The house's announcements."""

    async def accept(self, arrival: Arrival, content: Content | None = None) -> Receipt:
        """Store `arrival`; return after the commit.

        Without `content` the item stands in `received` and the channel's `reader` is run on the raw bytes in a worker;
        with it the item is placed in the same unit.

        Raises:
            BusyError: too much is waiting; nothing was taken in.
            StoreDownError: the store cannot commit; nothing was taken in.
        """
        ...

    async def joined(self, interaction: str, message: NewMessage) -> Said:
        """Add a customer's further message to an open interaction; return after the commit.

        Raises:
            ConflictError: the interaction is no longer open (code `closed`); open a new one.
        """
        ...

    async def progress(self, progress: Progress) -> None:
        """Record what an outside system told about a contact; return after the commit."""
        ...

    async def report(self, fact: Fact) -> None:
        """Tell the router (InteractionGone, DeliveryFailed, WorkEnded, ExternalWork …); return after the commit."""
        ...

    async def give(self, interaction: str, device: str, number: str) -> str:
        """Give a contact to the agent whose phone `device` is, or to the line that `number` leads to; return after the commit.

        Returns:
            `given`; `refused`: they cannot take it now, it stays where it is; `unknown`: nobody of ours.
        """
        ...

    async def hand_over(self, interaction: str, device: str) -> bool:
        """Give a contact to the agent whose phone `device` is and who is on the line already: they are not asked again.

        Returns:
            False when the house cannot give it to them; it stays where it is.
        """
        ...

    async def panel(self, interaction: str, panel: Mapping[str, Any]) -> None:
        """Show consoles how a live contact stands beyond its state (small JSON: muted, who else is on the line).

        It is not stored: after a restart the channel says it again.
        """
        ...

    async def answered(self, interaction: str, at: datetime) -> None:
        """Say that customer and agent are connected since `at`: only now the contact is answered."""
        ...

    async def paused(self, device: str, *, on: bool, reason: str = "") -> None:
        """Take that the agent whose phone `device` is keyed a break, or its end, there; a device of nobody's is passed over."""
        ...

    def stances(self) -> list[Stance]:
        """Return what every agent with a phone has chosen, as of now: for a system that was away."""
        ...

    async def followed(self, outgoing: str, became: str, detail: str) -> str:
        """Tell what became of a message after it was handed over; return after the commit.

        Args:
            outgoing: `Outgoing.id`.
            became: delivered | failed | retrying | delayed | sent.
            detail: what the other side said, in one line.

        Returns:
            `followed`; `early`: it is not yet written that it was handed over, tell it again; `old`: nothing new; `unknown`.
        """
        ...

    async def handed_over(self) -> list[str]:
        """Return the ids of this channel's messages that were handed over lately, and of which nothing final is known."""
        ...

    async def call_back(self, interaction: str, number: str = "") -> None:
        """A customer who waits wants to be called back, at `number` if it is another; return after the commit.

        They leave the line with their place kept for the call; the channel lets them go.

        Raises:
            BadRequestError: there is no number that may be called (code `not_callable`).
            ConflictError: they do not wait any more.
        """
        ...

    async def owe(self, interaction: str) -> bool:
        """Owe a customer with whom nobody spoke a call, where their line says so: one for a number; return whether it stands."""
        ...

    async def lookup(self, point: Point) -> Known:
        """Say who may be behind `point`."""
        ...

    async def is_open(self, kind: str, number: str) -> bool:
        """Tell whether a `case`, or a business record of a kind (`order` …), has a number somebody keyed, and is not over."""
        ...

    def line_for(self, recipient: str) -> str:
        """Return the line that contacts of this channel to `recipient` come into, by the published policy."""
        ...

    async def transcript(self, interaction: str, after_seq: int = 0) -> list[Mapping[str, Any]]:
        """Return a conversation's messages after `after_seq`, oldest first, as the wire shows them."""
        ...

    async def find(self, adapter: str, external_key: str) -> Mapping[str, Any] | None:
        """Return what the store knows of a contact by its outside key (id, state, line, agent), or None."""
        ...

    async def open_contacts(self, adapter: str) -> list[Mapping[str, Any]]:
        """Return every open interaction of an adapter (id, external_key, state, agent): for a resync after a cut."""
        ...

    async def blob(self, data: bytes) -> str:
        """Put bytes into the blob store, fsynced; return their name."""
        ...

    async def work(self, task: Callable[..., T], *args: Any) -> T:
        """Run a top-level function in a worker process, under memory and time limits."""
        ...

    async def keep(self, key: str, value: Mapping[str, Any]) -> None:
        """Keep something small of the channel's own (JSON values) in the store; return after the commit."""
        ...

    async def kept(self, key: str) -> Mapping[str, Any] | None:
        """Return what the channel kept under `key`, or None."""
        ...

    async def recorded(self, told: Recorded) -> None:
        """Write down how a recording stands; return after the commit."""
        ...

    async def keep_recording(self, name: str, sound: Sound) -> None:
        """Seal the sound of a recording and keep it; return after the commit, the same for one that is kept already.

        Raises:
            NotFoundError: nobody knows of this recording.
            StoreDownError: nothing was kept: come again.
        """
        ...

    async def recordings(self) -> list[Mapping[str, Any]]:
        """Return this channel's recordings whose sound is not kept yet (name, interaction, state, paused, consent)."""
        ...

    def alarm(self, kind: str, detail: str) -> None:
        """Tell supervisors something: `kind` is a word of the catalogue (`alert.KIND`)."""
        ...

    def figure(self, name: str, text: str, read: Callable[[], float], **labels: str) -> None:
        """Offer a number for /metrics as `contactd_CHANNEL_NAME`; `read` must not wait, labels are names of the settings."""
        ...

    def spawn(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        """Run a background task for the channel's life; its failure is logged and makes the channel unhealthy."""
        ...

    def route(self, method: str, path: str, handler: Callable[..., Awaitable[Any]]) -> None:
        """Offer an HTTP route (`GET`, `POST`) or a WebSocket (`WS`); the handler is a Starlette endpoint."""
        ...

    async def wait_range(self, line: str) -> tuple[float | None, float | None]:
        """Return the expected wait of a line as P50 and P90 in seconds; None = unknown."""
        ...

    async def survey(self, interaction: str, language: str | None = None) -> Asked | None:
        """Ask whether the customer of a contact is to be asked how it was; return after the invitation is committed.

        It may be asked from the moment an agent has answered; the same contact gets the same invitation again.

        Returns:
            What to ask, in which language; None when this customer is left alone.
        """
        ...

    async def survey_said(self, invite: str, replies: tuple[Reply, ...]) -> None:
        """Keep answers of an invitation that goes on (one key of several); return after the commit.

        Raises:
            NotFoundError, ConflictError, BadRequestError: no such invitation; it is over (`over`); an answer fits no question.
        """
        ...

    async def survey_ended(self, invite: str, became: str, replies: tuple[Reply, ...] = ()) -> None:
        """Say how an invitation ended: answered | refused | hung_up | expired; a low score opens a follow-up.

        What was said before with `survey_said` counts, however it ended.

        Raises:
            NotFoundError, ConflictError, BadRequestError: as `survey_said`.
        """
        ...


Reader = Callable[[bytes, Mapping[str, Any]], Content]
"""Makes `Content` of raw bytes and the arrival's envelope: top-level, pure, total; run in a worker process."""


class Channel(Protocol):
    """What the house asks of a channel."""

    name: str
    reader: Reader | None
    """For channels whose raw bytes are read after acceptance; None when content comes with the arrival."""

    async def start(self) -> None:
        """Open listeners and clients; after this the channel takes work."""
        ...

    async def stop_intake(self) -> None:
        """Take nothing more in (SMTP 421, sockets refuse), finish what is being written."""
        ...

    async def stop(self) -> None:
        """Close everything."""
        ...

    def addresses(self) -> dict[str, str]:
        """Return what to print in the `ready` line: name → `host:port`."""
        ...

    def health(self) -> Health:
        """Say how the channel is, without waiting."""
        ...

    def compose(self, draft: Draft) -> Composed | None:
        """Fix an agent's message in the form in which it leaves by the outbox; None = it is delivered by `said` at once.

        Raises:
            BadRequestError: it cannot be sent as it is (no recipient, a line break in a header …).
        """
        ...

    async def deliver(self, outgoing: Outgoing) -> Delivery:
        """Make one attempt to deliver what `compose` made."""
        ...

    async def said(self, interaction: str, message: Mapping[str, Any]) -> None:
        """A message by an agent is committed: show it to the customer now, where the channel is live."""
        ...

    async def connect(self, change: Change) -> None:
        """Bring customer and agent together; then call `tools.answered`, or report `DeliveryFailed`."""
        ...

    async def changed(self, change: Change) -> None:
        """An interaction of this channel moved (queued, active, held, wrapup, closed …): act on it."""
        ...

    async def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carry out an agent's command on a live contact (`call.mute`, `call.dtmf` …).

        Raises:
            BadRequestError: the channel has no such command.
        """
        ...


class Dialling(Protocol):
    """A channel by which agents call somebody."""

    dial_adapter: str
    """Adapter under which the calls it makes are kept."""

    def dialled(self, number: str, line: str) -> str:
        """Return a number as it would be dialled for a line.

        Raises:
            BadRequestError: it is no number, or it may not be called; `code` says why.
        """
        ...


class Following(Protocol):
    """A channel whose outside system has to know what agents choose."""

    async def stance(self, stance: Stance) -> None:
        """An agent chose something else."""
        ...


class Adopting(Protocol):
    """A channel to which some of what another channel takes in belongs (a fax that a gateway hands over by mail)."""

    def adopt(self, arrival: Arrival) -> Arrival | None:
        """Return the arrival as this channel's own, or None when it is not; asked before anything is stored."""
        ...


class Builder(Protocol):
    """The `build` a channel folder exports."""

    def __call__(self, name: str, options: Mapping[str, Any], tools: Tools) -> Channel:
        """Make the channel from its checked options."""
        ...
