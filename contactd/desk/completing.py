"""The end of a contact: its summary, its end, and who the customer was."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog

from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.core.events import Summarised, WorkEnded, WrapupDone
from contactd.core.interaction import Outcome, State
from contactd.crm_store import contact_rows, routing_rows
from contactd.crm_store.store import WriteConn
from contactd.desk.book import Entry
from contactd.desk.desk import Desk
from contactd.desk.sending import Sending

log = structlog.get_logger(__name__)

MANDATORY = frozenset({"mandatory"})


class Completing:
    """Sums up, ends, confirms."""

    def __init__(self, desk: Desk, sending: Sending) -> None:
        """Work with the desk's parts; notes are written by `sending`."""
        self._desk = desk
        self._sending = sending

    async def complete(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Store a contact's summary and, unless `end` is false, end the contact and its wrap-up.

        Raises:
            ForbiddenError: it is not the agent's.
            BadRequestError: a disposition is unknown, or one is required and missing.
        """
        entry = self._desk.in_hand(data["interaction"], agent)
        topics = data.get("topics")
        disposition = data.get("disposition") or (topics[0]["disposition"] if topics else None)
        node = self._check(entry, disposition, topics or [])
        ending = data.get("end", True)
        rule = self._desk.rules.rule(entry.line, entry.channel)
        if ending and rule.wrapup.mode in MANDATORY and not (disposition or entry.disposition):
            text = "a disposition is required here"
            raise BadRequestError(text, code="disposition_required", field="disposition")
        if data.get("note"):
            await self._sending.write_note(entry.id, agent, data["note"])
        outcome = _outcome(node)
        await self._store(entry, agent, disposition, topics, outcome if ending else None)
        if ending:
            await self._end(entry, agent, disposition, outcome)
        elif disposition is not None:
            await self._tell(entry, agent, disposition)
        return {"interaction": entry.view()}

    async def confirm(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Write that a party is the customer of an interaction; return its view after the commit."""
        entry = self._desk.entry(data["interaction"])
        unit = partial(
            contact_rows.confirm,
            interaction=entry.id,
            party=data["party"],
            claim_id=self._desk.idents.new(),
            actor=agent,
            now=self._desk.clock.now(),
        )
        found = await self._desk.store.write(unit, urgent=True)
        if found is None:
            text = "there is no such customer"
            raise NotFoundError(text, code="unknown_party", field="party")
        entry.party, entry.customer_name, entry.vip = found.party, found.name, found.vip
        entry.resolve_state = "confirmed"
        self._desk.show(entry)
        return {"interaction": entry.view()}

    def _check(self, entry: Entry, disposition: str | None, topics: list[Mapping[str, Any]]) -> Mapping[str, Any]:
        for n, topic in enumerate(topics):
            self._desk.disposition(entry, topic["disposition"], f"topics.{n}.disposition")
        return self._desk.disposition(entry, disposition, "disposition") if disposition else {}

    async def _store(
        self,
        entry: Entry,
        agent: str,
        disposition: str | None,
        topics: list[Mapping[str, Any]] | None,
        outcome: str | None,
    ) -> None:
        now, segment = self._desk.clock.now(), entry.segment.n
        needs_no_reply = outcome == Outcome.NO_REPLY_NEEDED

        def unit(conn: WriteConn) -> None:
            contact_rows.sum_up(conn, entry.id, disposition, topics, agent, now)
            if needs_no_reply:
                routing_rows.mark_answered(conn, entry.id, segment, now)

        await self._desk.store.write(unit, urgent=True)
        entry.disposition = disposition or entry.disposition
        if needs_no_reply:
            self._desk.answered(entry, now)
        self._desk.show(entry)

    async def _end(self, entry: Entry, agent: str, disposition: str | None, outcome: str | None) -> None:
        code = disposition or entry.disposition
        fact: WrapupDone | WorkEnded
        if entry.state == State.WRAPUP:
            fact = WrapupDone(interaction=entry.id, agent=agent, disposition=code)
        else:
            fact = WorkEnded(
                interaction=entry.id,
                agent=agent,
                ended_by="agent",
                outcome=outcome,
                disposition=code,
                skip_wrapup=True,
            )
        try:
            await self._desk.dispatcher.submit(fact)
        except ConflictError:  # it moved meanwhile; what was stored stays, and counts at its end
            if disposition is not None:
                await self._tell(entry, agent, disposition)
            raise

    async def _tell(self, entry: Entry, agent: str, disposition: str) -> None:
        """Let the router know of a disposition that is stored; it has nothing to say about it when the contact moved on."""
        try:
            await self._desk.dispatcher.submit(Summarised(interaction=entry.id, agent=agent, disposition=disposition))
        except (ConflictError, ForbiddenError, NotFoundError) as error:
            log.info("summary.not_told", interaction=entry.id, reason=error.code)


def _outcome(node: Mapping[str, Any]) -> str | None:
    """Return the outcome a disposition stands for, where it names one."""
    outcome = node.get("outcome")
    return str(outcome) if outcome else None
