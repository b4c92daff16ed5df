"""What a spam filter in front (rspamd, SpamAssassin, and those that write as they do) thinks of a mail.

Its word can only make a reader more careful, so that it matters little who wrote it.
"""

from __future__ import annotations

import re

from contactd.channels.email import block

_ANY = re.compile(rb"^x-(?:spam|rspamd)", re.IGNORECASE | re.MULTILINE)
_NUMBER = re.compile(r"[-+]?\d{1,5}(?:\.\d{1,5})?")
_STATUS = re.compile(r"\b(?:score|hits)=([-+]?\d{1,5}(?:\.\d{1,5})?)")
_RESULT = re.compile(r"\[\s*([-+]?\d{1,5}(?:\.\d{1,5})?)\s*/")
_FLAGGED = 100.0
"""The score of a mail that is flagged without one."""


def score(raw: bytes) -> float | None:
    """Return the highest score that stands in a mail's header block; None where no filter wrote one."""
    if _ANY.search(raw[: block.MAX_BLOCK]) is None:
        return None
    fields, _ = block.split(raw[: block.MAX_BLOCK + 4])
    found: list[float] = []
    for name, pattern in (
        ("x-spam-score", _NUMBER),
        ("x-rspamd-score", _NUMBER),
        ("x-spam-status", _STATUS),
        ("x-spamd-result", _RESULT),
    ):
        for value in fields.all(name)[:3]:
            match = pattern.search(value.decode("ascii", "replace")[:2000])
            if match is not None:
                found.append(float(match[match.lastindex or 0]))
    if not found and any(value.strip().lower().startswith(b"yes") for value in fields.all("x-spam-flag")[:3]):
        found.append(_FLAGGED)
    return max(found, default=None)
