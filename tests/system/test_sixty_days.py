"""Every cell of every report, over sixty days, equals the log: from the ledger, and from a real Prometheus."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from dashboards.queries.steps import Steps
from dashboards.queries.terms import Only
from dashboards.queries.totals import total
from exporter.catalogue import Scope
from exporter.ledger.care import check
from exporter.ledger.reading import Reading
from exporter.periods import Step
from exporter.reports import COLUMNS, By, Report, report
from tests.history.comparing import Site, key, series
from tests.prometheus_server import PrometheusServer
from tests.system.lives import DAYS, Plan, lived, scratch
from tests.system.truth import LABELS, NOTHING, Event, Row, events, summed

DOMAINS = ("shop.example", "school.example", "club.example", "born.example", "away.example", "today.example", "unknown")
# The clock changes on the day whose number is given: 25 October, 1 November, 27 September, 24 April, 29 October.
AUTUMN = date(2026, 10, 1)
PLANS = (
    Plan("Europe/Berlin", AUTUMN, 24),
    Plan("America/New_York", AUTUMN, 31),
    Plan("Asia/Kolkata", AUTUMN, 30),
    Plan("Asia/Kathmandu", AUTUMN, 30),
    Plan("Pacific/Auckland", date(2026, 9, 1), 26),
    Plan("Africa/Cairo", date(2026, 4, 1), 23),
    Plan("Africa/Cairo", AUTUMN, 28),
    Plan("UTC", AUTUMN, 30),
)

pytestmark = pytest.mark.timeout(600)  # the sixty days are lived through in the first test's time


@dataclass(frozen=True)
class World:
    """What happened, and where it is written."""

    plan: Plan
    folder: Path
    found: list[Event]

    def between(self, first: date, last: date, domain: str | None = None) -> list[Event]:
        return [one for one in self.found if first <= one.day <= last and domain in {None, one.domain}]


def parameters() -> Iterable[object]:
    for number, plan in enumerate(PLANS):
        marks = [pytest.mark.slow] if number else []
        yield pytest.param(plan, id=f"{plan.zone} from {plan.first}", marks=marks)


@pytest.fixture(scope="module", params=parameters())
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """Sixty days in one zone."""
    plan: Plan = request.param
    with tempfile.TemporaryDirectory(dir=scratch()) as name:
        log = lived(Path(name), plan)
        yield World(plan, Path(name), events(log, plan.zone))


def ranges(plan: Plan) -> list[tuple[date, date]]:
    """All days, more than all, a part, and one day."""
    return [
        (plan.first, plan.last),
        (plan.first - timedelta(days=40), plan.last + timedelta(days=3)),
        (plan.day(6), plan.day(24)),
        (plan.day(plan.hours), plan.day(plan.hours)),
        (plan.last, plan.last),
    ]


def values(answer: Report) -> dict[str, Row]:
    """Rows by label; a cell that is not logged would be no Row."""
    return {row.label: row.values for row in answer.rows}  # type: ignore[misc]


def by_day(label: Callable[[date], str]) -> Callable[[Event], str]:
    return lambda event: label(event.day)


def without_zeros(rows: dict[str, Row]) -> dict[str, Row]:
    return {label: row for label, row in rows.items() if row != NOTHING}


def test_the_books_are_in_order(world: World) -> None:
    """The ledger's own check has nothing to say, and many days have cells of every column."""
    assert () == check(world.folder / "ledger.sqlite")
    days = summed(world.found, lambda event: event.day.isoformat())
    assert DAYS == len(days)
    for column in range(len(COLUMNS)):
        assert 20 < sum(row[column] > 0 for row in days.values())


def test_periods_equal_the_log(world: World) -> None:
    """Every day, week, month and quarter of the server and of each domain, in all five columns, from the ledger."""
    plan = world.plan
    with Reading(world.folder / "ledger.sqlite") as reading:
        for first, last in ranges(plan):
            # Days before the log have no row.
            begin = max(first, plan.first)
            days = [begin + timedelta(days=number) for number in range((min(last, plan.last) - begin).days + 1)]
            for step, label in LABELS.items():
                for domain in (None, *DOMAINS):
                    answer = report([reading], step=Step(step), first=first, last=last, domain=domain, clock=plan.clock)
                    sums = summed(world.between(first, last, domain), by_day(label))
                    expected = {label(day): sums.get(label(day), NOTHING) for day in days}
                    # Before anything is known of the log there is no number rather than 0.
                    found = {name: tuple(value or 0 for value in row) for name, row in values(answer).items()}
                    assert expected == found, (step, first, domain)


