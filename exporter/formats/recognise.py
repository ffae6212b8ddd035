"""`--format auto`: which server wrote the lines of each stream; two candidates are never guessed between.

A stream (a file, a journal) belongs to one server. Lines of another server in it are not counted, but they are
unmatched and reported: if one server is the proxy of the other, counting both would count every session twice.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from exporter.errors import Problem
from exporter.formats.contract import Format
from exporter.model import Fact, Record, Verdict

# Lines that the chosen format did not understand are tried with the others. Because it costs, only so many are, and of
# the following lines one in so many, because another server may take over a log.
SUSPECTED_LINES = 10_000
SUSPECTED_LATER = 64
# How many names of logs are remembered, for sources that read two servers.
NAMES_KEPT = 256
# The name that stands for every log.
ALL = ""
# Formats of servers that are always the proxy of another POP3 server.
PROXIES = frozenset(("nginx", "perdition"))

# Whatever the server, such a line is about POP3.
_PROGRAM = re.compile(rb"pop-?3|popa3|popper|perdition", re.IGNORECASE)
_MESSAGE = re.compile(rb"pop3-login: |\bpop3\(", re.IGNORECASE)

Changed = Callable[[Format], None]

_ADVICE = (
    "set the source's format, or give each server a source of its own with the same paths and its format, unless one"
    " is the proxy of the other: then each session would count twice, so read only one of them, or declare the back"
    " end with `behind` (docs/behind-a-proxy.md)"
)


class Recogniser:
    """Reads the lines of one stream by the format of the server that wrote them.

    `chosen`: that format, None while unknown; `decided`: a line has proved it, until then it is only likely. `rivals`:
    other formats that recognised a line of the stream as theirs.
    """

    def __init__(
        self, formats: Sequence[Format], changed: Changed, likely: Format | None = None, *, decided: bool = False
    ) -> None:
        self._formats = tuple(formats)
        self._changed = changed
        self._left = SUSPECTED_LINES
        self.chosen = formats[0] if len(formats) == 1 else likely
        self.decided = len(formats) == 1 or (decided and likely is not None)
        self.rivals: Counter[str] = Counter()

    def read(self, record: Record) -> Fact | Verdict:
        """The line's fact. A line that only a rival can have written is unmatched."""
        if self.chosen is None:
            return self._begin(record)
        taken = self.chosen.read(record)
        if isinstance(taken, Fact):
            self.decided = True
            return taken
        return self.doubt(record, taken) if self.has_others else taken

    @property
    def name(self) -> str:
        """The format's name once it is decided; empty before."""
        return self.chosen.name if self.chosen is not None and self.decided else ""

    @property
    def has_others(self) -> bool:
        """Whether another format may have written a line that the chosen one does not understand."""
        return len(self._formats) > 1

    def _begin(self, record: Record) -> Fact | Verdict:
        claims = self._claims(record)
        if len(claims) == 1:
            return self._decide(claims[0]).read(record)
        return Verdict.UNMATCHED if claims or _is_about_pop3(record) else Verdict.IGNORED

    def doubt(self, record: Record, taken: Verdict) -> Fact | Verdict:
        """A line that the chosen format did not understand: another server may have written it."""
        self._left -= 1
        if self._left <= 0 and not self.rivals and self._left % SUSPECTED_LATER:
            return taken
        claims = [one for one in self._claims(record) if one is not self.chosen]
        if len(claims) == 1 and not self.decided:
            return self._decide(claims[0]).read(record)
        self.rivals.update(one.name for one in claims)
        return Verdict.UNMATCHED if claims and taken is Verdict.IGNORED else taken

    def _claims(self, record: Record) -> list[Format]:
        return [one for one in self._formats if one.recognises(record)]

    def _decide(self, form: Format) -> Format:
        self.chosen, self.decided = form, True
        self._changed(form)
        return form


