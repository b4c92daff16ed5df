"""Cases from an agent's hand, opened or attached with one key from a contact; and the watch over clocks and promises."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from contactd.crm_store import audit, case_rows, contact_case_rows, promise_rows, sla_rows, watch_rows
from contactd.crm_store.store import WriteConn
from contactd.desk.changes import CaseNews
from contactd.desk.desk import Desk
from contactd.desk.effects import Effect


class Casework:
    """Opens and attaches cases, and tells of what is late."""

    def __init__(self, desk: Desk) -> None:
        """Work with the desk's parts."""
        self._desk = desk

    async def open(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Make a case from an open contact and attach it; a customer nobody knows yet gets a provisional record."""
        entry = self._desk.entry(data["interaction"])
        idents, now = self._desk.idents, self._desk.clock.now()
        values = {name: data[name] for name in ("type", "subject", "priority", "body") if data.get(name) is not None}
        unit = partial(
            contact_case_rows.open_from,
            interaction=entry.id,
            values={"subject": entry.subject, "assignee": agent, **values},
            ids=(idents.new(), idents.new(), idents.new()),
            plan=self._desk.rules.policy.cases,
            now=now,
            actor=agent,
        )
        made = await self._desk.store.write(unit, urgent=True)
        entry.case_id = made["id"]
        self._desk.show(entry)
        return {"case": made, "interaction": entry.view()}

    async def attach(self, agent: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Say that an open contact is about a case that is there.

        Raises:
            NotFoundError: there is no such case or contact.
        """
        entry = self._desk.entry(data["interaction"])
        now = self._desk.clock.now()

        def unit(conn: WriteConn) -> None:
            case_rows.attach(conn, data["case"], entry.id, now=now, actor=agent)
            audit.note(conn, agent, "case.attach", ("case", data["case"]), now, interaction=entry.id)

        await self._desk.store.write(unit, urgent=True)
        entry.case_id = data["case"]
        self._desk.show(entry)
        return {"interaction": entry.view()}

    async def watch(self) -> None:
        """Tell supervisors of clocks that ran out, owners of promises about to break, followers of what is new."""
        now = self._desk.clock.now()

        def unit(conn: WriteConn) -> tuple[list[tuple[str, str, str]], list[tuple[str, str]], list[dict[str, Any]]]:
            late = sla_rows.breached(conn, now)
            for case, _, target in late:
                case_rows.add_event(conn, case, now, "breached", None, data={"target": target})
            return late, promise_rows.soon(conn, now), watch_rows.news(conn)

        late, soon, news = await self._desk.store.write(unit, bulk=True)
        told: list[Effect] = [CaseNews(agent=one.pop("agent"), news=one) for one in news]
        if told:
            self._desk.publisher.publish(told)
        for _case, number, target in late:
            self._desk.publisher.alert(self._desk.idents.new(), now, "case_late", detail=f"{number} {target}")
        for _promise, owner in soon:
            self._desk.publisher.alert(self._desk.idents.new(), now, "promise_due", detail=owner)
