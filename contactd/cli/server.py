"""`serve`, `demo`, `check`, `doctor`, `retention`, `db upgrade`: the server and the ground it stands on."""

from __future__ import annotations

import gc
import os

from contactd.cli.line import FAULT, MISTAKE, OK, Arguments, Commands, add, group, settings, speak


def describe(commands: Commands) -> None:
    add(commands, "serve", _serve, "run the server")
    demo = add(commands, "demo", _demo, "run the server with made-up customers, agents and a simulated PBX")
    demo.set_defaults(config=None)  # a configuration in the environment is not the demo's
    demo.add_argument("--traffic", action="store_true", help="let made-up customers get in touch all the time")
    check = add(commands, "check", _check, "print every mistake of the configuration; exit 2 if there is one")
    speak(check)
    keeps = add(commands, "retention", _retention, "show what was kept for long enough; let it go with --run")
    keeps.add_argument("--run", action="store_true", help="erase it now")
    doctor = add(
        commands, "doctor", _doctor, "ask the PBX about rights, modules, fallback, clock; exit 1 if something is bad"
    )
    doctor.add_argument("--json", action="store_true", help="for programs")
    add(group(commands, "db", "the database"), "upgrade", _db_upgrade, "bring the database to this version's form")


def _serve(arguments: Arguments) -> int:
    gc.disable()  # a start makes much and drops little; `app.settle_memory` turns it on again
    from contactd import app

    return app.serve(settings(arguments))


def _demo(arguments: Arguments) -> int:
    gc.disable()
    from contactd import demo

    return demo.run(arguments.config, arguments.set, traffic=arguments.traffic)


def _doctor(arguments: Arguments) -> int:
    import json
    from dataclasses import asdict

    from contactd.desk import doctor

    found = doctor.examine(settings(arguments))
    if arguments.json:
        print(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2))
    else:
        print("\n".join(each.line() for each in found))
    return OK if doctor.is_well(found) else FAULT


def _check(arguments: Arguments) -> int:
    from contactd.desk.check import check

    mistakes = check(arguments.config, os.environ, arguments.set, arguments.language)
    for mistake in mistakes:
        print(mistake)
    return MISTAKE if any(not mistake.note for mistake in mistakes) else OK


def _db_upgrade(arguments: Arguments) -> int:
    from contactd.desk import admin

    print(admin.db_upgrade(settings(arguments)))
    return OK


def _retention(arguments: Arguments) -> int:
    from contactd.desk import retention_errands

    for line in retention_errands.run(settings(arguments), erase=arguments.run):
        print(line)
    return OK
