"""Prometheus, prom-label-proxy in front of it, and Grafana's keys: bounded in time and size, never redirected."""

import asyncio
import json
import logging
import ssl
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from exporter.gateway.access import Rights
from exporter.gateway.config import GatewayConfig
from exporter.gateway.keys import FetchError
from exporter.gateway.parameters import DOMAINS_HEADER, Pairs
from exporter.gateway.refusal import Reason, Refusal
from exporter.gateway.room import take

LOGGER = logging.getLogger(__name__)
MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_KEYS_BYTES = 1024 * 1024
KEYS_SECONDS = 5.0
CONNECTIONS = 64
# How long a prom-label-proxy that has proved itself is believed, and one that has not is not asked again.
PROVED_SECONDS = 60.0
DOUBTED_SECONDS = 2.0
# How prom-label-proxy begins to say that somebody asked for what is not his.
CONFLICT = "conflicting label matcher"
# Domains that cannot exist (RFC 6761), for the proof.
ONE, TWO = "one.invalid", "two.invalid"


@dataclass(frozen=True, slots=True)
class Answer:
    """The response of an upstream."""

    code: int
    body: bytes

    @property
    def data(self) -> Any:  # noqa: ANN401 - JSON
        """`data` of a successful response of Prometheus's API; otherwise Refusal."""
        try:
            document = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise unreachable("a response that is not JSON") from error
        if self.code != 200 or not isinstance(document, dict) or document.get("status") != "success":  # noqa: PLR2004
            detail = str(document.get("error", ""))[:300] if isinstance(document, dict) else ""
            raise Refusal(502, Reason.UPSTREAM, "Prometheus refused the query", detail)
        return document.get("data")


