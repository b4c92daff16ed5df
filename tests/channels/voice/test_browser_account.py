"""Accounts of phones in the browser: whose, how long, and where a page may connect to for them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from contactd.channels.voice.browser_phone import BrowserPhoneOptions, account, origin

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
URL = "wss://pbx.example:8089/ws"


def options(**more: Any) -> BrowserPhoneOptions:
    return BrowserPhoneOptions.model_validate({"url": URL, **more})


def test_an_agent_gets_the_account_of_their_own_phone_and_of_no_other() -> None:
    given = options(passwords={"1001": "pw-1", "1002": "pw-2"}, stun=["stun:stun.example:3478"])
    found = account(given, "PJSIP/1001", NOW)
    assert found is not None
    assert (found.uri, found.user, found.password, found.expires_at) == ("sip:1001@pbx.example", "1001", "pw-1", None)
    assert found.ice == ("stun:stun.example:3478",)
    assert "pw-1" not in repr(found)
    assert "pw-2" not in repr(given)
    for device in ("PJSIP/1003", "PJSIP/1001;x@evil", "PJSIP/", "", "1001"):
        assert account(given, device, NOW) is None


def test_a_short_lived_account_is_one_the_proxy_can_check_by_itself() -> None:
    found = account(options(secret="shared", domain="office.example", passwords={"1001": "pw-1"}), "user/1001", NOW)
    assert found is not None
    assert (found.uri, found.user) == ("sip:1001@office.example", f"{int(NOW.timestamp()) + 3600}:1001")
    expected = hmac.new(b"shared", found.user.encode(), hashlib.sha1).digest()
    assert base64.b64decode(found.password) == expected, "the lasting password is not given out"


def test_without_an_address_there_is_no_phone_and_nowhere_to_connect_to() -> None:
    nothing = BrowserPhoneOptions(passwords={"1001": "pw-1"})  # type: ignore[dict-item]
    assert (account(nothing, "PJSIP/1001", NOW), origin(nothing)) == (None, "")
    assert origin(options()) == "wss://pbx.example:8089"


@pytest.mark.parametrize(
    "url",
    ["https://pbx", "ws://pbx.example/ws", "wss://pbx/ws; script-src *", "wss://u:p@pbx/", "wss://pbx/?a", "wss://"],
)
def test_no_address_says_more_to_a_browser_than_where_the_pbx_is(url: str) -> None:
    """It stands in the console's content policy."""
    with pytest.raises(ValidationError):
        options(url=url)
