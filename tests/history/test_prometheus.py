"""What Prometheus answers to the dashboards' queries from exported history is what the ledger reports."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from dashboards.queries import BANDWIDTH, Chosen, Only, Range, Series, Steps, Windows, total, wide_total
from exporter.catalogue import MEASURES, Scope
from exporter.history import export_openmetrics
from exporter.ledger.reading import Reading
from exporter.periods import Step, period_of
from exporter.reports import COLUMNS, By, Column, report
from tests.history.sites import USERS, history
from tests.prometheus_server import PrometheusServer
from tests.reports.ledgers import at

FIRST, LAST = date(2026, 9, 29), date(2026, 11, 3)
DAY = 86_400
DOMAINS = ("a.example", "b.example", "c.example", "late.example", "early.example", "unknown")

pytestmark = pytest.mark.tool("prometheus", "promtool")


@dataclass(frozen=True)
class Exported:
    """A ledger, and a Prometheus that has nothing but its export."""

    zone: str
    clock: int
    reading: Reading
    server: PrometheusServer

    def range(self, first: date, last: date) -> Range:
        """As Grafana puts it: from the first second to the last one, and the newest sample in between."""
        begin = self.reading.calendar.day_start(first.toordinal())
        end = self.reading.calendar.day_start(last.toordinal() + 1) - 1
        newest = self.server.query(f"floor(max(max_over_time(pop3_exporter_time_seconds[{end - begin}s]))) + 60", end)
        return Range.of(begin, end, int(newest[()]))

    def windows(self) -> Windows:
        """The constants of the site's zone."""
        return Windows.of(self.zone, datetime.fromtimestamp(self.clock, UTC))

    def rows(self, query: str, range_: Range, label: str) -> dict[str, int]:
        """Rows that are not 0, by the value of a label."""
        answer = self.server.query(query, float(range_.end))
        assert all(value.is_integer() for value in answer.values())
        return {dict(labels)[label]: int(value) for labels, value in answer.items() if value}


def series(column: Column, scope: Scope, only: Only) -> list[Series]:
    """The series of a report's column."""
    assert not column.is_bytes or tuple(MEASURES[measure] for measure in column.measures) == BANDWIDTH
    return [Series(scope, MEASURES[measure], only) for measure in column.measures]


def reported(exported: Exported, column: int, **how: object) -> dict[str, int]:
    """The ledger's own answer: rows that are not 0."""
    found = report([exported.reading], clock=exported.clock, **how)  # type: ignore[arg-type]
    return {row.label: value for row in found.rows if (value := row.values[column])}


def key(label: str, step: Step) -> str:
    """The number by which Prometheus names a period: its first date, or the UNIX time of an hour."""
    if step is Step.HOUR:
        return str(int(datetime.fromisoformat(label).timestamp()))
    days = (date.fromordinal(day) for day in range(FIRST.toordinal() - 100, LAST.toordinal() + 1))
    return next(f"{period.first:%Y%m%d}" for day in days if (period := period_of(day, step)).label == label)


ZONES = (
    "Europe/Berlin",
    *(pytest.param(zone, marks=pytest.mark.slow) for zone in ("UTC", "Asia/Kolkata", "America/New_York")),
)


@pytest.fixture(scope="module", params=ZONES)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exported]:
    """Five weeks of history over the autumn change, exported in the afternoon of the last day."""
    zone = str(request.param)
    directory = tmp_path_factory.mktemp(zone.replace("/", "-"))
    clock = at(zone, f"{LAST}T15:20")
    with (
        Reading(history(directory / "ledger.sqlite", zone, FIRST, LAST, clock)) as reading,
        PrometheusServer(directory) as server,
    ):
        export_openmetrics([reading], directory / "history.txt", clock=clock)
        server.load_blocks(directory / "history.txt")
        yield Exported(zone, clock, reading, server)


RANGES = [
    pytest.param(FIRST, LAST, id="all"),
    pytest.param(date(2026, 8, 1), date(2026, 11, 30), id="more than there is"),
    pytest.param(date(2026, 10, 12), date(2026, 10, 27), id="a part, over the change of the clock"),
    pytest.param(date(2026, 10, 14), date(2026, 10, 14), id="a day"),
    pytest.param(LAST, LAST, id="today"),
]


