"""Channels and lines, read from the policy document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from contactd.core.address import email
from contactd.core.calendar import Calendar
from contactd.routing import defaults
from contactd.routing.automatic import read_acknowledge, read_automatic
from contactd.routing.document import Table
from contactd.routing.line import LANGUAGE_RULES, STRATEGIES, WRAPUP_MODES, ChannelRule, Line, Step, Wrapup
from contactd.routing.outbound import read_outbound
from contactd.routing.recording import read_recording
from contactd.routing.templates import SIGNATURE_PLACES, check_places
from contactd.routing.ways_out import read_after_close, read_callbacks, read_overflow

MAX_UNITS = 100
DAY_S = 86_400.0


def read_channels(table: Table, capacity: Table) -> dict[str, ChannelRule]:
    """Read `channels.<channel>` and `capacity.<channel>` over the built-in rules; further channels may be named."""
    rules: dict[str, ChannelRule] = {}
    names = [*defaults.CHANNELS, *(name for name in table.names() if name not in defaults.CHANNELS)]
    units = {name: capacity.whole(name, defaults.CAPACITY.get(name, MAX_UNITS), 1, MAX_UNITS) for name in names}
    capacity.done()
    for name in names:
        rules[name] = _channel(table.table(name), _built_in(name, units[name]), names)
    table.done()
    return rules


def _built_in(name: str, units: int) -> ChannelRule:
    given: dict[str, Any] = defaults.CHANNELS.get(name, defaults.CHANNELS[defaults.OTHER])
    plain = {key: value for key, value in given.items() if key not in ("wrapup", "interrupts")}
    return ChannelRule(
        name=name,
        units=units,
        wrapup=Wrapup(**given["wrapup"]),
        interrupts=tuple(given["interrupts"]),
        **plain,
    )


def _channel(table: Table, rule: ChannelRule, names: list[str]) -> ChannelRule:
    """Apply a table's settings to a rule."""
    changed = replace(
        rule,
        live=table.flag("live", rule.live),
        offer_s=table.number("offer_s", rule.offer_s, DAY_S) or rule.offer_s,
        misses=table.whole("misses", rule.misses, 1, 1000),
        may_reject=table.flag("may_reject", rule.may_reject),
        auto_accept=table.flag("auto_accept", rule.auto_accept),
        needs_device=table.flag("needs_device", rule.needs_device),
        connects=table.flag("connects", rule.connects),
        interrupts=table.texts("interrupts", rule.interrupts, names),
        wrapup=_wrapup(table.table("wrapup"), rule.wrapup),
        sla_s=table.number("sla_s", rule.sla_s),
        starve_s=table.number("starve_s", rule.starve_s),
        calls_back=table.flag("calls_back", rule.calls_back),
        drain=table.flag("drain", rule.drain),
    )
    table.done()
    return changed


def _wrapup(table: Table, rule: Wrapup) -> Wrapup:
    changed = Wrapup(
        mode=table.choice("mode", rule.mode, WRAPUP_MODES),
        seconds=table.number("seconds", rule.seconds, DAY_S),
        extensions=table.whole("extensions", rule.extensions, 0, 100),
    )
    if changed.mode.startswith("timed") and not changed.seconds:
        table.wrong("seconds", "must be more than 0 for a timed wrap-up")
    table.done()
    return changed


@dataclass(frozen=True, slots=True)
class Around:
    """What lines refer to, by name."""

    channels: Mapping[str, ChannelRule]
    trees: Mapping[str, Any]
    calendars: Mapping[str, Calendar]


def read_lines(table: Table, around: Around) -> dict[str, Line]:
    """Read `lines.<name>`."""
    lines = {name: _line(name, row, around) for name, row in table.tables()}
    if not lines:
        table.wrong("", "must name at least one line")
        lines["support"] = _line("support", Table({}, table.path, table.problems), around)
    for name, line in lines.items():
        for place, rule in enumerate(line.overflow):
            if rule.line is not None and (rule.line not in lines or rule.line == name):
                table.wrong(f"{name}.overflow[{place}].to", f"names the line {rule.line!r}, which is no other line")
    return lines


