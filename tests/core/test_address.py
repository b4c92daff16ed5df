"""Whatever a number or address looks like, the same customer is found."""

# ruff: noqa: RUF001 - full-width digits and signs are what people type
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contactd.core.address import display_phone, email, phone, phone_point, phones, visitor_point

MOBILE = ("+8613800138000", None, "mobile")
BEIJING = ("+861012345678", None, "fixed")
BEIJING_801 = ("+861012345678", "801", "fixed")
ZHENGZHOU = ("+8637160135900", None, "fixed")

SPELLINGS = [
    ("13800138000", MOBILE),
    (" 13800138000 ", MOBILE),
    ("138 0013 8000", MOBILE),
    ("138-0013-8000", MOBILE),
    ("138.0013.8000", MOBILE),
    ("１３８００１３８０００", MOBILE),
    ("+86 138 0013 8000", MOBILE),
    ("＋８６　１３８　００１３　８０００", MOBILE),
    ("+8613800138000", MOBILE),
    ("(+86)13800138000", MOBILE),
    ("(86)13800138000", MOBILE),
    ("0086-13800138000", MOBILE),
    ("008613800138000", MOBILE),
    ("86 13800138000", MOBILE),
    ("8613800138000", MOBILE),
    ("013800138000", MOBILE),
    ("٠١٣٨٠٠١٣٨٠٠٠", MOBILE),
    ("手机：138-0013-8000", MOBILE),
    ("13800138000（王经理）", MOBILE),
    ("tel:+8613800138000", MOBILE),
    ("sip:13800138000@192.0.2.1:5060", MOBILE),
    ('"Li Na" <13800138000>', MOBILE),
    ("\u200e13800138000\u200f", MOBILE),
    ("138\u00a00013\u20098000", MOBILE),
    ("13800138000/13900139000", MOBILE),
    ("13800138000-1234", ("+8613800138000", "1234", "mobile")),
    ("13800138000转1234", ("+8613800138000", "1234", "mobile")),
    ("14112345678", ("+8614112345678", None, "mobile")),
    ("０３７１－６０１３５９００", ZHENGZHOU),
    ("0371-60135900", ZHENGZHOU),
    ("0371 60135900", ZHENGZHOU),
    ("037160135900", ZHENGZHOU),
    ("+86-371-60135900", ZHENGZHOU),
    ("86-0371-60135900", ZHENGZHOU),
    ("(0371) 6013 5900", ZHENGZHOU),
    ("（0371）60135900", ZHENGZHOU),
    ("0371－6013－5900", ZHENGZHOU),
    ("0371—60135900", ZHENGZHOU),
    ("(010)12345678", BEIJING),
    ("010-1234-5678", BEIJING),
    ("010 1234 5678", BEIJING),
    ("+86(0)10 12345678", BEIJING),
    ("+86 (0)10-1234 5678", BEIJING),
    ("+86 010 12345678", BEIJING),
    ("010-12345678转801", BEIJING_801),
    ("010-12345678 转 801", BEIJING_801),
    ("010-12345678转接801", BEIJING_801),
    ("010-12345678分机801", BEIJING_801),
    ("010-12345678 分机号：801", BEIJING_801),
    ("010-12345678内线801", BEIJING_801),
    ("010-12345678，转801", BEIJING_801),
    ("(010)12345678(转801)", BEIJING_801),
    ("010-12345678-801", BEIJING_801),
    ("010-1234 5678-801", BEIJING_801),
    ("(010)12345678-801", BEIJING_801),
    ("01012345678-801", BEIJING_801),
    ("０１０－１２３４５６７８－８０１", BEIJING_801),
    ("+86-10-12345678-801", BEIJING_801),
    ("010-12345678x801", BEIJING_801),
    ("010-12345678 X 801", BEIJING_801),
    ("010-12345678,801", BEIJING_801),
    ("010-12345678，801", BEIJING_801),
    ("010-12345678#801", BEIJING_801),
    ("010-12345678＃801", BEIJING_801),
    ("010-12345678 ext 801", BEIJING_801),
    ("010-12345678 ext.801", BEIJING_801),
    ("010-12345678 Extension: 801", BEIJING_801),
    ("tel:+86-10-12345678;ext=801", BEIJING_801),
    ("请拨打010-12345678转801或13800138000", BEIJING_801),
    ("021-61234567", ("+862161234567", None, "fixed")),
    ("400-618-0987", ("+864006180987", None, "tollfree")),
    ("4006180987", ("+864006180987", None, "tollfree")),
    ("4006180987转2", ("+864006180987", "2", "tollfree")),
    ("800-810-1234", ("+868008101234", None, "tollfree")),
    ("110", ("short:110", None, "short")),
    ("12345", ("short:12345", None, "short")),
    ("12306", ("short:12306", None, "short")),
    ("95588", ("short:95588", None, "short")),
    ("955 88", ("short:95588", None, "short")),
    ("95105105", ("raw:95105105", None, "raw")),
    ("10086", ("short:10086", None, "short")),
    ("+8610086", ("short:10086", None, "short")),
    ("+8695588", ("short:95588", None, "short")),
    ("1069012345678", ("short:1069012345678", None, "short")),
    ("10101234", ("short:10101234", None, "short")),
    ("60135900", ("raw:60135900", None, "raw")),
    ("021-6123 4567/68", ("raw:0216123456768", None, "raw")),
    ("801", ("raw:801", None, "raw")),
    ("*97", ("raw:97", None, "raw")),
    ("12345678901", ("raw:12345678901", None, "raw")),
    ("138001380001380013800013800138000", ("raw:138001380001380013800013800138000", None, "raw")),
    ("+85221234567", ("+85221234567", None, "fixed")),
    ("00852 2123 4567", ("+85221234567", None, "fixed")),
    ("85221234567", ("+85221234567", None, "fixed")),
    ("+1 (650) 253-0000", ("+16502530000", None, "other")),
    ("+1 202 555 0100 x7", ("+12025550100", "7", "other")),
    ("+44 20 7946 0018", ("+442079460018", None, "fixed")),
]

