"""What is asked of a Prometheus, and what else may listen at the address that was given."""

import socket
import threading
from urllib.error import HTTPError

import pytest

from exporter.ledger import LedgerError
from exporter.ledger.prometheus import Prometheus


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
        b"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n[]",
    ],
)
def test_another_service_is_no_prometheus(answer: bytes) -> None:
    """Whatever listens at the address: one clear line."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(LedgerError, match=r"not a response from Prometheus|refused a query") as caught:
            Prometheus(f"127.0.0.1:{server.getsockname()[1]}").query("up")
        thread.join()
    # A refusal is an answer, too, and left open it is a ResourceWarning (Python 3.14).
    refusal = caught.value.__cause__
    assert not isinstance(refusal, HTTPError) or refusal.closed


def test_nobody_listens() -> None:
    """It is told as what it is, and not as an answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(
        LedgerError, match=rf"127.0.0.1:{port}: cannot be reached: Connection refused; is this Prometheus"
    ):
        Prometheus(f"127.0.0.1:{port}").query("up")


def test_an_address_that_is_none() -> None:
    """It is told, with an example."""
    with pytest.raises(LedgerError, match="not the address of a Prometheus server; it looks like"):
        Prometheus("http://[bad")
