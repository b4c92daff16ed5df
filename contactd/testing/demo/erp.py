"""The demo's ERP: takes drafts of orders, returns and addresses, and lays what it made into a folder a connector reads.

So an order written on a customer's card gets its number at once, and stands among the customer's orders a minute later.  Of what
it has from before, one row names no amount: it waits among the rows that were left out.
"""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from contactd.testing.demo.business import GOODS
from contactd.testing.demo.people import Customer

STOCK = 100
"""Of one thing: an order for more is refused."""
FIRST = 9001
LARGEST = 64 * 1024
_COLUMNS = ("number", "party", "phone", "title", "stage", "amount")
_EARLIER = 6
_BAD = "?"


class Erp:
    """Takes each draft once by its key."""

    def __init__(self, folder: Path, people: Iterable[Customer]) -> None:
        """Lay orders into `folder`; those of before are for the first of `people`."""
        self.folder = folder
        self._people = tuple(people)[:_EARLIER]
        self._made: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where drafts go."""
        port = self._server.server_address[1] if self._server is not None else 0
        return f"http://127.0.0.1:{port}/drafts"

    def start(self) -> None:
        """Listen on a free port of this machine, and lay down the orders of before, once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        earlier = self.folder / "earlier.csv"
        if not earlier.exists() and not (self.folder / "done").exists():
            self._write(earlier, self._orders_of_before())
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, name="demo-erp", daemon=True).start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def take(self, key: str, draft: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer a draft: status and body; a key that was answered before is answered the same."""
        with self._lock:
            if key in self._made:
                return 200, self._made[key]
            lines = draft.get("lines") or ()
            short = next((line for line in lines if float(line["quantity"]) > STOCK), None)
            if short is not None:
                return 422, {"detail": f"{short['item']}: 库存只有 {STOCK} 件 / only {STOCK} in stock"}
            number = f"SC-{FIRST + len(self._made)}"
            self._made[key] = {"number": number}
            if draft.get("kind") == "order":
                self._write(self.folder / f"{number}.csv", [_order(number, draft["customer"], lines)])
            return 200, self._made[key]

    def _orders_of_before(self) -> list[dict[str, Any]]:
        rows = []
        for n, one in enumerate(self._people):
            name, price = GOODS[n % len(GOODS)]
            amount = _BAD if n == _EARLIER - 1 else price / 100
            rows.append(
                {"number": f"SC-8{n:03}", "phone": one.mobile, "title": name, "stage": "paid", "amount": amount}
            )
        return rows

    def _write(self, path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write a table beside its place; it gets its name when it is whole."""
        draft = path.with_name(f"{path.name}.part")
        with draft.open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, _COLUMNS)
            table.writeheader()
            table.writerows(rows)
        draft.rename(path)


def _order(number: str, customer: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return an order as the ERP has it, at its own prices."""
    prices = dict(GOODS)
    lines = tuple(lines)
    title = "、".join(f"{line['item']} × {line['quantity']:g}" for line in lines)
    amount = sum(prices.get(str(line["item"]), 0) * float(line["quantity"]) for line in lines) / 100
    return {"number": number, "party": customer["id"], "title": title, "stage": "placed", "amount": amount}


def _handler(erp: Erp) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = min(int(self.headers.get("content-length") or 0), LARGEST)
            try:
                status, told = erp.take(self.headers.get("idempotency-key", ""), json.loads(self.rfile.read(size)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                status, told = 400, {"detail": f"not understood: {error}"}
            body = json.dumps(told, ensure_ascii=False).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing: the demo's screen is for people."""

    return Handler
