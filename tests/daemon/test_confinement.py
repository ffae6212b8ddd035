"""No poison pill: whatever one line, file or source makes the program raise, the daemon goes on and counts the rest."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from exporter.catalogue import LOGINS
from exporter.config import Config
from exporter.daemon import Daemon
from exporter.demo.traffic import DOMAINS, HOST, STRANGERS, habits, iso, lines
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.exposition.sources import SourceReport
from exporter.formats.contract import Sender
from exporter.formats.dovecot import Dovecot
from exporter.inputs.readers import PlainFile
from exporter.ledger import sources
from exporter.model import Batch, Position, SourceCount
from exporter.rows import LineResult
from exporter.trial import Piece
from exporter.wiring import crew_of, open_ledger
from tests.daemon.raising import ONCE, STAGES, Raising, mark

BEGIN = 1_794_954_400  # 2026-11-18 06:26:40 UTC
SOURCES = ("mx0", "mx1", "mx2", "mx3")
Totals = Mapping[tuple[str, ...], tuple[int, ...]]


def login(user: str, stamp: float) -> str:
    """A Dovecot login of `user`@example.com, in a stamp or with a session id that no lane but the general one takes."""
    peer = "rip=192.0.2.9, lip=192.0.2.1, mpid=1, TLS"
    said = f"user=<{user}@example.com>, method=PLAIN, {peer}, session=<{user}.>"
    if "envelope" in user:
        return f"{datetime.fromtimestamp(stamp, UTC):%b %d %H:%M:%S} mx1 dovecot: pop3-login: Login: {said}"
    return f"{iso(stamp)} mx1 dovecot: pop3-login: Login: {said}"


def of(name: str, line: str) -> str:
    """The same line as another host would write it."""
    return line.replace(f" {HOST} ", f" {name} ").replace("session=<", f"session=<{name}").replace("><", f"><{name}")


class Host:
    """A daemon on several logs, of two files each, whose time stands still until it is told to go on."""

    def __init__(
        self,
        folder: Path,
        sources: tuple[str, ...] = SOURCES,
        server: str | None = None,
        *,
        start: str = "beginning",
        commit_seconds: float = 1,
    ) -> None:
        self.now = float(BEGIN)
        self.commit_seconds = commit_seconds
        self.folder = folder
        folder.mkdir()
        configured = [
            {"name": name, "paths": [f"{folder}/{name}*.log"], "format": "dovecot", "server": server or name}
            | {"start": start}
            for name in sources
        ]
        self.config = Config.model_validate(
            {
                "time_zone": "UTC",
                "ledger": str(folder / "ledger.sqlite"),
                "sources": configured,
                # So that it does not matter which of two sources names them first.
                "users": {"listed": [*(habit.user for habit in habits()), *STRANGERS]},
                "domains": {"listed": [domain for domain, _ in DOMAINS]},
            }
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
            commit_seconds=self.commit_seconds,
            clock=lambda: self.now,
            stopwatch=lambda: 0.0,
        )

    def vanish(self) -> None:
        """As a process that is killed."""
        self.daemon.close()
        self.ledger.close()

    def append(self, source: str, text: list[str], file: str = "") -> None:
        """Write lines to a log."""
        with (self.folder / f"{source}{file}.log").open("a", encoding="utf-8") as log:
            log.writelines(f"{line}\n" for line in text)

    def go_on(self, seconds: float) -> None:
        """Let time pass, and turn until nothing more is to be read."""
        self.now += seconds
        while self.daemon.turn():
            pass

    def settle(self) -> None:
        """Long enough for all that waits."""
        for _ in range(10):
            self.go_on(61)

    def totals(self) -> Totals:
        """Every counter of every scope as scrapes show it."""
        return {labels: row.totals for rows in self.ledger.view.rows.values() for labels, row in rows.items()}

    def report(self, source: str) -> SourceReport:
        return next(one for one in self.metrics.sources if one.name == source)

    def lines(self, source: str) -> tuple[int, int]:
        """Lines read, and those not understood."""
        counts = self.ledger.view.sources.get(source, SourceCount())
        return counts.lines, counts.malformed


@pytest.fixture
def hosts() -> Iterator[list[Host]]:
    """Those to be closed at the end."""
    started: list[Host] = []
    yield started
    for host in started:
        host.vanish()


def started(hosts: list[Host], folder: Path, sources: tuple[str, ...] = SOURCES, server: str | None = None) -> Host:
    host = Host(folder, sources, server)
    hosts.append(host)
    return host


@pytest.mark.parametrize("seed", range(6))
def test_nobody_else_loses_or_doubles_anything(
    seed: int, tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stages raise at marked lines of mx0, and once in mx1, over crashes: only the marked lines are missing."""
    dice = Random(seed)
    right, host = started(hosts, tmp_path / "right"), started(hosts, tmp_path / "wrong")
    poison = dict.fromkeys(SOURCES, 0)
    written: list[tuple[str, list[str], list[str]]] = []
    for step in range(30):
        for name in SOURCES:
            good = [of(name, line) for line in lines(BEGIN + step * 300, BEGIN + (step + 1) * 300)]
            mixed = list(good)
            for number in range(dice.choice((0, 0, 1, 3)) if name == "mx0" else 0):
                user = f"{mark(dice.choice(STAGES))}{step}-{number}"
                mixed.insert(dice.randint(0, len(mixed)), login(user, BEGIN + step * 300))
                poison[name] += 1
            written.append((name, good, mixed))
    for name, good, _ in written:
        right.append(name, good)
    right.now = BEGIN + 9_000
    right.settle()
    raising = Raising(dice, "mx1")
    raising.install(monkeypatch)
    once = list(ONCE)
    for number, (name, _, mixed) in enumerate(written):
        host.append(name, mixed)
        if number % 9 == 0 and not raising.once and once:
            raising.once = once.pop(dice.randrange(len(once)))
        if dice.random() < 0.3:
            host.go_on(dice.choice((0.3, 1, 40)))
        if dice.random() < 0.1:
            host.vanish()
            host.open()
    host.now = BEGIN + 9_000
    host.settle()
    monkeypatch.undo()
    assert len(ONCE) - len(once) == raising.fired
    assert right.totals() == host.totals()
    assert right.ledger.view.ends == host.ledger.view.ends
    for name in SOURCES:
        read, _ = right.lines(name)
        assert (read + poison[name], poison[name]) == host.lines(name)
    assert host.ledger.view.balanced
    assert "" == host.daemon.failing
    assert [] == [one.name for one in host.metrics.sources if one.unreadable]
    assert 0 == sum(sum(one.faults.values()) for one in host.metrics.sources if one.name in ("mx2", "mx3"))


