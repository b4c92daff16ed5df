"""What callers hear and press before, in and after the line: over real sockets against the scripted PBX."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from ari_stand import Stand, client, standing
from pydantic import ValidationError

from contactd.channels.voice import ari_wait
from contactd.channels.voice.ari_asking import Asking
from contactd.channels.voice.options import Options, WaitOptions
from contactd.channels.voice.sender import Numbers
from contactd.core.channel import Arrival, Content, Known
from contactd.core.events import InteractionGone
from contactd.testing.pbx import Caller

pytestmark = pytest.mark.integration

MENUS = {
    "main": {
        "numbers": ["400800006"],
        "play": ["sound:contactd/welcome"],
        "choices": {
            "1": {"label": "Sales", "line": "sales"},
            "2": {"label": "English", "language": "en", "menu": "order"},
            "9": {"menu": "main"},
        },
        "otherwise": {"line": "support"},
    },
    "order": {
        "play": ["sound:contactd/order"],
        "entry": {"name": "order", "digits": 6, "least": 4},
        "otherwise": {"line": "billing"},
    },
}
WAIT = {"every_s": 2, "callback": ["sound:contactd/callback"], "called_back": ["sound:contactd/we-call"]}


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    async with standing(menus=MENUS, wait=WAIT) as made:
        yield made


async def calling(stand: Stand) -> Caller:
    call = await stand.pbx.call("13800138000", "400800006", name="王小明", queue="sales")
    await stand.pbx.until(lambda: "sound:contactd/welcome" in call.channel.playing)
    return call


async def taken_in(stand: Stand, call: Caller) -> tuple[Arrival, Content]:
    await stand.house.until(lambda: ("ari", call.id) in stand.house.arrivals)
    arrival, content = stand.house.arrivals["ari", call.id]
    assert content is not None
    return arrival, content


async def test_a_key_leads_to_its_line_and_the_way_is_kept(stand: Stand) -> None:
    call = await calling(stand)
    assert ("ari", call.id) not in stand.house.arrivals, "not in a line before they have chosen"
    call.press("1")
    arrival, content = await taken_in(stand, call)
    assert (arrival.line, content.subject) == ("sales", "1 Sales")
    await stand.pbx.until(lambda: call.hears == {"music"} and not call.channel.playing)


async def test_a_language_and_a_number_are_kept(stand: Stand) -> None:
    call = await calling(stand)
    call.press("2")
    await stand.pbx.until(lambda: "sound:contactd/order" in call.channel.playing)
    assert call.channel.variables["CHANNEL(language)"] == "en"
    call.press("2026#")
    arrival, content = await taken_in(stand, call)
    assert (arrival.line, content.language, content.subject) == ("billing", "en", "2 English · order 2026")


@pytest.mark.parametrize(("keys", "order"), [("202611", "202611"), ("2026", "2026")])
async def test_a_number_ends_with_its_last_digit_or_in_silence(stand: Stand, keys: str, order: str) -> None:
    call = await calling(stand)
    call.press("2")
    await stand.pbx.until(lambda: "sound:contactd/order" in call.channel.playing)
    call.press(keys)
    if len(keys) < 6:
        await stand.house.until(lambda: (found := stand.client.calls.get(call.id)) and found.keyed == keys)
        await stand.quiet()
        call.listen()
    _, content = await taken_in(stand, call)
    assert content.subject.endswith(f"order {order}")


async def test_who_presses_nothing_or_nonsense_is_asked_again_and_then_served(stand: Stand) -> None:
    call = await calling(stand)
    call.press("7")
    await stand.pbx.until(lambda: call.channel.playing[:2] == ["sound:invalid", "sound:contactd/welcome"])
    call.listen()
    arrival, content = await taken_in(stand, call)
    assert (arrival.line, content.subject) == ("support", "")


async def test_a_menu_that_leads_round_and_round_ends(stand: Stand) -> None:
    call = await calling(stand)
    for _ in range(40):
        if ("ari", call.id) in stand.house.arrivals:
            break
        await stand.pbx.until(lambda: call.channel.playing or ("ari", call.id) in stand.house.arrivals)
        call.press("9")
        await stand.quiet()
    await taken_in(stand, call)


async def test_who_hangs_up_in_the_menu_is_counted(stand: Stand) -> None:
    call = await calling(stand)
    call.press("2")
    await stand.pbx.until(lambda: "sound:contactd/order" in call.channel.playing)
    call.hangup()
    _, content = await taken_in(stand, call)
    assert content.subject == "2 English"
    await stand.house.until(lambda: stand.house.facts == [InteractionGone(interaction=f"i-{call.id}")])
    assert stand.client.calls.ids() == []


async def test_other_numbers_have_no_menu(stand: Stand) -> None:
    call = await stand.pbx.call("13800138000", "400800001")
    await taken_in(stand, call)
    assert not call.channel.heard


async def waiting(stand: Stand) -> Caller:
    call = await stand.pbx.call("13800138000", "400800001", name="王小明")
    await stand.house.until(lambda: stand.client.calls.by_interaction(f"i-{call.id}"))
    await stand.quiet()
    return call


async def test_who_waits_hears_their_place_and_an_honest_time(stand: Stand) -> None:
    stand.house.place, stand.house.expected = 3, 130.0
    call = await waiting(stand)
    await stand.pbx.until(lambda: call.channel.playing)
    assert call.channel.playing == [
        "sound:queue-thereare",
        "number:3",
        "sound:queue-callswaiting",
        "sound:queue-holdtime",
        "number:3",
        "sound:queue-minutes",
        "sound:queue-thankyou",
    ], "130 s are said as three minutes: never less than it will be"
    call.listen()
    await stand.pbx.until(lambda: call.hears == {"music"})


def test_a_time_nobody_knows_or_believes_is_not_said() -> None:
    options = WaitOptions(place=False)
    assert ari_wait.place(options, 1, None) == ()
    assert ari_wait.place(options, 1, 3600.0) == ()
    assert "number:1" in ari_wait.place(options, 1, 5.0)
    assert ari_wait.place(WaitOptions(time=False), 1, 60.0)[0] == "sound:queue-youarenext"


async def test_an_agent_who_takes_the_call_ends_the_announcement(stand: Stand) -> None:
    call = await waiting(stand)
    await stand.pbx.until(lambda: call.channel.playing)
    phone = stand.pbx.phone("PJSIP/1001", answer_after=0)
    stand.client.connect(stand.change(call, "active", "accepted"))
    await stand.pbx.until(lambda: phone.leg is not None and call.hears == {phone.leg.id})
    assert not call.channel.playing


async def test_a_call_back_is_offered_and_taken(stand: Stand) -> None:
    call = await waiting(stand)
    machine = stand.client.calls
    pressed = {"type": "ChannelDtmfReceived", "digit": "1", "channel": {"id": call.id}}
    assert machine.handle(pressed) == [], "nobody has offered it yet"
    stand.client.changed(replace(stand.change(call, "queued", "overflow"), action="callback"))
    await stand.pbx.until(lambda: call.channel.playing == ["sound:contactd/callback"])
    call.press("11")
    await stand.house.until(lambda: stand.house.called_back == [f"i-{call.id}"])
    stand.client.changed(replace(stand.change(call, "closed", "overflow_out"), action="callback"))
    await stand.pbx.until(lambda: call.channel.playing == ["sound:contactd/we-call"])
    call.listen()
    await stand.pbx.until(lambda: call.gone)


async def test_a_call_back_that_cannot_be_is_said_and_the_caller_waits_on(stand: Stand) -> None:
    stand.house.callable = False
    call = await waiting(stand)
    stand.client.changed(replace(stand.change(call, "queued", "overflow"), action="callback"))
    await stand.pbx.until(lambda: call.channel.playing == ["sound:contactd/callback"])
    call.press("1")
    await stand.pbx.until(lambda: "sound:invalid" in call.channel.heard)
    assert not call.gone


async def to_machine(stand: Stand) -> Caller:
    call = await waiting(stand)
    stand.client.changed(replace(stand.change(call, "closed", "overflow_out"), action="voicemail"))
    await stand.pbx.until(lambda: call.channel.playing == ["sound:vm-intro"])
    return call


@pytest.mark.parametrize("hangs_up", [False, True])
async def test_a_message_is_a_contact_with_its_sound(stand: Stand, *, hangs_up: bool) -> None:
    call = await to_machine(stand)
    call.listen()
    await stand.pbx.until(lambda: stand.pbx.switch.tapes.live)
    if hangs_up:
        call.hangup()
    else:
        call.speak(seconds=3)
    name = f"contactd-vm-i-{call.id}"
    await stand.house.until(lambda: ("ari-voicemail", name) in stand.house.arrivals)
    arrival, content = stand.house.arrivals["ari-voicemail", name]
    assert (arrival.channel, arrival.line, arrival.sender) == ("voicemail", "sales", "13800138000")
    assert content is not None
    assert content.sender is not None
    (said,) = content.messages
    assert said.attachments[0].media_type == "audio/wav"
    assert said.attachments[0].data.startswith(b"RIFF")
    await stand.pbx.until(lambda: call.gone and not stand.pbx.switch.recordings), "removed only when it is safe"


@pytest.mark.parametrize("owes", [True, False])
async def test_a_message_that_says_nothing_is_a_call_that_is_owed(stand: Stand, *, owes: bool) -> None:
    stand.house.owes = owes
    call = await to_machine(stand)
    call.listen()
    await stand.pbx.until(lambda: stand.pbx.switch.tapes.live)
    call.speak(seconds=1)
    await stand.pbx.until(lambda: call.gone and not stand.pbx.switch.recordings)
    kept = ("ari-voicemail", f"contactd-vm-i-{call.id}") in stand.house.arrivals
    assert (stand.house.owed, kept) == (([f"i-{call.id}"], False) if owes else ([], True))


async def test_a_message_is_fetched_again_after_the_store_was_down(stand: Stand) -> None:
    call = await to_machine(stand)
    call.listen()
    await stand.pbx.until(lambda: stand.pbx.switch.tapes.live)
    stand.house.down = True
    call.speak()
    await stand.quiet_for(call)
    assert stand.pbx.switch.recordings, "kept where it is until it is safe here"
    stand.house.down = False
    await stand.house.until(lambda: ("ari-voicemail", f"contactd-vm-i-{call.id}") in stand.house.arrivals)


async def test_a_message_left_while_we_were_away_is_found(stand: Stand) -> None:
    await stand.client.stop()
    stand.pbx.switch.recordings |= {"contactd-vm-i-1": b"RIFF", "their-own": b"RIFF"}
    stand.client = client(stand.pbx, stand.house)
    await stand.client.start()
    await stand.house.until(lambda: ("ari-voicemail", "contactd-vm-i-1") in stand.house.arrivals)
    await stand.pbx.until(lambda: list(stand.pbx.switch.recordings) == ["their-own"])


async def test_who_gives_up_before_the_machine_listens_leaves_nothing(stand: Stand) -> None:
    call = await to_machine(stand)
    call.hangup()
    await stand.house.until(lambda: stand.client.calls.ids() == [])
    await stand.quiet()
    assert not [key for key in stand.house.arrivals if key[0] == "ari-voicemail"]


@pytest.mark.parametrize(
    "menus",
    [
        {"main": {"choices": {"1": {"menu": "nowhere"}}}},
        {"main": {"otherwise": {"menu": "main"}}},
        {"main": {"play": ["sound:x,recording:y"]}},
        {"main": {"choices": {"12": {}}}},
        {"Main Menu": {}},
    ],
)
def test_a_menu_that_cannot_work_is_refused_at_the_start(menus: object) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"menus": menus})


HOURS = {
    "day": {
        "numbers": ["*"],
        "play": ["sound:contactd/welcome"],
        "hours": "sales",
        "closed": {"label": "closed", "line": "night"},
        "choices": {"1": {"line": "sales"}},
    },
}


@pytest.mark.parametrize("is_open", [True, False])
async def test_a_menu_is_heard_in_its_hours_only(*, is_open: bool) -> None:
    async with standing(menus=HOURS) as stand:
        stand.house.policy_lines = lambda: {"sales": {"open": is_open}}
        call = await stand.pbx.call("13800138000", "400800006", queue="sales")
        if is_open:
            await stand.pbx.until(lambda: "sound:contactd/welcome" in call.channel.playing)
            return
        arrival, content = await taken_in(stand, call)
        assert (arrival.line, content.subject) == ("night", "closed")
        assert not call.channel.heard


def test_a_place_is_said_in_the_callers_language() -> None:
    ours = WaitOptions(numbers="zh", thanks=())
    assert ari_wait.place(ours, 2, None)[1] == "sound:digits/liang"
    assert ari_wait.place(ours, 12, None, "en-GB")[1] == "sound:digits/12"
    assert ari_wait.place(WaitOptions(thanks=()), 12, None, "zh")[1] == "number:12"


ASKING = {
    "who": {
        "numbers": ["400800006"],
        "ask": "caller",
        "vip": {"line": "vip", "label": "VIP"},
        "found": {"menu": "number"},
        "otherwise": {"line": "support"},
    },
    "number": {
        "play": ["sound:contactd/order"],
        "entry": {"name": "order", "digits": 6},
        "otherwise": {"menu": "open"},
    },
    "open": {"ask": "order", "found": {"line": "delivery", "label": "open order"}, "otherwise": {"line": "sales"}},
}
KNOWN = Known(state="known", party="p1", candidates=(), names={})


def known(stand: Stand, found: Known = KNOWN) -> None:
    stand.house.known["+8613800138000"] = found


async def test_the_house_says_who_calls_and_what_is_open() -> None:
    async with standing(menus=ASKING) as asking:
        known(asking)
        asking.house.numbered.add(("order", "4711"))
        call = await asking.pbx.call("13800138000", "400800006")
        await asking.pbx.until(lambda: "sound:contactd/order" in call.channel.playing)
        call.press("4711#")
        arrival, content = await taken_in(asking, call)
        assert (arrival.line, content.subject) == ("delivery", "order 4711 · open order")
        assert [(step.menu, step.choice, step.entered) for step in content.way] == [
            ("who", "found", ""),
            ("number", "entered", "4711"),
            ("open", "found", ""),
        ]
        other = await asking.pbx.call("13800138000", "400800006")
        await asking.pbx.until(lambda: "sound:contactd/order" in other.channel.playing)
        other.press("4712#")
        arrival, content = await taken_in(asking, other)
        assert (arrival.line, content.way[-1].choice) == ("sales", "otherwise")


@pytest.mark.parametrize(
    ("found", "presentation", "line"),
    [
        (replace(KNOWN, vip=2), "allowed_not_screened", "vip"),
        (replace(KNOWN, vip=2), "prohib_not_screened", "support"),
        (replace(KNOWN, party=None, state="ambiguous"), "allowed_not_screened", "support"),
    ],
)
async def test_only_who_is_known_beyond_doubt_and_shown_is_known(found: Known, presentation: str, line: str) -> None:
    async with standing(menus=ASKING) as asking:
        known(asking, found)
        call = await asking.pbx.call("13800138000", "400800006", presentation=presentation)
        arrival, _ = await taken_in(asking, call)
        assert arrival.line == line


async def test_a_store_that_cannot_say_keeps_no_caller_in_a_menu() -> None:
    async with standing(menus=ASKING) as asking:
        asking.client._asking = Asking(asking.house, Numbers(), budget_s=0.05)
        asking.house.gate.clear()
        call = await asking.pbx.call("13800138000", "400800006")
        await asking.house.until(lambda: (found := asking.client.calls.get(call.id)) and found.line == "support")
        asking.house.gate.set()
        arrival, _ = await taken_in(asking, call)
        assert arrival.line == "support"


@pytest.mark.parametrize(
    "menu", [{"ask": "caller", "choices": {"1": {"line": "x"}}}, {"vip": {"line": "x"}}, {"ask": "weather"}]
)
def test_a_menu_asks_one_thing(menu: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"menus": {"main": menu}})
