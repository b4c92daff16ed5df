"""The command line: what administrators and hooks call, with its exit codes."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contactd.cli import run
from contactd.desk import admin
from contactd.settings import Settings

pytestmark = pytest.mark.database

Run = Callable[..., int]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command on an installation of its own; `stdin` is what it can read."""
    monkeypatch.chdir(tmp_path)
    for name in list(__import__("os").environ):
        if name.startswith("CONTACTD_"):
            monkeypatch.delenv(name)

    def call(*words: str, stdin: bytes = b"") -> int:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        return run([*words, *_options(words, tmp_path)])

    return call


def _options(words: tuple[str, ...], folder: Path) -> list[str]:
    return [] if words[0] in {"check", "--version"} else ["--set", f"data_dir={folder}"]


def rows(folder: Path, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / "contactd.sqlite") as connection:
        return connection.execute(query).fetchall()


def test_the_default_configuration_has_no_mistakes(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("check") == 0
    assert not capsys.readouterr().out


def test_checking_creates_nothing(command: Run, tmp_path: Path) -> None:
    assert command("check", "--set", f"data_dir={tmp_path / 'new'}") == 0
    assert not (tmp_path / "new").exists()


def test_check_prints_every_mistake_and_exits_2(
    command: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "c.toml").write_text(
        "[http]\nprot = 1\n[policy.lines.a]\nofer_s = 3\n[channels.fax.smtp]\nport = 'x'\n",
        encoding="utf-8",
    )
    assert command("check", "--config", str(tmp_path / "c.toml")) == 2
    told = capsys.readouterr().out.splitlines()
    assert {line.split(":")[0] for line in told} == {"http.prot", "policy.lines.a.ofer_s", "channels.fax.smtp.port"}


def test_check_names_intake_rules_that_never_match(
    command: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    intake = '[[policy.intake]]\nto = "*@a.example"\nline = "a"\n' * 1
    intake += '[[policy.intake]]\nchannel = "fax"\nto = "b@a.example"\nline = "a"\n'
    (tmp_path / "c.toml").write_text(f"[policy.lines.a]\n{intake}", encoding="utf-8")
    assert command("check", "--config", str(tmp_path / "c.toml")) == 2
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("note:")]
    remedy = "move it before policy.intake[0], narrow that rule, or delete this one"
    assert told == [f"policy.intake[1]: can never match: policy.intake[0] comes first; {remedy}"]


def test_check_notes_that_another_policy_rules(
    command: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "c.toml").write_text("[policy.lines.a]\n", encoding="utf-8")
    (tmp_path / "new.toml").write_text("[policy.lines.a]\nbase = 2\n", encoding="utf-8")
    assert command("policy", "publish", "new.toml") == 0
    capsys.readouterr()
    assert command("check", "--config", str(tmp_path / "c.toml"), "--set", f"data_dir={tmp_path}") == 0
    assert "\nnote: policy: the file differs from version 1" in capsys.readouterr().out


def test_check_names_lines_that_nobody_can_serve(
    command: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lines = "[policy.lines.a]\n[policy.lines.b]\nrequired = { billing = 5 }\n[policy.lines.c]\n"
    (tmp_path / "c.toml").write_text(lines, encoding="utf-8")
    words = ("user", "add", "li", "--role", "agent", "--line", "a", "--line", "b", "--skill", "billing=4")
    assert command(*words) == 0
    capsys.readouterr()
    assert command("check", "--config", str(tmp_path / "c.toml"), "--set", f"data_dir={tmp_path}") == 2
    told = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("note:")]
    assert [line.split(":")[0] for line in told] == ["policy.lines.b.required", "policy.lines.c"]
    command("check", "--config", str(tmp_path / "c.toml"), "--set", f"data_dir={tmp_path}", "--language", "zh")
    assert "没有人能服务" in capsys.readouterr().out


def test_a_wrong_key_is_named_and_exits_2(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("audit", "--set", "http.prot=1") == 2
    assert "http.prot" in capsys.readouterr().err


def test_a_user_can_be_added_and_changed(command: Run, tmp_path: Path) -> None:
    words = ("user", "add", "li", "--role", "agent", "--password-stdin", "--skill", "billing=7", "--line", "support")
    assert command(*words, stdin=b"correct horse\nrest") == 0
    assert rows(tmp_path, "SELECT name, role FROM agent") == [("li", "agent")]
    assert rows(tmp_path, "SELECT skill, level FROM agent_skill") == [("billing", 7)]
    (before,) = rows(tmp_path, "SELECT password_hash FROM agent")
    assert str(before[0]).startswith("$argon2id$")
    assert command("user", "add", "li", "--role", "supervisor", "--skill", "voice=3") == 0
    assert rows(tmp_path, "SELECT role, password_hash FROM agent") == [("supervisor", *before)]
    assert rows(tmp_path, "SELECT skill, level FROM agent_skill") == [("voice", 3)]
    assert rows(tmp_path, "SELECT line FROM agent_line") == [("support",)]


def test_the_router_is_told_of_a_user(command: Run, tmp_path: Path) -> None:
    assert command("user", "add", "li", "--role", "agent", "--device", "PJSIP/1001") == 0
    ((kind, payload, agent),) = rows(
        tmp_path,
        "SELECT kind, payload, agent.id FROM fact_inbox, agent WHERE consumed_seq IS NULL",
    )
    assert kind == "AgentConfigured"
    fact = json.loads(str(payload))
    assert (fact["v"], fact["agent"], fact["device"], fact["lines"]) == (1, agent, "PJSIP/1001", ["*"])


@pytest.mark.parametrize("skill", ["billing", "billing=0", "billing=11", "=3", "billing=x"])
def test_a_wrong_skill_adds_nobody(command: Run, tmp_path: Path, skill: str) -> None:
    assert command("user", "add", "li", "--role", "agent", "--skill", skill) == 1
    assert not (tmp_path / "contactd.sqlite").exists()


def test_a_short_password_adds_nobody(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("user", "add", "li", "--role", "agent", "--password-stdin", stdin=b"short\n") == 1
    assert "short" not in capsys.readouterr().err


def test_a_token_is_shown_once_and_kept_as_a_hash(
    command: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command("token", "add", "crm", "--scope", "read") == 0
    token = capsys.readouterr().out.strip()
    assert len(token) > 30
    assert token.encode() not in (tmp_path / "contactd.sqlite").read_bytes()
    assert command("token", "add", "crm", "--scope", "read") == 1
    assert command("token", "add", "other", "--scope", "everything") == 1


def test_a_policy_is_published_compared_and_exported(
    command: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "one.toml").write_text('[policy.lines.sales]\nlabel = { en = "Sales" }\n', encoding="utf-8")
    (tmp_path / "two.toml").write_text("[policy.lines.sales]\nbase = 3\n", encoding="utf-8")
    assert command("policy", "export", "none.toml") == 1
    assert command("policy", "publish", "one.toml") == 0
    assert command("policy", "publish", "one.toml") == 0
    assert rows(tmp_path, "SELECT version FROM policy_version") == [(1,)]
    capsys.readouterr()
    assert command("policy", "diff", "two.toml") == 1
    assert "policy.lines.sales.base: nothing -> 3" in capsys.readouterr().out
    assert command("policy", "publish") == 1
    assert command("policy", "import", "two.toml") == 0
    assert command("policy", "publish") == 0
    assert rows(tmp_path, "SELECT max(version) FROM policy_version") == [(2,)]
    for name in ("out.toml", "out.json"):
        assert command("policy", "export", name) == 0
        assert command("policy", "diff", name) == 0
    kinds = rows(tmp_path, "SELECT kind, json_extract(payload, '$.version') FROM fact_inbox ORDER BY id")
    assert kinds == [("PolicyPublished", 1), ("PolicyPublished", 2)]


@pytest.mark.parametrize("verb", ["import", "diff", "publish"])
def test_a_wrong_policy_is_refused_with_its_path(
    command: Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    verb: str,
) -> None:
    (tmp_path / "bad.toml").write_text("[policy.lines.sales]\nbass = 3\n", encoding="utf-8")
    assert command("policy", verb, "bad.toml") == 2
    assert "policy.lines.sales.bass" in capsys.readouterr().err


def test_what_administrators_do_is_in_the_audit_log(command: Run, tmp_path: Path) -> None:
    assert command("user", "add", "li", "--role", "agent") == 0
    ((actor, action),) = rows(tmp_path, "SELECT actor, action FROM audit_log")
    assert (str(actor).split(":")[0], action) == ("cli", "user.add")


def test_the_audit_of_an_empty_store_agrees(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("db", "upgrade") == 0
    assert command("audit") == 0
    assert "the records agree" in capsys.readouterr().out


def test_the_audit_names_a_changed_record(command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("user", "add", "li", "--role", "agent") == 0
    assert command("audit") == 0
    with sqlite3.connect(tmp_path / "contactd.sqlite") as connection:
        connection.execute("UPDATE audit_log SET actor = 'nobody'")
    assert command("audit") == 1
    assert "FAULT audit log 1: changed" in capsys.readouterr().out


def test_an_unknown_interaction_cannot_be_explained(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("explain", "nothing") == 1
    assert "no such interaction" in capsys.readouterr().err


def test_a_mail_is_safe_in_the_spool_without_a_server(command: Run, tmp_path: Path) -> None:
    assert command("mail", "receive", "--from", "a@b.example", "c@d.example", stdin=b"Subject: x\r\n\r\ny") == 0
    (spooled,) = (tmp_path / "spool" / "email").iterdir()
    assert spooled.read_bytes().endswith(b"\nSubject: x\r\n\r\ny")


def test_a_mail_that_cannot_be_kept_is_to_be_tried_again(command: Run, tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("in the way", encoding="utf-8")
    assert command("mail", "receive", "c@d.example", stdin=b"Subject: x\r\n\r\ny") == 75


def test_a_fax_is_safe_in_the_spool_without_a_server(command: Run, tmp_path: Path) -> None:
    (tmp_path / "fax.tif").write_bytes(b"II*\x00")
    words = ("fax", "receive", "fax.tif", "ttyS0", "000000123", "", "03711234567", "ACME", "95001")
    assert command(*words) == 0
    assert len(list((tmp_path / "spool" / "fax").glob("*.fax"))) == 1


def test_a_fax_that_is_not_there_is_an_error(command: Run) -> None:
    assert command("fax", "receive", "missing.tif") == 1


def test_what_hylafax_says_of_a_fax_is_safe_without_a_server(command: Run, tmp_path: Path) -> None:
    (tmp_path / "q4711").write_text("state:7\njobid:4711\njobtag:0190aaaa-bbbb-7ccc\n", encoding="utf-8")
    assert command("fax", "notify", "q4711", "done", "0:42") == 0
    assert len(list((tmp_path / "spool" / "fax").glob("*.job"))) == 1
    assert command("fax", "notify", "missing", "done", "0:42") == 1


def test_a_mail_is_shown_as_json(command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = (
        b"From: Wang <wang@x.example>\r\nSubject: hi\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        b"--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nPDF\r\n--b--\r\n"
    )
    (tmp_path / "m.eml").write_bytes(raw)
    assert command("mail", "parse", "m.eml") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["from_address"], shown["subject"], shown["text"].strip()) == ("wang@x.example", "hi", "hello")
    (attachment,) = shown["attachments"]
    assert (attachment["filename"], attachment["size"], len(attachment["sha256"])) == ("a.pdf", 3, 64)
    assert "data" not in attachment
    assert command("mail", "parse", "-", "--data", stdin=raw) == 0
    assert json.loads(capsys.readouterr().out)["attachments"][0]["data"] == "UERG"


def test_a_missing_file_is_a_sentence_and_no_traceback(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("mail", "parse", "missing.eml") == 1
    assert "missing.eml" in capsys.readouterr().err


def test_replaying_without_quarantine_does_nothing(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("db", "upgrade") == 0
    capsys.readouterr()
    assert command("mail", "replay") == 0
    assert not capsys.readouterr().out


def test_a_database_that_cannot_be_reached_is_a_sentence(command: Run, capsys: pytest.CaptureFixture[str]) -> None:
    url = "database.url=postgresql+psycopg://nobody:hidden-word@127.0.0.1:9/none"
    assert command("audit", "--set", url) == 1
    told = capsys.readouterr().err
    assert "cannot be reached" in told
    assert "hidden-word" not in told


def test_python_dash_m_contactd_is_the_same_command() -> None:
    done = subprocess.run([sys.executable, "-m", "contactd", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("contactd ")


def test_a_hook_does_not_wait_for_the_server_parts() -> None:
    program = (
        "import sys; from contactd.cli import parser; parser();"
        "from contactd.channels.email import spool;"
        "print([name for name in ('sqlalchemy', 'fastapi', 'uvicorn', 'alembic') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603 - our own arguments
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("known", [False, True])
def test_a_new_data_folder_is_nobody_elses_and_an_old_one_is_left_as_it_is(tmp_path: Path, known: bool) -> None:
    folder = tmp_path / "data"
    if known:
        folder.mkdir(mode=0o750)
    admin.db_upgrade(Settings(data_dir=folder))
    assert folder.stat().st_mode & 0o777 == (0o750 if known else 0o700)


def test_customers_come_in_and_go_out_by_file(command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("姓名,手机,备用\n张三,13800138000,x\n李四,12,y\n".encode("gbk"))
    assert command("import", str(file), "--dry-run") == 1
    assert "nothing was changed" in capsys.readouterr().out
    result = tmp_path / "result.csv"
    assert command("import", str(file), "--result", str(result)) == 1
    said = capsys.readouterr().out
    assert "csv, gb18030" in said
    assert "备用 is left out" in said
    assert "row 3: error: 手机: no_number: 12" in said
    assert "1 created, 1 error" in said
    assert "李四,12,y,error,手机: no_number: 12," in result.read_text(encoding="utf-8-sig")
    assert command("export", str(tmp_path / "out.xlsx")) == 0
    assert "1 customers" in capsys.readouterr().out
    assert command("import", "--list") == 0
    job = capsys.readouterr().out.split()[0]
    assert command("import", "--undo", job) == 0
    assert "1 reversed" in capsys.readouterr().out


def test_an_import_that_cannot_be_is_told(command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "people.csv"
    file.write_text("name,phone\nLi,13800138000\n")
    assert command("import") == 2
    assert command("import", str(file), "--map", "name") == 1
    assert command("import", str(file), "--map", "nombre=name") == 1
    assert "the file has no column 'nombre'" in capsys.readouterr().err
    assert command("import", str(file), "--match", "phone", "--policy", "points") == 0
    assert command("import", str(file), "--match", "phone", "--policy", "points") == 1
    assert "imported already" in capsys.readouterr().err


def test_who_leaves_hands_over_and_comes_back(command: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("li", "wu"):
        assert command("user", "add", name, "--role", "agent") == 0
    ((li,),) = rows(tmp_path, "SELECT id FROM agent WHERE name = 'li'")
    capsys.readouterr()
    assert command("user", "leave", "li") == 0
    assert capsys.readouterr().out.strip() == "nothing is held"
    assert command("user", "leave", "li", "--to", "li") == 1
    assert command("user", "leave", "li", "--to", "wu", "--reason", "sea") == 0
    assert rows(tmp_path, "SELECT disabled FROM agent ORDER BY name") == [(1,), (0,)]
    ((handover, leaver),) = rows(tmp_path, "SELECT id, leaver FROM handover")
    assert leaver == li
    assert command("user", "leave", "--undo", str(handover)) == 0
    assert command("user", "leave", "--undo", str(handover)) == 1
    assert rows(tmp_path, "SELECT disabled FROM agent ORDER BY name") == [(0,), (0,)]
