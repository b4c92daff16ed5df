"""Sound at rest: read piece by piece, unreadable without its keys, and no change to a file goes unseen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contactd.core.errors import ConflictError, NotFoundError
from contactd.crm_store.sealing import CHUNK, TAG, Keys, Wrapped, opened, seal


@pytest.fixture
def sealed(tmp_path: Path) -> tuple[Path, bytes, bytes]:
    data, key = os.urandom(2 * CHUNK + 100), os.urandom(32)
    path = tmp_path / "sound"
    path.write_bytes(seal(data, key))
    return path, key, data


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_any_span_is_the_span(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    sizes = st.sampled_from([1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 7])
    size = data.draw(sizes)
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size - 1))
    plain, key = bytes(at % 251 for at in range(size)), bytes(32)
    path = tmp_path_factory.mktemp("sealed") / "sound"
    path.write_bytes(seal(plain, key))
    assert opened(path, key, size, first, last) == plain[first : last + 1]


def test_the_file_holds_nothing_of_the_sound(sealed: tuple[Path, bytes, bytes]) -> None:
    path, _, data = sealed
    assert data[:32] not in path.read_bytes()


@pytest.mark.parametrize("change", ["bit", "swap", "cut", "grow", "other key", "other size"])
def test_no_change_goes_unseen(sealed: tuple[Path, bytes, bytes], change: str) -> None:
    path, key, data = sealed
    raw, step = path.read_bytes(), CHUNK + TAG
    size = len(data)
    if change == "bit":
        raw = raw[:10] + bytes([raw[10] ^ 1]) + raw[11:]
    elif change == "swap":
        raw = raw[step : 2 * step] + raw[:step] + raw[2 * step :]
    elif change == "cut":
        raw, size = raw[: 2 * step], 2 * CHUNK
    elif change == "grow":
        raw, size = raw + raw[:step], size + CHUNK
    elif change == "other key":
        key = bytes(32)
    else:
        size = CHUNK
    path.write_bytes(raw)
    with pytest.raises(ConflictError):
        opened(path, key, size, 0, size - 1)


def test_a_recordings_key_is_wrapped_and_can_be_wrapped_again(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys")
    key, wrapped = keys.fresh()
    assert keys.unwrap(wrapped) == key
    made = tmp_path / "keys" / f"{wrapped.key_id}.key"
    assert made.stat().st_mode & 0o777 == 0o600
    assert keys.fresh()[0] != key, "each has its own"
    newer = keys.make()
    again = keys.wrap_again(wrapped)
    assert (again.key_id, keys.unwrap(again)) == (newer, key)
    made.unlink()
    assert keys.unwrap(again) == key
    with pytest.raises(NotFoundError):
        keys.unwrap(wrapped)


@pytest.mark.parametrize("key_id", ["../../etc/passwd", "", "nope", "\x00"])
def test_an_id_leads_nowhere_else(tmp_path: Path, key_id: str) -> None:
    keys = Keys(tmp_path / "keys")
    keys.make()
    with pytest.raises(NotFoundError):
        keys.unwrap(Wrapped(key_id=key_id, key="AAAA"))
