"""Everything that can keep an item and an agent apart has words: here, on the command line and on consoles, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from stage import Stage

from contactd.routing import explain, explain_texts, idle
from contactd.routing.explain import KEEPS
from contactd.routing.explain_texts import FILTERS, SENTENCES, kept, sentence
from contactd.routing.score import Scale

ROOT = Path(__file__).parents[2]
CATALOGUES = {
    language: (ROOT / f"contactd/agent_ui/web/src/i18n/{file}.ts").read_text("utf-8")
    for language, file in (("zh", "zh-CN"), ("en", "en"))
}
DOING = ("talking", "wrapup", "offered", "working")
ASIDE = ("pbx", "preferred", "visit", "visit_first", "contact", "hours", "answer")
NEVER_OF_A_KIND = {"signed_out", "console", "not_ready", "draining", "rest"}
"""What keeps an agent from everything is said once, and not for each kind of work."""


def said() -> set[str]:
    """Return every sentence the explanations can make, from the tables they are made of."""
    waits = {f"wait_{word}" for word in (*DOING, *ASIDE, *explain.COULD_LATER)}
    idles = {f"idle_{word}" for word in KEEPS}
    written = re.findall(r'"reason\.(\w+)"', Path(explain.__file__).read_text("utf-8"))
    written += re.findall(r'"reason\.(\w+)"', Path(idle.__file__).read_text("utf-8"))
    return waits | idles | set(written)


def block(language: str, name: str) -> set[str]:
    """Return the keys of a block of the console's explanations."""
    text = CATALOGUES[language].split("\n  explain: {", 1)[1]
    inner = text.split(f"\n    {name}: {{", 1)[1].split("\n    },", 1)[0]
    return set(re.findall(r"^      (\w+):", inner, re.MULTILINE))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sentence_has_words(language: str) -> None:
    """Fails when a word is added to `KEEPS` or `COULD_LATER` alone."""
    assert {f"reason.{key}" for key in said()} <= set(SENTENCES)
    assert said() <= block(language, "said")
    params = {"n": 1, "s": 2.0, "step": 3, "reason": "x", "doing": "y"}
    for key in SENTENCES:
        assert sentence({"key": key, "params": params}, language) != key
    for word in (*KEEPS, "free", "step"):
        assert kept(word, language) != word
        assert word in block(language, "removed")


def test_every_term_of_the_score_has_a_name_on_consoles() -> None:
    stage = Stage({"lines": {"support": {"base": 1}}})
    stage.arrive("call", vip=1, repeat=1)
    item = stage.router._floor.items["call"]
    item.front = True
    names = {name for name, _ in Scale.of(item.line, item.rule).terms(item, stage.router._floor.now + 10**7)}
    assert len(names) == 8
    for language in CATALOGUES:
        assert names <= block(language, "term")


def test_both_languages_know_the_same() -> None:
    for table in (SENTENCES, FILTERS):
        assert all(set(words) == {"zh", "en"} for words in table.values())
    for name in ("said", "removed", "term"):
        assert block("zh", name) == block("en", name)
    assert explain_texts.sentence({"key": "reason.odd", "params": {}}, "en") == "reason.odd"


def test_an_item_held_back_for_a_visit_says_so() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.arrive("other")
    stage.arrive("call", party="p1")
    stage.arrive("mail", "email", party="p1")
    assert keys(stage, "mail")[0] == "reason.wait_visit_first"
    stage.accept("other")
    stage.end("other", skip_wrapup=True)
    stage.accept("call")
    stage.agent("bob", languages=("zh",))
    assert stage.offered_to("mail") is None
    assert keys(stage, "mail")[0] == "reason.wait_visit"


def test_an_item_that_waits_for_its_own_agent_says_so() -> None:
    stage = Stage()
    stage.agent("ann")
    stage.agent("bob", "not_ready")
    stage.arrive("call", prefer_agent="bob")
    assert keys(stage, "call")[0] == "reason.wait_preferred"


def test_a_callback_says_what_it_waits_for() -> None:
    stage = Stage(
        {
            "calendars": {"odd": {"week": {"mon": ["20:00-21:00"]}}},
            "lines": {"support": {}, "late": {"calendar": "odd"}},
        }
    )
    stage.agent("ann", "not_ready", device=None)
    for name, line in (("back", "support"), ("later", "late")):
        stage.arrive(name, "callback", line, contact="n1", direction="outbound", reason="callback")
    assert keys(stage, "later")[0] == "reason.wait_hours"
    stage.arrive("chat", "chat", contact="n1")
    stage.intent("ann", "ready")
    stage.accept("chat")
    assert keys(stage, "back")[0] == "reason.wait_contact"


def test_what_the_pbx_routes_says_so() -> None:
    stage = Stage()
    stage.arrive("call", routed_by="pbx")
    assert keys(stage, "call")[0] == "reason.wait_pbx"


def keys(stage: Stage, item: str) -> list[str]:
    return [reason["key"] for reason in stage.router.explain(item, stage.now)["reasons"]]
