"""A source is looked at for the first time, and that fails: where its reading begins is committed before it is read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exporter.inputs.files import FileInput
from exporter.inputs.survey import Surveyor
from tests.daemon.test_confinement import BEGIN, Host, login


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    """One log, read from its end when it is seen for the first time; commits are due once in an hour."""
    host = Host(tmp_path / "one", ("mx0",), start="end", commit_seconds=3600)
    yield host
    host.vanish()


@pytest.mark.parametrize("part", [(FileInput, "read"), (Surveyor, "look")], ids=["all of it", "a part of it"])
def test_the_look_after_a_failed_first_one_is_committed(
    part: tuple[type[Any], str], host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the next commit is due, the daemon counts what was written since it saw the file."""
    host.append("mx0", [login("old", BEGIN)])

    def fail(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(*part, fail)
        host.vanish()
        host.open()
        host.daemon.begin()
        host.go_on(1)
        assert host.report("mx0").unreadable
    host.go_on(3)
    assert not host.report("mx0").unreadable
    host.append("mx0", [login("bob", BEGIN)])
    host.vanish()
    host.open()
    host.go_on(61)
    host.append("mx0", [login("carol", BEGIN)])
    host.go_on(3601)
    assert (2, 0) == host.lines("mx0")
