"""The real daemon and what it is told from outside: signals, and systemd."""

import os
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.daemon import PATIENCE_SECONDS
from tests.e2e.dovecot import free_port

# With short patience, and a source that hangs where no Python code runs: in opening a pipe without a writer.
HANGING = """
import os
from exporter import pulse
from exporter.cli import main, signals
from exporter.inputs.files import FileInput
signals.GRACE_SECONDS = 0.5
pulse.LONGEST_SECONDS = 0.2
read = FileInput.read
def hang(files, now, budget):
    if budget:
        os.open(os.environ["PIPE"], os.O_RDONLY)
    return read(files, now, budget)
FileInput.read = hang
main()
"""

# The system refuses the threads named in THREADS: their stack would be larger than its address space.
WITHOUT_THREADS = """
import os, threading
from exporter.cli import main
start = threading.Thread.start
def refused(thread):
    if thread.name.startswith(tuple(os.environ["THREADS"].split())):
        threading.stack_size(1 << 46)
    try:
        start(thread)
    finally:
        threading.stack_size(0)
threading.Thread.start = refused
main()
"""


class Process:
    """`pop3-exporter run` as a process."""

    def __init__(self, folder: Path, code: str = "", *, streams: bool = True, **environment: str) -> None:
        self.port = free_port()
        self.log = folder / "daemon.log"
        config = folder / "config.yaml"
        (folder / "mail.log").touch()
        values = {
            "time_zone": "UTC",
            "ledger": str(folder / "ledger.sqlite"),
            "commit_seconds": 0.05,
            "web": {"listen": f"127.0.0.1:{self.port}"},
            "sources": [{"name": "mail", "paths": [str(folder / "mail.log")], "format": "dovecot"}],
        }
        config.write_text(yaml.safe_dump(values), encoding="utf-8")
        if not (folder / "pipe").exists():
            os.mkfifo(folder / "pipe")
        arguments = ["run", "--config.file", str(config)]
        command = ["-c", code, *arguments] if code else ["-m", "exporter", *arguments]
        with self.log.open("wb") as log:
            closed = [] if streams else ["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh"]
            self.process = subprocess.Popen(
                [*closed, sys.executable, *command],
                stderr=log,
                env={**os.environ, "PIPE": str(folder / "pipe"), **environment},
            )

    def ready(self) -> tuple[int, str]:
        """What /-/ready answers; (0, "") while nobody does."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_for(self, code: int, told: str = "") -> str:
        """Ask until the answer has this status, and tells this; its text."""
        text = ""

        def answers() -> bool:
            nonlocal text
            status, text = self.ready()
            return status == code and told in text

        self._wait(answers)
        return text

    def wait_to_say(self, words: str) -> None:
        """Until its log has these words."""
        self._wait(lambda: words in self.log.read_text())

    def _wait(self, happened: Callable[[], bool]) -> None:
        for _ in range(PATIENCE_SECONDS * 20):
            if happened():
                return
            assert self.process.poll() is None, self.log.read_text()
            threading.Event().wait(0.05)
        raise AssertionError(self.log.read_text())

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code after the signal."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    """Those that are still there at the end are killed."""
    started: list[Process] = []
    yield started
    for one in started:
        one.process.kill()
        one.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: signal.Signals, tmp_path: Path, processes: list[Process]) -> None:
    """Exit code 0, and the last commit was done."""
    process = Process(tmp_path)
    processes.append(process)
    process.wait_for(200)
    assert 0 == process.end(number)
    assert "stopped; all lines read are counted in the ledger" in process.log.read_text()


def test_it_runs_without_standard_streams(tmp_path: Path, processes: list[Process]) -> None:
    """Whoever started it has closed them: no log, but everything else."""
    process = Process(tmp_path, streams=False)
    processes.append(process)
    process.wait_for(200)
    folder = Path(f"/proc/{process.process.pid}/fd")
    opened = [str((folder / f"{number}").readlink()) for number in range(3)]
    assert ["/dev/null"] * 3 == opened
    assert 0 == process.end()


def test_a_command_that_asks_says_that_nobody_can_answer() -> None:
    """Where standard input is closed."""
    command = ["sh", "-c", 'exec "$@" 0<&-', "sh", sys.executable, "-m", "exporter", "setup"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert (2, False) == (ended.returncode, "Traceback" in ended.stderr)
    assert "standard input is not a terminal" in ended.stderr


def test_a_first_start_says_what_it_leaves_out(tmp_path: Path, processes: list[Process]) -> None:
    """`start: end` is the default, and looks like a log in which nothing happens; later starts go on where it was."""
    for first in (True, False):
        process = Process(tmp_path)
        processes.append(process)
        process.wait_for(200)
        process.end()
        assert first is ("mail.log, from its end; to also count what it already contains" in process.log.read_text())


def test_it_is_ready_again_when_all_can_be_read(tmp_path: Path, processes: list[Process]) -> None:
    """An error of the past is no reason, whatever else there is to be told of the source."""
    process = Process(tmp_path)
    processes.append(process)
    process.wait_for(200)
    log = tmp_path / "mail.log"
    log.unlink()
    log.symlink_to(log)
    assert "Too many levels of symbolic links" in process.wait_for(503)
    log.unlink()  # "no file matches", which is no reason at a start either
    process.wait_for(200)


def test_a_hangup_is_ignored_with_a_word(tmp_path: Path, processes: list[Process]) -> None:
    """An old habit after rotations: the daemon goes on, and says so."""
    process = Process(tmp_path)
    processes.append(process)
    process.wait_for(200)
    process.process.send_signal(signal.SIGHUP)
    # Of two signals that wait together, the system may deliver the later one first.
    process.wait_to_say("SIGHUP ignored")
    process.wait_for(200)
    assert 0 == process.end()


def test_a_loop_that_hangs_is_not_ready_and_still_ends(tmp_path: Path, processes: list[Process]) -> None:
    """Readiness says at which source it stands; SIGTERM ends it by force, with a word, not in order."""
    process = Process(tmp_path, HANGING)
    processes.append(process)
    text = process.wait_for(503, "it is busy with source mail")
    assert "the main loop has been stuck for" in text
    assert 1 == process.end()
    assert "did not stop within 0 s (it is busy with source mail), so it was killed" in process.log.read_text()


@pytest.mark.parametrize("thread", ["web", "signals"])
def test_a_start_without_threads_says_why(thread: str, tmp_path: Path, processes: list[Process]) -> None:
    """A limit of the service or the user is reached: one line with what to raise, no traceback."""
    process = Process(tmp_path, WITHOUT_THREADS, THREADS=thread)
    processes.append(process)
    assert 1 == process.process.wait(PATIENCE_SECONDS)
    (told,) = process.log.read_text().splitlines()
    assert f"pop3-exporter: the system allows no further thread ({thread}): raise TasksMax= " in told


def test_pages_are_made_without_threads(tmp_path: Path, processes: list[Process]) -> None:
    """Threads for pages and for watching cannot be had: the pages come, logs are polled."""
    process = Process(tmp_path, WITHOUT_THREADS, THREADS="asyncio Thread")
    processes.append(process)
    process.wait_for(200)
    with urllib.request.urlopen(f"http://127.0.0.1:{process.port}/", timeout=10) as answer:
        assert "cannot watch" in answer.read().decode()
    assert 0 == process.end()
    assert "Traceback" not in process.log.read_text()


def test_systemd_hears_of_its_life(tmp_path: Path, processes: list[Process]) -> None:
    """READY=1 when it serves, WATCHDOG=1 while its loop turns, STOPPING=1 at the end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(PATIENCE_SECONDS)
        process = Process(tmp_path, NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="300000")
        processes.append(process)
        heard = [manager.recv(100)]
        while b"READY=1" not in heard or b"WATCHDOG=1" not in heard[heard.index(b"READY=1") :]:
            heard.append(manager.recv(100))
        assert 200 == process.ready()[0]
        assert 0 == process.end()
        while heard[-1] != b"STOPPING=1":
            heard.append(manager.recv(100))
    assert {b"READY=1", b"WATCHDOG=1", b"STOPPING=1"} == set(heard)
