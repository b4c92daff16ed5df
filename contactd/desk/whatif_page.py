"""A comparison for people: as a table of text, and as one page of HTML that needs nothing else, with charts drawn as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from contactd.desk.whatif_texts import word
from contactd.routing.comparing import Comparison, Figure

PARTS = frozenset({"service_level", "abandon_rate", "occupancy"})
WHOLE = frozenset({"answered", "abandoned", "left", "agents"})
SHOWN = (
    "service_level",
    "asa_s",
    "p50_s",
    "p90_s",
    "abandon_rate",
    "answered",
    "abandoned",
    "left",
    "occupancy",
    "fairness",
    "agents",
)
LINES = ("service_level", "asa_s", "p90_s", "abandon_rate")
MOST_AGENTS = 60
BLUE, ORANGE, GREY = "#3467c0", "#d9772b", "#8a8f98"


def shown(name: str, value: float | None) -> str:
    """Return a figure as people write it: parts in percent, waits in seconds."""
    if value is None:
        return "–"
    if name in PARTS:
        return f"{value * 100:.1f} %"
    if name.endswith("_s"):
        return f"{value:.1f} s"
    return f"{value:.1f}" if name in WHOLE else f"{value:.3f}"


def change(name: str, value: float | None, language: str) -> str:
    """Return a difference with its sign; parts differ by points."""
    if value is None:
        return "–"
    if name in PARTS:
        return f"{_signed(value * 100, 1)} {word('points', language)}"
    if name.endswith("_s"):
        return f"{_signed(value, 1)} s"
    return _signed(value, 1 if name in WHOLE else 3)


def _signed(value: float, digits: int) -> str:
    """Write a number with its sign; nought has none."""
    rounded = round(value, digits)
    return f"{rounded:+.{digits}f}" if rounded else f"{0:.{digits}f}"


def answer(found: Comparison, language: str) -> Iterator[str]:
    """Yield the answer in a few sentences."""
    level, wait = found.figures["service_level"], found.figures["asa_s"]
    if level.difference is not None:
        yield word(
            "answer_better",
            language,
            live=shown("service_level", level.live),
            draft=shown("service_level", level.draft),
            difference=change("service_level", level.difference, language),
        )
        if level.sure is not None and abs(level.difference) <= level.sure:
            yield word("answer_unsure", language)
    if wait.difference is not None:
        yield word("answer_wait", language, live=shown("asa_s", wait.live), draft=shown("asa_s", wait.draft))
    gained = sum(group.gained for group in found.groups.values())
    lost = sum(group.lost for group in found.groups.values())
    yield word("answer_groups", language, gained=gained, lost=lost)


def table(found: Comparison, language: str) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"{found.live} | {found.draft}: " + word("days", language, days=found.days, contacts=found.contacts)
    yield from answer(found, language)
    rows = [[word(key, language) for key in ("figure", "live", "draft", "difference", "sure")]]
    rows += [_row(name, found.figures[name], language) for name in SHOWN]
    yield from _aligned(rows)
    yield ""
    yield from _aligned(_line_rows(found, language))
    yield ""
    yield from _aligned(_group_rows(found, language))
    yield from found.notes


def _row(name: str, figure: Figure, language: str) -> list[str]:
    sure = "–" if figure.sure is None else "± " + change(name, abs(figure.sure), language).removeprefix("+")
    return [
        word(name, language),
        shown(name, figure.live),
        shown(name, figure.draft),
        change(name, figure.difference, language),
        sure,
    ]


def _aligned(rows: list[list[str]]) -> Iterator[str]:
    """Yield rows in columns; a Chinese character is two wide."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *others = [cell + " " * (wide - _width(cell)) for cell, wide in zip(row, widths, strict=True)]
        yield "  ".join([first, *others]).rstrip()


def _width(text: str) -> int:
    return sum(2 if "\u2e80" <= char <= "\uffef" else 1 for char in text)


def page(found: Comparison, language: str, title: str) -> str:
    """Return the whole page."""
    heading = escape(f"{word('title', language)}: {title}")
    parts = [
        f"<h1>{heading}</h1>",
        f"<p class=sub>{escape(word('days', language, days=found.days, contacts=found.contacts))}</p>",
        "".join(f"<p>{escape(text)}</p>" for text in answer(found, language)),
        _html_table(
            [[word(key, language) for key in ("figure", "live", "draft", "difference", "sure")]]
            + [_row(name, found.figures[name], language) for name in SHOWN]
        ),
        _section("day_title", _day_chart(found, language), language),
        _section("waits_title", _wait_chart(found, language), language),
        _section("lines", _html_table(_line_rows(found, language)), language),
        _section("groups", _gain_chart(found, language) + _html_table(_group_rows(found, language)), language),
        _section("agents_title", _agent_chart(found, language), language),
        f"<p class=sub>{escape(word('how', language))}</p>",
        "".join(f"<p class=sub>{escape(note)}</p>" for note in found.notes),
    ]
    lang = "zh-CN" if language == "zh" else "en"
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{heading}</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


_STYLE = (
    "body{font:15px/1.5 system-ui,'Noto Sans CJK SC',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1f2329}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}.sub{color:#666}"
    "table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums}"
    "td,th{padding:.25rem .8rem;text-align:right;border-bottom:1px solid #e5e6eb}"
    "td:first-child,th:first-child{text-align:left}svg{max-width:100%;height:auto}text{font-size:11px;fill:#555}"
    "@media(prefers-color-scheme:dark){body{background:#16181d;color:#e6e8eb}td,th{border-color:#333}text{fill:#aaa}}"
)


def _section(key: str, body: str, language: str) -> str:
    return f"<h2>{escape(word(key, language))}</h2>{body}"


