"""What the voice channel can be told in the configuration: `[channels.voice]`."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from contactd.channels.voice.browser_phone import BrowserPhoneOptions


class _Options(BaseModel):
    """Options of which none is unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AmiOptions(_Options):
    """A PBX that routes by itself, mirrored over its manager interface."""

    host: str = ""
    """Empty: no PBX is mirrored."""
    port: int = Field(default=5038, ge=1, le=65535)
    username: str = ""
    secret: SecretStr = SecretStr("")
    name: str = ""
    """The PBX's name in keys; needed only where a second PBX may ever take its place. Default: its host."""
    presentation: Literal["ask", "trust"] = "ask"
    """ask: a caller's number counts as withheld until the PBX says that it may be shown; trust: the trunk never sends one
    that may not."""
    context: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,79}$")
    """Context of the dialplan to which calls are sent that agents make or pass on; empty: neither is offered."""
    queues: dict[str, Annotated[str, Field(pattern=r"^[A-Za-z0-9_.+*#-]{1,79}$")]] = Field(default_factory=dict)
    """Line → the PBX's queue of it: its extension in `context`, and what `members` joins."""
    pause: bool = False
    """Ready and not ready at the console unpause and pause the agent's phone in the PBX's queues, with the reason."""
    members: bool = False
    """Signing in and out at the console adds the agent's phone to the queues of their lines, and removes it."""
    follow: bool = False
    """A pause keyed on the phone, and its end, make the agent not ready and ready at the console."""
    queue_log: str = ""
    """Path of the PBX's queue log on this machine (copied or mounted), for `contactd voice compare`."""
    cdr: str = ""
    """Path of its `Master.csv`, with `loguniqueid = yes`."""
    zone: str = "Asia/Shanghai"
    """Time zone of the PBX: of the times in the CDR, and of what is a day."""

    @field_validator("zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, ZoneInfoNotFoundError, OSError) as error:
            message = f"there is no time zone {value!r}"
            raise ValueError(message) from error
        return value


class AriOptions(_Options):
    """A PBX whose calls contactd routes over its REST interface."""

    url: str = ""
    """`http://127.0.0.1:8088`; empty: contactd routes no calls."""
    username: str = ""
    password: SecretStr = SecretStr("")
    app: str = Field(default="contactd", pattern=r"^[A-Za-z0-9_-]{1,64}$")
    ring_s: int = Field(default=15, ge=3, le=120)
    """How long an agent's phone rings after the agent has accepted."""

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment):
            message = "must be http:// or https:// with a host"
            raise ValueError(message)
        return value.rstrip("/")


class DialOptions(_Options):
    """Calls that agents make: which numbers, and by which way out."""

    endpoint: str = Field(default="", pattern=r"^$|^[A-Za-z0-9]{1,16}/[A-Za-z0-9_.@/+-]*\{number\}[A-Za-z0-9_.@-]*$")
    """`PJSIP/{number}@telco` or `Local/{number}@from-contactd`; empty: nobody outside is called."""
    inner: str = Field(default="", pattern=r"^$|^[A-Za-z0-9]{1,16}/[A-Za-z0-9_.@-]*\{number\}[A-Za-z0-9_.@-]*$")
    """For phones of the house that belong to no agent: `PJSIP/{number}`; empty: they are not called."""
    form: Literal["national", "e164"] = "national"
    """How the trunk wants numbers: 13700001111 or +8613700001111."""
    number: str = Field(default="", pattern=r"^\+?[0-9]{0,20}$")
    """Number that is shown to who is called."""
    shown: dict[str, str] = Field(default_factory=dict)
    """Line → number that is shown for it."""
    abroad: tuple[str, ...] = ()
    """Country codes that may be called: `["+852", "+886"]`; none by default."""
    premium: bool = False
    short: tuple[str, ...] = ("95xxx", "100xx", "12345", "12315", "114")
    """Service numbers that may be called; x stands for any digit. Emergency numbers always may."""
    ring_s: int = Field(default=40, ge=5, le=180)
    """How long the other side rings."""


class Choice(_Options):
    """Where a key, or the end of a menu, leads."""

    label: str = Field(default="", max_length=60)
    """In words, for agents: what the caller chose."""
    line: str = ""
    """Line the call stands in; empty: as the numbers' rules of the policy say."""
    menu: str = ""
    """Another menu comes first."""
    language: str = Field(default="", pattern=r"^$|^[a-z]{2}(-[A-Za-z]{2,4})?$")
    """Language the caller goes on in: what they hear, and whom the router looks for."""


