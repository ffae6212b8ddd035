"""A ledger that an older version wrote goes on: its totals stay, and no line is counted twice or left out.

tests/ledger/upgrade/VERSION has what the code of VERSION left after 60 lines less than the whole log: its ledger, and
its totals by scope and labels. Sessions were open then. A release adds its own and keeps the others.
"""

import gzip
import json
from contextlib import closing
from pathlib import Path

import pytest

from exporter.config import Config
from exporter.daemon import Daemon
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.ledger.care import check
from exporter.wiring import crew_of, open_ledger

NOW = 1_794_954_400.0
UNREAD = 60
SAVED = Path(__file__).parent / "upgrade"
VERSIONS = sorted(path.name.removesuffix(".json") for path in SAVED.glob("*.json"))

Totals = dict[str, dict[str, list[int]]]


@pytest.fixture(params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def left(version: str, tmp_path: Path) -> Path:
    """A folder as the older version left it: `ledger.sqlite`, and `mail.log` up to what it had read."""
    lines = whole(version)
    (tmp_path / "ledger.sqlite").write_bytes(gzip.decompress((SAVED / f"{version}.sqlite.gz").read_bytes()))
    (tmp_path / "mail.log").write_bytes(b"".join(lines[:-UNREAD]))
    return tmp_path


def whole(version: str) -> list[bytes]:
    return gzip.decompress((SAVED / f"{version}.log.gz").read_bytes()).splitlines(keepends=True)


def counted(folder: Path) -> Totals:
    """The totals when this version's daemon has read the folder's log to its end."""
    source = {"name": "mail", "paths": [str(folder / "mail.log")], "format": "dovecot", "server": "mx1"}
    config = Config.model_validate(
        {
            "time_zone": "Europe/Berlin",
            "ledger": str(folder / "ledger.sqlite"),
            "sources": [source | {"start": "beginning", "poll_only": True}],
        }
    )
    now = NOW
    with closing(open_ledger(config, now)) as ledger:
        daemon = Daemon(
            ledger,
            crew_of(config, ledger, None),
            SelfMetrics(),
            commit_seconds=1,
            clock=lambda: now,
            stopwatch=lambda: 0.0,
        )
        with closing(daemon):
            for _ in range(3):
                while daemon.turn():
                    pass
                now += 1
        assert ledger.view.balanced
        rows = ledger.view.rows
        return {scope: {"/".join(key): list(row.totals) for key, row in rows[scope].items()} for scope in rows}


def test_its_totals_stay(left: Path, version: str) -> None:
    """A start over the log that was read already changes no number of any scope, and the ledger is sound."""
    expected: Totals = json.loads((SAVED / f"{version}.json").read_text(encoding="utf-8"))
    assert expected == counted(left)
    assert () == check(left / "ledger.sqlite")


def test_it_goes_on_where_the_older_version_was(
    left: Path, version: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With the lines that came later it counts what a new ledger counts that reads the whole log at once."""
    with (left / "mail.log").open("ab") as log:
        log.writelines(whole(version)[-UNREAD:])
    anew = tmp_path_factory.mktemp("anew")
    (anew / "mail.log").write_bytes(b"".join(whole(version)))
    assert counted(anew) == counted(left)
