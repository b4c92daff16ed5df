"""Drafts for other systems against a scripted one: sent once, whatever happens in between; refused, they come back."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
from collections.abc import AsyncIterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from typing import Any

import pytest
from sqlalchemy import select

from contactd.core import writeback as rules
from contactd.core.errors import BadRequestError, ConflictError, ForbiddenError, NotFoundError
from contactd.crm_store import audit, schema, task_rows, writeback_rows
from contactd.crm_store.statements import insert
from contactd.desk.idents import Idents
from contactd.desk.webhooks import Poster, signature
from contactd.desk.writing_back import LEASE, WritingBack
from contactd.settings import Connector
from tests.crm_store.town import Town
from tests.desk.bench import Bench

pytestmark = pytest.mark.integration
SECRET = "whsec_c2VjcmV0c2VjcmV0"
PACKED = gzip.compress(b"")[:2]
ORDER = {"lines": [{"item": "密封圈", "quantity": 2}], "note": "急"}


class Erp:
    """A system that takes drafts: each key once, the answer kept for who asks again."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[tuple[int, Any]] = []
        """What it says next, instead of taking the order; None for a body = it hangs up, having taken it."""
        erp = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                erp.asked.append(({name.lower(): value for name, value in self.headers.items()}, body))
                status, answer = erp.answers.pop(0) if erp.answers else (200, {})
                if status in {200, 0}:
                    key = self.headers["idempotency-key"]
                    made = erp.orders.setdefault(
                        key, {"number": f"SO-{len(erp.orders) + 1}", "url": "https://erp.example/1"}
                    )
                    answer = made | answer if status else None
                if answer is None:
                    self.close_connection = True
                    return
                raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(raw)))
                if raw.startswith(PACKED):
                    self.send_header("content-encoding", "gzip")
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/drafts"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Counter:
    """A desk that sends drafts."""

    def __init__(self, bench: Bench, erp: Erp) -> None:
        self.bench, self.store, self.erp = bench, bench.store, erp
        self.new = Idents(bench.clock).new
        write = {"url": erp.url, "token": "Bearer t0p", "secret": SECRET, "headers": {"x-desk": "1"}}
        self.connectors = {"erp": Connector.model_validate({"kind": "push", "system": "sap", "write": write})}
        self.sending = self.fresh()

    def fresh(self, poster: Poster | None = None) -> WritingBack:
        """Return a sender, as after a start."""
        poster = poster or Poster([ip_network("127.0.0.0/8")])
        return WritingBack(self.store, self.bench.clock, self.bench.office.desk.rules, poster, self.connectors)

    async def draft(self, kind: str = "order", payload: Any = None, **row: Any) -> str:
        ident = self.new()
        party = row.pop("party", None) or await Town(self.store).party("张三")
        made = {"connector": "erp", "kind": kind, "party_id": party, "payload": rules.payload(kind, payload or ORDER)}
        now = self.bench.clock.now()
        await self.store.write(lambda conn: writeback_rows.create(conn, ident, made | row, now=now, actor="ann"))
        return ident

    async def act(self, ident: str, what: str, by: str = "ann", *, four_eyes: bool = False) -> None:
        now = self.bench.clock.now()
        about: dict[str, Any] = {"four_eyes": four_eyes, "system": "sap", "note": "", "now": now, "actor": by}
        await self.store.write(lambda conn: writeback_rows.act(conn, ident, what, **about))

    async def get(self, ident: str) -> dict[str, Any]:
        return await self.store.read(lambda conn: writeback_rows.get(conn, ident))

    async def tasks(self) -> list[Any]:
        query = select(schema.task).where(schema.task.c.kind == "writeback")
        return await self.store.read(lambda conn: list(conn.execute(query)))


@pytest.fixture
async def counter(bench: Bench) -> AsyncIterator[Counter]:
    erp = Erp()
    yield Counter(bench, erp)
    await asyncio.to_thread(erp.server.shutdown)
    erp.server.server_close()


