"""The index of words: the one place that writes and asks it, in each database's own SQL.

Both keep the tokens `core.tokens` made, in order, so that both find the same.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, column, select, table, text

from contactd.core.tokens import Term
from contactd.crm_store import schema as s
from contactd.crm_store.database import driver
from contactd.crm_store.sight import Seen
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

_SEQ = "search"
_MERGED = 200
"""Pages of the index merged in one unit."""
_new_head = insert(s.number_seq)
_NEXT = hot(
    _new_head.on_conflict_do_update(
        index_elements=["name"],
        set_={"value": s.number_seq.c.value + _new_head.excluded.value},
    ).returning(s.number_seq.c.value),
)
_PUT = {
    "sqlite": text("INSERT INTO search_index (rowid, tokens) VALUES (:seq, :tokens)"),
    "postgresql": text("INSERT INTO search_index (seq, tokens) VALUES (:seq, CAST(:tokens AS tsvector))"),
}
_DROP = {
    "sqlite": text("DELETE FROM search_index WHERE rowid IN :seqs").bindparams(bindparam("seqs", expanding=True)),
    "postgresql": text("DELETE FROM search_index WHERE seq IN :seqs").bindparams(bindparam("seqs", expanding=True)),
}
_FIND = {
    # FTS5 walks the rows of a match backwards by itself: the newest are found without looking at the rest.
    "sqlite": text(
        "SELECT d.kind, d.ref, d.party_id, d.at, d.seq FROM search_index i JOIN search_doc d ON d.seq = i.rowid"
        " WHERE i.tokens MATCH :query AND d.kind = :kind AND d.acl IN :acl ORDER BY i.rowid DESC LIMIT :limit",
    ).bindparams(bindparam("acl", expanding=True)),
    "postgresql": text(
        "SELECT d.kind, d.ref, d.party_id, d.at, d.seq FROM search_index i JOIN search_doc d ON d.seq = i.seq"
        " WHERE i.tokens @@ CAST(:query AS tsquery) AND d.kind = :kind AND d.acl IN :acl"
        " ORDER BY d.seq DESC LIMIT :limit",
    ).bindparams(bindparam("acl", expanding=True)),
}

_INDEX = table("search_index", column("rowid"), column("seq"), column("tokens"))
_HOLDING = {
    # Led by the index, newest first: it stops when enough are seen, and asks of no others whose they are.
    "sqlite": (_INDEX.c.rowid, text("search_index.tokens MATCH :query")),
    "postgresql": (_INDEX.c.seq, text("search_index.tokens @@ CAST(:query AS tsquery)")),
}
"""Number of a document in the index, and that it holds a question; where who asks sees only some."""


def next_seqs(conn: WriteConn, count: int) -> range:
    """Take the next numbers for documents; later ones are newer."""
    last = int(conn.one(_NEXT, name=_SEQ, value=count).value)
    return range(last - count + 1, last + 1)


def put(conn: WriteConn, docs: Sequence[tuple[int, Sequence[str]]]) -> None:
    """Index new documents: number and tokens of each."""
    dialect = conn.connection.dialect.name
    written = _joined if dialect == "sqlite" else _tsvector
    rows = [{"seq": seq, "tokens": written(tokens)} for seq, tokens in docs]
    if rows:
        conn.connection.execute(_PUT[dialect], rows)
        conn.written += len(rows)


def drop(conn: WriteConn, seqs: Collection[int]) -> None:
    """Take documents out of the index."""
    if seqs:
        conn.connection.execute(_DROP[conn.connection.dialect.name], {"seqs": list(seqs)})
        conn.written += len(seqs)


def find(
    conn: Connection, terms: Sequence[Term], *, kind: str, acl: Sequence[str], limit: int, seen: Seen = ()
) -> list[Any]:
    """Return (kind, ref, party_id, at in milliseconds, seq) of the newest documents that hold every term."""
    if not terms:
        return []
    dialect = conn.dialect.name
    query = _match(terms) if dialect == "sqlite" else _tsquery(terms)
    values = {"query": query, "kind": kind, "acl": list(acl), "limit": limit}
    if not seen:
        return list(conn.execute(_FIND[dialect], values))
    doc, (number, holds) = s.search_doc, _HOLDING[dialect]
    holding = select(doc.c.kind, doc.c.ref, doc.c.party_id, doc.c.at, doc.c.seq).join(_INDEX, number == doc.c.seq)
    holding = holding.where(holds, doc.c.kind == kind, doc.c.acl.in_(acl), *seen)
    return list(conn.execute(holding.order_by(number.desc()).limit(limit), {"query": query}))


def shred(conn: WriteConn, *, first: bool) -> bool:
    """Let nothing of documents that were dropped stay in the index's own pages, a little at a time; True while there is more.

    SQLite keeps tokens of deleted rows until the segments they stand in are merged: all into one, from `first` on.
    """
    if conn.connection.dialect.name != "sqlite":
        return False
    raw = driver(conn.connection)
    before = raw.total_changes
    pages = -_MERGED if first else _MERGED
    conn.connection.execute(text("INSERT INTO search_index (search_index, rank) VALUES ('merge', :n)"), {"n": pages})
    return bool(raw.total_changes - before > 1)


def _joined(tokens: Sequence[str]) -> str:
    return " ".join(tokens)


def _tsvector(tokens: Sequence[str]) -> str:
    """Write tokens as PostgreSQL writes a tsvector: each with the places it stands at."""
    places: dict[str, list[str]] = {}
    for place, token in enumerate(tokens, start=1):
        places.setdefault(token, []).append(str(place))
    return " ".join(f"'{token}':{','.join(at)}" for token, at in places.items())


def _match(terms: Sequence[Term]) -> str:
    """Write terms as FTS5 asks for them; tokens hold letters and digits only."""
    return " AND ".join(f'"{" ".join(term.tokens)}"{" *" if term.prefix else ""}' for term in terms)


def _tsquery(terms: Sequence[Term]) -> str:
    parts = []
    for term in terms:
        words = [f"'{token}'" for token in term.tokens]
        words[-1] += ":*" if term.prefix else ""
        parts.append(" <-> ".join(words))
    return " & ".join(f"({part})" for part in parts)
