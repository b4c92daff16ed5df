"""The installation: one TOML file, the environment and `--set`, read into frozen settings.

A key nobody knows, or a value that does not fit, is an error that names the key's path; all mistakes are collected, so
that `contactd check` can print them at once.  The environment (`CONTACTD_HTTP__PORT`) overrules the file, `--set` both.
Channels describe their own sections: their option classes are handed in.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, TypeAdapter, ValidationError, model_validator

ENV_PREFIX = "CONTACTD_"
NOT_KEYS = frozenset({"CONTACTD_CONFIG"})
"""Variables of ours that are not keys: where the file lies is asked by the command line."""

Shapes = Mapping[str, type[Any]]
"""Channel → the class of its options."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with the configuration: where, and what to do about it."""

    path: str
    text: str
    note: bool = False
    """True for what an operator should know and may well want."""

    def __str__(self) -> str:
        """Return it as `check` prints it."""
        return f"{'note: ' if self.note else ''}{self.path}: {self.text}"


class SettingsError(Exception):
    """The configuration cannot be used; `mistakes` holds everything that is wrong, never empty."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("; ".join(map(str, self.mistakes)))


class Section(BaseModel):
    """A table of keys: none but the known ones, none changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Database(Section):
    """Where the state of record lives."""

    url: str = ""
    """SQLAlchemy URL; empty = SQLite inside `data_dir`."""


class Http(Section):
    """The one HTTP port: console, API, chat, webhooks."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: str = Field(default="", pattern=r"^(|https?://[^\s/?#]+)$")
    """How browsers reach it, without a path (`https://desk.example.com`); empty = the address it listens on."""
    connections: int = Field(default=10_000, ge=64)
    """Open at once; requests that have not come whole give way to new connections."""
    connections_per_address: int = Field(default=1000, ge=8)
    """Of them from one address (IPv6: one /64); not counted for `trusted_proxies`."""
    trusted_proxies: tuple[IPvAnyNetwork, ...] = (IPv4Network("127.0.0.1/32"), IPv6Network("::1/128"))
    """Addresses and networks of reverse proxies, whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    fetch_from: tuple[IPvAnyNetwork, ...] = ()
    """Private networks from which pictures in mails may be fetched all the same."""


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"
    """auto = console on a terminal, else JSON."""


RoleName = Literal[
    "agent", "senior", "editor", "quality", "supervisor", "privacy", "auditor", "integrator", "admin", "program"
]  # fmt: skip
"""Roles of people (`core.agent.Role`), and of tokens that are no person's."""
Reach = Literal["own", "team", "subtree", "segment", "all"]
Level = Literal["hide", "mask", "read", "edit"]


class Scopes(Section):
    """Whose things a role sees: its own, its team's, those of the teams below as well, its segments', or all."""

    party: Reach = "all"
    case: Reach = "all"
    interaction: Reach = "all"


class Retention(Section):
    """How long each class is kept, in days; 0, or left out: it stays."""

    contacts: dict[Annotated[str, Field(pattern=r"^(\*|[a-z_]{1,20})$")], Annotated[int, Field(ge=1, le=36_500)]] = (
        Field(default_factory=dict)
    )
    """By channel (`*`: all others): words, files and voices of contacts that are over; their skeleton stays for the figures."""
    originals: int = Field(default=0, ge=0)
    """Bytes as they came."""
    recordings: int = Field(default=0, ge=0)
    """At most; a line may say less."""
    drafts: int = Field(default=0, ge=0)
    """What was begun and never sent, of contacts that are over; at least as long as these can be brought back."""
    logins: int = Field(default=0, ge=0)
    """Log-ins that are over, with their addresses."""
    from_hour: int = Field(default=1, ge=0, le=23)
    """Between these hours of the machine's own time."""
    to_hour: int = Field(default=5, ge=0, le=23)

    def days(self) -> dict[str, int]:
        """Return class → days."""
        found = {
            "contacts" if channel == "*" else f"contacts.{channel}": days for channel, days in self.contacts.items()
        }
        other = {name: getattr(self, name) for name in ("originals", "recordings", "drafts", "logins")}
        return found | {name: days for name, days in other.items() if days}


FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,63}$")]
Sureness = Annotated[int, Field(ge=1, le=3)]


