"""What the REST interface is built of, and the doorman of its routes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Annotated, Any, Protocol

from fastapi import Depends, Path, Query, Request, Response

from contactd.api.named import SAFE, names
from contactd.clock import Clock
from contactd.core.channel import Arrival, Content, Receipt
from contactd.core.errors import BadRequestError, ForbiddenError, NotFoundError
from contactd.core.identity import NO_PLAN, Plan
from contactd.core.levels import EVERYTHING, Levels
from contactd.crm_store import identity_rows
from contactd.crm_store.sight import sees
from contactd.crm_store.store import Store
from contactd.desk import sureness
from contactd.desk.access import Access
from contactd.desk.connect.tending import Tending
from contactd.desk.exchange.handing_out import HandingOut
from contactd.desk.exchange.wizard import Wizard
from contactd.desk.idents import Idents
from contactd.desk.prompts import Prompts
from contactd.desk.reads import ReadLog
from contactd.desk.recordings import Recordings
from contactd.desk.retention import Retention
from contactd.desk.rights import Actor, authorize
from contactd.desk.scoring import Scoring
from contactd.desk.stream import text
from contactd.desk.views import Views
from contactd.desk.writing_back import WritingBack
from contactd.routing.policy import Policy

MEGABYTE = 1024 * 1024


class Doors(Protocol):
    """The one door (`desk.intake`)."""

    async def accept(self, arrival: Arrival, content: Content | None = None) -> Receipt:
        """Take something in; return after the commit."""
        ...


class Quarantine(Protocol):
    """What is done with what could not be read."""

    async def replay(self, interaction: str) -> None:
        """Read it again and place it."""
        ...

    async def dismiss(self, interaction: str, actor: str, reason: str) -> None:
        """Close it for good."""
        ...


async def _nothing_runs(_actor: Actor, command: str, _data: Mapping[str, Any]) -> dict[str, Any]:
    raise BadRequestError(command, code="unknown_command")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Everything the routes may touch."""

    access: Access
    store: Store
    views: Views
    clock: Clock
    policy: Callable[[], tuple[int, Policy]]
    """The published version, as it was read."""
    doors: Doors
    quarantine: Quarantine
    render_html: Callable[[str, Mapping[str, str], bool, bool], Awaitable[str]]
    """(document, Content-ID → data URI, fetch remote images, fold quotations) → a safe document for a sandboxed frame."""
    ready: Callable[[], Awaitable[list[str]]]
    """Reasons why no work is taken now; none = ready."""
    metrics: Callable[[], bytes]
    reads: ReadLog
    """Who read customers' data."""
    wizard: Wizard
    """Takes over the files people bring."""
    handing_out: HandingOut
    """Writes files people fetch."""
    recordings: Recordings
    writing_back: WritingBack
    prompts: Prompts
    identity: Plan = NO_PLAN
    """What may be asked of who says to be a customer."""
    retention: Retention | None = None
    """Lets go what was kept for long enough; None = everything stays."""
    scoring: Scoring | None = None
    """Counts what customers are worth and how often they are in touch; None = nobody does."""
    policy_from_file: bool = False
    """The policy is a file's: nothing here publishes another one."""
    connectors: Tending | None = None
    """Brings in what other systems hold; None = nobody does."""
    metrics_type: str = "text/plain; version=0.0.4; charset=utf-8"
    why: Callable[[str], Mapping[str, Any]] = lambda _interaction: {}
    """Why an open item waits at this moment, as the router sees it."""
    why_agent: Callable[[str], Mapping[str, Any]] = lambda _agent: {}
    """Why an agent has nothing to do at this moment, as the router sees it."""
    shadow: Callable[[], Mapping[str, Any]] = lambda: {"on": False}
    """What a draft that decides beside has counted."""
    candidates: Callable[[str], Awaitable[Mapping[str, Any]]] | None = None
    """Every candidate of the decision that made an offer, from the journal."""
    run: Callable[[Actor, str, Mapping[str, Any]], Awaitable[dict[str, Any]]] = _nothing_runs
    """Carries out one of the console's commands for whoever asks; return after the commit."""
    limits: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    """What providers allow us to send, with how much of it is used."""
    outside: Callable[[date], Awaitable[Mapping[str, Any]]] | None = None
    """A day of an outside system's own record, held against ours."""
    version: str = ""
    upload_bytes: int = 25 * MEGABYTE
    upload_quota: int = 500 * MEGABYTE
    """Bytes one person or program may upload in an hour."""
    region: str = "CN"
    """Country whose rules numbers without a country code follow."""
    idents: Idents = field(init=False)

    def __post_init__(self) -> None:
        """Make ids by the same clock."""
        object.__setattr__(self, "idents", Idents(self.clock))


LEVELS: ContextVar[Levels] = ContextVar("levels", default=EVERYTHING)
"""How far whoever asks sees fields; set when it is known who asks."""


