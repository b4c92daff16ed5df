"""Recordings of another system: sealed like our own, on the call they are of, gone in their time, and taken back whole."""

from __future__ import annotations

import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from contactd.core import past
from contactd.core.errors import BadRequestError, ConflictError
from contactd.core.newcomer import TakeOver
from contactd.crm_store import schema
from contactd.crm_store.import_rows import Outcome
from contactd.desk.exchange.bundle import Folder, Zip
from contactd.desk.exchange.importing import Importing
from contactd.desk.exchange.tables import Tables
from contactd.desk.exchange.wish import Wish
from contactd.desk.idents import Idents
from contactd.testing.pbx.tapes import tone
from tests.desk.bench import Bench
from tests.desk.exchange.test_past import CALLS, customer, silent

TABLE = """录音文件,通话编号,时间,客户电话,时长,坐席,队列
D:\\rec\\a.wav,C-1,,,,,
b.mp3,,2026-09-02 10:01:00,13900139000,0:42,老王,support
sub/c.wav,P-77,2026-08-03 08:00,13800138000,,,
gone.wav,C-1,,,,,
letter.wav,C-1,,,,,
../secret.wav,C-1,,,,,
d.wav,nobody,,,,,
"""
BEFORE = CALLS.replace("2024-03", "2026-09").replace("2024年3月", "2026年9月").replace("2024/3/", "2026/9/")


