"""Recordings over REST on a real store: who hears what, by ranges, on record; silence for good; what stays and what goes."""

from __future__ import annotations

import io
import json
import wave
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from contactd.core.errors import ConflictError, NotFoundError
from contactd.core.recorded import Recorded
from contactd.core.sound import together
from contactd.crm_store import commerce_rows, erasing, recording_rows, schema, task_rows
from contactd.crm_store.sealing import Wrapped
from contactd.crm_store.statements import insert
from contactd.desk.sweeping import Sweeping
from contactd.testing.pbx.tapes import tone
from tests.api.house import House
from tests.api.test_read_log import noted
from tests.api.test_reads import town_of

NAME = "contactd-rec-1"


async def tell(house: House, state: str, interaction: str = "", **more: Any) -> None:
    told = Recorded(name=NAME, interaction=interaction, at=house.clock.now(), state=state, **more)
    await house.recordings.follow("voice", told, line="support", segment=1)


@pytest.fixture
async def call(both: House) -> str:
    """A call of ann's of 6 s, of which 2 s are a gap, recorded with its two sides."""
    interaction = await town_of(both).interaction(None, channel="voice", adapter="ari")
    await tell(both, "begun", interaction, agent="id-ann", consent="given", notice_at=both.clock.now())
    for state, seconds, more in (
        ("running", 3, {}),
        ("paused", 2, {"reason": "card", "agent": "id-ann"}),
        ("running", 1, {}),
        ("ended", 0, {}),
    ):
        await tell(both, state, **more)
        both.clock.advance(timedelta(seconds=seconds))
    await both.recordings.keep(NAME, together([tone(4, 300), tone(4, 500)]))
    return interaction


async def one(house: House, interaction: str) -> dict[str, Any]:
    client = await house.logged_in("ann")
    answer = await client.get(f"/api/v1/interactions/{interaction}/recordings")
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["items"]
    return dict(found)


async def test_what_was_recorded_is_shown_with_its_gap_in_its_place(both: House, call: str) -> None:
    found = await one(both, call)
    (gap,) = found["gaps"]
    assert (gap["at_s"], gap["lasted_s"], gap["reason"], gap["agent"]) == (3.0, 2.0, "card", "id-ann")
    assert (found["seconds"], found["consent"], found["agent"], found["state"]) == (4.0, "given", "id-ann", "kept")
    assert [len(side) for side in found["peaks"]] == [600, 600]
    assert found["notice_at"]


async def test_what_is_told_twice_or_late_changes_nothing(both: House, call: str) -> None:
    before = await one(both, call)
    for state in ("begun", "running", "paused", "running", "ended", "lost"):
        await tell(both, state, call, reason="card")
    await both.recordings.keep(NAME, together([tone(1, 300)]))
    assert await one(both, call) == before
    with pytest.raises(NotFoundError):
        await both.recordings.keep("nobody's", together([b""]))


async def test_it_lies_sealed_and_is_heard_by_ranges(both: House, call: str) -> None:
    found = await one(both, call)
    row = await both.recordings.row(found["id"])
    assert b"RIFF" not in both.store.blobs.get(row.blob)
    client = await both.logged_in("ann")
    url = f"/api/v1/recordings/{found['id']}/sound"
    whole = await client.get(url)
    assert whole.status_code == 200
    assert whole.headers["cache-control"] == "private, no-store"
    with wave.open(io.BytesIO(whole.content)) as sound:
        assert (sound.getnchannels(), sound.getframerate(), sound.getnframes()) == (2, 8000, 32000)
    size = len(whole.content)
    for asked, first, last in (
        ("bytes=0-", 0, size - 1),
        ("bytes=100-199", 100, 199),
        ("bytes=-50", size - 50, size - 1),
        (f"bytes={size - 1}-{size + 99}", size - 1, size - 1),
    ):
        part = await client.get(url, headers={"range": asked})
        assert part.status_code == 206
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.content == whole.content[first : last + 1]
    for asked in (f"bytes={size}-", "bytes=-0", "bytes=9-3"):
        assert (await client.get(url, headers={"range": asked})).status_code == 416


