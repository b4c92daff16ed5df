"""From bytes to text, whatever the label says: labels lie, and a wrong guess makes a customer's mail unreadable.

The order is: byte order mark, strict UTF-8, the declared label widened to its superset (gb2312 means gb18030), then a guess
by what the bytes look like.  Nothing here raises for any bytes or label.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

from charset_normalizer import from_bytes

from contactd.channels.email.hint import Hint

_WIDER = {
    "gb2312": "gb18030",
    "gb231280": "gb18030",
    "gb2312ascii": "gb18030",
    "euccn": "gb18030",
    "csgb2312": "gb18030",
    "chinese": "gb18030",
    "gbk": "gb18030",
    "xgbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "windows936": "gb18030",
    "936": "gb18030",
    "134": "gb18030",
    "gb18030": "gb18030",
    "gb180302000": "gb18030",
    "gb180302005": "gb18030",
    "hz": "hz",
    "hzgb2312": "hz",
    "big5": "big5hkscs",
    "xbig5": "big5hkscs",
    "cnbig5": "big5hkscs",
    "csbig5": "big5hkscs",
    "big5eten": "big5hkscs",
    "big5hkscs": "big5hkscs",
    "cp950": "cp950",
    "136": "big5hkscs",
    "shiftjis": "cp932",
    "sjis": "cp932",
    "xsjis": "cp932",
    "mskanji": "cp932",
    "windows31j": "cp932",
    "128": "cp932",
    "cp932": "cp932",
    "eucjp": "euc_jp",
    "xeucjp": "euc_jp",
    "iso2022jp": "iso2022_jp_ext",
    "csiso2022jp": "iso2022_jp_ext",
    "iso2022jpms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "cp50222": "iso2022_jp_ext",
    "iso2022jp1": "iso2022_jp_ext",
    "iso2022jp2": "iso2022_jp_2",
    "iso2022jp3": "iso2022_jp_3",
    "iso2022jp2004": "iso2022_jp_2004",
    "iso2022kr": "iso2022_kr",
    "ksc5601": "cp949",
    "ksc56011987": "cp949",
    "ksc56011992": "cp949",
    "euckr": "cp949",
    "uhc": "cp949",
    "ks56011987": "cp949",
    "windows949": "cp949",
    "129": "cp949",
    "johab": "johab",
    "iso88591": "cp1252",
    "latin1": "cp1252",
    "l1": "cp1252",
    "iso88599": "cp1254",
    "iso88598i": "iso8859_8",
    "iso88598e": "iso8859_8",
    "iso885911": "cp874",
    "tis620": "cp874",
    "windows874": "cp874",
    "utf8": "utf_8",
    "utf8mb4": "utf_8",
    "unicode11utf8": "utf_8",
    "utf7": "utf_7",
    "unicode11utf7": "utf_7",
    "utf16": "utf_16",
    "utf16le": "utf_16_le",
    "utf16be": "utf_16_be",
    "unicode": "utf_16",
    "utf32": "utf_32",
    "koi8r": "koi8_r",
    "koi8u": "koi8_u",
    "koi8ru": "koi8_u",
    "macintosh": "mac_roman",
    "xmacroman": "mac_roman",
    "xmacromanian": "mac_romanian",
    "xmaccyrillic": "mac_cyrillic",
}
"""Label without punctuation → codec.  A wider codec reads everything the narrow one does, and what people really send."""

_UNLABELLED = frozenset(
    {"", "usascii", "ascii", "ansix341968", "7bit", "8bit", "unknown", "xunknown", "unknown8bit", "default", "binary"}
)
_NUMBERED = re.compile(r"(?:x?cp|windows|ibm|dos|x?windowscp)(\d{3,5})$")
_ISO = re.compile(r"iso8859(\d{1,2})$")
_CODE_PAGES = frozenset(
    {
        "437",
        "720",
        "737",
        "775",
        "850",
        "852",
        "855",
        "857",
        "858",
        "860",
        "861",
        "862",
        "863",
        "864",
        "865",
        "866",
        "869",
        "874",
        "932",
        "949",
        "950",
        "1125",
        "1250",
        "1251",
        "1252",
        "1253",
        "1254",
        "1255",
        "1256",
        "1257",
        "1258",
    }
)
_ISO_PARTS = frozenset({"2", "3", "4", "5", "6", "7", "8", "10", "13", "14", "15", "16"})
_PUNCTUATION = re.compile(r"[^a-z0-9]")
_BOMS = (
    (codecs.BOM_UTF8, "utf_8_sig"),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
_LIARS = frozenset({"gb18030", "big5hkscs", "cp1252", "cp949", "cp932"})
"""Declared, and yet often UTF-8."""
_ASCII_BELOW = frozenset({"", "utf_8", "gb18030", "cp1252", "big5hkscs", "cp949"})
_MARKS = tuple(mark for mark, _ in _BOMS)
_ADJACENT_HIGH = re.compile(rb"[\x80-\xff]{2}")
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_GB_RUN = re.compile(rb"(?:[\xb0-\xf7][\xa1-\xfe]|[\xa1-\xa3][\xa1-\xfe])+\Z")
_JIS_ESCAPE = re.compile(rb"\x1b\$[@B]|\x1b\([JI]")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_SURROGATES = re.compile("[\ud800-\udfff]")
_KR_ESCAPE = b"\x1b$)C"
_SAMPLE = 4000
_MIN_SHARE = 0.6
_MIN_STATISTICS = 24
_MANY = 9
_FIRST_THREE_BYTE = "\u0800"
_MIN_PAIRS = 2
_GB_LEVEL_1 = range(0xB0, 0xD8)
_BIG5_LEVEL_1 = range(0xA4, 0xC7)
_MAX_LABEL = 40
_MAX_BAD = 3


@lru_cache(maxsize=512)
def codec(label: str) -> str | None:
    """Return the codec for a charset label, widened; None = the label says nothing (us-ascii, unknown, nonsense).

    Only text codecs known to be linear and harmless are ever named: `punycode`, `unicode_escape` and the like are not.
    """
    key = _PUNCTUATION.sub("", label[:_MAX_LABEL].lower())
    if key in _UNLABELLED:
        return None
    if key in _WIDER:
        return _WIDER[key]
    page = _NUMBERED.match(key)
    if page and page[1] in _CODE_PAGES:
        return f"cp{page[1]}"
    part = _ISO.match(key)
    if part and part[1] in _ISO_PARTS:
        return f"iso8859_{part[1]}"
    return None


def decode(data: bytes, label: str = "", hint: str | Hint = "") -> tuple[str, bool]:
    """Turn `data` into text.

    Args:
        data: the bytes.
        label: the charset they are declared to be in; empty = none.
        hint: another label of the same mail, used only when `label` says nothing.

    Returns:
        The text and whether it is clean: False when characters had to be replaced or the label was wrong.
    """
    name = codec(label) or ""
    if data.isascii():
        if name in _ASCII_BELOW:
            return _ascii(data)
    elif data.startswith(_MARKS):
        return _forced(data, next(name for mark, name in _BOMS if data.startswith(mark)))
    if not name:
        return guess(data, hint)
    return _declared(data, name)


def lines(data: bytes, label: str = "", hint: str | Hint = "") -> tuple[str, bool]:
    """Turn a body into text as `decode` does, its lines ended by a line feed alone and without null characters."""
    plain = _plain_lines(data, codec(label) or "")
    if plain is not None:
        return plain, True
    text, fine = decode(data, label, hint)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", ""), fine


def _plain_lines(data: bytes, name: str) -> str | None:
    """Decode a body that is what its label says, ASCII or UTF-8; None for any other.

    Nearly every body is one.  Line ends are changed in the bytes, where that takes half the time and changes no character.
    """
    if data.isascii():
        if name not in _ASCII_BELOW or b"\x1b" in data:
            return None
    elif name != "utf_8" or data.startswith(_MARKS):
        return None
    if b"\x00" in data:
        return None
    return _strict(_with_line_feeds(data) if b"\r" in data else data, "utf_8")


def _with_line_feeds(data: bytes) -> bytes:
    """Return bytes with every line end made a line feed."""
    if _LONE_RETURN.search(data) is None:
        # Taking single bytes out is six times as fast as replacing pairs.
        return data.replace(b"\r", b"")
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def guess(data: bytes, hint: str | Hint = "") -> tuple[str, bool]:
    """Turn unlabelled bytes into text: UTF-8, the hint, isolated accents, then Chinese by how common the characters are."""
    if data.isascii():
        return _ascii(data)
    text = _strict(data, "utf_8")
    # Two-byte sequences alone are as likely short GBK words in a mail that is GBK elsewhere.
    if text is not None and (max(text) >= _FIRST_THREE_BYTE or codec(str(hint)) != "gb18030"):
        return text, True
    name = codec(str(hint))
    if name is not None and name != "utf_8" and not (name == "cp1252" and _looks_gb(data)):
        hinted = _strict(data, name)
        if hinted is not None:
            return hinted, True
    if text is not None:
        return text, True
    if _ADJACENT_HIGH.search(data) is None:
        return _forced(data, "cp1252")
    return _chinese(data) or _damaged_utf8(data) or _statistics(data)


def _ascii(data: bytes) -> tuple[str, bool]:
    """Decode 7-bit bytes, which may still be Japanese or Korean behind escape sequences."""
    if b"\x1b" in data:
        if _JIS_ESCAPE.search(data):
            return _iso2022jp(data)
        if _KR_ESCAPE in data:
            return _forced(data, "iso2022_kr")
    return data.decode("ascii"), True


def _declared(data: bytes, name: str) -> tuple[str, bool]:
    """Decode by the declared codec, unless the bytes plainly contradict it."""
    if name == "iso2022_jp_ext":
        return _iso2022jp(data)
    if name in _LIARS and _surely_utf8(data, name):
        return data.decode("utf_8"), False
    likely = "gb18030" if name == "cp1252" and _looks_gb(data) else name
    text = _strict(data, likely)
    if text is not None:
        return text, likely == name
    if name == "utf_8":
        return _not_utf8(data)
    return guess(data) if name == "hz" else _forced(data, name)


def _not_utf8(data: bytes) -> tuple[str, bool]:
    """Decode bytes that are labelled UTF-8 and are not."""
    damaged = _damaged_utf8(data)
    if damaged is not None:
        return damaged
    text, _ = guess(data)
    return text, False


def _damaged_utf8(data: bytes) -> tuple[str, bool] | None:
    """Decode UTF-8 that was cut or has few bad bytes; None when most of it is something else."""
    text = data.decode("utf_8", "replace")
    bad = text.count("\ufffd")
    good = sum(1 for char in text[:_SAMPLE] if char >= "\x80" and char != "\ufffd")
    if good and (bad <= _MAX_BAD or bad * 20 < good) and good > bad:
        return text, False
    return None


def _surely_utf8(data: bytes, name: str) -> bool:
    """Tell whether bytes labelled otherwise are UTF-8 beyond doubt.

    1.5 % of GBK strings are valid UTF-8 by chance, short ones most; three-byte sequences and some length rule that out.
    A Western label hardly ever produces valid multi-byte UTF-8.
    """
    text = _strict(data, "utf_8")
    if text is None:
        return False
    if name == "cp1252":
        return True
    high = [char for char in text[:_SAMPLE] if char >= "\x80"]
    return len(high) * 3 >= _MANY and all(char >= _FIRST_THREE_BYTE for char in high)


def _looks_gb(data: bytes) -> bool:
    """Tell whether bytes labelled Latin-1 are pairs of GB 2312: Western text has its accents apart."""
    runs = _HIGH_RUN.findall(data[: _SAMPLE * 2])
    pairs = sum(len(run) for run in runs) // 2
    return pairs >= _MIN_PAIRS and all(_GB_RUN.match(run) for run in runs)


def _chinese(data: bytes) -> tuple[str, bool] | None:
    """Decode as GB18030 or Big5, whichever gives everyday characters; None when neither reads it."""
    simplified = _strict(data, "gb18030")
    if simplified is not None and _share(simplified, "gb2312", _GB_LEVEL_1) >= _MIN_SHARE:
        return simplified, True
    traditional = _strict(data, "big5hkscs")
    if traditional is not None and _share(traditional, "big5", _BIG5_LEVEL_1) >= _MIN_SHARE:
        return traditional, True
    if simplified is not None and len(data) <= _MIN_STATISTICS:
        return simplified, True
    return None


def _share(text: str, name: str, leads: range) -> float:
    """Return which part of the ideographs are in the first, common level of a character set."""
    ideographs = [char for char in text[:_SAMPLE] if "\u3400" <= char <= "\u9fff" or char >= "\ue000"]
    if not ideographs:
        return 1.0 if text.isascii() else 0.0
    common = sum(1 for char in ideographs if (code := char.encode(name, "ignore")) and code[0] in leads)
    return common / len(ideographs)


def _statistics(data: bytes) -> tuple[str, bool]:
    """Let statistics decide, on a sample: the last resort, useless on short strings."""
    if len(data) > _MIN_STATISTICS:
        best = from_bytes(data[:_SAMPLE]).best()
        name = codec(best.encoding) if best is not None else None
        if name is not None:
            return _forced(data, name)[0], False
    text = _strict(data, "gb18030")
    return (text, False) if text is not None else (_forced(data, "cp1252")[0], False)


def _iso2022jp(data: bytes) -> tuple[str, bool]:
    """Decode ISO-2022-JP, also with the vendor characters (① ㈱) that the standard one refuses."""
    text = _strict(data, "iso2022_jp_ext")
    if text is not None:
        return text, True
    if not data.isascii():
        return guess(data, "cp932")
    # JIS X 0213 has the vendor row 13 at its old place: switch to it by its own escape.
    text = _strict(data.replace(b"\x1b$B", b"\x1b$(Q").replace(b"\x1b$@", b"\x1b$(Q"), "iso2022_jp_2004")
    return (text, True) if text is not None else _forced(data, "iso2022_jp_ext")


def _strict(data: bytes, name: str) -> str | None:
    """Decode, or None when a byte does not fit."""
    try:
        text = data.decode(name)
    except (UnicodeError, LookupError):
        return None
    # UTF-7 may spell half a surrogate pair, which no database and no socket takes.
    return _SURROGATES.sub("\ufffd", text) if name == "utf_7" else text


def _forced(data: bytes, name: str) -> tuple[str, bool]:
    """Decode, replacing what does not fit; cp1252's five holes read as Latin-1 control characters."""
    text = _strict(data, name)
    if text is not None:
        return text, True
    try:
        return data.decode(name, "replace"), False
    except (UnicodeError, LookupError):
        return data.decode("latin_1"), False
