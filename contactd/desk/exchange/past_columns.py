"""Which column of a table of contacts, cases or business records is what: their names in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from contactd.core.errors import BadRequestError
from contactd.core.past import ARTICLE, CASE, CONTACT, KINDS, RECORD, RECORDING
from contactd.desk.exchange.headers import LEAVE_OUT, spelling

CUSTOMERS = "customers"
"""What a table holds unless it is said."""
FIELD = "fields."
"""Begins a column of a business record's further fields."""
_CUSTOMER: Mapping[str, str] = {
    "party": "party partyid 客户id",
    "customer": "customer customerid customerno customernumber 客户编号 客户编码 客户代码 客户",
    "phone": "phone tel telephone phonenumber number mobile caller callerid 电话 电话号码 手机 手机号 号码"
    " 客户电话 主叫 主叫号码 联系电话",
    "email": "email mail emailaddress 邮箱 电子邮箱 邮箱地址 客户邮箱",
}
_NAMES: Mapping[str, Mapping[str, str]] = {
    CONTACT: {
        **_CUSTOMER,
        "external_id": "id externalid callid ticketid contactid uniqueid 编号 流水号 通话编号 记录编号 唯一标识",
        "channel": "channel medium type 渠道 方式 类型 联系方式",
        "direction": "direction way inout 方向 呼叫方向 呼叫类型",
        "at": "at time date started startedat starttime begin begintime datetime 时间 日期 开始时间 通话时间 呼叫时间 联系时间",
        "ended": "ended endedat endtime end 结束时间 挂断时间",
        "wait": "wait waits waitseconds queueseconds 等待 等待秒数 等待时长 排队时长",
        "talk": "talk talks duration durations talkseconds billsec 时长 通话时长 通话秒数 时长秒",
        "name": "name contactname callername 姓名 联系人 客户姓名 客户名称",
        "line": "line queue group skillgroup 线路 队列 技能组 业务线",
        "agent": "agent operator user 坐席 座席 客服 工号 坐席工号 处理人",
        "subject": "subject title 主题 标题 事由",
        "text": "text body note notes content summary remark 内容 备注 小结 摘要 描述 沟通内容",
        "outcome": "outcome result status disposition 结果 状态 接听状态 通话结果",
        "case": "case caseno ticket ticketno 工单 工单号 工单编号",
    },
    CASE: {
        **_CUSTOMER,
        "external_id": "id externalid ticketid 唯一标识 系统id",
        "no": "no number caseno ticketno 编号 工单号 工单编号 单号",
        "type": "type kind category 类型 工单类型 类别",
        "state": "state status stage 状态 工单状态",
        "priority": "priority urgency 优先级 紧急程度",
        "subject": "subject title 主题 标题 工单标题 问题",
        "body": "body description text content 内容 描述 问题描述 详情",
        "agent": "assignee agent owner 处理人 负责人 受理人",
        "at": "created createdat opened openedat at time date 创建时间 受理时间 建单时间 时间 日期",
        "resolved": "resolved resolvedat 解决时间 完成时间",
        "closed": "closed closedat 关闭时间 结案时间",
        "cause": "cause causecode rootcause 原因 原因代码",
        "remedy": "remedy solution resolution 解决方案 处理结果 处理措施",
        "outside": "outsideref reference externalref 外部编号 关联单号",
        "history": "history log comments events 历史 处理记录 跟进记录 沟通记录",
    },
    RECORD: {
        **_CUSTOMER,
        "kind": "kind type 类型 单据类型 类别",
        "external_id": "id externalid key no number orderno contractno 编号 单号 订单号 合同号 产品编号 编码",
        "title": "title name subject 标题 名称 主题",
        "stage": "stage state status 阶段 状态",
        "amount": "amount total price value 金额 总额 价格",
        "currency": "currency 币种 货币",
        "begins": "begins beginsat from start startdate orderdate 开始 开始日期 生效日期 下单日期 签订日期",
        "ends": "ends endsat until end enddate 结束 结束日期 到期日期 截止日期",
        "agent": "owner agent 负责人 业务员",
        "url": "url link 链接",
        "at": "asof at updated updatedat 更新时间 截至时间",
    },
    RECORDING: {
        **_CUSTOMER,
        "file": "file filename path recording recordingfile audio wav 文件 文件名 录音文件 录音文件名 录音 文件路径",
        "external_id": "id externalid recordingid 编号 录音编号 唯一标识",
        "call": "call callid uniqueid contactid interaction 通话编号 流水号 呼叫编号 通话流水号 会话编号",
        "at": "time date started startedat starttime begin begintime datetime 时间 日期 开始时间 通话时间 呼叫时间 录音时间",
        "talk": "duration durations seconds talk length billsec 时长 通话时长 录音时长 时长秒",
        "direction": "direction way inout 方向 呼叫方向 呼叫类型",
        "line": "line queue group skillgroup 线路 队列 技能组 业务线",
        "agent": "agent operator user 坐席 座席 客服 工号 坐席工号",
        "name": "name contactname callername 姓名 联系人 客户姓名 客户名称",
        "subject": "subject title 主题 标题 事由",
    },
    ARTICLE: {
        "title": "title subject question name 标题 主题 问题 题目",
        "body": "body text content answer 正文 内容 答案 解答",
        "file": "file filename path 文件 文件名 文件路径",
        "external_id": "id externalid no number articleid key 编号 文章编号 唯一标识",
        "language": "language lang 语言 语种",
        "category": "category folder topic 分类 类别 目录 栏目",
        "state": "state status 状态 发布状态",
        "audience": "audience visibility public 对象 可见范围 是否公开",
        "words": "words keywords tags 关键词 关键字 标签",
        "agent": "author owner agent 作者 编写人 负责人",
        "other_title": "othertitle translatedtitle englishtitle titleen 英文标题 译文标题",
        "other_body": "otherbody translatedbody englishbody bodyen 英文正文 英文内容 译文",
        "other_file": "otherfile translatedfile englishfile fileen 英文文件 译文文件",
    },
}
_PLACED: Mapping[str, Mapping[str, str]] = {
    kind: {spelled: field for field, spellings in fields.items() for spelled in spellings.split()}
    for kind, fields in _NAMES.items()
}


