"""What rules when the policy document says nothing: channels, one line, dispositions and reasons.

Shapes are those of the `[policy]` table itself, so that a default and a document are read by the same code.
"""

from __future__ import annotations

from typing import Any

_CALL_WRAPUP = {"mode": "timed", "seconds": 30, "extensions": 2}
_NO_WRAPUP = {"mode": "off", "seconds": 0, "extensions": 0}
_OFF_LINE = {
    "live": False,
    "offer_s": 120,
    "misses": 2,
    "may_reject": True,
    "auto_accept": False,
    "needs_device": False,
    "connects": False,
    "interrupts": [],
    "wrapup": _NO_WRAPUP,
    "sla_s": 14400,
    "starve_s": 86400,
}
_INTERRUPTIBLE = ["email", "fax", "form", "message", "task", "voicemail"]
_CALL = {
    "live": True,
    "offer_s": 20,
    "misses": 1,
    "may_reject": False,
    "auto_accept": False,
    "needs_device": True,
    "connects": True,
    "interrupts": _INTERRUPTIBLE,
    "wrapup": _CALL_WRAPUP,
    "sla_s": 20,
    "starve_s": 600,
    "drain": True,
}

CHANNELS: dict[str, dict[str, Any]] = {
    "voice": _CALL,
    "callback": {**_CALL, "calls_back": True},
    "chat": {
        "live": True,
        "offer_s": 30,
        "misses": 2,
        "may_reject": True,
        "auto_accept": False,
        "needs_device": False,
        "connects": False,
        "interrupts": [],
        "wrapup": {"mode": "optional", "seconds": 60, "extensions": 0},
        "sla_s": 60,
        "starve_s": 900,
        "drain": True,
    },
    "email": _OFF_LINE,
    "fax": _OFF_LINE,
    "form": _OFF_LINE,
    "message": {**_OFF_LINE, "sla_s": 1800, "starve_s": 14400},
    "voicemail": _OFF_LINE,
    "visit": _OFF_LINE,
    "task": _OFF_LINE,
}
"""Rules of every channel of the contract; `sla_s` and `starve_s` hold where a line names none."""

CAPACITY: dict[str, int] = {
    "voice": 100,
    "chat": 30,
    "email": 50,
    "fax": 50,
    "callback": 100,
    "voicemail": 50,
    "form": 50,
    "message": 30,
    "visit": 100,
    "task": 30,
}
"""Units one item takes from an agent's 100."""

TASKS = "task"
"""The channel of work nobody sent: due steps, follow-ups, approvals, what could not be read."""
OTHER = TASKS
"""The channel whose rules hold for a channel nobody described."""

LINES: dict[str, dict[str, Any]] = {
    "support": {"label": {"zh": "客户服务", "en": "Support"}, "dispositions": "default"},
}

DISPOSITIONS: dict[str, list[dict[str, Any]]] = {
    "default": [
        {
            "code": "question",
            "label": {"zh": "咨询", "en": "Question"},
            "children": [
                {"code": "product", "label": {"zh": "产品咨询", "en": "Product"}, "outcome": "handled"},
                {"code": "order", "label": {"zh": "订单咨询", "en": "Order"}, "outcome": "handled"},
                {"code": "billing", "label": {"zh": "账单与发票", "en": "Billing and invoices"}, "outcome": "handled"},
            ],
        },
        {
            "code": "fault",
            "label": {"zh": "故障", "en": "Fault"},
            "children": [
                {"code": "solved", "label": {"zh": "已解决", "en": "Solved"}, "outcome": "handled"},
                {"code": "follow_up", "label": {"zh": "待跟进", "en": "To be followed up"}, "outcome": "handled"},
            ],
        },
        {
            "code": "complaint",
            "label": {"zh": "投诉", "en": "Complaint"},
            "children": [
                {"code": "service", "label": {"zh": "服务", "en": "Service"}, "outcome": "handled"},
                {"code": "quality", "label": {"zh": "质量", "en": "Quality"}, "outcome": "handled"},
            ],
        },
        {"code": "no_reply_needed", "label": {"zh": "无需回复", "en": "No reply needed"}, "outcome": "no_reply_needed"},
        {"code": "wrong", "label": {"zh": "打错或无效", "en": "Wrong address or number"}, "outcome": "no_reply_needed"},
        {"code": "junk", "label": {"zh": "垃圾信息", "en": "Junk"}, "outcome": "junk"},
    ],
}

REASONS: dict[str, dict[str, Any]] = {
    "break": {"label": {"zh": "小休", "en": "Break"}, "worked": True, "paid": True, "max_s": 900},
    "lunch": {"label": {"zh": "午餐", "en": "Lunch"}, "worked": False, "paid": False, "max_s": 3600},
    "training": {"label": {"zh": "培训", "en": "Training"}, "worked": True, "paid": True},
    "meeting": {"label": {"zh": "会议", "en": "Meeting"}, "worked": True, "paid": True},
}
