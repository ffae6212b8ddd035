"""The report of one server group, domain or user: totals, charts and table by step."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafanalib import core

from dashboards import frames, looks, panels, theme
from dashboards.dashboard import Zone
from dashboards.looks import PARTS, PERIOD, STYLES, at_least, chart_styles, period_styles
from dashboards.panels import Override, Place
from dashboards.queries.lookups import PSEUDO
from dashboards.queries.steps import Steps
from dashboards.queries.terms import Only, Series
from dashboards.queries.totals import total, total_before, with_change
from dashboards.targets import PanelTarget, Quantity, Target, exact
from dashboards.theme import Column
from exporter.catalogue import Scope

CHART, BANDWIDTH, TABLE, ERRORS, TOTALS = 3, 4, 5, 2, 10  # the tiles of the totals: 10, 11, ...
TILE_WIDTH, TILE_HEIGHT, TILES_A_ROW = 8, 3, 3  # so that titles are whole beside Grafana's menu
CHART_WIDTH, CHART_HEIGHT = 8, 10
HEADING = 136  # the width of "New connections" with its arrow and filter
SHORT_LEGEND = 3  # rows that fit into that height
MONTH_OF_ROWS = 33
DAYS = "Days"


@dataclass(frozen=True, slots=True)
class Report:
    """What is reported: one scope, which of its series, and by which columns."""

    here: str  # uid of the dashboard
    zone: Zone
    scope: Scope
    only: Only
    columns: Sequence[Column] = theme.REPORT

    @property
    def steps(self) -> Steps:
        return Steps(hours=self.scope.has_hours)

    def series(self, column: Column) -> list[Series]:
        return [Series(self.scope, measure, self.only) for measure in column.measures]

    @staticmethod
    def can_lack(column: Column) -> bool:
        """Whether a log may not have the column; connections are in every log, and say which rows exist."""
        return column is not theme.NEW_CONNECTIONS

    def totals(self, corner: tuple[int, int]) -> list[core.Panel]:
        """A tile per column, three in a row: the number of the range and its change."""
        x, y = corner
        return [
            self._tile(
                TOTALS + index,
                (
                    x + index % TILES_A_ROW * TILE_WIDTH,
                    y + index // TILES_A_ROW * TILE_HEIGHT,
                    TILE_WIDTH,
                    TILE_HEIGHT,
                ),
                column,
            )
            for index, column in enumerate(self.columns)
        ]

    def _tile(self, number: int, place: Place, column: Column) -> core.Panel:
        series = self.series(column)
        whole = total(series, [], only_logged=self.can_lack(column))
        if len(series) == 1 or self.scope is Scope.SERVER:
            whole, quantity = with_change(whole, total(series, []), total_before(series, [])), Quantity.CHANGE
        else:
            quantity = Quantity.TOTAL  # of both with their change the text would be too long for some engines
        target = exact("A", whole, quantity, series)
        target.format, target.legendFormat = "time_series", "$bounds"  # so that it is drawn anew when they change
        bound = rf"\b({looks.measures_of(column)})\b"
        return panels.tile(
            number,
            column.title,
            place,
            f"{column.meaning} Counts whole days: those that begin in the range, or the day in which it lies."
            " The change compares with the range of the same length before; a range that is not over yet is"
            " compared with the same part of it.",
            target,
            unit=column.unit,
            words="value_and_name",
            looks={
                "noValue": "-",
                "color": panels.fixed(column.colour if column.is_error else theme.GREY),
                "mappings": panels.CALM,
            },
            overrides=[
                *panels.lower_bound(bound, column.unit),
                panels.by_type("number", {"displayName": "${__field.labels.change} "}),
            ],
        )

    def charts(self, y: int) -> list[core.Panel]:
        """Side by side: connections, which hold all queries, errors, which are few beside them, and bytes."""
        # Logins would stand before the connections and hide them.
        elsewhere = [one for one in self.columns if one.is_error or one.unit == theme.BYTES or one is theme.LOGGED_IN]
        errors = [one for one in self.columns if one.is_error]
        size = CHART_WIDTH, CHART_HEIGHT + (len(errors) > SHORT_LEGEND)
        hide = {"custom.hideFrom": {"viz": True, "legend": True, "tooltip": True}}
        shown = [one for one in self.columns if one not in elsewhere]
        return [
            panels.lines(
                CHART,
                "Connections by ${step:text}",
                (0, y, *size),
                "New connections. Click a name in the legend to show only that one.",
                self._targets(),
                unit=theme.COUNT,
                overrides=[*chart_styles(shown), *(panels.by_name(column.title, hide) for column in elsewhere)],
                custom={"barAlignment": 1},
                calcs=["sum", "max"],
                transformations=[*self._transformations(), frames.following("chart", "bounds")],
            ),
            self._part(
                ERRORS,
                "Errors by ${step:text}",
                (8, y, *size),
                "Blocked connections, terminations, bad commands and failed logins, on an axis of their own"
                " because they are few compared with connections.",
                errors,
                calcs=["sum"],
            ),
            self._part(
                BANDWIDTH,
                "Bandwidth by ${step:text}",
                (16, y, *size),
                "Bytes received and sent, as logged by the server. Servers that do not log bytes are left out.",
                [one for one in self.columns if one.unit == theme.BYTES],
                empty=panels.NO_BYTES,
            ),
        ]

    def _part(
        self,
        number: int,
        title: str,
        place: Place,
        description: str,
        columns: Sequence[Column],
        *,
        empty: str = panels.NOTHING,
        calcs: Sequence[str] = ("sum", "max"),
    ) -> core.Panel:
        """Some columns of the first chart's rows as a chart of their own."""
        return panels.lines(
            number,
            title,
            place,
            description,
            [PanelTarget(CHART)],
            unit=columns[0].unit,
            overrides=chart_styles(columns, PARTS if len(columns) > 1 else STYLES),
            custom={"barAlignment": 1},
            calcs=calcs,
            defaults={"noValue": empty},
            transformations=[
                frames.only(PERIOD, *(column.title for column in columns)),
                frames.following("chart", "bounds"),
            ],
        )

    def table(self, y: int) -> core.Panel:
        """The same as rows, a month at once; its source is the chart, so its CSV is the table."""
        return panels.table(
            TABLE,
            "Report by ${step:text}",
            (0, y, 24, MONTH_OF_ROWS),
            "One row per period; click a heading to sort. Days: how many days of the period are in the range"
            " and have begun. To download: panel menu, Inspect, Data, Download CSV.",
            [PanelTarget(CHART)],
            sort=(PERIOD, True),
            overrides=[
                *period_styles(),
                panels.by_name(DAYS, {"custom.width": 69, "custom.filterable": False}),
                *self.looks(),
            ],
            totals=self.titles,
            transformations=[frames.following("bounds")],
            paged=False,
        )

    def total_targets(self, *by: str) -> list[Target]:
        """The totals of the range as rows by labels, a target per column; see `fields`."""
        targets = []
        for ref, column in zip("ABCDEFGH", self.columns, strict=False):
            series = self.series(column)
            expr = total(series, by, only_logged=self.can_lack(column))
            targets.append(exact(ref, expr, Quantity.TOTAL, series, by))
        return targets

    def fields(self) -> dict[str, str]:
        """What Grafana calls the columns of the targets A, B, ... and what we do."""
        return {f"Value #{ref}": column.title for ref, column in zip("ABCDEFGH", self.columns, strict=False)}

    def joined(self, label: str) -> list[Override]:
        """The rows of `total_targets(label)` as one table, which keeps the label's column."""
        first = self.columns[0].title
        name = label.capitalize()
        joined = frames.joined(label, self.fields(), keep=name, filled=first)
        counts = [one.title for one in self.columns if one is not theme.TRAFFIC]
        rest = frames.without_empty(name, PSEUDO, counts, theme.TRAFFIC.title)  # no domains or users, so no news
        return [*joined, frames.empty_for_nan(self.titles), *rest]

    def merged(self, *labels: str) -> list[Override]:
        """The same by several labels."""
        named = {label: label.capitalize() for label in labels}
        merged = frames.merged(named, self.fields(), filled=self.columns[0].title)
        return [*merged, frames.empty_for_nan(self.titles)]

    @property
    def titles(self) -> list[str]:
        return [column.title for column in self.columns]

    def looks(self) -> list[Override]:
        """The columns in a table, a bar in the cells of the first."""
        columns = [panels.column(one, bar=one is self.columns[0]) for one in self.columns]
        return [*columns, *at_least(self.columns), panels.unlogged()]

    def roomy(self) -> Override:
        """The first column beside names, wide enough for its heading on a telephone."""
        return panels.by_name(self.titles[0], {"custom.minWidth": HEADING})

    def _targets(self) -> list[Target]:
        steps = self.steps
        known = self.series(self.columns[0])[0]
        targets = [exact("P", steps.begins(known), Quantity.BEGINS, [known])]
        for ref, column in zip("ABCDEFGH", self.columns, strict=False):
            series = self.series(column)
            targets.append(exact(ref, steps.values(series, only_logged=self.can_lack(column)), Quantity.STEPS, series))
        return [*targets, exact("Z", steps.coverage(), Quantity.COVERAGE)]

    def _transformations(self) -> list[Override]:
        fields = {"Value #P": PERIOD, "days": DAYS} | self.fields()
        joined = frames.joined("period", fields, filled=self.columns[0].title)
        return [*joined, frames.empty_for_nan(self.titles), frames.converted(PERIOD, "time"), frames.sorted_by(PERIOD)]
