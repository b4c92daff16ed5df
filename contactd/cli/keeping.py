"""`backup` and `restore`: everything an installation holds, in one folder, and back."""

from __future__ import annotations

from pathlib import Path

from contactd.cli.line import FAULT, OK, Arguments, Commands, add, settings


def describe(commands: Commands) -> None:
    text = "write database, files and keys into a folder, while the server works"
    backup = add(commands, "backup", _backup, text)
    backup.add_argument("folder", type=Path, metavar="DIR", help="new or empty")
    backup.add_argument("--without-keys", action="store_true", help="leave out data_dir/keys: keep them elsewhere")
    restore = add(commands, "restore", _restore, "make the installation what a backup holds; the server must be down")
    restore.add_argument("folder", type=Path, metavar="DIR", help="what `contactd backup` wrote")
    restore.add_argument("--check", action="store_true", help="only hold every file against the backup's list")
    restore.add_argument("--replace", action="store_true", help="empty a PostgreSQL database that holds something")
    restore.add_argument(
        "--send", action="store_true", help="let letters that waited leave; else they are held, for they may have left"
    )


def _backup(arguments: Arguments) -> int:
    from contactd.desk import keeping

    made = keeping.backup(settings(arguments), arguments.folder, keys=not arguments.without_keys)
    print(f"{arguments.folder}: {made.sentence()}")
    return OK


def _restore(arguments: Arguments) -> int:
    from contactd.desk import audit, keeping

    if arguments.check:
        print(f"the backup is whole: {keeping.examine(arguments.folder).sentence()}")
        return OK
    where = settings(arguments)
    for line in keeping.restore(where, arguments.folder, replace=arguments.replace, send=arguments.send):
        print(line)
    report = audit.audit(where)
    for line in report.lines():
        print(line)
    return OK if report.agrees else FAULT
