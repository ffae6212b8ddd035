"""Reports of small ledgers against numbers worked out by hand."""

from datetime import date
from pathlib import Path

import pytest

from exporter.catalogue import Quality
from exporter.ledger import Keep
from exporter.ledger.reading import Reading
from exporter.periods import Step
from exporter.reports import By, Mark, Report, failed_names, report
from tests.reports.conftest import BERLIN, NO_BYTES, moment
from tests.reports.ledgers import Commit, charge, filled

NOW = moment("2026-10-27T10:30")


def table(found: Report) -> dict[str, tuple[int | None, ...]]:
    """The numbers by label."""
    return {row.label: row.values for row in found.rows}


def test_trend_has_a_row_for_each_day_that_has_begun(ledger: Reading) -> None:
    """Both dates are inside, days without events are 0; days to come, and days before the log, have no row."""
    found = report([ledger], step=Step.DAY, first=date(2026, 10, 23), last=date(2026, 10, 31), clock=NOW)
    assert {
        "2026-10-24": (3, 1, 0, 0, None),
        "2026-10-25": (7, 0, 1, 0, None),
        "2026-10-26": (1, 0, 0, 1, 1005),
        "2026-10-27": (7, 0, 0, 0, 0),
    } == table(found)
    assert (18, 1, 1, 1, 1005) == found.totals.values
    assert Mark.PARTIAL is found.totals.marks[-1]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Step.WEEK, {"2026-W43": ("2/7", 10, None, None), "2026-W44": ("2/7", 8, 1005, None)}),
        (Step.MONTH, {"2026-10": ("4/31", 18, 1005, Mark.PARTIAL)}),
        (Step.QUARTER, {"2026-Q4": ("4/92", 18, 1005, Mark.PARTIAL)}),
    ],
)
def test_longer_steps_say_how_much_of_them_is_covered(
    ledger: Reading, step: Step, expected: dict[str, tuple[str, int, int | None, Mark | None]]
) -> None:
    """A week without bytes in the log is empty, a month that has them from a day on is marked."""
    found = report([ledger], step=step, first=date(2026, 10, 24), last=date(2026, 12, 31), clock=NOW)
    assert expected == {row.label: (row.covered, row.values[0], row.values[4], row.marks[4]) for row in found.rows}


def test_hours_of_an_autumn_night(ledger: Reading) -> None:
    """The doubled hour is two rows, told apart by their offset; a day of 25 hours has 25."""
    found = report(
        [ledger], step=Step.HOUR, first=date(2026, 10, 25), last=date(2026, 10, 25), domain="example.com", clock=NOW
    )
    assert 25 == len(found.rows)
    assert {"2026-10-25T02:00:00+02:00": 3, "2026-10-25T02:00:00+01:00": 4} == {
        row.label: row.values[0] for row in found.rows if row.values[0]
    }
    assert {""} == {row.covered for row in found.rows}


def test_hours_end_with_the_clock(ledger: Reading) -> None:
    """The hour that runs is the last row."""
    found = report([ledger], step=Step.HOUR, first=date(2026, 10, 27), last=date(2026, 10, 28), clock=NOW)
    assert "2026-10-27T10:00:00+01:00" == found.rows[-1].label
    assert {"2026-10-27T09:00:00+01:00": 7} == {row.label: row.values[0] for row in found.rows if row.values[0]}


def test_domains_and_users_come_with_the_most_connections_first(ledger: Reading) -> None:
    """Servers are summed, ties and other sorts are by name, idle pseudo-names are left out."""
    first, last = date(2026, 10, 25), date(2026, 10, 27)
    domains = report([ledger], by=By.DOMAIN, first=first, last=last, clock=NOW)
    assert ["example.org", "example.com"] == [row.label for row in domains.rows]
    assert {"example.org": (8, 0, 0, 1, 1005), "example.com": (7, 0, 1, 0, 0)} == table(domains)
    users = report([ledger], by=By.USER, first=first, last=last, domain="example.org", servers=["mx"], clock=NOW)
    assert {"bob@example.org": (1, 0, 0, 1, 1005)} == table(users)
    assert ["example.com", "example.org"] == [
        row.label for row in report([ledger], by=By.DOMAIN, first=first, last=last, sort="Bad Commands", clock=NOW).rows
    ]
    assert ["example.com", "example.org"] == [
        row.label for row in report([ledger], by=By.DOMAIN, first=first, last=last, sort="domain", clock=NOW).rows
    ]


