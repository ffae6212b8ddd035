"""One request and its response: who asks, and what was already sent when an error occurred."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from exporter.gateway.identity import Identity

PIECE_BYTES = 64 * 1024


class Exchange:
    """A request; `who` is None until the token was verified, `code` None until the response has started."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.request = Request(scope, receive)
        self.who: Identity | None = None
        self.code: int | None = None
        self._send = send

    async def reply(self, response: Response) -> None:
        """Send the response in pieces; a slow reader is waited for until the time limit."""
        self.code = response.status_code
        await self._send(
            {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
        )
        body = bytes(response.body)
        for place in range(0, len(body), PIECE_BYTES):
            piece = body[place : place + PIECE_BYTES]
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
