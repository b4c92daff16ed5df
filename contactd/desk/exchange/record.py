"""One row understood: fields of a customer, contact points, names, and each mistake with the column it stands in.

Pure.  A row with a mistake is not imported at all: half a customer is worse than a row to correct.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from contactd.core.address import email, phones, point_of
from contactd.core.newcomer import Problem, Record
from contactd.desk.exchange.headers import CUSTOM
from contactd.desk.exchange.own_fields import Own
from contactd.desk.exchange.sheet import Faulty, Line

_SPLIT = re.compile(r"[、;；,，|\n\r]+")
_LIFECYCLES = {
    **dict.fromkeys(("unknown", "未知"), "unknown"),
    **dict.fromkeys(("prospect", "lead", "潜在", "潜在客户", "意向", "意向客户"), "prospect"),
    **dict.fromkeys(("customer", "active", "客户", "正式客户", "成交", "成交客户", "老客户"), "customer"),
    **dict.fromkeys(("former", "inactive", "流失", "流失客户", "前客户"), "former"),
}
_KINDS = {
    **dict.fromkeys(("person", "individual", "contact", "个人", "自然人", "联系人"), "person"),
    **dict.fromkeys(("org", "organisation", "organization", "company", "公司", "企业", "单位", "法人", "组织"), "org"),
    **dict.fromkeys(("unknown", "未知"), "unknown"),
}
_ROLES = {
    **dict.fromkeys(("customer", "客户"), "customer"),
    **dict.fromkeys(("supplier", "vendor", "供应商"), "supplier"),
    **dict.fromkeys(("partner", "合作伙伴", "伙伴"), "partner"),
}
_VIPS = {"": 0, "0": 0, "1": 1, "2": 2, "3": 3, "no": 0, "否": 0, "yes": 1, "是": 1, "vip": 1}
_COMPANY = re.compile(
    r"公司|集团|工厂|[^\s]厂$|银行|大学|医院|学校|中心$|研究院|事务所|\b(?:ltd|limited|inc|llc|gmbh|corp|co|ag|plc|bv|sa)\b\.?",
    re.IGNORECASE,
)
_USCC_CHARS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC = re.compile(f"[{_USCC_CHARS}]{{18}}")
_ROUNDED = re.compile(r"\d(?:\.\d+)?[eE]\+\d+")
_LANGS = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
_LANG_WORDS = {"中文": "zh", "汉语": "zh", "英文": "en", "英语": "en", "chinese": "zh", "english": "en"}
_DATE = re.compile(r"(\d{4}|\d{2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:\s+[\d:]+)?")
_PLAIN_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})")
_PHONES = {"mobile": "mobile", "office_phone": "office", "home_phone": "home", "phone": None}
_NAMES = {"short_name": "short", "english_name": "en", "former_name": "former", "alias": "alias"}
_PLAIN = frozenset({"name", "family_name", "given_name", "salutation", "legal_name", "tz"})
_ADDRESS = ("country", "province", "city", "district", "street", "postal_code")
_DAYS = frozenset({"birthday"})
_WORK = ("organisation", "department", "title")
MAX_WORD = 400
MAX_POINTS = 24
"""Contact points of one row; more is a list of people in one cell."""
CENTURY = 50
"""Two digits of a year: up to here this century's (26.1.5), from there on the last one's."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How spellings are read here."""

    region: str = "CN"
    area_code: str | None = None
    zone: str = "Asia/Shanghai"
    """Where the clocks hang by which times without a zone were written down."""
    fields: Mapping[str, Own] = field(default_factory=dict)
    """key → a field the house has added to customers."""


def understand(line: Line, headers: Sequence[str], mapping: Mapping[str, str], rules: Rules) -> Record:
    """Read one row by what its columns are."""
    record = Record(line.number)
    for header, cell in zip(headers, line.cells, strict=True):
        meaning = mapping.get(header)
        if isinstance(cell, Faulty):
            if meaning is not None or cell.reason == "damaged":
                record.problems.append(Problem(header, cell.reason, cell.shown))
        elif meaning is not None and cell:
            _take(record, header, meaning, cell, rules)
    if not record.problems and not _says_who(record):
        record.problems.append(Problem("name", "nobody", ""))
    if len(record.points) > MAX_POINTS:
        record.problems.append(Problem("phone", "too_many", str(len(record.points))))
    _kind(record)
    return record


def _take(record: Record, header: str, meaning: str, text: str, rules: Rules) -> None:
    """Take over one cell."""
    if meaning.startswith(CUSTOM):
        _own_field(record, header, meaning.removeprefix(CUSTOM), text, rules)
    elif meaning in _PHONES or meaning == "fax":
        _numbers(record, header, meaning, text, rules)
    elif meaning == "email":
        _mails(record, header, text)
    elif meaning in _NAMES:
        record.names += [(_NAMES[meaning], one) for one in _parts(text)]
    elif meaning in _PLAIN:
        _plain(record, header, meaning, text)
    elif meaning in _CODED:
        _coded(record, header, meaning, text)
    else:
        _belonging(record, meaning, text)


def _belonging(record: Record, meaning: str, text: str) -> None:
    """Take over what stands beside the party itself."""
    if meaning in _WORK:
        record.work[meaning] = text[:MAX_WORD]
    elif meaning in _ADDRESS:
        record.address[meaning] = text[:MAX_WORD]
    elif meaning == "id":
        record.id = text
    elif meaning == "external_id":
        record.external += (text,)
    else:
        record.owner = text


