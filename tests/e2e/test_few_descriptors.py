"""The real daemon where it may have only 256 descriptors: more logs than that, rotations, restarts, and clients."""

import gzip
import socket
import sys
from functools import partial
from pathlib import Path

from exporter.demo.traffic import lines
from tests.e2e.daemon import Daemon, Samples, lines_read, value

BEGIN = 1_795_300_000
LOGS = 400
LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
os.execv(sys.argv[1], sys.argv[1:])
"""
UNDER = [sys.executable, "-c", LIMITED]


def has_read(number: int, samples: Samples) -> bool:
    return lines_read(samples) >= number


def test_all_lines_are_counted_once(tmp_path: Path) -> None:
    """400 logs, renamed, compressed and begun again while it runs, with clients that say nothing."""
    logs = [tmp_path / f"mail{number}.log" for number in range(LOGS)]
    text = lines(BEGIN, BEGIN + 7200)
    written = 0

    def write(part: int) -> None:
        nonlocal written
        for number, log in enumerate(logs):
            piece = [line.replace("session=<", f"session=<{number}-") for line in text[part::4]]
            piece = [line.replace("><", f"><{number}-") for line in piece]
            with log.open("a", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in piece)
            written += len(piece)

    daemon = Daemon(tmp_path, [f"{tmp_path}/mail*.log"], format="dovecot", server="mx1")
    silent: list[socket.socket] = []
    write(0)
    daemon.start(under=UNDER)
    try:
        daemon.wait_for(partial(has_read, written))
        silent += [socket.create_connection(("127.0.0.1", daemon.port)) for _ in range(60)]
        for number, log in enumerate(logs):
            log.rename(f"{log}.1")
            if number % 2:
                Path(f"{log}.1.gz").write_bytes(gzip.compress(Path(f"{log}.1").read_bytes()))
                Path(f"{log}.1").unlink()
        write(1)
        samples = daemon.wait_for(partial(has_read, written))
        assert value(samples, "pop3_exporter_open_files") <= value(samples, "pop3_exporter_open_files_limit") < 200
        write(2)
        daemon.kill()
        daemon.start(under=UNDER)
        write(3)
        samples = daemon.wait_for(partial(has_read, written))
        assert 256 == value(samples, "process_max_fds")
        assert value(samples, "process_open_fds") < 256
    finally:
        daemon.stop()
        for one in silent:
            one.close()
    assert written == lines_read(samples)
    assert 1 == value(samples, "pop3_exporter_books_balanced")
    assert 0 == value(samples, "pop3_exporter_lines_possibly_lost_total", source="mail")
    assert "Traceback" not in daemon.log()
