"""How the columns of a report look, in charts and tables: by the chart type, the step, and what is a lower bound."""

from collections.abc import Sequence

from dashboards import panels, theme
from dashboards.panels import Override
from dashboards.queries.terms import STEP_FORMATS
from dashboards.theme import Column
from dashboards.variables import CHARTS

PERIOD = "Period"
PERIOD_WIDTHS = {"Hour": 190, "Day": 130}

# What each choice of the variable `chart` draws.
Styles = dict[str, dict[str, object]]
BARS: dict[str, object] = {"custom.drawStyle": "bars", "custom.fillOpacity": 80, "custom.lineWidth": 0}
STACKED: dict[str, object] = {"custom.stacking": {"mode": "normal", "group": "A"}}
STYLES: Styles = {
    "bars": BARS,
    "stacked": BARS | STACKED,
    "lines": {"custom.drawStyle": "line", "custom.fillOpacity": 0, "custom.lineWidth": 2},
    "area": {"custom.drawStyle": "line", "custom.fillOpacity": 40, "custom.lineWidth": 1},
    "points": {"custom.drawStyle": "points", "custom.pointSize": 8, "custom.showPoints": "always"},
}
# The same where one bar or area would hide the other.
PARTS: Styles = STYLES | {name: STYLES[name] | STACKED for name in ("bars", "area")}


def at_least(columns: Sequence[Column]) -> list[Override]:
    """The measures that are lower bounds go into each name, choose the unit there, and the name is set back."""
    named = [panels.by_regexp(f"^{one.title}$", {"displayName": f"{one.title} [${{bounds:csv}}]"}) for one in columns]
    styled = [
        panels.by_regexp(rf"^{one.title} \[.*\b({measures_of(one)})\b", {"unit": theme.AT_LEAST[one.unit]})
        for one in columns
    ]
    back = [panels.by_regexp(rf"^{one.title} \[", {"displayName": one.title}) for one in columns]
    return [*named, *styled, *back]


def measures_of(column: Column) -> str:
    return "|".join(measure.name for measure in column.measures)


def chart_styles(columns: Sequence[Column], styles: Styles = STYLES) -> list[Override]:
    """The chosen type goes into each name, styles the series there, and the name is set back, with ≥ if it is one."""
    named = [
        panels.by_regexp(
            f"^{column.title}$", {"displayName": f"{column.title} ($chart) [${{bounds:csv}}]", "unit": column.unit}
        )
        for column in columns
    ]
    styled = [panels.by_regexp(rf"\({chart}\) \[", styles[chart]) for chart in CHARTS.values()]
    # In the name, for a unit with the sign would have an axis of its own.
    parts = [
        panels.by_regexp(
            rf"^{column.title} \(.*\[.*\b({measures_of(column)})\b", {"displayName": f"{column.title} {theme.PART}"}
        )
        for column in columns
    ]
    back = [panels.by_regexp(rf"^{column.title} \(", {"displayName": column.title}) for column in columns]
    coloured = [
        panels.by_regexp(rf"^{column.title}( {theme.PART})?$", {"color": panels.fixed(column.colour)})
        for column in columns
    ]
    return [*named, *styled, *parts, *back, *coloured, panels.unlogged()]


def any_chart_styles(column: Column) -> list[Override]:
    """The same for series of that column that have the names of domains or users."""
    name, styles = "${__field.name}", "|".join(CHARTS.values())
    named = panels.by_type("number", {"displayName": f"{name} ($chart) [${{bounds:csv}}]"})
    styled = [panels.by_regexp(rf" \({chart}\) \[[^[]*\]$", PARTS[chart]) for chart in CHARTS.values()]
    part = rf" \(({styles})\) \[([^[]*,)?({measures_of(column)})(,[^[]*)?\]$"
    back = panels.by_regexp(rf" \(({styles})\) \[[^[]*\]$", {"displayName": name})
    return [named, *styled, panels.by_regexp(part, {"displayName": f"{name} {theme.PART}"}), back]


def period_styles() -> list[Override]:
    """The column stays a time, so that it sorts; the step's name in its title chooses how it is written."""
    named = panels.by_regexp(f"^{PERIOD}$", {"displayName": f"{PERIOD} (${{step:text}})"})
    styled = [
        panels.by_regexp(rf"\({name}\)$", {"unit": f"time:{form}", "custom.width": PERIOD_WIDTHS.get(name, 96)})
        for name, form in STEP_FORMATS.items()
    ]
    back = panels.by_regexp(rf"^{PERIOD} \(", {"displayName": PERIOD})
    return [named, *styled, back]
