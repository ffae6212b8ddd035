"""docs/metrics.md, from the families themselves: `python -m exporter.exposition.documentation > docs/metrics.md`."""

import sys
from collections.abc import Iterable, Iterator

from prometheus_client.metrics_core import Metric

from exporter.catalogue import END_OF, MEASURES, REASONS, SCOPES, End, Quality, Scope
from exporter.exposition.families import SCOPE_FAMILIES, SERVER_FAMILIES, Family, Group
from exporter.exposition.ownfamilies import OWN_FAMILIES
from exporter.exposition.selfmetrics import SOURCE_FAMILIES, SelfMetrics

_QUALITIES = {
    Quality.EXACT: "the log has all",
    Quality.LOWER_BOUND: "the log has some, but perhaps not all",
    Quality.ESTIMATED: "derived from other lines",
    Quality.NONE: "not in this server's log: the counter stays at 0 and must be ignored",
}

_HEAD = """# Metrics

Written by `python -m exporter.exposition.documentation`; a test compares it with the code.

Every measure is counted at three levels, each in its own metric family: per server, per domain and per user. Limits
on users or domains never change the numbers of a server: the domains of a server, together with `unknown`
(connections without a known domain) and `_other` (beyond the limits), always sum up to the server.

Each counter has a **hold**, a gauge with the value that the counter had when the current local day (`..._day_start`)
or hour (`..._hour_start`; servers and domains only) began, by the timestamps of the log. The counter minus its hold
is exactly what the current day or hour has added. Days begin in the time zone of `pop3_site_info`.

The counters of the ledger never fall, not even after a restart or a crash. These are all `pop3_*_total`, and the
exporter's own counters of lines, bytes, late and future events, rotations, truncations and possible losses. The
exporter's other counters start at 0 with the process. There are no `_created` series, and no label value is longer
than 255 bytes.

`/metrics?collect[]=server&collect[]=domain&collect[]=user&collect[]=exporter` selects groups of metrics; without it,
all are exported, and an unknown group returns 400. Large sites can scrape `user` less often than the rest: thanks to
the holds, reports stay exact.
"""


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    heads = list(heads)
    yield _row(*heads) + _row(*("---" for _ in heads)).replace(" ", "")
    yield from (_row(*row) for row in rows)


def _families(families: Iterable[Family]) -> Iterator[str]:
    rows = ((f"`{f.name}`", f.kind, ", ".join(f"`{label}`" for label in f.labels), f.help) for f in families)
    yield from _table(("metric", "type", "labels", "meaning"), rows)


def _measures() -> Iterator[str]:
    rows = ((*(f"`{scope.total(m)}`" for scope in SCOPES), m.help) for m in MEASURES)
    yield from _table((*(f"per {scope}" for scope in SCOPES), "meaning"), rows)
    yield "\nEach has its hold, for example "
    yield ", ".join(f"`{scope.hold(MEASURES[0], 'day')}`" for scope in SCOPES)
    yield " and "
    yield ", ".join(f"`{scope.hold(MEASURES[0], 'hour')}`" for scope in SCOPES if scope.has_hours)
    numbers = (f"{len(SCOPE_FAMILIES[scope].all)} for a {scope}" for scope in SCOPES)
    yield f". Series: {', '.join(numbers)} (a server also has its ends and sessions).\n"


def _beside(scope: Scope) -> Iterator[Family]:
    families = SCOPE_FAMILIES[scope]
    yield families.first_seen
    if families.networks:
        yield families.networks
    if families.last_login:
        yield families.last_login


def _process() -> Iterator[Metric]:
    """The metrics of prometheus_client that this project names."""
    known = {family.name.removesuffix("_total") for family in SOURCE_FAMILIES}
    for metric in SelfMetrics().registry.collect():
        if metric.name.startswith("pop3_") and metric.name not in known:
            yield metric


def _described(metric: Metric) -> Family:
    name = f"{metric.name}_info" if metric.type == "info" else metric.name
    labels = tuple(metric.samples[0].labels) if metric.type == "info" else ()
    kind = "gauge" if metric.type == "info" else metric.type
    return Family(name, kind, metric.documentation, Group.EXPORTER, labels)


def page() -> str:
    """The whole page."""
    own = [each.family for each in OWN_FAMILIES]
    ends = (
        (f"`{end}`", f"`{reason}`", REASONS[reason].meaning) for end in End for reason, e in END_OF.items() if e is end
    )
    parts = [
        _HEAD,
        "\n## Measures\n\n",
        *_measures(),
        "\n## Other metrics\n\n",
        *_families([*(f for scope in SCOPES for f in _beside(scope)), *(each.family for each in SERVER_FAMILIES)]),
        "\n## How connections end\n\n",
        "`pop3_session_ends_total` has every pair as soon as a server is known.\n",
        "Blocked connections and terminations are the sums of their classes.\n\n",
        *_table(("end", "reason", "meaning"), ends),
        "\n## Qualities\n\n",
        *_table(("quality", "meaning"), ((f"`{quality}`", text) for quality, text in _QUALITIES.items())),
        "\n## The exporter itself\n\n",
        *_families([*own, *SOURCE_FAMILIES, *map(_described, _process())]),
        "\nAlso `process_*` and `python_*` from prometheus_client.\n",
    ]
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
