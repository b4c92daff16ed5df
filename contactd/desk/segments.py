"""Segments of customers as people change them: a new version of the policy, which everybody in the house then goes by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contactd.clock import Clock
from contactd.core.errors import BadRequestError, ConfigError, ConflictError, NotFoundError
from contactd.core.events import PolicyPublished
from contactd.core.segmenting import Segment
from contactd.crm_store import audit, inbox_rows, policies
from contactd.crm_store.audit import Entry
from contactd.crm_store.policies import Version
from contactd.crm_store.store import Store, WriteConn
from contactd.desk.idents import Idents
from contactd.routing.policy import Policy

TRIES = 3
"""How often it is begun anew because somebody published another version meanwhile."""
_PATH = "policy.customers.segments"


def mark(segment: Segment) -> str:
    """Return what stands for a segment as it is now: who changes another one than they saw is told so."""
    return policies.digest(_row(segment.label, [one.as_json() for one in segment.conditions]))[:16]


class Segments:
    """Puts segments into the policy, changes them, and takes them out."""

    def __init__(self, store: Store, clock: Clock, idents: Idents, *, from_file: bool = False) -> None:
        """Publish in `store`; with `from_file` the policy is a file's and nothing is changed here."""
        self._store = store
        self._clock = clock
        self._idents = idents
        self._from_file = from_file

    async def put(
        self,
        key: str,
        label: Mapping[str, str],
        conditions: list[dict[str, Any]],
        *,
        version: str | None,
        actor: str,
    ) -> Policy:
        """Let a segment be so; return the policy that rules from now on.

        Args:
            key: its name.
            label: language → what it is called.
            conditions: each `{field, op: value}`, as a policy writes them.
            version: `mark` of what the author saw; None = a new one.
            actor: who does it.

        Raises:
            BadRequestError: a condition is wrong (`field` names it).
            ConflictError: it is not what the author saw (`segment_changed`), there is one of that key (`segment_exists`), or the
                policy is a file's (`policy_in_file`).
        """
        return await self._publish(key, _row(label, conditions), version, actor)

    async def drop(self, key: str, *, version: str | None, actor: str) -> Policy:
        """Take a segment out; return the policy that rules from now on.

        Raises:
            NotFoundError: there is none.
            ConflictError: rules go by it (`segment_used`); and as with `put`.
        """
        return await self._publish(key, None, version, actor)

    async def _publish(self, key: str, row: dict[str, Any] | None, version: str | None, actor: str) -> Policy:
        if self._from_file:
            message = "The policy is a file (policy.source): change it there."
            raise ConflictError(message, code="policy_in_file")
        for left in reversed(range(TRIES)):
            before = await self._store.read(policies.current)
            if before is None:
                message = "Nothing is published yet."
                raise NotFoundError(message)
            document = _changed(before.document, key, row)
            if policies.digest(document) == before.digest and row is not None:
                return Policy.from_mapping(document)  # as it is: sent twice
            _check(Policy.from_mapping(before.document), key, row, version)
            policy = _read(document, key, row)
            try:
                await self._write(before, document, key, actor)
            except ConflictError:
                if not left:
                    raise
            else:
                return policy
        raise AssertionError

    async def _write(self, before: Version, document: dict[str, Any], key: str, actor: str) -> None:
        now, fact = self._clock.now(), self._idents.new()

        def unit(conn: WriteConn) -> None:
            new = policies.publish(conn, document, now=now, actor=actor, note=f"segment {key}", based_on=before.version)
            if new.version == before.version:
                return
            published = PolicyPublished(version=new.version, policy=new.document)
            inbox_rows.tell(conn, published, ident=fact, node=self._store.node, now=now)
            entry = Entry(
                actor=actor,
                action="policy.publish",
                object_kind="policy",
                object_id=str(new.version),
                detail={"segment": key},
            )
            audit.append(conn, entry, now)

        await self._store.write(unit)


def _check(policy: Policy, key: str, row: dict[str, Any] | None, version: str | None) -> None:
    there = policy.customers.segments.get(key)
    if there is None and row is None:
        message = "There is no such segment."
        raise NotFoundError(message)
    if there is not None and row is not None and version is None:
        message = "There is a segment of this key."
        raise ConflictError(message, code="segment_exists", field="key")
    if (None if there is None else mark(there)) != version:
        message = "Somebody changed it meanwhile."
        raise ConflictError(message, code="segment_changed")


def _changed(document: Mapping[str, Any], key: str, row: dict[str, Any] | None) -> dict[str, Any]:
    customers = dict(document.get("customers") or {})
    segments = {name: one for name, one in (customers.get("segments") or {}).items() if name != key or row is not None}
    if row is not None:
        segments[key] = row
    return {**document, "customers": {**customers, "segments": segments}}


def _read(document: Mapping[str, Any], key: str, row: dict[str, Any] | None) -> Policy:
    try:
        return Policy.from_mapping(document)
    except ConfigError as error:
        if row is None:
            message = f"Rules go by this segment: {error}"
            raise ConflictError(message, code="segment_used") from error
        path = (error.field or "").removeprefix(f"{_PATH}.{key}.").replace("all", "conditions", 1)
        raise BadRequestError(str(error), field=path) from error


def _row(label: Mapping[str, str], conditions: list[dict[str, Any]]) -> dict[str, Any]:
    return {"label": {name: text for name, text in label.items() if text}, "all": conditions}
