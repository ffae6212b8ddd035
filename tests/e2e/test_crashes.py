"""Scraped under load, killed and started again: no counter of the ledger falls, nothing is lost or counted twice."""

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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_twenty_kills(tmp_path: Path) -> None:
    """Killed twenty times under load."""
    crash(tmp_path, 20)
