"""Who opens connections to /metrics and says nothing takes neither scrapes nor files from who reads the logs."""

import socket
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.e2e.daemon import Daemon, lines_read

LINE = (
    "2026-11-20T09:10:00.000000+00:00 mx1 dovecot: pop3-login: Login: user=<u@x.example>, method=PLAIN, "
    "rip=192.0.2.1, lip=192.0.2.2, mpid={number}, session=<s{number}>\n"
)
DESCRIPTORS = 256
SILENT = 600
ROTATIONS = 12


@pytest.mark.tool("logrotate")
@pytest.mark.tool("prlimit")
def test_rotations_are_read_while_silent_connections_are_held(tmp_path: Path) -> None:
    """With more of them than the daemon may open files, it answers, and each line of each rotated file counts once."""
    log, rules = tmp_path / "mail.log", tmp_path / "logrotate.conf"
    log.touch()
    rules.write_text(f"{log} {{\n rotate 20\n create\n}}\n")
    daemon = Daemon(tmp_path, [str(log)])
    with ExitStack() as stack:
        daemon.start(under=("prlimit", f"--nofile={DESCRIPTORS}"))
        stack.callback(daemon.stop)
        for _ in range(SILENT):
            silent = stack.enter_context(socket.socket())
            silent.settimeout(1)
            with suppress(OSError):
                silent.connect(("127.0.0.1", daemon.port))
        for number in range(ROTATIONS):
            with log.open("a") as file:
                file.write(LINE.format(number=number))
            subprocess.run(["logrotate", "-f", "-s", tmp_path / "state", rules], check=True)
        daemon.wait_for(lambda samples: lines_read(samples) == ROTATIONS)
        assert "Traceback" not in daemon.log()
