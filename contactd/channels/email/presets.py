"""Mail providers contactd knows: where their servers are, and what their refusals of a log-in mean.

Servers and habits as the providers' own help pages give them; NetEase wants the ID command after the log-in (RFC 2971), which
every server gets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Name = Literal["", "qq", "exmail", "163", "126", "yeah", "aliyun", "qiye_aliyun", "gmail", "m365"]
Security = Literal["tls", "starttls", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One provider."""

    imap: str
    pop: str
    smtp: str
    smtp_port: int = 465
    smtp_security: Security = "tls"
    login_hint: str
    """What to look at when a log-in is refused."""
    authserv_ids: tuple[str, ...] = ()
    """What it calls itself in Authentication-Results; empty text = it writes no name there."""
    per_minute: int = 0
    """Mails it takes from an account in a minute, as published or, carefully, as users report it; 0 = nobody knows."""
    per_day: int = 0
    """The same of a day."""


_CODE = "it wants an authorisation code (授权码), made in its web settings where IMAP is switched on, not the account's password"
_NETEASE = f"NetEase: {_CODE}"

PRESETS: dict[str, Preset] = {
    "qq": Preset(
        imap="imap.qq.com",
        pop="pop.qq.com",
        smtp="smtp.qq.com",
        login_hint=f"QQ Mail: {_CODE}",
        per_minute=40,
        per_day=500,
    ),
    "exmail": Preset(
        imap="imap.exmail.qq.com",
        pop="pop.exmail.qq.com",
        smtp="smtp.exmail.qq.com",
        login_hint="Tencent Exmail: it wants a client password (客户端专用密码) once secure log-in is on, and IMAP switched on",
    ),
    "163": Preset(imap="imap.163.com", pop="pop.163.com", smtp="smtp.163.com", login_hint=_NETEASE, per_day=200),
    "126": Preset(imap="imap.126.com", pop="pop.126.com", smtp="smtp.126.com", login_hint=_NETEASE, per_day=200),
    "yeah": Preset(imap="imap.yeah.net", pop="pop.yeah.net", smtp="smtp.yeah.net", login_hint=_NETEASE, per_day=200),
    "aliyun": Preset(
        imap="imap.aliyun.com",
        pop="pop3.aliyun.com",
        smtp="smtp.aliyun.com",
        login_hint="Aliyun Mail: IMAP must be switched on in its web settings, and it may want an authorisation code (授权码)",
    ),
    "qiye_aliyun": Preset(
        imap="imap.qiye.aliyun.com",
        pop="pop.qiye.aliyun.com",
        smtp="smtp.qiye.aliyun.com",
        login_hint="Alibaba Mail: it wants a third-party client password (三方客户端安全密码) once those are switched on",
    ),
    "gmail": Preset(
        imap="imap.gmail.com",
        pop="pop.gmail.com",
        smtp="smtp.gmail.com",
        authserv_ids=("mx.google.com",),
        login_hint="Gmail: it wants an app password (two-step verification must be on) or OAuth2 (token_command)",
        per_day=500,
    ),
    "m365": Preset(
        imap="outlook.office365.com",
        pop="outlook.office365.com",
        smtp="smtp.office365.com",
        smtp_port=587,
        smtp_security="starttls",
        authserv_ids=("",),
        login_hint="Microsoft 365: passwords are switched off, it wants OAuth2 (token_command) and IMAP allowed for the mailbox",
        per_minute=30,
        per_day=10_000,
    ),
}


def of_host(host: str) -> Preset | None:
    """Return the provider a server belongs to, by its name."""
    folded = host.lower().rstrip(".")
    return next((one for one in PRESETS.values() if folded in {one.imap, one.pop, one.smtp}), None)
