"""Which server logs what, looked up in advance and inserted into the query as constants.

A domain administrator's numbers need to know it, although no domain stands there: a server may not log a measure
(else a panel would show 0 where it must say `not logged`). The dashboards ask
`max by(server)(last_over_time(X{...}[1h] @ T))` in the middle of their queries. prom-label-proxy would find nothing
there; `@ T` makes the answer the same at every time, and of it only the names of the servers go into the query.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from dashboards.queries.terms import literal
from exporter.gateway.exempt import QUALITY, admitted
from exporter.gateway.tokens import NotOurs, Token, tokens

BEFORE = ("max", "by", "(", "server", ")", "(", "last_over_time", "(")
AFTER = ("[", "D", "]", "@", "N", ")", ")")  # what follows the braces, where D is a duration and N a number
MAX_PARTS = 64
# Twenty matchers, and the names of all servers in some of them. Longer pieces are not searched for their end.
MAX_WORDS, MAX_LENGTH = 80, 32_000
NOTHING = "(vector(1)<0)"

Servers = Callable[[str, str], Awaitable[Iterable[str]]]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a query about servers, from its character `start` to before `end`; `at`: its time."""

    start: int
    end: int
    expression: str
    at: str


def parts(query: str) -> list[Part]:
    """All such pieces, in order; none where the query is in words that are not understood."""
    try:
        words = tokens(query)
    except NotOurs:
        return []
    places = (place for place, word in enumerate(words) if word.kind == "name" and word.text == QUALITY)
    return list(islice((part for place in places if (part := _part(words, place, query))), MAX_PARTS))


async def with_constants(query: str, servers: Servers) -> str:
    """The query with each piece replaced by its answer; `servers` tells the label `server` of its rows."""
    text, place = [], 0
    for part in parts(query):
        text += [query[place : part.start], vector(await servers(part.expression, part.at))]
        place = part.end
    return "".join([*text, query[place:]])


def vector(servers: Iterable[str]) -> str:
    """1 for each server, as PromQL that reads nothing."""
    rows = [f'label_replace(vector(1),"server","{_replacement(name)}","","")' for name in sorted(servers)]
    return f"({' or '.join(rows)})" if rows else NOTHING


def _replacement(name: str) -> str:
    return literal(name.replace("$", "$$"))


def _part(words: Sequence[Token], place: int, query: str) -> Part | None:
    """The piece around the metric's name at `place`, if it is as the dashboards write it."""
    first = place - len(BEFORE)
    if first < 0 or tuple(word.text for word in words[first:place]) != BEFORE:
        return None
    end = min(place + MAX_WORDS, len(words))
    close = next((at for at in range(place, end) if words[at].text == "}"), end)
    last = close + 1 + len(AFTER)
    if tuple(map(_shape, words[close + 1 : last])) != AFTER:
        return None
    start, end = words[first].start, words[last - 1].end
    expression = admitted(query[start:end]) if end - start <= MAX_LENGTH else None
    return Part(start, end, expression, words[last - 3].text) if expression else None


def _shape(word: Token) -> str:
    return {"duration": "D", "number": "N"}.get(word.kind, word.text)
