"""An upstream that writes down what it is asked, and answers what it is told to."""

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

GOOD = b'{"status":"success","data":{"resultType":"vector","result":[]}}'


@dataclass(frozen=True)
class Seen:
    """One request: headers in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Recorder:
    """A running HTTP server; `answer` gives status and body, `headers` are its headers."""

    answer: Callable[[Seen], tuple[int, bytes]] = lambda _: (200, GOOD)
    seen: list[Seen] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self.rfile.read(int(headers.get("content-length", "0"))).decode()
                one = Seen(self.command, self.path, headers, body)
                outer.seen.append(one)
                code, text = outer.answer(one)
                self.send_response(code)
                self.send_header("Content-Length", str(len(text)))
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_GET  # noqa: N815 - the base class's name

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        if self.tls:
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