NOBODY = [
    "",
    "  ",
    "anonymous",
    "Anonymous",
    "UNKNOWN",
    "<unknown>",
    "anonymous@anonymous.invalid",
    "private",
    "未知",
    "匿名",
]
NOBODY += ["未知号码", "无", "0", "000000", "hello", "-", "()", "N/A", "null"]


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(SPELLINGS) + len(NOBODY) >= 80


@pytest.mark.parametrize(("text", "expected"), SPELLINGS)
def test_a_spelling_is_read(text: str, expected: tuple[str, str | None, str]) -> None:
    address = phone(text)
    assert address is not None
    assert (address.e164, address.extension, address.kind) == expected
    assert address.raw == text


@pytest.mark.parametrize("text", NOBODY)
def test_who_hides_or_names_no_number_is_nobody(text: str) -> None:
    assert phone(text) is None
    assert phones(text) == []
    assert phone_point(text) is None


@pytest.mark.parametrize("area_code", ["0371", "371"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("60135900", ZHENGZHOU),
        ("6013 5900", ZHENGZHOU),
        ("60135900-801", ("+8637160135900", "801", "fixed")),
        ("60135900转801", ("+8637160135900", "801", "fixed")),
        ("13800138000", MOBILE),
        ("010-12345678", BEIJING),
        ("95588", ("short:95588", None, "short")),
    ],
)
def test_a_local_number_gets_the_area_code(text: str, area_code: str, expected: tuple[str, str | None, str]) -> None:
    address = phone(text, area_code=area_code)
    assert address is not None
    assert (address.e164, address.extension, address.kind) == expected


@pytest.mark.parametrize(("text", "prefix"), [("9013800138000", "9"), ("913800138000", "9"), ("0013800138000", "0")])
def test_a_trunks_outside_prefix_is_cut_where_the_number_is_none_with_it(text: str, prefix: str) -> None:
    address = phone(text, outside_prefix=prefix)
    assert address is not None
    assert address.e164 == "+8613800138000"


def test_another_region_has_its_own_rules() -> None:
    address = phone("(650) 253-0000 ext. 12", region="US")
    assert address is not None
    assert (address.e164, address.extension) == ("+16502530000", "12")
    emergency = phone("911", region="US")
    assert emergency is not None
    assert emergency.e164 == "short:911"


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("13800138000/13900139000", ["+8613800138000", "+8613900139000"]),
        ("13800138000、13900139000，13700137000；0371-60135900", None),
        ("13800138000 13800138000", ["raw:1380013800013800138000"]),
        ("010-12345678转801/13800138000", ["+861012345678", "+8613800138000"]),
        ("请拨打010-12345678转801或13800138000", ["+861012345678", "+8613800138000"]),
        ("13800138000,13800138000", ["+8613800138000"]),
        ("021-6123 4567/68", ["raw:0216123456768"]),
        ("010-12345678,801", ["+861012345678"]),
        ("tel:13800138000", ["+8613800138000"]),
    ],
)
def test_several_numbers_of_a_cell(cell: str, expected: list[str] | None) -> None:
    expected = expected or ["+8613800138000", "+8613900139000", "+8613700137000", "+8637160135900"]
    assert [address.e164 for address in phones(cell)] == expected


def test_the_extension_of_each_number_in_a_cell_is_kept() -> None:
    assert [address.extension for address in phones("010-12345678转801、0371-60135900-8")] == ["801", "8"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+8613800138000", "138 0013 8000"),
        ("037160135900", "0371-60135900"),
        ("01012345678转801", "010-12345678-801"),
        ("4006180987", "400-618-0987"),
        ("95588", "95588"),
        ("60135900", "60135900"),
        ("+16502530000", "+1 650-253-0000"),
        ("+16502530000 x12", "+1 650-253-0000 ext. 12"),
        ("+85221234567", "+852 2123 4567"),
    ],
)
def test_a_number_is_shown_as_people_write_it(text: str, shown: str) -> None:
    address = phone(text)
    assert address is not None
    assert display_phone(address) == shown
    again = phone(shown)
    assert again is not None
    assert (again.e164, again.extension) == (address.e164, address.extension)