class Identity(Section):
    """What is closed until it is known who the customer is, and how that is found out."""

    roles: tuple[RoleName, ...] = ("agent",)
    """For whom."""
    fields: dict[FieldName, Sureness] = Field(default_factory=dict)
    """Field of a customer → level from which it is shown."""
    cards: dict[FieldName, Sureness] = Field(default_factory=dict)
    """Kind of business record → level from which more is shown than that there is one."""
    actions: dict[Literal["point.reveal", "party.edit", "record.edit", "case.edit", "consent.say"], Sureness] = Field(
        default_factory=dict
    )
    """Action → level from which it may be done."""
    questions: tuple[
        Annotated[
            str, Field(pattern=r"^(no|uscc|legal_name|family_name|given_name|custom\.[a-z0-9_]{1,50})(:[1-9])?$")
        ],
        ...,
    ] = ()
    """Fields that may be asked, `custom.KEY`, or with `:4` their last four characters; each is closed at level 1 or more."""
    right: tuple[Annotated[int, Field(ge=1, le=10)], ...] = Field(default=(1, 2, 3), min_length=1, max_length=3)
    """Right answers that reach level 1, 2, 3."""
    wrong: int = Field(default=3, ge=1, le=10)
    """Wrong answers after which nothing more is asked in a contact; in a day three times as many of one customer."""
    start: dict[Annotated[str, Field(pattern=r"^[a-z_]{1,20}$")], Sureness] = Field(default_factory=dict)
    """Kind of contact point → level of who comes by one that is verified as theirs."""


class Privacy(Section):
    """Who sees what of customers."""

    scopes: dict[RoleName, Scopes] = Field(default_factory=dict)
    """By role; who has a customer's contact in hand sees that customer all the same."""
    fields: dict[RoleName, dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.]{0,63}$")], Level]] = Field(
        default_factory=dict
    )
    """By role: field → how far; `numbers` and `addresses` mean every telephone number and e-mail address."""

    masked_roles: tuple[RoleName, ...] = ()
    """Roles that see telephone numbers of people masked (138****8000) and reveal one only with a reason, on record."""
    identity: Identity = Identity()
    retention: Retention = Retention()


class Limits(Section):
    """How much of the machine may be used."""

    workers: int = Field(default=2, ge=1, le=64)
    """Processes that read what came from outside."""
    worker_memory_mb: int = Field(default=512, ge=64)
    """Memory a task may take beyond what an idle worker has."""
    worker_seconds: float = Field(default=20.0, gt=0)
    """Time a task may take."""
    upload_mb: int = Field(default=25, ge=1)
    """Largest file an agent may attach."""
    upload_quota_mb: int = Field(default=500, ge=1)
    """What one person or program may upload in an hour."""
    disk_free_mb: int = Field(default=2048, ge=0)
    """Below this much free disk `/readyz` says no."""


class Imports(Section):
    """What people bring by file."""

    folder: str = ""
    """Below it lie recordings whose tables are brought by screen; empty: they come packed with their table in a zip."""


class Demo(Section):
    """What `contactd demo` makes up."""

    seed: int = 7
    """The same seed makes the same customers."""
    customers: int = Field(default=60, ge=1, le=100_000)
    contacts_per_minute: float = Field(default=12.0, gt=0, le=6000)
    """With `--traffic`: how often a made-up customer gets in touch."""


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
WebUrl = Annotated[str, Field(pattern=r"^https?://[^\s/@]+(/\S*)?$")]


class WriteBack(Section):
    """Where drafts of what is to change in another system are sent."""

    url: WebUrl
    token: str = ""
    token_file: Path | None = None
    """Instead of `token`: a file that holds it, read each time it is needed."""
    auth_header: HeaderName = "Authorization"
    secret: str = ""
    """What each draft is signed with, as webhooks are; empty: not signed."""
    secret_file: Path | None = None
    headers: dict[HeaderName, Annotated[str, Field(max_length=500, pattern=r"^[ -~]*$")]] = Field(default_factory=dict)
    """Sent with each draft; no secrets: those are `token` and `secret`."""
    four_eyes: tuple[Literal["order", "return", "address"], ...] = ()
    """Sorts of drafts that somebody other than their author looks over before they are sent."""


