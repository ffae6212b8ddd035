"""The systemd journal, read through the real journalctl from journals that systemd-journal-remote makes."""

import json
import os
import select
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exporter.inputs.journal import JournalInput
from exporter.model import Position, SourceCount
from tests.inputs.journals import BOOT, NOW, Journals

pytestmark = [pytest.mark.tool("journalctl", "systemd-journal-remote")]


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    return Journals(tmp_path)


Open = Callable[..., JournalInput]


@pytest.fixture
def opened(journals: Journals) -> Iterator[Open]:
    made: list[JournalInput] = []

    def make(positions: tuple[Position, ...] = (), counts: SourceCount | None = None) -> JournalInput:
        source = JournalInput(
            "mx",
            ("dovecot",),
            (),
            positions,
            since="2000-01-01",
            directory=journals.folder,
            counts=counts,
        )
        made.append(source)
        return source

    yield make
    for source in made:
        source.close()


def messages(source: JournalInput, count: int, now: float = NOW) -> list[object]:
    """Look until there are so many entries, then once more: there must not be another."""
    found: list[object] = []
    for _ in range(1000):
        found += look(source, now)
        if len(found) >= count:
            break
        await_output(source)
    return found + look(source, now)


def look(source: JournalInput, now: float = NOW) -> list[object]:
    return [json.loads(line)["MESSAGE"] for batch in source.read(now, 1 << 30) for line in batch.lines]


def await_output(source: JournalInput) -> None:
    """Wait for journalctl to write, or to end."""
    if source._follower is not None and source._follower.alive:
        select.select([source._follower._pipe], [], [], 1)


def test_entries_are_followed(journals: Journals, opened: Open) -> None:
    """What is there is given, and what is appended later, once."""
    journals.log(b"one", b"two")
    source = opened()
    assert ["one", "two"] == messages(source, 2)
    journals.log(b"three")
    assert ["three"] == messages(source, 1)
    assert source.status().caught_up
    assert () == source.status().problems


def test_it_goes_on_behind_the_saved_cursor(journals: Journals, opened: Open) -> None:
    """After a restart, what was logged meanwhile follows, over a change of boot and of journal file."""
    journals.log(b"one", b"two")
    first = opened()
    assert ["one", "two"] == messages(first, 2)
    journals.log(b"three")
    journals.log(b"four", file="b", boot=BOOT[::-1])
    second = opened(first.positions(), counts=SourceCount(read_bytes=100))
    assert ["three", "four"] == messages(second, 2)
    assert 0 == second.status().lines_possibly_lost
    assert second.status().read_bytes > 100


def test_positions_between_batches(journals: Journals, opened: Open) -> None:
    """The cursor stands behind the batch given last."""
    journals.log(*(b"m%04d %s" % (number, b"x" * 2000) for number in range(400)))
    source = opened()
    given: list[bytes] = []
    while not given:
        given += next((batch.lines for batch in source.read(NOW, 1 << 30)), [])
        await_output(source)
    assert len(given) < 400
    rest = messages(opened(source.positions()), 400 - len(given))
    assert 400 == len(given) + len(rest)


def test_a_vacuumed_cursor_is_a_gap(journals: Journals, opened: Open) -> None:
    """Where the journal has dropped the entry that we stood at, the rest is read and the gap counted and told."""
    journals.log(b"one", b"two", file="a")
    first = opened()
    assert ["one", "two"] == messages(first, 2)
    journals.log(b"lost", file="a")
    journals.log(b"three", b"four", file="b")
    (journals.folder / "a.journal").unlink()
    second = opened(first.positions())
    assert ["three", "four"] == messages(second, 2)
    assert 1 == second.status().lines_possibly_lost
    assert any("gap" in problem for problem in second.status().problems)


def test_an_unreadable_cursor_is_a_gap(journals: Journals, opened: Open) -> None:
    """A cursor that journalctl refuses is a gap; reading goes on by time."""
    journals.log(b"one")
    source = opened((Position("journal", "", cursor="no cursor", modified=NOW - 60),))
    found: list[object] = []
    for second in range(30):
        found += look(source, NOW + second)
        if found:
            break
        await_output(source)
    assert ["one"] == found
    assert 1 == source.status().lines_possibly_lost


def test_suppressed_messages_are_lost(journals: Journals, opened: Open) -> None:
    """journald's notice of its rate limit is counted for our units, and not given as a line."""
    journals.log(b"one")
    notice = {"MESSAGE_ID": "a596d6fe7bfa4994828e72309e95d61e", "SYSLOG_IDENTIFIER": "systemd-journald"}
    notice["_SYSTEMD_UNIT"] = "systemd-journald.service"
    journals.log(b"Suppressed 2100 messages from dovecot.service", **notice)
    journals.log(b"Suppressed 7 messages from cron.service", **notice)
    journals.log(b"two")
    source = opened()
    assert ["one", "two"] == messages(source, 2)
    assert 2100 == source.status().lines_possibly_lost


