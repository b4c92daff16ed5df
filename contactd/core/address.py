"""Addresses of customers, normalised for matching: telephone and fax numbers, e-mail, chat visitors.

One function per kind, used by channels, API, import and search alike, so that the same customer is found whatever
spelling an outside system prefers.  Pure and total: no text makes them raise, and no text makes them slow (what is
longer than `MAX_CHARS` is cut).  The rules for spellings are those people in China really use; the region
is an argument.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import idna
import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType, ValidationResult

from contactd.core.party import Point

EMAIL, FAX, PHONE = "email", "fax", "phone"
"""Kinds of contact points."""
MAX_CHARS = 256
MAX_CELL_CHARS = 1024
MAX_NUMBERS = 16

_KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.TOLL_FREE: "tollfree",
    PhoneNumberType.SHARED_COST: "tollfree",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PREMIUM_RATE: "premium",
}

_ANONYMOUS = frozenset(
    {"anonymous", "unknown", "private", "withheld", "unavailable", "restricted", "blocked", "none", "null", "n/a"}
    | {"未知", "未知号码", "匿名", "匿名号码", "无", "没有", "隐藏", "隐藏号码", "保密", "不详", "私人号码", "无号码"},
)

# Emergency and service numbers, operators, banks (95), local services (96), enterprise access (1010), SMS ports (106).
_SHORT_CN = re.compile(r"11[0-9]|12[0-2]|1[0-2]\d{3}|11[68]\d{3}|9[56]\d{3,4}|1010\d{4}|106\d{3,17}")
_MOBILE_CN = re.compile(r"(?:\+?86|0086|0)?(1[3-9]\d{9})")
_LOCAL_CN = re.compile(r"[2-9]\d{6,7}")
_NEIGHBOURS = re.compile(r"(?:852|853|886)\d{7,9}")
"""Hong Kong, Macao and Taiwan as neighbours write them: the country code without `+`."""

_NAMED_EXTENSION = re.compile(
    r"(?<=[\d)\s])[\s,(]{0,4}(?:转接|转|分机号|分机|内线|;\s?ext=|extension|extn|ext)\s{0,4}[:.]?\s{0,4}(\d{1,8})",
    re.IGNORECASE,
)
_MARKED_EXTENSION = re.compile(r"(?<=[\d)\s])\s{0,4}(?:[x#]|,{1,4})\s{0,4}(\d{1,6})(?!\d)", re.IGNORECASE)
_DASHED_EXTENSION = re.compile(r"-{1,2}(\d{1,6})$")
_SCHEME = re.compile(r"^(?:tel|fax|sips?|callto):(?://)?", re.IGNORECASE)
_ANGLE = re.compile(r"<([^<>]*)>")
_TRUNK_ZERO = re.compile(r"\(0\)")
_DASHES = re.compile(r"[‐-―−ー~]")  # noqa: RUF001 - these look-alikes are what the pattern is for
_START = re.compile(r"[+\d(*#]")
_BETWEEN = re.compile(r"[、;|\n\r\t]|\s(?:or|and)\s|[或和及]")
_DIGITS = re.compile(r"\d")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62}){0,30}")
_PLAIN_MAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9_][A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62}){0,30}"
)
"""An e-mail address as nearly all are written: nothing in it but its case needs to be changed."""
_LITERAL = re.compile(r"\[[0-9a-f.:]{2,45}\]")
_CHINA = 86
_SUBSCRIBER = 7
"""Fewest digits of a subscriber's number: fewer after a comma or slash are an extension or an ending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneAddress:
    """A telephone number, normalised."""

    e164: str
    """`+8613800138000`; `short:95588` for service numbers, which mean something in one country only and are never
    dialled abroad; `raw:60135900` for digits that are no complete number."""
    extension: str | None = None
    kind: str
    """mobile | fixed | tollfree | voip | premium | other | short | raw"""
    raw: str
    """As it came (cut to 256 characters)."""


def phone(
    text: str, region: str = "CN", area_code: str | None = None, *, outside_prefix: str = ""
) -> PhoneAddress | None:
    """Read one telephone number in any usual spelling.

    Args:
        text: the number as somebody wrote it or a PBX showed it; of several numbers the first counts.
        region: country whose rules apply to a number without country code (ISO 3166, two letters).
        area_code: area code with or without its 0 (`0371`), put before numbers of 7 or 8 digits.
        outside_prefix: digits the trunk puts before outside numbers (`9`, `0`); cut off where it is none otherwise.

    Returns:
        The number, or None where there is none: empty, anonymous, no digits.
    """
    text = text[:MAX_CHARS]
    cleaned = _clean(text)
    if _is_nobody(cleaned):
        return None
    first = next(_split(cleaned), None)
    return _read(first, text, _Rules(region, area_code, outside_prefix)) if first else None


