"""A report as a file: CSV for Excel, or Excel; under titles people read, with numbers that are numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

from contactd.desk.exchange.exporting import harmless

FORMS = ("csv", "xlsx")
TITLES: dict[str, tuple[str, str]] = {
    "key": ("项目", "Group"),
    "name": ("名称", "Name"),
    "offered": ("进线量", "Offered"),
    "answered": ("接起量", "Answered"),
    "within": ("达标接起量", "Within target"),
    "abandoned": ("放弃量", "Abandoned"),
    "short": ("短时放弃", "Short abandons"),
    "overflowed": ("溢出", "Overflowed"),
    "open": ("未处理", "Open"),
    "service_level": ("服务水平", "Service level"),
    "sl_answered": ("接起达标率", "Within target of answered"),
    "sl_offered": ("N 秒接通率", "Within target of offered"),
    "answer_rate": ("接通率", "Answer rate"),
    "abandon_rate": ("放弃率", "Abandon rate"),
    "asa_s": ("平均等待(秒)", "ASA (s)"),
    "longest_s": ("最长等待(秒)", "Longest wait (s)"),
    "given_up_s": ("放弃前等待(秒)", "Wait before abandoning (s)"),
    "aht_s": ("平均处理时长(秒)", "AHT (s)"),
    "talk_s": ("平均通话(秒)", "Talk (s)"),
    "hold_s": ("平均保持(秒)", "Hold (s)"),
    "wrap_s": ("平均话后(秒)", "Wrap-up (s)"),
    "signed_in_s": ("签入时长(秒)", "Signed in (s)"),
    "occupancy": ("占用率", "Occupancy"),
    "ready": ("示闲(秒)", "Ready (s)"),
    "response_s": ("平均响应(秒)", "Response (s)"),
    "settled": ("可判定量", "Settled"),
    "resolved": ("一次解决量", "Resolved at first contact"),
    "resolution": ("一次解决率", "First contact resolution"),
    "scored": ("评价量", "Scores given"),
    "satisfaction": ("满意度", "Satisfaction"),
    "assessed": ("质检量", "Assessed"),
    "assessment": ("质检得分", "Assessment score"),
    "fatal": ("致命错误", "Fatal errors"),
    "offer_accepted": ("应答派单", "Offers accepted"),
    "offer_rejected": ("拒绝派单", "Offers rejected"),
    "offer_timed_out": ("未应答", "RONA"),
}
"""Field → its title in Chinese and in English."""


def written(form: str, fields: Sequence[str], rows: Sequence[Mapping[str, Any]], language: str) -> bytes:
    """Return the file: one of `FORMS`, a column for each of `fields`."""
    titles = [TITLES[field][language != "zh"] for field in fields]
    return _xlsx(titles, fields, rows) if form == "xlsx" else _csv(titles, fields, rows)


def _csv(titles: Sequence[str], fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Write UTF-8 with a byte order mark: without it Excel in China reads GBK."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(titles)
    for row in rows:
        writer.writerow([harmless(value) if isinstance(value := row.get(field), str) else value for field in fields])
    return file.getvalue().encode("utf-8-sig")


def _xlsx(titles: Sequence[str], fields: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet("report")
    bold = book.add_format({"bold": True})
    for column, title in enumerate(titles):
        sheet.write_string(0, column, title, bold)
    for line, row in enumerate(rows, start=1):
        for column, field in enumerate(fields):
            value = row.get(field)
            if isinstance(value, str):
                sheet.write_string(line, column, value)
            elif value is not None:
                sheet.write_number(line, column, value)
    sheet.freeze_panes(1, 1)
    book.close()
    return file.getvalue()
