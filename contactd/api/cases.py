"""Cases (工单): list, board, one, new, moved, noted, escalated, linked; why a clock ends when it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response

from contactd.api import shapes
from contactd.api.answers import Page, gives
from contactd.api.case_shapes import (
    Board,
    Change,
    Clocks,
    Escalation,
    Linking,
    Moving,
    NewCase,
    Note,
    Watching,
    WholeCase,
)
from contactd.api.imports import fetched
from contactd.api.narrowing import refuse_guessing
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, PartsOf, answer, looks, may, page
from contactd.core.errors import ForbiddenError
from contactd.crm_store import audit, case_reads, case_rows, contact_case_rows, sight, sla_rows, watch_rows
from contactd.desk.rights import Actor, permitted

router = APIRouter(prefix="/api/v1", tags=["cases"])
_Writer = Annotated[Actor, may("case.edit")]
_Reader = Annotated[Looking, looks("case.read", "case")]


@router.get("/cases", summary="List cases, newest first", responses=gives(Page[shapes.Case]))
async def listed(
    parts: PartsOf,
    looking: _Reader,
    party: Filter = None,
    state: Filter = None,
    type: Filter = None,  # noqa: A002 - the word of the wire
    assignee: Filter = None,
    watcher: Filter = None,
    unseen: bool = False,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of cases; `state=active` are those not over, `assignee=me` my own, `assignee=none` nobody's.

    With `watcher=me` each says how much is `unseen`; `unseen=1` lists only those with something new.
    """
    me = looking.actor.id
    refuse_guessing(looking.actor, {"state": state, "type": type, "assignee": assignee if assignee != "me" else None})
    items, following = await parts.store.read(
        lambda conn: case_reads.listed(
            conn,
            party=party,
            state=state,
            kind=type,
            assignee=me if assignee == "me" else assignee,
            watcher=me if watcher == "me" else watcher,
            news=unseen,
            seen=sight.cases(looking.actor.sight, parts.clock.now()),
            limit=limit,
            cursor=cursor,
        ),
    )
    looking.saw_all(item["id"] for item in items)
    return page(items, following)


@router.get("/cases/board", summary="Cases by state", responses=gives(Board))
async def board(
    parts: PartsOf,
    looking: _Reader,
    assignee: Filter = None,
    type: Filter = None,  # noqa: A002 - as above
) -> Response:
    """Return for each state how many there are, and the first by what is due soonest."""
    whose = looking.actor.id if assignee == "me" else assignee
    refuse_guessing(looking.actor, {"type": type, "assignee": assignee if assignee != "me" else None})
    seen = sight.cases(looking.actor.sight, parts.clock.now())
    found = await parts.store.read(lambda conn: case_reads.board(conn, assignee=whose, kind=type, seen=seen))
    looking.saw_all(item["id"] for column in found["columns"] for item in column["items"])
    return answer(found)


@router.get("/cases/{ident}", summary="One case, by id or number", responses=gives(WholeCase))
async def one(parts: PartsOf, looking: _Reader, ident: Ident) -> Response:
    """Return a case with events, clocks, links, parts, watchers, contacts and promises."""
    found = await parts.store.read(lambda conn: case_reads.get(conn, ident))
    looking.saw(found["id"])
    return answer(found)


@router.get("/cases/{ident}/evidence", summary="A case's evidence, with hashes")
async def evidence(
    parts: PartsOf, ident: Ident, looking: Annotated[Looking, looks("case.evidence", "case")]
) -> Response:
    """Return a zip: the case, its contacts with originals, events and sound, the audit log about it, and `SHA256SUMS`."""
    if looking.actor.levels.narrow:
        message = "Who sees numbers masked takes no evidence."
        raise ForbiddenError(message, code="masked")
    heard = permitted(looking.actor, "recording.listen")
    path, digest = await parts.handing_out.evidence(ident, looking.actor.id, heard=heard)
    response = fetched(path, f"case-{ident}.zip")
    response.headers["x-sha256sums"] = digest
    return response


@router.get("/cases/{ident}/why", summary="Why a clock ends when it ends", responses=gives(Clocks))
async def why(parts: PartsOf, looking: _Reader, ident: Ident) -> Response:
    """Return span, pauses, stretches of open time and the days passed over, of each clock."""
    plan = parts.policy()[1].cases
    items = await parts.store.read(lambda conn: sla_rows.why(conn, ident, plan))
    looking.saw(ident, "why")
    return answer({"items": items})


