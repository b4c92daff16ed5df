"""The journal told again to a new router, from the last restart on: it must decide the same, and come to the same fingerprints.

Then what the store would bring back at a start is compared, thing by thing, with what that router holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from contactd.core.errors import ConfigError, NotFoundError
from contactd.core.journal import CHECKPOINT
from contactd.crm_store.journal_rows import Pending
from contactd.crm_store.records import Fault
from contactd.crm_store.recovery_rows import Memory
from contactd.desk.book import Book
from contactd.desk.rebuilding import rebuild
from contactd.desk.roster import Roster
from contactd.desk.rules import Rules
from contactd.routing.replaying import PolicyOf, Replay, Row
from contactd.routing.router import Router


@dataclass(slots=True)
class Retold:
    """What came of telling the journal again."""

    router: Router | None = None
    """As the journal leaves it; None when it could not be told to its end."""
    since: int = 0
    """The row it began with."""
    rows: int = 0
    moment: datetime | None = None
    """When the last row was written."""
    checkpoints: int = 0
    checkpoint: int = 0
    """The last row whose fingerprint agreed."""
    faults: list[Fault] = field(default_factory=list)


def retell(rows: Iterable[Row], policy_of: PolicyOf) -> Retold:
    """Tell `rows`, which begin with a restart, to a new router; stop at the first that does not follow from those before."""
    told, replay = Retold(), Replay(policy_of)
    for row in rows:
        fault = _told_otherwise(replay, row)
        if fault is not None:
            told.faults.append(Fault(record="journal", id=str(row.seq), fault=fault))
            return told
        told.since = told.since or row.seq
        told.rows += 1
        told.moment = row.at
        if row.kind == CHECKPOINT:
            told.checkpoints += 1
            told.checkpoint = row.seq
    told.router = replay.router
    return told


def _told_otherwise(replay: Replay, row: Row) -> str | None:
    """Tell one row; name what is wrong with it, None when nothing is."""
    try:
        difference = replay.prove(row)
    except (ValueError, KeyError, TypeError, AttributeError):
        return "unreadable"
    except (NotFoundError, ConfigError):
        return "policy_missing"
    if replay.router is None:
        return "before_any_restart"
    if replay.router.seq != row.seq:
        return "other_number"
    if difference is not None:
        return "other_fingerprint" if row.kind == CHECKPOINT else "decided_otherwise"
    return None


def store_differs(told: Retold, memory: Memory, pending: Pending) -> Iterator[Fault]:
    """Compare the router the journal leads to with the one the store would bring back; yield what is not the same.

    What facts speak of that the router has not been told yet is left out: there the rows are ahead of it, and right.
    """
    if told.router is None or told.moment is None:
        return
    rules = Rules(told.router.policy, told.router.version)
    made = rebuild(memory, book=Book(), roster=Roster(), rules=rules, epoch=0)
    for fact in made.facts:
        made.router.handle(fact, told.moment)
    lived, brought = told.router.lasting(), made.router.lasting()
    ahead = {"interaction": pending.interactions, "agent": pending.agents}
    for kind, name in sorted({*lived, *brought}):
        if name in ahead.get(kind, ()) or lived.get((kind, name)) == brought.get((kind, name)):
            continue
        yield Fault(record="routing", id=name, fault=_difference((kind, name), lived, brought))


def _difference(thing: tuple[str, str], lived: dict[tuple[str, str], str], brought: dict[tuple[str, str], str]) -> str:
    if thing not in brought:
        return f"{thing[0]}_only_in_the_router"
    if thing not in lived:
        return f"{thing[0]}_only_in_the_store"
    return f"{thing[0]}_stored_otherwise"
