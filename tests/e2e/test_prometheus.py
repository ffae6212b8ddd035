"""The whole chain: old logs imported, the daemon's scrapes, a real Prometheus, the dashboards' queries: every cell.

Four weeks in Berlin with the end of summer time; a user born seconds before midnight, a domain born inside a
scrape gap, lines that come two hours late, a gap of 3.5 hours over a midnight, a daemon killed with SIGKILL.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from exporter.config import Config
from exporter.daemon import Daemon
from exporter.demo.traffic import DOMAINS, HOST, iso, lines
from exporter.exposition.renderer import Exposition
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.history.importing import import_files
from exporter.history.oldlogs import LogFile
from exporter.history.openmetrics import export_openmetrics
from exporter.ledger.reading import Reading
from exporter.wiring import crew_of, log_zone, open_ledger, pipeline_of
from tests.history.comparing import Site, compare_hours, compare_steps, compare_totals
from tests.history.test_seam import labelled
from tests.prometheus_server import PrometheusServer
from tests.reports.ledgers import at

BERLIN = "Europe/Berlin"
FIRST, LAST = date(2026, 10, 5), date(2026, 10, 30)
IMPORTED = at(BERLIN, "2026-10-19T14:00")
KILLED = at(BERLIN, "2026-10-24T10:07")
GAP = (at(BERLIN, "2026-10-26T22:10"), at(BERLIN, "2026-10-27T01:40"))
CLOCK = at(BERLIN, "2026-10-30T15:20")
SCRAPE_SECONDS = 1800
LATE_SECONDS = 2 * 3600
LATE_DAYS = (at(BERLIN, "2026-10-21"), at(BERLIN, "2026-10-24"))  # hours are not exact there, days are
# (user, first login)
BORN = (
    ("newborn@example.com", at(BERLIN, "2026-10-20T23:59:52")),
    ("first@born.example", at(BERLIN, "2026-10-26T23:59:00")),
    ("second@born.example", at(BERLIN, "2026-10-27T00:20:00")),
)

pytestmark = [pytest.mark.slow, pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(400)]


def logged(begin: int, end: int) -> Iterator[tuple[int, str]]:
    """(when it reaches the log, line): what the host logs from `begin` to before `end`, in the order of arrival."""
    found = [*lines(begin, end), *births(begin, end)]
    arrivals = []
    for number, line in enumerate(sorted(found)):
        stamp = at("UTC", line[:19])
        # The lines of one connection stay together and in order: what is late is late as a whole.
        late = LATE_DAYS[0] <= stamp < LATE_DAYS[1] and "198.51.101." in line
        arrivals.append((stamp + (LATE_SECONDS if late else 0), number, line))
    return ((arrival, line) for arrival, _, line in sorted(arrivals))


def births(begin: int, end: int) -> Iterator[str]:
    """Logins of those who are born, once at first and then every seven hours."""
    for user, first in BORN:
        for stamp in range(first, CLOCK, 7 * 3600):
            if begin <= stamp < end:
                peer = "rip=198.51.100.200, lip=192.0.2.1, mpid=1, TLS"
                session = f"{user.partition('@')[0]}{stamp}"
                begun = f"{iso(stamp)} {HOST} dovecot: pop3-login: Login: user=<{user}>, method=PLAIN"
                ended = f"{iso(stamp + 1)} {HOST} dovecot: pop3({user})<1><{session}>: Disconnected: Logged out"
                yield f"{begun}, {peer}, session=<{session}>"
                yield f"{ended} top=0/0, retr=1/700, del=0/1, size=700, in=31, out=777"


def configured(folder: Path) -> Config:
    source = {"name": "mail", "paths": [str(folder / "mail.log*")], "format": "dovecot", "start": "beginning"}
    return Config.model_validate({"time_zone": BERLIN, "ledger": str(folder / "ledger.sqlite"), "sources": [source]})


def imported(folder: Path) -> None:
    """The first two weeks, from the log they stand in."""
    config = configured(folder)
    log = folder / "mail.log"
    begin = at(BERLIN, f"{FIRST}T00:00")
    log.write_text("".join(f"{line}\n" for _, line in logged(begin, IMPORTED)), encoding="utf-8")
    with closing(open_ledger(config, float(IMPORTED))) as ledger:
        files = [LogFile(str(log), "mail", log_zone(config.sources[0]))]
        import_files(ledger, files, lambda _: pipeline_of(config.sources[0], config, ledger), now=float(IMPORTED))
    with Reading(config.ledger) as reading:
        export_openmetrics([reading], folder / "history.txt", clock=IMPORTED)


def lived(folder: Path, name: str, begin: int, end: int, *, killed: bool) -> None:
    """The daemon from `begin` to `end`, scraped every half hour into a file; `killed`: it ends by SIGKILL."""
    config = configured(folder)
    now = float(begin)
    ledger = open_ledger(config, now)
    daemon = Daemon(
        ledger, crew_of(config, ledger, None), SelfMetrics(), commit_seconds=1, clock=lambda: now, stopwatch=lambda: 0.0
    )
    exposition = Exposition(ledger.calendar)
    arriving = [one for one in logged(IMPORTED, CLOCK) if begin <= one[0] < end]
    with (folder / "mail.log").open("a", encoding="utf-8") as log, (folder / name).open("wb") as scraped:
        for moment in [*range(begin + 600, end, SCRAPE_SECONDS), end]:
            now = float(moment)
            log.writelines(f"{line}\n" for arrival, line in arriving if arrival <= moment)
            log.flush()
            arriving = [one for one in arriving if one[0] > moment]
            while daemon.turn():
                pass
            if not GAP[0] <= moment < GAP[1]:
                scraped.writelines(samples(b"".join(exposition.render(ledger.view, now)), moment))
                scraped.flush()
        if killed:
            # What was read and not committed is lost with the process; the lines are still in the log.
            log.writelines(f"{line}\n" for _, line in logged(end, end + 1))
            log.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        scraped.write(b"# EOF\n")


def samples(text: bytes, moment: int) -> Iterator[bytes]:
    for line in text.splitlines():
        if not line.startswith(b"#"):
            yield b"%b %d\n" % (labelled(line), moment)


def test_every_cell_equals_the_ledger(tmp_path: Path) -> None:
    """Days, weeks, months and quarters of the server and of each domain, totals of domains and users, and hours."""
    imported(tmp_path)
    victim = multiprocessing.get_context("spawn").Process(
        target=lived, args=(tmp_path, "before.txt", IMPORTED, KILLED), kwargs={"killed": True}
    )
    victim.start()
    victim.join()
    assert -signal.SIGKILL == victim.exitcode
    lived(tmp_path, "after.txt", KILLED, CLOCK, killed=False)
    with (tmp_path / "before.txt").open("ab") as file:
        file.write(b"# EOF\n")
    domains = (*(domain for domain, _ in DOMAINS), "born.example", "unknown")
    with Reading(tmp_path / "ledger.sqlite") as reading, PrometheusServer(tmp_path) as server:
        for name in ("history.txt", "before.txt", "after.txt"):
            server.load_blocks(tmp_path / name)
        site = Site(BERLIN, CLOCK, reading, server, domains)
        compare_steps(site, FIRST, LAST)
        compare_totals(site, FIRST, LAST)
        compare_totals(site, date(2026, 10, 24), date(2026, 10, 27))
        compare_hours(site, date(2026, 10, 25), date(2026, 10, 25))
        with pytest.raises(AssertionError):  # not exact, and documented: lines 2 hours late miss their hour
            compare_hours(site, date(2026, 10, 21), date(2026, 10, 23))
