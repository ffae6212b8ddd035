"""Wraps every page: basic auth, and headers from the web configuration file."""

import base64
import binascii
import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from exporter.web.security import Security

LOGGER = logging.getLogger(__name__)
DEFAULTS = {"X-Content-Type-Options": "nosniff"}
UNAUTHORIZED = PlainTextResponse("Unauthorized\n", 401, {"WWW-Authenticate": 'Basic realm="pop3-exporter"'})


class Guard:
    """Passes requests to `app`: all, or those of users that `security` admits."""

    def __init__(self, app: ASGIApp, security: Security | None = None) -> None:
        self._app = app
        self._security = security

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event (ASGI)."""
        if scope["type"] != "http":
            return
        headers = dict(DEFAULTS)
        admitted = True
        if self._security:
            self._security.refresh()
            headers |= self._security.headers
            admitted = not self._security.needs_login or await _admitted(self._security, Headers(scope=scope))

        is_complete = False

        async def with_headers(message: Message) -> None:
            nonlocal is_complete
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
            is_complete = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        try:
            await (self._app if admitted else UNAUTHORIZED)(scope, receive, with_headers)
        except Exception:
            # Starlette has sent a 500 and raises again; an unfinished response must close the connection.
            if not is_complete:
                raise
            LOGGER.exception("a page failed")


async def _admitted(security: Security, headers: Headers) -> bool:
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
        return bool(colon) and await security.admits(name.decode(), password)
    except (binascii.Error, UnicodeDecodeError):
        return False
