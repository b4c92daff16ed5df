"""The text of a mail as it comes in after DATA: where it ends, how much room it takes, and the dots undone.

It ends at `<CR><LF>.<CR><LF>` and nowhere else, and is kept byte for byte: a bare line feed is content.
"""

from __future__ import annotations

from contactd.channels.email.door import Door

_END = b"\r\n.\r\n"


class Text:
    """One mail's text; `release` gives back the room it holds at the door.

    A mail that is too large, or for which there is no room, is read to its end all the same and then refused.
    """

    def __init__(self, door: Door) -> None:
        """Begin."""
        self.refusal = ""
        """Why it cannot be taken."""
        self.rest = b""
        """What the client said behind its end."""
        self._door = door
        self._text = bytearray(b"\r\n")
        self._end = -1
        self._received = self._held = 0
        self._began = door.monotonic()

    def feed(self, chunk: bytes) -> bool:
        """Take what came; True when the text is whole."""
        text = self._text
        self._received += len(chunk)
        seen = max(len(text) - len(_END) + 1, 0)
        text += chunk
        self._end = text.find(_END, seen)
        if self._end >= 0:
            self.rest = bytes(text[self._end + len(_END) :])
            self._received -= len(self.rest)
            self._refuse_large()
            return True
        self._refuse_large()
        if self.refusal:
            del text[: -len(_END)]
        elif self._door.hold(len(chunk)):
            self._held += len(chunk)
        else:
            self.refusal = "452 4.3.1 no room for mail, try again later"
        return False

    def too_slow(self) -> bool:
        """Tell whether the client drips it in to hold the connection."""
        return self._door.too_slow(self._received, self._began)

    def unstuffed(self) -> bytes:
        """Return the text before its end with the dots undone that the client doubled (RFC 5321 section 4.5.2)."""
        # Where the text begins with the end of data, its two line ends are one and the same.
        body = bytes(self._text[: self._end + 2]) if self._end else b"\r\n"
        return body.replace(b"\r\n.", b"\r\n")[2:]

    def release(self) -> None:
        """Give its room back; again does no harm."""
        self._door.release(self._held)
        self._held = 0

    def _refuse_large(self) -> None:
        if not self.refusal and self._received > self._door.limits.message_bytes + len(_END):
            self.refusal = "552 5.3.4 mail too large"


def has_long_line(text: bytes, limit: int) -> bool:
    """Tell whether a line is longer than `limit` bytes."""
    at = 0
    while len(text) - at > limit:
        end = text.rfind(b"\n", at, at + limit)
        if end < 0:
            return True
        at = end + 1
    return False
