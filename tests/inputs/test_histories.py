"""Histories that the state machine found to go wrong once, kept as they were."""

from typing import Any

import pytest

from exporter.inputs import signature
from tests.inputs.test_state_machine import Log

CLOSED: dict[str, Any] = {"globbed": False, "hold_open": False, "linked": False, "max_open": 1}
OPEN: dict[str, Any] = {**CLOSED, "hold_open": True}
ALL: dict[str, Any] = {"batches": 1000, "budget": 1 << 30, "seconds": 3}

Step = tuple[str, dict[str, Any]]

HISTORIES: dict[str, list[Step]] = {
    "an inode given out again makes a copy look like an empty file": [
        ("begin", CLOSED),
        ("write_part", {"length": 0}),
        ("copytruncate", {}),
        ("copytruncate", {}),
        ("delete_and_create", {}),
        ("rotate", {"create": False}),
        ("delete_oldest", {}),
        ("stop_and_start", {}),
        ("compress", {"ending": ".bz2"}),
        ("delete_oldest", {}),
        ("write", {"count": 1, "length": 0}),
        ("delete_oldest", {}),
        ("copytruncate", {}),
        ("delete_and_create", {}),
    ],
    "a new log has the inode of an empty file that was finished": [
        ("begin", CLOSED),
        ("write_part", {"length": 0}),
        ("copytruncate", {}),
        ("copytruncate", {}),
        ("delete_and_create", {}),
        ("rotate", {"create": False}),
        ("delete_oldest", {}),
        ("delete_oldest", {}),
        ("write_part", {"length": 0}),
        ("copytruncate", {}),
        ("delete_oldest", {}),
        ("delete_oldest", {}),
        ("rotate", {"create": False}),
        ("write", {"count": 1, "length": 0}),
    ],
    "of several generations with one inode, two are restored": [
        ("begin", OPEN),
        ("write", {"count": 4, "length": 30}),
        ("delete_and_create", {}),
        ("look", ALL),
        ("delete_and_create", {}),
        ("write", {"count": 2, "length": 5000}),
        ("look", ALL),
        ("delete_and_create", {}),
        ("delete_and_create", {}),
        ("delete_and_create", {}),
        ("write", {"count": 2, "length": 30}),
        ("look", ALL),
        ("commit", {}),
        ("kill_and_start", {}),
        ("delete_and_create", {}),
    ],
    "what was begun in a log and copied is not taken for known": [
        ("begin", OPEN),
        ("write_part", {"length": 0}),
        ("look", ALL),
        ("copytruncate", {}),
    ],
    "a copy of a log that begins with holes, of which one is in its first kilobyte": [
        ("begin", CLOSED),
        ("write_part", {"length": 0}),
        ("copytruncate", {}),
        ("leave_a_hole", {"size": 1 << 14, "sparse": False}),
        ("leave_a_hole", {"size": 1 << 14, "sparse": False}),
        ("delete_oldest", {}),
        ("leave_a_hole", {"size": 1 << 14, "sparse": False}),
        ("copytruncate", {}),
    ],
    "written late, then compressed": [
        ("begin", OPEN),
        ("write", {"count": 3, "length": 30}),
        ("rotate", {"create": True}),
        ("read_all", {}),
        ("write_late", {"count": 2}),
        ("compress", {"ending": ".gz"}),
        ("write", {"count": 1, "length": 30}),
    ],
}


@pytest.mark.parametrize("name", HISTORIES)
def test_history(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every complete line is read once."""
    monkeypatch.setattr(signature, "COARSEST_CLOCK_SECONDS", float("inf"))
    log = Log()
    for step, arguments in HISTORIES[name]:
        getattr(log, step)(**arguments)
        log.nothing_twice()
    log.teardown()
