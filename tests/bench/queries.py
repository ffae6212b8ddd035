"""Time of the dashboards' queries on a real Prometheus that was scraped every minute for 90 days.

    .venv/bin/python -m tests.bench.queries [DOMAINS] [USERS] [DAYS] [SCRAPE_SECONDS] [SERVERS]
    .venv/bin/python -m tests.bench.queries 300 30000 30 300 300  # many servers, each with a domain and a hundred users

Each panel's target is asked as a viewer's Grafana asks it (the last `DAYS` days, all servers, step day and hour), and
so are the hidden variables; the slowest of each dashboard are printed. The servers, ten of the domains and the day at
each end of the range (of users a few hours) are scraped in full. In between the others have a sample a day, because
filling all would take days: the queries are meant not to read them there.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from dashboards.boards import all_boards
from dashboards.dashboard import Board
from exporter.catalogue import CONNECTIONS, LOGIN_FAILURES, MEASURES, RECEIVED_BYTES, SENT_BYTES, Measure, Scope
from tests.dashboards.grafana import Page
from tests.prometheus_server import Engine, PrometheusServer

DAY = 86_400
END = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp())
DENSE = 10  # domains
USERS_HOURS = 4  # at each end
ROUNDS = 3
SLOWEST = 3
CHOSEN: dict[str, str | list[str]] = {"domain": "d0.example", "user": "u0@d0.example"}
OF_DOMAINS = tuple(MEASURES[one] for one in (CONNECTIONS, RECEIVED_BYTES, SENT_BYTES))
OF_USERS = (MEASURES[CONNECTIONS], MEASURES[LOGIN_FAILURES])


def stamps(days: int, step: int, near: int | None) -> list[int]:
    """The scrapes; `near`: how many seconds at each end are scraped in full, None: all."""
    begin = END - days * DAY
    if near is None:
        return list(range(begin, END + 1, step))
    middle = [at for at in range(begin, END, DAY) if begin + near <= at < END - near]
    return [*range(begin, begin + near, step), *middle, *range(END - near, END + 1, step)]


def family(file: IO[str], name: str, rows: Iterator[tuple[str, list[int], list[int]]]) -> None:
    """All series of a metric; rows: labels, stamps and values."""
    counter = name.endswith("_total")
    file.write(f"# TYPE {name.removesuffix('_total')} {'counter' if counter else 'gauge'}\n")
    for labels, at, values in rows:
        start = f"{name}{{{labels}}} "
        file.write("".join([f"{start}{value} {stamp}\n" for value, stamp in zip(values, at, strict=True)]))


def scope_families(
    file: IO[str], scope: Scope, measures: tuple[Measure, ...], keys: list[tuple[str, list[int]]], begin: int
) -> None:
    """Counters, holds and births: one connection a minute."""
    for measure in measures:
        total, hold = scope.total(measure), scope.hold(measure, "day")
        family(file, total, ((key, at, [(stamp - begin) // 60 for stamp in at]) for key, at in keys))
        days = ((key, at, [max(stamp // DAY * DAY - begin, 0) // 60 for stamp in at]) for key, at in keys)
        family(file, hold, days)
        if scope.has_hours:
            hours = ((key, at, [max(stamp // 3600 * 3600 - begin, 0) // 60 for stamp in at]) for key, at in keys)
            family(file, scope.hold(measure, "hour"), hours)
    family(file, scope.first_seen, ((key, at, [begin] * len(at)) for key, at in keys))


def fill(file: IO[str], domains: int, users: int, days: int, step: int, *, servers: int) -> None:
    begin = END - days * DAY
    full, ends = stamps(days, step, None), stamps(days, step, DAY)
    near = stamps(days, step, USERS_HOURS * 3600)
    of_domains = [
        (f'server="mx{number % servers}",domain="d{number}.example"', full if number < DENSE else ends)
        for number in range(domains)
    ]
    of_users = [
        (f'server="mx{at % servers}",domain="d{at}.example",user="u{number}@d{at}.example"', near)
        for number, at in ((number, number % domains) for number in range(users))
    ]
    of_servers = [(f'server="mx{number}"', full) for number in range(servers)]
    scope_families(file, Scope.SERVER, OF_DOMAINS, of_servers, begin)
    scope_families(file, Scope.DOMAIN, OF_DOMAINS, of_domains, begin)
    scope_families(file, Scope.USER, OF_USERS, of_users, begin)
    family(file, "pop3_user_client_networks", ((key, at, [2] * len(at)) for key, at in of_users))
    quality = (
        (f'source="mail",{server},measure="{measure.name}",quality="exact"', at, [1] * len(at))
        for server, at in of_servers
        for measure in OF_DOMAINS
    )
    family(file, "pop3_measure_quality_info", quality)
    family(
        file, "pop3_exporter_time_seconds", ((f'instance="{server[8:-1]}:10110"', at, at) for server, at in of_servers)
    )
    for name in ("", "_smallest"):
        family(file, f"pop3_site_utc_offset{name}_seconds", iter([("", full, [0] * len(full))]))
    file.write("# EOF\n")


def main() -> None:
    given = [int(one) for one in sys.argv[1:]]
    domains, users, days, step, servers = [*given, *(1_000, 20_000, 90, 60, 1)[len(given) :]]
    with tempfile.TemporaryDirectory() as folder, PrometheusServer(Path(folder)) as server:
        path = Path(folder) / "history.om"
        with path.open("w", encoding="utf-8") as file:
            fill(file, domains, users, days, step, servers=servers)
        print(f"{servers} servers, {domains} domains, {users} users, {days} days, a scrape every {step} s")
        server.load_blocks(path)
        path.unlink()
        for board in all_boards("UTC"):
            is_recent = board.uid == "pop3-suspicious"
            begin, end = (END - DAY, END) if is_recent else (midnight(END - days * DAY) + DAY, midnight(END) + DAY - 1)
            for chosen in steps_of(board):
                show(board, chosen, Page(board.json(), server, begin, end, CHOSEN | {"step": chosen}), end)


def midnight(at: int) -> int:
    return at // DAY * DAY


def steps_of(board: Board) -> list[str]:
    """The cheapest and the costliest step that it offers; weeks, months and quarters are sums of days."""
    variables = {variable.name: variable for variable in board.variables}
    offered = [option["text"] for option in variables["step"].options] if "step" in variables else ["Day"]
    return [step for step in ("Day", "Hour") if step in offered]


def show(board: Board, step: str, page: Page, end: int) -> None:
    """The slowest hidden variables and targets."""
    queries = [(f"${name}", page.expression(text)) for name, text in page.asked.items()]
    for panel, target in board.targets():
        text = target.to_json_data()
        if text.get("instant"):
            queries.append((f"{panel} {target.refId}", page.expression(text["expr"])))
    times = sorted(((timed(page.prometheus, query, end), name) for name, query in queries), reverse=True)
    for seconds, name in times[:SLOWEST]:
        print(f"{board.uid:16} {step:5} {name:50} {seconds:6.2f} s (median of {ROUNDS})", flush=True)


def timed(server: Engine, query: str, at: float) -> float:
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        server.query(query, at)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
