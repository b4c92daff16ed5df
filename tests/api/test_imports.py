"""Imports and exports over REST: pieces, preview, trial, run, result, undo; bounded, on record, masked by role."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest

from contactd.crm_store import audit, import_files, import_jobs
from contactd.desk.exchange import wizard
from contactd.desk.exchange.sheet import MAX_BYTES
from contactd.testing.clock import ManualClock
from contactd.testing.pbx.tapes import tone
from tests.api.house import House, build

PEOPLE = "姓名,手机,公司,我们的列\n张三,13800138000,郑州一厂,x\n李四,13900139000,郑州一厂,y\n王五,12,,\n"
SETTLED = {"whole", "done", "failed"}


async def brought(client: httpx.AsyncClient, data: bytes, name: str = "客户.csv") -> str:
    """Bring a file in its pieces."""
    answer = await client.post("/api/v1/import-files", json={"name": name, "size": len(data)})
    assert answer.status_code == 201, answer.text
    ident: str = answer.json()["id"]
    for number, at in enumerate(range(0, len(data), wizard.PIECE)):
        piece = data[at : at + wizard.PIECE]
        put = await client.put(f"/api/v1/import-files/{ident}/pieces/{number}", content=piece)
        assert put.status_code == 200, put.text
    assert (await client.get(f"/api/v1/import-files/{ident}")).json()["state"] == "whole"
    return ident


async def done(house: House, client: httpx.AsyncClient, ident: str, what: str, **how: Any) -> dict[str, Any]:
    """Have a file tried out or taken over, to the end."""
    answer = await client.post(f"/api/v1/import-files/{ident}/{what}", json=how)
    assert answer.status_code == 202, answer.text
    await house.wizard.some()
    found: dict[str, Any] = (await client.get(f"/api/v1/import-files/{ident}")).json()
    assert found["state"] in SETTLED
    return found


MAIL = b"""From: =?utf-8?b?5byg5LiJ?= <zhang@x.example>
To: support@example.com
Date: Fri, 01 Mar 2024 09:15:00 +0800
Message-ID: <%d@x.example>
Subject: pump %d

