"""Knowledge read: the list and one article for those who write it, and the published words for those who look something up."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from contactd.clock import rfc3339
from contactd.core import knowledge as rules
from contactd.core import tokens
from contactd.core.errors import BadRequestError, NotFoundError
from contactd.crm_store import cursors, search_index
from contactd.crm_store import schema as s
from contactd.crm_store.interactions import text
from contactd.crm_store.search_docs import ARTICLE

MOST = 20
"""Articles found at once."""
LOOKED_AT = 200
FROM_TEXT = 4000
"""Characters of a conversation that suggest something: the last ones."""
MOST_TOKENS = 300
TITLE_WEIGHT = 5
_COMMON = """
什么 么时 时候 怎么 么办 多久 如何 为什 可以 不能 我们 你们 您好 你好 请问 一下 没有 现在 这个 那个 谢谢 问题 需要
how what when does not can will with have has the and you are for our your this that from about please hello
"""
COMMON = frozenset(_COMMON.split())
"""Words of every question: they point to nothing."""
PUBLIC = "public"
_TAG = re.compile(r"<(?:br|/p|/div|/li)[^>]*>", re.IGNORECASE)
_ANY = re.compile(r"<[^>]*>")
AROUND = 140
BEGINNING = 4000
"""Characters of an article's HTML that are looked at for the words it begins with."""


