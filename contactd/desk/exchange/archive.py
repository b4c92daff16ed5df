"""One customer's archive: a zip with the data for programs, a page for people, and the originals."""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from contactd.crm_store.blobs import Blobs

_UNSAFE = re.compile(r"[^\w.\-]+")
_HEAD = """<!doctype html><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}
article{{border-top:1px solid #ccc;padding:.7em 0}}time{{color:#666}}pre{{white-space:pre-wrap;font:inherit}}</style>
<h1>{title}</h1>
"""


def write(
    path: Path, person: Mapping[str, Any], contacts: Callable[[], Iterator[dict[str, Any]]], blobs: Blobs
) -> None:
    """Write an archive; contacts are read one after the other, twice, and never held together.

    Args:
        path: the file to write.
        person: the customer's own data.
        contacts: yields contacts with `messages` and `files`.
        blobs: where the files lie.
    """
    title = html.escape(next((one["display_name"] for one in person["records"]), ""))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("data.json", "w") as out:
            out.write(json.dumps({**person, "contacts": "contacts.jsonl"}, ensure_ascii=False, indent=1).encode())
        with archive.open("contacts.jsonl", "w") as out:
            for one in contacts():
                told = one | {"files": [_name(one["id"], file) for file in one["files"]]}
                out.write(f"{json.dumps(told, ensure_ascii=False)}\n".encode())
        with archive.open("index.html", "w") as out:
            out.write(_HEAD.format(title=title).encode())
            out.write(f"<pre>{html.escape(json.dumps(person, ensure_ascii=False, indent=1))}</pre>".encode())
            for one in contacts():
                out.write(_article(one).encode())
        for one in contacts():
            for file in one["files"]:
                _put(archive, _name(one["id"], file), file, blobs)


def _article(one: Mapping[str, Any]) -> str:
    said = "".join(
        f"<p><time>{said['at']}</time> <b>{html.escape(said['from'])}</b></p><pre>{html.escape(said['text'])}</pre>"
        for said in one["messages"]
    )
    names = [_name(one["id"], file) for file in one["files"]]
    links = " ".join(f'<a href="{html.escape(name)}">{html.escape(name)}</a>' for name in names)
    subject = html.escape(one["subject"] or one["channel"])
    return f"<article><h2>{subject}</h2><time>{one['at']}</time> {html.escape(one['channel'])}{said}<p>{links}</p></article>\n"


def _name(contact: str, file: Mapping[str, Any]) -> str:
    return f"originals/{contact}/{_UNSAFE.sub('_', file['name'])[-120:].strip('.') or 'file'}"


def _put(archive: zipfile.ZipFile, name: str, file: Mapping[str, Any], blobs: Blobs) -> None:
    if file["inline"] is not None:
        archive.writestr(name, file["inline"])
    elif blobs.has(file["blob"] or ""):
        archive.write(blobs.path(file["blob"]), name)
