"""Fax pages: from the TIFF a fax server writes to images a browser shows, in bounded time and memory.

Runs in a worker process.  Faxes have oblong pixels (204x98 dots per inch in normal resolution, ITU-T T.4): shown as they
are, a page is half as high as it was.
"""

from __future__ import annotations

import io
import os
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageSequence, TiffImagePlugin

MAX_PAGES = 500
MAX_PIXELS = 100_000_000
"""Of one page, before and after its shape is put right."""
MAX_TOTAL_PIXELS = 1_500_000_000
MAX_TOTAL_PNG = 128 * 1024 * 1024
_SHOWN_WIDTH = 2000
"""Wider pages are shrunk: twice the width of a fax page serves no screen."""
_FAX_WIDTH = 1728
_NORMAL_ROWS = 1400
"""A page of 1728 columns and fewer rows than this was sent in normal resolution, whatever its tags say or leave out."""
_NORMAL_RATIO = 196 / 98
_STRIP_OFFSETS, _STRIP_BYTES = 273, 279
_MODES = {"1": 1, "L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4, "YCbCr": 3}
"""Kinds of pixels that are drawn, and the bytes one takes in memory."""


class TiffError(Exception):
    """The file cannot be shown; `reason` says why in a few words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Page:
    """One page as PNG."""

    png: bytes
    width: int
    height: int


def is_tiff(data: bytes) -> bool:
    """Tell whether `data` begins as a TIFF does."""
    return data[:4] in {b"II*\0", b"MM\0*"}


def pages(data: bytes) -> tuple[list[Page], TiffError | None]:
    """Draw every page of a TIFF.

    Returns:
        The pages that could be drawn, from the first, and why the next could not; None when all were.
    """
    drawn: list[Page] = []
    total = size = 0
    with _quiet():
        try:
            for image in _frames(data):
                total += _check(image)
                if not _is_whole(image, len(data)):
                    return drawn, TiffError(f"page {len(drawn) + 1} is cut off")
                if len(drawn) == MAX_PAGES or total > MAX_TOTAL_PIXELS or size > MAX_TOTAL_PNG:
                    return drawn, TiffError(f"more than {len(drawn)} pages of this size are not shown")
                drawn.append(draw(image))
                size += len(drawn[-1].png)
            complete = _chain_ends(data, len(drawn))
        except TiffError as error:
            return drawn, error
        except Exception:  # noqa: BLE001 - on hostile files Pillow raises almost anything
            return drawn, TiffError(f"page {len(drawn) + 1} cannot be read")
    if not complete:
        # Pillow takes a link to a page that was cut off for the end of the file.
        return drawn, TiffError(f"page {len(drawn) + 1} is missing")
    return drawn, None if drawn else TiffError("no page in the file")


def _chain_ends(data: bytes, pages: int) -> bool:
    """Tell whether the file's chain of directories ends after so many pages, as it should (TIFF 6.0 section 2)."""
    order = "<" if data[:2] == b"II" else ">"
    link = 4
    for _ in range(pages):
        (start,) = struct.unpack_from(f"{order}I", data, link)
        (entries,) = struct.unpack_from(f"{order}H", data, start)
        link = start + 2 + 12 * entries
        if start == 0 or link + 4 > len(data):
            return False
    return len(data) >= link + 4 and struct.unpack_from(f"{order}I", data, link) == (0,)


def _frames(data: bytes) -> Iterator[TiffImagePlugin.TiffImageFile]:
    """Yield the pages as they stand in the file, none of them decoded yet."""
    with TiffImagePlugin.TiffImageFile(io.BytesIO(data)) as image:
        for _ in ImageSequence.Iterator(image):
            yield image


def _check(image: Image.Image) -> int:
    """Return the pixels of a page that may be decoded.

    Raises:
        TiffError: it is too large or of a kind no fax has.
    """
    pixels = image.width * image.height
    depth = _MODES.get(image.mode)
    if depth is None:
        reason = "its pixels are of a kind no fax has"
        raise TiffError(reason)
    if pixels == 0 or pixels * depth > MAX_PIXELS:
        reason = f"a page of {image.width}x{image.height} is too large"
        raise TiffError(reason)
    return pixels


def _is_whole(image: TiffImagePlugin.TiffImageFile, size: int) -> bool:
    """Tell whether a page's data lies within the file: a decoder may paint what is missing white."""
    starts, lengths = image.tag_v2.get(_STRIP_OFFSETS, ()), image.tag_v2.get(_STRIP_BYTES, ())
    return all(start + length <= size for start, length in zip(starts, lengths, strict=False))


def draw(image: Image.Image) -> Page:
    """Return a page as PNG with square pixels, at most a little over fax width.

    Raises:
        TiffError: put right, it would be too large.
    """
    width, height = image.width, image.height
    across, along = resolution(image)
    if along < across:
        height = round(height * across / along)
    elif across < along:
        width = round(width * along / across)
    if width > _SHOWN_WIDTH:
        width, height = _SHOWN_WIDTH, max(1, round(height * _SHOWN_WIDTH / width))
    if width * height > MAX_PIXELS:
        reason = f"a page of {width}x{height} is too large"
        raise TiffError(reason)
    shown = image if image.mode == "1" else image.convert("L")
    if (width, height) != image.size:
        shrinks = width < image.width or height < image.height
        shown = (
            shown.convert("L").resize((width, height), Image.Resampling.BOX)
            if shrinks
            else shown.resize((width, height))
        )
    out = io.BytesIO()
    shown.save(out, "PNG", optimize=False)
    return Page(out.getvalue(), width, height)


def resolution(image: Image.Image) -> tuple[float, float]:
    """Return dots per inch across and along, or the usual ones where the file says nothing believable."""
    dpi = image.info.get("dpi")
    try:
        across, along = (float(dpi[0]), float(dpi[1])) if dpi else (0.0, 0.0)
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        across = along = 0.0
    believable = 30 <= across <= 2400 and 30 <= along <= 2400 and 0.25 <= across / along <= 4  # noqa: PLR2004 - of scanners
    if believable and across != along:
        return across, along
    if image.width == _FAX_WIDTH and image.height < _NORMAL_ROWS and not believable:
        return _NORMAL_RATIO, 1.0
    return 1.0, 1.0


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow and libtiff (which writes to standard error itself) from telling of every defect of a hostile file.

    Pillow's own idea of a bomb is set aside: ours is stricter.
    """
    limit = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = None
    said = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = limit
        os.dup2(said, 2)
        os.close(said)
        os.close(nowhere)
