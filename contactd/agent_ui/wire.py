"""The frames of /ws/console that come in: a fixed table of commands, each with its shape and its bounds.

Fields nobody knows are ignored, everything else is checked before anything happens.  `schema` describes it all as JSON
Schema, from the same types.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, StringConstraints, ValidationError, model_validator

from contactd.agent_ui.acts import ACTS
from contactd.agent_ui.calls import CALLS
from contactd.agent_ui.fields import Body, Html, Ident, Moment, Note, OnInteraction, Shape, Word
from contactd.agent_ui.letters import LETTERS
from contactd.core.errors import BadRequestError

PROTOCOL = 1


ShapeT = TypeVar("ShapeT", bound=Shape)


class SetIntent(Shape):
    """agent.set_intent: what the agent wants; `agent` only for supervisors, for somebody else."""

    intent: Literal["ready", "not_ready", "logged_out"]
    reason: Word | None = None
    agent: Ident | None = None


class AcceptOffer(Shape):
    """offer.accept."""

    offer: Ident
    lease: Ident


class RejectOffer(AcceptOffer):
    """offer.reject."""

    reason: Word | None = None


class Send(OnInteraction):
    """interaction.send: a mail reply, a chat line, a fax reply."""

    text: Body
    html: Html | None = None
    attachments: list[Ident] = Field(default_factory=list, max_length=50)
    """Ids of uploads."""
    subject: Word | None = None
    to: list[Word] | None = Field(default=None, max_length=100)
    cc: list[Word] | None = Field(default=None, max_length=100)
    bcc: list[Word] | None = Field(default=None, max_length=100)
    send_at: Moment | None = None
    """When it leaves; else at once."""
    seen: Moment | None = None
    """When the newest message the writer has seen came: with it, an answer is refused while there is a newer one (`unseen`)."""
    forward: Ident | None = None
    """A message of this contact that is passed on, with its files; `to` names to whom."""
    quote: bool = False
    """Put what is answered below."""
    signature: bool = True
    """Put the line's signature below."""
    sender: Word | None = None
    """An address of the line's that it comes from; else the one the customer wrote to, or the line's own."""
    undo_s: Annotated[int, Field(ge=0, le=120)] | None = None
    """How many seconds it can be taken back before it leaves."""


class AddNote(OnInteraction):
    """interaction.note."""

    text: Annotated[Note, StringConstraints(min_length=1)]


class Park(OnInteraction):
    """interaction.park: until a moment, or until the customer writes."""

    until: Moment | None = None


class Transfer(OnInteraction):
    """interaction.transfer: to a line or to an agent."""

    to_line: Word | None = None
    to_agent: Ident | None = None
    note: Note | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Transfer:
        if (self.to_line is None) == (self.to_agent is None):
            message = "exactly one of to_line and to_agent"
            raise ValueError(message)
        return self


class Start(Shape):
    """interaction.start: a new outbound contact."""

    channel: Word
    line: Word
    party: Ident | None = None
    contact_point: Ident | None = None
    to: Word | None = None
    case: Ident | None = None
    purpose: Word
    subject: Word | None = None


class Topic(Shape):
    """One matter of a contact."""

    disposition: Word
    case: Ident | None = None
    note: Note | None = None


class Complete(OnInteraction):
    """interaction.complete: store the summary, and with `end` finish the contact and its wrap-up."""

    disposition: Word | None = None
    topics: list[Topic] | None = Field(default=None, max_length=20)
    note: Note | None = None
    end: bool = True


class ConfirmParty(OnInteraction):
    """party.confirm: the agent's click says who it is, and what becomes of the address it came from."""

    party: Ident
    claim: Literal["add", "move", "none"] | None = None


class OpenCase(OnInteraction):
    """case.open: make a case from a contact, with one key."""

    type: Literal["inquiry", "service", "complaint", "feedback", "callback"] | None = None
    subject: Word | None = None
    priority: Annotated[int, Field(ge=0, le=3)] | None = None
    body: Note | None = None


class AttachCase(OnInteraction):
    """case.attach: the contact is about a case that is there."""

    case: Ident


class DenyParty(OnInteraction):
    """party.deny: it is not this customer, and the address is not theirs."""

    party: Ident


class Split(OnInteraction):
    """conversation.split: some messages of a contact are another matter."""

    messages: list[Ident] = Field(min_length=1, max_length=100)


class Join(OnInteraction):
    """conversation.join: another contact is the same matter; its messages come here."""

    other: Ident


class Watch(OnInteraction):
    """interaction.watch: a supervisor's console follows an interaction's messages."""

    on: bool = True


class RequestCallback(Shape):
    """callback.request: promise a customer a call: one of a contact, a contact point, or a number."""

    interaction: Ident | None = None
    contact_point: Ident | None = None
    to: Word | None = None
    party: Ident | None = None
    line: Word | None = None


COMMANDS: dict[str, type[Shape]] = {
    "agent.set_intent": SetIntent,
    "offer.accept": AcceptOffer,
    "offer.reject": RejectOffer,
    "interaction.send": Send,
    "interaction.note": AddNote,
    "interaction.hold": OnInteraction,
    "interaction.resume": OnInteraction,
    "interaction.park": Park,
    "interaction.transfer": Transfer,
    "interaction.start": Start,
    "interaction.complete": Complete,
    "interaction.extend": OnInteraction,
    "interaction.watch": Watch,
    "conversation.split": Split,
    "conversation.join": Join,
    "callback.request": RequestCallback,
    "callback.settle": OnInteraction,
    **ACTS,
    **CALLS,
    **LETTERS,
    "party.confirm": ConfirmParty,
    "party.deny": DenyParty,
    "case.open": OpenCase,
    "case.attach": AttachCase,
}
"""Every command there is."""

LARGE = frozenset({"interaction.send", "draft.save"})
"""Commands that may be longer than an ordinary frame."""


class Resume(Shape):
    """Where a console stopped."""

    epoch: Ident
    seq: Annotated[int, Field(ge=0, le=2**53)]


class Hello(Shape):
    """The first frame."""

    protocol: Literal[1]
    resume: Resume | None = None


class Order(Shape):
    """A command frame around its data."""

    id: Ident
    command: Word
    data: dict[str, Any] = Field(default_factory=dict)


def check(command: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return a command's data in its shape: known fields only, those that are not null.

    Raises:
        BadRequestError: there is no such command (`unknown_command`), or `field` does not fit.
    """
    shape = COMMANDS.get(command)
    if shape is None:
        message = "There is no such command."
        raise BadRequestError(message, code="unknown_command", field="command")
    return fit(shape, data).model_dump(exclude_none=True)


def fit(shape: type[ShapeT], data: Any) -> ShapeT:
    """Return `data` as a `shape`.

    Raises:
        BadRequestError: it does not fit; the text says how, without repeating what came.
    """
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        field = ".".join(str(step) for step in first["loc"])
        fault = "is missing" if first["type"] == "missing" else "does not fit"
        message = f"{field or 'data'} {fault}"
        raise BadRequestError(message, field=field or None) from None


def schema() -> dict[str, Any]:
    """Describe every frame a console may send, as JSON Schema by name."""
    frames: dict[str, type[Shape]] = {"hello": Hello, "command": Order}
    return {
        "frames": {name: shape.model_json_schema() for name, shape in frames.items()},
        "commands": {name: shape.model_json_schema() for name, shape in COMMANDS.items()},
    }
