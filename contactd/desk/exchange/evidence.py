"""A case's evidence in one file: what was said as it came, what was done and by whom, and a hash of every part.

`SHA256SUMS` has the form of sha256sum, so that anybody checks the package without us: `unzip`, then `sha256sum -c SHA256SUMS`.  Its
own digest stands in the audit log, whose entries are chained: what is shown later is what was taken out then.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from contactd.crm_store.blobs import Blobs
from contactd.crm_store.sealing import Keys
from contactd.desk.exchange.archive import name_of, put

SUMS = "SHA256SUMS"
PIECE = 1024 * 1024


def write(
    path: Path,
    case: Mapping[str, Any],
    contacts: Callable[[], Iterator[dict[str, Any]]],
    audit: Iterable[Mapping[str, Any]],
    blobs: Blobs,
    keys: Keys,
) -> str:
    """Write a package; return the SHA-256 of its list of hashes.

    Args:
        path: the file to write.
        case: the case with its events, clocks, links and promises.
        contacts: yields its contacts with `messages`, `events`, `recordings` and `files`; asked twice.
        audit: entries of the audit log about it, with their hashes.
        blobs: where the files lie.
        keys: what sealed sound is opened with.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("case.json", json.dumps(case, ensure_ascii=False, indent=1))
        with package.open("contacts.jsonl", "w") as out:
            for one in contacts():
                told = one | {"files": [name_of(one["id"], file) for file in one["files"]]}
                out.write(f"{json.dumps(told, ensure_ascii=False)}\n".encode())
        with package.open("audit.jsonl", "w") as out:
            for entry in audit:
                out.write(f"{json.dumps(entry, ensure_ascii=False)}\n".encode())
        for one in contacts():
            for file in one["files"]:
                put(package, name_of(one["id"], file), file, blobs, keys)
    sums = _sums(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr(SUMS, sums)
    return hashlib.sha256(sums).hexdigest()


def _sums(path: Path) -> bytes:
    """Return the list of hashes of what was really written, read back piece by piece."""
    lines = []
    with zipfile.ZipFile(path) as package:
        for name in sorted(package.namelist()):
            digest = hashlib.sha256()
            with package.open(name) as part:
                while piece := part.read(PIECE):
                    digest.update(piece)
            lines.append(f"{digest.hexdigest()}  {name}\n")
    return "".join(lines).encode()
