"""`user` and `token`: who may come in."""

from __future__ import annotations

import sys

from contactd.cli.line import OK, Arguments, Commands, add, group, settings
from contactd.core.agent import Role
from contactd.core.errors import ConfigError


def describe(commands: Commands) -> None:
    users = group(commands, "user", "people who log in")
    leave = add(users, "leave", _user_leave, "hand over what a person holds, and end the account")
    leave.add_argument("name", nargs="?", help="log-in name of who leaves")
    leave.add_argument(
        "--to", metavar="NAME", help="who takes over; without it, what is held is shown and nothing done"
    )
    leave.add_argument("--reason", default="", help="for the record")
    leave.add_argument("--undo", metavar="ID", help="take a handover back")
    new = add(users, "add", _user_add, "add a person, or change one")
    new.add_argument("name", help="log-in name")
    new.add_argument("--role", required=True, choices=[str(role) for role in Role])
    new.add_argument("--password-stdin", action="store_true", help="read the password from the first line of stdin")
    new.add_argument("--display-name", default="", help="name shown to others")
    new.add_argument("--skill", action="append", default=[], metavar="SKILL=LEVEL", help="may be repeated; level 1-10")
    new.add_argument("--line", action="append", default=[], metavar="LINE", help="may be repeated; default: every line")
    new.add_argument("--language", action="append", default=[], metavar="LANGUAGE", help="may be repeated (zh, en)")
    new.add_argument("--device", help="phone the person answers on (PJSIP/1001)")
    new.add_argument("--team")
    token = add(group(commands, "token", "programs that call the API"), "add", _token_add, "make a token, shown once")
    token.add_argument("name")
    token.add_argument("--scope", action="append", required=True, metavar="SCOPE", help="may be repeated")


def _user_add(arguments: Arguments) -> int:
    from contactd.desk import admin

    person = admin.Person(
        name=arguments.name,
        role=arguments.role,
        password=sys.stdin.readline().rstrip("\r\n") if arguments.password_stdin else None,
        display_name=arguments.display_name,
        skills=tuple(arguments.skill),
        lines=tuple(arguments.line),
        languages=tuple(arguments.language),
        device=arguments.device,
        team=arguments.team,
    )
    print(admin.user_add(settings(arguments), person))
    return OK


def _user_leave(arguments: Arguments) -> int:
    from contactd.desk import leave_errands

    if arguments.undo is not None:
        print("\n".join(leave_errands.undo(settings(arguments), arguments.undo)))
    elif arguments.name is None:
        message = "name who leaves, or --undo a handover"
        raise ConfigError(message)
    elif arguments.to is None:
        print("\n".join(leave_errands.preview(settings(arguments), arguments.name)) or "nothing is held")
    else:
        print(leave_errands.leave(settings(arguments), arguments.name, arguments.to, arguments.reason))
    return OK


def _token_add(arguments: Arguments) -> int:
    from contactd.desk import admin

    print(admin.token_add(settings(arguments), arguments.name, arguments.scope))
    return OK
