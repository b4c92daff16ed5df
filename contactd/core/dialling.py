"""Which numbers the product may dial by itself: complete ones, of people, that cost what calls usually cost."""

from __future__ import annotations

from contactd.core.address import PhoneAddress, phone

SAFE_KINDS = frozenset({"mobile", "fixed", "voip", "other"})
"""No premium and no service numbers, nothing that is no whole number: a callback is asked for by strangers."""
HOME = "+86"


def safe_to_call(number: str, region: str = "CN", *, abroad: bool = False, home: str = HOME) -> PhoneAddress | None:
    """Return a number as it may be called back, None when it may not.

    Args:
        number: as somebody wrote it, or in E.164.
        region: country whose rules apply to a number without country code.
        abroad: numbers of other countries too; whoever asks for a call to an expensive country may live on it.
        home: the country code that is not abroad.
    """
    found = phone(number, region)
    if found is None or found.kind not in SAFE_KINDS or not found.e164.startswith("+"):
        return None
    return found if abroad or found.e164.startswith(home) else None
