"""What the shop asks its customers after a contact, and what they said over the last month: dated history."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from contactd.clock import parse_rfc3339
from contactd.core.case_plan import NO_PLAN
from contactd.core.survey import Reply
from contactd.crm_store import interactions, invite_rows, survey_rows
from contactd.crm_store.interactions import Filter
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.admin import Errand

SPAN = timedelta(days=30)
QUESTIONS: list[dict[str, Any]] = [
    {
        "key": "content",
        "kind": "score",
        "text": {"zh": "您对这次服务满意吗？", "en": "Were you content with our service?"},
    },
    {"key": "again", "kind": "score", "lowest": 0, "best": 10}
    | {"text": {"zh": "您愿意把我们推荐给朋友吗？", "en": "Would you recommend us to a friend?"}},
    {
        "key": "why",
        "kind": "text",
        "text": {"zh": "还有什么想告诉我们？", "en": "Anything else you would like to tell us?"},
    },
]
SURVEYS: dict[str, dict[str, Any]] = {
    "letter": {
        "name": "服务评价 Service",
        "questions": QUESTIONS,
        "intro": {
            "zh": "感谢您联系山茶器物。只需一分钟，告诉我们做得怎么样。",
            "en": "Thank you for contacting Shancha.",
        },
        "closing": {"zh": "感谢您的评价，祝您生活愉快！", "en": "Thank you, and enjoy your tea!"},
        "share": 60,
        "every_days": 30,
    },
    "chat": {
        "name": "在线客服评价 Chat",
        "channel": "chat",
        "questions": [QUESTIONS[0], QUESTIONS[2]],
        "share": 100,
        "every_days": 7,
        "valid_hours": 24,
    },
}
SAID = {
    5: {"zh": "很耐心，问题一次就解决了。", "en": "Quick and friendly."},
    4: {"zh": "不错，就是等得久了点。", "en": "Good, thank you."},
    3: {"zh": "还可以。", "en": "It was all right."},
    2: {"zh": "打了三次电话才解决。", "en": "Had to explain everything twice."},
    1: {"zh": "一直没人回电话！", "en": "Nobody called back."},
}
SCORES = (5, 5, 5, 5, 4, 4, 4, 3, 2, 1)


async def write(errand: Errand, seed: int) -> None:
    """Write the surveys and the answers of the last month; low ones open follow-ups only from now on."""
    now, dice = errand.clock.now(), Random(seed)
    idents = {name: errand.idents.new() for name in SURVEYS}

    def define(conn: WriteConn) -> None:
        for name, values in SURVEYS.items():
            survey_rows.create(conn, idents[name], values, now=now - SPAN, actor="demo")

    await errand.store.write(define)
    cursor: str | None = None
    wanted = Filter(since=now - SPAN)
    while True:
        look = partial(interactions.listed, wanted=wanted, limit=100, cursor=cursor)
        page, cursor = await errand.store.read(look)
        for contact in reversed(page):
            if contact["ended_at"] is not None:
                await errand.store.write(_Answer(errand, contact, dice).unit)
        if cursor is None:
            break

    def follow(conn: WriteConn) -> None:
        for ident in idents.values():
            survey_rows.patch(conn, ident, {"low": 2}, row_version=None, now=now, actor="demo")

    await errand.store.write(follow)


class _Answer:
    """One customer asked after one contact."""

    def __init__(self, errand: Errand, contact: dict[str, Any], dice: Random) -> None:
        self._ids = (errand.idents.new(), errand.idents.new())
        self._contact = contact
        self._became = dice.choices(("answered", "refused", "hung_up", "expired"), (62, 14, 4, 20))[0]
        self._score = dice.choice(SCORES)
        self._again = min(10, max(0, 2 * self._score + dice.randrange(-1, 2)))
        self._speaks = dice.random() < 0.6  # noqa: PLR2004 - most add a word

    def unit(self, conn: WriteConn) -> None:
        """Ask, and keep what was answered."""
        at = parse_rfc3339(self._contact["ended_at"])
        asked = invite_rows.invite(conn, self._ids[0], self._contact["id"], language=None, now=at)
        if asked is None:
            return
        known = {one.key for one in asked.questions}
        replies = [Reply(question="content", score=self._score), Reply(question="again", score=self._again)]
        if self._speaks:
            replies.append(Reply(question="why", text=SAID[self._score][asked.language]))
        given = [one for one in replies if one.question in known] if self._became == "answered" else []
        then = at + timedelta(minutes=9)
        invite_rows.end(conn, asked.invite, self._became, given, case=self._ids[1], plan=NO_PLAN, now=then)
