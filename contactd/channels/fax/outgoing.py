"""A fax that leaves: the agent's text and files, fixed when it is queued, drawn as a G4 TIFF when it is sent.

`compose` runs where agents wait for it and only checks; `render` draws and runs in a worker process.  What `render` makes of
a payload is always the same.
"""

from __future__ import annotations

import base64
import io
import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont, ImageOps

from contactd.channels.fax import pdf, tiff
from contactd.core.errors import BadRequestError
from contactd.core.message import NewAttachment

WIDTH, HEIGHT, DPI = 1728, 2292, (204.0, 196.0)
"""A4 in fine resolution (ITU-T T.4)."""
MAX_TEXT = 20_000
MAX_PAGES = 100
MAX_BYTES = 20 * 1024 * 1024
FONT_PACKAGE = "fonts-noto-cjk"
FONTS = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc", 0),
)
"""Fonts with Chinese letters where distributions put them, and the face inside the file (2 = simplified Chinese)."""

_MARGIN = 120
_SIZE = 36
_LEADING = 54
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
_BUILT_IN = frozenset("“”‘’…«»·™")  # noqa: RUF001 - the very quotation marks
_PLAIN = str.maketrans({"–": "-", "—": "-", "•": "*", "\u00a0": " ", "\u202f": " "})
"""What European texts use beside letters, as the built-in font can draw it."""
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def pack(text: str, attachments: tuple[NewAttachment, ...]) -> bytes:
    """Return the payload of a fax.

    Raises:
        BadRequestError: it is empty or too large, a file is of a kind that cannot be faxed, or letters cannot be drawn here.
    """
    if not text.strip() and not attachments:
        message = "a fax needs a text or a file"
        raise BadRequestError(message, field="text")
    if len(text) > MAX_TEXT:
        message = f"a fax's text has at most {MAX_TEXT} characters"
        raise BadRequestError(message, field="text")
    if sum(len(file.data) for file in attachments) > MAX_BYTES:
        message = f"the files of a fax have at most {MAX_BYTES // 1024 // 1024} MB"
        raise BadRequestError(message, field="attachments")
    if needs_font(text) and letters_font() is None:
        message = f"this text cannot be drawn: install a font with its letters (package {FONT_PACKAGE})"
        raise BadRequestError(message, code="no_font", field="text")
    for file in attachments:
        _check(file)
    files = [base64.b64encode(file.data).decode() for file in attachments]
    return json.dumps({"v": 1, "text": text, "files": files}, ensure_ascii=False).encode("utf-8", "replace")


def _check(file: NewAttachment) -> None:
    """Refuse a file that cannot be drawn.

    Raises:
        BadRequestError: with what to do about it.
    """
    if pdf.is_pdf(file.data):
        if not pdf.can_draw():
            message = f"PDF cannot be faxed here: install the package {pdf.PACKAGE}, or attach TIFF or PNG"
            raise BadRequestError(message, code="no_pdf", field="attachments")
    elif not (tiff.is_tiff(file.data) or file.data.startswith((_PNG, _JPEG))):
        message = "only TIFF, PDF, PNG and JPEG can be faxed"
        raise BadRequestError(message, code="bad_file", field="attachments")


def needs_font(text: str) -> bool:
    """Tell whether `text` has letters beyond those the built-in font draws: hardly more than ASCII."""
    return any(not c.isascii() and c not in _BUILT_IN and c.isprintable() for c in text.translate(_PLAIN))


def letters_font() -> tuple[str, int] | None:
    """Return the file and face of an installed font with Chinese (and all European) letters; None when there is none."""
    return next(((path, face) for path, face in FONTS if Path(path).is_file()), None)


class RenderError(Exception):
    """The fax cannot be drawn; it never can, so there is no use in trying again."""


def render(payload: bytes) -> bytes:
    """Draw a payload as a multi-page G4 TIFF.

    Raises:
        RenderError: a file in it is broken or too large, or there are too many pages.
    """
    packed: dict[str, Any] = json.loads(payload)
    pages = list(_text_pages(str(packed["text"]))) if packed["text"].strip() else []
    for file in packed["files"]:
        pages += _file_pages(base64.b64decode(file))
        if len(pages) > MAX_PAGES:
            message = f"more than {MAX_PAGES} pages"
            raise RenderError(message)
    out = io.BytesIO()
    pages[0].save(out, "TIFF", compression="group4", dpi=DPI, save_all=True, append_images=pages[1:])
    return out.getvalue()


