"""Comparing what Prometheus answers to the dashboards' queries with what the ledger reports, cell by cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from dashboards.queries.lookups import known, newest_sample, text_of, zone
from dashboards.queries.steps import Steps
from dashboards.queries.terms import BANDWIDTH, STEPS, Only, Series, filled
from dashboards.queries.totals import total
from exporter.catalogue import MEASURES, Scope
from exporter.ledger.reading import Reading
from exporter.periods import Step, period_of
from exporter.reports import COLUMNS, By, Column, report
from tests.dashboards.truth import numbered
from tests.prometheus_server import PrometheusServer

DOMAINS = ("a.example", "b.example", "c.example", "late.example", "early.example", "unknown")
LONG_STEPS = (Step.DAY, Step.WEEK, Step.MONTH, Step.QUARTER)


@dataclass(frozen=True)
class Site:
    """A ledger, read at `clock`, and a Prometheus that is to give the same answers."""

    zone: str
    clock: int
    reading: Reading
    server: PrometheusServer
    domains: tuple[str, ...] = DOMAINS

    def values(self, first: date, last: date, step: Step = Step.HOUR) -> dict[str, str]:
        """As Grafana puts it: from midnight to midnight, and what the hidden variables find."""
        begin = self.reading.calendar.day_start(first.toordinal())
        end = self.reading.calendar.day_start(last.toordinal() + 1)
        values = {
            "${__from:date:seconds}": str(begin),
            "${__to:date:seconds}": str(end),
            "${__range_s}": str(end - begin),
            "$server": ".+",
            "$step": str(STEPS[step.capitalize()]),
        }
        for lookup in (newest_sample(), *zone(), *known()):
            rows = self.server.query(filled(lookup.query, values), end)
            found = [dict(labels)[lookup.label] if lookup.label else f"{value:.0f}" for labels, value in rows.items()]
            values[f"${lookup.name}"] = text_of(found, lookup)
        return values

    def rows(self, query: str, values: Mapping[str, str], label: str) -> dict[str, int]:
        """Rows that are not 0, by the value of a label."""
        answer = self.server.query(filled(query, values), float(values["${__to:date:seconds}"]))
        assert all(value.is_integer() for value in answer.values())
        return {dict(labels)[label]: int(value) for labels, value in answer.items() if value}


def series(column: Column, scope: Scope, only: Only) -> list[Series]:
    """The series of a report's column."""
    assert not column.is_bytes or tuple(MEASURES[measure] for measure in column.measures) == BANDWIDTH
    return [Series(scope, MEASURES[measure], only) for measure in column.measures]


def reported(site: Site, column: int, **how: object) -> dict[str, int]:
    """The ledger's own answer: rows that are not 0."""
    found = report([site.reading], clock=site.clock, **how)  # type: ignore[arg-type]
    return {row.label: value for row in found.rows if (value := row.values[column])}


def key(label: str, step: Step, first: date) -> str:
    """The number by which Prometheus names a period."""
    if step is Step.HOUR:
        return str(int(datetime.fromisoformat(label).timestamp()))
    days = (date.fromordinal(first.toordinal() + number) for number in range(400))
    return next(numbered(period.first, step) for day in days if (period := period_of(day, step)).label == label)


def compare_steps(site: Site, first: date, last: date) -> None:
    """Days, weeks, months and quarters of the servers and of each domain, in all five columns."""
    compared = 0
    for step in LONG_STEPS:
        steps, chosen = Steps(), site.values(first, last, step)
        for index, column in enumerate(COLUMNS):
            for domain in (None, *site.domains):
                scope = Scope.SERVER if domain is None else Scope.DOMAIN
                query = steps.values(series(column, scope, Only(servers=None, domain=domain)))
                found = reported(site, index, by=By.TREND, step=step, first=first, last=last, domain=domain)
                compared += len(found)
                expected = {key(label, step, first): value for label, value in found.items()}
                assert expected == site.rows(query, chosen, "period"), (step, column.name, domain)
    assert compared


def compare_totals(site: Site, first: date, last: date, known: date | None = None) -> None:
    """Domains, the users of each domain, and the wide table of all users; `known`: there is nothing before."""
    chosen = site.values(first, last)
    first = known or first
    for index, column in enumerate(COLUMNS):
        query = total(series(column, Scope.DOMAIN, Only(servers=None)), ["domain"])
        expected = reported(site, index, by=By.DOMAIN, first=first, last=last)
        assert expected == site.rows(query, chosen, "domain")
        for domain in site.domains:
            users = series(column, Scope.USER, Only(servers=None, domain=domain))
            expected = reported(site, index, by=By.USER, domain=domain, first=first, last=last)
            assert expected == site.rows(total(users, ["user"]), chosen, "user"), (
                column.name,
                domain,
            )
        wide = total(series(column, Scope.USER, Only(servers=None)), ["user"])
        expected = reported(site, index, by=By.USER, first=first, last=last)
        assert expected == site.rows(wide, chosen, "user"), column.name


def compare_hours(site: Site, first: date, last: date) -> None:
    """Every hour of each domain."""
    chosen = site.values(first, last)
    steps = Steps(hours=True)
    for index, column in enumerate(COLUMNS):
        for domain in site.domains:
            query = steps.values(series(column, Scope.DOMAIN, Only(servers=None, domain=domain)))
            found = reported(site, index, step=Step.HOUR, domain=domain, first=first, last=last)
            expected = {key(label, Step.HOUR, first): value for label, value in found.items()}
            assert expected == site.rows(query, chosen, "period"), (column.name, domain)
