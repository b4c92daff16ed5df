"""What an operator may set about mail: where it is taken in, for whom, how much of it, and by which smarthost it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, StringConstraints, model_validator

from contactd.channels.email.mailbox_options import Mailbox
from contactd.channels.email.maildir import Maildir

Domain = Annotated[str, StringConstraints(to_lower=True, strip_whitespace=True, pattern=r"^[^\s@/]{1,253}$")]
Address = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\s@<>]{1,64}@[^\s@<>]{1,253}$")]

Sender = Annotated[
    str, StringConstraints(to_lower=True, strip_whitespace=True, pattern=r"^[^\s@<>]{0,64}@[^\s@<>]{1,253}$")
]

_LOOPBACK = ("127.0.0.0/8", "::1/128")


class _Table(BaseModel):
    """A table of keys: none but the known ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Smtp(_Table):
    """The listener."""

    host: str = "127.0.0.1"
    port: int = Field(default=2525, ge=0, le=65535)
    """0 = a free one."""
    hostname: str = ""
    """Name in the greeting; empty = the first of `domains`."""
    certificate: Path | None = None
    """PEM chain; with it STARTTLS is offered."""
    key: Path | None = None
    """PEM key, when it is not in `certificate`."""
    require_tls: bool = False
    """Take no mail before STARTTLS."""
    front: tuple[IPvAnyNetwork, ...] = ()
    """Networks of mail servers and proxies in front that say for whom they stand (XCLIENT, XFORWARD, PROXY)."""
    proxy: bool = False
    """Every connection begins with the header of the PROXY protocol (1 or 2); from anywhere but `front` none is taken."""

    @model_validator(mode="after")
    def _knows_its_proxy(self) -> Self:
        """Refuse to believe a header from anywhere."""
        if self.proxy and not self.front:
            message = "proxy needs the networks in front"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _has_certificate(self) -> Self:
        """Refuse to require what cannot be offered."""
        if self.require_tls and self.certificate is None:
            message = "require_tls needs a certificate"
            raise ValueError(message)
        return self


class Lmtp(_Table):
    """The listener for a mail server beside us; it asks for no log-in, so only such a one may reach it."""

    socket: Path | None = None
    """Path of a socket; who may use it, its folder and group decide."""
    host: str = ""
    """Empty = not over the network."""
    port: int = Field(default=2424, ge=0, le=65535)
    """0 = a free one."""


class Outbound(_Table):
    """The smarthost that takes our mail."""

    host: str = ""
    """Empty = nothing can be sent; what is queued waits."""
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["auto", "none", "starttls", "tls"] = "auto"
    """auto = STARTTLS where it is offered, and required once a password is set; starttls and tls fail closed."""
    username: str = ""
    password: str = Field(default="", repr=False)
    ca_file: Path | None = None
    """PEM certificates to trust instead of the system's."""
    seconds: float = Field(default=60, gt=0)
    """How long the smarthost may be silent."""
    connections: int = Field(default=4, ge=1, le=50)
    """Open at once."""
    per_minute: int | None = Field(default=None, ge=0)
    """Recipients served in a minute; 0 = without limit, None = what is known of the provider."""
    per_day: int | None = Field(default=None, ge=0)
    dsn: Literal["failure", "all", "off"] = "failure"
    """What a smarthost that offers DSN (RFC 3461) is asked to report: failures and delays, arrivals too, or nothing."""

    @model_validator(mode="after")
    def _keeps_password(self) -> Self:
        """Refuse to send a password over an open line."""
        if self.password and self.security == "none" and self.host not in {"localhost", "127.0.0.1", "::1"}:
            message = "a password needs security auto, starttls or tls"
            raise ValueError(message)
        return self


class Trusting(_Table):
    """What is believed about who sent a mail, and what we look up ourselves."""

    authserv_ids: tuple[str, ...] = ()
    """Mail servers in front whose Authentication-Results are believed, by the id they write into it; `*` stands for anything."""
    check: Literal["auto", "always", "never"] = "auto"
    """auto = SPF, DKIM, DMARC and ARC are checked here where mail comes straight from outside, or from a mailbox."""
    nameservers: tuple[str, ...] = ()
    """Addresses of the DNS servers to ask; empty = the machine's."""
    arc_sealers: tuple[Domain, ...] = ()
    """Forwarders that are believed when they vouch for a mail their way has broken (ARC)."""
    watch: tuple[Domain, ...] = ()
    """Domains besides ours whose look-alikes are pointed out."""


class Signatures(_Table):
    """Keys that S/MIME and PGP signatures of mail that comes in are checked with."""

    ca_files: tuple[Path, ...] = ()
    """PEM files: certificates of authorities, or of correspondents themselves."""
    pgp_keys: tuple[Path, ...] = ()
    """Files with OpenPGP certificates (public keys), armored or not."""


class NamedOutbound(Outbound):
    """A smarthost for some of our senders only."""

    senders: tuple[Sender, ...] = Field(min_length=1)
    """Addresses, or domains as `@example.com`, whose mail it takes."""


class Dkim(_Table):
    """The key that signs the mail of a domain."""

    selector: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,63}$")]
    """The public key stands in the DNS at `<selector>._domainkey.<domain>`."""
    key: Path
    """PEM file of an RSA key."""


