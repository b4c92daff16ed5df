"""Articles of another system: read from cells and pages, made safe, drafts unless whoever brings them may publish, taken back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from contactd.core import knowledge, past
from contactd.core.errors import BadRequestError
from contactd.core.newcomer import TakeOver
from contactd.crm_store import kb_reads, kb_rows, schema
from contactd.crm_store.import_rows import Outcome
from contactd.desk.exchange.importing import Importing
from contactd.desk.exchange.pages import page
from contactd.desk.exchange.tables import Tables
from contactd.desk.exchange.wish import Wish
from contactd.desk.idents import Idents
from tests.desk.bench import Bench

TABLE = """编号,标题,分类,状态,可见范围,关键词,正文,文件,英文标题,英文正文
1,怎样开发票,财务/发票,已发布,公开,发票、抬头,"第一行
第二行

<b>不是</b>标记",,Invoices,<p onclick=x>How to <b>bill</b><script>alert(1)</script></p>
2,,财务/发票,草稿,,,,pages/reset.md,,
3,,财务,published,,,,old.html,,
4,没有文件,,,,,,gone.md,,
5,坏的,,,,,,tool.exe,,
6,,,,,,,empty.md,,
"""
MARKDOWN = """# 重置密码

1. 打开 [设置](https://example.com/set)
2. 点击 **重置** <img src=x onerror=alert(1)>

## 还是不行

| 错误 | 做法 |
| --- | --- |
| E1 | [javascript](javascript:alert(1)) |
"""


class Shelf:
    """A desk with a folder of pages."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        self.bench, self.store, self.folder = bench, bench.store, folder
        self.importing = Importing(bench.store, bench.clock, Idents(bench.clock), "sue", Tables())
        self.files = folder / "kb"
        (self.files / "pages").mkdir(parents=True)
        (self.files / "pages" / "reset.md").write_text(MARKDOWN, encoding="utf-8")
        (self.files / "old.html").write_bytes(
            "<head><title>x</title></head><body><p>退货 <i>七天</i></p><h2>退货政策</h2></body>".encode("gb18030")
        )
        (self.files / "empty.md").write_text("no title here", encoding="utf-8")
        (self.files / "tool.exe").write_bytes(b"MZ")
        self.shown: list[Outcome] = []
        path = folder / "articles.csv"
        path.write_text(TABLE, encoding="utf-8")
        self.wish = Wish(path=path, object=past.ARTICLE, options=TakeOver(system="wiki"), files=self.files)

    async def run(self, **other: Any) -> tuple[str, dict[str, int]]:
        self.shown = []
        return await self.importing.run(replace(self.wish, **other), self.shown.append)

    async def articles(self) -> list[dict[str, Any]]:
        items, _ = await self.store.read(kb_reads.listed)
        return sorted(
            [await self.store.read(lambda conn, i=one["id"]: kb_reads.get(conn, i)) for one in items],
            key=lambda one: one["no"],
        )

    async def count(self, table: Any) -> int:
        return await self.store.read(lambda conn: conn.execute(select(func.count()).select_from(table)).scalar() or 0)


@pytest.fixture
async def shelf(bench: Bench, tmp_path: Path) -> Shelf:
    return Shelf(bench, tmp_path)


async def test_articles_come_with_their_pages_categories_and_state(shelf: Shelf) -> None:
    assert await shelf.importing.try_out(shelf.wish, lambda _: None) == {"created": 3, "error": 3}
    assert await shelf.articles() == []
    job, counts = await shelf.run()
    assert counts == {"created": 3, "error": 3}
    assert [one.reasons for one in shelf.shown[3:]] == [
        ["file: no_file: gone.md"],
        ["file: no_page: tool.exe"],
        ["title: missing: empty.md"],
    ]
    bill, reset, goods = await shelf.articles()
    assert [one["state"] for one in (bill, reset, goods)] == ["published", "draft", "published"]
    texts = bill["published"]
    assert texts["zh"]["words"] == ["发票", "抬头"]
    assert "<b>不是</b>标记" in texts["zh"]["body"]
    assert texts["en"]["body"] == "<p>How to <b>bill</b></p>"
    written = reset["texts"]["zh"]
    assert written["title"] == "重置密码"
    assert '<a href="https://example.com/set" rel="noopener noreferrer">设置</a>' in written["body"]
    assert "<p><strong>还是不行</strong></p>" in written["body"]
    assert "onerror" not in written["body"]
    assert 'href="javascript' not in written["body"]
    assert goods["published"]["zh"]["title"] == "退货政策"
    assert "退货 <i>七天</i>" in goods["published"]["zh"]["body"]
    tree = await shelf.store.read(kb_reads.categories)
    assert sorted(one["name"]["zh"] for one in tree) == ["发票", "财务"]
    # The same once more, with a page that was missing: only that is new.
    (shelf.files / "gone.md").write_text("# 找到了", encoding="utf-8")
    late, counts = await shelf.run()
    assert counts == {"unchanged": 3, "created": 1, "error": 2}
    assert await shelf.importing.undo(late) == {"reversed": 1, "nothing": 5}

    now = shelf.bench.clock.now()
    used = {"interaction": None, "language": "zh", "agent": "ann", "now": now}
    await shelf.store.write(lambda conn: kb_rows.use(conn, "u1", bill["id"], "helpful", **used))
    assert await shelf.importing.undo(job) == {"reversed": 2, "kept": 1, "nothing": 3}
    assert [one["no"] for one in await shelf.articles()] == [bill["no"]]
    assert await shelf.count(schema.kb_revision) == 1


async def test_who_may_not_publish_brings_drafts_and_is_told(shelf: Shelf) -> None:
    _, counts = await shelf.run(publishes=False)
    assert counts == {"created": 3, "error": 3}
    assert {one["state"] for one in await shelf.articles()} == {"draft"}
    assert shelf.shown[0].reasons == ["state: no_right: "]


async def test_what_was_published_is_found_by_customers_of_the_right_audience(shelf: Shelf) -> None:
    await shelf.run()
    await shelf.bench.office.tending.settle()
    now = shelf.bench.clock.now()
    found = await shelf.store.read(lambda conn: kb_reads.search(conn, "发票", "zh", now, public=True))
    assert [one["title"] for one in found] == ["怎样开发票"]
    assert await shelf.store.read(lambda conn: kb_reads.search(conn, "退货", "zh", now, public=True)) == []


async def test_another_language_of_the_same_article_is_a_mistake_and_not_lost(shelf: Shelf) -> None:
    shelf.wish.path.write_text("id,title,body\n1,Bills,x\n1,发票,y\n", encoding="utf-8")
    _, counts = await shelf.run()
    assert counts == {"created": 1, "error": 1}
    assert shelf.shown[1].reasons == ["external_id: other_language: 1"]


def test_headings_and_tables_of_a_page_keep_their_lines() -> None:
    found = page("<h1>A &amp; B</h1><h3 class=x>C</h3><table><tr><td>1</td><td>2</td></tr></table>")
    assert found.title == "A & B"
    assert found.body == "<p><strong>C</strong></p><div>1 2 </div>"


def test_broken_tags_are_gone_through_once_and_not_once_for_each_of_them() -> None:
    # Squared, a page of this size keeps the server for minutes.
    for broken in ("<title ", "<h1>", "<h2></h", "<h3 ", "<td "):
        with pytest.raises(BadRequestError) as caught:
            page(broken * (knowledge.LONGEST_BODY * 5 // len(broken)))
        assert caught.value.field == "body"
    found = page("<title>a</title><style>b</style><script>c</script><p>d</p><h1>e<h2>f</h2><h3>g")
    assert found.title == "f"
    assert found.body == "<p>d</p><div>e<p><strong>f</strong></p><div>g</div></div>"
    assert page("<script>a<h1>b</h1><style>c</style>").title == "b"


async def test_a_page_longer_than_an_article_is_not_read_into_one(shelf: Shelf) -> None:
    (shelf.files / "long.md").write_text("# Long\n" + "a " * knowledge.LONGEST_BODY, encoding="utf-8")
    shelf.wish.path.write_text("id,title,file\n1,Long,long.md\n", encoding="utf-8")
    _, counts = await shelf.run()
    assert counts == {"error": 1}
    assert shelf.shown[0].reasons[0].startswith("body: too_long")
