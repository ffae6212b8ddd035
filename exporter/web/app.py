"""The pages: /metrics, /-/healthy, /-/ready and the landing page."""

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Iterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from exporter.exposition.families import UnknownGroupError, choose
from exporter.exposition.text import CONTENT_TYPE
from exporter.web.landing import Landing
from exporter.web.landing.style import POLICY
from exporter.web.site import Site

LOGGER = logging.getLogger(__name__)
# Who reads slower than this is given up, so that nobody holds an old view in memory.
SEND_SECONDS = 120.0
GZIP_LEVEL = 1


class _Stream(StreamingResponse):
    """An answer that is written within SEND_SECONDS or not at all."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            LOGGER.warning("a client did not take its answer within %d s", SEND_SECONDS)


async def _paced(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The pieces, with room for other requests between them."""
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


def _gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(GZIP_LEVEL, wbits=31)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for entry in header.lower().split(","):
        coding, _, parameter = entry.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return parameter.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def application(site: Site) -> Starlette:
    """The ASGI application; it reads what `site` gives and changes nothing."""
    landing = Landing(site)

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
            # Nothing is rendered to learn a length.
            del answer.headers["content-length"]
            return answer
        # One view and one instant for the whole answer, whatever is committed meanwhile.
        pieces = site.exposition.render(site.view(), site.clock(), groups)
        return _Stream(_paced(_gzipped(pieces) if packed else pieces), headers=headers)

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("pop3-exporter is healthy.\n")

    async def ready(_: Request) -> Response:
        if problems := site.problems():
            return PlainTextResponse("".join(f"{problem}\n" for problem in problems), 503)
        return PlainTextResponse("pop3-exporter is ready.\n")

    async def home(_: Request) -> Response:
        return HTMLResponse(landing.page(), headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-store"})

    return Starlette(
        routes=[
            Route("/", home),
            Route("/metrics", metrics),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
        ]
    )
