"""Old logs: in any order, compressed, twice, interrupted; always the numbers of the one log they are pieces of."""

import bz2
import gzip
import lzma
import os
import random
import sqlite3
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from exporter.context import SourceContext
from exporter.demo.traffic import lines
from exporter.formats import FORMATS, formats_of
from exporter.formats.contract import Format
from exporter.history.importing import import_files
from exporter.history.oldlogs import LogFile
from exporter.history.outcome import Imported
from exporter.inputs.files import FileInput
from exporter.ledger import Ledger, LedgerError
from exporter.model import Account
from exporter.pipeline import Pipeline

BEGIN = 1_793_000_000
DAY = 86_400
UTC = ZoneInfo("UTC")
NOW = BEGIN + 100 * DAY
LOG = [f"{line}\n".encode() for line in lines(BEGIN, BEGIN + DAY)]


def pipelines(ledger: Ledger, formats: tuple[Format, ...] = FORMATS) -> Callable[[str], Pipeline]:
    """The pipeline of any source, for any server."""

    def account(server: str, user: bytes | None, login: bool) -> Account:  # noqa: FBT001 - sessions call it so
        return ledger.names.account(server, user, login=login)

    def made(source: str) -> Pipeline:
        context = SourceContext(formats, UTC, "here")
        return Pipeline(context, ledger.calendar, account, ledger.names.intern, ledger.restored(source))

    return made


def imported(ledger: Path, files: Sequence[Path], source: str = "mail", **how: Any) -> Imported:
    """Import into a ledger of its own."""
    with closing(Ledger.open(ledger, zone="UTC", now=0)) as opened:
        found = [LogFile(str(file), source, UTC) for file in files]
        return import_files(opened, found, pipelines(opened), now=NOW, **how)


