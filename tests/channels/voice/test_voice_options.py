"""What may stand in `[channels.voice]`."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from contactd.channels.voice.options import Options


def test_everything_has_a_default() -> None:
    assert Options().ami.host == ""


@pytest.mark.parametrize(
    "mistake",
    [
        {"amy": {}},
        {"ami": {"host": "x", "hots": 1}},
        {"ami": {"port": 70000}},
        {"ami": {"presentation": "maybe"}},
        {"ari": {"url": "pbx:8088"}},
        {"ari": {"url": "ftp://pbx"}},
        {"ari": {"url": "http://pbx/?x=1"}},
        {"ari": {"app": "a b"}},
        {"webhook": {"token": "a/b"}},
        {"region": "China"},
    ],
)
def test_mistakes_are_refused(mistake: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate(mistake)


def test_values_from_the_environment_are_texts() -> None:
    options = Options.model_validate({"ami": {"host": "pbx", "port": "5038"}, "ari": {"url": "http://pbx:8088/"}})
    assert (options.ami.port, options.ari.url) == (5038, "http://pbx:8088")


def test_secrets_are_not_shown() -> None:
    options = Options.model_validate(
        {"ami": {"secret": "hush"}, "ari": {"password": "hush"}, "webhook": {"token": "hush"}},
    )
    assert "hush" not in repr(options)