def test_a_column_that_does_not_exist_is_refused_with_those_that_do(ledger: Reading) -> None:
    """The message is what an operator needs."""
    with pytest.raises(ValueError, match="cannot sort by 'size'; columns: period, new_connections, blocked_"):
        report([ledger], first=date(2026, 10, 25), last=date(2026, 10, 27), sort="size", clock=NOW)


def test_several_ledgers_are_one_report(ledger: Reading, tmp_path: Path) -> None:
    """Rows of the same label are added up; a server that logs no bytes marks the sum, and only from its birth on."""
    charges = [charge(moment("2026-10-26T13:00"), server="old", user="alice@example.com", connections=100)]
    no_bytes = {("old", measure): Quality.NONE for _, measure in NO_BYTES}
    commits = [Commit(moment("2026-10-26T14:00"), charges, no_bytes)]
    with Reading(filled(tmp_path / "old.sqlite", BERLIN, commits)) as other:
        found = report([ledger, other], first=date(2026, 10, 25), last=date(2026, 10, 26), clock=NOW)
    assert {"2026-10-25": (7, 0, 1, 0, None), "2026-10-26": (101, 0, 0, 1, 1005)} == table(found)
    assert Mark.PARTIAL is found.rows[1].marks[4]


def test_what_retention_dropped_has_no_row(tmp_path: Path) -> None:
    """Days and hours before the opening balance are no longer known, the ones after it are exact."""
    commits = [
        Commit(moment("2026-10-20T12:00"), [charge(moment(f"2026-10-{day:02}T10:00"), connections=day)])
        for day in (20, 1, 5, 9, 12)  # the log is as new as the clock, and the others are late
    ]
    found = filled(tmp_path / "ledger.sqlite", BERLIN, commits, Keep(days=10, hours_days=9))
    with Reading(found) as reading:
        days = report([reading], first=date(2026, 10, 8), last=date(2026, 10, 12), clock=NOW)
        month = report([reading], step=Step.MONTH, first=date(2026, 10, 1), last=date(2026, 10, 12), clock=NOW)
        hours = report([reading], step=Step.HOUR, first=date(2026, 10, 9), last=date(2026, 10, 12), clock=NOW)
        domains = report([reading], by=By.DOMAIN, first=date(2026, 10, 1), last=date(2026, 10, 12), clock=NOW)
    assert ["2026-10-10", "2026-10-11", "2026-10-12"] == [row.label for row in days.rows]
    assert [0, 0, 12] == [row.values[0] for row in days.rows]
    assert ("mx: days before 2026-10-10 were deleted (see history in the configuration)",) == days.notes
    assert "3/31" == month.rows[0].covered
    assert (12, Mark.PARTIAL) == (month.rows[0].values[0], month.rows[0].marks[0])
    assert {0: 35, 12: 1} == {
        value: [row.values[0] for row in hours.rows].count(value) for value in {row.values[0] for row in hours.rows}
    }
    assert (12, Mark.PARTIAL) == (domains.rows[0].values[0], domains.rows[0].marks[0])


def test_failed_names_are_summed_over_days(tmp_path: Path) -> None:
    """The most failures first; dates are inclusive."""
    charges = [
        charge(moment("2026-10-01T10:00"), login_failures=2)._replace(name=b"root"),
        charge(moment("2026-10-02T10:00"), login_failures=3)._replace(name=b"root"),
        charge(moment("2026-10-02T11:00"), login_failures=4)._replace(name=b"eve@example.com"),
        charge(moment("2026-10-03T10:00"), login_failures=9)._replace(name=b"eve@example.com"),
    ]
    path = filled(tmp_path / "ledger.sqlite", BERLIN, [Commit(moment("2026-10-03T12:00"), charges)])
    with Reading(path) as reading:
        first, last = date(2026, 10, 1), date(2026, 10, 2)
        assert [("root", 5, moment("2026-10-02T10:00")), ("eve@example.com", 4, moment("2026-10-02T11:00"))] == [
            (one.name, one.failures, one.last) for one in failed_names([reading], first=first, last=last)
        ]
        assert ["eve@example.com"] == [
            one.name for one in failed_names([reading], first=first, last=last, domain="example.com")
        ]


