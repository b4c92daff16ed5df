"""The commands about calls: what each carries."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from contactd.agent_ui.fields import Digits, Ident, Shape, Title, Word


class Dial(Shape):
    """call.dial."""

    to: Word | None = None
    contact_point: Ident | None = None
    party: Ident | None = None
    case: Ident | None = None
    line: Word | None = None
    purpose: Literal["service", "marketing"] | None = None
    reason: Title | None = None
    """Why it is made although something stands against it."""

    @model_validator(mode="after")
    def _a_target(self) -> Dial:
        if self.to is None and self.contact_point is None:
            message = "one of to and contact_point"
            raise ValueError(message)
        return self


class OnCall(Shape):
    """A command about a call; without `interaction` the agent's own."""

    interaction: Ident | None = None


class Switch(OnCall):
    """call.mute: on or off."""

    on: bool = True


class Record(OnCall):
    """call.record: begin, end (where the line leaves it to the customer), pause with a reason, take up again."""

    on: bool = True
    paused: bool | None = None
    reason: Word | None = None


class Dtmf(OnCall):
    """call.dtmf: press keys."""

    digits: Digits


class Consult(OnCall):
    """call.consult: ask a colleague, a line or a number while the customer waits."""

    to: Word | None = None
    to_agent: Ident | None = None
    to_line: Word | None = None
    reason: Title | None = None
    """Why the number is called although something stands against it."""


class SendOn(OnCall):
    """call.transfer: leave the customer with who was consulted, or send them on to a number, or (a PBX's call) a colleague."""

    to: Word | None = None
    to_agent: Ident | None = None
    reason: Title | None = None
    """As of call.consult."""


CALLS: dict[str, type[Shape]] = {
    "phone.account": Shape,
    "call.dial": Dial,
    "call.hangup": OnCall,
    "call.mute": Switch,
    "call.dtmf": Dtmf,
    "call.consult": Consult,
    "call.conference": OnCall,
    "call.record": Record,
    "call.transfer": SendOn,
    "call.return": OnCall,
}
"""Command → its data."""
