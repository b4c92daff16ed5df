"""contactd's processes, forked from one that has imported it: each is a process of its own, but none waits for imports.

They are two seconds of a processor, and this suite starts several hundred.  `tests/integration/test_replayed.py` starts the demo
and `tests/test_cli.py` the program as people do.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
IMPORTED = ("contactd.app", "contactd.cli", "contactd.desk.admin", "contactd.desk.audit", "contactd.desk.replay")
REQUEST = 1 << 16
PROGRAM = "contactd"


class Child:
    """A process of contactd's, to be used like one of `subprocess.Popen`'s."""

    def __init__(self, link: socket.socket, stdout: IO[bytes] | None) -> None:
        """Listen to `link`: its number comes first, then how it ended."""
        self.stdout = stdout
        self.returncode: int | None = None
        self._said = link.makefile("r")
        link.close()
        self.pid = int(self._said.readline())
        self._over = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        line = self._said.readline()
        self._said.close()
        self.returncode = int(line) if line else -signal.SIGKILL
        self._over.set()

    def poll(self) -> int | None:
        """Return its exit code; None while it runs."""
        return self.returncode if self._over.is_set() else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; return its exit code, a signal's number below zero."""
        if not self._over.wait(timeout):
            raise subprocess.TimeoutExpired(PROGRAM, timeout or 0.0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it is still there."""
        if not self._over.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it without warning."""
        self.send_signal(signal.SIGKILL)


def spawn(argv: Sequence[str], stdin: int, stdout: int, stderr: int) -> Child:
    """Start `contactd ARGV…` on these file descriptors."""
    ours, theirs = socket.socketpair()
    with theirs:
        socket.send_fds(_line(), [json.dumps(list(argv)).encode()], [theirs.fileno(), stdin, stdout, stderr])
    return Child(ours, None)


def serve(argv: Sequence[str], errors: Path) -> Child:
    """Start `contactd ARGV…`, its standard output to be read from the child, its errors added to a file."""
    reading, writing = os.pipe()
    with Path(os.devnull).open("rb") as nothing, errors.open("ab") as log:
        try:
            child = spawn(argv, nothing.fileno(), writing, log.fileno())
        finally:
            os.close(writing)
    child.stdout = io.BufferedReader(io.FileIO(reading))
    return child


def run(argv: Sequence[str], stdin: str, folder: Path, timeout: float) -> subprocess.CompletedProcess[str]:
    """Run `contactd ARGV…` to its end; what it writes goes through files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"command.{name}" for name in ("in", "out", "err")]
    files[0].write_text(stdin)
    with files[0].open("rb") as source, files[1].open("wb") as out, files[2].open("wb") as errors:
        child = spawn(argv, source.fileno(), out.fileno(), errors.fileno())
    try:
        code = child.wait(timeout)
    finally:
        child.kill()
    return subprocess.CompletedProcess(list(argv), code, files[1].read_text(), files[2].read_text())


@cache
def _line() -> socket.socket:
    """Return the line to the process that forks, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = f"from tests.integration.forked import mother; mother({theirs.fileno()})"
    calm = {**os.environ, "PYTHONDEVMODE": ""}
    with theirs:
        process = subprocess.Popen([sys.executable, "-c", program], pass_fds=[theirs.fileno()], cwd=ROOT, env=calm)  # noqa: S603
    atexit.register(process.wait, 10)
    atexit.register(ours.close)
    return ours


def mother(line: int) -> None:
    """Import contactd, then fork for every request until the line is closed."""
    for name in IMPORTED:
        importlib.import_module(name)
    importlib.import_module("contactd.channels").scan()
    gc.collect()
    gc.freeze()
    assert threading.active_count() == 1
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    with socket.socket(fileno=line) as asked:
        while True:
            said, files, _flags, _address = socket.recv_fds(asked, REQUEST, 4)
            if not said:
                return
            if os.fork() == 0:
                asked.close()
                _keep(json.loads(said), files)
            for each in files:
                os.close(each)


def _keep(argv: list[str], files: list[int]) -> None:
    """Fork contactd itself, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        _be(argv, files)
    for each in files[1:]:
        os.close(each)
    link = socket.socket(fileno=files[0])
    link.sendall(f"{pid}\n".encode())
    _pid, status = os.waitpid(pid, 0)
    with suppress(OSError):  # nobody listens any more
        link.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _be(argv: list[str], files: list[int]) -> None:
    """Be contactd: the descriptors in their places, then its command line to the end."""
    os.close(files[0])
    for place, each in enumerate(files[1:]):
        os.dup2(each, place)
        os.close(each)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    sys.argv = [PROGRAM, *argv]
    sys.exit(importlib.import_module("contactd.cli").run(argv))
