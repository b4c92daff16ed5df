"""Menus before a line: what callers hear, what they press, where it leads.

There is no clock here: every pause is a piece of silence that is played, and its end is an event of the PBX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contactd.channels.voice.ari_table import Ask, Cue, Do, Rest, RoutedCall, Stage
from contactd.channels.voice.asked import Accept
from contactd.channels.voice.options import Choice, Menu
from contactd.core.menus import CLOSED, ENTERED, FOUND, OTHERWISE, VIP, MenuStep, chosen

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

MOST_STEPS = 20
"""Menus one call may go through: then it is in the line, whatever the configuration says."""
_KEYS = frozenset("0123456789*#")


def menu_of(machine: RoutedCalls, dialled: str) -> str:
    """Return the name of the menu a number leads to; empty when it leads straight to its line."""
    exact = (name for name, menu in machine.menus.items() if dialled in menu.numbers)
    rest = (name for name, menu in machine.menus.items() if "*" in menu.numbers)
    return next(exact, "") or next(rest, "")


def enter(machine: RoutedCalls, call: RoutedCall, name: str) -> list[Do]:
    """Begin a menu."""
    call.menu, call.keyed, call.tries = name, "", 0
    call.steps += 1
    call.way.append(MenuStep(menu=name))
    menu = machine.menus[name]
    if menu.hours and not machine.is_open(menu.hours):
        return _go(machine, call, menu.closed, CLOSED)
    if menu.ask:
        # What is heard goes on while the house looks; when it knows, it is cut short.
        heard = play(machine, call, menu.play) if menu.play else []
        return [*heard, Ask(call=call.id, menu=name, about=menu.ask, number=call.entered)]
    return _ask(machine, call, menu.play)


def told(machine: RoutedCalls, ask: Ask, choice: str) -> list[Do]:
    """Go on as the house says: found | vip | otherwise; a caller who has hung up or gone on meanwhile needs nothing."""
    call = machine.get(ask.call)
    if call is None or call.stage is not Stage.MENU or call.menu != ask.menu:
        return []
    menu = machine.menus[ask.menu]
    way = {FOUND: menu.found, VIP: menu.vip or menu.found}.get(choice, menu.otherwise)
    return [*quiet(call), *_go(machine, call, way, choice)]


def keyed(machine: RoutedCalls, call: RoutedCall, digit: Any) -> list[Do]:
    """Take a key."""
    menu = machine.menus.get(call.menu)
    if menu is None or menu.ask or not isinstance(digit, str) or digit not in _KEYS:
        return []
    stop = quiet(call)
    if menu.entry is not None:
        return [*stop, *_collect(machine, call, menu, digit)]
    choice = menu.choices.get(digit)
    return [*stop, *(_wrong(machine, call, menu) if choice is None else _follow(machine, call, digit, choice))]


def silence(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    """Nothing was pressed in time: what was entered counts, else the caller is asked again."""
    menu = machine.menus[call.menu]
    if menu.ask:
        return []
    if menu.entry is not None and call.keyed:
        return _entered(machine, call, menu)
    return _wrong(machine, call, menu)


def into_line(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    """The caller has chosen: music, and into the line."""
    return [machine.music_on(call), Accept(call=call.id)]


def left(_machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    """A caller who hangs up in a menu is a contact too: with how far they came."""
    return [Accept(call=call.id)]


def _collect(machine: RoutedCalls, call: RoutedCall, menu: Menu, digit: str) -> list[Do]:
    entry = menu.entry
    if entry is None:
        return []
    if digit != "#":
        call.keyed += digit
    if digit == "#" or len(call.keyed) >= entry.digits:
        return _entered(machine, call, menu)
    return play(machine, call, (f"sound:silence/{menu.wait_s}",))


def _entered(machine: RoutedCalls, call: RoutedCall, menu: Menu) -> list[Do]:
    entry, digits = menu.entry, call.keyed
    if entry is None or len(digits) < entry.least:
        return _wrong(machine, call, menu)
    call.entered = digits
    return _go(machine, call, menu.otherwise, ENTERED, f"{entry.name} {digits}")


def _follow(machine: RoutedCalls, call: RoutedCall, digit: str, choice: Choice) -> list[Do]:
    return _go(machine, call, choice, digit, f"{digit} {choice.label}".strip())


def _go(machine: RoutedCalls, call: RoutedCall, choice: Choice, taken: str, words: str = "") -> list[Do]:
    """Lead on; `taken` is counted, `words` (else the choice's label) are shown to the agent."""
    entered = call.entered if taken == ENTERED else ""
    call.way = chosen(call.way, taken, label=choice.label, entered=entered)
    if words or choice.label:
        call.path.append(words or choice.label)
    out: list[Do] = []
    if choice.language:
        call.language = choice.language
        spoken = {"variable": "CHANNEL(language)", "value": choice.language}
        out.append(Rest(call=call.id, method="POST", path=f"/channels/{call.id}/variable", params=spoken))
    call.line = choice.line or call.line
    if choice.menu in machine.menus and call.steps < MOST_STEPS:
        return [*out, *enter(machine, call, choice.menu)]
    return [*out, *machine.cue(call, Cue.CHOSEN)]


def _wrong(machine: RoutedCalls, call: RoutedCall, menu: Menu) -> list[Do]:
    call.tries, call.keyed = call.tries + 1, ""
    if call.tries >= menu.tries:
        return _go(machine, call, menu.otherwise, OTHERWISE)
    return _ask(machine, call, (*menu.wrong, *menu.play))


def _ask(machine: RoutedCalls, call: RoutedCall, media: tuple[str, ...]) -> list[Do]:
    return play(machine, call, (*media, f"sound:silence/{machine.menus[call.menu].wait_s}"))


# Playing.


def play(machine: RoutedCalls, call: RoutedCall, media: tuple[str, ...]) -> list[Do]:
    """Let the caller hear something; its end is told as `PlaybackFinished` with the id kept in `call.playing`."""
    call.playing = machine.new_id()
    path = f"/channels/{call.id}/play/{call.playing}"
    params = {"media": ",".join(machine.said(call, media))}
    return [Rest(call=call.id, method="POST", path=path, params=params, step="play", leg=call.playing)]


def quiet(call: RoutedCall) -> list[Do]:
    """Stop what the caller hears."""
    playing, call.playing = call.playing, ""
    return [Rest(call=call.id, method="DELETE", path=f"/playbacks/{playing}")] if playing else []


ACTIONS = {"menu_silence": silence, "into_line": into_line, "left_menu": left}
"""Of `ari_table.MOVES`."""
