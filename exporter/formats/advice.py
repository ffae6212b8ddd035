"""Advice: what a server should log, judging by what its log does not show."""

from collections.abc import Mapping
from typing import NamedTuple

from exporter.catalogue import Quality
from exporter.formats import FORMATS
from exporter.formats.contract import Format, Qualities

RANK = {quality: rank for rank, quality in enumerate(Quality)}


class ServerAdvice(NamedTuple):
    """What a server's lines showed about its logging, by the measure's name, and the advice that follows."""

    server: str
    quality: Mapping[str, Quality]
    advice: tuple[str, ...]


def advice_by_server(format_name: str, quality: Mapping[tuple[str, str], Quality]) -> list[ServerAdvice]:
    """Advice for each server, by name, from `quality` by server and measure; empty if no format was recognised."""
    wording = next((one for one in FORMATS if one.name == format_name), None)
    if wording is None:
        return []
    servers: dict[str, dict[str, Quality]] = {}
    for (server, measure), one in quality.items():
        servers.setdefault(server, {})[measure] = one
    return [ServerAdvice(server, measures, advice(wording, measures)) for server, measures in sorted(servers.items())]


def advice(wording: Format, quality: Mapping[str, Quality]) -> tuple[str, ...]:
    """The format's advice that would improve a measure in `quality` (by measure name).

    Advice without a trait is given while a measure is not exact, because no line shows whether it was followed.
    """
    texts = wording.documentation.advice
    wanted = [
        texts[trait] for trait, brings in wording.traits.items() if trait in texts and _helps(wording, brings, quality)
    ]
    if any(one is not Quality.EXACT for one in quality.values()):
        wanted += filter(None, [texts.get("")])
    return tuple(dict.fromkeys(wanted))


def _helps(wording: Format, brings: Qualities, quality: Mapping[str, Quality]) -> bool:
    """Whether following the trait's advice improves a measure.

    A trait whose lines improve measures helps while a measure is worse than they make it. A trait that shows that
    something is missing (it makes a measure worse than the format first assumes) helps while that holds.
    """
    for measure, then in brings.items():
        now = quality.get(measure, Quality.EXACT)
        first = wording.quality.get(measure, Quality.EXACT)
        if RANK[then] < RANK[now] or (then is now and RANK[then] > RANK[first]):
            return True
    return False
