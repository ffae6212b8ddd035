"""Machines made of files: the programs, configurations and logs that discovery looks for."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from exporter.setup.discovery import Finding, discover
from exporter.setup.machine import Machine, Run, Said
from exporter.setup.machine import run as started

NOW = 1_795_400_000.0
SAMPLES = Path(__file__).parents[1] / "formats"
# Debian's /etc/rsyslog.conf, as of 13.
RSYSLOG = """\
module(load="imuxsock")
auth,authpriv.*\t\t\t/var/log/auth.log
*.*;auth,authpriv.none\t\t-/var/log/syslog
mail.*\t\t\t\t-/var/log/mail.log
*.emerg\t\t\t\t:omusrmsg:*
"""


def silent(_: Sequence[str]) -> Said:
    """No program answers."""
    return Said(None)


def tree(root: Path, files: Mapping[str, str | bytes], run: Run = silent) -> Machine:
    """A machine with these files; a name that ends with `/` is a directory."""
    for name, content in files.items():
        path = root / name.lstrip("/")
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Machine(root, run)


def found(machine: Machine) -> Finding:
    """What discovery finds."""
    return discover(machine, ZoneInfo("UTC"), NOW)


def dovecot_head() -> str:
    """What a configuration of Dovecot 2.4 and later begins with; empty for earlier ones."""
    said = started(("doveconf", "-n", "-c", "/dev/null"))
    is_24 = re.match(r"# 2\.[4-9]", said.out) is not None
    return "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n" if is_24 else ""


def doveconf(root: Path) -> Run:
    """The real doveconf, of the configuration below `root`; nothing else answers."""

    def run(command: Sequence[str]) -> Said:
        if command[0] != "doveconf":
            return Said(None)
        return started(("doveconf", "-c", str(root / "etc/dovecot/dovecot.conf"), *command[1:]))

    return run
