"""AMI of the scripted PBX: one manager port, any number of listeners."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping

from contactd.testing.pbx import templates
from contactd.testing.pbx.ami_does import SAID, Doer
from contactd.testing.pbx.switch import Switch
from contactd.testing.pbx.templates import Fields

_LINE = 1024
_KEPT = ("ActionID", "Secret", "Key", "Username", "Events", "AuthType")


class AmiServer:
    """The manager interface.

    Attributes:
        actions: every action that was received, in order.
        forbidden: actions the account may not send.
        clock_ahead_s: by how much the PBX's clock is wrong.
        dialplan: its steps: (context, extension, priority, application, data); empty = it may not be read.
        mute: True lets it accept connections and say nothing, as a PBX that is starting does.
    """

    def __init__(self, switch: Switch, username: str, secret: str) -> None:
        self.actions: list[dict[str, str]] = []
        self.mute = False
        self.forbidden: set[str] = set()
        self.clock_ahead_s = 0.0
        self.dialplan: list[tuple[str, str, int, str, str]] = []
        self.port = 0
        self.doer = Doer(switch)
        self._switch = switch
        self._login = (username, secret)
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        switch.hear_ami = self._broadcast

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._connected, host, port, limit=64 * 1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every session and stop listening."""
        if self._server is not None:
            self._server.close()
            self.drop()
            await self._server.wait_closed()

    def drop(self) -> None:
        """Cut every session, as a network does."""
        for session in list(self._sessions):
            session.writer.transport.abort()

    @property
    def listeners(self) -> int:
        """How many are logged in."""
        return sum(session.logged_in for session in self._sessions)

    def _broadcast(self, name: str, values: Mapping[str, str]) -> None:
        for session in self._sessions:
            if session.logged_in:
                session.event(name, values)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(self, self._switch, writer)
        self._sessions.add(session)
        try:
            if not self.mute:
                writer.write(f"{templates.banner()}\r\n".encode())
            while True:
                action = await _read(reader)
                if action and not self.mute:
                    self.actions.append(action)
                    if not session.answer(action):
                        return
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            return
        finally:
            self._sessions.discard(session)
            writer.close()

    def knows(self, username: str, secret: str) -> bool:
        """Tell whether a name and secret are right."""
        return (username, secret) == self._login

    def key(self, username: str, challenge: str) -> str | None:
        """Return the right answer to a challenge."""
        if username != self._login[0]:
            return None
        return hashlib.md5(f"{challenge}{self._login[1]}".encode(), usedforsecurity=False).hexdigest()


async def _read(reader: asyncio.StreamReader) -> dict[str, str]:
    """Read one action; lines without a colon are passed over, an over-long one ends the session."""
    action: dict[str, str] = {}
    while line := (await reader.readuntil(b"\n")).rstrip(b"\r\n"):
        if len(line) > _LINE:
            message = "line too long"
            raise ValueError(message)
        key, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon:
            action[key] = value.strip()
    return action


