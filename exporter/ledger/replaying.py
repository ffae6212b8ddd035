"""The state of a ledger opened for reading, from its tables and its journal."""

import sqlite3

from exporter.ledger import journal
from exporter.ledger.entries import Horizon
from exporter.ledger.state import State
from exporter.periods import Calendar


def replayed(connection: sqlite3.Connection, calendar: Calendar, path: str, *, sessions: bool) -> State | None:
    """The state at the last commit; None: the journal is empty, the tables have it all. LedgerError."""
    commits = [journal.commit_of(line, path) for line in journal.read(connection, sessions=sessions)]
    if not commits:
        return None
    last = commits[-1]
    floor = Horizon(calendar.day(int(last.now)), calendar.hour(int(last.now)), last.kept_day, last.kept_hour)
    state = State(connection, calendar, floor, last.now)
    state.replay(connection, commits)
    return state
