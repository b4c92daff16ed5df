"""What a fax server says of faxes it was handed: its notify script, its job files, and never the same fax twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from fax_doubles import MemoryDesk
from hypothesis import given
from hypothesis import strategies as st

from contactd.channels.fax import build, hylafax, spool
from contactd.channels.fax.channel import FaxChannel
from contactd.core.channel import Outgoing

JOB = "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
WHYS = [
    "done",
    "failed",
    "rejected",
    "blocked",
    "requeued",
    "removed",
    "killed",
    "timedout",
    "format_failed",
    "no_formatter",
]
"""Words of notify(8C), without those of polling."""


def qfile(state: int = 6, tag: str = JOB, status: str = "", **more: str) -> str:
    """Write a job file as HylaFAX does; `state` and the others as in sendq(5F)."""
    fields = {
        "tts": "0",
        "killtime": "1795320000",
        "state": str(state),
        "npages": "1",
        "totpages": "3",
        "tottries": "2",
        "jobid": "4711",
        "jobtag": tag,
        "number": "037160135900",
        "mailaddr": "fax@localhost",
        "status": status,
        "!tiff": "0::docq/doc1.tif",
    }
    return "".join(f"{name}:{value}\n" for name, value in (fields | more).items())


def lay(root: Path, queue: str, number: int, text: str) -> Path:
    """Put a job file into HylaFAX's spool."""
    file = root / queue / f"q{number}"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.fixture
def hyla(tmp_path: Path) -> Path:
    root = tmp_path / "hylafax"
    for queue in ("sendq", "doneq"):
        (root / queue).mkdir(parents=True)
    return root


@pytest.fixture
def desk(tmp_path: Path) -> MemoryDesk:
    return MemoryDesk(tmp_path / "data")


@pytest.fixture
def channel(desk: MemoryDesk, hyla: Path) -> FaxChannel:
    command = [sys.executable, "-c", "raise SystemExit(1)"]
    made = build("fax", {"gateways": {"gw": {"send_command": command, "hylafax_spool": str(hyla)}}}, desk)
    made._taking = True
    return made


@pytest.mark.parametrize(
    ("state", "became"),
    [
        (1, "delayed"),
        (2, "sent"),
        (3, "retrying"),
        (4, "sent"),
        (5, "sent"),
        (6, "sent"),
        (7, "delivered"),
        (8, "failed"),
        (0, "sent"),
        (99, "sent"),
    ],
)
def test_each_state_of_a_job_says_what_became_of_the_fax(state: int, became: str) -> None:
    assert hylafax.read(qfile(state)).became == became


@pytest.mark.parametrize("word", WHYS)
def test_each_word_of_the_notify_script_is_understood(word: str) -> None:
    wanted = {"done": "delivered", "requeued": "retrying", "blocked": "delayed"}.get(word, "failed")
    assert hylafax.became(word) == wanted


def test_a_job_file_is_read() -> None:
    job = hylafax.read(qfile(3, status="Busy signal detected; \\\ntoo many attempts to dial"))
    assert (job.tag, job.number, job.sent, job.pages, job.tries) == (JOB, "4711", 1, 3, 2)
    assert job.detail() == "job 4711: Busy signal detected; too many attempts to dial, 1 of 3 pages, 2 tries"


@given(st.text())
def test_any_text_is_a_job_file(text: str) -> None:
    job = hylafax.read(text)
    assert job.became in {"sent", "delivered", "failed", "retrying", "delayed"}
    assert all(c.isprintable() for c in job.detail("x\n"[:1]))


async def test_what_hylafax_says_reaches_the_house_and_is_kept_until_it_does(
    channel: FaxChannel, desk: MemoryDesk, hyla: Path
) -> None:
    for word, state in (("requeued", 3), ("done", 7)):
        file = lay(hyla, "doneq", 1, qfile(state, status="No carrier detected" if word == "requeued" else ""))
        assert spool.notify(desk.data_dir, file, word, ["0:42", "10:15"]) == JOB
    desk.follows = "early"
    await channel.empty_spool()
    assert len(spool.notices(spool.folder(desk.data_dir))) == 2
    desk.follows, desk.followed_by = "followed", []
    await channel.empty_spool()
    assert sorted(desk.followed_by) == [
        (JOB, "delivered", "job 4711: done, 1 of 3 pages, 2 tries"),
        (JOB, "retrying", "job 4711: No carrier detected, 1 of 3 pages, 2 tries"),
    ]
    assert list(spool.folder(desk.data_dir).iterdir()) == []


