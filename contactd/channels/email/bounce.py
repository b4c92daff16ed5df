"""Delivery reports: RFC 3464 as it should be, and the forms mail systems really send."""

from __future__ import annotations

import re
from dataclasses import dataclass

from contactd.channels.email import block, headers, mime

MAX_RECIPIENTS = 100
_MAX_REPORT = 256 * 1024
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_REPLY = re.compile(r"\b([45])\d\d[ -]")
_ADDRESS = re.compile(r"[A-Za-z0-9._%+=&'/#~-]{1,64}@[A-Za-z0-9.-]{1,200}\.[A-Za-z]{2,24}")
_SUBJECT_WORDS = (
    r"undeliver(?:able|ed)|(?:mail )?delivery (?:status notification|failure|has failed|incomplete)",
    r"mail delivery (?:failed|failure|system)|failure notice|returned mail|mail system error|delivery failure",
    r"message delayed|warning: (?:message|could not send)",
    r"退信|系统退信|邮件(?:投递失败|退回|无法送达)|投递失败|来自.{1,40}的退信",
    r"unzustellbar|non remis|配信(?:不能|エラー)|배달 ?(?:실패|되지)",
)
_SUBJECT = re.compile(f"^(?:{'|'.join(_SUBJECT_WORDS)})", re.IGNORECASE)
_SENDER = re.compile(r"^(?:mailer-daemon|mail-daemon|postmaster|mdaemon)@|^<?>?$", re.IGNORECASE)
_HARD_WORDS = (
    r"user unknown|no such (?:user|recipient|mailbox)|does(?: not|n't) exist|mailbox (?:not found|unavailable)",
    r"unknown (?:user|recipient)|invalid recipient|address rejected|host (?:or domain name )?not found",
    r"不存在|无效|查无此|找不到|禁用",
)
_SOFT_WORDS = (
    r"mailbox (?:is )?full|over ?quota|quota exceeded|try again|temporar|greylist|deferred|delayed",
    r"已满|超出.{0,6}(?:容量|限额)|暂时|稍后",
)
_HARD = re.compile("|".join(_HARD_WORDS), re.IGNORECASE)
_SOFT = re.compile("|".join(_SOFT_WORDS), re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """One address a mail did not reach."""

    address: str
    status: str
    """Enhanced status code (`5.1.1`); `5.0.0` or `4.0.0` where only the class is known."""
    permanent: bool


@dataclass(frozen=True, slots=True)
class Report:
    """What a delivery report says; `returned` is the Message-ID of the mail it is about."""

    recipients: tuple[Recipient, ...]
    returned: str | None


def read(tree: mime.Tree, subject: str, sender: str, text: str) -> Report | None:
    """Read a mail as a delivery report; None when it is none."""
    leaves = list(_leaves(tree.root))
    status = next((part for part in leaves if part.media_type == "message/delivery-status"), None)
    found: tuple[Recipient, ...] = ()
    if status is not None:
        found = _standard(tree.content(status)[:_MAX_REPORT])
        if not found:
            return None
    elif _is_report(tree.root.fields, subject, sender):
        found = _free_form(tree.root.fields, text[:_MAX_REPORT])
        if not found:
            return None
    else:
        return None
    return Report(found, _returned(tree, leaves, text))


def _leaves(part: mime.Part) -> list[mime.Part]:
    """Return the leaves below a part, in order."""
    if not part.children:
        return [part]
    return [leaf for child in part.children for leaf in _leaves(child)]


def _is_report(fields: block.Fields, subject: str, sender: str) -> bool:
    """Tell whether a mail without a status part is a delivery report all the same."""
    if fields.first("x-failed-recipients") is not None:
        return True
    return bool(_SENDER.match(sender) and (_SUBJECT.match(subject) or fields.plain("return-path") == "<>"))


def _standard(data: bytes) -> tuple[Recipient, ...]:
    """Read the groups of a message/delivery-status part; only failed and delayed recipients count."""
    found: list[Recipient] = []
    for group in re.split(rb"\r?\n[ \t]*\r?\n", data.strip())[: MAX_RECIPIENTS + 1]:
        fields, _ = block.split(group.strip() + b"\n")
        # The original address is the one we wrote to; a forwarder may name another as the final one.
        value = fields.plain("original-recipient") or fields.plain("final-recipient")
        address = _ADDRESS.search(value)
        action = fields.plain("action").lower()
        if address is None or action not in {"failed", "delayed"}:
            continue
        code = _STATUS.search(fields.plain("status")) or _STATUS.search(fields.plain("diagnostic-code"))
        permanent = action == "failed" and not (code is not None and code[1] == "4")
        status = code[0] if code is not None else "5.0.0" if permanent else "4.0.0"
        found.append(Recipient(address=address[0], status=status, permanent=permanent))
    return tuple(found)


def _free_form(fields: block.Fields, text: str) -> tuple[Recipient, ...]:
    """Read the failed addresses out of a header of exim or out of the words of the report, before the returned mail."""
    report = _before_returned(text)
    listed = _ADDRESS.findall(fields.plain("x-failed-recipients")[:4000])
    addresses = listed or _ADDRESS.findall(report[:8000])
    own = {one.lower() for one in _ADDRESS.findall(fields.plain("to")[:2000])}
    wanted = [
        one
        for one in dict.fromkeys(addresses)
        if not one.lower().startswith(("mailer-daemon@", "postmaster@")) and one.lower() not in own
    ]
    return tuple(_judged(address, report) for address in wanted[:MAX_RECIPIENTS])


_RETURNED = re.compile(
    r"^-{2,}.{0,60}(?:copy of (?:the|your) message|original message|below this line|message follows|原始邮件|原邮件).*$"
    r"|^(?:received|return-path): ",
    re.IGNORECASE | re.MULTILINE,
)


def _before_returned(text: str) -> str:
    """Cut the returned mail off: its addresses are not those that failed."""
    mark = _RETURNED.search(text)
    return text[: mark.start()] if mark else text


def _judged(address: str, report: str) -> Recipient:
    """Decide soft or hard by the words that follow the address, else by the whole report."""
    at = max(report.find(address), 0)
    for words in (report[at : at + 600], report[:8000]):
        code = _STATUS.search(words)
        if code is not None and code[1] != "2":
            return Recipient(address=address, status=code[0], permanent=code[1] == "5")
        reply = _REPLY.search(words)
        if reply is not None:
            return Recipient(address=address, status=f"{reply[1]}.0.0", permanent=reply[1] == "5")
        if _SOFT.search(words):
            return Recipient(address=address, status="4.0.0", permanent=False)
        if _HARD.search(words):
            break
    return Recipient(address=address, status="5.0.0", permanent=True)


_INNER_ID = re.compile(r"^message-id:\s*(<[^<>\s]{1,500}>)", re.IGNORECASE | re.MULTILINE)


def _returned(tree: mime.Tree, leaves: list[mime.Part], text: str) -> str | None:
    """Find the Message-ID of the mail that came back."""
    for part in leaves:
        if part.media_type in {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}:
            fields, _ = block.split(tree.content(part)[: block.MAX_BLOCK])
            value = fields.first("message-id")
            if value is not None:
                return headers.message_id(value)
    inner = _INNER_ID.search(text[:_MAX_REPORT])
    return inner[1] if inner else None
