"""Customers: search, one, timeline, new, changed, who is behind a number or an address."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api import shapes
from contactd.api.answers import Page, gives
from contactd.api.choosing import Chosen
from contactd.api.narrowing import narrowed, refuse_guessing, refuse_taking
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Filter, Ident, Limit, Looking, Parts, PartsOf, answer, looks, may, page
from contactd.core import address
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.core.party import Point
from contactd.crm_store import audit, claims, customer, field_rows, parties, sight, timeline
from contactd.desk.rights import Actor

router = APIRouter(prefix="/api/v1", tags=["customers"])
_Word = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Reader = Annotated[Looking, looks("party.read", "party")]
WHOSE = frozenset({"owner_id", "team_id", "segment_id"})
"""What says whose a customer is."""
LOOKS = 20
"""Pages of a timeline looked through for one channel; what is not full then goes on with the cursor."""


class NewPoint(BaseModel):
    """An address of a customer."""

    model_config = ConfigDict(extra="ignore")
    kind: _Word
    value: Annotated[_Word, StringConstraints(min_length=1)]
    label: _Word | None = None


class Change(BaseModel):
    """Fields of a customer; those that are left out stay."""

    model_config = ConfigDict(extra="ignore")
    name: _Word | None = None
    kind: _Word | None = None
    family_name: _Word | None = None
    given_name: _Word | None = None
    salutation: _Word | None = None
    legal_name: _Word | None = None
    uscc: _Word | None = None
    language: _Word | None = None
    tz: _Word | None = None
    lifecycle: _Word | None = None
    vip: Annotated[int, Field(ge=0, le=3)] | None = None
    owner: _Word | None = None
    team: _Word | None = None
    segment: _Word | None = None
    """Which segment they count to; who sees by segments sees those."""
    credit_level: Annotated[int, Field(ge=0, le=5)] | None = None
    credit_flag: _Word | None = None
    """watch | stop"""
    preferences: Annotated[dict[str, Any], Field(max_length=10)] | None = None
    """channel, hours, do_not_call"""
    roles: Annotated[list[_Word], Field(max_length=50)] | None = None
    tags: Annotated[list[_Word], Field(max_length=100)] | None = None
    custom: Annotated[dict[str, Any], Field(max_length=200)] | None = None
    points: Annotated[list[NewPoint], Field(max_length=50)] = []
    row_version: int | None = None
    """The version the change was made on; without it the present one."""

    def columns(self) -> dict[str, Any]:
        """Return what is given, under the store's names."""
        given = self.model_dump(exclude_unset=True, exclude={"points", "row_version"})
        names = {
            "name": "display_name",
            "language": "lang",
            "owner": "owner_id",
            "team": "team_id",
            "segment": "segment_id",
        }
        return {names.get(key, key): value for key, value in given.items()}


class NewParty(Change):
    """A customer who is new."""

    name: Annotated[_Word, StringConstraints(min_length=1)]
    kind: _Word | None = "person"


