"""Rows of the past taken over: contacts, cases and business records of another system, each known again by its number there.

They are history: on the timeline, in lists and in the index of words.  No fact is written, no stay in a line, no clock, no task:
the router, the rules and the figures never hear of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from sqlalchemy import bindparam, select

from contactd.core.errors import ContactdError
from contactd.core.newcomer import Problem
from contactd.core.past import ARTICLE, CASE, CONTACT, RECORD, RECORDING, Past
from contactd.crm_store import past_articles, past_cases, past_contacts, past_recordings, past_records
from contactd.crm_store import schema as s
from contactd.crm_store.import_rows import ERROR, Errand, Outcome, TriedOutError
from contactd.crm_store.statements import hot, insert
from contactd.crm_store.write_conn import WriteConn

_row = s.import_row.c
_THERE = hot(
    select(_row.n, _row.status, _row.object_id, _row.reasons).where(
        _row.job_id == bindparam("job"), _row.n >= bindparam("first"), _row.n <= bindparam("last")
    )
)
_NOTE = hot(insert(s.import_row))
TAKE: Mapping[str, Callable[[WriteConn, Past, Errand, Outcome], Problem | None]] = {
    CONTACT: past_contacts.take,
    CASE: past_cases.take,
    RECORD: past_records.take,
    RECORDING: past_recordings.take,
    ARTICLE: past_articles.take,
}
"""Each takes one row over, fills in what became of it, and returns why it cannot be, before anything is written."""


def take_over(conn: WriteConn, records: Sequence[Past], errand: Errand) -> list[Outcome]:
    """Take over some rows, in the order of the file, and note what became of each; a second run finds the first.

    Raises:
        ConflictError: another node takes over the same at this moment (code `crossed`); the same unit may be run again.
    """
    there = dealt_with(conn, errand.job, [record.number for record in records])
    outcomes = []
    for record in records:
        outcome = there.get(record.number)
        if outcome is None:
            outcome = _decide(conn, record, errand)
            note(conn, record.kind, outcome, errand)
        outcomes.append(outcome)
    return outcomes


def dealt_with(conn: WriteConn, job: str, numbers: Sequence[int]) -> dict[int, Outcome]:
    """Return what became of those of some rows that were dealt with before."""
    rows = conn.all(_THERE, job=job, first=min(numbers), last=max(numbers))
    return {row.n: Outcome(row.n, row.status, object=row.object_id, reasons=list(row.reasons)) for row in rows}


def try_out(conn: WriteConn, records: Sequence[Past], errand: Errand) -> NoReturn:
    """Take over some rows, and take that back.

    Raises:
        TriedOutError: always; it says what would have become of each row.
    """
    raise TriedOutError([_decide(conn, record, errand) for record in records])


def _decide(conn: WriteConn, record: Past, errand: Errand) -> Outcome:
    outcome = Outcome(record.number, ERROR, reasons=[str(problem) for problem in record.problems])
    if record.problems:
        return outcome
    if record.at is not None and record.at > errand.at:
        outcome.reasons = [str(Problem("at", "in_future", record.at.isoformat()[:19]))]
        return outcome
    try:
        problem = TAKE[record.kind](conn, record, errand, outcome)
    except ContactdError as error:
        if error.code == "crossed":
            raise
        problem = Problem(error.field or "", error.code, error.text[:80])
    if problem is not None:
        outcome.status, outcome.reasons = ERROR, [str(problem)]
    return outcome


def note(conn: WriteConn, kind: str, outcome: Outcome, errand: Errand) -> None:
    """Write down what became of a row."""
    conn.run(
        _NOTE,
        job_id=errand.job,
        n=outcome.number,
        status=outcome.status,
        object_id=outcome.object,
        reasons=outcome.reasons,
        changed=outcome.changed,
        made={**outcome.made, "kind": kind},
        row_version=outcome.version,
    )
