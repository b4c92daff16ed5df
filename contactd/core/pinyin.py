"""Chinese names in Latin letters: every reading a surname may have, whole and as initials, for search and matching.

The dictionary's first reading of a character is often not the one it has as a surname (单 shan, 曾 zeng, 仇 qiu): those stand
here.  A character with several readings gives several names, bounded.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product

MAX_READINGS = 8
"""Different readings of one name that are kept."""
MAX_CHARS = 12
"""A longer run of characters is no person's name: it gets one reading."""

_SURNAMES = {
    "尉迟": "yu chi", "万俟": "mo qi", "长孙": "zhang sun", "澹台": "tan tai", "单于": "chan yu", "令狐": "ling hu",
    "宇文": "yu wen", "鲜于": "xian yu", "呼延": "hu yan", "申屠": "shen tu", "公冶": "gong ye", "濮阳": "pu yang",
    "单": "shan", "曾": "zeng", "仇": "qiu", "查": "zha", "区": "ou", "解": "xie", "任": "ren", "盖": "ge", "朴": "piao",
    "翟": "zhai", "乐": "yue", "缪": "miao", "尹": "yin", "員": "yun", "员": "yun", "逄": "pang", "黑": "he", "折": "she",
    "种": "chong", "繁": "po", "秘": "bi", "祭": "zhai", "冼": "xian", "覃": "qin", "洗": "xian", "纪": "ji", "华": "hua",
    "宁": "ning", "车": "che", "石": "shi", "长": "zhang", "柏": "bai", "谌": "chen", "召": "shao", "都": "du", "俞": "yu",
    "那": "na", "不": "fou", "哈": "ha", "隗": "wei", "应": "ying", "幺": "yao",
}  # fmt: skip
HAN = re.compile("[\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
"""A Chinese character, also outside the first plane."""
_COMPOUND = frozenset(
    {"欧阳", "司马", "诸葛", "上官", "夏侯", "东方", "皇甫", "慕容", "司徒", "司空", "端木", "南宫", "独孤", "轩辕"}
    | {"公孙", "太史", "闻人", "赫连", "钟离", "百里", "东郭", "西门", "第五", "拓跋", "完颜", "淳于", "闾丘", "梁丘"}
    | {name for name in _SURNAMES if len(name) == 2}  # noqa: PLR2004 - two characters
)


def is_han(char: str) -> bool:
    """Tell whether a character is a Chinese one (also outside the first plane)."""
    return HAN.match(char) is not None


def surname(name: str) -> str:
    """Return the surname a Chinese name seems to begin with: a known one of two characters, else the first character."""
    return name[:2] if name[:2] in _COMPOUND and len(name) > 2 else name[:1]  # noqa: PLR2004 - see above


@lru_cache(maxsize=4096)
def readings(name: str) -> tuple[tuple[str, str], ...]:
    """Return (whole, initials) of a Chinese name for each way to read it, likeliest first, at most `MAX_READINGS`.

    `("shantianfang", "stf")` comes first for 单田芳, the dictionary's `dantianfang` after it.  Nothing for a name without
    Chinese characters; other characters in it are left out.
    """
    chars = "".join(char for char in name if is_han(char))
    if not chars:
        return ()
    family = surname(chars)
    known = _SURNAMES.get(family)
    syllables = [_syllables(char, several=len(chars) <= MAX_CHARS) for char in chars]
    if known is not None:
        for place, syllable in enumerate(known.split()):
            syllables[place] = [syllable, *(one for one in syllables[place] if one != syllable)]
    found: dict[tuple[str, str], None] = {}
    # The surname's readings vary first: that is where dictionaries are wrong.
    for read in product(*(ones if place < len(family) else ones[:2] for place, ones in enumerate(syllables))):
        found.setdefault(("".join(read), "".join(one[0] for one in read)))
        if len(found) == MAX_READINGS:
            break
    return tuple(_first_syllables_first(found, syllables))


def _first_syllables_first(found: dict[tuple[str, str], None], syllables: list[list[str]]) -> list[tuple[str, str]]:
    """Put the likeliest reading of all characters in front."""
    likely = "".join(ones[0] for ones in syllables)
    return sorted(found, key=lambda reading: reading[0] != likely)


def _syllables(char: str, *, several: bool) -> list[str]:
    """Return a character's readings in plain letters (ü as v), the usual one first."""
    from pypinyin import Style, pinyin  # noqa: PLC0415 - its tables take a tenth of a second, which no start has to wait for

    ones = pinyin(char, style=Style.NORMAL, heteronym=several, errors="ignore")
    return list(dict.fromkeys(ones[0])) if ones and ones[0] and ones[0][0] else [char]
