"""Where a request with a cookie may come from: the rules that keep other sites from acting with a user's log-in.

A browser names the page a request comes from (`Origin`, RFC 6454); it must be ours.  One without an origin comes from a
program on this machine, or is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def allowed(headers: Mapping[str, str], client: str | None, public_url: str, *, unsafe: bool) -> bool:
    """Tell whether a request that proves itself by a cookie may be served.

    Args:
        headers: the request's, by lower-case name.
        client: the peer's address; None = unknown.
        public_url: `http.public_url`, or empty.
        unsafe: True for methods that change something and for a socket's handshake.
    """
    origin = headers.get("origin")
    if origin is not None:
        return _same_place(origin, headers.get("host", ""), public_url)
    if not unsafe:
        return True
    from_browser = any(name in headers for name in ("sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"))
    return is_loopback(client) and not from_browser


def is_loopback(client: str | None) -> bool:
    """Tell whether an address is this machine."""
    try:
        address = ip_address((client or "").partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def cookie(header: str, name: str) -> str | None:
    """Return a cookie's value out of a Cookie header."""
    for pair in header.split(";"):
        key, _, value = pair.partition("=")
        if key.strip() == name:
            return value.strip().strip('"')
    return None


def _same_place(origin: str, host: str, public_url: str) -> bool:
    """Tell whether `origin` is the host that was asked, or the public address."""
    place = _place(origin)
    if place is None:
        return False
    scheme, name, port = place
    if public_url:
        public = _place(public_url)
        if public == place:
            return True
    asked = _place(f"{scheme}://{host}")
    return asked is not None and asked[1:] == (name, port)


def _place(url: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an origin; None for `null` and everything else that is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or parts.username is not None or parts.path.strip("/"):
        return None
    return parts.scheme, parts.hostname.lower(), port or DEFAULT_PORTS[parts.scheme]
