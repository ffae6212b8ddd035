"""A site for pictures: three servers, a dozen domains, working weeks, one account that is suddenly everywhere."""

import random
from collections.abc import Iterator

from exporter.catalogue import REASONS
from tests.dashboards.site import Event, Site, stamp

ZONE = "UTC"
FIRST, NOW = stamp("2026-09-20 06:00"), stamp("2026-11-22 18:00")
SCRAPE_SECONDS = 1800
OFTEN_SECONDS, OFTEN_SINCE = 60, NOW - 26 * 3600  # for rates over the last day
GAP = (stamp("2026-11-12 22:00"), stamp("2026-11-13 03:00"))  # nothing was scraped, nothing is lost
STOLEN = ("mx2", "meadow.example", "nora@meadow.example")
STOLEN_SINCE = stamp("2026-11-22 09:00")
# Domain, its users, connections of a user on a working day; the Windows server logs no bytes.
DOMAINS = (
    *(("harbour.example", 9, 46), ("meadow.example", 7, 38), ("orchard.example", 8, 27), ("quarry.example", 5, 31)),
    *(("lantern.example", 4, 33), ("willow.example", 5, 19), ("copper.example", 3, 25), ("ferry.example", 3, 17)),
    *(("juniper.example", 2, 21), ("bakery.example", 2, 14), ("old.example", 2, 12), ("unknown", 1, 30)),
)
NAMES = ("anna", "ben", "carla", "dirk", "emil", "fiona", "gerd", "hanna", "ines", "nora")
HOURS = (1, 1, 1, 1, 2, 4, 9, 13, 14, 13, 12, 11, 11, 12, 12, 11, 10, 8, 6, 5, 4, 3, 2, 1)
ENDS = {"logout": 0.9, "closed": 0.05, "timeout": 0.02, "tls_failed": 0.012, "reset": 0.01, "connection_limit": 0.008}
TOTALS = {"mx1": 66_000, "mx2": 48_500, "win1": 2_000}  # about what the events add up to


def people() -> Iterator[tuple[str, str, str | None, int]]:
    """Server, domain, user, connections on a working day."""
    for number, (domain, users, daily) in enumerate(DOMAINS):
        server = "win1" if domain == "old.example" else f"mx{1 + number % 2}"
        for index in range(users):
            name = "nora" if domain == "meadow.example" and index == 0 else NAMES[(number + index) % len(NAMES)]
            user = None if domain == "unknown" else f"{name}@{domain}"
            yield server, domain, user, round(daily * (1.6 - index / users))


