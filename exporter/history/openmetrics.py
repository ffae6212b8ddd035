"""Exports history as OpenMetrics, for `promtool tsdb create-blocks-from`, VictoriaMetrics and Mimir.

The format wants each family, and in it each series, in one piece and ascending in time; the ledger gives one key
after the other. So the families are gathered in files of their own beside the output and then put together: memory
holds one key's history, whatever the number of users and days.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

from exporter.catalogue import REASONS, SCOPES, Quality, Scope
from exporter.exposition.families import SCOPE_FAMILIES, SERVER_FAMILIES, Family
from exporter.exposition.ownfamilies import OWN_FAMILIES
from exporter.exposition.text import header, label_block
from exporter.history.samples import Samples, Span, Timetable, samples
from exporter.history.stamps import day_end, day_stamp, grid_stamp
from exporter.ledger.errors import LedgerError
from exporter.ledger.reading import Key, Reading
from exporter.periods import smallest_offset, utc_offset
from exporter.reports.books import Book

ENDS, QUALITY, TIME, OFFSET, SMALLEST = (
    next(derived.family for derived in (*SERVER_FAMILIES, *OWN_FAMILIES) if derived.family.name == name)
    for name in (
        "pop3_session_ends_total",
        "pop3_measure_quality_info",
        "pop3_exporter_time_seconds",
        "pop3_site_utc_offset_seconds",
        "pop3_site_utc_offset_smallest_seconds",
    )
)

# Keys done and keys in all.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the number of samples, and the days (None: there were none)."""

    samples: int
    first: date | None
    last: date | None


def export_openmetrics(
    ledgers: Sequence[Reading],
    path: Path,
    *,
    first: date | None = None,
    last: date | None = None,
    clock: float,
    progress: Progress | None = None,
) -> Exported:
    """Write what the ledgers know of local days `first` to `last` (None: all of it) to a new file at `path`.

    Days after the last event are written only if `last` asks for them: a ledger that nobody fills knows nothing of
    them. The file appears when it is whole; until then up to twice its size is needed beside it. LedgerError if two
    ledgers have the same server, OSError if it cannot be written.
    """
    with TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as directory:
        whole = Path(directory) / path.name
        with whole.open("wb") as output:
            exported = write_openmetrics(
                ledgers, output, Path(directory), first=first, last=last, clock=clock, progress=progress
            )
        whole.replace(path)
    return exported


def write_openmetrics(
    ledgers: Sequence[Reading],
    output: IO[bytes],
    directory: Path,
    *,
    first: date | None = None,
    last: date | None = None,
    clock: float,
    progress: Progress | None = None,
) -> Exported:
    """The same into an open stream; `directory`: where the families are gathered."""
    with ExitStack() as stack:
        books = [Book(stack.enter_context(ledger.unmoving())) for ledger in ledgers]
        _refuse_shared_servers(ledgers, books)
        span = _span(books, first, last, int(clock))
        spool = _Spool(directory)
        _gather(books, span, spool, progress)
    spool.assemble(output)
    if not spool.samples:
        return Exported(0, None, None)
    return Exported(spool.samples, date.fromordinal(span.first), date.fromordinal(span.last))


def _refuse_shared_servers(ledgers: Sequence[Reading], books: Sequence[Book]) -> None:
    """Refuse ledgers with the same server: duplicate series would be meaningless."""
    seen: dict[str, Path] = {}
    for ledger, book in zip(ledgers, books, strict=True):
        for server in book.servers:
            if server in seen:
                raise LedgerError(
                    f"{ledger.path}: has server {server!r}, and so has {seen[server]}; export them separately"
                )
            seen[server] = ledger.path


def _span(books: Sequence[Book], first: date | None, last: date | None, clock: int) -> Span:
    """From the first to the last event, unless other days are requested; no future days."""
    servers = [(book.calendar.day, key) for book in books for key in book.servers.values()]
    births = [day(key.first_seen) for day, key in servers]
    events = [day(min(key.last_seen, clock)) for day, key in servers]
    begin, end = min(births, default=1), max(events, default=0)
    if first is not None:
        begin = max(begin, first.toordinal())
    if last is not None:
        end = min(last.toordinal(), max((book.calendar.day(clock) for book in books), default=0))
    return Span(begin, end, clock)


