"""Is it alive, does it take work, what does it count."""

from __future__ import annotations

from fastapi import APIRouter, Response

from contactd.api.parts import PartsOf, answer

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Alive")
async def alive() -> Response:
    """Answer as long as the event loop turns."""
    return answer({"status": "ok"})


@router.get("/readyz", summary="Takes work")
async def ready(parts: PartsOf) -> Response:
    """Answer 200, or 503 with the reasons."""
    reasons = await parts.ready()
    return answer({"status": "unready" if reasons else "ready", "reasons": reasons}, 503 if reasons else 200)


@router.get("/metrics", summary="Figures for Prometheus")
async def metrics(parts: PartsOf) -> Response:
    """Return every figure in Prometheus' text form."""
    return Response(parts.metrics(), headers={"content-type": parts.metrics_type})
