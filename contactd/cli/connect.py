"""`connect`: other systems whose tables are brought in."""

from __future__ import annotations

from collections.abc import Callable

from contactd.cli.line import FAULT, OK, Arguments, Commands, add, group, settings


def describe(commands: Commands) -> None:
    """Describe the commands."""
    connect = group(commands, "connect", "other systems whose tables are brought in")
    add(connect, "list", _list, "print the connectors and their latest runs")
    run = add(connect, "run", _run, "bring in what is new; exit 1 when a table failed or rows were left out")
    run.add_argument("name", metavar="NAME")
    run.add_argument("--dry-run", action="store_true", help="say what would happen; change nothing")
    drift = add(connect, "drift", _drift, "hold all a system has against all we have from it; exit 1 when they differ")
    drift.add_argument("name", metavar="NAME")
    retry = add(connect, "retry", _retry, "try rows that were left out once more; exit 1 when some are left out again")
    retry.add_argument("name", metavar="NAME")


def _list(arguments: Arguments) -> int:
    from contactd.desk.connect import errands

    print("\n".join(errands.connectors(settings(arguments))) or "no connectors are configured")
    return OK


def _run(arguments: Arguments) -> int:
    from contactd.desk.connect import errands

    return _said(arguments, errands.dry_run if arguments.dry_run else errands.run, "nothing new")


def _drift(arguments: Arguments) -> int:
    from contactd.desk.connect import errands

    return _said(arguments, errands.drift, "nothing to compare")


def _retry(arguments: Arguments) -> int:
    from contactd.desk.connect import errands

    return _said(arguments, errands.retry, "no row waits that could be tried again")


def _said(arguments: Arguments, errand: Callable[..., tuple[list[str], bool]], nothing: str) -> int:
    lines, sound = errand(settings(arguments), arguments.name)
    print("\n".join(lines) or nothing)
    return OK if sound else FAULT