def test_hours_equal_the_log(world: World) -> None:
    """Every hour of each domain in the days that hours are kept, in all five columns, from the ledger."""
    plan = world.plan
    first = plan.last - timedelta(days=33)
    with Reading(world.folder / "ledger.sqlite") as reading:
        for domain in DOMAINS:
            answer = report([reading], step=Step.HOUR, first=first, last=plan.last, domain=domain, clock=plan.clock)
            expected = summed(world.between(first, plan.last, domain), lambda event: event.hour)
            assert expected == without_zeros(values(answer)), domain


def test_names_equal_the_log(world: World) -> None:
    """Every domain and every user, in all five columns, from the ledger."""
    plan = world.plan
    with Reading(world.folder / "ledger.sqlite") as reading:
        for first, last in ranges(plan):
            answer = report([reading], by=By.DOMAIN, first=first, last=last, clock=plan.clock)
            inside = world.between(first, last)
            assert summed(inside, lambda event: event.domain) == without_zeros(values(answer))
            for domain in (None, *DOMAINS):
                answer = report([reading], by=By.USER, domain=domain, first=first, last=last, clock=plan.clock)
                expected = summed(world.between(first, last, domain), lambda event: event.user)
                assert expected == without_zeros(values(answer)), (first, domain)


@pytest.mark.slow
@pytest.mark.tool("prometheus", "promtool")
def test_prometheus_equals_the_log(world: World) -> None:
    """The same of a real Prometheus that was away for hours, and for a day: that one has what its eve lacks."""
    plan = world.plan
    with Reading(world.folder / "ledger.sqlite") as reading, PrometheusServer(world.folder) as server:
        server.load_blocks(world.folder / "scraped.txt")
        site = Site(plan.zone, plan.clock, reading, server, DOMAINS)
        compare_periods(world, site)
        for first, last in ranges(plan):
            compare_names(world, site, max(first, plan.first), min(last, plan.last))
        compare_hours(world, site)


def compare_periods(world: World, site: Site) -> None:
    plan = world.plan
    for step, label in LABELS.items():
        steps, chosen = Steps(), site.values(plan.first, plan.last, Step(step))
        # What happened between the last scrape before a gap and midnight is in the gap's last day: docs/not-exact.md.
        eve, away = (key(label(plan.day(number)), Step(step), plan.first) for number in plan.gap[:2])
        for index, column in enumerate(COLUMNS):
            for domain in (None, *DOMAINS):
                scope = Scope.SERVER if domain is None else Scope.DOMAIN
                query = steps.values(series(column, scope, Only(servers=None, domain=domain)))
                truth = summed(world.between(plan.first, plan.last, domain), by_day(label))
                rows = {key(name, Step(step), plan.first): row[index] for name, row in truth.items() if row[index]}
                found = site.rows(query, chosen, "period")
                assert together(rows, eve, away) == together(found, eve, away), (step, column.name, domain)


def together(rows: dict[str, int], one: str, other: str) -> dict[str, int]:
    """The rows, where two periods are one."""
    if one == other or not {one, other} & set(rows):
        return rows
    return {name: value for name, value in rows.items() if name not in {one, other}} | {
        one: rows.get(one, 0) + rows.get(other, 0)
    }


def compare_names(world: World, site: Site, first: date, last: date) -> None:
    chosen = site.values(first, last)
    for index, column in enumerate(COLUMNS):
        domains = summed(world.between(first, last), lambda event: event.domain)
        query = total(series(column, Scope.DOMAIN, Only(servers=None)), ["domain"])
        expected = {name: row[index] for name, row in domains.items() if row[index]}
        assert expected == site.rows(query, chosen, "domain"), (first, column.name)
        for domain in DOMAINS:
            users = summed(world.between(first, last, domain), lambda event: event.user)
            wanted = series(column, Scope.USER, Only(servers=None, domain=domain))
            expected = {name: row[index] for name, row in users.items() if row[index]}
            assert expected == site.rows(total(wanted, ["user"]), chosen, "user"), (
                first,
                column.name,
                domain,
            )


def compare_hours(world: World, site: Site) -> None:
    plan = world.plan
    first, last = plan.day(plan.hours), plan.day(plan.hours + 1)
    chosen = site.values(first, last)
    steps = Steps(hours=True)
    for index, column in enumerate(COLUMNS):
        for domain in DOMAINS:
            truth = summed(world.between(first, last, domain), lambda event: event.hour)
            query = steps.values(series(column, Scope.DOMAIN, Only(servers=None, domain=domain)))
            expected = {key(name, Step.HOUR, first): row[index] for name, row in truth.items() if row[index]}
            assert expected == site.rows(query, chosen, "period"), (column.name, domain)
