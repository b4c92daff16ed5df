"""Log-in: who is let in, for how long, from where, and who may do what."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, get_args

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.agent import Role
from contactd.core.errors import BadRequestError, BusyError, ConflictError, ForbiddenError
from contactd.crm_store.schema import agent, login_failure, session
from contactd.crm_store.store import Store
from contactd.desk import origin, proof, throttle
from contactd.desk.access import Access, Actor, SlowDownError, UnauthorizedError
from contactd.desk.passwords import Passwords
from contactd.desk.rights import PERSONAL, RULES, SCOPES, authorize, permitted
from contactd.desk.seeing import Seeing
from contactd.settings import RoleName
from contactd.testing.clock import ManualClock

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
LOCAL = "127.0.0.1"


class OnePasswords(Passwords):
    """Counts the verifications: each is work an outsider can measure."""

    def __init__(self) -> None:
        super().__init__(CHEAP)
        self.verified = 0

    def _verify(self, stored: str | None, password: str) -> bool:
        self.verified += 1
        return super()._verify(stored, password)


async def add_agent(store: Store, ident: str = "a1", **more: Any) -> None:
    row = {
        "id": ident,
        "name": f"name-{ident}",
        "display_name": ident.upper(),
        "role": "agent",
        "password_hash": CHEAP.hash("correct horse"),
        "languages": ["zh"],
        "created_at": more.pop("at"),
        **more,
    }
    row["updated_at"] = row["created_at"]
    await store.write(lambda conn: conn.execute(agent.insert().values(**row)))


@pytest.fixture
def access(store: Store, clock: ManualClock) -> Access:
    return Access(store, clock, passwords=Passwords(CHEAP))


@pytest.fixture
async def people(store: Store, clock: ManualClock) -> None:
    await add_agent(store, at=clock.now())
    await add_agent(store, "s1", at=clock.now(), role="supervisor")


def cookie(secret: str, **more: str) -> dict[str, str]:
    return {"cookie": f"other=1; contactd={secret}", "host": "127.0.0.1:8080", **more}


@pytest.mark.usefixtures("people")
async def test_a_session_names_its_agent_until_log_out(access: Access) -> None:
    ticket = await access.log_in("name-a1", "correct horse", ip=LOCAL)
    actor = await access.identify(cookie(ticket.secret), LOCAL, unsafe=True)
    assert (actor.id, actor.name, actor.role, actor.languages, actor.scopes) == ("a1", "A1", "agent", ("zh",), None)
    await access.log_out(actor)
    with pytest.raises(UnauthorizedError):
        await access.identify(cookie(ticket.secret), LOCAL, unsafe=True)


@pytest.mark.usefixtures("people")
async def test_every_log_in_is_another_session_and_only_its_hash_is_stored(access: Access, store: Store) -> None:
    first = await access.log_in("name-a1", "correct horse", ip=LOCAL)
    second = await access.log_in("name-a1", "correct horse", ip=LOCAL)
    assert first.secret != second.secret
    assert len(first.secret) >= 43
    stored = await store.read(lambda conn: [row.id_hash for row in conn.execute(session.select())])
    assert len(stored) == 2
    assert not {first.secret, second.secret} & set(stored)


@pytest.mark.usefixtures("people")
async def test_an_unknown_name_costs_and_says_what_a_wrong_password_does(store: Store, clock: ManualClock) -> None:
    passwords = OnePasswords()
    access = Access(store, clock, passwords=passwords)
    answers = []
    for name in ("name-a1", "nobody"):
        with pytest.raises(UnauthorizedError) as caught:
            await access.log_in(name, "wrong", ip=LOCAL)
        answers.append((caught.value.code, caught.value.text))
    assert answers[0] == answers[1]
    assert passwords.verified == 2


@pytest.mark.usefixtures("people")
async def test_a_session_ends_after_twelve_idle_hours_and_use_keeps_it(access: Access, clock: ManualClock) -> None:
    ticket = await access.log_in("name-a1", "correct horse", ip=LOCAL)
    for _ in range(3):
        clock.advance(timedelta(hours=11))
        await access.identify(cookie(ticket.secret), LOCAL, unsafe=False)
    clock.advance(timedelta(hours=12))
    with pytest.raises(UnauthorizedError):
        await access.identify(cookie(ticket.secret), LOCAL, unsafe=False)


@pytest.mark.usefixtures("people")
async def test_a_changed_password_ends_every_session_and_tells(access: Access, clock: ManualClock) -> None:
    tickets = [await access.log_in("name-a1", "correct horse", ip=LOCAL) for _ in range(2)]
    other = await access.log_in("name-s1", "correct horse", ip=LOCAL)
    actors = [await access.identify(cookie(one.secret), LOCAL, unsafe=False) for one in (*tickets, other)]
    told: list[list[bool]] = []
    access.listeners.append(lambda over: told.append([over(actor) for actor in actors]))
    clock.advance(timedelta(seconds=1))
    await access.change_password("a1", "battery staple")
    assert told == [[True, True, False]]
    for one in tickets:
        with pytest.raises(UnauthorizedError):
            await access.identify(cookie(one.secret), LOCAL, unsafe=False)
    await access.identify(cookie(other.secret), LOCAL, unsafe=False)
    await access.log_in("name-a1", "battery staple", ip=LOCAL)
    with pytest.raises(UnauthorizedError):
        await access.log_in("name-a1", "correct horse", ip=LOCAL)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    "change",
    [{"disabled": True}, {"role": "supervisor"}, {"password_at": "later"}],
    ids=["disabled", "other role", "password changed elsewhere"],
)
async def test_what_changes_elsewhere_ends_connected_sessions(
    access: Access,
    store: Store,
    clock: ManualClock,
    change: dict[str, Any],
) -> None:
    ticket = await access.log_in("name-a1", "correct horse", ip=LOCAL)
    actor = await access.identify(cookie(ticket.secret), LOCAL, unsafe=False)
    assert await access.ended([actor]) == set()
    clock.advance(timedelta(seconds=4))
    values = {**change, "password_at": clock.now()} if "password_at" in change else change
    await store.write(lambda conn: conn.execute(agent.update().where(agent.c.id == "a1").values(**values)))
    assert await access.ended([actor]) == {actor.login}


@pytest.mark.usefixtures("people")
async def test_who_sees_numbers_masked_stays_connected(store: Store, clock: ManualClock) -> None:
    access = Access(store, clock, passwords=Passwords(CHEAP), seeing=Seeing(masked_roles=frozenset({"agent"})))
    ticket = await access.log_in("name-a1", "correct horse", ip=LOCAL)
    actor = await access.identify(cookie(ticket.secret), LOCAL, unsafe=False)
    assert actor.masked
    assert await access.ended([actor]) == set()


@pytest.mark.usefixtures("people")
async def test_failures_are_delayed_by_place_and_a_colleague_is_not_locked_out(
    access: Access, clock: ManualClock
) -> None:
    await access.log_in("name-a1", "correct horse", ip="192.0.2.1")
    for n in range(40):
        place = f"198.51.100.{n}"
        try:
            await access.log_in("name-a1", "wrong", ip=place)
        except (UnauthorizedError, SlowDownError):
            clock.advance(timedelta(seconds=1))
    with pytest.raises(SlowDownError):
        await access.log_in("name-a1", "correct horse", ip="203.0.113.9")
    await access.log_in("name-a1", "correct horse", ip="192.0.2.1")


@pytest.mark.usefixtures("people")
async def test_tries_from_one_place_wait_longer_and_longer_and_a_pause_forgives(
    access: Access, clock: ManualClock
) -> None:
    waits = []
    for _ in range(9):
        try:
            await access.log_in("name-a1", "wrong", ip=LOCAL)
        except SlowDownError as error:
            waits.append(error.seconds)
            clock.advance(timedelta(seconds=error.seconds))
        except UnauthorizedError:
            pass
    assert waits == [1, 2]
    with pytest.raises(SlowDownError):
        await access.log_in("name-a1", "correct horse", ip=LOCAL)
    await access.log_in("name-s1", "correct horse", ip=LOCAL)
    clock.advance(throttle.PAUSE + timedelta(seconds=1))
    await access.log_in("name-a1", "correct horse", ip=LOCAL)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("places", [1, 40], ids=["one place", "many places"])
async def test_tries_that_begin_together_are_counted_together(store: Store, clock: ManualClock, places: int) -> None:
    passwords = OnePasswords()
    access = Access(store, clock, passwords=passwords)
    tries = [access.log_in("name-a1", "wrong", ip=f"198.51.100.{n % places}") for n in range(60)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    # One place has four tries without a delay, an account thirty: the next is checked, and all others must wait.
    allowed = 5 if places == 1 else 31
    assert sum(isinstance(one, UnauthorizedError) for one in done) == passwords.verified == allowed
    assert sum(isinstance(one, SlowDownError) for one in done) == 60 - allowed


@pytest.mark.usefixtures("people")
async def test_colleagues_who_log_in_together_do_not_count_against_each_other(
    access: Access, store: Store, clock: ManualClock
) -> None:
    for n in range(50):
        await add_agent(store, f"x{n}", at=clock.now())
    tickets = await asyncio.gather(*(access.log_in(f"name-x{n}", "correct horse", ip=LOCAL) for n in range(50)))
    assert len({one.secret for one in tickets}) == 50
    left = await store.read(lambda conn: conn.execute(login_failure.select().where(login_failure.c.failures > 0)).all())
    assert left == []


@pytest.mark.usefixtures("people")
async def test_a_try_counts_though_nobody_waits_for_its_answer(store: Store, clock: ManualClock) -> None:
    begun = asyncio.Event()

    class Endless(Passwords):
        async def verify(self, stored: str | None, password: str) -> bool:
            begun.set()
            await asyncio.Event().wait()
            return True

    trying = asyncio.create_task(Access(store, clock, passwords=Endless(CHEAP)).log_in("name-a1", "wrong", ip=LOCAL))
    await begun.wait()
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    rows = await store.read(lambda conn: conn.execute(login_failure.select()).all())
    assert [row.failures for row in rows] == [1, 1, 1]


@pytest.mark.usefixtures("people")
async def test_too_many_log_ins_of_one_place_are_busy_and_others_are_not(
    store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "WAITING", 3)
    access = Access(store, clock, passwords=Passwords(CHEAP))
    tries = [access.log_in("name-a1", "correct horse", ip=LOCAL) for _ in range(5)]
    done = await asyncio.gather(
        *tries, access.log_in("name-s1", "correct horse", ip="192.0.2.1"), return_exceptions=True
    )
    assert [isinstance(one, BusyError) for one in done] == [False, False, False, True, True, False]
    await access.log_in("name-a1", "correct horse", ip=LOCAL)


async def test_a_token_acts_within_its_scopes(access: Access, store: Store, clock: ManualClock) -> None:
    await add_agent(store, at=clock.now())
    free = await access.add_token("forms", ["intake"])
    mine = await access.add_token("softphone", ["console"], agent="a1")
    program = await access.identify({"authorization": f"Bearer {free}"}, "192.0.2.1", unsafe=True)
    person = await access.identify({"authorization": f"bearer {mine}"}, None, unsafe=True)
    assert (program.role, program.name) == ("program", "forms")
    assert permitted(program, "interaction.create")
    assert not permitted(program, "party.read")
    assert (person.id, person.role) == ("a1", "agent")
    assert permitted(person, "console.open")
    assert not permitted(person, "party.read")
    assert await access.ended([program, person]) == set()
    with pytest.raises(ConflictError):
        await access.add_token("forms", ["intake"])
    with pytest.raises(BadRequestError):
        await access.add_token("other", ["everything"])


@pytest.mark.parametrize("secret", ["", "x", "é", "a" * 500, "\ud800"])
async def test_what_is_no_token_is_nobody(access: Access, secret: str) -> None:
    with pytest.raises(UnauthorizedError):
        await access.identify({"authorization": f"Bearer {secret}"}, LOCAL, unsafe=False)
    with pytest.raises(UnauthorizedError):
        await access.identify(cookie(secret), LOCAL, unsafe=False)


@pytest.mark.parametrize("password", ["short", "x" * 1025])
async def test_a_password_has_a_length(access: Access, password: str) -> None:
    with pytest.raises(BadRequestError):
        await access.change_password("a1", password)


HOST = "desk.example.com"
PUBLIC = "https://desk.example.com"


@pytest.mark.parametrize(
    ("headers", "client", "public", "unsafe", "expected"),
    [
        ({"host": HOST, "origin": PUBLIC}, "192.0.2.1", PUBLIC, True, True),
        ({"host": HOST, "origin": "https://desk.example.com:443"}, "192.0.2.1", PUBLIC, True, True),
        ({"host": "127.0.0.1:8080", "origin": PUBLIC}, "127.0.0.1", PUBLIC, True, True),
        ({"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080"}, "127.0.0.1", "", True, True),
        ({"host": "localhost", "origin": "http://LOCALHOST"}, "127.0.0.1", "", True, True),
        ({"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8081"}, "127.0.0.1", "", True, False),
        ({"host": HOST, "origin": "https://evil.example.com"}, "192.0.2.1", PUBLIC, True, False),
        ({"host": HOST, "origin": "https://desk.example.com.evil.example"}, "192.0.2.1", PUBLIC, True, False),
        ({"host": HOST, "origin": "https://evil.example.com"}, "192.0.2.1", PUBLIC, False, False),
        ({"host": HOST, "origin": "null"}, "127.0.0.1", PUBLIC, True, False),
        ({"host": HOST, "origin": ""}, "127.0.0.1", PUBLIC, True, False),
        ({"host": HOST, "origin": "https://desk.example.com@evil.example"}, "127.0.0.1", PUBLIC, True, False),
        ({"host": HOST, "origin": "https://desk.example.com:notaport"}, "127.0.0.1", PUBLIC, True, False),
        ({"origin": "http://"}, "127.0.0.1", "", True, False),
        ({"host": HOST}, "192.0.2.1", PUBLIC, True, False),
        ({"host": HOST}, "192.0.2.1", PUBLIC, False, True),
        ({"host": HOST}, "127.0.0.1", PUBLIC, True, True),
        ({"host": HOST}, "::1", PUBLIC, True, True),
        ({"host": HOST}, "::ffff:127.0.0.1", PUBLIC, True, True),
        ({"host": HOST}, None, PUBLIC, True, False),
        ({"host": HOST, "sec-fetch-site": "none"}, "127.0.0.1", PUBLIC, True, False),
        ({"host": HOST, "sec-fetch-mode": "websocket"}, "127.0.0.1", PUBLIC, True, False),
    ],
)
def test_origin_rules(headers: dict[str, str], client: str | None, public: str, unsafe: bool, expected: bool) -> None:
    assert origin.allowed(headers, client, public, unsafe=unsafe) is expected


@given(st.text(max_size=60), st.text(max_size=40))
def test_an_origin_is_never_an_error(text: str, host: str) -> None:
    assert origin.allowed({"origin": text, "host": host}, text, PUBLIC, unsafe=True) in {True, False}


@pytest.mark.usefixtures("people")
async def test_a_cookie_from_a_foreign_page_is_refused_and_a_bearer_is_not(access: Access) -> None:
    ticket = await access.log_in("name-a1", "correct horse", ip=LOCAL)
    with pytest.raises(ForbiddenError) as caught:
        await access.identify(cookie(ticket.secret, origin="https://evil.example"), LOCAL, unsafe=True)
    assert caught.value.code == "bad_origin"
    token = await access.add_token("t", ["read"])
    headers = {"authorization": f"Bearer {token}", "origin": "https://evil.example"}
    assert (await access.identify(headers, "192.0.2.1", unsafe=True)).role == "program"


@pytest.mark.parametrize("public", ["https://desk.example.com", ""])
def test_the_cookie_is_for_https_only_where_there_is_https(store: Store, clock: ManualClock, public: str) -> None:
    access = Access(store, clock, public_url=public, passwords=Passwords(CHEAP))
    assert access.secure is bool(public)
    assert access.cookie == ("__Host-contactd" if public else "contactd")


def actor(role: str, ident: str = "a1", scopes: frozenset[str] | None = None) -> Actor:
    return Actor(id=ident, name=ident, role=role, scopes=scopes)


def test_an_agent_reaches_own_things_only_where_the_table_says_own() -> None:
    for action, rule in RULES.items():
        for role in ("agent", "supervisor", "admin"):
            reach = getattr(rule, role)
            assert permitted(actor(role), action, ["a1"]) is (reach != "no")
            assert permitted(actor(role), action, ["a2"]) is (reach == "any")
    with pytest.raises(ForbiddenError):
        authorize(actor("agent"), "interaction.send", ["a2"])


def test_the_roles_that_come_ready() -> None:
    """What each may do beyond, or less than, an agent; a new action is to be thought of here."""
    everything = {role: {action for action in RULES if permitted(actor(role), action, ["a1"])} for role in Role}
    agent_may = everything[Role.AGENT]
    assert everything[Role.EDITOR] - agent_may == {"kb.publish", "kb.approve"}
    assert everything[Role.SENIOR] > agent_may
    assert "interaction.pull" in everything[Role.SENIOR]
    assert not everything[Role.SENIOR] & {"party.export", "user.leave", "privacy.read", "survey.edit", "call.supervise"}
    changing = {"party.edit", "case.edit", "interaction.send", "interaction.complete", "party.merge", "call.dial"}
    for role in (Role.QUALITY, Role.AUDITOR, Role.INTEGRATOR):
        assert not everything[role] & changing, role
    assert permitted(actor(Role.QUALITY), "recording.listen", ["a2"])
    assert not permitted(actor(Role.QUALITY), "privacy.read")
    assert {"privacy.decide", "party.archive", "recording.hold"} <= everything[Role.PRIVACY]
    assert not everything[Role.PRIVACY] & {"interaction.send", "party.export", "token.manage", "user.leave"}
    assert not any(
        action.rpartition(".")[2] in {"edit", "create", "run", "manage", "decide"}
        for action in everything[Role.AUDITOR]
    )
    assert {"webhook.manage", "import.run", "field.manage"} <= everything[Role.INTEGRATOR]
    assert not everything[Role.INTEGRATOR] & {
        "party.read",
        "interaction.read",
        "search",
        "token.manage",
        "party.export",
    }
    assert everything[Role.ADMIN] >= everything[Role.SUPERVISOR] >= agent_may
    assert set(get_args(RoleName)) == {*Role, "program"}


def test_a_token_reaches_nothing_without_the_scope() -> None:
    for action, rule in RULES.items():
        others = SCOPES - {rule.scope}
        assert permitted(actor("program", scopes=others), action) is (rule.scope == "")
        assert permitted(actor("admin", scopes=others), action, ["a1"]) is (rule.scope == "")
        reached = rule.scope != "console" and action not in PERSONAL
        assert permitted(actor("program", scopes=SCOPES), action) is reached
        assert permitted(actor("admin", scopes=SCOPES), action) is (action not in PERSONAL and rule.admin == "any")


def test_an_address_counts_as_its_network() -> None:
    assert throttle.network("2001:db8:1:2:3::4") == throttle.network("2001:db8:1:2:ffff::1%eth0") == "2001:db8:1:2::/64"
    assert throttle.network("::ffff:192.0.2.1") == throttle.network("192.0.2.1")
    assert throttle.network("what") == "unknown"


def test_a_subject_does_not_hold_what_was_typed() -> None:
    keys = [one.key for one in throttle.subjects("my password", LOCAL, familiar=False)]
    assert not any("my password" in key for key in keys)
    assert len(keys) == 3