It leaks.
"""
OURS = MAIL.replace(
    b"From: =?utf-8?b?5byg5LiJ?= <zhang@x.example>\nTo: support@example.com",
    b"From: a@ours.example\nTo: zhang@x.example",
)


async def test_mails_in_a_zip_are_looked_at_tried_taken_over_and_taken_back(both: House) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(
            "Takeout/all.mbox", b"From x Fri Mar  1 09:15:00 2024\n" + MAIL % (1, 1) + b"\nFrom x\n" + OURS % (2, 2)
        )
        made.writestr("one.eml", MAIL % (3, 3))
        made.writestr("undated.eml", b"From: zhang@x.example\nSubject: undated\n\nx\n")
        made.writestr("readme.txt", b"no mail")
    async with await both.logged_in("sue") as client:
        ident = await brought(client, packed.getvalue(), "mails.zip")
        seen = (await client.get(f"/api/v1/import-files/{ident}/preview?object=mails")).json()
        assert (seen["format"], seen["mapping"], seen["fields"]) == ("mails", {}, [])
        assert [row[1:4] for row in seen["rows"]][:2] == [
            ["张三 <zhang@x.example>", "support@example.com", "pump 1"],
            ["a@ours.example", "zhang@x.example", "pump 2"],
        ]
        how = {"object": "mails", "own": ["ours.example"]}
        assert (await done(both, client, ident, "trial", **how))["counts"] == {"created": 3, "error": 1}
        ran = await done(both, client, ident, "run", **how)
        assert ran["counts"] == {"created": 3, "error": 1}
        kept = (await client.get("/api/v1/interactions", params={"channel": "email"})).json()["items"]
        assert sorted((one["subject"], one["direction"]) for one in kept) == [
            ("pump 1", "inbound"),
            ("pump 2", "outbound"),
            ("pump 3", "inbound"),
        ]
        result = await client.get(f"/api/v1/imports/{ran['import']}/result?left_out=1")
        table = list(csv.reader(io.StringIO(result.content.decode("utf-8-sig"))))
        assert [row[3] for row in table[1:]] == ["undated"]
        assert table[1][5:7] == ["error", "date: missing: "]
        await client.post(f"/api/v1/imports/{ran['import']}/undo")
        await both.wizard.some()
        assert (await client.get(f"/api/v1/imports/{ran['import']}")).json()["counts"] == {"reversed": 3, "nothing": 1}


async def test_what_is_no_mail_is_refused_before_it_is_tried(both: House) -> None:
    async with await both.logged_in("sue") as client:
        for name, data, code in (("a.csv", b"a,b\n1,2\n", "no_mbox"), ("b.zip", b"PK\x03\x04 broken", "damaged")):
            ident = await brought(client, data, name)
            answer = await client.post(f"/api/v1/import-files/{ident}/trial", json={"object": "mails"})
            assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_recordings_in_a_zip_are_heard_on_their_calls_and_gone_when_taken_back(
    both: House, tmp_path: Path
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        made.writestr(
            "list.csv",
            "file,callid,time,phone,agent,duration\na.wav,7,2026-11-02 10:00,13800138000,ann,\nb.mp3,8,2026-11-02,,ann,9\n",
        )
        made.writestr("a.wav", tone(1, 300))
        made.writestr("b.mp3", b"ID3\x04" + bytes(100))
    async with await both.logged_in("sue") as client:
        ident = await brought(client, packed.getvalue(), "recordings.zip")
        seen = (await client.get(f"/api/v1/import-files/{ident}/preview?object=recordings")).json()
        assert (seen["format"], seen["beside"], seen["folder"]) == ("csv", True, False)
        refused = await client.post(f"/api/v1/import-files/{ident}/run", json={"object": "recordings", "files": "/etc"})
        assert (refused.status_code, refused.json()["code"]) == (400, "no_folder")
        assert (await done(both, client, ident, "trial", object="recordings"))["counts"] == {"created": 2}
        ran = await done(both, client, ident, "run", object="recordings")
        assert ran["counts"] == {"created": 2}
        calls = (await client.get("/api/v1/interactions", params={"channel": "voice"})).json()["items"]
        heard = {}
        for call in calls:
            (one,) = (await client.get(f"/api/v1/interactions/{call['id']}/recordings")).json()["items"]
            sound = await client.get(f"/api/v1/recordings/{one['id']}/sound")
            heard[sound.headers["content-type"]] = (one["seconds"], len(sound.content), one["agent"], one["state"])
        assert heard == {
            "audio/wav": (1.0, len(tone(1, 300)), "id-ann", "kept"),
            "audio/mpeg": (9.0, 104, "id-ann", "kept"),
        }
        part = await client.get(f"/api/v1/recordings/{one['id']}/sound", headers={"range": "bytes=50-59"})
        assert (part.status_code, part.headers["content-type"]) == (206, sound.headers["content-type"])
        result = await client.get(f"/api/v1/imports/{ran['import']}/result")
        assert result.text.count("created") == 2
        await client.post(f"/api/v1/imports/{ran['import']}/undo")
        await both.wizard.some()
        assert (await client.get(f"/api/v1/imports/{ran['import']}")).json()["counts"] == {"reversed": 2}
        assert (await client.get(f"/api/v1/recordings/{one['id']}/sound")).status_code == 404


async def test_an_excel_csv_is_looked_at_tried_taken_over_and_taken_back(both: House) -> None:
    async with await both.logged_in("sue") as client:
        ident = await brought(client, PEOPLE.encode("gb18030"))
        seen = (await client.get(f"/api/v1/import-files/{ident}/preview")).json()
        assert (seen["format"], seen["encoding"], seen["unplaced"]) == ("csv", "gb18030", ["我们的列"])
        assert seen["mapping"] == {"姓名": "name", "手机": "mobile", "公司": "organisation"}
        assert seen["rows"][0] == ["张三", "13800138000", "郑州一厂", "x"]
        wrong = (await client.get(f"/api/v1/import-files/{ident}/preview?encoding=utf-8")).json()
        assert (wrong["code"], wrong["field"]) == ("encoding", "encoding")

        mapping = {**seen["mapping"], "我们的列": "custom.ours"}
        tried = await done(both, client, ident, "trial", mapping=mapping)
        assert tried["counts"] == {"created": 2, "error": 1}
        assert tried["faults"] == [{"row": 4, "status": "error", "reasons": ["手机: no_number: 12"]}]
        assert (await client.get("/api/v1/parties", params={"q": "张三"})).json()["items"] == []

        ran = await done(both, client, ident, "run", mapping=mapping)
        assert (ran["state"], ran["counts"], ran["progress"]) == ("done", {"created": 2, "error": 1}, 3)
        job = ran["import"]
        (zhang,) = (await client.get("/api/v1/parties", params={"q": "张三"})).json()["items"]
        result = await client.get(f"/api/v1/imports/{job}/result")
        table = list(csv.reader(io.StringIO(result.content.decode("utf-8-sig"))))
        assert [row[4] for row in table] == ["contactd status", "created", "created", "error"]
        assert table[1][6] == zhang["id"]
        left = await client.get(f"/api/v1/imports/{job}/result?left_out=1")
        assert len(left.text.splitlines()) == 2
        # The columns of the next file are placed as these were.
        again = await brought(client, PEOPLE.encode().replace(b"12", b"13700137000"))
        assert (await client.get(f"/api/v1/import-files/{again}/preview")).json()["mapping"] == mapping

        await client.patch(f"/api/v1/parties/{zhang['id']}", json={"vip": 2})
        assert (await client.post(f"/api/v1/imports/{job}/undo")).status_code == 202
        await both.wizard.some()
        undone = (await client.get(f"/api/v1/imports/{job}")).json()
        assert (undone["state"], undone["counts"]) == ("undone", {"reversed": 1, "kept": 1, "nothing": 1})
        rows = (await client.get(f"/api/v1/imports/{job}/rows", params={"status": "created"})).json()["items"]
        assert [(row["row"], row["undone"], row["kept"]) for row in rows] == [
            (2, "kept", ["changed"]),
            (3, "reversed", []),
        ]
        assert (await client.post(f"/api/v1/imports/{job}/undo")).json()["code"] == "undone"
    acts = [one["action"] for one in await both.store.read(audit.listed)]
    assert {"import.begin", "import.undo"} <= set(acts)


async def test_two_gigabytes_are_refused_before_the_first_byte(house: House) -> None:
    async with await house.logged_in("sue") as client:
        answer = await client.post("/api/v1/import-files", json={"name": "all.csv", "size": 2 * 1024**3})
        assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (413, "too_large", "file")
        assert "2048 MB" in answer.json()["detail"]
        assert (await client.post("/api/v1/import-files", json={"name": "x", "size": 0})).json()["code"] == "empty"
        whole = await client.post("/api/v1/import-files", json={"name": "all.csv", "size": MAX_BYTES})
        ident = whole.json()["id"]
        put = await client.put(f"/api/v1/import-files/{ident}/pieces/0", content=b"x" * (wizard.PIECE + 1))
        assert put.status_code == 413


async def test_pieces_come_in_order_once_and_of_their_length(house: House) -> None:
    data = ("姓名,手机\n" + "".join(f"客户{n},1380013{n:04}\n" for n in range(9999))).encode() * 7
    size = wizard.PIECE
    assert size < len(data) < 2 * size
    async with await house.logged_in("sue") as client:
        made = await client.post("/api/v1/import-files", json={"name": "a.csv", "size": len(data)})
        path = f"/api/v1/import-files/{made.json()['id']}"
        assert (await client.put(f"{path}/pieces/1", content=data[size:])).json()["code"] == "out_of_order"
        assert (await client.put(f"{path}/pieces/0", content=data[:5])).json()["code"] == "wrong_length"
        for _ in range(2):
            assert (await client.put(f"{path}/pieces/0", content=data[:size])).status_code == 200
        assert (await client.get(f"{path}/preview")).json()["code"] == "not_whole"
        assert (await client.post(f"{path}/run", json={})).json()["code"] == "not_whole"
        last = await client.put(f"{path}/pieces/1", content=data[size:])
        assert last.json()["state"] == "whole"
        row = await house.store.read(lambda conn: import_files.row(conn, made.json()["id"]))
        assert house.store.blobs.get(row.blob) == data


async def test_an_import_that_was_cut_short_goes_on_at_the_next_start(house: House, clock: ManualClock) -> None:
    lines = "".join(f"客户{n},1380013{n:04}\n" for n in range(60))
    async with await house.logged_in("sue") as client:
        ident = await brought(client, f"姓名,手机\n{lines}".encode())
        await client.post(f"/api/v1/import-files/{ident}/run", json={})
        working = asyncio.create_task(house.wizard.some())
        while not await house.store.read(import_jobs.listed):  # noqa: ASYNC110 - a state of the store
            await asyncio.sleep(0)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
        state = (await client.get(f"/api/v1/import-files/{ident}")).json()["state"]
        assert state == "running"
        # Another process begins with what stands in the store.
        later = wizard.Wizard(house.store, clock, house.wizard._idents)
        await later.some()
        found = (await client.get(f"/api/v1/import-files/{ident}")).json()
        assert (found["state"], found["counts"]) == ("done", {"created": 60})


async def test_one_that_was_cut_short_can_be_taken_back_instead(house: House, clock: ManualClock) -> None:
    lines = "".join(f"客户{n},1380013{n:04}\n" for n in range(60))
    async with await house.logged_in("sue") as client:
        ident = await brought(client, f"姓名,手机\n{lines}".encode())
        await client.post(f"/api/v1/import-files/{ident}/run", json={})
        working = asyncio.create_task(house.wizard.some())
        while not (found := (await client.get(f"/api/v1/import-files/{ident}")).json())["progress"]:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        assert (await client.post(f"/api/v1/imports/{found['import']}/undo")).status_code == 202
        await working
        await house.wizard.some()
        job = (await client.get(f"/api/v1/imports/{found['import']}")).json()
        assert (job["state"], set(job["counts"])) == ("undone", {"reversed"})
        assert (await client.get("/api/v1/parties")).json()["items"] == []
        # Taken back, the same file may come again.
        assert (await done(house, client, ident, "run"))["counts"] == {"created": 60}


async def test_a_file_that_fails_keeps_nobody_elses_waiting(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    async with await house.logged_in("sue") as client:
        bad, good = [await brought(client, f"姓名\n{name}\n".encode(), f"{name}.csv") for name in ("坏", "好")]
        for ident in (bad, good):
            assert (await client.post(f"/api/v1/import-files/{ident}/trial", json={})).status_code == 202
        whole = wizard.Wizard._try_out

        async def one_fails(self: wizard.Wizard, row: Any, wish: Any) -> Any:
            if row.id == bad:
                raise RuntimeError
            return await whole(self, row, wish)

        monkeypatch.setattr(wizard.Wizard, "_try_out", one_fails)
        await house.wizard.some()
        found = [(await client.get(f"/api/v1/import-files/{ident}")).json() for ident in (bad, good)]
        assert [one["state"] for one in found] == ["failed", "whole"]
        assert found[0]["error"] == "unexpected: RuntimeError"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"mapping": {"姓": "name"}}, "unknown_column"),
        ({"mapping": {"姓名": "nonsense"}}, "unknown_field"),
        ({"mapping": dict.fromkeys(("姓名", "手机", "公司"), "-")}, "no_mapping"),
        ({"policy": "replace"}, "unknown_policy"),
        ({"match": ["colour"]}, "unknown_match"),
        ({"encoding": "klingon"}, "encoding"),
    ],
)
async def test_a_wish_that_is_none_is_refused_at_once(house: House, given: dict[str, Any], code: str) -> None:
    async with await house.logged_in("sue") as client:
        ident = await brought(client, PEOPLE.encode())
        answer = await client.post(f"/api/v1/import-files/{ident}/run", json=given)
        assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_the_same_file_twice_is_said_and_changes_nothing(house: House) -> None:
    async with await house.logged_in("sue") as client:
        for _ in range(2):
            ident = await brought(client, PEOPLE.encode())
            found = await done(house, client, ident, "run")
        assert found["state"] == "failed"
        assert found["error"].startswith("imported: ")


async def test_customers_are_taken_out_by_choice_and_on_record(both: House) -> None:
    async with await both.logged_in("sue") as client:
        for name, vip in (("张三", 2), ("李四", 0)):
            point = {"kind": "phone", "value": f"1380013800{vip}"}
            await client.post("/api/v1/parties", json={"name": name, "vip": vip, "points": [point]})
        answer = await client.post("/api/v1/exports", json={"vip": 1, "columns": ["name", "mobile", "phone"]})
        assert answer.status_code == 200
        assert list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))) == [
            ["name", "mobile", "phone"],
            ["张三", "", "'+8613800138002"],
        ]
        assert len((await client.post("/api/v1/exports", json={"form": "jsonl"})).text.splitlines()) == 2
        wrong = await client.post("/api/v1/exports", json={"columns": ["nonsense"]})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "unknown_column")
    acts = [one for one in await both.store.read(audit.listed) if one["action"] == "party.export"]
    assert [one["detail"] for one in reversed(acts)] == [
        {"form": "csv", "all": False, "masked": False},
        {"form": "jsonl", "all": True, "masked": False},
    ]


async def test_who_sees_numbers_masked_takes_none_out(both: House, clock: ManualClock, tmp_path: Path) -> None:
    house = build(both.store, clock, tmp_path / "s" / "static", masked_roles=("supervisor",))
    async with await house.logged_in("sue") as client:
        ident = await brought(client, PEOPLE.encode())
        seen = await client.get(f"/api/v1/import-files/{ident}/preview")
        job = (await done(house, client, ident, "run"))["import"]
        answers = [seen, await client.get(f"/api/v1/imports/{job}/result")]
        answers += [await client.post("/api/v1/exports", json={"form": form}) for form in ("csv", "jsonl")]
        for answer in answers:
            assert "138****8000" in answer.text
            assert "0013" not in answer.text
        tried_out = await client.post("/api/v1/exports", json={"q": "138001", "form": "jsonl"})
        assert tried_out.text == ""


async def test_agents_neither_bring_nor_take_out(house: House) -> None:
    async with await house.logged_in("ann") as client:
        assert (await client.post("/api/v1/import-files", json={"name": "x", "size": 3})).status_code == 403
        assert (await client.post("/api/v1/exports", json={})).status_code == 403
