"""What about a mail should make a reader careful, in words of the catalogue (`flag.WORD`), each with what it is about."""

from __future__ import annotations

from collections.abc import Iterator

from contactd.channels.email import links, lookalike
from contactd.channels.email.beliefs import Beliefs
from contactd.channels.email.parse import ParsedMail


def of(mail: ParsedMail, beliefs: Beliefs, *, automatic: bool, spam: float | None, virus: str | None) -> list[str]:
    """Return `word` or `word=what it is about`; white space never stands in one."""
    found = list(_found(mail, beliefs.watched, automatic))
    if virus:
        found.insert(0, ("virus", virus))
    if spam is not None and spam >= beliefs.spam_flag:
        found.append(("spam", f"{spam:g}"))
    return [f"{word}={''.join(about.split())[:200]}" if about else word for word, about in found]


def _found(mail: ParsedMail, watched: tuple[str, ...], automatic: bool) -> Iterator[tuple[str, str]]:
    """Yield what is to be told."""
    domain = mail.from_address.rpartition("@")[2]
    like = lookalike.of_ours(domain, watched) if watched else None
    if like:
        yield "lookalike", like
    if "hidden_characters" in mail.defects:
        yield "hidden", ""
    if "several_authors" in mail.defects:
        yield "several_authors", ""
    odd = lookalike.mixed(domain) if "xn--" in domain or not domain.isascii() else None
    if odd:
        yield "mixed_script", odd
    shown = lookalike.shown_instead(mail.from_name, mail.from_address)
    if shown:
        yield "name_shows_address", shown
    if mail.reply_to and not automatic:
        other = lookalike.elsewhere([address for _, address in mail.reply_to], mail.from_address)
        if other:
            yield "reply_elsewhere", other
    link = links.elsewhere(mail.html) if mail.html and not automatic else None
    if link:
        yield "link_elsewhere", link
    file = (
        lookalike.dangerous([one.filename for one in mail.attachments if not one.inline]) if mail.attachments else None
    )
    if file:
        yield "dangerous_file", file
