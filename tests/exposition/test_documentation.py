"""The page about metrics."""

from pathlib import Path

from exporter.exposition.documentation import page
from exporter.exposition.renderer import Exposition
from exporter.exposition.selfmetrics import SelfMetrics
from tests.exposition.views import BERLIN, NOW, large_view

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


def test_the_page_is_current() -> None:
    """docs/metrics.md is what the code says; `python -m exporter.exposition.documentation` writes it."""
    assert page() == PAGE.read_text(encoding="utf-8")


def test_the_page_names_every_family_of_ours() -> None:
    """Nothing that /metrics shows is missing, but the holds, which follow a rule."""
    text = b"".join(Exposition(BERLIN, SelfMetrics()).render(large_view(2, 1), NOW)).decode()
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE pop3_")}
    holds = {name for name in names if name.endswith(("_day_start", "_hour_start"))}
    assert set() == {name for name in names - holds if f"`{name}`" not in page()}
