"""Shadow mode at the desk: a draft laid beside the running router is taken over, counts, outlives a new router, and ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contactd.cli import run
from contactd.desk.shadowing import REPORT, WRITE_EVERY
from tests.desk.bench import Bench

DRAFT = "[policy.lines.support]\nrequired = { german = 5 }\n"


def command(bench: Bench, *words: str) -> int:
    return run(["policy", "shadow", *words, "--set", f"data_dir={bench.folder}"])


async def test_a_draft_decides_beside_and_is_counted(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shadowing = bench.office.shadowing
    await shadowing.look()
    assert shadowing.as_json() == {"on": False}
    (tmp_path / "draft.toml").write_text(DRAFT, encoding="utf-8")
    assert command(bench, str(tmp_path / "draft.toml")) == 0
    assert command(bench) == 1
    await shadowing.look()
    ann = await bench.agent("ann")
    await bench.ready(ann)
    await bench.mail_in("c@example.cn|S|T", "k1")
    await bench.until(lambda: bench.offers_of(ann), "an offer")
    told = shadowing.as_json()
    assert (told["on"], told["decisions"], told["results"]["would_wait"] + told["results"]["not_meant"]) == (True, 1, 1)
    for _ in range(WRITE_EVERY):
        await shadowing.look()
    assert json.loads((bench.folder / REPORT).read_text(encoding="utf-8"))["decisions"] == 1
    assert 'contactd_shadow_decisions{result="would_wait"}' in bench.office.desk.metrics.render().decode()
    capsys.readouterr()
    assert command(bench) == 0
    assert "1 decisions, 1 looked at" in capsys.readouterr().out


async def test_it_goes_on_beside_a_new_router_and_ends(bench: Bench, tmp_path: Path) -> None:
    shadowing = bench.office.shadowing
    (tmp_path / "draft.toml").write_text(DRAFT, encoding="utf-8")
    assert command(bench, str(tmp_path / "draft.toml")) == 0
    await shadowing.look()
    beside = shadowing.shadow
    assert bench.router._floor.witness is beside
    await bench.office.desk.dispatcher._restore()
    assert bench.router._floor.witness is None
    await shadowing.look()
    assert bench.router._floor.witness is beside
    assert command(bench, "--off") == 0
    await shadowing.look()
    assert bench.router._floor.witness is None
    assert shadowing.as_json() == {"on": False}


async def test_a_draft_that_is_no_policy_stays_away(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "draft.toml").write_text("[policy.lines.support]\nbasse = 1\n", encoding="utf-8")
    assert command(bench, str(tmp_path / "draft.toml")) == 2
    (bench.folder / "policy-shadow.json").write_text("{", encoding="utf-8")
    await bench.office.shadowing.look()
    assert bench.office.shadowing.as_json() == {"on": False}
