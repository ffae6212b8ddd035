"""The exported file itself: its form, its bounds, and what stands in it."""

import io
from collections import defaultdict
from datetime import date
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_fd_to_metric_families

from exporter.catalogue import LAST_LOGIN, MEASURES, REASONS, SCOPES, Quality
from exporter.history.openmetrics import export_openmetrics, write_openmetrics
from exporter.ledger import LedgerError
from exporter.ledger.reading import Reading
from tests.history.sites import history
from tests.reports.ledgers import Commit, at, charge, filled

BERLIN = "Europe/Berlin"
FIRST, LAST = date(2026, 10, 20), date(2026, 10, 30)
CLOCK = at(BERLIN, f"{LAST}T15:20")
Point = tuple[float, float]


def parsed(path: Path) -> list[Metric]:
    """As the reference parser reads it: it refuses families or series in pieces, and stamps that fall."""
    with path.open() as file:
        return list(text_fd_to_metric_families(file))  # type: ignore[no-untyped-call]


def points(metrics: list[Metric], name: str, **labels: str) -> list[Point]:
    """Stamps and values of one series."""
    return [
        (float(sample.timestamp), sample.value)  # type: ignore[arg-type]
        for metric in metrics
        for sample in metric.samples
        if sample.name == name and sample.labels == labels
    ]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> list[Metric]:
    """Eleven days."""
    directory = tmp_path_factory.mktemp("export")
    with Reading(history(directory / "ledger.sqlite", BERLIN, FIRST, LAST, CLOCK)) as reading:
        written = export_openmetrics([reading], directory / "history.txt", clock=CLOCK)
    metrics = parsed(directory / "history.txt")
    assert (FIRST, LAST) == (written.first, written.last)
    assert written.samples == sum(len(metric.samples) for metric in metrics)
    return metrics


def test_every_family_of_the_reports_is_there(exported: list[Metric]) -> None:
    """Counters, holds and births of all scopes, the clock, quality and ends; nothing else."""
    families = {
        "pop3_exporter_time_seconds": "gauge",
        "pop3_site_utc_offset_seconds": "gauge",
        "pop3_site_utc_offset_smallest_seconds": "gauge",
        "pop3_measure_quality_info": "gauge",
        "pop3_session_ends": "counter",
        LAST_LOGIN: "gauge",
    }
    for scope in SCOPES:
        families[scope.first_seen] = "gauge"
        for measure in MEASURES:
            families[scope.total(measure).removesuffix("_total")] = "counter"
            families[scope.hold(measure, "day")] = "gauge"
            if scope.has_hours:
                families[scope.hold(measure, "hour")] = "gauge"
    assert families == {metric.name: metric.type for metric in exported}


def test_nothing_stands_before_a_birth_or_behind_the_clock(exported: list[Metric]) -> None:
    """Every series begins when its key was first seen."""
    births: dict[tuple[str, ...], float] = {}
    begins: dict[tuple[str, ...], float] = defaultdict(lambda: float("inf"))
    for metric in exported:
        for sample in metric.samples:
            stamp = float(sample.timestamp)  # type: ignore[arg-type]
            assert stamp <= CLOCK
            if sample.labels and "reason" not in sample.labels and "quality" not in sample.labels:
                key = tuple(sample.labels.values())
                begins[key] = min(begins[key], stamp)
                if metric.name.endswith("first_seen_timestamp_seconds"):
                    births[key] = sample.value
    assert births.keys() == begins.keys()
    assert all(begins[key] >= birth for key, birth in births.items())


def test_counters_and_holds_of_a_day_agree(exported: list[Metric]) -> None:
    """The counter at the end of a day is the next day's hold, and never falls."""
    totals = points(exported, "pop3_connections_total", server="mx1")
    holds = dict(points(exported, "pop3_connections_day_start", server="mx1"))
    assert 11 == len(totals)
    assert totals == sorted(totals)
    assert sorted(value for _, value in totals) == [value for _, value in totals]
    assert {0, *(value for _, value in totals[:-1])} == set(holds.values())


def test_qualities_are_told_for_each_day(exported: list[Metric]) -> None:
    """Where the holds stand, which counts as a scrape, and at its end: a report of a range knows what its logs had."""
    told = points(
        exported, "pop3_measure_quality_info", source="mail", server="mx1", measure="sent_bytes", quality="none"
    )
    middles = [at(BERLIN, f"2026-10-{day}T{'14' if day < 25 else '13'}:00:00") for day in range(20, 31)]
    ends = [at(BERLIN, f"2026-10-{day}T{clock}") for day in range(20, 30) for clock in ("22:20:00", "23:59:59")]
    # The clock goes back on the 25th: 22 h 20 min after midnight it is an hour earlier.
    ends[ends.index(at(BERLIN, "2026-10-25T22:20:00"))] -= 3600
    assert sorted([*middles, *ends, CLOCK]) == [stamp for stamp, _ in told]


def test_ends_are_told_as_they_stand(exported: list[Metric]) -> None:
    """All pairs of a server, once, and no history that nobody knows."""
    family = next(metric for metric in exported if metric.name == "pop3_session_ends")
    assert {("mx1", note.end, reason) for reason, note in REASONS.items()} == {
        tuple(sample.labels.values()) for sample in family.samples
    }
    assert {CLOCK} == {float(sample.timestamp) for sample in family.samples}  # type: ignore[arg-type]


