"""Time of the dashboards' costliest queries on a real Prometheus that was scraped every minute for 90 days.

    .venv/bin/python -m tests.bench.queries [DOMAINS] [USERS] [DAYS] [SCRAPE_SECONDS]

One measure; a panel asks for five. The time grows with the number of series, so few of them tell for many. Filling
takes about a minute per ten million samples (series x days x 86,400 / scrape seconds, twice: counter and hold).
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from dashboards.queries import Chosen, Only, Range, Series, Steps, Windows, total, wide_total
from exporter.catalogue import CONNECTIONS, MEASURES, Scope
from tests.prometheus_server import PrometheusServer

DAY = 86_400
END = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())
ROUNDS = 3
MEASURE = MEASURES[CONNECTIONS]


def samples(keys: list[str], days: int, step: int, scope: Scope) -> Iterator[str]:
    """The counter, its hold and the birth of each key: one connection a minute."""
    begin = END - days * DAY
    yield f"# TYPE {scope.total(MEASURE).removesuffix('_total')} counter\n"
    for key in keys:
        yield from (f"{scope.total(MEASURE)}{{{key}}} {(at - begin) // 60} {at}\n" for at in range(begin, END, step))
    yield f"# TYPE {scope.hold(MEASURE, 'day')} gauge\n"
    for key in keys:
        for at in range(begin, END, step):
            hold = max(at // DAY * DAY - begin, 0) // 60
            yield f"{scope.hold(MEASURE, 'day')}{{{key}}} {hold} {at}\n"
    yield f"# TYPE {scope.first_seen} gauge\n"
    for key in keys:
        yield from (f"{scope.first_seen}{{{key}}} {begin} {at}\n" for at in range(begin, END, 3600))


def main() -> None:
    given = [int(one) for one in sys.argv[1:]]
    domains, users, days, step = [*given, *(50, 100, 90, 60)[len(given) :]]
    with tempfile.TemporaryDirectory() as folder, PrometheusServer(Path(folder)) as server:
        of_domains = [f'server="mx1",domain="d{number}.example"' for number in range(domains)]
        of_users = [f'server="mx1",domain="d0.example",user="u{number}@d0.example"' for number in range(users)]
        with (Path(folder) / "history.om").open("w", encoding="utf-8") as file:
            file.writelines(samples(of_domains, days, step, Scope.DOMAIN))
            file.writelines(samples(of_users, days, step, Scope.USER))
            file.write("# EOF\n")
        server.load_blocks(Path(folder) / "history.om")
        range_ = Range.of((END - days * DAY) // DAY * DAY + DAY, END // DAY * DAY + DAY - 1, END + 60, ended="none")
        windows, only = Windows.of("UTC", datetime.fromtimestamp(END, UTC)), Only(servers=None)
        domain, user = [Series(Scope.DOMAIN, MEASURE, only)], [Series(Scope.USER, MEASURE, only)]
        queries = {
            f"{domains} domains, total of the range": total(domain, ["domain"], range_),
            f"{domains} domains, by day": Steps(windows, range_, Chosen.of("Day")).values(domain, ["domain"]),
            f"{users} users, wide total": wide_total(user, ["user"], range_),
        }
        print(f"{days} days, a scrape every {step} s, one measure, Prometheus of this machine")
        for name, query in queries.items():
            print(f"{name:40} {timed(server, query, range_):7.2f} s (median of {ROUNDS})")


def timed(server: PrometheusServer, query: str, range_: Range) -> float:
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        assert server.query(query, float(range_.end))
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
