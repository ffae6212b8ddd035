"""Sessions that Dovecot proxies to another server: `pop3-login: proxy(USER[,HOST:PORT]): TEXT: user=<USER>, ...`.

A proxy logs a login only by the line that proxying began, and its ends have reasons of their own. The name stands twice
in these lines, the second time cut to 80 bytes: that distinguishes both from anything that a name holds. 2.0 writes no
elements: of its lines only the end is taken, which names the user.
"""

import re
from collections.abc import Iterator
from typing import Final

from exporter.catalogue import Reason
from exporter.formats.dovecot_elements import Elements, read_elements
from exporter.formats.dovecot_heads import UNMATCHED, Head
from exporter.model import Fact, Kind, Verdict

PROXY: Final = b"proxy("
# The process of a proxied connection with a session id: its back end logs the same id, perhaps under the same host.
PASSED_ON: Final = b"proxy"
# A name holds at most this many bytes, so it can hold few false beginnings of elements.
_CUT = 80
_CUT_OFF = b"..."
_FIRST = re.compile(rb": (?=[A-Za-z][\w.-]*=)")
_MOST_BEGINS = 24

_NAME_END = re.compile(rb"(?:@[^,()]*)?(?:,[^()]*)?\): ")
_LAST_TEXT = re.compile(rb".*(?=\): (?:[Ss]tarted proxying|Login failed|disconnecting|Disconnected by))", re.DOTALL)
_TEXT = re.compile(
    rb"([Ss]tarted proxying)"
    rb"|(Login failed(?:: | to ))"
    rb"|(?:disconnecting[^(]{0,100}(?:\(|$)|(?=Disconnected by ))"
    rb"(?:Disconnected by (?:(?P<server>server)|(?P<client>client)|proxy))?(?P<broken>: )?(?P<why>[^(]*)(?P<more>.*)",
    re.DOTALL,
)
_BYTES = re.compile(rb"\(\d{1,10}s idle, in=(\d{1,15})(?:\+\d+)?, out=(\d{1,15})")
_WHY = (
    (re.compile(rb"K(?:ick|ill)ed "), Reason.KILLED),
    (re.compile(rb".*shutting down"), Reason.SHUTDOWN),
)
_BARE_END = re.compile(rb"proxy\((.*)\): disconnecting ([\da-fA-F.:]*)(?: \((.{0,200})\))?", re.DOTALL)
_BARE_NOTICE = re.compile(rb"proxy\(.*\): (?:[Ss]tarted proxying|Login failed)", re.DOTALL)


def read_proxied(text: bytes, *, failed: bool) -> tuple[Head, Elements] | Fact | Verdict:
    """The fact of a line; `text` is without the process and the level, which is Error if it `failed`."""
    other = False
    for at in _begins(text):
        elements = read_elements(text[at + 2 :])
        if elements is None:
            continue
        rest = _behind_name(text[:at], elements.user)
        if rest is not None:
            return _head(rest, failed=failed), elements
        other = True
    if other:  # it is not certain whose line it is
        return Verdict.UNMATCHED
    return Verdict.IGNORED if failed else _bare(text)


def _begins(text: bytes) -> Iterator[int]:
    """Where the elements may begin: the last places first, because places inside a name come before."""
    at = len(text)
    for _ in range(_MOST_BEGINS):
        at = text.rfind(b": ", 0, at)
        if at < 0:
            return
        if _FIRST.match(text, at):
            yield at


def _behind_name(head: bytes, user: bytes | None) -> bytes | None:
    """What follows the name in the bracket; None: it is another name, so this is no head."""
    name = user or b""
    cut = name.endswith(_CUT_OFF) and len(name) > _CUT
    name = name.removesuffix(_CUT_OFF) if cut else name
    if not head.startswith(name, len(PROXY)):
        return None
    rest = head[len(PROXY) + len(name) :]
    if cut or not name:  # what the rest of the name holds comes before
        last = _LAST_TEXT.match(rest)
        rest = rest if last is None else rest[last.end() :]
    end = _NAME_END.match(rest)
    return None if end is None else rest[end.end() :]


def _head(rest: bytes, *, failed: bool) -> Head:
    if failed:
        return Head(Kind.REFUSAL, Reason.BACKEND_DOWN)
    text = _TEXT.match(rest)
    if text is None:
        return UNMATCHED
    if text[1]:
        return Head(Kind.LOGIN)
    if text[2]:
        return Head(Kind.FAILURE)
    told = _BYTES.search(text["more"]) or _BYTES.search(text["why"])
    received, sent = (None, None) if told is None else map(int, told.groups())
    return Head(Kind.END, _reason(text), received=received, sent=sent, logged_in=True)


def _reason(text: re.Match[bytes]) -> Reason:
    for why, reason in _WHY:
        if why.match(text["why"]):
            return reason
    if text["server"]:
        return Reason.BACKEND_DOWN if text["broken"] else Reason.LOGOUT
    if text["client"]:
        return Reason.RESET if text["broken"] else Reason.CLOSED
    return Reason.UNSPECIFIED


def _bare(text: bytes) -> Fact | Verdict:
    """A line without elements."""
    end = _BARE_END.fullmatch(text)
    if end is None:
        return Verdict.IGNORED if _BARE_NOTICE.match(text) else Verdict.UNMATCHED
    user, address, why = end.groups()
    reason = _head(b"disconnecting (" + (why or b"") + b")", failed=False).reason
    return Fact(Kind.END, None, user or None, address or None, reason, ok=True, trait="proxy", by_user=True)
