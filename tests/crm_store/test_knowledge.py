"""Articles come to be read only through somebody else's eyes; they are found, suggested and counted; on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from town import Town

from contactd.core import knowledge
from contactd.core.errors import BadRequestError, ConflictError, NotFoundError
from contactd.crm_store import kb_index, kb_reads, kb_rows, kb_tree

REFUND = {
    "zh": {
        "title": "退款多久到账",
        "body": "<p>退款在 3 个工作日内到账。</p><p>信用卡可能需要更久。</p>",
        "words": ["退钱", "返款"],
        "snippets": {"short": "退款 3 个工作日内到账。"},
    },
    "en": {"title": "How long does a refund take", "body": "<p>Refunds arrive within three working days.</p>"},
}
INVOICE = {"zh": {"title": "如何开发票", "body": "<p>在订单页面申请电子发票，填写抬头和税号。</p>", "words": ["抬头"]}}


async def write(town: Town, ident: str, texts: dict[str, Any], author: str = "ann", **fields: Any) -> None:
    whole = knowledge.texts(texts)
    await town.unit(lambda conn: kb_rows.create(conn, (ident, f"{ident}-r1"), fields, whole, town.at, author))


async def act(town: Town, ident: str, what: str, actor: str = "sue") -> None:
    town.at += timedelta(minutes=1)
    await town.unit(lambda conn: kb_rows.act(conn, ident, what, text="", now=town.at, actor=actor))
    await index(town)


async def index(town: Town) -> None:
    while await town.store.write(lambda conn: kb_index.index_articles(conn, town.at), bulk=True):
        pass


async def published(town: Town, ident: str, texts: dict[str, Any], **fields: Any) -> None:
    await write(town, ident, texts, **fields)
    await act(town, ident, "submit", "ann")
    await act(town, ident, "publish")


async def found(town: Town, query: str, **more: Any) -> list[str]:
    items = await town.store.read(lambda conn: kb_reads.search(conn, query, "zh", town.at, **more))
    return [one["id"] for one in items]


async def test_nobody_publishes_their_own_words(town: Town) -> None:
    await write(town, "a", REFUND)
    with pytest.raises(ConflictError, match="draft"):
        await act(town, "a", "publish")
    await act(town, "a", "submit", "ann")
    with pytest.raises(ConflictError) as refused:
        await act(town, "a", "publish", "ann")
    assert refused.value.code == "four_eyes"
    assert await found(town, "退款") == []
    await act(town, "a", "return")
    await act(town, "a", "submit", "ann")
    await act(town, "a", "publish")
    assert await found(town, "退款") == ["a"]
    article = await town.store.read(lambda conn: kb_reads.get(conn, "a"))
    assert [one["type"] for one in article["events"]] == ["created", "submit", "return", "submit", "publish"]
    with pytest.raises(BadRequestError):
        await act(town, "a", "burn")
    with pytest.raises(ConflictError):
        await act(town, "a", "replace")


async def test_what_is_read_stays_while_the_next_version_is_written(town: Town) -> None:
    await published(town, "a", REFUND)
    later = knowledge.texts({"zh": {"title": "退款时间（新）", "body": "<p>当天到账</p>"}})
    about: dict[str, Any] = {"row_version": None, "now": town.at, "actor": "bob"}
    await town.unit(lambda conn: kb_rows.write(conn, "a", "a-r2", later, **about))
    await index(town)
    shown = await town.store.read(lambda conn: kb_reads.read(conn, "a", "zh", town.at))
    assert (shown["title"], shown["n"]) == ("退款多久到账", 1)
    assert await found(town, "当天") == []
    with pytest.raises(ConflictError):
        await town.unit(lambda conn: kb_rows.write(conn, "a", "x", later, **about | {"row_version": 7}))
    await act(town, "a", "submit", "bob")
    with pytest.raises(ConflictError, match="looked over"):
        await town.unit(lambda conn: kb_rows.write(conn, "a", "x", later, **about))
    await act(town, "a", "publish")
    assert (await found(town, "当天"), await found(town, "工作日")) == (["a"], [])
    article = await town.store.read(lambda conn: kb_reads.get(conn, "a"))
    assert [(one["n"], one["state"]) for one in article["versions"]] == [(2, "published"), (1, "replaced")]
    await act(town, "a", "withdraw")
    assert await found(town, "当天") == []
    with pytest.raises(NotFoundError):
        await town.store.read(lambda conn: kb_reads.read(conn, "a", "zh", town.at))


@pytest.mark.parametrize("query", ["退款", "到账", "退钱", "refund", "tkdjdz", "tuikuan", "信用卡"])
async def test_an_article_is_found_by_words_sound_and_initials(town: Town, query: str) -> None:
    await published(town, "a", REFUND)
    await published(town, "b", INVOICE)
    assert await found(town, query) == ["a"]


async def test_customers_find_only_what_is_for_them_and_in_its_time(town: Town) -> None:
    await published(town, "inside", REFUND)
    await published(town, "outside", REFUND, audience="public")
    await published(town, "over", REFUND, audience="public", valid_until=town.at + timedelta(minutes=5))
    town.at += timedelta(hours=1)
    assert await found(town, "退款", public=True) == ["outside"]
    assert sorted(await found(town, "退款")) == ["inside", "outside"]
    with pytest.raises(NotFoundError):
        await town.store.read(lambda conn: kb_reads.read(conn, "inside", "zh", town.at, public=True))
    shown = await town.store.read(lambda conn: kb_reads.browse(conn, "en", town.at, category=None, public=True))
    assert [(one["id"], one["title"]) for one in shown] == [("outside", "How long does a refund take")]


async def test_a_conversation_suggests_what_it_is_about(town: Town) -> None:
    await published(town, "refund", REFUND)
    await published(town, "invoice", INVOICE)

    async def suggested(said: str) -> list[str]:
        items = await town.store.read(lambda conn: kb_reads.suggest(conn, said, "zh", town.at))
        return [one["id"] for one in items]

    assert await suggested("你好，我上周申请的退款一直没有到账，怎么回事？") == ["refund"]
    assert (await suggested("麻烦重开一下发票，抬头写错了"))[:1] == ["invoice"]
    assert await suggested("你好") == []
    assert await suggested("") == []
    assert await suggested("Where is my refund? It takes so long.") == ["refund"]


async def test_uses_are_counted_by_version(town: Town) -> None:
    await published(town, "a", REFUND)
    about: dict[str, Any] = {"interaction": None, "language": "zh", "agent": "ann", "now": town.at}
    for n, kind in enumerate(("opened", "inserted", "inserted", "helpful", "unhelpful")):
        await town.unit(lambda conn, n=n, kind=kind: kb_rows.use(conn, f"u{n}", "a", kind, **about))
    (item,), _ = await town.store.read(lambda conn: kb_reads.listed(conn, state="published"))
    assert (item["used"], item["helpful"], item["unhelpful"]) == (2, 1, 1)
    with pytest.raises(BadRequestError):
        await town.unit(lambda conn: kb_rows.use(conn, "x", "a", "burnt", **about))
    await write(town, "draft", INVOICE)
    with pytest.raises(NotFoundError):
        await town.unit(lambda conn: kb_rows.use(conn, "x", "draft", "helpful", **about))


async def test_the_tree_has_no_circle_and_loses_nothing(town: Town) -> None:
    about: dict[str, Any] = {"now": town.at, "actor": "sue"}

    async def put(ident: str, *, fresh: bool = True, **values: Any) -> None:
        await town.unit(lambda conn: kb_tree.put(conn, ident, values, fresh=fresh, **about))

    await put("money", name={"zh": "资金"})
    await put("refunds", name={"zh": "退款"}, parent_id="money")
    for wrong in ({"parent_id": "refunds"}, {"parent_id": "money"}, {"name": {}}):
        with pytest.raises(BadRequestError):
            await put("money", fresh=False, **wrong)
    with pytest.raises(NotFoundError):
        await put("x", name={"zh": "x"}, parent_id="nowhere")
    await published(town, "a", REFUND, category_id="refunds")
    for full in ("money", "refunds"):
        with pytest.raises(ConflictError):
            await town.unit(lambda conn, full=full: kb_tree.drop(conn, full, town.at))
    tree = await town.store.read(kb_reads.categories)
    assert {one["id"]: one["articles"] for one in tree} == {"money": 0, "refunds": 1}
    with pytest.raises(ConflictError):
        await town.unit(lambda conn: kb_rows.drop(conn, "a", **about))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"fr": {"title": "x"}},
        {"zh": {"title": " "}},
        {"zh": 1},
        {"zh": {"title": "x", "body": "x" * 100_001}},
        {"zh": {"title": "x", "snippets": {"poem": "x"}}},
        {"zh": {"title": "x", "words": ["x"] * 41}},
    ],
)
def test_an_article_with_a_mistake_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        knowledge.texts(wrong)
