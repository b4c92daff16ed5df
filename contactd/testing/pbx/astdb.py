"""The scripted PBX's own database, asked over ARI: `DB(family/key)`, `DB_KEYS(family)`, `DB_DELETE(family/key)`, as documented."""

from __future__ import annotations


def asked(database: dict[str, str], method: str, query: dict[str, str]) -> str | None:
    """Return what a variable says; None when something was deleted."""
    name, _, rest = query.get("variable", "").partition("(")
    key = rest.removesuffix(")")
    if name == "DB_DELETE" and method == "POST":
        database.pop(key, None)
        return None
    if name == "DB_KEYS":
        return ",".join(each.removeprefix(f"{key}/") for each in database if each.startswith(f"{key}/"))
    return database.get(key, "") if name == "DB" else ""
