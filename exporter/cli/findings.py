"""Describes what `setup` found."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from exporter.setup.discovery import Finding, FoundServer

_DAY = 86_400


def of_machine(finding: Finding) -> Iterator[str]:
    """Sentences about all servers, ports and unreadable logs."""
    for one in finding.servers:
        yield of_server(one)
    if finding.ports:
        yield f"A server listens on port {' and '.join(map(str, finding.ports))}."
    elif finding.servers:
        yield "Nothing listens on port 110 or 995."
    read = finding.sources
    proxy = next((one for one in read if one.server.is_proxy and one.is_running), None)
    for one in read if proxy else ():
        if proxy is not None and not one.server.is_proxy:
            yield (
                f"{proxy.server.name} is a proxy in front of {one.server.name}, so the lines of"
                f" {one.server.name} only add bytes"
                " and ends to its connections (`behind` in the configuration). If clients also reach"
                f" {one.server.name} directly, remove that key and read docs/behind-a-proxy.md."
            )
    for name in finding.closed:
        yield f"This user cannot read {name}: run this as root (sudo)."


def of_server(one: FoundServer) -> str:
    """`Dovecot 2.3.19.1: runs; logs to /var/log/mail.log*; 312 of its newest lines are about POP3, ...`."""
    parts = [f"{one.server.name} {one.version}".strip() + ":"]
    if one.place is None and not one.is_set_up:
        return f"{parts[0]} {'running' if one.is_running else 'installed'}, but POP3 is not configured"
    if not one.is_installed:
        parts.append("not installed, but in the logs of this machine;")
    elif not one.is_set_up:
        parts.append("POP3 is no longer configured;")
    else:
        parts.append("running;" if one.is_running else "installed, not running;")
    parts.append(f"logs to {one.place}" if one.place else "no syslog daemon and no journal to read its log from")
    if one.lines:
        parts.append(f"({one.lines:,} of the newest lines are about POP3, the last one {_age(one.newest)})")
    elif one.place:
        parts.append("(no POP3 lines there yet)")
    return " ".join(parts)


def _age(stamp: float) -> str:
    days = (time.time() - stamp) / _DAY
    return "from today" if days < 1 else f"from {datetime.fromtimestamp(stamp, UTC):%Y-%m-%d}"
