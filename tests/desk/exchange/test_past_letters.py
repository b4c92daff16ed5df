"""Mails of another program: read by the channel's own reader, threaded with each other and with what is there, kept whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from contactd.channels.email.reader import read
from contactd.core.errors import BadRequestError, ConflictError, WorkerDiedError
from contactd.crm_store import records, schema, source_rows
from contactd.crm_store.import_rows import Outcome
from contactd.desk.exchange import mail_file
from contactd.desk.exchange.importing import Importing
from contactd.desk.exchange.letters import Letters, Post
from contactd.desk.exchange.mail_file import letters
from contactd.desk.idents import Idents
from tests.crm_store.town import Town, mail
from tests.desk.bench import Bench
from tests.desk.exchange.test_past import silent

ASKED = b"""From: =?utf-8?b?5byg5LiJ?= <zhang@x.example>
To: support@example.com
Date: Fri, 01 Mar 2024 09:15:00 +0800
Message-ID: <1@x.example>
Subject: =?utf-8?b?5rC05rO15ryP5rC0?=
Content-Type: multipart/mixed; boundary=b

--b
Content-Type: text/plain; charset=gbk
Content-Transfer-Encoding: base64

y66xw8Kpy64=
--b
Content-Type: application/pdf; name=plan.pdf
Content-Disposition: attachment; filename=plan.pdf
Content-Transfer-Encoding: base64

JVBERi0=
--b--
"""
ANSWERED = b"""From: Support <support@example.com>
To: zhang@x.example
Date: Fri, 01 Mar 2024 10:15:00 +0800
Message-ID: <2@example.com>
In-Reply-To: <1@x.example>
References: <1@x.example>
Subject: Re: pump

We come tomorrow.
>From the depot.
"""
LATER = b"""From: zhang@x.example
To: support@example.com
Date: Fri, 01 Mar 2030 10:15:00 +0800
Message-ID: <3@x.example>
Subject: tomorrow

x
"""
NO_DATE = b"""From: zhang@x.example
Message-ID: <4@x.example>
Subject: undated

