"""Whether a mail is signed or encrypted by S/MIME (RFC 8551) or OpenPGP (RFC 3156): shown as such, not verified."""

from __future__ import annotations

import re

from contactd.channels.email import mime

_PGP = re.compile(r"^-----BEGIN PGP (SIGNED MESSAGE|MESSAGE)-----\s*$", re.MULTILINE)
_SEARCHED = 20_000
_DEEP = 3


def of(tree: mime.Tree, text: str | None) -> str | None:
    """Return smime_signed | smime_encrypted | pgp_signed | pgp_encrypted, or None."""
    part = tree.root
    for _ in range(_DEEP):
        found = _of_part(part)
        if found is not None:
            return found
        if not part.is_multipart:
            break
        part = part.children[0]
    if text and "-----BEGIN PGP " in text[:_SEARCHED]:
        match = _PGP.search(text[:_SEARCHED])
        if match is not None:
            return "pgp_signed" if match[1] == "SIGNED MESSAGE" else "pgp_encrypted"
    return None


def _of_part(part: mime.Part) -> str | None:
    """Say what one part's type says."""
    kind, protocol = part.media_type, part.params.get("protocol", "").lower()
    if kind == "multipart/signed":
        return "pgp_signed" if "pgp" in protocol else "smime_signed" if "pkcs7" in protocol else None
    if kind == "multipart/encrypted":
        return "pgp_encrypted" if "pgp" in protocol else None
    if kind in {"application/pkcs7-mime", "application/x-pkcs7-mime"}:
        return "smime_signed" if part.params.get("smime-type", "").lower() == "signed-data" else "smime_encrypted"
    return None
