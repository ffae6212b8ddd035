"""The pages: /metrics, /-/healthy, /-/ready and the landing page."""

import asyncio
import logging

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from exporter.exposition.families import UnknownGroupError, choose
from exporter.exposition.text import CONTENT_TYPE
from exporter.web.pages import Pages, encodable
from exporter.web.rendering import Rendering, Renderings
from exporter.web.seldom import Seldom
from exporter.web.site import Site

COMPLAINTS = Seldom(logging.getLogger(__name__))
# Slower readers are dropped, so that they do not keep an old view in memory.
SEND_SECONDS = 120.0


class _Stream(StreamingResponse):
    """A rendering that must be read within SEND_SECONDS."""

    def __init__(self, rendering: Rendering, headers: dict[str, str], *, packed: bool) -> None:
        super().__init__(rendering.packed() if packed else rendering.plain(), headers=headers)
        self._rendering = rendering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = asyncio.timeout(SEND_SECONDS)
        self._rendering.enter(limit)
        try:
            async with limit:
                await super().__call__(scope, receive, send)
        except TimeoutError:
            COMPLAINTS.warn("a client did not read its response in time")
        finally:
            self._rendering.leave(limit)


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for entry in header.lower().split(","):
        coding, _, parameter = entry.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return parameter.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def application(site: Site) -> Starlette:
    """The ASGI application; it only reads from `site`."""
    renderings = Renderings()

    async def metrics(request: Request) -> Response:
        try:
            groups = choose(request.query_params.getlist("collect[]"))
        except UnknownGroupError as error:
            return PlainTextResponse(f"{error}\n", 400)
        headers = {"Content-Type": CONTENT_TYPE, "Vary": "Accept-Encoding"}
        packed = accepts_gzip(request.headers.get("accept-encoding", ""))
        if packed:
            headers["Content-Encoding"] = "gzip"
        if request.method == "HEAD":
            answer = Response(headers=headers)
            # HEAD does not render the page.
            del answer.headers["content-length"]
            return answer
        # One view and one instant for the whole response, whatever is committed meanwhile.
        rendering = renderings.get(groups, site.view, lambda view: site.exposition.render(view, site.clock(), groups))
        return _Stream(rendering, headers, packed=packed)

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("pop3-exporter is healthy.\n")

    async def ready(_: Request) -> Response:
        if problems := site.problems():
            return PlainTextResponse(encodable("".join(f"{problem}\n" for problem in problems)), 503)
        notes = (f"source {one.name}: {sentence}\n" for one in site.sources() for sentence in one.set_aside)
        return PlainTextResponse(encodable("".join(("pop3-exporter is ready.\n", *notes))))

    return Starlette(
        routes=[
            *Pages(site).routes,
            Route("/metrics", metrics),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
        ]
    )
