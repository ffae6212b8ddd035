"""The script of deploy/gateway as far as it needs no Grafana; test_grafana.py has the rest."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from exporter.configfile import ConfigError, load
from exporter.gateway.access import Access

SCRIPT = Path(__file__).parents[2] / "deploy" / "gateway" / "customers.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("customers", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entry(number: int, *domains: str) -> dict[str, Any]:
    return {"organisation": 2, "subject": f"user:{number}", "domains": list(domains)}


def test_the_access_file_stays_readable_for_the_gateway(script: ModuleType, tmp_path: Path) -> None:
    """Mode, owner and group are kept: it is written by root, and read by a user of its own."""
    path = tmp_path / "access.yaml"
    script.write_access(path, [entry(7, "a.example")])
    assert 0o640 == path.stat().st_mode & 0o777
    group = 12_345 if os.geteuid() == 0 else os.getegid()
    path.chmod(0o460)
    os.chown(path, -1, group)
    script.write_access(path, [entry(7, "a.example"), entry(8, "b.example")])
    found = path.stat()
    assert (0o460, group, 2) == (found.st_mode & 0o777, found.st_gid, Access(path).size)
    assert ["access.yaml"] == [one.name for one in tmp_path.iterdir()]


def test_an_unchanged_list_writes_nothing(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even the same again."""
    path = tmp_path / "access.yaml"
    for _ in range(2):
        script.write_access(path, [entry(7, "a.example")])
    assert f"{path}: 1 entries\n" == capsys.readouterr().out


@pytest.mark.parametrize("domain", ["A.example", "*.example", "unknown", "a.example,b.example"])
def test_what_is_no_domain_is_told_before_anything_is_made(domain: str, script: ModuleType, tmp_path: Path) -> None:
    """With its line, as in the access file."""
    path = tmp_path / "customers.yaml"
    path.write_text(f"customers:\n  - {{login: alice, email: a@a.example, domains: ['{domain}']}}\n")
    with pytest.raises(ConfigError, match=r"customers.yaml:2: customers\[0\].domains\[0\]: "):
        load(path, script.Customers)


def test_the_shipped_list_is_good(script: ModuleType) -> None:
    """Both customers of it."""
    assert 2 == len(load(SCRIPT.with_name("customers.yaml"), script.Customers).customers)
