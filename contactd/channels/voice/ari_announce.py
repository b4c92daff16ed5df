"""Tells callers who wait, now and then, how they stand: their place, and a time that is known from how it really went."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from contactd.channels.voice import ari_wait
from contactd.channels.voice.ari import RoutedCalls
from contactd.channels.voice.ari_arrival import ADAPTER
from contactd.channels.voice.ari_table import Do, Stage, TakeBack
from contactd.core.channel import Tools
from contactd.core.errors import ContactdError

log = structlog.get_logger(__name__)

LOOK_S = 1.0
"""How often it is looked who is to be told."""


async def announce(calls: RoutedCalls, tools: Tools, run: Callable[[list[Do]], None]) -> None:
    """Tell those who wait how they stand, every so often, for ever."""
    every = calls.wait.every_s
    while True:
        await asyncio.sleep(min(LOOK_S, every / 4))
        now = tools.clock.monotonic()
        for key in calls.ids():
            call = calls.get(key)
            if call is None or call.stage is not Stage.WAITING or not call.interaction:
                continue
            call.announced = call.announced or now
            if now - call.announced >= every:
                call.announced = now
                run(await _place(calls, tools, key))


async def _place(calls: RoutedCalls, tools: Tools, key: str) -> list[Do]:
    try:
        contact = await tools.find(ADAPTER, key) or {}
        _, expected = await tools.wait_range(str(contact.get("line") or ""))
    except ContactdError as error:
        log.info("voice.ari.no_place", code=error.code)
        return []
    call = calls.get(key)
    if call is None:
        return []
    return ari_wait.announce(calls, call, ari_wait.place(calls.wait, contact.get("position"), expected, call.language))


async def take_back(calls: RoutedCalls, tools: Tools, work: TakeBack) -> list[Do]:
    """Promise a caller the call back they pressed for; say so when there is no number that may be called."""
    try:
        await tools.call_back(work.interaction)
    except ContactdError as error:
        log.info("voice.ari.no_callback", code=error.code)
        return ari_wait.refused(calls, work.call)
    return []
