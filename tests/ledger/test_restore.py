"""A lost ledger made anew from what a real Prometheus saw last."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from exporter.catalogue import LAST_LOGIN, MEASURES, SCOPES, Reason, Scope
from exporter.exposition.text import label_block
from exporter.ledger import Ledger, LedgerError
from exporter.ledger.care import check
from exporter.ledger.restore import restore
from exporter.model import SourceCount, View
from exporter.periods import Calendar
from tests.ledger.books import DAY, NOON, checkpoint, failure, opened, poll
from tests.prometheus_server import PrometheusServer

pytestmark = [pytest.mark.tool("prometheus"), pytest.mark.tool("promtool")]

NAMES = {"events": "event", "ignored": "ignored", "unmatched": "unmatched", "malformed": "malformed"}
SINGLE = ("read_bytes", "late_events", "future_events", "rotations", "truncations", "lines_possibly_lost")


class Site(NamedTuple):
    """What Prometheus saw last of a ledger that is lost now, and where it answers."""

    url: str
    view: View
    calendar: Calendar


def booked(ledger: Ledger, last: int) -> None:
    """Polls and failures over three days up to `last`."""
    for number, user in enumerate((b"alice@a", b"bob@a", b"carol@b", b'quo"te\\@b')):
        account = ledger.names.account("mx", user, login=True)
        ledger.book(poll(account, last - number * 3600 - day * DAY, 1 << 40) for day in range(3))
        ledger.book([failure(account, last)])
    ledger.book([poll(ledger.names.account("mx2", b"alice", login=True), last - 5)])


def exposed(view: View, calendar: Calendar, now: int, instance: str) -> Iterator[str]:
    """The lines of a scrape that a restore reads, in the form of OpenMetrics; holds from the committed rows."""

    def sample(name: str, value: int, **labels: str) -> str:
        block = label_block((*labels, "instance"), (*labels.values(), instance)).decode()
        return f"{name}{block} {value} {now}"

    for scope in SCOPES:
        for labels, row in view.rows[scope].items():
            named = dict(zip(scope.labels, labels, strict=True))
            yield sample(scope.first_seen, row.first_seen, **named)
            for number, measure in enumerate(MEASURES):
                yield sample(scope.total(measure), row.totals[number], **named)
                yield sample(scope.hold(measure, "day"), row.day_hold(calendar.day(now))[number], **named)
                if scope.has_hours:
                    yield sample(scope.hold(measure, "hour"), row.hour_hold(calendar.hour(now))[number], **named)
    of_users = (dict(zip(Scope.USER.labels, labels, strict=True)) for labels in view.last_logins)
    yield from (
        sample(LAST_LOGIN, stamp, **user) for user, stamp in zip(of_users, view.last_logins.values(), strict=True)
    )
    for (server, reason), count in view.ends.items():
        yield sample("pop3_session_ends_total", count, server=server, end=reason.end, reason=reason)
    for source, counts in view.sources.items():
        for counter, verdict in NAMES.items():
            yield sample("pop3_exporter_lines_total", getattr(counts, counter), source=source, verdict=verdict)
        for counter in SINGLE:
            yield sample(f"pop3_exporter_{counter}_total", getattr(counts, counter), source=source)
    yield sample("pop3_site_info", 1, time_zone=view.time_zone)
    yield sample("pop3_exporter_time_seconds", now)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A Prometheus that saw two states of a ledger, the newer one last, under its old and its new name."""
    folder = tmp_path_factory.mktemp("site")
    ledger = opened(folder, zone="Europe/Berlin")
    lines: list[str] = []
    for state, instance in enumerate(("old:10110", "mx:10110", "mx:10110")):
        last = NOON - 3 * DAY + 36 * 3600 * state
        booked(ledger, last)
        ledger.commit(last, {"mail": checkpoint(counts=SourceCount(5 + state, 1, 1, 1, 9, 2, 3, 4, 5, 6, 8 + state))})
        lines += exposed(ledger.view, ledger.calendar, last + 30, instance)
    view = ledger.view
    ledger.close()
    # What `export` wrote of this and other ledgers bears no instance.
    lines += (line.replace(',instance="mx:10110"', "").replace('"mx"', '"elsewhere"') for line in lines[-200:])
    lines.append(f"pop3_exporter_time_seconds {last + 45} {last + 45}")
    # A family's samples stand together.
    (folder / "samples").write_text("".join(f"{line}\n" for line in sorted(lines, key=by_family)) + "# EOF\n")
    with PrometheusServer(folder) as server:
        server.load_blocks(folder / "samples")
        yield Site(server.url, view, ledger.calendar)