def test_a_part_can_be_exported(tmp_path: Path) -> None:
    """Whole local days; a day in the past ends with its last second."""
    with Reading(history(tmp_path / "ledger.sqlite", BERLIN, FIRST, LAST, CLOCK)) as reading:
        export_openmetrics(
            [reading], tmp_path / "history.txt", first=date(2026, 10, 24), last=date(2026, 10, 25), clock=CLOCK
        )
    metrics = parsed(tmp_path / "history.txt")
    stamps = {float(sample.timestamp) for metric in metrics for sample in metric.samples}  # type: ignore[arg-type]
    assert at(BERLIN, "2026-10-24T00:00") <= min(stamps)
    assert at(BERLIN, "2026-10-25T23:59:59") == max(stamps)
    assert at(BERLIN, "2026-10-25T23:59:59") == points(metrics, "pop3_connections_total", server="mx1")[-1][0]
    assert not [metric for metric in metrics if metric.name == "pop3_session_ends"]


def test_days_after_the_last_event_are_not_claimed(tmp_path: Path) -> None:
    """A ledger of old logs ends with them, unless later days are asked for."""
    later = CLOCK + 10 * 86_400
    with Reading(history(tmp_path / "ledger.sqlite", BERLIN, FIRST, LAST, CLOCK)) as reading:
        written = export_openmetrics([reading], tmp_path / "history.txt", clock=later)
        assert (FIRST, LAST) == (written.first, written.last)
        end = at(BERLIN, f"{LAST}T23:59:59")
        metrics = parsed(tmp_path / "history.txt")
        assert end == points(metrics, "pop3_connections_total", server="mx1")[-1][0]
        assert end == points(metrics, "pop3_session_ends_total", server="mx1", end="quit", reason="logout")[0][0]
        asked = export_openmetrics([reading], tmp_path / "asked.txt", last=date(2026, 12, 24), clock=later)
    assert date(2026, 11, 9) == asked.last


def test_several_ledgers_are_one_file(tmp_path: Path) -> None:
    """Families are not repeated, and the clock is told once."""
    reads = []
    for name in ("a", "b"):
        commit = Commit(CLOCK, [charge(CLOCK - 90_000, server=name, user="ann@a.example")])
        reads.append(Reading(filled(tmp_path / f"{name}.sqlite", BERLIN, [commit])))
    export_openmetrics(reads, tmp_path / "history.txt", last=LAST, clock=CLOCK)
    metrics = parsed(tmp_path / "history.txt")
    assert [1, 1] == [len(points(metrics, "pop3_connections_day_start", server=name)) // 2 for name in ("a", "b")]
    assert 4 == len(points(metrics, "pop3_exporter_time_seconds"))
    with (
        Reading(tmp_path / "a.sqlite") as again,
        pytest.raises(LedgerError, match=r"a\.sqlite: has server 'a', and so has .*a\.sqlite; export them separately"),
    ):
        export_openmetrics([reads[0], again], tmp_path / "history.txt", clock=CLOCK)
    for reading in reads:
        reading.close()


def test_an_empty_ledger_is_an_empty_file(tmp_path: Path) -> None:
    """Still a valid one."""
    output = io.BytesIO()
    with Reading(filled(tmp_path / "ledger.sqlite", BERLIN, [Commit(CLOCK)])) as reading:
        written = write_openmetrics([reading], output, tmp_path, clock=CLOCK)
    assert b"# EOF\n" == output.getvalue()
    assert (0, None, None) == (written.samples, written.first, written.last)


def test_hostile_names_stay_labels(tmp_path: Path) -> None:
    """Quotes, backslashes and line ends of a name do not leave it."""
    name = 'e"v\\e\n# EOF@a.example'
    commit = Commit(CLOCK, [charge(CLOCK - 90_000, domain="a.example", user=name)])
    with Reading(filled(tmp_path / "ledger.sqlite", BERLIN, [commit])) as reading:
        export_openmetrics([reading], tmp_path / "history.txt", clock=CLOCK)
    metrics = parsed(tmp_path / "history.txt")
    assert points(metrics, "pop3_user_connections_total", server="mx", domain="a.example", user=name)


def test_a_failed_export_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither half a file nor what was gathered for it; an older file stays."""
    target = tmp_path / "out" / "history.txt"
    target.parent.mkdir()
    target.write_text("older")

    def broken(_done: int, _all: int) -> None:
        raise OSError("disk full")

    with (
        Reading(history(tmp_path / "ledger.sqlite", BERLIN, FIRST, LAST, CLOCK)) as reading,
        pytest.raises(OSError, match="disk full"),
    ):
        export_openmetrics([reading], target, clock=CLOCK, progress=broken)
    assert [target] == list(target.parent.iterdir())
    assert "older" == target.read_text()


def test_quality_changes_with_its_day(tmp_path: Path) -> None:
    """What a log told later does not colour the days before."""
    quality = {("mx", "sent_bytes"): Quality.NONE}
    commits = [
        Commit(at(BERLIN, "2026-10-28T12:00"), [charge(at(BERLIN, "2026-10-28T11:00"))], quality),
        Commit(CLOCK, [charge(CLOCK - 60)], dict.fromkeys(quality, Quality.EXACT)),
    ]
    with Reading(filled(tmp_path / "ledger.sqlite", BERLIN, commits)) as reading:
        export_openmetrics([reading], tmp_path / "history.txt", clock=CLOCK)
    metrics = parsed(tmp_path / "history.txt")
    common = {"source": "mail", "server": "mx", "measure": "sent_bytes"}
    assert [6, 2] == [
        len(points(metrics, "pop3_measure_quality_info", **common, quality=quality)) for quality in ("none", "exact")
    ]
