"""The configurations of docs/recipes count right what the suites write.

The lines have the form of real ones; Zimbra's were written by its nginx, built from its packages and run. The journal's
are as `journalctl -o json` gives them, with the container's tag as Docker's journald driver writes it.
"""

import re
from pathlib import Path

import pytest
import yaml

from exporter.config import Config
from exporter.configfile import load
from tests.cli.running import Run

HERE = Path(__file__).parent
RECIPES = HERE.parents[1] / "docs" / "recipes"
# Recipe: the server's name, and what the sample NAME.log comes to.
SUITES = {
    "mailcow": ("mailcow", {"connections": 2, "logins": 1, "login_failures": 1, "sent_bytes": 900}),
    "docker-mailserver": ("mail", {"connections": 3, "logins": 1, "login_failures": 1, "sent_bytes": 900}),
    "mailu": ("mailu", {"connections": 2, "logins": 1, "login_failures": 1, "sent_bytes": 930}),
    "zimbra": (None, {"connections": 7, "logins": 3, "login_failures": 2, "sent_bytes": 0}),
}


def block(name: str) -> str:
    """The configuration on the recipe's page."""
    text = (RECIPES / f"{name}.md").read_text(encoding="utf-8")
    (found,) = (block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "sources:" in block)
    return "".join(line.removeprefix("   ") for line in found.splitlines(keepends=True))


def configured(name: str, folder: Path) -> Path:
    """The same, with its journal or folder replaced by the sample."""
    config = yaml.safe_load(block(name))
    (source,) = config["sources"]
    if source.pop("journal", None):
        source["start"] = "beginning"
    source["paths"] = [str(HERE / f"{name}.log")]
    config["ledger"] = str(folder / "ledger.sqlite")
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.mark.parametrize("name", SUITES)
def test_the_recipe_counts_the_suites_lines(pop3: Run, tmp_path: Path, name: str) -> None:
    """Every connection once, for the server that the recipe names, and no line unmatched."""
    ran = pop3("replay", "--config.file", configured(name, tmp_path), HERE / f"{name}.log")
    assert 0 == ran.code, ran.err
    server, expected = SUITES[name]
    for measure, value in expected.items():
        found = re.findall(rf'^pop3_{measure}_total{{server="([^"]+)"}} (\S+)$', ran.out, re.MULTILINE)
        assert [float(value)] == [float(total) for _, total in found], (measure, found)
        assert server in {None, found[0][0]}
    unmatched = re.findall(
        r'^pop3_exporter_lines_total{.*verdict="(?:unmatched|malformed)".*} (\S+)$', ran.out, re.MULTILINE
    )
    assert {0.0} == {float(count) for count in unmatched}


@pytest.mark.parametrize("name", SUITES)
def test_the_configuration_is_valid_as_it_stands(name: str, tmp_path: Path) -> None:
    """What a reader copies is a configuration without a mistake."""
    file = tmp_path / "config.yaml"
    file.write_text(block(name))
    assert load(file, Config).sources
