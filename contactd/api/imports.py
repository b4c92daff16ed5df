"""Imports by screen: a file in pieces, a look at it, a trial, the import itself, its rows, its result, and the way back."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from contactd.api.answers import Page, Shape, gives
from contactd.api.parts import Filter, Ident, Limit, Looking, PartsOf, answer, looks, may, page
from contactd.core.errors import ForbiddenError
from contactd.core.plain import one_line
from contactd.crm_store import import_jobs
from contactd.desk.rights import Actor, permitted

router = APIRouter(prefix="/api/v1", tags=["imports"])
_Word = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class NewFile(BaseModel):
    """A file that is about to be brought."""

    model_config = ConfigDict(extra="ignore")
    name: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    size: Annotated[int, Field(ge=0)]


class Taking(BaseModel):
    """How a file is to be read and taken over."""

    model_config = ConfigDict(extra="ignore")
    form: _Word = ""
    encoding: _Word = ""
    mapping: Annotated[dict[str, _Word], Field(max_length=200)] = {}
    match: Annotated[list[_Word], Field(max_length=10)] = []
    policy: _Word = ""
    overwrite: Annotated[list[_Word], Field(max_length=100)] = []
    system: _Word = ""
    object: Annotated[
        str, StringConstraints(pattern=r"^(|customers|contacts|cases|records|recordings|articles|mails)$")
    ] = ""
    """What the rows are: customers, or what was with them."""
    files: _Word = ""
    """Where files lie that rows name: below the folder of the settings (`.`: in it); empty: packed with the table."""
    own: Annotated[list[_Word], Field(max_length=50)] = []
    """Of mails: further addresses and domains of the house; what came from them went out."""
    zone: _Word = ""
    """Of times that name none."""
    area_code: Annotated[str, StringConstraints(pattern=r"^\d{0,5}$")] = ""


class FileView(Shape):
    """A file on its way in."""

    id: str
    state: str
    name: str
    size: int
    pieces: int
    progress: int
    counts: dict[str, int]
    faults: list[dict[str, Any]]
    error: str | None


class Preview(Shape):
    """A file's columns and first rows."""

    format: str
    encoding: str
    headers: list[str]
    rows: list[list[str]]
    mapping: dict[str, str]
    unplaced: list[str]
    objects: list[str]
    """What the rows may be."""
    beside: bool
    """Whether rows name files that lie beside the table."""
    folder: bool
    """Whether the server may read such files from a folder of its own."""
    own: dict[str, dict[str, str]]
    """Fields the house has added (`custom.<key>`), each with its labels by language."""


class Import(Shape):
    """One import."""

    id: str
    state: str
    file_name: str
    counts: dict[str, int]
    at: str
    by: str | None


class Row(Shape):
    """What became of one row."""

    row: int
    status: str
    party_id: str | None
    object_id: str | None
    """What it became, where that is no customer."""
    reasons: list[str]


@router.post("/import-files", status_code=201, summary="Announce a file to import", responses=gives(FileView, 201))
async def bring(parts: PartsOf, given: NewFile, actor: Annotated[Actor, may("import.run")]) -> Response:
    """Name a file and its size; its pieces of 1 MiB follow.  One that is too large is refused here."""
    name = one_line(given.name, 200) or "file"
    return answer(await parts.wizard.bring(actor.id, name, given.size), 201)


@router.put("/import-files/{ident}/pieces/{number}", summary="Bring a piece of it", responses=gives(FileView))
async def piece(
    request: Request, parts: PartsOf, ident: Ident, number: int, actor: Annotated[Actor, may("import.run")]
) -> Response:
    """Bring the bytes of the next piece, 1 MiB but for the last; the same piece again is no mistake."""
    _ = actor
    return answer(await parts.wizard.piece(ident, number, await request.body()))


@router.get("/import-files/{ident}", summary="A file and how far it is", responses=gives(FileView))
async def file(parts: PartsOf, ident: Ident, looking: Annotated[Looking, looks("import.read", "import")]) -> Response:
    """Return its state, what the trial said, how many rows are done."""
    found = await parts.wizard.file(ident)
    looking.saw(ident)
    return answer(found)


@router.get("/import-files/{ident}/preview", summary="A file's columns and first rows", responses=gives(Preview))
async def preview(
    parts: PartsOf,
    ident: Ident,
    looking: Annotated[Looking, looks("import.read", "import")],
    form: Filter = None,
    encoding: Filter = None,
    of: Annotated[Filter, Query(alias="object")] = None,
) -> Response:
    """Return how the file would be read, and where its columns would go: as for the same program's last file."""
    refuse_veiled(looking)
    found = await parts.wizard.preview(ident, form or "", encoding or "", of or "")
    looking.saw(ident, "preview")
    return answer(found)


