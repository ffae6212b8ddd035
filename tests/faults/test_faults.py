"""Whatever happens to a log, every complete line is given once: the table of faults, in every way of reading."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from exporter.inputs import signature
from tests.faults import content, creation, platforms, restart, rights, rotation, truncation
from tests.faults.world import World

Fault = Callable[[World], None]

MODULES: tuple[ModuleType, ...] = (rotation, truncation, creation, restart, content, rights, platforms)


def faults() -> Iterator[tuple[str, Fault]]:
    for module in MODULES:
        for name, fault in vars(module).items():
            if name[1:3].isdigit() and callable(fault):
                yield name, fault


def marks(fault: Fault) -> list[pytest.Mark]:
    """The marks that the fault itself carries: the programs that it starts."""
    found: list[pytest.Mark] = getattr(fault, "pytestmark", [])
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users can reach, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="pop3-exporter-faults-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


@pytest.mark.parametrize(
    ("mode", "presence"),
    [
        ("poll", "running"),
        ("poll", "down"),
        ("woken", "running"),
        # A stop in the middle tests the same code whoever wakes the reader; these are run where there is more time.
        pytest.param("woken", "down", marks=pytest.mark.slow),
        ("closed", "running"),
        pytest.param("closed", "down", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("fault", [pytest.param(fault, id=name, marks=marks(fault)) for name, fault in faults()])
def test_every_line_once(fault: Fault, mode: str, presence: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each fault of the table, watched or polled or closed between looks, with the daemon running or down."""
    # The test's clock runs ahead of the disk's, so no file's times are ever old enough to be believed.
    monkeypatch.setattr(signature, "COARSEST_CLOCK_SECONDS", float("inf"))
    world = World(folder, mode, presence == "down")
    try:
        fault(world)
        world.check()
    finally:
        world.end()
