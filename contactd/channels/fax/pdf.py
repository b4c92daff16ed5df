"""PDF beside fax: page images by poppler's `pdftoppm`, where that is installed."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from PIL import Image

PACKAGE = "poppler-utils"
_SECONDS = 15


def is_pdf(data: bytes) -> bool:
    """Tell whether `data` is a PDF: its mark may stand behind a few bytes of rubbish."""
    return b"%PDF-" in data[:1024]


def can_draw() -> bool:
    """Tell whether pages can be drawn on this machine."""
    return shutil.which("pdftoppm") is not None


def images(data: bytes, last: int) -> list[Image.Image]:
    """Draw the pages up to `last` in grey; an empty list when the file or the machine does not allow it."""
    program = shutil.which("pdftoppm")
    if program is None:
        return []
    with tempfile.TemporaryDirectory(prefix="contactd-fax-") as folder:
        source = Path(folder) / "in.pdf"
        source.write_bytes(data)
        command = [program, "-gray", "-l", str(last), "-scale-to-x", "1728", "-scale-to-y", "-1"]
        try:
            subprocess.run(  # noqa: S603 - a fixed command, no shell, our own file name
                [*command, str(source), str(Path(folder) / "page")],
                check=True,
                timeout=_SECONDS,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
            return [Image.open(page).copy() for page in sorted(Path(folder).glob("page*"))[:last]]
        except (OSError, ValueError, subprocess.SubprocessError):
            return []