def phones(text: str, region: str = "CN", area_code: str | None = None) -> list[PhoneAddress]:
    """Read every number of a cell such as `13800138000/010-12345678转801`, in order, each once, at most 16.

    A range shorthand (`021-6123 4567/68`) is one address of kind `raw`, for a person to review.
    """
    cleaned = _clean(text[:MAX_CELL_CHARS])
    if _is_nobody(cleaned):
        return []
    found: dict[tuple[str, str | None], PhoneAddress] = {}
    for part in _split(cleaned):
        address = _read(part[:MAX_CHARS], part[:MAX_CHARS].strip(), _Rules(region, area_code, ""))
        if address is not None:
            found.setdefault((address.e164, address.extension), address)
        if len(found) == MAX_NUMBERS:
            break
    return list(found.values())


def phone_point(text: str, kind: str = "phone", region: str = "CN", area_code: str | None = None) -> Point | None:
    """Return the contact point of a number; kind `fax` is a point of its own, for one number may be both.

    Service and toll-free numbers belong to companies, never to one person: they are marked shared.
    """
    address = phone(text, region, area_code)
    return point_of(address, kind, region) if address else None


def point_of(address: PhoneAddress, kind: str = "phone", region: str = "CN") -> Point:
    """Return the contact point of a number that was read."""
    return Point(
        kind=kind,
        value=address.e164,
        raw=address.raw,
        ext=address.extension or "",
        display=display_phone(address, region),
        shared=address.kind in {"short", "tollfree"},
    )


_WRITTEN = re.compile(r"(\+\d[\d ()-]*\d|1\d\d \d{4} \d{4}|0\d{2,3}-\d{7,8}|[48]00-\d{3}-\d{4})((?:-| ext\. )\d{1,8})?")


def undivided(written: str) -> str:
    """Return a number as programs compare and dial it: `display_phone`'s writing without what divides its digits.

    An extension stays behind a dash (`037160135900-801`); whatever else it is comes back as it is.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None:
        return written
    digits = "".join(char for char in found[1] if char.isdigit() or char == "+")
    extension = "".join(filter(str.isdigit, found[2] or ""))
    return f"{digits}-{extension}" if extension else digits


def display_phone(address: PhoneAddress | str, region: str = "CN") -> str:
    """Write a number as people read it: `138 0013 8000`, `0371-60135900`, `400-618-0987`; abroad with its country code.

    Takes an address or its `e164` text; what it cannot read comes back as it is.
    """
    e164 = address if isinstance(address, str) else address.e164
    extension = None if isinstance(address, str) else address.extension
    if not e164.startswith("+"):
        shown = e164.removeprefix("short:").removeprefix("raw:")
        return f"{shown}-{extension}" if extension else shown
    if region == "CN" and (mobile := _MOBILE_CN.fullmatch(e164)):
        shown = f"{mobile[1][:3]} {mobile[1][3:7]} {mobile[1][7:]}"
        return f"{shown}-{extension}" if extension else shown
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        return e164
    if number.country_code != phonenumbers.country_code_for_region(region):
        shown = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
        return f"{shown} ext. {extension}" if extension else shown
    shown = _domestic(number)
    return f"{shown}-{extension}" if extension else shown


def email(text: str) -> Point | None:
    """Return the contact point of an e-mail address, or None when it is none.

    The domain is taken as IDNA and all in lower case, for matching.  Addresses of a role (`info@`, `service@`) are
    marked shared: several people write from them.
    """
    if len(text) <= MAX_CHARS and _PLAIN_MAIL.fullmatch(text):
        folded = text.lower()
        local = folded.partition("@")[0]
        return Point(kind="email", value=folded, raw=text, display=folded, shared=local in ROLE_MAILBOXES)
    raw = text[:MAX_CHARS].strip()
    bare = unicodedata.normalize("NFKC", raw).strip("<> \t")
    local, at, domain = bare.rpartition("@")
    ascii_domain = _domain(domain) if at and local and _is_plain(bare) else None
    if ascii_domain is None:
        return None
    local = local.lower()
    return Point(
        kind="email",
        value=f"{local}@{ascii_domain}",
        raw=raw,
        display=f"{local}@{domain.lower()}",
        shared=local in ROLE_MAILBOXES,
    )


def visitor_point(namespace: str, visitor: str) -> Point:
    """Return the contact point of a chat visitor: `namespace` is the site, `visitor` the id the server gave out."""
    return Point(kind="chat_visitor", value=visitor, raw=visitor, namespace=namespace, display=visitor[:8])


ROLE_MAILBOXES = frozenset(
    {"abuse", "accounting", "admin", "billing", "contact", "enquiries", "finance", "hello", "help", "helpdesk", "hr"}
    | {"info", "inquiry", "invoice", "kefu", "mail", "mailer-daemon", "marketing", "no-reply", "noreply", "office"}
    | {"orders", "postmaster", "press", "purchase", "purchasing", "reception", "sales", "service", "services", "shop"}
    | {"support", "team", "webmaster"},
)
"""Mailboxes that stand for a role and not for a person (RFC 2142 and the usual further ones)."""


@dataclass(frozen=True, slots=True)
class _Rules:
    """Where a number without country or area code belongs."""

    region: str
    area_code: str | None
    outside_prefix: str


def _clean(text: str) -> str:
    """Bring `text` to half width and plain dashes, without what encloses a number."""
    text = unicodedata.normalize("NFKC", text)[: MAX_CELL_CHARS * 2]
    angle = _ANGLE.search(text)
    if angle and _DIGITS.search(angle.group(1)):
        text = angle.group(1)
    text = _SCHEME.sub("", text.strip())
    text = "".join(_plain(c) for c in text)
    return _TRUNK_ZERO.sub("", _DASHES.sub("-", text.split("@", 1)[0]))


def _plain(char: str) -> str:
    """Write any script's digit as ours and drop control and formatting characters."""
    if char in "\n\r\t":
        return char
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return "" if unicodedata.category(char)[0] == "C" else char


