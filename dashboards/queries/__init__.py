"""The PromQL of the reports: exact numbers from the exporter's holds, as pure functions (docs/formulas.md).

Nothing here knows Grafana's panels. Its variables stand in the queries as Grafana writes them; callers with real
numbers (a CSV endpoint) insert those with `terms.filled`. A day is labelled by 00:00 UTC of its date, so evaluation
instants do not depend on summer time; the windows stay inside the local day.
"""
