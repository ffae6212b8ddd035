"""POP3 and IMAP clients that keep their own count of what they did, byte by byte."""

import imaplib
import socket
import struct
from base64 import b64encode
from collections import Counter

from exporter.catalogue import MEASURES

Tally = dict[tuple[str, str | None], Counter[str]]


class Client:
    """One POP3 connection; `received` and `sent` are the SERVER's, from the reply to the login on."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._file = self._socket.makefile("rb")
        self.logged_in = False
        self.received = self.sent = 0
        self.reply = self.line()

    def line(self) -> bytes:
        """One line from the server, empty at its end."""
        line = self._file.readline()
        if self.logged_in:
            self.sent += len(line)
        return line

    def send(self, command: str) -> None:
        """Send a command without waiting for the answer."""
        data = command.encode() + b"\r\n"
        if self.logged_in:
            self.received += len(data)
        self._socket.sendall(data)

    def ask(self, command: str) -> bytes:
        """Send a command, and give the first line of the answer."""
        self.send(command)
        return self.line()

    def login(self, user: str, password: str) -> bool:
        """USER and PASS; the reply to a PASS that is accepted is the first that counts."""
        self.ask(f"USER {user}")
        return self._authenticate(f"PASS {password}")

    def login_plain(self, user: str, password: str) -> bool:
        """AUTH PLAIN, which can carry any name."""
        response = b64encode(f"\0{user}\0{password}".encode()).decode()
        return self._authenticate(f"AUTH PLAIN {response}")

    def _authenticate(self, command: str) -> bool:
        self.send(command)
        self.reply = self._file.readline()
        self.logged_in = self.reply.startswith(b"+OK")
        if self.logged_in:
            self.sent += len(self.reply)
        return self.logged_in

    def retrieve(self, number: int) -> None:
        """RETR, to its final dot."""
        assert self.ask(f"RETR {number}").startswith(b"+OK")
        while self.line() != b".\r\n":
            pass

    def quit(self) -> None:
        """QUIT, and wait until the server has closed."""
        self.ask("QUIT")
        self.wait_for_close()

    def wait_for_close(self) -> None:
        """Read to the server's end, then close."""
        while self.line():
            pass
        self.close()

    def close(self) -> None:
        """Close without QUIT."""
        self._file.close()
        self._socket.close()

    def reset(self) -> None:
        """Break the connection with RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


class Book:
    """What the clients did, per (domain, user): user None where only the domain is known."""

    def __init__(self) -> None:
        self.tally: Tally = {}

    def add(self, domain: str, user: str | None, **amounts: int) -> None:
        """Note what happened to `user` of `domain`; the names are those of the measures."""
        assert amounts.keys() <= {measure.name for measure in MEASURES}
        self.tally.setdefault((domain, user), Counter()).update(amounts)

    def session(self, user: str, client: Client, **amounts: int) -> None:
        """Note a connection that logged in, with its bytes."""
        domain = user.partition("@")[2]
        traffic = {"received_bytes": client.received, "sent_bytes": client.sent}
        self.add(domain, user, connections=1, logins=1, **traffic, **amounts)

    def domains(self) -> dict[str, Counter[str]]:
        """The sums by domain."""
        found: dict[str, Counter[str]] = {}
        for (domain, _), counts in self.tally.items():
            found.setdefault(domain, Counter()).update(counts)
        return found

    def server(self) -> Counter[str]:
        """The sum of all."""
        return sum(self.tally.values(), Counter())


def read_mail_by_imap(port: int, user: str, password: str, *, wrong: str) -> None:
    """An IMAP client beside it: one refused login, one that works; POP3 counts nothing of it."""
    with imaplib.IMAP4("127.0.0.1", port) as client:
        try:
            client.login(user, wrong)
        except imaplib.IMAP4.error:
            client.login(user, password)
        client.select()
