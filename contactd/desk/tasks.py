"""Tasks in the queue: what is due comes in by the one door, and what became of it there settles what it was for.

Every look is a repetition that does no harm: a task comes in under its own id as the outside key, and that it did is noted in the
same unit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog

from contactd.core.channel import Arrival, Content
from contactd.core.errors import BusyError, ConflictError, ContactdError, NotFoundError, StoreDownError
from contactd.core.events import InteractionGone
from contactd.core.interaction import Outcome
from contactd.crm_store import case_rows, task_rows
from contactd.crm_store.placing import Placed
from contactd.crm_store.store import WriteConn
from contactd.desk.desk import Desk
from contactd.desk.intake import Beside
from contactd.desk.resting import Resting
from contactd.routing.defaults import TASKS

log = structlog.get_logger(__name__)
_DONE = frozenset({Outcome.HANDLED, Outcome.NO_REPLY_NEEDED, Outcome.ANSWERED})


class Tasks:
    """Brings tasks into the queue and settles them."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk
        self._resting = Resting(desk.clock)

    async def look(self) -> bool:
        """Do what is due once; True while there may be more."""
        await self._shelf()
        # What failed rests: it would be the oldest for ever, and stand before all that can be done.
        but = self._resting.idents()
        due = await self._desk.store.read(partial(task_rows.due, now=self._desk.clock.now(), but=but))
        entered = [await self._calmly(self._enter, task) for task in due]
        but = self._resting.idents()
        ended = await self._desk.store.read(partial(task_rows.unsettled, but=but))
        settled = [await self._calmly(self._settle, task) for task in ended]
        full = task_rows.BATCH in (len(due), len(ended))
        return full and (any((*entered, *settled)) or self._resting.has_room)

    async def _shelf(self) -> None:
        """Let somebody look at what could not be read, and nobody any more when it is gone from the shelf."""
        line = self._desk.rules.policy.cases.line_of("quarantine")
        if line is None:
            return
        unread, over = await self._desk.store.read(
            lambda conn: (task_rows.unread(conn), task_rows.looked_through(conn))
        )
        if not unread and not over:
            return
        now = self._desk.clock.now()

        def unit(conn: WriteConn) -> None:
            for one in unread:
                values = {"kind": "quarantine", "subject": one.subject or one.raw_from, "about_id": one.id}
                values |= {"due_at": now, "line": line}
                task_rows.put(conn, f"{one.id}:quarantine", values, now=now, actor=None)
            task_rows.end(conn, over, "done", now=now, actor=None)

        await self._desk.store.write(unit, bulk=True)

    async def _enter(self, task: Any) -> bool:
        """Bring a task into the queue, and note as what in the same unit: a turn without its task would never be let out."""
        policy = self._desk.rules.policy
        arrival = Arrival(
            channel=TASKS,
            adapter=task_rows.HOUSE,
            external_key=f"{task.id}#{task.round}",
            raw=b"",
            at=self._desk.clock.now(),
            line=task.line if task.line in policy.lines else policy.default_line,
            subject=task.subject,
        )
        content = Content(
            subject=task.subject,
            about_party=task.canonical,
            about_case=task.case_id,
            prefer_agent=task.owner,
            priority=task.priority,
        )

        def noted(conn: WriteConn, placed: Placed) -> None:
            task_rows.entered(conn, task.id, placed.interaction)

        receipt = await self._desk.intake.accept(arrival, content, Beside(after=noted))
        if receipt.duplicate:
            await self._desk.store.write(
                partial(task_rows.entered, ident=task.id, interaction=receipt.interaction), urgent=True
            )
        return True

    async def _settle(self, task: Any) -> bool:
        """Settle a task by what became of its turn, or take the turn of a task that is over out of the queue."""
        if task.turn not in ("closed", "abandoned"):
            return await self._withdraw(task)
        done = task.state == "queued" and task.outcome in _DONE
        now, plan = self._desk.clock.now(), self._desk.rules.policy.cases

        def unit(conn: WriteConn) -> None:
            if task_rows.let_go(conn, task.id) and task.state == "queued":
                task_rows.end(conn, [task.id], "done" if done else "dropped", now=now, actor=task.agent)
                if done and task.kind == "step":
                    case_rows.tick(conn, task.case_id, task.step, plan=plan, now=now, actor=task.agent)

        await self._desk.store.write(unit, urgent=True)
        return True

    async def _withdraw(self, task: Any) -> bool:
        try:
            await self._desk.dispatcher.submit(InteractionGone(interaction=task.interaction_id, cause="settled"))
        except (ConflictError, NotFoundError):  # it ended at this moment; the next look sees how
            return False
        return True

    async def _calmly(self, act: Callable[[Any], Awaitable[bool]], task: Any) -> bool:
        """Do something about one task: what is wrong with it keeps no other from its turn."""
        try:
            done = await act(task)
        except (BusyError, StoreDownError):
            raise
        except ContactdError as error:
            log.warning("tasks.failed", task=task.id, code=error.code)
            done = False
        except Exception:  # whatever it is, it is this task's own
            log.exception("tasks.failed", task=task.id)
            done = False
        if done:
            self._resting.went_well(task.id)
        else:
            self._resting.failed(task.id)
        return done
