"""S/MIME signatures (RFC 8551, CMS of RFC 5652): the content of an opaque one, and whether a signature holds.

asn1crypto reads the structure, `cryptography` does the arithmetic and the chain.  Everything in it is a stranger's: sizes,
numbers of signers and of certificates are bounded, and what cannot be read is said to be so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import verification

from contactd.channels.email.seal import Seal

MAX_SIGNATURE = 1024 * 1024
MAX_SIGNERS = 3
MAX_CERTIFICATES = 20
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
"""Digests that prove something; SHA-1 and MD5 have been forged."""
_FOR_MAIL = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.4")
_FOR_ANYTHING = x509.ObjectIdentifier("2.5.29.37.0")


class _BadError(Exception):
    """The signature does not hold; the word says why."""


def content(der: bytes) -> bytes | None:
    """Return what an opaque signed message says, unverified; None where nothing can be taken out of it."""
    try:
        info = cms.ContentInfo.load(der)
        if info["content_type"].native != "signed_data":
            return None
        inner = info["content"]["encap_content_info"]["content"].native
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return inner if isinstance(inner, bytes) else None


def check(der: bytes, signed: bytes | None, anchors: Sequence[x509.Certificate], author: str, at: datetime) -> Seal:
    """Say whether a signature holds over `signed` (None: over what it contains), and whose it is.

    Args:
        der: the CMS structure.
        signed: the bytes that were signed, in their canonical form.
        anchors: certificates that are known: of authorities, or of correspondents themselves.
        author: the address in From.
        at: the moment for which certificates must be valid.
    """
    if len(der) > MAX_SIGNATURE and signed is not None:
        return Seal("unreadable", why="too_large")
    try:
        data = cms.ContentInfo.load(der)["content"]
        signers = list(data["signer_infos"])[:MAX_SIGNERS]
        known = _certificates(data)
        said = signed if signed is not None else data["encap_content_info"]["content"].native
    except (ValueError, TypeError, KeyError, RecursionError):
        return Seal("unreadable", why="form")
    if not signers or not isinstance(said, bytes):
        return Seal("unreadable", why="form")
    found = [_one(signer, said, known, anchors, author, at) for signer in signers]
    return min(found, key=lambda one: one.rank)


def _one(
    signer: Any,
    said: bytes,
    known: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    author: str,
    at: datetime,
) -> Seal:
    """Check one signer."""
    try:
        certificate = _certificate(signer, [*known, *anchors])
    except (ValueError, TypeError, KeyError, RecursionError):
        return Seal("unreadable", why="form")
    if certificate is None:
        return Seal("unknown", why="no_certificate")
    addresses = _addresses(certificate)
    who = next((one for one in addresses if one == author.lower()), addresses[0] if addresses else "")
    try:
        _holds(signer, said, certificate)
    except _BadError as error:
        return Seal("invalid", by=who, why=str(error))
    except (ValueError, TypeError, KeyError, RecursionError):
        return Seal("unreadable", by=who, why="form")
    untrusted = _untrusted(certificate, known, anchors, at)
    if untrusted:
        return Seal("unknown", by=who, why=untrusted)
    return Seal("valid" if author.lower() in addresses else "mismatch", by=who)


def _certificates(data: Any) -> list[x509.Certificate]:
    """Return the certificates that came with a signature; what is none is left out."""
    found = []
    for choice in list(data["certificates"] or ())[:MAX_CERTIFICATES]:
        if choice.name == "certificate":
            try:
                found.append(x509.load_der_x509_certificate(choice.chosen.dump()))
            except ValueError:
                continue
    return found


def _certificate(signer: Any, known: Sequence[x509.Certificate]) -> x509.Certificate | None:
    """Return the signer's own certificate among those that are there."""
    sid = signer["sid"]
    for one in known:
        if sid.name == "issuer_and_serial_number":
            named = sid.chosen
            if (
                one.serial_number == named["serial_number"].native
                and one.issuer.public_bytes() == named["issuer"].dump()
            ):
                return one
        elif _key_id(one) == sid.chosen.native:
            return one
    return None


def _key_id(certificate: x509.Certificate) -> bytes | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return None


def _holds(signer: Any, said: bytes, certificate: x509.Certificate) -> None:
    """Check that a signature was made over these bytes with the certificate's key.

    Raises:
        _BadError: it was not, or in a way that proves nothing.
    """
    name = signer["digest_algorithm"]["algorithm"].native
    if name not in _HASHES:
        raise _BadError("weak")  # noqa: EM101 - a word of the wire
    algorithm = _HASHES[name]()
    signed = said
    if signer["signed_attrs"]:
        digests = [one["values"][0].native for one in signer["signed_attrs"] if one["type"].native == "message_digest"]
        if digests != [hashlib.new(name, said).digest()]:
            raise _BadError("changed")  # noqa: EM101 - a word of the wire
        # RFC 5652, 5.4: the attributes are signed as a SET, though they stand there under an implicit tag.
        signed = b"\x31" + signer["signed_attrs"].dump()[1:]
    try:
        _verify(certificate.public_key(), signer, signed, algorithm)
    except InvalidSignature:
        raise _BadError("changed") from None  # noqa: EM101 - a word of the wire


def _verify(key: Any, signer: Any, signed: bytes, algorithm: hashes.HashAlgorithm) -> None:
    signature = signer["signature"].native
    kind = signer["signature_algorithm"]["algorithm"].native
    if isinstance(key, rsa.RSAPublicKey):
        scheme: padding.AsymmetricPadding = padding.PKCS1v15()
        if kind == "rsassa_pss":
            scheme = padding.PSS(mgf=padding.MGF1(algorithm), salt_length=padding.PSS.AUTO)
        key.verify(signature, signed, scheme, algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(algorithm))
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, signed)
    else:
        raise _BadError("weak")  # noqa: EM101 - a word of the wire


def _untrusted(
    certificate: x509.Certificate,
    known: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    at: datetime,
) -> str:
    """Say why a certificate is not vouched for at that moment; empty = it is, and may sign mail."""
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return "expired"
    if not _signs_mail(certificate):
        return "purpose"
    if certificate in anchors:
        return ""
    if not anchors:
        return "untrusted"
    policy = (
        verification.PolicyBuilder()
        .store(verification.Store(list(anchors)))
        .time(at)
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            ee_policy=verification.ExtensionPolicy.permit_all(),
        )
    )
    try:
        policy.build_client_verifier().verify(certificate, [one for one in known if one != certificate])
    except verification.VerificationError:
        return "untrusted"
    return ""


def _signs_mail(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:
        return False
    return _FOR_MAIL in usage or _FOR_ANYTHING in usage


def _addresses(certificate: x509.Certificate) -> list[str]:
    """Return the mail addresses a certificate is for, in lower case."""
    found: list[str] = []
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found += names.get_values_for_type(x509.RFC822Name)
    except (x509.ExtensionNotFound, ValueError):
        pass
    found += [str(one.value) for one in certificate.subject.get_attributes_for_oid(x509.NameOID.EMAIL_ADDRESS)]
    return [one.lower() for one in found[:20]]
