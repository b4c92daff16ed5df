"""Connectors: how each stands, run now, what was left out, what differs; and rows of systems that send theirs."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from contactd.api.answers import Page, Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Ident, Limit, Looking, Parts, PartsOf, answer, looks, may, page
from contactd.core.errors import ForbiddenError, NotFoundError
from contactd.crm_store import connector_dead_rows
from contactd.desk.connect.connecting import AT_ONCE
from contactd.desk.connect.tending import Tending
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["integration"])
_Reader = Annotated[Looking, looks("import.read", "connector")]
_Runner = Annotated[Actor, may("import.run")]


class Run(Shape):
    """One table that was brought in."""

    id: str
    state: str
    source: str
    counts: dict[str, int]
    """Status (created, updated, unchanged, skipped, ambiguous, error) → rows."""
    error: str
    at: str
    ended_at: str | None
    by: str


class ConnectorView(Shape):
    """Another system, how it stands, and its latest runs, the newest first."""

    name: str
    kind: str
    object: str
    system: str
    every_minutes: int
    """0: only when somebody asks for it, or sends."""
    ok_at: str | None
    """Last success."""
    next_at: str | None
    failures: int
    """In a row."""
    error: str
    left_out: int
    """Rows that wait for somebody."""
    drift: dict[str, Any]
    drift_at: str | None
    runs: list[Run]


class LeftOut(Shape):
    """A row that could not be taken over."""

    id: str
    run: str
    number: int
    row: dict[str, Any]
    """Column → text; a cell nobody can read is why and what stood there."""
    reasons: list[str]
    tries: int
    at: str


class Trial(Shape):
    """What a run would do."""

    tables: int
    counts: dict[str, int]
    left_out: list[dict[str, Any]]


class Sent(Run):
    """Rows that were sent, and what became of each."""

    rows: list[dict[str, Any]]


class Running(BaseModel):
    """How a connector is to be run."""

    model_config = ConfigDict(extra="ignore")
    dry_run: bool = False
    """Say what the first of the new tables would do; change nothing."""


class Again(BaseModel):
    """Rows that are to be tried once more."""

    model_config = ConfigDict(extra="ignore")
    ids: Annotated[list[Annotated[str, Field(max_length=128)]], Field(max_length=200)] = []
    """None: the oldest, up to a thousand."""


class Rows(BaseModel):
    """What a system sends."""

    model_config = ConfigDict(extra="ignore")
    rows: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=AT_ONCE)]
    """Each column → value; columns as in the connector's mapping, or by names that say what they are."""


@router.get("/connectors", summary="Connectors and their runs", responses=gives(Page[ConnectorView]))
async def listed(parts: PartsOf, looking: _Reader) -> Response:
    """Return every connector of the configuration; who does not see everything sees what differs in numbers only."""
    items = await _of(parts).listed()
    if _narrow(looking.actor):
        items = [
            item | {"drift": {key: told for key, told in item["drift"].items() if key != "named"}} for item in items
        ]
    looking.saw_all(item["name"] for item in items)
    return page(items, None)


@router.post("/connectors/{ident}/run", status_code=202, summary="Run a connector", responses=gives(Trial, 202))
async def run(parts: PartsOf, ident: Ident, given: Running, actor: _Runner) -> Response:
    """Have what is new brought in soon; how it goes stands in the list.  A dry run answers at once."""
    if given.dry_run:
        found = await _of(parts).trying.dry_run(ident, most=1)
        return answer(found | {"left_out": []} if _narrow(actor) else found)
    await _of(parts).ask(ident)
    return answer({}, 202)


@router.post("/connectors/{ident}/drift", status_code=202, summary="Count what differs")
async def drift(parts: PartsOf, ident: Ident, actor: _Runner) -> Response:
    """Have all that a system has held against all we have from it; the report stands in the list when it is done."""
    _ = actor
    _of(parts).ask_drift(ident)
    return answer({}, 202)


@router.get("/connectors/{ident}/left-out", summary="Rows that were left out", responses=gives(Page[LeftOut]))
async def left_out(
    parts: PartsOf, ident: Ident, looking: _Reader, cursor: Cursor = None, limit: Limit = 50
) -> Response:
    """Return rows that wait, the oldest first, each whole and with why it was left out."""
    if _narrow(looking.actor):
        message = "Who does not see every customer and field looks into no row that another system sent."
        raise ForbiddenError(message, code="masked")
    _of(parts).connecting.options(ident)
    read = partial(connector_dead_rows.page, name=ident, after=cursor or "", limit=limit)
    items = await parts.store.read(read)
    looking.saw(ident, "left_out")
    return page(items, items[-1]["id"] if len(items) == limit else None)


@router.post("/connectors/{ident}/left-out/retry", summary="Try them again", responses=gives(Run))
async def retry(parts: PartsOf, ident: Ident, given: Again, actor: _Runner) -> Response:
    """Try rows once more; those that can be taken over now are gone from the list.  Empty: none could be tried."""
    return answer(await _of(parts).connecting.retry(ident, given.ids, actor.id))


@router.delete("/connectors/{ident}/left-out/{row}", status_code=204, summary="Leave one")
async def leave(parts: PartsOf, ident: Ident, row: Ident, actor: _Runner) -> Response:
    """Forget a row: it is not taken over."""
    await _of(parts).connecting.leave(ident, row, actor.id)
    return Response(status_code=204)


@router.post("/connectors/{ident}/rows", summary="Send rows", responses=gives(Sent))
async def send(request: Request, parts: PartsOf, ident: Ident, given: Rows, actor: _Runner) -> Response:
    """Take over rows of a system that sends them; answers when all are safe, with what became of each.

    A row that cannot be taken over waits for somebody here, and need not be sent again.
    """

    async def do(_this: Try) -> tuple[int, Any]:
        # A second try after a crash finds each row by its keys.
        return 200, await _of(parts).connecting.push(ident, given.rows, actor.id)

    return await once(request, parts, actor, do)


def _narrow(actor: Actor) -> bool:
    """Tell whether somebody sees less than everything: a row that was left out says anything, and nobody knows of whom."""
    return actor.levels.veils_fields or actor.sight is not None


def _of(parts: Parts) -> Tending:
    if parts.connectors is None:
        message = "there are no connectors"
        raise NotFoundError(message)
    return parts.connectors
