"""Self-metrics computed from the view and the clock; `selfmetrics` has those of the process."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from exporter.catalogue import SCOPES, Scope
from exporter.exposition.families import SCOPE_FAMILIES, SERVER_FAMILIES, Derived, Family, Group, Samples
from exporter.model import SourceCount, Verdict, View
from exporter.periods import smallest_offset, utc_offset

# The field of SourceCount that counts each verdict.
_COUNTED: dict[Verdict, Callable[[SourceCount], int]] = {
    Verdict.EVENT: lambda count: count.events,
    Verdict.IGNORED: lambda count: count.ignored,
    Verdict.UNMATCHED: lambda count: count.unmatched,
    Verdict.MALFORMED: lambda count: count.malformed,
}


def _own(
    name: str, kind: str, text: str, labels: tuple[str, ...], samples: Callable[[View, float], Samples]
) -> Derived:
    return Derived(Family(f"pop3_exporter_{name}", kind, text, Group.EXPORTER, labels), samples)


def _per_source(name: str, text: str, number: Callable[[SourceCount], int]) -> Derived:
    def samples(view: View, _now: float) -> Samples:
        return (((source,), number(count)) for source, count in view.sources.items())

    return _own(f"{name}_total", "counter", text, ("source",), samples)


def _lines(view: View, _now: float) -> Samples:
    for source, count in view.sources.items():
        for verdict, number in _COUNTED.items():
            yield (source, verdict), number(count)


def _folded(scope: Scope) -> Derived:
    def samples(view: View, _now: float) -> Samples:
        folded = view.folded_users if scope is Scope.USER else view.folded_domains
        for (server,) in view.rows.get(Scope.SERVER, {}):
            yield (server,), folded.get(server, 0)

    text = f"Distinct {scope}s beyond the limits, counted as _other."
    return _own(f"folded_{scope}s", "gauge", text, ("server",), samples)


def _series(view: View, now: float) -> Samples:
    for scope in SCOPES:
        number = len(view.rows.get(scope, {})) * len(SCOPE_FAMILIES[scope].all)
        if scope is Scope.SERVER:
            number += sum(1 for each in SERVER_FAMILIES for _ in each.samples(view, now))
        yield (scope,), number


def _site(view: View, _now: float) -> Samples:
    yield (view.time_zone,), 1


def _offset(of: Callable[[ZoneInfo, int], int]) -> Callable[[View, float], Samples]:
    return lambda view, now: [((), of(ZoneInfo(view.time_zone), int(now)))]


OWN_FAMILIES: tuple[Derived, ...] = (
    Derived(
        Family(
            "pop3_site_info",
            "gauge",
            "The time zone in which days begin.",
            Group.EXPORTER,
            ("time_zone",),
        ),
        _site,
    ),
    Derived(
        Family(
            "pop3_site_utc_offset_seconds",
            "gauge",
            "Offset of that time zone from UTC now, in seconds; positive east of Greenwich.",
            Group.EXPORTER,
            (),
        ),
        _offset(utc_offset),
    ),
    Derived(
        Family(
            "pop3_site_utc_offset_smallest_seconds",
            "gauge",
            "Smallest offset of that time zone from UTC within 400 days (its winter time).",
            Group.EXPORTER,
            (),
        ),
        _offset(smallest_offset),
    ),
    _own(
        "time_seconds",
        "gauge",
        "The exporter's clock at the time of the scrape, in whole UNIX seconds.",
        (),
        lambda _view, now: [((), int(now))],
    ),
    _own(
        "lines_total",
        "counter",
        "Lines read, by how they were understood.",
        ("source", "verdict"),
        _lines,
    ),
    _per_source("read_bytes", "Bytes of log read.", lambda count: count.read_bytes),
    _own(
        "last_event_timestamp_seconds",
        "gauge",
        "Timestamp of the newest event, in UNIX seconds.",
        ("source", "server"),
        lambda view, _now: view.last_events.items(),
    ),
    _per_source("rotations", "Files that were renamed away and replaced.", lambda count: count.rotations),
    _per_source("truncations", "Files that were truncated in place.", lambda count: count.truncations),
    _per_source(
        "lines_possibly_lost",
        "Lines that may be lost: files removed or truncated before they were read, and messages that the logger"
        " reports as dropped.",
        lambda count: count.lines_possibly_lost,
    ),
    _per_source(
        "late_events", "Events that arrived after their day or hour had ended.", lambda count: count.late_events
    ),
    _per_source(
        "future_events",
        "Events with a timestamp more than 60 s ahead of the exporter's clock.",
        lambda count: count.future_events,
    ),
    _per_source(
        "expired_logins",
        "Sessions with a login that were closed because the log has no end line for them.",
        lambda count: count.expired_logins,
    ),
    _per_source(
        "unjoined_lines",
        "End lines of sessions whose login was not read.",
        lambda count: count.unjoined_lines,
    ),
    _per_source(
        "duplicate_lines",
        "Lines dropped because they were already read, in the same log, another file or another source.",
        lambda count: count.duplicate_lines,
    ),
    _per_source(
        "shared_sessions",
        "Logins that another server also logged, with the same session id; both are counted.",
        lambda count: count.shared_sessions,
    ),
    _per_source(
        "given_up_sessions",
        "Sessions closed because too many were open at once.",
        lambda count: count.given_up_sessions,
    ),
    _per_source(
        "ignored_probes",
        "Connections without a login from ignore_addresses, not included in any other counter.",
        lambda count: count.ignored_probes,
    ),
    _folded(Scope.USER),
    _folded(Scope.DOMAIN),
    _own(
        "last_commit_timestamp_seconds",
        "gauge",
        "When the ledger was last committed, in UNIX seconds.",
        (),
        lambda view, _now: [((), view.committed_at)],
    ),
    _own("series", "gauge", "Number of series by scope.", ("scope",), _series),
    _own(
        "books_balanced",
        "gauge",
        "1 while the totals agree: every line read is classified, and every connection seen is counted or pending.",
        (),
        lambda view, _now: [((), int(view.balanced))],
    ),
)
