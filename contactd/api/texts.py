"""Texts people write once and use often: kept, changed, and filled in for a contact beside the policy's templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api import letter_shapes
from contactd.api.answers import gives
from contactd.api.once import Try, once
from contactd.api.parts import Ident, Looking, Parts, PartsOf, answer, looks, may, seen
from contactd.core.errors import BadRequestError
from contactd.core.template import fill
from contactd.crm_store import audit, interactions, text_rows
from contactd.crm_store.audit import Entry
from contactd.desk.rights import Actor, authorize
from contactd.routing.templates import PLACES

router = APIRouter(prefix="/api/v1", tags=["outbox"])
_Name = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Text = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
_Reader = Annotated[Looking, looks("interaction.read", "interaction")]
_User = Annotated[Actor, may("text.read")]
_Writer = Annotated[Actor, may("text.write")]


class NewText(BaseModel):
    """A text to be kept."""

    model_config = ConfigDict(extra="ignore")
    name: _Name
    text: dict[Literal["zh", "en"], _Text]
    lines: Annotated[list[_Name], Field(max_length=100)] = []
    shared: bool = False
    """For everybody; supervisors only."""


class TextChange(BaseModel):
    """What a text says from now on; what is left out stays."""

    model_config = ConfigDict(extra="ignore")
    name: _Name | None = None
    text: dict[Literal["zh", "en"], _Text] | None = None
    lines: Annotated[list[_Name], Field(max_length=100)] | None = None
    row_version: int


@router.get("/texts", summary="Texts one may use: one's own, and everybody's", responses=gives(letter_shapes.Texts))
async def listed(parts: PartsOf, actor: _User) -> Response:
    """Return them as they were written, with the names of the places they may leave open."""
    items = await parts.store.read(lambda conn: text_rows.listed(conn, actor.id))
    return answer({"items": items, "places": list(PLACES)}, ours=True)


@router.get("/texts/{ident}/versions", summary="How a text stood", responses=gives(letter_shapes.TextVersions))
async def versions(parts: PartsOf, actor: _User, ident: Ident) -> Response:
    """Return how it stood since it was written, the newest first."""
    items = await parts.store.read(lambda conn: text_rows.versions(conn, ident, actor.id))
    return answer({"items": items}, ours=True)


@router.post("/texts", status_code=201, summary="Keep a text", responses=gives(letter_shapes.Text, 201))
async def add(request: Request, parts: PartsOf, given: NewText, actor: _Writer) -> Response:
    """Keep a text for oneself, or for everybody."""
    if given.shared:
        authorize(actor, "text.share")
    _refuse_lines(parts, given.lines)

    async def do(this: Try) -> tuple[int, Any]:
        ident, owner, by = parts.idents.new(), None if given.shared else actor.id, _by(parts, actor)

        def unit(conn: Any) -> dict[str, Any]:
            text_rows.add(conn, ident, given.model_dump(), PLACES, owner=owner, **by)
            _record(conn, parts, actor, "text.add", ident)
            made = text_rows.get(conn.connection, ident, actor.id)
            this.keep(conn, 201, made)
            return made

        return 201, await parts.store.write(unit, urgent=True)

    return await once(request, parts, actor, do)


@router.patch("/texts/{ident}", summary="Change a text", responses=gives(letter_shapes.Text))
async def change(parts: PartsOf, ident: Ident, given: TextChange, actor: _Writer) -> Response:
    """Let it say something else from now on."""
    _refuse_lines(parts, given.lines or ())
    values = given.model_dump(exclude_none=True, exclude={"row_version"})

    def alter(conn: Any) -> None:
        text_rows.change(conn, ident, values, PLACES, row_version=given.row_version, **_by(parts, actor))

    return answer(await _change(parts, actor, ident, "text.change", alter), ours=True)


@router.delete("/texts/{ident}", status_code=204, summary="Put a text away")
async def retire(parts: PartsOf, ident: Ident, actor: _Writer) -> Response:
    """Offer it no more."""
    await _change(
        parts,
        actor,
        ident,
        "text.retire",
        lambda conn: text_rows.retire(conn, ident, actor.id, parts.clock.now()),
    )
    return Response(status_code=204)


@router.get(
    "/interactions/{ident}/templates",
    summary="What may be said here, filled in",
    responses=gives(letter_shapes.Templates),
)
async def templates(parts: PartsOf, looking: _Reader, ident: Ident) -> Response:
    """Return one's own texts, everybody's and the policy's templates for the interaction's line.

    In both languages; a place nobody can fill stays as it is.
    """

    def read(conn: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        return interactions.get(conn, ident), text_rows.listed(conn, looking.actor.id)

    found, own = await parts.store.read(read)
    _, policy = parts.policy()
    line = policy.lines.get(found["line"] or "")
    looking.saw(ident)
    # What is filled in may be a customer's number; the words around it are the house's, and go out as they stand.
    shown = seen().shown({"customer_name": found["customer_name"] or "", "subject": found["subject"] or ""})
    items = []
    for kind, name, label, text in _serving(parts, own, found["line"] or ""):
        filled = {}
        for language, words in text.items():
            known = {
                "customer_name": shown.get("customer_name"),
                "agent_name": looking.actor.name,
                "line": line.label[language] if line is not None else "",
                "subject": shown.get("subject"),
                "date": f"{parts.clock.now():%Y-%m-%d}",
            }
            filled[language] = fill(words, {place: value for place, value in known.items() if value})
        items.append({"kind": kind, "name": name, "label": label, "text": filled})
    return answer({"items": items, "signature": dict(line.signature) if line is not None else {}}, ours=True)


def _serving(
    parts: Parts, own: list[dict[str, Any]], line: str
) -> Iterator[tuple[str, str, dict[str, str], Mapping[str, str]]]:
    """Go through what may be said in a line: kind, name, label, words by language."""
    for one in own:
        if not one["lines"] or line in one["lines"]:
            kind = "shared" if one["shared"] else "own"
            yield kind, one["id"], dict.fromkeys(("zh", "en"), one["name"]), one["text"]
    _, policy = parts.policy()
    for template in policy.templates.values():
        if template.serves(line):
            yield "policy", template.name, dict(template.label), template.text


async def _change(parts: Parts, actor: Actor, ident: str, action: str, alter: Callable[[Any], None]) -> dict[str, Any]:
    """Change a text that is one's own, or everybody's where one may; return how it stood before or stands now."""

    def unit(conn: Any) -> dict[str, Any]:
        before = text_rows.get(conn.connection, ident, actor.id)
        if before["shared"]:
            authorize(actor, "text.share")
        alter(conn)
        _record(conn, parts, actor, action, ident)
        return before if action == "text.retire" else text_rows.get(conn.connection, ident, actor.id)

    return await parts.store.write(unit, urgent=True)


def _by(parts: Parts, actor: Actor) -> dict[str, Any]:
    return {"agent": actor.id, "now": parts.clock.now()}


def _record(conn: Any, parts: Parts, actor: Actor, action: str, ident: str) -> None:
    audit.append(conn, Entry(actor=actor.id, action=action, object_kind="text", object_id=ident), parts.clock.now())


def _refuse_lines(parts: Parts, lines: Any) -> None:
    """Refuse lines that do not exist.

    Raises:
        BadRequestError: one does not.
    """
    _, policy = parts.policy()
    unknown = [one for one in lines if one not in policy.lines]
    if unknown:
        message = f"there is no line {unknown[0]}"
        raise BadRequestError(message, code="unknown_line", field="lines")
