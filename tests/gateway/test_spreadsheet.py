"""The CSV of a gateway opened by LibreOffice Calc: numbers are numbers, text is text, nothing is a formula.

English and German (a comma before decimals), with and without a byte order mark, and with every separator that the
import dialog may have been left with. And read by SheetJS, a library that follows Excel's rules where a file is opened
by a double click: it is not Excel, but was written by others to do the same.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards.site import Event, Site, stamp
from tests.gateway.world import ZONE, Door
from tests.prometheus_server import PrometheusServer
from tests.spreadsheet import LANGUAGES, SEPARATORS, Cell, opened

pytestmark = [pytest.mark.slow, pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

FIRST, LAST = stamp("2026-11-01 09:00", ZONE), stamp("2026-11-04 18:00", ZONE)
LARGE = 123_456_789_012_345  # fifteen digits: what spreadsheets keep
# Users, and how the cell must show them.
USERS = {
    "anna@a.example": "anna@a.example",
    "comma,semicolon;tab@a.example": "comma,semicolon;tab@a.example",
    'a "quoted" name@a.example': 'a "quoted" name@a.example',
    "jürgen.größe@müller.example": "jürgen.größe@müller.example",
    "安娜@例え.example": "安娜@例え.example",
    "=1+1@a.example": "'=1+1@a.example",
    "+49@a.example": "'+49@a.example",
    "-2@a.example": "'-2@a.example",
    "@sum(1)": "'@sum(1)",
    "\uff1d1+1@a.example": "'\uff1d1+1@a.example",
    "\u200b=1+1@a.example": "'\u200b=1+1@a.example",
    "o'neill@a.example": "o'neill@a.example",
    "1.5e3@a.example": "1.5e3@a.example",
    "true@a.example": "true@a.example",
}
NO_BYTES = {("win1", "received_bytes"): "none", ("win1", "sent_bytes"): "none"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    directory = tmp_path_factory.mktemp("names")
    events = [
        Event(FIRST + number, FIRST + number, "mx1", "a.example", user, (number + 1, 0, 0, 0, LARGE, 0, 1, 0, 0))
        for number, user in enumerate(USERS)
    ]
    events.append(Event(FIRST, FIRST, "win1", "b.example", "ben@b.example", (99, 0, 0, 0, 0, 0, 1, 0, 0)))
    site = Site(ZONE, events, list(range(FIRST + 1800, LAST, 1800)), NO_BYTES)
    site.openmetrics(directory / "history.txt")
    with PrometheusServer(directory) as server:
        server.load_blocks(directory / "history.txt")
        with Door(directory, server.url, "http://127.0.0.1:1", clock=float(LAST)).open() as door:
            yield door


def saved(gateway: Door, path: Path, **asked: str) -> None:
    """The gateway's answer as a file."""
    answer = gateway.get("/report.csv", gateway.operator(), from_="2026-11-01", to="2026-11-30", **asked)
    assert 200 == answer.status_code, answer.text
    path.write_bytes(answer.content)


@pytest.mark.tool("soffice")
@pytest.mark.parametrize("separators", SEPARATORS.values(), ids=list(SEPARATORS))
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("bom", ["0", "1"])
def test_names_are_text_and_numbers_are_numbers(
    bom: str, language: str, separators: str, gateway: Door, tmp_path: Path
) -> None:
    """Every cell of a report with the strangest names, and with cells that no log has."""
    path = tmp_path / "report.csv"
    saved(gateway, path, by="user", bom=bom)
    head, *rows = opened(path, language, separators)
    titles = ["User", "New Connections", "Blocked Connections", "Bad Commands", "Terminations", "Bandwidth"]
    assert titles == [cell.value for cell in head[:6]]
    wanted: dict[str, tuple[int, int | None]] = {
        name: (number + 1, LARGE) for number, name in enumerate(USERS.values())
    }
    wanted |= {"ben@b.example": (99, None)}
    found = {row[0].value: row for row in rows if row[0].kind}
    assert set(wanted) == set(found)
    for name, (count, size) in wanted.items():
        row = found[name]
        bandwidth = [Cell("float", f"{size}", None)] if size else []
        numbers = [Cell("float", f"{number}", None) for number in (count, 0, 0, 0)]
        assert [Cell("string", name, None), *numbers, *bandwidth] == [cell for cell in row[:6] if cell.kind], name


