"""A backup while mail comes in, and everything that was acknowledged before it back again, on each of the two databases."""

from __future__ import annotations

import asyncio
import json
import stat
from itertools import count
from pathlib import Path

import httpx
import pytest

from tests.integration.house import PATIENCE_S, Console, House
from tests.integration.sink import Sink

pytestmark = pytest.mark.integration


async def _send_on(house: House, acknowledged: list[str], enough: asyncio.Event) -> None:
    for number in count():
        subject = f"mail {number}"
        answer = await asyncio.to_thread(house.send_mail, subject)
        assert answer.startswith("250")
        acknowledged.append(subject)
        if enough.is_set():
            return


async def _backup_at_work(house: House, folder: Path) -> tuple[str, ...]:
    """Make a backup while mail comes; return the subjects that were acknowledged before it was begun."""
    acknowledged: list[str] = []
    enough = asyncio.Event()
    stream = asyncio.create_task(_send_on(house, acknowledged, enough))
    async with asyncio.timeout(PATIENCE_S):
        while len(acknowledged) < 3:  # noqa: ASYNC110 - the stream is a real server's
            await asyncio.sleep(0.01)
    before = tuple(acknowledged)
    made = await asyncio.to_thread(house.command, "backup", str(folder))
    assert made.returncode == 0, made.stderr
    enough.set()
    await stream
    return before


async def test_a_backup_made_at_work_brings_back_what_was_acknowledged(
    house: House, sink: Sink, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    replace = ["--replace"] if "database.url" in house.settings else []
    await sink.stop()  # what ann answers cannot leave
    house.start()
    house.add_user("ann", "supervisor")
    ann = await Console.log_in(house, "ann")
    await ann.connect()
    await ann.run("agent.set_intent", intent="ready")
    await asyncio.to_thread(house.send_mail, "Where is my order")
    work = (await ann.take_offer())["interaction"]["id"]
    await ann.run("interaction.send", interaction=work, text="On its way.")
    letter = await ann.event("message.added", lambda data: data["message"]["direction"] == "outbound")

    before = await _backup_at_work(house, kept)
    await asyncio.to_thread(house.send_mail, "after the backup")
    refused = await asyncio.to_thread(house.command, "restore", str(kept), *replace)
    assert refused.returncode == 1
    assert "stop the server first" in refused.stderr
    await ann.close()
    assert house.terminate() == 0

    back = await asyncio.to_thread(house.command, "restore", str(kept), *replace)
    assert back.returncode == 0, back.stdout + back.stderr
    assert "1 letters are held" in back.stdout
    assert "the records agree" in back.stdout
    assert "what was there lies in" in back.stdout
    house.start()
    async with httpx.AsyncClient(base_url=house.url, cookies=ann.cookies, timeout=PATIENCE_S) as old:
        assert (await old.get("/api/v1/queue")).status_code == 401, "log-ins of then are over"
    ann = await Console.log_in(house, "ann")
    found = await ann.get("/interactions?limit=200")
    subjects = [item["subject"] for item in found["items"]]
    assert set(before) <= set(subjects)
    assert len(subjects) == len(set(subjects)), "what came while it was made is there once"
    assert "after the backup" not in subjects
    messages = (await ann.get(f"/interactions/{work}/messages"))["items"]
    states = {one["id"]: one["delivery_state"] for one in messages}
    assert states[letter["message"]["id"]] == "held", "it may have left since"
    assert (await asyncio.to_thread(house.send_mail, "and on it goes")).startswith("250")
    await ann.close()
    assert house.terminate() == 0
    audit = await asyncio.to_thread(house.command, "audit")
    assert audit.returncode == 0, audit.stdout


def test_a_damaged_backup_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    house, kept = House(tmp_path / "house"), tmp_path / "kept"
    house.folder.mkdir()
    house.add_user("ann")
    assert house.command("backup", str(kept)).returncode == 0
    assert house.command("restore", str(kept), "--check").returncode == 0
    again = house.command("backup", str(kept))
    assert (again.returncode, "is not empty" in again.stderr) == (1, True)
    inside = house.command("backup", str(Path(house.settings["data_dir"]) / "kept"))
    assert (inside.returncode, "inside data_dir" in inside.stderr) == (1, True)

    data = kept / "database.sqlite"
    whole = data.read_bytes()
    data.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    (kept / "strange").write_text("x")
    bad = house.command("restore", str(kept))
    assert (bad.returncode, "2 files are not as the backup's list says" in bad.stderr) == (1, True)
    (kept / "strange").unlink()
    data.write_bytes(whole)

    listed = json.loads((kept / "backup.json").read_text())
    for change, why in (
        ({"files": {"../../etc/passwd": [0, ""]}}, "cannot be read"),
        ({"form": 2}, "newer version"),
        ({"revision": "9999_later"}, "newer version"),
        ({"database": "postgresql"}, "database.url"),
        ({"more": 1}, "cannot be read"),
    ):
        (kept / "backup.json").write_text(json.dumps(listed | change))
        bad = house.command("restore", str(kept))
        assert (bad.returncode, why in bad.stderr) == (1, True), bad.stderr
    (kept / "backup.json").unlink()
    assert "is no backup" in house.command("restore", str(kept)).stderr
    assert not list(Path(house.settings["data_dir"]).glob("before-*"))
    assert house.command("audit").returncode == 0


def test_keys_may_be_kept_elsewhere_and_are_asked_for(tmp_path: Path) -> None:
    house, kept = House(tmp_path / "house"), tmp_path / "kept"
    house.start()
    house.terminate()
    keys = Path(house.settings["data_dir"]) / "keys"
    thread = (keys / "thread.key").read_bytes()
    kept.mkdir()
    kept.chmod(0o755)
    assert house.command("backup", str(kept), "--without-keys").returncode == 0
    assert not list(kept.rglob("*.key"))
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700
    assert {
        stat.S_IMODE(path.stat().st_mode) for path in kept.rglob("*") if path.parent != kept and path.is_file()
    } <= {0o600}
    other = House(tmp_path / "other")
    other.folder.mkdir()
    done = other.command("restore", str(kept))
    assert done.returncode == 0, done.stderr
    assert "put the folder keys of then" in done.stdout
    assert house.command("restore", str(kept)).returncode == 0
    assert (keys / "thread.key").read_bytes() == thread, "on the machine it was made on, they are there"
