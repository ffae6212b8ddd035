"""History and live data side by side in one Prometheus: no seam, and gaps that can be filled."""

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from exporter.exposition.renderer import Exposition
from exporter.history.openmetrics import export_openmetrics
from exporter.ledger import Ledger
from exporter.ledger.reading import Reading
from exporter.model import Charge
from tests.history.comparing import Site, compare_hours, compare_steps, compare_totals
from tests.history.sites import MINUTE, events
from tests.prometheus_server import PrometheusServer
from tests.reports.ledgers import at

FIRST, LAST = date(2026, 10, 14), date(2026, 10, 30)
BERLIN = "Europe/Berlin"
CLOCK = at(BERLIN, f"{LAST}T15:20")

pytestmark = pytest.mark.tool("prometheus", "promtool")


def charges() -> list[Charge]:
    """All events, in the order in which they happen."""
    return sorted((one for day in events(BERLIN, FIRST, LAST, CLOCK) for one in day), key=lambda one: one.stamp)


def lived(ledger: Path, scraped: Path, waiting: list[Charge], scrapes: Sequence[int]) -> None:
    """Run the exporter on the ledger: at each scrape it has booked what has happened, and shows what it committed."""
    with (
        closing(Ledger.open(ledger, zone=BERLIN, now=scrapes[0])) as opened,
        scraped.open("wb") as file,
    ):
        exposition = Exposition(opened.calendar)
        for now in scrapes:
            opened.book([one for one in waiting if one.stamp <= now])
            waiting = [one for one in waiting if one.stamp > now]
            view = opened.commit(now)
            for line in b"".join(exposition.render(view, now)).splitlines():
                if not line.startswith(b"#"):
                    file.write(b"%b %d\n" % (labelled(line), now))
        file.write(b"# EOF\n")


def labelled(line: bytes) -> bytes:
    """As Prometheus stores a scraped sample."""
    name, value = line.rsplit(b" ", 1)
    inside = name.partition(b"{")[2].removesuffix(b"}")
    labels = b",".join(filter(None, (b'instance="mx:10110",job="pop3"', inside)))
    return b"%b{%b} %b" % (name.partition(b"{")[0], labels, value)


def every(minutes: int, begin: int, end: int, seen: Callable[[int], bool] = lambda _: True) -> list[int]:
    """Instants of scrapes, the last one at `end`."""
    return [at for at in [*range(begin, end, minutes * MINUTE), end] if seen(at)]


def test_live_data_go_on_where_the_history_ends(tmp_path: Path) -> None:
    """Logs imported up to an afternoon, exported; then the exporter runs: ranges over both are exact, to the hour."""
    ledger, start = tmp_path / "ledger.sqlite", at(BERLIN, "2026-10-26T14:00")
    old = [one for one in charges() if one.stamp <= start]
    with closing(Ledger.open(ledger, zone=BERLIN, now=0)) as opened:
        for one in old:
            opened.book([one])
        opened.commit(start)
    with Reading(ledger) as reading:
        export_openmetrics([reading], tmp_path / "history.txt", clock=start)
    new = [one for one in charges() if one.stamp > start]
    lived(ledger, tmp_path / "scraped.txt", new, every(30, start + 30 * MINUTE, CLOCK))
    with Reading(ledger) as reading, PrometheusServer(tmp_path) as server:
        server.load_blocks(tmp_path / "scraped.txt")
        server.load_blocks(tmp_path / "history.txt")
        site = Site(BERLIN, CLOCK, reading, server)
        compare_steps(site, FIRST, LAST)
        compare_totals(site, FIRST, LAST)
        compare_totals(site, date(2026, 10, 24), date(2026, 10, 27))
        compare_hours(site, date(2026, 10, 25), date(2026, 10, 27))


@pytest.mark.slow
def test_days_that_prometheus_missed_are_filled(tmp_path: Path) -> None:
    """A week without a scrape is wrong before, and exact when those days were exported."""
    ledger, away, back = tmp_path / "ledger.sqlite", at(BERLIN, "2026-10-19T10:00"), at(BERLIN, "2026-10-26T16:00")
    begin = min(one.stamp for one in charges())
    seen = every(30, begin, CLOCK, lambda now: not away <= now < back)
    lived(ledger, tmp_path / "scraped.txt", charges(), seen)
    with Reading(ledger) as reading, PrometheusServer(tmp_path) as server:
        site = Site(BERLIN, CLOCK, reading, server)
        server.load_blocks(tmp_path / "scraped.txt")
        with pytest.raises(AssertionError):
            compare_steps(site, FIRST, LAST)
        missed = (date(2026, 10, 19), date(2026, 10, 26))
        export_openmetrics([reading], tmp_path / "history.txt", first=missed[0], last=missed[1], clock=CLOCK)
        server.load_blocks(tmp_path / "history.txt")
        compare_steps(site, FIRST, LAST)
        compare_totals(site, *missed)
        compare_hours(site, date(2026, 10, 20), date(2026, 10, 24))