class Connector(Section):
    """Another system whose table is brought in by itself."""

    kind: Literal["folder", "rest", "sql", "push"]
    """Where its rows come from: files of a folder, pages of a REST interface, a table or view; push = they are sent to us."""
    object: Literal["customers", "contacts", "cases", "records"] = "customers"
    """What its rows are."""
    system: str = Field(default="", max_length=40, pattern=r"^[\w.-]*$")
    """By which name its numbers are known here, several connectors may share it; empty: the connector's own."""
    every_minutes: int = Field(default=60, ge=0, le=10_080)
    """0: only when somebody asks for it."""
    silent_hours: float = Field(default=0.0, ge=0, le=8760)
    """So long after its last success people are told; 0: never."""
    mapping: dict[str, str] = Field(default_factory=dict)
    """Column → field, where its name does not say it; `-` leaves it out."""
    fixed: dict[str, str] = Field(default_factory=dict)
    """Field → what it is in every row."""
    values: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Column → what stands there → what is meant."""
    match: tuple[str, ...] = ()
    """By what customers are known again, the surest first."""
    policy: Literal["skip", "fill", "overwrite", "points", "new"] = "fill"
    overwrite: tuple[str, ...] = ()
    zone: str = "Asia/Shanghai"
    """Of times that name none."""
    area_code: str = Field(default="", pattern=r"^\d{0,5}$")
    whole: bool = False
    """What is fetched from the start is all there is: what it has otherwise than we is counted every night."""
    path: Path | None = None
    """Of `folder`: where files are put."""
    pattern: str = Field(default="*", pattern=r"^[^/\x00]+$")
    settled_seconds: int = Field(default=10, ge=0, le=3600)
    """A file that was written to less long ago is left alone."""
    url: str = Field(default="", max_length=2000)
    """Of `rest`: the first page; of `sql`: the database."""
    url_file: Path | None = None
    """Instead of `url`, where that holds a password: a file with it."""
    token: str = ""
    token_file: Path | None = None
    auth_header: HeaderName = "Authorization"
    items: str = "items"
    """Where the rows stand in an answer: a dotted path; an answer that is a list needs none."""
    next: str = "next_cursor"
    """Where the next page is named: an address on the same host, or a cursor for `next_parameter`."""
    next_parameter: str = "cursor"
    since_parameter: str = ""
    """Asks for what changed since the newest `since_field` seen."""
    since_field: str = ""
    """Of `rest` and `sql`: the field that grows with every change of a row."""
    overlap_seconds: int = Field(default=300, ge=0, le=86_400)
    """How far before the newest change seen is asked again: who wrote slowly is not missed."""
    table: str = Field(default="", max_length=130, pattern=r"^(\w+\.)?\w*$")
    """Of `sql`: a table or a view, `schema.name` where it needs one."""
    key_field: str = Field(default="", max_length=63)
    """Of `sql`: the column that is different in every row."""
    write: WriteBack | None = None
    """Where drafts of what is to change there are sent."""

    @model_validator(mode="after")
    def _complete(self) -> Connector:
        """Refuse one that could never run."""
        missing = {
            "folder": [] if self.path else ["path"],
            "rest": [] if self.url_file or re.match(r"https?://[^\s/@]+(/\S*)?$", self.url) else ["url (https://…)"],
            "sql": [name for name in ("table", "key_field") if not getattr(self, name)]
            + ([] if self.url or self.url_file else ["url"]),
            "push": [],
        }[self.kind]
        if bool(self.since_parameter) != bool(self.since_field) and self.kind == "rest":
            missing.append("both since_parameter and since_field, or neither")
        if missing:
            message = f"a connector of kind {self.kind} needs {', '.join(missing)}"
            raise ValueError(message)
        return self

    def secrets(self) -> Iterator[str]:
        """Yield the secrets it names."""
        yield from (self.token, *((self.write.token, self.write.secret) if self.write else ()))
        login, at, _ = self.url.partition("://")[2].rpartition("@")
        if at and ":" in login:
            yield login.split(":", 1)[1]


class Settings(Section):
    """The whole installation."""

    data_dir: Path = Path("data")
    node: str = Field(default="main", pattern=r"^[A-Za-z0-9._-]{1,64}$")
    """This node's name, when several share one database."""
    database: Database = Database()
    http: Http = Http()
    log: Log = Log()
    limits: Limits = Limits()
    imports: Imports = Imports()
    privacy: Privacy = Privacy()
    demo: Demo = Demo()
    connectors: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")], Connector] = Field(default_factory=dict)
    policy_source: Literal["store", "file"] = "store"
    """`policy.source`: store = the published version rules; file = the file's `[policy]` is the only source."""
    policy: dict[str, Any] = Field(default_factory=dict)
    """The `[policy]` table without `source`: seed of an empty store."""
    channels: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Channel → its section as checked against its options class, without defaults filled in."""

    @property
    def database_url(self) -> str:
        """The database to use: `database.url`, or SQLite inside `data_dir`."""
        return self.database.url or f"sqlite:///{self.data_dir.absolute() / 'contactd.sqlite'}"

    def secrets(self) -> frozenset[str]:
        """Every secret named in the settings, so that logs can keep them out."""
        found = set(_secrets(self.channels))
        found |= {one for connector in self.connectors.values() for one in connector.secrets() if one}
        _, _, rest = self.database.url.partition("://")
        login, at, _ = rest.rpartition("@")
        if at and ":" in login:
            found.add(login.split(":", 1)[1])
        return frozenset(found)


SECRET_KEYS = ("password", "secret", "token", "api_key")


def _secrets(table: Mapping[str, Any]) -> Iterator[str]:
    """Walk to every value whose key says that it is secret."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _secrets(value)
        elif isinstance(value, str) and value and any(word in key.lower() for word in SECRET_KEYS):
            yield value


