"""The statistics of Dovecot's mail process at the end of a session: `pop3_logout_format`, whatever it is.

The statistics are the last words of the line, `KEY=NUMBER` or `KEY=NUMBER/NUMBER` in any order and with any separators.
A reason before them may hold text from others, so they are read from the right, up to a word that is no statistic or
repeats one.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

# No format has more words.
_MOST_WORDS = 64
_WORD = re.compile(rb"[^\w%<>]*+(?:[A-Za-z]\w*+[=:](?:<[^<>]*>|[^<>])*)?")
_PAIR = re.compile(rb"(?<![\w%{])([A-Za-z]\w*)[=:]\s?(?:(\d{1,15})(?:/(\d{1,15}))?(?![\d%])|<?([^<>\s,;]+)>?)")
# After a reason that is nothing but its wording, also `in 50` and `out 900`.
_LOOSE = re.compile(rb"(?<![\w%{])([A-Za-z]\w*)(?:[=:] ?| )(\d{1,15})(?:/(\d{1,15}))?(?![\w%])")
_MARK = re.compile(rb"(?<![\w%{])(?:top|retr|del|bytes)=\d{1,15}/\d", re.IGNORECASE)

_IN = ("in", "i", "input", "rcvd", "recv", "received", "bytes_in", "in_bytes", "input_bytes", "bytes_received")
_OUT = ("out", "o", "output", "sent", "snt", "bytes_out", "out_bytes", "output_bytes", "bytes_sent")
_BOTH = ("bytes", "traffic", "io")
_MESSAGES = ("top", "retr")
_SESSION = ("session", "session_id", "sess", "sid")

Pair = tuple[bytes, bytes]


class Stats(NamedTuple):
    """`begin`: where they begin in the text; `trait`: what they show about the setting, a trait of the format."""

    begin: int
    received: int | None
    sent: int | None
    trait: str
    key: bytes | None = None


def has_stats(text: bytes, stats: Stats) -> bool:
    """Whether `stats`, read at the end of `text`, are a session's: no other line has so many."""
    return stats.trait == "bytes" or _MARK.search(text, stats.begin) is not None


def read_leading_stats(text: bytes, stats: Stats) -> Stats:
    """The statistics in `text` before the reason, if `stats` after it are none."""
    if b"=" not in text:
        return stats
    leading = _told(0, _PAIR.findall(text))
    return leading._replace(key=leading.key or stats.key) if leading.trait else stats


def read_stats(text: bytes, begin: int = 0) -> Stats:
    """The statistics at the end of `text`, which begin at `begin` at the earliest."""
    at = _begin(text, begin)
    return _told(at, _PAIR.findall(text, at))


def read_loose_stats(text: bytes, begin: int) -> Stats:
    """The statistics that are certain to begin at `begin`."""
    found = _told(begin, _PAIR.findall(text, begin))
    return found if found.trait == "bytes" else _better(found, _told(begin, _LOOSE.findall(text, begin)))


def _better(one: Stats, other: Stats) -> Stats:
    return other._replace(key=one.key) if other.trait == "bytes" or not one.trait else one


def _begin(text: bytes, begin: int) -> int:
    """Where the last words that are statistics begin."""
    words = text[begin:].rsplit(None, _MOST_WORDS)
    seen: set[bytes] = set()
    at = len(text.rstrip())
    for word in reversed(words if len(words) <= _MOST_WORDS else words[1:]):
        keys = [pair[0] for pair in _PAIR.findall(word)]
        if _WORD.fullmatch(word) is None or not seen.isdisjoint(keys) or len(set(keys)) < len(keys):
            break
        seen.update(keys)
        at = text.rindex(word, begin, at)
    return at


def _told(at: int, pairs: list[tuple[bytes, ...]]) -> Stats:
    found: dict[str, tuple[bytes, ...]] = {}
    for name, *values in pairs:
        found.setdefault(name.decode("ascii").lower(), tuple(values))
    key = next((found[name][2] for name in _SESSION if name in found and len(found[name]) > 2), None)  # noqa: PLR2004
    both = next((found[name] for name in _BOTH if name in found and found[name][1]), None)
    if both is not None:
        return Stats(at, int(both[0]), int(both[1]), "bytes", key or None)
    received, sent = _number(found, _IN), _number(found, _OUT)
    if received is not None and sent is not None:
        return Stats(at, received, sent, "bytes", key or None)
    messages = [int(found[name][1]) for name in _MESSAGES if name in found and found[name][1]]
    told = sent if sent is not None else sum(messages) if messages else None
    return Stats(at, received, told, "" if told is None and received is None else "no_bytes", key or None)


def _number(found: Mapping[str, tuple[bytes, ...]], names: tuple[str, ...]) -> int | None:
    return next((int(found[name][0]) for name in names if name in found and found[name][0]), None)
