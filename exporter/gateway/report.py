"""The report behind the CSV link: the queries of the dashboards, with values for Grafana's variables."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dashboards.queries.lookups import Lookup, known, newest_sample, text_of
from dashboards.queries.steps import Steps
from dashboards.queries.terms import STEPS, Only, Series, filled, literal, one_of, zone_values
from dashboards.queries.totals import total
from exporter.catalogue import CONNECTIONS, MEASURES, Scope
from exporter.gateway.access import Rights
from exporter.gateway.asking import Asking
from exporter.gateway.question import Question
from exporter.gateway.remarks import qualities, query, remarked
from exporter.periods import Step, period_of
from exporter.reports.rows import COLUMNS, By, Column, Report, ReportRow

ANY_SERVER = ".+"  # as the dashboards' variable says All
QUERIES = len(COLUMNS) + 2  # of a trend: its columns, where its periods begin, and how many of their days are in it
Rows = list[dict[str, Any]]
Numbers = dict[str, int | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, by whom, and the values of the variables in its queries."""

    question: Question
    rights: Rights
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reporter:
    """Makes reports of a site whose days begin in `zone`, with `parallel` queries at once; `now`: its rules."""

    asking: Asking
    zone: ZoneInfo
    parallel: int = QUERIES

    async def report(self, question: Question, rights: Rights, now: datetime) -> Report:
        """The rows of the dashboard's table for the same choices. Refusal if Prometheus cannot be reached."""
        asked = Asked(question, rights, await self._values(question, now))
        rows = await (self._trend(asked) if question.by is By.TREND else self._names(asked))
        quality = await self.asking.rows(rights, query(_servers(question), asked.values["$until"]), _time(question))
        nothing = ReportRow("Total", (None,) * len(COLUMNS), (None,) * len(COLUMNS))
        return Report(
            question.by, question.step, question.first, question.last, remarked(rows, qualities(quality)), nothing
        )

    async def _values(self, question: Question, now: datetime) -> dict[str, str]:
        """For Grafana's variables; the hidden ones are looked up by the dashboards' own queries."""
        values = zone_values(self.zone.key, now) | {
            "${__from:date:seconds}": str(question.begin // 1000),
            "${__to:date:seconds}": str((question.end + 500) // 1000),  # rounded, as by Grafana
            "${__range_s}": str((question.end - question.begin + 500) // 1000),
            "$server": _servers(question),
            "$domain": literal((question.domains or ("",))[0]),
            "$domains": one_of(question.domains or ()),
            "$user": literal(question.user or ""),
            "$step": str(STEPS[question.step.capitalize()]),
        }
        for lookup in (newest_sample(), *known()):
            values[f"${lookup.name}"] = text_of(await self._found(lookup, values, question), lookup)
        return values

    async def _found(self, lookup: Lookup, values: dict[str, str], question: Question) -> list[str]:
        """What a hidden variable of the dashboards finds. Its rows only choose windows and servers."""
        rows = await self.asking.own_rows(filled(lookup.query, values), _time(question))
        if not lookup.label:
            return [_whole(row["value"][1]) for row in rows]
        names = sorted({row["metric"].get(lookup.label, "") for row in rows})
        return [one_of([name]) for name in names] if lookup.many else names

    async def _ask(self, queries: Sequence[str], asked: Asked) -> list[Rows]:
        free = asyncio.Semaphore(self.parallel)

        async def rows(query: str) -> Rows:
            async with free:
                return await self.asking.rows(asked.rights, filled(query, asked.values), _time(asked.question))

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(rows(query)) for query in queries]
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from several
        return [task.result() for task in tasks]

    async def _trend(self, asked: Asked) -> list[ReportRow]:
        question, scope = asked.question, _trend_scope(asked.question)
        steps = Steps(hours=scope.has_hours)
        queries = [steps.values(_series(question, scope, one), only_logged=_can_lack(one)) for one in COLUMNS]
        begins, covered, *columns = await self._ask([steps.begins(), steps.coverage(), *queries], asked)
        days = {row["metric"]["period"]: row["metric"]["days"] for row in covered}
        numbers = [_numbers(rows, "period") for rows in columns]
        found = []
        for begin, period in sorted((float(row["value"][1]), row["metric"]["period"]) for row in begins):
            if numbers[0].get(period) is not None:
                label = self._label(begin / 1000, question.step)
                found.append(_row(label, period, numbers, _covered(question.step, days.get(period))))
        return found if not question.sort else sorted(found, key=lambda row: _rank(row, question.sort))

    async def _names(self, asked: Asked) -> list[ReportRow]:
        question, scope = asked.question, Scope(asked.question.by.value)
        queries = [total(_series(question, scope, one), [scope], only_logged=_can_lack(one)) for one in COLUMNS]
        numbers = [_numbers(rows, scope) for rows in await self._ask(queries, asked)]
        found = [_row(name, name, numbers) for name, value in numbers[0].items() if value is not None]
        column = 1 if question.sort is None else question.sort
        found.sort(key=lambda row: row.label)
        return found if column == 0 else sorted(found, key=lambda row: _rank(row, column))

    def _label(self, begin: float, step: Step) -> str:
        local = datetime.fromtimestamp(begin, UTC).astimezone(self.zone)
        return local.isoformat() if step is Step.HOUR else period_of(local.date(), step).label


def _trend_scope(question: Question) -> Scope:
    """The scope of the trend: a domain administrator's trend is that of their domains."""
    if question.user is not None:
        return Scope.USER
    return Scope.SERVER if question.domains is None else Scope.DOMAIN


def _series(question: Question, scope: Scope, column: Column) -> list[Series]:
    single = question.domains is not None and len(question.domains) == 1 and question.by is By.TREND
    only = Only(
        domain="$domain" if single else None,
        domains=None if question.domains is None or single else "$domains",
        user=None if question.user is None else "$user",
    )
    return [Series(scope, MEASURES[measure], only) for measure in column.measures]


def _servers(question: Question) -> str:
    return one_of(question.servers) if question.servers else ANY_SERVER


def _can_lack(column: Column) -> bool:
    """As on the dashboards: every log has connections, and they say which rows exist."""
    return column.measures != (CONNECTIONS,)


def _time(question: Question) -> str:
    """The end of the range, as Grafana's instant queries have it."""
    return f"{question.end // 1000}.{question.end % 1000:03}"


def _whole(number: str) -> str:
    return str(int(float(number)))


def _numbers(rows: Rows, label: str) -> Numbers:
    """By the label's value; None is what the query says is not logged."""
    found: Numbers = {}
    for row in rows:
        value = float(row["value"][1])
        found[row["metric"].get(label, "")] = None if math.isnan(value) else round(value)
    return found


def _row(label: str, key: str, columns: Sequence[Numbers], days: tuple[int, int] | None = None) -> ReportRow:
    values = tuple(numbers.get(key) for numbers in columns)
    return ReportRow(label, values, (None,) * len(values), days)


def _covered(step: Step, days: str | None) -> tuple[int, int] | None:
    """`12 of 30` as numbers; a day is whole, an hour has no days."""
    if days is None:
        return (1, 1) if step is Step.DAY else None
    inside, _, whole = days.partition(" of ")
    return int(inside), int(whole)


def _rank(row: ReportRow, column: int | None) -> tuple[bool, int]:
    """Numbers fall, what is not logged comes last."""
    value = row.values[(column or 1) - 1]
    return value is None, -(value or 0)
