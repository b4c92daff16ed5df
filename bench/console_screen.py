"""What a busy floor costs a browser: script and layout time per event at the supervisor's wall, and what a first load weighs.

    python bench/console_screen.py [--agents 200] [--waiting 500] [--events 300] [--rate 30]

The built console runs in headless Chromium; server and socket are played by this file, so that nothing but the browser is
measured.  Figures are Chromium's own counters (`Performance.getMetrics`), idle (only the clock ticks) and with events.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import mimetypes
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, Page, Route, WebSocketRoute, async_playwright

STATIC = Path(__file__).parents[1] / "contactd/agent_ui/static"
URL = "http://console.test"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
COUNTERS = {
    "ScriptDuration": "script",
    "LayoutDuration": "layout",
    "RecalcStyleDuration": "style",
    "TaskDuration": "all",
}
RIGHTS = [
    "console.open",
    "interaction.read",
    "interaction.watch",
    "party.read",
    "case.read",
    "report.read",
    "outbox.read",
]
SETTLING_S = 5
"""What the load itself leaves behind is over by then."""
BEGAN = datetime.now(UTC)


def at(seconds: float) -> str:
    """Return a moment so long ago, as the wire writes it."""
    return (BEGAN - timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def person(n: int, state: str = "ready") -> dict[str, Any]:
    """Return an agent of the wall."""
    shown = {"agent": f"a{n}", "name": f"Agent {n}", "role": "agent", "intent": "ready", "reason": None, "health": "ok"}
    shown |= {
        "next_intent": None,
        "state": state,
        "since": at(n),
        "slots": [],
        "lines": ["*"],
        "skills": [],
        "used": 40,
    }
    return shown | {"work": []}


def item(n: int) -> dict[str, Any]:
    """Return a waiting contact."""
    return {
        "id": f"i{n}", "channel": "email", "direction": "inbound", "line": f"l{n % 8}", "state": "queued", "vip": 0,
        "state_since": at(n), "queued_at": at(n), "priority": 0, "skills": [], "subject": f"Question {n}", "unread": 1,
        "from": "a@example.cn", "to": "b@example.cn", "party_id": None, "resolve_state": "unknown", "routed_by": "contactd",
        "customer_name": f"Customer {n}", "agent": None, "last_message": "How long does it take?", "live": False,
    }  # fmt: skip


def line(n: int, waiting: int) -> dict[str, Any]:
    """Return a line's figures."""
    return {
        "line": f"l{n}", "label": {"zh": f"线{n}", "en": f"Line {n}"}, "waiting": waiting, "oldest_at": at(99), "open": True,
        "by_channel": {"email": waiting}, "ready": 5, "service_level": 0.8, "answered": 10, "abandoned": 1, "sla_s": 60,
        "wait_p50_s": 30, "wait_p90_s": 90,
    }  # fmt: skip


def snapshot(agents: int, waiting: int) -> dict[str, Any]:
    """Return a supervisor's whole state."""
    me = person(0) | {"agent": "chen", "role": "supervisor", "username": "chen", "languages": ["en"], "rights": RIGHTS}
    floor = {
        "waiting": [item(n) for n in range(waiting)],
        "agents": [person(n) for n in range(agents)],
        "lines": [line(n, waiting // 8) for n in range(8)],
        "alerts": [],
    }
    return {"me": me, "work": [], "offers": [], "floor": floor, "policy_version": 1}


class Weight:
    """What a page has fetched of scripts and styles, as it goes over the wire (gzip)."""

    def __init__(self) -> None:
        self.kb = 0.0

    async def answer(self, route: Route) -> None:
        """Play the server."""
        path = route.request.url.removeprefix(URL).partition("?")[0]
        if path.startswith("/api/"):
            me = {"username": "chen", "role": "supervisor"}
            body = me if path.endswith("/me") else {"items": [], "next_cursor": None, "limits": [], "fields": []}
            await route.fulfill(status=200, content_type="application/json", body=json.dumps(body))
            return
        file = STATIC / ("index.html" if path == "/console" else path.removeprefix("/console/"))
        if not file.is_file():
            await route.fulfill(status=404)
            return
        raw = file.read_bytes()
        if file.suffix in {".js", ".css"}:
            self.kb += len(gzip.compress(raw, 9)) / 1024
        await route.fulfill(status=200, content_type=mimetypes.guess_type(file.name)[0] or "text/plain", body=raw)


async def counters(session: CDPSession) -> dict[str, float]:
    """Return Chromium's counters in milliseconds."""
    found = await session.send("Performance.getMetrics")
    return {COUNTERS[one["name"]]: one["value"] * 1000 for one in found["metrics"] if one["name"] in COUNTERS}


async def spent(session: CDPSession, doing: Any) -> dict[str, float]:
    """Return what something cost."""
    before = await counters(session)
    await doing
    after = await counters(session)
    return {name: after[name] - before[name] for name in before}


async def opened(page: Page, weight: Weight, state: dict[str, Any], screen: str) -> WebSocketRoute:
    """Show a screen of the console; return its socket."""
    sockets: list[WebSocketRoute] = []

    def connected(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.on_message(
            lambda text: (
                socket.send(json.dumps({"type": "snapshot", "epoch": "e", "seq": 0, "state": state}))
                if '"hello"' in str(text)
                else None
            )
        )

    await page.route("**/*", weight.answer)
    await page.route_web_socket("**/ws/console", connected)
    await page.goto(f"{URL}/console#/{screen}")
    await page.locator("[data-testid=link-state][data-link=online]").wait_for()
    await page.wait_for_load_state("networkidle")
    return sockets[0]


async def events(socket: WebSocketRoute, many: int, rate: int, agents: int) -> None:
    """Send changes of agents, and of one line with each third."""
    for n in range(many):
        state = ("talking", "ready", "wrapup")[n % 3]
        change: tuple[str, dict[str, Any]] = ("agent.changed", {"agent": person(n * 7 % agents, state)})
        if n % 3 == 2:
            change = ("floor.changed", {"waiting": {"upsert": [], "remove": []}, "lines": [line(n % 8, n)]})
        socket.send(json.dumps({"type": "event", "seq": n + 1, "event": change[0], "data": change[1]}))
        await asyncio.sleep(1 / rate)


async def main(asked: argparse.Namespace) -> None:
    """Measure, and print a line for each figure."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        work = Weight()
        page = await chromium.new_page()
        await opened(page, work, snapshot(0, 0), "work")
        print(f"first load of the agent's screen: {work.kb:.0f} KB of scripts and styles (gzip)")
        await page.close()
        page = await chromium.new_page(viewport={"width": 1920, "height": 1080})
        socket = await opened(page, Weight(), snapshot(asked.agents, asked.waiting), "floor")
        await page.locator("[data-testid=floor-agent-row]").first.wait_for()
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable")
        await asyncio.sleep(SETTLING_S)
        idle = await spent(session, asyncio.sleep(5))
        print("idle, per second:", {name: f"{value / 5:.1f} ms" for name, value in idle.items()})
        busy = await spent(session, events(socket, asked.events, asked.rate, asked.agents))
        print("per event:", {name: f"{value / asked.events:.2f} ms" for name, value in busy.items()})
        await chromium.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--waiting", type=int, default=500)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--rate", type=int, default=30)
    asyncio.run(main(parser.parse_args()))
