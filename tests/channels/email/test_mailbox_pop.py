"""Mailboxes by POP3: each mail once wherever it is cut, long lines, copies, names that go; with Dovecot where it is installed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from contactd.channels.email import mailbox as watching
from contactd.channels.email.mailbox_options import Mailbox
from contactd.channels.email.pop_box import PopBox
from contactd.channels.email.pop_watch import PopWatch
from tests.channels.email.doubles import Tools, until
from tests.channels.email.dovecot import USER, Dovecot
from tests.channels.email.pop_double import PopDouble
from tests.channels.email.test_mailbox import mail
from tests.channels.email.test_mailbox_dovecot import House, MortalError


@pytest.fixture
async def server() -> AsyncIterator[PopDouble]:
    made = PopDouble()
    await made.start()
    yield made
    await made.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "PAUSES", (0.01, 0.05))
    monkeypatch.setattr(watching, "REFUSED_PAUSES", (0.01, 0.05))


@pytest.fixture
def house(tools: Tools) -> House:
    return House(tools)


def box(port: int, **options: Any) -> Mailbox:
    made = {"protocol": "pop3", "host": "127.0.0.1", "port": port, "security": "none", "username": "desk"}
    return Mailbox.model_validate(made | {"password": "code", "backfill_days": 9, "poll_seconds": 1} | options)


def follow(house: House, options: Mailbox, made: PopBox | None = None) -> tuple[PopWatch, asyncio.Task[None]]:
    watch = PopWatch("desk", options, house.tools, house.take, most_bytes=1_000_000, box=made)  # type: ignore[arg-type]
    return watch, asyncio.create_task(watch.run())


async def test_mails_come_once_over_many_log_ins_and_stay_where_they_are(server: PopDouble, house: House) -> None:
    server.mails = {"a": mail(1), "b": mail(2)}
    watch, running = follow(house, box(server.port))
    await until(lambda: len(house.taken) == 2)
    server.mails = {"c": mail(3), "b": mail(2)}  # one was taken away elsewhere, and another came before what is left
    await until(lambda: len(house.taken) == 3)
    await watch.stop(5)
    await running
    assert house.taken == [mail(1), mail(2), mail(3)]
    server.mails |= {"d": mail(4)}
    watch, running = follow(house, box(server.port))
    await until(lambda: len(house.taken) == 4)
    asked = [one for one in server.said if one.startswith("RETR")]
    assert len(asked) == 4
    await watch.stop(5)
    await running
    assert "DELE" not in " ".join(server.said)


async def test_a_mailbox_that_was_emptied_elsewhere_gives_what_comes_next(server: PopDouble, house: House) -> None:
    server.mails = {"a": mail(1), "b": mail(2)}
    watch, running = follow(house, box(server.port))
    await until(lambda: len(house.taken) == 2)
    server.mails = {}
    logins = server.said.count("USER desk")
    await until(lambda: server.said.count("USER desk") > logins + 1)
    await watch.stop(5)
    await running
    server.mails = {"x": mail(7)}
    watch, running = follow(house, box(server.port))
    await until(lambda: len(house.taken) == 3)
    await watch.stop(5)
    await running


async def test_only_what_comes_from_now_on_is_taken_unless_asked(server: PopDouble, house: House) -> None:
    server.mails = {"a": mail(1)}
    watch, running = follow(house, box(server.port, backfill_days=0))
    await until(lambda: watch.standing.up)
    server.mails["b"] = mail(2)
    await until(lambda: len(house.taken) == 1)
    assert house.taken == [mail(2)]
    await watch.stop(5)
    await running


async def test_long_lines_dots_and_copies_come_as_they_are(server: PopDouble, house: House) -> None:
    wide = mail(1, "x" * 50_000 + "\r\n.\r\n..two\r\n.end")
    server.mails = {"a": wide, "b": mail(2)}
    server.uidls = ["same", "same"]
    watch, running = follow(house, box(server.port))
    await until(lambda: len(house.taken) == 2)
    assert house.taken == [wide, mail(2)]
    await watch.stop(5)
    await running


async def test_one_mail_that_cannot_be_had_holds_up_nobody(server: PopDouble, house: House) -> None:
    server.mails = {"a": mail(1), "bad": mail(2), "c": mail(3)}
    server.refused = {"bad"}
    watch, running = follow(house, box(server.port))
    await until(lambda: len(house.taken) == 2)
    assert house.taken == [mail(1), mail(3)]
    assert list(watch.cursor.stuck) == [2]
    await watch.stop(5)
    await running


async def test_a_server_that_sends_without_end_is_left(server: PopDouble, house: House) -> None:
    server.mails = {"a": mail(1), "b": mail(2)}
    server.endless = {"a"}
    watch, running = follow(house, box(server.port))
    await until(lambda: len(house.taken) == 1)
    assert house.taken == [mail(2)]
    await watch.stop(5)
    await running


async def test_a_list_of_mails_without_end_is_left(server: PopDouble, house: House) -> None:
    server.endless = {"UIDL"}
    watch, running = follow(house, box(server.port))
    await until(lambda: "larger than" in watch.standing.fault)
    await watch.stop(5)
    await running


async def test_a_refused_log_in_names_what_to_do(server: PopDouble, house: House) -> None:
    watch, running = follow(house, box(server.port, password="wrong", preset="163"))
    await until(lambda: "log-in refused" in watch.standing.fault)
    assert "授权码" in watch.standing.fault
    assert "wrong" not in watch.standing.fault
    await watch.stop(5)
    await running


@pytest.mark.parametrize(
    "options",
    [{"after": "seen"}, {"after": "move"}, {"folder": "Sub"}, {"protocol": "pop3", "security": "none", "host": "a.b"}],
)
def test_what_pop3_cannot_do_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        box(1, **options)


def test_a_preset_knows_its_pop3_server() -> None:
    options = Mailbox(preset="qq", protocol="pop3", username="a@qq.com", password="x")
    assert (options.server, options.server_port) == ("pop.qq.com", 995)


def mortal(options: Mailbox, lives: int, *, before: bool) -> PopBox:
    """Make a connection that dies before or after its n-th command, as a process does: without a word."""
    made, left = PopBox(options), [lives]

    def wrap(act: Callable[..., Any]) -> Callable[..., Any]:
        def do(*args: Any) -> Any:
            left[0] -= 1
            if left[0] == 0 and before:
                raise MortalError
            done = act(*args)
            if left[0] == 0:
                raise MortalError
            return done

        return do

    for name in ("open", "after", "since", "sizes", "fetch", "head", "wait", "clean"):
        setattr(made, name, wrap(getattr(made, name)))
    made.died = lambda: left[0] <= 0  # type: ignore[attr-defined]
    return made


@pytest.fixture(scope="module")
def dovecot() -> Iterator[Dovecot]:
    made = Dovecot(protocols="imap pop3")
    made.start()
    yield made
    made.close()


@pytest.mark.integration
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("after", ["keep", "delete"])
async def test_a_real_server_gives_each_mail_once_wherever_it_is_cut(
    dovecot: Dovecot, house: House, monkeypatch: pytest.MonkeyPatch, after: str, before: bool
) -> None:
    monkeypatch.setattr(watching, "BATCH", 2)
    monkeypatch.setattr(watching, "PAUSES", (3600.0, 3600.0))
    await asyncio.to_thread(dovecot.empty)
    options = box(dovecot.pop_port, after=after, username=USER, password=dovecot.password)
    lives = put = 0
    died = True
    while died:
        lives += 1
        await asyncio.to_thread(dovecot.put, mail(put), mail(put + 1))
        put += 2
        made = mortal(options, lives, before=before)
        _watch, running = follow(house, options, made)

        def enough(wanted: int = put) -> bool:
            kept = next(iter(house.tools.state.values()), {"clean": [1]})
            return len(house.taken) == wanted and (after == "keep" or not kept["clean"])

        await until(lambda made=made, enough=enough: made.died() or enough(), 20)  # type: ignore[misc]
        died = made.died()  # type: ignore[attr-defined]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await asyncio.to_thread(made.close)
    assert lives > 4
    assert sorted(house.taken) == sorted(mail(n) for n in range(put))
    assert await asyncio.to_thread(dovecot.count) == (put if after == "keep" else 0)


async def test_nothing_is_deleted_before_it_is_safe(server: PopDouble, house: House) -> None:
    server.mails = {"a": mail(1), "b": mail(2)}
    house.down = True
    watch, running = follow(house, box(server.port, after="delete"))
    await until(lambda: watch.standing.fault.startswith("mail cannot be stored"))
    assert len(server.mails) == 2
    house.down = False
    await until(lambda: not server.mails)
    assert len(house.taken) == 2
    # Deleted is what the server took leave with.
    assert server.said[server.said.index("DELE 1") :][:3] == ["DELE 1", "DELE 2", "QUIT"]
    await watch.stop(5)
    await running
