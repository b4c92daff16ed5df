"""Looks now and then whether what we believe is on is on: an event that never came must not leave a call for ever.

What is missing from the PBX's list of channels twice in a row, while nothing was being done for its call, is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container
from contextlib import suppress

from contactd.channels.voice.ari import RoutedCalls
from contactd.channels.voice.ari_lanes import Lanes
from contactd.channels.voice.ari_rest import AriRest
from contactd.channels.voice.ari_table import Do, RoutedCall, Stage
from contactd.core.errors import ContactdError

LOOK_S = 30.0
"""Seconds between two looks at the PBX's list of channels."""
_BEFORE_CUSTOMER = frozenset({Stage.SUMMONING})


class Sweep:
    """Remembers what was missing at the last look."""

    def __init__(self, calls: RoutedCalls) -> None:
        self._calls = calls
        self._missing: set[str] = set()

    def look(self, present: Container[str], busy: Container[str]) -> list[Do]:
        """Compare with the channels that are there; return what follows for those that are gone.

        Args:
            present: ids of the PBX's channels.
            busy: calls for which something is being done, whose legs may be on their way.
        """
        missing: set[str] = set()
        done: list[Do] = []
        for key in self._calls.ids():
            call = self._calls.get(key)
            if call is None or key in busy:
                continue
            for leg in _legs(call):
                if leg in present:
                    continue
                if leg in self._missing:
                    done += self._calls.handle({"type": "ChannelDestroyed", "channel": {"id": leg}})
                else:
                    missing.add(leg)
        self._missing = missing
        return done


async def sweep(calls: RoutedCalls, rest: AriRest, lanes: Lanes, seconds: float) -> None:
    """Look every so many seconds, for ever; while the PBX is away there is nothing to compare with."""
    looks = Sweep(calls)
    while True:
        await asyncio.sleep(seconds)
        if calls.replaced or not calls.ids():
            continue
        with suppress(ContactdError):
            present = {str(each.get("id", "")) for each in await rest.list("/channels")}
            lanes.run(looks.look(present, lanes))


def _legs(call: RoutedCall) -> list[str]:
    """Return the channels a call must have, the customer's first."""
    legs = [] if call.gone or call.stage in _BEFORE_CUSTOMER else [call.id]
    third = call.third.leg if call.third is not None else ""
    return [*legs, *(leg for leg in (call.leg, third) if leg)]
