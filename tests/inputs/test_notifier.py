"""watchdog wakes, and whatever happens to it is mended and told."""

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporter.inputs.notifier import Notifier


@pytest.fixture
def wake() -> threading.Event:
    return threading.Event()


@pytest.fixture
def notifier(wake: threading.Event) -> Iterator[Notifier]:
    notifier = Notifier(wake)
    yield notifier
    notifier.close()


def wakes(wake: threading.Event, path: Path) -> bool:
    wake.clear()
    path.touch()
    return wake.wait(10)


def test_growth_does_not_wake(notifier: Notifier, wake: threading.Event, tmp_path: Path) -> None:
    """Only what is created, moved or deleted wakes: appending, however often, does not."""
    log = tmp_path / "log"
    log.touch()
    notifier.watch("mail", [str(tmp_path)])
    wake.clear()
    for _ in range(1000):
        with log.open("ab") as file:
            file.write(b"line\n")
    assert not wake.is_set()
    log.rename(tmp_path / "log.1")
    assert wake.wait(10)


def test_a_directory_made_again_is_watched_again(notifier: Notifier, wake: threading.Event, tmp_path: Path) -> None:
    """A directory that is deleted, or renamed away, and made again is watched under its name."""
    folder = tmp_path / "logs"
    folder.mkdir()
    notifier.watch("mail", [str(folder)])
    folder.rename(tmp_path / "old")
    folder.mkdir()
    notifier.watch("mail", [str(folder)])
    assert wakes(wake, folder / "one")
    (folder / "one").unlink()
    folder.rmdir()
    notifier.watch("mail", [str(folder)])
    assert any("No such file" in problem for problem in notifier.problems("mail"))
    folder.mkdir()
    notifier.watch("mail", [str(folder)])
    assert () == notifier.problems("mail")
    assert wakes(wake, folder / "two")


def test_a_directory_behind_a_link(notifier: Notifier, wake: threading.Event, tmp_path: Path) -> None:
    """A symbolic link to a directory is followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    notifier.watch("mail", [str(tmp_path / "link")])
    assert wakes(wake, tmp_path / "real" / "new")


def test_a_dead_thread_is_started_again(notifier: Notifier, wake: threading.Event, tmp_path: Path) -> None:
    """When watchdog's thread has died the next look starts another, and it is told."""
    notifier.watch("mail", [str(tmp_path)])
    observer = notifier._observer
    assert observer is not None
    observer.stop()
    observer.join(10)
    notifier.watch("mail", [str(tmp_path)])
    assert wakes(wake, tmp_path / "new")
    assert any("died" in problem for problem in notifier.problems("mail"))


def test_an_overflow_wakes(notifier: Notifier, wake: threading.Event) -> None:
    """watchdog tells of a lost event only in its log: that wakes, and is counted."""
    logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; filesystem events were lost")
    assert wake.is_set()
    assert ("1 overflows of the event queue",) == notifier.problems("mail")


def test_what_fails_is_told_of_those_who_wanted_it(notifier: Notifier, tmp_path: Path) -> None:
    """A directory that is not there is no problem of another source."""
    notifier.watch("a", [str(tmp_path)])
    notifier.watch("b", [str(tmp_path / "gone")])
    assert [0, 1] == [len(notifier.problems(owner)) for owner in ("a", "b")]


def test_two_owners(notifier: Notifier, wake: threading.Event, tmp_path: Path) -> None:
    """A directory is watched as long as one input wants it."""
    notifier.watch("a", [str(tmp_path)])
    notifier.watch("b", [str(tmp_path)])
    notifier.watch("a", [])
    assert wakes(wake, tmp_path / "one")
    notifier.watch("b", [])
    assert {} == notifier._watches


def test_remote_file_systems_are_only_polled(wake: threading.Event, tmp_path: Path) -> None:
    """On NFS, SMB and the like other hosts' changes give no events: no watch is wasted on them."""
    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    number = f"{device >> 8 & 0xFFF}:{device & 0xFF}"
    mounts.write_text(f"36 35 {number} / {tmp_path} rw,noatime - nfs4 server:/logs rw\n")
    notifier = Notifier(wake, mountinfo=mounts)
    notifier.watch("mail", [str(tmp_path)])
    assert {} == notifier._watches
    assert () == notifier.problems("mail")
    notifier.close()


def test_not_more_watches_than_threads_are_well(wake: threading.Event, tmp_path: Path) -> None:
    """Each watch is a thread, so of many directories some are left to the poll, without a problem."""
    notifier = Notifier(wake, most=3)
    folders = [tmp_path / str(number) for number in range(9)]
    for folder in folders:
        folder.mkdir()
    for _ in range(2):
        notifier.watch("mail", map(str, folders))
        assert 3 == len(notifier._watches)
    assert () == notifier.problems("mail")
    assert wakes(wake, folders[0] / "file")
    notifier.close()


def test_a_directory_of_any_name_is_watched(notifier: Notifier, wake: threading.Event, tmp_path: Path) -> None:
    """Also one whose name is not UTF-8."""
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/M\xe4rz"))
    folder.mkdir()
    notifier.watch("mail", [str(folder)])
    assert wakes(wake, folder / "file")
    assert () == notifier.problems("mail")