def _own_field(record: Record, header: str, key: str, text: str, rules: Rules) -> None:
    defined = rules.fields.get(key)
    if defined is not None:
        found = defined.read(text, day)
        if found is None:
            record.problems.append(Problem(header, "unknown_value", text[:40]))
        else:
            record.custom[key] = found
        return
    value = day(text) if key in _DAYS else text
    if value is None:
        record.problems.append(Problem(header, "no_such_day", text[:40]))
    else:
        record.custom[key] = value


def _plain(record: Record, header: str, meaning: str, text: str) -> None:
    if len(text) > MAX_WORD:
        record.problems.append(Problem(header, "too_long", text[:40]))
    else:
        record.fields["display_name" if meaning == "name" else meaning] = text


def _coded(record: Record, header: str, meaning: str, text: str) -> None:
    """Take over a cell that must be one of few words, or of a form."""
    value = _CODED[meaning](text)
    if value is None:
        record.problems.append(Problem(header, "unknown_value", text[:40]))
    else:
        record.fields[meaning] = value


def _numbers(record: Record, header: str, meaning: str, text: str, rules: Rules) -> None:
    if _ROUNDED.search(text):
        record.problems.append(Problem(header, "digits_lost", text[:40]))
        return
    found = phones(text, rules.region, rules.area_code)
    if not found and any(char.isdigit() for char in text):
        record.problems.append(Problem(header, "no_number", text[:40]))
    for one in found:
        if one.kind == "raw":
            record.problems.append(Problem(header, "no_number", one.raw[:40]))
        else:
            kind = "fax" if meaning == "fax" else "phone"
            record.points.append((point_of(one, kind, rules.region), _PHONES.get(meaning)))


def _mails(record: Record, header: str, text: str) -> None:
    for part in _parts(text):
        point = email(part)
        if point is None:
            record.problems.append(Problem(header, "no_address", part[:40]))
        else:
            record.points.append((point, None))


def _parts(text: str) -> list[str]:
    return [part.strip()[:MAX_WORD] for part in _SPLIT.split(text) if part.strip()]


def _says_who(record: Record) -> bool:
    """Tell whether a row is about somebody: a name, an address of theirs, or the record itself."""
    named = any(record.fields.get(name) for name in ("display_name", "family_name", "given_name", "legal_name"))
    return bool(named or record.points or record.id or record.external or record.work.get("organisation"))


def _kind(record: Record) -> None:
    """Fill in what follows from the rest: the name shown, and person or company."""
    fields = record.fields
    family, given = fields.get("family_name", ""), fields.get("given_name", "")
    if "display_name" not in fields and (family or given):
        chinese = any(unicodedata.name(char, "").startswith("CJK") for char in family + given)
        fields["display_name"] = family + given if chinese else f"{given} {family}".strip()
    organisation = record.work.get("organisation", "")
    if "display_name" not in fields and fields.get("legal_name"):
        fields["display_name"] = fields["legal_name"]
    if "display_name" not in fields and organisation and record.id is None:
        fields["display_name"], fields["kind"] = record.work.pop("organisation"), "org"
    name = fields.get("display_name", "")
    if "kind" not in fields and name:
        fields["kind"] = "org" if _COMPANY.search(name) or fields.get("uscc") else "person"
    if name and organisation == name and fields.get("kind") == "org":
        record.work.pop("organisation", None)  # a table of companies often says their name twice


def _vip(text: str) -> int | None:
    return _VIPS.get(text.casefold())


def _one_of(words: Mapping[str, str]) -> Callable[[str], str | None]:
    return lambda text: words.get(text.strip().casefold())


def _roles(text: str) -> list[str] | None:
    found = [_ROLES.get(one.casefold()) for one in _parts(text)]
    return None if None in found else [one for one in dict.fromkeys(found) if one]


def _lang(text: str) -> str | None:
    word = _LANG_WORDS.get(text.casefold(), text)
    return word if _LANGS.fullmatch(word) else None


def uscc(text: str) -> str | None:
    """Return a unified social credit code if its check character is right (GB 32100-2015), else None."""
    code = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    if not _USCC.fullmatch(code):
        return None
    total = sum(_USCC_CHARS.index(char) * (3**n % 31) for n, char in enumerate(code[:17]))
    return code if _USCC_CHARS[(31 - total % 31) % 31] == code[17] else None


def day(text: str) -> str | None:
    """Return a day in ISO form: `2026-01-05`, `2026/1/5`, `2026年1月5日`, `20260105`, `26.1.5`; None when there is no such day."""
    plain = unicodedata.normalize("NFKC", text).strip()
    match = _PLAIN_DATE.fullmatch(plain) or _DATE.fullmatch(plain)
    if match is None:
        return None
    year, month, number = (int(part) for part in match.groups())
    if len(match[1]) == 2:  # noqa: PLR2004 - a year of two digits
        year += 2000 if year <= CENTURY else 1900
    try:
        return date(year, month, number).isoformat()
    except ValueError:
        return None


_CODED: Mapping[str, Callable[[str], Any]] = {
    "kind": _one_of(_KINDS),
    "lifecycle": _one_of(_LIFECYCLES),
    "roles": _roles,
    "vip": _vip,
    "lang": _lang,
    "uscc": uscc,
    "tags": _parts,
}
