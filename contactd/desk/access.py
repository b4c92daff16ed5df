"""Who is it, and does the log-in still hold: passwords, sessions in the store, bearer tokens.

A session's id is 256 random bits in a cookie; the store keeps its hash.  It is made anew at every log-in, ends after
twelve idle hours, with a changed password and with a disabled account; whoever listens is told, so that sockets go too.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from contactd.clock import Clock
from contactd.core.errors import BadRequestError, ContactdError, ForbiddenError, NotFoundError
from contactd.crm_store import access_rows as rows
from contactd.crm_store import audit
from contactd.crm_store.access_rows import Login
from contactd.crm_store.store import Store
from contactd.crm_store.write_conn import WriteConn
from contactd.desk import origin, throttle
from contactd.desk.idents import Idents
from contactd.desk.passwords import Passwords
from contactd.desk.proof import Proof, SlowDownError, UnauthorizedError, actor_of
from contactd.desk.rights import SCOPES, Actor, authorize
from contactd.desk.seeing import Seeing

__all__ = ["Access", "Actor", "SlowDownError", "UnauthorizedError", "authorize"]

IDLE = timedelta(hours=12)
TOUCH = timedelta(minutes=5)
"""How often the use of a session is written down."""
TRUST = 3.0
"""Seconds for which a log-in that was looked up is taken on trust."""
KNOWN = 10_000
"""Log-ins remembered at most."""
COOKIE = "contactd"
SECURE_COOKIE = "__Host-contactd"
TOKEN_START = "ctd_"  # noqa: S105 - tells people and scanners what it is
LONGEST_SECRET = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A new log-in: what goes into the cookie, and who it is."""

    secret: str
    actor: Actor


