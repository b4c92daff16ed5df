"""The commands about what is written: drafts, and messages in the outbox."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from contactd.agent_ui.fields import Body as Answer
from contactd.agent_ui.fields import Html, Ident, Long, OnInteraction, Shape, Title, Word


class OnMessage(Shape):
    """outbox.cancel, outbox.again, outbox.dismiss: about a message on its way out."""

    message: Ident


class File(Shape):
    """An upload that a draft names."""

    id: Ident
    name: Word
    size: Annotated[int, Field(ge=0)] = 0
    inline: bool = False
    """It is a picture that stands in the HTML, as `cid:<id>@inline`."""


class Body(Shape):
    """What is being written; half-written addresses stand in it as they are."""

    text: Long = ""
    html: Html | None = None
    to: list[Word] = Field(default_factory=list, max_length=100)
    cc: list[Word] = Field(default_factory=list, max_length=100)
    bcc: list[Word] = Field(default_factory=list, max_length=100)
    subject: Title = ""
    files: list[File] = Field(default_factory=list, max_length=50)
    forward: Ident | None = None
    """Message that is forwarded."""
    quote: bool = True
    """Whether what is answered stands below."""
    stranger: bool = False
    sender: Word | None = None
    """The address of ours it comes from, where the writer chose one."""


class SaveDraft(OnInteraction):
    """draft.save: write a draft over the version it was made from (0 = there was none)."""

    body: Body
    version: Annotated[int, Field(ge=0)]
    editor: Annotated[Ident, StringConstraints(min_length=8)]
    """The window that writes it; it has it in hand for a minute."""
    take: bool = False
    """Take it out of another window's hand."""


class CloseAs(OnInteraction):
    """interaction.close_as: end a contact that needs no answer, with one word for why."""

    reason: Literal["junk", "no_reply_needed", "duplicate"]
    of: Ident | None = None
    """With duplicate: which interaction says the same."""
    block: bool = False
    """With junk: what this sender sends from now on is filed and put before nobody."""

    @model_validator(mode="after")
    def _fits(self) -> CloseAs:
        if (self.of is None) == (self.reason == "duplicate") or (self.block and self.reason != "junk"):
            message = "of goes with duplicate, block with junk"
            raise ValueError(message)
        return self


class KeepOut(Shape):
    """sender.keep_out: block an address or a number, for some days or until somebody lets it in again."""

    to: Word
    reason: Word
    days: Annotated[int, Field(ge=1, le=3650)] | None = None


class Unblock(Shape):
    """sender.unblock: let a sender's contacts come before somebody again; sender.unprotect: take them off the red list."""

    kind: Word
    value: Word


class Protect(Shape):
    """sender.protect: put an address or a number on the red list: never blocked, first in line, perhaps called by nobody."""

    to: Word
    reason: Word
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    first: bool = True
    uncalled: bool = False


class Choosing(Shape):
    """bulk.count: which of those who wait; written contacts only."""

    line: Word | None = None
    channel: Word | None = None
    contains: Word | None = None
    """Words in subject or last message."""


class AnswerAll(Choosing):
    """bulk.answer: one answer to all of them, after a time in which it can be undone."""

    text: Answer
    expect: Annotated[int, Field(ge=1, le=500)]
    """How many were counted: with any other number nothing happens."""
    undo_s: Annotated[int, Field(ge=0, le=300)] = 30


class Nothing(Shape):
    """bulk.list: one's latest batches."""


class OnBatch(Shape):
    """bulk.undo, bulk.status."""

    batch: Ident


LETTERS: dict[str, type[Shape]] = {
    "outbox.cancel": OnMessage,
    "outbox.again": OnMessage,
    "outbox.dismiss": OnMessage,
    "interaction.close_as": CloseAs,
    "interaction.bring_back": OnInteraction,
    "sender.block": OnInteraction,
    "sender.keep_out": KeepOut,
    "sender.unblock": Unblock,
    "sender.protect": Protect,
    "sender.unprotect": Unblock,
    "bulk.count": Choosing,
    "bulk.answer": AnswerAll,
    "bulk.undo": OnBatch,
    "bulk.status": OnBatch,
    "bulk.list": Nothing,
    "draft.read": OnInteraction,
    "draft.versions": OnInteraction,
    "draft.save": SaveDraft,
    "draft.drop": OnInteraction,
}
"""Commands about letters."""
