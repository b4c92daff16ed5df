"""The kinds of business records there are: fields, stages and words of each, as one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One further field of a kind."""

    key: str
    type: str
    """text | long | int | date | time (09:00) | bool | choice | list | line (one of the policy's)"""
    label: Words
    choices: Mapping[str, Words] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of record."""

    label: Words
    stages: Mapping[str, tuple[str, ...]]
    """Stage → those that may follow; the first one is where a record begins."""
    words: Mapping[str, Words]
    """Stage → its name."""
    fields: tuple[Field, ...] = ()
    of_party: bool = True
    """It belongs to a customer; else it is known to all (products)."""
    has_amount: bool = False
    span: tuple[Words, Words] | None = None
    """What its two moments mean: from, until."""
    open_stages: frozenset[str] = frozenset()
    """Stages in which a card shows it first."""

    @property
    def first(self) -> str:
        """Return the stage a record begins in."""
        return next(iter(self.stages))


def _w(zh: str, en: str) -> Words:
    return {"zh": zh, "en": en}


_NUMBER = Field("number", "text", _w("编号", "Number"))
_SPAN = (_w("开始", "From"), _w("结束", "Until"))
KINDS: dict[str, Kind] = {
    "lead": Kind(
        label=_w("线索", "Lead"),
        stages={
            "new": ("contacted", "lost"),
            "contacted": ("qualified", "lost"),
            "qualified": ("converted", "lost"),
            "converted": (),
            "lost": ("new",),
        },
        words={
            "new": _w("新线索", "New"),
            "contacted": _w("已联系", "Contacted"),
            "qualified": _w("有意向", "Qualified"),
            "converted": _w("已转商机", "Converted"),
            "lost": _w("无效", "Lost"),
        },
        fields=(
            Field("source", "text", _w("来源", "Source")),
            Field("interest", "long", _w("需求", "What they want")),
            Field("phone", "text", _w("电话", "Phone")),
            Field("mail_address", "text", _w("邮箱", "E-mail")),
        ),
        open_stages=frozenset({"new", "contacted", "qualified"}),
    ),
    "opportunity": Kind(
        label=_w("商机", "Opportunity"),
        stages={
            "open": ("proposal", "lost"),
            "proposal": ("negotiation", "open", "lost"),
            "negotiation": ("won", "proposal", "lost"),
            "won": (),
            "lost": ("open",),
        },
        words={
            "open": _w("初步接洽", "Open"),
            "proposal": _w("方案报价", "Proposal"),
            "negotiation": _w("商务谈判", "Negotiation"),
            "won": _w("赢单", "Won"),
            "lost": _w("输单", "Lost"),
        },
        fields=(Field("reason", "text", _w("输赢原因", "Why")),),
        has_amount=True,
        span=(_w("建立", "Since"), _w("预计成交", "Expected")),
        open_stages=frozenset({"open", "proposal", "negotiation"}),
    ),
    "service_contract": Kind(
        label=_w("服务合同", "Service contract"),
        stages={"active": ("suspended", "ended"), "suspended": ("active", "ended"), "ended": ()},
        words={"active": _w("有效", "Active"), "suspended": _w("暂停", "Suspended"), "ended": _w("终止", "Ended")},
        fields=(
            _NUMBER,
            Field(
                "level",
                "choice",
                _w("等级", "Level"),
                {"basic": _w("基础", "Basic"), "standard": _w("标准", "Standard"), "premium": _w("尊享", "Premium")},
            ),
            Field("entitlements", "list", _w("服务内容", "What it covers")),
            Field("products", "list", _w("适用产品（空=全部）", "Products (none = all)")),
            Field("included", "int", _w("包含次数（空=不限）", "Cases included (none = any)")),
        ),
        span=_SPAN,
        has_amount=True,
        open_stages=frozenset({"active"}),
    ),
    "appointment": Kind(
        label=_w("预约", "Appointment"),
        stages={
            "planned": ("done", "missed", "cancelled"),
            "done": (),
            "missed": ("planned",),
            "cancelled": ("planned",),
        },
        words={
            "planned": _w("已预约", "Planned"),
            "done": _w("已完成", "Done"),
            "missed": _w("未到", "Missed"),
            "cancelled": _w("已取消", "Cancelled"),
        },
        fields=(Field("place", "text", _w("地点", "Place")), Field("note", "long", _w("备注", "Note"))),
        span=_SPAN,
        open_stages=frozenset({"planned"}),
    ),
    "installed_item": Kind(
        label=_w("已购设备", "Installed item"),
        stages={"in_use": ("repair", "retired"), "repair": ("in_use", "retired"), "retired": ()},
        words={
            "in_use": _w("使用中", "In use"),
            "repair": _w("维修中", "In repair"),
            "retired": _w("已停用", "Retired"),
        },
        fields=(
            Field("serial", "text", _w("序列号", "Serial number")),
            Field("product", "text", _w("产品", "Product")),
            Field("place", "text", _w("安装地点", "Place")),
        ),
        span=(_w("安装", "Since"), _w("质保至", "Warranty until")),
        open_stages=frozenset({"in_use", "repair"}),
    ),
    "quote": Kind(
        label=_w("报价单", "Quote"),
        stages={"draft": ("sent",), "sent": ("accepted", "declined"), "accepted": (), "declined": ()},
        words={
            "draft": _w("草稿", "Draft"),
            "sent": _w("已发送", "Sent"),
            "accepted": _w("已接受", "Accepted"),
            "declined": _w("已拒绝", "Declined"),
        },
        fields=(_NUMBER,),
        has_amount=True,
        span=(_w("日期", "Date"), _w("有效至", "Valid until")),
        open_stages=frozenset({"draft", "sent"}),
    ),
    "contract": Kind(
        label=_w("合同", "Contract"),
        stages={"draft": ("signed",), "signed": ("fulfilled", "cancelled"), "fulfilled": (), "cancelled": ()},
        words={
            "draft": _w("草拟", "Draft"),
            "signed": _w("已签订", "Signed"),
            "fulfilled": _w("已履行", "Fulfilled"),
            "cancelled": _w("已解除", "Cancelled"),
        },
        fields=(_NUMBER,),
        has_amount=True,
        span=_SPAN,
        open_stages=frozenset({"signed"}),
    ),
    "order": Kind(
        label=_w("订单", "Order"),
        stages={
            "placed": ("paid", "cancelled"),
            "paid": ("shipped", "cancelled"),
            "shipped": ("delivered",),
            "delivered": ("returned",),
            "returned": (),
            "cancelled": (),
        },
        words={
            "placed": _w("已下单", "Placed"),
            "paid": _w("已付款", "Paid"),
            "shipped": _w("已发货", "Shipped"),
            "delivered": _w("已签收", "Delivered"),
            "returned": _w("已退货", "Returned"),
            "cancelled": _w("已取消", "Cancelled"),
        },
        fields=(
            _NUMBER,
            Field("items", "list", _w("商品", "Items")),
            Field("tracking", "text", _w("快递单号", "Tracking")),
        ),
        has_amount=True,
        span=(_w("下单", "Placed"), _w("送达", "Delivered")),
        open_stages=frozenset({"placed", "paid", "shipped"}),
    ),
    "receivable": Kind(
        label=_w("应收", "Receivable"),
        stages={"due": ("paid", "overdue"), "overdue": ("paid", "written_off"), "paid": (), "written_off": ()},
        words={
            "due": _w("待收", "Due"),
            "overdue": _w("逾期", "Overdue"),
            "paid": _w("已收", "Paid"),
            "written_off": _w("核销", "Written off"),
        },
        fields=(_NUMBER,),
        has_amount=True,
        span=(_w("开票", "Invoiced"), _w("到期", "Due")),
        open_stages=frozenset({"due", "overdue"}),
    ),
    "payment": Kind(
        label=_w("收款", "Payment"),
        stages={"received": ("refunded",), "refunded": ()},
        words={"received": _w("已到账", "Received"), "refunded": _w("已退款", "Refunded")},
        fields=(_NUMBER, Field("method", "text", _w("方式", "Method"))),
        has_amount=True,
        span=(_w("日期", "Date"), _w("退款", "Refunded")),
    ),
    "campaign": Kind(
        label=_w("市场活动", "Campaign"),
        stages={"planned": ("running", "cancelled"), "running": ("over",), "over": (), "cancelled": ()},
        words={
            "planned": _w("计划中", "Planned"),
            "running": _w("进行中", "Running"),
            "over": _w("已结束", "Over"),
            "cancelled": _w("已取消", "Cancelled"),
        },
        fields=(
            Field("about", "long", _w("内容与话术", "About, and what to say")),
            Field(
                "purpose",
                "choice",
                _w("外呼用途", "Purpose of calls"),
                {"marketing": _w("营销", "Marketing"), "service": _w("服务", "Service")},
            ),
            Field("line", "line", _w("技能组", "Queue")),
            Field("attempts", "int", _w("每人最多拨打（次）", "Attempts for each")),
            Field("pause_h", "int", _w("两次间隔（小时）", "Hours between attempts")),
            Field("at_once", "int", _w("同时排队（人）", "In the queue at a time")),
            Field("from", "time", _w("每天开始（默认 09:00）", "From (else 09:00)")),
            Field("to", "time", _w("每天结束（默认 20:00）", "Until (else 20:00)")),
        ),
        of_party=False,
        span=_SPAN,
    ),
    "product": Kind(
        label=_w("产品", "Product"),
        stages={"sold": ("discontinued",), "discontinued": ("sold",)},
        words={"sold": _w("在售", "Sold"), "discontinued": _w("停售", "Discontinued")},
        fields=(_NUMBER, Field("unit", "text", _w("单位", "Unit"))),
        of_party=False,
        has_amount=True,
    ),
}
"""Kind → what it is.  Products hang in a tree (`parent`)."""