def plain(markup: str) -> str:
    """Return the words of an article's (safe) HTML, a line for each block."""
    lines = html.unescape(_ANY.sub("", _TAG.sub("\n", markup))).replace("\u00a0", " ").splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def listed(
    conn: Connection,
    *,
    state: str | None = None,
    category: str | None = None,
    audience: str | None = None,
    author: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> tuple[list[dict[str, Any]], str | None]:
    """Return a page of articles, the latest changed first, and the next cursor.

    `state`: of the newest version, or `published` for all that are read, or `stale` for published ones out of their time.

    Raises:
        BadRequestError: the cursor or the limit is wrong.
    """
    table = s.kb_article
    query = _heads()
    if state == rules.Version.PUBLISHED:
        query = query.where(table.c.published_id.is_not(None))
    elif state is not None:
        query = query.where(table.c.latest_state == state)
    for column, wanted in ((table.c.category_id, category), (table.c.audience, audience)):
        query = query if wanted is None else query.where(column == wanted)
    if author is not None:
        query = query.where(or_(s.kb_revision.c.author == author, table.c.created_by == author))
    query = cursors.after(query, cursor, table.c.updated_at, table.c.id, limit)
    rows, following = cursors.page(list(conn.execute(query)), limit, "updated_at")
    names = _names(conn, {row.author for row in rows if row.author})
    return [_head(row, names) for row in rows], following


def get(conn: Connection, ident: str) -> dict[str, Any]:
    """Return an article by id or number, with its versions, what the newest and the published one say, and its events.

    Raises:
        NotFoundError: there is none.
    """
    row = conn.execute(_heads().where(or_(s.kb_article.c.id == ident, s.kb_article.c.no == ident))).first()
    if row is None:
        message = "there is no such article"
        raise NotFoundError(message)
    table, event = s.kb_revision, s.kb_event
    versions = conn.execute(select(table).where(table.c.article_id == row.id).order_by(table.c.n.desc())).all()
    events = conn.execute(select(event).where(event.c.article_id == row.id).order_by(event.c.seq)).all()
    people = {one.author for one in versions} | {one.reviewer for one in versions} | {one.actor for one in events}
    names = _names(conn, {one for one in people if one})
    published = next((one for one in versions if one.id == row.published_id), None)
    return {
        **_head(row, names),
        "texts": versions[0].texts,
        "published": published.texts if published else None,
        "revision_version": versions[0].row_version,
        "versions": [
            {
                "n": one.n,
                "state": one.state,
                "author": names.get(one.author or "", one.author),
                "reviewer": names.get(one.reviewer or "", one.reviewer),
                "note": one.note,
                "at": rfc3339(one.updated_at),
                "texts": one.texts,
            }
            for one in versions
        ],
        "events": [
            {"seq": one.seq, "at": rfc3339(one.at), "type": one.type, "actor": names.get(one.actor or "", one.actor)}
            | {"text": one.text, "data": one.data}
            for one in events
        ],
    }


def categories(conn: Connection) -> list[dict[str, Any]]:
    """Return the tree, branch by branch, with how many published articles hang in each."""
    category, article = s.kb_category, s.kb_article
    published = (article.c.published_id.is_not(None), article.c.deleted_at.is_(None))
    counts = select(article.c.category_id, func.count().label("n")).where(*published).group_by(article.c.category_id)
    numbers = {row.category_id: row.n for row in conn.execute(counts)}
    rows = conn.execute(
        select(category).where(category.c.deleted_at.is_(None)).order_by(category.c.position, category.c.id)
    )
    return [
        {
            "id": row.id,
            "parent": row.parent_id,
            "name": row.name,
            "position": row.position,
            "articles": numbers.get(row.id, 0),
        }
        for row in rows
    ]


def read(conn: Connection, ident: str, language: str, now: datetime, *, public: bool = False) -> dict[str, Any]:
    """Return what is published of an article, in a language.

    Raises:
        NotFoundError: there is none, it is out of its time, or (`public`) not for customers.
    """
    query = _published(now, public=public).where(or_(s.kb_article.c.id == ident, s.kb_article.c.no == ident))
    row = conn.execute(query).first()
    if row is None:
        message = "there is no such article"
        raise NotFoundError(message)
    return _shown(row, language, "", whole=True)


def search(
    conn: Connection, query: str, language: str, now: datetime, *, public: bool = False, limit: int = 10
) -> list[dict[str, Any]]:
    """Return published articles that hold every word of `query`: titles first, then those used most.

    Raises:
        BadRequestError: the limit is wrong.
    """
    if not 1 <= limit <= MOST:
        message = f"limit must be between 1 and {MOST}"
        raise BadRequestError(message, field="limit")
    terms = tokens.terms(query)
    acl = (PUBLIC,) if public else ("all", PUBLIC)
    found = search_index.find(conn, terms, kind=ARTICLE, acl=acl, limit=LOOKED_AT) if terms else []
    rows = _rows(conn, [one.ref for one in found], now, public=public)
    # Only what is shown is made ready: strangers ask this, too, and each article is a text to be gone through.
    rows.sort(key=lambda row: (not tokens.highlights(_title(row, language), query), -row.used_n, row.no))
    return [_shown(row, language, query) for row in rows[:limit]]


def browse(
    conn: Connection, language: str, now: datetime, *, category: str | None, public: bool, limit: int = 100
) -> list[dict[str, Any]]:
    """Return published articles, those used most first."""
    query = _published(now, public=public)
    if category is not None:
        query = query.where(s.kb_article.c.category_id == category)
    rows = conn.execute(query.order_by(s.kb_article.c.used_n.desc(), s.kb_article.c.no).limit(limit))
    return [_shown(row, language, "") for row in rows]


def suggest(conn: Connection, said: str, language: str, now: datetime, *, limit: int = 5) -> list[dict[str, Any]]:
    """Return the published articles a conversation's text points to, the likeliest first.

    Each word of the text counts by its weight in the article and by how few articles hold it; an article none of whose title or
    key words is said is not suggested.
    """
    wanted = [one for one in dict.fromkeys(tokens.of_text(said[-FROM_TEXT:])) if len(one) > 1 and one not in COMMON]
    wanted = wanted[-MOST_TOKENS:]
    if not wanted:
        return []
    table = s.kb_token
    rows = conn.execute(select(table).where(table.c.token.in_(wanted))).all()
    total = conn.execute(select(func.count(func.distinct(table.c.article_id)))).scalar_one()
    held: dict[str, int] = {}
    for row in rows:
        held[row.token] = held.get(row.token, 0) + 1
    scores: dict[str, float] = {}
    named: set[str] = set()
    for row in rows:
        scores[row.article_id] = scores.get(row.article_id, 0) + row.weight * math.log1p(total / held[row.token])
        if row.weight >= TITLE_WEIGHT:
            named.add(row.article_id)
    likeliest = sorted((one for one in scores if one in named), key=lambda one: (-scores[one], one))[: 3 * limit]
    found = {row.id: row for row in _rows(conn, likeliest, now, public=False)}
    return [_shown(found[one], language, "") | {"score": round(scores[one], 2)} for one in likeliest if one in found][
        :limit
    ]


def article_tokens(texts: dict[str, Any]) -> tuple[list[str], dict[str, int]]:
    """Return what an article is found by, and its words with their weights for suggestions."""
    words: list[str] = []
    weights: dict[str, int] = {}
    for one in texts.values():
        head = f"{one['title']} {' '.join(one['words'])}"
        body = "\n".join((plain(one["body"]), *one["snippets"].values()))
        words += tokens.of_name(one["title"]) + tokens.of_text(head) + tokens.of_text(body)
        for token in tokens.of_text(body)[: 4 * MOST_TOKENS]:
            weights.setdefault(token, 1)
        weights |= dict.fromkeys(tokens.of_text(head), TITLE_WEIGHT)
    return words[: tokens.MAX_TOKENS], {token: weight for token, weight in weights.items() if len(token) > 1}


def _heads() -> Select[Any]:
    article, revision = s.kb_article, s.kb_revision
    columns = (revision.c.texts, revision.c.n, revision.c.author)
    return (
        select(article, *columns)
        .join(revision, revision.c.id == article.c.latest_id)
        .where(article.c.deleted_at.is_(None))
    )


def _head(row: Any, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": row.id,
        "no": row.no,
        "titles": {language: one["title"] for language, one in row.texts.items()},
        "category": row.category_id,
        "audience": row.audience,
        "state": row.latest_state,
        "n": row.n,
        "author": row.author,
        "author_name": names.get(row.author or "", ""),
        "is_published": row.published_id is not None,
        "valid_from": text(row.valid_from),
        "valid_until": text(row.valid_until),
        "used": row.used_n,
        "helpful": row.helpful_n,
        "unhelpful": row.unhelpful_n,
        "created_at": rfc3339(row.created_at),
        "updated_at": rfc3339(row.updated_at),
        "row_version": row.row_version,
    }


def _published(now: datetime, *, public: bool) -> Select[Any]:
    """Select what is read now."""
    article, revision = s.kb_article, s.kb_revision
    query = (
        select(article, revision.c.texts, revision.c.n)
        .join(revision, revision.c.id == article.c.published_id)
        .where(
            article.c.deleted_at.is_(None),
            or_(article.c.valid_from.is_(None), article.c.valid_from <= now),
            or_(article.c.valid_until.is_(None), article.c.valid_until > now),
        )
    )
    return query.where(article.c.audience == PUBLIC) if public else query


def _rows(conn: Connection, idents: Sequence[str], now: datetime, *, public: bool) -> list[Any]:
    if not idents:
        return []
    return list(conn.execute(_published(now, public=public).where(s.kb_article.c.id.in_(list(idents)))))


def _title(row: Any, language: str) -> str:
    return str(row.texts[rules.spoken_in(row.texts, language)]["title"])


def _shown(row: Any, language: str, query: str, *, whole: bool = False) -> dict[str, Any]:
    spoken = rules.spoken_in(row.texts, language)
    one = row.texts[spoken]
    words = plain(one["body"] if whole or query else one["body"][:BEGINNING])
    piece = _excerpt(words, query)
    return {
        "id": row.id,
        "no": row.no,
        "n": row.n,
        "language": spoken,
        "languages": list(row.texts),
        "title": one["title"],
        "title_marks": tokens.highlights(one["title"], query) if query else [],
        "snippet": piece,
        "snippet_marks": tokens.highlights(piece, query) if query else [],
        "snippets": one["snippets"],
        "category": row.category_id,
        "audience": row.audience,
        "used": row.used_n,
        "helpful": row.helpful_n,
        "unhelpful": row.unhelpful_n,
        "updated_at": rfc3339(row.updated_at),
    } | ({"body": one["body"], "text": words} if whole else {})


def _excerpt(words: str, query: str) -> str:
    flat = " ".join(words.split())
    places = tokens.highlights(flat[: tokens.MAX_CHARS], query) if query else []
    begin = max(places[0][0] - AROUND // 3, 0) if places else 0
    piece = flat[begin : begin + AROUND]
    return f"{'…' if begin else ''}{piece}{'…' if begin + AROUND < len(flat) else ''}"


def _names(conn: Connection, idents: Collection[str]) -> dict[str, str]:
    table = s.agent
    rows = conn.execute(select(table.c.id, table.c.display_name, table.c.name).where(table.c.id.in_(list(idents))))
    return {row.id: row.display_name or row.name for row in rows}
