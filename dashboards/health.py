"""The dashboard Exporter health: can the numbers be trusted?"""

from grafanalib import core

from dashboards import frames, health_charts, links, panels, theme, variables
from dashboards.dashboard import Board, Zone
from dashboards.notes import notes
from dashboards.panels import Place
from dashboards.targets import now, rows
from exporter.catalogue import MEASURES

REACH, SOURCES, QUALITY, TILES = 3, 4, 5, 20
CLOCK = "pop3_exporter_time_seconds"
# By the month, because some engines read no more at once; the first that has samples is the oldest.
MONTHS_BACK = (*(f" offset {31 * months}d" for months in range(12, 0, -1)), "")
OLDEST = " or ".join(f"min_over_time(min({CLOCK})[31d:6h] @ $until{offset})" for offset in MONTHS_BACK)
BELOW_A_QUARTER = "([0-9]|[1-8][0-9]|9[01])"  # less than 92 days
NARROW = {"custom.width": 99, "custom.filterable": False}
MEASURE_TITLES = {measure.name: measure.name.replace("_", " ") for measure in MEASURES} | {
    "bad_command_connections": "with bad commands",
    "blocked_connections": "blocked",
}
UNMATCHED = 'pop3_exporter_lines_total{verdict=~"unmatched|malformed"}'


def board(zone: Zone) -> Board:
    return Board(
        links.EXPORTER,
        "Can the numbers be trusted? What was read, what was not understood, what is not logged, and how far"
        " back the history goes.",
        zone,
        [variables.datasource(), _every_server(), *variables.newest()],
        [
            *_tiles(),
            _reach(zone, (0, 6, 12, 3)),
            notes(zone, (12, 6, 12, 3)),
            _sources((0, 9, 24, 8)),
            _quality((0, 17, 24, 8)),
            health_charts.lines((0, 25, 12, 9)),
            health_charts.lag((12, 25, 12, 9)),
            health_charts.commits((0, 34, 12, 9)),
            health_charts.series((12, 34, 12, 9)),
            health_charts.process((0, 43, 12, 9)),
            health_charts.scrapes((12, 43, 12, 9)),
        ],
        time=core.Time("now-24h", "now"),
        refresh="1m",
        marked=True,
    )


def _every_server() -> core.Template:
    template = variables.server()
    template.hide = core.HIDE_VARIABLE
    return template


def _tiles() -> list[panels.Panel]:
    """Two rows: newest values, and what was added in the range."""

    def newest(series: str, how: str = "max") -> str:
        return f"{how}(last_over_time({series}[10m] @ $until))"

    def added(series: str) -> str:
        return f"sum(increase({series}[${{__range_s}}s])) or vector(0)"

    bad_from_one = {"thresholds": panels.thresholds((None, theme.GREEN), (1, theme.ORANGE))}
    yes_no = [
        {"type": "value", "options": {"1": {"text": "yes", "color": theme.GREEN, "index": 0}}},
        {"type": "value", "options": {"0": {"text": "no", "color": theme.RED, "index": 1}}},
    ]
    up, books = 'sum(last_over_time(up{job="pop3"}[10m] @ $until))', newest("pop3_exporter_books_balanced", "min")
    unread, lost = newest("pop3_exporter_unread_bytes", "sum"), added("pop3_exporter_lines_possibly_lost_total")
    late, folded = added("pop3_exporter_late_events_total"), newest("pop3_exporter_folded_users", "sum")
    return [
        _tile(0, (0, 0, 6, 3), "Exporters up", "Exporters scraped in the last ten minutes.", up),
        _tile(1, (6, 0, 6, 3), "Totals agree", "A bug if they do not.", books, looks={"mappings": yes_no}),
        _tile(2, (12, 0, 6, 3), "Unread", "Bytes in the logs that have not been read yet.", unread, unit=theme.BYTES),
        _tile(3, (18, 0, 6, 3), "Late events", "Lines of earlier days, counted in the day they belong to.", late),
        _tile(
            4, (0, 3, 8, 3), "Lines not understood", "Missing from all numbers.", added(UNMATCHED), looks=bad_from_one
        ),
        _tile(5, (8, 3, 8, 3), "Lines possibly lost", "Dropped, or truncated unread.", lost, looks=bad_from_one),
        _tile(6, (16, 3, 8, 3), "Users beyond the limit", "Counted together as `_other`.", folded, looks=bad_from_one),
    ]


def _tile(
    number: int,
    place: Place,
    title: str,
    meaning: str,
    expr: str,
    *,
    looks: panels.Properties | None = None,
    unit: str = theme.COUNT,
) -> panels.Panel:
    good = {
        "thresholds": panels.thresholds((None, theme.GREEN)),
        "color": {"mode": "thresholds"},
        "decimals": 0,
        "noValue": "-",
    }
    return panels.tile(TILES + number, title, place, meaning, now("A", expr), unit=unit, looks=good | dict(looks or {}))