class Sounds:
    """A desk with a folder of sound."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench, self.store, self.folder = bench, bench.store, folder
        self.importing = Importing(
            bench.store,
            bench.clock,
            Idents(bench.clock),
            "test",
            Tables(folder / "tables"),
            recordings=bench.office.recordings,
        )
        self.files = folder / "rec"
        (self.files / "sub").mkdir(parents=True)
        (folder / "secret.wav").write_bytes(tone(1, 300))
        for name, data in (("a.wav", tone(2, 300)), ("sub/c.wav", tone(1, 500)), ("d.wav", tone(1, 200))):
            (self.files / name).write_bytes(data)
        (self.files / "b.mp3").write_bytes(b"ID3\x04" + b"\0" * 60)
        (self.files / "letter.wav").write_bytes(b"Dear Sir or Madam, this is no sound")
        self.shown: list[Outcome] = []

    def wish(self, table: str = TABLE, files: Path | None = None) -> Wish:
        path = self.folder / "recordings.csv"
        path.write_text(table, encoding="utf-8")
        return Wish(path=path, object=past.RECORDING, options=TakeOver(system="old"), files=files or self.files)

    async def calls(self) -> None:
        path = self.folder / "calls.csv"
        path.write_text(BEFORE, encoding="utf-8")
        await self.importing.run(Wish(path=path, object=past.CONTACT, options=TakeOver(system="old")), lambda _: None)

    async def run(self, wish: Wish) -> tuple[str, dict[str, int]]:
        self.shown = []
        return await self.importing.run(wish, self.shown.append)

    async def rows(self) -> list[Any]:
        query = select(schema.recording, schema.interaction.c.external_key, schema.interaction.c.adapter)
        joined = query.join(schema.interaction, schema.interaction.c.id == schema.recording.c.interaction_id)
        return await self.store.read(lambda conn: list(conn.execute(joined.order_by(schema.recording.c.started_at))))

    async def count(self, table: Any) -> int:
        return await self.store.read(lambda conn: conn.execute(select(func.count()).select_from(table)).scalar() or 0)


@pytest.fixture
async def sounds(bench: Bench, tmp_path: Path) -> Sounds:
    made = Sounds(bench, tmp_path)
    await customer(made, "13800138000")  # type: ignore[arg-type]
    await made.calls()
    return made


async def test_recordings_come_to_their_calls_sealed_and_go_again(sounds: Sounds) -> None:
    before = await silent(sounds.store)
    contacts = await sounds.count(schema.interaction)
    tried = await sounds.importing.try_out(sounds.wish(), sounds.shown.append)
    assert tried == {"created": 3, "error": 4}
    assert await sounds.rows() == []
    job, counts = await sounds.run(sounds.wish())
    assert counts == {"created": 3, "error": 4}
    assert [one.reasons for one in sounds.shown[3:]] == [
        ["file: no_file: gone.wav"],
        ["file: no_sound: letter.wav"],
        ["file: no_file: ../secret.wav"],
        ["call: unknown_contact: nobody"],
    ]
    made, of_call, near = await sounds.rows()
    # By its number, by whose it was and when (a minute beside the call's own clock), and with a call of its own.
    assert [one.external_key for one in (made, of_call, near)] == ["old/P-77", "old/C-1", "old/C-2"]
    assert (near.length_ms, near.peaks) == (42_000, [])
    assert of_call.length_ms == 2000
    assert of_call.started_at == (
        await sounds.store.read(
            lambda conn: conn.execute(
                select(schema.interaction.c.started_at).where(schema.interaction.c.id == of_call.interaction_id)
            ).scalar_one()
        )
    )
    recordings = sounds.bench.office.recordings
    assert await recordings.listen(of_call, 0, of_call.size - 1) == tone(2, 300)
    assert tone(2, 300)[44:200] not in sounds.store.blobs.get(of_call.blob)
    assert await silent(sounds.store) == before
    with pytest.raises(ConflictError) as again:
        await sounds.run(sounds.wish())
    assert again.value.code == "imported"

    (sounds.files / "gone.wav").write_bytes(tone(1, 700))
    late, counts = await sounds.run(sounds.wish())
    assert counts == {"unchanged": 3, "created": 1, "error": 3}
    assert await sounds.importing.undo(late) == {"reversed": 1, "nothing": 6}
    assert await sounds.importing.undo(job) == {"reversed": 3, "nothing": 4}
    assert await sounds.rows() == []
    assert await sounds.count(schema.interaction) == contacts


async def test_a_recording_that_is_held_stays_and_one_whose_time_is_over_does_not_come(sounds: Sounds) -> None:
    job, _ = await sounds.run(sounds.wish())
    recordings = sounds.bench.office.recordings
    made, of_call, _near = await sounds.rows()
    await recordings.hold(of_call.id, "sue", "court", on=True)
    assert await sounds.importing.undo(job) == {"reversed": 2, "kept": 1, "nothing": 4}
    assert [one.id for one in await sounds.rows()] == [of_call.id]
    old = "录音文件,通话编号,时间\na.wav,X-1,2011-03-02 10:01:00\n"
    _, counts = await sounds.run(sounds.wish(old))
    assert counts == {"error": 1}
    assert sounds.shown[0].reasons == ["at: time_over: 2011-03-02T02:01:00"]
    assert made.expires_at is not None
    assert made.expires_at - made.started_at == days_of(recordings.keep_days("support"))


def days_of(days: float | None) -> timedelta:
    assert days is not None
    return timedelta(days=days)


async def test_a_zip_brings_table_and_sound_together(sounds: Sounds) -> None:
    path = sounds.folder / "all.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("录音/清单.csv", TABLE.encode("gb18030"))
        packed.writestr("__MACOSX/x.csv", "a,b\n")
        for name in ("a.wav", "b.mp3", "sub/c.wav"):
            packed.write(sounds.files / name, f"录音/{name}")
    wish = Wish(path=path, object=past.RECORDING, options=TakeOver(system="old"))
    looked = await sounds.importing.peek(wish)
    assert (looked.sheet.format, looked.sheet.encoding) == ("csv", "gb18030")
    assert set(looked.mapping.values()) == {"file", "call", "at", "phone", "talk", "agent", "line"}
    _, counts = await sounds.run(wish)
    # In the zip they lie in a folder the table does not name.
    assert counts == {"error": 7}
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("清单.csv", TABLE.encode("gb18030"))
        for name in ("a.wav", "b.mp3", "sub/c.wav"):
            packed.write(sounds.files / name, name)
    del looked
    _, counts = await sounds.run(wish)
    assert counts == {"created": 3, "error": 4}
    assert list((sounds.folder / "tables").iterdir()) == []


async def test_a_table_alone_says_where_its_sound_is_missing(sounds: Sounds) -> None:
    wish = sounds.wish()
    alone = Wish(path=wish.path, object=past.RECORDING)
    with pytest.raises(BadRequestError) as refused:
        await sounds.run(alone)
    assert refused.value.code == "no_files"


async def test_one_file_is_one_recording(sounds: Sounds) -> None:
    _, counts = await sounds.run(sounds.wish("id,file,call\n1,a.wav,C-1\n2,a.wav,C-1\n"))
    assert counts == {"created": 1, "error": 1}
    assert sounds.shown[1].reasons == ["file: twice: a.wav"]


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "out.wav").write_bytes(b"RIFF")
    (tmp_path / "in" / "link.wav").symlink_to(tmp_path / "out.wav")
    folder = Folder(tmp_path / "in")
    for name in ("../out.wav", str(tmp_path / "out.wav"), "link.wav", "a\0b", "", ".", "x" * 5000):
        with pytest.raises(BadRequestError) as refused:
            folder.read(name, 100)
        assert refused.value.code == "no_file"


def test_a_zip_that_grows_or_never_ends_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.wav", bytes(1_000_000))
    with pytest.raises(BadRequestError) as refused:
        Zip(path).read("a.wav", 1000)
    assert refused.value.code == "too_long"
    data = path.read_bytes()
    wide = data[:-10] + (2**31).to_bytes(4, "little") + data[-6:]
    for name, broken in (
        ("wide", wide),
        ("cut", data[:-30]),
        ("no", b"PK\x03\x04 no"),
        ("torn", b"PK" * 40 + data[90:]),
    ):
        (tmp_path / name).write_bytes(broken)
        with pytest.raises(BadRequestError) as refused:
            Zip(tmp_path / name).read("a.wav", 10_000_000)
        assert refused.value.code in {"too_large", "damaged"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_method_that_unpacks_without_bounds_is_not_unpacked(
    tmp_path: Path, method: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", method) as packed, packed.open("a.wav", "w") as file:
        for _ in range(4):
            file.write(bytes(1024 * 1024))
    bundle = Zip(path)

    def read(*_given: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(zipfile.ZipExtFile, "read", read)
    with pytest.raises(BadRequestError) as caught:
        bundle.read("a.wav", 10_000_000)
    assert caught.value.code == "damaged"


async def test_names_of_a_zip_from_windows_are_read_as_they_were_meant(tmp_path: Path) -> None:
    path = tmp_path / "windows.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("LYLYLY.wav", b"RIFF")
    raw = path.read_bytes().replace(b"LYLYLY.wav", "录音一".encode("gb18030") + b".wav")
    path.write_bytes(raw)
    assert Zip(path).read("录音一.wav", 10) == b"RIFF"
