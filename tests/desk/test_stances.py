"""What agents choose is told to channels whose outside systems must know it; what they key on their phones comes back."""

from __future__ import annotations

from contactd.core.stance import Stance
from contactd.desk.rights import Actor
from tests.desk.bench import Bench


class Pbx:
    """What a channel with queues of its own adds to the quiet one."""

    def __init__(self, bench: Bench) -> None:
        self.told: list[Stance] = []
        bench.voice.stance = self.stance  # type: ignore[attr-defined]

    async def stance(self, stance: Stance) -> None:
        self.told.append(stance)


def intent(bench: Bench, agent: Actor) -> tuple[str, str | None]:
    member = bench.office.desk.roster.get(agent.id)
    assert member is not None
    return member.intent, member.reason


async def test_each_choice_is_told_once_with_its_reason(bench: Bench) -> None:
    pbx = Pbx(bench)
    ann = await bench.agent("ann", device="PJSIP/1001")
    await bench.ready(ann)
    await bench.run(ann, "agent.set_intent", intent="not_ready", reason="lunch")
    await bench.run(ann, "agent.set_intent", intent="logged_out")
    await bench.until(lambda: pbx.told and pbx.told[-1].intent == "logged_out")
    chosen = [(each.device, each.intent, each.reason) for each in pbx.told]
    assert chosen[-3:] == [
        ("PJSIP/1001", "ready", None),
        ("PJSIP/1001", "not_ready", "lunch"),
        ("PJSIP/1001", "logged_out", None),
    ]
    assert len(set(chosen)) == len(chosen)


async def test_who_has_no_phone_is_nobody_to_a_pbx(bench: Bench) -> None:
    pbx = Pbx(bench)
    ben = await bench.agent("ben")
    await bench.ready(ben)
    assert pbx.told == []
    assert bench.voice.tools.stances() == []


async def test_a_break_keyed_on_the_phone_is_the_agent_s_choice(bench: Bench) -> None:
    ann = await bench.agent("ann", device="PJSIP/1001")
    tools = bench.voice.tools
    await tools.paused("PJSIP/1001", on=True, reason="lunch")
    assert intent(bench, ann)[0] == "logged_out", "a phone signs nobody in"
    await bench.ready(ann)
    await tools.paused("PJSIP/1001", on=True, reason="lunch")
    assert intent(bench, ann) == ("not_ready", "lunch")
    await tools.paused("PJSIP/1001", on=False)
    assert intent(bench, ann) == ("ready", None)
    await tools.paused("PJSIP/1001", on=True, reason="*46 whatever")
    assert intent(bench, ann) == ("not_ready", None), "a reason the policy does not know is none"
    await tools.paused("PJSIP/4711", on=True, reason="lunch")
    (stance,) = tools.stances()
    assert (stance.agent, stance.intent) == (ann.id, "not_ready")