def _html_table(rows: list[list[str]]) -> str:
    head, *others = rows
    cells = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in others)
    return f"<table><tr>{cells}</tr>{body}</table>"


def _line_rows(found: Comparison, language: str) -> list[list[str]]:
    rows = [[word("line", language), *(word(name, language) for name in LINES)]]
    for line, figures in found.lines.items():
        cells = [f"{shown(name, figures[name].live)} → {shown(name, figures[name].draft)}" for name in LINES]
        rows.append([line, *cells])
    return rows


def _group_rows(found: Comparison, language: str) -> list[list[str]]:
    rows = [[word(key, language) for key in ("group", "count", "service_level", "gained", "lost", "wait_change")]]
    for name, group in found.groups.items():
        before, after = (shown("service_level", one.service_level) for one in (group.before, group.after))
        cells = [str(group.gained), str(group.lost), change("wait_s", group.mean_s, language)]
        rows.append([name, str(group.count), f"{before} → {after}", *cells])
    return rows


# --- charts -------------------------------------------------------------------------------------------------------------


def _svg(width: int, height: int, body: Iterable[str]) -> str:
    return f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">{"".join(body)}</svg>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _bar(x: float, y: float, width: float, height: float, colour: str, title: str) -> str:
    size = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" height="{height:.1f}"'
    return f'<rect {size} fill="{colour}"><title>{escape(title)}</title></rect>'


def _legend(language: str, x: float) -> list[str]:
    told = []
    for colour, key in ((BLUE, "live"), (ORANGE, "draft")):
        told += [_bar(x, 2, 10, 10, colour, key), _text(x + 14, 11, word(key, language))]
        x += 110
    return told


def _day_chart(found: Comparison, language: str) -> str:
    """Draw the service level of each interval, as two lines."""
    width, height, left, top, bottom = 760, 230, 44, 24, 24
    points = sorted(found.intervals)
    if not points:
        return ""
    step = (width - left - 10) / max(len(points) - 1, 1)
    inner = height - top - bottom

    def y(part: float) -> float:
        return top + (1 - part) * inner

    body = _legend(language, left)
    for part in (0.0, 0.25, 0.5, 0.75, 1.0):
        body.append(
            f'<line x1="{left}" x2="{width - 10}" y1="{y(part):.1f}" y2="{y(part):.1f}" stroke="{GREY}" opacity=".25"/>'
        )
        body.append(_text(left - 6, y(part) + 4, f"{part * 100:.0f} %", "end"))
    for colour, side in ((BLUE, "live"), (ORANGE, "draft")):
        levels = [getattr(found.intervals[at]["service_level"], side) for at in points]
        drawn = [f"{left + place * step:.1f},{y(level):.1f}" for place, level in enumerate(levels) if level is not None]
        body.append(f'<polyline points="{" ".join(drawn)}" fill="none" stroke="{colour}" stroke-width="2"/>')
    every = max(len(points) // 12, 1)
    for place in range(0, len(points), every):
        body.append(_text(left + place * step, height - 6, f"+{points[place] / 3_600_000:g} h", "middle"))
    return _svg(width, height, body)


def _pairs(rows: Mapping[str, tuple[float | None, float | None]], unit: str, language: str) -> str:
    """Draw two bars for each row."""
    most = max((value for pair in rows.values() for value in pair if value is not None), default=0.0) or 1.0
    left, width = 250, 420
    body = _legend(language, left)
    y = 22.0
    for name, pair in rows.items():
        body.append(_text(left - 8, y + 13, name, "end"))
        for colour, value in zip((BLUE, ORANGE), pair, strict=True):
            if value is not None:
                body.append(_bar(left, y, value / most * width, 9, colour, f"{name}: {value:.2f}{unit}"))
                body.append(_text(left + value / most * width + 5, y + 9, f"{value:.1f}{unit}"))
            y += 10
        y += 6
    return _svg(left + width + 70, int(y + 4), body)


def _wait_chart(found: Comparison, language: str) -> str:
    rows: dict[str, tuple[float | None, float | None]] = {}
    for line, figures in found.lines.items():
        for name, label in (("p50_s", "P50"), ("p90_s", "P90")):
            rows[f"{line} {label}"] = (figures[name].live, figures[name].draft)
    return _pairs(rows, " s", language)


def _agent_chart(found: Comparison, language: str) -> str:
    busiest = sorted(found.agents.items(), key=lambda one: (-(one[1].draft or one[1].live or 0), one[0]))[:MOST_AGENTS]
    rows = {
        name: (
            None if figure.live is None else figure.live * 100,
            None if figure.draft is None else figure.draft * 100,
        )
        for name, figure in busiest
    }
    return _pairs(rows, " %", language)


def _gain_chart(found: Comparison, language: str) -> str:
    """Draw for each group who gained (to the right) and who lost (to the left), as parts of the group."""
    left, half = 250, 210
    body = [
        _bar(left, 2, 10, 10, ORANGE, "lost"),
        _text(left + 14, 11, word("lost", language)),
        _bar(left + half, 2, 10, 10, BLUE, "gained"),
        _text(left + half + 14, 11, word("gained", language)),
    ]
    y = 22.0
    for name, group in found.groups.items():
        body.append(_text(left - 8, y + 10, name, "end"))
        lost, gained = group.lost / max(group.count, 1) * half, group.gained / max(group.count, 1) * half
        body += [
            _bar(left + half - lost, y, lost, 11, ORANGE, f"{name}: {group.lost}"),
            _bar(left + half, y, gained, 11, BLUE, f"{name}: {group.gained}"),
        ]
        y += 18
    return _svg(left + 2 * half + 70, int(y + 4), body)
