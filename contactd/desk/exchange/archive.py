"""One customer's archive: a zip with the data for programs, a page for people, and the originals."""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog

from contactd.core.errors import ContactdError
from contactd.crm_store.blobs import Blobs
from contactd.crm_store.sealing import CHUNK, Keys, Wrapped, opened

PIECE = 16 * CHUNK
"""Bytes of sound opened in one go."""
_UNSAFE = re.compile(r"[^\w.\-]+")
log = structlog.get_logger(__name__)
_HEAD = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}
article{{border-top:1px solid #ccc;padding:.7em 0}}time{{color:#666}}pre{{white-space:pre-wrap;font:inherit}}</style>
<h1>{title}</h1>
"""


def write(
    path: Path, person: Mapping[str, Any], contacts: Callable[[], Iterator[dict[str, Any]]], blobs: Blobs, keys: Keys
) -> None:
    """Write an archive; contacts are read one after the other, twice, and never held together.

    Args:
        path: the file to write.
        person: the customer's own data.
        contacts: yields contacts with `messages` and `files`.
        blobs: where the files lie.
        keys: what sealed sound is opened with.
    """
    title = html.escape(next((one["display_name"] for one in person["records"]), ""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("data.json", "w") as out:
            out.write(json.dumps({**person, "contacts": "contacts.jsonl"}, ensure_ascii=False, indent=1).encode())
        with archive.open("contacts.jsonl", "w") as out:
            for one in contacts():
                told = one | {"files": [name_of(one["id"], file) for file in one["files"]]}
                out.write(f"{json.dumps(told, ensure_ascii=False)}\n".encode())
        with archive.open("index.html", "w") as out:
            out.write(_HEAD.format(title=title).encode())
            out.write(f"<pre>{html.escape(json.dumps(person, ensure_ascii=False, indent=1))}</pre>".encode())
            for one in contacts():
                out.write(_article(one).encode())
        for one in contacts():
            for file in one["files"]:
                put(archive, name_of(one["id"], file), file, blobs, keys)


def _article(one: Mapping[str, Any]) -> str:
    said = "".join(
        f"<p><time>{said['at']}</time> <b>{html.escape(said['from'])}</b></p><pre>{html.escape(said['text'])}</pre>"
        for said in one["messages"]
    )
    names = [name_of(one["id"], file) for file in one["files"]]
    links = " ".join(f'<a href="{html.escape(name)}">{html.escape(name)}</a>' for name in names)
    subject = html.escape(one["subject"] or one["channel"])
    return f"<article><h2>{subject}</h2><time>{one['at']}</time> {html.escape(one['channel'])}{said}<p>{links}</p></article>\n"


def name_of(contact: str, file: Mapping[str, Any]) -> str:
    """Return where a contact's file stands in an archive."""
    return f"originals/{contact}/{_UNSAFE.sub('_', file['name'])[-120:].strip('.') or 'file'}"


def put(archive: zipfile.ZipFile, name: str, file: Mapping[str, Any], blobs: Blobs, keys: Keys) -> None:
    """Put a file into an archive, from its row or from where it lies; sealed sound in the clear."""
    if file["inline"] is not None:
        archive.writestr(name, file["inline"])
    elif "sealed" in file:
        _put_sound(archive, name, file, blobs, keys)
    elif blobs.has(file["blob"] or ""):
        archive.write(blobs.path(file["blob"]), name)


def _put_sound(archive: zipfile.ZipFile, name: str, file: Mapping[str, Any], blobs: Blobs, keys: Keys) -> None:
    """Put sound in the clear, piece by piece; what cannot be listened to (its key is gone, or its file) stays out."""
    about = file["sealed"]
    size, path = about["size"], blobs.path(file["blob"])
    try:
        key = keys.unwrap(Wrapped(key_id=about["key_id"], key=about["key"]))
        with archive.open(name, "w", force_zip64=True) as out:
            for first in range(0, size, PIECE):
                out.write(opened(path, key, size, first, min(first + PIECE, size) - 1))
    except ContactdError as error:
        log.warning("archive.no_sound", file=name, code=error.code)