def _line(name: str, row: Table, around: Around) -> Line:
    channels, trees = around.channels, around.trees
    first_tree = next(iter(trees), "")
    calendar = row.text("calendar")
    signature, own = row.label("signature"), row.text("from_address")
    check_places(row, "signature", signature, SIGNATURE_PLACES)
    line = Line(
        name=name,
        label=row.label("label", name),
        base=row.whole("base", 0, 0, 9),
        rate=row.number("rate", 1.0, 1000),
        sla_boost=row.number("sla_boost", 20.0, 1000),
        channels=_line_channels(row, channels),
        required=row.levels("required"),
        steps=tuple(_step(step) for step in row.rows("steps")),
        skip_unmet=row.flag("skip_unmet", default=True),
        language=row.choice("language", "prefer", LANGUAGE_RULES),
        language_s=row.number("language_s", 0.0, DAY_S),
        strategy=row.choice("strategy", "longest_idle", STRATEGIES),
        strict=row.flag("strict", default=False),
        repeat=row.number("repeat", 5.0, 1000),
        reserve=row.whole("reserve", 0, 0, 100_000),
        hard_spacing_s=row.number("hard_spacing_s", 0.0, DAY_S),
        prefer_s=row.number("prefer_s", 20.0, DAY_S),
        return_window_s=row.number("return_window_s", 120.0, 30 * DAY_S),
        short_abandon_s=row.number("short_abandon_s", 5.0, DAY_S),
        dispositions=row.text("dispositions", "default" if "default" in trees else first_tree),
        signature=signature,
        greeting=row.label("greeting"),
        from_address=own,
        from_addresses=_addresses(row, "from_addresses", own),
        undo_s=row.number("undo_s", 5.0, 120),
        reopen_days=row.number("reopen_days", 0.0, 3650),
        early_bridge=row.flag("early_bridge", default=False),
        hours=_calendar(row, "calendar", calendar, around.calendars),
        sla_hours=_calendar(row, "sla_calendar", row.text("sla_calendar", calendar), around.calendars),
        overflow=read_overflow(row, tuple(channels)),
        after_close=read_after_close(row.table("after_close")),
        callbacks=read_callbacks(row.table("callback")),
        automatic=read_automatic(row.table("automatic")),
        acknowledge=read_acknowledge(row.table("acknowledge")),
        recording=read_recording(row.table("recording")),
        outbound=read_outbound(row.table("outbound")),
    )
    if line.dispositions not in trees:
        row.wrong("dispositions", f"names the tree {line.dispositions!r}, which does not exist")
    row.done()
    return line


def _addresses(row: Table, key: str, own: str) -> tuple[str, ...]:
    given = row.strings(key)
    for one in given:
        if email(one) is None:
            row.wrong(key, f"names {one!r}, which is no address")
    if given and not own:
        row.wrong(key, "needs a from_address, from which everything else is answered")
    return given


def _calendar(row: Table, key: str, name: str, calendars: Mapping[str, Calendar]) -> Calendar | None:
    if name and name not in calendars:
        row.wrong(key, f"names the calendar {name!r}, which does not exist")
    return calendars.get(name)


def _line_channels(row: Table, channels: Mapping[str, ChannelRule]) -> dict[str, ChannelRule]:
    """Return every channel's rule with the line's own settings; `sla_s` and `starve_s` of the line hold for all of them."""
    names = list(channels)
    sla = row.number("sla_s", 0) or None
    starve = row.number("starve_s", 0) or None
    capacity = row.table("capacity")
    table = row.table("channels")
    rules = {}
    for name, general in channels.items():
        rule = replace(
            general,
            sla_s=general.sla_s if sla is None else sla,
            starve_s=general.starve_s if starve is None else starve,
            units=capacity.whole(name, general.units, 1, MAX_UNITS),
        )
        own = _channel(table.table(name), rule, names)
        rules[name] = general if own == general else own  # the same for every line that says nothing else
    capacity.done()
    table.done()
    return rules


def _step(row: Table) -> Step:
    step = Step(prefer=row.levels("prefer"), seconds=row.number("seconds", 30.0, DAY_S))
    row.done()
    return step