def _text_pages(text: str) -> Iterator[Image.Image]:
    """Draw text on as many pages as it needs."""
    font = _font(text)
    if not needs_font(text):
        text = text.translate(_PLAIN)
    lines = [line for paragraph in text.expandtabs(4).splitlines() for line in _wrap(paragraph, font)]
    per_page = (HEIGHT - 2 * _MARGIN) // _LEADING
    for first in range(0, min(len(lines), per_page * MAX_PAGES), per_page):
        page = Image.new("L", (WIDTH, HEIGHT), 255)
        pen = ImageDraw.Draw(page)
        for number, line in enumerate(lines[first : first + per_page]):
            pen.text((_MARGIN, _MARGIN + number * _LEADING), line, font=font, fill=0)
        yield page.point(lambda grey: 255 if grey > 150 else 0).convert("1", dither=Image.Dither.NONE)  # noqa: PLR2004 - ink


def _font(text: str) -> Font:
    """Return a font that has the letters of `text`.

    Raises:
        RenderError: it was there when the fax was queued and is gone.
    """
    if not needs_font(text):
        return ImageFont.load_default(_SIZE)
    found = letters_font()
    if found is None:
        message = f"no font for this text: install {FONT_PACKAGE}"
        raise RenderError(message)
    return ImageFont.truetype(found[0], _SIZE, index=found[1])


def _wrap(paragraph: str, font: Font) -> Iterator[str]:
    """Break a paragraph into lines: between words where there are any, anywhere in Chinese and in what is too long."""
    room = WIDTH - 2 * _MARGIN
    line, used = "", 0.0
    for word in _words(paragraph):
        width = font.getlength(word)
        if used + width > room and line:
            yield line.rstrip()
            line, used = "", 0.0
            word = word.lstrip()  # noqa: PLW2901 - a line does not begin with a space
        while font.getlength(word) > room:
            cut = _fitting(word, font, room)
            yield word[:cut]
            word = word[cut:]  # noqa: PLW2901 - the rest of it goes on
        line += word
        used += font.getlength(word)
    yield line.rstrip()


def _fitting(word: str, font: Font, room: float) -> int:
    """Return how many characters of an endless word fit on a line."""
    used = 0.0
    for number, char in enumerate(word):
        used += font.getlength(char)
        if used > room:
            return max(1, number)
    return len(word)


def _words(paragraph: str) -> Iterator[str]:
    """Yield pieces that stay together: words with the space behind them, wide letters one by one."""
    held = ""
    for char in paragraph:
        if unicodedata.category(char).startswith("C"):
            continue
        if unicodedata.east_asian_width(char) in "WF":
            if held:
                yield held
            yield char
            held = ""
            continue
        held += char
        if char == " ":
            yield held
            held = ""
    if held:
        yield held


def _file_pages(data: bytes) -> list[Image.Image]:
    """Draw a file's pages in fax width.

    Raises:
        RenderError: it is broken or too large.
    """
    if tiff.is_tiff(data):
        drawn, error = tiff.pages(data)
        if error is not None:
            raise RenderError(error.reason)
        return [_fit(Image.open(io.BytesIO(page.png))) for page in drawn]
    if pdf.is_pdf(data):
        images = pdf.images(data, MAX_PAGES + 1)
        if not images:
            message = "the PDF cannot be drawn"
            raise RenderError(message)
        return [_fit(image) for image in images]
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            fits = image.width * image.height <= tiff.MAX_PIXELS // 3
            pages = [_fit(ImageOps.exif_transpose(image))] if fits else []
    except RenderError:
        raise
    except Exception as error:  # on broken files Pillow raises almost anything
        message = "a picture cannot be read"
        raise RenderError(message) from error
    if not pages:
        message = "a picture is too large"
        raise RenderError(message)
    return pages


def _fit(image: Image.Image) -> Image.Image:
    """Return a picture as a black and white page: as wide as a fax, see-through parts white, greys as dots."""
    if image.mode in {"RGBA", "LA", "P"}:
        seen = image.convert("RGBA")
        paper = Image.new("RGBA", seen.size, "white")
        image = Image.alpha_composite(paper, seen)
    grey = image.convert("L")
    height = max(1, round(grey.height * WIDTH / grey.width * DPI[1] / DPI[0]))
    if height > 4 * HEIGHT:
        message = "a picture is too long for a page"
        raise RenderError(message)
    return grey.resize((WIDTH, height), Image.Resampling.LANCZOS).convert("1")
