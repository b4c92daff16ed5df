"""Keeping articles findable: the words of what is published, behind the live work; what is withdrawn is found no more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select

from contactd.crm_store import due_rows, kb_reads, search_docs
from contactd.crm_store import schema as s
from contactd.crm_store.search_docs import ARTICLE
from contactd.crm_store.statements import insert
from contactd.crm_store.write_conn import WriteConn

BATCH = 2
"""Articles indexed in one unit: each has some hundred words."""
MOST_WORDS = 80
"""Words of an article that are weighed for suggestions, beyond those of titles and key words."""


def index_articles(conn: WriteConn, now: datetime) -> bool:
    """Index the articles that changed longest ago; True while there may be more."""
    due = due_rows.take(conn, due_rows.INDEX_ARTICLE, BATCH)
    if not due:
        return False
    search_docs.forget(conn, ARTICLE, due)
    conn.execute(delete(s.kb_token).where(s.kb_token.c.article_id.in_(due)))
    article, revision = s.kb_article, s.kb_revision
    rows = conn.execute(
        select(article.c.id, article.c.audience, revision.c.texts)
        .join(revision, revision.c.id == article.c.published_id)
        .where(article.c.id.in_(due), article.c.deleted_at.is_(None))
    ).all()
    for row in rows:
        words, weights = kb_reads.article_tokens(row.texts)
        acl = kb_reads.PUBLIC if row.audience == kb_reads.PUBLIC else "all"
        search_docs.write(conn, ARTICLE, [(row.id, None, acl, now, words)])
        heavy = [one for one in weights.items() if one[1] > 1]
        light = [one for one in weights.items() if one[1] == 1][:MOST_WORDS]
        values = [{"token": token, "article_id": row.id, "weight": weight} for token, weight in heavy + light]
        if values:
            conn.execute(insert(s.kb_token), values)
    due_rows.done(conn, due_rows.INDEX_ARTICLE, due)
    return True