class _Spool:
    """One file a family, in the order of the output."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.samples = 0
        self._files: dict[Family, IO[bytes]] = {}

    def write(self, family: Family, labels: bytes, stamps: Sequence[str], values: Iterable[int]) -> None:
        """Add a whole series; `stamps` as `stamped` writes them."""
        if stamps:
            start = f"{family.name}{labels.decode()} "
            text = "".join([f"{start}{value}{stamp}" for value, stamp in zip(values, stamps, strict=True)])
            self.samples += len(stamps)
            self._file(family).write(text.encode())

    def assemble(self, output: IO[bytes]) -> None:
        """Put the families together; their files go as they are read."""
        for family, file in self._files.items():
            # A counter's family goes without the ending of its samples.
            output.write(header(family.name.removesuffix("_total"), family.kind, family.help))
            file.seek(0)
            shutil.copyfileobj(file, output, 1 << 20)
            file.close()
        output.write(b"# EOF\n")

    def _file(self, family: Family) -> IO[bytes]:
        file = self._files.get(family)
        if file is None:
            # Without a name, so that nothing stays when the process dies.
            file = self._files[family] = TemporaryFile(dir=self.directory, buffering=1 << 16)  # noqa: SIM115
        return file


def _gather(books: Sequence[Book], span: Span, spool: _Spool, progress: Progress | None) -> None:
    keys = [(book, scope, key) for scope in SCOPES for book in books for key in book.reading.keys(scope)]
    timetables = {book: Timetable(book.calendar, span.clock) for book in books}
    for number, (book, scope, key) in enumerate(keys):
        if progress is not None and number % 100 == 0:
            progress(number, len(keys))
        users = scope is Scope.USER
        found = samples(book, key, span, timetables[book], is_user=users)
        _write_key(spool, scope, key, found)
        _write_last_login(spool, scope, key, book.last_logins.get(key.id, 0) if users else None, found.ends)
    for book in books:
        for labels, stamps in _qualities(book, span):
            spool.write(QUALITY, label_block(QUALITY.labels, labels), stamped(stamps), repeat(1, len(stamps)))
        for labels, count in _session_ends(book, span):
            end = day_end(book.calendar, span.last, span.clock)
            spool.write(ENDS, label_block(ENDS.labels, labels), stamped([end]), [count])
    told = _told(books, span)
    spool.write(TIME, b"", stamped(told), told)
    for family, offset in ((OFFSET, utc_offset), (SMALLEST, smallest_offset)):
        spool.write(family, b"", stamped(told), [offset(books[0].calendar.zone(at), at) for at in told])
    if progress is not None:
        progress(len(keys), len(keys))


def _write_key(spool: _Spool, scope: Scope, key: Key, found: Samples) -> None:
    families, labels = SCOPE_FAMILIES[scope], label_block(scope.labels, key.labels)
    for group, rows in (
        (families.day_holds, found.day_holds),
        (families.hour_holds, found.hour_holds),
        (families.totals, found.totals),
    ):
        stamps = stamped([stamp for stamp, _ in rows])
        for measure, family in enumerate(group):
            spool.write(family, labels, stamps, [amounts[measure] for _, amounts in rows])
    spool.write(families.first_seen, labels, stamped(found.ends), repeat(key.first_seen, len(found.ends)))


def _write_last_login(spool: _Spool, scope: Scope, key: Key, stamp: int | None, ends: Sequence[int]) -> None:
    """As it stands at the last end; earlier ones, and those that were before a login, nobody knows."""
    family = SCOPE_FAMILIES[scope].last_login
    if family and stamp is not None and ends and stamp <= ends[-1]:
        spool.write(family, label_block(scope.labels, key.labels), stamped(ends[-1:]), [stamp])


def stamped(stamps: Iterable[int]) -> list[str]:
    """What follows the value of a sample; made once for all measures, because users x days are millions."""
    return [f" {stamp}\n" for stamp in stamps]


def _qualities(book: Book, span: Span) -> Iterator[tuple[tuple[str, ...], list[int]]]:
    """Labels of the quality family, and when on the days on which they held: where the holds stand, and at the end.

    Queries take it for a scrape of the server.
    """
    births = {server: key.first_seen for server, key in book.servers.items()}
    for (source, server, measure), since in book.logged.told.items():
        stamps: dict[Quality, list[int]] = {}
        born = births.get(server, span.clock + 1)
        for day in range(max(span.first, book.calendar.day(born)), span.last + 1):
            holding = [quality for start, quality in since if start <= day]
            if holding:
                told = {stamp(book.calendar, day, span.clock) for stamp in (day_stamp, grid_stamp, day_end)}
                stamps.setdefault(holding[-1], []).extend(sorted(at for at in told if at is not None and at >= born))
        for quality, held in stamps.items():
            yield (source, server, measure, quality), held


def _session_ends(book: Book, span: Span) -> Iterator[tuple[tuple[str, ...], int]]:
    """The ends of connections have no history in the ledger: their counters as they stand, with the last event."""
    counts = {
        (server, reason): count
        for server, reason, count in book.reading.connection.execute("SELECT server, reason, count FROM ends")
    }
    for server, key in book.servers.items():
        if book.calendar.day(min(key.last_seen, span.clock)) > span.last:
            continue
        for reason, note in REASONS.items():
            yield (server, note.end, reason), counts.get((server, str(reason)), 0)


def _told(books: Sequence[Book], span: Span) -> list[int]:
    """The middles and ends of all days, in every zone."""
    days = range(span.first, span.last + 1)
    stamps = {
        stamp(book.calendar, day, span.clock) for book in books for day in days for stamp in (grid_stamp, day_end)
    }
    return sorted(at for at in stamps if at is not None)
