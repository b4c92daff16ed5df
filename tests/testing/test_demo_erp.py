"""The demo's ERP: what is sent to it twice is made once, what it has not is refused, and its orders lie where a connector reads."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import httpx
import pytest

from contactd.testing.demo.erp import Erp
from contactd.testing.demo.people import customers

CUSTOMER = {"id": "p1", "number": ""}


def draft(quantity: float, kind: str = "order") -> dict[str, Any]:
    return {"kind": kind, "customer": CUSTOMER, "lines": [{"item": "紫砂壶套装", "quantity": quantity}]}


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def erp(tmp_path: Path) -> Erp:
    return Erp(tmp_path, customers(8, 7))


def test_a_draft_is_made_once_and_lies_where_it_is_read(erp: Erp) -> None:
    first = erp.take("k1", draft(2))
    assert erp.take("k1", draft(2)) == first == (200, {"number": "SC-9001"})
    assert erp.take("k2", draft(1, "return")) == (200, {"number": "SC-9002"})
    assert [path.name for path in erp.folder.iterdir()] == ["SC-9001.csv"]
    (row,) = rows(erp.folder / "SC-9001.csv")
    assert (row["number"], row["party"], row["stage"], row["amount"]) == ("SC-9001", "p1", "placed", "918.0")


def test_more_than_there_is_is_refused_with_the_reason(erp: Erp) -> None:
    status, told = erp.take("k1", draft(500))
    assert (status, "100" in told["detail"]) == (422, True)
    assert not list(erp.folder.iterdir())


def test_over_http_with_orders_of_before_and_what_is_no_draft(erp: Erp) -> None:
    erp.start()
    try:
        before = rows(erp.folder / "earlier.csv")
        assert len(before) == 6
        assert before[-1]["amount"] == "?", "one that cannot be taken over"
        taken = httpx.post(erp.url, json=draft(1), headers={"Idempotency-Key": "k"}, timeout=30)
        assert taken.json()["number"] == "SC-9001"
        assert httpx.post(erp.url, json=[], timeout=30).status_code == 400
    finally:
        erp.stop()
