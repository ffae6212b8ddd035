"""What reports ask about servers, answered beforehand and put into the query as constants.

Two things about servers belong in a domain administrator's numbers, although no domain stands at them: which server
does not log a measure (else a panel would show 0 where it must say `not logged`), and which server ended inside the
range (else its part would be missing). The dashboards ask both as `max by(server)(last_over_time(X{...}[1h] @ T))`.
prom-label-proxy would find nothing there; `@ T` makes the answer the same at every time, and of it only the names of
the servers go into the query.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from dashboards.queries import literal
from exporter.catalogue import Scope
from exporter.gateway.exempt import EXEMPT, QUALITY, admitted
from exporter.gateway.tokens import NotOurs, Token, tokens

BIRTHS = Scope.SERVER.first_seen
BEFORE = ("max", "by", "(", "server", ")", "(")
OVER_TIME = frozenset({"last_over_time", "max_over_time"})
# What may follow the braces, where D is a duration and N a number.
AFTER = (("[", "D", "]", "@", "N", ")", ")"), ("[", "D", ":", "D", "]", "@", "N", ")", ")"))
BETWEEN = ("unless", "on", "(", "server", ")")
MAX_PARTS = 64
NOTHING = "(vector(1)<0)"

Servers = Callable[[str, str], Awaitable[Iterable[str]]]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a query about servers, from word `first` to before word `last`; `at`: its time."""

    first: int
    last: int
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
    found = _about(QUALITY, words, query)
    # Births only where the whole query is the dashboards' question for servers that ended.
    born = _about(BIRTHS, words, query)
    if len(born) == 2 and (born[0].first, born[1].last) == (0, len(words)):  # noqa: PLR2004
        between = tuple(word.text for word in words[born[0].last : born[1].first])
        found += born if between == BETWEEN else []
    return found[:MAX_PARTS]


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


def _about(metric: str, words: Sequence[Token], query: str) -> list[Part]:
    """The pieces that read only this metric, written as the dashboards write them."""
    places = (place for place, word in enumerate(words) if word.kind == "name" and word.text == metric)
    return [part for place in places if (part := _part(words, place, query))]


def _part(words: Sequence[Token], place: int, query: str) -> Part | None:
    """The piece around the metric's name at `place`."""
    first = place - len(BEFORE) - 2
    before = tuple(word.text for word in words[max(first, 0) : place])
    if first < 0 or before[:-2] != BEFORE or before[-2] not in OVER_TIME or before[-1] != "(":
        return None
    close = next((at for at in range(place, len(words)) if words[at].text == "}"), len(words))
    for after in AFTER:
        last = close + 1 + len(after)
        if tuple(map(_shape, words[close + 1 : last])) == after:
            text = query[words[first].start : words[last - 1].end]
            expression = admitted(text, EXEMPT | {BIRTHS})
            at = words[last - 3].text
            return Part(first, last, words[first].start, words[last - 1].end, expression, at) if expression else None
    return None


def _shape(word: Token) -> str:
    return {"duration": "D", "number": "N"}.get(word.kind, word.text)
