"""What the shop announces to its own people: one thing to know, which nobody has to confirm before they work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from contactd.crm_store import announcement_rows
from contactd.desk.admin import Errand

TITLE = "武夷山库房盘点，礼盒顺延两天 Stock-taking: gift boxes leave two days later"
BODY = (
    "本周五库房盘点，礼盒类订单顺延两天发出。请在答复客户发货时间时一并说明。\n\n"
    "Stock is taken this Friday: orders of gift boxes leave two days later. Please say so when customers ask for the date."
)
DAYS = 7


async def write(errand: Errand, colleagues: Mapping[str, str]) -> None:
    """Announce it, from an hour ago on for a week."""
    now = errand.clock.now()
    values = {
        "title": TITLE,
        "body": BODY,
        "audience": {},
        "begins_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(days=DAYS),
        "must": False,
    }
    say = partial(announcement_rows.create, now=now, actor=colleagues["chenjing"])
    await errand.store.write(lambda conn: say(conn, errand.idents.new(), values))
