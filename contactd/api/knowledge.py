"""Knowledge: articles written, looked over and published; looked up and suggested beside a conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from contactd.api.answers import Page, Shape, gives
from contactd.api.once import Try, once
from contactd.api.parts import Cursor, Filter, Ident, Limit, Parts, PartsOf, answer, may, page
from contactd.core import knowledge as rules
from contactd.crm_store import audit, kb_reads, kb_rows, kb_tree, messages
from contactd.crm_store.audit import Entry
from contactd.desk.kb_html import safe
from contactd.desk.rights import Actor, authorize

router = APIRouter(prefix="/api/v1", tags=["knowledge"])
_Id = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Note = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")]
_Language = Literal["zh", "en"]
_Words = dict[_Language, Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]]
_Reader = Annotated[Actor, may("kb.read")]
_Writer = Annotated[Actor, may("kb.write")]
_Editor = Annotated[Actor, may("kb.publish")]
_Asked = Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_ACTS = {"submit": "kb.write", "return": "kb.publish", "publish": "kb.approve", "withdraw": "kb.publish"}
TAIL = 20
"""Messages of a conversation whose words suggest articles."""


class Change(BaseModel):
    """Where an article hangs, for whom it is, and how long it holds; what is left out stays."""

    model_config = ConfigDict(extra="ignore")
    category: _Id | None = None
    audience: Literal["internal", "public"] | None = None
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    row_version: int | None = None

    def columns(self) -> dict[str, Any]:
        """Return what is given, under the store's names."""
        given = self.model_dump(exclude_unset=True, exclude={"row_version", "texts"})
        return {"category_id" if name == "category" else name: value for name, value in given.items()}


class NewArticle(Change):
    """An article with its first draft."""

    texts: dict[str, Any]
    """Language → `title, body (HTML), snippets: {letter, short, spoken}, words`."""


class Words(BaseModel):
    """What a draft says."""

    model_config = ConfigDict(extra="ignore")
    texts: dict[str, Any]
    row_version: int | None = None


class Act(BaseModel):
    """submit | return | publish | withdraw, and why."""

    model_config = ConfigDict(extra="ignore")
    act: str
    text: _Note = ""


class Use(BaseModel):
    """opened | inserted | helpful | unhelpful."""

    model_config = ConfigDict(extra="ignore")
    kind: str
    interaction: _Id | None = None
    language: _Language | None = None


class Category(BaseModel):
    """A branch of the tree."""

    model_config = ConfigDict(extra="ignore")
    name: _Words | None = None
    parent: _Id | None = None
    position: Annotated[int, Field(ge=0, le=100_000)] | None = None

    def columns(self) -> dict[str, Any]:
        """Return what is given, under the store's names."""
        given = self.model_dump(exclude_unset=True)
        return {"parent_id" if name == "parent" else name: value for name, value in given.items()}


class Article(Shape):
    """An article as those see it who write it."""

    id: str
    no: str
    titles: dict[str, str]
    state: str


class Found(Shape):
    """Published articles."""

    items: list[dict[str, Any]]


