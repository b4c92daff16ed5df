"""Cases that the topics of a contact open, by the policy's rules: one for each topic that has none yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contactd.core.case_plan import CasePlan, Opening
from contactd.crm_store import contact_case_rows
from contactd.crm_store.store import WriteConn
from contactd.desk.book import Entry
from contactd.desk.idents import Idents

Topics = Sequence[Mapping[str, Any]] | None


class Opened:
    """Opens cases in the unit that stores a contact's topics; what it makes when it runs again is the same."""

    def __init__(self, entry: Entry, plan: CasePlan, idents: Idents) -> None:
        """Open cases from the contact `entry`, by the rules of `plan`."""
        self._entry = entry
        self._plan = plan
        self._idents = idents
        self._ids: dict[int, tuple[str, str, str]] = {}
        self.case: str | None = None
        """The case the contact is about from now on, where one was opened."""

    def topics(
        self, conn: WriteConn, disposition: str | None, topics: Topics, *, actor: str, now: datetime
    ) -> list[Mapping[str, Any]] | None:
        """Open what is to be opened; return the topics, each with its case.

        Raises:
            NotFoundError, BadRequestError: as `contact_case_rows.open_from`.
        """
        self.case = None
        if not self._plan.openings:
            return None if topics is None else list(topics)
        if topics:
            return [self._topic(conn, n, topic, actor, now) for n, topic in enumerate(topics)]
        if disposition is not None and self._entry.case_id is None:
            self._open(conn, 0, disposition, "", actor, now)
        return None if topics is None else list(topics)

    def _topic(self, conn: WriteConn, n: int, topic: Mapping[str, Any], actor: str, now: datetime) -> Mapping[str, Any]:
        if topic.get("case") or (n == 0 and self._entry.case_id is not None):
            return topic
        made = self._open(conn, n, topic["disposition"], topic.get("note") or "", actor, now)
        return topic if made is None else {**topic, "case": made}

    def _open(self, conn: WriteConn, n: int, disposition: str, note: str, actor: str, now: datetime) -> str | None:
        entry = self._entry
        rule = self._plan.opening(line=entry.line, channel=entry.channel, topic=disposition)
        if rule is None:
            return None
        ids = self._ids.setdefault(n, (self._idents.new(), self._idents.new(), self._idents.new()))
        made = contact_case_rows.open_from(
            conn,
            entry.id,
            self._values(rule, note, actor),
            ids=ids,
            plan=self._plan,
            now=now,
            actor=actor,
            first=n == 0,
        )
        if n == 0:
            self.case = ids[0]
        return str(made["id"])

    def _values(self, rule: Opening, note: str, actor: str) -> dict[str, Any]:
        """Return the fields of a case: it is the agent's who found out what it is about, unless the rule names somebody."""
        return {"subject": note[:200] or self._entry.subject, "assignee": actor, **rule.values()}
