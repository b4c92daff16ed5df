"""The unit that makes a message that was taken back one that can be written anew: its words, and its files as uploads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select

from contactd.crm_store import schema as s
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.store import WriteConn

KEPT = timedelta(days=7)
_MESSAGE = hot(
    select(
        s.message.c.subject, s.message.c.body_text, s.message.c.body_html, s.message.c.recipients, s.message.c.headers
    ).where(s.message.c.id == bindparam("message"))
)
_FILES = hot(
    select(
        s.attachment.c.blob,
        s.attachment.c.name,
        s.attachment.c.media_type,
        s.attachment.c.size,
        s.attachment.c.inline,
        s.attachment.c.content_id,
    )
    .where(s.attachment.c.message_id == bindparam("message"))
    .order_by(s.attachment.c.n)
)
_META = hot(select(s.outbox.c.meta).where(s.outbox.c.message_id == bindparam("message")))
_UPLOAD = hot(insert(s.upload))


def content(conn: WriteConn, message: str, owner: str, now: datetime, new_id: Callable[[], str]) -> Mapping[str, Any]:
    """Return what a message said (subject, text, html, sender, to, cc, bcc, files); its files are uploads of `owner` once more.

    `sender` is the address of ours it was to come from.

    `pictures`: (Content-ID in the HTML, upload) of those that stand within it.
    """
    row = conn.one(_MESSAGE, message=message)
    files, pictures = [], []
    for file in conn.all(_FILES, message=message):
        ident = new_id()
        conn.run(
            _UPLOAD,
            id=ident,
            owner=owner,
            blob=file.blob,
            name=file.name,
            media_type=file.media_type,
            size=file.size,
            created_at=now,
            expires_at=now + KEPT,
        )
        files.append({"id": ident, "name": file.name, "size": file.size, "inline": bool(file.inline)})
        if file.inline and file.content_id:
            pictures.append((file.content_id, ident))
    found = {role: [address for kind, _, address in row.recipients if kind == role] for role in ("to", "cc", "bcc")}
    return {
        "subject": row.subject,
        "text": row.body_text,
        "html": row.body_html,
        "sender": conn.one(_META, message=message).meta.get("from") or None,
        **found,
        "files": files,
        "pictures": pictures,
    }
