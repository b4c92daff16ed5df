"""What a PBX says of itself when it is asked: rights of our account, modules, the dialplan's way out without us, clock, codecs.

It only reads, over connections of its own, each question bounded in time; what cannot be asked is said to be unknown.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

import httpx

from contactd.channels.voice.ami import BANNER, RESPONSE, Event, Session
from contactd.channels.voice.ami_acts import NEEDS
from contactd.channels.voice.ami_ask import commands
from contactd.channels.voice.ami_protocol import encode
from contactd.channels.voice.options import AmiOptions, Options
from contactd.core.finding import BAD, OK, UNKNOWN, WARN, Finding

WAIT_S = 5.0
"""How long the PBX may take for one answer."""
MAX_EVENTS = 50_000
SLOW_CLOCK = timedelta(seconds=2)
_READ = 64 * 1024
MODULES = (
    "res_ari",
    "res_ari_channels",
    "res_ari_bridges",
    "res_ari_applications",
    "res_stasis",
    "app_stasis",
    "chan_pjsip",
)
TOO_MUCH = {
    "Command": "every command of the console (class command)",
    "UpdateConfig": "the PBX's configuration files (class config)",
    "CreateConfig": "the PBX's configuration files (class config)",
    "AGI": "programs that are run in calls (class agi)",
    "DBPut": "the PBX's own database (class system)",
    "ModuleLoad": "loading modules (class system)",
}
"""Action → what it opens to whoever takes the account over."""
_ENDS = frozenset({"hangup", "noop", "return"})
_CODECS = re.compile(r"[a-z0-9.-]+")


async def examine(options: Options) -> list[Finding]:
    """Ask everything that is configured; return what was found, in order."""
    found: list[Finding] = []
    if options.ami.host:
        found += await _ami(options)
    if options.ari.url:
        found += await _ari(options)
    if not found:
        found.append(Finding(OK, "voice", "no PBX is configured"))
    return found


# The manager interface.


class Line:
    """A connection for questions."""

    def __init__(self, options: AmiOptions) -> None:
        self._options = options
        self._session = Session()
        self._waiting: list[Event] = []
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def open(self) -> bool:
        """Connect and log in; return whether the account was let in.

        Raises:
            OSError, TimeoutError: there is no PBX that answers.
        """
        async with asyncio.timeout(WAIT_S):
            self._reader, self._writer = await asyncio.open_connection(self._options.host, self._options.port)
            while (await self._next()).kind != BANNER:
                pass
        secret = self._options.secret.get_secret_value()
        answer, _ = await self.ask("Login", Username=self._options.username, Secret=secret, Events="off")
        return answer.name == "Success"

    async def ask(self, action: str, **fields: str) -> tuple[Event, list[Event]]:
        """Ask; return the answer and the rows of the list it begins, if any.

        Raises:
            OSError, TimeoutError: no answer came.
        """
        action_id, answer = f"doctor-{secrets.token_hex(8)}", None
        rows: list[Event] = []
        self._writer.write(encode(action, ActionID=action_id, **fields))
        async with asyncio.timeout(WAIT_S):
            for _ in range(MAX_EVENTS):
                event = await self._next()
                if event.get("ActionID") != action_id:
                    continue
                if event.kind == RESPONSE:
                    answer = event
                    if event.get("EventList").lower() != "start":
                        return answer, rows
                elif event.get("EventList").lower() in ("complete", "cancelled"):
                    break
                else:
                    rows.append(event)
        if answer is None:
            raise TimeoutError
        return answer, rows

    async def _next(self) -> Event:
        while not self._waiting:
            data = await self._reader.read(_READ)
            if not data:
                message = "closed by the PBX"
                raise ConnectionError(message)
            self._waiting = self._session.feed(data, datetime.now(UTC))
        return self._waiting.pop(0)

    def close(self) -> None:
        """Hang up."""
        if hasattr(self, "_writer"):
            self._writer.close()


async def _ami(options: Options) -> list[Finding]:
    line, where = Line(options.ami), f"AMI {options.ami.host}:{options.ami.port}"
    try:
        if not await line.open():
            return [Finding(BAD, "ami.login", f"{where}: the account is not let in: username, secret, permit")]
        found = [Finding(OK, "ami.login", f"{where}: logged in")]
        said, _ = await line.ask("ListCommands")
        may = commands(said)
        found += rights(may, options)
        pong, _ = await line.ask("Ping")
        found.append(clock(pong.get("Timestamp"), datetime.now(UTC)))
        if options.ari.url:
            found.append(fallback(*await line.ask("ShowDialPlan"), app=options.ari.app))
        found.append(await _codecs(line))
    except (OSError, TimeoutError, ValueError) as error:
        return [Finding(BAD, "ami.connection", f"{where}: {error or type(error).__name__}")]
    finally:
        line.close()
    return found


def rights(may: frozenset[str], options: Options) -> list[Finding]:
    """Say which rights are too much, and which are missing for what is configured."""
    ami = options.ami
    found = [
        Finding(BAD, "ami.rights", f"the account may do too much: {action} opens {what}; take it out of `write =`")
        for action, what in TOO_MUCH.items()
        if action in may
    ]
    if "Originate" in may and not ami.context:
        found.append(Finding(WARN, "ami.rights", "the account may call (originate), and no ami.context is configured"))
    if "QueuePause" in may and not (ami.pause or ami.members):
        found.append(
            Finding(WARN, "ami.rights", "the account may pause members (agent), and neither pause nor members is on")
        )
    wanted = {"CoreShowChannels", "QueueStatus"} | ({"QueuePause"} if ami.pause else set())
    wanted |= {"QueueAdd", "QueueRemove"} if ami.members else set()
    wanted |= {"Originate"} if ami.context else set()
    found += [
        Finding(BAD, "ami.rights", f"the account may not {each}, which is needed") for each in sorted(wanted - may)
    ]
    keys = [key.partition(".")[2] for key, action in NEEDS.items() if action in may]
    found.append(Finding(OK, "ami.rights", f"keys agents get: {', '.join(keys) or 'none, it only reads'}"))
    return found


def clock(said: str, now: datetime) -> Finding:
    """Compare the PBX's clock with ours."""
    try:
        difference = abs(datetime.fromtimestamp(float(said), UTC) - now)
    except (ValueError, OverflowError, OSError):
        return Finding(UNKNOWN, "clock", "the PBX does not say its time")
    text = f"the PBX's clock differs by {difference.total_seconds():.1f} s"
    return (
        Finding(WARN, "clock", f"{text}: let both follow NTP")
        if difference > SLOW_CLOCK
        else Finding(OK, "clock", text)
    )


