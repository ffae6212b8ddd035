"""Sources that each take seconds: the loop turns, commits, tells that it is alive, and ends when it is told to."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.daemon import Daemon
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.inputs.files import FileInput
from exporter.model import Batch
from exporter.pulse import LONGEST_SECONDS, Pulse
from exporter.wiring import crew_of
from tests.daemon.test_confinement import BEGIN, Host, login

SOURCES = tuple(f"mx{number}" for number in range(10, 40))


class Slow:
    """A host whose every look at a source, and every piece read, takes `seconds`."""

    def __init__(self, host: Host, seconds: float) -> None:
        self.host = host
        self.passed = 0.0
        self.seconds = seconds
        self.read: list[str] = []
        self.problems: set[str] = set()
        self.stop = threading.Event()
        self.stop_after = 0
        self.pulse = Pulse(lambda: self.passed)
        host.vanish()
        host.open()
        self.daemon = host.daemon = Daemon(
            host.ledger,
            crew_of(host.config, host.ledger, None),
            SelfMetrics(),
            commit_seconds=1,
            clock=lambda: host.now + self.passed,
            stopwatch=lambda: self.passed,
            pulse=self.pulse,
            stop=self.stop,
        )

    def looks(self, name: str) -> None:
        """A source is looked at."""
        self.passed += self.seconds
        self.read.append(name)
        self.problems.add(self.pulse.problem)
        if len(self.read) == self.stop_after:
            self.stop.set()


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    """Thirty sources, three seconds each."""
    host = Host(tmp_path / "one", SOURCES)
    slow = Slow(host, 3.0)
    read = FileInput.read

    def slowly(files: FileInput, now: float, budget: int) -> Iterator[Batch]:
        slow.looks(files.name)
        yield from read(files, now, budget)

    monkeypatch.setattr(FileInput, "read", slowly)
    yield slow
    host.vanish()


def test_the_loop_turns(slow: Slow) -> None:
    """All sources take longer than a loop may stand still: it is alive at any moment, and each is read in its turn."""
    for name in SOURCES:
        slow.host.append(name, [login("bob", BEGIN)])
    while slow.daemon.turn():
        pass
    assert {""} == slow.problems
    assert 3 * len(SOURCES) > LONGEST_SECONDS
    assert slow.passed > 3 * len(SOURCES)
    slow.host.go_on(2)
    assert [(1, 0)] * len(SOURCES) == [slow.host.lines(name) for name in SOURCES]


def test_what_was_read_is_committed_before_the_others_are(slow: Slow) -> None:
    """A commit is due each second, and does not wait for thirty sources."""
    slow.daemon.begin()
    slow.host.append("mx10", [login("bob", BEGIN)])
    while (0, 0) == slow.host.lines("mx10"):
        slow.daemon.turn()
    behind = slow.read[len(slow.read) - slow.read[::-1].index("mx10") :]
    assert len(behind) < len(SOURCES) / 2


def test_a_stop_is_heard_between_two_sources(slow: Slow) -> None:
    """The source that is being read is the last one; what was read is committed."""
    slow.stop_after = 5
    slow.host.append("mx10", [login("bob", BEGIN)])
    assert slow.daemon.run(threading.Event())
    assert 5 == len(slow.read)


def test_a_loop_that_makes_steps_and_never_turns_hangs() -> None:
    """However many steps it makes: what is read is not committed."""
    passed = [0.0]
    pulse = Pulse(lambda: passed[0])
    for _ in range(40):
        passed[0] += 1
        pulse.beat("source mail")
    assert "the main loop has been stuck for 40 s: it is busy with source mail" == pulse.problem
    pulse.turn()
    assert "" == pulse.problem