def seen() -> Levels:
    """Return how far whoever asks sees fields."""
    return LEVELS.get()


def parts_of(request: Request) -> Parts:
    """Return the parts the application was built with."""
    parts: Parts = request.app.state.parts
    return parts


async def actor_of(request: Request) -> Actor:
    """Say who asks."""
    client = request.client.host if request.client else None
    unsafe = request.method not in SAFE
    parts = parts_of(request)
    actor = await parts.access.identify(request.headers, client, unsafe=unsafe)
    if actor.levels.asks:
        now = parts.clock.now()
        opened = await parts.store.read(lambda conn: sureness.opened(conn, actor.id, parts.identity, now))
        actor = replace(actor, levels=replace(actor.levels, opened=opened))
    LEVELS.set(actor.levels)
    return actor


async def _be_sure(request: Request, actor: Actor, action: str) -> None:
    """Let nothing be done that needs to know who the customer is, until it is known of every customer it is about.

    Raises:
        ForbiddenError: it is not (code `identity`; `field` is the level that is needed).
    """
    needed = actor.levels.acts.get(action, 0)
    if not needed:
        return
    named = await names(request)

    def read(conn: Any) -> list[str]:
        return [party for kind, ident in named for party in identity_rows.parties_of(conn, kind, ident)]

    about = await parts_of(request).store.read(read)
    if any(actor.levels.opened.get(party, 0) < needed for party in about):
        message = "First make sure that the customer is who they say they are."
        raise ForbiddenError(message, code="identity", field=str(needed))


async def see_named(request: Request, actor: Actor) -> None:
    """Let nobody reach by its id what they do not see: in the path, the query or the body.

    Raises:
        BadRequestError: more is named than can be looked at.
        NotFoundError: something named is not seen; the same answer as where it is not there.
    """
    sight = actor.sight
    if sight is None:
        return
    named, parts = await names(request), parts_of(request)
    now = parts.clock.now()

    def read(conn: Any) -> bool:
        return all(sees(conn, sight, kind, ident, now) for kind, ident in named)

    if named and not await parts.store.read(read):
        message = "There is no such thing."
        raise NotFoundError(message)


def may(action: str) -> Any:
    """Let a route be used by those who may do `action`; the route gets the actor."""

    async def check(request: Request) -> Actor:
        actor = await actor_of(request)
        authorize(actor, action)
        await see_named(request, actor)
        await _be_sure(request, actor, action)
        return actor

    return Depends(check)


@dataclass(frozen=True, slots=True)
class Looking:
    """Somebody who may read customers' data; what they are shown is noted in the audit log."""

    actor: Actor
    reads: ReadLog
    action: str
    kind: str
    ip: str

    def saw(self, ident: str, part: str = "") -> None:
        """Note that they were shown one thing, or a part of it."""
        self.reads.note(self.actor.id, self.action, self.kind, ident, part=part, ip=self.ip)

    def saw_all(self, idents: Iterable[str | None]) -> None:
        """Note that they were shown a list of things."""
        shown = [ident for ident in idents if ident is not None]
        self.reads.note(self.actor.id, self.action, self.kind, None, ids=shown, ip=self.ip)


def looks(action: str, kind: str) -> Any:
    """Let a route that shows customers' data be used by those who may do `action`; the route says what was seen."""

    async def check(request: Request) -> Looking:
        actor = await actor_of(request)
        authorize(actor, action)
        await see_named(request, actor)
        client = request.client.host if request.client else ""
        return Looking(actor, parts_of(request).reads, action, kind, client)

    return Depends(check)


PartsOf = Annotated[Parts, Depends(parts_of)]
_PLAIN = r"^[^\x00-\x1f\x7f]*$"
Ident = Annotated[str, Path(min_length=1, max_length=128, pattern=_PLAIN)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=300, pattern=_PLAIN)]
Filter = Annotated[str | None, Query(max_length=200, pattern=_PLAIN)]


def answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None, *, ours: bool = False) -> Response:
    """Return JSON that is never cached, as far as whoever asks sees it: the one way out for everything the interface says.

    `ours`: these are words of the house's own, which tell nothing of a customer, and are sent as they stand.
    """
    levels = LEVELS.get()
    shown = levels.shown(data) if levels.narrow and not ours else data
    return Response(
        text(shown), status, {"cache-control": "no-store", **(headers or {})}, media_type="application/json"
    )


def page(items: list[Any], cursor: str | None, **more: Any) -> Response:
    """Return one page of a list."""
    return answer({"items": items, "next_cursor": cursor, **more})


async def body_of(request: Request) -> dict[str, Any]:
    """Return the JSON object a request carries; no body is an empty one.

    Raises:
        BadRequestError: it is not a JSON object.
    """
    raw = await request.body()
    try:
        data = json.loads(raw) if raw.strip() else {}
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        message = "The body is a JSON object."
        raise BadRequestError(message, code="bad_json")
    return data
