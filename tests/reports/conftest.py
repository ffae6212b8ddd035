"""One ledger with two servers over a change of summer time, read."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.catalogue import Quality
from exporter.ledger.reading import Reading
from tests.reports.ledgers import Commit, at, charge, filled

BERLIN = "Europe/Berlin"
NO_BYTES = {("mx", name): Quality.NONE for name in ("received_bytes", "sent_bytes")}
BYTES = dict.fromkeys(NO_BYTES, Quality.EXACT)


def moment(text: str, fold: int = 0) -> int:
    """A local time in Berlin as UNIX time."""
    return at(BERLIN, text, fold)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Reading]:
    """mx logs bytes from 26 October on, mx2 (born on the 27th) tells nothing of its quality."""
    alice, bob = "alice@example.com", "bob@example.org"
    commits = [
        Commit(
            moment("2026-10-24T23:00"),
            [
                charge(moment("2026-10-24T10:00"), user=alice, connections=2, logins=2),
                charge(moment("2026-10-24T10:01"), domain="unknown", connections=1, blocked_connections=1),
            ],
            NO_BYTES,
        ),
        Commit(
            moment("2026-10-26T12:00"),
            [
                charge(moment("2026-10-25T02:30"), user=alice, connections=3),
                charge(moment("2026-10-25T02:30", 1), user=alice, connections=4, bad_command_connections=1),
                charge(moment("2026-10-26T11:00"), domain="example.org", user=bob, received_bytes=5, sent_bytes=1000),
                charge(moment("2026-10-26T11:00"), domain="example.org", user=bob, connections=1, terminations=1),
            ],
            BYTES,
        ),
        Commit(
            moment("2026-10-27T09:30"),
            [charge(moment("2026-10-27T09:00"), server="mx2", domain="example.org", user=bob, connections=7)],
        ),
    ]
    with Reading(filled(tmp_path / "ledger.sqlite", BERLIN, commits)) as reading:
        yield reading
