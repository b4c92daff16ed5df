"""What the shop's agents know: articles in Chinese and English, most of them published by a colleague, some for customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from contactd.core import knowledge as rules
from contactd.crm_store import kb_rows, kb_tree
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.admin import Errand
from contactd.desk.kb_html import safe


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article; `upto`: how far it came."""

    category: str
    audience: str = "public"
    upto: str = "publish"
    zh: tuple[str, str, str]
    """Title, text (HTML), the short answer."""
    en: tuple[str, str, str] | None = None
    words: tuple[str, ...] = ()
    spoken: str = ""
    uses: int = 0
    author: str = "lina"


CATEGORIES = {
    "order": {"zh": "订单与配送", "en": "Orders and delivery"},
    "money": {"zh": "发票与退款", "en": "Invoices and refunds"},
    "goods": {"zh": "产品与使用", "en": "Products and use"},
    "inside": {"zh": "内部规程", "en": "For colleagues"},
}
ARTICLES = (
    Article(
        category="order",
        zh=(
            "订单多久发货？怎么查快递单号？",
            (
                "<p>现货订单在付款后 <b>48 小时内</b>发出，定制款 7 个工作日内发出。</p>"
                "<p>发出后会短信告知单号，也可在“我的订单”里查看物流。</p><ul><li>偏远地区再加 2-3 天</li><li>节假日顺延</li></ul>"
            ),
            "现货 48 小时内发出，定制款 7 个工作日；发出后会短信告知快递单号。",
        ),
        en=(
            "When does my order leave, and how do I track it?",
            (
                "<p>Goods in stock leave within <b>48 hours</b>, made-to-order goods within 7 working days.</p>"
                "<p>You get the tracking number by text message; it also stands in your account.</p>"
            ),
            "In stock: within 48 hours; made to order: 7 working days. The tracking number follows by text message.",
        ),
        words=("发货", "物流", "快递", "单号", "shipping", "tracking"),
        spoken="您的订单会在 48 小时内发出，发出后您会收到一条带单号的短信。",
        uses=23,
    ),
    Article(
        category="money",
        zh=(
            "退款多久到账？",
            (
                "<p>我们收到退货并验收后 <b>3 个工作日内</b>原路退回。</p><ol><li>支付宝、微信：即时到账</li>"
                "<li>信用卡：银行处理需 3-7 天</li></ol><p>超过时间请提供订单号，我们为您查询。</p>"
            ),
            "验收后 3 个工作日内原路退回；信用卡还需银行处理 3-7 天。",
        ),
        en=(
            "How long does a refund take?",
            (
                "<p>We refund within <b>3 working days</b> of having received and checked the goods.</p>"
                "<p>Credit cards take another 3 to 7 days.</p>"
            ),
            "Within 3 working days of having the goods back; credit cards take another 3 to 7 days.",
        ),
        words=("退钱", "返款", "退货", "refund"),
        spoken="退款在验收后三个工作日内原路退回，信用卡可能再等几天。",
        uses=31,
    ),
    Article(
        category="money",
        author="wangfang",
        zh=(
            "发票抬头错了，怎么重开？",
            "<p>请提供正确的<b>抬头和税号</b>。电子发票 2 个工作日内重开；专用发票需先寄回或确认作废。</p>",
            "请提供正确的抬头和税号，电子发票 2 个工作日内重开。",
        ),
        en=(
            "My invoice names the wrong company",
            "<p>Send us the right name and tax number; we issue a new invoice within two working days.</p>",
            "Send us the right company name and tax number; the new invoice follows within two working days.",
        ),
        words=("开票", "税号", "专票", "重开", "invoice"),
        spoken="麻烦您告诉我正确的抬头和税号，两个工作日内为您重开。",
        uses=18,
    ),
    Article(
        category="goods",
        zh=(
            "收到的茶具有破损怎么办？",
            "<p>请在签收后 <b>7 天内</b>拍照（外箱、内包装、破损处各一张）发给我们，<b>免费补发</b>，无需寄回。</p>",
            "请 7 天内拍照发给我们，免费补发，无需寄回。",
        ),
        en=(
            "My teaware arrived broken",
            "<p>Send us photos of box, packing and damage within <b>7 days</b>; we send a new one free of charge.</p>",
            "Please send photos within 7 days; we send a new one free of charge, nothing needs to come back.",
        ),
        words=("碎了", "裂", "破", "补发", "broken", "damaged"),
        spoken="非常抱歉。请您拍几张照片发给我们，我们马上为您免费补发一套。",
        uses=27,
    ),
    Article(
        category="goods",
        author="emma",
        zh=(
            "新紫砂壶怎么开壶和保养？",
            "<p>用清水煮沸 20 分钟去除土味，再用同类茶叶煮一遍。平时<b>一壶一茶</b>，用后倒净茶渣，开盖晾干，勿用洗洁精。</p>",
            "清水煮 20 分钟，再用茶叶煮一遍；平时一壶一茶，不用洗洁精。",
        ),
        en=(
            "How do I season and care for a new clay teapot?",
            "<p>Boil it in water for 20 minutes, then once more with tea leaves. One kind of tea per pot; no detergent.</p>",
            "Boil it 20 minutes in water, then once with tea; one kind of tea per pot, and no detergent.",
        ),
        words=("养壶", "开壶", "紫砂", "clay", "teapot"),
        uses=9,
    ),
    Article(
        category="inside",
        audience="internal",
        author="chenjing",
        zh=(
            "投诉升级：什么时候转主管",
            (
                "<p>以下情况<b>立即</b>转主管：</p><ul><li>涉及人身伤害或媒体</li>"
                "<li>同一问题第三次来电</li><li>要求赔偿超过 2000 元</li></ul>"
                "<p>先道歉，再复述客户诉求，承诺回电时间并登记。</p>"
            ),
            "涉及人身伤害、媒体、第三次来电或索赔超 2000 元：立即转主管。",
        ),
        words=("投诉", "赔偿", "主管", "曝光", "complaint"),
        uses=6,
    ),
    Article(
        category="order",
        upto="submit",
        zh=(
            "能改收货地址吗？",
            "<p>未发货前可在“我的订单”自行修改；已发货请联系我们尝试拦截。</p>",
            "未发货可自行修改；已发货我们尝试拦截。",
        ),
        words=("改地址", "收货地址"),
    ),
    Article(
        category="goods",
        upto="create",
        author="wangfang",
        zh=("白茶能放多久？", "<p>干燥、避光、密封，可存放多年，越陈越醇。</p>", "干燥避光密封，可存放多年。"),
        words=("保质期", "储存", "白茶"),
    ),
)


