"""What every command has: its configuration, its language, its exit code."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from contactd.settings import Settings

OK, FAULT, MISTAKE, TRY_LATER = 0, 1, 2, 75
"""Exit codes; 75 is EX_TEMPFAIL of sysexits.h: a mail server keeps the mail and comes again."""

Arguments = argparse.Namespace
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name
Handler = Callable[[Arguments], int]


def settings(arguments: Arguments) -> Settings:
    """Read the settings a command was given."""
    from contactd.desk.check import shapes
    from contactd.settings import load

    return load(arguments.config, os.environ, arguments.set, shapes())


def add(commands: Commands, name: str, handler: Handler, text: str) -> argparse.ArgumentParser:
    """Add a command that takes a configuration."""
    command = commands.add_parser(name, help=text, description=text)
    command.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=config_of_environment(),
        help="TOML file; default: $CONTACTD_CONFIG, else the defaults",
    )
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="overrule one key")
    command.set_defaults(handler=handler)
    return command


def config_of_environment() -> Path | None:
    """Return the file named by `CONTACTD_CONFIG`."""
    name = os.environ.get("CONTACTD_CONFIG")
    return Path(name) if name else None


def group(commands: Commands, name: str, text: str) -> Commands:
    """Add a word that commands stand behind (`db upgrade`)."""
    return commands.add_parser(name, help=text, description=text).add_subparsers(metavar="COMMAND", required=True)


def speak(command: argparse.ArgumentParser) -> None:
    """Let a command answer in either language of the product."""
    spoken = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    language = "zh" if spoken.startswith("zh") else "en"
    command.add_argument("--language", choices=["zh", "en"], default=language, help="default: the environment's")


def plain_settings(arguments: Arguments) -> Settings:
    """Read the settings without asking the channels about theirs: a hook must not wait for that."""
    from contactd.settings import load

    return load(arguments.config, os.environ, arguments.set)
