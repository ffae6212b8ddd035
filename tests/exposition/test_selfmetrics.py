"""What the daemon tells of itself."""

import platform
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporter import __version__
from exporter.exposition.families import Group
from exporter.exposition.renderer import Exposition
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.exposition.sources import SourceReport
from tests.exposition.views import BERLIN, NOW, view


def values(metrics: SelfMetrics) -> dict[str, float]:
    """Samples by name and labels as in the text."""
    return {
        sample.name + "".join(f" {key}={value}" for key, value in sample.labels.items()): sample.value
        for family in text_string_to_metric_families(metrics.render().decode())
        for sample in family.samples
    }


def test_durations_are_histograms() -> None:
    """Commits and turns are counted into buckets, with their sum."""
    metrics = SelfMetrics()
    metrics.observe_commit(0.02)
    metrics.observe_commit(0.2)
    metrics.observe_turn(0.0015)
    found = values(metrics)
    assert 1 == found["pop3_exporter_commit_duration_seconds_bucket le=0.025"]
    assert 2 == found["pop3_exporter_commit_duration_seconds_count"]
    assert pytest.approx(0.22) == found["pop3_exporter_commit_duration_seconds_sum"]
    assert 1 == found["pop3_exporter_turn_duration_seconds_bucket le=0.0025"]


def test_a_report_takes_the_place_of_the_one_before() -> None:
    """A source that is gone leaves no series, and the others show their newest state."""
    metrics = SelfMetrics()
    metrics.report([SourceReport("old", unread_bytes=9), SourceReport("mail", unread_bytes=5, catching_up=True)])
    metrics.report([SourceReport("mail", read_errors={"ENOENT": 2}, clock_skew_seconds=0.5)])
    found = values(metrics)
    assert 0 == found["pop3_exporter_unread_bytes source=mail"]
    assert 0 == found["pop3_exporter_catching_up source=mail"]
    assert 0.5 == found["pop3_exporter_clock_skew_seconds source=mail"]
    assert 2 == found["pop3_exporter_read_errors_total errno=ENOENT source=mail"]
    assert 0 == found["pop3_exporter_read_errors_total errno=EACCES source=mail"]
    assert [] == [name for name in found if "source=old" in name]


def test_an_unknown_skew_is_no_number() -> None:
    """A skew that is not known is absent, never 0."""
    metrics = SelfMetrics()
    metrics.report([SourceReport("mail")])
    assert "pop3_exporter_clock_skew_seconds source=mail" not in values(metrics)


def test_says_what_runs() -> None:
    """The version of the exporter and of Python are labels of one series."""
    name = f"pop3_exporter_build_info python={platform.python_version()} version={__version__}"
    assert 1 == values(SelfMetrics())[name]


def test_has_process_and_python() -> None:
    """prometheus_client's own collectors are there, without `_created` series."""
    found = values(SelfMetrics())
    assert {"process_resident_memory_bytes", "process_start_time_seconds"} <= found.keys()
    assert any(name.startswith("python_info") for name in found)
    assert [] == [name for name in found if name.partition(" ")[0].endswith("_created")]


def test_two_processes_metrics_do_not_know_each_other() -> None:
    """Each object has a registry of its own: nothing is global."""
    first, second = SelfMetrics(), SelfMetrics()
    first.observe_commit(1)
    assert 0 == values(second)["pop3_exporter_commit_duration_seconds_count"]


@pytest.mark.tool("promtool")
def test_promtool_finds_nothing_to_say() -> None:
    """The whole group of the exporter passes `promtool check metrics`, prometheus_client's own metrics included."""
    metrics = SelfMetrics()
    metrics.report([SourceReport("mail", clock_skew_seconds=1.5)])
    text = b"".join(Exposition(BERLIN, metrics).render(view(), NOW, frozenset({Group.EXPORTER})))
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False, timeout=60)
    assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
