"""The site of the tests: six weeks (in Berlin) with a change of summer time and everything that goes wrong.

Births (one seconds before midnight, one while nothing is scraped), lines hours late, a renamed domain's worth of
silence, scrape gaps of 3.5 and 33 hours over midnights, a server whose log has no bytes, one that is switched off.
"""

import os
import random
from collections.abc import Iterator

from exporter.catalogue import MEASURES, REASONS, ZERO
from tests.dashboards.site import Event, Site, stamp

# Another zone moves everything to its own clock: POP3_TEST_ZONE=Asia/Kolkata pytest tests/dashboards/test_numbers.py
ZONE = os.environ.get("POP3_TEST_ZONE", "Europe/Berlin")
FIRST, NOW = stamp("2026-10-05 08:10", ZONE), stamp("2026-11-18 13:15", ZONE)
SCRAPE_SECONDS = 900
GAPS = (
    (stamp("2026-10-24 22:10", ZONE), stamp("2026-10-25 01:40", ZONE)),
    (stamp("2026-11-10 13:30", ZONE), stamp("2026-11-11 22:40", ZONE)),  # its holds stand outside their window
    (stamp("2026-11-17 13:10", ZONE), stamp("2026-11-17 13:20", ZONE)),  # one scrape, at this time of yesterday
)
SWITCHED_OFF = stamp("2026-11-03 15:00", ZONE)
LATE_SECONDS = 3 * 3600
# Hours are exact where lines are less than 55 minutes late: here, and nowhere else, none is.
PUNCTUAL = ((stamp("2026-10-26", ZONE), stamp("2026-10-29", ZONE)), (stamp("2026-11-16 20:00", ZONE), NOW))
# (server, domain, user or None, first event, events a day)
PEOPLE = (
    ("mx1", "a.example", "anna@a.example", FIRST, 24),
    ("mx1", "a.example", "o'neill+x@a.example", FIRST + 3600, 12),
    ("mx2", "a.example", "anna@a.example", FIRST + 7200, 6),
    ("mx1", "b.example", "ben@b.example", stamp("2026-10-14 23:59:50", ZONE), 9),
    ("mx1", "b.example", "late@b.example", stamp("2026-10-25 00:30", ZONE), 9),  # inside the first gap
    ("mx2", "c.example", "carla@c.example", stamp("2026-11-09 12:00", ZONE), 40),
    ("mx1", "unknown", None, FIRST, 8),
    ("mx2", "unknown", None, FIRST, 3),
    ("win1", "old.example", "otto@old.example", FIRST, 10),
)
# More domains than charts show, and what is beyond the exporter's limit, which is busier than any.
FOLDED = ("mx1", "_other", "_other", FIRST, 60)
SMALL = tuple(("mx1", f"d{number}.example", f"dora@d{number}.example", FIRST + number, 2) for number in range(9))
EVERYBODY = (*PEOPLE, FOLDED, *SMALL)
NO_BYTES = ("received_bytes", "sent_bytes")
# What of mx2's log is a part only: some refusals, and one half of the bandwidth.
PARTS = {("mx2", "blocked_connections"): "lower_bound", ("mx2", "received_bytes"): "none"}


def events() -> Iterator[Event]:
    """About 5,000 charges, of every measure, some of them late."""
    chance = random.Random(3)
    for server, domain, user, first, a_day in EVERYBODY:
        last = SWITCHED_OFF if server == "win1" else NOW
        at = float(first)
        while at < last:
            late = 0 if any(begin <= at < end for begin, end in PUNCTUAL) else _lateness(chance)
            yield Event(min(int(at) + late, last), int(at), server, domain, user, _values(chance, server))
            at += chance.expovariate(a_day / 86_400)
    # A rest of nothing, which stays after a first name was folded.
    yield Event(FIRST + 60, FIRST + 60, "mx2", "_other", None, ZERO)


def site() -> Site:
    """All of it, scraped every quarter of an hour but in the gaps."""
    begin = FIRST // SCRAPE_SECONDS * SCRAPE_SECONDS + SCRAPE_SECONDS
    scrapes = [at for at in range(begin, NOW + 1, SCRAPE_SECONDS) if not any(start < at < end for start, end in GAPS)]
    quality = {("win1", name): "none" for name in NO_BYTES} | PARTS
    return Site(ZONE, list(events()), scrapes, quality, {"win1": SWITCHED_OFF}, extra=extra)


def extra(now: int) -> Iterator[tuple[str, str, float]]:
    """What else a scrape shows: self-metrics, ends, networks, an alert. Family, labels, value."""
    grown = float(now - FIRST)
    for server in ("mx1", "mx2"):
        for reason in REASONS:
            yield "pop3_session_ends_total", f'server="{server}",end="{reason.end}",reason="{reason}"', grown // 900
        yield "pop3_exporter_last_event_timestamp_seconds", f'source="log",server="{server}"', now - 5
        yield "pop3_exporter_folded_users", f'server="{server}"', 0
        yield "pop3_exporter_folded_domains", f'server="{server}"', 0
    for server, domain, user in {(server, domain, user) for server, domain, user, *_ in EVERYBODY if user}:
        labels = f'server="{server}",domain="{domain}",user="{user}"'
        yield "pop3_user_client_networks", labels, 2
        yield "pop3_user:connections:busiest14d", labels, 30
        yield "pop3_user_last_login_timestamp_seconds", labels, FIRST
    person = 'server="mx1",domain="a.example",user="anna@a.example"'
    for alert in ("ALERTS", "ALERTS_FOR_STATE"):
        state = 'alertstate="firing",' if alert == "ALERTS" else ""
        yield alert, f'alertname="POP3UserConnectionSpike",severity="warning",{state}{person}', 1
    yield from _self_metrics(grown)


def _self_metrics(grown: float) -> Iterator[tuple[str, str, float]]:
    for verdict in ("event", "ignored", "unmatched", "malformed"):
        yield "pop3_exporter_lines_total", f'source="log",verdict="{verdict}"', grown
    for name in ("rotations", "truncations", "lines_possibly_lost", "late_events", "future_events", "read_bytes"):
        yield f"pop3_exporter_{name}_total", 'source="log"', grown // 86_400
    yield "pop3_exporter_read_errors_total", 'source="log",errno="EACCES"', 0
    for name in ("unread_bytes", "clock_skew_seconds", "catching_up"):
        yield f"pop3_exporter_{name}", 'source="log"', 0
    for scope in ("server", "domain", "user"):
        yield "pop3_exporter_series", f'scope="{scope}"', len(MEASURES)
    for name in ("commit", "turn"):
        for bound in ("0.1", "+Inf"):
            yield f"pop3_exporter_{name}_duration_seconds_bucket", f'le="{bound}"', grown
    yield "pop3_exporter_books_balanced", "", 1
    yield "up", "", 1
    yield "process_resident_memory_bytes", "", 6e7
    yield "process_cpu_seconds_total", "", grown / 100
    yield "scrape_duration_seconds", "", 0.02


def _lateness(chance: random.Random) -> int:
    return chance.randrange(LATE_SECONDS) if chance.random() < 0.05 else chance.randrange(3)


def _values(chance: random.Random, server: str) -> tuple[int, ...]:
    bad, failed = int(chance.random() < 0.1), int(chance.random() < 0.2)
    size = 0 if server == "win1" else chance.randrange(100_000)
    blocked, ended = int(chance.random() < 0.05), int(chance.random() < 0.05)
    return (
        1,
        blocked,
        bad,
        ended,
        0 if server == "mx2" else size // 50,
        size,
        1 - failed,
        failed,
        bad * chance.randrange(1, 4),
    )
