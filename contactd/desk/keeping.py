"""Backup and the way back: database, blobs, keys and spool in one folder, with a list of everything in it.

The order makes it whole while the server works: what lies in the spool first (taken in twice is taken in once), then the
database in one snapshot, then the blobs, which are written before anything names them and never changed.  The list is written
last: a folder without it is no backup.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path, PurePosixPath

from contactd import __version__
from contactd.clock import SystemClock, rfc3339
from contactd.core.errors import BadRequestError, ConfigError, ConflictError
from contactd.crm_store import audit, database_copy, migrations, restored_rows, writeback_rows
from contactd.crm_store.audit import Entry
from contactd.desk.admin import Errand, at_work
from contactd.settings import Settings

LIST = "backup.json"
FORM = 1
DATA = "data"
"""Folder of the backup for what lies in `data_dir`."""
ASIDE = "before-"
"""Beginning of a folder in `data_dir` to which a restore moves what was there."""
KEYS, SPOOL = "keys", "spool"
UNFINISHED = "restore-unfinished"
"""File in `data_dir` while a restore is under way: no server starts beside it."""
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """The list of a backup."""

    form: int
    made_at: str
    version: str
    database: str
    """sqlite or postgresql."""
    revision: str
    """Of its schema."""
    keys: bool
    """Whether the keys of the installation are in it."""
    files: dict[str, tuple[int, str]]
    """Path in the backup → size in bytes, SHA-256."""

    def sentence(self) -> str:
        """Say what it is."""
        size = sum(size for size, _digest in self.files.values())
        keys = "with keys" if self.keys else "WITHOUT keys"
        made = f"{self.made_at}, contactd {self.version}, {self.database} {self.revision}"
        return f"{made}, {len(self.files)} files, {size} bytes, {keys}"


def backup(settings: Settings, folder: Path, *, keys: bool = True) -> Backup:
    """Write a backup of the installation into `folder`, which must be new or empty; a server may be at work.  Blocks.

    Raises:
        BadRequestError: the folder holds something, or lies where it would copy itself.
        ConflictError: the database is damaged.
        StoreDownError: the database cannot be reached.
    """
    folder, data_dir = folder.absolute(), settings.data_dir.resolve()
    if any(folder.resolve().is_relative_to(top.resolve()) for top in (data_dir, *_elsewhere(data_dir))):
        message = f"{folder} lies inside data_dir, which is what is kept"
        raise BadRequestError(message)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        message = f"{folder} is not empty: a backup gets a folder of its own"
        raise BadRequestError(message)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # One that was there may be open to all, and a copy is so until it is whole.
    folder.chmod(0o700)
    made_at = rfc3339(_note(settings, folder))
    _copy_tree(data_dir, folder / DATA, lambda top: top == SPOOL, settings)
    kind, revision = database_copy.copy_out(settings.database_url, folder)
    left_out = {SPOOL} if keys else {SPOOL, KEYS}
    _copy_tree(data_dir, folder / DATA, lambda top: top not in left_out, settings)
    made = Backup(
        form=FORM,
        made_at=made_at,
        version=__version__,
        database=kind,
        revision=revision,
        keys=keys,
        files={path: _fingerprint(folder / path) for path in _files(folder)},
    )
    os.sync()  # everything in it is on disk before the list says that it is a backup
    _write_list(folder, made)
    return made


def _note(settings: Settings, folder: Path) -> datetime:
    """Write down that all data are copied: whoever has the copy can read everything."""

    async def job(errand: Errand) -> datetime:
        now = errand.clock.now()
        entry = Entry(actor=errand.by, action="backup.make", object_kind="store", detail={"folder": str(folder)})
        await errand.store.write(partial(audit.append, entry=entry, now=now))
        return now

    return at_work(settings, job)


def _copy_tree(source: Path, target: Path, wanted: Callable[[str], bool], settings: Settings) -> None:
    """Copy plain files; what begins with a dot is being written, and what goes away meanwhile was not to stay."""
    database = set(database_copy.files_of(settings.database_url))
    for path in _walk(source):
        parts = path.relative_to(source).parts
        if not wanted(parts[0]) or path.resolve() in database or parts[0].startswith((ASIDE, UNFINISHED)):
            continue
        place = target.joinpath(*parts)
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            shutil.copyfile(path, place, follow_symlinks=False)
        except FileNotFoundError:
            place.unlink(missing_ok=True)
            continue
        place.chmod(0o600)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield every plain file below; of links only those that stand for a whole folder of it are followed."""
    for top, folders, names in chain.from_iterable(map(os.walk, (folder, *_elsewhere(folder)))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(top, name)
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path


def _elsewhere(folder: Path) -> list[Path]:
    """Return the folders directly in one that lie on another disk, and are only linked to."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return [path for path in found if path.is_symlink() and path.is_dir() and not path.name.startswith((".", ASIDE))]


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in _walk(folder) if path.name != LIST or path.parent != folder]


def _fingerprint(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            digest.update(data)
            size += len(data)
    return size, digest.hexdigest()


def _write_list(folder: Path, made: Backup) -> None:
    draft = folder / f".{LIST}"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(made), file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / LIST)


def examine(folder: Path) -> Backup:
    """Read the list of a backup and hold every file against it.  Blocks.

    Raises:
        BadRequestError: there is no list, it is not one of ours, or a file is missing, damaged or strange to it.
    """
    found = _read_list(folder)
    there = set(_files(folder))
    wrong = sorted(there ^ set(found.files)) + [
        path for path, said in sorted(found.files.items()) if path in there and _fingerprint(folder / path) != said
    ]
    if wrong:
        message = f"{len(wrong)} files are not as the backup's list says: {', '.join(wrong[:5])}"
        raise BadRequestError(message)
    return found


def _read_list(folder: Path) -> Backup:
    try:
        document = json.loads((folder / LIST).read_text("utf-8"))
        files = {_inside(path): (int(said[0]), str(said[1])) for path, said in document.pop("files").items()}
        found = Backup(files=files, **document)
    except FileNotFoundError as error:
        message = f"{folder} is no backup, or one that was not finished: it has no {LIST}"
        raise BadRequestError(message) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"{folder / LIST} cannot be read"
        raise BadRequestError(message) from error
    if found.form != FORM:
        message = f"{folder} is of form {found.form}: a newer version made it"
        raise BadRequestError(message)
    return found


def _inside(path: str) -> str:
    """Return a path of the list that leads nowhere else.

    Raises:
        ValueError: it does.
    """
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        message = f"{path} leads out of the backup"
        raise ValueError(message)
    return path


def restore(settings: Settings, folder: Path, *, replace: bool = False, send: bool = False) -> list[str]:
    """Make the installation what it was when `folder` was written; return what is to be told.  Blocks.

    Nothing is touched before every file was held against the list.  What lies in `data_dir` is moved into a folder of its own
    there; a PostgreSQL database must be empty, or is emptied with `replace`.

    Raises:
        BadRequestError: the backup is damaged, of another kind of database or a newer version.
        ConflictError: a server is at work, or the database is not empty.
        StoreDownError: the database cannot be reached.
    """
    found = examine(folder)
    url, data_dir = settings.database_url, settings.data_dir.resolve()
    database_copy.fit(url, found.database, found.revision)
    if database_copy.is_in_use(url):
        message = "somebody has the database open: stop the server first"
        raise ConflictError(message)
    aside = _make_room(settings, data_dir, replace=replace)
    (data_dir / UNFINISHED).write_text(f"{folder}\n", encoding="utf-8")
    os.sync()  # before anything is there that a server could go on with
    database_copy.copy_in(url, folder, found.revision)
    migrations.upgrade(url)
    for path in found.files:
        parts = PurePosixPath(path).parts
        if parts[0] == DATA:
            place = data_dir.joinpath(*parts[1:])
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(folder / path, place)
            place.chmod(0o600)
    if not found.keys and aside is not None and (aside / KEYS).is_dir():
        shutil.copytree(aside / KEYS, data_dir / KEYS)
    os.sync()
    told = [f"the backup is whole: {found.sentence()}"] + ([f"what was there lies in {aside}"] if aside else [])
    told += _settle(settings, found, send=send)
    (data_dir / UNFINISHED).unlink()
    return told


def see_finished(settings: Settings) -> None:
    """See that no restore broke off here: letters that may have left are held at its end only.

    Raises:
        ConfigError: one did.
    """
    if (settings.data_dir / UNFINISHED).exists():
        message = f"a restore into {settings.data_dir} broke off: begin it anew with `contactd restore`"
        raise ConfigError(message, field="data_dir")


def _make_room(settings: Settings, data_dir: Path, *, replace: bool) -> Path | None:
    """Move what is there out of the way; return where it lies now, None when there was nothing."""
    files = database_copy.files_of(settings.database_url)
    if not files and not database_copy.is_empty(settings.database_url):
        if not replace:
            message = "the database is not empty: name a new one in database.url, or let --replace empty this one"
            raise ConflictError(message)
        database_copy.clear(settings.database_url)
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    old = [path for path in sorted(data_dir.iterdir()) if not path.name.startswith(ASIDE)]
    elsewhere = [path for path in files if path.exists() and path.parent != data_dir]
    if not old and not elsewhere:
        return None
    aside = data_dir / f"{ASIDE}{SystemClock().now():%Y%m%dT%H%M%S%fZ}"
    aside.mkdir(mode=0o700)
    for path in old:
        path.rename(aside / path.name)
    for path in elsewhere:
        path.rename(path.with_name(f"{aside.name}-{path.name}"))
    return aside


def _settle(settings: Settings, found: Backup, *, send: bool) -> list[str]:
    """Hold what may have happened since, and say what people must know."""

    async def job(errand: Errand) -> tuple[int, int]:
        now = errand.clock.now()
        unit = partial(restored_rows.settle, by=errand.by, made_at=found.made_at, send=send, now=now)
        held: int = await errand.store.write(unit)
        drafts = partial(writeback_rows.hold, reason=restored_rows.REASON, now=now)
        return held, 0 if send else await errand.store.write(drafts)

    held, drafts = at_work(settings, job)
    told = [f"{held} letters are held: they may have left since the backup was made"] if held else []
    told += (
        [f"{drafts} drafts for other systems are back with their authors: they may have been sent"] if drafts else []
    )
    if not (settings.data_dir / KEYS).is_dir():
        told.append(
            f"put the folder {KEYS} of then into data_dir: without it recordings stay shut, and answers find no thread"
        )
    return [*told, "every log-in has ended; tokens that were withdrawn since are valid again: withdraw them anew"]
