"""Which customers a list shows: what may be asked, as the query says it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_Word = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Chosen(BaseModel):
    """Which customers are listed."""

    model_config = ConfigDict(extra="ignore")
    kind: _Word | None = None
    lifecycle: _Word | None = None
    owner: _Word | None = None
    """`me` for one's own."""
    team: _Word | None = None
    vip: Annotated[int, Field(ge=0, le=3)] | None = None
    """At least."""
    tag: _Word | None = None
    role: _Word | None = None
    segment: _Word | None = None
    """Customers who count to it by the policy's conditions (`GET /segments`)."""
    value_class: _Word | None = None
    """A | B | C by what they are worth."""
    contact_class: _Word | None = None
    """A | B | C by how often and how lately they were in touch."""
    field: Annotated[list[_Word], Field(max_length=20)] = []
    """Each `key:value`, of filterable fields."""
    complaints: bool = False
    """With open complaints."""
    quiet_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """Nothing heard from them for so long."""
    contract_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """Their service contract ends within so long, and none goes on."""

    def filters(self, me: str) -> dict[str, Any]:
        """Return what is asked, under the store's names."""
        given = self.model_dump(exclude_none=True, exclude={"field"})
        return given | {"fields": self.field} | ({"owner": me} if self.owner == "me" else {})
