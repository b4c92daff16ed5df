"""A mail that was dealt with is followed by a letter; its link opens a page that takes the answer once, and nothing else does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from contactd.agent_ui import survey_page
from contactd.core.errors import ConfigError
from contactd.crm_store import messages, survey_reads, survey_rows
from contactd.desk.rights import Actor
from contactd.desk.survey_links import SurveyLinks
from tests.desk.bench import Bench

ADDRESS = "https://help.shop.example"
QUESTIONS: list[dict[str, Any]] = [
    {"key": "stars", "kind": "score", "text": {"zh": "您满意吗？", "en": "Were you content?"}},
    {"key": "why", "kind": "text", "text": {"zh": "为什么？", "en": "Why?"}},
]
INVITE = "0193a0b0-0000-7000-8000-000000000001"


class Follow:
    """A desk whose mails are followed by letters."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.letters = bench.office.survey_letters
        self.letters.address = ADDRESS
        self.ann: Actor | None = None
        bench.mail.surveys_by_letter = True  # type: ignore[attr-defined] - what the mail channel says of itself
        routes = survey_page.routes(self.letters.surveying, self.letters.links.invite, bench.clock)
        self.app = Starlette(routes=routes)

    def browser(self, language: str = "en", host: str = "192.0.2.9") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=(host, 40000))
        return httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers={"accept-language": language})

    async def dealt_with(self, sender: str = "li@example.cn", key: str = "m1") -> str:
        """A mail that ann answers and closes; return the contact."""
        values: dict[str, Any] = {
            "name": "Mail",
            "questions": QUESTIONS,
            "low": 2,
            "every_days": 30,
            "closing": {"en": "Bye"},
        }
        bench = self.bench
        if not await bench.store.read(survey_rows.listed):
            await bench.store.write(
                lambda conn: survey_rows.create(conn, "s1", values, now=bench.clock.now(), actor="x"),
            )
        if self.ann is None:
            self.ann = await bench.agent("ann")
            await bench.ready(self.ann)
        ann = self.ann
        contact = (await bench.mail_in(f"{sender}|Broken pot|It is broken", key)).interaction
        (offer,) = await bench.until(lambda: bench.offers_of(ann))
        await bench.run(ann, "offer.accept", offer=offer["offer"], lease=offer["lease"])
        await bench.run(ann, "interaction.send", interaction=contact, text="We are sorry.")
        await bench.run(ann, "interaction.complete", interaction=contact, end=True)
        return contact

    def posted(self) -> list[str]:
        """The letters that left, the agents' answers apart."""
        return [one.payload.decode() for one in self.bench.mail.delivered if b"/s/" in one.payload]


@pytest.fixture
def follow(bench: Bench) -> Follow:
    return Follow(bench)


async def link_of(follow: Follow) -> str:
    text = (await follow.bench.until(follow.posted, "the letter"))[-1]
    found = re.search(r"https://\S+/s/([\w-]+)", text)
    assert found is not None
    return f"/s/{found[1]}"


async def test_a_letter_asks_and_its_page_takes_one_answer(follow: Follow) -> None:
    contact = await follow.dealt_with()
    link = await link_of(follow)
    said = await follow.bench.store.read(lambda conn: messages.of_interaction(conn, contact))
    assert link not in str(said), "colleagues cannot answer for the customer"
    assert f"{ADDRESS}/s/…" in said[-1]["text"]
    async with follow.browser("zh-CN,en;q=0.5") as chinese, follow.browser("fr, en") as english:
        for _ in range(2):  # looking changes nothing: scanners look, too
            page = await chinese.get(link)
            assert (page.status_code, page.headers["cache-control"]) == (200, "no-store")
            assert "您满意吗？" in page.text
            assert 'lang="zh-CN"' in page.text
        assert "Were you content?" in (await english.get(link)).text
        assert (await english.post(link, data={"q.stars": "", "x": "1"})).status_code == 400
        assert (await english.post(link, data={"q.stars": "9"})).status_code == 400
        done = await english.post(link, data={"q.stars": "2", "q.why": "<script>late</script>"})
        assert (done.status_code, "Thank you" in done.text) == (200, True)
        assert (await english.post(link, data={"q.stars": "5"})).status_code == 404
        assert (await english.get(link)).status_code == 404
    (shown,) = await follow.bench.store.read(lambda conn: survey_reads.of_interaction(conn, contact))
    assert (shown["state"], shown["score"], shown["comment"]) == ("answered", 2, "<script>late</script>")
    assert shown["case_id"] is not None


async def test_who_would_rather_not_is_left_alone(follow: Follow) -> None:
    contact = await follow.dealt_with()
    async with follow.browser() as english:
        assert "not ask again" in (await english.post(await link_of(follow), data={"refuse": "1"})).text
    (shown,) = await follow.bench.store.read(lambda conn: survey_reads.of_interaction(conn, contact))
    assert (shown["state"], shown["case_id"]) == ("refused", None)
    await follow.dealt_with(key="m2")
    await follow.letters.settle()
    assert len(follow.posted()) == 1


async def test_without_a_public_address_nobody_is_written_to(follow: Follow) -> None:
    follow.letters.address = ""
    contact = await follow.dealt_with()
    await follow.letters.settle()
    assert follow.posted() == []
    assert await follow.bench.store.read(lambda conn: survey_reads.of_interaction(conn, contact)) == []


@pytest.mark.parametrize("token", ["x", "A" * 43, "é" * 43, "..%2f..", "A" * 3000, "%00"])
async def test_a_link_that_is_none_of_ours_finds_nothing(follow: Follow, token: str) -> None:
    async with follow.browser() as english:
        assert (await english.get(f"/s/{token}")).status_code == 404
        assert (await english.post(f"/s/{token}", data={"refuse": "1"})).status_code == 404


async def test_many_tries_from_one_place_are_turned_away(follow: Follow) -> None:
    async with follow.browser() as english, follow.browser(host="198.51.100.7") as elsewhere:
        answers = [(await english.get("/s/x")).status_code for _ in range(survey_page.PER_MINUTE + 5)]
        assert answers[-1] == 429
        assert (await elsewhere.get("/s/x")).status_code == 404


async def test_a_body_without_end_is_not_read(follow: Follow) -> None:
    await follow.dealt_with()
    link = await link_of(follow)
    async with follow.browser() as english:
        assert (await english.post(link, content=b"q.why=" + b"x" * 100_000)).status_code == 400
        assert (await english.post(link, content=b"&".join(b"a=1" for _ in range(100)))).status_code == 400
        assert (await english.get(link)).status_code == 200


def test_only_our_own_signature_is_believed(tmp_path: Path) -> None:
    links = SurveyLinks.load(tmp_path)
    token = links.token(INVITE)
    assert SurveyLinks.load(tmp_path).invite(token) == INVITE
    for n, char in enumerate(token):
        assert (
            links.invite(f"{token[:n]}{'A' if char != 'A' else 'B'}{token[n + 1 :]}") != INVITE or n == len(token) - 1
        )
    assert SurveyLinks(b"x" * 32).invite(token) is None
    assert (tmp_path / "keys" / "survey.key").stat().st_mode & 0o077 == 0
    (tmp_path / "keys" / "survey.key").write_bytes(b"short")
    with pytest.raises(ConfigError):
        SurveyLinks.load(tmp_path)
