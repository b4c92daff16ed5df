"""What HylaFAX says of a fax we handed it: job files, and the words its notify script is called with.

A job file (sendq(5F), doneq(5F)) has lines `tag:value`; ours carries our own id as `jobtag` (`sendfax -i`).  It lies in `sendq`
while the job is tried and in `doneq` afterwards.  The words of notify(8C) say what happened to a job just now.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

MAX_BYTES = 64 * 1024
QUEUES = ("sendq", "doneq")
STATES = {
    1: "suspended",
    2: "pending",
    3: "sleeping",
    4: "blocked",
    5: "ready",
    6: "active",
    7: "done",
    8: "failed",
}
"""The field `state` of a job file."""
_OF_STATE = {"done": "delivered", "failed": "failed", "suspended": "delayed", "sleeping": "retrying"}
_OF_WORD = {
    "done": "delivered",
    "requeued": "retrying",
    "blocked": "delayed",
    "failed": "failed",
    "rejected": "failed",
    "removed": "failed",
    "killed": "failed",
    "timedout": "failed",
    "format_failed": "failed",
    "no_formatter": "failed",
    "poll_rejected": "failed",
    "poll_no_document": "failed",
    "poll_failed": "failed",
}
"""Word of notify(8C) → what became of our message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job of HylaFAX's, as far as we need it."""

    tag: str
    """Our id of the fax; empty when somebody else sent it."""
    number: str
    """HylaFAX's own job number."""
    state: int
    status: str
    """What it says itself: `Busy signal detected`; empty while all is well."""
    sent: int
    pages: int
    tries: int
    """Calls that got through to a fax machine, or were to."""

    @property
    def became(self) -> str:
        """What became of our message by it: delivered | failed | retrying | delayed | sent (it is in their hands)."""
        return _OF_STATE.get(STATES.get(self.state, ""), "sent")

    def detail(self, word: str = "") -> str:
        """Say it in one line, for the agent."""
        said = self.status or word or STATES.get(self.state, "")
        pages = f", {self.sent} of {self.pages} pages" if self.pages else ""
        tries = f", {self.tries} tries" if self.tries > 1 else ""
        return f"job {self.number}: {said}{pages}{tries}"


def became(word: str) -> str | None:
    """Return what a word of notify(8C) means for our message, None for one that nobody knows."""
    return _OF_WORD.get(word)


def read(text: str) -> Job:
    """Read a job file; what is missing or no number counts as nothing."""
    found: dict[str, str] = {}
    for line in text.replace("\\\n", "").splitlines():
        tag, colon, value = line.partition(":")
        if colon:
            found.setdefault(tag.strip(), "".join(c for c in value.strip() if c.isprintable())[:200])
    return Job(
        tag=found.get("jobtag", ""),
        number=found.get("jobid", ""),
        state=_number(found.get("state")),
        status=found.get("status", ""),
        sent=_number(found.get("npages")),
        pages=_number(found.get("totpages")),
        tries=_number(found.get("tottries")),
    )


def load(path: Path) -> Job:
    """Read a job file.

    Raises:
        OSError: it cannot be read, or is no regular file of reasonable size.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as source:
        facts = os.fstat(source.fileno())
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > MAX_BYTES:
            text = "no job file"
            raise OSError(text)
        return read(source.read(MAX_BYTES).decode("utf-8", "replace"))


def jobs(spool: Path, wanted: Collection[str]) -> Iterator[Job]:
    """Yield the jobs of ours among `wanted`, those that are over last: what is moved meanwhile is seen at its end.

    Raises:
        OSError: HylaFAX's spool cannot be read.
    """
    for queue in QUEUES:
        for entry in sorted((spool / queue).iterdir()):
            if not entry.name.startswith("q") or not entry.name[1:].isdecimal():
                continue
            try:
                job = load(entry)
            except OSError:  # it went on to the next queue just now
                continue
            if job.tag in wanted:
                yield job


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004 - what fits
