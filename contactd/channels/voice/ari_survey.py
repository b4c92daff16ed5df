"""How it was, asked by digits after the agent has left: the caller stays on the line, one question after another.

Who is asked the house decides, when the agent is gone already; nothing an agent does leads here or past it.  A question that is not
answered in time is asked once more, then left out; who answers none has refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from contactd.channels.voice.ari_how import AskHow, How, HowEnded, HowSaid
from contactd.channels.voice.ari_menu import play, quiet
from contactd.channels.voice.ari_table import Cue, Do, Rest, RoutedCall, Stage
from contactd.core.survey import Asked, Invitation, Question, Reply

if TYPE_CHECKING:
    from contactd.channels.voice.ari import RoutedCalls

BEST_KEY = 9
"""A score is one key: what goes to ten is asked elsewhere."""
TRIES = 2
NO = "*"
"""The key by which a caller wants to be asked no more."""


def stay(machine: RoutedCalls, call: RoutedCall) -> list[Do]:
    """Keep the caller of an agent who has left, to be asked; empty: there is nothing to ask, or nobody."""
    if not machine.survey.questions or call.outbound or call.gone or not call.talked or not call.interaction:
        return []
    call.stage = Stage.ASKED
    return [AskHow(call=call.id, interaction=call.interaction, language=call.language)]


def begin(machine: RoutedCalls, work: AskHow, asked: Asked | None) -> list[Do]:
    """Carry out what the house decided: ask, or let the caller go."""
    call = machine.get(work.call)
    if call is None or call.stage is not Stage.ASKED:
        return [] if asked is None else [_ended(work.call, asked, Invitation.HUNG_UP)]
    left = [] if asked is None else [one for one in asked.questions if _asks(machine, asked, one)]
    if asked is None or not left:
        gone = machine.cue(call, Cue.SURVEYED)
        return gone if asked is None else [_ended(call.id, asked, Invitation.EXPIRED), *gone]
    call.how = How(asked=asked, left=left)
    return [*_no_music(call), *_ask(machine, call, machine.survey.intro)]


def _asks(machine: RoutedCalls, asked: Asked, question: Question) -> bool:
    """Tell whether a question can be asked by voice: a score of one key, with words somebody has recorded."""
    known = question.key in machine.survey.questions and question.key not in asked.answered
    return known and question.kind == "score" and question.best <= BEST_KEY


def keyed(machine: RoutedCalls, call: RoutedCall, digit: Any) -> list[Do]:
    """Take a key."""
    how = call.how
    if how is None or not isinstance(digit, str):
        return []
    if digit == NO:
        return [*quiet(call), *_finish(machine, call, how)]
    question = how.left[0]
    if not (digit.isdecimal() and digit.isascii() and question.lowest <= int(digit) <= question.best):
        return [*quiet(call), *_again(machine, call, how, machine.survey.wrong)]
    how.given += 1
    said = HowSaid(call=call.id, invite=how.asked.invite, reply=Reply(question=question.key, score=int(digit)))
    return [*quiet(call), said, *_next(machine, call, how)]


def silence(machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    """Nothing was pressed in time."""
    return [] if call.how is None else _again(machine, call, call.how, ())


def left(_machine: RoutedCalls, call: RoutedCall, _detail: Any) -> list[Do]:
    """The caller has hung up; what they said before counts."""
    return [] if call.how is None else [_ended(call.id, call.how.asked, Invitation.HUNG_UP)]


def _again(machine: RoutedCalls, call: RoutedCall, how: How, before: tuple[str, ...]) -> list[Do]:
    how.tries += 1
    return _ask(machine, call, before) if how.tries < TRIES else _next(machine, call, how)


def _next(machine: RoutedCalls, call: RoutedCall, how: How) -> list[Do]:
    how.left.pop(0)
    how.tries = 0
    return _ask(machine, call, ()) if how.left else _finish(machine, call, how)


def _finish(machine: RoutedCalls, call: RoutedCall, how: How) -> list[Do]:
    call.how = None
    ended = _ended(call.id, how.asked, Invitation.ANSWERED if how.given else Invitation.REFUSED)
    thanks = machine.survey.thanks
    return [ended, *(machine.cue(call, Cue.FAREWELL, thanks) if thanks else machine.cue(call, Cue.SURVEYED))]


def _ask(machine: RoutedCalls, call: RoutedCall, before: tuple[str, ...]) -> list[Do]:
    options, how = machine.survey, call.how
    if how is None:
        return []
    return play(machine, call, (*before, *options.questions[how.left[0].key], f"sound:silence/{options.wait_s}"))


def _ended(call: str, asked: Asked, became: Invitation) -> HowEnded:
    return HowEnded(call=call, invite=asked.invite, became=became)


def _no_music(call: RoutedCall) -> list[Do]:
    if not call.music:
        return []
    call.music = False
    return [Rest(call=call.id, method="DELETE", path=f"/channels/{call.id}/moh")]


ACTIONS = {"survey_silence": silence, "survey_left": left}
"""Of `ari_table.MOVES`."""