def test_a_job_of_somebody_else_is_passed_over(desk: MemoryDesk, hyla: Path) -> None:
    assert spool.notify(desk.data_dir, lay(hyla, "doneq", 1, qfile(tag="")), "done") is None
    assert spool.notify(desk.data_dir, lay(hyla, "doneq", 2, qfile(tag="../../etc/passwd")), "done") is None
    assert spool.notify(desk.data_dir, lay(hyla, "doneq", 3, qfile()), "nonsense") is None
    assert spool.notices(spool.folder(desk.data_dir)) == []


def test_a_job_file_that_is_none_is_an_error(desk: MemoryDesk, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(b"x" * 100_000)
    link = tmp_path / "link"
    link.symlink_to(big)
    for file in (tmp_path / "missing", tmp_path, big, link):
        with pytest.raises(spool.SpoolError):
            spool.notify(desk.data_dir, file, "done")


async def test_a_file_that_is_no_notice_is_set_aside(channel: FaxChannel, desk: MemoryDesk) -> None:
    place = spool.folder(desk.data_dir)
    place.mkdir(parents=True)
    for n, content in enumerate((b"{", b"[]", b'{"job": "x"}', b"\xff")):
        (place / f"{n}.job").write_bytes(content)
    await channel.empty_spool()
    assert len(list((place / "bad").iterdir())) == 4
    assert desk.followed_by == []


async def test_jobs_are_compared_with_hylafaxs_own_files(channel: FaxChannel, desk: MemoryDesk, hyla: Path) -> None:
    other = JOB.replace("0190", "0191")
    lay(hyla, "sendq", 12, qfile(3, tag=other, status="Busy"))
    lay(hyla, "doneq", 11, qfile(7))
    lay(hyla, "doneq", 13, qfile(8, tag="somebody"))
    lay(hyla, "sendq", 14, "")
    (hyla / "sendq" / "seqf").write_text("15")
    desk.handed = [JOB, other]
    await channel.compare()
    assert [(job, became) for job, became, _ in desk.followed_by] == [(other, "retrying"), (JOB, "delivered")]


async def test_a_spool_that_cannot_be_read_is_no_disaster(desk: MemoryDesk, tmp_path: Path) -> None:
    made = build("fax", {"gateways": {"gw": {"hylafax_spool": str(tmp_path / "nowhere")}}}, desk)
    desk.handed = [JOB]
    await made.compare()
    assert desk.followed_by == []


@pytest.mark.parametrize(("queue", "state"), [("sendq", 6), ("doneq", 7), ("doneq", 8)])
async def test_a_fax_that_hylafax_has_is_not_handed_over_again(
    channel: FaxChannel, hyla: Path, queue: str, state: int
) -> None:
    """The server died after handing it over and before writing that down."""
    again = Outgoing(
        id=JOB,
        interaction="i",
        message="m",
        attempt=2,
        payload=b"{}",
        meta={"number": "+8637160135900", "gateway": "gw"},
    )
    lay(hyla, queue, 4711, qfile(state))
    delivery = await channel.deliver(again)
    assert (delivery.status, delivery.provider_id) == ("sent", "4711")


async def test_a_fax_that_hylafax_does_not_have_is_handed_over(channel: FaxChannel, hyla: Path) -> None:
    lay(hyla, "sendq", 1, qfile(tag="somebody-else"))
    payload = b'{"v": 1, "text": "hi", "files": []}'
    meta = {"number": "+8637160135900", "gateway": "gw"}
    delivery = await channel.deliver(
        Outgoing(id=JOB, interaction="i", message="m", attempt=2, payload=payload, meta=meta)
    )
    assert delivery.status == "retry"  # the command was run: it exits 1
