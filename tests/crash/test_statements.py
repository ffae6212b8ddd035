"""The process is killed before every single SQL statement of opening, committing and closing."""

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.ledger.care import check
from tests.crash.history import LOG, committed_lines, milestones, open_ledger, read_on
from tests.ledger.books import contents, folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")


def killed_at(statement: int, work: Callable[[Callable[[int], None]], None]) -> tuple[bool, int]:
    """Run `work` in a child that dies by SIGKILL before its statement of that number, counted from 1.

    Returns whether it died, and the most lines that it had shown before.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            kill_before(statement)
            work(lambda lines: void(os.write(writing, bytes([lines]))))
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        shown = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), max(shown, default=0)


def kill_before(statement: int) -> None:
    """Let this process die before its statement of that number, on whatever connection."""
    connect, seen = sqlite3.connect, 0

    def count(_: str) -> None:
        nonlocal seen
        seen += 1
        if seen == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(*args: object, **kwargs: object) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*args, **kwargs)  # type: ignore[call-overload]
        connection.set_trace_callback(count)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]


def void(_: object) -> None:
    """Nothing."""


def read_the_log(path: Path) -> Callable[[Callable[[int], None]], None]:
    """The work of opening the ledger, reading the whole log, and closing."""

    def work(shown: Callable[[int], None]) -> None:
        ledger = open_ledger(path)
        read_on(ledger, shown)
        ledger.close()

    return work


@pytest.mark.timeout(600)  # hundreds of processes
def test_a_kill_before_any_statement_loses_and_doubles_nothing() -> None:
    """Whatever statement the kill comes before: the ledger holds a commit's state, none that was shown is missing,
    and reading on ends with the same contents as without a crash."""
    with folder() as memory:
        states = milestones(memory)
        statement, died = 0, True
        while died:
            statement += 1
            path = memory / f"killed-{statement}.sqlite"
            died, shown = killed_at(statement, read_the_log(path))
            ledger = open_ledger(path)
            committed = committed_lines(ledger)
            assert shown <= committed
            ledger.close()
            assert states[committed] == contents(path)
            ledger = open_ledger(path)
            read_on(ledger)
            ledger.close()
            assert states[len(LOG)] == contents(path)
            assert () == check(path)
        assert statement > 150
