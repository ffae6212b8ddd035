"""Imports point one way, and the sizes of modules and functions stay within the house rules."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What each part of exporter/ may import of ours, beside itself; everything may import these seven.
COMMON = {"addresses", "catalogue", "errors", "keys", "model", "periods", "rows"}
ALLOWED: dict[str, set[str]] = {
    "__init__": set(),
    "addresses": set(),
    "catalogue": set(),
    "errors": set(),
    "keys": set(),
    "model": set(),
    "periods": set(),
    "rows": {"model"},
    "inputs": set(),
    "envelopes": set(),
    "formats": set(),
    "sessions": set(),
    "names": set(),
    "joining": {"envelopes", "formats", "servers", "sessions", "tally", "timeliness", "truth"},
    "saved": set(),
    "servers": {"envelopes", "context"},
    "timeliness": set(),
    "context": {"formats", "sessions"},
    "tally": {"sessions"},
    "truth": {"sessions"},
    "pipeline": {
        *("envelopes", "formats", "joining", "context", "saved", "servers", "sessions", "tally", "timeliness", "truth"),
    },
    "ledger": {"names"},
    "exposition": {"__init__"},
    "reports": {"ledger"},
    "history": {"inputs", "envelopes", "exposition", "formats", "ledger", "pipeline", "reports"},
    "web": {"__init__", "configfile", "exposition", "formats", "ledger", "reports", "threads"},
    "gateway": {"__init__", "configfile", "reports", "web"},
    "configfile": set(),
    "config": {"formats"},
    "overlap": {"config", "inputs", "ledger"},
    "faults": set(),
    "pulse": set(),
    "threads": set(),
    "systemd": set(),
    "savepoint": {"saved"},
    "trial": {"faults", "ledger", "pipeline", "saved", "savepoint"},
    "heldfiles": set(),
    "parts": {"confinement", "exposition", "inputs", "ledger", "pipeline", "trial"},  # names its class for types only
    "confinement": {"exposition", "faults", "heldfiles", "inputs", "ledger", "parts", "pipeline", "savepoint", "trial"},
    "crew": {"confinement", "faults", "ledger", "parts", "pipeline", "savepoint", "trial"},
    "daemon": {"confinement", "crew", "exposition", "faults", "ledger", "pulse"},
    "setup": {"__init__", "config", "envelopes", "formats", "shipped"},
    "shipped": set(),
    "demo": {"inputs", "ledger", "setup"},
}


def modules() -> list[Path]:
    """All modules of the program."""
    return sorted(path for folder in ("exporter", "dashboards") for path in (ROOT / folder).rglob("*.py"))


def part(path: Path) -> str:
    """The stage that a module belongs to."""
    return path.relative_to(ROOT / "exporter").parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The parts of exporter/ that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "exporter":
            names = node.module.split(".")[1:2] or [alias.name for alias in node.names]
            found |= {
                name
                if (ROOT / "exporter" / name).exists() or (ROOT / "exporter" / f"{name}.py").exists()
                else "__init__"
                for name in names
            }
    return found


@pytest.mark.parametrize("path", [p for p in modules() if p.is_relative_to(ROOT / "exporter")], ids=str)
def test_imports_point_one_way(path: Path) -> None:
    """A stage imports only what stands before it; stages do not know each other."""
    own = part(path)
    if own not in ALLOWED:
        return
    allowed = ALLOWED[own] | (COMMON if own not in COMMON else {"catalogue"}) | {own}
    assert set() == imported(path) - allowed


@pytest.mark.parametrize("path", modules(), ids=str)
def test_modules_and_functions_stay_small(path: Path) -> None:
    """Modules up to 300 lines, functions up to 45: beyond that the structure resists and must change."""
    text = path.read_text(encoding="utf-8")
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None and node.end_lineno - node.lineno >= 45
    ]
    assert [] == long
    assert len(text.splitlines()) <= 300