def test_a_stored_value_can_be_shown_without_the_address() -> None:
    assert display_phone("+8613800138000") == "138 0013 8000"
    assert display_phone("+8613800138000", region="US") == "+86 138 0013 8000"
    assert display_phone("+nonsense") == "+nonsense"


def test_phone_and_fax_of_one_number_are_two_points() -> None:
    voice, fax = phone_point("010-12345678转801"), phone_point("010-12345678转801", kind="fax")
    assert voice is not None
    assert fax is not None
    assert (voice.kind, voice.value, voice.ext, voice.raw) == ("phone", "+861012345678", "801", "010-12345678转801")
    assert (fax.kind, fax.value) == ("fax", voice.value)


@pytest.mark.parametrize(("text", "shared"), [("95588", True), ("400-618-0987", True), ("13800138000", False)])
def test_a_companys_number_never_stands_for_one_person(text: str, shared: bool) -> None:
    point = phone_point(text)
    assert point is not None
    assert point.shared is shared


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Zhang.San@Example.COM", "zhang.san@example.com"),
        ("  a@b.cn  ", "a@b.cn"),
        ("<a@b.cn>", "a@b.cn"),
        ("a＠b。cn", "a@b.cn"),
        ("u@Bücher.de", "u@xn--bcher-kva.de"),
        ("u@例子.中国", "u@xn--fsqu00a.xn--fiqs8s"),
        ("123456@qq.com", "123456@qq.com"),
        ("a+b@x.org", "a+b@x.org"),
        ("root@localhost", "root@localhost"),
        ("me@[192.0.2.1]", "me@[192.0.2.1]"),
        ("a@host_name.x", "a@host_name.x"),
    ],
)
def test_a_mail_address_is_normalised(text: str, value: str) -> None:
    point = email(text)
    assert point is not None
    assert point.value == value
    assert point.raw == text.strip()
    assert not point.shared


@pytest.mark.parametrize(
    "text", ["", "a", "@", "a@", "@b.cn", "a b@c.cn", "a@b..cn", "a@\u0000", "a@b,c@d", "a@-", "a@xn--\u0080"]
)
def test_what_is_no_mail_address_is_none(text: str) -> None:
    assert email(text) is None


@pytest.mark.parametrize("local", ["info", "Service", "SALES", "kefu", "no-reply"])
def test_a_role_mailbox_is_shared(local: str) -> None:
    point = email(f"{local}@example.com")
    assert point is not None
    assert point.shared


def test_a_visitor_belongs_to_a_site() -> None:
    point = visitor_point("shop", "0123456789abcdef")
    assert (point.kind, point.namespace, point.value) == ("chat_visitor", "shop", "0123456789abcdef")


messy = st.text(
    alphabet=st.one_of(st.sampled_from("0123456789+-() 转分机内线ext#,;/、：<>@x."), st.characters()), max_size=400
)


@given(messy)
def test_no_text_is_too_strange(text: str) -> None:
    for address in [phone(text), *phones(text)]:
        if address is not None:
            assert address.e164[0] == "+" or address.e164.split(":")[0] in {"short", "raw"}
            display_phone(address)
    point = email(text)
    assert point is None or point.value.count("@") >= 1


@given(st.from_regex(r"\A(\+86|0086|86|0)?1[3-9][0-9]{9}\Z"), st.sampled_from(["", " ", "-", "\u3000"]))
def test_every_spelling_of_a_mobile_is_one_number(text: str, between: str) -> None:
    national = text[-11:]
    head = text[: -len(national)]
    address = phone(f"{head}{between}{national[:3]}{between}{national[3:7]}{between}{national[7:]}")
    assert address is not None
    assert address.e164 == f"+86{national}"
    again = phone(display_phone(address))
    assert again is not None
    assert again.e164 == address.e164


@pytest.mark.parametrize("piece", ["1", "转", "1,", "1/", "(", "-", "1-", "ext ", ";ext=", "＋", "a@", "<", "ﷺ"])
def test_what_is_too_long_is_cut(piece: str) -> None:
    for text in (piece * 2_000, "1" * 8 + piece * 2_000):
        assert phone(text) == phone(text[:256])
        assert phones(text) == phones(text[:1024])
        assert email(text) == email(text[:256])


@pytest.mark.parametrize(
    "number", ["+861060135900", "+861066668888", "+8613800138000", "+862161234567", "+442079460123"]
)
def test_what_is_normal_already_stays_as_it_is(number: str) -> None:
    """Fails when a subscriber in Beijing (+86 10 6…) is taken for a port of short messages (106…)."""
    found = phone(number)
    assert found is not None
    assert found.e164 == number