@dataclass(slots=True)
class _Source:
    """The tables merged so far, with what came as plain text and may have to stay text."""

    table: dict[str, Any] = field(default_factory=dict)
    texts: dict[tuple[str, ...], str] = field(default_factory=dict)
    """Path → the text given by environment or `--set`, whose type is only known when it is checked."""
    mistakes: list[Mistake] = field(default_factory=list)

    def put(self, path: tuple[str, ...], text: str, said_by: str) -> None:
        """Set the key at `path` to what `text` means in TOML, or to the text itself."""
        here = self.table
        if not all(path):
            self.mistakes.append(Mistake(said_by, "names no key"))
            return
        for step in path[:-1]:
            inner = here.setdefault(step, {})
            if not isinstance(inner, dict):
                self.mistakes.append(Mistake(".".join(path), f"{said_by}: {step} is a value, not a table"))
                return
            here = inner
        here[path[-1]] = _meaning(text)
        self.texts[path] = text


def _meaning(text: str) -> Any:
    """Read `text` as one TOML value; what is none is a string."""
    if "\n" in text:
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def load(
    path: Path | None = None,
    env: Mapping[str, str] | None = None,
    overrides: Iterable[str] = (),
    channels: Shapes | None = None,
) -> Settings:
    """Read the settings.

    Args:
        path: the TOML file; None = defaults only.
        env: the environment, of which `CONTACTD_…` is read; None = none of it.
        overrides: `key.of.it=value` in TOML notation, or plain text where that is meant.
        channels: the channels there are and the class of their options; None = do not check channel sections.

    Raises:
        SettingsError: with every mistake that was found.
    """
    source = _gather(path, env or {}, overrides)
    settings, mistakes = _check(source, channels)
    if settings is None or mistakes:
        raise SettingsError(mistakes)
    return settings


def problems(
    path: Path | None = None,
    env: Mapping[str, str] | None = None,
    overrides: Iterable[str] = (),
    channels: Shapes | None = None,
) -> list[Mistake]:
    """Return every mistake `load` would raise with the same arguments; empty = none."""
    return _check(_gather(path, env or {}, overrides), channels)[1]


def policy_of(
    path: Path | None = None,
    env: Mapping[str, str] | None = None,
    overrides: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the `[policy]` table alone, whatever may be wrong elsewhere; empty when there is none."""
    policy = _gather(path, env or {}, overrides).table.get("policy")
    return _policy(policy) if isinstance(policy, dict) else {}


def _policy(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `[policy]` table without its source, TOML's dates as text: the store keeps it as JSON."""
    return {key: _plain(value) for key, value in table.items() if key != "source"}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date | time) else value


