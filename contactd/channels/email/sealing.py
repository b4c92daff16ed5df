"""The signatures of a mail, found and checked where it is read: S/MIME and OpenPGP, each with the keys that are known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from pysequoia import Cert

from contactd.channels.email import mime, openpgp, smime
from contactd.channels.email.seal import Seal
from contactd.core.errors import ConfigError

_DEEP = 3
_SIGNED_PARTS = 2
"""What is signed, and its signature (RFC 1847, 2.1)."""
_BEGIN, _END = b"-----BEGIN PGP SIGNED MESSAGE-----", b"-----END PGP SIGNATURE-----"
_EMPTY_LINE = re.compile(rb"(?:\A|\n)[ \t]*\r?\n")
_BREAK = re.compile(rb"\r\n|\r|\n")
_OPAQUE = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})


@dataclass(frozen=True)
class Known:
    """The keys that are known, as bytes: they travel to the worker that reads."""

    certificates: tuple[bytes, ...] = ()
    """PEM: authorities for S/MIME, or certificates of correspondents."""
    keys: tuple[bytes, ...] = ()
    """OpenPGP certificates, armored or not."""

    @classmethod
    def load(cls, ca_files: tuple[Path, ...], pgp_keys: tuple[Path, ...]) -> Known:
        """Read the files the settings name.

        Raises:
            ConfigError: one cannot be read, or holds none.
        """
        made = cls(tuple(map(_read, ca_files)), tuple(map(_read, pgp_keys)))
        try:
            _ = made.anchors, made.certs
        except ValueError as error:
            text = f"channels.email.signatures: {error}"
            raise ConfigError(text) from None
        return made

    @cached_property
    def anchors(self) -> list[x509.Certificate]:
        """The certificates."""
        return [one for data in self.certificates for one in x509.load_pem_x509_certificates(data)]

    @cached_property
    def certs(self) -> list[Cert]:
        """The OpenPGP certificates."""
        return openpgp.keys(self.keys)

    def __reduce__(self) -> tuple[type[Known], tuple[tuple[bytes, ...], tuple[bytes, ...]]]:
        """Travel as bytes: what was made of them stays."""
        return Known, (self.certificates, self.keys)


def of(raw: bytes, protection: str, author: str, known: Known, at: datetime) -> Seal | None:
    """Check what signs a mail; None where nothing is signed.

    A signature over a part says nothing of what stands beside it: anybody may put words around a signed mail of somebody else's.
    """
    tree = mime.Tree(raw)
    part, whole = tree.root, True
    for _ in range(_DEEP):
        if part.media_type == "multipart/signed" and len(part.children) > 1:
            signed = _canonical(raw[part.children[0].begin : part.children[0].end])
            signature = tree.content(part.children[1])
            whole = whole and len(part.children) == _SIGNED_PARTS
            if protection == "smime_signed":
                return _of_all(smime.check(signature, signed, known.anchors, author, at), whole=whole)
            return _of_all(openpgp.check(signed, signature, known.certs, author, at), whole=whole)
        if part.media_type in _OPAQUE and protection == "smime_signed":
            return _of_all(smime.check(tree.content(part), None, known.anchors, author, at), whole=whole)
        if not part.is_multipart:
            break
        whole = whole and len(part.children) == 1
        part = part.children[0]
    return _inline(tree, part, known, author, at, whole=whole) if protection == "pgp_signed" else None


def _of_all(seal: Seal, *, whole: bool) -> Seal:
    """Take back what a signature proves where only a part of the mail is signed."""
    return seal if whole or seal.state not in {"valid", "mismatch"} else Seal("unknown", by=seal.by, why="partial")


def opened(raw: bytes, tree: mime.Tree) -> bytes | None:
    """Return a mail whose whole is an opaque S/MIME message with its content in its place; None where it is none.

    Its own fields stay: who wrote it, to whom and about what; those of the content say what it is.
    """
    if tree.root.media_type not in _OPAQUE:
        return None
    inner = smime.content(tree.content(tree.root))
    if inner is None:
        return None
    head: list[bytes] = []
    kept = True
    for line in raw[: tree.root.start].splitlines(keepends=True):
        if not line.startswith((b" ", b"\t")):
            kept = not line.lower().startswith((b"content-", b"mime-version:")) and bool(line.strip())
        if kept:
            head.append(line)
    return b"".join(head) + inner


def _inline(tree: mime.Tree, part: mime.Part, known: Known, author: str, at: datetime, *, whole: bool) -> Seal | None:
    data = tree.content(part)
    begins = data.find(_BEGIN)
    ends = data.find(_END, begins)
    if begins < 0 or ends < 0:
        return None
    found = openpgp.check(data[begins : ends + len(_END) + 1], None, known.certs, author, at)
    around = data[:begins] + data[ends + len(_END) :]
    head = data[begins + len(_BEGIN) :].lstrip(b" \t").removeprefix(b"\r").removeprefix(b"\n")
    fields = _EMPTY_LINE.split(head, maxsplit=1)[0].splitlines()
    alone = not around.strip() and all(line.startswith(b"Hash:") for line in fields)
    return _of_all(found, whole=whole and alone)


def _canonical(data: bytes) -> bytes:
    """Return the bytes that were signed: their lines end in CRLF (RFC 8551, 3.1.1; RFC 3156, 5)."""
    return _BREAK.sub(b"\r\n", data)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        text = f"channels.email.signatures: {path} cannot be read: {error.strerror}"
        raise ConfigError(text) from None
