"""The structure of a report: rows of five columns, as in SmarterMail's "POP Sessions"."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from exporter.catalogue import (
    BAD_COMMAND_CONNECTIONS,
    BLOCKED_CONNECTIONS,
    CONNECTIONS,
    RECEIVED_BYTES,
    SENT_BYTES,
    TERMINATIONS,
)
from exporter.periods import Step


class By(StrEnum):
    """What a row is about: a period, a domain or a user."""

    TREND = "trend"
    DOMAIN = "domain"
    USER = "user"

    @property
    def heading(self) -> str:
        """The title of the first column."""
        return "Period" if self is By.TREND else self.value.capitalize()


class Mark(StrEnum):
    """Why a number is not exact, worst first."""

    PARTIAL = "*"
    ESTIMATED = "~"
    LOWER_BOUND = "≥"

    @property
    def meaning(self) -> str:
        """For the legend below a table."""
        return MEANINGS[self]

    @property
    def remark(self) -> str:
        """For a column of its own, in files for programs."""
        return REMARKS[self]

    def at(self, number: str) -> str:
        """The number with its mark: `40*`, `~40`, `≥ 40`."""
        return (
            f"{number}{self}"
            if self is Mark.PARTIAL
            else f"{self} {number}"
            if self is Mark.LOWER_BOUND
            else f"{self}{number}"
        )


MEANINGS = {
    Mark.PARTIAL: "* not logged at all times or by all servers",
    Mark.ESTIMATED: "~ estimated",
    Mark.LOWER_BOUND: "≥ at least",
}
REMARKS = {Mark.PARTIAL: "in part", Mark.ESTIMATED: "estimated", Mark.LOWER_BOUND: "at least"}


@dataclass(frozen=True, slots=True)
class Column:
    """One number of a row: the sum of measures (positions in MEASURES); `short` is the heading of tables."""

    heading: str
    short: str
    measures: tuple[int, ...]
    is_bytes: bool = False

    @property
    def name(self) -> str:
        """The heading in snake_case, as in JSON."""
        return self.heading.lower().replace(" ", "_")


COLUMNS: tuple[Column, ...] = (
    Column("New Connections", "Connections", (CONNECTIONS,)),
    Column("Blocked Connections", "Blocked", (BLOCKED_CONNECTIONS,)),
    Column("Bad Commands", "Bad cmds", (BAD_COMMAND_CONNECTIONS,)),
    Column("Terminations", "Terminated", (TERMINATIONS,)),
    Column("Bandwidth", "Bandwidth", (RECEIVED_BYTES, SENT_BYTES), is_bytes=True),
)


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One line of a report, `values` and `marks` by position in COLUMNS.

    A value is None where no log of the whole period has it. `days`: how many days of the period lie inside the
    asked range, have begun and are in the log, and how many it has; None for hours, domains and users.
    """

    label: str
    values: tuple[int | None, ...]
    marks: tuple[Mark | None, ...]
    days: tuple[int, int] | None = None

    @property
    def covered(self) -> str:
        """The column `Days`: `12/30`, empty for hours."""
        return "" if self.days is None else f"{self.days[0]}/{self.days[1]}"

    def remarks(self) -> dict[str, str]:
        """Remarks by column name: at least, estimated, in part, not logged."""
        return {
            column.name: "not logged" if value is None else mark.remark if mark else ""
            for column, value, mark in zip(COLUMNS, self.values, self.marks, strict=True)
            if value is None or mark
        }

    @property
    def covered_in_words(self) -> str:
        """The same as `12 of 30`, because spreadsheets read 12/30 as a date."""
        return self.covered.replace("/", " of ")


@dataclass(frozen=True, slots=True)
class Report:
    """The rows in the requested order, their totals, and notes."""

    by: By
    step: Step
    first: date
    last: date
    rows: tuple[ReportRow, ...]
    totals: ReportRow
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FailedName:
    """A name that failed to log in, as logged, with the number of failures and the last one's UNIX time."""

    name: str
    failures: int
    last: int
