"""Articles of another system: drafts here, or published where they were there and whoever brings them may publish."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sqlalchemy import delete, exists, select, update

from contactd.core.knowledge import Version
from contactd.core.newcomer import Problem
from contactd.core.past import Past
from contactd.crm_store import due_rows, kb_rows, kb_tree, past_customers, search_docs
from contactd.crm_store import schema as s
from contactd.crm_store.import_rows import CREATED, UNCHANGED, Errand, Outcome
from contactd.crm_store.search_docs import ARTICLE
from contactd.crm_store.write_conn import WriteConn

KNOWN = "kb_article"
"""As what another system's number is kept."""
_STEPS = re.compile(r"\s*[/>]\s*")


def take(conn: WriteConn, row: Past, errand: Errand, outcome: Outcome) -> Problem | None:
    """Take one article over; one that is there already stays as it is.

    `row.values` holds `texts`, as `core.knowledge.texts` gives them with safe HTML, and whether it may be published (`publishes`).
    """
    texts: dict[str, Any] = row.values["texts"]
    key = row.key or _digest(texts)
    there = past_customers.known(conn, KNOWN, errand.options.system, key)
    if there is not None:
        if not _languages(conn, there) >= set(texts):
            return Problem("external_id", "other_language", key[:40])
        outcome.status, outcome.object = UNCHANGED, there
        return None
    ident, revision = errand.new_id(), errand.new_id()
    fields = {"category_id": _category(conn, row.said("category"), row.said("language"), errand)}
    fields |= {"audience": row.values["audience"]} if "audience" in row.values else {}
    kb_rows.create(conn, (ident, revision), fields, texts, errand.at, errand.by)
    table = s.kb_revision
    # Whoever brings it has not written it.
    conn.execute(update(table).where(table.c.id == revision).values(author=row.values.get("own_agent")))
    past_customers.remember(conn, KNOWN, ident, key, errand)
    if row.values.get("state") == Version.PUBLISHED:
        outcome.reasons += _publish(conn, ident, row, errand)
    version = conn.execute(select(s.kb_article.c.row_version).where(s.kb_article.c.id == ident)).scalar_one()
    outcome.status, outcome.object, outcome.version = CREATED, ident, version
    return None


def _publish(conn: WriteConn, ident: str, row: Past, errand: Errand) -> list[str]:
    """Publish what was published there, or say why it stays a draft."""
    if not row.values.get("publishes"):
        return [str(Problem("state", "no_right", ""))]
    if row.values.get("own_agent") == errand.by:
        return [str(Problem("state", "four_eyes", ""))]
    for act in ("submit", "publish"):
        kb_rows.act(conn, ident, act, text="", now=errand.at, actor=errand.by)
    return []


def _digest(texts: dict[str, Any]) -> str:
    said = "\x1f".join(f"{language}:{one['title']}" for language, one in sorted(texts.items()))
    return f"#{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def _languages(conn: WriteConn, ident: str) -> set[str]:
    newest = select(s.kb_revision.c.texts).join(s.kb_article, s.kb_article.c.latest_id == s.kb_revision.c.id)
    return set(conn.execute(newest.where(s.kb_article.c.id == ident)).scalar() or {})


def _category(conn: WriteConn, path: str, language: str, errand: Errand) -> str | None:
    """Return the branch a path of names leads to (`Billing / Invoices`); branches that are missing are made."""
    above: str | None = None
    for name in (step for step in _STEPS.split(path) if step):
        own = (s.kb_category.c.parent_id.is_(None) if above is None else s.kb_category.c.parent_id == above,)
        rows = conn.execute(
            select(s.kb_category.c.id, s.kb_category.c.name).where(*own, s.kb_category.c.deleted_at.is_(None))
        )
        called = name.casefold()
        found = next((row.id for row in rows if called in {str(one).casefold() for one in row.name.values()}), None)
        if found is None:
            found = errand.new_id()
            values = {"name": {language: name}, "parent_id": above, "position": 0}
            kb_tree.put(conn, found, values, fresh=True, now=errand.at, actor=errand.by)
        above = found
    return above


def in_use(conn: WriteConn, row: Any) -> list[str]:
    """Tell why an article has to stay: somebody has changed it, or used it."""
    found = conn.execute(select(s.kb_article).where(s.kb_article.c.id == row.object_id)).one()
    reasons = ["changed"] if found.row_version != row.row_version else []
    if conn.execute(select(exists().where(s.kb_use.c.article_id == row.object_id))).scalar():
        reasons.append("used")
    return reasons


def strike(conn: WriteConn, ident: str) -> None:
    """Take an article out again, which nobody has read or changed."""
    search_docs.forget(conn, ARTICLE, [ident])
    conn.execute(delete(s.due).where(s.due.c.kind == due_rows.INDEX_ARTICLE, s.due.c.ref == ident))
    for table in (s.kb_token, s.kb_event, s.kb_revision):
        conn.execute(delete(table).where(table.c.article_id == ident))
    conn.execute(delete(s.external_id).where(s.external_id.c.ref_kind == KNOWN, s.external_id.c.ref_id == ident))
    conn.execute(delete(s.kb_article).where(s.kb_article.c.id == ident))