@router.post("/cases", status_code=201, summary="Make a case", responses=gives(WholeCase, 201))
async def create(
    request: Request, parts: PartsOf, given: NewCase, actor: Annotated[Actor, may("case.create")]
) -> Response:
    """Store a case with its number and clocks."""
    actor.levels.refuse(given.model_fields_set)
    columns = given.columns() | ({"parent_id": given.parent} if given.parent else {})

    async def do(this: Try) -> tuple[int, Any]:
        now, plan = parts.clock.now(), parts.policy()[1].cases
        ids = (parts.idents.new(), parts.idents.new(), parts.idents.new())

        def unit(conn: Any) -> dict[str, Any]:
            about: dict[str, Any] = {"plan": plan, "now": now, "actor": actor.id}
            if given.parent:
                case_rows.locked(conn, given.parent, None)
            if given.interaction:
                contact_case_rows.open_from(conn, given.interaction, columns, ids=ids, **about)
            else:
                case_rows.create(conn, ids[0], columns, **about)
                audit.note(conn, actor.id, "case.create", ("case", ids[0]), now, party=columns.get("party_id"))
            made = case_reads.get(conn.connection, ids[0])
            this.keep(conn, 201, made)
            return made

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.patch("/cases/{ident}", summary="Change a case", responses=gives(WholeCase))
async def change(request: Request, parts: PartsOf, ident: Ident, given: Change, actor: _Writer) -> Response:
    """Change fields; 409 when somebody else changed it since `row_version`."""
    actor.levels.refuse(given.model_fields_set)
    columns = given.columns()

    def act(conn: Any, now: Any, plan: Any) -> None:
        version = given.row_version
        case_rows.patch(conn, ident, columns, row_version=version, plan=plan, now=now, actor=actor.id)

    return await _changed(request, parts, ident, actor, act, told={"fields": sorted(columns)})


@router.post("/cases/{ident}/state", summary="Move a case", responses=gives(WholeCase))
async def move(request: Request, parts: PartsOf, ident: Ident, given: Moving, actor: _Writer) -> Response:
    """Bring a case into another state, or a complaint to its next stage."""

    def act(conn: Any, now: Any, plan: Any) -> None:
        if given.stage is not None:
            case_rows.advance(conn, ident, given.stage, text=given.text, now=now, actor=actor.id)
        if given.state is not None or given.stage is None:
            case_rows.move(
                conn,
                ident,
                given.state or "",
                text=given.text,
                plan=plan,
                now=now,
                actor=actor.id,
                row_version=given.row_version,
            )

    return await _changed(request, parts, ident, actor, act, told={"state": given.state, "stage": given.stage})


@router.post("/cases/{ident}/notes", summary="Write a note", responses=gives(WholeCase))
async def note(request: Request, parts: PartsOf, ident: Ident, given: Note, actor: _Writer) -> Response:
    """Write a note, or what went to the customer."""

    def act(conn: Any, now: Any, _plan: Any) -> None:
        case_rows.note(conn, ident, given.text, public=given.public, now=now, actor=actor.id)

    return await _changed(request, parts, ident, actor, act, told={"note": "public" if given.public else "own"})


@router.post("/cases/{ident}/escalate", summary="Bring a case one step up", responses=gives(WholeCase))
async def escalate(request: Request, parts: PartsOf, ident: Ident, given: Escalation, actor: _Writer) -> Response:
    """Go one step up the ladder."""

    def act(conn: Any, now: Any, _plan: Any) -> None:
        case_rows.escalate(conn, ident, text=given.text, to=given.to, now=now, actor=actor.id)

    return await _changed(request, parts, ident, actor, act, told={"escalated_to": given.to})


@router.post("/cases/{ident}/links", summary="Link two cases", responses=gives(WholeCase))
async def link(request: Request, parts: PartsOf, ident: Ident, given: Linking, actor: _Writer) -> Response:
    """Say that a case is a duplicate of, caused by or a follow-up of another."""

    def act(conn: Any, now: Any, _plan: Any) -> None:
        case_rows.link(conn, ident, given.case, given.kind, now=now, actor=actor.id)

    return await _changed(request, parts, ident, actor, act, told={"link": given.kind, "case": given.case})


@router.post("/cases/{ident}/watch", summary="Follow a case", responses=gives(WholeCase))
async def watch(request: Request, parts: PartsOf, ident: Ident, given: Watching, actor: _Writer) -> Response:
    """Follow a case, or no longer."""

    def act(conn: Any, _now: Any, _plan: Any) -> None:
        case_rows.locked(conn, ident, None)
        watch_rows.watch(conn, ident, actor.id, on=given.on)

    return await _changed(request, parts, ident, actor, act)


@router.post("/cases/{ident}/seen", summary="Say that one has looked at a case one follows", responses=gives(WholeCase))
async def saw(request: Request, parts: PartsOf, ident: Ident, actor: _Writer) -> Response:
    """Count what happened until now as seen."""

    def act(conn: Any, _now: Any, _plan: Any) -> None:
        case_rows.locked(conn, ident, None)
        watch_rows.saw(conn, ident, actor.id)

    return await _changed(request, parts, ident, actor, act)


async def _changed(
    request: Request,
    parts: Any,
    ident: str,
    actor: Actor,
    act: Callable[[Any, Any, Any], None],
    *,
    told: Mapping[str, Any] | None = None,
) -> Response:
    """Carry out a change of a case and answer with the whole of it; `told` stands in the audit log: None is no change of it."""

    async def do(this: Try) -> tuple[int, Any]:
        now, plan = parts.clock.now(), parts.policy()[1].cases

        def unit(conn: Any) -> dict[str, Any]:
            act(conn, now, plan)
            shown = case_reads.get(conn.connection, ident)
            if told is not None:
                audit.note(conn, actor.id, "case.edit", ("case", shown["id"]), now, **told)
            this.keep(conn, 200, shown)
            return shown

        return 200, await parts.store.write(unit)

    return await once(request, parts, actor, do)