def _gather(path: Path | None, env: Mapping[str, str], overrides: Iterable[str]) -> _Source:
    """Merge file, environment and overrides, the later over the earlier."""
    source = _Source()
    if path is not None:
        try:
            source.table = tomllib.loads(path.read_bytes().decode("utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            source.mistakes.append(Mistake(str(path), f"cannot be read: {error}"))
    for name, text in sorted(env.items()):
        if name.startswith(ENV_PREFIX) and name not in NOT_KEYS:
            steps = tuple(name.removeprefix(ENV_PREFIX).lower().split("__"))
            source.put(steps, text, f"environment variable {name}")
    for override in overrides:
        key, equals, text = override.partition("=")
        if not equals or not key.strip():
            source.mistakes.append(Mistake(override, "an override is written key=value"))
        else:
            source.put(tuple(key.strip().split(".")), text.strip(), "--set")
    return source


def _check(source: _Source, shapes: Shapes | None) -> tuple[Settings | None, list[Mistake]]:
    """Check the merged tables against the settings and the channels' own options."""
    mistakes = list(source.mistakes)
    table = dict(source.table)
    if table.pop("policy_source", None) is not None:
        mistakes.append(Mistake("policy_source", "unknown key; did you mean policy.source?"))
    policy = table.get("policy")
    if isinstance(policy, dict):
        table["policy"] = _policy(policy)
        table["policy_source"] = policy.get("source", "store")
    sections = table.get("channels")
    if shapes is not None and isinstance(sections, dict):
        table["channels"] = checked = {}
        for name, section in sections.items():
            shape = shapes.get(name)
            if shape is None:
                mistakes.append(Mistake(f"channels.{name}", _unknown(name, shapes, "channel")))
                continue
            where = ("channels", name)
            _, fitted, found = _fit(shape, section, where, source.texts)
            checked[name] = fitted if isinstance(fitted, dict) else {}
            mistakes += found
    settings, _, found = _fit(Settings, table, (), source.texts)
    return settings, mistakes + found


def _fit(
    shape: type[Any],
    table: Any,
    where: tuple[str, ...],
    texts: Mapping[tuple[str, ...], str],
) -> tuple[Any, Any, list[Mistake]]:
    """Check `table` against `shape`; return the instance (None if wrong), the table as it fitted, and the mistakes.

    A value from outside the file has no type of its own: `--set …password=12345` is read as a number first and, where
    the key wants text, taken as the text that was typed.
    """
    adapter = TypeAdapter(shape)
    for _ in range(len(texts) + 1):
        try:
            return adapter.validate_python(table, extra="forbid"), table, []
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
        spelled = {
            where + step
            for step in (tuple(map(str, item["loc"])) for item in errors if item["type"] == "string_type")
            if where + step in texts and _at(table, step) != texts[where + step]
        }
        if not spelled:
            break
        for path in spelled:
            table = _with(table, path[len(where) :], texts[path])
    return None, table, [_mistake(shape, where, item) for item in errors]


def _at(table: Any, steps: tuple[str, ...]) -> Any:
    """Return what stands in nested tables at `steps`, or None."""
    for step in steps:
        table = table.get(step) if isinstance(table, dict) else None
    return table


def _with(table: Any, steps: tuple[str, ...], value: Any) -> Any:
    """Return a copy of nested tables with `value` at `steps`."""
    if not steps:
        return value
    inner = table.get(steps[0]) if isinstance(table, dict) else None
    return {**(table if isinstance(table, dict) else {}), steps[0]: _with(inner, steps[1:], value)}


def _mistake(shape: type[Any], where: tuple[str, ...], item: Mapping[str, Any]) -> Mistake:
    """Say one validation error in words, under the path an operator knows it by."""
    steps = tuple(map(str, item["loc"]))
    path = ".".join(where + steps).replace("policy_source", "policy.source", 1)
    if item["type"] in {"extra_forbidden", "unexpected_keyword_argument"}:
        return Mistake(path, _unknown(steps[-1], _keys(shape, steps[:-1]), "key"))
    if item["type"] in {"model_type", "dict_type", "dataclass_type", "model_attributes_type"}:
        return Mistake(path, "a table is expected")
    text = item["msg"].removeprefix("Value error, ").removeprefix("Input ").strip()
    return Mistake(path or "configuration", text)


def _keys(shape: Any, steps: tuple[str, ...]) -> list[str]:
    """Return the keys known in the table at `steps` of a pydantic model; empty where that cannot be said."""
    for step in steps:
        known = getattr(shape, "model_fields", {}).get(step)
        shape = known.annotation if known is not None else None
    return [key for key in getattr(shape, "model_fields", {}) if key != "policy_source"]


def _unknown(name: str, known: Iterable[str], kind: str) -> str:
    """Say that `name` is unknown, and which known one may be meant."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"unknown {kind}; did you mean {near[0]}?" if near else f"unknown {kind}"