From: this line begins no mail
"""


def mbox(*mails: bytes) -> bytes:
    return b"".join(b"From zhang@x.example Fri Mar  1 09:15:00 2024\n" + one + b"\n" for one in mails)


async def here(task: Any, *args: Any) -> Any:
    _reader, pairs = args
    if any(b"KILL" in raw for raw, _ in pairs):
        text = "died"
        raise WorkerDiedError(text)
    return task(*args)


class Office:
    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench, self.store, self.folder = bench, bench.store, folder
        self.idents = Idents(bench.clock)
        post = Post(channel="email", reader=read, work=here, own=frozenset({"example.com"}))
        self.letters = Letters(bench.store, bench.clock, self.idents, "test", post)
        self.shown: list[Outcome] = []

    def file(self, *mails: bytes) -> Path:
        path = self.folder / "old.mbox"
        path.write_bytes(mbox(*mails))
        return path

    async def run(self, *mails: bytes) -> tuple[str, dict[str, int]]:
        self.shown = []
        return await self.letters.run(self.file(*mails), self.shown.append)

    async def rows(self, table: Any, *order: Any) -> list[Any]:
        return await self.store.read(lambda conn: list(conn.execute(select(table).order_by(*order))))


@pytest.fixture
async def office(bench: Bench, tmp_path: Path) -> Office:
    return Office(bench, tmp_path)


async def test_an_mbox_becomes_one_conversation_with_its_files_and_originals(office: Office) -> None:
    party = await Town(office.store).party("张三", mail("zhang@x.example"))
    before = await silent(office.store)
    tried = await office.letters.try_out(office.file(ASKED, ANSWERED, LATER, NO_DATE, ASKED), lambda _: None)
    assert tried == {"created": 3, "error": 1, "unchanged": 1}
    assert not await office.rows(schema.interaction)
    job, counts = await office.run(ASKED, ANSWERED, LATER, NO_DATE, ASKED)
    assert counts == {"created": 3, "error": 1, "unchanged": 1}
    assert office.shown[2].reasons == ["date: in_future: 2030-03-01T02:15:00"]
    asked, answered, undated = await office.rows(schema.interaction, schema.interaction.c.started_at)
    assert (asked.direction, answered.direction, asked.subject) == ("inbound", "outbound", "水泵漏水")
    assert asked.party_id == answered.party_id == party
    assert asked.thread_id == answered.thread_id != undated.thread_id
    assert (asked.state, asked.queued_at, asked.routed_by) == ("closed", None, "import")
    assert undated.started_at.isoformat() == "2024-03-01T09:15:00+00:00"
    said = {row.interaction_id: row for row in await office.rows(schema.message)}
    assert said[asked.id].body_text == "水泵漏水"
    assert said[answered.id].body_text.rstrip().endswith("\nFrom the depot.")
    (file,) = await office.rows(schema.attachment)
    assert (file.name, await office.store.blobs.load(file.blob)) == ("plan.pdf", b"%PDF-")
    original, _ = await office.store.read(lambda conn: source_rows.source(conn, said[answered.id].id))
    assert original == ANSWERED.replace(b">From the", b"From the")
    assert await silent(office.store) == before
    report = await office.store.read(lambda conn: records.check(conn, office.store.blobs))
    assert report.sound, report.faults
    with pytest.raises(ConflictError):
        await office.run(ASKED, ANSWERED, LATER, NO_DATE, ASKED)
    again, counts = await office.run(ASKED, ANSWERED)
    assert counts == {"unchanged": 2}
    importing = Importing(office.store, office.bench.clock, office.idents, "test")
    assert await importing.undo(again) == {"nothing": 2}
    assert await importing.undo(job) == {"reversed": 3, "nothing": 2}
    for table in (schema.interaction, schema.message, schema.attachment, schema.thread, schema.receipt, schema.raw):
        assert not await office.rows(table), table.name


async def test_mails_join_the_conversation_that_is_there_and_are_not_kept_twice(office: Office) -> None:
    await office.run(ASKED)
    (asked,) = await office.rows(schema.interaction)
    other = ANSWERED.replace(b"<2@example.com>", b"<9@example.com>")
    _, counts = await office.run(ASKED.replace(b"y66xw8Kpy64=", b"y66xw8Kpy64K"), other)
    assert counts == {"unchanged": 1, "created": 1}
    assert {row.thread_id for row in await office.rows(schema.interaction)} == {asked.thread_id}


async def test_a_mail_that_kills_its_worker_is_named_and_the_others_are_taken_over(office: Office) -> None:
    _, counts = await office.run(ASKED, ANSWERED.replace(b"tomorrow", b"KILL"))
    assert counts == {"created": 1, "error": 1}
    assert office.shown[1].reasons == ["mail: damaged: "]


async def test_a_folder_of_mails_comes_in_the_order_of_its_dates(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.eml").write_bytes(ANSWERED)
    (folder / "sub" / "b.eml").write_bytes(ASKED)
    (folder / "c.eml").symlink_to("/etc/passwd")
    _, counts = await office.letters.run(folder, office.shown.append)
    assert counts == {"created": 2}
    assert len({row.thread_id for row in await office.rows(schema.interaction)}) == 1


@pytest.mark.parametrize("content", [b"", b"not a mail file", b"\x00" * 100])
def test_what_is_no_mbox_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.mbox"
    path.write_bytes(content)
    with pytest.raises(BadRequestError):
        list(letters(path))


def test_a_mail_without_end_is_bounded_and_the_next_one_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_file, "MAX_MAIL", 1000)
    path = tmp_path / "x.mbox"
    path.write_bytes(mbox(b"Subject: long\n\n" + b"x" * 70 * 1000 + b"\n", ASKED))
    found = list(letters(path))
    assert [(one.number, one.too_large, one.raw) for one in found] == [(1, True, b""), (2, False, ASKED)]
