"""The charts of Exporter health: what the exporter does over time."""

from functools import partial

from dashboards import panels, theme
from dashboards.panels import Place
from dashboards.targets import over_time

LINES, LAG, COMMITS, SERIES, PROCESS, SCRAPES = range(6, 12)
NOT_SCRAPED = "The exporter was not scraped in this range."
_chart = partial(panels.lines, defaults={"noValue": NOT_SCRAPED}, custom={"showPoints": "auto"})


def lines(place: Place) -> panels.Panel:
    rate = "sum by(verdict)(rate(pop3_exporter_lines_total[$__rate_interval]))"
    return _chart(
        LINES,
        "Lines read, by kind",
        place,
        "Lines per second. `unmatched` and `malformed` should stay at zero: `pop3-exporter parse` shows those lines.",
        [over_time("A", rate, "{{verdict}}")],
        unit=theme.RATE,
        overrides=[panels.by_regexp("^(unmatched|malformed)$", {"color": panels.fixed(theme.RED)})],
    )


def lag(place: Place) -> panels.Panel:
    lag = "pop3_exporter_time_seconds - on(instance) group_right() pop3_exporter_last_event_timestamp_seconds"
    return _chart(
        LAG,
        "Time since the last event",
        place,
        "By the timestamps of the log. It rises when a busy server falls silent or when the exporter falls behind.",
        [over_time("A", f"max by(source,server)({lag})", "{{server}} · {{source}}")],
        unit=theme.SECONDS,
    )


def commits(place: Place) -> panels.Panel:
    def quantile(name: str) -> str:
        buckets = f"sum by(le)(rate(pop3_exporter_{name}_duration_seconds_bucket[$__rate_interval]))"
        return f"histogram_quantile(0.99, {buckets})"

    return _chart(
        COMMITS,
        "Time to write and to read, 99 %",
        place,
        "Commit: one transaction of the ledger. Turn: one pass over all sources.",
        [over_time("A", quantile("commit"), "Commit"), over_time("B", quantile("turn"), "Turn")],
        unit=theme.SECONDS,
    )


def series(place: Place) -> panels.Panel:
    return _chart(
        SERIES,
        "Series exposed",
        place,
        "By scope. The configuration limits them; what is beyond the limits is counted in `_other`.",
        [
            over_time("A", "sum by(scope)(pop3_exporter_series)", "{{scope}}"),
            over_time("B", "sum(pop3_exporter_folded_users)", "users beyond the limit"),
            over_time("C", "sum(pop3_exporter_folded_domains)", "domains beyond the limit"),
        ],
        unit=theme.COUNT,
    )


def process(place: Place) -> panels.Panel:
    right = {"unit": theme.SHARE, "custom.axisPlacement": "right", "color": panels.fixed(theme.ORANGE)}
    return _chart(
        PROCESS,
        "Memory and CPU",
        place,
        "Of the exporter process.",
        [
            over_time("A", 'process_resident_memory_bytes{job="pop3"}', "Memory {{instance}}"),
            over_time("B", 'rate(process_cpu_seconds_total{job="pop3"}[$__rate_interval])', "CPU {{instance}}"),
        ],
        unit="bytes",
        overrides=[panels.by_regexp("^CPU ", right)],
    )


def scrapes(place: Place) -> panels.Panel:
    return _chart(
        SCRAPES,
        "Scrape duration",
        place,
        "How long Prometheus waited for /metrics. Gaps are times without scrapes.",
        [over_time("A", 'scrape_duration_seconds{job="pop3"}', "{{instance}}")],
        unit=theme.SECONDS,
    )