def events() -> Iterator[Event]:
    """One charge an hour and user, of as many connections as there were."""
    chance = random.Random(7)
    for server, domain, user, daily in people():
        for hour in range(FIRST, NOW, 3600):
            weight = HOURS[hour // 3600 % 24] / sum(HOURS) * (0.45 if _is_weekend(hour) else 1.0)
            count = int(daily * weight * chance.uniform(0.6, 1.5) * (1 + (hour - FIRST) / 2e7) + chance.random())
            if (server, domain, user) == STOLEN and hour >= STOLEN_SINCE:
                count += chance.randrange(60, 90)
            if count:
                at = hour + chance.randrange(3500)
                yield Event(at + 1, at, server, domain, user, _values(chance, count, server, user))


def _is_weekend(at: int) -> bool:
    return (at // 86_400 + 3) % 7 >= 5


def _values(chance: random.Random, count: int, server: str, user: str | None) -> tuple[int, ...]:
    def some(share: float) -> int:
        return sum(chance.random() < share for _ in range(count))

    failed = some(0.03)
    size = 0 if server == "win1" else sum(int(chance.lognormvariate(9.5, 1.2)) for _ in range(count))
    bad = some(0.03)
    logins = count - failed if user else 0
    return (count, some(0.008), bad, some(0.025), size // 60, size, logins, failed, bad)


def site() -> Site:
    scrapes = [at for at in range(FIRST, OFTEN_SINCE, SCRAPE_SECONDS) if not GAP[0] < at < GAP[1]]
    scrapes += range(OFTEN_SINCE, NOW + 1, OFTEN_SECONDS)
    quality = {("win1", name): "none" for name in ("received_bytes", "sent_bytes")}
    return Site(ZONE, list(events()), scrapes, quality, {}, extra=extra)


def extra(now: int) -> Iterator[tuple[str, str, float]]:
    """What else a scrape shows: self-metrics, ends, networks, and an alert since this morning."""
    grown = now - FIRST
    for server, total in TOTALS.items():
        for reason in REASONS:
            value = int(total * grown / (NOW - FIRST) * ENDS.get(str(reason), 0))
            yield "pop3_session_ends_total", f'server="{server}",end="{reason.end}",reason="{reason}"', value
        source = f'source="/var/log/{server}.log"'
        yield "pop3_exporter_last_event_timestamp_seconds", f'{source},server="{server}"', now - 7 - now // 1800 % 9
        yield "pop3_exporter_folded_users", f'server="{server}"', 0
        yield "pop3_exporter_folded_domains", f'server="{server}"', 0
        for verdict, share in (("event", 0.8), ("ignored", 0.19), ("unmatched", 2e-6), ("malformed", 0.0)):
            lines = int(_work(now) / 20 * share)
            yield "pop3_exporter_lines_total", f'{source},verdict="{verdict}"', lines
        yield "pop3_exporter_rotations_total", source, grown // 86_400
        yield "pop3_exporter_late_events_total", source, grown // 40_000
        for name in ("truncations", "lines_possibly_lost", "future_events"):
            yield f"pop3_exporter_{name}_total", source, 0
        yield "pop3_exporter_read_errors_total", f'{source},errno="EACCES"', 0
        for name in ("unread_bytes", "clock_skew_seconds", "catching_up"):
            yield f"pop3_exporter_{name}", source, 0
    for server, domain, user, daily in people():
        if user is None:
            continue
        stolen = (server, domain, user) == STOLEN and now >= STOLEN_SINCE
        labels = f'server="{server}",domain="{domain}",user="{user}"'
        yield "pop3_user_client_networks", labels, 23 if stolen else 1 + daily % 3
        yield "pop3_user:connections:busiest14d", labels, 2 + daily // 6
    yield from _alerts(now)
    yield from _process(now, float(grown))


def _work(now: int) -> int:
    """What HOURS add up to, in seconds times their weight."""
    days, seconds = divmod(now - FIRST // 86_400 * 86_400, 86_400)
    hours, rest = divmod(seconds, 3600)
    return 3600 * (days * sum(HOURS) + sum(HOURS[:hours])) + rest * HOURS[hours]


def _alerts(now: int) -> Iterator[tuple[str, str, float]]:
    if now >= STOLEN_SINCE + 1800:
        who = 'server="{}",domain="{}",user="{}"'.format(*STOLEN)
        for name in ("POP3UserConnectionSpike", "POP3UserManyNetworks"):
            alert = f'alertname="{name}",severity="warning",{who}'
            yield "ALERTS", f'{alert},alertstate="firing"', 1
            yield "ALERTS_FOR_STATE", alert, STOLEN_SINCE + 900


def _process(now: int, grown: float) -> Iterator[tuple[str, str, float]]:
    for scope, count in (("server", 108), ("domain", 351), ("user", 918)):
        yield "pop3_exporter_series", f'scope="{scope}"', count
    for name, fast in (("commit", 0.97), ("turn", 0.995)):
        for bound, share in (("0.005", 0.9), ("0.025", fast), ("0.1", 1.0), ("+Inf", 1.0)):
            yield f"pop3_exporter_{name}_duration_seconds_bucket", f'le="{bound}"', int(grown * share)
    yield "pop3_exporter_books_balanced", "", 1
    yield "up", "", 1
    yield "process_resident_memory_bytes", "", 61e6 + 2e6 * (now // 7200 % 5)
    yield "process_cpu_seconds_total", "", grown / 300 + _work(now) / 2000
    yield "scrape_duration_seconds", "", 0.018 + 0.001 * (now // 1800 % 7)
