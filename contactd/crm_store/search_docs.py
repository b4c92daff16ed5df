"""Keeping the index of words: customers and cases that changed, and messages that came, behind the live work.

Messages mark nothing: that would cost every mail.  They are found by their ids, which sort by time; those of the last minutes are
looked at again, since a unit may commit after a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select

from contactd.core import tokens
from contactd.core.ids import RANDOM_BYTES, uuid7
from contactd.core.numbering import NO_NUMBERS, Numbers
from contactd.core.segmenting import NO_CUSTOMERS, CustomerPlan
from contactd.crm_store import change_rows, due_rows, facet_rows, field_rows, number_rows, search_index
from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

PARTY, MESSAGE, CASE, ARTICLE = "party", "message", "case", "article"
BATCH = 10
"""Documents indexed in one unit."""
MESSAGES = 25
"""Messages indexed in one unit, their words worked out before."""
SCAN = 500
"""Messages looked at in one read."""
OVERLAP_MS = 120_000
"""A message may become visible this long after a later one."""
_FIELDS = ("legal_name", "uscc", "no", "tags")
_MARK = "search.messages"
_TIME = 13
"""Characters of an id that say its millisecond (with a dash)."""
_NEW_DOC = hot(insert(s.search_doc))
_new_mark = insert(s.mark)
_REACHED = hot(
    _new_mark.on_conflict_do_update(
        index_elements=["name"],
        set_={"value": _new_mark.excluded.value, "at": _new_mark.excluded.at},
        where=s.mark.c.value < _new_mark.excluded.value,
    )
)
_IDENTS: Any = bindparam("idents", expanding=True)
_THERE = select(s.search_doc.c.ref).where(s.search_doc.c.kind == MESSAGE, s.search_doc.c.ref.in_(_IDENTS))
_NAMES = select(s.attachment.c.message_id, s.attachment.c.name).where(s.attachment.c.message_id.in_(_IDENTS))
_SAID = (
    select(
        *(s.message.c[name] for name in ("id", "at", "seq", "subject", "sender", "sender_name")),
        *(s.message.c[name] for name in ("body_text", "quoted_offset")),
        s.interaction.c.party_id,
        s.interaction.c.state,
        s.interaction.c.subject.label("contact_subject"),
    )
    .join(s.interaction, s.interaction.c.id == s.message.c.interaction_id)
    .where(s.message.c.id.in_(_IDENTS))
    .order_by(s.message.c.id)
)

Hidden = Callable[[str], bool]
"""Tells of a field whether it is left out."""
_CASE_FIELDS = ("no", "subject", "outside_ref", "body", "remedy")
SAID_FIELDS = ("subject", "sender_name", "sender", "files", "body_text")
"""Parts of a message it is found by."""
Worked = Mapping[str, tuple[str, str]]
"""The text of messages, with the words each is found by, spaces between."""


def all_told(_field: str) -> bool:
    """Leave nothing out."""
    return False


def index_parties(
    conn: WriteConn, now: datetime, plan: CustomerPlan = NO_CUSTOMERS, numbers: Numbers = NO_NUMBERS
) -> bool:
    """Index the customers that changed longest ago, and tell that they did; True while there may be more."""
    due = due_rows.take(conn, due_rows.INDEX_PARTY, BATCH)
    if not due:
        return False
    found = select(s.party.c.canonical_id).where(s.party.c.id.in_(due)).distinct()
    canonical = [row.canonical_id for row in conn.execute(found)]
    _forget(conn, PARTY, {*due, *canonical})
    number_rows.customers(conn, numbers, canonical, now)
    facet_rows.sort(conn, canonical, plan, now)
    facet_rows.follow(conn, canonical, due)
    docs = [(ident, ident, "all", now, words) for ident in canonical if (words := party_tokens(conn.connection, ident))]
    write(conn, PARTY, docs)
    due_rows.done(conn, due_rows.INDEX_PARTY, due)
    change_rows.parties(conn, due, now)
    return True


def index_cases(conn: WriteConn, now: datetime) -> bool:
    """Index the cases that changed longest ago; True while there may be more."""
    due = due_rows.take(conn, due_rows.INDEX_CASE, BATCH)
    if not due:
        return False
    _forget(conn, CASE, due)
    rows = conn.execute(select(s.case_).where(s.case_.c.id.in_(due), s.case_.c.deleted_at.is_(None)))
    docs = [
        (
            row.id,
            row.party_id,
            "all",
            row.updated_at,
            tokens.of_text(case_text(row)),
        )
        for row in rows
    ]
    write(conn, CASE, docs)
    due_rows.done(conn, due_rows.INDEX_CASE, due)
    change_rows.append(conn, [(change_rows.CASE_CHANGED, ident, {}, None) for ident in due], now)
    return True


def case_text(row: Any, hidden: Hidden = all_told) -> str:
    """Return the text a case is found by, without what is `hidden`."""
    return "\n".join("" if hidden(name) else str(getattr(row, name)) for name in _CASE_FIELDS)


def party_tokens(
    conn: Connection, canonical: str, without: Collection[str] = (), *, addresses: Collection[str] | None = None
) -> list[str]:
    """Return what a customer is found by: the names, numbers, addresses, tags and firms of all its records.

    Args:
        conn: a connection.
        canonical: the customer.
        without: fields that are left out, of `told_fields`, or `name`.
        addresses: of its e-mail addresses only these; None = all.
    """
    records = conn.execute(select(s.party).where(s.party.c.canonical_id == canonical)).all()
    kept = next((row for row in records if row.id == canonical), None)
    if kept is None or kept.deleted_at is not None or kept.pii_state != "normal":
        return []
    idents = [row.id for row in records]
    found: list[str] = []
    asked = [name for name in told_fields(conn) if name not in without]
    for row in records:
        found += tokens.of_name(row.display_name) if "name" not in without else []
        for name in asked:
            found += field_tokens(row, name)
    if "name" not in without:
        found += _of_names(conn, idents)
    return [*found, *_of_points(conn, idents, addresses)]


def _of_names(conn: Connection, idents: list[str]) -> list[str]:
    found: list[str] = []
    names = select(s.party_name.c.value).where(s.party_name.c.party_id.in_(idents))
    firms = select(s.party.c.display_name).join(s.party_link, s.party_link.c.to_party == s.party.c.id)
    for row in conn.execute(names):
        found += tokens.of_name(row.value)
    for row in conn.execute(firms.where(s.party_link.c.from_party.in_(idents), s.party_link.c.active)):
        found += tokens.of_text(row.display_name)
    return found


def told_fields(conn: Connection) -> list[str]:
    """Return the fields of customers whose words they are found by, beside their names."""
    own = [f"custom.{key}" for key, one in field_rows.fields(conn, "party").items() if one.searchable]
    return [*own, *_FIELDS]


def field_tokens(row: Any, name: str) -> list[str]:
    """Return what one field of a record is found by."""
    key = name.removeprefix("custom.")
    if key != name:
        return tokens.of_text(_told(row.custom.get(key)))
    value = getattr(row, name)
    words = value if isinstance(value, (list, tuple)) else [value]
    return [token for word in words if word for token in tokens.of_text(str(word))]


def _told(value: Any) -> str:
    """Return what a field's value is found by."""
    if value is None or isinstance(value, bool):
        return ""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def unindexed(conn: Connection, after: str | None) -> tuple[list[str], str | None]:
    """Return messages that are not indexed yet, and where to look on (None: from the mark again).

    Args:
        conn: a reader's connection.
        after: the id up to which was looked; None = begin at the mark, a little back.
    """
    floor = after if after is not None else _floor(conn)
    doc = s.search_doc
    known = and_(doc.c.kind == MESSAGE, doc.c.ref == s.message.c.id)
    query = select(s.message.c.id, doc.c.seq).outerjoin(doc, known).where(s.message.c.id > floor)
    rows = conn.execute(query.order_by(s.message.c.id).limit(SCAN)).all()
    missing = [row.id for row in rows if row.seq is None]
    return missing, rows[-1].id if len(rows) == SCAN else None


