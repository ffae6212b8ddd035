"""Queries in a panel, each with the class that says how far its numbers may be trusted."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from grafanalib import core

from dashboards.queries.terms import Series


class Trust(StrEnum):
    """How a target is held to its word by the tests."""

    EXACT = "exact"  # compared cell by cell with the ledger
    WITHIN_A_SCRAPE = "within one scrape"  # off by what happened between two scrapes at most
    LIVE = "live"  # runs, and is not empty where there is data


class Quantity(StrEnum):
    """What the rows of an exact target say."""

    STEPS = "steps"  # per period, label `period`
    TOTAL = "total"  # of the range
    TOP = "top"  # the largest totals of the range
    SHARES = "shares"  # the total of the largest, and of all others together
    CHANGE = "change"  # the total, with the growth against the range before in the label `change`
    BEGINS = "begins"  # when each period begins, milliseconds
    COVERAGE = "coverage"  # which part of each period lies inside the range


@dataclass(frozen=True, slots=True)
class Meaning:
    """`series` are added up (begins: must be known); `by`: labels of the rows."""

    trust: Trust
    quantity: Quantity | None = None
    series: tuple[Series, ...] = ()
    by: tuple[str, ...] = ()


LIVE = Meaning(Trust.LIVE)
WITHIN_A_SCRAPE = Meaning(Trust.WITHIN_A_SCRAPE)


class Target(core.Target):  # type: ignore[misc]
    """A Prometheus query that knows what it means."""

    def __init__(self, meaning: Meaning, **fields: Any) -> None:
        super().__init__(**fields)
        self.meaning = meaning


class PanelTarget(core.Target):  # type: ignore[misc]
    """What another panel of the dashboard shows, transformed: queries run once, and the CSV is the table."""

    def __init__(self, panel: int) -> None:
        super().__init__()
        self.panel = panel

    def to_json_data(self) -> dict[str, Any]:
        return {"panelId": self.panel, "withTransforms": True, "refId": "A", "datasource": DASHBOARD}


DASHBOARD = {"type": "datasource", "uid": "-- Dashboard --"}


def exact(
    ref: str,
    expr: str,
    quantity: Quantity,
    series: Sequence[Series] = (),
    by: Sequence[str] = (),
) -> Target:
    """A row per cell, as a table, at the end of the range."""
    return _rows(ref, expr, Meaning(Trust.EXACT, quantity, tuple(series), tuple(by)))


def rows(ref: str, expr: str, meaning: Meaning = LIVE) -> Target:
    """The rows of an instant query as a table."""
    return _rows(ref, expr, meaning)


def now(ref: str, expr: str, legend: str = "", meaning: Meaning = LIVE) -> Target:
    """One value per series, as of the end of the range."""
    return Target(meaning, expr=expr, refId=ref, legendFormat=legend, instant=True)


def over_time(ref: str, expr: str, legend: str, meaning: Meaning = LIVE) -> Target:
    """Lines over the range."""
    return Target(meaning, expr=expr, refId=ref, legendFormat=legend)


def once(values: str) -> str:
    """Self-metrics of each exporter once, however many replicas and external labels there are."""
    return f"max by(instance,server,source,scope,verdict,errno)({values})"


def _rows(ref: str, expr: str, meaning: Meaning) -> Target:
    return Target(meaning, expr=expr, refId=ref, format="table", instant=True)
