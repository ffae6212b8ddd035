"""Reads the parameters of a request strictly: each once, and only those of the endpoint.

What is sent on is written anew from it, so that no two programs can read the same request differently.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import Request

from exporter.gateway.refusal import Reason, Refusal

TOKEN_HEADER = "x-grafana-id"  # noqa: S105 - a header's name
DOMAINS_HEADER = "x-pop3-domains"
FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 200
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,200}", re.ASCII)

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of Prometheus's API: parameters that occur once, and those that may be repeated."""

    path: str
    once: frozenset[str]
    repeated: frozenset[str] = field(default=frozenset())
    posts: bool = False  # whether it may be asked by POST; it is then always sent on so
    is_query: bool = False


TIMES = frozenset({"start", "end", "limit"})
MATCH = frozenset({"match[]"})
QUERY = Endpoint("/api/v1/query", frozenset({"query", "time"}), posts=True, is_query=True)
QUERY_RANGE = Endpoint("/api/v1/query_range", frozenset({"query", "start", "end", "step"}), posts=True, is_query=True)
SERIES = Endpoint("/api/v1/series", TIMES, MATCH, posts=True)
LABELS = Endpoint("/api/v1/labels", TIMES, MATCH, posts=True)
LABEL_VALUES = Endpoint("/api/v1/label/{name}/values", TIMES, MATCH)
RULES = Endpoint("/api/v1/rules", frozenset({"type"}))
ALERTS = Endpoint("/api/v1/alerts", frozenset())
ENDPOINTS = (QUERY, QUERY_RANGE, SERIES, LABELS, LABEL_VALUES, RULES, ALERTS)


def token(headers: Headers) -> str:
    """The identity token. Refusal: none, several, or a header that only the gateway may set."""
    if headers.getlist(DOMAINS_HEADER):
        raise Refusal(400, Reason.HEADERS, f"clients must not set {DOMAINS_HEADER}")
    found = headers.getlist(TOKEN_HEADER)
    if len(found) > 1:
        raise Refusal(400, Reason.HEADERS, f"{TOKEN_HEADER} is given twice")
    if not found or not found[0]:
        raise Refusal(401, Reason.TOKEN, "not authenticated: log in to Grafana again", "no token")
    return found[0]


async def pairs(request: Request, limit: int) -> Pairs:
    """All parameters of address and form, in order. Refusal: too large, or not a form."""
    # Not request.url, which contains the header Host from the client.
    query = request.scope["query_string"].decode("latin-1")
    if len(query) > limit:
        raise Refusal(413, Reason.SIZE, "the request is too large")
    found = _parsed(query)
    if request.method == "POST":
        body = await _body(request, limit)
        if body and request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise Refusal(400, Reason.PARAMETERS, f"the body must be {FORM}")
        found += _parsed(body)
    return found


def chosen(endpoint: Endpoint, given: Pairs) -> Pairs:
    """The parameters of the endpoint, without others. Refusal if one is given twice."""
    once = [(name, value) for name, value in given if name in endpoint.once]
    check_once(once, endpoint.once)
    if endpoint.is_query and not dict(once).get("query", "").strip():
        raise Refusal(400, Reason.PARAMETERS, "parameter query is missing")
    return once + [(name, value) for name, value in given if name in endpoint.repeated]


def check_once(given: Pairs, names: frozenset[str]) -> None:
    """Refusal if one of the names is given twice."""
    seen: set[str] = set()
    for name, _ in given:
        if name in names and name in seen:
            raise Refusal(400, Reason.PARAMETERS, f"parameter {name} is given twice")
        seen.add(name)


def label_name(request: Request) -> str:
    """The label whose values are requested. Refusal if it is not a valid name."""
    name = str(request.path_params["name"])
    if not LABEL.fullmatch(name):
        raise Refusal(400, Reason.PARAMETERS, "invalid label name")
    return name


async def _body(request: Request, limit: int) -> str:
    pieces: list[bytes] = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise Refusal(413, Reason.SIZE, "the request is too large")
        pieces.append(piece)
    try:
        return b"".join(pieces).decode("ascii")
    except UnicodeDecodeError as error:
        raise Refusal(400, Reason.PARAMETERS, "the form data is not percent-encoded") from error


def _parsed(text: str) -> Pairs:
    try:
        found = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise Refusal(400, Reason.PARAMETERS, "the parameters are malformed") from error
    if any("\0" in word for pair in found for word in pair):
        raise Refusal(400, Reason.PARAMETERS, "the parameters are malformed")
    return found


def first(given: Sequence[tuple[str, str]], name: str) -> str | None:
    """The value of a parameter that occurs at most once."""
    return next((value for key, value in given if key == name), None)
