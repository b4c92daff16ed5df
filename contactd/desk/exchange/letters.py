"""Mails of another program taken over: read by the channel's own reader in a worker, kept with their originals, threaded."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from contactd.clock import Clock, to_ms
from contactd.core.address import email
from contactd.core.channel import Content, Reader
from contactd.core.errors import ConflictError, WorkerDiedError
from contactd.core.interaction import Direction
from contactd.core.newcomer import Problem, TakeOver
from contactd.core.party import Point
from contactd.crm_store import import_jobs, past_mails
from contactd.crm_store.import_held import CROSSED
from contactd.crm_store.import_rows import CREATED, UNCHANGED, Errand, Outcome, TriedOutError
from contactd.crm_store.past_mails import OldMail
from contactd.crm_store.store import Store
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.exchange.batches import WEIGHT
from contactd.desk.exchange.mail_file import Letter, files_of, letters
from contactd.desk.idents import Idents
from contactd.desk.intake import INLINE
from contactd.desk.parts import Parts
from contactd.desk.reading import read_group

GROUP = 16
"""Mails of one worker call and of one unit, at most."""
GROUP_BYTES = 1024 * 1024
ROWS = 10
"""Rows of the store that a mail takes beside its files."""
CROSSINGS = 3
_CHUNK = 1024 * 1024

Work = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Whose mails they are, and how they are read."""

    channel: str
    reader: Reader
    work: Work
    own: frozenset[str] = frozenset()
    """Addresses and domains of the house, in small letters: what comes from them went out."""
    system: str = "import"


class Letters:
    """Takes over mails."""

    def __init__(self, store: Store, clock: Clock, idents: Idents, by: str, post: Post) -> None:
        """Work on `store` in the name of `by`."""
        self._store = store
        self._clock = clock
        self._idents = idents
        self._by = by
        self._post = post
        self._parts = Parts(store.blobs, idents)

    async def try_out(self, path: Path, show: Callable[[Outcome], None], name: str = "") -> dict[str, int]:
        """Say what would become of each mail, and change nothing; return status → mails.

        Raises:
            BadRequestError: it is no file of mails.
        """
        counts = Counter[str]()
        seen: set[str] = set()
        async for group in _groups(path, name):
            mails = [await self._mail(letter, content, keep=False) for letter, content in await self._read(group)]
            try:
                await self._store.write(partial(past_mails.try_out, mails=mails, errand=self._errand("")), bulk=True)
            except TriedOutError as tried:
                outcomes = tried.outcomes
            for mail, outcome in zip(mails, outcomes, strict=True):
                if outcome.status == CREATED and mail.key in seen:
                    outcome.status = UNCHANGED
                seen.add(mail.key)
                counts[outcome.status] += 1
                show(outcome)
        return dict(counts)

    async def run(self, path: Path, show: Callable[[Outcome], None], name: str = "") -> tuple[str, dict[str, int]]:
        """Take over every mail that can be; return the import's id and status → mails.  What was cut short is gone on with.

        Raises:
            BadRequestError: it is no file of mails.
            ConflictError: the same was taken over already.
        """
        job = await self.begin(path, name)
        done = await self._store.read(lambda conn: import_jobs.taken(conn, job))
        async for group in _groups(path, name):
            left = [letter for letter in group if letter.number not in done]
            if left:
                mails = [await self._mail(letter, content, keep=True) for letter, content in await self._read(left)]
                for unit in _units(mails):
                    for outcome in await self._taken(unit, job):
                        show(outcome)
        now = self._clock.now()
        return job, await self._store.write(lambda conn: import_jobs.finish(conn, job, now))

    async def begin(self, path: Path, name: str = "") -> str:
        """Begin to take mails over, or find what was cut short; return the import's id.

        Raises:
            ConflictError: the same was taken over already.
        """
        options = {"object": "mails", "own": sorted(self._post.own), "system": self._post.system}
        job = import_jobs.Job(
            id=self._idents.new(),
            file_name=name or path.name,
            digest=await asyncio.to_thread(_digest, path),
            format="mails",
            encoding="",
            fingerprint="mails",
            mapping={},
            options=options,
            by=self._by,
        )
        now = self._clock.now()
        return await self._store.write(lambda conn: import_jobs.begin(conn, job, now))

    async def _taken(self, mails: Sequence[OldMail], job: str) -> list[Outcome]:
        """Write a unit; one that crossed another node's is written again, and then finds what was written there."""
        unit: Callable[[WriteConn], list[Outcome]] = partial(
            past_mails.take_over, mails=mails, errand=self._errand(job)
        )
        for _ in range(CROSSINGS):
            try:
                return await self._store.write(unit, bulk=True)
            except ConflictError as error:
                if error.code != CROSSED:
                    raise
        return await self._store.write(unit, bulk=True)

    def _errand(self, job: str) -> Errand:
        now = self._clock.now()
        new_id = partial(self._idents.made_at, to_ms(now))
        return Errand(job=job, options=TakeOver(system=self._post.system), by=self._by, at=now, new_id=new_id)

    async def _read(self, group: list[Letter]) -> list[tuple[Letter, Content | None]]:
        """Read mails in a worker; where it dies each is read by itself, and one it dies of is left out."""
        envelope: Mapping[str, Any] = {}
        try:
            made = await self._post.work(read_group, self._post.reader, [(one.raw, envelope) for one in group])
        except WorkerDiedError:
            made = [await self._alone(letter) for letter in group]
        return list(zip(group, made, strict=True))

    async def _alone(self, letter: Letter) -> Content | None:
        try:
            (made,) = await self._post.work(read_group, self._post.reader, [(letter.raw, {})])
        except WorkerDiedError:
            return None
        return made if isinstance(made, Content) else None

    async def _mail(self, letter: Letter, content: Content | None, *, keep: bool) -> OldMail:
        """Make a mail ready for its unit; with `keep` its bytes lie in the blob store."""
        digest = hashlib.sha256(letter.raw).hexdigest()
        bare: dict[str, Any] = {"number": letter.number, "channel": self._post.channel, "digest": digest}
        if letter.too_large:
            return OldMail(**bare, at=None, problems=(Problem("mail", "too_long", ""),))
        if content is None or content.quarantine or not content.messages:
            return OldMail(
                **bare, at=None, problems=(Problem("mail", "damaged", content.quarantine or "" if content else ""),)
            )
        said = content.messages[0]
        at = said.sent_at or letter.postmark
        direction, customer = self._whose(content)
        problems = () if at is not None else (Problem("date", "missing", ""),)
        if at is not None and at > self._clock.now():
            problems = (Problem("date", "in_future", at.isoformat()[:19]),)
        kept = keep and not problems
        return OldMail(
            **bare,
            at=at,
            direction=direction,
            customer=customer,
            identity=said.provider_id or "",
            content=content,
            sayings=await self._parts.sayings(content) if kept else (),
            raw=await self._raw(letter.raw) if kept else None,
            problems=problems,
        )

    async def _raw(self, raw: bytes) -> dict[str, Any]:
        inline = len(raw) <= INLINE
        blob = None if inline else await self._store.blobs.store(raw)
        return {"size": len(raw), "inline": raw if inline else None, "blob": blob, "envelope": {}}

    def _whose(self, content: Content) -> tuple[Direction, Point | None]:
        """Tell whether it came or went, and which customer it is about: who wrote it, else the first stranger it went to."""
        if content.sender is None or not self._is_own(content.sender.value):
            return Direction.INBOUND, content.sender
        to = [found for _, _, address in content.messages[0].recipients if (found := email(address)) is not None]
        return Direction.OUTBOUND, next((one for one in to if not self._is_own(one.value)), None)

    def _is_own(self, address: str) -> bool:
        return address in self._post.own or address.rpartition("@")[2] in self._post.own