@router.post("/import-files/{ident}/trial", status_code=202, summary="Try it out", responses=gives(FileView, 202))
async def trial(parts: PartsOf, ident: Ident, given: Taking, actor: Annotated[Actor, may("import.run")]) -> Response:
    """Say what would become of each row; nothing is changed.  The counts appear in the file."""
    return answer(await parts.wizard.begin(ident, _wish(given, actor), actor.id, trial=True), 202)


@router.post("/import-files/{ident}/run", status_code=202, summary="Take it over", responses=gives(FileView, 202))
async def run(parts: PartsOf, ident: Ident, given: Taking, actor: Annotated[Actor, may("import.run")]) -> Response:
    """Take over every row that can be, behind the live work; a crash does not end it."""
    return answer(await parts.wizard.begin(ident, _wish(given, actor), actor.id, trial=False), 202)


@router.get("/imports", summary="The latest imports", responses=gives(Page[Import]))
async def listed(
    parts: PartsOf, looking: Annotated[Looking, looks("import.read", "import")], limit: Limit = 50
) -> Response:
    """Return imports, the newest first."""
    items = await parts.store.read(partial(import_jobs.listed, limit=limit))
    looking.saw_all(item["id"] for item in items)
    return page(items, None)


@router.get("/imports/{ident}", summary="One import", responses=gives(Import))
async def one(parts: PartsOf, ident: Ident, looking: Annotated[Looking, looks("import.read", "import")]) -> Response:
    """Return an import with its counts as they are now."""
    found = await parts.store.read(lambda conn: import_jobs.current(conn, ident))
    looking.saw(ident)
    return answer(found)


@router.get("/imports/{ident}/rows", summary="What became of its rows", responses=gives(Page[Row]))
async def rows(
    parts: PartsOf,
    ident: Ident,
    looking: Annotated[Looking, looks("import.read", "import")],
    status: Filter = None,
    cursor: Annotated[int, Query(ge=0, le=2_000_000)] = 0,
    limit: Limit = 100,
) -> Response:
    """Return rows by number, all or those of one `status`."""
    found = await parts.store.read(
        partial(import_jobs.rows, job=ident, after=cursor, limit=limit, status=status or ""),
    )
    items = [
        {
            "row": row.n,
            "status": row.status,
            "party_id": row.party_id,
            "object_id": row.object_id,
            "reasons": list(row.reasons),
        }
        | {"undone": row.undone, "kept": list(row.kept)}
        for row in found
    ]
    looking.saw(ident, "rows")
    return page(items, str(found[-1].n) if len(found) == limit else None)


@router.get("/imports/{ident}/result", summary="Its file with what became of each row")
async def result(
    parts: PartsOf,
    ident: Ident,
    looking: Annotated[Looking, looks("import.read", "import")],
    left_out: bool = False,
) -> Response:
    """Return the same columns and three more as CSV, all rows or those left out: to be corrected and imported again."""
    refuse_veiled(looking)
    actor = looking.actor
    path, name = await parts.handing_out.result(ident, actor.id, masked=actor.masked, only_left_out=left_out)
    looking.saw(ident, "result")
    return fetched(path, f"{name.rpartition('.')[0] or name}-result.csv")


@router.post("/imports/{ident}/undo", status_code=202, summary="Take it back", responses=gives(Import, 202))
async def undo(parts: PartsOf, ident: Ident, actor: Annotated[Actor, may("import.run")]) -> Response:
    """Take an import back, also one that still runs; what somebody has changed since is kept and named in its rows."""
    await parts.wizard.undo(ident, actor.id)
    return answer(await parts.store.read(lambda conn: import_jobs.current(conn, ident)), 202)


def _wish(given: Taking, actor: Actor) -> dict[str, Any]:
    """Return what is wished, with what whoever wishes it may do besides."""
    return given.model_dump() | {"publishes": permitted(actor, "kb.approve")}


def refuse_veiled(looking: Looking) -> None:
    """Show nobody the cells of a file some of whose fields they are not shown: its columns can hold any; numbers are masked.

    Raises:
        ForbiddenError: not all fields are theirs to see (code `masked`).
    """
    if looking.actor.levels.veils_fields:
        message = "Who sees fields hidden or masked looks into no file that was brought."
        raise ForbiddenError(message, code="masked")


def fetched(path: Path, name: str) -> Response:
    """Answer with a file that is gone afterwards."""
    return FileResponse(
        path,
        media_type="application/octet-stream",
        headers={
            "content-disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
            "cache-control": "private, no-store",
        },
        background=BackgroundTask(path.unlink, missing_ok=True),
    )
