"""The cells of the dashboards' tables as the log has them, raw and as Grafana writes them (English)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from exporter.periods import Step, period_of
from tests.dashboards.grafana import ALL
from tests.dashboards.site import Event, Site, dates, local
from tests.dashboards.test_numbers import Asked

REPORT = {
    "New connections": ("connections",),
    "Blocked connections": ("blocked_connections",),
    "Bad commands": ("bad_command_connections",),
    "Terminations": ("terminations",),
    "Bandwidth": ("received_bytes", "sent_bytes"),
}
USERS = {**REPORT, "Login failures": ("login_failures",)}
ACCOUNT = {**REPORT, "Logins": ("logins",), "Login failures": ("login_failures",)}
NOT_LOGGED = None

Cell = str | int | None
Columns = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Table:
    """Titles and rows; the first column is a name or the begin of a period in milliseconds."""

    titles: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    write: Callable[[Cell], str] = str  # the first column
    bounds: frozenset[str] = frozenset()  # the titles of which the log has a part only

    def raw(self) -> list[list[str]]:
        """As in a CSV without formats."""
        return [list(self.titles), *([raw(cell) for cell in row] for row in self.rows)]

    def formatted(self) -> list[list[str]]:
        """As in one with formats: an empty cell is empty there, too."""
        rows = [
            [text if cell is not None else "" for text, cell in zip(self.texts(row), row, strict=True)]
            for row in self.rows
        ]
        return [list(self.titles), *rows]

    def texts(self, row: Sequence[Cell]) -> list[str]:
        """A row as it is shown."""
        first, *others = row
        cells = zip(self.titles[1:], others, strict=True)
        return [self.write(first), *(shown(cell, title, is_bound=title in self.bounds) for title, cell in cells)]


def by_name(site: Site, asked: Asked, label: str, columns: Columns, domain: str | None = None) -> Table:
    """A row per server, domain or user with events in the range, the most connections first."""
    groups: dict[str, list[Event]] = {}
    for event in site.between(asked.begin, asked.end + 1):
        name = getattr(event, label)
        if name is not None and domain in {None, event.domain}:
            groups.setdefault(name, []).append(event)
    rows = [[name, *(cell(site, events, measures) for measures in columns.values())] for name, events in groups.items()]
    rows.sort(key=lambda row: -int(row[1] or 0))
    return Table([label.capitalize(), *columns], rows, bounds=bounds(site, asked))


def by_step(site: Site, asked: Asked, step: Step, columns: Columns, only: Callable[[Event], bool]) -> Table:
    """A row per day or longer period, the oldest first; without days there is no column for them."""
    periods: dict[date, list[date]] = {}
    for day in dates(asked.first, asked.last):
        periods.setdefault(period_of(day, step).first, []).append(day)
    known = [event for event in site.events if only(event)]
    rows: list[list[Cell]] = []
    for days in periods.values():
        begin, end = site.midnight(days[0]), site.midnight(days[-1] + timedelta(days=1))
        inside = [event for event in site.between(begin, end) if only(event)]
        covered = [] if step is Step.DAY else [f"{len(days)} of {period_of(days[0], step).days}"]
        numbers = [cell(site, inside, measures, known) for measures in columns.values()]
        rows.append([begin * 1000, *covered, *numbers])
    labels = {site.midnight(days[0]) * 1000: _label(days[0], step) for days in periods.values()}
    titles = ["Period", *([] if step is Step.DAY else ["Days"]), *columns]
    return Table(titles, rows, lambda begin: labels[int(begin or 0)], bounds(site, asked))


def by_hour(site: Site, asked: Asked, columns: Columns, only: Callable[[Event], bool]) -> Table:
    """A row per hour of the whole days asked for; one that the clock repeats is two."""
    known = [event for event in site.events if only(event)]
    rows: list[list[Cell]] = []
    for begin in range(asked.begin, asked.end, 3600):
        inside = [event for event in site.between(begin, begin + 3600) if only(event)]
        rows.append([begin * 1000, *(cell(site, inside, measures, known) for measures in columns.values())])
    hour = "%F %H:00 %Z"
    titles = ["Period", *columns]
    return Table(titles, rows, lambda at: f"{local(int(at or 0) // 1000, site.zone):{hour}}", bounds(site, asked))


def bounds(site: Site, asked: Asked) -> frozenset[str]:
    """The columns of which some chosen server's log has a part only, or one half of the bandwidth."""
    servers = {event.server for event in site.events if asked.servers == ALL or event.server in asked.servers}
    halves = [[site.logs(server, name) for name in USERS["Bandwidth"]] for server in servers]
    found = {title for title, names in ACCOUNT.items() for one in servers if _is_part(site, one, names)}
    return frozenset(found | ({"Bandwidth"} if any(any(one) and not all(one) for one in halves) else set()))


def _is_part(site: Site, server: str, names: Sequence[str]) -> bool:
    return any(site.quality.get((server, name)) == "lower_bound" for name in names)


def cell(site: Site, events: Iterable[Event], measures: Sequence[str], known: Sequence[Event] = ()) -> int | None:
    """The sum over the servers that log the measure; `known`: events that tell which servers there are."""
    events = list(events)
    servers = {event.server for event in known or events}
    if not any(site.logs(server, name) for server in servers for name in measures):
        return NOT_LOGGED
    return sum(site.value(event, name) for event in events for name in measures if site.logs(event.server, name))


def raw(value: Cell) -> str:
    return "" if value is NOT_LOGGED else str(value)


def shown(value: Cell, title: str, *, is_bound: bool = False) -> str:
    """`1,234`, `62.1 MB`, `not logged`; of what the log has a part only `≥ 1234`, `62.1 MB or more`."""
    if value is NOT_LOGGED:
        return "not logged"
    if isinstance(value, str):
        return value
    if is_bound:
        return f"{_bytes(value)} or more" if title == "Bandwidth" else f"≥ {value}"
    return _bytes(value) if title == "Bandwidth" else f"{value:,}"


def _bytes(value: int) -> str:
    size, units = float(value), ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000:
        size, units = size / 1000, units[1:]
    return f"{size:.1f} {units[0]}"


def _label(day: date, step: Step) -> str:
    return f"{day:%a %Y-%m-%d}" if step is Step.DAY else period_of(day, step).label