@pytest.mark.parametrize(("first", "last"), RANGES)
def test_steps_equal_the_ledger(exported: Exported, first: date, last: date) -> None:
    """Every day, week, month and quarter, of the server and of each domain, in all five columns."""
    range_, compared = exported.range(first, last), 0
    for step in (Step.DAY, Step.WEEK, Step.MONTH, Step.QUARTER):
        steps = Steps(exported.windows(), range_, Chosen.of(step.capitalize()))
        for index, column in enumerate(COLUMNS):
            for domain in (None, *DOMAINS):
                scope = Scope.SERVER if domain is None else Scope.DOMAIN
                query = steps.values(series(column, scope, Only(servers=None, domain=domain)))
                expected = reported(exported, index, by=By.TREND, step=step, first=first, last=last, domain=domain)
                compared += len(expected)
                assert {key(label, step): value for label, value in expected.items()} == exported.rows(
                    query, range_, "period"
                ), (step, column.name, domain)
    assert compared


@pytest.mark.parametrize(("first", "last"), RANGES)
def test_totals_equal_the_ledger(exported: Exported, first: date, last: date) -> None:
    """Domains, the users of each domain, and the wide table of all users."""
    range_ = exported.range(first, last)
    days = {"first": first, "last": last}
    for index, column in enumerate(COLUMNS):
        query = total(series(column, Scope.DOMAIN, Only(servers=None)), ["domain"], range_)
        assert reported(exported, index, by=By.DOMAIN, **days) == exported.rows(query, range_, "domain")
        for domain in DOMAINS:
            users = series(column, Scope.USER, Only(servers=None, domain=domain))
            expected = reported(exported, index, by=By.USER, domain=domain, **days)
            assert expected == exported.rows(total(users, ["user"], range_), range_, "user")
        wide = wide_total(series(column, Scope.USER, Only(servers=None)), ["user"], range_)
        assert reported(exported, index, by=By.USER, **days) == exported.rows(wide, range_, "user")


@pytest.mark.parametrize(
    ("first", "last"),
    [pytest.param(date(2026, 10, 15), date(2026, 10, 27), id="clock change"), pytest.param(LAST, LAST, id="today")],
)
def test_hours_equal_the_ledger(exported: Exported, first: date, last: date) -> None:
    """Every hour of each domain, both hours of an autumn night and the one that runs."""
    range_ = exported.range(first, last)
    steps = Steps(exported.windows(), range_, Chosen.of("Hour"), hours=True)
    for index, column in enumerate(COLUMNS):
        for domain in DOMAINS:
            query = steps.values(series(column, Scope.DOMAIN, Only(servers=None, domain=domain)))
            how: Mapping[str, object] = {"step": Step.HOUR, "domain": domain, "first": first, "last": last}
            expected = {key(label, Step.HOUR): value for label, value in reported(exported, index, **how).items()}
            assert expected == exported.rows(query, range_, "period"), (column.name, domain)


@pytest.mark.parametrize("step", [Step.DAY, Step.HOUR])
def test_periods_without_events_are_rows(exported: Exported, step: Step) -> None:
    """From its birth on a domain has a value for every day and hour that has begun: 0 is not a hole in the chart."""
    first, last = date(2026, 10, 20), LAST
    steps = Steps(exported.windows(), exported.range(first, last), Chosen.of(step.capitalize()), hours=True)
    for domain in ("a.example", "c.example", "late.example"):
        query = steps.values(series(COLUMNS[0], Scope.DOMAIN, Only(servers=None, domain=domain)))
        answer = exported.server.query(query, float(steps.range.end))
        rows = report([exported.reading], step=step, first=first, last=last, domain=domain, clock=exported.clock).rows
        assert {key(row.label, step) for row in rows} == {dict(labels)["period"] for labels in answer}


def test_the_history_has_what_makes_it_hard(exported: Exported) -> None:
    """All users were born, and the two that are born at the edges of a day."""
    users = {one.labels[2] for one in exported.reading.keys(Scope.USER)}
    assert {*USERS, "eve@late.example", "eve@early.example"} == users