def test_where_nothing_was_counted_it_is_said(tmp_path: Path) -> None:
    """A daemon that has just been started: its zeros are no days without connections."""
    clock = moment("2026-11-22 12:00")
    with Reading(filled(tmp_path / "ledger", BERLIN, [Commit(clock, [])])) as reading:
        day = date(2026, 11, 22)
        assert ("nothing counted yet; the landing page shows which logs are read, and how far",) == report(
            [reading], first=day, last=day, clock=clock
        ).notes


def test_a_quarter_counts_the_days_that_the_log_has(tmp_path: Path) -> None:
    """A log that begins on 27 October covers 35 days of the quarter, and no quarter before it."""
    clock = moment("2026-11-30T08:20")
    commits = [Commit(clock, [charge(moment("2026-10-27T09:15")), charge(clock)])]
    with Reading(filled(tmp_path / "ledger.sqlite", BERLIN, commits)) as reading:
        year = date(2026, 1, 1), date(2026, 12, 31)
        found = report([reading], step=Step.QUARTER, first=year[0], last=year[1], clock=clock)
        domain = report([reading], step=Step.MONTH, first=year[0], last=year[1], domain="example.com", clock=clock)
    assert [("2026-Q4", "35/92", 2)] == [(row.label, row.covered, row.values[0]) for row in found.rows]
    assert ("mx: the log begins on 2026-10-27 at 09:15",) == found.notes == domain.notes
    assert {"2026-10": "5/31", "2026-11": "30/30"} == {row.label: row.covered for row in domain.rows}


def test_an_import_that_ends_says_so(tmp_path: Path) -> None:
    """Later days are 0 as far as anybody knows."""
    commits = [Commit(moment("2026-10-20T12:00"), [charge(moment("2026-10-20T00:10"))])]
    with Reading(filled(tmp_path / "ledger.sqlite", BERLIN, commits)) as reading:
        found = report([reading], first=date(2026, 10, 20), last=date(2026, 10, 31), clock=NOW)
    assert ("mx: the newest line is from 2026-10-20",) == found.notes


def test_names_that_nobody_knows_are_no_rows_of_zeros(ledger: Reading) -> None:
    """A typing error is told, with what there is."""
    days = date(2026, 10, 24), date(2026, 10, 27)
    found = report([ledger], first=days[0], last=days[1], servers=["mx3"], clock=NOW)
    assert ((), ("no server is called mx3; there are: mx, mx2",)) == (found.rows, found.notes)
    found = report([ledger], first=days[0], last=days[1], domain="exmaple.com", clock=NOW)
    assert ((), "no domain is called exmaple.com; --by domain lists the domains") == (found.rows, found.notes[0])


def test_the_bandwidth_of_a_default_dovecot_is_at_least_what_it_sent(tmp_path: Path) -> None:
    """It logs what it sent in part, and nothing of what it received: the sum is a lower bound, on every day."""
    clock = moment("2026-10-27T12:00")
    quality = {("mx", "sent_bytes"): Quality.LOWER_BOUND, ("mx", "received_bytes"): Quality.NONE}
    charges = [charge(moment("2026-10-26T10:00"), connections=1, sent_bytes=9400), charge(moment("2026-10-27T10:00"))]
    with Reading(filled(tmp_path / "ledger.sqlite", BERLIN, [Commit(clock, charges, quality)])) as reading:
        days = date(2026, 10, 26), date(2026, 10, 27)
        trend = report([reading], first=days[0], last=days[1], clock=clock)
        domains = report([reading], by=By.DOMAIN, first=days[0], last=days[1], clock=clock)
    assert [(9400, Mark.LOWER_BOUND), (0, Mark.LOWER_BOUND)] == [(row.values[4], row.marks[4]) for row in trend.rows]
    assert [(9400, Mark.LOWER_BOUND)] == [(row.values[4], row.marks[4]) for row in domains.rows]


def test_servers_that_began_in_the_range_are_told_and_bounded(tmp_path: Path) -> None:
    """A foot of a report has some lines, not two hundred."""
    clock = moment("2026-10-27T12:00")
    charges = [charge(moment("2026-10-27T10:00"), server=f"mx{number}") for number in range(8)]
    with Reading(filled(tmp_path / "ledger.sqlite", BERLIN, [Commit(clock, charges)])) as reading:
        found = report([reading], first=date(2026, 10, 1), last=date(2026, 10, 27), clock=clock)
    assert 6 == len(found.notes)
    assert ("mx0: the log begins on 2026-10-27 at 10:00", "the same for 3 more servers") == found.notes[
        :1
    ] + found.notes[5:]
