"""Pages for customers, made of the templates in this folder: every value is escaped, a name nobody gave is an error."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request

LANGUAGES = ("zh", "en")
TEMPLATES = Path(__file__).parent / "templates"


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(template: str, language: str, **values: Any) -> str:
    """Return a page."""
    return _templates().get_template(template).render(language=language, **values)


def wanted(request: Request, fallback: str) -> str:
    """Return the first language the browser wants and we have (RFC 9110, 12.5.4, in the order given), else `fallback`."""
    for part in request.headers.get("accept-language", "")[:200].split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return fallback