def texts(conn: Connection, idents: Sequence[str]) -> dict[str, str]:
    """Return the text each message is found by, of those that are there."""
    return {row.id: said_text(row, files) for row, files in said(conn, idents)}


def index_messages(conn: WriteConn, idents: Sequence[str], now: datetime, worked: Worked | None = None) -> None:
    """Index messages and note how far it came.

    What was `worked` out before, as here everybody waits for it, is used where the text is still the same: it may have been
    erased meanwhile.
    """
    there = {row.ref for row in conn.execute(_THERE, {"idents": idents})}
    before, docs = worked or {}, []
    for row, files in said(conn.connection, [one for one in idents if one not in there]):
        text = said_text(row, files)
        acl = "oversee" if row.state == "quarantined" else "all"
        then, words = before.get(row.id, (None, ""))
        docs.append((row.id, row.party_id, acl, row.at, words.split() if then == text else tokens.of_text(text)))
    write(conn, MESSAGE, docs)
    if idents:
        conn.run(_REACHED, name=_MARK, value=max(idents), at=now)


def said(conn: Connection, idents: Sequence[str]) -> list[tuple[Any, Sequence[str]]]:
    """Return messages, each with the names of its files."""
    names: dict[str, list[str]] = {}
    for message, name in conn.execute(_NAMES, {"idents": idents}):
        names.setdefault(message, []).append(name)
    return [(row, names.get(row.id, ())) for row in conn.execute(_SAID, {"idents": idents})]


