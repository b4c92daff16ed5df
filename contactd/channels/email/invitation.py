"""An invitation (RFC 5545, 5546) as far as a card shows it: what, when, where, by whom, and what is asked."""

from __future__ import annotations

import re

from contactd.channels.email import headers

MAX_SIZE = 256 * 1024
_LINE = re.compile(r"([A-Z-]{1,40})((?:;[A-Z-]{1,40}=(?:\"[^\"]{0,300}\"|[^;:\"]{0,300})){0,10}):(.{0,2000})")
_PARAM = re.compile(r";([A-Z-]{1,40})=(?:\"([^\"]*)\"|([^;:\"]*))")
_MOMENT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})\d{2}(Z?))?$")
_ESCAPE = re.compile(r"\\([\\;,nN])")
_WANTED = {
    "SUMMARY": "what",
    "LOCATION": "where",
    "DTSTART": "from",
    "DTEND": "to",
    "ORGANIZER": "by",
    "STATUS": "status",
    "RRULE": "repeats",
}
METHODS = frozenset({"REQUEST", "CANCEL", "REPLY", "COUNTER", "PUBLISH", "REFRESH", "ADD"})


def read(text: str) -> dict[str, str] | None:
    """Return `method, what, where, from, to, by, repeats` of the first event, each where it is there; None without an event.

    Moments are `2026-12-01T02:00Z`, or local ones (`2026-12-01T10:00 China Standard Time`), or days.
    """
    found: dict[str, str] = {}
    inside = ended = False
    for line in re.sub(r"\r?\n[ \t]", "", text[:MAX_SIZE]).splitlines()[:5000]:
        match = _LINE.match(line.strip())
        if match is None:
            continue
        name, params, value = match[1], match[2], match[3]
        if name == "METHOD" and value.upper() in METHODS:
            found["method"] = value.lower()
        elif name in {"BEGIN", "END"} and value == "VEVENT":
            inside, ended = name == "BEGIN" and not ended, ended or name == "END"
        elif inside and name in _WANTED:
            found.setdefault(_WANTED[name], _value(name, params, value))
    return {key: value for key, value in found.items() if value} if ended or inside else None


def _value(name: str, params: str, value: str) -> str:
    """Return a property's value as it is shown."""
    given = {key: quoted or plain for key, quoted, plain in _PARAM.findall(params)}
    if name.startswith("DT"):
        return _moment(value, given.get("TZID", ""))
    if name == "ORGANIZER":
        address = value.removeprefix("mailto:").removeprefix("MAILTO:")
        return headers.clean(f"{given['CN']} <{address}>" if given.get("CN") else address, 300)
    shown = _ESCAPE.sub(lambda one: " " if one[1] in "nN" else one[1], value)
    return headers.clean(shown, 300)


def _moment(value: str, zone: str) -> str:
    match = _MOMENT.match(value)
    if match is None:
        return ""
    year, month, day, hour, minute, utc = match.groups()
    if hour is None:
        return f"{year}-{month}-{day}"
    local = f" {headers.clean(zone, 60)}" if zone and not utc else ""
    return f"{year}-{month}-{day}T{hour}:{minute}{utc}{local}"
