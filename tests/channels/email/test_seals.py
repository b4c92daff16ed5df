"""Signatures of mail: valid, changed, by somebody else, by nobody known; opaque ones opened; hostile ones without harm."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from hypothesis import given, settings
from hypothesis import strategies as st
from pysequoia import Cert, PySigner, SignatureMode, sign

from contactd.channels.email import sealing
from contactd.channels.email.beliefs import Beliefs
from contactd.channels.email.options import Options
from contactd.channels.email.parse import parse
from contactd.channels.email.reader import read
from contactd.channels.email.seal import Seal
from contactd.channels.email.sealing import Known
from contactd.core.errors import ConfigError

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LI = "li@kunde.example"
INNER = b"Content-Type: text/plain; charset=utf-8\r\n\r\nThe order stands.\r\n"


class Person:
    """Somebody with a key and a certificate."""

    def __init__(self, name: str, issuer: Person | None = None, *, key: Any = None, days: int = 100) -> None:
        self.key: Any = key or ec.generate_private_key(ec.SECP256R1())
        authority = issuer is None
        by = issuer or self
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.name = subject
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(by.name)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(AT - timedelta(days=200))
            .not_valid_after(AT + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key()), critical=False)
            .add_extension(_usage(authority=authority), critical=True)
        )
        if not authority:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(name)]), critical=False)
        self.certificate = builder.sign(by.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def signs(self, data: bytes, *options: pkcs7.PKCS7Options, digest: Any = None) -> bytes:
        made = pkcs7.PKCS7SignatureBuilder().set_data(data)
        made = made.add_signer(self.certificate, self.key, digest or hashes.SHA256())
        return made.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary, *options])


def _usage(*, authority: bool) -> x509.KeyUsage:
    no = dict.fromkeys(
        (
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **no)


CA = Person("Example Mail CA")
OTHER_CA = Person("Somebody's own CA")
SIGNER = Person(LI, CA)


def detached(inner: bytes, signature: bytes, kind: str = "pkcs7") -> bytes:
    protocol = {"pkcs7": "application/pkcs7-signature", "pgp": "application/pgp-signature"}[kind]
    body = base64.encodebytes(signature) if kind == "pkcs7" else signature
    encoding = b"Content-Transfer-Encoding: base64\r\n" if kind == "pkcs7" else b""
    return (
        (
            f"From: Li <{LI}>\r\nTo: desk@example.com\r\nSubject: Order\r\nMessage-ID: <1@kunde.example>\r\n"
            f'Content-Type: multipart/signed; protocol="{protocol}"; micalg=sha-256; boundary=b1\r\n\r\n--b1\r\n'
        ).encode()
        + inner
        + f"\r\n--b1\r\nContent-Type: {protocol}\r\n".encode()
        + encoding
        + b"\r\n"
        + body
        + b"\r\n--b1--\r\n"
    )


def smime(inner: bytes = INNER, by: Person = SIGNER, **options: Any) -> bytes:
    return detached(inner, by.signs(inner, pkcs7.PKCS7Options.DetachedSignature, **options))


def opaque(by: Person = SIGNER) -> bytes:
    data = base64.encodebytes(by.signs(INNER))
    return (
        f"From: Li <{LI}>\r\nTo: desk@example.com\r\nSubject: Order\r\nMessage-ID: <1@kunde.example>\r\n"
        'Content-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    ).encode() + data


def sealed(raw: bytes, *anchors: Person, keys: tuple[bytes, ...] = (), at: datetime = AT) -> Seal | None:
    mail = parse(raw)
    known = Known(tuple(one.pem for one in anchors), keys)
    return sealing.of(raw, mail.protection or "", mail.from_address, known, at)


def test_what_a_known_authority_vouches_for_is_valid() -> None:
    assert sealed(smime(), CA) == Seal("valid", by=LI)
    assert sealed(smime(), SIGNER) == Seal("valid", by=LI)
    rsa_signer = Person(LI, CA, key=rsa.generate_private_key(65537, 2048))
    assert sealed(smime(by=rsa_signer), CA) == Seal("valid", by=LI)


def test_line_ends_that_changed_on_the_way_break_nothing() -> None:
    assert sealed(smime().replace(b"\r\n", b"\n"), CA) == Seal("valid", by=LI)


@pytest.mark.parametrize(
    ("raw", "anchors", "at", "seal"),
    [
        (smime().replace(b"stands", b"is off"), [CA], AT, Seal("invalid", by=LI, why="changed")),
        (smime(), [OTHER_CA], AT, Seal("unknown", by=LI, why="untrusted")),
        (smime(), [], AT, Seal("unknown", by=LI, why="untrusted")),
        (smime(), [CA], AT + timedelta(days=101), Seal("unknown", by=LI, why="expired")),
        (smime(by=Person("bo@kunde.example", CA)), [CA], AT, Seal("mismatch", by="bo@kunde.example")),
        # Whoever has a certificate is no authority.
        (smime(by=Person(LI, SIGNER)), [CA], AT, Seal("unknown", by=LI, why="untrusted")),
        (detached(INNER, b"\x30\x80garbage"), [CA], AT, Seal("unreadable", why="form")),
    ],
)
def test_what_proves_nothing_says_why(raw: bytes, anchors: list[Person], at: datetime, seal: Seal) -> None:
    assert sealed(raw, *anchors, at=at) == seal


def test_an_opaque_mail_is_opened_to_what_it_says() -> None:
    mail = parse(opaque())
    assert (mail.subject, (mail.text or "").strip(), mail.protection) == ("Order", "The order stands.", "smime_signed")
    assert sealed(opaque(), CA) == Seal("valid", by=LI)
    assert sealed(opaque(), OTHER_CA) == Seal("unknown", by=LI, why="untrusted")


def test_what_an_opaque_mail_contains_cannot_speak_for_its_sender() -> None:
    inner = b"From: boss@example.com\r\nSubject: Pay\r\n" + INNER
    data = base64.encodebytes(SIGNER.signs(inner))
    raw = opaque()[: opaque().index(b"\r\n\r\n") + 4] + data
    mail = parse(raw)
    assert (mail.from_address, mail.subject) == (LI, "Order")


def signer(cert: Cert) -> PySigner:
    assert cert.secrets is not None
    return cert.secrets.signer()


def pgp(text: bytes = INNER) -> tuple[Cert, bytes]:
    cert = Cert.generate(f"Li <{LI}>")
    return cert, detached(text, sign(signer(cert), text, mode=SignatureMode.DETACHED), "pgp")


def test_a_pgp_signature_is_checked_with_known_keys() -> None:
    cert, raw = pgp()
    bo = Cert.generate("Bo <bo@kunde.example>")
    now = datetime.now(UTC)
    assert sealed(raw, keys=(bytes(cert), bytes(bo)), at=now) == Seal("valid", by=LI)
    assert sealed(raw, keys=(str(cert).encode(),), at=now) == Seal("valid", by=LI)
    assert sealed(raw, keys=(bytes(bo),), at=now) == Seal("unknown", why="no_key")
    assert sealed(raw.replace(b"stands", b"is off"), keys=(bytes(cert),), at=now) == Seal(
        "invalid", by=LI, why="changed"
    )


def test_a_pgp_signature_within_the_text_is_checked() -> None:
    cert = Cert.generate(f"Li <{LI}>")
    signed = sign(signer(cert), b"The order stands.\n", mode=SignatureMode.CLEAR)
    raw = f"From: {LI}\r\nSubject: Order\r\n\r\n".encode() + signed.replace(b"\n", b"\r\n") + b"\r\n"
    now = datetime.now(UTC)
    assert sealed(raw, keys=(bytes(cert),), at=now) == Seal("valid", by=LI)
    assert sealed(raw.replace(b"stands", b"is off"), keys=(bytes(cert),), at=now) == Seal(
        "invalid", by=LI, why="changed"
    )


def test_words_around_what_somebody_else_signed_are_not_signed() -> None:
    extra = b"Content-Type: text/plain\r\n\r\nPay to another account.\r\n"
    head, body = smime().split(b"Content-Type: multipart/signed", 1)
    wrapped = b"Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/signed" + body
    beside = head + wrapped + b"--o\r\n" + extra + b"--o--\r\n"
    third = smime().replace(b"--b1--", b"--b1\r\n" + extra + b"--b1--")
    for raw in (beside, third):
        assert b"another account" in (parse(raw).text or "").encode() or parse(raw).attachments
        assert sealed(raw, CA) == Seal("unknown", by=LI, why="partial")
    assert sealed(head + wrapped + b"--o--\r\n", CA) == Seal("valid", by=LI)


@pytest.mark.parametrize("place", ["before", "after", "fields"])
def test_words_around_signed_lines_are_not_signed(place: str) -> None:
    cert = Cert.generate(f"Li <{LI}>")
    signed = sign(signer(cert), b"The order stands.\n", mode=SignatureMode.CLEAR).replace(b"\n", b"\r\n")
    text = b"Pay to another account.\r\n"
    first = signed.index(b"\r\n") + 2
    places = {
        "before": text + signed,
        "after": signed + b"\r\n" + text,
        "fields": signed[:first] + b"Comment: " + text + signed[first:],
    }
    raw = f"From: {LI}\r\nSubject: Order\r\n\r\n".encode() + places[place]
    seal = sealed(raw, keys=(bytes(cert),), at=datetime.now(UTC))
    assert seal is not None
    assert seal.state != "valid"


def test_the_message_says_it(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(CA.pem)
    options = Options.model_validate({"signatures": {"ca_files": [str(tmp_path / "ca.pem")]}})
    beliefs = Beliefs.of(options)
    content = read(smime(), {"beliefs": beliefs, "at": int(AT.timestamp() * 1000)})
    assert content.messages[0].headers["seal"] == f"state=valid by={LI}"
    assert content.quarantine is None


@pytest.mark.parametrize("table", [{"ca_files": ["none.pem"]}, {"pgp_keys": ["none.asc"]}])
def test_a_key_file_that_is_not_there_is_said(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Beliefs.of(Options.model_validate({"signatures": table}))


SIGNED = [smime(), opaque()]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_change_of_a_signed_mail_raises(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(SIGNED)))
    start = raw.index(b"\r\n\r\n")
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(start, len(raw) - 1))] = data.draw(st.integers(0, 255))
    content = read(bytes(raw), {"beliefs": Beliefs(known=Known((CA.pem,), ()))})
    assert content.quarantine is None
