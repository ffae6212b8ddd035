"""The requests: who asks, what he may see, within which limits, and what he is answered."""

import asyncio
import io
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporter.gateway import parameters, question
from exporter.gateway.access import Access, Rights
from exporter.gateway.asking import Asking
from exporter.gateway.config import GatewayConfig
from exporter.gateway.identity import Identity, Tokens
from exporter.gateway.metrics import Metrics
from exporter.gateway.parameters import ENDPOINTS, LABEL_VALUES, Endpoint
from exporter.gateway.refusal import NO_STORE, Reason, Refusal, error
from exporter.gateway.report import Reporter
from exporter.gateway.slots import Slots
from exporter.reports.output import write_csv, write_json

LOGGER = logging.getLogger(__name__)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
BOM = "\ufeff"
CSV, JSON = "text/csv; charset=utf-8", "application/json"

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


class Gateway:
    """The ASGI application."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._limits = parts.config.limits
        self._slots = Slots(self._limits.parallel)
        self._zone = ZoneInfo(parts.config.time_zone)
        self._reporter = Reporter(parts.asking, self._zone)

    def application(self) -> Starlette:
        """Routes for exactly what is offered; everything else is refused by the last one."""
        routes = [self._route(one.path, self._api(one), one.path) for one in ENDPOINTS]
        for path, kind in (("/report.csv", CSV), ("/report.json", JSON)):
            routes.append(self._route(path, self._report(kind), path))
        return Starlette(
            routes=[
                *routes,
                Route("/-/healthy", self._healthy, methods=["GET"]),
                Route("/-/ready", self._ready, methods=["GET"]),
                Route("/metrics", self._metrics, methods=["GET"]),
                self._route("/{rest:path}", _nothing, "other"),
            ]
        )

    def _route(self, path: str, answer: Answering, endpoint: str) -> Route:
        async def served(request: Request) -> Response:
            began = time.perf_counter()
            response = await self._served(request, answer, endpoint)
            self._parts.metrics.served(endpoint, response.status_code, time.perf_counter() - began)
            return response

        return Route(path, served, methods=METHODS)

    async def _served(self, request: Request, answer: Answering, endpoint: str) -> Response:
        """The answer, or the refusal; a refusal is logged with user and reason, never with the token."""
        known: list[Identity] = []
        try:
            async with asyncio.timeout(self._limits.seconds):
                return await self._answered(request, answer, known)
        except Refusal as refusal:
            return self._refused(refusal, known, endpoint)
        except TimeoutError:
            words = "the query took too long: ask for a shorter range"
            return self._refused(Refusal(504, Reason.TIME, words), known, endpoint)
        except ClientDisconnect:
            return error(400, "the request broke off")
        except Exception:
            # Whatever it is, nothing of it is shown.
            LOGGER.exception("a request failed")
            return self._refused(Refusal(500, Reason.INTERNAL, "the gateway failed; its log says why"), known, endpoint)

    async def _answered(self, request: Request, answer: Answering, known: list[Identity]) -> Response:
        who = await self._parts.tokens.identity(parameters.token(request.headers))
        known.append(who)
        rights = self._parts.access.rights(who)
        async with self._slots.slot(f"{who.organisation} {who.subject}"):
            return await answer(request, rights)

    def _refused(self, refusal: Refusal, known: list[Identity], endpoint: str) -> Response:
        self._parts.metrics.refused(refusal.reason)
        who = str(known[0]) if known else "somebody unknown"
        detail = f": {refusal.detail!r}" if refusal.detail else ""
        LOGGER.warning("refused %s to %s: %s%s", endpoint, who, refusal.reason, detail)
        return refusal.response()

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
            return PlainTextResponse("The access file cannot be used; the log says why.\n", 503)
        return PlainTextResponse("The gateway is ready.\n")

    async def _metrics(self, request: Request) -> Response:
        # Grafana's data source proxy would let every Viewer look; Prometheus comes without an identity.
        if parameters.TOKEN_HEADER in request.headers:
            return error(403, "metrics are not for users of Grafana")
        return Response(self._parts.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _check_method(request: Request, *, posts: bool) -> None:
    if request.method != "GET" and not (posts and request.method == "POST"):
        raise Refusal(405, Reason.ENDPOINT, "this is asked by GET")


async def _nothing(_request: Request, _rights: Rights) -> Response:
    raise Refusal(403, Reason.ENDPOINT, "only the query API is passed on")
