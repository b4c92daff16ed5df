"""Knowledge over REST: agents write, others publish; what is kept is safe to show; customers see what is public and no more."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from contactd.agent_ui import faq_page
from contactd.crm_store import audit, kb_index, schema
from tests.api.house import CHEAP, PASSWORD, House
from tests.api.test_reads import town_of

TEXTS: dict[str, Any] = {
    "zh": {
        "title": "退款多久到账",
        "body": "<p onclick=x>三个<b>工作日</b><script>alert(1)</script></p>",
        "words": ["退钱"],
    },
    "en": {"title": "How long does a refund take", "body": '<a href="javascript:x">three</a> days'},
}


async def index(house: House) -> None:
    while await house.store.write(lambda conn: kb_index.index_articles(conn, house.clock.now()), bulk=True):
        pass


async def publish(house: House, **fields: Any) -> dict[str, Any]:
    """An article that ann wrote and sue published."""
    ann, sue = await house.logged_in("ann"), await house.logged_in("sue")
    made = await ann.post("/api/v1/knowledge/articles", json={"texts": TEXTS, **fields})
    assert made.status_code == 201, made.text
    path = f"/api/v1/knowledge/articles/{made.json()['id']}"
    assert (await ann.post(f"{path}/act", json={"act": "publish"})).status_code == 403
    assert (await ann.post(f"{path}/act", json={"act": "submit"})).status_code == 200
    done = await sue.post(f"{path}/act", json={"act": "publish"})
    assert done.status_code == 200, done.text
    await index(house)
    article: dict[str, Any] = done.json()
    return article


async def test_an_article_is_written_published_found_and_used(both: House) -> None:
    article = await publish(both)
    assert article["published"]["zh"]["body"] == "<p>三个<b>工作日</b></p>"
    assert "javascript" not in article["published"]["en"]["body"]
    bob, path = await both.logged_in("bob"), f"/api/v1/knowledge/articles/{article['id']}"
    (hit,) = (await bob.get("/api/v1/knowledge/search?q=退钱")).json()["items"]
    assert (hit["no"], hit["title"]) == ("K-00001", "退款多久到账")
    contact = await town_of(both).interaction(None, "请问退款什么时候到账？")
    (found,) = (await bob.get(f"/api/v1/interactions/{contact}/suggestions?language=en")).json()["items"]
    assert found["title"] == "How long does a refund take"
    assert (await bob.post(f"{path}/uses", json={"kind": "inserted", "interaction": contact})).status_code == 204
    assert (await bob.post(f"{path}/uses", json={"kind": "eaten"})).status_code == 400
    shown = (await bob.get(f"{path}/text?language=zh")).json()
    assert (shown["used"], shown["text"]) == (1, "三个工作日")
    sue = await both.logged_in("sue")
    assert (await bob.patch(path, json={"audience": "public"})).status_code == 403
    assert (await sue.patch(path, json={"audience": "public", "row_version": 1})).status_code == 409
    assert (await sue.patch(path, json={"audience": "public"})).json()["audience"] == "public"
    assert (await sue.delete(path)).status_code == 409
    acts = {one["action"] for one in await both.store.read(audit.listed) if one["object_kind"] == "kb_article"}
    assert acts == {"kb.create", "kb.submit", "kb.publish", "kb.edit"}


async def test_an_editor_is_an_agent_who_publishes(house: House) -> None:
    row = {
        "id": "id-eva",
        "name": "eva",
        "display_name": "Eva",
        "role": "editor",
        "password_hash": CHEAP.hash(PASSWORD),
    }
    row |= {"created_at": house.clock.now(), "updated_at": house.clock.now(), "languages": []}
    await house.store.write(lambda conn: conn.execute(schema.agent.insert().values(**row)))
    ann, eva = await house.logged_in("ann"), await house.logged_in("eva")
    made = (await ann.post("/api/v1/knowledge/articles", json={"texts": TEXTS})).json()
    path = f"/api/v1/knowledge/articles/{made['id']}/act"
    await ann.post(path, json={"act": "submit"})
    assert (await eva.post(path, json={"act": "publish"})).status_code == 200
    assert (await eva.get("/api/v1/surveys")).status_code == 403
    assert (await eva.get("/api/v1/cases")).status_code == 200


async def test_no_token_is_the_second_pair_of_eyes(house: House) -> None:
    ann = await house.logged_in("ann")
    made = (await ann.post("/api/v1/knowledge/articles", json={"texts": TEXTS})).json()
    path = f"/api/v1/knowledge/articles/{made['id']}/act"
    await ann.post(path, json={"act": "submit"})
    for agent in (None, "id-adam"):
        token = await house.access.add_token(f"t-{agent}", ["read", "write", "admin"], agent=agent)
        async with house.client(headers={"authorization": f"Bearer {token}"}) as program:
            assert (await program.post(path, json={"act": "publish"})).status_code == 403
    assert (await (await house.logged_in("sue")).post(path, json={"act": "publish"})).status_code == 200


async def test_the_tree_is_kept_by_those_who_publish(house: House) -> None:
    ann, sue = await house.logged_in("ann"), await house.logged_in("sue")
    root = await sue.post("/api/v1/knowledge/categories", json={"name": {"zh": "资金"}})
    assert root.status_code == 201
    path = f"/api/v1/knowledge/categories/{root.json()['id']}"
    assert (await ann.patch(path, json={"name": {"zh": "x"}})).status_code == 403
    assert (await sue.patch(path, json={"parent": root.json()["id"]})).status_code == 400
    assert (await sue.patch(path, json={"name": {"en": "Money"}})).status_code == 200
    (branch,) = (await ann.get("/api/v1/knowledge/categories")).json()["items"]
    assert branch["name"] == {"en": "Money"}
    assert (await sue.delete(path)).status_code == 204
    assert (await sue.delete(path)).status_code == 404


@pytest.mark.parametrize(
    "body",
    ["<b>" * 300, "<p>" + "<div>" * 70, "<div/>" * 70, "<div></x>" * 70, "<svg><style>" + "<div>" * 5000],
    ids=["open", "nested", "self-closing", "ends nothing", "hidden from the parser"],
)
async def test_html_that_lies_too_deep_is_refused(house: House, body: str) -> None:
    ann = await house.logged_in("ann")
    refused = await ann.post("/api/v1/knowledge/articles", json={"texts": {"zh": {"title": "x", "body": body}}})
    assert (refused.status_code, refused.json()["field"]) == (400, "texts.zh.body")


def public(house: House, language: str = "zh-CN") -> httpx.AsyncClient:
    app = Starlette(routes=faq_page.routes(house.store, house.clock))
    transport = httpx.ASGITransport(app, client=("192.0.2.8", 4000))
    return httpx.AsyncClient(transport=transport, base_url="http://x", headers={"accept-language": language})


async def test_customers_see_what_is_public_and_no_more(both: House) -> None:
    inside, outside = await publish(both), await publish(both, audience="public")
    async with public(both) as chinese, public(both, "en-US") as english:
        front = await chinese.get("/faq")
        assert (front.status_code, front.headers["cache-control"]) == (200, "public, max-age=300")
        assert (outside["no"] in front.text, inside["no"] in front.text) == (True, False)
        assert (await chinese.get("/faq", headers={"if-none-match": front.headers["etag"]})).status_code == 304
        assert "How long does a refund take" in (await english.get("/faq")).text
        assert outside["no"] in (await chinese.get("/faq?q=退款")).text
        assert "没有找到" in (await chinese.get("/faq?q=%3Cscript%3E")).text
        assert "<script>" not in (await chinese.get("/faq?q=%3Cscript%3E")).text
        page = await chinese.get(f"/faq/{outside['no']}")
        assert "<p>三个<b>工作日</b></p>" in page.text
        for hidden in (inside["no"], "K-99999", "x" * 500, "%00"):
            assert (await chinese.get(f"/faq/{hidden}")).status_code == 404
            assert (await chinese.post(f"/faq/{hidden}/yes")).status_code == 404
        voted = await chinese.post(f"/faq/{outside['no']}/yes")
        assert (voted.status_code, "thanks" in voted.headers["location"]) == (303, True)
        votes = [await chinese.post(f"/faq/{outside['no']}/no") for _ in range(faq_page.VOTES_PER_MINUTE)]
        assert votes[-1].status_code == 429, "votes are kept, so they are fewer than looks"
        for _ in range(faq_page.PER_MINUTE):
            last = await chinese.get("/faq")
        assert last.status_code == 429
    sue = await both.logged_in("sue")
    assert (await sue.get(f"/api/v1/knowledge/articles/{outside['id']}")).json()["helpful"] == 1
