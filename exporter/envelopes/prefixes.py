"""What viewers write before lines with a stamp of their own: the container, pod or file of each."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from exporter.model import Record, Verdict

Open = Callable[[bytes], Record | Verdict | None]

_COLOUR = rb"(?:\x1b\[[\d;]*m)*"
# A day must follow: words before a stamp are common, but not before one of these.
_STAMP = (
    rb"(?=\[?(?:\d{4}-\d\d-\d\d[T _]|\d\d?[-/.]\d\d?[-/.]\d{2,4} |(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} [ \d]\d )"
    rb"|<\d{1,3}>)"
)
# `docker compose logs`, `docker service logs`, podman-compose: `mail-1  | `.
_COMPOSE = _COLOUR + rb"\[?[A-Za-z0-9][\w.@-]*\]? +\| ?" + _COLOUR + rb" ?(?=\S)"
# `kubectl logs --prefix`.
_KUBECTL = rb"\[pod/[^\s\]]+\] ?"
# Dovecot's own files before 2.0 have the process before the stamp.
_DOVECOT_1 = rb"(?P<program>dovecot|deliver)(?:\([^()\s]*\))?: " + _STAMP
# grep over several files, with -n and without; `cat -n`, `less -N`.
_GREP = rb"[^\s:]{1,255}:(?:\d{1,9}:)?" + _STAMP
_NUMBERED = rb" {0,8}\d{1,8}(?:\t| {1,2})" + _STAMP
# Papertrail's archives: id, stamp, when it came, source, host, address, facility, level, program, message.
_ARCHIVED = (
    rb"\d{1,20}\t(?P<stamp>\d{4}-\d\d-\d\dT[\d:.]{8,18}(?:Z|[+-]\d\d:\d\d))\t[^\t]*\t\d*\t(?P<host>[^\s:]+)\t"
    rb"[^\t]*\t\w*\t\w*\t(?P<program>[^\s:]+)\t"
)
# `podman pod logs`: the container; stern: the pod and the container.
_NAMES = rb"(?:[a-z0-9][\w.-]{0,252} ){1,2}" + _STAMP
# Each prefix, and what it is replaced by.
PREFIXES: Final = tuple(
    (re.compile(prefix), kept)
    for prefix, kept in (
        (_COMPOSE, rb""),
        (_KUBECTL, rb""),
        (_DOVECOT_1, rb""),
        (_GREP, rb""),
        (_NAMES, rb""),
        (_NUMBERED, rb""),
        (_ARCHIVED, rb"\g<stamp> \g<host> \g<program>: "),
    )
)


class Prefixed:
    """One stream's lines with a prefix; `envelopes` are those that may follow it."""

    def __init__(self, envelopes: Sequence[Open]) -> None:
        self._envelopes = tuple(envelopes)
        self._prefix, self._kept = PREFIXES[0]

    def open(self, line: bytes) -> Record | Verdict | None:
        """The record of `line` without its prefix; None: not of this form."""
        found = self._prefix.match(line) or self._other_prefix(line)
        if found is None:
            return None
        rest = line[found.end() :]
        if self._kept:
            rest = found.expand(self._kept) + rest
        for envelope in self._envelopes:
            opened = envelope(rest)
            if isinstance(opened, Record) and "program" in found.re.groupindex:
                return opened._replace(program=opened.program or found["program"])
            if opened is not None:
                return opened
        return None

    def _other_prefix(self, line: bytes) -> re.Match[bytes] | None:
        for prefix, kept in PREFIXES:
            found = prefix.match(line)
            if found is not None:
                self._prefix, self._kept = prefix, kept
                return found
        return None
