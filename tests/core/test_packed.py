"""What goes from one process to another arrives as it was."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.channel import Content
from contactd.core.message import NewAttachment, NewMessage
from contactd.core.party import Point

ZONES = st.sampled_from([None, UTC, timezone(timedelta(hours=8)), timezone(timedelta(0), "GMT")])
MOMENTS = st.one_of(
    st.none(),
    st.builds(lambda moment, zone: moment.replace(tzinfo=zone), st.datetimes(), ZONES),
)


@given(st.text(), MOMENTS)
def test_content_arrives_as_it_was(text: str, moment: datetime | None) -> None:
    file = NewAttachment(name="a.pdf", media_type="application/pdf", data=b"%PDF", page=1)
    message = NewMessage(
        direction="inbound",
        sender="li@kunde.example",
        text=text,
        sent_at=moment,
        attachments=(file,),
        recipients=(("to", "", "support@example.com"),),
        headers={"kind": "text/plain"},
    )
    point = Point(kind="email", value="li@kunde.example", raw="Li@Kunde.example", shared=True)
    content = Content(subject=text, messages=(message,), sender=point, references=("<1@x.example>",), priority=1)
    again = pickle.loads(pickle.dumps(content))  # noqa: S301 - our own bytes
    assert again == content
    assert copy.deepcopy(content) == content
    sent = again.messages[0].sent_at
    assert (sent is None) == (moment is None)
    if moment is not None:
        assert (sent.tzinfo, sent.utcoffset()) == (moment.tzinfo, moment.utcoffset())


def test_it_is_still_frozen() -> None:
    point = pickle.loads(pickle.dumps(Point(kind="email", value="a@b.example", raw="a@b.example")))  # noqa: S301 - our own bytes
    with pytest.raises(FrozenInstanceError):
        point.value = "other"
