"""The reference: OpenAPI as JSON, and a plain page made of it that needs nothing from elsewhere."""

from __future__ import annotations

import asyncio
from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from contactd.api.parts import answer

router = APIRouter(include_in_schema=False)

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}"
    "code,b{font-family:ui-monospace,monospace}h2{border-bottom:1px solid #ddd;margin-top:2.5rem}"
    "article{margin:1rem 0;padding:.5rem 1rem;border:1px solid #ddd;border-radius:6px}b{color:#0958d9}"
    "ul{margin:.3rem 0}p{margin:.3rem 0}small{color:#666}"
    "@media(prefers-color-scheme:dark){body{background:#141414;color:#ddd}article,h2{border-color:#444}b{color:#69b1ff}}"
)
CSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


@router.get("/api/v1/openapi.json")
async def openapi(request: Request) -> Response:
    """Return the OpenAPI document."""
    return answer(await _document(request.app))


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Return the reference as a page."""
    document = _page(await _document(request.app))
    return Response(document, headers={"content-security-policy": CSP}, media_type="text/html; charset=utf-8")


async def _document(app: FastAPI) -> dict[str, Any]:
    """Make the document once, beside the loop: it takes seconds, and calls and consoles do not wait for a reader."""
    async with app.state.describing:
        return await asyncio.to_thread(app.openapi)


def _page(document: dict[str, Any]) -> str:
    """Write every operation by its tag."""
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation.get("tags", ["other"])[0], []).append(_operation(path, method, operation))
    body = "".join(f"<h2>{escape(tag)}</h2>{''.join(parts)}" for tag, parts in groups.items())
    title = f"{escape(document['info']['title'])} {escape(document['info']['version'])}"
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{title}</title><style>{_STYLE}</style><h1>{title}</h1>"
        f"<p>{escape(document['info'].get('description', ''))}</p>"
        f"<p>For programs: <a href=/api/v1/openapi.json>openapi.json</a></p>{body}</html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    names = [
        f"<li><code>{escape(one['name'])}</code> <small>{escape(one['in'])}{', required' if one.get('required') else ''}"
        f"</small></li>"
        for one in operation.get("parameters", [])
    ]
    body = "<li><small>a JSON body, see openapi.json</small></li>" if "requestBody" in operation else ""
    return (
        f"<article><p><b>{escape(method.upper())}</b> <code>{escape(path)}</code></p>"
        f"<p>{escape(operation.get('summary', ''))}. {escape(operation.get('description', ''))}</p>"
        f"<ul>{''.join(names)}{body}</ul></article>"
    )
