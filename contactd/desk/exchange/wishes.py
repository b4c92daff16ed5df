"""What somebody at a screen wishes done with a file they brought, checked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contactd.core.errors import BadRequestError
from contactd.core.newcomer import TakeOver
from contactd.core.past import BESIDE
from contactd.desk.exchange.past_columns import CUSTOMERS, zone_of
from contactd.desk.exchange.record import Rules
from contactd.desk.exchange.sheet import FORMATS
from contactd.desk.exchange.wish import Wish

ENCODINGS = ("utf-8", "gb18030", "utf-16", "big5", "shift_jis")


def wish_of(given: Mapping[str, Any], name: str, path: Path, folder: Path | None) -> Wish:
    """Read how a file is to be taken over.

    Args:
        given: as it came (`api.imports.Taking`).
        name: of the file, as it was brought.
        path: the file.
        folder: below it lie files that tables name.

    Raises:
        BadRequestError: the wish is none.
    """
    form, encoding = given.get("form", ""), given.get("encoding", "")
    if form not in {"", *FORMATS} or encoding not in {"", "utf-8-sig", *ENCODINGS}:
        message = "There is no such form or encoding."
        raise BadRequestError(message, code="encoding", field="encoding")
    whole = TakeOver()
    what = "" if given.get("object") in {None, "", CUSTOMERS} else given["object"]
    return Wish(
        path=path,
        file_name=name,
        form=form,
        encoding=encoding,
        mapping=given.get("mapping") or {},
        options=TakeOver(
            match=tuple(given.get("match") or whole.match),
            policy=given.get("policy") or whole.policy,
            overwrite=tuple(given.get("overwrite") or ()),
            system=given.get("system") or whole.system,
        ),
        rules=Rules(area_code=given.get("area_code") or None, zone=zone_of(given.get("zone") or Rules().zone)),
        object=what,
        own=tuple(given.get("own") or ()),
        publishes=bool(given.get("publishes")),
        files=_beside(given.get("files") or "", folder) if what in BESIDE else None,
    )


def _beside(name: str, folder: Path | None) -> Path | None:
    """Return the folder in which files lie that rows name; None: they are packed with the table.

    Raises:
        BadRequestError: it lies elsewhere, or nothing may be read from a folder here (code `no_folder`).
    """
    if not name:
        return None
    root = folder.resolve() if folder is not None else None
    there = (root / name).resolve() if root is not None else None
    if root is None or there is None or not there.is_relative_to(root) or not there.is_dir():
        message = "there is no such folder"
        raise BadRequestError(message, code="no_folder", field="files")
    return there
