"""The PromQL of the reports: exact numbers out of the exporter's holds, as pure functions (design section 5).

Nothing here knows Grafana's panels. Every value that Grafana would put in is a parameter whose default is
Grafana's variable; whoever has real numbers (a CSV endpoint) gives those instead. A day is labelled by
00:00 UTC of its date, so evaluation instants do not depend on summer time; the windows keep inside the local day.
"""

from dashboards.queries.lookups import (
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
from dashboards.queries.steps import Steps
from dashboards.queries.terms import (
    BANDWIDTH,
    DAY_WINDOW,
    NEAR_WINDOW,
    STEP_FORMATS,
    Chosen,
    Only,
    Range,
    Series,
    Windows,
    duration,
    literal,
    one_of,
)
from dashboards.queries.totals import OTHERS, ends, shares, top, total, total_before, with_change, with_total

__all__ = [
    "BANDWIDTH",
    "DAY_WINDOW",
    "NEAR_WINDOW",
    "OTHERS",
    "STEP_FORMATS",
    "VARIABLE_NUMBER",
    "Chosen",
    "Only",
    "Range",
    "Series",
    "Steps",
    "Windows",
    "alive",
    "before",
    "began",
    "bounds",
    "busiest_domains",
    "busiest_users",
    "duration",
    "ends",
    "literal",
    "names",
    "one_of",
    "shares",
    "steady",
    "then",
    "top",
    "total",
    "total_before",
    "unbroken",
    "until",
    "with_change",
    "with_total",
]