def fields_of(kind: str) -> tuple[str, ...]:
    """Return what a column of such a table may hold, beside `fields.<key>` of business records.

    Raises:
        BadRequestError: there is no such kind of table.
    """
    if kind not in KINDS:
        message = f"a table holds customers, {', '.join(KINDS)}"
        raise BadRequestError(message, code="unknown_object", field="object")
    return tuple(_NAMES[kind])


def zone_of(name: str) -> str:
    """Return the name of a time zone, if there is one.

    Raises:
        BadRequestError: there is none.
    """
    try:
        return ZoneInfo(name).key
    except (ValueError, ZoneInfoNotFoundError, OSError) as error:
        message = f"there is no time zone {name}"
        raise BadRequestError(message, code="unknown_zone", field="zone") from error


def settled(kind: str, headers: Sequence[str], chosen: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return header → field as chosen, else as named, and the headers nobody placed.

    Args:
        kind: one of `core.past.KINDS`.
        headers: the file's.
        chosen: header → field, or `-` to leave a column out.

    Raises:
        BadRequestError: there is no such kind, header or field.
    """
    known = fields_of(kind)
    for header, field in chosen.items():
        if header not in headers:
            message = f"the file has no column {header!r}"
            raise BadRequestError(message, code="unknown_column", field=header)
        if field != LEAVE_OUT and field not in known and not (kind == RECORD and field.startswith(FIELD)):
            message = f"{header}: there is no field {field!r}"
            raise BadRequestError(message, code="unknown_field", field=header)
    proposed = {header: _proposed(kind, header) for header in headers}
    placed = {header: field for header, field in proposed.items() if field is not None} | dict(chosen)
    unplaced = tuple(header for header in headers if header and header not in placed)
    return {header: field for header, field in placed.items() if field != LEAVE_OUT}, unplaced


def _proposed(kind: str, header: str) -> str | None:
    if header in _NAMES[kind] or (kind == RECORD and header.startswith(FIELD)):
        return header
    return _PLACED[kind].get(spelling(header))
