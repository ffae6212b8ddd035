"""What `setup` found, in sentences."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from exporter.setup.discovery import Finding, FoundServer

_DAY = 86_400


def of_machine(finding: Finding) -> Iterator[str]:
    """All servers, and what else matters."""
    for one in finding.servers:
        yield of_server(one)
    if finding.ports:
        yield f"Something listens on the POP3 ports {' and '.join(map(str, finding.ports))}."
    elif finding.servers:
        yield "Nothing listens on the POP3 ports 110 and 995 here."
    for name in finding.closed:
        yield f"{name} may not be read by this user: run this as root (sudo)."


def of_server(one: FoundServer) -> str:
    """`Dovecot 2.3.19.1: runs; logs to /var/log/mail.log*; 312 of its newest lines are about POP3, ...`."""
    parts = [f"{one.server.name} {one.version}".strip() + ":"]
    if not one.is_installed:
        parts.append("not installed here, but in this machine's logs;")
    elif not one.is_set_up:
        parts.append(f"{'runs' if one.is_running else 'installed'}, but its configuration has no POP3;")
    else:
        parts.append("runs;" if one.is_running else "installed, but does not run;")
    parts.append(
        f"its log is {one.place}" if one.place else "there is neither a syslog daemon nor a journal for its log"
    )
    if one.lines:
        parts.append(f"({one.lines:,} of the newest lines are its own about POP3, the last {_age(one.newest)})")
    elif one.place:
        parts.append("(no line about POP3 there yet)")
    return " ".join(parts)


def _age(stamp: float) -> str:
    days = (time.time() - stamp) / _DAY
    return "of today" if days < 1 else f"of {datetime.fromtimestamp(stamp, UTC):%Y-%m-%d}"
