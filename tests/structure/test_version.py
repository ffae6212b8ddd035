"""The version stands in one place, exporter/__init__.py; what else names it agrees."""

import re
from pathlib import Path

from exporter import __version__

ROOT = Path(__file__).parents[2]


def test_the_changelog_begins_with_it() -> None:
    """What is built now is what the changelog's first section is about."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^## (\S+)", text)[0] == __version__


def test_each_release_has_a_ledger_to_upgrade_from() -> None:
    """Every older version in the changelog left a ledger in tests/ledger/upgrade (see test_upgrade.py)."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    saved = {path.name.removesuffix(".json") for path in (ROOT / "tests" / "ledger" / "upgrade").glob("*.json")}
    assert set() == set(re.findall(r"(?m)^## (\S+)", text)[1:]) - saved
