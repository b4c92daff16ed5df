"""Numbers, times and money as they are said in Chinese and English: values in, names of sounds out.

Which sound is which word is a table: English has Asterisk's own names; for Chinese `digits/0`-`digits/9` are the digits, and the
further words are named after their pinyin, to be recorded once.
"""

from __future__ import annotations

from collections.abc import Sequence

MOST = 10**12
"""Numbers from here on are said digit by digit: nobody follows them otherwise."""
_ZH = {
    **{word: f"digits/{digit}" for digit, word in enumerate("零一二三四五六七八九")},
    "两": "digits/liang",
    "十": "digits/10",
    "百": "digits/hundred",
    "千": "digits/thousand",
    "万": "digits/wan",
    "亿": "digits/yi",
    "负": "digits/minus",
    "点": "time/dian",
    "分": "time/fen",
    "整": "time/zheng",
    "上": "time/am",
    "下": "time/pm",
    "元": "money/yuan",
    "角": "money/jiao",
    "厘": "money/fen",
    "年": "date/nian",
    "月": "date/yue",
    "日": "date/ri",
}
"""Word → sound; 上, 下 stand for 上午, 下午, and 厘 for the 分 of money, which is another sound than that of time."""
_GROUPS = ("", "万", "亿")
_PLACES = ("", "十", "百", "千")


def sounds(language: str, words: Sequence[str]) -> tuple[str, ...]:
    """Return the media of words in a language (`zh`; all else is English)."""
    table = _ZH if language == "zh" else {}
    return tuple(f"sound:{table.get(word, word)}" for word in words)


def zh_sounds() -> dict[str, str]:
    """Return word → sound, of everything that has to be recorded once to be able to say anything in Chinese."""
    return dict(_ZH)


def number(language: str, value: int, *, counting: bool = False) -> tuple[str, ...]:
    """Say a whole number; `counting`: something is counted, so that Chinese says 两 for a bare 2."""
    if abs(value) >= MOST:
        return digits(str(abs(value)))
    words = zh_number(value, counting=counting) if language == "zh" else en_number(value)
    return sounds(language, words)


def digits(text: str) -> tuple[str, ...]:
    """Say the digits of a telephone number, an order, a code; everything else in `text` is left out."""
    return tuple(f"sound:digits/{each}" for each in text if each.isascii() and each.isdecimal())


def zh_number(value: int, *, counting: bool = False) -> list[str]:
    """Return the words of a whole number in Chinese."""
    if value < 0:
        return ["负", *zh_number(-value, counting=counting)]
    if value == 0:
        return ["零"]
    if value == 2 and counting:  # noqa: PLR2004 - the one number that changes when it counts
        return ["两"]
    words: list[str] = []
    gap = False
    for place in reversed(range(len(_GROUPS))):
        group = value // 10_000**place % 10_000
        if group == 0:
            gap = bool(words)
            continue
        if words and (gap or group < 1000):  # noqa: PLR2004 - its thousands are empty
            words.append("零")
        words += _zh_group(group, first=not words, unit=_GROUPS[place])
        gap = False
    return words


def _zh_group(group: int, *, first: bool, unit: str) -> list[str]:
    """Return the words of up to four digits, and the unit they count."""
    words: list[str] = []
    gap = False
    for place in reversed(range(4)):
        digit = group // 10**place % 10
        if digit == 0:
            gap = bool(words)
            continue
        if gap:
            words.append("零")
            gap = False
        # 十二, not 一十二, but 一百一十二; 两千 and 两万, but 二十 and 二百.
        if not (first and not words and place == 1 and digit == 1):
            liang = digit == 2 and (place == 3 or (place == 0 and not words and unit))  # noqa: PLR2004 - digit and place
            words.append("两" if liang else "零一二三四五六七八九"[digit])
        if place:
            words.append(_PLACES[place])
    return [*words, *([unit] if unit else [])]


def en_number(value: int) -> list[str]:
    """Return the sounds of a whole number in English, by the names Asterisk's own sounds have."""
    if value < 0:
        return ["digits/minus", *en_number(-value)]
    for size, word in ((10**9, "billion"), (10**6, "million"), (1000, "thousand")):
        if value >= size:
            rest = value % size
            return [*en_number(value // size), f"digits/{word}", *(en_number(rest) if rest else [])]
    if value >= 100:  # noqa: PLR2004 - hundreds
        rest = value % 100
        return [f"digits/{value // 100}", "digits/hundred", *(en_number(rest) if rest else [])]
    if value <= 20:  # noqa: PLR2004 - they have words of their own
        return [f"digits/{value}"]
    return [f"digits/{value // 10 * 10}", *([f"digits/{value % 10}"] if value % 10 else [])]


def clock(language: str, hour: int, minute: int) -> tuple[str, ...]:
    """Say a time of day."""
    half, shown = hour >= 12, hour % 12 or 12  # noqa: PLR2004 - twelve hours
    if language != "zh":
        minutes = ["digits/oclock"] if minute == 0 else [*(["digits/oh"] if minute < 10 else []), *en_number(minute)]  # noqa: PLR2004 - one digit
        return sounds(language, [*en_number(shown), *minutes, "digits/p-m" if half else "digits/a-m"])
    minutes = ["整"] if minute == 0 else [*(["零"] if minute < 10 else []), *zh_number(minute), "分"]  # noqa: PLR2004 - one digit
    return sounds(language, ["下" if half else "上", *zh_number(shown, counting=True), "点", *minutes])


def money(language: str, fen: int) -> tuple[str, ...]:
    """Say an amount, given in hundredths of a yuan."""
    yuan, rest = divmod(abs(fen), 100)
    if language != "zh":
        words = [*en_number(yuan), "money/yuan"] if yuan or not rest else []
        words += [*en_number(rest), "money/fen"] if rest else []
        return sounds(language, [*(["digits/minus"] if fen < 0 else []), *words])
    jiao, last = divmod(rest, 10)
    said = [*zh_number(yuan, counting=True), "元"] if yuan or not rest else []
    said += [*zh_number(jiao, counting=True), "角"] if jiao else ["零"] if yuan and last else []
    said += [*zh_number(last, counting=True), "厘"] if last else []
    return sounds(language, [*(["负"] if fen < 0 else []), *said])


def date(language: str, year: int, month: int, day: int) -> tuple[str, ...]:
    """Say a date."""
    if language == "zh":
        years = ["零一二三四五六七八九"[int(each)] for each in str(year)]
        return sounds(language, [*years, "年", *zh_number(month), "月", *zh_number(day), "日"])
    tens, ones = divmod(day, 10)
    ordinal = [f"digits/h-{day}"] if day <= 20 or not ones else [f"digits/{tens}0", f"digits/h-{ones}"]  # noqa: PLR2004 - they have words of their own
    high, low = divmod(year, 100)
    pairs = [*en_number(high), *en_number(low)] if low >= 10 and high >= 10 else en_number(year)  # noqa: PLR2004 - twenty twenty-six
    return sounds(language, [f"digits/mon-{month - 1}", *ordinal, *pairs])
