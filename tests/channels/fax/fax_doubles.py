"""Faxes as fax servers write them, and a desk that keeps them in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw
from starlette.routing import Route

from contactd.core.channel import Arrival, Content, Receipt
from contactd.core.errors import ContactdError


def page(number: int = 1, *, width: int = 1728, height: int = 1144) -> Image.Image:
    """Draw a page: a frame, its number, and a rule that tells left from right."""
    image = Image.new("1", (width, height), 1)
    pen = ImageDraw.Draw(image)
    pen.rectangle((40, 40, width - 40, height - 40), outline=0, width=4)
    pen.line((60, 60, width // 2, height // 2), fill=0, width=9)
    for line in range(min(40, number * 8)):
        pen.text((100, 100 + line * 20), f"Order {number}-{line}: 12 pieces, please confirm by return fax", fill=0)
    return image


def tiff(
    pages: int = 1, *, compression: str = "group4", dpi: tuple[float, float] | None = (204, 98), height: int = 1144
) -> bytes:
    """Return a multi-page fax TIFF."""
    images = [page(number, height=height) for number in range(1, pages + 1)]
    out = io.BytesIO()
    more: dict[str, Any] = {"dpi": dpi} if dpi else {}
    images[0].save(out, "TIFF", compression=compression, save_all=True, append_images=images[1:], **more)
    return out.getvalue()


class StillClock:
    """Time that stands."""

    def now(self) -> datetime:
        return datetime(2026, 11, 20, 9, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


class MemoryDesk:
    """The house as the fax channel sees it."""

    def __init__(self, data_dir: Path) -> None:
        self.clock = StillClock()
        self.data_dir = data_dir
        self.policy_lines: Callable[[], dict[str, Any]] = dict
        self.routes: list[Route] = []
        self.trouble: ContactdError | None = None
        self.arrivals: list[Arrival] = []
        self.before_commit: Callable[[], None] = lambda: None
        self.follows = "followed"
        self.followed_by: list[tuple[str, str, str]] = []
        self.handed: list[str] = []

    async def accept(self, arrival: Arrival, content: Content | None = None) -> Receipt:
        assert content is None
        self.before_commit()
        if self.trouble is not None:
            raise self.trouble
        for number, known in enumerate(self.arrivals):
            if (known.adapter, known.external_key) == (arrival.adapter, arrival.external_key):
                return Receipt(id=f"r{number}", interaction=f"i{number}", duplicate=True)
        self.arrivals.append(arrival)
        return Receipt(id=f"r{len(self.arrivals) - 1}", interaction=f"i{len(self.arrivals) - 1}")

    async def followed(self, outgoing: str, became: str, detail: str) -> str:
        self.followed_by.append((outgoing, became, detail))
        return self.follows

    async def handed_over(self) -> list[str]:
        return self.handed

    async def work(self, task: Callable[..., Any], *args: Any) -> Any:
        return task(*args)

    def spawn(self, coroutine: Any, name: str) -> None:
        coroutine.close()

    def route(self, method: str, path: str, handler: Any) -> None:
        self.routes.append(Route(path, handler, methods=[method]))
