"""Which servers a machine has, and where their lines are, by its files alone."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from exporter.setup.machine import Machine, Said
from exporter.setup.places import Place
from exporter.setup.servers import SERVERS, Server
from tests.setup.trees import RSYSLOG, SAMPLES, found, silent, tree

RSYSLOGD = {"/usr/sbin/rsyslogd": "", "/etc/rsyslog.conf": RSYSLOG}
DOVECOT = {"/usr/sbin/dovecot": ""}
LINE = (
    "Nov 22 07:51:15 mx1 dovecot: pop3-login: Login: user=<a@b.example>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.9\n"
)
NGINX = "mail { server { listen 110; protocol pop3; } }"
# The sample that shows each server: what syslog wrote, or its own log.
LOGS = {
    "dovecot": "dovecot/2.3.19-default-syslog.iso.log",
    "courier": "courier",
    "cyrus": "cyrus",
    "perdition": "perdition",
    "popa3d": "popa3d",
    "solid-pop3d": "solid-pop3d",
    "mailutils": "mailutils",
    "qpopper": "qpopper",
    "uw-imap": "uw-imap",
}


def sample(form: str) -> bytes:
    """All lines of a server's samples."""
    path = SAMPLES / LOGS[form]
    files = [path] if path.is_file() else sorted(path.glob("*.log"))
    return b"".join(file.read_bytes() for file in files)


@pytest.mark.parametrize("server", [one for one in SERVERS if one.format in LOGS], ids=lambda one: one.format)
def test_every_server_is_found_by_its_lines(server: Server, tmp_path: Path) -> None:
    """Where rsyslog writes mail.log, that is the server's log, and its lines are told from those of all others."""
    machine = tree(tmp_path, {**RSYSLOGD, server.programs[0]: "", "/var/log/mail.log": sample(server.format)})
    finding = found(machine)
    assert [server.format] == [one.server.format for one in finding.sources]
    (one,) = finding.sources
    assert Place(files=("/var/log/mail.log",)) == one.place
    assert ("/var/log/mail.log*",) == one.place.paths
    assert one.lines > 0


def test_a_server_that_has_not_logged_yet(tmp_path: Path) -> None:
    """Its lines will come where the rules of rsyslog put them: into the file for mail, not into that for all."""
    finding = found(tree(tmp_path, {**RSYSLOGD, **DOVECOT, "/var/log/syslog": "", "/var/log/mail.log": ""}))
    (one,) = finding.sources
    assert (Place(files=("/var/log/mail.log",)), 0, "rsyslogd") == (one.place, one.lines, finding.syslog)


@pytest.mark.parametrize("units", [(), ("dovecot.service",)], ids=["by its name", "by its unit"])
def test_without_a_syslog_daemon_the_journal_has_it(units: tuple[str, ...], tmp_path: Path) -> None:
    """The unit, which no program can forge, where there is one."""
    files = {"/run/systemd/system/": "", **DOVECOT, **{f"/usr/lib/systemd/system/{unit}": "" for unit in units}}
    (one,) = found(tree(tmp_path, files)).sources
    assert Place(units=units, identifiers=() if units else ("dovecot",)) == one.place


def test_lines_that_the_journal_has_under_no_unit(tmp_path: Path) -> None:
    """inetd starts it, or a container does: then by what it calls itself."""

    def run(command: Sequence[str]) -> Said:
        asked = command[-1]
        return Said(0, LINE if asked == "SYSLOG_IDENTIFIER=dovecot" else "")

    files = {"/run/systemd/system/": "", **DOVECOT, "/usr/lib/systemd/system/dovecot.service": ""}
    (one,) = found(tree(tmp_path, files, run)).sources
    assert Place(identifiers=("dovecot",)) == one.place


def test_logs_of_other_machines(tmp_path: Path) -> None:
    """A relay has no server of its own."""
    (one,) = found(tree(tmp_path, {**RSYSLOGD, "/var/log/maillog": sample("courier")})).sources
    assert ("courier", False, Place(files=("/var/log/maillog",))) == (one.server.format, one.is_installed, one.place)


def test_two_servers_in_one_log(tmp_path: Path) -> None:
    """Each is a source of its own."""
    both = sample("courier") + sample("dovecot")
    programs = {"/usr/sbin/dovecot": "", "/usr/lib/courier/pop3d": "", "/proc/1/comm": "dovecot\n"}
    finding = found(tree(tmp_path, {**RSYSLOGD, **programs, "/var/log/mail.log": both}))
    assert {"courier", "dovecot"} == {one.server.format for one in finding.sources}


@pytest.mark.parametrize(("runs", "read"), [("perdition", ["perdition", "dovecot"]), ("cron", ["dovecot"])])
def test_a_proxy_counts_only_where_it_runs(runs: str, read: list[str], tmp_path: Path) -> None:
    """Behind a proxy that once ran, Dovecot's connections would not count at all."""
    files = {"/usr/sbin/perdition": "", "/proc/1/comm": "dovecot\n", "/proc/2/comm": f"{runs}\n"}
    logs = {"/var/log/mail.log": sample("perdition") + sample("dovecot")}
    assert read == [
        one.server.format for one in found(tree(tmp_path, {**RSYSLOGD, **DOVECOT, **files, **logs})).sources
    ]


def test_a_web_server_is_no_mail_proxy(tmp_path: Path) -> None:
    """nginx without a block `mail` is told, and not read."""
    files = {"/usr/sbin/nginx": "", "/etc/nginx/nginx.conf": "http { }", "/proc/7/comm": "nginx\n"}
    finding = found(tree(tmp_path, {**RSYSLOGD, **files}))
    assert [(False, True)] == [(one.is_set_up, one.is_running) for one in finding.servers]
    assert () == finding.sources


def test_nothing(tmp_path: Path) -> None:
    """An empty machine has nothing, and nothing raises."""
    finding = found(Machine(tmp_path, silent))
    assert ((), (), "", ()) == (finding.servers, finding.ports, finding.syslog, finding.closed)


def test_ports(tmp_path: Path) -> None:
    """Only those that are listened on."""
    head = "  sl  local_address rem_address   st tx_queue\n"
    table = f"{head}   0: 00000000:006E 00000000:0000 0A 0\n   1: 0100007F:03E3 0200007F:C001 01 0\n"
    assert (110,) == found(tree(tmp_path, {"/proc/net/tcp": table})).ports


def test_what_this_user_may_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, so that nobody takes it for nothing."""
    machine = tree(tmp_path, {"/var/log/mail.log": LINE, "/var/log/journal/0123/system.journal": ""})
    assert () == found(machine).closed
    monkeypatch.setattr("os.access", lambda path, mode: mode == os.F_OK and Path(path).exists())
    assert ("/var/log/mail.log", "the systemd journal") == found(machine).closed


def test_names_with_signs_of_patterns(tmp_path: Path) -> None:
    """A root like any other."""
    machine = tree(tmp_path / "a[b]*", {**RSYSLOGD, **DOVECOT, "/var/log/mail.log": LINE})
    (one,) = found(machine).sources
    assert 1 == one.lines
