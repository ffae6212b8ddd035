"""Laws of reports: whatever happened, in whatever order it was booked, the cells are sums over what happened."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.ledger.reading import Reading
from exporter.model import Charge
from exporter.periods import Step, period_of
from exporter.reports import COLUMNS, By, report
from tests.reports.ledgers import Commit, charge, filled

FIRST, LAST = date(2026, 10, 10), date(2026, 11, 9)
BEGIN = int(datetime(2026, 10, 12, tzinfo=UTC).timestamp())
LENGTH = 26 * 86_400
CLOCK = BEGIN + 28 * 86_400

happenings = st.lists(
    st.builds(
        lambda offset, server, user, connections, sent: charge(
            BEGIN + offset,
            server=server,
            domain=user.partition("@")[2],
            user=user,
            connections=connections,
            sent_bytes=sent,
            received_bytes=1,
        ),
        st.integers(0, LENGTH),
        st.sampled_from(["mx1", "mx2"]),
        st.sampled_from(["ann@a.example", "ben@a.example", "cyd@b.example"]),
        st.integers(1, 5),
        st.integers(0, 1000),
    ),
    min_size=1,
    max_size=25,
)


def local(zone: str, one: Charge) -> datetime:
    """When it happened, on the wall."""
    return datetime.fromtimestamp(one.stamp, ZoneInfo(zone))


def counted(charges: Sequence[Charge], label: Callable[[Charge], str]) -> dict[str, tuple[int, int]]:
    """Connections and bytes by label, added up without any book."""
    connections, size = Counter[str](), Counter[str]()
    for one in charges:
        amounts = dict(one.amounts)
        connections[label(one)] += amounts[COLUMNS[0].measures[0]]
        size[label(one)] += sum(amounts.get(measure, 0) for measure in COLUMNS[-1].measures)
    return {name: (connections[name], size[name]) for name in connections}


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(charges=happenings, commits=st.integers(1, 4))
def test_every_cell_is_the_sum_of_what_happened(zone: str, charges: list[Charge], commits: int) -> None:
    """In every step and mode, also for lines that came late."""
    with TemporaryDirectory() as directory:
        pieces = [charges[number::commits] for number in range(commits)]
        path = filled(Path(directory) / "ledger.sqlite", zone, [Commit(CLOCK, piece) for piece in pieces])
        with Reading(path) as reading:

            def cells(by: By, step: Step = Step.DAY) -> dict[str, tuple[int | None, int | None]]:
                found = report([reading], by=by, step=step, first=FIRST, last=LAST, clock=CLOCK)
                return {row.label: (row.values[0], row.values[-1]) for row in found.rows if row.values[0]}

            for step in (Step.DAY, Step.WEEK, Step.MONTH, Step.QUARTER):
                expected = counted(charges, lambda one, step=step: period_of(local(zone, one).date(), step).label)  # type: ignore[misc]
                assert expected == cells(By.TREND, step)
            begins = counted(charges, lambda one: local(zone, one).replace(minute=0, second=0).isoformat())
            assert begins == cells(By.TREND, Step.HOUR)
            assert counted(charges, lambda one: one.account.domain) == cells(By.DOMAIN)
            assert counted(charges, lambda one: str(one.account.user)) == cells(By.USER)
