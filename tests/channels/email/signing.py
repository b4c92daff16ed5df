"""A key of the tests' own, what the DNS says of it, and mails signed and sealed with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dkim

from contactd.channels.email.names import LateError

PRIVATE = b"""-----BEGIN RSA PRIVATE KEY-----
MIICXgIBAAKBgQDG2O6QcWUssOIEdFOKaCmUHLfymwUB478UTo9aNoCVNpkddtqP
NRxKGEF5yHOkrGRTjfNzUgLZCEHV+iuC0OR1MZRe60ji5KO4xMcZ8i7MVmqX7f4R
pguwvgsl6zrk9s6RvjPcs9t23A2ZOyYMpNTMzmwFOAZwZwT0LnqHrekWUQIDAQAB
AoGBAKVjFwFin2ENed90lWtf+X0sab7KOt74exw7vzWscUQqFi4QhfZomS/zfrn5
BF5p2EQ6o8s94gp7uK5tljUG44wxgbWUJknLqoQGkQEa/53LhKed0TczgM8b3O9p
HqsZXgjc8q+yNJukM7HSsa5P0vIvoci9nVH9iwIVVUIBNqQxAkEA9EGXx/tvmoOi
1lJypr3QDQ/sA4KBeo2pUZs+n/PwL41NVD7SePZ4+SqdbDFVwODZm7+85kdLgsYd
qmvXlSombQJBANBobZ+xpSgrGuP7ftWmgxy7G7fLX/sP7nHQev9yk3LPzwyUUCbS
AmLqZQC8dJG2ODIfpks6SGNenIDgUp2pkPUCQQC+AYx11+VAWGhCus5PYVbH4nvh
WxMn560wO0jjGtrb0tq1z0zhJjKC+aCOOm6P5RnCa8whgpJ9/2myWcPRWIGdAkEA
pUfcgMS7DaM53UrMKRa4bqW5csbY5NyapyrHESXF6E0EkJ5i/paZC+eGmNHcxN61
rJLLKGgdlqknB1JgUudyrQJAHTd6zKBS9c4RxhTWSmJeg0knagZD4AxWFmVdob5K
7bD0MIiy0uPN9jh0uVkHFuKUrIKgCx6fRc8zOXC3e3U3Yw==
-----END RSA PRIVATE KEY-----
"""
PUBLIC = (
    "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDG2O6QcWUssOIEdFOKaCmUHLfymwUB478U"
    "To9aNoCVNpkddtqPNRxKGEF5yHOkrGRTjfNzUgLZCEHV+iuC0OR1MZRe60ji5KO4xMcZ8i7MVmqX7f4Rpguwvgsl6z"
    "rk9s6RvjPcs9t23A2ZOyYMpNTMzmwFOAZwZwT0LnqHrekWUQIDAQAB"
)


class Names:
    """A DNS that knows what a test tells it; names in `late` are never answered."""

    def __init__(self, records: Mapping[tuple[str, str], list[Any]], late: tuple[str, ...] = ()) -> None:
        self.records = dict(records)
        self.late = late
        self.asked: list[tuple[str, str]] = []

    def __call__(self, name: str, kind: str) -> list[Any]:
        self.asked.append((name, kind))
        if name in self.late:
            raise LateError
        return self.records.get((name, kind), [])


def txt(text: str) -> list[tuple[bytes, ...]]:
    """Return a TXT record as it comes: in pieces of 255 bytes at most."""
    data = text.encode()
    return [tuple(data[at : at + 255] for at in range(0, len(data), 255))]


def signed(mail: bytes, domain: str, **more: Any) -> bytes:
    """Sign a mail for a domain."""
    signature: bytes = dkim.sign(mail, b"sel", domain.encode(), PRIVATE, canonicalize=(b"relaxed", b"relaxed"), **more)
    return signature + mail


def sealed(mail: bytes, domain: str, server: str) -> bytes:
    """Seal a mail as a forwarder does that found what stands in its Authentication-Results."""
    lines = dkim.arc_sign(mail, b"sel", domain.encode(), PRIVATE, server.encode())
    return b"".join(lines) + mail
