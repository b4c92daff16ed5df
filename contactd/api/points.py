"""Contact points by hand: whose they are not, what kind they are, and whose one contact is."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from contactd.api import shapes
from contactd.api.answers import Shape, gives
from contactd.api.parts import Ident, PartsOf, answer, may
from contactd.core.errors import ConflictError, NotFoundError
from contactd.core.interaction import TERMINAL_STATES
from contactd.crm_store import audit, claims, contact_rows, customer, identify_rows, interactions
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.rights import Actor
from contactd.desk.stream import text

router = APIRouter(prefix="/api/v1", tags=["customers"])


class Described(BaseModel):
    """What kind of address a contact point is."""

    model_config = ConfigDict(extra="ignore")
    shared: bool | None = None
    line_type: Literal["mobile", "fixed", "tollfree", "short", "privacy", "voip"] | None = None


class Reason(BaseModel):
    """Why somebody wants to see a number."""

    model_config = ConfigDict(extra="ignore")
    reason: Annotated[str, StringConstraints(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Revealed(Shape):
    """An address as it is."""

    kind: str
    value: str
    display: str


class Moved(BaseModel):
    """Whose a contact is, or whose it is not."""

    model_config = ConfigDict(extra="ignore")
    party: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    claim: Literal["add", "move", "none"] = "none"
    deny: bool = False
    """It is not this customer's, and the address it came from is not, either."""


@router.delete("/parties/{ident}/points/{point}", status_code=204, summary="An address is not this customer's")
async def unclaim(parts: PartsOf, ident: Ident, point: Ident, actor: Annotated[Actor, may("party.edit")]) -> Response:
    """End the customer's claim on a contact point; what is only mined later does not bring it back."""
    now = parts.clock.now()

    def unit(conn: WriteConn) -> bool:
        ended = claims.unclaim(conn, point, ident, now=now, denied_by=actor.id)
        if ended:
            audit.note(conn, actor.id, "party.unclaim", ("party", ident), now, point=point)
        return ended

    if not await parts.store.write(unit):
        message = "This is no address of the customer."
        raise NotFoundError(message)
    return Response(status_code=204)


@router.patch("/points/{point}", status_code=204, summary="Say what kind of address it is")
async def describe(
    parts: PartsOf, point: Ident, given: Described, actor: Annotated[Actor, may("party.edit")]
) -> Response:
    """Mark a switchboard as shared, or a lent number as nobody's (`line_type` privacy: its claims end)."""
    now = parts.clock.now()

    def unit(conn: WriteConn) -> bool:
        known = claims.describe(conn, point, shared=given.shared, line_type=given.line_type, now=now)
        if known:
            audit.note(conn, actor.id, "point.describe", ("point", point), now, **given.model_dump(exclude_unset=True))
        return known

    if not await parts.store.write(unit):
        message = "There is no such address."
        raise NotFoundError(message)
    return Response(status_code=204)


@router.post("/points/{ident}/reveal", summary="See one number as it is", responses=gives(Revealed))
async def reveal(parts: PartsOf, ident: Ident, given: Reason, actor: Annotated[Actor, may("point.reveal")]) -> Response:
    """Show one address unmasked; who asked and why stands in the audit log before it is shown."""
    now = parts.clock.now()

    def unit(conn: WriteConn) -> dict[str, str] | None:
        found = contact_rows.point_by_id(conn.connection, ident)
        if found is None:
            return None
        detail = {"reason": given.reason}
        entry = audit.Entry(actor=actor.id, action="point.reveal", object_kind="point", object_id=ident, detail=detail)
        audit.append(conn, entry, now)
        return {"kind": found.kind, "value": found.value, "display": found.display or found.raw}

    shown = await parts.store.write(unit)
    if shown is None:
        message = "There is no such address."
        raise NotFoundError(message)
    return Response(text(shown), headers={"cache-control": "no-store"}, media_type="application/json")


@router.post("/interactions/{ident}/party", summary="Move a contact that is over", responses=gives(shapes.CustomerHead))
async def move(parts: PartsOf, ident: Ident, given: Moved, actor: Annotated[Actor, may("party.move")]) -> Response:
    """Say whose a contact was; one that is still open is confirmed or denied on the console socket."""
    now, ids = parts.clock.now(), (parts.idents.new(), parts.idents.new())
    found = await parts.store.read(lambda conn: interactions.get(conn, ident))
    if found["state"] not in TERMINAL_STATES:
        message = "This contact is still open: whoever has it says whose it is."
        raise ConflictError(message, code="open")

    def unit(conn: WriteConn) -> bool:
        if given.deny:
            identify_rows.deny(conn, ident, given.party, actor=actor.id, now=now)
            return True
        done = identify_rows.move(
            conn,
            ident,
            given.party,
            claim=given.claim,
            ids=ids,
            node=parts.store.node,
            actor=actor.id,
            now=now,
            routed=False,
        )
        return done is not None

    if not await parts.store.write(unit):
        message = "There is no such customer."
        raise NotFoundError(message, field="party")
    return answer(await parts.store.read(lambda conn: customer.of_interaction(conn, ident)))
