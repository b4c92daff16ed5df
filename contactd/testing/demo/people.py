"""Made-up people: the shop's agents, and customers with names, numbers and addresses as they really look.

The same seed makes the same people.  Names are common ones; numbers lie in ranges of the right form; domains end in
`example`, so that nobody real is ever written to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

PASSWORD = "demodemo"  # noqa: S105 - the demo prints it


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody who logs in."""

    name: str
    display: str
    role: str
    lines: tuple[str, ...] = ("*",)
    skills: tuple[tuple[str, int], ...] = ()
    languages: tuple[str, ...] = ("zh",)
    device: str | None = None


COLLEAGUES = (
    Colleague(
        name="zhangwei",
        display="张伟",
        role="agent",
        skills=(("billing", 5), ("complaint", 6), ("product", 4)),
        languages=("zh", "en"),
        device="PJSIP/1001",
    ),
    Colleague(
        name="lina",
        display="李娜",
        role="agent",
        lines=("support", "sales"),
        skills=(("product", 8), ("complaint", 3)),
        languages=("zh", "en"),
        device="PJSIP/1002",
    ),
    Colleague(
        name="wangfang",
        display="王芳",
        role="agent",
        lines=("billing", "support"),
        skills=(("billing", 9),),
        device="PJSIP/1003",
    ),
    Colleague(
        name="emma",
        display="Emma Smith",
        role="agent",
        skills=(("product", 6), ("billing", 3)),
        languages=("en", "zh"),
        device="PJSIP/1004",
    ),
    Colleague(
        name="chenjing",
        display="陈静",
        role="supervisor",
        skills=(("approving", 5),),
        languages=("zh", "en"),
        device="PJSIP/1010",
    ),
    Colleague(name="sunli", display="孙丽", role="quality", languages=("zh", "en")),
    Colleague(name="admin", display="管理员 Admin", role="admin", languages=("zh", "en")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who gets in touch; `company` is empty for a private person."""

    name: str
    family: str
    given: str
    language: str
    mobile: str
    email: str
    company: str = ""
    office: str = ""
    fax: str = ""
    vip: int = 0


_FAMILIES = (*"王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗", "欧阳", "诸葛")
_GIVEN: tuple[str, ...] = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "军",
    "洋",
    "勇",
    "艳",
    "杰",
    "娟",
    "涛",
    "明",
    "超",
    "秀英",
    "霞",
    "平",
)
_GIVEN += ("建国", "子涵", "浩然", "雨桐", "志强", "晓明", "文静", "思远", "嘉怡", "天宇")
_PINYIN = {
    "王": "wang", "李": "li", "张": "zhang", "刘": "liu", "陈": "chen", "杨": "yang", "黄": "huang", "赵": "zhao",
    "周": "zhou", "吴": "wu", "徐": "xu", "孙": "sun", "马": "ma", "朱": "zhu", "胡": "hu", "郭": "guo", "何": "he",
    "高": "gao", "林": "lin", "罗": "luo", "欧阳": "ouyang", "诸葛": "zhuge",
}  # fmt: skip
_FIRST = (
    "Olivia",
    "James",
    "Sophie",
    "Daniel",
    "Grace",
    "Thomas",
    "Hannah",
    "Lucas",
    "Maria",
    "Peter",
    "Laura",
    "Adam",
)
_LAST = ("Brown", "Taylor", "Müller", "García", "Rossi", "Novak", "Jensen", "Wilson", "Dubois", "O'Neil", "Clark")
_COMPANIES = (
    ("北京海淀设计有限公司", "haidian-design.example", "010"),
    ("上海浦江酒店管理集团", "pujiang-hotels.example", "021"),
    ("广州南粤装饰工程有限公司", "nanyue-deco.example", "020"),
    ("郑州中原商贸有限公司", "zhongyuan.example", "0371"),
    ("深圳前海科技股份有限公司", "qianhai-tech.example", "0755"),
    ("Northwind Interiors Ltd", "northwind.example", "021"),
)
_MOBILE = ("138", "139", "150", "159", "186", "188", "176", "199")


def customers(number: int, seed: int) -> Iterator[Customer]:
    """Yield `number` customers; every fifth writes English, every third works for a company."""
    dice = Random(seed)
    for n in range(number):
        yield _foreign(dice, n) if n % 5 == 4 else _chinese(dice, n)  # noqa: PLR2004 - every fifth


def _chinese(dice: Random, n: int) -> Customer:
    family, given = dice.choice(_FAMILIES), dice.choice(_GIVEN)
    domain = dice.choice(("qq.example", "163.example", "sina.example"))
    return _customer(
        dice, n, name=family + given, family=family, given=given, box=f"{_PINYIN[family]}{n:03d}", domain=domain
    )


def _foreign(dice: Random, n: int) -> Customer:
    given, family = dice.choice(_FIRST), dice.choice(_LAST)
    box = f"{given}.{family}{n}".lower().replace("'", "").replace("ü", "ue").replace("í", "i")
    return _customer(
        dice, n, name=f"{given} {family}", family=family, given=given, box=box, domain="mail.example", en=True
    )


def _customer(
    dice: Random, n: int, *, name: str, family: str, given: str, box: str, domain: str, en: bool = False
) -> Customer:
    mobile = dice.choice(_MOBILE) + f"{dice.randrange(10**8):08d}"
    company, host, area = dice.choice(_COMPANIES) if n % 3 == 0 else ("", domain, "")
    subscriber = f"{dice.randrange(5, 9)}{dice.randrange(10**7):07d}"
    return Customer(
        name=name,
        family=family,
        given=given,
        language="en" if en else "zh",
        mobile=mobile,
        email=f"{box}@{host}",
        company=company,
        office=f"{area}-{subscriber}" if area else "",
        fax=f"{area}-{subscriber[:-2]}99" if area else "",
        vip=dice.choices((0, 1, 2, 3), (80, 12, 6, 2))[0],
    )
