"""What is folded in a mail: older mail and signatures, as programs mark them; never the writer's own words, and nothing is cut."""

from __future__ import annotations

import re

import pytest

from contactd.channels.email.plain import to_text
from contactd.channels.email.sanitise import rewritten

OWN, OLD = "My own words", "Older words"
QUOTES = {
    "gmail": f'<div dir="ltr">{OWN}</div><br><div class="gmail_quote"><div class="gmail_attr">On Fri:</div><p>{OLD}</p></div>',
    "apple": f'<div>{OWN}</div><blockquote type="cite"><div>On Fri wrote:</div><p>{OLD}</p></blockquote>',
    "thunderbird": f'<p>{OWN}</p><div class="moz-cite-prefix">Am Fr:</div><blockquote type="cite"><p>{OLD}</p></blockquote>',
    "outlook web": f'<div>{OWN}</div><hr><div id="divRplyFwdMsg" dir="ltr"><b>From:</b> x</div><div>{OLD}</div>',
    "outlook new": f'<div>{OWN}</div><div id="mail-editor-reference-message-container"><div>{OLD}</div></div>',
    "outlook": f'<div class=WordSection1><p class=MsoNormal>{OWN}</p><div><div style="border:none;border-top:solid #E1E1E1 '
    f'1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>发件人:</b> x</p></div></div><p>{OLD}</p></div>',
    "qq": f"<div>{OWN}</div><div>------------------&nbsp;原始邮件&nbsp;------------------</div><div>{OLD}</div>",
    "163": f'<div>{OWN}</div><blockquote id="isReplyContent" style="PADDING-LEFT: 1ex"><p>{OLD}</p></blockquote>',
    "foxmail": f'<div>{OWN}</div><blockquote style="margin-top: 0px; margin-bottom: 0px; margin-left: 0.5em; '
    f'margin-right: inherit"><div>{OLD}</div></blockquote>',
    "yahoo": f'<div class="ydp1">{OWN}</div><div id="ydp2" class="ydp3yahoo_quoted"><div>{OLD}</div></div>',
    "zimbra": f'<div>{OWN}</div><hr id="zwchr"><div><b>From: </b>x</div><div>{OLD}</div>',
    "signature": f'<p>{OWN}</p><div class="gmail_signature">{OLD}</div>',
}


def parts(html: str) -> tuple[str, str]:
    """Return what is seen, and what is folded."""
    pattern = re.compile('<details class="history">(.*?)</details>', re.DOTALL)
    return pattern.sub("", html), " ".join(pattern.findall(html))


@pytest.mark.parametrize("program", QUOTES)
def test_older_words_are_folded_and_never_cut(program: str) -> None:
    shown = rewritten(QUOTES[program], {}, {}, folded=True)
    seen, folded = parts(shown.html)
    assert shown.folds
    assert (OWN in seen, OLD in seen) == (True, False)
    assert (OWN in folded, OLD in folded) == (False, True)
    whole = rewritten(QUOTES[program], {}, {}, folded=False)
    assert '<details class="history" open' in whole.html
    assert to_text(whole.html).split() == to_text(shown.html).split()


@pytest.mark.parametrize(
    "document",
    [
        f'<blockquote type="cite">{OLD} 1</blockquote><p>{OWN} 1</p><blockquote type="cite">{OLD} 2</blockquote><p>{OWN} 2</p>',
        f'<div class="gmail_quote">{OLD}</div>',
        f"<blockquote>{OLD}</blockquote><p>{OWN}</p>",
        f'<table><tr><td>{OWN}<hr id="zwchr"></td></tr><tr><td>{OLD}</td></tr></table>',
    ],
    ids=["answers between the lines", "nothing else", "a quotation of the writer's", "a table that would fall apart"],
)
def test_what_had_better_be_seen_is_not_folded(document: str) -> None:
    shown = rewritten(document, {}, {}, folded=True)
    assert not shown.folds
    assert OLD in parts(shown.html)[0]


def test_what_follows_a_folded_quotation_is_seen() -> None:
    shown = rewritten(
        f'<blockquote type="cite"><div><p>{OLD}</div></blockquote></div><p>{OWN}</p>', {}, {}, folded=True
    )
    assert shown.folds
    assert OWN in parts(shown.html)[0]


def test_a_mail_cannot_fold_by_our_mark_or_end_our_fold() -> None:
    document = f'<details class="history" open>x</details>{OWN}<div class="gmail_quote"></details></details>{OLD}</div>'
    seen, folded = parts(rewritten(document, {}, {}, folded=True).html)
    assert OWN in seen
    assert OLD in folded
