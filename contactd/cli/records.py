"""`audit`, `replay`, `whatif`, `staffing`, `explain`: what was decided, why, and what else could be."""

from __future__ import annotations

from pathlib import Path

from contactd.cli.line import FAULT, OK, Arguments, Commands, add, config_of_environment, settings, speak


def describe(commands: Commands) -> None:
    add(commands, "audit", _audit, "compare receipts, interactions, journal and raw bytes; exit 1 if they differ")
    replay = add(commands, "replay", _replay, "live the journal through again; exit 1 if a decision differs")
    replay.add_argument("--from", dest="since", metavar="WHEN", help="journal number or time; default: the last start")
    replay.add_argument("--to", dest="until", metavar="WHEN", help="journal number or time; default: the end")
    replay.add_argument("--report", type=Path, metavar="FILE", help="with a draft: write the comparison as a page")
    replay.set_defaults(config=None)  # here --config names the draft
    speak(replay)
    replay.add_argument("--json", action="store_true", help="print the result as JSON")
    whatif = add(commands, "whatif", _whatif, "try a draft policy or other staffing on virtual days, and compare")
    whatif.set_defaults(config=None)  # here --config names the draft
    whatif.add_argument("scenario", type=Path, metavar="SCENARIO", help="TOML: streams of customers, teams, the draft")
    whatif.add_argument("--report", type=Path, metavar="FILE", help="write the comparison as a page with charts")
    whatif.add_argument("--json", action="store_true", help="print the result as JSON")
    speak(whatif)
    _staffing_command(commands)
    explain = add(commands, "explain", _explain, "say why an interaction went to whom it went, or waits")
    explain.add_argument("id", metavar="ID", help="an interaction's id, or an agent's id or log-in name")
    explain.add_argument("--candidates", action="store_true", help="every agent at each decision, from the journal")
    speak(explain)


def _staffing_command(commands: Commands) -> None:
    text = "say how many agents each interval needs, by Erlang C, or Erlang A when patience is known"
    staffing = add(commands, "staffing", _staffing, text)
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
    arguments.config = arguments.config or config_of_environment()
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
    arguments.config = arguments.config or config_of_environment()
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
