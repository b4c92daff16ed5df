"""Links that show one address and lead to another."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.channels.email import links
from contactd.channels.email.reader import read


@pytest.mark.parametrize(
    ("markup", "place"),
    [
        ('<a href="https://evil.test/login">https://bank.cn/login</a>', "evil.test"),
        ("<A class=x HREF='http://evil.test'><b>www.bank.cn</b></A>", "evil.test"),
        ('<a href="https://bank.cn@evil.test:8080/">bank.cn</a>', "evil.test"),
        ('<a href="https://shop.bank.cn/x">https://www.bank.cn</a>', None),
        ('<a href="https://evil.test/login">Click here</a>', None),
        ('<a href="https://evil.test/readme.txt">readme.txt</a>', None),
        ('<a href="https://nam02.safelinks.protection.outlook.com/?url=x">https://bank.cn</a>', None),
        ('<a href="mailto:a@evil.test">bank.cn</a>', None),
        ("<a href=https://evil.test", None),
    ],
)
def test_a_link_that_leads_elsewhere_is_named(markup: str, place: str | None) -> None:
    assert links.elsewhere(markup) == place


def test_it_is_told_with_the_mail_and_never_of_mass_mail() -> None:
    body = b"Content-Type: text/html\r\n\r\n<a href=https://evil.test/>https://bank.cn</a>"
    (message,) = read(b"From: a@x.example\r\n" + body, {"mail_from": "a@x.example"}).messages
    assert message.headers["flags"] == "link_elsewhere=evil.test"
    (mass,) = read(b"From: a@x.example\r\nList-Id: <x.example>\r\n" + body, {"mail_from": "a@x.example"}).messages
    assert "flags" not in mass.headers


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["<a ", "href=", "https://", "a.cn", ">", "</a>", "<", '"', " ", "@", "\x00"]), max_size=400
    )
)
def test_nothing_that_is_written_raises(pieces: list[str]) -> None:
    found = links.elsewhere("".join(pieces) * 20)
    assert found is None or found
