"""A real Dovecot with POP3 and IMAP in one log, real clients of both, the running daemon: all numbers agree."""

from pathlib import Path

import pytest

from exporter.catalogue import MEASURES
from tests.e2e.clients import Book, Client, read_mail_by_imap
from tests.e2e.daemon import Daemon, Samples, counters, lines_read, value
from tests.e2e.dovecot import PASSWORD, USERS, Dovecot

ALICE, BOB, CAROL = USERS
STRANGER = "nobody@nowhere.example"
# Below the 80 bytes at which Dovecot cuts a name, so that all its lines name the same.
HOSTILE = f"{ALICE}>, rip=6.6.6.6, session=<AAAAAAAA>, user=<x@evil.example"


def logged_in(port: int, user: str) -> Client:
    """A client that is in."""
    client = Client(port)
    assert client.login(user, PASSWORD), client.reply
    return client


def plain_days(port: int, book: Book) -> None:
    """What ordinary clients do: look, fetch, leave; with QUIT, without, and with a broken connection."""
    client = logged_in(port, ALICE)
    client.ask("STAT")
    client.retrieve(1)
    client.quit()
    book.session(ALICE, client)
    client = logged_in(port, BOB)
    client.retrieve(1)
    client.retrieve(2)
    client.close()
    book.session(BOB, client)
    client = logged_in(port, CAROL)
    client.ask("STAT")
    client.reset()
    book.session(CAROL, client)


def wrong_passwords(port: int, book: Book) -> None:
    """Failures: alone, before a login of the same connection, of names that nobody has, of a hostile name."""
    client = Client(port)
    assert not client.login(BOB, "wrong")
    client.quit()
    book.add("example.com", BOB, connections=1, login_failures=1)
    client = Client(port)
    assert not client.login(BOB, "wrong")
    assert client.login(BOB, PASSWORD)
    client.quit()
    book.session(BOB, client, login_failures=1)
    for name in (STRANGER, HOSTILE):
        client = Client(port)
        assert not client.login_plain(name, "guess")
        client.quit()
        book.add("unknown", None, connections=1, login_failures=1)


def rude_clients(port: int, book: Book) -> None:
    """Connections without a login: closed, ended by QUIT, and thrown out for three bad commands."""
    Client(port).close()
    book.add("unknown", None, connections=1)
    Client(port).quit()
    book.add("unknown", None, connections=1)
    client = Client(port)
    for _ in range(3):
        client.ask("FROB")
    client.wait_for_close()
    book.add("unknown", None, connections=1, bad_command_connections=1, bad_commands=3, terminations=1)


def too_many_at_once(port: int, book: Book) -> None:
    """The third connection of one user from one address is blocked."""
    first, second = logged_in(port, CAROL), logged_in(port, CAROL)
    third = Client(port)
    assert not third.login(CAROL, PASSWORD)
    third.wait_for_close()
    book.add("example.org", CAROL, connections=1, blocked_connections=1)
    for client in (first, second):
        client.quit()
        book.session(CAROL, client)


def exposed(samples: Samples, scope: str, **labels: str) -> dict[str, float]:
    """The measures of one server, domain or user."""
    prefix = "pop3_" if scope == "server" else f"pop3_{scope}_"
    return {one.name: value(samples, f"{prefix}{one.name}_total", server="mx1", **labels) for one in MEASURES}


@pytest.mark.tool("dovecot")
def test_what_the_clients_did_is_what_is_exposed(tmp_path: Path) -> None:
    """Connection by connection and byte by byte, for the server, every domain and every user; IMAP counts nothing."""
    book = Book()
    with Dovecot() as server:
        # The two connections that asked whether it is up.
        book.add("unknown", None, connections=1)
        plain_days(server.pop3_port, book)
        read_mail_by_imap(server.imap_port, ALICE, PASSWORD, wrong="wrong")
        wrong_passwords(server.pop3_port, book)
        rude_clients(server.pop3_port, book)
        too_many_at_once(server.pop3_port, book)
        read_mail_by_imap(server.imap_port, BOB, PASSWORD, wrong="wrong")
    (tmp_path / "dovecot.log").write_bytes(server.log.read_bytes())
    server.clean()
    written = (tmp_path / "dovecot.log").read_bytes().count(b"\n")
    with Daemon(tmp_path, [str(tmp_path / "dovecot.log")], format="dovecot", server="mx1") as daemon:
        samples = daemon.wait_for(lambda found: lines_read(found) == written)
        assert daemon.stop() == 0
        daemon.start()
        assert counters(samples) == counters(daemon.scrape())
    zero = dict.fromkeys((one.name for one in MEASURES), 0)
    assert zero | book.server() == exposed(samples, "server")
    for domain, counts in book.domains().items():
        assert zero | counts == exposed(samples, "domain", domain=domain)
    for (domain, user), counts in book.tally.items():
        if user is not None:
            assert zero | counts == exposed(samples, "user", domain=domain, user=user)
    assert {"6.6.6.6", STRANGER, HOSTILE}.isdisjoint(label for _, labels in samples for _, label in labels)
    assert 0 == value(samples, "pop3_exporter_lines_total", source="mail", verdict="unmatched")
    assert 1 == value(samples, "pop3_exporter_books_balanced")
