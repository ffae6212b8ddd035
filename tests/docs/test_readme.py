"""The README says what is true: its table of exactness is the code's, its commands exist, its files too."""

import re
import shlex
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINES = (ROOT / "docs" / "deciding-lines.md").read_text(encoding="utf-8")
MEASURES = {
    "connections": "connections",
    "logins": "logins",
    "terminations": "terminations",
    "blocked connections": "blocked_connections",
    "failed logins": "login_failures",
    "bandwidth": "sent_bytes",
    "bad commands": "bad_command_connections",
}
WORDS = {"exact": "exact", "lower_bound": "at least (≥)", "none": "not logged"}
BLOCK = re.compile(r"```(?:sh|console)\n(.*?)```", re.DOTALL)
PAGES = [ROOT / "README.md", ROOT / "docs" / "install.md"]


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def test_the_table_of_exactness_is_the_codes() -> None:
    """What the README promises of Dovecot is what docs/deciding-lines.md, made from the code, says."""
    dovecot = LINES.partition("### dovecot\n")[2].partition("\n### ")[0]
    told = {cells(row)[0].strip("`"): cells(row)[1:] for row in dovecot.splitlines() if row.startswith("| `")}
    head = next(cells(row)[1:] for row in dovecot.splitlines() if row.startswith("| Measure"))
    default = head.index("with `no_bytes`")  # what Dovecot's default logout format shows
    settings = [head.index("with `bytes`"), head.index("with `auth_verbose`")]
    section = README.partition("## What is exact")[2].partition("\n## ")[0]
    rows = [cells(row) for row in section.splitlines() if row.startswith("|")][2:]
    promised = {name: row[1:] for row in rows for name in re.split(r", (?!counted)", row[0])}
    promised = {name.partition(", counted")[0]: said for name, said in promised.items()}
    for name, measure in MEASURES.items():
        values = told[measure]
        first = values[default] or values[0]
        later = next((values[column] for column in settings if values[column]), first)
        assert [WORDS[first], WORDS[later]] == promised[name], name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_named_in_commands_exist(page: Path) -> None:
    """A path of the repository in a command is there."""
    commands = "\n".join(BLOCK.findall(page.read_text(encoding="utf-8")))
    paths = re.findall(r"(?<![\w/.])((?:deploy|docs|tests|\.ci)/[\w./-]+)", commands)
    assert [] == [path for path in paths if not (ROOT / path).exists()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page: Path) -> None:
    """`make X` in text and commands is in the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set() == set(re.findall(r"`?make ([a-z-]+)(?=[`\s])", page.read_text(encoding="utf-8"))) - targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_shell_blocks_can_be_read(page: Path) -> None:
    """No quote is left open in a command."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for line in block.replace("\\\n", " ").splitlines():
            shlex.split(line.removeprefix("$ "), comments=True)
