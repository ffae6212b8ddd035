"""What `make run` finds on a machine: a log file, else the journal, else nothing."""

import os
from pathlib import Path

import pytest

from exporter.config import Config
from exporter.configfile import load
from exporter.demo import machine
from exporter.demo.machine import Found
from exporter.demo.places import Places, write_config
from tests.inputs.journals import Journals

LINE = "pop3-login: Login: user=<a@example.com>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.9, mpid=1, session=<x>"


@pytest.fixture
def no_journal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No programs at all."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_journal")
def test_a_log_file_with_pop3_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that has some, with its generations; others are passed over."""
    other, log = tmp_path / "mail.log", tmp_path / "dovecot.log"
    other.write_text("Nov 22 07:51:15 mx1 postfix/smtpd[7]: connect from unknown\n")
    log.write_text(f"Nov 22 07:51:15 mx1 dovecot: {LINE}\n")
    monkeypatch.setattr(machine, "LOGS", (str(tmp_path / "none"), str(other), str(log)))
    assert Found(f"{log}*") == machine.found()
    log.unlink()
    assert machine.found() is None


@pytest.mark.parametrize("found", [None, Found("/var/log/mail.log*"), Found(identifiers=("dovecot", "pop3d"))])
def test_the_configuration_that_is_written(tmp_path: Path, found: Found | None) -> None:
    """It is a good one, and its one source reads what was found, from its beginning."""
    places = Places(tmp_path / "a folder: with signs")
    places.directory.mkdir()
    write_config(places, found, "127.0.0.1:10110")
    (source,) = load(places.config, Config).sources
    if found is None or found.pattern:
        assert ("beginning", None) == (source.start, source.journal)
        assert (found.pattern if found else str(places.log),) == source.paths
    else:
        assert source.journal is not None
        assert (found.identifiers, "35 days ago") == (source.journal.identifiers, source.journal.since)


@pytest.mark.tool("journalctl", "systemd-journal-remote")
def test_the_journal(tmp_path: Path) -> None:
    """Who wrote about POP3 is read, who wrote about other things is not."""
    journals = Journals(tmp_path)
    journals.log(LINE.encode())
    journals.log(b"LOGIN, user=a@example.com, protocol=IMAP", SYSLOG_IDENTIFIER="imapd")
    journals.log(b"Connection, ip=[::ffff:192.0.2.7]", SYSLOG_IDENTIFIER="pop3d")
    journalctl = ("journalctl", "--directory", str(tmp_path))
    assert Found(identifiers=("dovecot", "pop3d")) == machine.in_journal(journalctl, (*machine.IDENTIFIERS, "imapd"))
    assert machine.in_journal(journalctl, ("imapd",)) is None


def test_what_this_user_may_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named, so that nobody takes the demo for all there is."""
    log, journal = tmp_path / "mail.log", tmp_path / "0123" / "system.journal"
    journal.parent.mkdir()
    for path in (log, journal):
        path.touch()
    monkeypatch.setattr(machine, "LOGS", (str(log), str(tmp_path / "none")))
    assert [] == machine.closed([str(tmp_path)])
    monkeypatch.setattr("os.access", lambda path, mode: mode == os.F_OK and Path(path).exists())
    assert [str(log), "the systemd journal"] == machine.closed([str(tmp_path)])