class Recognition:
    """The recognisers of a source's streams; `changed` is called when the source's format changes.

    `state`: from `state()` of an earlier one. A stream of which nothing is known is likely of the format that the log
    with its name had before (a rotation), or else of the format that all others have.
    """

    def __init__(self, formats: Sequence[Format], state: str, changed: Changed) -> None:
        self._formats = {one.name: one for one in formats}
        self._changed = changed
        self._form: Format | None = None
        self._known, self._names = _restored(state)
        self._recognisers: dict[str, Recogniser] = {}
        self._labels: dict[str, str] = {}

    def of(self, stream: str, name: str) -> Recogniser:
        """The recogniser of a stream; `name` as an operator knows it."""
        self._labels[stream] = name
        found = self._recognisers.get(stream)
        if found is None:
            known = self._formats.get(self._known.pop(stream, ""))
            likely = known or self._likely(name)
            found = Recogniser(tuple(self._formats.values()), self._turn_to, likely, decided=known is not None)
            self._recognisers[stream] = found
        if found.chosen is not None:
            self._turn_to(found.chosen)
        return found

    def name(self, stream: str) -> str:
        """The format that the stream is decided to have; empty: undecided."""
        found = self._recognisers.get(stream)
        return found.name if found is not None else ""

    def keep(self, streams: Iterable[str]) -> None:
        """Forget the streams that are gone, but not which server wrote the logs with their names.

        Without streams, nothing is forgotten: a pipe has no read position.
        """
        staying = set(streams) or self._recognisers.keys() | self._known
        self._note()
        for stream in self._recognisers.keys() - staying:
            del self._recognisers[stream], self._labels[stream]
        self._known = {stream: name for stream, name in self._known.items() if stream in staying}

    def state(self) -> str:
        """The state for the next one; a bare name if there is only one format."""
        if len(self._formats) == 1:
            return next(iter(self._formats))
        self._note()
        streams = self._known | {stream: one.name for stream, one in self._recognisers.items() if one.name}
        # If all logs are one server's, that is all a new stream needs to know.
        names = self._names if len(set(self._names.values())) > 1 else dict(list(self._names.items())[-1:])
        return json.dumps({"streams": streams, "names": names}) if streams or names else ""

    @property
    def names(self) -> tuple[str, ...]:
        """The formats in use."""
        if len(self._formats) == 1:
            return tuple(self._formats)
        found = {one.name for one in self._recognisers.values()} | set(self._known.values())
        return tuple(sorted(found & self._formats.keys()))

    def begin(self) -> None:
        """Announce the format that is known."""
        for name in self.names[:1]:
            self._turn_to(self._formats[name])

    @property
    def problems(self) -> tuple[str, ...]:
        """Problems to solve if two servers write to one log, or one is the other's proxy."""
        mixed: dict[tuple[str, str], list[str]] = {}
        for stream, one in self._recognisers.items():
            if one.rivals:
                mixed.setdefault((one.name, ", ".join(sorted(one.rivals))), []).append(self._labels[stream])
        found = [
            Problem(
                f"{_listed(labels)}: read as {name}, but there are lines of {others} too, which are not counted:"
                f" {_ADVICE}",
                f"{labels[0]} {name} {others}",
            )
            for (name, others), labels in mixed.items()
        ]
        return (*found, *_proxied(self.names))

    def _turn_to(self, form: Format) -> None:
        if form is not self._form:
            self._form = form
            self._changed(form)

    def _likely(self, name: str) -> Format | None:
        named = self._names.get(name)
        known = {named} if named else {*self._names.values(), *self.names}
        return self._formats.get(known.pop()) if len(known) == 1 else None

    def _note(self) -> None:
        """Remember which server wrote the log with which name."""
        for stream, recogniser in self._recognisers.items():
            if recogniser.name:
                self._names.pop(self._labels[stream], None)
                self._names[self._labels[stream]] = recogniser.name
        for name in list(self._names)[:-NAMES_KEPT]:
            del self._names[name]


def format_of(state: str, stream: str) -> str:
    """The name of the format that a stream was read as, according to `state`; empty: unknown."""
    streams, names = _restored(state)
    return streams.get(stream) or names.get(ALL, "")


def _proxied(names: Sequence[str]) -> Iterator[str]:
    for proxy in names:
        if proxy in PROXIES and len(names) > 1:
            others = ", ".join(name for name in names if name != proxy)
            yield (
                f"reads logs of {proxy} and of {others}: if {proxy} is the proxy of {others}, each session counts"
                " twice: read only one of them, or declare the back end, as a source of its own, with `behind`"
                " (docs/behind-a-proxy.md)"
            )


def _is_about_pop3(record: Record) -> bool:
    return _PROGRAM.search(record.program) is not None or _MESSAGE.search(record.message) is not None


def _listed(labels: Sequence[str]) -> str:
    return labels[0] if len(labels) == 1 else f"{labels[0]} and {len(labels) - 1} more"


def _restored(state: str) -> tuple[dict[str, str], dict[str, str]]:
    """Streams and names to formats; an earlier version stored one format for all streams."""
    try:
        saved = json.loads(state)
        return dict(saved["streams"]), dict(saved["names"])
    except (ValueError, KeyError, TypeError):
        return {}, {ALL: state} if state else {}