class _Session:
    """One connection."""

    def __init__(self, server: AmiServer, switch: Switch, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.logged_in = False
        self._server = server
        self._switch = switch
        self._challenge = ""
        self._told: Counter[str] = Counter()

    def event(self, name: str, values: Mapping[str, str]) -> None:
        """Send an event."""
        self._send(templates.ami_event(name, values))

    def _send(self, fields: Fields) -> None:
        block = "".join(f"{key}: {value}\r\n" for key, value in fields)
        self.writer.write(f"{block}\r\n".encode())

    def _reply(self, fields: Fields, action: Mapping[str, str], **values: str) -> None:
        values["ActionID"] = action.get("ActionID", "")
        self._send([(key, values.get(key, value)) for key, value in fields])

    def answer(self, action: dict[str, str]) -> bool:  # noqa: C901 - one case for each kind of action
        """Answer one action; return False when the session ends."""
        name = action.get("Action", "")
        match name.lower():
            case "challenge":
                self._challenge = str(secrets.randbelow(10**9))
                self._reply(templates.ami_replies("Challenge", {})[0], action, Challenge=self._challenge)
            case "login":
                self._log_in(action)
            case _ if not self.logged_in:
                self._reply(templates.ami_replies("Ping before login", {})[0], action)
            case "logoff":
                self._reply(templates.ami_replies("Logoff", {})[0], action)
                return False
            case "getvar":
                self._getvar(action)
            case _ if name in self._server.forbidden:
                self._reply(templates.ami_replies("Originate not permitted", {})[0], action)
            case "listcommands":
                self._commands(action)
            case "ping":
                ahead = {"Timestamp": f"{time.time() + self._server.clock_ahead_s:.6f}"}
                self._reply(templates.ami_replies("Ping", {})[0], action, **ahead)
            case "showdialplan" if self._server.dialplan:
                self._dialplan(action)
            case _ if (does := self._server.doer.does(action)) is not None:
                self._reply([("Response", "Success"), ("ActionID", ""), ("Message", SAID[name.lower()])], action)
                does()
            case _:
                self._by_the_book(name, action)
        return True

    def _log_in(self, action: dict[str, str]) -> None:
        username = action.get("Username", "")
        if action.get("AuthType", "").upper() == "MD5":
            right = bool(self._challenge) and self._server.key(username, self._challenge) == action.get("Key")
        else:
            right = self._server.knows(username, action.get("Secret", ""))
        self._reply(templates.ami_replies("Login ok" if right else "Login refused", {})[0], action)
        self.logged_in = right
        if right:
            self.event("FullyBooted", {})
            self.event("SuccessfulAuth", {"AccountID": username})

    def _getvar(self, action: dict[str, str]) -> None:
        name = action.get("Channel", "")
        channel = next((each for each in self._switch.channels.values() if each.name == name), None)
        if channel is None:
            self._reply(templates.ami_replies("Hangup", {"Channel": "PJSIP/none-1"})[0], action)
            return
        variable = action.get("Variable", "")
        value = channel.value(variable) or ""
        self._reply(templates.ami_replies("Getvar", {})[0], action, Variable=variable, Value=value)

    def _dialplan(self, action: dict[str, str]) -> None:
        """Name every step of the dialplan, in the documented form."""
        ident = action.get("ActionID", "")
        self._send([("Response", "Success"), ("ActionID", ident), ("EventList", "start")])
        for context, extension, priority, application, data in self._server.dialplan:
            place = [("Context", context), ("Extension", extension), ("Priority", str(priority))]
            self._send(
                [
                    ("Event", "ListDialplan"),
                    ("ActionID", ident),
                    *place,
                    ("Application", application),
                    ("AppData", data),
                ]
            )
        self._send([("Event", "ShowDialPlanComplete"), ("ActionID", ident), ("EventList", "Complete")])

    def _commands(self, action: dict[str, str]) -> None:
        """Name what the account may send."""
        book = templates.ami_replies("ListCommands", {})[0]
        self._reply([(key, value) for key, value in book if key not in self._server.forbidden], action)

    def _by_the_book(self, name: str, action: dict[str, str]) -> None:
        """Answer as the real one was heard to, time after time; then the rows, where the answer is a list."""
        arguments = {key: value for key, value in action.items() if key != "Action" and key not in _KEPT}
        replies = templates.ami_replies(name, arguments) or templates.ami_replies("NoSuchAction", {})
        asked = f"{name} {sorted(arguments.items())}"
        reply = replies[min(self._told[asked], len(replies) - 1)]
        self._told[asked] += 1
        values = {} if templates.ami_replies(name, arguments) else {"Message": _unknown(name)}
        self._reply(reply, action, **values)
        rows = {
            "coreshowchannels": self._channels,
            "queuestatus": self._queues,
            "bridgelist": self._bridges,
            "devicestatelist": self._nothing("DeviceStateListComplete"),
            "parkedcalls": self._nothing("ParkedCallsComplete"),
        }.get(name.lower())
        if rows is not None:
            rows(action)

    def _rows(self, action: Mapping[str, str], rows: list[tuple[str, dict[str, str]]], end: str) -> None:
        action_id = {"ActionID": action.get("ActionID", "")}
        for name, values in rows:
            self.event(name, values | action_id)
        self.event(end, {**action_id, "EventList": "Complete", "ListItems": str(len(rows)), "Total": "0"})

    def _nothing(self, end: str) -> Callable[[Mapping[str, str]], None]:
        return lambda action: self._rows(action, [], end)

    def _channels(self, action: Mapping[str, str]) -> None:
        rows = []
        for channel in self._switch.channels.values():
            age = (self._switch.now() - channel.born).seconds
            values = channel.snapshot() | {
                "Application": channel.app,
                "ApplicationData": channel.app_data,
                "Duration": f"{age // 3600:02}:{age // 60 % 60:02}:{age % 60:02}",
                "BridgeId": channel.bridge.id if channel.bridge else "",
            }
            rows.append(("CoreShowChannel", values))
        self._rows(action, rows, "CoreShowChannelsComplete")

    def _bridges(self, action: Mapping[str, str]) -> None:
        rows = [("BridgeListItem", bridge.values()) for bridge in self._switch.bridges.values()]
        self._rows(action, rows, "BridgeListComplete")

    def _queues(self, action: Mapping[str, str]) -> None:
        rows: list[tuple[str, dict[str, str]]] = []
        wanted = action.get("Queue", "")
        loop = asyncio.get_running_loop()
        for queue, members in self._switch.queues.items():
            if wanted not in ("", queue):
                continue
            waiting = self._switch.waiting.get(queue, [])
            rows.append(("QueueParams", {"Queue": queue, "Calls": str(len(waiting))}))
            for device in members:
                phone = self._switch.phones.get(device)
                status = "5" if phone is None else "3" if phone.in_use else "1"
                names = {"Location": device, "StateInterface": device, "Name": device}
                rows.append(("QueueMember", {"Queue": queue, "Status": status, **names}))
            for place, caller in enumerate(waiting, 1):
                entry = {"Queue": queue, "Position": str(place), "Wait": str(int(loop.time() - caller.waits_since))}
                rows.append(("QueueEntry", caller.channel.snapshot() | entry))
        self._rows(action, rows, "QueueStatusComplete")


def _unknown(action: str) -> str:
    return f"Invalid/unknown command: {action}. Use Action: ListCommands to show available commands."
