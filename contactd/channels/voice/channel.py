"""The voice channel: what contactd routes over ARI, what a PBX routes by itself and is mirrored over AMI, and the webhook."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog

from contactd.channels.voice import ari_dial, ari_wait, browser_phone, callcenter
from contactd.channels.voice.ami_keys import AmiKeys
from contactd.channels.voice.call import ADAPTER
from contactd.channels.voice.mirror import Mirror
from contactd.channels.voice.options import Options
from contactd.channels.voice.sender import Numbers
from contactd.channels.voice.webhook import Webhook
from contactd.core.channel import Change, Composed, Delivery, Draft, Health, Outgoing, Reader, Tools
from contactd.core.errors import BadRequestError
from contactd.core.prompt import Use
from contactd.core.softphone import Softphone
from contactd.core.stance import Stance

if TYPE_CHECKING:
    from contactd.channels.voice.agi_server import AgiServer
    from contactd.channels.voice.ami_client import AmiClient
    from contactd.channels.voice.ari_client import AriClient
    from contactd.channels.voice.esl_client import EslClient
    from contactd.channels.voice.park_client import ParkClient


GUESSABLE = 16
"""A webhook's token shorter than this can be found by trying."""

log = structlog.get_logger(__name__)


class VoiceChannel:
    """Calls; see `contactd.core.channel.Channel`."""

    reader: Reader | None = None
    carries = (ari_dial.CALLBACK, ari_wait.VOICEMAIL)
    """Contacts of these channels go over our phones too."""

    def __init__(self, name: str, options: Options, tools: Tools) -> None:
        self.name = name
        self.options = options
        self._tools = tools
        numbers = Numbers(options.region, options.area_code)
        self._ari = _ari_client(name, options, tools, numbers) if options.ari.url else None
        self._mirror = Mirror(name, tools, numbers, self._is_ours)
        self._ami = _ami_client(options, self._mirror, tools) if options.ami.host else None
        self._keys = None if self._ami is None else AmiKeys(self._ami, options, tools, self._mirror.key_of)
        self._mirror.hand, self._mirror.on_connected = self._keys, self._tell_stances
        self._followed = Mirror(name, tools, numbers, self._is_ours, callcenter.ADAPTER)
        self._esl = _esl_client(options, self._followed, tools) if options.esl.host else None
        self._parked = _park_client(name, options, tools, numbers)
        self._agi = _agi_server(options, tools, numbers) if options.agi.port is not None else None
        tools.route("POST", "/cti/{token}", Webhook(name, options.webhook.token, tools, numbers).endpoint)

    def prompts_named(self) -> list[Use]:
        """Return where settings and lines name announcements of the house."""
        return [] if self._ari is None else self._ari.prompts.uses()

    def _is_ours(self, linkedid: str) -> bool:
        return self._ari is not None and self._ari.calls.is_ours(linkedid)

    # What the house asks of a channel.

    async def start(self) -> None:
        """Begin to connect to what is configured; a PBX that is away is tried again and again."""
        if 0 < len(self.options.webhook.token) < GUESSABLE:
            log.warning("voice.webhook_token_short", advice=f"a token of {GUESSABLE} characters cannot be guessed")
        if self._ari is not None:
            await self._ari.start()
        if self._ami is not None:
            self._tools.spawn(self._mirror.run(), "mirror")
            self._ami.start()
        if self._esl is not None:
            self._tools.spawn(self._followed.run(), "followed")
            self._esl.start()
        if self._parked is not None:
            self._parked.start()
        if self._agi is not None:
            self._agi.start()

    async def stop_intake(self) -> None:
        """Leave new calls to the PBX's dialplan."""
        if self._ari is not None:
            await self._ari.stop_intake()
        if self._parked is not None:
            self._parked.stop_intake()

    async def stop(self) -> None:
        """Close the connections; calls go on without us."""
        if self._agi is not None:
            await self._agi.stop()
        if self._parked is not None:
            await self._parked.stop()
        if self._esl is not None:
            await self._esl.stop()
        if self._ami is not None:
            await self._ami.stop()
        if self._ari is not None:
            await self._ari.stop()

    def addresses(self) -> dict[str, str]:
        """Return where dialplans may ask; otherwise we call the PBX, and the webhook lives on the HTTP port."""
        address = self._agi.address if self._agi is not None else ""
        return {"fastagi": address} if address else {}

    def health(self) -> Health:
        """Say whether what is configured is connected; with nothing configured the channel is idle and well."""
        troubles = []
        last = None
        if self._ari is not None:
            ari = self._ari.health()
            last = ari.last_progress
            troubles += [] if ari.ok else [f"ARI: {ari.detail}"]
        if self._ami is not None and not self._mirror.up:
            troubles.append(f"AMI: {self._mirror.detail}")
        if self._esl is not None and not self._followed.up:
            troubles.append(f"FreeSWITCH: {self._followed.detail}")
        if self._parked is not None and not self._parked.health().ok:
            troubles.append(f"FreeSWITCH, routing: {self._parked.health().detail}")
        return Health(ok=not troubles, detail="; ".join(troubles), last_progress=last)

    def compose(self, draft: Draft) -> Composed | None:  # noqa: ARG002 - the channel contract
        """Return None: on a call people talk."""
        return None

    async def deliver(self, outgoing: Outgoing) -> Delivery:  # noqa: ARG002 - the channel contract
        """Refuse: nothing of a call goes through the outbox."""
        return Delivery(status="failed", detail="a call carries no messages")

    async def said(self, interaction: str, message: Mapping[str, Any]) -> None:
        """Do nothing: a line written during a call is a note."""

    async def connect(self, change: Change) -> None:
        """Ring the agent's phone and put both together."""
        if change.adapter == ADAPTER and self._keys is not None:
            await self._keys.dial(change)
        elif self._parked is not None and change.adapter == self._parked.adapter:
            self._parked.connect(change)
        elif self._ari is not None and (change.to or change.adapter == self._ari.adapter):
            self._ari.connect(change)

    async def changed(self, change: Change) -> None:
        """Follow what was decided about a call of ours; what a PBX routes is only watched."""
        if self._parked is not None and change.adapter == self._parked.adapter:
            self._parked.changed(change)
        elif self._ari is not None and change.adapter in (self._ari.adapter, ari_dial.CALLBACK):
            self._ari.changed(change)

    async def command(self, interaction: str, name: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Carry out a key of the call panel.

        Raises:
            BadRequestError: there is no such command, or the PBX cannot be asked for it.
            ConflictError: nobody is talking on the call, or the PBX refuses.
        """
        if self._keys is not None and self._mirror.key_of(interaction) is not None:
            await self._keys.command(interaction, name, data)
            return {}
        if self._parked is not None and (self._ari is None or self._parked.calls.by_interaction(interaction)):
            self._parked.command(interaction, name, data)
            return {}
        if self._ari is None:
            message = "the PBX routes its calls itself: use the phone"
            raise BadRequestError(message, code="not_supported")
        await self._ari.command(interaction, name, data)
        return {}

    @property
    def dial_adapter(self) -> str:
        """Adapter under which the calls agents make are kept."""
        if self._ari is not None:
            return self._ari.adapter
        return self._parked.adapter if self._parked is not None and self._keys is None else ADAPTER

    async def stance(self, stance: Stance) -> None:
        """Let the PBX's queues follow what an agent chose; see `contactd.core.channel.Following`."""
        if self._keys is not None and self._mirror.up:
            await self._keys.stance(stance, self._tools.clock.now())

    @property
    def softphone_origin(self) -> str:
        """Address the console's page may connect to; see `contactd.core.softphone`."""
        return browser_phone.origin(self.options.browser_phone)

    def softphone(self, device: str, now: datetime) -> Softphone | None:
        """Return the account of an agent's phone in the browser."""
        return browser_phone.account(self.options.browser_phone, device, now)

    def _tell_stances(self) -> None:
        """Tell a PBX that is there again everything: a restart forgets the pauses of its static members (telephony.md 2.6)."""
        if self._keys is not None and (self.options.ami.pause or self.options.ami.members):
            self._tools.spawn(self._all_stances(), "stances")

    async def _all_stances(self) -> None:
        for stance in self._tools.stances():
            await self.stance(stance)

    def dialled(self, number: str, line: str) -> str:  # noqa: ARG002 - the channel contract
        """Return a number as the trunk wants it; see `contactd.core.channel.Dialling`."""
        if self._ari is not None:
            return self._ari.plan.number(number)
        if self._parked is not None and self._keys is None:
            return self._parked.plan.number(number)
        if self._keys is None or not self._keys.can_dial:
            message = "no PBX is configured over which calls could be made"
            raise BadRequestError(message, code="not_supported")
        return self._keys.plan.number(number)


def _ari_client(name: str, options: Options, tools: Tools, numbers: Numbers) -> AriClient:
    """Import the client and make one: what is not configured should not lengthen the start."""
    from contactd.channels.voice.ari_client import AriClient  # noqa: PLC0415 - see above

    return AriClient(name, options, tools, numbers)


def _agi_server(options: Options, tools: Tools, numbers: Numbers) -> AgiServer:
    """Import the server, and so much of Twisted, and make one."""
    from contactd.channels.voice.agi_server import AgiServer, Directory  # noqa: PLC0415 - see above

    return AgiServer(options.agi, Directory(tools, numbers, options.agi), tools.spawn)


def _esl_client(options: Options, mirror: Mirror, tools: Tools) -> EslClient:
    """Import the client, and so much of Twisted, and make one."""
    from contactd.channels.voice.esl_client import EslClient  # noqa: PLC0415 - see above

    return EslClient(options.esl, mirror, tools.clock.now)


def _park_client(name: str, options: Options, tools: Tools, numbers: Numbers) -> ParkClient | None:
    """Import the client, and so much of Twisted, and make one where a switch parks callers for us."""
    if not (options.esl.host and options.esl.route_password.get_secret_value()):
        return None
    from contactd.channels.voice.park_client import ParkClient  # noqa: PLC0415 - see above

    return ParkClient(name, options, tools, numbers)


def _ami_client(options: Options, mirror: Mirror, tools: Tools) -> AmiClient:
    """Import the client, and so much of Twisted, and make one."""
    from contactd.channels.voice.ami_client import AmiClient  # noqa: PLC0415 - see above

    return AmiClient(options.ami, mirror, tools.clock.now)
