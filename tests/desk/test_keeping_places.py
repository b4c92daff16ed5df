"""Backup and restore where `data_dir`, or a folder in it, is only a link to another disk, and a restore that breaks off."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from contactd.app import build
from contactd.core.errors import BadRequestError, ConfigError
from contactd.crm_store import migrations
from contactd.desk import keeping
from contactd.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation named by a link, its blobs on another disk, its database by the path behind the link."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "big" / "ab").mkdir(parents=True)
    (tmp_path / "big" / "ab" / "blob").write_bytes(b"sound")
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    (tmp_path / "disk" / "blobs").symlink_to(tmp_path / "big")
    url = f"sqlite:///{tmp_path}/disk/contactd.db"
    made = Settings.model_validate({"data_dir": str(tmp_path / "data"), "database": {"url": url}})
    migrations.upgrade(made.database_url)
    return made


def test_the_database_is_kept_once_and_linked_folders_are_kept_too(settings: Settings, tmp_path: Path) -> None:
    made = keeping.backup(settings, tmp_path / "kept")
    assert not [path for path in made.files if "contactd.db" in path]
    assert "data/blobs/ab/blob" in made.files
    (tmp_path / "big" / "ab" / "blob").write_bytes(b"changed")
    told = keeping.restore(settings, tmp_path / "kept")
    assert any("what was there lies in" in line for line in told)
    assert (tmp_path / "disk" / "blobs" / "ab" / "blob").read_bytes() == b"sound"
    assert (tmp_path / "big" / "ab" / "blob").read_bytes() == b"changed", "what was there is still there"
    (aside,) = (tmp_path / "disk").glob("before-*")
    assert (aside / "contactd.db").is_file()
    assert (tmp_path / "disk" / "contactd.db").is_file()


def test_a_backup_into_a_linked_folder_would_copy_itself(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BadRequestError):
        keeping.backup(settings, tmp_path / "big" / "kept")
    assert not (tmp_path / "big" / "kept").exists()


def test_no_server_starts_on_a_restore_that_broke_off(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeping.backup(settings, tmp_path / "kept")
    with monkeypatch.context() as broken:
        broken.setattr(keeping.shutil, "copyfile", None)
        with pytest.raises(TypeError):
            keeping.restore(settings, tmp_path / "kept")
    with pytest.raises(ConfigError, match="broke off"):
        asyncio.run(build(settings))
    keeping.restore(settings, tmp_path / "kept")
    keeping.see_finished(settings)
