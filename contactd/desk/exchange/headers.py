"""Which column is what: the names people and programs give to columns, in Chinese and English.

A column nobody can place is left to the one who imports; it is never guessed into a field of another meaning.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence

from contactd.core.errors import BadRequestError
from contactd.desk.exchange.own_fields import NO_FIELDS, Own

FIELDS = (
    *("id", "external_id", "kind", "name", "family_name", "given_name", "salutation", "legal_name", "uscc"),
    *("lang", "tz", "lifecycle", "roles", "vip", "owner", "tags"),
    *("mobile", "office_phone", "home_phone", "phone", "fax", "email"),
    *("organisation", "department", "title"),
    *("country", "province", "city", "district", "street", "postal_code"),
    *("short_name", "english_name", "former_name", "alias"),
)
"""What a column may hold, beside `custom.<key>`."""
CUSTOM = "custom."
LEAVE_OUT = "-"
_KEY = re.compile(r"custom\.[a-z][a-z0-9_]{0,39}")
_NOISE = re.compile(r"[\s_\-—.·:：/\\()（）【】\[\]*＊'\"“”]+")  # noqa: RUF001 - such marks stand in headers
_NUMBER = re.compile(r"(?<=\D)\d{1,2}$")

_NAMES: Mapping[str, str] = {
    "id": "id partyid 系统id",
    "external_id": "externalid 客户编号 客户编码 客户代码 编号 编码 customerid customerno customernumber accountnumber erpid",
    "kind": "kind type 客户类型 类型 类别",
    "name": "name fullname displayname customername contactname 姓名 名称 客户名称 客户姓名 联系人 联系人姓名 名字 客户 联系人名称",
    "family_name": "familyname lastname surname 姓 姓氏",
    "given_name": "givenname firstname 名",
    "salutation": "salutation 称谓 称呼 尊称",
    "legal_name": "legalname 法定名称 工商名称 全称 公司全称 企业全称",
    "uscc": "uscc 统一社会信用代码 社会信用代码 信用代码 税号 纳税人识别号 taxid taxnumber vatid",
    "lang": "lang language 语言 语种",
    "tz": "tz timezone 时区",
    "lifecycle": "lifecycle stage 生命周期 客户阶段 客户状态",
    "roles": "roles role 角色 往来类型",
    "vip": "vip viplevel vip等级 贵宾等级 会员等级",
    "owner": "owner accountowner salesrep 负责人 所有人 业务员 客户经理 归属人 跟进人",
    "tags": "tags labels 标签",
    "mobile": "mobile mobilephone cell cellphone cellular mobilenumber 手机 手机号 手机号码 移动电话 联系手机",
    "office_phone": "officephone workphone businessphone 办公电话 单位电话 公司电话 座机 固定电话 固话",
    "home_phone": "homephone 家庭电话 住宅电话 家电",
    "phone": "phone tel telephone phonenumber telephonenumber 电话 电话号码 联系电话 联系方式 号码",
    "fax": "fax faxnumber 传真 传真号 传真号码",
    "email": "email mail emailaddress 邮箱 电子邮箱 电子邮件 邮件 邮箱地址 邮件地址",
    "organisation": "organisation organization company companyname employer account accountname 公司 公司名称 单位 单位名称"
    " 所属公司 工作单位 企业名称 企业",
    "department": "department 部门 科室",
    "title": "title jobtitle position 职务 职位 岗位 头衔",
    "country": "country 国家",
    "province": "province state region 省 省份",
    "city": "city town 市 城市 地市",
    "district": "district county 区 区县 县",
    "street": "street address address1 streetaddress 地址 详细地址 联系地址 通讯地址 街道",
    "postal_code": "postalcode zip zipcode postcode 邮编 邮政编码",
    "short_name": "shortname 简称 公司简称",
    "english_name": "englishname 英文名 英文名称",
    "former_name": "formername 曾用名",
    "alias": "alias nickname 别名 昵称",
    "custom.birthday": "birthday birthdate dateofbirth 生日 出生日期",
    "custom.note": "note notes remark remarks 备注 说明",
}
_PLACED = {spelling: field for field, spellings in _NAMES.items() for spelling in spellings.split()}


def propose(headers: Sequence[str], own: Mapping[str, Own] = NO_FIELDS) -> dict[str, str]:
    """Return header → field for every header whose meaning is known; our own field names count, too.

    Args:
        headers: the file's.
        own: key → a field the house has added to customers, known by its labels.
    """
    labels = {
        spelling(label): f"{CUSTOM}{key}" for key, one in own.items() for label in (key, *one.field.labels.values())
    }
    found = {}
    for header in headers:
        key = spelling(header)
        field = _PLACED.get(key) or _PLACED.get(_NUMBER.sub("", key))
        if field is None or field.startswith(CUSTOM):
            field = labels.get(key) or field
        if field is None and (header in FIELDS or _KEY.fullmatch(header)):
            field = header
        if field is not None:
            found[header] = field
    return found


def settled(
    headers: Sequence[str], chosen: Mapping[str, str], own: Mapping[str, Own] = NO_FIELDS
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return header → field as chosen, else as proposed, and the headers nobody placed.

    Args:
        headers: the file's.
        chosen: header → field, or `-` to leave a column out.
        own: as for `propose`.

    Raises:
        BadRequestError: a header that the file does not have, or a field that does not exist.
    """
    for header, field in chosen.items():
        if header not in headers:
            message = f"the file has no column {header!r}"
            raise BadRequestError(message, code="unknown_column", field=header)
        if field != LEAVE_OUT and field not in FIELDS and not _KEY.fullmatch(field):
            message = f"{header}: there is no field {field!r}"
            raise BadRequestError(message, code="unknown_field", field=header)
    placed = propose(headers, own) | dict(chosen)
    unplaced = tuple(header for header in headers if header and header not in placed)
    return {header: field for header, field in placed.items() if field != LEAVE_OUT}, unplaced


def fingerprint(headers: Sequence[str]) -> str:
    """Return by what the columns of the same program's next file are known again."""
    return hashlib.sha256("\x1f".join(spelling(one) for one in headers).encode()).hexdigest()[:32]


def spelling(header: str) -> str:
    """Return a header as it is compared: without marks, blanks and case."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", header).casefold())
