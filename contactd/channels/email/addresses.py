"""Address lists of a mail: `Name <local@domain>, …` in all the forms mailers invent, in one linear pass without recursion."""

from __future__ import annotations

import re

from contactd.channels.email import headers
from contactd.channels.email.hint import Hint

MAX_ADDRESSES = 500
_MAX_TEXT = 64 * 1024
_MAX_ADDRESS = 320
_MAX_COMMAS = 8
_BARE = re.compile(r"(?:\"[^\"\s]?[^\"]{0,62}\"|[^\s<>()\[\],;:\"]{1,120})@[^\s<>()\[\],;:\"]{1,200}")
_SEPARATORS = frozenset(",;\uff0c\uff1b")
_PLAIN = re.compile(
    r"""(?P<bare>[\w.%+&/\#~-]{1,64}@[\w.-]{1,200})
    |(?:"(?P<quoted>[^"\\]*)"[ ]?|(?P<phrase>[^"()<>,;:\\\uff0c\uff1b]*))<(?P<angle>[\w.%+&/\#~-]{1,64}@[\w.-]{1,200})>""",
    re.ASCII | re.VERBOSE,
)
"""A mailbox in the forms nearly everybody uses: `a@b`, `<a@b>`, `Name <a@b>`, `"Name" <a@b>`."""
_MARK = re.compile(r"[\"()<>,;:\\\uff0c\uff1b]")

Mailbox = tuple[str, str]
"""(name, address); either may be empty."""


def parse(value: bytes, hint: str | Hint = "") -> list[Mailbox]:
    """Read an address field.

    Raw 8-bit bytes are decoded first (a GBK byte may look like `@`), the structure is found next, encoded words last
    (they may say anything).
    """
    text = headers.raw_text(value[:_MAX_TEXT], hint)
    plain = _plain(text)
    if plain is not None:
        return plain
    found: list[Mailbox] = []
    for piece in _Scanner(text).pieces():
        mailbox = _mailbox(*piece)
        if mailbox is not None:
            found.append(mailbox)
        if len(found) >= MAX_ADDRESSES:
            break
    return found


def _plain(text: str) -> list[Mailbox] | None:
    """Read a list of mailboxes that are all in a plain form; None for any other list."""
    listed = "," in text and '"' not in text
    pieces = text.split(",") if listed else [text]
    if len(pieces) > MAX_ADDRESSES:
        return None
    found: list[Mailbox] = []
    for piece in pieces:
        match = _PLAIN.fullmatch(piece.strip(" \t") if listed else piece)
        if match is None:
            return None
        bare, quoted, phrase, angle = match.groups()
        found.append(("", bare) if bare else (_name(quoted or phrase or ""), angle))
    return found


def first(value: bytes) -> str:
    """Return the first address of a field, without the trouble of names; empty when there is none."""
    text = headers.raw_text(value[:_MAX_TEXT])
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        return plain["bare"] or plain["angle"]
    return next((address for _, address in parse(value) if address), "")


def _mailbox(phrase: str, angle: str | None, comment: str) -> Mailbox | None:
    """Make a mailbox of what stood between two separators."""
    if angle is None:
        bare = _BARE.search(phrase)
        if bare is None:
            name = _name(phrase or comment)
            return (name, "") if name else None
        rest = f"{phrase[: bare.start()]} {phrase[bare.end() :]}"
        rest = rest.strip(" ,'\"")
        return _name(comment if not rest or rest.lower() == "mailto:" else rest), _address(bare[0])
    address = _address(angle)
    if not address and (bare := _BARE.search(phrase)):
        return "", _address(bare[0])
    name = _name(phrase if phrase.strip() else comment)
    return (name, address) if name or address else None


def _name(text: str) -> str:
    """Decode and clean a display name; quotes that mailers put around quotes go."""
    name = headers.clean(headers.words(text), headers.MAX_NAME)
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1].strip()
    return name


