"""Removes names, addresses and secrets from log lines.

Each is replaced, the same by the same, so that lines still belong together. What the parser found is replaced wherever
it stands, in any line. What it did not find (lines that nobody understands) is looked for by how such things are
written: `exporter.cli.detectors`. A word of the servers' own, such as `info`, is replaced only where it stands as a
name. A log is read twice: first to learn, then to mask.
"""

import ipaddress
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from exporter.cli.detectors import DETECTORS, KEPT_ADDRESSES, Found, What, is_address, is_plain
from exporter.model import Fact, Record

# The words that names consist of: letters and digits, in any script.
_WORD = re.compile(r"[^\W_]+")
_SEPARATORS = re.compile(r"[@%*\\+!]")
# No real client has such an address: reserved (RFC 1112), and to be discarded (RFC 6666).
_IPV4, _IPV6 = int(ipaddress.IPv4Address("240.0.0.0")), int(ipaddress.IPv6Address("100::"))
# No control characters, quotes, backslashes and surrogates.
_ESCAPED = re.compile(r"(?<!\\)\\u((?!00[01]|0022|005[cC]|[dD][89a-fA-F])[0-9a-fA-F]{4})")
# A tab or another control character, as rsyslog and JSON write them.
_CONTROL = re.compile(r"#0[0-3][0-7]|(?<!\\)\\[tnr]")
# Keys that consist of an address and a port, or are numbers.
_PLACE = re.compile(r"[.:]|^\d+$")
# Characters around a name, or added by an attacker.
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")
# Fields that we generate.
_OUR_WORDS = frozenset(("verdict", "kind", "reason", "trait"))
# Longer names are only replaced where a parser found them.
_LONGEST_NAME = 1_024
_SHORTEST_LABEL = 4
# How many names of a line are searched in the rest of it.
_MOST_NAMES = 16
# A shorter number is probably something else.
_FEWEST_DIGITS = 5

# Begin, end, and what is there: its replacement, its kind, or several.
_Span = tuple[int, int, "Found | str | None"]


