"""System calls that fail, or in which the daemon is killed: strace injects them, the numbers stay those of the log."""

import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from exporter.demo.traffic import lines
from tests.e2e.daemon import PATIENCE_SECONDS, Daemon, Samples, counters, lines_read, value

pytestmark = [pytest.mark.slow, pytest.mark.tool("strace")]

BEGIN = 1_795_300_000
TEXT = "".join(f"{line}\n" for line in lines(BEGIN, BEGIN + 3600 * 6, BEGIN + 3600 * 5)).encode()
PIECES = 4
SMALL_PIECES = 40

# What fails, counted from the start of each thread, and whether it is of the ledger's files or of the log.
FAILING = [
    ("fdatasync", "error=EIO:when=6..8", "ledger"),
    ("fdatasync", "error=EIO:when=5+3", "ledger"),
    ("pwrite64", "error=EIO:when=120..122", "ledger"),
    ("pwrite64", "error=EIO:when=75+3001", "ledger"),
    ("pwrite64", "error=ENOSPC:when=120..122", "ledger"),
    ("openat", "error=EMFILE:when=1..3", "log"),
]
# The first ones lie in the making of the ledger.
KILLING = [("fdatasync", (2, 4, 6)), ("pwrite64", (30, 90, 131, 163))]


class Strace:
    """The command under which calls fail; `injected` says how often they did."""

    def __init__(self, folder: Path, call: str, what: str, of: str) -> None:
        self._trace = folder / "strace.txt"
        names = ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm") if of == "ledger" else ("mail.log",)
        paths = [word for name in names for word in ("-P", str(folder / name))]
        # -D: the daemon, not strace, is our child.
        only = ["-e", f"trace={call}", "-e", f"inject={call}:{what}"]
        self.command = ["strace", "-D", "-f", "-qq", "-o", str(self._trace), *only, *paths]

    @property
    def injected(self) -> int:
        return self._trace.read_text(encoding="utf-8", errors="replace").count("(INJECTED)")


def pieces(number: int) -> list[bytes]:
    """The log as it is written: cuts lie inside lines."""
    size = -(-len(TEXT) // number)
    return [TEXT[begin : begin + size] for begin in range(0, len(TEXT), size)]


def append(log: Path, piece: bytes) -> None:
    with log.open("ab") as file:
        file.write(piece)


def has_read(lines: int, samples: Samples) -> bool:
    return lines_read(samples) >= lines


def check_numbers(samples: Samples, ledger: Path) -> None:
    """All that was written is counted, once, and the file is whole."""
    assert TEXT.count(b"\n") == lines_read(samples)
    assert TEXT.count(b"pop3-login: Login: ") == value(samples, "pop3_logins_total", server="mx1")
    assert 1 == value(samples, "pop3_exporter_books_balanced")
    assert 0 == value(samples, "pop3_exporter_lines_possibly_lost_total", source="mail")
    with closing(sqlite3.connect(ledger)) as connection:
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()


@pytest.mark.parametrize(("call", "what", "of"), FAILING, ids=[f"{call}-{what}" for call, what, _ in FAILING])
def test_calls_that_fail(tmp_path: Path, call: str, what: str, of: str) -> None:
    """The daemon waits until they succeed again; no counter falls, nothing is lost or counted twice."""
    log, seen, written = tmp_path / "mail.log", Samples(), 0
    log.touch()
    strace = Strace(tmp_path, call, what, of)
    with running(Daemon(tmp_path, [str(log)], format="dovecot", server="mx1")) as daemon:
        daemon.start(under=strace.command)
        for piece in pieces(PIECES):
            append(log, piece)
            written += piece.count(b"\n")
            now = counters(daemon.wait_for(partial(has_read, written)))
            assert [] == [key for key, count in seen.items() if now[key] < count]
            seen |= now
        assert 0 == daemon.stop()
        assert 0 < strace.injected
        daemon.start()
        check_numbers(daemon.wait_for(bool), daemon.ledger)


@pytest.mark.parametrize(("call", "at"), KILLING, ids=[call for call, _ in KILLING])
def test_killed_inside_a_call(tmp_path: Path, call: str, at: tuple[int, ...]) -> None:
    """Dead in the middle of a write or of making it durable, several times over, also before its first commit."""
    log, written = tmp_path / "mail.log", 0
    log.touch()
    parts = pieces(SMALL_PIECES)
    with running(Daemon(tmp_path, [str(log)], format="dovecot", server="mx1")) as daemon:
        for number in at:
            daemon.start(answers=False, under=Strace(tmp_path, call, f"signal=KILL:when={number}", "ledger").command)
            while not ended_or_read(daemon, written):
                piece = parts.pop(0)
                append(log, piece)
                written += piece.count(b"\n")
            assert -signal.SIGKILL == daemon.exit_code
        daemon.start()
        for piece in parts:
            append(log, piece)
        check_numbers(daemon.wait_for(partial(has_read, TEXT.count(b"\n"))), daemon.ledger)


def test_a_start_that_fails(tmp_path: Path) -> None:
    """A ledger that cannot be opened ends the start with the reason, and hinders no later one."""
    log = tmp_path / "mail.log"
    log.write_bytes(TEXT)
    strace = Strace(tmp_path, "ftruncate", "error=EIO:when=1", "ledger")
    with running(Daemon(tmp_path, [str(log)], format="dovecot", server="mx1")) as daemon:
        daemon.start(answers=False, under=strace.command)
        assert ended_or_read(daemon, 0)
        assert 1 == daemon.exit_code
        assert f"{daemon.ledger}: cannot be used: disk I/O error" in daemon.log()
        assert 0 < strace.injected
        daemon.start()
        check_numbers(daemon.wait_for(partial(has_read, TEXT.count(b"\n"))), daemon.ledger)


@contextmanager
def running(daemon: Daemon) -> Iterator[Daemon]:
    """It runs no more in the end, whatever happens."""
    try:
        yield daemon
    finally:
        if daemon.exit_code is None:
            daemon.stop()


def ended_or_read(daemon: Daemon, lines: int) -> bool:
    """Wait until the daemon has read so many lines, or is dead; whether it is dead."""
    for _ in range(PATIENCE_SECONDS * 20):
        if daemon.exit_code is not None:
            return True
        samples = daemon.scrape()
        if samples and lines_read(samples) >= lines:
            return False
        threading.Event().wait(0.05)
    raise AssertionError(f"waited {PATIENCE_SECONDS} s in vain\n{daemon.log()}")
