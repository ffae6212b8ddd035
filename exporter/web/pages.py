"""The pages for people: overview, lists, CSV, files. A thread renders them one at a time; scrapes do not wait."""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from exporter.ledger.errors import LedgerError
from exporter.reports.rows import By
from exporter.threads import in_thread
from exporter.web.landing import Landing
from exporter.web.landing.connect import Reached
from exporter.web.landing.downloads import File, WrongQuestion, bundle, page, report_csv, unused_csv
from exporter.web.landing.style import POLICY
from exporter.web.site import Site

HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}

# Beside the one that is made: each holds a connection that a scrape may need.
WAITING = 50

Given = Mapping[str, str]
Made = TypeVar("Made")


def encodable(text: str) -> str:
    """File names in messages may be any bytes: those that are not Unicode are shown as backslash escapes."""
    return text.encode("utf-8", "backslashreplace").decode()


class Pages:
    """What answers the requests."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._landing = Landing(site)
        self._one = asyncio.Semaphore(1)
        self._asked = 0

    @property
    def routes(self) -> list[Route]:
        """The addresses."""
        landing = self._landing
        return [
            Route("/", self._html(lambda request: landing.page(request.query_params, _reached(request)))),
            Route("/domains", self._html(lambda request: landing.names(By.DOMAIN, request.query_params))),
            Route("/users", self._html(lambda request: landing.names(By.USER, request.query_params))),
            Route("/unused", self._html(lambda request: landing.unused(request.query_params))),
            Route("/report.csv", self._csv(report_csv)),
            Route("/unused.csv", self._csv(unused_csv)),
            Route("/files/{kind}.zip", self._bundle),
            Route("/files/{kind}/{name}", self._page),
        ]

    async def _made(self, work: Callable[[], Made]) -> Made:
        if self._asked > WAITING:
            raise HTTPException(503, "too many pages are asked for at once\n", {"Retry-After": "5"})
        self._asked += 1
        try:
            async with self._one:
                return await in_thread(work)
        finally:
            self._asked -= 1

    def _html(self, made: Callable[[Request], str]) -> Callable[[Request], object]:
        async def answered(request: Request) -> Response:
            return HTMLResponse(encodable(await self._made(lambda: made(request))), headers=HEADERS)

        return answered

    def _csv(self, file: Callable[[Site, Given], File]) -> Callable[[Request], object]:
        async def answered(request: Request) -> Response:
            try:
                return _saved(await self._made(lambda: file(self._site, request.query_params)))
            except WrongQuestion as error:
                return PlainTextResponse(encodable(f"{error}\n"), 400)
            except LedgerError as error:
                return PlainTextResponse(encodable(f"the report is unavailable: {error}\n"), 503)

        return answered

    async def _bundle(self, request: Request) -> Response:
        found = await self._made(lambda: bundle(self._site, request.path_params["kind"]))
        return _saved(found) if found else PlainTextResponse("Not Found", 404)

    async def _page(self, request: Request) -> Response:
        kind, name = request.path_params["kind"], request.path_params["name"]
        found = await self._made(lambda: page(self._site, kind, name))
        return PlainTextResponse("Not Found", 404) if found is None else PlainTextResponse(found)


def _saved(file: File) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"', "Cache-Control": "no-store"}
    return Response(file.content, headers=headers, media_type=file.kind)


def _reached(request: Request) -> Reached:
    host, port = request.scope.get("server") or ("127.0.0.1", 80)
    headers = request.headers
    return Reached(
        headers.get("host", ""), (host, port or 0), request.url.scheme == "https", "authorization" in headers
    )
