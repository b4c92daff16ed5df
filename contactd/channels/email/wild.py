"""Bounces in no standard form: the wordings of mail systems, by our own rules and those collected in flufl.bounce.

Only mail that comes from a mail system, or says that nobody is to answer it, is looked at: a person who writes about a
bounce is a person.
"""

from __future__ import annotations

import re
from email import message_from_bytes

from contactd.channels.email import block, mime
from contactd.channels.email.bounce import ADDRESS, MAX_RECIPIENTS, MAX_REPORT, Recipient, Report, leaves, returned
from contactd.channels.email.headers import clean
from contactd.channels.email.plain import to_text

_WINDOW = 64 * 1024
"""Bytes of a report that the collected rules see: those of real ones stand at the top."""
_LINES = 1500
_LINE = 1000
_CONTAINERS = 16
_REPLY = re.compile(r"\b([45])\d\d[ -]")
_STATUS = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_SUBJECT_WORDS = (
    r"undeliver(?:able|ed)|(?:mail )?delivery (?:status notification|failure|report|warning|problem|has failed|incomplete)",
    r"(?:mail|message) delivery (?:failed|failure|system|problem|warning)|failure (?:notice|delivery)",
    r"returned (?:e?mail|to sender)",
    r"mail system error|mail (?:not delivered|could not be delivered|failed)|message (?:delayed|not delivered|undeliverable)",
    r"permanent delivery failure|non-?delivery|warning: (?:message|could not send)|failed mail|automatically rejected mail",
    r"\[postmaster\] .{0,40}delivery|your message to .{1,100} could not be delivered|processing error",
    r"退信|系统退信|邮件(?:投递失败|退回|无法送达|传输失败|发送失败)|投递失败|来自.{1,40}的退信|退件|郵件(?:無法|退回|傳送失敗)",
    r"unzustellbar|nicht zustellbar|non remis|message non distribué|no se puede entregar",
    r"mensaje no entregado|impossibile recapitare",
    r"配信(?:不能|エラー)|送信できませんでした|배달 ?(?:실패|되지)|ваше сообщение не доставлено|недоставленное",
)
_SUBJECT = re.compile(f"^(?:{'|'.join(_SUBJECT_WORDS)})", re.IGNORECASE)
_BULK = frozenset({"bulk", "junk", "auto_reply"})
_DAEMON = re.compile(r"^(?:mailer-daemon|mail-daemon|mdaemon)@", re.IGNORECASE)
_SENDER = re.compile(
    r"^(?:postmaster|\"?system administrator\"?|e?mail[._-]?delivery[._-]?(?:sub)?system|imss|microsoftexchange[0-9a-f]*"
    r"|[^@]{0,40}(?:antivirus|smtp)[^@]{0,40})@|^<?>?$",
    re.IGNORECASE,
)
_HARD_WORDS = (
    r"user unknown|no such (?:user|recipient|mailbox|account|address)|does(?: not|n't) exist",
    r"mailbox (?:not found|unavailable)|unknown (?:user|recipient|address)|invalid (?:recipient|mailbox)",
    r"recipient not found|user not found|address rejected|host (?:or domain name )?not found|account (?:is )?(?:disabled|closed)",
    r"不存在|无效|查无此|找不到|禁用|冻结|停用|無此",
)
_FULL_WORDS = r"mailbox (?:is )?full|over ?quota|quota exceeded|exceeded .{0,20}quota|已满|超出.{0,6}(?:容量|限额|配额)"
_SOFT_WORDS = (
    _FULL_WORDS,
    r"try again|temporar|greylist|deferred|delayed|still trying|will (?:keep trying|be retried)|insufficient (?:system )?storage",
    r"暂时|稍后|频率|延迟",
)
_FULL = re.compile(_FULL_WORDS, re.IGNORECASE)
_HARD = re.compile("|".join(_HARD_WORDS), re.IGNORECASE)
_SOFT = re.compile("|".join(_SOFT_WORDS), re.IGNORECASE)
_RETURNED = re.compile(
    r"^-{2,}.{0,60}(?:copy of (?:the|your) message|original message|below this line|message follows|原始邮件|原邮件).*$"
    r"|^(?:received|return-path): ",
    re.IGNORECASE | re.MULTILINE,
)


