"""A whole contactd in a process of its own, with a client for its REST, its console socket and its SMTP door."""

from __future__ import annotations

import asyncio
import json
import signal
import smtplib
import subprocess
from collections.abc import Callable, Mapping
from email import policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.integration import forked

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
START_S = 60.0
PATIENCE_S = 60.0
"""How long an effect is waited for: a machine may be busy with much else."""


class House:
    """One installation in a folder: starts, stops and kills its server process."""

    def __init__(self, folder: Path, database: str | None = None, config: Path | None = None, **settings: Any) -> None:
        self.folder = folder
        self.config = config
        self.settings = {
            "data_dir": str(folder / "data"),
            "http.port": 0,
            "channels.email.smtp.port": 0,
            "limits.disk_free_mb": 0,
            "log.format": "json",
            **({"database.url": database} if database else {}),
            **settings,
        }
        self.process: forked.Child | subprocess.Popen[bytes] | None = None
        self.addresses: dict[str, str] = {}

    def arguments(self) -> list[str]:
        file = ["--config", str(self.config)] if self.config else []
        return file + [part for key, value in self.settings.items() for part in ("--set", f"{key}={value}")]

    def command(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a contactd command to its end."""
        return forked.run([*words, *self.arguments()], stdin, self.folder, 120)

    def add_user(self, name: str, role: str = "agent", *more: str) -> None:
        done = self.command("user", "add", name, "--role", role, "--password-stdin", *more, stdin=PASSWORD + "\n")
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        """Start and wait for the ready line."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = forked.serve(["serve", *self.arguments()], self.folder / "stderr")
        assert self.process.stdout is not None
        patience = Timer(START_S, self.process.kill)
        patience.start()
        line = self.process.stdout.readline().decode()
        patience.cancel()
        assert line.startswith("ready "), f"{line!r} {self.log()[-2000:]}"
        self.addresses = json.loads(line.removeprefix("ready "))

    def log(self) -> str:
        return (self.folder / "stderr").read_text()

    def terminate(self) -> int:
        """Send SIGTERM; return the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def kill(self) -> None:
        """Kill without warning."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        if self.process is not None and self.process.stdout is not None:
            self.process.stdout.close()

    @property
    def url(self) -> str:
        return f"http://{self.addresses['http']}"

    def send_mail(self, subject: str, text: str = "Hello", **headers: str) -> str:
        """Hand a mail in by SMTP; return the server's answer to the final dot."""
        mail = EmailMessage(policy.SMTP.clone(max_line_length=990))
        mail["From"] = headers.pop("sender", "Li Lei <lilei@example.cn>")
        mail["To"] = "support@example.com"
        mail["Subject"] = subject
        mail["Message-ID"] = headers.pop("message_id", f"<{subject.replace(' ', '.')}@example.cn>")
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        host, port = self.addresses["smtp"].rsplit(":", 1)
        with smtplib.SMTP(host, int(port), timeout=PATIENCE_S) as client:
            client.ehlo("client.example.cn")
            client.mail("lilei@example.cn")
            client.rcpt("support@example.com")
            _code, answer = client.data(mail.as_bytes())
            return f"{_code} {answer.decode()}"


class Console:
    """A logged-in person: REST and the console socket."""

    def __init__(self, house: House, cookies: httpx.Cookies) -> None:
        self.house = house
        self.cookies = cookies
        self.rest = httpx.AsyncClient(
            base_url=house.url, cookies=cookies, headers={"origin": house.url}, timeout=PATIENCE_S
        )
        self.socket: ClientConnection | None = None
        self.state: dict[str, Any] = {}
        self.epoch = ""
        self.seq = 0
        self.events: list[dict[str, Any]] = []
        self._tried: set[str] = set()
        self._results: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._news = asyncio.Event()
        self._ids = count(1)
        self._task: asyncio.Task[None] | None = None
        self._beat: asyncio.Task[None] | None = None

    @classmethod
    async def log_in(cls, house: House, name: str) -> Console:
        async with httpx.AsyncClient(base_url=house.url, headers={"origin": house.url}, timeout=PATIENCE_S) as client:
            answer = await client.post("/api/v1/session", json={"username": name, "password": PASSWORD})
            assert answer.status_code == 204, answer.text
            return cls(house, client.cookies)

    async def connect(self, resume: Mapping[str, Any] | None = None) -> None:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.socket = await connect(
            self.house.url.replace("http", "ws") + "/ws/console",
            additional_headers={"cookie": cookie},
            origin=self.house.url,  # type: ignore[arg-type]
            max_size=None,
            open_timeout=PATIENCE_S,
        )
        await self.socket.send(json.dumps({"type": "hello", "protocol": 1, "resume": resume}))
        first = json.loads(await self.socket.recv())
        if first["type"] == "snapshot":
            self.state, self.epoch, self.seq = first["state"], first["epoch"], first["seq"]
        else:
            self._take(first)
        self._task = asyncio.create_task(self._read())
        self._beat = asyncio.create_task(self._heartbeat())

    async def _heartbeat(self) -> None:
        assert self.socket is not None
        while True:
            await asyncio.sleep(5)
            await self.socket.send('{"type":"heartbeat"}')

    async def _read(self) -> None:
        assert self.socket is not None
        try:
            async for text in self.socket:
                self._take(json.loads(text))
        finally:
            self._news.set()

    def _take(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "result":
            future = self._results.get(frame["id"])
            if future is not None and not future.done():
                future.set_result(frame)
        elif frame["type"] == "event":
            assert frame["seq"] == self.seq + 1
            self.seq = frame["seq"]
            self.events.append(frame)
            self._news.set()

    async def run(self, command: str, **data: Any) -> dict[str, Any]:
        """Give a command; return its data."""
        frame = await self.ask(command, **data)
        assert frame["ok"], frame
        found: dict[str, Any] = frame["data"]
        return found

    async def ask(self, command: str, **data: Any) -> dict[str, Any]:
        """Give a command; return its result frame."""
        assert self.socket is not None
        ident = f"c{next(self._ids)}"
        self._results[ident] = asyncio.get_running_loop().create_future()
        await self.socket.send(json.dumps({"type": "command", "id": ident, "command": command, "data": data}))
        return await asyncio.wait_for(self._results[ident], PATIENCE_S)

    async def event(self, name: str, fits: Callable[[dict[str, Any]], bool] = lambda _data: True) -> dict[str, Any]:
        """Wait for an event, or return it when it has come already."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for frame in self.events:
                    if frame["event"] == name and fits(frame["data"]):
                        data: dict[str, Any] = frame["data"]
                        return data
                self._news.clear()
                await self._news.wait()

    async def take_offer(self, fits: Callable[[dict[str, Any]], bool] = lambda _data: True) -> dict[str, Any]:
        """Wait for an offer that was not tried before and accept it; return the offer's data."""

        def untried(offer: dict[str, Any]) -> bool:
            return offer["offer"] not in self._tried and fits(offer)

        while True:
            standing = [offer for offer in self.state.get("offers", ()) if untried(offer)]
            offer = standing[0] if standing else await self.event("offer.created", untried)
            self._tried.add(offer["offer"])
            answer = await self.ask("offer.accept", offer=offer["offer"], lease=offer["lease"])
            if answer["ok"]:
                return offer
            # Its time was over on a slow machine; the next one comes.
            await self.event("offer.ended", lambda data, tried=offer["offer"]: data["offer"] == tried)  # type: ignore[misc]

    async def get(self, path: str) -> Any:
        answer = await self.rest.get(f"/api/v1{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def close(self) -> None:
        if self.socket is not None:
            await self.socket.close()
        for task in (self._beat, self._task):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        await self.rest.aclose()