async def test_who_may_hear_it_and_every_hearing_is_on_record(both: House, call: str) -> None:
    found = await one(both, call)
    await noted(both)
    url = f"/api/v1/recordings/{found['id']}/sound"
    for who, status in (("ann", 200), ("bob", 403), ("sue", 200), ("adam", 200)):
        assert (await (await both.logged_in(who)).get(url)).status_code == status, who
    for scope, status in (("read", 403), ("listen", 200)):
        assert (await (await both.with_token(scope)).get(url)).status_code == status, scope
    heard = [(actor, ident) for actor, action, _, ident, _ in await noted(both) if action == "recording.listen"]
    assert len(heard) == 4
    assert {ident for _, ident in heard} == {found["id"]}
    assert "id-bob" not in {actor for actor, _ in heard}


async def test_a_span_is_made_silent_for_good(both: House, call: str) -> None:
    found = await one(both, call)
    before = await both.recordings.row(found["id"])
    span = {"from_s": 1.0, "to_s": 2.0, "reason": "card number"}
    url = f"/api/v1/recordings/{found['id']}/redact"
    assert (await (await both.logged_in("ann")).post(url, json=span)).status_code == 403
    sue = await both.logged_in("sue")
    for wrong in ({**span, "to_s": 0.5}, {**span, "to_s": 99.0}, {**span, "reason": ""}):
        assert (await sue.post(url, json=wrong)).status_code in (400, 422)
    assert (await sue.post(url, json=span)).status_code == 200
    after = await both.recordings.row(found["id"])
    assert after.blob != before.blob
    assert after.sealed_key != before.sealed_key, "what was there cannot be opened any more"
    assert [each["reason"] for each in after.redactions] == ["card number"]
    data = await both.recordings.listen(after, 0, after.size - 1)
    with wave.open(io.BytesIO(data)) as sound:
        frames = sound.readframes(32000)
    assert set(frames[8000 * 4 : 16000 * 4]) == {0}
    assert set(frames[: 8000 * 4]) != {0}
    assert "recording.redact" in {action for _, action, *_ in await noted(both)}
    both.clock.advance(timedelta(days=2))
    left = await Sweeping(both.store, both.clock)._unnamed({before.blob, after.blob})
    assert left == {before.blob}, "the old file goes with the next sweep"


async def test_its_time_takes_sound_and_key_unless_it_is_held(both: House, call: str) -> None:
    found = await one(both, call)
    sue = await both.logged_in("sue")
    url = f"/api/v1/recordings/{found['id']}"
    assert (await sue.post(f"{url}/hold", json={"reason": "court"})).status_code == 200
    both.clock.advance(timedelta(days=181))
    assert await both.recordings.expire() == 0
    with pytest.raises(ConflictError):
        await both.recordings.redact(found["id"], "id-sue", (0.0, 1.0), "x")
    assert (await one(both, call))["held"]["reason"] == "court"
    sue = await both.logged_in("sue")
    assert (await sue.post(f"{url}/hold", json={"on": False, "reason": "over"})).status_code == 200
    assert await both.recordings.expire() == 1
    row = await both.recordings.row(found["id"])
    assert (row.state, row.blob, row.sealed_key, row.length_ms) == ("expired", None, None, 4000)
    sue = await both.logged_in("sue")
    assert (await sue.get(f"{url}/sound")).status_code in (404, 416)
    actions = {action for _, action, *_ in await noted(both)}
    assert actions >= {"recording.hold", "recording.release", "recording.expire"}


async def test_what_changes_at_the_same_moment_is_said_and_not_thought_done(both: House, call: str) -> None:
    found = await one(both, call)
    old = await both.recordings.row(found["id"])
    await both.recordings.hold(found["id"], "id-sue", "court", on=True)

    class Late:
        """Sees the recording as it stood before, as a unit on another node may."""

        def __init__(self, conn: Any, **values: Any) -> None:
            self.conn = conn
            self.row = type("Row", (), {**old._asdict(), **values})

        def one(self, *_statement: Any, **_values: Any) -> Any:
            return self.row

        def run(self, statement: Any, **values: Any) -> int:
            return int(self.conn.run(statement, **values))

    sound = recording_rows.Sealed(
        blob="b", size=1, length_ms=1, peaks=[], wrapped=Wrapped(key_id=str(old.key_id), key=str(old.sealed_key))
    )
    acts: list[Any] = [
        lambda conn: recording_rows.keep(Late(conn, state="ended"), NAME, sound, both.clock.now(), None),
        lambda conn: recording_rows.silence(Late(conn), old, sound, {}),
        lambda conn: recording_rows.hold(Late(conn), found["id"], None),
    ]
    for act in acts:
        with pytest.raises(ConflictError) as caught:
            await both.store.write(act)
        assert caught.value.code == "changed"
    assert (await both.recordings.row(found["id"])).blob == old.blob


