"""The PromQL of the reports: exact numbers from the exporter's holds, as pure functions (docs/formulas.md).

Nothing here knows Grafana's panels. Every value that Grafana inserts is a parameter whose default is Grafana's
variable; callers with real numbers (a CSV endpoint) pass those instead. A day is labelled by 00:00 UTC of its date, so
evaluation instants do not depend on summer time; the windows stay inside the local day.
"""

from dashboards.queries.lookups import (
    Lookup,
    asked,
    bounds,
    busiest_domains,
    busiest_users,
    known,
    newest_sample,
    range_before,
    text_of,
    watched,
    zone,
)
from dashboards.queries.steps import Steps
from dashboards.queries.terms import (
    BANDWIDTH,
    STEP_FORMATS,
    STEPS,
    Chosen,
    Only,
    Range,
    Series,
    Windows,
    duration,
    filled,
    literal,
    one_of,
)
from dashboards.queries.totals import (
    OTHERS,
    begins_in_a_day,
    ends,
    shares,
    taken,
    top,
    total,
    total_before,
    with_change,
    with_total,
)

__all__ = [
    "BANDWIDTH",
    "OTHERS",
    "STEPS",
    "STEP_FORMATS",
    "Chosen",
    "Lookup",
    "Only",
    "Range",
    "Series",
    "Steps",
    "Windows",
    "asked",
    "begins_in_a_day",
    "bounds",
    "busiest_domains",
    "busiest_users",
    "duration",
    "ends",
    "filled",
    "known",
    "literal",
    "newest_sample",
    "one_of",
    "range_before",
    "shares",
    "taken",
    "text_of",
    "top",
    "total",
    "total_before",
    "watched",
    "with_change",
    "with_total",
    "zone",
]
