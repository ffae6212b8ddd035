"""The dashboard Exporter health: can the numbers be trusted?"""

from grafanalib import core

from dashboards import frames, health_charts, links, panels, theme, variables
from dashboards.dashboard import SCRAPED, Board, Zone
from dashboards.notes import notes
from dashboards.panels import Place
from dashboards.targets import now, once, rows
from exporter.catalogue import MEASURES

REACH, SOURCES, QUALITY, TILES = 3, 4, 5, 20
CLOCK = "pop3_exporter_time_seconds"
# By the month, because some engines read no more at once; the first that has samples is the oldest.
MONTHS_BACK = (*(f" offset {31 * months}d" for months in range(12, 0, -1)), "")
OLDEST = " or ".join(f"min_over_time(min({CLOCK})[31d:6h] @ $until{offset})" for offset in MONTHS_BACK)
BELOW_A_QUARTER = "([0-9]|[1-8][0-9]|9[01])"  # less than 92 days
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
        return f"{how}({once(f'last_over_time({series}[10m] @ $until)')})"

    def added(series: str) -> str:
        return f"sum({once(f'increase({series}[${{__range_s}}s])')}) or 0*max(last_over_time({SCRAPED}[10m] @ $until))"

    bad_from_one = {"thresholds": panels.thresholds((None, theme.GREY), (0, theme.GREEN), (1, theme.ORANGE))}
    yes_no = [
        {"type": "value", "options": {"1": {"text": "yes", "color": theme.GREEN, "index": 0}}},
        {"type": "value", "options": {"0": {"text": "no", "color": theme.RED, "index": 1}}},
    ]
    books = newest("pop3_exporter_books_balanced", "min")
    unread, lost = newest("pop3_exporter_unread_bytes", "sum"), added("pop3_exporter_lines_possibly_lost_total")
    late, folded = added("pop3_exporter_late_events_total"), newest("pop3_exporter_folded_users", "sum")
    return [
        exporters_up(TILES, (0, 0, 6, 3)),
        _tile(1, (6, 0, 6, 3), "Totals agree", "A bug if they do not.", books, looks={"mappings": yes_no}),
        _tile(2, (12, 0, 6, 3), "Unread", "Bytes in the logs that have not been read yet.", unread, unit=theme.BYTES),
        _tile(3, (18, 0, 6, 3), "Late events", "Lines of earlier days, counted in the day they belong to.", late),
        _tile(
            4, (0, 3, 8, 3), "Lines not understood", "Missing from all numbers.", added(UNMATCHED), looks=bad_from_one
        ),
        _tile(5, (8, 3, 8, 3), "Lines possibly lost", "Dropped, or truncated unread.", lost, looks=bad_from_one),
        _tile(6, (16, 3, 8, 3), "Users beyond the limit", "Counted together as `_other`.", folded, looks=bad_from_one),
    ]


def exporters_up(number: int, place: Place) -> panels.Panel:
    """How many of how many: red if one does not answer."""
    up = 'max by(instance)(last_over_time(up{job=~"pop3.*"}[10m] @ $watched))'
    said = f'count_values("up",sum({up}))*on() group_left(of) count_values("of",count({up}))'
    said = f'label_join({said},"said"," of ","up","of")*on() group_left() (sum({up})/count({up}))'
    none = 'label_replace(vector(0),"said","not scraped","","")'
    return panels.tile(
        number,
        "Exporters up",
        place,
        "How many exporters answer Prometheus, and how many it scrapes.",
        now("A", f"{said} or on() {none}", "{{said}}"),
        unit=theme.COUNT,
        looks={"thresholds": panels.thresholds((None, theme.RED), (1, theme.GREY)), "color": {"mode": "thresholds"}},
        words="name",
    )


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
        "thresholds": panels.thresholds((None, theme.GREY), (0, theme.GREEN)),
        "color": {"mode": "thresholds"},
        "decimals": 0,
        "noValue": "not scraped",
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
        return f"sum by(source)({once(f'increase({series}[${{__range_s}}s])')})"

    columns = [
        (
            "Last event",
            f"clamp_min($watched-{newest('pop3_exporter_last_event_timestamp_seconds')},0)",
            theme.SECONDS,
            72,
        ),
        ("Unread", newest("pop3_exporter_unread_bytes"), theme.BYTES, 72),
        ("Lines", added("pop3_exporter_lines_total"), theme.COUNT, 84),
        ("Not understood", added(UNMATCHED), theme.COUNT, 94),
        ("Late", added("pop3_exporter_late_events_total"), theme.COUNT, 58),
        ("From the future", added("pop3_exporter_future_events_total"), theme.COUNT, 80),
        ("Clock skew", newest("pop3_exporter_clock_skew_seconds"), theme.SECONDS, 62),
        ("Rotations", added("pop3_exporter_rotations_total"), theme.COUNT, 78),
        ("Truncations", added("pop3_exporter_truncations_total"), theme.COUNT, 96),
        ("Possibly lost", added("pop3_exporter_lines_possibly_lost_total"), theme.COUNT, 74),
        ("Read errors", added("pop3_exporter_read_errors_total"), theme.COUNT, 62),
    ]
    refs = "ABCDEFGHIJK"
    fields = {f"Value #{ref}": title for ref, (title, *_) in zip(refs, columns, strict=True)}
    shown = {"decimals": 0, "noValue": "-", "custom.filterable": False}
    looks = [panels.by_name(title, {"unit": unit, "custom.width": width, **shown}) for title, _, unit, width in columns]
    looks.append(panels.by_name("Source", {"custom.minWidth": 90}))
    return panels.table(
        SOURCES,
        "Sources",
        place,
        "What each source has read in the range, as far as it was scraped. Last event: how long ago, by the timestamps"
        " of the log.",
        [rows(ref, expr) for ref, (_, expr, *_) in zip(refs, columns, strict=True)],
        sort=("Source", False),
        overrides=looks,
        transformations=frames.joined("source", fields, keep="Source"),
        empty="No sources: the exporter is not scraped, or has none configured.",
    )


def _quality(place: Place) -> panels.Panel:
    words = [("exact", "exact", theme.GREEN), ("lower_bound", "at least", theme.YELLOW)]
    words += [("estimated", "estimated", theme.ORANGE), ("none", theme.NOT_LOGGED, theme.GREY)]
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
                {"custom.cellOptions": {"type": "color-text"}, "custom.width": 87, "custom.filterable": False},
            ),
            panels.by_regexp("^(connections|terminations|.*commands)$", {"custom.width": 95}),
            panels.by_name("Server and source", {"custom.minWidth": 100}),
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
