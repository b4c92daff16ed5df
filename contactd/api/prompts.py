"""Announcements: what callers hear, by language and time, and what a line hears in the place of one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from contactd.api.answers import Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Ident, PartsOf, answer, may
from contactd.clock import rfc3339
from contactd.core.announcing import MOST_BYTES
from contactd.core.errors import BadRequestError
from contactd.core.menus import branches
from contactd.core.prompt import Switch
from contactd.crm_store import menu_rows, prompt_rows
from contactd.desk.prompts import Take
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["prompts"])
_Line = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Word = Annotated[str, StringConstraints(max_length=40, pattern=r"^[a-z0-9_-]*$")]
_Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Words = Annotated[str, StringConstraints(max_length=2000)]
_Supervisor = Annotated[Actor, may("prompt.edit")]


class Switching(BaseModel):
    """What a line hears in the place of an announcement: another (`plays`), nothing (""), or again itself (null)."""

    model_config = ConfigDict(extra="ignore")
    line: _Line
    name: Annotated[_Word, StringConstraints(min_length=1)]
    plays: _Word | None
    until: AwareDatetime | None = None
    reason: _Reason = "–"


class PromptTake(Shape):
    """One take of an announcement."""

    id: str
    name: str
    language: str
    words: str
    seconds: float
    valid_from: str
    valid_until: str | None
    created_at: str
    created_by: str


class SwitchedTo(Shape):
    """What a line hears from now on; null: the announcement itself."""

    line: str
    name: str
    plays: str | None


class Switched(Shape):
    """What is switched in a line."""

    line: str
    name: str
    plays: str
    until: str | None
    reason: str
    at: str
    by: str


class MissingPrompt(Shape):
    """A place that names an announcement which is not there in a language."""

    where: str
    name: str
    language: str


class Way(Shape):
    """How often callers took one way out of a menu; `choice` empty: they hung up in it."""

    menu: str
    choice: str
    label: str
    count: int


class Ways(Shape):
    """All of them; `more`: there were more callers than were counted (the newest are)."""

    since: str
    until: str
    callers: int
    more: bool
    items: list[Way]


class PromptLibrary(Shape):
    """All of it; `named`: the names settings and lines use."""

    items: list[PromptTake]
    switches: list[Switched]
    missing: list[MissingPrompt]
    named: list[str]


@router.get("/prompts", summary="Announcements callers hear", responses=gives(PromptLibrary))
async def listed(parts: PartsOf, _actor: Annotated[Actor, may("prompt.read")]) -> Response:
    """Return the takes, what is switched in lines, and what is named somewhere and missing in a language."""
    items = await parts.store.read(prompt_rows.listed)
    switches = await parts.store.read(prompt_rows.switched)
    missing = [{"where": one.where, "name": one.name, "language": one.language} for one in parts.prompts.missing()]
    return answer({"items": items, "switches": switches, "missing": missing, "named": parts.prompts.named()})


@router.get("/menu-ways", summary="Which ways callers take through menus", responses=gives(Ways))
async def menu_ways(
    parts: PartsOf,
    _actor: Annotated[Actor, may("prompt.read")],
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> Response:
    """Count the ways out of each menu, of callers who came between two moments (else the last seven days)."""
    end = until or parts.clock.now()
    begin = since or end - timedelta(days=7)
    found, more = await parts.store.read(lambda conn: menu_rows.ways(conn, begin, end))
    items = [
        {"menu": one.menu, "choice": one.choice, "label": one.label, "count": one.count} for one in branches(found)
    ]
    return answer({"since": rfc3339(begin), "until": rfc3339(end), "callers": len(found), "more": more, "items": items})


@router.post("/prompts", status_code=201, summary="Bring an announcement", responses=gives(PromptTake, 201))
async def add(
    request: Request,
    parts: PartsOf,
    actor: _Supervisor,
    file: Annotated[UploadFile, File()],
    name: Annotated[str, Form(max_length=40)],
    language: Annotated[str, Form(max_length=7)],
    words: Annotated[_Words, Form()] = "",
    valid_from: Annotated[AwareDatetime | None, Form()] = None,
    valid_until: Annotated[AwareDatetime | None, Form()] = None,
) -> Response:
    """Take a WAV (8 to 48 kHz, 8 to 24 bit, at most two minutes) and let it be heard from `valid_from` on, else at once.

    Why a file cannot be played is the error's code: no_wav | bad_rate | too_long | too_short | silent.
    """
    data = await file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        message = "The file is too large."
        raise BadRequestError(message, code="too_large", field="file")
    take = Take(name=name, language=language, words=words, valid_from=valid_from, valid_until=valid_until)

    async def do(this: Try) -> tuple[int, Any]:
        return 201, await parts.prompts.add(actor.id, take, data, lambda conn, made: this.keep(conn, 201, made))

    return await once(request, parts, actor, do, content=repr((name, language, words, valid_from)).encode() + data)


@router.get("/prompts/{ident}/sound", summary="An announcement's sound")
async def sound(parts: PartsOf, _actor: Annotated[Actor, may("prompt.read")], ident: Ident) -> Response:
    """Return what callers hear (WAV)."""
    headers = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}
    headers["content-security-policy"] = "default-src 'none'; sandbox"
    return Response(await parts.prompts.sound(ident), headers=headers, media_type="audio/wav")


@router.delete("/prompts/{ident}", status_code=204, summary="Retire an announcement")
async def retire(parts: PartsOf, actor: _Supervisor, ident: Ident) -> Response:
    """Let a take be heard no more: the one before it is, or the exchange's neutral one."""
    await parts.prompts.retire(actor.id, ident)
    return Response(status_code=204)


@router.post("/prompt-switches", summary="Let a line hear something else", responses=gives(SwitchedTo))
async def switch(request: Request, parts: PartsOf, actor: _Supervisor, given: Switching) -> Response:
    """Switch an announcement in one line from this moment on, or back."""
    if given.line not in parts.policy()[1].lines:
        message = "there is no such line"
        raise BadRequestError(message, code="unknown_line", field="line")

    async def do(_try: Try) -> tuple[int, Any]:
        if given.plays is None:
            await parts.prompts.switch_back(actor.id, given.line, given.name)
        else:
            await parts.prompts.switch(
                actor.id, _switch(given.line, given.name, given.plays, given.until), given.reason
            )
        return 200, {"line": given.line, "name": given.name, "plays": given.plays}

    return await once(request, parts, actor, do)


def _switch(line: str, name: str, plays: str, until: datetime | None) -> Switch:
    return Switch(line=line, name=name, plays=plays, until=until)
