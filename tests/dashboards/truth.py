"""What the cells of exact targets must say, added up from a site's events by their own stamps."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from dashboards.queries.terms import Series
from dashboards.targets import Meaning, Quantity
from exporter.catalogue import Scope
from exporter.periods import Step, period_of
from tests.dashboards.site import Event, Site, local
from tests.prometheus_server import Labels

Rows = Mapping[Labels, float]
Cell = tuple[tuple[str, ...], str]  # values of `by`, then the period's key ("" without one)


def numbered(first: date, step: str) -> str:
    """How the queries name the period of that step that begins on a date."""
    if step in {Step.DAY, Step.WEEK}:
        return str((first - date(1970, 1, 1)).days * 86_400)
    return str(first.year * 100 + (first.month if step == Step.MONTH else (first.month + 2) // 3))


@dataclass(frozen=True)
class View:
    """What is looked at: the range in UNIX seconds, the newest sample in it, and the variables."""

    site: Site
    begin: int
    end: int
    until: int
    step: str
    servers: frozenset[str]
    domain: str = ""
    user: str = ""
    names: Mapping[str, list[str]] | None = None  # of hidden variables

    def complaints(self, meaning: Meaning, rows: Rows) -> list[str]:
        """What is wrong with the rows of an exact target; empty: nothing."""
        judges: dict[Quantity | None, Callable[[Meaning, Rows], list[str]]] = {
            Quantity.STEPS: lambda one, rows: self._compare(rows, one, self._steps(one)),
            Quantity.TOTAL: lambda one, rows: self._compare(rows, one, self._total(one, self.begin, self.end + 1)),
            Quantity.TOP: lambda one, rows: self._top(rows, one, self._total(one, self.begin, self.end + 1)),
            Quantity.SHARES: lambda one, rows: self._compare(rows, one, self._shares(one)),
            Quantity.CHANGE: self._change,
            Quantity.BEGINS: self._begins,
            Quantity.COVERAGE: lambda _, rows: self._coverage(rows),
        }
        return judges[meaning.quantity](meaning, rows)

    def _wanted(self, series: Series) -> Callable[[Event], bool]:
        names = self.names or {}

        def wanted(event: Event) -> bool:
            return (
                event.server in self.servers
                and (series.only.domain is None or event.domain == self.domain)
                and (series.only.user is None or event.user == self.user)
                and (series.only.domains is None or event.domain in names[series.only.domains.removeprefix("$")])
                and (series.only.users is None or event.user in names[series.only.users.removeprefix("$")])
                and (series.scope is not Scope.USER or event.user is not None)
            )

        return wanted

    def _total(self, meaning: Meaning, begin: int, end: int) -> dict[Cell, int]:
        """Sums by `by` of the events that servers which log the measure have in the time."""
        sums: Counter[Cell] = Counter()
        for series in meaning.series:
            wanted = self._wanted(series)
            for event in self.site.between(begin, end):
                if wanted(event):
                    key = tuple(str(getattr(event, label)) for label in meaning.by)
                    logged = self.site.logs(event.server, series.measure.name)
                    sums[key, ""] += self.site.value(event, series.measure.name) if logged else 0
        return dict(sums)

    def _shares(self, meaning: Meaning) -> dict[Cell, int]:
        """The totals of the largest domains, and all others' as one."""
        names = self.names or {}
        largest = names[(meaning.series[0].only.domains or "").removeprefix("$")]
        everybody = [replace(one, only=replace(one.only, domains=None)) for one in meaning.series]
        sums: Counter[Cell] = Counter()
        for ((name,), _), value in self._total(
            replace(meaning, series=tuple(everybody)), self.begin, self.end + 1
        ).items():
            sums[(name if name in largest else "others",), ""] += value
        return dict(sums)

    def _steps(self, meaning: Meaning) -> dict[Cell, int]:
        sums: Counter[Cell] = Counter()
        for key, begin, end in self._periods():
            for (names, _), value in self._total(meaning, begin, end).items():
                sums[names, key] += value
        return dict(sums)

    def _periods(self) -> Iterator[tuple[str, int, int]]:
        """Key, begin and end of each hour or day of the log in the range; days of one period share its key."""
        if self.step == "Hour":
            for begin in range(self.begin, self.end, 3600):
                if begin <= self.until and begin + 3600 > self.began:
                    yield str(begin), begin, begin + 3600
            return
        for day in self.dates():
            first = period_of(day, Step(self.step.lower())).first
            yield (
                numbered(first, self.step.lower()),
                self.site.midnight(day),
                self.site.midnight(day + timedelta(days=1)),
            )

    def dates(self) -> list[date]:
        """The local dates that begin in the range and have begun, from the log's first on."""
        day = local(self.begin, self.site.zone).date()
        first = local(self.began, self.site.zone).date()
        found = []
        while (begin := self.site.midnight(day)) <= min(self.end, self.until):
            found += [day] if begin >= self.begin and day >= first else []
            day += timedelta(days=1)
        return found

    @property
    def began(self) -> int:
        """When the log of the chosen servers begins."""
        return min((event.stamp for event in self.site.events if event.server in self.servers), default=0)

    def _compare(self, rows: Rows, meaning: Meaning, truth: Mapping[Cell, int]) -> list[str]:
        """Every row is right, every cell that is not 0 has a row; NaN stands only where there is nothing."""
        seen: dict[Cell, float] = {}
        for labels, value in rows.items():
            named = dict(labels)
            seen[tuple(named.get(label, "") for label in meaning.by), named.get("period", "")] = value
        wrong = [
            f"{cell}: {value} of what no log has" for cell, value in seen.items() if self._silent(meaning, cell, value)
        ]
        wrong += [
            f"{cell}: {value}, not {truth.get(cell, 0)}"
            for cell, value in seen.items()
            if not (math.isnan(value) and truth.get(cell, 0) == 0) and value != truth.get(cell, 0)
        ]
        return wrong + [f"{cell}: no row, not {value}" for cell, value in truth.items() if value and cell not in seen]

    def _top(self, rows: Rows, meaning: Meaning, truth: dict[Cell, int]) -> list[str]:
        """Every row is right, and nothing larger is missing."""
        least = min(rows.values(), default=0)
        seen = {tuple(dict(labels).get(label, "") for label in meaning.by) for labels in rows}
        expected = {cell: value for cell, value in truth.items() if cell[0] in seen or value > least}
        return self._compare(rows, meaning, expected)

    def _silent(self, meaning: Meaning, cell: Cell, value: float) -> bool:
        """Whether a number stands where no server logs the measure."""
        named = dict(zip(meaning.by, cell[0], strict=True))
        servers = {named["server"]} if "server" in named else self.servers
        lacking = not any(self.site.logs(server, one.measure.name) for server in servers for one in meaning.series)
        return lacking and not math.isnan(value)

    def _change(self, meaning: Meaning, rows: Rows) -> list[str]:
        if not rows:
            return self._compare(rows, meaning, self._total(meaning, self.begin, self.end + 1))
        (labels, value), *others = rows.items()
        total = sum(self._total(meaning, self.begin, self.end + 1).values())
        if others or (value != total and not (math.isnan(value) and total == 0)):
            return [f"{dict(rows)}, not {total}"]
        # A server that has ended before the range has no hold in it, and counts for no comparison.
        here = frozenset(name for name in self.servers if self.site.gone.get(name, self.begin) >= self.begin)
        earlier = replace(self, servers=here)
        begin = self._begin_before()
        before = sum(earlier._total(meaning, begin, self.begin).values()) - earlier._not_yet(meaning)
        known = any(event.stamp <= begin for event in self.site.events if self._wanted(meaning.series[0])(event))
        expected = ""
        if known and before and not math.isnan(value):
            percent = math.floor(100 * (total / before - 1) + 0.5)
            expected = f"{percent:+d} % vs. before"
        return [] if dict(labels).get("change", "") == expected else [f"{labels}, not {expected} of {before}"]

    def _not_yet(self, meaning: Meaning) -> int:
        """Of the range before, what the last scrape had not yet shown when it was as old as this one is now."""
        until = max((at for at in self.site.scrapes if at <= self.end), default=self.end) + 60
        if until >= self.end - 3600:
            return 0
        then = 2 * self.begin - self.end - 1 + until - self.begin
        scrape = max((at for at in self.site.scrapes if at <= then), default=0)
        late = [
            event
            for event in self.site.between(2 * self.begin - self.end - 90_000, self.begin)
            if event.arrival > scrape
        ]
        return sum(replace(self, site=replace(self.site, events=late))._total(meaning, 0, self.begin).values())

    def _begin_before(self) -> int:
        """Where the range before begins: as long ago as the range is long, at the midnight next to that."""
        begin = 2 * self.begin - self.end - 1
        days = [local(begin + shift, self.site.zone).date() for shift in (-86_400, 0, 86_400)]
        return min((self.site.midnight(day) for day in days), key=lambda at: abs(at - begin))

    def _begins(self, meaning: Meaning, rows: Rows) -> list[str]:
        if not rows and not any(map(self._wanted(meaning.series[0]), self.site.events)):
            return []  # what is asked for does not exist
        found = {dict(labels)["period"]: datetime.fromtimestamp(value / 1000, UTC) for labels, value in rows.items()}
        first: dict[str, int] = {}
        for key, begin, _ in self._periods():
            first.setdefault(key, begin)
        if set(found) != set(first):
            return [f"periods {sorted(set(found) ^ set(first))}"]
        shown = {key: local(int(at.timestamp()), self.site.zone) for key, at in found.items()}
        whole = "%Y-%m-%d %H" if self.step == "Hour" else "%Y-%m-%d"
        wanted = {key: local(begin, self.site.zone).strftime(whole) for key, begin in first.items()}
        return [f"{key}: {at}, not {wanted[key]}" for key, at in shown.items() if at.strftime(whole) != wanted[key]]

    def _coverage(self, rows: Rows) -> list[str]:
        expected: dict[str, tuple[str, float]] = {}
        days: defaultdict[str, list[date]] = defaultdict(list)
        for day in self.dates() if self.step not in {"Hour", "Day"} else ():
            step = self.step.lower()
            days[numbered(period_of(day, Step(step)).first, step)].append(day)
        for key, covered in days.items():
            whole = period_of(covered[0], Step(self.step.lower())).days
            expected[key] = f"{len(covered)} of {whole}", len(covered) / whole
        found: dict[str, Any] = {
            dict(labels)["period"]: (dict(labels)["days"], value) for labels, value in rows.items()
        }
        return [] if found == expected else [f"{found}, not {expected}"]
