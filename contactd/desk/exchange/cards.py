"""Visiting cards (vCard 2.1, 3.0, 4.0; RFC 6350), as telephones and mail programs write them: one card is one row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vobject

from contactd.core.errors import BadRequestError
from contactd.desk.exchange.csv_sheet import encoding_of
from contactd.desk.exchange.sheet import MAX_ROWS, Cell, Faulty, Line, Sheet, cell, too_many_rows

HEADERS = (
    "name",
    "family_name",
    "given_name",
    "mobile",
    "office_phone",
    "home_phone",
    "phone",
    "fax",
    "email",
    "organisation",
    "department",
    "title",
    "street",
    "city",
    "province",
    "postal_code",
    "note",
)
_LONGEST = 512 * 1024
"""A card with a picture; the picture is left out."""
_PHONES = (("fax", "fax"), ("cell", "mobile"), ("work", "office_phone"), ("home", "home_phone"))


def read(path: Path, encoding: str = "") -> Sheet:
    """Open a file of visiting cards.

    Raises:
        BadRequestError: the bytes are of no known encoding.
    """
    encoding = encoding or encoding_of(path)
    return Sheet("vcf", encoding, HEADERS, _lines(path, encoding))


def _lines(path: Path, encoding: str) -> Iterator[Line]:
    for number, text in enumerate(_cards(path, encoding), 1):
        if number > MAX_ROWS:
            raise too_many_rows()
        yield Line(number, _cells(text))


def _cards(path: Path, encoding: str) -> Iterator[str]:
    """Yield the text of each card, without its pictures and sounds."""
    held: list[str] = []
    size, picture = 0, False
    try:
        with path.open(encoding=encoding, newline=None) as file:
            while line := file.readline(_LONGEST):
                name = line[:12].upper()
                if name.startswith("BEGIN:VCARD"):
                    held, size = [], 0
                picture = name.startswith(("PHOTO", "LOGO", "SOUND", "KEY")) or (picture and line[:1] in {" ", "\t"})
                size += len(line)
                if not picture and size <= _LONGEST:
                    held.append(line)
                if name.startswith("END:VCARD"):
                    yield "".join(held)
    except UnicodeDecodeError:
        message = f"the file is not {encoding}"
        raise BadRequestError(message, code="encoding", field="encoding") from None


def _cells(text: str) -> tuple[Cell, ...]:
    """Read one card; one that cannot be read is a row of one fault."""
    try:
        card = next(vobject.readComponents(text, allowQP=True))
        found = _values(card)
    except Exception:  # noqa: BLE001 - whatever hinders it, it is this card that cannot be read, and the others can
        return (Faulty("damaged", text.strip()[:40]), *("",) * (len(HEADERS) - 1))
    return tuple(cell("\n".join(dict.fromkeys(found.get(name, ())))) for name in HEADERS)


def _values(card: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in card.lines():
        value: Any = line.value
        match line.name.upper():
            case "FN":
                found["name"] = [str(value)]
            case "N":
                found["family_name"], found["given_name"] = [_flat(value.family)], [_flat(value.given)]
            case "TEL":
                found.setdefault(_phone(line), []).append(str(value).removeprefix("tel:"))
            case "EMAIL":
                found.setdefault("email", []).append(str(value))
            case "ORG":
                parts = value if isinstance(value, list) else [value]
                found["organisation"], found["department"] = [str(parts[0])], [" ".join(map(str, parts[1:]))]
            case "TITLE":
                found["title"] = [str(value)]
            case "NOTE":
                found["note"] = [str(value)]
            case "ADR" if "street" not in found:
                found["street"], found["city"] = [_flat(value.street)], [_flat(value.city)]
                found["province"], found["postal_code"] = [_flat(value.region)], [_flat(value.code)]
    return found


def _phone(line: Any) -> str:
    """Tell what a number is for by the words beside it."""
    words = {word.lower() for word in (*line.singletonparams, *(one for many in line.params.values() for one in many))}
    return next((name for word, name in _PHONES if word in words), "phone")


def _flat(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
