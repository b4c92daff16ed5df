"""The command line: arguments in, one call each, exit codes out.

What a command needs is imported when it runs, so that `fax receive` does not wait for what only `serve` uses.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from contactd import __version__
from contactd.cli import channels, connect, exchange, keeping, people, policies, records, server
from contactd.cli.line import FAULT, MISTAKE, OK, Handler
from contactd.core.errors import ConfigError, ContactdError
from contactd.settings import SettingsError

GROUPS = (server, people, policies, records, keeping, exchange, connect, channels)
"""Where commands are described, in the order help shows them."""


def run(argv: Sequence[str]) -> int:
    """Carry out one command line and return the exit code."""
    arguments = parser().parse_args(argv)
    handler: Handler = arguments.handler
    try:
        return handler(arguments)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        return FAULT
    except (SettingsError, ContactdError, OSError) as error:
        return _complain(error)


def _complain(error: SettingsError | ContactdError | OSError) -> int:
    """Say on standard error what hindered a command; return its exit code."""
    told = error.mistakes if isinstance(error, SettingsError) else (error,)
    for one in told:
        print(one, file=sys.stderr)
    return MISTAKE if isinstance(error, SettingsError | ConfigError) else FAULT


def parser() -> argparse.ArgumentParser:
    """Describe every command."""
    top = argparse.ArgumentParser(prog="contactd", description="Every contact of a customer in one queue.")
    top.add_argument("--version", action="version", version=f"contactd {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in GROUPS:
        group.describe(commands)
    return top