def fallback(answer: Event, rows: Iterable[Event], app: str) -> Finding:
    """Say whether every Stasis() of ours in the dialplan has something after it that serves the caller without us."""
    if answer.name != "Success":
        return Finding(UNKNOWN, "dialplan", f"the dialplan cannot be read ({answer.get('Message')}): look yourself")
    places: dict[tuple[str, str], list[str]] = {}
    ours: set[tuple[str, str]] = set()
    for row in rows:
        place = (row.get("Context"), row.get("Extension") or row.get("Exten"))
        name, data = row.get("Application").lower(), row.get("AppData")
        if name == "stasis" and data.split(",")[0] == app:
            ours.add(place)
        elif place in ours and name not in _ENDS and not name.startswith("goto"):
            places.setdefault(place, []).append(name)
    if not ours:
        return Finding(BAD, "dialplan", f"no extension leads to Stasis({app},…): no call will ever come")
    bare = sorted(f"{extension}@{context}" for context, extension in ours if (context, extension) not in places)
    if bare:
        return Finding(
            BAD, "dialplan", f"no fallback after Stasis() in {', '.join(bare)}: without contactd callers are hung up"
        )
    return Finding(OK, "dialplan", f"{len(ours)} extensions lead here, each with a fallback")


async def _codecs(line: Line) -> Finding:
    answer, rows = await line.ask("PJSIPShowEndpoints")
    if answer.name != "Success":
        return Finding(UNKNOWN, "codec", "endpoints cannot be read: look yourself that trunk and phones share a codec")
    allowed: dict[str, frozenset[str]] = {}
    for row in [each for each in rows if each.get("ObjectName")][:50]:
        _, details = await line.ask("PJSIPShowEndpoint", Endpoint=row.get("ObjectName"))
        for detail in details:
            if detail.get("Allow"):
                allowed[row.get("ObjectName")] = frozenset(_CODECS.findall(detail.get("Allow").lower()))
    return codec(allowed)


def codec(allowed: Mapping[str, frozenset[str]]) -> Finding:
    """Say whether all endpoints share a codec, so that nothing has to be converted."""
    if not allowed:
        return Finding(UNKNOWN, "codec", "no endpoint tells its codecs")
    common = frozenset.intersection(*allowed.values())
    if common:
        return Finding(OK, "codec", f"all {len(allowed)} endpoints share {', '.join(sorted(common))}")
    return Finding(WARN, "codec", "no codec is common to all endpoints: the PBX has to convert, or calls stay silent")


# The REST interface.


async def _ari(options: Options) -> list[Finding]:
    ari = options.ari
    account = (ari.username, ari.password.get_secret_value())
    try:
        async with httpx.AsyncClient(base_url=f"{ari.url}/ari", auth=account, timeout=WAIT_S, trust_env=False) as http:
            info = await http.get("/asterisk/info")
            if info.status_code != httpx.codes.OK:
                word = {401: "the account is not let in", 403: "the account may not read"}.get(
                    info.status_code, "no ARI there"
                )
                return [Finding(BAD, "ari.login", f"ARI {ari.url}: {word} (HTTP {info.status_code})")]
            found = [Finding(OK, "ari.login", f"ARI {ari.url}: logged in")]
            missing = [name for name in MODULES if await _is_missing(http, name)]
    except (httpx.HTTPError, ValueError) as error:
        return [Finding(BAD, "ari.connection", f"ARI {ari.url}: {error or type(error).__name__}")]
    text = f"modules that are not loaded: {', '.join(missing)}" if missing else "every module that is needed is loaded"
    return [*found, Finding(BAD if missing else OK, "modules", text)]


async def _is_missing(http: httpx.AsyncClient, name: str) -> bool:
    answer = await http.get(f"/asterisk/modules/{name}.so")
    if answer.status_code == httpx.codes.OK:
        found = answer.json()
        return not (isinstance(found, dict) and found.get("status") == "Running")
    return answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT)
