"""The text of the queries: equal to the settled ones, and built from real numbers as from Grafana's variables."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboards.queries import Chosen, Only, Range, Series, Steps, Windows, duration, literal, total
from exporter.catalogue import CONNECTIONS, MEASURES, Scope

NOW = datetime(2026, 11, 22, tzinfo=UTC)
BERLIN = Windows.of("Europe/Berlin", NOW)

# As they were tried on Prometheus 2.42, 3.5 and VictoriaMetrics 1.79; line breaks are for the reader. Beyond design 5
# the search for what no scrape showed is made only for servers that were not scraped all the time: MISSED.
ALL = 'server=~"$server"'
DAYS = """
sum by(period)(sum_over_time(((sum by()(clamp_min(
    (max by(server)(max_over_time(pop3_connections_day_start{ALL}[22h] offset -1d21h2m))
     or 0*(max by(server)(last_over_time(pop3_first_seen_timestamp_seconds{MISSED}[4d] offset -4d23h2m))
        >=(time()+82800))
     or min by(server)(min_over_time(pop3_connections_day_start{MISSED}[4d] offset -4d23h2m))
     or max by(server)(last_over_time(pop3_connections_total{ALL}[1d] offset -23h))
     or max by(server)(last_over_time(pop3_connections_total{MISSED}[3d] offset -2d23h)))
    -(max by(server)(max_over_time(pop3_connections_day_start{ALL}[22h] offset -21h2m))
     or 0*(max by(server)(last_over_time(pop3_first_seen_timestamp_seconds{MISSED}[4d] offset -3d23h2m))
        >=(time()-3600))
     or min by(server)(min_over_time(pop3_connections_day_start{MISSED}[4d] offset -3d23h2m))
     or 0*max by(server)(last_over_time(pop3_first_seen_timestamp_seconds{ALL}[2d] offset -1d23h))),0))
    and on() (vector((time()+82800))>$began))
    *on() group_left(period) count_values("period",(year(vector(time()))*10000+month(vector(time()))*100
        +day_of_month(vector(time()))
        and on() (label_replace(vector(1),"step","$step","","")
        and on(step) label_replace(vector(1),"step","ddd YYYY-MM-DD","","")))
     or (year((vector(time())-((day_of_week(vector(time()))+6)%7)*86400))*10000
        +month((vector(time())-((day_of_week(vector(time()))+6)%7)*86400))*100
        +day_of_month((vector(time())-((day_of_week(vector(time()))+6)%7)*86400))
        and on() (label_replace(vector(1),"step","$step","","")
        and on(step) label_replace(vector(1),"step","GGGG-[W]WW","","")))
     or (year(vector(time()))*10000+month(vector(time()))*100+1
        and on() (label_replace(vector(1),"step","$step","","")
        and on(step) label_replace(vector(1),"step","YYYY-MM","","")))
     or (year(vector(time()))*10000+(3*ceil(month(vector(time()))/3)-2)*100+1
        and on() (label_replace(vector(1),"step","$step","","")
        and on(step) label_replace(vector(1),"step","YYYY-[Q]Q","","")))))
    [$__range:1d] offset 30m))
""".replace("ALL", ALL).replace("MISSED", f'{ALL},server!~"$unbroken"')
HOLD = '__name__=~"(?i)pop3_domain_connections_${step:text}_start",__name__!="pop3_domain_connections_day_start"'
HOURS = """
sum by(period)(sum_over_time(((sum by()(clamp_min(
    (max by(server,domain)(max_over_time({HOLD,ONLY}[55m] offset -1h55m))
     or 0*(max by(server,domain)(last_over_time(pop3_domain_first_seen_timestamp_seconds{MISSED}[4d] offset -4d1h))
        >=(time()+3600))
     or min by(server,domain)(min_over_time({HOLD,MISSED}[4d] offset -4d1h))
     or max by(server,domain)(last_over_time(pop3_domain_connections_total{ONLY}[1h] offset -1h))
     or max by(server,domain)(last_over_time(pop3_domain_connections_total{MISSED}[1d] offset -1d)))
    -(max by(server,domain)(max_over_time({HOLD,ONLY}[55m] offset -55m))
     or 0*(max by(server,domain)(last_over_time(pop3_domain_first_seen_timestamp_seconds{MISSED}[4d] offset -4d))
        >=time())
     or min by(server,domain)(min_over_time({HOLD,MISSED}[4d] offset -4d))
     or 0*max by(server,domain)(last_over_time(pop3_domain_first_seen_timestamp_seconds{ONLY}[2h] offset -2h))),0))
    and on() (vector((time()+3600))>$began))
    *on() group_left(period) count_values("period",vector(time())
        and on() (label_replace(vector(1),"step","$step","","")
        and on(step) label_replace(vector(1),"step","YYYY-MM-DD HH:00 z","",""))))
    [$__range:1h] offset 1m))
""".replace("HOLD", HOLD).replace("MISSED", 'ONLY,server!~"$unbroken"')
HOURS = HOURS.replace("ONLY", 'server=~"$server",domain="$domain"')
BORN = """
(max by(server,domain)(last_over_time(pop3_domain_first_seen_timestamp_seconds{ONLY}[3h] @ $until))
 or max by(server,domain)(max_over_time(pop3_domain_first_seen_timestamp_seconds{ONLY,server!~"$alive"}[${__range_s}s]
    @ ${__to:date:seconds})))
