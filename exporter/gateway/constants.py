"""What a report asks about the logs' quality, answered beforehand and put into the query as constants.

The reports take servers that do not log a measure out of a sum by `max by(server)(last_over_time(
pop3_measure_quality_info{...}[1h] @ T))`. prom-label-proxy would find nothing there, because the metric has no
domain, and a panel would show 0 where it must say `not logged`. `@ T` makes the value the same at every time.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from dashboards.queries import literal
from exporter.gateway.exempt import QUALITY, admitted
from exporter.gateway.tokens import NotOurs, Token, tokens

BEFORE = ("max", "by", "(", "server", ")", "(", "last_over_time", "(")
MAX_PARTS = 64
NOTHING = "(vector(1)<0)"

Servers = Callable[[str, str], Awaitable[Iterable[str]]]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a query that reads only the logs' quality, from `start` to `end`; `at`: its time."""

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
    found = [part for place, word in enumerate(words) if word.text == QUALITY and (part := _part(words, place, query))]
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


def _part(words: Sequence[Token], place: int, query: str) -> Part | None:
    """The piece around the metric's name at `place`, if it is written as the reports write it."""
    first = place - len(BEFORE)
    if first < 0 or tuple(word.text for word in words[first:place]) != BEFORE:
        return None
    kinds = [word.kind for word in words[place : place + 200]]
    texts = [word.text for word in words[place : place + 200]]
    try:
        close = texts.index("}")
    except ValueError:
        return None
    after = texts[close + 1 : close + 8]
    if len(after) < 7 or (after[0], after[2], after[3], after[5], after[6]) != ("[", "]", "@", ")", ")"):  # noqa: PLR2004
        return None
    if kinds[close + 2] != "duration" or kinds[close + 5] != "number":
        return None
    start, end = words[first].start, words[place + close + 7].end
    expression = admitted(query[start:end])
    return Part(start, end, expression, after[4]) if expression else None
