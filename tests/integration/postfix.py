"""A Postfix of a test's own: a real mail server on a free port, between contactd and the world."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PROGRAM = Path("/usr/sbin/postfix")
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.relay.example
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_delay_reject = yes
smtpd_tls_security_level = none
smtp_tls_security_level = none
disable_dns_lookups = yes
smtp_host_lookup = native
relayhost = [127.0.0.1]:{out}
transport_maps = inline:{{ {{ example.com = smtp:[127.0.0.1]:{inward} }} }}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
smtpd_error_sleep_time = 0
in_flow_delay = 0
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Postfix:
    """One server: mail for example.com goes to `inward`, all other to `out`."""

    def __init__(self) -> None:
        if not PROGRAM.exists() or os.geteuid() != 0:
            pytest.skip("Postfix is not installed, or cannot be run (make system, as root)")
        self.folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        self.port = free_port()

    def start(self, inward: int, out: int) -> None:
        # Its processes run as another account, and have to get here.
        self.folder.chmod(0o755)
        config = self.folder / "config"
        for one in (config, self.folder / "queue", self.folder / "data"):
            one.mkdir()
        shutil.chown(self.folder / "data", "postfix")
        (config / "main.cf").write_text(MAIN.format(folder=self.folder, inward=inward, out=out))
        (config / "master.cf").write_text(MASTER.format(port=self.port))
        done = self._run("start")
        assert done.returncode == 0, done.stdout + done.stderr + self.log()
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
        pytest.fail(f"Postfix did not start: {self.log()}")

    def waiting(self) -> int:
        """Count the mails it has accepted and not handed on."""
        queues = ("maildrop", "incoming", "active", "deferred", "hold")
        return sum(len(files) for name in queues for _, _, files in os.walk(self.folder / "queue" / name))

    def log(self) -> str:
        file = self.folder / "log"
        return file.read_text() if file.exists() else ""

    def close(self) -> None:
        self._run("abort")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - a program of the system's
            [PROGRAM, "-c", self.folder / "config", command], capture_output=True, text=True, timeout=60, check=False
        )
