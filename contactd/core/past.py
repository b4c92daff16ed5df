"""What another system says of something that was: a contact, a case, a business record; in our terms, to be kept as history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contactd.core.newcomer import Problem
from contactd.core.party import Point

CONTACT, CASE, RECORD, RECORDING, ARTICLE = "contacts", "cases", "records", "recordings", "articles"
KINDS = (CONTACT, CASE, RECORD, RECORDING, ARTICLE)
"""Things beside customers that a table may hold."""
BESIDE = frozenset({RECORDING, ARTICLE})
"""Of them those whose rows name files that lie beside the table."""
ADAPTER = "import"
"""By what door contacts of the past came: none.  They have no stay in a line, and the router never heard of them."""


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of a case's history."""

    at: datetime | None
    text: str
    actor: str = ""


@dataclass(slots=True)
class Past:
    """What a row says about one thing."""

    number: int
    kind: str
    key: str = ""
    """How the other system calls it; what a second import knows it by."""
    at: datetime | None = None
    """When it was: a contact's beginning, the moment a case was opened, as of when a record stood so."""
    party: str | None = None
    """One of our customers by id."""
    customer: str | None = None
    """By the other system's number."""
    points: list[Point] = field(default_factory=list)
    """Else by numbers and addresses, the first that is known."""
    agent: str | None = None
    """Who dealt with it, as the other system calls them."""
    case: str | None = None
    """The number of the case it belongs to."""
    values: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    history: list[Told] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def said(self, name: str) -> str:
        """Return a text of it, empty where nothing was said."""
        return str(self.values.get(name) or "")


def _by_spelling(spelled: Mapping[str, str]) -> dict[str, str]:
    """Turn our word → all its spellings into spelling → our word."""
    return {spelling: ours for ours, spellings in spelled.items() for spelling in spellings.split()}


CHANNELS: Mapping[str, str] = _by_spelling(
    {
        "voice": "voice call phone telephone 电话 通话 来电 去电 呼入 呼出 语音",
        "email": "email mail e-mail 邮件 电子邮件 邮箱",
        "fax": "fax 传真",
        "chat": "chat webchat livechat 在线 在线客服 聊天 网页聊天",
        "voicemail": "voicemail 语音留言 留言",
        "callback": "callback 回拨 回呼",
        "form": "form web webform 表单 网站",
        "message": "message sms wechat wecom 短信 微信 企业微信 消息",
        "visit": "visit in_person meeting 拜访 上门 到店 面谈",
        "task": "task 任务 跟进",
    }
)
"""What others call a channel → our word."""
CALL = CHANNELS["call"]
"""The channel of what was recorded."""
DIRECTIONS: Mapping[str, str] = _by_spelling(
    {
        "inbound": "inbound in incoming received 呼入 来电 呼进 接收 收件 进线",
        "outbound": "outbound out outgoing sent 呼出 去电 外呼 发送 发件",
        "internal": "internal 内部",
    }
)
OUTCOMES: Mapping[str, str] = _by_spelling(
    {
        "answered": "answered connected success ok 接通 已接 已接听 已接通 成功",
        "abandoned": "abandoned missed unanswered lost cancelled 放弃 未接 漏接 漏话 呼损",
        "short_abandoned": "short_abandoned 短时放弃",
        "voicemail": "voicemail 留言 语音留言",
        "callback": "callback 回拨",
        "overflow": "overflow 溢出",
        "closed_hours": "closed_hours 非工作时间",
        "rejected": "rejected busy 拒接 忙 占线",
        "failed": "failed noanswer no_answer 失败 无人接听 无应答",
        "handled": "handled done resolved completed 已处理 处理完成 完成",
        "no_reply_needed": "no_reply_needed 无需回复",
        "junk": "junk spam 垃圾 骚扰",
        "duplicate": "duplicate 重复",
    }
)
CASE_TYPES: Mapping[str, str] = _by_spelling(
    {
        "inquiry": "inquiry question consultation 咨询 咨询单",
        "service": "service request incident problem 服务 报修 维修 故障 报障 服务请求",
        "complaint": "complaint 投诉 投诉单",
        "feedback": "feedback suggestion praise 建议 反馈 表扬",
        "callback": "callback 回访 回拨",
    }
)
CASE_STATES: Mapping[str, str] = _by_spelling(
    {
        "new": "new 新建 待受理 未处理",
        "open": "open in_progress processing pending 处理中 受理中 进行中",
        "waiting_customer": "waiting_customer waiting 等待客户 待客户",
        "waiting_internal": "waiting_internal on_hold hold 挂起 等待内部 转派",
        "resolved": "resolved solved done 已解决 已处理 解决",
        "closed": "closed 已关闭 已结案 关闭 结案 归档",
    }
)
LANGUAGES: Mapping[str, str] = _by_spelling(
    {"zh": "zh zh-cn zh_cn cn chinese 中文 汉语 简体中文", "en": "en en-us en-gb english 英文 英语"}
)
ARTICLE_STATES: Mapping[str, str] = _by_spelling(
    {
        "draft": "draft review pending 草稿 待审 待审核 未发布",
        "published": "published public online active 已发布 发布 上线 已上线 有效",
    }
)
AUDIENCES: Mapping[str, str] = _by_spelling(
    {
        "internal": "internal private staff no 内部 对内 仅内部 否",
        "public": "public customers external yes 公开 对外 客户可见 是",
    }
)
PRIORITIES: Mapping[str, int] = {
    spelling: level
    for level, spellings in enumerate(
        (
            "0 low normal p4 低 普通 一般",
            "1 medium p3 中",
            "2 high p2 高 紧急",
            "3 urgent critical p1 最高 特急 非常紧急",
        )
    )
    for spelling in spellings.split()
}
WRITTEN = frozenset({"email", "fax", "chat", "form", "message", "voicemail"})
"""Channels in which the text of a contact is what was said; of the others it is what somebody noted."""
