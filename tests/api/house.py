"""The whole HTTP application on a real store, with doubles only where the rest of the desk would stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher

from contactd.agent_ui.hub import Hub
from contactd.agent_ui.server import ConsoleServer
from contactd.api.parts import Parts
from contactd.channels.email.reader import read
from contactd.core.channel import Arrival, Content, Receipt
from contactd.core.errors import ConflictError, ContactdError
from contactd.core.identity import NO_PLAN, Plan
from contactd.crm_store.schema import agent
from contactd.crm_store.store import Store
from contactd.desk.access import Access
from contactd.desk.connect.asking import Asker
from contactd.desk.connect.connecting import Connecting
from contactd.desk.connect.tending import Tending
from contactd.desk.exchange.handing_out import HandingOut
from contactd.desk.exchange.letters import Post
from contactd.desk.exchange.wizard import Wizard
from contactd.desk.idents import Idents
from contactd.desk.passwords import Passwords
from contactd.desk.prompts import Prompts
from contactd.desk.reads import ReadLog
from contactd.desk.recordings import Recordings
from contactd.desk.retention import Retention
from contactd.desk.rights import Actor
from contactd.desk.rules import Rules
from contactd.desk.seeing import Seeing
from contactd.desk.sureness import Sureness
from contactd.desk.views import Views
from contactd.desk.webhooks import Poster
from contactd.desk.writing_back import WritingBack
from contactd.http import ChannelRoute, HttpParts, build_http
from contactd.routing.policy import Policy
from contactd.settings import Connector
from contactd.testing.clock import ManualClock

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
KEPT = {"contacts": 3650, "contacts.chat": 730, "originals": 365, "recordings": 180, "drafts": 90, "logins": 180}
PASSWORD = "correct horse"
PEOPLE = {"ann": "agent", "bob": "agent", "sue": "supervisor", "adam": "admin"}
BASE = "http://127.0.0.1:8080"


CONNECTORS = {
    "till": Connector(kind="push", mapping={"kd": "external_id"}),
    "drop": Connector(kind="folder", path=Path("/nowhere")),
}


class Door:
    """Takes everything in, and remembers."""

    def __init__(self) -> None:
        self.came: list[tuple[Arrival, Content | None]] = []
        self.trouble: list[Exception] = []

    async def accept(self, arrival: Arrival, content: Content | None = None) -> Receipt:
        if self.trouble:
            raise self.trouble.pop()
        self.came.append((arrival, content))
        return Receipt(id=f"r{len(self.came)}", interaction=f"i{len(self.came)}")


class Aside:
    """Says what was done with quarantine."""

    def __init__(self) -> None:
        self.done: list[tuple[str, ...]] = []

    async def replay(self, interaction: str) -> None:
        if interaction == "unreadable":
            message = "it still cannot be read"
            raise ConflictError(message, code="unreadable")
        self.done.append(("replay", interaction))

    async def dismiss(self, interaction: str, actor: str, reason: str) -> None:
        self.done.append(("dismiss", interaction, actor, reason))


class Orders:
    """Carries commands out, as far as a test says."""

    def __init__(self) -> None:
        self.given: list[tuple[str, str, dict[str, Any]]] = []
        self.heard: list[tuple[str, str]] = []
        self.act: Callable[[Actor, str, dict[str, Any]], Any] = lambda _actor, _command, _data: {}

    async def run(self, actor: Actor, command: str, data: dict[str, Any]) -> Mapping[str, Any] | None:
        self.given.append((actor.id, command, data))
        result = self.act(actor, command, data)
        if hasattr(result, "__await__"):
            result = await result
        if isinstance(result, ContactdError):
            raise result
        found: Mapping[str, Any] | None = result
        return found

    def console_seen(self, agent_id: str) -> None:
        self.heard.append(("seen", agent_id))

    def console_lost(self, agent_id: str) -> None:
        self.heard.append(("lost", agent_id))


@dataclass
class House:
    """Everything a test may look at."""

    store: Store
    clock: ManualClock
    views: Views
    access: Access
    hub: Hub
    server: ConsoleServer
    app: Any
    door: Door
    aside: Aside
    orders: Orders
    reads: ReadLog
    wizard: Wizard
    recordings: Recordings
    retention: Retention
    prompts: Prompts
    connectors: Tending
    unready: list[str] = field(default_factory=list)

    def client(self, host: str = "127.0.0.1", **more: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(host, 40000), raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=BASE, **more)

    async def logged_in(self, who: str) -> httpx.AsyncClient:
        client = self.client()
        ticket = await self.access.log_in(who, PASSWORD, ip="127.0.0.1")
        client.cookies.set("contactd", ticket.secret)
        return client

    async def with_token(self, *scopes: str, **more: Any) -> httpx.AsyncClient:
        token = await self.access.add_token(f"t{'-'.join(scopes)}", scopes, **more)
        return self.client("192.0.2.7", headers={"authorization": f"Bearer {token}"})


TARGETS = {
    "erp": Connector.model_validate(
        {
            "kind": "push",
            "system": "sap",
            "write": {
                "url": "http://erp.example/drafts",
                "token": "Bearer t",
                "secret": "whsec_c2VjcmV0",
                "four_eyes": ["order"],
            },
        }
    )
}
POLICY = Policy.from_mapping({"lines": {"support": {"label": {"en": "Support", "zh": "支持"}}}})


def build(
    store: Store,
    clock: ManualClock,
    static: Path,
    *,
    public_url: str = "",
    masked_roles: tuple[str, ...] = (),
    seeing: Seeing | None = None,
    channels: tuple[ChannelRoute, ...] = (),
    identity: Plan = NO_PLAN,
) -> House:
    """Put the application together."""
    views, door, aside, orders = Views(), Door(), Aside(), Orders()
    access = Access(
        store,
        clock,
        public_url=public_url,
        passwords=Passwords(CHEAP),
        seeing=seeing or Seeing(masked_roles=frozenset(masked_roles)),
    )
    keys = iter(range(1_000_000))
    hub = Hub(views, orders, clock, lambda: f"key{next(keys)}")
    server = ConsoleServer(hub, access, clock, Sureness(store, clock, identity))
    unready: list[str] = []
    reads = ReadLog(store, clock)

    async def work(task: Callable[..., Any], *given: Any) -> Any:
        return task(*given)

    retention = Retention(store, clock, KEPT)
    prompts = Prompts(store, clock, work)
    connecting = Connecting(store, clock, CONNECTORS, static.parent / "connectors", Asker())
    connectors = Tending(connecting, lambda _kind, _detail: None)
    recordings = Recordings(store, clock, Rules(POLICY, 3), static / "keys", work)
    wizard = Wizard(
        store, clock, Idents(clock), recordings=recordings, post=Post(channel="email", reader=read, work=work)
    )

    async def render(document: str, pictures: Mapping[str, str], images: bool, folded: bool) -> str:
        return f"<p>{len(document)} {sorted(pictures)} {images}</p>"

    async def ready() -> list[str]:
        return unready

    parts = Parts(
        access=access,
        store=store,
        views=views,
        clock=clock,
        policy=lambda: (3, POLICY),
        doors=door,
        quarantine=aside,
        render_html=render,
        ready=ready,
        metrics=lambda: b"up 1\n",
        reads=reads,
        wizard=wizard,
        handing_out=HandingOut(store, clock, static.parent / "handed_out", static / "keys"),
        recordings=recordings,
        writing_back=WritingBack(store, clock, Rules(POLICY, 3), Poster(), TARGETS),
        identity=identity,
        retention=retention,
        prompts=prompts,
        connectors=connectors,
        upload_bytes=2 * 1024 * 1024,
        upload_quota=4_000_000,
    )
    app = build_http(HttpParts(api=parts, console=server, channels=channels, static=static, public_url=public_url))
    return House(
        store,
        clock,
        views,
        access,
        hub,
        server,
        app,
        door,
        aside,
        orders,
        reads,
        wizard,
        recordings,
        retention,
        prompts,
        connectors,
        unready,
    )


async def hire(store: Store, clock: ManualClock) -> None:
    """Make the people."""
    hashed = CHEAP.hash(PASSWORD)
    now = clock.now()
    rows = [
        {"id": f"id-{who}", "name": who, "display_name": who.title(), "role": role, "password_hash": hashed}
        | {"created_at": now, "updated_at": now, "languages": ["zh"]}
        for who, role in PEOPLE.items()
    ]
    await store.write(lambda conn: conn.execute(agent.insert().values(rows)))