def _reach(zone: Zone, place: Place) -> panels.Panel:
    days = f'label_replace(count_values("days",floor(($until-({OLDEST}))/86400)),"note","$1 days","days","(.+)")'
    reach = f'label_replace({days},"note","$1 days: a quarter is not possible yet","days","{BELOW_A_QUARTER}")'
    return panels.stat(
        REACH,
        "Prometheus history · time zones",
        place,
        "How far back the samples reach (at most 400 days are checked), and the time zones of these dashboards"
        " and of the exporter. A quarter needs 100 days of retention.",
        [
            now("A", reach, "{{note}}"),
            now("B", "max by(time_zone)(last_over_time(pop3_site_info[10m] @ $until))", "exporter: {{time_zone}}"),
            now("C", "vector(1)", f"dashboards: {zone.name or 'any'}"),
        ],
        unit=theme.NONE,
        options={"textMode": "name", "orientation": "vertical", "text": {"titleSize": 16, "valueSize": 16}},
        defaults={"color": panels.fixed(theme.BLUE)},
    )


def _sources(place: Place) -> panels.Panel:
    def newest(series: str) -> str:
        return f"max by(source)(last_over_time({series}[10m] @ $until))"

    def added(series: str) -> str:
        return f"sum by(source)(increase({series}[${{__range_s}}s]))"

    columns = [
        ("Last event", f"$until-60-{newest('pop3_exporter_last_event_timestamp_seconds')}", theme.SECONDS),
        ("Unread", newest("pop3_exporter_unread_bytes"), theme.BYTES),
        ("Lines", added("pop3_exporter_lines_total"), theme.COUNT),
        ("Not understood", added(UNMATCHED), theme.COUNT),
        ("Late", added("pop3_exporter_late_events_total"), theme.COUNT),
        ("From the future", added("pop3_exporter_future_events_total"), theme.COUNT),
        ("Clock skew", newest("pop3_exporter_clock_skew_seconds"), theme.SECONDS),
        ("Rotations", added("pop3_exporter_rotations_total"), theme.COUNT),
        ("Truncations", added("pop3_exporter_truncations_total"), theme.COUNT),
        ("Possibly lost", added("pop3_exporter_lines_possibly_lost_total"), theme.COUNT),
        ("Read errors", added("pop3_exporter_read_errors_total"), theme.COUNT),
    ]
    refs = "ABCDEFGHIJK"
    fields = {f"Value #{ref}": title for ref, (title, _, _) in zip(refs, columns, strict=True)}
    looks = [
        panels.by_name(title, {"unit": unit, "decimals": 0, "noValue": "-", **NARROW}) for title, _, unit in columns
    ]
    return panels.table(
        SOURCES,
        "Sources",
        place,
        "What each source has read in the range, as far as it was scraped. Last event: how long ago, by the timestamps"
        " of the log.",
        [rows(ref, expr) for ref, (_, expr, _) in zip(refs, columns, strict=True)],
        sort=("Source", False),
        overrides=looks,
        transformations=frames.joined("source", fields, keep="Source"),
        empty="No sources: the exporter is not scraped, or has none configured.",
    )


def _quality(place: Place) -> panels.Panel:
    words = [("exact", "exact", theme.GREEN), ("lower_bound", "at least", theme.YELLOW)]
    words += [("estimated", "estimated", theme.ORANGE), ("none", theme.NOT_LOGGED, theme.RED)]
    shown = {word: {"text": said, "color": colour, "index": at} for at, (word, said, colour) in enumerate(words)}
    best = "max by(server,source,measure,quality)(last_over_time(pop3_measure_quality_info[15m] @ $until))"
    return panels.table(
        QUALITY,
        "What each log records",
        place,
        "How reliable each measure is, by server and source. `at least`: the log has only some of it. `not"
        " logged`: the log has none, and reports leave the cell empty.",
        [rows("A", f'label_join({best},"log"," · ","server","source")')],
        overrides=[
            panels.by_regexp(".*", {"mappings": [{"type": "value", "options": shown}]}),
            panels.by_regexp(
                "^(?!Server).*",
                {"custom.cellOptions": {"type": "color-text"}, "custom.width": 104, "custom.filterable": False},
            ),
        ],
        transformations=[
            {
                "id": "groupingToMatrix",
                "options": {
                    "columnField": "measure",
                    "rowField": "log",
                    "valueField": "quality",
                    "emptyValue": "empty",
                },
            },
            {
                "id": "organize",
                "options": {
                    "indexByName": {name: index for index, name in enumerate(("log\\measure", *MEASURE_TITLES))},
                    "renameByName": {"log\\measure": "Server and source", **MEASURE_TITLES},
                },
            },
        ],
        empty="No servers yet: nothing was read.",
    )