def _is_nobody(text: str) -> bool:
    """Tell whether `text` names no number: a word for an unknown caller, no digit but zeros, or none at all."""
    if text.strip(" <>()\"'").lower() in _ANONYMOUS:
        return True
    return not _digits(text).strip("0")


def _split(text: str) -> Iterator[str]:
    """Yield the parts of `text` that hold digits, cut where one number ends and the next begins."""
    for listed in _BETWEEN.split(_keep_rfc3966(text)):
        for part in [listed] if _is_range(listed) else listed.split("/"):
            held = ""
            for piece in part.split(","):
                # A comma before few digits dials an extension, before many it separates two numbers.
                if held and len(_digits(piece)) < _SUBSCRIBER:
                    held = f"{held},{piece}"
                    continue
                if _digits(held):
                    yield held
                held = piece
            if _digits(held):
                yield held


def _is_range(part: str) -> bool:
    """Tell whether `part` is a shorthand such as `6123 4567/68`, whose second number only a person can complete."""
    head, _, tail = part.partition("/")
    return 0 < len(_digits(tail)) < _SUBSCRIBER <= len(_digits(head))


def _keep_rfc3966(text: str) -> str:
    """Write the extension of a `tel:` address (`;ext=801`) so that its semicolon does not separate."""
    return re.sub(r";\s?ext=", " ext ", text, flags=re.IGNORECASE)


def _read(part: str, raw: str, rules: _Rules) -> PhoneAddress | None:
    """Read one number with its extension."""
    start = _START.search(part)
    if start is None:
        return None
    if _is_range(part):
        return PhoneAddress(e164=f"raw:{_digits(part)}", kind="raw", raw=raw)
    body, extension = _cut_extension(part[start.start() :])
    written = _compact(body)
    digits = _digits(written)
    if not digits.strip("0"):
        return None
    found = _number(written, rules)
    if found is None and extension is None:
        # `010-12345678-801`: the library takes the extension for part of the number, and that is a different number.
        dashed = _DASHED_EXTENSION.search(written)
        head = _number(written[: dashed.start()], rules) if dashed else None
        if dashed and head:
            found, extension = head, dashed.group(1)
    e164, kind = found or (f"raw:{digits}", "raw")
    return PhoneAddress(e164=e164, extension=extension, kind=kind, raw=raw)


