"""`import` and `export`: customers, and what was with them, in and out."""

from __future__ import annotations

import sys
from pathlib import Path

from contactd.cli.line import FAULT, MISTAKE, OK, Arguments, Commands, add, settings


def describe(commands: Commands) -> None:
    take = add(commands, "import", _import, "take over customers, or what was with them, from a table")
    take.add_argument("file", type=Path, metavar="FILE", nargs="?")
    take.add_argument("--undo", metavar="ID", help="take an import back as far as nobody has changed it since")
    take.add_argument("--list", action="store_true", help="print the latest imports")
    take.add_argument("--dry-run", action="store_true", help="say what would become of each row; change nothing")
    take.add_argument("--form", choices=["csv", "xlsx", "vcf", "jsonl"], default="", help="default: the file tells")
    take.add_argument("--encoding", default="", help="of a text; default: UTF-8 or GB18030, whichever it is")
    take.add_argument(
        "--map", action="append", default=[], metavar="COLUMN=FIELD", help="may be repeated; - leaves out"
    )
    take.add_argument("--match", action="append", default=[], metavar="KEY", help="may be repeated; the surest first")
    take.add_argument("--policy", default="fill", metavar="POLICY", help="skip, fill, overwrite, points or new")
    take.add_argument("--overwrite", action="append", default=[], metavar="FIELD", help="of the policy; default: all")
    take.add_argument("--system", default="import", help="whose numbers the customers' are (erp)")
    take.add_argument(
        "--object",
        choices=["customers", "contacts", "cases", "records", "recordings", "articles"],
        default="customers",
        help="what the rows are; contacts, cases and records come as history, with their numbers and times",
    )
    take.add_argument(
        "--files",
        type=Path,
        metavar="PATH",
        help="where recordings or articles lie: a folder or a zip; default: FILE is such a zip",
    )
    take.add_argument("--zone", default="Asia/Shanghai", help="of times that name none")
    take.add_argument("--area-code", help="put before numbers of 7 or 8 digits (0371)")
    take.add_argument("--result", type=Path, metavar="FILE", help="write each row with what became of it")
    give = add(commands, "export", _export, "write customers to a table, Excel file or JSON lines")
    give.add_argument("file", type=Path, metavar="FILE", nargs="?")
    give.add_argument("--star", type=Path, metavar="DIR", help="write facts and dimensions there, new ones each time")
    give.add_argument("--form", choices=["csv", "xlsx", "jsonl"], default="", help="default: the file's ending")
    give.add_argument("--query", default="", metavar="TEXT", help="only those whose name, address or number begins so")


def _import(arguments: Arguments) -> int:
    from contactd.desk.exchange import errands

    where = settings(arguments)
    if arguments.list:
        print("\n".join(errands.imports(where)))
        return OK
    if arguments.undo:
        print(errands.undo(where, arguments.undo))
        return OK
    if arguments.file is None:
        print("name a file", file=sys.stderr)
        return MISTAKE
    wish = errands.wished(vars(arguments))
    done = errands.import_file(where, wish, arguments.result, dry_run=arguments.dry_run)
    print("\n".join(done.lines))
    return FAULT if done.left_out else OK


def _export(arguments: Arguments) -> int:
    from contactd.desk.exchange import errands

    if arguments.star is not None:
        print(errands.star(settings(arguments), arguments.star, arguments.form))
        return OK
    if arguments.file is None:
        print("name a FILE, or --star DIR", file=sys.stderr)
        return MISTAKE
    print(errands.export(settings(arguments), arguments.file, arguments.form, arguments.query))
    return OK
