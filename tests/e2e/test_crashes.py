"""Scraped under load, killed and started again: no counter of the ledger falls, nothing is lost or counted twice."""

import os
import random
import threading
from pathlib import Path

import pytest

from exporter.demo.traffic import lines
from tests.e2e.daemon import Daemon, Samples, counters, lines_read, value

BEGIN = 1_795_300_000


def crash(tmp_path: Path, kills: int) -> None:
    """Write, scrape, kill, start, `kills` times over; at the end the numbers are those of the lines."""
    log = tmp_path / "mail.log"
    log.touch()
    text = [f"{line}\n" for line in lines(BEGIN, BEGIN + 3600 * 24, BEGIN + 3600 * 20)]
    share = -(-len(text) // kills)
    seen: Samples = {}
    written = 0
    with Daemon(tmp_path, [str(log)], format="dovecot", server="mx1") as daemon:
        for number in range(kills):
            part = text[number * share : (number + 1) * share]
            with log.open("a", encoding="utf-8") as file:
                # In pieces that end inside lines, as a writer's buffer does.
                whole = "".join(part)
                for cut in range(0, len(whole), 4096):
                    file.write(whole[cut : cut + 4096])
                    file.flush()
            written += len(part)
            for _ in range(number % 3):
                now = counters(daemon.scrape())
                assert [] == [key for key, count in seen.items() if now.get(key, count) < count]
                seen |= now
                threading.Event().wait(0.01 * (number % 5))
            daemon.kill()
            daemon.start()
            now = counters(daemon.scrape())
            assert [] == [key for key, count in seen.items() if now[key] < count]
        samples = daemon.wait_for(lambda found: lines_read(found) >= written)
        assert 0 == daemon.stop()
    logins = sum("pop3-login: Login: " in line for line in text)
    assert written == lines_read(samples)
    assert logins == value(samples, "pop3_logins_total", server="mx1")
    assert 1 == value(samples, "pop3_exporter_books_balanced")


def test_five_kills(tmp_path: Path) -> None:
    """Killed five times under load."""
    crash(tmp_path, 5)


@pytest.mark.parametrize("milliseconds", [0, 1, 5, 20, 60, 200])
def test_a_kill_in_the_first_second_loses_nothing(tmp_path: Path, milliseconds: int) -> None:
    """Killed so soon after its very first start that it may not have committed what it read: `start: end` applies once.

    What was there before is left out; what is written after it answered for the first time is counted.
    """
    log = tmp_path / "mail.log"
    log.write_text("".join(f"{line}\n" for line in lines(BEGIN, BEGIN + 3600)), encoding="utf-8")
    text = [f"{line}\n" for line in lines(BEGIN + 3600, BEGIN + 7200)]
    with Daemon(tmp_path, [str(log)], format="dovecot", server="mx1", start="end") as daemon:
        with log.open("a", encoding="utf-8") as file:
            file.writelines(text)
        threading.Event().wait(milliseconds / 1000)
        daemon.kill()
        daemon.start()
        samples = daemon.wait_for(lambda found: lines_read(found) >= len(text))
    assert len(text) == lines_read(samples)
    assert sum("pop3-login: Login: " in line for line in text) == value(samples, "pop3_logins_total", server="mx1")


class Writer(threading.Thread):
    """Appends the host's lines in pieces that end inside lines, as a writer's buffer does, until all are written."""

    def __init__(self, log: Path, text: bytes, pieces: int) -> None:
        super().__init__()
        self._log = log
        self._text = text
        self._piece = -(-len(text) // pieces)
        self.go_on = threading.Semaphore(0)

    def run(self) -> None:
        with self._log.open("ab", buffering=0) as file:
            for begin in range(0, len(self._text), self._piece):
                self.go_on.acquire()
                for cut in range(begin, min(begin + self._piece, len(self._text)), 700):
                    file.write(self._text[cut : min(cut + 700, begin + self._piece)])


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_kills_at_any_moment(tmp_path: Path) -> None:
    """Killed while the log grows, at random moments from the start of the process on; POP3_KILLS says how often."""
    kills, dice = int(os.environ.get("POP3_KILLS", "20")), random.Random(7)
    text = "".join(f"{line}\n" for line in lines(BEGIN, BEGIN + 3600 * 24, BEGIN)).encode()
    log, seen = tmp_path / "mail.log", Samples()
    log.touch()
    writer = Writer(log, text, kills)
    writer.start()
    with Daemon(tmp_path, [str(log)], format="dovecot", server="mx1") as daemon:
        for number in range(kills):
            writer.go_on.release()
            threading.Event().wait(dice.random() * 0.3)
            if number % 10 == 0:
                now = counters(daemon.scrape())
                assert [] == [key for key, count in seen.items() if now.get(key, count) < count]
                seen |= now
            daemon.kill()
            # Now and then it dies before it answers, or even before it has opened the ledger.
            daemon.start(answers=dice.randrange(4) > 0 or number == kills - 1 or number % 10 == 9)
        writer.join()
        samples = daemon.wait_for(lambda found: lines_read(found) >= text.count(b"\n"))
        assert 0 == daemon.stop()
    assert [] == [key for key, count in seen.items() if samples[key] < count]
    assert text.count(b"\n") == lines_read(samples)
    assert text.count(b"pop3-login: Login: ") == value(samples, "pop3_logins_total", server="mx1")
    assert 1 == value(samples, "pop3_exporter_books_balanced")
