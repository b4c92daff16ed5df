"""The house's announcements on the line: media that name one become the address at which the PBX fetches its sound.

The PBX fetches by plain HTTP without a log-in, as its media cache does, and keeps what it has fetched: an address holds the take's
id, so another take is another address.  What is not there in the caller's language is the PBX's own `contactd/NAME`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from contactd.channels.voice.options import Menu, Options
from contactd.core.channel import Tools
from contactd.core.errors import ContactdError
from contactd.core.prompt import PREFIX, Use

PATH = "/prompt/{take}"
_ENDING = ".wav"
NOTHING = "sound:silence/1"
"""Heard where a line is switched to nothing, so that what follows an announcement's end still does."""


class Prompts:
    """Which sound is heard, and where the settings name one."""

    def __init__(self, name: str, options: Options, tools: Tools) -> None:
        """Answer the PBX at `PATH`."""
        self._name = name
        self._options = options
        self._tools = tools
        tools.route("GET", PATH, self._fetched)

    def media(self, line: str, language: str, media: Sequence[str]) -> tuple[str, ...]:
        """Return media in which every announcement of the house is an address, or the PBX's own neutral one."""
        heard = (self._one(line, language, each) for each in media)
        return tuple(each for each in heard if each) or (NOTHING,)

    def _one(self, line: str, language: str, media: str) -> str:
        if not media.startswith(PREFIX):
            return media
        book, now = self._tools.prompts.book(), self._tools.clock.now()
        name = book.heard(media.removeprefix(PREFIX), line, now)
        if not name:
            return ""
        options = self._options.prompts
        take = book.pick(name, language or options.languages[0], now)
        return f"sound:contactd/{name}" if take is None else f"sound:{options.url}/prompt/{take.id}{_ENDING}"

    async def _fetched(self, request: Request) -> Response:
        """Give the PBX a sound; only what callers may hear now lies here, nothing else of the house."""
        ident = str(request.path_params["take"]).removesuffix(_ENDING)
        known = self._tools.prompts.book().prompts.values()
        if not any(take.id == ident for takes in known for take in takes):
            return Response(status_code=404)
        try:
            data = await self._tools.prompts.sound(ident)
        except ContactdError:
            return Response(status_code=404)
        headers = {"cache-control": "max-age=86400, immutable", "x-content-type-options": "nosniff"}
        return Response(data, headers=headers, media_type="audio/wav")

    # What is named where.

    def uses(self) -> list[Use]:
        """Return every place of the settings and of the lines that names an announcement."""
        return [*self._of_menus(), *self._of_options(), *self._of_lines()]

    def _languages(self) -> tuple[str, ...]:
        """Return the languages callers may go on in: those of the house, and those a menu offers."""
        menus = self._options.menus.values()
        chosen = (choice.language for menu in menus for choice in menu.ways())
        return tuple(dict.fromkeys((*self._options.prompts.languages, *(each for each in chosen if each))))

    def _of_menus(self) -> Iterable[Use]:
        for name, menu in self._options.menus.items():
            line = next(map(self._tools.line_for, _real(menu)), "")
            yield from self._named(f"menus.{name}", (*menu.play, *menu.wrong), line)

    def _of_options(self) -> Iterable[Use]:
        wait, survey = self._options.wait, self._options.survey
        heard = (*wait.thanks, *wait.callback, *wait.no_callback, *wait.called_back, *wait.goodbye, *wait.voicemail)
        yield from self._named("wait", heard)
        asked = (each for words in survey.questions.values() for each in words)
        yield from self._named("survey", (*survey.intro, *survey.wrong, *survey.thanks, *asked))

    def _of_lines(self) -> Iterable[Use]:
        for line, said in self._tools.policy_lines().items():
            notice = str(said.get("recording", {}).get("notice", ""))
            yield from self._named(f"lines.{line}.recording", (notice,), line)

    def _named(self, where: str, media: Iterable[str], line: str = "") -> Iterable[Use]:
        make = partial(Use, where=where, line=line, languages=self._languages())
        for each in dict.fromkeys(media):
            if each.startswith(PREFIX):
                yield make(name=each.removeprefix(PREFIX))


def _real(menu: Menu) -> list[str]:
    return [number for number in menu.numbers if number != "*"]
