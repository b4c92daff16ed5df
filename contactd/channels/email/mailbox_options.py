"""What an operator may set about a mailbox elsewhere that mail is fetched from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from contactd.channels.email.presets import PRESETS, Name, of_host

Address = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^(|[^\s@<>]{1,64}@[^\s@<>]{1,253})$")]
_PORTS = {
    "imap": {"tls": 993, "starttls": 143, "none": 143},
    "pop3": {"tls": 995, "starttls": 110, "none": 110},
}
_SERVERS = {"imap": "imap", "pop3": "pop"}
"""Where a preset has the server of each."""


class Mailbox(BaseModel):
    """One mailbox: where it is, how to get in, which line its mail stands in, and what happens to a mail once it is safe."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = True
    preset: Name = ""
    """The provider: gives servers and explains refusals."""
    protocol: Literal["imap", "pop3"] = "imap"
    """How mail is fetched; POP3 only where there is no IMAP: it calls nobody and can neither mark nor move."""
    host: str = ""
    """Empty = the preset's."""
    port: int = Field(default=0, ge=0, le=65535)
    """0 = the usual one."""
    security: Literal["tls", "starttls", "none"] = "tls"
    ca_file: Path | None = None
    """PEM certificates to trust instead of the system's."""
    username: str = Field(min_length=1)
    password: str = Field(default="", repr=False)
    """The account's password, or the authorisation code the provider gives for clients."""
    token_command: tuple[str, ...] = ()
    """OAuth2: program and arguments; prints an access token, which takes the password's place."""
    folder: str = Field(default="INBOX", min_length=1)
    line: str = ""
    """Line its mail stands in; empty = the policy's intake rules decide by recipient."""
    address: Address = ""
    """Its address; empty = the username, where that is one."""
    authserv_ids: tuple[str, ...] = ()
    """Whose Authentication-Results are believed in this mailbox; empty = the preset's own."""
    after: Literal["keep", "seen", "move", "delete"] = "keep"
    """What happens to a mail once it is safe here."""
    move_to: str = "contactd"
    backfill_days: int = Field(default=0, ge=0, le=3650)
    """At the first contact, how far back mail is taken in (POP3 knows no dates: all of it); 0 = only what comes from then on."""
    poll_seconds: float = Field(default=60, ge=1, le=3600)
    """How often it is asked where the server does not call (IDLE)."""
    silence_hours: float = Field(default=0, ge=0, le=10_000)
    """Silence after which an alarm is raised; 0 = learned from what is usual."""

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        """Refuse what cannot work: no server, no way to log in, a password over an open line."""
        if not self.server:
            message = "needs a host or a preset"
            raise ValueError(message)
        if not self.password and not self.token_command:
            message = "needs a password or a token_command"
            raise ValueError(message)
        if self.security == "none" and self.server not in {"localhost", "127.0.0.1", "::1"}:
            message = "a log-in needs security tls or starttls"
            raise ValueError(message)
        if self.protocol == "pop3" and (self.after in {"seen", "move"} or self.folder != "INBOX"):
            message = "POP3 has one folder, and mails in it can only be kept or deleted"
            raise ValueError(message)
        return self

    @property
    def server(self) -> str:
        """The server's name."""
        known = PRESETS.get(self.preset)
        return self.host or (getattr(known, _SERVERS[self.protocol]) if known else "")

    @property
    def server_port(self) -> int:
        """The server's port."""
        return self.port or _PORTS[self.protocol][self.security]

    @property
    def own_address(self) -> str:
        """The mailbox's address, or nothing."""
        return self.address or (self.username if "@" in self.username else "")

    @property
    def believed(self) -> tuple[str, ...]:
        """The ids of mail servers whose Authentication-Results are believed."""
        known = PRESETS.get(self.preset) or of_host(self.server)
        return self.authserv_ids or (known.authserv_ids if known else ())

    @property
    def login_hint(self) -> str:
        """What to look at when the log-in is refused; empty for a server nobody knows."""
        known = PRESETS.get(self.preset) or of_host(self.server)
        return known.login_hint if known else ""
