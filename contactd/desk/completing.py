"""The end of a contact: its summary and its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.core.events import Summarised, WorkEnded, WrapupDone
from contactd.core.interaction import Outcome, State
from contactd.crm_store import contact_rows, inbox_rows, routing_rows
from contactd.crm_store.store import WriteConn
from contactd.desk.book import Entry
from contactd.desk.desk import Desk
from contactd.desk.sending import Sending
from contactd.desk.topics import Opened

log = structlog.get_logger(__name__)

MANDATORY = frozenset({"mandatory"})


@dataclass(frozen=True, slots=True)
class Summary:
    """What an agent says of a contact, and whether it ends with it."""

    agent: str
    disposition: str | None
    topics: list[Mapping[str, Any]] | None
    outcome: str | None
    ending: bool

    def noted(self, interaction: str) -> Summarised | None:
        """Return the fact that the disposition is stored, None when there is none."""
        if self.disposition is None:
            return None
        return Summarised(interaction=interaction, agent=self.agent, disposition=self.disposition)


class Completing:
    """Sums up and ends."""

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
        summary = Summary(agent, disposition, topics, _outcome(node), ending)
        await self._store(entry, summary)
        if ending:
            await self._end(entry, summary)
        return {"interaction": entry.view()}

    def _check(self, entry: Entry, disposition: str | None, topics: list[Mapping[str, Any]]) -> Mapping[str, Any]:
        for n, topic in enumerate(topics):
            self._desk.disposition(entry, topic["disposition"], f"topics.{n}.disposition")
        return self._desk.disposition(entry, disposition, "disposition") if disposition else {}

    async def _store(self, entry: Entry, summary: Summary) -> None:
        """Store a summary; one that does not end the contact is told to the router, too."""
        now, segment, fact_id = self._desk.clock.now(), entry.segment.n, self._desk.idents.new()
        needs_no_reply = summary.ending and summary.outcome == Outcome.NO_REPLY_NEEDED
        noted = None if summary.ending else summary.noted(entry.id)
        opening = Opened(entry, self._desk.rules.policy.cases, self._desk.idents)

        def unit(conn: WriteConn) -> str | None:
            topics = opening.topics(conn, summary.disposition, summary.topics, actor=summary.agent, now=now)
            contact_rows.sum_up(conn, entry.id, summary.disposition, topics, summary.agent, now)
            if needs_no_reply:
                routing_rows.mark_answered(conn, entry.id, segment, now)
            if noted is not None:
                inbox_rows.tell(conn, noted, ident=fact_id, node=self._desk.store.node, now=now)
            return opening.case

        entry.case_id = await self._desk.store.write(unit, urgent=True) or entry.case_id
        entry.disposition = summary.disposition or entry.disposition
        if needs_no_reply:
            self._desk.answered(entry, now)
        if noted is not None:
            await self._tell(noted, fact_id)
        self._desk.show(entry)

    async def _end(self, entry: Entry, summary: Summary) -> None:
        code = summary.disposition or entry.disposition
        fact: WrapupDone | WorkEnded
        if entry.state == State.WRAPUP:
            fact = WrapupDone(interaction=entry.id, agent=summary.agent, disposition=code)
        else:
            fact = WorkEnded(
                interaction=entry.id,
                agent=summary.agent,
                ended_by="agent",
                outcome=summary.outcome,
                disposition=code,
                skip_wrapup=True,
            )
        try:
            await self._desk.dispatcher.submit(fact)
        except ConflictError:  # it moved meanwhile; what was stored stays, and counts at its end
            noted = summary.noted(entry.id)
            if noted is not None:
                await self._tell(noted)
            raise

    async def _tell(self, fact: Summarised, inbox_id: str | None = None) -> None:
        """Let the router know what is stored already; it has nothing to say about a contact that moved on meanwhile."""
        try:
            await self._desk.dispatcher.submit(fact, inbox_id=inbox_id)
        except (ConflictError, ForbiddenError, NotFoundError) as error:
            log.info("summary.not_told", interaction=fact.interaction, reason=error.code)


def _outcome(node: Mapping[str, Any]) -> str | None:
    """Return the outcome a disposition stands for, where it names one."""
    outcome = node.get("outcome")
    return str(outcome) if outcome else None
