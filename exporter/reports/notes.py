"""Notes about a report: where the logs begin and end, and unknown names."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import islice

from exporter.catalogue import Scope
from exporter.reports.books import HOUR, Book
from exporter.reports.cells import Selection

# Sites have up to 200 servers, but a report has room for a few notes.
MOST = 5


def notes(books: Sequence[Book], wanted: Selection, first: int, last: int, *, hours: bool = False) -> Iterator[str]:
    """Sentences about days `first` to `last` (ordinals), the last of which has begun."""
    if not any(book.servers for book in books):
        yield "nothing counted yet; the landing page shows which logs are read, and how far"
        return
    yield from _unknown(books, wanted)
    chosen = [(book, server) for book in books for server in book.servers if wanted.has(server)]
    for told in (
        (_kept(book, server, first, hours=hours) for book, server in chosen),
        (_begin(book, server, first) for book, server in chosen),
        (_silence(book, server, last) for book, server in chosen),
    ):
        yield from _bounded(sentence for sentence in told if sentence)


def _bounded(sentences: Iterable[str]) -> Iterator[str]:
    rest = iter(sentences)
    yield from islice(rest, MOST)
    more = sum(1 for _ in rest)
    if more:
        yield f"the same for {more} more servers"


def _unknown(books: Sequence[Book], wanted: Selection) -> Iterator[str]:
    """A typing error must not look like a silent server."""
    known = {server for book in books for server in (*book.servers, *book.unborn)}
    for server in sorted((wanted.servers or frozenset()) - known):
        yield f"no server is called {server}; there are: {', '.join(sorted(known)[:20])}"
    domain = wanted.domain
    if domain is not None and not any(_has(book, domain) for book in books):
        yield f"no domain is called {domain}; --by domain lists the domains"


def _has(book: Book, domain: str) -> bool:
    return next(book.reading.keys(Scope.DOMAIN, domain=domain), None) is not None


def _kept(book: Book, server: str, first: int, *, hours: bool) -> str:
    hour = book.kept_hours[server] if hours else 0
    day = book.calendar.day(hour) if hour else 0 if hours else book.kept_days[server]
    what = "hours" if hours else "days"
    return (
        f"{server}: {what} before {date.fromordinal(day)} were deleted (see history in the configuration)"
        if first < day
        else ""
    )


def _begin(book: Book, server: str, first: int) -> str:
    """Says where a log begins, unless it begins with the range: earlier days are unknown."""
    born = book.servers[server].first_seen
    if book.calendar.day(born) < first or born < book.calendar.day_start(first) + HOUR:
        return ""
    return f"{server}: the log begins on {datetime.fromtimestamp(born, book.calendar.zone(born)):%Y-%m-%d at %H:%M}"


def _silence(book: Book, server: str, last: int) -> str:
    """Says where a log ends: after an import, later days are unknown."""
    day = book.calendar.day(book.servers[server].last_seen)
    return f"{server}: the newest line is from {date.fromordinal(day)}" if day < last else ""
