"""What a server should be told to log, from what its log does not tell."""

from collections.abc import Mapping

from exporter.catalogue import Quality
from exporter.formats.contract import Format, Qualities

RANK = {quality: rank for rank, quality in enumerate(Quality)}


def advice(wording: Format, quality: Mapping[str, Quality]) -> tuple[str, ...]:
    """The sentences of the format that would better one of the measures of `quality` (by measure name)."""
    texts = wording.documentation.advice
    wanted = (
        texts[trait] for trait, brings in wording.traits.items() if trait in texts and _helps(wording, brings, quality)
    )
    return tuple(dict.fromkeys(wanted))


def _helps(wording: Format, brings: Qualities, quality: Mapping[str, Quality]) -> bool:
    """Whether following the trait's advice improves a measure.

    A trait is good (seeing its lines makes a measure better than the format's first assumption: helps while the
    measure is worse than that) or bad (its lines show that something is missing: helps while it holds).
    """
    for measure, then in brings.items():
        now = quality.get(measure, Quality.EXACT)
        is_good = RANK[then] < RANK[wording.quality.get(measure, Quality.EXACT)]
        if now is not Quality.EXACT and (RANK[then] < RANK[now] if is_good else then is now):
            return True
    return False
