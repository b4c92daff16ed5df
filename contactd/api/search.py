"""One box over customers, what was said, and cases."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from contactd.api.answers import Shape, gives
from contactd.api.narrowing import refuse_guessing
from contactd.api.parts import Filter, Looking, PartsOf, answer, looks
from contactd.crm_store import facet_rows, search_hits, sight
from contactd.desk.rights import sees

router = APIRouter(prefix="/api/v1", tags=["customers"])


class Hit(Shape):
    """Something that was found; `…_marks` are the [begin, end] places that matched."""

    kind: str
    id: str
    title: str
    title_marks: list[list[int]]
    snippet: str
    snippet_marks: list[list[int]]
    at: str | None
    party_id: str | None
    party_name: str


class Hits(Shape):
    """What was found."""

    items: list[Hit]


@router.get("/search", summary="Search customers, cases and what was said", responses=gives(Hits))
async def search(
    parts: PartsOf,
    looking: Annotated[Looking, looks("search", "search")],
    q: Annotated[str, Query(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")],
    kind: Filter = None,
    segment: Filter = None,
    limit: Annotated[int, Query(ge=1, le=search_hits.MOST)] = 10,
) -> Response:
    """Return the likeliest hits of each kind (`kind=party,message` asks for some), `segment` of those customers only."""
    kinds = kind.split(",") if kind else search_hits.KINDS
    acl, levels = sees(looking.actor), looking.actor.levels
    seen = sight.documents(looking.actor.sight, parts.clock.now())
    if segment is not None:
        refuse_guessing(looking.actor, {"segment": segment})
        inside = facet_rows.within(facet_rows.SEGMENT, segment)
        seen = {kind: [*seen.get(kind, ()), *of_kind] for kind, of_kind in inside.items()}

    def read(conn: Any) -> list[dict[str, Any]]:
        return search_hits.search(
            conn,
            q,
            kinds=kinds,
            acl=acl,
            limit=limit,
            guarded=looking.actor.masked,
            addresses_guarded=levels.addresses,
            seen=seen,
            unseen=levels.unseen if levels.veils_fields else None,
        )

    items = await parts.store.read(read)
    looking.saw_all(dict.fromkeys(item["id"] for item in items))
    return answer({"items": items})
