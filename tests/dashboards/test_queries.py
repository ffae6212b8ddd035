"""The text of the queries: short whatever the site, within every engine's limits, and built from real numbers too."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from dashboards.boards import all_boards
from dashboards.queries.lookups import known, newest_sample, range_before, watched, zone
from dashboards.queries.terms import STEPS, Only, Series, filled, literal, zone_values
from exporter.catalogue import CONNECTIONS, MEASURES, Scope

NOW = datetime(2026, 11, 22, tzinfo=UTC)
LONGEST_TEXT = 8 * 1024
LONGEST_RANGE = 31 * 86_400
MOST_RULES = 20
RULES = sorted(Path("deploy/prometheus/rules").glob("*.yml"))
NEVER_FALLS = re.compile(
    r"last_over_time\(pop3_[a-z_]*(_total|day_start|hour_start|first_seen_timestamp_seconds|last_login_timestamp_seconds)\b"
)
SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}

# A page of 30 days at a site of 300 servers, three of which were switched off some time; names as people have them.
LOOKUPS = (newest_sample(), *watched(), *zone(), *known(), *range_before())
VALUES = {f"${one.name}": "1795820400" for one in LOOKUPS} | {
    "${__from:date:seconds}": "1793228400",
    "${__to:date:seconds}": "1795820400",
    "${__range_s}": "2592000",
    "$__rate_interval": "60s",
    "${step:text}": "Quarter",
    "$step": str(STEPS["Quarter"]),
    "$server": ".+",
    "$west": "46800",
    "$quarter": "0",
    "$extent": str(29 * 86_400 + 1),
    "$hours": str(30 * 86_400 - 3_599),
    "$odd": f"({'|'.join(f'mx{number}' for number in range(3))})",
    "$all_odd": "none",
    "$odd_hours": f"({'|'.join(f'mx{number}' for number in range(3))})",
    "$all_odd_hours": "none",
    "$gap": "86400",
    "$lull": "3600",
    "$ago": "7200",
    "$young": "86400",
    "$fresh": "7200",
    "$whole": "0",
    "${domain:raw}": "example.com",
    "${user:raw}": "a.name@example.com",
    "$top": f"({'|'.join(f'd{number}.example' for number in range(10))})",
    "$topbytes": f"({'|'.join(f'd{number}.example' for number in range(10))})",
    "$topusers": f"({'|'.join(f'user{number}@d{number}.example' for number in range(10))})",
    "$suspects": f"({'|'.join(f'user{number}@d{number}.example' for number in range(20))})",
}


def expressions() -> Iterator[tuple[str, str]]:
    """Every query of every dashboard as it is sent, with where it stands."""
    for board in all_boards(""):
        for panel, target in board.targets():
            yield f"{board.uid} {panel} {target.refId}", filled(target.expr, VALUES)
        for variable in board.json()["templating"]["list"]:
            if isinstance(variable["query"], dict):
                yield f"{board.uid} ${variable['name']}", filled(variable["query"]["query"], VALUES)


EXPRESSIONS = dict(expressions())


def seconds(text: str) -> int:
    """`1d8h58m46800s` as seconds."""
    return sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+)([dhms])", text))


def test_no_expression_is_longer_than_engines_take() -> None:
    """VictoriaMetrics takes 16 KiB unless it is told otherwise; half of that leaves room for long names."""
    assert not {name: len(text) for name, text in EXPRESSIONS.items() if len(text) > LONGEST_TEXT}


def longest_read(text: str) -> int:
    """How many seconds the selector reads that reads most: its window, and the grids around it unless it has an `@`."""
    most, inside = 0, [0]
    for found in re.finditer(r"\(|\)(?:\[([0-9dhms]+):[0-9dhms]+\])?|\[([0-9dhms]+)\]( @)?", text):
        grid, window, at = found.groups()
        if found[0] == "(":
            inside.append(0)
        elif at:
            most = max(most, seconds(window))
        else:
            read = seconds(window) if window else inside.pop()
            inside[-1] = max(inside[-1], read + seconds(grid or ""))
    return max(most, *inside)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("max(x[2d])", 2),
        ("sum_over_time((max_over_time(x[1d] offset -3d))[29d:1d] @ 7)", 30),
        ("sum_over_time((max_over_time(x[9d] @ 7) + max_over_time(y[1d]))[4d:1d])", 9),
    ],
)
def test_what_a_selector_reads(text: str, days: int) -> None:
    """Windows in grids are read over both."""
    assert days * 86_400 == longest_read(text)


def test_no_selector_reads_more_than_a_month() -> None:
    """Grafana Cloud refuses more than 32 days at once. On a page of 30 days, windows around its ends included."""
    assert not {name: read for name, text in EXPRESSIONS.items() if (read := longest_read(text)) > LONGEST_RANGE}


def test_every_variable_has_a_value() -> None:
    """As Grafana finds them: a name ends where letters and digits end."""
    assert not {name: found for name, text in EXPRESSIONS.items() if (found := re.findall(r"\$[a-z_{]\w*", text))}


def test_no_list_grows_with_the_site() -> None:
    """A matcher is a chosen name, all of them, or one of the lists that have a limit."""
    lists = {one.name for one in LOOKUPS if one.many}
    assert {"odd", "odd_hours"} == lists
    assert all(one.query.startswith("topk(4,") for one in LOOKUPS if one.many)


def test_counters_are_read_alike_by_all_engines() -> None:
    """What never falls by its largest value, which Thanos keeps when it thins out; nothing is rounded at a half."""
    rules = {path.name: path.read_text() for path in RULES}
    for name, text in (EXPRESSIONS | rules).items():
        assert not NEVER_FALLS.search(text), name
        assert "round(" not in text, name


def test_a_label_of_the_store_doubles_nothing() -> None:
    """Holds, counters and births are first the largest (or smallest) of all their copies, by the scope's own labels."""
    copies = re.compile(r"(max|min) by\([a-z,]+\)\(((max|min)_over_time\([^()]*\)\+)?(max|min|last)_over_time\(\{?$")
    family = re.compile(
        r"(__name__=~\"\(\?i\))?pop3_(domain_|user_)?[a-z_]+_(start|total|first_seen_timestamp_seconds)\b"
    )
    for name, text in EXPRESSIONS.items():
        if name.startswith(("pop3-trend", "pop3-domain", "pop3-user")) and not re.search(
            r"rate\(|increase\(|  ", text + name
        ):
            for found in family.finditer(text):
                before = text[: found.start()]
                in_braces = before.rpartition("{")[2].count('"') > 0 and not found[1]
                assert in_braces or "label_values(" in text or copies.search(before.split(",__name__")[0]), (
                    name,
                    found[0],
                )


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_no_group_has_more_rules_than_engines_take(path: Path) -> None:
    """Mimir and Grafana Cloud take 20."""
    groups = yaml.safe_load(path.read_text())["groups"]
    assert not {group["name"]: len(group["rules"]) for group in groups if len(group["rules"]) > MOST_RULES}


