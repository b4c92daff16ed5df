"""OpenPGP signatures (RFC 9580; in mail RFC 3156 and inline): whether one holds, by Sequoia, with the keys that are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from pysequoia import Cert, Sig, verify

from contactd.channels.email.seal import Seal

MAX_SIGNATURE = 256 * 1024
_ADDRESS = re.compile(r"<([^<>\s]{1,300})>|^([^<>\s]{1,300}@[^<>\s]{1,255})$")
MAX_SIGNED = 20 * 1024 * 1024


def keys(files: Sequence[bytes]) -> list[Cert]:
    """Read key files, armored or not; raise `ValueError` naming no content where one cannot be read."""
    found: list[Cert] = []
    for data in files:
        try:
            found += Cert.split_bytes(data)
        except Exception:  # noqa: BLE001 - the library raises whatever its parser does
            text = "not an OpenPGP key"
            raise ValueError(text) from None
    return found


def check(signed: bytes, signature: bytes | None, known: Sequence[Cert], author: str, at: datetime) -> Seal:
    """Say whether a signature holds: a detached one over `signed`, or the one that stands around it (`signature` None)."""
    if len(signed) > MAX_SIGNED or len(signature or b"") > MAX_SIGNATURE:
        return Seal("unreadable", why="too_large")
    used: list[Cert] = []

    def store(idents: list[str]) -> list[Cert]:
        used[:] = [one for one in known if any(_has(one, ident) for ident in idents)]
        return used

    try:
        detached = Sig.from_bytes(signature) if signature is not None else None
    except Exception:  # noqa: BLE001 - as above
        return Seal("unreadable", why="form")
    try:
        found = verify(bytes=signed, store=store, signature=detached)
    except Exception:  # noqa: BLE001 - as above
        return _failed(used, at)
    made = {one.certificate.lower() for one in found.valid_sigs}
    addresses = [address for one in used if one.fingerprint.lower() in made for address in _addresses(one)]
    if author.lower() in addresses:
        return Seal("valid", by=author.lower())
    return Seal("mismatch", by=addresses[0] if addresses else "")


def _failed(used: Sequence[Cert], at: datetime) -> Seal:
    """Say why nothing was proved: the key is not there, is over, or was not used for this."""
    if not used:
        return Seal("unknown", why="no_key")
    who = next(iter(_addresses(used[0])), "")
    if any(one.is_revoked or (one.expiration is not None and one.expiration < at) for one in used):
        return Seal("unknown", by=who, why="expired")
    return Seal("invalid", by=who, why="changed")


def _has(one: Cert, ident: str) -> bool:
    """Tell whether a certificate has a key: what signs is named in the signatures that bind it.

    RFC 9580, 5.5.4: a key's short id is the end of its fingerprint in version 4, the beginning in version 6.
    """
    whole, wanted = bytes(one), bytes.fromhex(ident)
    return wanted[-8:] in whole or wanted[:8] in whole


def _addresses(one: Cert) -> list[str]:
    """Return the mail addresses of a certificate's user ids, in lower case."""
    matches = (_ADDRESS.search(str(ident)) for ident in one.user_ids[:50])
    return [(match[1] or match[2]).lower() for match in matches if match]