class Upstream:
    """Sends requests to upstreams. For one event loop; `clock`: monotonic seconds."""

    def __init__(self, config: GatewayConfig, clock: Callable[[], float]) -> None:
        self._config = config
        self._clock = clock
        self._trusted = ssl.create_default_context()  # certificates are judged by the system's store
        self._client = self._new_client()
        self._proving = asyncio.Lock()
        self._judged = float("-inf")
        self._proved = False

    def _new_client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers={"Accept-Encoding": "identity"},  # others could unpack to any size
            verify=self._trusted,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(self._config.limits.seconds, connect=5.0),
            limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        )

    async def close(self) -> None:
        """End all connections."""
        await self._client.aclose()

    async def keys(self) -> bytes:
        """Grafana's JWKS document, or FetchError."""
        try:
            # A connection of its own: queries may hold all the others.
            async with asyncio.timeout(KEYS_SECONDS), self._new_client() as client:
                answer = await _sent(client, client.build_request("GET", self._config.grafana.keys), MAX_KEYS_BYTES)
        except (httpx.HTTPError, TimeoutError, Refusal) as error:
            raise FetchError(f"{self._config.grafana.keys}: {type(error).__name__}") from error
        if answer.code != 200:  # noqa: PLR2004
            raise FetchError(f"{self._config.grafana.keys}: status {answer.code}")
        return answer.body

    async def straight(self, path: str, parameters: Pairs, *, post: bool = False) -> Answer:
        """Query Prometheus directly, for administrators or the gateway itself."""
        return _checked(await self._ask(self._config.prometheus + path, parameters, {}, post=post))

    async def filtered(self, rights: Rights, path: str, parameters: Pairs, *, post: bool = False) -> Answer:
        """Query through prom-label-proxy for these domains. Refusal unless it was verified that it enforces them."""
        if not rights.domains:
            raise Refusal(403, Reason.NOT_LISTED, "you have no access to any domain here: ask your administrator")
        await self._prove()
        answer = await self._ask(self._config.label_proxy + path, parameters, _domains(rights.domains), post=post)
        if (words := _proxy_error(answer)) is not None:
            raise Refusal(400, Reason.DOMAIN if words.startswith(CONFLICT) else Reason.PARAMETERS, words)
        if answer.code == 200 and not answer.body:  # noqa: PLR2004
            raise Refusal(400, Reason.PARAMETERS, "match[] is not a selector")  # how prom-label-proxy says that
        return _checked(answer)

    async def _ask(self, url: str, parameters: Pairs, headers: Mapping[str, str], *, post: bool) -> Answer:
        fields = _fields(parameters)
        try:
            request = self._client.build_request(
                "POST" if post else "GET",
                url,
                params=fields if fields and not post else None,
                data=fields if post else None,
                headers=[(name.encode(), value.encode()) for name, value in headers.items()],
            )
            return await _sent(self._client, request, MAX_ANSWER_BYTES)
        except httpx.InvalidURL as error:
            raise Refusal(413, Reason.SIZE, "the request is too large") from error
        except httpx.TimeoutException as error:
            raise Refusal(504, Reason.TIME, "Prometheus took too long: choose a shorter range") from error
        except httpx.HTTPError as error:
            raise unreachable(f"{url}: {type(error).__name__}") from error

    async def _prove(self) -> None:
        """A wrong address in the configuration must show nobody anything: ask what only a strict proxy answers so."""
        async with self._proving:
            age = self._clock() - self._judged
            if age > (PROVED_SECONDS if self._proved else DOUBTED_SECONDS):
                self._proved = await self._is_strict()
                self._judged = self._clock()
                if not self._proved:
                    LOGGER.error(
                        "%s is not a prom-label-proxy with -label domain -header-name X-Pop3-Domains "
                        "-header-uses-list-syntax -error-on-replace: domain administrators are refused",
                        self._config.label_proxy,
                    )
        if not self._proved:
            raise Refusal(503, Reason.NOT_ENFORCED, "the gateway's prom-label-proxy does not enforce domains")

    async def _is_strict(self) -> bool:
        url = f"{self._config.label_proxy}/api/v1/query"
        query = [("query", f'pop3_domain_connections_total{{domain="{TWO}"}}')]
        # Another domain's selector is an error, one of a list is none, and without the header there is nothing.
        other = await self._ask(url, query, _domains([ONE]), post=True)
        listed = await self._ask(url, query, _domains([ONE, TWO]), post=True)
        nobody = await self._ask(url, query, {}, post=True)
        words = _proxy_error(other)
        is_other_refused = words is not None and words.startswith(CONFLICT)
        return is_other_refused and listed.code == 200 and _proxy_error(nobody) is not None  # noqa: PLR2004


async def _sent(client: httpx.AsyncClient, request: httpx.Request, limit: int) -> Answer:
    """The answer, as long as it does not grow beyond the limit."""
    answer = await client.send(request, stream=True)
    try:
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise unreachable(f"{request.url}: a compressed response")
        pieces, size = [], 0
        async for piece in answer.aiter_bytes():
            size += len(piece)
            if size > limit:
                raise Refusal(502, Reason.SIZE, "the response is too large: query less")
            take(len(piece))
            pieces.append(piece)
        return Answer(answer.status_code, b"".join(pieces))
    finally:
        await answer.aclose()


def _domains(names: Sequence[str]) -> dict[str, str]:
    return {DOMAINS_HEADER: ",".join(names)}


def _proxy_error(answer: Answer) -> str | None:
    """Why prom-label-proxy itself refused; None where it did not."""
    try:
        document = json.loads(answer.body) if answer.code == 400 else None  # noqa: PLR2004
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("errorType") != "prom-label-proxy":
        return None
    return str(document.get("error", ""))


def _checked(answer: Answer) -> Answer:
    """The answer if it has the form of Prometheus's API; pages of whatever stands between are nobody's business."""
    if not answer.body.startswith(b"{"):
        raise unreachable(f"status {answer.code}, and not JSON")
    return answer


def _fields(parameters: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for name, value in parameters:
        fields.setdefault(name, []).append(value)
    return fields


def unreachable(detail: str) -> Refusal:
    """An upstream error; `detail` is only logged."""
    return Refusal(502, Reason.UPSTREAM, "Prometheus cannot be reached now", detail)
