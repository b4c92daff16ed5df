"""A Dovecot of a test's own: a real IMAP server on a free port, its mail in a temporary folder."""

from __future__ import annotations

import getpass
import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PASSWORD = "secret word"
USER = "desk"

CONFIG = """
protocols = {protocols}
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
ssl = no
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
auth_mechanisms = plain login
auth_failure_delay = 0
mail_max_userip_connections = 100
{extra}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
{pop}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
namespace inbox {{
  inbox = yes
}}
"""

POP = """
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


class Dovecot:
    """One server."""

    def __init__(self, extra: str = "", protocols: str = "imap") -> None:
        program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
        if program is None:
            pytest.skip("Dovecot is not installed (apt-get install dovecot-imapd)")
        self._program = program
        # Not in pytest's folders: mail belongs to another account, and those are shut to others.
        self.folder = Path(tempfile.mkdtemp(prefix="contactd-dovecot-"))
        if "pop3" in protocols and not Path("/usr/lib/dovecot/pop3").exists():
            pytest.skip("Dovecot's POP3 is not installed (apt-get install dovecot-pop3d)")
        self.port, self.pop_port = _free_port(), _free_port()
        self._protocols = protocols
        self._extra = extra
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it answers."""
        me = getpass.getuser()
        root = os.geteuid() == 0
        owner = pwd.getpwnam("nobody") if root else pwd.getpwnam(me)
        (self.folder / "mail").mkdir(parents=True, exist_ok=True)
        if root:
            os.chown(self.folder / "mail", owner.pw_uid, owner.pw_gid)
            self.folder.chmod(0o711)
        config = self.folder / "dovecot.conf"
        config.write_text(
            CONFIG.format(
                folder=self.folder,
                internal="dovecot" if root else me,
                group=grp.getgrgid(pwd.getpwnam("dovecot").pw_gid).gr_name
                if root
                else grp.getgrgid(os.getgid()).gr_name,
                login="dovenull" if root else me,
                uid=owner.pw_uid,
                gid=owner.pw_gid,
                port=self.port,
                password=PASSWORD.replace(" ", "_"),
                extra=self._extra,
                protocols=self._protocols,
                pop=POP.format(port=self.pop_port) if "pop3" in self._protocols else "",
            ),
        )
        self._process = subprocess.Popen([self._program, "-F", "-c", str(config)], stderr=subprocess.DEVNULL)  # noqa: S603
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                self.client().logout()
            except (OSError, imaplib.IMAP4.error):
                time.sleep(0.05)
            else:
                return
        log = self.folder / "log"
        pytest.fail(f"Dovecot does not answer: {log.read_text()[-2000:] if log.exists() else 'no log'}")

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def close(self) -> None:
        """Stop it and take its mail away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def client(self) -> imaplib.IMAP4:
        """Log in as somebody who looks at the mailbox."""
        client = imaplib.IMAP4("127.0.0.1", self.port)
        client.login(USER, PASSWORD.replace(" ", "_"))
        return client

    def put(self, *mails: bytes, folder: str = "INBOX") -> None:
        """Lay mails into a folder."""
        client = self.client()
        if folder != "INBOX":
            client.create(folder)
        for mail in mails:
            said, _ = client.append(folder, "", "", mail)
            assert said == "OK"
        client.logout()

    def empty(self, folder: str = "INBOX") -> None:
        """Take every mail out of a folder."""
        client = self.client()
        said, number = client.select(folder)
        assert said == "OK", number
        if number[0] != b"0":
            client.store("1:*", "+FLAGS", r"\Deleted")
            client.expunge()
        client.logout()

    def flags(self, folder: str = "INBOX") -> list[bytes]:
        """Return the flags of each mail of a folder, in order."""
        client = self.client()
        said, data = client.select(folder, readonly=True)
        if said != "OK":
            return []
        _, found = client.fetch("1:*", "(FLAGS)") if data[0] != b"0" else ("OK", [])
        client.logout()
        return [one for one in found if isinstance(one, bytes)]

    def count(self, folder: str = "INBOX") -> int:
        """Return how many mails lie in a folder."""
        client = self.client()
        said, data = client.select(folder, readonly=True)
        client.logout()
        return int(data[0] or 0) if said == "OK" else 0

    @property
    def password(self) -> str:
        """What the account logs in with."""
        return PASSWORD.replace(" ", "_")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
