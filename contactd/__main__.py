"""`python -m contactd` and the command `contactd`."""

from __future__ import annotations

import sys

from contactd.cli import run


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":  # worker processes import this module under another name
    main()
