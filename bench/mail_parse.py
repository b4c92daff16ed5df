"""How many mails a second the parser reads, beside the standard library's two parsers, interleaved in one run.

    python bench/mail_parse.py [--rounds 5] [--seconds 0.5]

Prints the median mails/s of each, the spread, the ratio to `compat32`, and the peak memory of one parse.
"""

from __future__ import annotations

import argparse
import base64
import email
import email.policy
import platform
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

from contactd.channels.email.build import OutMail, build
from contactd.channels.email.parse import parse
from contactd.core.message import NewAttachment

WORDS = [
    "订单",
    "发票",
    "您好",
    "请问",
    "order",
    "invoice",
    "delivery",
    "question",
    "谢谢",
    "Regards",
    "价格",
    "技术支持",
]


def corpus(size: int, count: int, rng: random.Random) -> list[bytes]:
    """Make mails of about `size` bytes: plain GBK, alternative UTF-8, and one with a file."""
    mails = []
    for number in range(count):
        text = " ".join(rng.choices(WORDS, k=size // 14)) + "\n"
        if number % 3 == 0:
            subject = base64.b64encode("关于订单".encode("gbk")).decode()
            head = (
                "From: =?gb2312?B?1cXI/Q==?= <zhang@kunde.example>\r\nTo: support@example.com\r\n"
                f"Subject: =?gb2312?B?{subject}?= {number}\r\nMessage-ID: <{number}@kunde.example>\r\n"
                "Date: Sun, 22 Nov 2026 16:00:00 +0800\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=gb2312\r\n"
                "Content-Transfer-Encoding: 8bit\r\n\r\n"
            )
            mails.append(head.encode() + text.replace("\n", "\r\n").encode("gbk"))
            continue
        file = NewAttachment(name="报价单.pdf", media_type="application/pdf", data=rng.randbytes(size // 3))
        half = text[: len(text) // 3]
        mails.append(
            build(
                OutMail(
                    sender=("张 三", "zhang@kunde.example"),
                    to=(("Support", "support@example.com"),),
                    subject=f"关于订单 {number} 的问题",
                    text=half,
                    html=f"<html><body><p>{half}</p></body></html>",
                    attachments=(file,) if number % 3 == 1 else (),
                    message_id=f"<{number}@kunde.example>",
                    date=datetime(2026, 11, 22, 8, tzinfo=UTC),
                )
            )
        )
    return mails


def rate(read: Callable[[bytes], object], mails: list[bytes], seconds: float) -> float:
    """Return mails per second over about `seconds`."""
    done = 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for raw in mails:
            read(raw)
        done += len(mails)
    return done / (time.perf_counter() - began)


def whole(raw: bytes, policy: email.policy.Policy) -> object:
    """Read a mail with the standard library as far as we do: addresses aside, headers and every body decoded."""
    mail = email.message_from_bytes(raw, policy=policy)
    return [str(mail["subject"]), *(part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart())]


def peak(mails: list[bytes]) -> int:
    """Return the most memory one parse takes, in bytes."""
    most = 0
    for raw in mails:
        tracemalloc.start()
        parse(raw)
        most = max(most, tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return most


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=0.5)
    asked = arguments.parse_args()
    readers: dict[str, Callable[[bytes], object]] = {
        "contactd": parse,
        "compat32": lambda raw: whole(raw, email.policy.compat32),
        "default": lambda raw: whole(raw, email.policy.default),
    }
    print(f"{' '.join(sys.argv)}  Python {platform.python_version()} {platform.system()}")
    for size in (5_000, 200_000):
        mails = corpus(size, 30, random.Random(7))
        for read in readers.values():
            rate(read, mails, 0.1)
        rounds = [
            {name: rate(read, mails, asked.seconds) for name, read in readers.items()} for _ in range(asked.rounds)
        ]
        base = statistics.median(one["compat32"] for one in rounds)
        print(
            f"\n{size} bytes, mean {sum(map(len, mails)) // len(mails)}; peak memory of one parse {peak(mails) // 1024} KiB"
        )
        for name in readers:
            values = [one[name] for one in rounds]
            middle = statistics.median(values)
            print(
                f"  {name:10} {middle:9.0f} mails/s  ({min(values):.0f}-{max(values):.0f})  {middle / base:5.2f} x compat32"
            )


if __name__ == "__main__":
    main()
