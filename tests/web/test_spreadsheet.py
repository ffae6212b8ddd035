"""The CSV files of the landing page opened by LibreOffice Calc: numbers, text and dates are what they should be."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from exporter.catalogue import Quality
from tests.exposition.views import NOW
from tests.reports.ledgers import Commit, charge, filled
from tests.spreadsheet import LANGUAGES, SEPARATORS, Cell, opened
from tests.web.conftest import World

pytestmark = [pytest.mark.slow, pytest.mark.tool("soffice"), pytest.mark.timeout(300)]

NAMES = {
    "anna@a.example": "anna@a.example",
    "=1+1@a.example": "'=1+1@a.example",
    "größe;x@a.example": "größe;x@a.example",
    "-2,5@a.example": "'-2,5@a.example",
}
REMARK = Cell("string", "Bad Commands: at least; Bandwidth: not logged", None)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A log without bytes that tells bad commands in part."""
    found = [charge(NOW - 60, domain="a.example", user=name, connections=1234, logins=1) for name in NAMES]
    quality = {("mx", name): Quality.NONE for name in ("sent_bytes", "received_bytes")}
    quality |= {("mx", "bad_command_connections"): Quality.LOWER_BOUND}
    return World(ledger=filled(tmp_path / "ledger.sqlite", "Europe/Berlin", [Commit(NOW, found, quality)]))


@pytest.fixture
def saved(client: httpx.Client, tmp_path: Path) -> Callable[[str], Path]:
    """Saves an address as a browser does."""

    def save(address: str) -> Path:
        path = tmp_path / "saved.csv"
        path.write_bytes(client.get(address).content)
        return path

    return save


@pytest.mark.parametrize("separators", SEPARATORS.values(), ids=list(SEPARATORS))
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_csv_of_users_and_days(saved: Callable[[str], Path], language: str, separators: str) -> None:
    """Every cell, with the column that says what is a lower bound; a day is a date."""
    head, *rows = opened(saved("/report.csv?by=user&bom=1"), language, separators)
    assert ["User", "New Connections", "Remarks"] == [head[0].value, head[1].value, head[6].value]
    found = {row[0].value: row for row in rows if row[0].kind}
    assert set(NAMES.values()) == set(found)
    for row in found.values():
        numbers = [Cell("float", number, None) for number in ("1234", "0", "0", "0")]
        assert [*numbers, REMARK] == [cell for cell in row[1:7] if cell.kind]
    _, day, *_ = opened(saved("/report.csv?days=1&bom=1"), language, separators)
    assert ("date", "2026-11-22", "float") == (day[0].kind, day[0].value[:10], day[1].kind)
    assert Cell("string", "1 of 1", None) == day[6]
