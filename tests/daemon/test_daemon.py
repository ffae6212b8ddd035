"""The loop with real files and a real ledger; the clock and the turns are the test's."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.catalogue import CONNECTIONS, LOGINS
from exporter.config import Config
from exporter.daemon import IDLE_COMMIT_SECONDS, RELEASE_SECONDS, Daemon
from exporter.demo.traffic import lines
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.wiring import SILENT_LINES, crew_of, open_ledger

BEGIN = 1_794_954_400  # 2026-11-18 06:26:40 UTC


class Host:
    """A daemon on one log whose time stands still until it is told to go on."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.now = float(BEGIN)
        self.log = log
        source = {"name": "mail", "paths": [str(log)], "format": "dovecot", "server": "mx1", "start": "beginning"}
        self.config = Config.model_validate(
            {"time_zone": "UTC", "ledger": str(folder / "ledger.sqlite"), "sources": [source]}
        )
        self.open()

    def open(self) -> None:
        """Start, on what the ledger has."""
        self.ledger = open_ledger(self.config, self.now)
        self.metrics = SelfMetrics()
        self.daemon = Daemon(
            self.ledger,
            crew_of(self.config, self.ledger, None),
            self.metrics,
            commit_seconds=1,
            clock=lambda: self.now,
            stopwatch=lambda: 0.0,
        )

    def append(self, text: list[str]) -> int:
        """Write lines to the log; returns how many logins they tell."""
        with self.log.open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in text)
        return sum("pop3-login: Login: " in line for line in text)

    def go_on(self, seconds: float) -> None:
        """Let time pass, and turn until nothing more is to be read."""
        self.now += seconds
        while self.daemon.turn():
            pass

    def total(self, measure: int) -> int:
        """The server's counter as a scrape would show it."""
        rows = self.ledger.view.rows["server"]
        return rows["mx1",].totals[measure] if rows else 0


