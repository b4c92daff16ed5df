"""Templates of answers: words that agents put into what they write, in both languages, for some lines or for all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from contactd.core.template import fields
from contactd.routing.document import Table

PLACES = ("customer_name", "agent_name", "line", "subject", "date")
"""What a template may leave open."""
SIGNATURE_PLACES = ("agent_name", "line")
"""The same of a line's signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One template."""

    name: str
    label: Mapping[str, str]
    text: Mapping[str, str]
    """Language → words."""
    lines: tuple[str, ...]
    """For which lines; none = for all."""

    def serves(self, line: str) -> bool:
        """Tell whether it is for a line."""
        return not self.lines or line in self.lines


def read_templates(table: Table, lines: Collection[str]) -> dict[str, Template]:
    """Read `templates.<name>`: label, text, lines."""
    found = {name: _template(name, one, lines) for name, one in table.tables()}
    table.done()
    return found


def check_places(table: Table, key: str, words: Mapping[str, str], allowed: Collection[str]) -> None:
    """Note places in a text that are none of those allowed."""
    for language, text in words.items():
        unknown = [name for name in fields(text) if name not in allowed]
        if unknown:
            table.wrong(f"{key}.{language}", f"has the place {{{unknown[0]}}}, which is none of {', '.join(allowed)}")


def _template(name: str, table: Table, lines: Collection[str]) -> Template:
    text = table.label("text")
    if not any(text.values()):
        table.wrong("text", "is empty")
    check_places(table, "text", text, PLACES)
    wanted = table.strings("lines")
    for line in wanted:
        if line not in lines:
            table.wrong("lines", f"names the line {line!r}, which does not exist")
    template = Template(name=name, label=table.label("label", name), text=text, lines=wanted)
    table.done()
    return template
