"""The daemon on a real systemd journal: the same numbers as from the same lines in a file, over a kill."""

from pathlib import Path

import pytest
import yaml

from exporter.demo.traffic import lines
from tests.e2e.daemon import Daemon, counters, lines_read, value
from tests.inputs.journals import Journals

BEGIN = 1_794_954_400

pytestmark = pytest.mark.tool("journalctl", "systemd-journal-remote")


def test_a_journal_gives_what_a_file_gives(tmp_path: Path) -> None:
    """Every line of the unit once, though the daemon is killed half way; other units are not read."""
    text = [line.split(" dovecot: ", 1)[1].encode() for line in lines(BEGIN, BEGIN + 6 * 3600)]
    folder = tmp_path / "journal"
    folder.mkdir()
    journals = Journals(folder)
    journals.log(*text[: len(text) // 2])
    journals.log(b"something else", SYSLOG_IDENTIFIER="cron", _SYSTEMD_UNIT="cron.service")
    with Daemon(tmp_path, [str(tmp_path / "unused")], server="mx1") as daemon:
        daemon.stop()
        values = yaml.safe_load(daemon.config.read_text(encoding="utf-8"))
        journal = {"units": ["dovecot"], "since": "2000-01-01", "directory": str(folder)}
        values["sources"] = [{"name": "mail", "journal": journal, "format": "dovecot", "server": "mx1"}]
        daemon.config.write_text(yaml.safe_dump(values), encoding="utf-8")
        daemon.start()
        daemon.wait_for(lambda found: lines_read(found) >= len(text) // 2)
        daemon.kill()
        journals.log(*text[len(text) // 2 :])
        daemon.start()
        samples = daemon.wait_for(lambda found: lines_read(found) >= len(text))
        assert counters(samples) == counters(daemon.scrape())
    assert len(text) == lines_read(samples)
    logins = sum(line.startswith(b"pop3-login: Login: ") for line in text)
    assert logins == value(samples, "pop3_logins_total", server="mx1")
    assert 0 == value(samples, "pop3_exporter_lines_possibly_lost_total", source="mail")