Start = Callable[[Path, Path], Host]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts daemons, and closes their ledgers."""
    started: list[Host] = []

    def start(folder: Path, log: Path) -> Host:
        started.append(Host(folder, log))
        return started[-1]

    yield start
    for host in started:
        host.ledger.close()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        if os.environ.get("POP3_REQUIRE_TOOLS") == "1":
            pytest.fail("this test needs the right to mount a tmpfs")
        pytest.skip("needs the right to mount a tmpfs")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(ballast: Path) -> None:
    """Write until the disk is full."""
    with ballast.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)


def test_a_line_is_visible_within_one_commit(tmp_path: Path, start: Start) -> None:
    """What was appended before a turn is in the view when its commit is due."""
    host = start(tmp_path, tmp_path / "mail.log")
    host.log.touch()
    host.go_on(1)
    logins = host.append(lines(BEGIN - 3600, BEGIN))
    host.go_on(1)
    assert logins == host.total(LOGINS)


def test_bytes_without_a_line_end_are_read_at_once(tmp_path: Path, start: Start) -> None:
    """A turn that read only a part of a line, or a hole, is followed by the next one without a pause."""
    host = start(tmp_path, tmp_path / "mail.log")
    host.log.touch()
    host.go_on(1)
    host.log.write_bytes(b"e" * (12 << 20) + bytes(12 << 20))
    logins = host.append(lines(BEGIN - 3600, BEGIN))
    host.go_on(1)
    host.go_on(1)
    assert logins == host.total(LOGINS)


def test_domains_sum_to_the_server_after_every_commit(tmp_path: Path, start: Start) -> None:
    """Whatever was read so far: for every measure the domains, with `unknown` and `_other`, make up the server."""
    host = start(tmp_path, tmp_path / "mail.log")
    for number in range(24):
        host.append(lines(BEGIN + number * 900, BEGIN + (number + 1) * 900))
        host.go_on(900)
        rows = host.ledger.view.rows
        sums = [sum(column) for column in zip(*(row.totals for row in rows["domain"].values()), strict=True)]
        assert sums == list(rows["server"]["mx1",].totals)
        assert host.ledger.view.balanced


def test_a_full_disk_loses_nothing(disk: Path, tmp_path: Path, start: Start) -> None:
    """Commits fail: reading stops, scrapes show the last state; with room again everything is counted, once."""
    host = start(disk, tmp_path / "mail.log")
    logins = host.append(lines(BEGIN - 3600, BEGIN))
    host.go_on(1)
    before = host.total(LOGINS)
    assert logins == before
    ballast = disk / "ballast"
    with pytest.raises(OSError, match="No space left"):
        fill(ballast)
    for number in range(200):
        logins += host.append(lines(BEGIN + number * 3600, BEGIN + (number + 1) * 3600))
        host.go_on(3600)
        if host.daemon.failing:
            break
    assert f"{host.config.ledger}" in host.daemon.failing
    assert "full" in host.daemon.failing.lower()
    shown = host.total(LOGINS)
    logins += host.append(lines(BEGIN + 900_000, BEGIN + 903_600))
    host.go_on(RELEASE_SECONDS + 1)
    assert shown == host.total(LOGINS)
    ballast.unlink()
    host.go_on(2)
    host.go_on(2)
    assert "" == host.daemon.failing
    assert logins == host.total(LOGINS)
    assert host.ledger.view.balanced


def test_what_was_not_committed_is_read_again(tmp_path: Path, start: Start) -> None:
    """A daemon that vanishes between two commits counts every line once."""
    host = start(tmp_path, tmp_path / "mail.log")
    logins = 0
    for number in range(12):
        logins += host.append(lines(BEGIN + number * 600, BEGIN + (number + 1) * 600))
        host.go_on(0.4 if number % 3 else 600)
        if number % 4 == 3:
            host.ledger.close()
            host.open()
    host.go_on(600)
    assert logins == host.total(LOGINS)


def test_an_idle_daemon_commits_now_and_then(tmp_path: Path, start: Start) -> None:
    """With nothing to write the ledger is touched once a minute: its age tells that it can be written."""
    host = start(tmp_path, tmp_path / "mail.log")
    host.append(lines(BEGIN - 600, BEGIN))
    host.go_on(1)
    first = host.ledger.view.committed_at
    host.go_on(IDLE_COMMIT_SECONDS - 1)
    assert first == host.ledger.view.committed_at
    host.go_on(1)
    assert first + IDLE_COMMIT_SECONDS == host.ledger.view.committed_at


def test_a_log_without_pop3_is_a_problem(tmp_path: Path, start: Start) -> None:
    """A wrong file, or a wrong format, looks like a server that nobody uses; the first event ends it."""
    host = start(tmp_path, tmp_path / "mail.log")
    host.append(["2026-11-18T06:26:40+00:00 mx1 pop3d: LOGIN, user=bob, ip=[192.0.2.9], port=[1]"] * (SILENT_LINES - 1))
    host.go_on(1)
    assert () == host.metrics.sources[0].problems
    host.append(["2026-11-18T06:26:40+00:00 mx1 postfix/smtpd[1]: connect from pop3.example.com[192.0.2.9]"])
    host.go_on(1)
    told = "no line of a POP3 server in 10,000 lines; is it the right file, and format?"
    assert [told] == [*host.metrics.sources[0].problems]
    host.append(lines(BEGIN, BEGIN + 300))
    host.go_on(1)
    assert () == host.metrics.sources[0].problems


def test_a_problem_whose_numbers_grow_is_logged_once(
    tmp_path: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Each commit has others: a log of a sick server must not fill ours. When it is gone and comes again, it is new."""
    host = start(tmp_path, tmp_path / "mail.log")
    twice = [line for line in lines(BEGIN, BEGIN + 3600) for _ in range(2)]
    for part in range(10):
        host.append(twice[part * len(twice) // 10 : (part + 1) * len(twice) // 10])
        host.go_on(2)
    (problem,) = host.metrics.sources[0].problems
    assert "repeat earlier lines" in problem
    assert 1 == sum("repeat earlier lines" in record.getMessage() for record in caplog.records)


def test_a_problem_that_shows_the_newest_date_is_logged_once(
    tmp_path: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    """Its sentence is another one each day, and it is the same problem."""
    host = start(tmp_path, tmp_path / "mail.log")
    for date in ("25/03/2026", "03/26/2026", "27/03/2026", "28/03/2026", "29/03/2026"):
        host.append([f"{date} 12:00:00 pop3-login: Info: Login: user=<bob>, method=PLAIN, rip=192.0.2.9, TLS"])
        host.go_on(86_400)
    (problem,) = host.metrics.sources[0].problems
    assert "dates such as 29/03/2026" in problem
    assert 1 == sum("dates such as" in record.getMessage() for record in caplog.records)


def test_a_clock_that_is_set_back_does_not_stop_commits(tmp_path: Path, start: Start) -> None:
    """Two hours back: what is read goes on to be shown."""
    host = start(tmp_path, tmp_path / "mail.log")
    host.append(lines(BEGIN - 600, BEGIN))
    host.go_on(1)
    host.append(lines(BEGIN, BEGIN + 1200))
    host.go_on(-7200)
    assert 0 < host.total(CONNECTIONS)
    assert host.total(CONNECTIONS) == sum(row.totals[CONNECTIONS] for row in host.ledger.view.rows["domain"].values())


@pytest.mark.parametrize("there", ["lines", "empty", "nothing"])
def test_where_reading_begins_is_committed_before_anything_is_read(tmp_path: Path, start: Start, there: str) -> None:
    """Gone right after it has begun, with `start: end`: what is written from then on is counted after the restart."""
    log = tmp_path / "mail.log"
    host = start(tmp_path, log)
    host.ledger.close()
    host.config = host.config.model_copy(
        update={"sources": (host.config.sources[0].model_copy(update={"start": "end"}),)}
    )
    if there == "lines":
        host.append(lines(BEGIN - 3600, BEGIN))
    elif there == "empty":
        log.touch()
    host.open()
    host.daemon.begin()
    logins = host.append(lines(BEGIN, BEGIN + 1200))
    host.ledger.close()  # what was not committed is dropped
    host.open()
    host.go_on(1200)
    assert logins == host.total(LOGINS) > 0
