"""Blobs are named by what they hold and are on disk before their name is known."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contactd.core.errors import BadRequestError, NotFoundError, StoreDownError
from contactd.crm_store.blobs import Blobs


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=5000))
def test_what_was_put_comes_back_under_its_digest(blobs: Blobs, data: bytes) -> None:
    name = blobs.put(data)
    assert name == hashlib.sha256(data).hexdigest()
    assert blobs.get(name) == data
    assert blobs.put(data) == name
    assert blobs.has(name)
    assert blobs.intact(name)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63])
def test_a_name_that_is_none_never_becomes_a_path(blobs: Blobs, name: str) -> None:
    with pytest.raises(BadRequestError):
        blobs.get(name)
    assert not blobs.intact(name)


def test_a_missing_blob_is_not_found(blobs: Blobs) -> None:
    assert not blobs.has("a" * 64)
    with pytest.raises(NotFoundError):
        blobs.get("a" * 64)


def test_changed_bytes_show(blobs: Blobs) -> None:
    name = blobs.put(b"fax")
    blobs.path(name).write_bytes(b"fox")
    assert not blobs.intact(name)


async def test_in_threads(blobs: Blobs) -> None:
    assert await blobs.load(await blobs.store(b"page")) == b"page"


def test_file_is_synced_before_it_gets_its_name_and_the_folder_after(
    blobs: Blobs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    acts: list[str] = []
    real_sync, real_replace = os.fsync, Path.replace

    def sync(handle: int) -> None:
        acts.append("folder" if Path(f"/proc/self/fd/{handle}").resolve().is_dir() else "file")
        real_sync(handle)

    def replace(self: Path, target: Path) -> Path:
        acts.append("rename")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(Path, "replace", replace)
    blobs.put(b"page")
    assert acts == ["folder", "file", "rename", "folder"]


def test_a_full_disk_leaves_nothing_behind(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    name = blobs.put(b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        blobs.put(b"page")
    left = [file.name for file in blobs.path(name).parent.parent.rglob("*") if file.is_file()]
    assert left == [name]


async def test_a_disk_that_refuses_is_a_store_that_is_down(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every door knows what to say then: the client keeps its bytes and comes again."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreDownError):
        await blobs.store(b"page")