@pytest.mark.tool("soffice")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("step", "kinds", "days"),
    [("day", {"date"}, "1 of 1"), ("week", {"string"}, "1 of 7"), ("month", {"string", "date"}, "4 of 30")],
)
def test_periods_are_dates_or_text(
    step: str, kinds: set[str], days: str, language: str, *, gateway: Door, tmp_path: Path
) -> None:
    """A day is a date in either language; `12 of 30` is text and no day of December."""
    path = tmp_path / "report.csv"
    saved(gateway, path, by="trend", step=step, bom="1")
    _, first, *_ = opened(path, language, SEPARATORS["comma"])
    assert first[0].kind in kinds
    assert ("2026-11-01" in first[0].value) or step != "day"
    assert Cell("string", days, None) == first[6]
    assert "float" == first[1].kind


# Cells row by row: kind (s: text, n: number), value, formula; null: empty.
SHEETJS = "xlsx@0.18.5"
PROGRAM = """
const xlsx = require("xlsx"), book = xlsx.readFile(process.argv[1], {cellDates: true});
const sheet = book.Sheets[book.SheetNames[0]], all = xlsx.utils.decode_range(sheet["!ref"]);
const rows = [];
for (let row = all.s.r; row <= all.e.r; row++) {
  rows.push([]);
  for (let column = all.s.c; column <= all.e.c; column++) {
    const cell = sheet[xlsx.utils.encode_cell({r: row, c: column})];
    rows[row].push(cell ? [cell.t, String(cell.v), cell.f || null] : null);
  }
}
console.log(JSON.stringify(rows));
"""
Rows = list[list[list[str | None] | None]]


@pytest.fixture(scope="module")
def sheetjs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the library."""
    directory = tmp_path_factory.mktemp("sheetjs")
    install = ["npm", "install", "--prefix", str(directory), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run([*install, SHEETJS], check=True, capture_output=True, timeout=200)
    return directory


def as_in_excel(path: Path, sheetjs: Path) -> Rows:
    """The cells of a file by SheetJS."""
    command = ["node", "-e", PROGRAM, str(path)]
    done = subprocess.run(command, cwd=sheetjs, check=True, capture_output=True, text=True, timeout=60)
    rows: Rows = json.loads(done.stdout)
    return rows


@pytest.mark.tool("npm", "node")
@pytest.mark.parametrize("bom", ["0", "1"])
def test_a_double_click_shows_the_same(bom: str, gateway: Door, sheetjs: Path, tmp_path: Path) -> None:
    """By Excel's rules, too, names are text and numbers are numbers; other alphabets only with the mark."""
    saved(gateway, tmp_path / "report.csv", by="user", bom=bom)
    _, *rows = as_in_excel(tmp_path / "report.csv", sheetjs)
    wanted = {name: [number + 1, 0, 0, 0, LARGE] for number, name in enumerate(USERS.values())}
    found = {row[0][1]: row[1:6] for row in rows if row[0]}
    assert {"s"} == {row[0][0] for row in rows if row[0]}
    for name, numbers in wanted.items():
        if bom == "1" or name.isascii():
            assert [["n", str(number), None] for number in numbers] == found[name], name
        else:
            assert name not in found
    assert [["n", "99", None], *[["n", "0", None]] * 3, None] == found["ben@b.example"]


@pytest.mark.tool("npm", "node")
@pytest.mark.parametrize(
    ("step", "kind", "shown"),
    [("day", "d", "2026"), ("week", "s", "2026-W44"), ("month", "d", "2026"), ("quarter", "s", "2026-Q4")],
)
def test_periods_are_what_excel_makes_of_them(
    step: str, kind: str, shown: str, *, gateway: Door, sheetjs: Path, tmp_path: Path
) -> None:
    """Days and months are dates, weeks and quarters are text, and so is `4 of 30`."""
    saved(gateway, tmp_path / "report.csv", by="trend", step=step, bom="1")
    _, first, *_ = as_in_excel(tmp_path / "report.csv", sheetjs)
    assert first[0] is not None
    assert (kind, True) == (first[0][0], shown in str(first[0][1]))
    assert first[6] is not None
    assert ("s", True) == (first[6][0], " of " in str(first[6][1]))
