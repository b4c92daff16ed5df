"""Somebody leaves, from the command line: what they hold is shown first, handed over then, and can be taken back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contactd.crm_store import agents, handover_rows
from contactd.desk.admin import Errand, at_work
from contactd.desk.leaving import Leaving, Returning
from contactd.settings import Settings


def preview(settings: Settings, name: str) -> list[str]:
    """Return, line by line, what somebody holds.

    Raises:
        NotFoundError: there is no such person.
    """

    async def job(errand: Errand) -> list[str]:
        found = await errand.store.read(lambda conn: handover_rows.holdings(conn, agents.named(conn, name)["id"]))
        return list(_lines(found))

    return at_work(settings, job)


def leave(settings: Settings, name: str, heir: str, reason: str) -> str:
    """Hand over what somebody holds and end their account; return a sentence with the id to undo it by.

    Raises:
        NotFoundError, BadRequestError: as `handover_rows.hand_over`.
    """

    async def job(errand: Errand) -> str:
        leaver, taking = await errand.store.read(
            lambda conn: (agents.named(conn, name)["id"], agents.named(conn, heir)["id"])
        )
        leaving = Leaving(
            leaver=leaver,
            heir=taking,
            reason=reason,
            actor=errand.by,
            node=errand.store.node,
            now=errand.clock.now(),
            ident=errand.idents.new(),
            idents=errand.idents,
            chief=True,
        )
        done = await errand.store.write(leaving.unit)
        counts = ", ".join(f"{kind} {n}" for kind, n in sorted(done["counts"].items())) or "nothing was held"
        return f"{name} left, {heir} takes over: {counts}; undo with --undo {done['id']}"

    return at_work(settings, job)


def undo(settings: Settings, handover: str) -> list[str]:
    """Take a handover back; return what was kept, line by line.

    Raises:
        NotFoundError, ConflictError: as `handover_rows.undo`.
    """

    async def job(errand: Errand) -> list[str]:
        returning = Returning(
            handover=handover,
            actor=errand.by,
            node=errand.store.node,
            now=errand.clock.now(),
            idents=errand.idents,
            chief=True,
        )
        done = await errand.store.write(returning.unit)
        kept = [f"kept: {one['kind']} {one['id']} is with {one['now'] or 'nobody'}" for one in done["kept"]]
        return [f"{done['leaver_name']} is back", *kept]

    return at_work(settings, job)


def _lines(holdings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for held in holdings:
        if held["count"]:
            some = "; ".join(one["label"] or one["id"] for one in held["some"][:3])
            yield f"{held['kind']:10} {held['count']:6}  {some}{' …' if held['count'] > 3 else ''}"  # noqa: PLR2004 - as many as were named