"""
TOTAL = """
sum by(domain)(clamp_min(
    (max by(server,domain)(max_over_time(HOLD{ONLY}[22h] @ ${__to:date:seconds} offset -22h2m))
     or 0*(MISSED_BORN>=${__to:date:seconds})
     or min by(server,domain)(min_over_time(HOLD{MISSED}[4d] @ ${__to:date:seconds} offset -4d2m))
     or max by(server,domain)(last_over_time(COUNTER{ONLY}[3h] @ $until))
     or max by(server,domain)(max_over_time(COUNTER{ONLY,server!~"$alive"}[${__range_s}s] @ ${__to:date:seconds})))
    -(max by(server,domain)(max_over_time(HOLD{ONLY}[22h] @ ${__from:date:seconds} offset -22h2m))
     or 0*(MISSED_BORN>=${__from:date:seconds})
     or min by(server,domain)(min_over_time(HOLD{MISSED}[4d] @ ${__from:date:seconds} offset -4d2m))
     or min by(server,domain)(min_over_time(HOLD{MISSED}[${__range_s}s:6h] @ ${__to:date:seconds}))
     or min by(server,domain)(min_over_time(HOLD{MISSED}[3h] @ $until))
     or 0*ANY_BORN),0))
"""
MISSED = 'server=~"$server",server!~"$steady"'
TOTAL = TOTAL.replace("MISSED_BORN", BORN.replace("ONLY", MISSED)).replace("{MISSED}", f"{{{MISSED}}}")
TOTAL = TOTAL.replace("ANY_BORN", BORN).replace("ONLY", 'server=~"$server"')
TOTAL = TOTAL.replace("HOLD", "pop3_domain_connections_day_start").replace("COUNTER", "pop3_domain_connections_total")


def packed(text: str) -> str:
    return "".join(text.split())


def connections(scope: Scope, only: Only | None = None) -> Series:
    return Series(scope, MEASURES[CONNECTIONS], only or Only())


def test_days_weeks_months_and_quarters_have_the_settled_text() -> None:
    """One query serves four steps, word for word as it was tried."""
    assert packed(DAYS) == packed(Steps(BERLIN).values([connections(Scope.SERVER)]))


def test_hours_are_joined_to_the_days_with_the_settled_text() -> None:
    """Where the hour is a step its branch follows, word for word as it was tried."""
    series = connections(Scope.DOMAIN, Only(domain="$domain"))
    days = Steps(BERLIN).values([series])
    assert packed(f"{days} or {HOURS}") == packed(Steps(BERLIN, hours=True).values([series]))


def test_the_total_of_a_range_has_the_settled_text() -> None:
    """Both ends of the range with all their arms, word for word."""
    assert packed(TOTAL) == packed(total([connections(Scope.DOMAIN)], ["domain"]))


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", (0, 120, 0, 1800, 0)),
        ("Europe/Berlin", (3600, 120 - 3600, 0, 1800, 0)),
        ("America/New_York", (-18000, 18120, 18000, 19800, 0)),
        ("Asia/Kolkata", (19800, 120 - 19800, 0, 1800, 1800)),
        ("Asia/Kathmandu", (20700, 120 - 20700, 0, 1800, 900)),
        ("Pacific/Auckland", (43200, 120 - 43200, 0, 1800, 0)),
    ],
)
def test_windows_follow_from_the_zone(zone: str, expected: tuple[int, ...]) -> None:
    """Each zone's smallest distance from UTC gives all its constants, whatever the season."""
    windows = Windows.of(zone, NOW)
    assert expected == (windows.offset, windows.shift, windows.lead, windows.alignment, windows.hour_lead)


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/St_Johns"]
)
def test_the_window_of_a_day_lies_inside_the_local_day(zone: str) -> None:
    """On every day of two years the 22 hours in which a hold is looked for belong to the day itself."""
    windows, rules = Windows.of(zone, NOW), ZoneInfo(zone)
    begin = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    for label in range(begin, begin + 400 * 86_400, 86_400):
        date = datetime.fromtimestamp(label, UTC).date()
        first = datetime.fromtimestamp(label + windows.shift, rules).date()
        last = datetime.fromtimestamp(label + windows.shift + 22 * 3600 - 1, rules).date()
        assert (date, date) == (first, last)


def test_real_numbers_replace_every_variable() -> None:
    """Whoever has numbers instead of Grafana gets queries without a single dollar sign."""
    range_, only = Range.of(1_790_000_000, 1_792_591_999, 1_792_000_000), Only(servers="mx1", domain="a.example")
    series = [connections(Scope.DOMAIN, only)]
    steps = Steps(BERLIN, range_, Chosen.of("Week"), hours=True)
    texts = [
        steps.values(series, only_logged=True),
        steps.begins(),
        steps.coverage(),
        total(series, ["domain"], range_),
    ]
    assert not [text for text in texts if "$" in text]


def test_names_from_outside_stay_inside_their_quotes() -> None:
    """A quote or backslash in a name does not end the PromQL string."""
    escaped = r"a\"b\\c\nd"
    assert escaped == literal('a"b\\c\nd')


@pytest.mark.parametrize(
    ("text", "seconds"), [("0s", 0), ("1d21h2m", 162_120), ("-58m", -3480), ("22h", 79_200), ("1m30s", 90)]
)
def test_durations_are_written_as_promql_reads_them(text: str, seconds: int) -> None:
    """Days, hours, minutes and seconds, the largest first, parts of zero left out."""
    assert text == duration(seconds)