async def write(errand: Errand, colleagues: Mapping[str, str]) -> None:
    """Write the tree and the articles; each is published by somebody other than its author."""
    now = errand.clock.now()
    boss = colleagues["admin"]
    branches = {name: errand.idents.new() for name in CATEGORIES}

    def tree(conn: WriteConn) -> None:
        for position, (name, label) in enumerate(CATEGORIES.items()):
            values = {"name": label, "position": position}
            kb_tree.put(conn, branches[name], values, fresh=True, now=now, actor=boss)

    await errand.store.write(tree)
    for number, article in enumerate(ARTICLES):
        at = now - timedelta(days=60 - 6 * number)

        def unit(conn: WriteConn, article: Article = article, at: Any = at) -> None:
            ident, author = errand.idents.new(), colleagues[article.author]
            fields = {"category_id": branches[article.category], "audience": article.audience}
            kb_rows.create(conn, (ident, errand.idents.new()), fields, _texts(article), at, author)
            for what in ("submit", "publish")[: ("create", "submit", "publish").index(article.upto)]:
                actor = author if what == "submit" else boss
                kb_rows.act(conn, ident, what, text="", now=at + timedelta(hours=2), actor=actor)
            for n in range(article.uses):
                about: dict[str, Any] = {
                    "interaction": None,
                    "language": "zh",
                    "agent": author,
                    "now": at + timedelta(days=1),
                }
                kb_rows.use(conn, errand.idents.new(), ident, "helpful" if n % 4 == 0 else "inserted", **about)

        await errand.store.write(unit)


def _texts(article: Article) -> dict[str, Any]:
    """Return what an article says, as it is kept."""
    given: dict[str, Any] = {}
    for language, words in (("zh", article.zh), ("en", article.en)):
        if words is None:
            continue
        title, body, short = words
        snippets = {"letter": short, "short": short}
        if language == "zh" and article.spoken:
            snippets["spoken"] = article.spoken
        given[language] = {"title": title, "body": safe(body), "snippets": snippets, "words": list(article.words)}
    return rules.texts(given)
