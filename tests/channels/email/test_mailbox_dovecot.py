"""Mailboxes on a real server (Dovecot): every mail exactly once, wherever it is cut; nothing touched before it is safe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from contactd.channels.email import mailbox as watching
from contactd.channels.email.imap_box import ImapBox
from contactd.channels.email.mailbox import MailboxWatch
from contactd.channels.email.mailbox_options import Mailbox
from contactd.core.channel import Arrival, Receipt
from contactd.core.errors import StoreDownError
from tests.channels.email.doubles import Tools, until
from tests.channels.email.dovecot import USER, Dovecot
from tests.channels.email.test_mailbox import mail

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def shared() -> Iterator[Dovecot]:
    made = Dovecot()
    made.start()
    yield made
    made.close()


@pytest.fixture
def dovecot(shared: Dovecot) -> Dovecot:
    """The shared server with an empty account."""
    client = shared.client()
    _, found = client.list()
    names = [one.decode().rpartition(" ")[2].strip('"') for one in found if isinstance(one, bytes)]
    for name in names:
        if name != "INBOX":
            client.delete(name)
    said, number = client.select("INBOX")
    assert said == "OK", number
    if number[0] != b"0":
        client.store("1:*", "+FLAGS", r"\Deleted")
        client.expunge()
    client.logout()
    return shared


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAUSES", (0.01, 0.05))


def box(server: Dovecot, **options: Any) -> Mailbox:
    made = {"host": "127.0.0.1", "port": server.port, "security": "none", "username": USER, "password": server.password}
    return Mailbox.model_validate(made | {"backfill_days": 9, "poll_seconds": 1} | options)


class House:
    """Takes mails in and knows each by its content, as intake does."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.down = False

    async def take(self, raw: bytes, envelope: dict[str, Any], _options: Mailbox) -> Receipt:
        if self.down:
            text = "down"
            raise StoreDownError(text)
        return await self.tools.accept(
            Arrival(
                channel="email",
                adapter="imap.desk",
                external_key=raw.decode(),
                raw=raw,
                at=self.tools.clock.now(),
                envelope=envelope,
            )
        )

    def watch(self, options: Mailbox, made: Any = None) -> MailboxWatch:
        return MailboxWatch("desk", options, self.tools, self.take, most_bytes=1_000_000, box=made)  # type: ignore[arg-type]

    @property
    def taken(self) -> list[bytes]:
        return [one.raw for one in self.tools.arrivals]


@pytest.fixture
def house(tools: Tools) -> House:
    return House(tools)


async def test_what_lies_there_and_what_comes_is_taken_in_and_left_as_it_is(dovecot: Dovecot, house: House) -> None:
    await asyncio.to_thread(dovecot.put, *(mail(n) for n in range(45)))
    watch = house.watch(box(dovecot, poll_seconds=3600))
    running = asyncio.create_task(watch.run())
    await until(lambda: len(house.taken) == 45)
    await asyncio.to_thread(dovecot.put, mail(45), mail(46))
    # The server calls: nobody waits for an hour.
    await until(lambda: len(house.taken) == 47)
    assert house.taken == [mail(n) for n in range(47)]
    await watch.stop(5)
    await running
    assert not any(b"Seen" in flags for flags in await asyncio.to_thread(dovecot.flags))


async def test_a_server_that_does_not_call_is_asked(house: House) -> None:
    server = Dovecot("protocol imap {\n  imap_capability = IMAP4rev1 UIDPLUS ID\n}")
    server.start()
    try:
        watch = house.watch(box(server))
        running = asyncio.create_task(watch.run())
        await until(lambda: watch.standing.up)
        await asyncio.to_thread(server.put, mail(1))
        await until(lambda: len(house.taken) == 1, 10)
        await watch.stop(5)
        await running
    finally:
        server.close()


class MortalError(Exception):
    """The process died here."""


class Mortal:
    """A mailbox connection that dies before or after its n-th command, as a process does: without a word."""

    def __init__(self, options: Mailbox, lives: int, *, before: bool) -> None:
        self._box = ImapBox(options)
        self._lives = lives
        self._before = before
        self.died = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        act = getattr(self._box, name)

        def do(*args: Any) -> Any:
            if name == "close":
                return act()
            self._lives -= 1
            if self._lives == 0 and self._before:
                self._die()
            done = act(*args)
            if self._lives == 0:
                self._die()
            return done

        return do

    def _die(self) -> None:
        self.died = True
        raise MortalError