class Entry(_Options):
    """A number the caller is asked for."""

    name: str = Field(min_length=1, max_length=40)
    """What it is, for agents: `order`."""
    digits: int = Field(default=20, ge=1, le=32)
    """Most digits; the caller may end earlier with #."""
    least: int = Field(default=1, ge=1, le=32)


_Media = Annotated[
    str,
    Field(
        pattern=r"^((sound|recording|number|digits|characters|tone):[A-Za-z0-9_./-]{1,120}|prompt:[a-z0-9_-]{1,40})$"
    ),
]


class Menu(_Options):
    """One menu that callers hear."""

    numbers: tuple[str, ...] = ()
    """Called numbers that lead here; `*` = all that lead to no other."""
    play: tuple[_Media, ...] = ()
    """`sound:contactd/welcome` …"""
    wrong: tuple[_Media, ...] = ("sound:invalid",)
    """Said before the menu is repeated."""
    choices: dict[Annotated[str, Field(pattern=r"^[0-9*#]$")], Choice] = Field(default_factory=dict)
    entry: Entry | None = None
    """Instead of choices: a number to be entered, after which it goes on as `otherwise` says."""
    otherwise: Choice = Choice()
    """After the last try without a choice."""
    ask: Literal[
        "", "caller", "case", "order", "contract", "service_contract", "receivable", "appointment", "quote"
    ] = ""
    """Instead of choices: the house is asked who calls, or whether what has the number entered before is open."""
    found: Choice = Choice()
    """Where a known caller goes on, or one whose number is open; all others as `otherwise` says."""
    vip: Choice | None = None
    """Where a known caller goes on who is important; None: as `found`."""
    hours: str = ""
    """Line whose opening hours hold here: while it is closed, nobody is asked and `closed` leads on."""
    closed: Choice = Choice()
    wait_s: int = Field(default=5, ge=1, le=10)
    tries: int = Field(default=2, ge=1, le=5)

    def ways(self) -> tuple[Choice, ...]:
        """Return every way out."""
        return (*self.choices.values(), self.otherwise, self.closed, self.found, *([self.vip] if self.vip else []))

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Menu:
        if self.ask and (self.choices or self.entry is not None):
            message = "a menu that asks the house has no choices and no entry: let another menu lead to it"
            raise ValueError(message)
        if self.vip is not None and self.ask != "caller":
            message = 'vip goes with ask = "caller"'
            raise ValueError(message)
        return self


class WaitOptions(_Options):
    """What callers hear who wait, and on the way out."""

    every_s: int = Field(default=0, ge=0, le=600)
    """Seconds between two announcements; 0 = none."""
    place: bool = True
    time: bool = True
    """Only when it is known from how it really went."""
    numbers: Literal["pbx", "zh", "en"] = "pbx"
    """Who puts numbers into words: the PBX by itself, or we, in this language unless the caller chose the other (`speaking`)."""
    thanks: tuple[_Media, ...] = ("sound:queue-thankyou",)
    callback: tuple[_Media, ...] = ()
    """The offer of a call back, to be taken with 1; empty: none is made."""
    no_callback: tuple[_Media, ...] = ("sound:invalid",)
    called_back: tuple[_Media, ...] = ("sound:vm-goodbye",)
    goodbye: tuple[_Media, ...] = ("sound:vm-goodbye",)
    voicemail: tuple[_Media, ...] = ("sound:vm-intro",)
    """Heard before the beep; empty: there is no machine."""
    longest_s: int = Field(default=180, ge=10, le=600)
    shortest_s: int = Field(default=2, ge=0, le=30)
    """A shorter message says nothing: it is work like a call that was missed, where the line has that; 0 = all are kept."""


class PromptOptions(_Options):
    """The house's own announcements, which media name as `prompt:NAME`."""

    url: str = "http://127.0.0.1:8080"
    """Where the PBX reaches this server: it fetches each sound from here once, by plain HTTP."""
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{2}(-[A-Za-z]{2,4})?$")], ...] = Field(
        default=("zh",), min_length=1
    )
    """Languages in which each has to be there; callers hear the first unless they chose another."""

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        parts = urlsplit(value)
        # A comma parts media, and the PBX reads what follows a question mark as no name of a file.
        if parts.scheme not in ("http", "https") or not parts.hostname or set(value) & set(",?#& "):
            message = "must be http:// or https:// with a host"
            raise ValueError(message)
        return value.rstrip("/")


