"""cyrus.conf: whether the master starts a POP3 service (cyrus.conf(5)); all its services log to syslog."""

import re

from exporter.setup.machine import Machine
from exporter.setup.ownlogs import MAIL, OwnLogs

FILES = ("/etc/cyrus.conf", "/etc/cyrus/cyrus.conf")
_SERVICE = re.compile(r'^\s*\w+\s+cmd="?(?:\S*/)?pop3(?:proxy)?d\b', re.MULTILINE)


def own_logs(machine: Machine) -> OwnLogs:
    """If the file cannot be read, POP3 is assumed."""
    texts = [text for file in FILES if (text := machine.text(file))]
    return OwnLogs(facility=MAIL, serves=not texts or any(map(_SERVICE.search, texts)))
