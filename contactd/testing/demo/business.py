"""What the shop has to do with its customers: orders as the ERP has them, service contracts, leads and opportunities of our own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

from contactd.crm_store import commerce_rows, parties
from contactd.crm_store.write_conn import WriteConn
from contactd.desk.admin import Errand

GOODS = (("正山小种礼盒", 12800), ("紫砂壶套装", 45900), ("白瓷盖碗", 8900), ("白牡丹茶饼", 26800))
MATTERS = (("中秋礼盒团购", 3200000), ("门店茶具更新", 1850000), ("年会伴手礼定制", 960000))


async def write(errand: Errand, colleagues: Mapping[str, str], seed: int) -> None:
    """Write records for the customers there are."""
    dice = Random(seed)
    people, _ = await errand.store.read(lambda conn: parties.listed(conn, limit=200))
    catalogue = {name: errand.idents.new() for name, _ in GOODS}

    def products(conn: WriteConn) -> None:
        now = errand.clock.now()
        for number, (name, price) in enumerate(GOODS):
            values = {"title": name, "amount": price, "currency": "CNY", "fields": {"number": f"SKU-{number + 101}"}}
            commerce_rows.mirror(conn, catalogue[name], "product", "erp", f"SKU-{number + 101}", values, now)

    await errand.store.write(products)
    for n, person in enumerate(people):
        await errand.store.write(_Business(errand, person, n, dice, colleagues).unit)


class _Business:
    """One customer's records."""

    def __init__(
        self, errand: Errand, person: Mapping[str, Any], n: int, dice: Random, colleagues: Mapping[str, str]
    ) -> None:
        self._errand = errand
        self._person = person
        self._n = n
        self._dice = dice
        self._owner = colleagues[dice.choice(("zhangwei", "lina"))]
        self._now = errand.clock.now()

    def unit(self, conn: WriteConn) -> None:
        """Write what there is: orders for people, contracts and opportunities for firms."""
        if self._person["kind"] == "org":
            self._contract(conn)
            self._opportunity(conn)
        else:
            for k in range(self._n % 3):
                self._order(conn, k)

    def _order(self, conn: WriteConn, k: int) -> None:
        name, price = GOODS[(self._n + k) % len(GOODS)]
        at, count = self._now - timedelta(days=self._dice.randrange(2, 90)), self._dice.randrange(1, 4)
        number = f"SC-{at:%y%m}{self._n:03d}{k}"
        values = {
            "title": f"{name} × {count}",
            "party_id": self._person["id"],
            "amount": price * count,
            "currency": "CNY",
            "begins_at": at,
            "stage": ("delivered", "shipped", "paid")[k % 3],
            "as_of": self._now - timedelta(minutes=20),
            "fields": {"number": number, "items": [name]},
        }
        commerce_rows.mirror(conn, self._errand.idents.new(), "order", "erp", number, values, self._now)

    def _contract(self, conn: WriteConn) -> None:
        begin = self._now - timedelta(days=self._dice.randrange(30, 300))
        values = {
            "title": "企业茶饮服务",
            "party_id": self._person["id"],
            "owner": self._owner,
            "amount": 1200000,
            "currency": "CNY",
            "begins_at": begin,
            "ends_at": begin + timedelta(days=365),
            "fields": {
                "number": f"FW-{self._n:04d}",
                "level": "standard",
                "entitlements": ["专属客服", "破损 48 小时补发"],
            },
        }
        self._add(conn, "service_contract", values, None)

    def _opportunity(self, conn: WriteConn) -> None:
        title, amount = MATTERS[self._n % len(MATTERS)]
        values = {
            "title": title,
            "party_id": self._person["id"],
            "owner": self._owner,
            "amount": amount,
            "currency": "CNY",
            "ends_at": self._now + timedelta(days=self._dice.randrange(10, 60)),
        }
        self._add(conn, "opportunity", values, self._dice.choice(("open", "proposal", "negotiation")))

    def _add(self, conn: WriteConn, kind: str, values: Mapping[str, Any], stage: str | None) -> None:
        ident = self._errand.idents.new()
        commerce_rows.create(conn, ident, kind, values, stage=stage, now=self._now, actor=self._owner)