def connections(scope: Scope, only: Only | None = None) -> Series:
    return Series(scope, MEASURES[CONNECTIONS], only or Only())


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", (50_400, 0)),
        ("Europe/Berlin", (46_800, 0)),
        ("America/New_York", (68_400, 0)),
        ("Asia/Kolkata", (30_600, 1800)),
        ("Asia/Kathmandu", (29_700, 900)),
        ("Pacific/Auckland", (7_200, 0)),
        ("Pacific/Kiritimati", (0, 0)),
    ],
)
def test_windows_follow_from_the_zone(zone: str, expected: tuple[int, int]) -> None:
    """Each zone's smallest distance from UTC gives all there is to know, whatever the season; none is negative."""
    assert dict(zip(("$west", "$quarter"), map(str, expected), strict=True)) == zone_values(zone, NOW)


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/St_Johns"]
)
def test_the_windows_of_a_day_lie_inside_the_local_day(zone: str) -> None:
    """On every day of two years the hours in which a hold is looked for belong to the day itself."""
    west, rules = int(zone_values(zone, NOW)["$west"]), ZoneInfo(zone)
    begin = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    for label in range(begin, begin + 400 * 86_400, 86_400):
        date = datetime.fromtimestamp(label, UTC).date()
        last = label + seconds("8h58m") + west
        assert date == datetime.fromtimestamp(last, rules).date()
        assert date == datetime.fromtimestamp(last - seconds("22h56m"), rules).date()


def test_a_name_is_no_variable() -> None:
    """What a name looks like: it is inserted once, and not looked at again."""
    assert 'x{domain="$until"} @ 5' == filled('x{domain="$domain"} @ $until', {"$domain": "$until", "$until": "5"})


def test_names_from_outside_stay_inside_their_quotes() -> None:
    """A quote or backslash in a name does not end the PromQL string."""
    escaped = r"a\"b\\c\nd"
    assert escaped == literal('a"b\\c\nd')
