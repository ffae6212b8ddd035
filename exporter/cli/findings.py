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
        yield f"Something listens on port {' and '.join(map(str, finding.ports))}."
    elif finding.servers:
        yield "Nothing listens on port 110 or 995 here."
    read = finding.sources
    proxy = next((one for one in read if one.server.is_proxy and one.is_running), None)
    for one in read if proxy else ():
        if proxy is not None and not one.server.is_proxy:
            yield (
                f"{proxy.server.name} stands before {one.server.name}, so {one.server.name}'s lines add bytes and ends"
                " to its connections (behind: in the configuration). If clients reach"
                f" {one.server.name} directly, too, remove that and read docs/behind-a-proxy.md."
            )
    for name in finding.closed:
        yield f"{name} may not be read by this user: run this as root (sudo)."


def of_server(one: FoundServer) -> str:
    """`Dovecot 2.3.19.1: runs; logs to /var/log/mail.log*; 312 of its newest lines are about POP3, ...`."""
    parts = [f"{one.server.name} {one.version}".strip() + ":"]
    if one.place is None and not one.is_set_up:
        return f"{parts[0]} {'runs' if one.is_running else 'installed'}, but not as a POP3 server"
    if not one.is_installed:
        parts.append("not installed here, but in this machine's logs;")
    elif not one.is_set_up:
        parts.append("its configuration has no POP3 any more;")
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