def read(tree: mime.Tree, subject: str, sender: str, text: str | None, html: str | None) -> Report | None:
    """Read a mail as a bounce in words; None when it is none."""
    if not _suspect(tree.root, subject, sender):
        return None
    text = (text or to_text((html or "")[:MAX_REPORT]))[:MAX_REPORT]
    report = _before_returned(text)
    found = _collected(tree.raw, report) or _free_form(tree.root.fields, report)
    return Report(found, returned(tree, leaves(tree.root), text)) if found else None


def _suspect(root: mime.Part, subject: str, sender: str) -> bool:
    """Tell whether a mail may be a bounce: a mail system sent it, and it speaks of one or nobody is to answer."""
    fields = root.fields
    if fields.first("x-failed-recipients") is not None:
        return True
    if root.media_type == "multipart/report" or root.params.get("report-type") == "delivery-status":
        return True
    if _DAEMON.match(sender):
        return True
    silent = fields.first("return-path") is not None and fields.plain("return-path") in {"<>", ""}
    says = bool(_SUBJECT.match(subject))
    if _SENDER.match(sender):
        return says or silent
    declared = fields.plain("auto-submitted").lower().startswith("auto-") or fields.plain("precedence").lower() in _BULK
    return says and (silent or declared)


def _before_returned(text: str) -> str:
    """Cut the returned mail off: its addresses are not those that failed."""
    mark = _RETURNED.search(text)
    return text[: mark.start()] if mark else text


def _collected(raw: bytes, report: str) -> tuple[Recipient, ...]:
    """Ask the collected rules, within bounds; nothing where they find nothing, or a hostile mail breaks them."""
    window = _bounded(raw)
    folded = window.lower()
    if folded.count(b"boundary") > _CONTAINERS or folded.count(b"message/") > _CONTAINERS:
        return ()
    # Most workers never see a bounce.
    from flufl.bounce import all_failures  # noqa: PLC0415 - see above

    try:
        temporary, permanent = all_failures(message_from_bytes(window))
    except Exception:  # noqa: BLE001 - rules for real bounces, run on whatever claims to be one
        return ()
    addresses = [one.decode("ascii", "replace") for one in sorted(permanent | temporary)]
    wanted = [one for one in addresses if ADDRESS.fullmatch(one)][:MAX_RECIPIENTS]
    soft = {one.decode("ascii", "replace") for one in temporary - permanent}
    return tuple(_judged(one, report, soft=one in soft) for one in wanted)


def _bounded(raw: bytes) -> bytes:
    """Return the top of a mail in lines of bounded number and length."""
    return b"\n".join(line[:_LINE] for line in raw[:_WINDOW].splitlines()[:_LINES])


def _free_form(fields: block.Fields, report: str) -> tuple[Recipient, ...]:
    """Read the failed addresses out of a header of exim or out of the words of the report."""
    listed = ADDRESS.findall(fields.plain("x-failed-recipients")[:4000])
    addresses = listed or ADDRESS.findall(report[:8000])
    own = {one.lower() for one in ADDRESS.findall(fields.plain("to")[:2000])}
    wanted = [
        one
        for one in dict.fromkeys(addresses)
        if not one.lower().startswith(("mailer-daemon@", "postmaster@")) and one.lower() not in own
    ]
    return tuple(_judged(address, report) for address in wanted[:MAX_RECIPIENTS])


def _judged(address: str, report: str, *, soft: bool = False) -> Recipient:
    """Decide soft or hard by the words that follow the address, else by the whole report."""
    at = max(report.lower().find(address.lower()), 0)
    near = report[at : at + 600]
    detail = clean(near.partition("\n\n")[0][len(address) :].strip(" <>:;,()）（\n"), 200)
    for words in (near, report[:8000]):
        code = _STATUS.search(words)
        if code is not None and code[1] != "2":
            return _recipient(address, code[0], code[1] == "5" and not soft, detail)
        reply = _REPLY.search(words)
        if reply is not None:
            rest = "2.2" if _FULL.search(words) else "0.0"
            return _recipient(address, f"{reply[1]}.{rest}", reply[1] == "5" and not soft, detail)
        if _SOFT.search(words):
            return _recipient(address, "4.0.0", permanent=False, detail=detail)
        if _HARD.search(words):
            break
    return _recipient(address, "4.0.0" if soft else "5.0.0", permanent=not soft, detail=detail)


def _recipient(address: str, status: str, permanent: bool, detail: str) -> Recipient:
    """Make the fate of an address; what is put off is not lost."""
    if not permanent and status.startswith("5"):
        status = f"4{status[1:]}"
    return Recipient(
        address=address,
        status=status,
        permanent=permanent,
        action="failed" if permanent else "delayed",
        detail=detail,
    )
