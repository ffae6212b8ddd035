"""The variables of the dashboards; links pass on those that the target has."""

from collections.abc import Mapping
from typing import Any

from grafanalib import core

from dashboards.queries import lookups
from dashboards.queries.lookups import Lookup, bounds, busiest_domains, busiest_users, newest_sample
from dashboards.queries.terms import STEPS

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
ON_TIME_RANGE = 2
UNSORTED = 0  # as the query gives them
ALL = {"selected": True, "text": "All", "value": "$__all"}
CHARTS = {"Bars": "bars", "Stacked": "stacked", "Lines": "lines", "Area": "area", "Points": "points"}


def datasource() -> core.Template:
    return core.Template(
        name="datasource", label="Data source", type="datasource", query="prometheus", default="Prometheus"
    )


def server() -> core.Template:
    """One, several or all servers; `.+` so that All costs no list of names.

    From the domains' births, because whoever may see single domains only sees no series without one.
    """
    template = _query("server", "Server", "label_values(pop3_domain_first_seen_timestamp_seconds, server)")
    template.multi = template.includeAll = True
    template.allValue = ".+"
    return template


def domain() -> core.Template:
    """The busiest first, where the dashboard opens; the chosen one stays, also where the range does not know it."""
    return _names(Lookup("domain", busiest_domains(), "domain"))


def user() -> core.Template:
    """The busiest of the domain first; the chosen one stays as long as its domain does."""
    return _names(Lookup("user", busiest_users(), "user"))


def step(*, hours: bool) -> core.Template:
    """The step, as a number (see `STEPS`)."""
    options = {text: str(number) for text, number in STEPS.items() if hours or text != "Hour"}
    return _custom("step", "Step", options, "Day")


def chart() -> core.Template:
    return _custom("chart", "Chart", CHARTS, "Bars")


def hidden(lookup: Lookup) -> core.Template:
    """A number or text that Prometheus finds, as text inside the queries."""
    template = _query(lookup.name, lookup.name, f"query_result({lookup.query})")
    template.hide, template.regex = core.HIDE_VARIABLE, lookup.regex
    template.multi = template.includeAll = lookup.many
    return template


def hidden_names(name: str, label: str, rows: str) -> core.Template:
    """All names that a query finds, as a regular expression inside other queries."""
    return hidden(Lookup(name, rows, label, many=True))


def newest() -> list[core.Template]:
    """`$until`: the newest sample in the range; `$watched`: when Prometheus last looked, also in vain."""
    return [hidden(lookup) for lookup in (newest_sample(), *lookups.watched())]


def known(zone: Mapping[str, str], *, hours: bool = False) -> list[core.Template]:
    """What is known of the range; `zone`: the values of its variables, none: as the exporter tells."""
    return [
        *(_constant(name.removeprefix("$"), value) for name, value in zone.items()),
        *(hidden(lookup) for lookup in lookups.zone() if not zone),
        *(hidden(lookup) for lookup in lookups.known(with_hours=hours)),
        hidden_names("bounds", "measure", bounds()),
    ]


def _constant(name: str, value: str) -> core.Template:
    return core.Template(name=name, label=name, type="constant", query=value, hide=core.HIDE_VARIABLE)


def range_before() -> list[core.Template]:
    """What the change against the range before needs."""
    return [hidden(lookup) for lookup in lookups.range_before()]


def _names(lookup: Lookup) -> core.Template:
    template = _query(lookup.name, lookup.name.capitalize(), f"query_result({lookup.query})")
    template.regex = lookup.regex
    return template


def _query(name: str, label: str, query: str) -> core.Template:
    return core.Template(name=name, label=label, query=query, dataSource=SOURCE, refresh=ON_TIME_RANGE, sort=UNSORTED)


def _custom(name: str, label: str, options: dict[str, str], default: str) -> core.Template:
    chosen: list[dict[str, Any]] = [
        {"selected": text == default, "text": text, "value": value} for text, value in options.items()
    ]
    query = ",".join(f"{text} : {value}" for text, value in options.items())
    return core.Template(name=name, label=label, type="custom", query=query, options=chosen)