@pytest.mark.parametrize("faulty", ["in", "out"])
@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 12))])
def test_sources_of_one_server_go_back_together(
    seed: int, faulty: str, tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logins in one log, ends in another: what one raises undoes what it did to the other's connections, too."""
    dice = Random(seed)
    right, host = (started(hosts, tmp_path / name, ("in", "out", "mx2"), "mx") for name in ("right", "wrong"))
    poison = 0
    raising = Raising(dice, faulty)
    once = [stage for stage in ONCE if stage not in ("batch", "expiring", "checkpoint")]  # those are told by server
    for step in range(30):
        good = lines(BEGIN + step * 300, BEGIN + (step + 1) * 300)
        for name in ("in", "out"):
            mine = [one for one in good if (": Logged out" in one) == (name == "out")]
            right.append(name, mine)
            for number in range(dice.choice((0, 1, 2)) if name == faulty else 0):
                mine.insert(dice.randint(0, len(mine)), login(f"{mark(dice.choice(STAGES))}{step}-{number}", BEGIN))
                poison += 1
            host.append(name, mine)
        if not raising.once and once:
            raising.once = once.pop(dice.randrange(len(once)))
        seconds = dice.choice((0.3, 1, 40))
        right.go_on(seconds)
        with monkeypatch.context() as patch:
            raising.install(patch)
            host.go_on(seconds)
    right.now = host.now = BEGIN + 9_000
    right.settle()
    with monkeypatch.context() as patch:
        raising.install(patch)
        host.settle()
    assert 0 < poison
    assert right.totals() == host.totals()
    assert right.ledger.view.ends == host.ledger.view.ends
    for name in ("in", "out"):
        read, _ = right.lines(name)
        more = poison if name == faulty else 0
        assert (read + more, more) == host.lines(name)
    assert host.ledger.view.balanced


@pytest.mark.parametrize("stage", STAGES)
def test_one_line_is_set_aside_told_once_and_never_falls_again(
    stage: str, tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Source, file and place stand in the log, nothing of the line; a restart finds nothing more."""
    Raising(Random(1), "").install(monkeypatch)
    host = started(hosts, tmp_path / "one", ("mx0",))
    before = [login(f"user{number}", BEGIN) for number in range(200)]
    host.append("mx0", [*before, login(f"{mark(stage)}x", BEGIN), login("bob", BEGIN)])
    host.settle()
    assert (202, 1) == host.lines("mx0")
    assert 201 == host.totals()["mx0",][LOGINS]
    told = [record.getMessage() for record in caplog.records if "was set aside" in record.getMessage()]
    assert 1 == len(told)
    found = re.search(r"source mx0: (\S+/mx0\.log), near byte (\d+): a line was set aside \((\w+) at ", told[0])
    assert found is not None
    assert sum(len(line) + 1 for line in before) == int(found[2])
    assert "poison" not in caplog.text
    assert 1 == host.report("mx0").faults["line"]
    assert told[0].startswith(f"source mx0: {host.report('mx0').set_aside[0]}")
    caplog.clear()
    host.vanish()
    host.open()
    host.settle()
    assert (202, 1) == host.lines("mx0")
    assert 0 == sum(host.report("mx0").faults.values())
    assert [] == [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_a_stage_that_keeps_failing_loses_no_line(
    tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where every line raises the source waits, its position unmoved, and counts all when it works again."""
    host = started(hosts, tmp_path / "one", ("mx0", "mx1"))
    with monkeypatch.context() as patch:
        Raising(Random(1), "").install(patch)
        for name in ("mx0", "mx1"):
            bad = mark("format") if name == "mx0" else "fine"
            host.append(name, [login(f"{bad}{name}{number}", BEGIN) for number in range(40)])
        host.settle()
        assert (40, 0) == host.lines("mx1")
        assert (0, 0) == host.lines("mx0")
        assert host.report("mx0").unreadable
        assert "will be tried again" in host.report("mx0").problems[-1]
        assert host.report("mx0").faults["source"] > 0
    host.settle()
    assert (40, 0) == host.lines("mx0")
    assert 40 == host.totals()["mx0",][LOGINS]
    assert not host.report("mx0").unreadable


def test_a_run_of_bad_lines_goes_by_when_a_good_one_comes(
    tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lines raise: one behind them that works shows that they are at fault themselves."""
    Raising(Random(1), "").install(monkeypatch)
    host = started(hosts, tmp_path / "one", ("mx0",))
    host.append("mx0", [login(f"{mark('sessions')}{number}", BEGIN) for number in range(100)])
    host.settle()
    assert (0, 0) == host.lines("mx0")
    host.append("mx0", [login("bob", BEGIN)])
    host.settle()
    assert (101, 100) == host.lines("mx0")


def test_a_file_whose_lines_all_raise_is_set_aside(
    tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source's other file is read on; after a start that can read it, all of it is counted, once."""
    host = started(hosts, tmp_path / "one", ("mx0",))
    good, bad = [login(f"fine{n}", BEGIN) for n in range(40)], [login(f"{mark('format')}{n}", BEGIN) for n in range(40)]
    host.append("mx0", good[:20], "-b")
    host.append("mx0", good[20:])
    host.settle()
    with monkeypatch.context() as patch:
        Raising(Random(1), "").install(patch)
        host.append("mx0", bad)
        host.settle()
        host.append("mx0", [login("bob", BEGIN)], "-b")
        host.settle()
        assert host.report("mx0").faults["file"] > 0
        assert "mx0.log" in host.report("mx0").set_aside[-1]
        assert (41, 0) == host.lines("mx0")
    host.vanish()
    host.open()
    host.settle()
    assert (81, 0) == host.lines("mx0")
    assert 81 == host.totals()["mx0",][LOGINS]


def test_a_file_that_cannot_be_read_is_counted(
    tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the input itself sets aside is a fault of the source's, beside its problem; the other file goes on."""
    host = started(hosts, tmp_path / "one", ("mx0",))
    host.append("mx0", [login("dave", BEGIN)], "-b")
    host.append("mx0", [login("alice", BEGIN)])
    host.settle()
    read, bad = PlainFile.read, host.folder.joinpath("mx0.log").stat().st_ino
    with monkeypatch.context() as patch:

        def fail(self: PlainFile, offset: int, size: int) -> bytes:
            if self.stat().st_ino == bad:
                raise MemoryError
            return read(self, offset, size)

        patch.setattr(PlainFile, "read", fail)
        host.append("mx0", [login("bob", BEGIN)])
        host.append("mx0", [login("carol", BEGIN)], "-b")
        host.settle()
        report = host.report("mx0")
        assert report.faults["file"] > 0
        assert [problem for problem in report.problems if "mx0.log, byte" in problem]
        assert (3, 0) == host.lines("mx0")
    counted = report.faults["file"]
    host.settle()
    assert (4, 0) == host.lines("mx0")
    assert (counted, ()) == (host.report("mx0").faults["file"], host.report("mx0").problems)


def test_a_position_that_cannot_be_written_sets_its_file_aside(
    tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a name that is not UTF-8 once did: the source's other file, and the other sources, are committed."""

    def spoilt(position: Position) -> dict[str, Any]:
        if position.path.endswith("mx0-b.log"):
            raise UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed")
        return asdict(position)

    monkeypatch.setattr(sources, "asdict", spoilt)
    host = started(hosts, tmp_path / "one", ("mx0", "mx1"))
    for name, file in (("mx0", ""), ("mx0", "-b"), ("mx1", "")):
        host.append(name, [login(f"{name}{file}{number}", BEGIN) for number in range(20)], file)
    host.settle()
    assert (20, 0) == host.lines("mx0")
    assert (20, 0) == host.lines("mx1")
    faults = host.report("mx0").faults
    assert (0, True, 0, True) == (faults["line"], faults["file"] > 0, faults["source"], faults["commit"] > 0)
    assert "" == host.daemon.failing


def test_halves_keep_every_line_and_their_places() -> None:
    """Both halves together are the whole; the second begins where the first ends."""
    piece = Piece(
        "mail", 7, Batch("s", "mail.log", [b"a", b"bcd", b"", b"ef", b"g"], 0.0, caught_up=True, offset=100), 1.0
    )
    first, second = piece.halves()
    assert piece.batch.lines == first.batch.lines + second.batch.lines
    assert (100, 106) == (first.batch.offset, second.batch.offset)
    assert (False, True) == (first.batch.caught_up, second.batch.caught_up)
    assert "mail.log, near byte 106" == second.where


@pytest.mark.parametrize("calls", [1, 10, 20, 30, 45])
def test_memory_that_is_short_for_a_moment_costs_no_line(
    calls: int, tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many lines could not be read in that moment: they are read again later, and all are counted."""
    host = started(hosts, tmp_path / "one", ("mx0",))
    left = [calls]
    read = Dovecot.read_batch

    def short(dovecot: Dovecot, messages: Sequence[bytes], senders: Sequence[Sender]) -> Sequence[LineResult]:
        left[0] -= 1
        if left[0] >= 0:
            raise MemoryError
        return read(dovecot, messages, senders)

    monkeypatch.setattr(Dovecot, "read_batch", short)
    host.append("mx0", [login(f"user{number}", BEGIN) for number in range(200)])
    host.settle()
    assert 0 > left[0]
    assert (200, 0) == host.lines("mx0")
    assert 200 == host.totals()["mx0",][LOGINS]
    assert 0 == host.report("mx0").faults["line"]


def test_a_line_that_always_needs_too_much_memory_is_set_aside(
    tmp_path: Path, hosts: list[Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was tried in several turns, seconds apart; those around it are counted."""
    host = started(hosts, tmp_path / "one", ("mx0",))
    read = Dovecot.read_batch

    def short(dovecot: Dovecot, messages: Sequence[bytes], senders: Sequence[Sender]) -> Sequence[LineResult]:
        if b"poison" in b"".join(messages):
            raise MemoryError
        return read(dovecot, messages, senders)

    monkeypatch.setattr(Dovecot, "read_batch", short)
    host.append("mx0", [login(user, BEGIN) for user in ("alice", "poison", "bob")])
    host.go_on(1)
    assert (0, 0) == host.lines("mx0")
    host.settle()
    assert (3, 1) == host.lines("mx0")
    assert 2 == host.totals()["mx0",][LOGINS]
    assert 1 == host.report("mx0").faults["line"]
