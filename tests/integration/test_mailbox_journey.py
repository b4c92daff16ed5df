"""A mailbox on a real IMAP server, followed by a server that is killed: every mail is one contact."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.channels.email.dovecot import USER, Dovecot
from tests.channels.email.test_mailbox import mail
from tests.integration.house import PATIENCE_S, Console, House

pytestmark = pytest.mark.integration
MAILS = 60


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    made = Dovecot()
    made.start()
    yield made
    made.close()


async def received(house: House) -> int:
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        text = (await client.get(f"{house.url}/metrics")).text
    found = re.search(r'^contactd_received_total{channel="email"} (\S+)$', text, re.MULTILINE)
    return int(float(found[1])) if found else 0


async def test_every_mail_of_a_mailbox_is_one_contact_however_often_the_server_is_killed(
    house: House, dovecot: Dovecot
) -> None:
    box = {
        "host": "127.0.0.1",
        "port": dovecot.port,
        "security": "none",
        "username": USER,
        "password": dovecot.password,
    }
    for key, value in (box | {"backfill_days": 9, "after": "move", "line": "support"}).items():
        house.settings[f"channels.email.mailboxes.desk.{key}"] = value
    for cut in (5, 25):
        await asyncio.to_thread(dovecot.put, *(mail(cut * 100 + n) for n in range(MAILS // 2)))
        house.start()
        async with asyncio.timeout(30):
            while await received(house) < cut // 5:  # noqa: ASYNC110 - the far side is a real server
                await asyncio.sleep(0)
        house.kill()
    house.start()
    house.add_user("eva", "supervisor")
    eva = await Console.log_in(house, "eva")
    async with asyncio.timeout(60):
        while await asyncio.to_thread(dovecot.count, "contactd") < MAILS:  # noqa: ASYNC110 - the far side is a real server
            await asyncio.sleep(0.1)
    assert await asyncio.to_thread(dovecot.count) == 0
    listed = await eva.get("/interactions?limit=200&channel=email")
    subjects = Counter(one["subject"] for one in listed["items"])
    assert subjects == Counter(f"mail {cut * 100 + n}" for cut in (5, 25) for n in range(MAILS // 2))
    assert {one["line"] for one in listed["items"]} == {"support"}
    async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
        assert 'contactd_email_mailbox_up{mailbox="desk"} 1.0' in (await client.get(f"{house.url}/metrics")).text
    await eva.close()
    assert house.terminate() == 0
    audit = house.command("audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert dovecot.password not in house.log()