class Access:
    """Log-in, log-out, and the answer to `who is it`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        public_url: str = "",
        passwords: Passwords | None = None,
        seeing: Seeing | None = None,
    ) -> None:
        """Keep sessions in `store`; with an https `public_url` cookies are for https only; `seeing`: who sees what."""
        self._store = store
        self._clock = clock
        self._idents = Idents(clock)
        self._public_url = public_url
        self._passwords = passwords or Passwords()
        self._proof = Proof(store, clock, self._passwords)
        self._seeing = (seeing or Seeing()).seen_by
        self._known: dict[str, tuple[Actor, float]] = {}
        self.listeners: list[Callable[[Callable[[Actor], bool]], object]] = []
        """Called when sessions were ended here, with what tells whether an actor's is one of them."""

    @property
    def secure(self) -> bool:
        """Tell whether cookies are for https only."""
        return self._public_url.startswith("https://")

    @property
    def cookie(self) -> str:
        """Return the cookie's name."""
        return SECURE_COOKIE if self.secure else COOKIE

    async def log_in(
        self,
        username: str,
        password: str,
        *,
        ip: str,
        user_agent: str = "",
        before: str | None = None,
    ) -> Ticket:
        """Check a password and begin a session; the one of the cookie `before`, if there was one, is over.

        Raises:
            UnauthorizedError: name or password is wrong (the same answer, after the same work, for both).
            SlowDownError: too many failures; nothing was checked.
        """
        account, counted = await self._proof.check(username, password, ip)
        ticket = await self._begin(account, counted.key, throttle.network(ip), user_agent)
        if before:
            await self._end_session(_hash(before))
        return ticket

    async def prove(self, actor: Actor, password: str, *, ip: str) -> None:
        """Check the password of somebody who is logged in, with the same delays.

        Raises:
            UnauthorizedError: it is wrong.
            SlowDownError: too many failures; nothing was checked.
        """
        await self._proof.check(actor.username, password, ip)

    async def log_out(self, actor: Actor) -> None:
        """End the session the actor came with."""
        await self._end_session(actor.login)

    async def change_password(self, account: str, password: str) -> None:
        """Set a password; every session of the account is over.

        Raises:
            BadRequestError: too short or too long.
            NotFoundError: there is no such account.
        """
        stored = await self._passwords.hash_apart(password)
        now = self._clock.now()
        if not await self._store.write(lambda conn: rows.set_password(conn, account, stored, now)):
            message = "There is no such account."
            raise NotFoundError(message)
        self._end(lambda one: one.id == account and one.scopes is None)

    async def add_token(self, name: str, scopes: Collection[str], *, agent: str | None = None, by: str = "") -> str:
        """Make a token for a program and return it; only its hash is kept.

        Args:
            name: what people call it; unique.
            scopes: what it may do, of `rights.SCOPES`.
            agent: whose it is: then it acts as that agent, within the scopes.
            by: who makes it.

        Raises:
            BadRequestError: a scope nobody knows.
            ConflictError: the name is taken.
        """
        unknown = sorted(set(scopes) - SCOPES)
        if unknown or not scopes:
            message = f"scopes are {', '.join(sorted(SCOPES))}"
            raise BadRequestError(message, field="scope")
        token = TOKEN_START + secrets.token_urlsafe(32)
        row: dict[str, Any] = {
            "id": self._idents.new(),
            "name": name,
            "token_hash": _hash(token),
            "scopes": sorted(set(scopes)),
            "agent_id": agent,
            "created_at": self._clock.now(),
            "created_by": by,
        }
        # Who acts for whom by a token is on record with the token itself.
        detail = {"scopes": row["scopes"], "agent": agent}
        made = audit.Entry(actor=by, action="token.add", object_kind="token", object_id=row["id"], detail=detail)

        def unit(conn: WriteConn) -> None:
            rows.add_token(conn, row)
            audit.append(conn, made, row["created_at"])

        await self._store.write(unit)
        return token

    async def identify(self, headers: Mapping[str, str], client: str | None, *, unsafe: bool) -> Actor:
        """Say who sends a request.

        Args:
            headers: the request's, by lower-case name.
            client: the peer's address.
            unsafe: True for methods that change something and for a socket's handshake.

        Raises:
            UnauthorizedError: no log-in, or none that holds.
            ForbiddenError: the request comes from another site's page (code `bad_origin`).
        """
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._seeing(await self._resolve("token:", bearer.strip()))
        secret = origin.cookie(headers.get("cookie", ""), self.cookie)
        if secret is None:
            message = "Log in first."
            raise UnauthorizedError(message)
        if not origin.allowed(headers, client, self._public_url, unsafe=unsafe):
            message = "This request comes from elsewhere."
            raise ForbiddenError(message, code="bad_origin")
        return self._seeing(await self._resolve("", secret))

    def welcome(self, headers: Mapping[str, str], client: str | None) -> None:
        """Refuse a log-in sent by another site's page.

        Raises:
            ForbiddenError: it is one (code `bad_origin`).
        """
        from_page = "origin" in headers or "sec-fetch-site" in headers
        if from_page and not origin.allowed(headers, client, self._public_url, unsafe=True):
            message = "This request comes from elsewhere."
            raise ForbiddenError(message, code="bad_origin")

    async def ended(self, actors: Collection[Actor]) -> set[str]:
        """Return the logins of `actors` that no longer hold, or no longer say the same; note that the others are used."""
        if not actors:
            return set()
        now = self._clock.now()
        tokens = {actor.login.removeprefix("token:") for actor in actors if actor.login.startswith("token:")}
        sessions = {actor.login for actor in actors} - {f"token:{ident}" for ident in tokens}
        live, held = await self._store.read(
            lambda conn: (rows.live_sessions(conn, sessions, now), rows.live_tokens(conn, tokens, now)),
        )
        found = {**live, **{f"token:{ident}": login for ident, login in held.items()}}
        over: set[str] = set()
        for actor in actors:
            login = found.get(actor.login)
            if login is None or self._seeing(actor_of(actor.login, login)) != actor:
                over.add(actor.login)
            elif actor.login in live:
                await self._touch(actor.login, login, now)
        self._forget(lambda one: one.login in over)
        return over

    async def _begin(self, account: rows.Account, counted: str, place: str, user_agent: str) -> Ticket:
        secret = secrets.token_urlsafe(32)
        now = self._clock.now()
        digest = _hash(secret)
        row = {
            "id_hash": digest,
            "agent_id": account.id,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + IDLE,
            "ip": place,
            "user_agent": user_agent[:200],
        }

        def unit(conn: WriteConn) -> None:
            rows.add_session(conn, row)
            rows.forget_failures(conn, [counted], now - throttle.FORGET)

        await self._store.write(unit)
        log.info("login.done", agent=account.id, ip=place)
        return Ticket(secret, actor_of(digest, Login(account=account, seen_at=now)))

    async def _resolve(self, kind: str, secret: str) -> Actor:
        """Look a cookie (`kind` empty) or a token up, or trust a look that is seconds old."""
        if not secret or len(secret) > LONGEST_SECRET:
            message = "Log in first."
            raise UnauthorizedError(message)
        digest = _hash(secret)
        known = self._known.get(kind + digest)
        if known is not None and self._clock.monotonic() - known[1] < TRUST:
            return known[0]
        now = self._clock.now()
        find = rows.token_login if kind else rows.session_login
        login = await self._store.read(lambda conn: find(conn, digest, now))
        if login is None:
            self._known.pop(kind + digest, None)
            message = "Log in first."
            raise UnauthorizedError(message)
        actor = actor_of(digest, login)
        if len(self._known) >= KNOWN:
            self._known.clear()
        self._known[kind + digest] = (actor, self._clock.monotonic())
        if not kind:
            await self._touch(digest, login, now)
        return actor

    async def _end_session(self, login: str) -> None:
        now = self._clock.now()
        await self._store.write(lambda conn: rows.end_session(conn, login, now))
        self._end(lambda one: one.login == login)

    async def _touch(self, digest: str, login: Login, now: datetime) -> None:
        """Write down that a session is used, seldom; reading goes on when the store cannot write."""
        if login.seen_at is not None and now - login.seen_at < TOUCH:
            return
        try:
            await self._store.write(lambda conn: rows.touch_session(conn, digest, now, now + IDLE))
        except ContactdError as error:
            log.warning("session.untouched", code=error.code)

    def _end(self, over: Callable[[Actor], bool]) -> None:
        """Forget the log-ins that are over, and tell."""
        self._forget(over)
        for listener in self.listeners:
            listener(over)

    def _forget(self, over: Callable[[Actor], bool]) -> None:
        for key, (actor, _) in tuple(self._known.items()):
            if over(actor):
                del self._known[key]


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