def _cut_extension(text: str) -> tuple[str, str | None]:
    """Split a named or marked extension off."""
    for pattern in (_NAMED_EXTENSION, _MARKED_EXTENSION):
        match = pattern.search(text)
        if match and _digits(text[: match.start()]):
            return text[: match.start()], match.group(1)
    return text, None


def _compact(text: str) -> str:
    """Keep sign, digits and dashes of the number at the start of `text`; what follows it (a remark) is dropped."""
    match = re.match(r"[+\d\s().*#-]+", text)
    kept = match.group(0) if match else ""
    kept = re.sub(r"\)", "-", kept)
    return re.sub(r"[^+\d-]", "", kept).strip("-")


def _number(written: str, rules: _Rules) -> tuple[str, str] | None:
    """Return (value, kind) of a number without extension, or None when it is no complete number."""
    digits = _digits(written)
    for candidate in _spellings(written, digits, rules):
        if candidate.startswith("+") and (found := _parse(candidate, rules.region)):
            # `+86 10 6013 5900` is a subscriber in Beijing; without the country code it could be a port for short messages.
            return found
        short = _short(candidate, rules.region)
        if short:
            return f"short:{short}", "short"
        found = _parse(candidate, rules.region)
        if found:
            return found
    return _foreign(written, rules.region)


def _spellings(written: str, digits: str, rules: _Rules) -> Iterator[str]:
    """Yield the ways to understand `written`, likeliest first."""
    signed = written.startswith("+")
    if not signed and rules.area_code and _LOCAL_CN.fullmatch(digits) and not _short(digits, rules.region):
        yield f"0{_digits(rules.area_code).lstrip('0')}{digits}"
    yield f"+{digits}" if signed else digits
    if signed:
        return
    if _NEIGHBOURS.fullmatch(digits):
        yield f"+{digits}"
    if rules.outside_prefix and digits.startswith(rules.outside_prefix):
        yield digits[len(rules.outside_prefix) :]


def _short(digits: str, region: str) -> str | None:
    """Return the service number that `digits` are in `region`, with a domestic country code cut off, or None."""
    if region == "CN":
        bare = re.sub(r"^(?:\+|00)?86(?=1|9[56])", "", digits)
        return bare if _SHORT_CN.fullmatch(bare) else None
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    return digits if phonenumbers.is_valid_short_number_for_region(number, region) else None


def _parse(candidate: str, region: str) -> tuple[str, str] | None:
    """Return (E.164, kind) of `candidate` when it is a complete number."""
    # Most numbers here; and new ranges are handed out faster than the library learns of them.
    mobile = _MOBILE_CN.fullmatch(candidate) if region == "CN" or candidate.startswith("+86") else None
    if mobile:
        return f"+86{mobile.group(1)}", "mobile"
    try:
        number = phonenumbers.parse(candidate, region)
    except phonenumbers.NumberParseException:
        return None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number):
        return e164, _KINDS.get(phonenumbers.number_type(number), "other")
    return None


def _foreign(written: str, region: str) -> tuple[str, str] | None:
    """Return a number with country code that is not in use as far as the library knows, but has the right length."""
    if not written.startswith(("+", "00")):
        return None
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    possible = phonenumbers.is_possible_number_with_reason(number) == ValidationResult.IS_POSSIBLE
    if number.country_code == _CHINA or not possible:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), "other"


def _domestic(number: PhoneNumber) -> str:
    """Write a number of the own country: mobiles 3-4-4, fixed lines area-number."""
    national = phonenumbers.national_significant_number(number)
    if number.country_code != _CHINA:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    if _KINDS.get(phonenumbers.number_type(number)) == "tollfree":
        return f"{national[:3]}-{national[3:6]}-{national[6:]}"
    area = phonenumbers.length_of_geographical_area_code(number)
    return f"0{national[:area]}-{national[area:]}" if area else national


def _digits(text: str) -> str:
    """Return the digits of `text`."""
    return "".join(_DIGITS.findall(text))


def _is_plain(address: str) -> bool:
    """Tell whether an address holds neither spaces, control characters nor what separates addresses."""
    return not any(c in ' ,;<>()"' or c.isspace() or unicodedata.category(c)[0] == "C" for c in address)


def _domain(domain: str) -> str | None:
    """Return a domain in its ASCII form, in lower case; None when it is none."""
    domain = domain.rstrip(".").lower()
    if _LITERAL.fullmatch(domain) or _HOST.fullmatch(domain):
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except UnicodeError:
        return None
