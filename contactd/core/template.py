"""Texts with places to fill in: `{line}` and the like, from a list of names; anything else in braces stays as it is.

There are no expressions, no attributes and no formats: a template is data, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_FIELD = re.compile(r"\{([a-z_]{1,40})\}")


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put values into a template; what they say is never looked at for further places."""
    return _FIELD.sub(lambda found: values.get(found[1], found[0]), template)


def fields(template: str) -> list[str]:
    """Return the names of the places in a template, in order, each once."""
    return list(dict.fromkeys(_FIELD.findall(template)))
