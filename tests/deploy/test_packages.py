"""What Debian's and Red Hat's packages are made of agrees with the program; deploy/debian/try installs them."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEBIAN = ROOT / "deploy" / "debian"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Debian's names where they are not Python's.
NAMES = {"PyYAML": "yaml", "PyJWT": "jwt"}
SCRIPTS = [
    *(DEBIAN / name for name in ("build", "try")),
    *(ROOT / "deploy" / name for name in ("bundle", "rpm/build")),
    *sorted(path for kind in ("postinst*", "prerm*", "postrm*") for path in (DEBIAN / "debian").glob(f"*.{kind}")),
]


def needed(requirements: list[str]) -> dict[str, str]:
    """Name in Debian to the lowest version, of what Linux needs."""
    plain = [one for one in requirements if "win32" not in one]
    found = [re.fullmatch(r"([\w-]+)(?:\[\w+\])?>=([\d.]+)", one.partition(";")[0]) for one in plain]
    assert None not in found, plain
    return {NAMES.get(one[1], one[1]): one[2] for one in found if one}


def declared(file: str) -> dict[str, str]:
    lines = (DEBIAN / file).read_text(encoding="utf-8").splitlines()
    return {name: version.strip("(>= )") for name, _, version in (line.partition(" ") for line in lines)}


def test_the_native_package_needs_what_the_program_needs() -> None:
    """Dependencies and lowest versions are those of pyproject.toml."""
    assert needed(PROJECT["dependencies"]) == declared("depends.exporter")


def test_the_gateways_package_needs_what_its_extra_needs() -> None:
    """h11 comes with it, because no Debian has one that is new enough; cryptography is PyJWT's extra."""
    wanted = needed(PROJECT["optional-dependencies"]["gateway"])
    assert wanted.pop("h11") in (DEBIAN / "build").read_text(encoding="utf-8")
    assert wanted | {"cryptography": ""} == declared("depends.gateway")


def shown(page: str) -> str:
    return (DEBIAN / "debian" / page).read_text(encoding="utf-8").replace("\\-", "-")


def helped(*arguments: str) -> str:
    program = [sys.executable, "-m", "exporter", *arguments, "--help"]
    return subprocess.run(program, capture_output=True, text=True, check=True).stdout


def test_the_manual_page_has_every_command() -> None:
    """Those that `--help` lists."""
    listed = re.findall(r"(?m)^  ([a-z]+)  ", helped().partition("Commands:")[2])
    assert listed
    assert set() == set(listed) - set(re.findall(r"(?m)^\.TP\n\.B ([a-z]+)$", shown("pop3-exporter.1")))


@pytest.mark.parametrize(("command", "page"), [("run", "pop3-exporter.1"), ("gateway", "pop3-exporter-gateway.1")])
def test_the_manual_pages_have_every_flag(command: str, page: str) -> None:
    """Each flag and variable of the daemons is described."""
    said = helped(command)
    flags = set(re.findall(r"(?m)^  (--[\w.-]+)", said)) - {"--help"}
    assert set() == flags - set(re.findall(r"--[\w.-]+", shown(page)))
    if command == "run":
        assert set(re.findall("POP3_EXPORTER_[A-Z_]+", said)) <= set(re.findall("POP3_EXPORTER_[A-Z_]+", shown(page)))


@pytest.mark.tool("bash")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_scripts_are_well_formed(script: Path) -> None:
    """Their shell can read them."""
    shell = "bash" if "bash" in script.read_text(encoding="utf-8").splitlines()[0] else "sh"
    checked = subprocess.run([shell, "-n", script], capture_output=True, text=True, check=False)
    assert (0, "") == (checked.returncode, checked.stderr)
