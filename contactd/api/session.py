"""Log-in, log-out, who am I, another password; tokens for programs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from contactd.api import shapes
from contactd.api.answers import gives
from contactd.api.parts import Ident, PartsOf, actor_of, answer, may, parts_of
from contactd.core.errors import NotFoundError
from contactd.crm_store import access_rows, audit
from contactd.crm_store.audit import Entry
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.access import IDLE, UnauthorizedError
from contactd.desk.rights import Actor, authorize, reached

router = APIRouter(prefix="/api/v1", tags=["log-in"])

_Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Password = Annotated[str, StringConstraints(min_length=1, max_length=1024, pattern=r"^[^\x00]+$")]


class Credentials(BaseModel):
    """Name and password."""

    model_config = ConfigDict(extra="ignore")
    username: _Name
    password: _Password


class NewPassword(BaseModel):
    """The password so far and the one from now on."""

    model_config = ConfigDict(extra="ignore")
    old: _Password
    new: _Password


class NewToken(BaseModel):
    """A token for a program."""

    model_config = ConfigDict(extra="ignore")
    name: _Name
    scopes: list[_Name] = Field(min_length=1, max_length=20)
    agent: _Name | None = None


@router.post("/session", status_code=204, summary="Log in")
async def log_in(request: Request, given: Credentials) -> Response:
    """Check name and password; the answer sets the session's cookie."""
    access = parts_of(request).access
    client = request.client.host if request.client else ""
    access.welcome(request.headers, client)
    agent = request.headers.get("user-agent", "")
    before = request.cookies.get(access.cookie)
    ticket = await access.log_in(given.username, given.password, ip=client, user_agent=agent, before=before)
    response = Response(status_code=204)
    response.set_cookie(
        access.cookie,
        ticket.secret,
        max_age=round(IDLE.total_seconds()),
        path="/",
        secure=access.secure,
        httponly=True,
        samesite="lax",
    )
    return response


@router.delete("/session", status_code=204, summary="Log out")
async def log_out(request: Request) -> Response:
    """End the session; without one nothing happens.  The browser forgets what it has kept of ours."""
    access = parts_of(request).access
    response = Response(status_code=204, headers={"clear-site-data": '"cache"', "cache-control": "no-store"})
    response.delete_cookie(access.cookie, path="/", secure=access.secure, httponly=True, samesite="lax")
    try:
        actor = await actor_of(request)
    except UnauthorizedError:
        return response
    if actor.scopes is None:
        await access.log_out(actor)
    return response


@router.get("/me", summary="Who am I", responses=gives(shapes.Me))
async def me(parts: PartsOf, actor: Annotated[Actor, may("me.read")]) -> Response:
    """Return the actor's own AgentView with `username`, `languages` and, for a token, `scopes`."""
    view = dict(parts.views.me(actor.id))
    view |= {"name": actor.name or view["name"], "role": actor.role, "languages": list(actor.languages)}
    view |= {"username": actor.username or view["username"]}
    view |= {"rights": reached(actor)}
    view |= {"scopes": sorted(actor.scopes) if actor.scopes is not None else None}
    return answer(view)


@router.post("/me/password", status_code=204, summary="Change the own password")
async def change_password(
    request: Request,
    parts: PartsOf,
    given: NewPassword,
    actor: Annotated[Actor, may("me.read")],
) -> Response:
    """Change the password; every session of the account ends, this one too."""
    authorize(actor, "password.change", [actor.id])
    client = request.client.host if request.client else ""
    await parts.access.prove(actor, given.old, ip=client)
    await parts.access.change_password(actor.id, given.new)
    return Response(status_code=204)


@router.post("/tokens", status_code=201, summary="Make a token")
async def add_token(parts: PartsOf, given: NewToken, actor: Annotated[Actor, may("token.manage")]) -> Response:
    """Return the token; it is shown this once."""
    token = await parts.access.add_token(given.name, given.scopes, agent=given.agent, by=actor.id)
    return answer({"name": given.name, "scopes": sorted(set(given.scopes)), "token": token}, 201)


@router.delete("/tokens/{name}", status_code=204, summary="End a token")
async def end_token(parts: PartsOf, name: Ident, actor: Annotated[Actor, may("token.manage")]) -> Response:
    """Let a token hold no longer."""
    now = parts.clock.now()
    gone = Entry(actor=actor.id, action="token.end", object_kind="token", detail={"name": name})

    def unit(conn: WriteConn) -> bool:
        ended = access_rows.revoke_token(conn, name, now)
        if ended:
            audit.append(conn, gone, now)
        return ended

    if not await parts.store.write(unit):
        message = "There is no such token."
        raise NotFoundError(message)
    return Response(status_code=204)
