"""The other servers whose clients' doings are known, and what a log of theirs and its clients come to."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from exporter.formats import formats_of
from tests.truth import (
    meanings_courier,
    meanings_cyrus,
    meanings_mailutils,
    meanings_nginx,
    meanings_perdition,
    meanings_popa3d,
    meanings_solid_pop3d,
)
from tests.truth.books import Book, Session, as_sent, booked, expected, knowing

MEANINGS: dict[str, ModuleType] = {
    "courier": meanings_courier,
    "cyrus": meanings_cyrus,
    "mailutils": meanings_mailutils,
    "nginx": meanings_nginx,
    "perdition": meanings_perdition,
    "popa3d": meanings_popa3d,
    "solid-pop3d": meanings_solid_pop3d,
}


def compared(server: str, log: Path, sessions: Sequence[Session]) -> tuple[Book, Book]:
    """What the log says, and what the clients did."""
    names = knowing(sessions, getattr(MEANINGS[server], "shown", as_sent))
    return booked(formats_of(server)[0], log, names), expected(sessions, names, MEANINGS[server].meaning)
