"""The documentation site is built strictly: no broken link, no broken anchor."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path: Path) -> None:
    """Everything of docs/ and what it links to, the runbooks among them, and the commands' help."""
    script = ["sh", str(ROOT / ".ci" / "docs"), "--site-dir", str(tmp_path / "site")]
    ran = subprocess.run(script, capture_output=True, text=True, check=False)
    assert 0 == ran.returncode, ran.stdout + ran.stderr
    pages = {path.parent.name for path in (tmp_path / "site").rglob("index.html")}
    assert {"install", "metrics", "commands", "mailcow", "CONTRIBUTING"} <= pages
    assert {path.stem for path in (ROOT / "deploy" / "runbooks").glob("*.md")} <= pages
    assert "pop3-exporter report [OPTIONS]" in (tmp_path / "site" / "commands" / "index.html").read_text()
