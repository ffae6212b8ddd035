"""The exporter is down and Prometheus goes on: the pages for the moment say so, and show the alert."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dashboards import scenario
from tests.dashboards.site import Site
from tests.dashboards.test_numbers import LAST_30_DAYS, UIDS, boards, opened
from tests.dashboards.test_remarks import remarks
from tests.prometheus_server import Labels, PrometheusServer

pytestmark = [pytest.mark.tool("prometheus", "promtool"), pytest.mark.timeout(300)]

MINUTES = 120
SINCE = scenario.NOW + 600


@pytest.fixture(scope="module")
def away(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusServer]:
    """Two hours after the last answer; the alert fires since ten minutes after it."""
    directory = tmp_path_factory.mktemp("away")
    with site.served(directory) as server:
        server.load_blocks(_history(directory))
        yield server


def _history(directory: Path) -> Path:
    labels = 'alertname="POP3ExporterDown",severity="critical",instance="mx:10110",job="pop3"'
    minutes = range(scenario.NOW + 60, scenario.NOW + 60 * MINUTES + 1, 60)
    later = [at for at in minutes if at >= SINCE]
    samples = [
        "# TYPE up gauge\n",
        *(f'up{{instance="mx:10110",job="pop3"}} 0 {at}\n' for at in minutes),
        "# TYPE ALERTS gauge\n",
        *(f'ALERTS{{alertstate="firing",{labels}}} 1 {at}\n' for at in later),
        "# TYPE ALERTS_FOR_STATE gauge\n",
        *(f"ALERTS_FOR_STATE{{{labels}}} {SINCE} {at}\n" for at in later),
        "# EOF\n",
    ]
    path = directory / "away.txt"
    path.write_text("".join(samples))
    return path


def rows(uid: str, title: str, ref: str, prometheus: PrometheusServer) -> dict[Labels, float]:
    board = boards()[uid]
    target = [one for panel, one in board.targets() if panel == title and one.refId == ref][-1]  # the table
    return dict(opened(board, LAST_30_DAYS, prometheus, "Day").rows(target.to_json_data()))


@pytest.mark.parametrize("uid", ["pop3-start", "pop3-suspicious"])
def test_the_alert_is_shown(uid: str, away: PrometheusServer) -> None:
    """With the exporter that it is about; what fired as long as that answered is over."""
    found = rows(uid, "Firing alerts", "A", away)
    named = {(dict(labels)["alertname"], dict(labels)["place"]): value for labels, value in found.items()}
    assert {("POP3ExporterDown", "mx:10110"): SINCE * 1000} == named


@pytest.mark.parametrize("uid", ["pop3-start", "pop3-exporter"])
def test_it_does_not_count_as_up(uid: str, away: PrometheusServer) -> None:
    """However long ago the newest sample is."""
    assert ["0 of 1"] == [dict(labels)["said"] for labels in rows(uid, "Exporters up", "A", away)]


def test_the_log_is_as_old_as_what_was_read_of_it(away: PrometheusServer) -> None:
    """Not as it was at the newest sample."""
    (age,) = {
        value for labels, value in rows("pop3-start", "Servers", "S", away).items() if ("server", "mx1") in labels
    }
    assert MINUTES * 60 <= age <= MINUTES * 60 + 60


@pytest.mark.parametrize("uid", UIDS)
def test_the_age_of_the_numbers_is_remarked(uid: str, away: PrometheusServer) -> None:
    """In minutes since the newest sample."""
    begin = f"No exporter was scraped in the {MINUTES - 1} minutes before now"
    assert [one for one in remarks(boards()[uid], LAST_30_DAYS, away) if one.startswith(begin)]


def test_of_the_hours_to_come_nothing_is_said(prometheus: PrometheusServer) -> None:
    """Nobody can have looked for alerts in them yet; in a gap somebody could."""
    board = boards()["pop3-user"]
    target = next(one for title, one in board.targets() if title == "Alerts of this account")
    lines = opened(board, LAST_30_DAYS, prometheus, "Day").lines(target.to_json_data())
    (times,) = [[at for at, _ in line] for labels, line in lines.items() if ("alertname", "not scraped") in labels]
    begin, end = scenario.GAPS[1]
    assert any(begin < at < end for at in times)
    assert max(times) <= scenario.NOW < LAST_30_DAYS.end - 3600


@pytest.mark.slow
def test_a_long_time_is_told_in_hours(prometheus: PrometheusServer, site: Site, tmp_path: Path) -> None:
    """Nobody thinks in thousands of minutes."""
    samples = "".join(f'up{{instance="mx:10110",job="pop3"}} 0 {scenario.NOW + 60 * at}\n' for at in range(1, 600))
    history = tmp_path / "away.txt"
    history.write_text(f"# TYPE up gauge\n{samples}# EOF\n")
    with site.served(tmp_path) as server:
        server.load_blocks(history)
        said = remarks(boards()["pop3-trend"], LAST_30_DAYS, server)
    assert [one for one in said if one.startswith("No exporter was scraped in the 9 hours before now")]
    assert not [one for one in remarks(boards()["pop3-trend"], LAST_30_DAYS, prometheus) if "before now" in one]