async def test_an_order_is_sent_once_under_its_key_and_gets_its_number(counter: Counter) -> None:
    party = await Town(counter.store).party("张三")
    known = {"id": "x1", "system": "sap", "type": "party", "value": "K-77", "ref_kind": "party", "ref_id": party}
    now = counter.bench.clock.now()
    await counter.store.write(lambda conn: conn.execute(insert(schema.external_id).values(**known, last_sync=now)))
    ident = await counter.draft(party=party)
    assert await counter.sending.some() == 0
    await counter.act(ident, "submit")
    assert await counter.sending.some() == 1
    assert await counter.sending.some() == 0
    ((headers, body),) = counter.erp.asked
    assert json.loads(body) == {
        "id": ident,
        "kind": "order",
        "customer": {"id": party, "number": "K-77"},
        "case": None,
        **ORDER,
    }
    assert (headers["idempotency-key"], headers["authorization"], headers["x-desk"]) == (ident, "Bearer t0p", "1")
    signed = signature(SECRET, ident, int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == signed
    sent = await counter.get(ident)
    assert (sent["state"], sent["number"], sent["url"], sent["maybe"]) == (
        "done",
        "SO-1",
        "https://erp.example/1",
        False,
    )
    entries = await counter.store.read(lambda conn: audit.about(conn, [("writeback", ident)]))
    assert [one["action"] for one in entries] == ["writeback.create", "writeback.submit", "writeback.done"]


async def test_a_refusal_comes_back_to_its_author_as_a_task(counter: Counter) -> None:
    ident = await counter.draft("return", {"reference": "SO-9", "reason": "坏了"})
    await counter.act(ident, "submit")
    counter.erp.answers.append((422, {"detail": "SO-9 is older than\n30 days"}))
    await counter.sending.some()
    refused = await counter.get(ident)
    assert (refused["state"], refused["last_error"]) == ("refused", "SO-9 is older than 30 days")
    (task,) = await counter.tasks()
    assert (task.owner, task.about_id, task.state, task.body) == ("ann", ident, "waiting", "SO-9 is older than 30 days")
    await counter.bench.office.tending.settle()
    (task,) = await counter.tasks()
    assert task.state == "queued"
    await counter.act(ident, "drop")
    (task,) = await counter.tasks()
    assert task.state == "done"
    assert await counter.sending.some() == 0


async def test_an_answer_that_came_packed_is_not_unpacked(counter: Counter) -> None:
    ident = await counter.draft()
    await counter.act(ident, "submit")
    counter.erp.answers.append((422, gzip.compress(json.dumps({"detail": "0" * 300}).encode())))
    await counter.sending.some()
    ((headers, _),) = counter.erp.asked
    assert headers["accept-encoding"] == "identity"
    assert (await counter.get(ident))["last_error"] == "status 422"


async def test_what_fails_for_now_is_asked_again_under_the_same_key_and_made_once(counter: Counter) -> None:
    ident = await counter.draft()
    await counter.act(ident, "submit")
    counter.erp.answers += [(503, b"later"), (0, None), (409, {}), (429, b"[1"), (301, b"")]
    states = []
    for _ in range(6):
        assert await counter.sending.some() == 1
        # Not before its pause is over.
        assert await counter.sending.some() == 0
        found = await counter.get(ident)
        states.append((found["state"], found["last_error"]))
        counter.bench.clock.advance(timedelta(hours=1))
    assert [state for state, _ in states] == ["queued"] * 5 + ["done"]
    assert [error for _, error in states[:1] + states[2:5]] == ["status 503", "status 409", "status 429", "status 301"]
    assert {headers["idempotency-key"] for headers, _ in counter.erp.asked} == {ident}
    assert len({body for _, body in counter.erp.asked}) == 1
    assert len(counter.erp.orders) == 1
    assert (await counter.get(ident))["number"] == "SO-1"


class Dying(Poster):
    """A poster whose process dies before, or after, the other system has taken what was sent."""

    def __init__(self, *, after: bool) -> None:
        super().__init__([ip_network("127.0.0.0/8")])
        self._after = after

    async def ask(self, *given: Any) -> tuple[int, bytes]:
        if self._after:
            await super().ask(*given)
        raise asyncio.CancelledError


@pytest.mark.parametrize("after", [False, True])
async def test_a_crash_at_any_step_sends_nothing_twice_and_loses_nothing(counter: Counter, *, after: bool) -> None:
    ident = await counter.draft()
    await counter.act(ident, "submit")
    with pytest.raises(asyncio.CancelledError):
        await counter.fresh(Dying(after=after)).some()
    assert len(counter.erp.orders) == after
    found = await counter.get(ident)
    assert (found["state"], found["maybe"]) == ("sending", True)
    # Nobody else asks while an answer may be under way.
    assert await counter.fresh().some() == 0
    counter.bench.clock.advance(LEASE)
    assert await counter.fresh().some() == 1
    assert await counter.fresh().some() == 0
    assert (await counter.get(ident))["number"] == "SO-1"
    assert list(counter.erp.orders) == [ident]


async def test_an_answer_that_comes_after_its_lease_changes_nothing_that_another_settled(counter: Counter) -> None:
    ident = await counter.draft()
    await counter.act(ident, "submit")
    now = counter.bench.clock.now()
    (row,) = await counter.store.write(lambda conn: writeback_rows.claim(conn, now, LEASE, ["erp"]))
    counter.bench.clock.advance(LEASE)
    assert await counter.sending.some() == 1

    def late(conn: Any) -> bool:
        return writeback_rows.settle(conn, row, "refused", {"last_error": "late"}, line=None, now=now)

    assert await counter.store.write(late) is False
    assert (await counter.get(ident))["state"] == "done"
    assert await counter.tasks() == []


async def test_after_many_tries_it_comes_back_and_is_asked_again_under_its_key_when_its_author_says_so(
    counter: Counter,
) -> None:
    ident = await counter.draft()
    await counter.act(ident, "submit")
    counter.erp.answers += [(500, b"")] * rules.TRIES
    for _ in range(rules.TRIES):
        assert await counter.sending.some() == 1
        counter.bench.clock.advance(timedelta(hours=1))
    assert await counter.sending.some() == 0
    failed = await counter.get(ident)
    assert (failed["state"], failed["maybe"]) == ("failed", True)
    assert [task.owner for task in await counter.tasks()] == ["ann"]
    await counter.act(ident, "retry")
    await counter.sending.some()
    assert (await counter.get(ident))["state"] == "done"
    assert list(counter.erp.orders) == [ident]


async def test_what_a_backup_brings_back_waits_for_its_authors_word(counter: Counter) -> None:
    ident = await counter.draft()
    await counter.act(ident, "submit")
    now = counter.bench.clock.now()
    assert await counter.store.write(lambda conn: writeback_rows.hold(conn, "restored", now)) == 1
    assert await counter.sending.some() == 0
    found = await counter.get(ident)
    assert (found["state"], found["last_error"], found["maybe"]) == ("failed", "restored", True)
    assert [task.owner for task in await counter.tasks()] == ["ann"]
    await counter.act(ident, "retry")
    assert await counter.sending.some() == 1
    assert list(counter.erp.orders) == [ident]


async def test_two_pairs_of_eyes_and_what_may_follow_what(counter: Counter) -> None:
    ident = await counter.draft()
    await counter.act(ident, "submit", four_eyes=True)
    assert (await counter.get(ident))["state"] == "review"
    with pytest.raises(ForbiddenError) as own:
        await counter.act(ident, "approve", four_eyes=True)
    assert own.value.code == "four_eyes"
    await counter.act(ident, "return", "sue", four_eyes=True)
    await counter.act(ident, "submit", four_eyes=True)
    await counter.act(ident, "approve", "sue", four_eyes=True)
    await counter.sending.some()
    done = await counter.get(ident)
    assert (done["state"], done["reviewer"]) == ("done", "sue")
    for what in rules.ACTS:
        with pytest.raises(ConflictError):
            await counter.act(ident, what, "sue")
    with pytest.raises(NotFoundError):
        await counter.act("none", "submit")


async def test_of_somebody_erased_nothing_leaves(counter: Counter) -> None:
    party = await Town(counter.store).party("李四")
    ident = await counter.draft("address", {"address": {"street": "人民路 1 号", "city": "郑州"}}, party=party)
    await counter.act(ident, "submit")
    await counter.store.write(lambda conn: writeback_rows.forget(conn, [party]))
    assert await counter.sending.some() == 0
    left = await counter.get(ident)
    assert (left["state"], left["payload"]) == ("dropped", {})
    assert "writeback" in task_rows.KINDS


async def test_of_somebody_erased_while_it_is_sent_no_answer_is_kept_and_nothing_leaves_again(counter: Counter) -> None:
    party = await Town(counter.store).party("李四")
    ident = await counter.draft(party=party)
    await counter.act(ident, "submit")
    with pytest.raises(asyncio.CancelledError):
        await counter.fresh(Dying(after=True)).some()
    await counter.store.write(lambda conn: writeback_rows.forget(conn, [party]))
    counter.bench.clock.advance(LEASE)
    assert await counter.fresh().some() == 0
    assert len(counter.erp.asked) == 1
    left = await counter.get(ident)
    assert (left["state"], left["payload"], left["number"]) == ("dropped", {}, "")


@pytest.mark.parametrize(
    ("kind", "payload", "field"),
    [
        ("gift", ORDER, "kind"),
        ("order", {}, "lines"),
        ("order", {"lines": [{"item": "x", "quantity": 0}]}, "lines"),
        ("order", {"lines": [{"item": "x", "quantity": True}]}, "lines"),
        ("order", {"lines": [{"item": "x"}] * 101}, "lines"),
        ("return", {"reference": "SO-1"}, "reason"),
        ("return", {"reference": "x" * 401, "reason": "y"}, "reference"),
        ("address", {"address": {"city": "郑州"}}, "address.street"),
        ("address", {"address": {"street": "x", "planet": "y"}}, "address"),
        ("address", ["x"], "payload"),
    ],
)
def test_what_a_draft_says_is_checked(kind: str, payload: Any, field: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        rules.payload(kind, payload)
    assert refused.value.field == field
