"""A real Dovecot on loopback that serves IMAP and POP3 into one log, and what its clients did."""

import getpass
import grp
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

PASSWORD = "right-password"
USERS = ("alice@example.com", "bob@example.com", "carol@example.org")
MAIL = "From: a@example.com\r\nSubject: hello\r\n\r\n.a line that begins with a dot\r\nthe end\r\n"

# Rootless where the tests are not run by root: every process then runs as the caller.
CONFIG = """{head}
protocols = imap pop3
listen = 127.0.0.1
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
log_timestamp = "%Y-%m-%d %H:%M:%S.%{{usecs}} "
ssl = no
auth_mechanisms = plain login
auth_verbose = yes
mail_uid = {mail_user}
mail_gid = {mail_group}
first_valid_uid = 1
default_internal_user = {internal_user}
default_internal_group = {internal_group}
default_login_user = {login_user}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3_port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
  # No penalty: failed logins are answered at once.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
protocol pop3 {{
  mail_max_userip_connections = 2
  pop3_logout_format = {logout}
}}
"""
# What 2.4 writes in another way.
OLD_ACCOUNTS = """
disable_plaintext_auth = no
mail_location = maildir:{base}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {base}/users
}}
userdb {{
  driver = static
  args = home={base}/mail/%u
}}
"""
OLD_LOGOUT = "top=%t/%p, retr=%r/%b, del=%d/%m, size=%s, in=%i, out=%o"
NEW_HEAD = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0"
NEW_ACCOUNTS = """
auth_allow_cleartext = yes
mail_driver = maildir
mail_path = {base}/mail/%{{user}}
passdb passwd-file {{
  passwd_file_path = {base}/users
  default_password_scheme = plain
}}
userdb static {{
  fields {{
    home = {base}/mail/%{{user}}
  }}
}}
"""
NEW_LOGOUT = (
    "top=%{top_count}/%{top_bytes}, retr=%{retr_count}/%{retr_bytes}, del=%{deleted_count}/%{message_count},"
    " size=%{message_bytes}, in=%{input}, out=%{output}"
)


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


class Dovecot:
    """Started on entry, stopped on exit; `log` has what both services wrote."""

    def __init__(self) -> None:
        # Not below pytest's folder: that is closed to the users that Dovecot's processes run as.
        self._folder = tempfile.TemporaryDirectory(prefix="pop3-dovecot-")
        self.base = base = Path(self._folder.name)
        self.log = base / "dovecot.log"
        self.pop3_port, self.imap_port = free_port(), free_port()
        self._binary = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin") or "dovecot"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._write_files()
        self._process = subprocess.Popen([self._binary, "-F", "-c", str(self.base / "dovecot.conf")])
        self._wait_for("starting up for imap, pop3")
        for port in (self.pop3_port, self.imap_port):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                connection.recv(200)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=30)
        if kind is not None:
            sys.stderr.write(self.log.read_text())
            self.clean()

    def clean(self) -> None:
        """Remove its folder."""
        self._folder.cleanup()

    def _write_files(self) -> None:
        root = os.geteuid() == 0
        me = getpass.getuser()
        group = "dovecot" if root else grp.getgrgid(os.getegid()).gr_name
        self.base.chmod(0o755)
        is_24 = not subprocess.check_output([self._binary, "--version"], text=True).startswith(("2.2.", "2.3."))
        text = (CONFIG + (NEW_ACCOUNTS if is_24 else OLD_ACCOUNTS)).format(
            head=NEW_HEAD if is_24 else "",
            logout=NEW_LOGOUT if is_24 else OLD_LOGOUT,
            base=self.base,
            mail_user="mail" if root else me,
            mail_group="mail" if root else group,
            internal_user="dovecot" if root else me,
            internal_group=group,
            login_user="dovenull" if root else me,
            pop3_port=self.pop3_port,
            imap_port=self.imap_port,
        )
        (self.base / "dovecot.conf").write_text(text)
        (self.base / "users").write_text("".join(f"{user}:{PASSWORD}\n" for user in USERS))
        for user in USERS:
            for folder in ("cur", "new", "tmp"):
                (self.base / "mail" / user / folder).mkdir(parents=True)
            for number in range(3):
                (self.base / "mail" / user / "new" / f"{number}.test").write_bytes(MAIL.encode())
        if root:
            shutil.chown(self.base / "mail", "mail", "mail")
            for path in (self.base / "mail").rglob("*"):
                shutil.chown(path, "mail", "mail")

    def _wait_for(self, text: str) -> None:
        assert self._process is not None
        while not (self.log.exists() and text in self.log.read_text()):
            assert self._process.poll() is None, "dovecot did not start; see its messages above"
            threading.Event().wait(0.02)