async def test_what_is_not_kept_yet_is_known_to_the_channel_that_made_it(both: House) -> None:
    interaction = await town_of(both).interaction(None)
    await tell(both, "begun", interaction, agent="id-ann")
    await tell(both, "running")
    await tell(both, "paused", reason="hold")
    (row,) = await both.recordings.unfinished("voice")
    assert (row["name"], row["interaction"], row["state"], row["paused"]) == (NAME, interaction, "running", "hold")
    assert await both.recordings.unfinished("other") == []
    await tell(both, "lost")
    assert await both.recordings.unfinished("voice") == []
    rows = await both.store.read(lambda conn: conn.execute(select(schema.recording.c.state)).all())
    assert [row.state for row in rows] == [recording_rows.LOST]


async def test_an_erasure_takes_the_voice_too_and_a_held_recording_stands_against_it(both: House, call: str) -> None:
    party = await town_of(both).party("Wang")
    mine = schema.interaction.update().where(schema.interaction.c.id == call).values(party_id=party)
    await both.store.write(lambda conn: conn.execute(mine))
    found = await one(both, call)
    blob = (await both.recordings.row(found["id"])).blob
    await both.recordings.hold(found["id"], "id-sue", "court", on=True)
    assert await both.store.read(lambda conn: erasing.hindrance(conn, party)) == "legal_hold"
    await both.recordings.hold(found["id"], "id-sue", "over", on=False)
    assert await both.store.read(lambda conn: erasing.hindrance(conn, party)) is None
    _, files = await both.store.write(lambda conn: erasing.contacts(conn, party))
    assert blob in files
    row = await both.recordings.row(found["id"])
    assert (row.state, row.blob, row.sealed_key, row.peaks, row.length_ms) == ("expired", None, None, [], 4000)


async def test_a_customer_gets_their_recordings_answers_and_business_with_the_archive(both: House, call: str) -> None:
    party, now = await town_of(both).party("Wang"), both.clock.now()

    def unit(conn: Any) -> None:
        conn.execute(schema.interaction.update().where(schema.interaction.c.id == call).values(party_id=party))
        deal = {"title": "Twelve pots", "party_id": party}
        commerce_rows.create(conn, "record-1", "opportunity", deal, stage=None, now=now, actor="ann")
        task_rows.put(
            conn,
            "task-1",
            {"kind": "follow_up", "subject": "All well?", "party_id": party, "due_at": now},
            now=now,
            actor=None,
        )
        about = {"created_at": now, "updated_at": now}
        conn.execute(insert(schema.survey).values(id="s", name="How", questions=[], intro={}, closing={}, **about))
        asked = {
            "id": "i",
            "survey_id": "s",
            "interaction_id": call,
            "segment": 1,
            "channel": "voice",
            "language": "zh",
        }
        conn.execute(insert(schema.survey_invite).values(**asked, asked_at=now, expires_at=now, score=2))
        conn.execute(insert(schema.survey_answer).values(invite_id="i", question="q", text="too slow", at=now))

    await both.store.write(unit)
    answer = await (await both.logged_in("sue")).get(f"/api/v1/parties/{party}/archive")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        data = json.loads(archive.read("data.json"))
        (contact,) = [json.loads(line) for line in archive.read("contacts.jsonl").splitlines()]
        (name,) = contact["files"]
        sound = archive.read(name)
    assert [one["title"] for one in data["business"]] == ["Twelve pots"]
    assert [one["subject"] for one in data["tasks"]] == ["All well?"]
    assert [said["text"] for one in contact["surveys"] for said in one["answers"]] == ["too slow"]
    assert [one["seconds"] for one in contact["recordings"]] == [4.0]
    with wave.open(io.BytesIO(sound)) as heard:
        assert (heard.getnchannels(), heard.getnframes()) == (2, 32000)
    # A program that may read and not listen gets no voice by this way either.
    answer = await (await both.with_token("read")).get(f"/api/v1/parties/{party}/archive")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        (contact,) = [json.loads(line) for line in archive.read("contacts.jsonl").splitlines()]
        assert (len(contact["recordings"]), contact["files"]) == (1, [])
        assert [name for name in archive.namelist() if name.startswith("originals/")] == []
