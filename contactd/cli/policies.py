"""`policy`: lines, skills, steps and rules as one document."""

from __future__ import annotations

from pathlib import Path

from contactd.cli.line import FAULT, OK, Arguments, Commands, add, group, settings


def describe(commands: Commands) -> None:
    policy = group(commands, "policy", "lines, skills, steps, intake rules and dispositions as one document")
    for name, handler, text in (
        ("export", _policy_export, "write the published policy to FILE"),
        ("import", _policy_import, "keep FILE as a draft for `policy publish`"),
        ("diff", _policy_diff, "print what FILE would change; exit 1 if anything"),
        ("publish", _policy_publish, "make FILE, or the draft without FILE, the policy from now on"),
    ):
        command = add(policy, name, handler, text)
        command.add_argument("file", type=Path, metavar="FILE", nargs="?" if name == "publish" else None)
    shadow = add(policy, "shadow", _policy_shadow, "let FILE decide beside the live policy, with no effect")
    shadow.add_argument("file", type=Path, metavar="FILE", nargs="?", help="without it: print how often it differed")
    shadow.add_argument("--off", action="store_true", help="let nobody decide beside any more")


def _policy_export(arguments: Arguments) -> int:
    from contactd.desk import policies

    print(policies.export(settings(arguments), arguments.file))
    return OK


def _policy_shadow(arguments: Arguments) -> int:
    from contactd.desk import shadowing

    where = settings(arguments)
    if arguments.off:
        print(shadowing.end(where))
    elif arguments.file is not None:
        print(shadowing.begin(where, arguments.file))
    else:
        print("\n".join(shadowing.report(where)))
    return OK


def _policy_import(arguments: Arguments) -> int:
    from contactd.desk import policies

    print(policies.draft(settings(arguments), arguments.file))
    return OK


def _policy_diff(arguments: Arguments) -> int:
    from contactd.desk import policies

    lines = policies.diff(settings(arguments), arguments.file)
    for line in lines:
        print(line)
    return FAULT if lines else OK


def _policy_publish(arguments: Arguments) -> int:
    from contactd.desk import policies

    print(policies.publish(settings(arguments), arguments.file))
    return OK
