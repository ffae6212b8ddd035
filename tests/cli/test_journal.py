"""The journal, as journald writes it: whose lines are found there, what `check` says of it, and what is counted."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from exporter.catalogue import Scope
from exporter.cli.bringing_in import bring_in
from exporter.config import Config
from exporter.ledger.reading import Reading
from exporter.setup.machine import Said
from exporter.setup.machine import run as started
from exporter.setup.places import Place
from tests.cli.running import Run
from tests.inputs.journals import Journals
from tests.setup.trees import found, tree

pytestmark = pytest.mark.tool("journalctl", "systemd-journal-remote")
LOGIN = b"pop3-login: Login: user=<%d@example.com>, method=PLAIN, rip=192.0.2.1, lip=192.0.2.9, mpid=1, session=<x%d>"


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    """Fifty logins at Dovecot, and lines of others."""
    folder = tmp_path / "journals"
    folder.mkdir()
    written = Journals(folder)
    written.log(*(LOGIN % (number, number) for number in range(50)))
    written.log(b"LOGIN, user=a@example.com, protocol=IMAP", SYSLOG_IDENTIFIER="imapd", _SYSTEMD_UNIT="imap.service")
    return folder


def test_the_unit_that_has_the_lines(tmp_path: Path, journals: Path) -> None:
    """It is read, and how much of it is about POP3 is known."""

    def run(command: Sequence[str]) -> Said:
        if command[0] != "journalctl":
            return Said(None)
        return started((*command, "--directory", str(journals)))

    files = {"/run/systemd/system/": "", "/usr/sbin/dovecot": "", "/lib/systemd/system/dovecot.service": ""}
    (one,) = found(tree(tmp_path / "root", files, run)).sources
    assert (Place(units=("dovecot.service",)), 50) == (one.place, one.lines)


@pytest.mark.parametrize("names", ["units: [dovecot]", "identifiers: [dovecot]", "units: [imap.service]"])
def test_check_says_what_its_newest_entries_tell(names: str, pop3: Run, tmp_path: Path, journals: Path) -> None:
    """As of a file: whose lines they are, and what they do not tell."""
    config = tmp_path / "config.yaml"
    journal = f"{{{names}, directory: {journals}}}"
    config.write_text(f"ledger: {tmp_path}/l.sqlite\nsources: [{{name: mail, journal: {journal}}}]\n")
    ran = pop3("check", config)
    if "imap" in names:
        assert "newest entries: no POP3 lines in 1 lines" in ran.out
    else:
        assert "newest entries: dovecot log, understood 100.0 %" in ran.out
        assert "mx1: dovecot; not logged: received bytes" in ran.out


def test_its_past_is_brought_in(tmp_path: Path, journals: Path) -> None:
    """All of it, once, before the daemon starts."""
    journal = {"units": ["dovecot.service"], "directory": str(journals), "since": "2000-01-01"}
    config = Config.model_validate(
        {"ledger": str(tmp_path / "ledger.sqlite"), "sources": [{"name": "mail", "journal": journal}]}
    )
    for _ in range(2):
        assert () == bring_in(config)
        with closing(Reading(config.ledger)) as reading:
            assert 50 == sum("example.com" in key.labels for key in reading.keys(Scope.USER))