@router.get("/parties", summary="List or search customers", responses=gives(Page[shapes.Party]))
async def listed(
    parts: PartsOf,
    looking: _Reader,
    chosen: Annotated[Chosen, Query()],
    q: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of customers; `q` is the beginning of a name, an address or a number, `field` asks for `key:value`."""
    filters, now = chosen.filters(looking.actor.id), parts.clock.now()
    refuse_guessing(looking.actor, filters)
    seen = sight.parties(looking.actor.sight, now)
    items, following = await parts.store.read(
        lambda conn: parties.listed(
            conn,
            q=q,
            guarded=looking.actor.masked,
            addresses_guarded=looking.actor.levels.addresses,
            nameless=looking.actor.levels.unseen("name"),
            filters=filters,
            now=now,
            seen=seen,
            limit=limit,
            cursor=cursor,
        ),
    )
    looking.saw_all(item["id"] for item in items)
    return page([_shown(item) for item in items], following)


@router.get("/parties/{ident}", summary="One customer", responses=gives(shapes.Party))
async def one(parts: PartsOf, looking: _Reader, ident: Ident) -> Response:
    """Return a customer with contact points; a merged one answers with the survivor."""
    found, seeing = await _read(parts, ident), looking.actor.sight
    by_hand = seeing is not None and await parts.store.read(lambda conn: sight.by_hand(conn, seeing, ident))
    # What the contact in hand lets them see beyond their scope stands so in the log.
    looking.saw(ident, "grant" if by_hand else "")
    return answer(found)


@router.get(
    "/parties/{ident}/timeline",
    summary="One customer's timeline over all channels",
    responses=gives(Page[shapes.TimelineItem]),
)
async def history(
    parts: PartsOf,
    looking: _Reader,
    ident: Ident,
    channel: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of TimelineItems, newest first."""
    seen = sight.interactions(looking.actor.sight, parts.clock.now())

    def read(conn: Any) -> tuple[list[dict[str, Any]], str | None]:
        parties.get(conn, ident)
        found: list[dict[str, Any]] = []
        following = cursor
        for _ in range(LOOKS):
            items, following = timeline.page(conn, ident, seen=seen, limit=limit - len(found), cursor=following)
            found += [item for item in items if channel is None or item["channel"] == channel]
            if following is None or len(found) == limit:
                break
        return found, following

    items, following = await parts.store.read(read)
    looking.saw(ident, "timeline")
    return page(items, following)


@router.post("/parties", status_code=201, summary="Add a customer", responses=gives(shapes.Party, 201))
async def create(
    request: Request,
    parts: PartsOf,
    given: NewParty,
    actor: Annotated[Actor, may("party.create")],
) -> Response:
    """Store a customer with contact points, which are taken as asserted."""
    actor.levels.refuse(given.model_fields_set, given.custom or ())
    points = _points(given.points, parts.region)
    columns = {"kind": "person", **{key: value for key, value in given.columns().items() if value is not None}}

    async def do(this: Try) -> tuple[int, Any]:
        ident, now = parts.idents.new(), parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            own = field_rows.checked(conn, "party", columns.get("custom") or {}, {})
            field_rows.refuse_missing(conn, "party", own)
            columns["custom"] = own
            parties.create(conn, ident, columns, now=now, actor=actor.id)
            _claim(conn, ident, points, parts, actor.id, now)
            audit.note(conn, actor.id, "party.create", ("party", ident), now, points=len(points))
            made = _shown(parties.get(conn.connection, ident))
            this.keep(conn, 201, made)
            return made

        return 201, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.patch("/parties/{ident}", summary="Change a customer", responses=gives(shapes.Party))
async def change(
    request: Request,
    parts: PartsOf,
    ident: Ident,
    given: Change,
    actor: Annotated[Actor, may("party.edit")],
) -> Response:
    """Change fields and add contact points; 409 when somebody else changed it since `row_version`."""
    actor.levels.refuse(given.model_fields_set, given.custom or (), party=ident)
    points = _points(given.points, parts.region)

    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()
        known = await parts.store.read(lambda conn: parties.get(conn, ident))
        version = given.row_version if given.row_version is not None else known["row_version"]

        def unit(conn: Any) -> dict[str, Any]:
            columns = given.columns()
            if WHOSE & columns.keys():
                refuse_taking(conn.connection, actor.sight, [ident])
            if columns.get("custom") is not None:
                columns["custom"] = field_rows.checked(conn, "party", columns["custom"], known["custom"])
            parties.patch(conn, known["id"], columns, row_version=version, now=now, actor=actor.id)
            _claim(conn, known["id"], points, parts, actor.id, now)
            told = {"fields": sorted(columns), "points": len(points)}
            audit.note(conn, actor.id, "party.edit", ("party", known["id"]), now, **told)
            changed = _shown(parties.get(conn.connection, ident))
            this.keep(conn, 200, changed)
            return changed

        return 200, await parts.store.write(unit)

    return await once(request, parts, actor, do)


@router.get("/lookup", summary="Who is behind a number or an address", responses=gives(shapes.CustomerHead))
async def lookup(
    parts: PartsOf,
    looking: Annotated[Looking, looks("party.lookup", "party")],
    phone: Filter = None,
    email: Annotated[str | None, Query(max_length=320, pattern=r"^[^\x00-\x1f\x7f]*$")] = None,
) -> Response:
    """Return the CustomerHead of everybody it may be."""
    if (phone is None) == (email is None):
        message = "Ask for a phone number or for an e-mail address."
        raise BadRequestError(message, field="phone")
    point = address.email(email) if email is not None else address.phone_point(phone or "", region=parts.region)
    if point is None:
        nobody: dict[str, Any] = {"resolve_state": "anonymous", "party_id": None, "point": None, "candidates": []}
        return answer(nobody | {"timeline": [], "open_cases": 0})
    now, seeing = parts.clock.now(), looking.actor.sight
    head = await parts.store.read(lambda conn: narrowed(conn, customer.of_point(conn, point), seeing, now))
    looking.saw_all([head["party_id"], *(one["party_id"] for one in head["candidates"])])
    return answer(head)


def _claim(conn: Any, party: str, points: list[tuple[Point, str | None]], parts: Parts, actor: str, now: Any) -> None:
    """Say that these addresses are the customer's."""
    for point, label in points:
        contact_point = claims.point_id(conn, parts.idents.new(), point, now=now)
        claims.claim(
            conn,
            parts.idents.new(),
            contact_point,
            party,
            level="asserted",
            source="agent",
            now=now,
            actor=actor,
            label=label,
        )


def _points(given: list[NewPoint], region: str) -> list[tuple[Point, str | None]]:
    """Normalise addresses.

    Raises:
        BadRequestError: one is none.
    """
    found = []
    for place, one in enumerate(given):
        point = address.email(one.value) if "@" in one.value else address.phone_point(one.value, one.kind, region)
        if point is None or point.kind != one.kind:
            message = "This is no such address."
            raise BadRequestError(message, field=f"points.{place}.value")
        found.append((point, one.label))
    return found


async def _read(parts: Parts, ident: str) -> dict[str, Any]:
    try:
        return _shown(await parts.store.read(lambda conn: parties.get(conn, ident)))
    except NotFoundError:
        message = "There is no such customer."
        raise NotFoundError(message) from None


def _shown(party: dict[str, Any]) -> dict[str, Any]:
    """Return a customer with the names screens use."""
    points = [{"id": point["contact_point"], **point} for point in party.get("points", [])]
    return {
        **party,
        "language": party["lang"],
        "owner": party["owner_id"],
        "team": party["team_id"],
        "segment": party["segment_id"],
        "points": points,
    }
