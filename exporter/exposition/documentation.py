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

Every measure is counted at three levels, each a family of its own, so that caps on users or domains never change a
server's numbers: per server, per domain and per user. At every moment the domains of a server, with `unknown` (the
connection named no domain we know) and `_other` (beyond the caps), sum to the server.

Next to each counter stands its **hold**, a gauge: the value that the counter had when the current local day
(`..._day_start`) or hour (`..._hour_start`; servers and domains) began, by the log's own stamps. Counter minus hold is
exactly what today, or this hour, has brought. Days begin in the time zone of `pop3_site_info`.

No counter of the ledger (all `pop3_*_total`, and of the exporter's own those per source about lines, bytes, late and
future events, rotations, truncations and possible losses) ever falls: not at a restart, not at a crash. The exporter's
other counters start at 0 with the process. There are no `_created` series, and no label value is over 255 bytes.

`/metrics?collect[]=server&collect[]=domain&collect[]=user&collect[]=exporter` gives single groups; none given means
all, an unknown one is answered with 400. Large sites scrape `user` less often than the rest: holds make slow scrapes
harmless.
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
    yield f". Series in all: {', '.join(numbers)} (a server has its ends and sessions beside them).\n"


def _beside(scope: Scope) -> Iterator[Family]:
    families = SCOPE_FAMILIES[scope]
    yield families.first_seen
    if families.networks:
        yield families.networks
    if families.last_login:
        yield families.last_login


def _process() -> Iterator[Metric]:
    """What prometheus_client's own objects tell and this project names."""
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
        "\n## Beside the measures\n\n",
        *_families([*(f for scope in SCOPES for f in _beside(scope)), *(each.family for each in SERVER_FAMILIES)]),
        "\n## How connections end\n\n",
        "`pop3_session_ends_total` has every pair from a server's birth on.\n",
        "Blocked connections and terminations are the sums of their classes.\n\n",
        *_table(("end", "reason", "meaning"), ends),
        "\n## Qualities\n\n",
        *_table(("quality", "meaning"), ((f"`{quality}`", text) for quality, text in _QUALITIES.items())),
        "\n## The exporter itself\n\n",
        *_families([*own, *SOURCE_FAMILIES, *map(_described, _process())]),
        "\nAnd `process_*` and `python_*` as prometheus_client has them.\n",
    ]
    return "".join(parts)


if __name__ == "__main__":
    sys.stdout.write(page())
