"""Knowledge written: articles, their versions and how these move, and what was used."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select, update

from contactd.core import knowledge as rules
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.core.knowledge import Version
from contactd.crm_store import course_rows, due_rows
from contactd.crm_store import schema as s
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

_event = partial(course_rows.add, s.kb_event.c.article_id)

KINDS = ("opened", "inserted", "helpful", "unhelpful")
"""How an article may be used."""
_COUNTED = {"inserted": "used_n", "helpful": "helpful_n", "unhelpful": "unhelpful_n"}
_FIELDS = frozenset({"category_id", "audience", "valid_from", "valid_until"})
_NUMBER = "kb"


def create(
    conn: WriteConn,
    ids: tuple[str, str],
    fields: Mapping[str, Any],
    texts: Mapping[str, Any],
    now: datetime,
    actor: str,
) -> str:
    """Make an article with a first draft; return its number.

    Args:
        conn: the unit's transaction.
        ids: of the article and the version.
        fields: category_id, audience, valid_from, valid_until.
        texts: what the draft says, as `core.knowledge.texts` gives it, its HTML safe.
        now: the moment.
        actor: the author.

    Raises:
        BadRequestError: a field is wrong.
    """
    new = insert(s.number_seq).values(name=_NUMBER, value=1)
    counted = new.on_conflict_do_update(index_elements=["name"], set_={"value": s.number_seq.c.value + 1})
    number = f"K-{conn.execute(counted.returning(s.number_seq.c.value)).scalar_one():05d}"
    about = {"created_at": now, "created_by": actor, "updated_at": now, "updated_by": actor}
    row = {
        "id": ids[0],
        "no": number,
        "latest_id": ids[1],
        "latest_state": Version.DRAFT,
        **_checked(conn, fields),
        **about,
    }
    conn.execute(insert(s.kb_article).values(**row))
    _draft(conn, ids[1], ids[0], 1, texts, now, actor)
    _event(conn, ids[0], now, "created", actor)
    return number


def patch(
    conn: WriteConn, ident: str, fields: Mapping[str, Any], *, row_version: int | None, now: datetime, actor: str
) -> None:
    """Change where an article hangs, who it is for, and how long it holds.

    Raises:
        NotFoundError, ConflictError, BadRequestError: there is none; somebody changed it (`changed`); a field is wrong.
    """
    old = locked(conn, ident, row_version)
    values = _checked(conn, fields)
    begin, end = values.get("valid_from", old.valid_from), values.get("valid_until", old.valid_until)
    if begin is not None and end is not None and end <= begin:
        message = "it ends before it begins"
        raise BadRequestError(message, field="valid_until")
    _touch(conn, ident, values, now, actor)
    _event(conn, ident, now, "changed", actor, data={"fields": sorted(values)})


def write(
    conn: WriteConn,
    ident: str,
    revision: str,
    texts: Mapping[str, Any],
    *,
    row_version: int | None,
    now: datetime,
    actor: str,
) -> str:
    """Write the draft of an article: the one there is, or a new version (`revision` is its id then); return its id.

    Raises:
        NotFoundError: there is no such article.
        ConflictError: the newest version is being looked over (`bad_state`), or somebody changed it (`changed`).
    """
    locked(conn, ident, None)
    newest = _newest(conn, ident)
    if newest.state == Version.REVIEW:
        message = "this version is being looked over"
        raise ConflictError(message, code="bad_state")
    if newest.state != Version.DRAFT:
        _draft(conn, revision, ident, newest.n + 1, texts, now, actor)
        _touch(conn, ident, {"latest_id": revision, "latest_state": Version.DRAFT}, now, actor)
        _event(conn, ident, now, "drafted", actor, data={"n": newest.n + 1})
        return revision
    if row_version is not None and row_version != newest.row_version:
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    table = s.kb_revision
    values = {"texts": dict(texts), "updated_at": now, "author": actor, "row_version": newest.row_version + 1}
    conn.execute(update(table).where(table.c.id == newest.id).values(values))
    _touch(conn, ident, {}, now, actor)
    return str(newest.id)


def act(conn: WriteConn, ident: str, what: str, *, text: str, now: datetime, actor: str) -> None:
    """Move the newest version, or withdraw the published one, by the table `core.knowledge.MOVES`.

    Raises:
        NotFoundError: there is no such article.
        BadRequestError, ConflictError: see `core.knowledge.move`.
    """
    article = locked(conn, ident, None)
    revision = _revision(conn, article.published_id) if what == "withdraw" else _newest(conn, ident)
    if revision is None or what == "replace":
        message = "there is no such version"
        raise ConflictError(message, code="bad_state")
    after = rules.move(revision.state, what, author=revision.author, actor=actor)
    table = s.kb_revision
    values: dict[str, Any] = {"state": after, "updated_at": now, "row_version": revision.row_version + 1}
    if what in {"publish", "return"}:
        values |= {"reviewer": actor, "decided_at": now, "note": text}
    conn.execute(update(table).where(table.c.id == revision.id).values(values))
    head: dict[str, Any] = {}
    if revision.id == article.latest_id:
        head["latest_state"] = after
    if after == Version.PUBLISHED:
        if article.published_id is not None:
            replaced = rules.MOVES[Version.PUBLISHED, "replace"]
            conn.execute(update(table).where(table.c.id == article.published_id).values(state=replaced, updated_at=now))
        head["published_id"] = revision.id
    elif after == Version.WITHDRAWN:
        head["published_id"] = None
    _touch(conn, ident, head, now, actor)
    _event(conn, ident, now, what, actor, text, {"n": revision.n})


def use(
    conn: WriteConn,
    ident: str,
    article: str,
    kind: str,
    *,
    interaction: str | None,
    language: str | None,
    agent: str | None,
    now: datetime,
) -> None:
    """Note that an article was used.

    Raises:
        BadRequestError: no such kind of use.
        NotFoundError: there is no such published article.
    """
    if kind not in KINDS:
        message = f"a use is {', '.join(KINDS)}"
        raise BadRequestError(message, field="kind")
    row = conn.execute(
        select(s.kb_article.c.id, s.kb_revision.c.n)
        .join(s.kb_revision, s.kb_revision.c.id == s.kb_article.c.published_id)
        .where(s.kb_article.c.id == article, s.kb_article.c.deleted_at.is_(None))
    ).first()
    if row is None:
        message = "there is no such article"
        raise NotFoundError(message)
    values = {"interaction_id": interaction, "agent": agent, "language": language, "public": agent is None, "at": now}
    conn.execute(insert(s.kb_use).values(id=ident, article_id=article, n=row.n, kind=kind, **values))
    counted = _COUNTED.get(kind)
    if counted is not None:
        column = s.kb_article.c[counted]
        conn.execute(update(s.kb_article).where(s.kb_article.c.id == article).values({counted: column + 1}))


def drop(conn: WriteConn, ident: str, *, now: datetime, actor: str) -> None:
    """Take an article away that nobody reads: a published one is withdrawn first.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is published (code `published`).
    """
    if locked(conn, ident, None).published_id is not None:
        message = "withdraw it first"
        raise ConflictError(message, code="published")
    _touch(conn, ident, {"deleted_at": now}, now, actor)


def locked(conn: WriteConn, ident: str, row_version: int | None) -> Any:
    """Return an article's row and keep others from changing it meanwhile.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is not of `row_version` any more (code `changed`).
    """
    own = (s.kb_article.c.id == ident, s.kb_article.c.deleted_at.is_(None))
    row = conn.execute(select(s.kb_article).where(*own).with_for_update()).first()
    if row is None:
        message = "there is no such article"
        raise NotFoundError(message)
    if row_version is not None and row.row_version != row_version:
        message = "somebody else has changed this meanwhile"
        raise ConflictError(message, code="changed")
    return row


def _checked(conn: WriteConn, fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - _FIELDS
    if unknown:
        message = f"{min(unknown)} cannot be set"
        raise BadRequestError(message, field=min(unknown))
    if fields.get("audience", rules.AUDIENCES[0]) not in rules.AUDIENCES:
        message = f"an article is {' or '.join(rules.AUDIENCES)}"
        raise BadRequestError(message, field="audience")
    category = fields.get("category_id")
    if category is not None:
        own = (s.kb_category.c.id == category, s.kb_category.c.deleted_at.is_(None))
        if conn.execute(select(s.kb_category.c.id).where(*own)).first() is None:
            message = "there is no such category"
            raise BadRequestError(message, field="category_id")
    return dict(fields)


def _draft(
    conn: WriteConn, ident: str, article: str, n: int, texts: Mapping[str, Any], now: datetime, actor: str
) -> None:
    about = {"created_at": now, "updated_at": now, "author": actor, "state": Version.DRAFT}
    conn.execute(insert(s.kb_revision).values(id=ident, article_id=article, n=n, texts=dict(texts), **about))


def _newest(conn: WriteConn, article: str) -> Any:
    table = s.kb_revision
    query = select(table).where(table.c.article_id == article).order_by(table.c.n.desc()).limit(1)
    return conn.execute(query.with_for_update()).one()


def _revision(conn: WriteConn, ident: str | None) -> Any:
    return conn.execute(select(s.kb_revision).where(s.kb_revision.c.id == ident)).first() if ident else None


def _touch(conn: WriteConn, ident: str, values: Mapping[str, Any], now: datetime, actor: str) -> None:
    new = dict(values) | {"updated_at": now, "updated_by": actor, "row_version": s.kb_article.c.row_version + 1}
    conn.execute(update(s.kb_article).where(s.kb_article.c.id == ident).values(new))
    due_rows.mark(conn, due_rows.INDEX_ARTICLE, ident, now)
