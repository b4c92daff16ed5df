"""A new key for recordings: every one opens as before, under the new key alone; old keys go when nothing needs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from contactd.core.errors import NotFoundError
from contactd.crm_store import key_rows
from contactd.crm_store import schema as s
from contactd.crm_store.sealing import Keys, Wrapped
from contactd.crm_store.statements import insert
from contactd.crm_store.store import Store, WriteConn
from contactd.desk.admin import Errand
from contactd.desk.idents import Idents
from contactd.desk.rekeying import carry_out
from contactd.testing.clock import ManualClock
from tests.crm_store.town import Town


async def recorded(store: Store, wrapped: dict[str, Wrapped]) -> None:
    """Let there be recordings with these keys."""
    interaction = await Town(store).interaction(None, channel="voice", adapter="ari")

    def unit(conn: WriteConn) -> None:
        for ident, one in wrapped.items():
            row = {"id": ident, "name": f"n-{ident}", "interaction_id": interaction, "segment": 1, "channel": "voice"}
            sealed = {"state": "kept", "started_at": datetime.now(UTC), "key_id": one.key_id, "sealed_key": one.key}
            conn.execute(insert(s.recording).values(**row, **sealed))

    await store.write(unit)


async def rows(store: Store) -> dict[str, Wrapped]:
    found = await store.read(lambda conn: list(conn.execute(select(s.recording))))
    return {row.id: Wrapped(key_id=row.key_id, key=row.sealed_key) for row in found}


async def test_recordings_open_as_before_and_under_the_new_key_alone(
    store: Store, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_rows, "PAGE", 2)
    clock.jump(datetime.now(UTC))
    keys = Keys(tmp_path / "keys")
    made = {f"r-{n}": keys.fresh() for n in range(5)}
    await recorded(store, {ident: wrapped for ident, (_, wrapped) in made.items()})
    old = made["r-0"][1].key_id
    await store.write(
        lambda conn: conn.execute(update(s.recording).where(s.recording.c.id == "r-4").values(sealed_key="AAAA"))
    )
    errand = Errand(store, clock, Idents(clock), "cli:root")
    done = await carry_out(errand, keys, forget=False)
    assert (done.changed, done.broken, done.forgotten, done.left) == (4, ("r-4",), (), (old,))
    after = await rows(store)
    assert {ident: keys.unwrap(after[ident]) for ident in made if ident != "r-4"} == {
        ident: key for ident, (key, _) in made.items() if ident != "r-4"
    }
    assert {one.key_id for ident, one in after.items() if ident != "r-4"} == {done.key_id}

    await store.write(
        lambda conn: conn.execute(update(s.recording).where(s.recording.c.id == "r-4").values(sealed_key=None))
    )
    assert (await carry_out(errand, keys, forget=True)).forgotten == (), "the server may still be sealing under it"
    clock.advance(timedelta(hours=2))
    assert (await carry_out(errand, keys, forget=True)).forgotten == (old,)
    assert keys.ids() == [done.key_id]
    assert keys.unwrap((await rows(store))["r-0"]) == made["r-0"][0]
    with pytest.raises(NotFoundError):
        keys.unwrap(made["r-0"][1])
    acts = await store.read(lambda conn: list(conn.execute(select(s.audit_log.c.actor, s.audit_log.c.action))))
    assert acts == [("cli:root", "recording.rekey")] * 3


async def test_an_old_key_that_something_needs_is_kept(store: Store, clock: ManualClock, tmp_path: Path) -> None:
    clock.jump(datetime.now(UTC))
    keys = Keys(tmp_path / "keys")
    _, broken = keys.fresh()
    await recorded(store, {"r-1": Wrapped(key_id=broken.key_id, key="AAAA")})
    errand = Errand(store, clock, Idents(clock), "cli:root")
    await carry_out(errand, keys, forget=False)
    clock.advance(timedelta(hours=2))
    done = await carry_out(errand, keys, forget=True)
    assert (done.forgotten, done.left) == ((), (broken.key_id,))
