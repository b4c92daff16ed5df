"""All REST routes in one application."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI

from contactd.api import (
    announcements,
    approvals,
    arrivals,
    campaigns,
    cases,
    commerce,
    connectors,
    errors,
    exports,
    fields,
    files,
    floor,
    handovers,
    health,
    identity,
    imports,
    interactions,
    knowledge,
    links,
    merges,
    outbox,
    parties,
    points,
    privacy,
    promises,
    prompts,
    recordings,
    reference,
    report_seals,
    reports,
    retention,
    reviews,
    scorecards,
    search,
    segments,
    senders,
    session,
    sources,
    surveys,
    tasks,
    teams,
    texts,
    webhooks,
    writebacks,
)
from contactd.api.answers import PROBLEMS
from contactd.api.parts import Parts

ABOUT = (
    "Contacts over every channel, the customers they come from and the agents who answer them. "
    "Programs send a bearer token; errors are problem documents; lists page by cursor; "
    "unsafe calls may carry an Idempotency-Key."
)


MODULES = (
    session,
    interactions,
    identity,
    arrivals,
    merges,
    points,
    fields,
    links,
    parties,
    search,
    segments,
    cases,
    commerce,
    campaigns,
    connectors,
    knowledge,
    promises,
    tasks,
    teams,
    floor,
    handovers,
    outbox,
    senders,
    texts,
    announcements,
    approvals,
    files,
    imports,
    exports,
    privacy,
    retention,
    webhooks,
    writebacks,
    recordings,
    prompts,
    sources,
    surveys,
    scorecards,
    reviews,
    report_seals,
    reports,
    health,
    reference,
)
"""Where routes stand, in the order the reference shows them."""


def build(parts: Parts) -> FastAPI:
    """Make the application; further routes may be added to it."""
    app = FastAPI(
        title="contactd",
        description=ABOUT,
        version=parts.version or "1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.parts = parts
    app.state.describing = asyncio.Lock()
    errors.install(app)
    for module in MODULES:
        app.include_router(module.router, responses=PROBLEMS)
    return app
