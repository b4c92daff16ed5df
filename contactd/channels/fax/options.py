"""What an operator may set about fax: where faxes are handed over, and the gateways they come from and leave by."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, StringConstraints

GatewayName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]


class _Table(BaseModel):
    """A table of keys: none but the known ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Gateway(_Table):
    """One way faxes come in and go out: a fax server, or a provider."""

    token: str = Field(default="", pattern=r"^(|[A-Za-z0-9_-]{16,128})$")
    """Last part of the webhook's path `/fax/NAME/TOKEN`; empty = no webhook."""
    mail_from: str = ""
    """Sender of the mails in which this gateway hands faxes over: an address, or `@domain`; empty = it sends none."""
    mail_peers: tuple[IPvAnyNetwork, ...] = ()
    """Networks those mails are delivered from: an envelope sender alone can be forged; empty = from anywhere."""
    send_command: tuple[str, ...] = ()
    """Program and arguments that send a fax, run without a shell: `{file}` is the TIFF, `{number}` the number with `+` and
    country code, `{digits}` the same without `+`, `{national}` as dialled at home, `{job}` our id of the job."""
    hylafax_spool: str = ""
    """HylaFAX's own folder (`/var/spool/hylafax`), where contactd may read it: the states of jobs are compared every minute, and
    a fax is not handed over twice.  Empty: only what its notify script tells is known."""
    mail_to: str = Field(default="", pattern=r"^(|[^@\s]*\{(number|digits|national)\}[^@\s]*@[^@\s]+)$")
    """Address that faxes what is mailed to it, with the number in it: `{digits}@fax.example.com`."""
    line: str = ""
    """Line its faxes stand in; empty = the policy's intake rules decide."""


class Smtp(_Table):
    """The server that takes mails to mail-to-fax addresses."""

    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "none"
    username: str = ""
    password: str = ""
    sender: str = "fax@localhost"
    """Address these mails come from: most gateways serve known senders only."""


class Options(_Table):
    """The section `[channels.fax]`."""

    spool: str = ""
    """Folder in which `contactd fax receive` lays down faxes; empty = `spool/fax` in `data_dir`."""
    gateways: dict[GatewayName, Gateway] = Field(default_factory=dict)
    smtp: Smtp = Smtp()
    region: str = Field(default="CN", pattern=r"^[A-Z]{2}$")
    """Country whose rules apply to numbers without country code."""
    area_code: str = Field(default="", pattern=r"^[0-9]{0,5}$")
    """Area code of numbers without one (`0371`)."""
    max_mb: int = Field(default=30, ge=1, le=64)
    """Largest fax taken in."""


def is_gateway_mail(options: Options, mail_from: str, peer: str = "") -> str | None:
    """Return the gateway that hands over faxes in mails from that envelope sender and peer; None when none does."""
    address = mail_from.strip().strip("<>").lower()
    domain = address.rpartition("@")[2]
    for name, gateway in options.gateways.items():
        known = gateway.mail_from.lower()
        fits = known and (known == address or (known.startswith("@") and known[1:] == domain))
        if fits and _is_peer(gateway, peer):
            return name
    return None


def _is_peer(gateway: Gateway, peer: str) -> bool:
    """Tell whether a gateway's mails are delivered from the address `peer`; one that is none is nobody's."""
    if not gateway.mail_peers:
        return True
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in gateway.mail_peers)
