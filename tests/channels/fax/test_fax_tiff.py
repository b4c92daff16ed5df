"""Every TIFF becomes pages or a reason: in the right shape, whatever is broken, within bounds."""

from __future__ import annotations

import io
import struct

import pytest
from fax_doubles import page, tiff
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from contactd.channels.fax import tiff as reader
from contactd.channels.fax.reader import read

pytestmark = pytest.mark.promise

ENVELOPE = {"number": "037160135900", "name": "ACME\r\nTrading", "to": "4006180987", "comm": "000001234"}


@pytest.mark.parametrize("compression", ["group3", "group4", "raw", "packbits", "tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.parametrize("pages", [1, 3])
def test_a_fax_becomes_page_images_beside_the_original(compression: str, pages: int) -> None:
    raw = tiff(pages, compression=compression)
    content = read(raw, ENVELOPE)
    assert content.quarantine is None
    assert content.subject == ("Fax, 1 page" if pages == 1 else "Fax, 3 pages")
    [message] = content.messages
    *images, original = message.attachments
    assert [(image.page, image.media_type) for image in images] == [(n + 1, "image/png") for n in range(pages)]
    assert (original.media_type, original.data, original.page) == ("image/tiff", raw, None)
    assert (message.direction, message.text) == ("inbound", "")


def test_the_sender_is_resolved_like_a_caller_but_as_a_fax() -> None:
    content = read(tiff(), ENVELOPE)
    assert content.sender is not None
    assert (content.sender.kind, content.sender.value) == ("fax", "+8637160135900")
    assert content.sender_name == "ACME Trading"
    assert content.messages[0].recipients == (("to", "", "4006180987"),)


def test_rules_of_the_installation_come_with_the_envelope() -> None:
    local = read(tiff(), {"number": "60135900", "area_code": "0371"})
    assert local.sender is not None
    assert local.sender.value == "+8637160135900"
    foreign = read(tiff(), {"number": "(650) 253-0000", "region": "US"})
    assert foreign.sender is not None
    assert foreign.sender.value == "+16502530000"


@pytest.mark.parametrize("number", ["", "anonymous", "未知", 7, None])
def test_a_sender_who_hides_is_nobody(number: object) -> None:
    assert read(tiff(), {"number": number}).sender is None


def test_what_went_wrong_on_the_line_is_told() -> None:
    content = read(tiff(), {"error": "No receiver protocol (T.30 T1 timeout)"})
    assert content.defects == ("transmission: No receiver protocol (T.30 T1 timeout)",)
    assert content.quarantine is None


@pytest.mark.parametrize(
    ("dpi", "height", "shown"),
    [
        ((204, 98), 1144, 2381),
        ((204, 196), 2287, 2380),
        ((204, 391), 4574, 2386),
        ((98, 98), 1144, 1144),
        (None, 1144, 2288),
        (None, 2287, 2287),
        ((1, 1), 1144, 2288),
        ((9999, 1), 1144, 2288),
    ],
)
def test_oblong_pixels_are_put_right(dpi: tuple[float, float] | None, height: int, shown: int) -> None:
    drawn, error = reader.pages(tiff(1, dpi=dpi, height=height))
    assert error is None
    assert drawn[0].height * 1728 // drawn[0].width == pytest.approx(shown, abs=3)
    image = Image.open(io.BytesIO(drawn[0].png))
    assert image.size == (drawn[0].width, drawn[0].height)
    assert image.convert("L").getextrema() == (0, 255)


def test_a_page_wider_than_any_screen_is_shrunk() -> None:
    out = io.BytesIO()
    page(width=6000, height=8000).save(out, "TIFF", compression="group4")
    drawn, _ = reader.pages(out.getvalue())
    assert (drawn[0].width, drawn[0].height) == (2000, 2667)


@pytest.mark.parametrize("compression", ["group3", "group4"])
def test_a_fax_cut_anywhere_is_pages_or_quarantine(compression: str) -> None:
    whole = tiff(3, compression=compression, height=250)
    for length in range(0, len(whole), 97):
        content = read(whole[:length], ENVELOPE)
        pages = [file for file in content.messages[0].attachments if file.page]
        assert content.messages[0].attachments[-1].data == whole[:length]
        assert bool(pages) == (content.quarantine is None)
        if len(pages) < 3 and pages:
            assert content.defects
            assert content.subject.endswith("(incomplete)")
        if len(pages) == 3 and not content.defects:
            assert length > len(whole) - 32, "only the resolution, which stands last, may be missing"


def test_a_single_page_cut_in_the_middle_is_quarantined() -> None:
    whole = tiff(1)
    content = read(whole[: len(whole) // 2], ENVELOPE)
    assert content.quarantine is not None
    assert content.sender is not None


@pytest.mark.parametrize(
    "raw", [b"", b"hello", b"II*\0", b"MM\0*" + b"\xff" * 100, b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\0" * 5000]
)
def test_what_is_no_fax_is_quarantined_with_a_reason(raw: bytes) -> None:
    content = read(raw, {})
    assert content.quarantine
    assert content.messages[0].attachments[-1].data == raw


def hostile(width: int, height: int, samples: int = 1, following: int = 0, bits: int = 1) -> bytes:
    """Return a TIFF of a few bytes that claims to be large."""
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (259, 3, 1, 4), (262, 3, 1, 0), (273, 4, 1, 8)]
    tags += [(277, 3, 1, samples), (278, 4, 1, height), (279, 4, 1, 8)]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)


@pytest.mark.parametrize(
    "raw",
    [
        hostile(1_000_000, 1_000_000),
        hostile(0xFFFFFFFF, 0xFFFFFFFF),
        hostile(100_001, 1_000),
        hostile(0, 0),
        hostile(1728, 1, samples=65535),
        hostile(1728, 1144, samples=4, bits=64),
        hostile(10_000, 9_000, following=8),
        hostile(50_000, 1_999),
    ],
)
def test_a_hostile_size_is_refused_before_it_is_drawn(raw: bytes) -> None:
    drawn, error = reader.pages(raw)
    assert drawn == []
    assert error is not None


def test_a_fax_of_too_many_pages_is_shown_up_to_the_limit() -> None:
    images = [Image.new("1", (64, 64), 1) for _ in range(501)]
    out = io.BytesIO()
    images[0].save(out, "TIFF", compression="group4", save_all=True, append_images=images[1:])
    content = read(out.getvalue(), {})
    assert content.subject == "Fax, 500 pages (incomplete)"
    assert content.quarantine is None


def test_a_chain_of_pages_that_bites_its_tail_ends() -> None:
    whole = bytearray(tiff(2))
    first = struct.unpack_from("<I", whole, 4)[0]
    entries = struct.unpack_from("<H", whole, first)[0]
    second = struct.unpack_from("<I", whole, first + 2 + entries * 12)[0]
    more = struct.unpack_from("<H", whole, second)[0]
    struct.pack_into("<I", whole, second + 2 + more * 12, first)
    drawn, _ = reader.pages(bytes(whole))
    assert 2 <= len(drawn) <= reader.MAX_PAGES


SMALL = tiff(2, height=200)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_flipped_bytes_never_raise(flips: list[tuple[int, int]]) -> None:
    broken = bytearray(SMALL)
    for at, value in flips:
        broken[at] = value
    content = read(bytes(broken), ENVELOPE)
    assert content.messages[0].attachments[-1].data == bytes(broken)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400),
    st.dictionaries(
        st.sampled_from(["number", "name", "to", "error", "region", "area_code", "comm"]), st.text(max_size=90)
    ),
)
def test_any_bytes_and_any_envelope_become_content(raw: bytes, envelope: dict[str, str]) -> None:
    for data in (raw, b"II*\0" + raw, b"MM\0*" + raw, b"%PDF-" + raw):
        assert read(data, envelope).messages[0].direction == "inbound"