def test_binary_and_long_messages(journals: Journals, opened: Open) -> None:
    """A message that is no text comes as an array of bytes, a long one whole."""
    journals.log(b"user=<j\xf6rg>", b"L" * 100_000)
    assert [list(b"user=<j\xf6rg>"), "L" * 100_000] == messages(opened(), 2)


def test_only_what_is_asked_for(journals: Journals, tmp_path: Path) -> None:
    """Units and identifiers are alternatives; the rest of the journal is not given."""
    journals.log(b"unit")
    journals.log(b"identifier", SYSLOG_IDENTIFIER="pop3d", _SYSTEMD_UNIT="other.service")
    journals.log(b"neither", SYSLOG_IDENTIFIER="cron", _SYSTEMD_UNIT="cron.service")
    source = JournalInput("mx", ("dovecot.service",), ("pop3d",), since="2000-01-01", directory=tmp_path)
    assert ["unit", "identifier"] == messages(source, 2)
    source.close()


def with_killed_journalctl(journals: Journals, opened: Open) -> JournalInput:
    """A source that has read one entry when its journalctl dies."""
    journals.log(b"one")
    source = opened()
    assert ["one"] == messages(source, 1)
    follower = source._follower
    assert follower is not None
    os.kill(follower._process.pid, signal.SIGKILL)
    follower._process.wait()
    return source


def test_a_killed_journalctl_is_started_again(journals: Journals, opened: Open) -> None:
    """Nothing is lost or doubled when journalctl dies; it is told, and tried again after a pause."""
    source = with_killed_journalctl(journals, opened)
    journals.log(b"two")
    assert [] == look(source)
    assert [] == look(source)
    assert any("journalctl ended (-9)" in problem for problem in source.status().problems)
    assert 1 == source.status().read_errors["EXITED"]
    assert ["two"] == messages(source, 1, NOW + 2)
    assert 0 == source.status().lines_possibly_lost
    assert () == source.status().problems


def test_a_journalctl_that_runs_again_is_no_problem_any_more(journals: Journals, opened: Open) -> None:
    """On a quiet server it has nothing to say for hours."""
    source = with_killed_journalctl(journals, opened)
    assert [] == look(source)
    assert [] == look(source)
    assert source.status().problems == source.status().unreadable != ()
    for second in range(2, 20):
        assert [] == look(source, NOW + second)
    assert () == source.status().problems


def test_a_source_that_waits_for_its_first_entry(journals: Journals) -> None:
    """A restart before the first entry does not lose what was logged in between."""
    journals.log(b"cron", _SYSTEMD_UNIT="cron.service")
    first = JournalInput("mx", ("dovecot.service",), (), directory=journals.folder)
    assert [] == look(first, NOW + 1)
    assert not first.status().caught_up
    assert [] == look(first, NOW + 5)
    assert first.status().caught_up
    first.close()
    journals.log(b"one")
    second = JournalInput("mx", ("dovecot.service",), (), first.positions(), directory=journals.folder)
    assert ["one"] == messages(second, 1, NOW + 100)
    second.close()


def test_an_endless_entry_is_cut_and_the_place_kept(tmp_path: Path) -> None:
    """It is given once, as far as a line may go; what is saved is always the place of an entry."""
    entries = [
        b'{"__CURSOR":"c1","__REALTIME_TIMESTAMP":"1790000000000000","MESSAGE":"one"}',
        b'{"__CURSOR":"c2","__REALTIME_TIMESTAMP":"1790000001000000","MESSAGE":"' + b"L" * (20 << 20) + b'"}',
        b"no entry at all",
    ]
    output = tmp_path / "output"
    output.write_bytes(b"".join(entry + b"\n" for entry in entries))
    source = JournalInput("mx", ("dovecot",), (), command=("sh", "-c", 'cat "$0"; exec sleep 60', str(output)))
    found: list[bytes] = []
    while len(found) < len(entries):
        found += [line for batch in source.read(NOW, 1 << 30) for line in batch.lines]
        await_output(source)
    assert [entries[0], entries[1][: 1 << 20], entries[2]] == found
    assert ["c2"] == [position.cursor for position in source.positions()]
    source.close()


def test_no_journalctl() -> None:
    """Without journalctl the problem is told, and the pauses between attempts grow to a minute."""
    source = JournalInput("mx", ("dovecot",), (), command=("/nonexistent/journalctl",))
    for second in range(300):
        assert [] == list(source.read(NOW + second, 1))
    assert ("/nonexistent/journalctl: No such file or directory",) == source.status().problems
    assert 10 == source.status().read_errors["ENOENT"]
