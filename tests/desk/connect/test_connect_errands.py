"""Connectors from the command line: listed, tried out, run, compared, tried again; what is wrong with them said before."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from contactd import cli

ROWS = "客户编号,姓名,手机\nK1,张三,13800138000\nK2,李四,12\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    drop = tmp_path / "drop"
    drop.mkdir()
    put(drop, ROWS)
    path = tmp_path / "contactd.toml"
    text = f'data_dir = "{tmp_path}/data"\n[connectors.shop]\nkind = "folder"\npath = "{drop}"\nwhole = true\n'
    path.write_text(text, encoding="utf-8")
    return path


def put(drop: Path, text: str, name: str = "a.csv") -> None:
    (drop / name).write_text(text, encoding="utf-8")
    at = time.time() - 60
    os.utime(drop / name, (at, at))


def test_a_connector_is_tried_run_compared_and_put_right(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: str) -> tuple[int, str]:
        code = cli.run(["connect", *words, "--config", str(config)])
        return code, capsys.readouterr().out

    code, told = said("run", "shop", "--dry-run")
    assert (code, told.splitlines()) == (1, ["1 created, 1 error", "  K2: 手机: no_number: 12"])
    assert "never" in said("list")[1] or "shop: customers by folder" in said("list")[1]
    code, told = said("run", "shop")
    assert code == 1
    assert "a.csv  1 created, 1 error" in told
    assert said("run", "shop") == (0, "nothing new\n")
    assert "1 rows left out" in said("list")[1]
    code, told = said("retry", "shop")
    assert (code, "1 error" in told) == (1, True)
    with config.open("a", encoding="utf-8") as file:
        file.write('mapping = { "手机" = "-" }\n')
    assert said("retry", "shop")[0] == 0
    assert said("retry", "shop") == (0, "no row waits that could be tried again\n")
    assert said("drift", "shop")[0] == 0
    put(tmp_path / "drop", ROWS.replace("张三", "张叁").replace("K2", "K3"), "b.csv")
    code, told = said("drift", "shop")
    assert code == 1
    assert "1 only there: K3" in told
    assert "1 only here: K2" in told
    assert "1 differ" in told


def test_what_is_wrong_with_a_connector_is_said_before_it_runs(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with config.open("a", encoding="utf-8") as file:
        file.write(
            'mapping = { "Nr" = "extrenal_id" }\nfixed = { kindd = "org" }\nmatch = ["shoe_size"]\nzone = "Mars"\n'
        )
    assert cli.run(["check", "--config", str(config)]) == 2
    told = capsys.readouterr()
    lines = (told.out + told.err).splitlines()
    assert [line.partition(":")[0] for line in lines if line.startswith("connectors")] == [
        "connectors.shop.mapping.Nr",
        "connectors.shop.fixed.kindd",
        "connectors.shop.match",
        "connectors.shop.zone",
    ]
