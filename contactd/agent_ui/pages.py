"""The console's files: the built page at /console and its assets, with a policy under which only they may run."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

STATIC = Path(__file__).parent / "static"

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'{also}; frame-src 'self' blob:; worker-src 'self' blob:; "
    "media-src 'self' data: blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""The styles of the component library are made at run time: hence 'unsafe-inline' for styles, and for nothing else."""
CSP = _CSP.format(also="")
"""Where no channel needs more."""
ASSETS = "assets"
FOR_EVER = "public, max-age=31536000, immutable"
"""Assets have a digest in their name."""
PACKED = ".gz"
"""What the build puts beside an asset that is worth it: the same, compressed."""

_UNBUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>contactd</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}</style>
<h1>The console is not built yet</h1>
<p>The server runs; the page agents work with is made from its source once, with Node 20 or newer:</p>
<pre>make console</pre>
<p>or, by hand:</p>
<pre>cd contactd/agent_ui/web &amp;&amp; npm ci &amp;&amp; npm run build</pre>
<p><code>make run</code> does it by itself. The wheel comes with the console built.</p></html>"""


def routes(static: Path = STATIC, connects: tuple[str, ...] = ()) -> list[Route]:
    """Return the routes of the console's files in `static`; the page may connect to us, and to what is in `connects`."""
    csp = _CSP.format(also="".join(f" {each}" for each in connects))

    async def home(_request: Request) -> Response:
        return RedirectResponse("/console", 307)

    async def page(_request: Request) -> Response:
        return _index(static, csp)

    async def file(request: Request) -> Response:
        path = request.path_params["path"]
        found = _find(static, path)
        if found is not None and path.startswith(f"{ASSETS}/"):
            return _asset(static, path, found, request)
        if found is not None:
            return FileResponse(found, headers={"cache-control": "no-cache"})
        # Every other address is a page of the console's own router.
        return Response(status_code=404) if path.startswith(f"{ASSETS}/") else _index(static, csp)

    return [
        Route("/", home, methods=["GET"]),
        Route("/console", page, methods=["GET"]),
        Route("/console/{path:path}", file, methods=["GET"]),
    ]


def _index(static: Path, csp: str) -> Response:
    """Return the console's page, or how to build it."""
    index = static / "index.html"
    if not index.is_file():
        return HTMLResponse(_UNBUILT, 503, {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"})
    return FileResponse(index, headers={"content-security-policy": csp, "cache-control": "no-cache"})


def _asset(static: Path, path: str, found: Path, request: Request) -> Response:
    """Return an asset, compressed where the build made it so and the browser takes it."""
    headers = {"cache-control": FOR_EVER}
    packed = _find(static, path + PACKED)
    if packed is None:
        return FileResponse(found, headers=headers)
    # Said of both forms: a cache between must not hand the one to who asked for the other.
    headers["vary"] = "accept-encoding"
    if not _takes_gzip(request.headers.get("accept-encoding", "")):
        return FileResponse(found, headers=headers)
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return FileResponse(packed, headers=headers | {"content-encoding": "gzip"}, media_type=kind)


def _takes_gzip(accepted: str) -> bool:
    """Tell whether gzip is among the encodings, and not by `q=0`."""
    for one in accepted.split(","):
        name, _, weight = one.partition(";")
        if name.strip().lower() == "gzip":
            return weight.replace(" ", "").lower().rstrip("0") not in {"q=", "q=0."}
    return False


def _find(static: Path, path: str) -> Path | None:
    """Return a file below `static`; None for anything else, `..` and links out of it included."""
    if not path or "\x00" in path:
        return None
    try:
        found = (static / path).resolve()
        inside = found.is_relative_to(static.resolve()) and found.is_file()
    except (OSError, ValueError):
        return None
    return found if inside else None
