"""Handles requests: identity, rights, limits and responses."""

import asyncio
import io
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from exporter.gateway import parameters, question
from exporter.gateway.access import Access, Rights
from exporter.gateway.asking import Asking
from exporter.gateway.config import GatewayConfig
from exporter.gateway.exchange import Exchange
from exporter.gateway.identity import Tokens
from exporter.gateway.metrics import Metrics
from exporter.gateway.parameters import ENDPOINTS, LABEL_VALUES, Endpoint
from exporter.gateway.refusal import NO_STORE, Reason, Refusal
from exporter.gateway.report import QUERIES, Reporter
from exporter.gateway.room import Room
from exporter.gateway.slots import Slots
from exporter.reports.output import write_csv, write_json

LOGGER = logging.getLogger(__name__)
BOM = "\ufeff"
CSV, JSON, TEXT = "text/csv; charset=utf-8", "application/json", "text/plain; version=0.0.4; charset=utf-8"
# What proxies say about themselves.
FORWARDED = ("forwarded", "via", "x-forwarded-for")

Answering = Callable[[Request, Rights], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the requests need; `clock`: UNIX seconds."""

    config: GatewayConfig
    tokens: Tokens
    access: Access
    asking: Asking
    metrics: Metrics
    clock: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Page:
    """A page for users: its `name` in log and metrics, and how many queries it makes at once."""

    name: str
    answer: Answering
    queries: int = 1


class Gateway:
    """The ASGI application."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._limits = parts.config.limits
        self._slots = Slots(self._limits.parallel)
        self._room = Room()
        self._zone = ZoneInfo(parts.config.time_zone)
        self._reporter = Reporter(parts.asking, self._zone, min(QUERIES, self._limits.parallel))

    def application(self) -> ASGIApp:
        """The routes; everything else is refused."""
        pages = [Page(one.path, self._api(one)) for one in ENDPOINTS]
        for path, kind in (("/report.csv", CSV), ("/report.json", JSON)):
            pages.append(Page(path, self._report(kind), self._reporter.parallel))
        return Router(
            [
                *(Route(page.name, self._serving(page)) for page in pages),
                Route("/-/healthy", self._healthy, methods=["GET"]),
                Route("/-/ready", self._ready, methods=["GET"]),
                Route("/metrics", self._metrics, methods=["GET"]),
            ],
            redirect_slashes=False,
            default=self._serving(Page("other", _nothing)),
        )

    def _serving(self, page: Page) -> ASGIApp:
        return _Serving(lambda exchange: self._serve(exchange, page))

    async def _serve(self, exchange: Exchange, page: Page) -> None:
        """The response, or the refusal."""
        began = time.perf_counter()
        try:
            async with asyncio.timeout(self._limits.seconds):
                await self._answer(exchange, page)
        except ClientDisconnect:
            exchange.code = 400  # the client is gone
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing of it is shown
            refusal = _refusal(error)
            self._note(refusal, str(exchange.who or "somebody unknown"), page.name)
            if exchange.code is None:
                await exchange.reply(refusal.response())
        self._parts.metrics.served(page.name, exchange.code or 500, time.perf_counter() - began)

    async def _answer(self, exchange: Exchange, page: Page) -> None:
        who = exchange.who = await self._parts.tokens.identity(parameters.token(exchange.request.headers))
        rights = self._parts.access.rights(who)
        # Held until the response is read, so that clients that do not read cannot send more.
        async with self._slots.slot(f"{who.organisation} {who.subject}", page.queries):
            with self._room.request():
                await exchange.reply(await page.answer(exchange.request, rights))

    def _note(self, refusal: Refusal, who: str, page: str) -> None:
        """A refusal is logged with user and reason, never with the token."""
        self._parts.metrics.refused(refusal.reason)
        detail = f": {refusal.detail!r}" if refusal.detail else ""
        LOGGER.warning("refused %s to %s: %s%s", page, who, refusal.reason, detail)

    def _api(self, endpoint: Endpoint) -> Answering:
        async def answered(request: Request, rights: Rights) -> Response:
            _check_method(request, posts=endpoint.posts)
            label = parameters.label_name(request) if endpoint is LABEL_VALUES else ""
            given = parameters.chosen(endpoint, await parameters.pairs(request, self._limits.bytes))
            found = await self._parts.asking.api(rights, endpoint, given, label)
            return Response(found.body, found.code, NO_STORE, JSON)

        return answered

    def _report(self, kind: str) -> Answering:
        async def answered(request: Request, rights: Rights) -> Response:
            _check_method(request, posts=False)
            asked = question.read(await parameters.pairs(request, self._limits.bytes), rights, self._zone)
            now = datetime.fromtimestamp(self._parts.clock(), UTC)
            report = await self._reporter.report(asked, rights, now)
            stream = io.StringIO(newline="")
            (write_csv if kind == CSV else write_json)(report, stream)
            text = f"{BOM if asked.bom and kind == CSV else ''}{stream.getvalue()}"
            name = f"{asked.file_name}.{'csv' if kind == CSV else 'json'}"
            return Response(
                text, 200, NO_STORE | {"Content-Disposition": f'attachment; filename="{name}"'}, media_type=kind
            )

        return answered

    async def _healthy(self, _: Request) -> Response:
        return PlainTextResponse("The gateway is healthy.\n")

    async def _ready(self, _: Request) -> Response:
        self._parts.access.refresh()
        if not self._parts.access.is_good:
            return PlainTextResponse("The access file is invalid; see the log.\n", 503)
        return PlainTextResponse("The gateway is ready.\n")

    async def _metrics(self, request: Request) -> Response:
        # Grafana's data source proxy would let every Viewer look. Who sends `Connection: X-Grafana-Id` makes it drop
        # the identity on the way, but not what it adds afterwards; Prometheus comes by itself, without either.
        if parameters.TOKEN_HEADER in request.headers or any(name in request.headers for name in FORWARDED):
            refusal = Refusal(403, Reason.ENDPOINT, "metrics are not served through a proxy")
            self._note(refusal, "somebody behind a proxy", "/metrics")
            return refusal.response()
        return Response(self._parts.metrics.text(), media_type=TEXT)


class _Serving:
    """An ASGI application of one page, for every method."""

    def __init__(self, serve: Callable[[Exchange], Awaitable[None]]) -> None:
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._serve(Exchange(scope, receive, send))


def _refusal(error: Exception) -> Refusal:
    if isinstance(error, Refusal):
        return error
    if isinstance(error, TimeoutError):
        return Refusal(504, Reason.TIME, "the query took too long: choose a shorter range")
    LOGGER.error("a request failed", exc_info=error)
    return Refusal(500, Reason.INTERNAL, "internal error; see the log of the gateway")


def _check_method(request: Request, *, posts: bool) -> None:
    if request.method != "GET" and not (posts and request.method == "POST"):
        raise Refusal(405, Reason.ENDPOINT, "use GET")


async def _nothing(_request: Request, _rights: Rights) -> Response:
    raise Refusal(403, Reason.ENDPOINT, "only Prometheus's query API is available")
