"""The command line: arguments in, one call each, exit codes out.

What a command needs is imported when it runs, so that `fax receive` does not wait for what only `serve` uses.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from contactd import __version__
from contactd.core.agent import Role
from contactd.core.errors import ConfigError, ContactdError
from contactd.settings import SettingsError

if TYPE_CHECKING:
    from contactd.settings import Settings

OK, FAULT, MISTAKE, TRY_LATER = 0, 1, 2, 75
"""Exit codes; 75 is EX_TEMPFAIL of sysexits.h: a mail server keeps the mail and comes again."""

Arguments = argparse.Namespace
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 - it has no public name
Handler = Callable[[Arguments], int]


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


def settings(arguments: Arguments) -> Settings:
    """Read the settings a command was given."""
    from contactd.desk.check import shapes
    from contactd.settings import load

    return load(arguments.config, os.environ, arguments.set, shapes())


def parser() -> argparse.ArgumentParser:
    """Describe every command."""
    top = argparse.ArgumentParser(prog="contactd", description="Every contact of a customer in one queue.")
    top.add_argument("--version", action="version", version=f"contactd {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _server_commands(commands)
    _people_commands(commands)
    _policy_commands(commands)
    _record_commands(commands)
    _exchange_commands(commands)
    _channel_commands(commands)
    return top


def _add(commands: Commands, name: str, handler: Handler, text: str) -> argparse.ArgumentParser:
    """Add a command that takes a configuration."""
    command = commands.add_parser(name, help=text, description=text)
    command.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        default=_config_of_environment(),
        help="TOML file; default: $CONTACTD_CONFIG, else the defaults",
    )
    command.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="overrule one key")
    command.set_defaults(handler=handler)
    return command


def _config_of_environment() -> Path | None:
    """Return the file named by `CONTACTD_CONFIG`."""
    name = os.environ.get("CONTACTD_CONFIG")
    return Path(name) if name else None


def _group(commands: Commands, name: str, text: str) -> Commands:
    """Add a word that commands stand behind (`db upgrade`)."""
    return commands.add_parser(name, help=text, description=text).add_subparsers(metavar="COMMAND", required=True)


def _server_commands(commands: Commands) -> None:
    _add(commands, "serve", _serve, "run the server")
    demo = _add(commands, "demo", _demo, "run the server with made-up customers, agents and a simulated PBX")
    demo.set_defaults(config=None)  # a configuration in the environment is not the demo's
    demo.add_argument("--traffic", action="store_true", help="let made-up customers get in touch all the time")
    check = _add(commands, "check", _check, "print every mistake of the configuration; exit 2 if there is one")
    _speak(check)
    keeps = _add(commands, "retention", _retention, "show what was kept for long enough; let it go with --run")
    keeps.add_argument("--run", action="store_true", help="erase it now")
    doctor = _add(
        commands, "doctor", _doctor, "ask the PBX about rights, modules, fallback, clock; exit 1 if something is bad"
    )
    doctor.add_argument("--json", action="store_true", help="for programs")
    _add(_group(commands, "db", "the database"), "upgrade", _db_upgrade, "bring the database to this version's form")


def _speak(command: argparse.ArgumentParser) -> None:
    """Let a command answer in either language of the product."""
    spoken = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    language = "zh" if spoken.startswith("zh") else "en"
    command.add_argument("--language", choices=["zh", "en"], default=language, help="default: the environment's")


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


def _people_commands(commands: Commands) -> None:
    users = _group(commands, "user", "people who log in")
    leave = _add(users, "leave", _user_leave, "hand over what a person holds, and end the account")
    leave.add_argument("name", nargs="?", help="log-in name of who leaves")
    leave.add_argument(
        "--to", metavar="NAME", help="who takes over; without it, what is held is shown and nothing done"
    )
    leave.add_argument("--reason", default="", help="for the record")
    leave.add_argument("--undo", metavar="ID", help="take a handover back")
    add = _add(users, "add", _user_add, "add a person, or change one")
    add.add_argument("name", help="log-in name")
    add.add_argument("--role", required=True, choices=[str(role) for role in Role])
    add.add_argument("--password-stdin", action="store_true", help="read the password from the first line of stdin")
    add.add_argument("--display-name", default="", help="name shown to others")
    add.add_argument("--skill", action="append", default=[], metavar="SKILL=LEVEL", help="may be repeated; level 1-10")
    add.add_argument("--line", action="append", default=[], metavar="LINE", help="may be repeated; default: every line")
    add.add_argument("--language", action="append", default=[], metavar="LANGUAGE", help="may be repeated (zh, en)")
    add.add_argument("--device", help="phone the person answers on (PJSIP/1001)")
    add.add_argument("--team")
    token = _add(_group(commands, "token", "programs that call the API"), "add", _token_add, "make a token, shown once")
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


def _policy_commands(commands: Commands) -> None:
    policy = _group(commands, "policy", "lines, skills, steps, intake rules and dispositions as one document")
    for name, handler, text in (
        ("export", _policy_export, "write the published policy to FILE"),
        ("import", _policy_import, "keep FILE as a draft for `policy publish`"),
        ("diff", _policy_diff, "print what FILE would change; exit 1 if anything"),
        ("publish", _policy_publish, "make FILE, or the draft without FILE, the policy from now on"),
    ):
        command = _add(policy, name, handler, text)
        command.add_argument("file", type=Path, metavar="FILE", nargs="?" if name == "publish" else None)
    shadow = _add(policy, "shadow", _policy_shadow, "let FILE decide beside the live policy, with no effect")
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


def _record_commands(commands: Commands) -> None:
    _add(commands, "audit", _audit, "compare receipts, interactions, journal and raw bytes; exit 1 if they differ")
    replay = _add(commands, "replay", _replay, "live the journal through again; exit 1 if a decision differs")
    replay.add_argument("--from", dest="since", metavar="WHEN", help="journal number or time; default: the last start")
    replay.add_argument("--to", dest="until", metavar="WHEN", help="journal number or time; default: the end")
    replay.add_argument("--report", type=Path, metavar="FILE", help="with a draft: write the comparison as a page")
    replay.set_defaults(config=None)  # here --config names the draft
    _speak(replay)
    replay.add_argument("--json", action="store_true", help="print the result as JSON")
    whatif = _add(commands, "whatif", _whatif, "try a draft policy or other staffing on virtual days, and compare")
    whatif.set_defaults(config=None)  # here --config names the draft
    whatif.add_argument("scenario", type=Path, metavar="SCENARIO", help="TOML: streams of customers, teams, the draft")
    whatif.add_argument("--report", type=Path, metavar="FILE", help="write the comparison as a page with charts")
    whatif.add_argument("--json", action="store_true", help="print the result as JSON")
    _speak(whatif)
    _staffing_command(commands)
    explain = _add(commands, "explain", _explain, "say why an interaction went to whom it went, or waits")
    explain.add_argument("id", metavar="ID", help="an interaction's id, or an agent's id or log-in name")
    explain.add_argument("--candidates", action="store_true", help="every agent at each decision, from the journal")
    _speak(explain)


def _staffing_command(commands: Commands) -> None:
    text = "say how many agents each interval needs, by Erlang C, or Erlang A when patience is known"
    staffing = _add(commands, "staffing", _staffing, text)
    staffing.add_argument(
        "--scenario", type=Path, metavar="FILE", help="teams with shared skills, tried on virtual days"
    )
    staffing.add_argument("file", nargs="?", type=Path, metavar="FILE", help="CSV: start,calls[,handle_s[,patience_s]]")
    for name, unit, default, help_text in (
        ("calls", float, None, "contacts in one interval, instead of FILE"),
        ("interval", float, 30.0, "minutes"),
        ("handle", float, 180.0, "mean handling time with wrap-up, seconds"),
        ("patience", float, None, "mean patience, seconds; without it customers wait for ever"),
        ("within", float, 20.0, "answered within so many seconds"),
        ("target", float, 0.8, "part of the customers"),
        ("abandon", float, None, "at most this part may give up"),
        ("occupancy", float, 1.0, "at most this part of the time an agent may be busy"),
        ("shrinkage", float, 0.0, "part of paid time not at work: breaks, training, illness"),
    ):
        staffing.add_argument(f"--{name}", type=unit, default=default, help=f"{help_text}; default: {default}")
    staffing.add_argument("--json", action="store_true", help="print the result as JSON")


def _retention(arguments: Arguments) -> int:
    from contactd.desk import retention_errands

    for line in retention_errands.run(settings(arguments), erase=arguments.run):
        print(line)
    return OK


def _audit(arguments: Arguments) -> int:
    from contactd.desk import audit

    report = audit.audit(settings(arguments))
    for line in report.lines():
        print(line)
    return OK if report.agrees else FAULT


def _replay(arguments: Arguments) -> int:
    import json

    from contactd.desk import journal, whatif

    draft = _draft(arguments)
    arguments.config = arguments.config or _config_of_environment()
    where = settings(arguments)
    report = journal.replay(where, arguments.since, arguments.until)
    found = whatif.replay_with(where, arguments.since, arguments.until, draft) if draft is not None else None
    if arguments.json:
        more = {} if found is None else {"comparison": found.as_json()}
        print(json.dumps(report.as_json() | more, ensure_ascii=False, indent=2))
    else:
        print("\n".join(report.lines()))
    if found is not None:
        told = whatif.report(found, str(arguments.config), arguments.language, arguments.report)
        if not arguments.json:
            print(told)
    return OK if report.difference is None else FAULT


def _draft(arguments: Arguments) -> dict[str, object] | None:
    """Return the `[policy]` of the file named by --config; None when there is none."""
    from contactd.settings import policy_of

    return policy_of(arguments.config, {}, []) or None if arguments.config is not None else None


def _whatif(arguments: Arguments) -> int:
    import json

    from contactd.desk import whatif

    draft = _draft(arguments)
    arguments.config = arguments.config or _config_of_environment()
    scenario, found = whatif.ask(settings(arguments), arguments.scenario, draft)
    told = whatif.report(found, scenario.name, arguments.language, arguments.report)
    print(json.dumps(found.as_json(), ensure_ascii=False, indent=2) if arguments.json else told)
    return OK


def _staffing(arguments: Arguments) -> int:
    import json

    from contactd.desk import staffing, whatif

    if arguments.scenario is not None:
        found = whatif.staff(settings(arguments), arguments.scenario, arguments.target)
        told = "\n".join(staffing.shared_table(found))
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=2) if arguments.json else told)
        return OK if found.enough else FAULT
    rows = staffing.work_out(staffing.wanted(arguments))
    print(json.dumps(rows, ensure_ascii=False, indent=2) if arguments.json else "\n".join(staffing.table(rows)))
    return OK


def _explain(arguments: Arguments) -> int:
    from contactd.desk import why

    print(why.explain(settings(arguments), arguments.id, arguments.language, candidates=arguments.candidates))
    return OK


def _channel_commands(commands: Commands) -> None:
    fax = _group(commands, "fax", "the fax channel")
    receive = _add(fax, "receive", _fax_receive, "hand over a received fax: the arguments of HylaFAX's FaxDispatch")
    receive.add_argument("file", type=Path, metavar="FILE", help="the TIFF")
    receive.add_argument("device", nargs="?", default="")
    receive.add_argument("commid", nargs="?", default="")
    receive.add_argument("message", nargs="?", default="", help="empty when all went well")
    receive.add_argument("callid", nargs="*", help="caller's number, name, number called")
    notify = _add(
        fax, "notify", _fax_notify, "hand over what HylaFAX says of a job: the arguments of its notify script"
    )
    notify.add_argument("file", type=Path, metavar="QFILE", help="the job file")
    notify.add_argument("word", metavar="WHY", help="done, failed, requeued …")
    notify.add_argument("rest", nargs="*", metavar="…", help="job time and, when requeued, the next try")
    mail = _group(commands, "mail", "the e-mail channel")
    take = _add(mail, "receive", _mail_receive, "hand over one mail from stdin, as a mail server's pipe does")
    take.add_argument(
        "--from", dest="sender", metavar="ADDRESS", help="envelope sender; empty = nobody is to answer it"
    )
    take.add_argument("recipients", nargs="+", metavar="RECIPIENT")
    replay = _add(mail, "replay", _mail_replay, "read quarantined mails again; without ID all of them")
    replay.add_argument("ids", nargs="*", metavar="ID")
    parse = _add(mail, "parse", _mail_parse, "print what the e-mail channel makes of a raw mail, as JSON")
    parse.add_argument("file", metavar="FILE", help="- = stdin")
    parse.add_argument("--data", action="store_true", help="with the attachments themselves, in base64")

    calls = _group(commands, "voice", "calls")
    compare = _add(
        calls, "compare", _voice_compare, "hold a day of a PBX's own queue log and CDR against what we heard"
    )
    compare.add_argument("--date", metavar="YYYY-MM-DD", required=True)
    compare.add_argument("--json", action="store_true", help="for programs")


def _exchange_commands(commands: Commands) -> None:
    take = _add(commands, "import", _import, "take over customers from a table, Excel file, cards or JSON lines")
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
    take.add_argument("--area-code", help="put before numbers of 7 or 8 digits (0371)")
    take.add_argument("--result", type=Path, metavar="FILE", help="write each row with what became of it")
    give = _add(commands, "export", _export, "write customers to a table, Excel file or JSON lines")
    give.add_argument("file", type=Path, metavar="FILE", nargs="?")
    give.add_argument("--star", type=Path, metavar="DIR", help="write facts and dimensions there, new ones each time")
    give.add_argument("--form", choices=["csv", "xlsx", "jsonl"], default="", help="default: the file's ending")
    give.add_argument("--query", default="", metavar="TEXT", help="only those whose name, address or number begins so")


def _voice_compare(arguments: Arguments) -> int:
    import json

    from contactd.desk import outside, outside_day

    day = outside_day.read_date(arguments.date)
    found = outside.of_day_at_rest(settings(arguments), day)
    told = (
        json.dumps(found, ensure_ascii=False, indent=2) if arguments.json else "\n".join(outside_day.lines(day, found))
    )
    print(told)
    return OK if all(each["agrees"] for each in found["records"]) and not found["missing"] else FAULT


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


def _fax_receive(arguments: Arguments) -> int:
    from contactd.channels.fax import spool

    where = _plain_settings(arguments)
    details = [arguments.device, arguments.commid, arguments.message, *arguments.callid]
    try:
        print(spool.receive(where.data_dir, arguments.file, details, where.channels.get("fax", {}).get("spool", "")))
    except (spool.SpoolError, OSError) as error:
        print(error, file=sys.stderr)
        return FAULT if isinstance(error, spool.SpoolError) else TRY_LATER
    return OK


def _fax_notify(arguments: Arguments) -> int:
    from contactd.channels.fax import spool

    where = _plain_settings(arguments)
    place = where.channels.get("fax", {}).get("spool", "")
    try:
        job = spool.notify(where.data_dir, arguments.file, arguments.word, arguments.rest, place)
    except (spool.SpoolError, OSError) as error:
        print(error, file=sys.stderr)
        return FAULT if isinstance(error, spool.SpoolError) else TRY_LATER
    print(job or "not one of ours")
    return OK


def _plain_settings(arguments: Arguments) -> Settings:
    """Read the settings without asking the channels about theirs: a hook must not wait for that."""
    from contactd.settings import load

    return load(arguments.config, os.environ, arguments.set)


def _mail_parse(arguments: Arguments) -> int:
    import base64
    import hashlib
    import json

    from contactd.channels.email.parse import parse

    raw = sys.stdin.buffer.read() if arguments.file == "-" else Path(arguments.file).read_bytes()
    shown = parse(raw).as_json()
    for attachment in shown["attachments"]:
        attachment["sha256"] = hashlib.sha256(base64.b64decode(attachment["data"])).hexdigest()
        if not arguments.data:
            del attachment["data"]
    print(json.dumps(shown, ensure_ascii=False, indent=2))
    return OK


def _mail_receive(arguments: Arguments) -> int:
    from contactd.channels.email import spool

    try:
        envelope = {"rcpt": arguments.recipients}
        if arguments.sender is not None:
            envelope["mail_from"] = arguments.sender
        print(spool.put(_plain_settings(arguments).data_dir, sys.stdin.buffer.read(spool.MAX_BYTES + 1), envelope).stem)
    except ValueError as error:
        print(error, file=sys.stderr)
        return FAULT
    except (OSError, SettingsError) as error:
        print(error, file=sys.stderr)
        return TRY_LATER
    return OK


def _mail_replay(arguments: Arguments) -> int:
    from contactd.channels.email.reader import read
    from contactd.desk.replay import replay
    from contactd.workers import Workers

    where = settings(arguments)
    limits = where.limits
    pool = Workers(count=1, memory_mb=limits.worker_memory_mb, timeout_s=limits.worker_seconds)
    for line in replay(where, pool, "email", read, arguments.ids):
        print(line)
    return OK