@router.get("/knowledge/articles", summary="List articles, the latest changed first", responses=gives(Page[Article]))
async def listed(
    parts: PartsOf,
    actor: _Reader,
    state: Filter = None,
    category: Filter = None,
    audience: Filter = None,
    author: Filter = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Return a page of articles; `state=published` are those that are read, `author=me` my own."""
    whose = actor.id if author == "me" else author
    items, following = await parts.store.read(
        lambda conn: kb_reads.listed(
            conn, state=state, category=category, audience=audience, author=whose, limit=limit, cursor=cursor
        ),
    )
    return page(items, following)


@router.post("/knowledge/articles", status_code=201, summary="Write an article", responses=gives(Article, 201))
async def create(request: Request, parts: PartsOf, given: NewArticle, actor: _Writer) -> Response:
    """Keep a first draft."""
    texts = await _safe(given.texts)
    ids = (parts.idents.new(), parts.idents.new())

    def act(conn: Any, now: Any) -> None:
        kb_rows.create(conn, ids, given.columns(), texts, now, actor.id)

    return await _changed(request, parts, ids[0], actor, act, "kb.create", status=201)


@router.get("/knowledge/articles/{ident}", summary="One article, by id or number", responses=gives(Article))
async def one(parts: PartsOf, actor: _Reader, ident: Ident) -> Response:
    """Return an article with its versions, what the newest and the published one say, and its events."""
    _ = actor
    return answer(await parts.store.read(lambda conn: kb_reads.get(conn, ident)))


@router.get("/knowledge/articles/{ident}/text", summary="What is published of an article", responses=gives(Shape))
async def read(parts: PartsOf, actor: _Reader, ident: Ident, language: _Language = "zh") -> Response:
    """Return the published words in a language, or in the one there is."""
    _ = actor
    now = parts.clock.now()
    return answer(await parts.store.read(lambda conn: kb_reads.read(conn, ident, language, now)))


@router.patch("/knowledge/articles/{ident}", summary="Change where an article hangs", responses=gives(Article))
async def change(request: Request, parts: PartsOf, ident: Ident, given: Change, actor: _Editor) -> Response:
    """Change category, audience and validity; 409 when somebody else changed it since `row_version`."""

    def act(conn: Any, now: Any) -> None:
        kb_rows.patch(conn, ident, given.columns(), row_version=given.row_version, now=now, actor=actor.id)

    return await _changed(request, parts, ident, actor, act, "kb.edit", {"fields": sorted(given.columns())})


@router.post("/knowledge/articles/{ident}/text", summary="Write a draft", responses=gives(Article))
async def write(request: Request, parts: PartsOf, ident: Ident, given: Words, actor: _Writer) -> Response:
    """Write the draft there is, or begin the next version; what is published stays as it is."""
    texts, revision = await _safe(given.texts), parts.idents.new()

    def act(conn: Any, now: Any) -> None:
        kb_rows.write(conn, ident, revision, texts, row_version=given.row_version, now=now, actor=actor.id)

    return await _changed(request, parts, ident, actor, act, "kb.write")


@router.post("/knowledge/articles/{ident}/act", summary="Submit, return, publish, withdraw", responses=gives(Article))
async def act_on(request: Request, parts: PartsOf, ident: Ident, given: Act, actor: _Writer) -> Response:
    """Move the newest version; somebody other than its author publishes."""
    authorize(actor, _ACTS.get(given.act, "kb.write"))

    def act(conn: Any, now: Any) -> None:
        kb_rows.act(conn, ident, given.act, text=given.text, now=now, actor=actor.id)

    return await _changed(request, parts, ident, actor, act, f"kb.{given.act[:20]}")


@router.delete("/knowledge/articles/{ident}", status_code=204, summary="Take an article away")
async def drop(parts: PartsOf, ident: Ident, actor: _Editor) -> Response:
    """Take an article away that nobody reads; a published one is withdrawn first."""
    now = parts.clock.now()

    def unit(conn: Any) -> None:
        kb_rows.drop(conn, ident, now=now, actor=actor.id)
        audit.append(conn, Entry(actor=actor.id, action="kb.drop", object_kind="kb_article", object_id=ident), now)

    await parts.store.write(unit)
    return Response(status_code=204)


@router.post("/knowledge/articles/{ident}/uses", status_code=204, summary="Say that an article was used")
async def use(parts: PartsOf, ident: Ident, given: Use, actor: _Reader) -> Response:
    """Count a use: opened, inserted into an answer, helpful or not."""
    now, made = parts.clock.now(), parts.idents.new()

    def unit(conn: Any) -> None:
        about: dict[str, Any] = {"interaction": given.interaction, "language": given.language, "agent": actor.id}
        kb_rows.use(conn, made, ident, given.kind, now=now, **about)

    await parts.store.write(unit)
    return Response(status_code=204)


@router.get("/knowledge/search", summary="Look something up", responses=gives(Found))
async def search(parts: PartsOf, actor: _Reader, q: _Asked, language: _Language = "zh", limit: Limit = 10) -> Response:
    """Return published articles that hold every word, a sound or initials of a title included."""
    _ = actor
    now = parts.clock.now()
    return answer({"items": await parts.store.read(lambda conn: kb_reads.search(conn, q, language, now, limit=limit))})


@router.get("/knowledge/browse", summary="What is published", responses=gives(Found))
async def browse(parts: PartsOf, actor: _Reader, category: Filter = None, language: _Language = "zh") -> Response:
    """Return published articles of a category, those used most first."""
    _ = actor
    now = parts.clock.now()
    items = await parts.store.read(
        lambda conn: kb_reads.browse(conn, language, now, category=category, public=False),
    )
    return answer({"items": items})


@router.get("/interactions/{ident}/suggestions", summary="Articles for a conversation", responses=gives(Found))
async def suggestions(
    parts: PartsOf, actor: Annotated[Actor, may("kb.read")], ident: Ident, language: _Language = "zh"
) -> Response:
    """Return the published articles the last words of the customer point to."""
    authorize(actor, "interaction.read")
    now = parts.clock.now()

    def look(conn: Any) -> list[dict[str, Any]]:
        return kb_reads.suggest(conn, messages.last_words(conn, ident, TAIL), language, now)

    return answer({"items": await parts.store.read(look)})


@router.get("/knowledge/categories", summary="The tree of categories", responses=gives(Found))
async def categories(parts: PartsOf, actor: _Reader) -> Response:
    """Return every branch with how many published articles hang in it."""
    _ = actor
    return answer({"items": await parts.store.read(kb_reads.categories)})


@router.post("/knowledge/categories", status_code=201, summary="Make a category", responses=gives(Shape, 201))
async def create_category(parts: PartsOf, given: Category, actor: _Editor) -> Response:
    """Hang a branch into the tree."""
    ident = parts.idents.new()
    return await _category(parts, ident, given, actor, fresh=True)


@router.patch("/knowledge/categories/{ident}", summary="Change a category", responses=gives(Shape))
async def change_category(parts: PartsOf, ident: Ident, given: Category, actor: _Editor) -> Response:
    """Rename or move a branch."""
    return await _category(parts, ident, given, actor, fresh=False)


@router.delete("/knowledge/categories/{ident}", status_code=204, summary="Take a category away")
async def drop_category(parts: PartsOf, ident: Ident, actor: _Editor) -> Response:
    """Take an empty branch away."""
    now = parts.clock.now()

    def unit(conn: Any) -> None:
        kb_tree.drop(conn, ident, now)
        audit.append(conn, Entry(actor=actor.id, action="kb.drop", object_kind="kb_category", object_id=ident), now)

    await parts.store.write(unit)
    return Response(status_code=204)


async def _category(parts: Parts, ident: str, given: Category, actor: Actor, *, fresh: bool) -> Response:
    now = parts.clock.now()

    def unit(conn: Any) -> None:
        kb_tree.put(conn, ident, given.columns(), fresh=fresh, now=now, actor=actor.id)
        entry = Entry(actor=actor.id, action="kb.category", object_kind="kb_category", object_id=ident)
        audit.append(conn, entry, now)

    await parts.store.write(unit)
    return answer({"id": ident}, 201 if fresh else 200)


async def _safe(given: dict[str, Any]) -> dict[str, Any]:
    """Read what a draft says; its HTML is made safe beside the loop."""
    texts = rules.texts(given)
    for language, one in texts.items():
        one["body"] = await asyncio.to_thread(safe, one["body"], f"texts.{language}.body")
    return texts


async def _changed(
    request: Request,
    parts: Parts,
    ident: str,
    actor: Actor,
    act: Callable[[Any, Any], None],
    action: str,
    detail: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> Response:
    """Carry out a change of an article, note it in the audit log, and answer with the whole of it."""

    async def do(this: Try) -> tuple[int, Any]:
        now = parts.clock.now()

        def unit(conn: Any) -> dict[str, Any]:
            act(conn, now)
            entry = Entry(actor=actor.id, action=action, object_kind="kb_article", object_id=ident, detail=detail)
            audit.append(conn, entry, now)
            shown = kb_reads.get(conn.connection, ident)
            this.keep(conn, status, shown)
            return shown

        return status, await parts.store.write(unit)

    return await once(request, parts, actor, do)
