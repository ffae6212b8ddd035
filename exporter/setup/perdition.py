"""perdition.conf: where the proxy logs (perdition.conf(5))."""

import re

from exporter.setup.machine import Machine
from exporter.setup.ownlogs import MAIL, OwnLogs

FILES = ("/etc/perdition/perdition.conf", "/etc/perdition/perdition.pop3.conf")
_FACILITY = re.compile(r"^\s*(?:log_facility|F)\s+(\S+)", re.MULTILINE)


def own_logs(machine: Machine) -> OwnLogs:
    """`log_facility` is a facility of syslog, or the path of a file."""
    found = [name for file in FILES for name in _FACILITY.findall(machine.text(file))]
    facility = found[-1].strip("\"'") if found else MAIL
    return OwnLogs(files=(facility,)) if facility.startswith("/") else OwnLogs(facility=facility.lower())