def said_text(row: Any, files: Sequence[str], hidden: Hidden = all_told) -> str:
    """Return the text a message is found by, without what is `hidden`."""
    parts = ["" if hidden(name) else said_part(row, files, name) for name in SAID_FIELDS]
    return f"{' '.join(parts[:-1])}\n{parts[-1]}"


def said_part(row: Any, files: Sequence[str], name: str) -> str:
    """Return what one of `SAID_FIELDS` says."""
    if name == "subject":
        return str(row.subject or (row.contact_subject if row.seq == 1 else ""))
    if name == "body_text":
        return str(row.body_text[: row.quoted_offset] if row.quoted_offset else row.body_text)
    return " ".join(files) if name == "files" else str(getattr(row, name))


def forget(conn: WriteConn, kind: str, refs: Iterable[str]) -> None:
    """Let things be found no more."""
    _forget(conn, kind, list(refs))


def _of_points(conn: Connection, records: list[str], addresses: Collection[str] | None) -> list[str]:
    claim, point = s.contact_claim, s.contact_point
    rows = conn.execute(
        select(point.c.value_norm, point.c.display, point.c.ext)
        .join(claim, claim.c.contact_point_id == point.c.id)
        .where(claim.c.party_id.in_(records), claim.c.valid_to.is_(None))
        .distinct(),
    )
    found: list[str] = []
    for row in rows:
        if row.value_norm.startswith(("+", "short:", "raw:")):
            found += tokens.of_number(row.value_norm)
            digits = "".join(char for char in row.display if char.isdecimal())
            found += [digits] if digits else []
        elif addresses is None or row.value_norm in addresses or "@" not in row.value_norm:
            found += tokens.of_text(row.value_norm)
    return found


def _floor(conn: Connection) -> str:
    """Return the id after which messages may be missing: some minutes before the last that was indexed."""
    last = conn.execute(select(s.mark.c.value).where(s.mark.c.name == _MARK)).scalar()
    if not last:
        return ""
    try:
        millisecond = int(last[:_TIME].replace("-", ""), 16)
    except ValueError:
        return ""
    return uuid7(max(millisecond - OVERLAP_MS, 0), bytes(RANDOM_BYTES))


def forget_parties(conn: WriteConn, idents: Iterable[str]) -> None:
    """Take customers out of the index."""
    _forget(conn, PARTY, idents)


def forget_messages(conn: WriteConn, idents: Iterable[str]) -> None:
    """Take messages out of the index."""
    _forget(conn, MESSAGE, idents)


def forget_cases(conn: WriteConn, idents: Iterable[str]) -> None:
    """Take cases out of the index."""
    _forget(conn, CASE, idents)


def _forget(conn: WriteConn, kind: str, refs: Iterable[str]) -> None:
    doc = s.search_doc
    mine = (doc.c.kind == kind, doc.c.ref.in_(list(refs)))
    search_index.drop(conn, [row.seq for row in conn.execute(select(doc.c.seq).where(*mine))])
    conn.execute(delete(doc).where(*mine))


def write(conn: WriteConn, kind: str, docs: Sequence[tuple[str, Any, str, datetime, list[str]]]) -> None:
    """Write documents: (ref, party, acl, at, tokens) of each."""
    if not docs:
        return
    seqs = search_index.next_seqs(conn, len(docs))
    rows = [
        {"seq": seq, "kind": kind, "ref": ref, "acl": acl, "party_id": party, "at": at}
        for seq, (ref, party, acl, at, _) in zip(seqs, docs, strict=True)
    ]
    conn.many(_NEW_DOC, rows)
    search_index.put(conn, [(seq, words) for seq, (_, _, _, _, words) in zip(seqs, docs, strict=True)])
