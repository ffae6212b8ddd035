"""The steps of reports: days, ISO weeks, months, quarters."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.periods import Step, period_of

LONG_STEPS = [Step.DAY, Step.WEEK, Step.MONTH, Step.QUARTER]


@pytest.mark.parametrize(
    ("day", "step", "label", "first", "last"),
    [
        ("2026-11-22", Step.DAY, "2026-11-22", "2026-11-22", "2026-11-22"),
        ("2026-11-22", Step.WEEK, "2026-W47", "2026-11-16", "2026-11-22"),
        ("2027-01-01", Step.WEEK, "2026-W53", "2026-12-28", "2027-01-03"),
        ("2024-12-30", Step.WEEK, "2025-W01", "2024-12-30", "2025-01-05"),
        ("2026-12-31", Step.MONTH, "2026-12", "2026-12-01", "2026-12-31"),
        ("2028-02-10", Step.MONTH, "2028-02", "2028-02-01", "2028-02-29"),
        ("2026-11-22", Step.QUARTER, "2026-Q4", "2026-10-01", "2026-12-31"),
        ("2026-03-31", Step.QUARTER, "2026-Q1", "2026-01-01", "2026-03-31"),
    ],
)
def test_periods_of_dates(day: str, step: Step, label: str, first: str, last: str) -> None:
    """A date lies in one period of each step, labelled as in reports."""
    period = period_of(date.fromisoformat(day), step)
    assert (label, first, last) == (period.label, period.first.isoformat(), period.last.isoformat())


@given(st.dates(date(2000, 1, 10), date(2100, 1, 1)), st.sampled_from(LONG_STEPS))
def test_periods_tile_the_calendar(day: date, step: Step) -> None:
    """Every day of a period is in that period, and the day after it begins the next one."""
    period = period_of(day, step)
    assert period.first <= day <= period.last
    assert period.days == (period.last - period.first).days + 1
    assert period == period_of(period.first, step) == period_of(period.last, step)
    following = period_of(period.last + timedelta(days=1), step)
    assert (period.last + timedelta(days=1), True) == (following.first, period.label < following.label)


def test_an_hour_is_no_period_of_dates() -> None:
    """Hours have instants, not dates."""
    with pytest.raises(ValueError, match="an hour is not a period of dates"):
        period_of(date(2026, 11, 22), Step.HOUR)
