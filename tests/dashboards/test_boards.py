"""The generated files: what is committed is what the generator writes, and keeps the house style."""

import json
from pathlib import Path
from typing import Any

import pytest

from dashboards.__main__ import main
from dashboards.boards import all_boards
from dashboards.clean import text
from dashboards.links import TITLES, VARIABLES

BOARDS = {board.uid: board.json() for board in all_boards("")}


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    return [inner for panel in board["panels"] for inner in (panel, *panel.get("panels", []))]


def every_string(data: object) -> list[str]:
    if isinstance(data, dict):
        return [found for value in data.values() for found in every_string(value)]
    if isinstance(data, list):
        return [found for value in data for found in every_string(value)]
    return [data] if isinstance(data, str) else []


def test_what_is_committed_is_what_is_generated() -> None:
    """The committed files are those for UTC, to the byte."""
    assert 0 == main(["--check"])


def test_a_stale_file_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed file, a missing one and one too many are each named."""
    assert 0 == main(["--output", str(tmp_path)])
    (tmp_path / "pop3-trend.json").write_text("{}")
    (tmp_path / "pop3-user.json").unlink()
    (tmp_path / "old.json").write_text("{}")
    capsys.readouterr()
    assert 1 == main(["--output", str(tmp_path), "--check"])
    words = capsys.readouterr().err
    assert all(name in words for name in ("pop3-trend.json", "pop3-user.json", "old.json"))


def test_an_unknown_zone_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong zone writes nothing and says what is expected."""
    assert 2 == main(["--time-zone", "Europe/Nowhere", "--output", str(tmp_path)])
    assert "Europe/Berlin" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_zone_changes_windows_and_display(tmp_path: Path) -> None:
    """Dashboards for one zone show times in it and do not ask for it."""
    main(["--time-zone", "America/New_York", "--output", str(tmp_path)])
    board = json.loads((tmp_path / "pop3-trend.json").read_text())
    assert "America/New_York" == board["timezone"]
    fixed = {one["name"]: one["query"] for one in board["templating"]["list"] if one["type"] == "constant"}
    assert {"west": str((14 + 5) * 3600), "quarter": "0"} == fixed


def test_there_are_seven_dashboards_with_fixed_addresses() -> None:
    """Their uids never change, so links and bookmarks keep working."""
    assert list(TITLES) == list(BOARDS)
    assert [f"{uid}" for uid in TITLES] == [board["uid"] for board in BOARDS.values()]


@pytest.mark.parametrize("uid", BOARDS)
def test_each_panel_says_what_it_shows(uid: str) -> None:
    """Every panel that shows data has a description, and its numbers a unit or their own per column."""
    shown = [panel for panel in panels(BOARDS[uid]) if panel["type"] not in {"text", "row"}]
    assert not [panel["title"] for panel in shown if not panel.get("description")]
    assert not [
        panel["title"]
        for panel in shown
        if panel["type"] != "table" and not panel["fieldConfig"]["defaults"].get("unit")
    ]


@pytest.mark.parametrize("uid", BOARDS)
def test_empty_panels_explain_themselves(uid: str) -> None:
    """Nothing says just `No data`."""
    shown = [panel for panel in panels(BOARDS[uid]) if panel["type"] not in {"text", "row"}]
    assert not [panel["title"] for panel in shown if not panel["fieldConfig"]["defaults"].get("noValue")]


@pytest.mark.parametrize("uid", BOARDS)
def test_panels_fill_the_grid_without_overlap(uid: str) -> None:
    """No cell of the grid has two panels, each row of it is full, and ids are unique."""
    cells: dict[tuple[int, int], str] = {}
    for panel in BOARDS[uid]["panels"]:
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in cells, (panel["title"], cells[x, y])
                cells[x, y] = panel["title"]
    assert len(cells) == 24 * (1 + max(y for _, y in cells))
    ids = [panel["id"] for panel in panels(BOARDS[uid])]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("uid", BOARDS)
def test_every_data_source_is_the_chosen_one(uid: str) -> None:
    """No panel, query, variable or annotation is bound to somebody's own data source."""
    board = BOARDS[uid]
    used = [target["datasource"] for panel in panels(board) for target in panel.get("targets", [])]
    used += [one["datasource"] for one in board["annotations"]["list"]]
    used += [one["datasource"] for one in board["templating"]["list"] if one["type"] == "query"]
    assert {"${datasource}", "-- Dashboard --"} >= {source["uid"] for source in used}


@pytest.mark.parametrize("uid", BOARDS)
def test_links_carry_what_their_goal_knows(uid: str) -> None:
    """A link to a dashboard gives only variables that it has, none twice."""
    urls = [words for words in every_string(BOARDS[uid]) if words.startswith("/d/")]
    assert urls
    for url in urls:
        goal, _, query = url.removeprefix("/d/").partition("?")
        parts = [
            one for one in query.split("&") if one != "${__url_time_range}" and not one.startswith(("from=", "to="))
        ]
        names = [
            part.removeprefix("${").split(":")[0] if part.startswith("${") else part[4:].split("=")[0] for part in parts
        ]
        assert set(names) <= set(VARIABLES[goal])
        assert len(names) == len(set(names))


@pytest.mark.parametrize("uid", BOARDS)
def test_the_variables_are_those_that_links_count_on(uid: str) -> None:
    """The list of variables that links carry is that of the dashboard's own visible ones."""
    visible = [one["name"] for one in BOARDS[uid]["templating"]["list"] if one.get("hide") != 2]
    assert list(VARIABLES[uid]) == visible


@pytest.mark.parametrize("uid", BOARDS)
def test_what_a_dashboard_looks_up_is_in_no_address(uid: str) -> None:
    """Of a kept address Grafana would believe it, and show old numbers."""
    for one in BOARDS[uid]["templating"]["list"]:
        assert (one.get("hide") == 2) == one.get("skipUrlSync", False), one["name"]


@pytest.mark.parametrize("uid", BOARDS)
def test_nothing_of_old_grafanas_is_left(uid: str) -> None:
    """grafanalib's relics and nulls are cleaned away, so Grafana migrates nothing."""
    words = text(BOARDS[uid])
    assert not [
        relic for relic in ("null,", "intervalFactor", '"sharedCrosshair"', '"span"', "cacheTimeout") if relic in words
    ]
    assert 41 == BOARDS[uid]["schemaVersion"]
