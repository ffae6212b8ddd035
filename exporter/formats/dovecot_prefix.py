"""The prefix of lines of Dovecot's mail process: `mail_log_prefix`, whatever it is.

`%s(%u)<%{pid}><%{session}>: ` since 2.3, `%s(%u): ` before, and as many others as there are administrators: the
service, the name, addresses, process and session in any order, with words and brackets of all kinds around them. So a
prefix is split into words, and each is recognised by the word before it (`user alice`, `pid=71`), by its form (an
address, a number, a session id of Dovecot's own) or by the bracket around it. The remaining word is the name.
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

# The documented forms; a name may hold brackets of its own.
_DOCUMENTED = re.compile(
    rb"[Pp][Oo][Pp]3\(([^()]*(?:\([^()]*\)[^()]*)*)\)(?:[<\[](\d{1,10})[>\]])?(?:<([^<>]*)>)?: ", re.DOTALL
)
_WHOLE = re.compile(rb"[Pp][Oo][Pp]3\((.*?)\)<(\d{1,10})><([^<>]+)>: ", re.DOTALL)
SERVICE: Final = re.compile(rb"(?<![\w.@-])[Pp][Oo][Pp]3(?![\w.@-])")
# The meaning of the word after such a word; empty: it is not needed.
_NAMES: Mapping[bytes, str] = {
    b"user": "user", b"username": "user", b"login": "user", b"account": "user", b"u": "user",
    b"pid": "process", b"mpid": "process", b"process": "process",
    b"session": "key", b"sess": "key", b"sid": "key", b"session_id": "key",
    b"ip": "", b"rip": "", b"lip": "", b"from": "", b"service": "", b"host": "", b"hostname": "", b"auth": "",
    b"auth_user": "", b"domain": "", b"uid": "", b"gid": "",
}  # fmt: skip
_GROUP = re.compile(rb"\(([^()]*)\)|<([^<>]*)>|\[([^\[\]]*)\]|\{([^{}]*)\}|([^\s()<>\[\]{}]+)")
_PAREN, _ANGLE, _SQUARE, _BRACE, _BARE = range(1, 6)
# The service and the rest in one word: `pop3/alice/71`.
_JOINED = re.compile(rb"[Pp][Oo][Pp]3/.")
_SERVICE_LENGTH = 5
_APART = re.compile(rb"[,;|\s]+")
_LISTED = re.compile(rb"[,;|/]")
_SLASHED = re.compile(rb"[/:]")
_ADDRESS = re.compile(rb"\d{1,3}(?:\.\d{1,3}){3}|(?=[\da-fA-F:.]*:[\da-fA-F:.]*:)[\da-fA-F:.]{2,45}")
# 12 or 24 bytes in base64: stamp, port and address of the client.
_OWN_ID = re.compile(rb"(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])(?:[\w+/]{16}|[\w+/]{32})")
_LONGEST_PROCESS = 10


class Prefix(NamedTuple):
    """Whose line it is, as far as the prefix shows."""

    user: bytes | None = None
    process: bytes | None = None
    key: bytes | None = None


def read_documented(message: bytes) -> tuple[Prefix, int] | None:
    """The prefix of a documented form that `message` begins with, and where it ends."""
    found = _DOCUMENTED.match(message)
    return read_whole(message) if found is None else _taken(found)


def read_whole(message: bytes) -> tuple[Prefix, int] | None:
    """The same with all three parts and a name that may hold what ends another one."""
    found = _WHOLE.match(message)
    return None if found is None else _taken(found)


def _taken(found: re.Match[bytes]) -> tuple[Prefix, int]:
    inside, process, key = found.groups()
    words = Words()
    if process is not None and not words.is_made_up(inside):
        return Prefix(inside or None, process, key or None), found.end()
    words.take_many(inside)
    told = words.told()
    return Prefix(told.user or words.number, process or told.process, key or told.key), found.end()


def read_prefix(text: bytes) -> Prefix:
    """The parts of a whole prefix of any other form."""
    words = Words()
    for group in _GROUP.finditer(text):
        words.take_group(group.lastindex or _BARE, group[group.lastindex or 0])
    return words.told()


class Words:
    """The words of one prefix, one after the other; the first of each kind counts."""

    def __init__(self) -> None:
        self._found: dict[str, bytes] = {}
        self._expected: str | None = None  # what the next word is, according to the word before it
        self.number: bytes | None = None  # alone in round brackets, where a name may be a number, too
        # Candidates for the name, or a session in angle brackets.
        self._names: list[bytes] = []
        self._angled: list[bytes] = []
        self._bare: list[bytes] = []

    def told(self) -> Prefix:
        """What all words together show."""
        found, angled = self._found, self._angled
        user = found.get("user") or next(iter(self._names), None)
        if user is None and angled and ("key" in found or not self._bare):
            user = angled.pop(0)
        user = user or next(iter(self._bare), None)
        key = found.get("key") or next(iter(angled), None)
        return Prefix(user, found.get("process"), key)

    @staticmethod
    def is_made_up(inside: bytes) -> bool:
        """Whether the brackets of the name hold more than a name."""
        words = _APART.split(inside)
        if any(_NAMES.get(word.partition(b"=")[0].lower()) is not None and b"=" in word for word in words):
            return True
        return len(words) > 1 and (
            (b"@" in words[0] and _LISTED.search(inside) is not None)
            or words[0] == words[-1]
            or any(_special(word) is not None for word in words)
        )

    def take_group(self, kind: int, text: bytes) -> None:
        """One bracket with its content, or a word without one."""
        if self._expected is not None:
            self._take_expected(text)
        elif kind in (_PAREN, _BRACE):
            self.take_many(text)
        elif kind == _BARE:
            for word in _APART.split(text):
                if _JOINED.match(word):
                    self.take_many(word[_SERVICE_LENGTH:].strip(b".:;-"))
                else:
                    self._take_bare(word.strip(b".,:;|-"))
        elif not SERVICE.fullmatch(text) and not self._take_special(text):
            if b"@" in text or kind == _SQUARE:
                self._names.append(text)
            else:
                self._angled.append(text)

    def take_many(self, inside: bytes) -> None:
        """The content of round brackets: the name, perhaps with other words around it."""
        words = [part for word in _APART.split(inside) for part in _parts(word) if part]
        if len(words) == 1 and words[0].isdigit():
            self.number = words[0]
        left = [word for word, more in zip(words, [*words, b""][1:], strict=True) if self._is_left(word, more)]
        addresses = [word for word in left if b"@" in word]
        if addresses or (left and (_LISTED.search(inside) or left[0] == left[-1])):
            self._names.append((addresses or left)[0])
        elif left:
            self._names.append(b" ".join(left))

    def _is_left(self, word: bytes, more: bytes) -> bool:
        """Whether a word among others has no meaning of its own; `more` is the next word."""
        if self._expected is not None:
            self._take_expected(word)
            return False
        name, sign, value = word.partition(b"=")
        kind = _NAMES.get(name.lower())
        if kind is not None and (sign or more):
            self._expected = kind
            if value:
                self._take_expected(value)
            return False
        return not self._take_special(word)

    def _take_bare(self, word: bytes) -> None:
        name, sign, value = word.partition(b"=")
        kind = _NAMES.get(name.lower())
        if kind is not None:
            self._expected = kind
            if value:
                self._take_expected(value)
        elif SERVICE.fullmatch(word):
            self._bare.clear()
        elif word and not sign and not self._take_special(word):
            (self._names if b"@" in word else self._bare).append(word)

    def _take_expected(self, word: bytes) -> None:
        kind, self._expected = self._expected, None
        word = word.strip(b"<>[](),;").rstrip(b".:")
        if word and kind and (kind != "process" or _is_process(word)):
            self._found.setdefault(kind, word)

    def _take_special(self, word: bytes) -> bool:
        kind = _special(word)
        if kind:
            self._found.setdefault(kind, word)
        return kind is not None


def _special(word: bytes) -> str | None:
    """The meaning of a word by its form alone; None: it has none."""
    if _is_process(word):
        return "process"
    if _ADDRESS.fullmatch(word):
        return ""
    return "key" if _OWN_ID.fullmatch(word) else None


def _is_process(word: bytes) -> bool:
    return word.isdigit() and len(word) <= _LONGEST_PROCESS


def _parts(word: bytes) -> list[bytes]:
    """A word split at its slashes and colons, if that yields an address or a number."""
    parts = _SLASHED.split(word)
    apart = len(parts) > 1 and _special(word) is None and any(_special(part) is not None for part in parts)
    return parts if apart else [word]
