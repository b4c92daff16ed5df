"""`fax`, `mail`, `voice`: what belongs to one channel."""

from __future__ import annotations

import sys
from pathlib import Path

from contactd.cli.line import FAULT, OK, TRY_LATER, Arguments, Commands, add, group, plain_settings, settings
from contactd.settings import SettingsError


def describe(commands: Commands) -> None:
    fax = group(commands, "fax", "the fax channel")
    receive = add(fax, "receive", _fax_receive, "hand over a received fax: the arguments of HylaFAX's FaxDispatch")
    receive.add_argument("file", type=Path, metavar="FILE", help="the TIFF")
    receive.add_argument("device", nargs="?", default="")
    receive.add_argument("commid", nargs="?", default="")
    receive.add_argument("message", nargs="?", default="", help="empty when all went well")
    receive.add_argument("callid", nargs="*", help="caller's number, name, number called")
    notify = add(fax, "notify", _fax_notify, "hand over what HylaFAX says of a job: the arguments of its notify script")
    notify.add_argument("file", type=Path, metavar="QFILE", help="the job file")
    notify.add_argument("word", metavar="WHY", help="done, failed, requeued …")
    notify.add_argument("rest", nargs="*", metavar="…", help="job time and, when requeued, the next try")
    mail = group(commands, "mail", "the e-mail channel")
    take = add(mail, "receive", _mail_receive, "hand over one mail from stdin, as a mail server's pipe does")
    take.add_argument(
        "--from", dest="sender", metavar="ADDRESS", help="envelope sender; empty = nobody is to answer it"
    )
    take.add_argument("recipients", nargs="+", metavar="RECIPIENT")
    replay = add(mail, "replay", _mail_replay, "read quarantined mails again; without ID all of them")
    replay.add_argument("ids", nargs="*", metavar="ID")
    bring = add(mail, "import", _mail_import, "take over an mbox file or a folder of .eml files as history")
    bring.add_argument("path", type=Path, metavar="PATH")
    bring.add_argument(
        "--own",
        action="append",
        default=[],
        metavar="DOMAIN",
        help="what it sent went out; may be repeated, or an address",
    )
    bring.add_argument("--dry-run", action="store_true", help="say what would become of each mail; change nothing")
    parse = add(mail, "parse", _mail_parse, "print what the e-mail channel makes of a raw mail, as JSON")
    parse.add_argument("file", metavar="FILE", help="- = stdin")
    parse.add_argument("--data", action="store_true", help="with the attachments themselves, in base64")

    calls = group(commands, "voice", "calls")
    compare = add(calls, "compare", _voice_compare, "hold a day of a PBX's own queue log and CDR against what we heard")
    compare.add_argument("--date", metavar="YYYY-MM-DD", required=True)
    compare.add_argument("--json", action="store_true", help="for programs")
    prompts = add(
        calls, "prompts", _voice_prompts, "let a speech program say the neutral announcements, or list their words"
    )
    prompts.add_argument("folder", type=Path, metavar="SOUNDS", help="the PBX's folder: /var/lib/asterisk/sounds")
    prompts.add_argument("--language", action="append", choices=("zh", "en"), help="default: both")
    prompts.add_argument("--program", metavar="NAME", help="takes espeak's arguments; default: espeak-ng or espeak")
    prompts.add_argument("--list", action="store_true", help="only print file and words, to be read aloud")
    rekey = add(calls, "rekey", _voice_rekey, "make a new key of the house for recordings, and wrap theirs under it")
    rekey.add_argument(
        "--forget", action="store_true", help="make none: remove old keys that nothing needs, an hour after the change"
    )


def _voice_prompts(arguments: Arguments) -> int:
    from contactd.channels.voice import neutral, neutral_make

    languages = arguments.language or list(neutral.LANGUAGES)
    told = neutral_make.script({language: neutral.words(language) for language in languages})
    where = None if arguments.list else neutral_make.program(arguments.program)
    if where is None:
        print("\n".join(told))
        if not arguments.list:
            print("no speech program is here (espeak-ng): nothing was made; these are the words", file=sys.stderr)
        return OK if arguments.list else FAULT
    try:
        for language in languages:
            made = neutral_make.make(arguments.folder, language, neutral_make.speaker(where))
            print(f"{language}: {len(made.written)} written, {len(made.kept)} were there")
    except (neutral_make.SpeechError, OSError) as error:
        print(error, file=sys.stderr)
        return FAULT
    return OK


def _voice_rekey(arguments: Arguments) -> int:
    from contactd.desk.rekeying import rekey

    done = rekey(settings(arguments), forget=arguments.forget)
    print("\n".join(done.lines()))
    return FAULT if done.broken else OK


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


def _fax_receive(arguments: Arguments) -> int:
    from contactd.channels.fax import spool

    where = plain_settings(arguments)
    details = [arguments.device, arguments.commid, arguments.message, *arguments.callid]
    try:
        print(spool.receive(where.data_dir, arguments.file, details, where.channels.get("fax", {}).get("spool", "")))
    except (spool.SpoolError, OSError) as error:
        print(error, file=sys.stderr)
        return FAULT if isinstance(error, spool.SpoolError) else TRY_LATER
    return OK


def _fax_notify(arguments: Arguments) -> int:
    from contactd.channels.fax import spool

    where = plain_settings(arguments)
    place = where.channels.get("fax", {}).get("spool", "")
    try:
        job = spool.notify(where.data_dir, arguments.file, arguments.word, arguments.rest, place)
    except (spool.SpoolError, OSError) as error:
        print(error, file=sys.stderr)
        return FAULT if isinstance(error, spool.SpoolError) else TRY_LATER
    print(job or "not one of ours")
    return OK


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
        print(spool.put(plain_settings(arguments).data_dir, sys.stdin.buffer.read(spool.MAX_BYTES + 1), envelope).stem)
    except ValueError as error:
        print(error, file=sys.stderr)
        return FAULT
    except (OSError, SettingsError) as error:
        print(error, file=sys.stderr)
        return TRY_LATER
    return OK


def _mail_import(arguments: Arguments) -> int:
    from contactd.channels.email.reader import read
    from contactd.desk.exchange.errands import import_mails
    from contactd.desk.exchange.letters import Post, own_of
    from contactd.workers import Workers

    where = settings(arguments)
    pool = Workers(count=1, memory_mb=where.limits.worker_memory_mb, timeout_s=where.limits.worker_seconds)
    own = own_of(arguments.own, where.channels.get("email", {}).get("domains", ()))
    post = Post(channel="email", reader=read, work=pool.run, own=own)
    done = import_mails(where, arguments.path, post, pool.close, dry_run=arguments.dry_run)
    print("\n".join(done.lines))
    return FAULT if done.left_out else OK


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
