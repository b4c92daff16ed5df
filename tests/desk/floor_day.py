"""A day at the desk that hypothesis draws: what comes in, what agents do, and what time does, on a real store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from contactd.clock import rfc3339
from contactd.core.address import phone_point
from contactd.core.channel import Arrival, Content, Progress
from contactd.core.errors import ConflictError, ContactdError
from contactd.core.events import AttemptFailed, ConsoleSeen, DeliveryFailed, InteractionGone, WorkEnded
from contactd.core.interaction import State
from contactd.core.message import NewMessage
from contactd.crm_store import agents, inbox_rows, parties
from contactd.crm_store.agents import Abilities
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.admin import configured
from contactd.desk.rights import Actor
from tests.desk.bench import Bench, open_bench

POLICY: dict[str, Any] = {
    "calendars": {
        "odd": {"zone": "UTC", "week": {"mon": ["08:00-09:07", "09:09-09:15", "09:16-23:00"]}},
    },
    "lines": {
        "support": {
            "steps": [{"prefer": {"german": 6}, "seconds": 25}],
            "overflow": [
                {"when": "crowded", "count": 3, "to": "billing"},
                {"when": "age", "seconds": 60, "to": "billing", "channels": ["voice", "email"]},
                {"when": "nobody", "seconds": 5, "action": "callback"},
            ],
        },
        "billing": {
            "calendar": "odd",
            "callback": {"pauses": [30, "opening"], "missed": True},
            "after_close": {"do": "callback", "seconds": 40},
            "overflow": [
                {"when": "stay", "seconds": 90, "to": "support"},
                {"when": "age", "seconds": 400, "action": "voicemail", "channels": ["voice"]},
                {"when": "closed", "to": "support", "channels": ["voice"]},
            ],
            "base": 1,
            "required": {"money": 3},
            "return_window_s": 60,
            "strategy": "best_skill",
            "channels": {"voice": {"wrapup": {"mode": "timed_fixed", "seconds": 40}}},
        },
    },
    "intake": [
        {"to": "billing@example.com", "line": "billing", "priority": 3},
        {"to": "400800002", "line": "billing"},
    ],
    "channels": {"voice": {"misses": 2}, "chat": {"wrapup": {"mode": "mandatory", "seconds": 0}}},
    "deferred_share": 3,
}
AGENTS: tuple[dict[str, Any], ...] = (
    {"name": "ann", "device": "PJSIP/1001", "skills": {"german": 7}},
    {"name": "bob", "device": "PJSIP/1002", "skills": {"money": 5}},
    {"name": "cat", "device": None, "skills": {"money": 9, "german": 2}},
)
CALLERS = 4
BEAT = timedelta(seconds=15)
Deed = tuple[str, int, int, float]
"""(what, two numbers it chooses by, seconds that pass before it)."""


class Day:
    """A bench with agents at work; `live` says which open interactions there are."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.actors: list[Actor] = []
        self.there: dict[str, None] = {}
        """Agents whose consoles are connected."""
        self.came = 0
        self.deeds: dict[str, Callable[[int, int], Awaitable[Any]]] = {
            "mail": self.mail,
            "chat": self.chat,
            "call": self.call,
            "mirrored": self.mirrored,
            "progress": self.progress,
            "answer": self.answer,
            "complete": self.complete,
            "end": self.end,
            "extend": self.extend,
            "hold": self.hold,
            "park": self.park,
            "write": self.write,
            "transfer": self.transfer,
            "intent": self.intent,
            "console": self.console,
            "staff": self.staff,
            "start": self.start,
            "leave": self.leave,
            "fail": self.fail,
            "confirm": self.confirm,
            "restart": self.restart,
            "oversee": self.oversee,
            "back": self.back,
            "vain": self.vain,
            "settled": self.settled,
            "line": self.line,
        }

    async def open(self) -> None:
        """Let the agents come in; two customers are known."""
        now = self.bench.clock.now()
        for number in range(2):
            values = {"kind": "person", "display_name": f"P{number}", "vip": number * 2}
            await self.bench.store.write(
                lambda conn, n=number, v=values: parties.create(conn, f"party-{n}", v, now=now, actor=None)
            )
        self.boss = await self.bench.agent("sue", role="supervisor")
        for one in AGENTS:
            actor = await self.bench.agent(one["name"], device=one["device"], skills=one["skills"])
            self.actors.append(actor)
            self.there[actor.id] = None
            await self.bench.ready(actor)

    async def act(self, deed: Deed) -> None:
        """Let time pass and one thing happen; what is refused has not happened."""
        what, one, other, pause = deed
        await self.pass_time(pause)
        with suppress(ContactdError):
            await self.deeds[what](one, other)
        await self.settle()

    async def pass_time(self, seconds: float) -> None:
        """Let time pass; what falls due happens at its moment, consoles that are there show it every 15 s."""
        clock = self.bench.clock
        end = clock.now() + timedelta(seconds=seconds)
        while clock.now() < end:
            beat = min(end, clock.now() + BEAT)
            due = self.bench.router.next_deadline() or beat
            clock.advance(max(min(due, beat) - clock.now(), timedelta()))
            if clock.now() == beat:
                for agent in self.there:
                    self.bench.office.commands.console_seen(agent)
            await self.settle()

    async def settle(self) -> None:
        """Wait until everything that came in is placed and every fact is committed."""
        reading = self.bench.office.reading
        await self.bench.until(lambda: not reading.waiting, "the reading")
        await reading.settle()
        for _ in range(2):  # what a commit leads to comes by the inbox
            with suppress(ContactdError):
                await self.bench.office.desk.dispatcher.submit(ConsoleSeen(agent="nobody"))
            await self.bench.office.inbox.poll()
        with suppress(ContactdError):
            await self.bench.office.desk.dispatcher.submit(ConsoleSeen(agent="nobody"))
        await asyncio.sleep(0)

    # --- what customers do ----------------------------------------------------------------------------------------------

    async def mail(self, one: int, other: int) -> None:
        self.came += 1
        references = [f"<m{other % max(self.came, 1)}@x>"] if one % 3 == 0 else []
        raw = f"c{one % CALLERS}@example.cn|S|T"
        to = "billing@example.com" if other % 2 else "support@example.com"
        await self.bench.mail_in(raw, f"k{self.came}", to=to, id=f"<m{self.came}@x>", references=references)

    async def chat(self, _one: int, _other: int) -> None:
        self.came += 1
        await self.bench.chat_in("Hello", f"v{self.came}")

    async def call(self, one: int, other: int) -> None:
        await self._ring(one, other, "contactd")

    async def mirrored(self, one: int, other: int) -> None:
        await self._ring(one, other, "pbx")

    async def _ring(self, one: int, other: int, routed_by: str) -> None:
        self.came += 1
        arrival = Arrival(
            channel="voice",
            adapter="ari" if routed_by == "contactd" else "ami",
            external_key=f"ch{self.came}",
            raw=b"{}",
            at=self.bench.clock.now(),
            sender=f"1380013800{one % CALLERS}",
            recipient=("400800001", "400800002")[other % 2],
            line_text="" if routed_by == "contactd" else "sales",
            routed_by=routed_by,
        )
        point = phone_point(arrival.sender) if other % 3 else None
        await self.bench.voice.tools.accept(arrival, Content(sender=point))

    async def progress(self, one: int, other: int) -> None:
        found = [entry for entry in self.bench.office.desk.book if entry.routed_by == "pbx"]
        if not found:
            return
        entry = found[one % len(found)]
        kind = ("waiting", "ringing", "ring_ended", "answered", "held", "resumed", "left", "ended")[other % 8]
        device = f"PJSIP/100{one % 4}" if kind in ("ringing", "ring_ended", "answered") else None
        told = Progress(
            adapter="ami", external_key=entry.external_key, at=self.bench.clock.now(), kind=kind, agent=device
        )
        await self.bench.voice.tools.progress(told)

    async def leave(self, one: int, other: int) -> None:
        name = self._pick(one, State.QUEUED, State.OFFERED, State.ACTIVE, State.HELD)
        cause = ("customer_gone", "customer_gone", "junk")[other % 3]
        await self.bench.voice.tools.report(InteractionGone(interaction=name, cause=cause))

    async def write(self, one: int, _other: int) -> None:
        """A customer writes on, in a chat or a parked or wrapped-up contact."""
        name = self._pick(one, State.PARKED, State.WRAPUP, State.ACTIVE, State.QUEUED)
        line = NewMessage(direction="inbound", sender="c", text="And?", provider_id=f"w{self.bench.clock.now()}")
        await self.bench.chat.tools.joined(name, line)

    # --- what agents do -------------------------------------------------------------------------------------------------

    async def answer(self, one: int, other: int) -> None:
        offers = list(self.bench.office.desk.dispatcher._ledger._ringing.values())
        if not offers:
            return
        offer = offers[one % len(offers)]
        actor = next(actor for actor in self.actors if actor.id == offer.agent)
        command = "offer.reject" if other % 5 == 0 else "offer.accept"
        await self.bench.run(actor, command, offer=offer.offer, lease=offer.lease)

    async def complete(self, one: int, other: int) -> None:
        name = self._pick(one, State.ACTIVE, State.HELD, State.WRAPUP, State.PARKED)
        disposition = "billing" if other % 3 else None
        extra: dict[str, Any] = {"end": False} if other % 4 == 0 else {}
        await self.bench.run(
            self._holder(name), "interaction.complete", interaction=name, disposition=disposition, **extra
        )

    async def extend(self, one: int, _other: int) -> None:
        name = self._pick(one, State.WRAPUP)
        await self.bench.run(self._holder(name), "interaction.extend", interaction=name)

    async def end(self, one: int, other: int) -> None:
        """A call ends at the PBX."""
        name = self._pick(one, State.ACTIVE, State.HELD)
        ended = WorkEnded(interaction=name, ended_by="customer" if other % 2 else "agent")
        await self.bench.voice.tools.report(ended)

    async def confirm(self, one: int, other: int) -> None:
        """An agent says who a customer is; the second customer is an important one."""
        entry = list(self.bench.office.desk.book)[one % max(len(self.bench.office.desk.book), 1) :]
        if entry:
            who = f"party-{other % 2}"
            await self.bench.run(self._holder(entry[0].id), "party.confirm", interaction=entry[0].id, party=who)

    async def hold(self, one: int, other: int) -> None:
        command, state = (("interaction.hold", State.ACTIVE), ("interaction.resume", State.HELD))[other % 2]
        name = self._pick(one, state)
        await self.bench.run(self._holder(name), command, interaction=name)

    async def park(self, one: int, other: int) -> None:
        if other % 3 == 0:
            name = self._pick(one, State.PARKED)
            await self.bench.run(self._holder(name), "interaction.resume", interaction=name)
            return
        name = self._pick(one, State.ACTIVE, State.HELD)
        until = rfc3339(self.bench.clock.now() + timedelta(seconds=30 + other)) if other % 3 == 1 else None
        await self.bench.run(self._holder(name), "interaction.park", interaction=name, until=until)

    async def transfer(self, one: int, other: int) -> None:
        name = self._pick(one, State.ACTIVE, State.HELD)
        target = {"to_line": ("support", "billing")[other // 2 % 2]} if other % 2 else {}
        target = target or {"to_agent": self.actors[other // 2 % len(self.actors)].id}
        await self.bench.run(self._holder(name), "interaction.transfer", interaction=name, **target)

    async def intent(self, one: int, other: int) -> None:
        actor = self.actors[one % len(self.actors)]
        choice, reason = (("ready", None), ("ready", None), ("not_ready", "break"), ("logged_out", None))[other % 4]
        await self.bench.run(actor, "agent.set_intent", intent=choice, reason=reason)

    async def console(self, one: int, other: int) -> None:
        agent = self.actors[one % len(self.actors)].id
        if other % 3 == 0:
            self.there.pop(agent, None)
            self.bench.office.commands.console_lost(agent)
        else:
            self.there[agent] = None
            self.bench.office.commands.console_seen(agent)

    async def staff(self, one: int, other: int) -> None:
        """An agent's abilities change, or they are struck off, or come back."""
        ident = self.actors[one % len(self.actors)].id
        now = self.bench.clock.now()
        disabled = other % 4 == 0
        abilities = Abilities(skills=(("money", other % 9 + 1),), lines=("*",) if other % 3 else ("support",))

        def unit(conn: WriteConn) -> None:
            version = agents.get(conn.connection, ident)["row_version"]
            agents.change(conn, ident, {"disabled": disabled}, abilities, row_version=version, now=now, actor=None)
            fact = configured(agents.get(conn.connection, ident))
            inbox_rows.tell(conn, fact, ident=self.bench.office.desk.idents.new(), node="main", now=now)

        await self.bench.store.write(unit)
        await self.bench.office.inbox.poll()

    async def start(self, one: int, other: int) -> None:
        actor = self.actors[one % len(self.actors)]
        data = {"channel": "email", "line": ("support", "billing")[other % 2], "to": f"c{other % CALLERS}@example.cn"}
        await self.bench.run(actor, "interaction.start", purpose="service", **data)

    async def fail(self, one: int, other: int) -> None:
        name = self._pick(one, State.ACTIVE)
        reason = ("device_busy", "device_unreachable", "media")[other % 3]
        failed = DeliveryFailed(interaction=name, agent=self._holder(name).id, reason=reason)
        await self.bench.voice.tools.report(failed)

    async def oversee(self, one: int, other: int) -> None:
        """A supervisor acts on what waits, on what agents have, or on an agent."""
        agent = self.actors[one % len(self.actors)].id
        name = self._pick(one, State.QUEUED, State.OFFERED, State.ACTIVE, State.PARKED)
        acts: tuple[tuple[str, dict[str, Any]], ...] = (
            ("interaction.set_priority", {"interaction": name, "priority": other % 10}),
            ("interaction.set_skills", {"interaction": name, "skills": [{"skill": "german", "level": other % 10 + 1}]}),
            ("interaction.requeue", {"interaction": name}),
            ("interaction.pull", {"interaction": name, "agent": agent}),
            ("interaction.push", {"interaction": name, "agent": agent}),
            ("interaction.release", {"interaction": name}),
            ("interaction.transfer", {"interaction": name, "to_line": ("support", "billing")[one % 2]}),
            ("agent.drain", {"agent": agent, "on": bool(one % 2)}),
            ("agent.set_intent", {"agent": agent, "intent": ("ready", "not_ready")[one % 2]}),
        )
        command, data = acts[other % len(acts)]
        await self.bench.run(self.boss, command, **data)

    async def back(self, one: int, other: int) -> None:
        """Somebody is to be called back: who waits asks for it, or an agent promises it."""
        if other % 3:
            await self.bench.voice.tools.call_back(self._pick(one, State.QUEUED, State.OFFERED))
        else:
            actor = self.actors[one % len(self.actors)]
            number = f"1380013800{other % CALLERS}"
            await self.bench.run(actor, "callback.request", to=number, line=("support", "billing")[one % 2])

    async def vain(self, one: int, _other: int) -> None:
        """Whoever was to be called back is not reached."""
        name = self._pick(one, State.ACTIVE)
        failed = AttemptFailed(interaction=name, agent=self._holder(name).id, reason="no_answer")
        await self.bench.voice.tools.report(failed)

    async def settled(self, one: int, _other: int) -> None:
        name = self._pick(one, State.QUEUED, State.PARKED)
        await self.bench.run(self.boss, "callback.settle", interaction=name)

    async def line(self, one: int, other: int) -> None:
        """A supervisor opens or closes a line by hand."""
        until = rfc3339(self.bench.clock.now() + timedelta(seconds=20 + other)) if other % 2 else None
        mode = ("open", "closed", "drain", "calendar")[one % 4]
        await self.bench.run(self.boss, "line.set", line=("support", "billing")[other % 2], mode=mode, until=until)

    async def restart(self, _one: int, _other: int) -> None:
        """The server stops and starts; consoles that were there connect again."""
        await self.bench.office.close()
        self.bench = await open_bench(self.bench.store, self.bench.clock, self.bench.folder, POLICY)
        for agent in self.there:
            self.bench.office.commands.console_seen(agent)

    def _pick(self, number: int, *states: State) -> str:
        """Return an open interaction of ours in one of the states."""
        found = [entry for entry in self.bench.office.desk.book if entry.state in states and entry.routed_by != "pbx"]
        if not found:
            text = "there is none"
            raise ConflictError(text)
        return found[number % len(found)].id

    def _holder(self, name: str) -> Actor:
        entry = self.bench.office.desk.book.get(name)
        return next((actor for actor in self.actors if entry is not None and actor.id == entry.agent), self.actors[0])


OFTEN = ("mail", "chat", "call", "mail", "call", "answer", "answer", "answer", "answer", "complete", "complete", "end")
DEEDS = (
    "mirrored",
    "staff",
    "progress",
    "extend",
    "hold",
    "park",
    "write",
    "transfer",
    "intent",
    "console",
    "start",
    "leave",
    "fail",
    "restart",
    "oversee",
    "oversee",
    "line",
    "back",
    "back",
    "vain",
    "settled",
)
deeds = st.tuples(
    st.sampled_from((*OFTEN, *DEEDS)),
    st.integers(0, 250),
    st.integers(0, 250),
    st.sampled_from((0.0, 0.0, 0.0, 0.5, 3.0, 3.0, 21.0, 47.0, 130.0)),
)
days = st.lists(deeds, min_size=15, max_size=45)