def by_family(line: str) -> tuple[str, str, int]:
    """What OpenMetrics wants samples to be ordered by: series, then time."""
    series, _, stamp = line.rpartition(" ")
    return line.partition("{")[0], series.rpartition(" ")[0], int(stamp)


def test_counters_go_on_from_the_last_values(site: Site, tmp_path: Path) -> None:
    """Totals, births, last logins, ends, source counters, what day and hour had added: as Prometheus saw them."""
    path = tmp_path / "ledger.sqlite"
    restored = restore(path, site.url, now=NOON + 3600, selector='instance="mx:10110"')
    assert {scope: len(site.view.rows[scope]) for scope in SCOPES} == restored.keys
    assert NOON + 30 == restored.moment
    assert () == check(path)
    ledger = opened(path, zone=None, now=NOON + 60)
    day, hour = site.calendar.day(NOON + 30), site.calendar.hour(NOON + 30)
    for scope in SCOPES:
        assert site.view.rows[scope].keys() == ledger.view.rows[scope].keys()
        for labels, expected in site.view.rows[scope].items():
            row = ledger.view.rows[scope][labels]
            assert (expected.totals, expected.first_seen) == (row.totals, row.first_seen)
            assert (expected.day_hold(day), expected.hour_hold(hour)) == (row.day_hold(day), row.hour_hold(hour))
    assert (site.view.ends, site.view.last_logins, site.view.sources, "Europe/Berlin") == (
        ledger.view.ends,
        ledger.view.last_logins,
        ledger.view.sources,
        ledger.view.time_zone,
    )
    assert ledger.view.balanced
    account = ledger.names.account("mx", b"alice@a", login=False)
    ledger.book([poll(account, NOON + 61)])
    before = site.view.rows[Scope.USER]["mx", "a", "alice@a"].totals[0]
    assert before + 1 == ledger.commit(NOON + 61).rows[Scope.USER]["mx", "a", "alice@a"].totals[0]
    assert ledger.view.ends["mx", Reason.LOGOUT] == site.view.ends["mx", Reason.LOGOUT] + 1
    ledger.close()


def test_a_renamed_exporter_is_one(site: Site, tmp_path: Path) -> None:
    """An old name that has been silent for more than a day is no other exporter."""
    path = tmp_path / "ledger.sqlite"
    restore(path, site.url, now=NOON + 3600)
    ledger = opened(path, zone=None, now=NOON + 60)
    assert site.view.rows[Scope.SERVER]["mx",].totals == ledger.view.rows[Scope.SERVER]["mx",].totals
    ledger.close()


def test_exported_history_is_no_exporter(site: Site, tmp_path: Path) -> None:
    """Series without an instance, which `export` wrote, are neither a second exporter nor this one's values."""
    path = tmp_path / "ledger.sqlite"
    assert NOON + 30 == restore(path, site.url, now=NOON + 3600).moment
    ledger = opened(path, zone=None, now=NOON + 60)
    assert set(site.view.rows[Scope.SERVER]) == set(ledger.view.rows[Scope.SERVER])
    ledger.close()


def test_exported_history_alone_will_do(site: Site, tmp_path: Path) -> None:
    """Where nothing else is known, or where it is asked for, its values are taken."""
    restored = restore(tmp_path / "ledger.sqlite", site.url, now=NOON + 3600, selector='instance=""')
    assert NOON + 45 == restored.moment


def test_what_prometheus_does_not_have_is_told(site: Site, tmp_path: Path) -> None:
    """Without samples, without an answer, or over an existing ledger there is no ledger made and a reason told."""
    path = tmp_path / "ledger.sqlite"
    for url, selector, message in (
        (site.url, 'instance="nobody"', "has no samples from this exporter"),
        (site.url, "instance=nobody", "refused a query: 400 .*parse error"),
        ("http://127.0.0.1:9", "", "cannot be reached: Connection refused"),
        ("file:///etc/passwd", "", "not the address of a Prometheus server"),
    ):
        with pytest.raises(LedgerError, match=message):
            restore(path, url, now=NOON, selector=selector)
    assert [] == list(tmp_path.iterdir())
    path.touch()
    with pytest.raises(LedgerError, match="already exists; move it away first"):
        restore(path, site.url, now=NOON + 3600)