class Guarding(_Table):
    """What is kept from agents of what comes in, and what is pointed out."""

    hold: tuple[str, ...] = ()
    """Endings of file names (`exe`, `js`) whose files only a supervisor may save."""
    clamd: str = Field(default="", pattern=r"^(|/.+|[^\s/]+:\d{1,5})$")
    """Virus scanner: `host:port`, or the path of its socket; empty = none."""
    clamd_seconds: float = Field(default=20.0, gt=0, le=120)
    spam_flag: float = 5.0
    """From this score of a spam filter in front on, a mail is marked."""
    spam_bulk: float | None = None
    """From this score on it counts as mass mail: the line's `automatic` table decides, and it gets no receipt."""


class Flying(_Table):
    """A mail to ourselves that measures the whole way out and in."""

    to: str = Field(default="", pattern=r"^(|[^\s@<>]{1,64}@[^\s@<>]{1,253})$")
    """Where it is sent, and comes from: an address whose mail comes here; empty = none is sent."""
    minutes: float = Field(default=15.0, ge=1)
    late_minutes: float = Field(default=10.0, ge=1)
    """After so long without it people are told."""


class Limits(_Table):
    """How much one client, and all together, may use."""

    message_bytes: int = Field(default=50 * 1024 * 1024, ge=1024)
    line_bytes: int = Field(default=1024 * 1024, ge=1000)
    recipients: int = Field(default=100, ge=1)
    connections: int = Field(default=200, ge=2)
    """Open at once; from 80 % on slow and faulty clients are cut off early."""
    connections_per_ip: int = Field(default=20, ge=1)
    connects_per_minute: int = Field(default=60, ge=1)
    """Connections, mails and recipients per address (IPv6: per /64)."""
    messages_per_minute: int = Field(default=120, ge=1)
    recipients_per_minute: int = Field(default=600, ge=1)
    errors: int = Field(default=20, ge=1)
    """Refused commands in one connection."""
    idle_seconds: float = Field(default=300, gt=0)
    stress_idle_seconds: float = Field(default=10, gt=0)
    memory_bytes: int = Field(default=256 * 1024 * 1024, ge=1024 * 1024)
    """Mail text held while it comes in, all connections together."""
    disk_free_mb: int = Field(default=256, ge=0)
    """Below this much free disk mail is put off (452)."""
    trusted: tuple[IPvAnyNetwork, ...] = Field(default=_LOOPBACK, validate_default=True)
    """Networks of our own mail systems: no limits per address for them."""


class Options(_Table):
    """The section `[channels.email]`."""

    smtp: Smtp = Smtp()
    lmtp: Lmtp = Lmtp()
    domains: tuple[Domain, ...] = Field(default=("localhost", "example.com"), min_length=1)
    """Recipient domains that are ours; mail for any other is refused."""
    outbound: Outbound = Outbound()
    smarthosts: dict[str, NamedOutbound] = Field(default_factory=dict)
    """Name → smarthost of some senders; all others leave by `outbound`."""
    dkim: dict[Domain, Dkim] = Field(default_factory=dict)
    """Domain of ours → what signs its mail."""
    limits: Limits = Limits()
    trust: Trusting = Trusting()
    signatures: Signatures = Signatures()
    guard: Guarding = Guarding()
    canary: Flying = Flying()
    silence_hours: float = Field(default=0, ge=0, le=10_000)
    """Silence of SMTP, LMTP and the spool after which an alarm is raised; 0 = learned from what is usual."""
    senders: dict[str, Address] = Field(default_factory=dict)
    """Line → address its answers come from; else `<line>@<domain>`."""
    names: dict[str, str] = Field(default_factory=dict)
    """Line → name beside that address; else the agent's."""
    charsets: dict[str, Literal["utf-8", "gb18030"]] = Field(default_factory=dict)
    """Line → character set of its mail, for customers whose old programs read no other; else UTF-8."""
    mailboxes: dict[str, Mailbox] = Field(default_factory=dict)
    """Name → mailbox elsewhere that mail is fetched from."""
    maildirs: dict[str, Maildir] = Field(default_factory=dict)
    """Name → Maildir on this machine that mail is taken from."""

    @model_validator(mode="after")
    def _reads_no_mailbox_twice(self) -> Self:
        """Refuse two tables for one folder: they would take each other's mail."""
        seen: set[tuple[str, str, str]] = set()
        for name, one in self.mailboxes.items():
            place = one.server.lower(), one.username.lower(), one.folder
            if one.enabled and place in seen:
                message = f"mailboxes.{name} is the same folder as another"
                raise ValueError(message)
            seen.add(place)
        return self

    @model_validator(mode="after")
    def _sends_one_way(self) -> Self:
        """Refuse two smarthosts for one sender."""
        senders = [sender for one in self.smarthosts.values() for sender in one.senders]
        if len(senders) != len(set(senders)):
            message = "smarthosts: two of them have the same sender"
            raise ValueError(message)
        return self

    def sender_of(self, line: str) -> str | None:
        """Return the address a line's answers come from where one is set, or its mailbox has one."""
        boxes: tuple[Mailbox | Maildir, ...] = (*self.mailboxes.values(), *self.maildirs.values())
        return self.senders.get(line) or next((one.own_address for one in boxes if one.line == line), None) or None

    def own_addresses(self) -> frozenset[str]:
        """Return the addresses outside `domains` that are ours."""
        boxes: tuple[Mailbox | Maildir, ...] = (*self.mailboxes.values(), *self.maildirs.values())
        own = (one.own_address for one in boxes)
        return frozenset(one.lower() for one in (*self.senders.values(), *own) if one)

    def home(self) -> str:
        """Return the domain of addresses we make up: the first that can be one on the Internet."""
        return next((one for one in self.domains if "." in one), self.domains[0])