async def _live_and_die(
    house: House, options: Mailbox, lives: int, *, before: bool, enough: Callable[[], bool]
) -> bool:
    """Follow until it dies or has done all; nothing is remembered but what was kept.  Return whether it died."""
    mortal = Mortal(options, lives, before=before)
    watch = house.watch(options, mortal)
    running = asyncio.create_task(watch.run())
    await until(lambda: mortal.died or enough(), 20)
    # Whatever the watch would do next, a dead process does not do.
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await asyncio.to_thread(mortal._box.close)
    return mortal.died


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("after", ["keep", "move", "delete"])
async def test_every_mail_comes_once_wherever_it_is_cut(
    dovecot: Dovecot, house: House, monkeypatch: pytest.MonkeyPatch, after: str, before: bool
) -> None:
    monkeypatch.setattr(watching, "BATCH", 2)
    monkeypatch.setattr(watching, "PAUSES", (3600.0, 3600.0))
    options = box(dovecot, after=after)
    lives = put = 0
    died = True
    while died:
        lives += 1
        await asyncio.to_thread(dovecot.put, mail(put), mail(put + 1), mail(put + 2))
        put += 3
        wanted = put

        def enough(wanted: int = wanted) -> bool:
            kept = next(iter(house.tools.state.values()), {"clean": [1]})
            return len(house.taken) == wanted and (after == "keep" or not kept["clean"])

        died = await _live_and_die(house, options, lives, before=before, enough=enough)
        house.tools.state = dict(house.tools.state)
    assert lives > 6
    assert sorted(house.taken) == sorted(mail(n) for n in range(put))
    left = await asyncio.to_thread(dovecot.count)
    moved = await asyncio.to_thread(dovecot.count, "contactd")
    assert (left, moved) == {"keep": (put, 0), "delete": (0, 0), "move": (0, put)}[after]


@pytest.mark.parametrize("after", ["seen", "move", "delete"])
async def test_nothing_is_touched_before_it_is_safe(dovecot: Dovecot, house: House, after: str) -> None:
    await asyncio.to_thread(dovecot.put, mail(1), mail(2))
    house.down = True
    watch = house.watch(box(dovecot, after=after))
    running = asyncio.create_task(watch.run())
    await until(lambda: watch.standing.fault.startswith("mail cannot be stored"))
    assert await asyncio.to_thread(dovecot.count) == 2
    assert not any(b"Seen" in flags for flags in await asyncio.to_thread(dovecot.flags))
    house.down = False
    await until(lambda: len(house.taken) == 2)

    def cleaned() -> bool:
        if after == "seen":
            return all(b"Seen" in flags for flags in dovecot.flags())
        return dovecot.count() == 0 and dovecot.count("contactd") == (2 if after == "move" else 0)

    for _ in range(100):
        if await asyncio.to_thread(cleaned):
            break
    else:
        pytest.fail("it was never cleaned")
    await watch.stop(5)
    await running


async def test_what_somebody_else_marked_for_deletion_stays(house: House) -> None:
    server = Dovecot("protocol imap {\n  imap_capability = IMAP4rev1 IDLE\n}")
    server.start()
    try:
        await asyncio.to_thread(server.put, mail(1))
        client = server.client()
        client.select("INBOX")
        client.store("1", "+FLAGS", r"\Deleted")
        client.logout()
        watch = house.watch(box(server, after="delete", backfill_days=0))
        running = asyncio.create_task(watch.run())
        await until(lambda: watch.standing.up)
        await asyncio.to_thread(server.put, mail(2))
        await until(lambda: len(house.taken) == 1)
        await until(lambda: not watch.cursor.clean)
        assert await asyncio.to_thread(server.count) == 2
        await watch.stop(5)
        await running
    finally:
        server.close()


async def test_a_folder_made_anew_loses_and_repeats_nothing(dovecot: Dovecot, house: House) -> None:
    await asyncio.to_thread(dovecot.put, mail(1), mail(2), folder="Desk")
    options = box(dovecot, folder="Desk")
    first = house.watch(options)
    running = asyncio.create_task(first.run())
    await until(lambda: len(house.taken) == 2)
    await first.stop(5)
    await running

    def anew() -> None:
        client = dovecot.client()
        client.delete("Desk")
        client.logout()
        dovecot.put(mail(2), mail(3), mail(1), folder="Desk")

    await asyncio.to_thread(anew)
    second = house.watch(options)
    running = asyncio.create_task(second.run())
    await until(lambda: len(house.taken) == 3)
    assert house.taken == [mail(1), mail(2), mail(3)]
    await second.stop(5)
    await running


async def test_a_wrong_password_and_a_missing_folder_are_said(
    dovecot: Dovecot, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "REFUSED_PAUSES", (3600.0, 3600.0))
    monkeypatch.setattr(watching, "PAUSES", (3600.0, 3600.0))
    for options, words in (
        (box(dovecot, password="wrong", preset="qq"), ("log-in refused", "授权码")),
        (box(dovecot, folder="Nowhere"), ("folder Nowhere cannot be opened",)),
        (box(dovecot, port=1), ("refused",)),
    ):
        watch = house.watch(options)
        running = asyncio.create_task(watch.run())
        await until(lambda watch=watch: bool(watch.standing.fault), 15)  # type: ignore[misc]
        assert all(word in watch.standing.fault for word in words), watch.standing.fault
        await watch.stop(5)
        await running


async def test_a_server_that_restarts_is_found_again(house: House) -> None:
    server = Dovecot()
    server.start()
    try:
        watch = house.watch(box(server))
        running = asyncio.create_task(watch.run())
        await until(lambda: watch.standing.up)
        await asyncio.to_thread(server.stop)
        await until(lambda: not watch.standing.up)
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(server.put, mail(1))
        await until(lambda: len(house.taken) == 1)
        await watch.stop(5)
        await running
    finally:
        server.close()
