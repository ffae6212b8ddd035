"""The variables of the dashboards; a link carries those that its goal has."""

from typing import Any

from grafanalib import core

from dashboards.queries import (
    STEP_FORMATS,
    VARIABLE_NUMBER,
    alive,
    before,
    began,
    bounds,
    busiest_domains,
    busiest_users,
    names,
    steady,
    then,
    unbroken,
    until,
)

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
    query, regex = names("domain", busiest_domains())
    template = _query("domain", "Domain", query)
    template.regex = regex
    return template


def user() -> core.Template:
    """The busiest of the domain first; the chosen one stays as long as its domain does."""
    query, regex = names("user", busiest_users())
    template = _query("user", "User", query)
    template.regex = regex
    return template


def step(*, hours: bool) -> core.Template:
    """The step, as the format of its period's begin."""
    options = {text: value for text, value in STEP_FORMATS.items() if hours or text != "Hour"}
    return _custom("step", "Step", options, "Day")


def chart() -> core.Template:
    return _custom("chart", "Chart", CHARTS, "Bars")


def hidden_number(name: str, query: str) -> core.Template:
    """A number that Prometheus finds, as text inside the queries."""
    template = _query(name, name, query)
    template.hide, template.regex = core.HIDE_VARIABLE, VARIABLE_NUMBER
    return template


def hidden_names(name: str, label: str, rows: str) -> core.Template:
    """All names that a query finds, as a regular expression inside other queries."""
    query, regex = names(label, rows)
    template = _query(name, name, query)
    template.hide, template.regex = core.HIDE_VARIABLE, regex
    template.multi = template.includeAll = True
    return template


def newest() -> core.Template:
    """`$until`: the newest sample in the range."""
    return hidden_number("until", until())


def scraped() -> list[core.Template]:
    """`$alive`, `$steady` and `$unbroken`, the servers of which a few hours of samples tell all."""
    lookups = {"alive": alive(), "steady": steady(), "unbroken": unbroken()}
    return [hidden_names(name, "server", query) for name, query in lookups.items()]


def range_before() -> list[core.Template]:
    """`$before`, where the range before this one began, and `$then`, up to where it is compared."""
    return [hidden_number("before", before()), hidden_number("then", then())]


def known() -> list[core.Template]:
    """`$began`, when the log begins, and `$bounds`, the measures of which it has a part only."""
    return [hidden_number("began", began()), hidden_names("bounds", "measure", bounds())]


def _query(name: str, label: str, query: str) -> core.Template:
    return core.Template(name=name, label=label, query=query, dataSource=SOURCE, refresh=ON_TIME_RANGE, sort=UNSORTED)


def _custom(name: str, label: str, options: dict[str, str], default: str) -> core.Template:
    chosen: list[dict[str, Any]] = [
        {"selected": text == default, "text": text, "value": value} for text, value in options.items()
    ]
    query = ",".join(f"{text} : {value}" for text, value in options.items())
    return core.Template(name=name, label=label, type="custom", query=query, options=chosen)
