"""By what the shop judges its contacts, and what was said of those drawn in the weeks before the last: dated history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from contactd.core.quality import bounds, drawn, week_of
from contactd.crm_store import qa_form_rows, qa_rows, qa_rule_rows
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.admin import Errand

WEEKS = (4, 3, 2)
"""Weeks ago that are judged; the last one is drawn by the running server and waits to be."""
ZONE = "Asia/Shanghai"
CARD: dict[str, Any] = {
    "name": "服务质检 Service",
    "sections": [
        {
            "title": {"zh": "沟通", "en": "Conversation"},
            "questions": [
                {"key": "greet", "text": {"zh": "问候并报出姓名", "en": "Greets and gives a name"}, "weight": 1},
                {
                    "key": "tone",
                    "kind": "scale",
                    "text": {"zh": "语气耐心、用词得体", "en": "Patient, well chosen words"},
                    "weight": 3,
                },
            ],
        },
        {
            "title": {"zh": "处理", "en": "Handling"},
            "questions": [
                {
                    "key": "solve",
                    "kind": "scale",
                    "text": {"zh": "问题得到解决", "en": "The matter is settled"},
                    "weight": 5,
                },
                {
                    "key": "identity",
                    "text": {"zh": "说出客户资料前已核实身份", "en": "Knows who it is before saying what is kept"},
                    "weight": 2,
                    "fatal": True,
                    "optional": True,
                },
                {"key": "note", "text": {"zh": "小结完整", "en": "Disposition and note are complete"}, "weight": 1},
            ],
        },
    ],
}
RULE = {"name": "每人每周 2 条 Two each", "how": "number", "amount": 2, "zone": ZONE}
SAID = ("很好，继续保持。", "语气再放缓一点会更好。", "先核实身份，再报订单信息。", "")


async def write(errand: Errand, people: Mapping[str, str], seed: int) -> None:
    """Write the scorecard, the rule, and what was judged by it; one agent objects."""
    now, dice = errand.clock.now(), Random(seed)
    form, rule = errand.idents.new(), errand.idents.new()
    begun: dict[str, Any] = {"now": now - timedelta(weeks=5), "actor": people["sunli"]}

    def define(conn: WriteConn) -> None:
        qa_form_rows.create(conn, form, CARD, **begun)
        qa_rule_rows.create(conn, rule, RULE | {"form_id": form}, **begun)

    await errand.store.write(define)
    defined = await errand.store.read(lambda conn: qa_rule_rows.get(conn, rule))
    monday = week_of(now, ZoneInfo(ZONE))
    for ago in WEEKS:
        week = monday - timedelta(weeks=ago)
        since, until = bounds(week, ZoneInfo(ZONE))
        look = partial(qa_rule_rows.candidates, rule=defined, since=since, until=until)
        there = await errand.store.read(look)
        lots = f"{seed}-{week}"
        found = [(errand.idents.new(), one) for one in drawn(lots, there, "number", 2)]
        draw = {"rule_id": rule, "week": week.isoformat(), "seed": lots, "candidates": len(there)}
        draw["agents"] = len({one.agent for one in there})
        await errand.store.write(partial(qa_rule_rows.keep, draw=draw, rule=defined, found=found, now=until))
        for ident, _ in found:
            given = {"answers": _answers(dice), "comment": dice.choice(SAID)}
            at = until + timedelta(days=dice.randrange(1, 4))
            await errand.store.write(partial(qa_rows.assess, ident=ident, given=given, now=at, actor=people["sunli"]))
    mine = {"agent": people["zhangwei"], "state": "done"}
    shown, _ = await errand.store.read(partial(qa_rows.listed, filters=mine, own=None, limit=1, cursor=None))
    if not shown:
        return
    reason = "客户当时在开车，请求简短处理，所以没有逐项核对。"
    act = partial(qa_rows.object_to, ident=shown[0]["id"], reason=reason, now=now, actor=people["zhangwei"])
    await errand.store.write(act)


def _answers(dice: Random) -> dict[str, int | None]:
    return {
        "greet": int(dice.random() < 0.9),  # noqa: PLR2004 - most do
        "tone": dice.choice((3, 4, 4, 5, 5)),
        "solve": dice.choice((2, 3, 4, 5, 5)),
        "identity": dice.choices((1, None, 0), (70, 24, 6))[0],
        "note": int(dice.random() < 0.8),  # noqa: PLR2004 - most are
    }
