"""`POST /api/v1/interactions`: any other source of contacts (forms, messengers) comes in by the same door as the channels."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api import shapes
from contactd.api.answers import gives
from contactd.api.once import Try, key_of, once
from contactd.api.parts import PartsOf, may
from contactd.core import address
from contactd.core.channel import Arrival, Content
from contactd.core.errors import BadRequestError
from contactd.core.message import NewAttachment, NewMessage
from contactd.core.party import Point
from contactd.core.plain import one_line
from contactd.desk.rights import Actor
from contactd.routing.policy import Policy

ADAPTER = "api"

router = APIRouter(prefix="/api/v1/interactions", tags=["interactions"])
_Word = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Text = Annotated[str, StringConstraints(max_length=500_000, pattern=r"^[^\x00]*$")]


class File(BaseModel):
    """A file that comes with a contact."""

    model_config = ConfigDict(extra="ignore")
    name: _Word
    media_type: _Word = "application/octet-stream"
    data: str
    """Base64."""


class Skill(BaseModel):
    """An ability the contact needs."""

    model_config = ConfigDict(extra="ignore")
    skill: _Word
    level: Annotated[int, Field(ge=1, le=10)] = 1


class NewInteraction(BaseModel):
    """A contact."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    channel: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,31}$")]
    line: _Word | None = None
    sender: Annotated[_Word, Field(alias="from")] = ""
    """Whom it comes from: an e-mail address, a number, or what the source calls them."""
    recipient: Annotated[_Word, Field(alias="to")] = ""
    name: _Word = ""
    subject: _Word = ""
    text: _Text = ""
    html: _Text | None = None
    external_key: Annotated[_Word, StringConstraints(min_length=1)] | None = None
    """The source's own id: the same one again is the same contact."""
    priority: Annotated[int, Field(ge=0, le=9)] | None = None
    skills: Annotated[list[Skill], Field(max_length=20)] = []
    language: _Word | None = None
    files: Annotated[list[File], Field(max_length=50, alias="attachments")] = []


@router.post("", status_code=201, summary="Bring a contact in", responses=gives(shapes.Made, 201))
async def create(
    request: Request,
    parts: PartsOf,
    given: NewInteraction,
    actor: Annotated[Actor, may("interaction.create")],
) -> Response:
    """Store the contact and put it in line; answered after the commit.

    Who sends it is shown as a candidate, unless the token has the scope `vouch`: then the sender is taken at its word.
    """
    _check(given, parts.policy()[1])
    now = parts.clock.now()
    arrival = Arrival(
        channel=given.channel,
        adapter=ADAPTER,
        external_key=f"{actor.id}:{given.external_key or key_of(request) or parts.idents.new()}",
        raw=_raw(given),
        at=now,
        sender=one_line(given.sender),
        recipient=one_line(given.recipient),
        line=given.line,
        subject=one_line(given.subject),
        envelope={"source": actor.name},
    )
    content = content_of(given, parts.region, now, claimed=not actor.vouches)

    async def do(_try: Try) -> tuple[int, Any]:
        # A second try comes under the same external key and gets the first one's receipt.
        receipt = await parts.doors.accept(arrival, content)
        return 201, {
            "id": receipt.interaction,
            "receipt": receipt.id,
            "duplicate": receipt.duplicate,
            "joined": receipt.joined,
        }

    return await once(request, parts, actor, do)


def _check(given: NewInteraction, policy: Policy) -> None:
    """Refuse what has no place here.

    Raises:
        BadRequestError: there is no such line, or only the channel itself can bring such a contact, with its customer.
    """
    if given.line is not None and given.line not in policy.lines:
        message = "There is no such line."
        raise BadRequestError(message, code="unknown_line", field="line")
    line = given.line or policy.place(given.channel, given.recipient)[0]
    rule = policy.rule(line, given.channel)
    if rule.live or rule.connects:
        message = "A contact whose customer is there now comes by its own channel."
        raise BadRequestError(message, code="live_channel", field="channel")


def content_of(given: NewInteraction, region: str, now: datetime, *, claimed: bool) -> Content:
    """Return what a contact says, with names that hide nothing.

    Raises:
        BadRequestError: a file's data is no base64.
    """
    name = one_line(given.name)
    message = NewMessage(
        direction="inbound",
        sender=one_line(given.sender),
        sender_name=name,
        text=given.text,
        html=given.html or None,
        sent_at=now,
        attachments=tuple(_file(place, file) for place, file in enumerate(given.files)),
    )
    said = given.text or given.html or given.files
    return Content(
        subject=one_line(given.subject),
        messages=(message,) if said else (),
        sender=_point(given.sender, region),
        sender_name=name,
        claimed_sender=claimed,
        language=given.language,
        priority=given.priority,
        skills=tuple(sorted({one.skill: one.level for one in given.skills}.items())),
    )


def _point(sender: str, region: str) -> Point | None:
    """Return the address a sender's words mean, if they mean one."""
    if not sender.strip():
        return None
    return address.email(sender) if "@" in sender else address.phone_point(sender, region=region)


def _file(place: int, file: File) -> NewAttachment:
    try:
        data = base64.b64decode(file.data, validate=True)
    except (ValueError, binascii.Error):
        message = "A file's data is base64."
        raise BadRequestError(message, field=f"attachments.{place}.data") from None
    return NewAttachment(name=one_line(file.name) or "file", media_type=file.media_type, data=data)


def _raw(given: NewInteraction) -> bytes:
    """Return the contact as it came, without the files, which are stored beside it."""
    shown = given.model_dump(mode="json", by_alias=True, exclude={"files"})
    shown["attachments"] = [{"name": file.name, "media_type": file.media_type} for file in given.files]
    return json.dumps(shown, ensure_ascii=False).encode(errors="replace")