def contents(ledger: Path) -> dict[str, list[Any]]:
    """Everything that is counted."""
    names = "SELECT scope, server, domain, user, keys.first_seen"
    queries = {
        "days": f"{names}, book.* FROM keys LEFT JOIN book ON key = id",
        "hours": f"{names}, hours.* FROM keys LEFT JOIN hours ON key = id",
        "ends": "SELECT * FROM ends",
        "open": "SELECT server, state, number FROM open_sessions",
        "failed": "SELECT * FROM failed_names",
        "counters": "SELECT counter, count FROM sources WHERE counter != 'read_bytes'",
    }
    with closing(sqlite3.connect(ledger)) as connection:
        found = {name: connection.execute(query).fetchall() for name, query in queries.items()}
    # Ids depend on the order of births within a commit.
    found["days"] = [(*row[:6], *row[7:]) for row in found["days"]]
    found["hours"] = [(*row[:6], *row[7:]) for row in found["hours"]]
    return {name: sorted(rows, key=repr) for name, rows in found.items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What one file with all lines comes to."""
    directory = tmp_path_factory.mktemp("whole")
    (directory / "mail.log").write_bytes(b"".join(LOG))
    imported(directory / "ledger.sqlite", [directory / "mail.log"])
    return contents(directory / "ledger.sqlite")


def compressed(path: Path, data: bytes) -> Path:
    """The data as the name's ending wants it."""
    match path.suffix:
        case ".gz":
            path.write_bytes(gzip.compress(data))
        case ".bz2":
            path.write_bytes(bz2.compress(data))
        case ".xz":
            path.write_bytes(lzma.compress(data))
        case ".zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(path.stem, data)
        case _:
            path.write_bytes(data)
    return path


def in_pieces(directory: Path, cuts: Sequence[int]) -> list[Path]:
    """The log as rotated files, the oldest with the highest number, in every compression."""
    edges = [0, *cuts, len(LOG)]
    endings = ("", ".1", ".2.gz", ".3.bz2", ".4.xz", ".5.zip")
    parts = [b"".join(LOG[begin:end]) for begin, end in pairwise(edges)]
    return [
        compressed(directory / f"mail.log{endings[len(parts) - 1 - number]}", part) for number, part in enumerate(parts)
    ]


@pytest.mark.parametrize("seed", range(4))
def test_any_pieces_in_any_order_are_the_whole(tmp_path: Path, whole: dict[str, list[Any]], seed: int) -> None:
    """Rotated and compressed files, named in any order: days, hours, ends, births and open sessions are the same."""
    chance = random.Random(seed)
    files = in_pieces(tmp_path, sorted(chance.sample(range(1, len(LOG)), 5)))
    chance.shuffle(files)
    found = imported(tmp_path / "ledger.sqlite", files)
    assert whole == contents(tmp_path / "ledger.sqlite")
    assert len(LOG) == sum(one.lines for one in found.files)


def test_a_file_imported_twice_counts_once(tmp_path: Path, whole: dict[str, list[Any]]) -> None:
    """Also under another name and compressed, in the same call or a later one."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(LOG))
    copy = compressed(tmp_path / "copy.gz", log.read_bytes())
    imported(tmp_path / "ledger.sqlite", [log, log, copy])
    log.unlink()
    again = imported(tmp_path / "ledger.sqlite", [copy])
    assert whole == contents(tmp_path / "ledger.sqlite")
    assert [(0, 0)] == [(one.lines, one.read) for one in again.files]


def test_a_file_that_begins_with_a_hole_counts_once(tmp_path: Path, whole: dict[str, list[Any]]) -> None:
    """What a stale writer leaves after a truncation: such files are told apart by what follows the hole."""
    for number, part in enumerate((LOG[: len(LOG) // 2], LOG[len(LOG) // 2 :])):
        with (tmp_path / f"mail.log.{2 - number}").open("wb") as file:
            file.truncate(5 << 20)
            file.seek(5 << 20)
            file.writelines(part)
    logs = [tmp_path / "mail.log.2", tmp_path / "mail.log.1"]
    copies = [compressed(tmp_path / f"copy{number}.gz", log.read_bytes()) for number, log in enumerate(logs)]
    for files in (logs, copies, logs):
        imported(tmp_path / "ledger.sqlite", files)
        assert whole == contents(tmp_path / "ledger.sqlite")


def test_a_file_that_was_read_is_as_good_as_gone(tmp_path: Path) -> None:
    """Where an imported file is deleted, or out of the daemon's sight, nothing is lost and nothing is told."""
    old, log = tmp_path / "home" / "old.log", tmp_path / "mail.log"
    old.parent.mkdir()
    old.write_bytes(b"".join(LOG))
    os.utime(old, (NOW - 60, NOW - 60))
    log.touch()
    imported(tmp_path / "ledger.sqlite", [old])
    old.unlink()
    with closing(Ledger.open(tmp_path / "ledger.sqlite", now=NOW)) as ledger:
        saved = ledger.restored("mail")
        assert saved is not None
    with closing(FileInput("mail", [str(log)], saved.positions)) as source:
        assert [] == list(source.read(NOW, 1 << 20))
        assert 0 == source.status().lines_possibly_lost


def test_a_file_that_has_grown_is_continued(tmp_path: Path, whole: dict[str, list[Any]]) -> None:
    """From where it was, in the middle of sessions, and under the name that it has by then."""
    data, cuts = b"".join(LOG), (700, 300_000, 300_001, len(b"".join(LOG)))
    for number, end in enumerate(cuts):
        log = tmp_path / f"mail.log.{number}"
        log.write_bytes(data[:end])
        os.utime(log, (NOW, NOW))  # still being written: half a line waits for its other half
        last = imported(tmp_path / "ledger.sqlite", [log]).files[0]
    assert whole == contents(tmp_path / "ledger.sqlite")
    assert (0, len(data)) == (last.left, last.read + last.skipped)


def test_the_last_line_of_a_file_at_rest_needs_no_end(tmp_path: Path, whole: dict[str, list[Any]]) -> None:
    """It is a line when nobody writes to the file any more, and is waited for otherwise."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(LOG)[:-1])
    os.utime(log, (NOW, NOW))
    waiting = imported(tmp_path / "ledger.sqlite", [log])
    assert len(LOG[-1]) - 1 == waiting.files[0].left
    os.utime(log, (NOW - 60, NOW - 60))
    assert 0 == imported(tmp_path / "ledger.sqlite", [log]).files[0].left
    assert whole == contents(tmp_path / "ledger.sqlite")


@pytest.mark.parametrize("seed", range(3))
def test_an_interrupted_import_is_begun_again(
    tmp_path: Path, whole: dict[str, list[Any]], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it was doing: nothing is lost and nothing counts twice."""
    monkeypatch.setattr("exporter.history.importing.COMMIT_BYTES", 50_000)
    monkeypatch.setattr("exporter.inputs.whole.CHUNK_BYTES", 20_000)
    monkeypatch.setattr("exporter.inputs.readers._SKIP_BLOCK", 1_000)
    monkeypatch.setattr("exporter.inputs.readers._SKIP_MOST", 10_000)  # getting to the rest takes several calls
    chance = random.Random(seed)
    files = in_pieces(tmp_path, sorted(chance.sample(range(1, len(LOG)), 3)))
    attempts = 0

    def interrupting(_done: int, _all: int) -> None:
        if attempts < 6 and chance.random() < 0.15:
            raise KeyboardInterrupt

    while True:
        try:
            attempts += 1
            imported(tmp_path / "ledger.sqlite", files, progress=interrupting)
            break
        except KeyboardInterrupt:
            continue
    assert attempts > 2
    assert whole == contents(tmp_path / "ledger.sqlite")


def test_logs_of_several_hosts_overlap(tmp_path: Path) -> None:
    """A host's sessions are not given up because another host's log reaches further."""
    here = b"".join(LOG[:1500])
    # Session ids of its own: those that two servers share are counted as a sign of a proxy.
    there = here.replace(b" mx1 ", b" mx2 ").replace(b"session=<", b"session=<b").replace(b"><", b"><b")
    (tmp_path / "a.log").write_bytes(here)
    (tmp_path / "b.log").write_bytes(there)
    both = sorted([*LOG[:1500], *there.splitlines(keepends=True)], key=lambda line: line.split(b" ", 1)[0])
    (tmp_path / "merged.log").write_bytes(b"".join(both))
    imported(tmp_path / "apart.sqlite", [tmp_path / "b.log", tmp_path / "a.log"])
    imported(tmp_path / "merged.sqlite", [tmp_path / "merged.log"])
    assert contents(tmp_path / "merged.sqlite") == contents(tmp_path / "apart.sqlite")


def test_connections_open_at_the_end_stay_open(tmp_path: Path) -> None:
    """A login whose end comes with the next file is one connection, with the bytes of its end."""
    login, end = next(
        (LOG[i], LOG[i + 1]) for i in range(len(LOG)) if b"Login: user" in LOG[i] and b"retr=1" in LOG[i + 1]
    )
    (tmp_path / "mail.log.1").write_bytes(login)
    imported(tmp_path / "ledger.sqlite", [tmp_path / "mail.log.1"])
    assert [("mx1", "charged", 1)] == contents(tmp_path / "ledger.sqlite")["open"]
    (tmp_path / "mail.log").write_bytes(end)
    imported(tmp_path / "ledger.sqlite", [tmp_path / "mail.log"])
    found = contents(tmp_path / "ledger.sqlite")
    assert [("mx1", "logout", 1)] == found["ends"]
    assert [] == [row for row in found["open"] if row[-1]]


def test_a_report_from_files_gives_up_what_is_open(tmp_path: Path) -> None:
    """With `finish` nothing is waited for: neither an end of the connection nor one of the line."""
    login = next(line for line in LOG if b"Login: user" in line)
    (tmp_path / "mail.log").write_bytes(login[:-1])
    imported(tmp_path / "ledger.sqlite", [tmp_path / "mail.log"], finish=True)
    found = contents(tmp_path / "ledger.sqlite")
    assert [("mx1", "expired", 1)] == found["ends"]
    assert [] == [row for row in found["open"] if row[-1]]


def test_the_daemon_goes_on_behind_an_import_as_its_source(tmp_path: Path) -> None:
    """What was imported as a source of the daemon is not read again by it, what came since is."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(LOG[:1000]))
    rotated = compressed(tmp_path / "mail.log.1.gz", b"".join(lines_before()))
    imported(tmp_path / "ledger.sqlite", [log, rotated], source="mx1")
    with log.open("ab") as file:
        file.writelines(LOG[1000:1010])
    with closing(Ledger.open(tmp_path / "ledger.sqlite", now=NOW)) as ledger:
        saved = ledger.restored("mx1")
        assert saved is not None
        with closing(FileInput("mx1", [str(tmp_path / "mail.log*")], saved.positions, start="end")) as following:
            read = [line for batch in following.read(NOW, 1 << 30) for line in batch.lines]
    assert [line.rstrip(b"\n") for line in LOG[1000:1010]] == read


def test_the_daemon_reads_what_the_import_left_out(tmp_path: Path) -> None:
    """Rotated files were imported as its source: it begins with the first line of the file that is written to."""
    log = tmp_path / "mail.log"
    log.write_bytes(b"".join(LOG[:10]))
    rotated = compressed(tmp_path / "mail.log.1.gz", b"".join(lines_before()))
    imported(tmp_path / "ledger.sqlite", [rotated], source="mx1")
    with closing(Ledger.open(tmp_path / "ledger.sqlite", now=NOW)) as ledger:
        saved = ledger.restored("mx1")
        assert saved is not None
        with closing(FileInput("mx1", [str(tmp_path / "mail.log*")], saved.positions, start="end")) as following:
            read = [line for batch in following.read(NOW, 1 << 30) for line in batch.lines]
    assert [line.rstrip(b"\n") for line in LOG[:10]] == read


def lines_before() -> list[bytes]:
    """A log older than `LOG`."""
    return [f"{line}\n".encode() for line in lines(BEGIN - 3600, BEGIN)]


def test_a_file_of_another_source_is_refused(tmp_path: Path) -> None:
    """Its lines would count twice; nothing is imported then."""
    log, other = tmp_path / "mail.log", tmp_path / "other.log"
    log.write_bytes(b"".join(LOG))
    other.write_bytes(b"".join(lines_before()))
    imported(tmp_path / "ledger.sqlite", [log], source="mx1")
    before = contents(tmp_path / "ledger.sqlite")
    with pytest.raises(LedgerError, match=r"mail\.log: already read as part of source 'mx1' and would count twice"):
        imported(tmp_path / "ledger.sqlite", [other, log], source="mx2")
    assert before == contents(tmp_path / "ledger.sqlite")


def courier() -> list[bytes]:
    """The log of another server, from the same hours."""
    path = next(iter(sorted(Path(__file__).parents[1].glob("formats/courier/*.log"))))
    return path.read_bytes().splitlines(keepends=True)


def imported_as(ledger: Path, file: Path, source: str, format_name: str) -> Imported:
    """One file, of which only the lines of one server are to be counted; empty: of that which is recognised."""
    with closing(Ledger.open(ledger, zone="UTC", now=0)) as opened:
        found = [LogFile(str(file), source, UTC, format_name)]
        return import_files(opened, found, pipelines(opened, formats_of(format_name or "auto")), now=NOW)


def connections(found: dict[str, list[Any]]) -> int:
    """Those that were seen and not only begun, by their ends."""
    return sum(number for *_, number in found["ends"])


@pytest.mark.parametrize("order", [1, -1])
def test_each_file_is_of_its_own_server(tmp_path: Path, whole: dict[str, list[Any]], order: int) -> None:
    """A directory with the logs of two: what each alone comes to, whichever is older."""
    (tmp_path / "a.log").write_bytes(b"".join(LOG))
    (tmp_path / "b.log").write_bytes(b"".join(courier()))
    one = imported(tmp_path / "one.sqlite", [tmp_path / "b.log"])
    both = imported(tmp_path / "both.sqlite", [tmp_path / "a.log", tmp_path / "b.log"][::order])
    assert {"a.log": "dovecot", "b.log": "courier"} == {Path(file.path).name: file.format for file in both.files}
    expected = one.files[0].heard
    assert expected == next(file.heard for file in both.files if file.path.endswith("b.log"))
    assert expected.events > 10
    alone = connections(contents(tmp_path / "one.sqlite"))
    assert alone
    assert connections(whole) + alone == connections(contents(tmp_path / "both.sqlite"))


def test_a_file_of_which_nothing_counts_is_not_marked_as_read(tmp_path: Path, whole: dict[str, list[Any]]) -> None:
    """An exporter that does not know the server leaves the file as it was: a later one imports it, bytes and all."""
    log, other = tmp_path / "mail.log", tmp_path / "courier.log"
    log.write_bytes(b"".join(LOG))
    other.write_bytes(b"".join(courier()))
    with closing(Ledger.open(tmp_path / "ledger.sqlite", zone="UTC", now=0)) as opened:
        found = import_files(
            opened, [LogFile(str(log), "mail", UTC)], pipelines(opened, formats_of("courier")), now=NOW
        )
        assert (len(LOG), 0) == (found.files[0].lines, found.files[0].heard.events)
    assert [] == contents(tmp_path / "ledger.sqlite")["days"]
    again = imported(tmp_path / "ledger.sqlite", [log])
    assert (0, len(LOG)) == (again.files[0].skipped, again.files[0].lines)
    assert whole == contents(tmp_path / "ledger.sqlite")


def test_nothing_of_a_large_file_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the middle of it either, where a long import commits."""
    monkeypatch.setattr("exporter.history.importing.COMMIT_BYTES", 1_000)
    monkeypatch.setattr("exporter.inputs.whole.CHUNK_BYTES", 500)
    log = tmp_path / "mail.log"
    log.write_bytes(b"2026-11-18T06:30:00+00:00 mx1 postfix/smtpd[7]: connect\n" * 200)
    for _ in range(2):
        found = imported(tmp_path / "ledger.sqlite", [log]).files[0]
        assert (200, 0) == (found.lines, found.skipped)


def test_what_a_file_says_of_itself(tmp_path: Path) -> None:
    """First and last stamp, and how much of what concerns POP3 was understood."""
    log = tmp_path / "mail.log"
    strange = b"2026-10-27T00:00:00+00:00 mx1 dovecot: pop3-login: Nobody has ever seen this\n"
    last = b"2026-10-28T00:00:00+00:00 mx1 postfix/smtpd[7]: connect\n"
    log.write_bytes(b"".join([*LOG, strange, last]))
    (found,) = imported(tmp_path / "ledger.sqlite", [log]).files
    assert ("dovecot", 1_793_145_600) == (found.format, found.last)
    assert found.first is not None
    assert BEGIN <= found.first <= BEGIN + 3600
    assert found.heard.events / (found.heard.events + 1) == found.heard.understood
    assert 1 == found.heard.unmatched


def test_a_file_of_two_servers_is_counted_once_for_each(tmp_path: Path) -> None:
    """By two sources, each told its format: neither is refused for the other's sake, but for its own."""
    log, ledger = tmp_path / "mail.log", tmp_path / "ledger.sqlite"
    log.write_bytes(b"".join([*LOG, *courier()]))
    one = imported_as(ledger, log, "one", "dovecot").files[0].heard.events
    two = imported_as(ledger, log, "two", "courier").files[0].heard.events
    assert 0 < two < one
    for format_name in ("courier", ""):
        with pytest.raises(LedgerError, match="already read as part of source"):
            imported_as(ledger, log, "three", format_name)


def test_a_torn_file_is_told_and_the_others_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies before the tear counts; when the file is whole again the rest follows."""
    monkeypatch.setattr("exporter.inputs.whole.CHUNK_BYTES", 20_000)
    whole_file = gzip.compress(b"".join(LOG))
    torn = tmp_path / "mail.log.1.gz"
    torn.write_bytes(whole_file[: len(whole_file) // 2])
    other = tmp_path / "mail.log"
    other.write_bytes(b"".join(lines_before()))
    foreign = tmp_path / "foreign.gz"
    foreign.write_bytes(b"no gzip at all")
    before, found, strange = imported(tmp_path / "ledger.sqlite", [torn, other, foreign]).files
    assert ("", len(lines_before())) == (before.problem, before.lines)
    assert "truncated" in found.problem
    assert "not in the format its name suggests" in strange.problem
    assert 0 < found.lines < len(LOG)
    torn.write_bytes(whole_file)
    again = imported(tmp_path / "ledger.sqlite", [torn]).files[0]
    assert ("", len(LOG)) == (again.problem, again.lines + found.lines)


def test_progress_reaches_the_whole(tmp_path: Path) -> None:
    """Bytes on the disk, never falling, and all of them at the end."""
    files = in_pieces(tmp_path, [1000, 2000, 3000])
    shown: list[tuple[int, int]] = []
    imported(tmp_path / "ledger.sqlite", files, progress=lambda done, total: shown.append((done, total)))
    size = sum(file.stat().st_size for file in files)
    assert {size} == {total for _, total in shown}
    assert shown[-1] == (size, size)
    assert sorted(shown) == shown


def test_small_files_share_a_commit(tmp_path: Path, whole: dict[str, list[Any]]) -> None:
    """What is read in between goes with the next one, and is not told twice."""
    ledger, files = tmp_path / "ledger.sqlite", in_pieces(tmp_path, [700, 1400, 2100, 2800, 3500])
    imported(ledger, files)
    assert whole == contents(ledger)
    with closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute("SELECT value FROM meta WHERE name = 'commits'").fetchall() == [("1",)]


def test_a_part_of_a_log_that_was_read_is_left_out(tmp_path: Path) -> None:
    """`tail mail.log > part.log`, or `grep`: told, and not counted; what else is given is read."""
    log, part, other = (tmp_path / name for name in ("mail.log", "part.log", "other.log"))
    log.write_bytes(b"".join(LOG))
    imported(tmp_path / "ledger.sqlite", [log])
    right = contents(tmp_path / "ledger.sqlite")
    part.write_bytes(b"".join(LOG[len(LOG) // 2 :]))
    other.write_bytes(b"".join(f"{line}\n".encode() for line in lines(BEGIN + 2 * DAY, BEGIN + 2 * DAY + 3600)))
    found = imported(tmp_path / "ledger.sqlite", [part])
    assert [f"was left out, because {log} holds its lines, and was read"] == [one.problem for one in found.files]
    assert right == contents(tmp_path / "ledger.sqlite")
    found = imported(tmp_path / "ledger.sqlite", [part, other])
    assert [True, False] == [bool(one.problem) for one in found.files]
    assert right != contents(tmp_path / "ledger.sqlite")
    # Rotated away, and another log in its place: nothing shows any more that it is a part.
    log.rename(tmp_path / "mail.log.1")
    log.write_bytes(other.read_bytes())
    assert [""] == [one.problem for one in imported(tmp_path / "new.sqlite", [log]).files]
