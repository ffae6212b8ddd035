"""What runs on GitHub cannot run here: it is thin, pinned, and calls scripts that exist."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.tools import SYSTEM_PATH

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = sorted(path for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
SCRIPTS = sorted(path for path in (ROOT / ".ci").iterdir() if path.is_file() and not path.suffix)
# The action, its commit, and the version for people (and for the updater).
PINNED = re.compile(r"- uses: [\w-]+/[\w-]+@[0-9a-f]{40} +# v\d+\.\d+\.\d+")
# What a step may do besides calling a script of ours.
SMALL = re.compile(r"(apt-get|mkdir) [^;|\n]+|make test")


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    return found


def commands(path: Path) -> Iterator[str]:
    for job in jobs(path).values():
        yield from (step["run"] for step in job["steps"] if "run" in step)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_by_commit(path: Path) -> None:
    """A tag can be moved to other code; a commit cannot."""
    uses = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]
    assert [] == [line for line in uses if not PINNED.fullmatch(line)]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_steps_call_scripts(path: Path) -> None:
    """Whatever CI does, a developer can do: each step is one call of a script that exists."""
    for command in commands(path):
        called = re.findall(r"\b(?:sh|bash) (\.ci/[\w-]+)", command)
        assert called or SMALL.match(command), command
        assert "\n" not in command
        assert [] == [script for script in called if not (ROOT / script).is_file()]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_get_no_more_than_they_need(path: Path) -> None:
    """Read-only unless a job says otherwise; no credentials left in the checkout; an end to every job."""
    text = path.read_text(encoding="utf-8")
    assert {"contents": "read"} == yaml.safe_load(text)["permissions"]
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    assert [] == [name for name, job in jobs(path).items() if "timeout-minutes" not in job]


def test_every_supported_python_is_tested() -> None:
    """The matrix is what the issue and pyproject.toml promise."""
    matrix = jobs(ROOT / ".github/workflows/ci.yml")
    assert ["3.11", "3.12", "3.13", "3.14"] == matrix["test"]["strategy"]["matrix"]["python"]
    assert ["debian:12", "debian:13", "ubuntu:24.04"] == matrix["system"]["strategy"]["matrix"]["system"]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_issue_forms_ask_for_masked_lines(path: Path) -> None:
    """Nobody is asked for lines with names in them; the form is one that GitHub takes."""
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert len({field["id"] for field in fields}) == len(fields)
    labels = " ".join(field["attributes"]["label"] for field in fields)
    assert re.search(r"pop3-exporter parse [^`]*--masked", labels)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_shell(script: Path) -> None:
    """The shell can read each script."""
    first, _, text = script.read_text(encoding="utf-8").partition("\n")
    assert first in {"#!/bin/sh", "#!/usr/bin/env bash", "#!/usr/bin/env python3"}
    if first == "#!/bin/sh":
        ran = subprocess.run(["sh", "-n"], input=text, capture_output=True, text=True, check=False)
        assert "" == ran.stderr


@pytest.mark.tool("actionlint")
def test_actionlint_is_content() -> None:
    """Types, contexts and expressions of the workflows are right."""
    program = shutil.which("actionlint", path=SYSTEM_PATH) or "actionlint"
    ran = subprocess.run(
        [program, "-no-color", "-shellcheck=", "-pyflakes="], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "" == ran.stdout + ran.stderr


def test_a_release_needs_its_tag() -> None:
    """A tag that is not the version ends the build before anything is built."""
    ran = subprocess.run(["sh", ".ci/build", "v0.0.9"], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (1, "") == (ran.returncode, ran.stdout)
    assert "the tag is v0.0.9, but exporter/__init__.py says" in ran.stderr
