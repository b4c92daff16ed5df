"""The short way for usual commands: nobody can tell it from the long one, however their bytes are cut."""

from __future__ import annotations

import asyncio
import re
from random import Random
from typing import Any

import pytest

from contactd.channels.email.swift import Swift
from tests.channels.email.doubles import Tools
from tests.channels.email.test_smtp_in import MAIL, Open, session

LINES = (
    *(b"MAIL FROM:<a@kunde.example>", b"mail from:<a@kunde.example> SIZE=40 BODY=8BITMIME", b"MAIL FROM:<>"),
    *(b"MAIL FROM:<a@kunde.example> SIZE=99999999999", b"MAIL FROM: <a@kunde.example>", b"MAIL FROM:<a b@c>"),
    *(b"MAIL FROM:<a@kunde.example> SIZE=1 SIZE=2", b"MAIL FROM:<a@kunde.example> SMTPUTF8"),
    *(b"RCPT TO:<support@example.com>", b"rcpt to:<support@example.com>", b"RCPT TO:<x@elsewhere.example>"),
    *(b"RCPT TO:<postmaster>", b"RCPT TO:<support@example.com> NOTIFY=NEVER", b"RCPT TO:<\xff@example.com>"),
    *(b"DATA", b"data", b"DATA now", b"RSET", b"NOOP", b"", b"HELP", b"RCPT", b"MAIL FROM:<a@kunde.example>\rDATA"),
)
TEXTS = (
    MAIL + b".\r\n",
    b".\r\n",
    b"..dot\r\n.\r\n",
    b"a\n.\nb\r\n.\r\r\n.\r\n",
    b"a\n.\r\nb\r.\rc\r\n..\r\n.\r\n",
    b"Subject: x\r\n\r\n" + b"y" * 3000 + b"\r\n.\r\n",
)


def script(dice: Random) -> bytes:
    """Make what a client says: mostly mails, with all that is unusual between."""
    said = []
    for _ in range(dice.randint(1, 5)):
        if dice.random() < 0.5:
            said += dice.choices(LINES, k=dice.randint(1, 4))
        else:
            said += [LINES[dice.randint(0, 1)], LINES[dice.randint(8, 9)], LINES[10], b"DATA"]
            said.append(dice.choice(TEXTS).removesuffix(b"\r\n"))
    return b"".join(line + dice.choice((b"\r\n",) * 12 + (b"\n",)) for line in said)


async def told(channel: Any, tools: Tools, pieces: list[bytes]) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Say it in pieces; return the answers, and what was taken in."""
    tools.arrivals.clear()
    tools.receipts.clear()
    client = await session(channel)
    for piece in pieces:
        client.write(piece)
        await asyncio.sleep(0)
    client.write(b"\r\n.\r\nQUIT\r\n")
    answers = []
    while not (answers and answers[-1].startswith("221")):
        answers.append(re.sub(r"queued as r\d+", "queued", await client.answer()))
    client.close()
    return answers, [(one.raw, one.sender, one.envelope["mail_from"], one.envelope["rcpt"]) for one in tools.arrivals]


@pytest.mark.parametrize("seed", range(40))
async def test_the_short_way_answers_as_the_long_one(
    open_channel: Open, tools: Tools, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    dice = Random(seed)
    channel = await open_channel(limits={"message_bytes": 2500, "errors": 50})
    said = script(dice)
    cuts = sorted(dice.choices(range(len(said) + 1), k=dice.choice((0, 3, 30))))
    pieces = [said[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    short = await told(channel, tools, pieces)
    monkeypatch.setattr(Swift, "_left", 0)
    assert short == await told(channel, tools, pieces)


async def test_what_is_said_behind_a_mail_waits_for_its_answer(open_channel: Open, tools: Tools) -> None:
    client = await session(await open_channel())
    tools.open.clear()
    await client.envelope()
    many = b"MAIL FROM:<b@kunde.example>\r\nRSET\r\n" * 3000
    client.write(MAIL + b".\r\n" + many)
    await asyncio.wait_for(tools.asked.wait(), 30)
    assert await client.silent()
    tools.open.set()
    answers = [await client.answer() for _ in range(6001)]
    assert answers[0].startswith("250 2.0.0 queued as")
    assert {one[:3] for one in answers} == {"250"}
    client.close()