class EslOptions(_Options):
    """A FreeSWITCH whose mod_callcenter routes, followed over its event socket."""

    host: str = ""
    """Empty: none is followed."""
    port: int = Field(default=8021, ge=1, le=65535)
    username: str = Field(default="", pattern=r"^[A-Za-z0-9_.@-]{0,128}$")
    """`contactd@DOMAIN`: an account of the directory with few rights; empty: the socket's own password, which opens everything."""
    password: SecretStr = SecretStr("")
    name: str = ""
    """The switch's name in keys; default: its host."""
    route_username: str = Field(default="", pattern=r"^[A-Za-z0-9_.@-]{0,128}$")
    """An account of its own, with more rights, for the callers the dialplan parks for us; see `route_password`."""
    route_password: SecretStr = SecretStr("")
    """Empty: contactd follows the switch's queues and routes nothing over it."""
    ring_s: int = Field(default=15, ge=3, le=120)
    """How long an agent's phone rings."""
    music: str = Field(default="local_stream://moh", pattern=r"^[A-Za-z0-9_./:-]{1,200}$")
    """What parked callers hear."""


class AgiOptions(_Options):
    """A FastAGI port at which a dialplan asks who calls."""

    port: int | None = Field(default=None, ge=0, le=65535)
    """4573 is usual, 0 = a free one; None: there is no port."""
    host: str = "127.0.0.1"
    allow: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    """Networks of the PBXs that may ask; the protocol knows no password."""
    budget_ms: int = Field(default=300, ge=10, le=5000)
    """A caller waits for the answer: what is not found in so many milliseconds is not found."""

    @field_validator("allow")
    @classmethod
    def _are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            ip_network(each, strict=False)
        return value


class SurveyOptions(_Options):
    """What callers hear who are asked how it was, after the agent has left."""

    questions: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,40}$")], tuple[_Media, ...]] = Field(
        default_factory=dict
    )
    """Question of the survey → its words: `{ score = ["sound:contactd/how-was-it"] }`; empty: nobody is asked."""
    intro: tuple[_Media, ...] = ()
    wrong: tuple[_Media, ...] = ("sound:invalid",)
    thanks: tuple[_Media, ...] = ("sound:vm-goodbye",)
    wait_s: int = Field(default=5, ge=1, le=10)


class RecordingOptions(_Options):
    """How calls are recorded whose line says so."""

    legs: Literal["apart", "mixed"] = "apart"
    """apart: customer and house each by itself, left and right; mixed: the bridge as one."""
    pause_s: int = Field(default=120, ge=5, le=120)
    """How long a pause by an agent lasts at most; then it goes on by itself."""


class WebhookOptions(_Options):
    """The generic telephony webhook `POST /cti/{token}`."""

    token: str = Field(default="", pattern=r"^[A-Za-z0-9_-]{0,128}$", repr=False)
    """Last part of its address, and all that protects it; empty: there is no webhook."""


class Options(_Options):
    """The section `[channels.voice]`."""

    region: str = Field(default="CN", pattern="^[A-Z]{2}$")
    """Country whose rules numbers without a country code are read by."""
    area_code: str | None = None
    """Area code of local numbers."""
    ami: AmiOptions = AmiOptions()
    ari: AriOptions = AriOptions()
    webhook: WebhookOptions = WebhookOptions()
    agi: AgiOptions = AgiOptions()
    esl: EslOptions = EslOptions()
    browser_phone: BrowserPhoneOptions = BrowserPhoneOptions()
    dial: DialOptions = DialOptions()
    wait: WaitOptions = WaitOptions()
    survey: SurveyOptions = SurveyOptions()
    recording: RecordingOptions = RecordingOptions()
    prompts: PromptOptions = PromptOptions()
    menus: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")], Menu] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _menus_are_there(self) -> Options:
        for name, menu in self.menus.items():
            for choice in menu.ways():
                if choice.menu and choice.menu not in self.menus:
                    message = f"menus.{name} leads to a menu {choice.menu!r} that is not there"
                    raise ValueError(message)
            if name in (menu.otherwise.menu, menu.closed.menu):
                message = f"menus.{name} leads to itself when nothing is chosen"
                raise ValueError(message)
        return self