def _address(text: str) -> str:
    """Clean what stood in angle brackets: no white space, no source route, no `mailto:`, no encoded word around it."""
    address = headers.clean(headers.words(text), _MAX_ADDRESS)
    if address.startswith('"') and '"@' in address:
        return address
    address = address.replace(" ", "").strip("'\"<>")
    if address.lower().startswith("mailto:"):
        address = address[7:]
    if address.startswith("@") and ":" in address:
        address = address.rpartition(":")[2]
    return address


class _Scanner:
    """One pass over an address list; yields (phrase, what stood in angle brackets, comment) for each entry."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._phrase: list[str] = []
        self._comment: list[str] = []
        self._angle: str | None = None
        self._commas = 0
        self._open: set[str] = set()
        """Marks whose end is missing: looked for once, not again for each of ten thousand."""

    def pieces(self) -> list[tuple[str, str | None, str]]:
        """Return every entry of the list."""
        text, at = self._text, 0
        found: list[tuple[str, str | None, str]] = []
        while at < len(text) and len(found) <= MAX_ADDRESSES:
            mark = _MARK.search(text, at)
            if mark is None:
                self._phrase.append(text[at:])
                break
            self._phrase.append(text[at : mark.start()])
            at = self._step(mark[0], mark.end())
            if self._ends(mark[0]):
                found.append(self._flush())
        found.append(self._flush())
        return [piece for piece in found if piece[0].strip() or piece[1] is not None or piece[2]]

    def _step(self, char: str, at: int) -> int:
        """Deal with one special character; return where to go on."""
        if char == '"' and char not in self._open:
            return self._quoted(at)
        if char == "(" and char not in self._open:
            return self._commented(at)
        if char == "<":
            return self._angled(at)
        if char == "\\":
            self._phrase.append(self._text[at : at + 1])
            return at + 1
        if char == ":":
            # The name of a group (`undisclosed-recipients:;`) goes; any other colon belongs to the name.
            if self._text.find(";", at) >= 0:
                self._phrase.clear()
            else:
                self._phrase.append(":")
        return at

    def _ends(self, char: str) -> bool:
        """Tell whether a separator ends the entry: a comma inside an unquoted name (`Li, Ming <a@b>`) does not."""
        if char not in _SEPARATORS:
            return False
        if self._angle is not None or char in ";\uff1b" or self._commas >= _MAX_COMMAS:
            return True
        phrase = "".join(self._phrase)
        if "@" in phrase or not phrase.strip():
            return True
        self._commas += 1
        self._phrase.append(char)
        return False

    def _quoted(self, at: int) -> int:
        """Take a quoted string into the phrase; without an end quote the quote is an ordinary character."""
        out, text = [], self._text
        begin = at
        while at < len(text):
            char = text[at]
            if char == "\\" and at + 1 < len(text):
                out.append(text[at + 1])
                at += 2
                continue
            if char == '"':
                local = text[at + 1 : at + 2] == "@"
                self._phrase.append(f'"{"".join(out)}"' if local else "".join(out))
                return at + 1
            out.append(char)
            at += 1
        self._open.add('"')
        return begin

    def _commented(self, at: int) -> int:
        """Take a comment, nested or not, without recursion; without an end it is an ordinary character."""
        depth, begin = 1, at
        while at < len(self._text):
            char = self._text[at]
            if char == "\\":
                at += 2
                continue
            depth += (char == "(") - (char == ")")
            at += 1
            if depth == 0:
                self._comment.append(self._text[begin : at - 1])
                return at
        self._open.add("(")
        return begin

    def _angled(self, at: int) -> int:
        """Take what stands in angle brackets; the last pair of an entry counts."""
        end = self._text.find(">", at)
        if end < 0:
            end = len(self._text)
        if self._angle is not None and self._angle.strip():
            self._phrase.append(f" {self._angle} ")
        inside = self._text[at:end]
        self._angle = inside.rpartition("<")[2]
        return end + 1

    def _flush(self) -> tuple[str, str | None, str]:
        """Return the entry collected so far and begin the next."""
        piece = "".join(self._phrase), self._angle, " ".join(self._comment)
        self._phrase, self._comment, self._angle, self._commas = [], [], None, 0
        return piece
