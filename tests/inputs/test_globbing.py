"""Patterns match what glob matches, follow no cycle, and cost little while nothing changes."""

import glob
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.inputs import globbing
from exporter.inputs.files import FileInput
from exporter.inputs.globbing import Folders, paths_matching

NOW = 2_000_000_000.0

TREE = (
    "a/mail.log",
    "a/b/mail.log",
    "a/b/c/pop.log.1",
    ".hidden/mail.log",
    "a/.mail.log",
    "mail.log",
    "m[1]/mail.log",
    "x y/é.log",
)
PARTS = st.sampled_from(
    ["a", "b", "*", "?", "**", "mail.log", "mail.*", "*.log*", ".*", "[ab]", "m[[]1]", "[!a]*", "x y"]
)


def matching(pattern: str, folders: Folders | None = None) -> list[str]:
    """All that the pattern matches but directories, which are no logs."""
    folders = folders or Folders()
    folders.begin()
    return [path for path in folders.matching(pattern) if Path(path).is_file()]


@pytest.fixture(scope="module")
def tree() -> Path:
    root = Path(tempfile.mkdtemp()).resolve()
    for name in TREE:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


@settings(deadline=None)
@given(parts=st.lists(PARTS, min_size=1, max_size=4))
def test_patterns_match_as_those_of_glob(tree: Path, parts: list[str]) -> None:
    """The same files, whatever the wildcards and wherever they stand."""
    pattern = os.path.join(tree, *parts)  # noqa: PTH118
    expected = {path for path in glob.glob(pattern, recursive=True) if Path(path).is_file() and path[-1] != "/"}  # noqa: PTH207
    assert sorted(expected) == matching(pattern)


def test_no_cycle_is_followed(tmp_path: Path) -> None:
    """Two links to the directory itself give 2^40 ways to one file; it is found once, by the way without links."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "mail.log").write_bytes(b"line\n")
    for name in ("a", "z"):
        (tmp_path / "logs" / name).symlink_to(".")
    (tmp_path / "logs" / "up").symlink_to("..")
    assert [str(tmp_path / "logs" / "mail.log")] == matching(f"{tmp_path}/logs/**/mail.log")
    assert [str(tmp_path / "logs" / "mail.log")] == paths_matching(f"{tmp_path}/logs/**/mail.log")
    source = FileInput("mail", [f"{tmp_path}/logs/**/mail.log"], start="beginning")
    assert [b"line"] == [line for batch in source.read(NOW, 1 << 20) for line in batch.lines]
    assert () == source.status().problems


def test_a_pattern_that_means_too_much_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit nothing is looked at, and that is a problem; other patterns go on."""
    monkeypatch.setattr(globbing, "ENTRIES_MOST", 100)
    for number in range(30):
        (tmp_path / f"folder{number}").mkdir()
        for name in ("mail.log", "b", "c", "d"):
            (tmp_path / f"folder{number}" / name).touch()
    (tmp_path / "folder29" / "mail.log").write_bytes(b"line\n")
    paths = [f"{tmp_path}/**/mail.log", f"{tmp_path}/folder29/mail.log"]
    source = FileInput("mail", paths, start="beginning")
    assert [b"line"] == [line for batch in source.read(NOW, 1 << 20) for line in batch.lines]
    assert [p for p in source.status().problems if "use a narrower pattern" in p]


def test_what_has_not_changed_is_not_matched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand patterns over quiet directories cost one listing of each directory in a look."""
    folders = Folders()
    patterns = [f"{tmp_path}/{number}*.log" for number in range(300)]
    (tmp_path / "7.log").touch()
    assert ["7.log"] == [Path(path).name for pattern in patterns for path in matching(pattern, folders)]
    listed: list[str] = []
    compiled: list[str] = []
    scandir = os.scandir

    def list_(path: str) -> "os._ScandirIterator[str]":
        listed.append(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", list_)
    monkeypatch.setattr(globbing, "_compiled", compiled.append)
    folders.begin()
    assert [f"{tmp_path}/7.log"] == [path for pattern in patterns for path in folders.matching(pattern)]
    assert ([str(tmp_path)], []) == (listed, compiled)
