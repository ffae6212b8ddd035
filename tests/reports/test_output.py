"""The three forms of a report."""

import csv
import io
import json
import re
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from exporter.periods import Step
from exporter.reports import (
    By,
    FailedName,
    Mark,
    Report,
    ReportRow,
    write_csv,
    write_failed_csv,
    write_failed_json,
    write_json,
)
from exporter.reports.output import safe_cell
from exporter.reports.table import si_bytes, write_failed_table, write_table

UNMARKED = (None,) * 5
FIRST, LAST = date(2026, 10, 1), date(2026, 10, 31)


def made(by: By, *rows: ReportRow, totals: tuple[int | None, ...] = (0, 0, 0, 0, 0)) -> Report:
    """A report of October."""
    return Report(by, Step.MONTH, FIRST, LAST, rows, ReportRow("Total", totals, UNMARKED), ("mx: a note",))


TREND = made(By.TREND, ReportRow("2026-10", (1234, 5, 0, 7, None), UNMARKED, (12, 31)))
DOMAINS = made(
    By.DOMAIN,
    ReportRow("example.com", (1234, 5, 0, 7, 12_345), (None, None, None, None, Mark.PARTIAL)),
    ReportRow("=1+1", (3, 0, 0, 0, 0), (Mark.LOWER_BOUND, None, None, None, Mark.ESTIMATED)),
    totals=(1237, 5, 0, 7, 12_345),
)


def written(write: object, *arguments: object) -> str:
    """What a writer for programs writes."""
    stream = io.StringIO(newline="")
    assert callable(write)
    write(*arguments, stream)
    return stream.getvalue()


def shown(report: Report) -> list[str]:
    """The lines of the table at 80 columns."""
    stream = io.StringIO()
    write_table(report, Console(file=stream, width=80))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_csv_of_a_trend_has_the_days_and_raw_numbers() -> None:
    """Lines end as RFC 4180 has it, an empty cell is what is not logged, there is no totals row."""
    assert (
        "Period,New Connections,Blocked Connections,Bad Commands,Terminations,Bandwidth,Days,Remarks\r\n"
        "2026-10,1234,5,0,7,,12 of 31,Bandwidth: not logged\r\n"
    ) == written(write_csv, TREND)


def test_csv_of_domains_is_safe_in_spreadsheets() -> None:
    """A name that looks like a formula is text; what is not exact is said in a column of its own."""
    assert (
        "Domain,New Connections,Blocked Connections,Bad Commands,Terminations,Bandwidth,Remarks\r\n"
        "example.com,1234,5,0,7,12345,Bandwidth: in part\r\n"
        '\'=1+1,3,0,0,0,0,"New Connections: at least; Bandwidth: estimated"\r\n'
    ) == written(write_csv, DOMAINS)


def test_json_has_the_names_of_the_csv_in_snake_case() -> None:
    """Objects in order, null for what is not logged, names as they are."""
    assert [
        {
            "period": "2026-10",
            "new_connections": 1234,
            "blocked_connections": 5,
            "bad_commands": 0,
            "terminations": 7,
            "bandwidth": None,
            "days": "12/31",
            "remarks": {"bandwidth": "not logged"},
        }
    ] == json.loads(written(write_json, TREND))
    assert ["example.com", "=1+1"] == [row["domain"] for row in json.loads(written(write_json, DOMAINS))]


def test_table_is_aligned_marked_and_summed() -> None:
    """The whole table as it stands in a terminal."""
    assert [
        "POP3 sessions by domain, 2026-10-01 to 2026-10-31",
        "",
        " Domain       Connections  Blocked  Bad cmds  Terminated  Bandwidth",
        " ──────────────────────────────────────────────────────────────────",
        " example.com        1,234        5         0           7   12.3 kB*",
        " =1+1                 ≥ 3        0         0           0       ~0 B",
        "",
        " Total              1,237        5         0           7    12.3 kB",
        "",
        "* not logged at all times or by all servers",
        "~ estimated",
        "≥ at least",
        "mx: a note",
    ] == shown(DOMAINS)


def test_table_says_not_logged_instead_of_zero() -> None:
    """One row needs no sums."""
    line = next(line for line in shown(TREND) if "2026-10 " in line)
    assert ["2026-10", "1,234", "5", "0", "7", "not logged", "12/31"] == re.split(" {2,}", line.strip())
    assert not any("Total" in line for line in shown(TREND))


def test_failed_names_in_three_forms() -> None:
    """Names as logged cannot move a terminal's cursor nor become formulas."""
    names, zone = [FailedName("@e\x1b[2J[red]", 12, 1_793_000_000)], ZoneInfo("Europe/Berlin")
    assert "Name,Failures,Last\r\n'@e\x1b[2J[red],12,2026-10-26T08:33:20+01:00\r\n" == written(
        write_failed_csv, names, zone
    )
    assert [{"name": "@e\x1b[2J[red]", "failures": 12, "last": "2026-10-26T08:33:20+01:00"}] == json.loads(
        written(write_failed_json, names, zone)
    )
    stream = io.StringIO()
    write_failed_table(names, zone, Console(file=stream, width=80))
    assert "@e\\x1b[2J[red]" in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        *("=1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "\u3000=1", "\u200b=1", "\ufeff=1"),
        *("\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "\u22121", "\x00=1", "\x1f@x", "\t", "\nx"),
    ],
    ids=ascii,
)
def test_what_some_spreadsheet_takes_for_a_formula_is_text(text: str) -> None:
    """Also in full width, and behind what is skipped or not seen."""
    assert f"'{text}" == safe_cell(text)


@pytest.mark.parametrize("text", ["", "a=1", "a@example.com", " a", "'=1", '"=1"', "1-2", "\u00fcber", "\u5b89"])
def test_what_is_harmless_stays(text: str) -> None:
    """A name is changed only where it must be."""
    assert text == safe_cell(text)


@given(st.text())
def test_no_cell_begins_like_a_formula(text: str) -> None:
    """Whatever the name, also behind blanks; what is harmless stays as it is; and CSV gives it back."""
    cell = safe_cell(text)
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))
    assert text in (cell, cell[1:])
    report = made(By.USER, ReportRow(text, (1, 2, 3, 4, 5), UNMARKED))
    rows = list(csv.reader(io.StringIO(written(write_csv, report), newline="")))
    assert [cell, "1", "2", "3", "4", "5", ""] == rows[1]


def test_bytes_in_si_units() -> None:
    """Steps of a thousand; what rounds up to a thousand is one of the next unit."""
    assert ["0 B", "999 B", "1.0 kB", "999.9 kB", "1.0 MB", "1.5 GB", "1000.0 EB"] == [
        si_bytes(number) for number in (0, 999, 1000, 999_949, 999_950, 1_500_000_000, 10**21)
    ]
