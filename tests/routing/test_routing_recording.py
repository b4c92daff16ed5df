"""Reading what a line says about recording its calls."""

from __future__ import annotations

from typing import Any

import pytest

from contactd.core.errors import ConfigError
from contactd.routing.policy import Policy


def line(**recording: Any) -> dict[str, Any]:
    return {"lines": {"support": {"recording": recording}}}


def test_a_line_that_says_nothing_records_nothing() -> None:
    assert Policy.from_mapping({}).lines["support"].recording.as_json() == {
        "mode": "never",
        "notice": "",
        "keep_days": 180.0,
    }


def test_what_a_line_says_is_what_a_channel_reads() -> None:
    said = {"mode": "must", "notice": "sound:contactd/recorded", "keep_days": 30.0}
    assert Policy.from_mapping(line(**said)).lines["support"].recording.as_json() == said


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"mode": "maybe"}, "mode"),
        ({"notice": "../../etc/passwd"}, "notice"),
        ({"notice": "sound:a,b"}, "notice"),
        ({"keep_days": -1}, "keep_days"),
        ({"kept": 1}, "kept"),
    ],
)
def test_mistakes_name_their_place(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Policy.from_mapping(line(**wrong))
    assert caught.value.field == f"policy.lines.support.recording.{field}"