async def _groups(path: Path, name: str) -> AsyncIterator[list[Letter]]:
    """Read mails in a thread, a few at a time."""
    found = letters(path, name)
    while group := await asyncio.to_thread(_some, found):
        yield group


def _units(mails: list[OldMail]) -> Iterator[list[OldMail]]:
    """Part mails so that no unit writes more rows than a bulk unit may."""
    unit: list[OldMail] = []
    weight = 0
    for mail in mails:
        heavy = ROWS + sum(len(saying.attachments) for saying in mail.sayings)
        if unit and weight + heavy > WEIGHT:
            yield unit
            unit, weight = [], 0
        unit.append(mail)
        weight += heavy
    yield unit


def _some(found: Iterator[Letter]) -> list[Letter]:
    first = next(found, None)
    group: list[Letter] = []
    size = 0
    for letter in chain(() if first is None else (first,), found if first is not None else ()):
        group.append(letter)
        size += len(letter.raw)
        if len(group) >= GROUP or size >= GROUP_BYTES:
            break
    return group


def _digest(path: Path) -> str:
    """Return by what the same mails are known: all their bytes, in their order."""
    found = hashlib.sha256()
    for one in files_of(path) if path.is_dir() else [path]:
        with one.open("rb") as file:
            while chunk := file.read(_CHUNK):
                found.update(chunk)
    return found.hexdigest()


def own_of(given: Sequence[str], configured: Sequence[str]) -> frozenset[str]:
    """Return the house's own addresses and domains, in the form they are compared in."""
    return frozenset(one.strip().lstrip("@").casefold() for one in (*given, *configured) if one.strip())