class Mask:
    """First `learn` line by line what to hide, then hide it with `text`."""

    def __init__(self) -> None:
        self._stand_ins: dict[tuple[What, str], str] = {}
        self._numbers: Counter[tuple[What, bool]] = Counter()
        self._known: dict[str, str] = {}
        # First word of a known name -> lengths of the names.
        self._lengths: dict[str, set[int]] = {}

    # ── learning ────────────────────────────────────────────────────────────────────────────────────────────

    def learn(self, line: str, record: Record | None, fact: Fact | None) -> None:
        """Remember what the parser found in a line, and what looks like a name or a secret."""
        if record is not None and record.host:
            self._know(_decoded(record.host), self.host(_decoded(record.host)))
        if fact is not None and fact.user:
            self._know_name(_decoded(fact.user))
        if fact is not None and fact.key and not _PLACE.search(_decoded(fact.key)):
            self._know(_decoded(fact.key), self._stand_in(What.ID, _decoded(fact.key)))
        for find in DETECTORS:
            for found in find(_with_tabs(_unescaped(line))):
                if found.spreads:
                    self._spread(found)

    def _spread(self, found: Found) -> None:
        if found.what is What.NAME:
            self._know_name(found.text)
        elif found.what is not What.ADDRESS:
            self._know(found.text, self._of(found))

    def _know_name(self, name: str) -> None:
        self._know(name, self.name(name))
        _, at, domain = name.rpartition("@")
        if at:
            self._know(domain, self.domain(domain))
            for label in domain.split(".")[:-1]:
                if len(label) >= _SHORTEST_LABEL:
                    self._know(label, self._stand_in(What.NAME, label))
        for part in _SEPARATORS.split(name.removesuffix(at + domain) if at else name):
            self._know(part, self._stand_in(What.NAME, part))

    def _know(self, text: str, stand_in: str) -> None:
        if is_plain(text) or len(text) > _LONGEST_NAME or (text.isdigit() and len(text) < _FEWEST_DIGITS):
            return
        for written in {_bare(text), _bare(json.dumps(text)[1:-1])}:
            word = _WORD.search(written)
            if word is not None:
                self._known[written.lower()] = stand_in
                self._lengths.setdefault(word[0].lower(), set()).add(len(written))

    # ── masking ─────────────────────────────────────────────────────────────────────────────────────────────

    def text(self, text: str) -> str:
        """The text without names, addresses and secrets."""
        text = _unescaped(text)
        found = [one for find in DETECTORS for one in find(_with_tabs(text))]
        spans = [*self._known_in(text), *_told_again(text, found)]
        spans += [(one.begin, one.begin + len(one.text), one) for one in found]
        done, pieces = 0, []
        for begin, end, stand_in in self._merged(text, sorted(spans, key=lambda span: (span[0], -span[1]))):
            pieces += [text[done:begin], stand_in]
            done = end
        return "".join([*pieces, text[done:]])

    def _merged(self, text: str, spans: list[_Span]) -> Iterator[tuple[int, int, str]]:
        """Overlapping spans merged into one, with the kind of the widest if it contains all others."""
        at = 0
        while at < len(spans):
            begin, end, what = spans[at]
            at += 1
            while at < len(spans) and spans[at][0] < end:
                if spans[at][1] > end:
                    end, what = spans[at][1], None
                at += 1
            raw = text[begin:end]
            yield begin, end, self._stand_in(What.NAME, raw) if what is None else self._of(what)

    def _known_in(self, text: str) -> Iterator[_Span]:
        for word in _WORD.finditer(text):
            for length in self._lengths.get(word[0].lower(), ()):
                begin, end = word.start(), word.start() + length
                what = self._known.get(text[begin:end].lower())
                if what is not None and not text[end : end + 1].isalnum():
                    yield begin, end, what

    def row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a line, named as in `Fact` and `Record`."""
        masks = {"user": self.name, "address": self.address, "host": self.host, "file": self.file}
        return {
            name: masks.get(name, self.text)(value) if isinstance(value, str) and name not in _OUR_WORDS else value
            for name, value in row.items()
        }

    def file(self, path: str) -> str:
        """The name of a log, without its directory."""
        name = re.split(r"[/\\\\]", path)[-1]
        return _WORD.sub(lambda word: word[0] if is_plain(word[0]) else self._stand_in(What.NAME, word[0]), name)

    def name(self, name: str) -> str:
        """A user's name, with or without a domain."""
        user, at, domain = name.rpartition("@")
        if at:
            return f"{self._stand_in(What.NAME, user) if user else ''}@{self.domain(domain)}"
        return self._stand_in(What.NAME, name)

    def domain(self, domain: str) -> str:
        """A domain, or the address of a host in its place."""
        return self.address(domain) if is_address(domain) else self._stand_in(What.DOMAIN, domain)

    def host(self, host: str) -> str:
        """The name of a server; a generic one (`mail`) is kept."""
        if is_plain(host):
            return host
        return self.address(host) if is_address(host) else self._stand_in(What.HOST, host)

    def address(self, address: str) -> str:
        """A client's or server's address; anything else is masked as text."""
        if not is_address(address):
            return self.text(address)
        found = ipaddress.ip_address(address)
        if str(found) in KEPT_ADDRESSES:
            return str(found)
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            return f"::ffff:{self.address(str(found.ipv4_mapped))}"
        return self._stand_in(What.ADDRESS, str(found))

    def _of(self, what: Found | str) -> str:
        if isinstance(what, str):
            return what
        match what.what:
            case What.NAME:
                return self.name(what.text)
            case What.ADDRESS:
                return self.address(what.text)
            case What.DOMAIN:
                return self.domain(what.text)
            case _:
                return self._stand_in(what.what, what.text)

    def _stand_in(self, what: What, text: str) -> str:
        """The replacement, the same for the same value in any case."""
        key = what, (text if what is What.SECRET else _bare(text)).lower()
        if key not in self._stand_ins:
            family = what, what is What.ADDRESS and ":" in text
            self._numbers[family] += 1
            self._stand_ins[key] = _made(what, self._numbers[family], text)
        return self._stand_ins[key]


def _told_again(text: str, found: list[Found]) -> Iterator[_Span]:
    """Other places in the line with a name that is not certain to be one."""
    names = {one.text: one for one in found if one.what is What.NAME and not one.spreads and not is_plain(one.text)}
    for name, one in list(names.items())[:_MOST_NAMES]:
        for match in re.finditer(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text):
            yield match.start(), match.end(), one


def _made(what: What, number: int, text: str) -> str:
    match what:
        case What.ADDRESS:
            return str(ipaddress.IPv6Address(_IPV6 + number) if ":" in text else ipaddress.IPv4Address(_IPV4 + number))
        case What.DOMAIN:
            return f"domain{number}.example"
        case What.ID:  # of the same length, so that it is recognised as one
            return f"Id{number}".ljust(len(text), "x")
        case _:
            return f"{what.value}{number}"


def _unescaped(line: str) -> str:
    """Unescapes characters that need no escape in JSON: Docker writes `<` as a backslash and `u003c`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), line) if "\\u" in line else line


def _with_tabs(line: str) -> str:
    """As long, with tabs as such: what stands for one is part of no word."""
    return _CONTROL.sub(lambda found: "\t" * len(found[0]), line) if "#0" in line or "\\" in line else line


def _bare(text: str) -> str:
    return _AROUND.sub("", text) or text


def _decoded(value: bytes) -> str:
    return value.decode("utf-8", "replace")
