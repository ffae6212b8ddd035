"""How names, addresses and secrets are written in log lines of any server, for lines that no parser understands.

Every pattern is linear in the length of the line. What is found may be a little too much, never too little: a line
is masked to be shown to strangers.
"""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import NamedTuple

from exporter.cli.vocabulary import ENDINGS, VOCABULARY

# Addresses that identify no one.
KEPT_ADDRESSES = frozenset(("127.0.0.1", "::1"))

_WORD = re.compile(r"[^\W_]+")


class What(StrEnum):
    """What is hidden; the value is the prefix of its replacement."""

    NAME = "name"
    DOMAIN = "domain"
    HOST = "host"
    ADDRESS = "address"
    ID = "id"
    SECRET = "secret"  # noqa: S105 - a word


class Found(NamedTuple):
    """Something to hide, from `begin` on; `spreads`: hide it everywhere else as well, in any line."""

    begin: int
    text: str
    what: What
    spreads: bool = True


Detector = Callable[[str], Iterator[Found]]


def is_plain(text: str) -> bool:
    """Whether a text has only words of server messages, and numbers."""
    return all(word.isdigit() or word.lower() in VOCABULARY or len(word) == 1 for word in _WORD.findall(text))


# ── secrets ─────────────────────────────────────────────────────────────────────────────────────────────────

# `key=value`, `key: 'value'`, `"key":"value"`; an unquoted value extends to the next element of the line.
_SECRET = re.compile(
    r"""(?:given|plain_|user_|login_)?(?<![^\W_])
    (?:password|passwd|passphrase|passw|pass|pwd|secret|token|digest|credentials|resp)
    (?:\ given)?\\?["']?\s?[=:]\s?
    (?:'([^']*(?:'[^\s,;)\]}'"\\][^']*)*)'?|\\?"((?:[^"\\]|\\.)*)|([^\s'"].*?)(?=,\s[\w-]+=|,\sTLS|,\ssecured|,\ssession|\)|\t|\\n"|$))""",
    re.IGNORECASE | re.VERBOSE,
)
# Up to the last bracket, because passwords may contain brackets.
_GIVEN = re.compile(r"given password: ?(.*)\)|given password: ?(.+)$", re.IGNORECASE)
# A client's command, at the end of a line or of a column.
_PASS = re.compile(
    r"""(?:\bPASS|(?<=[:>"\t])\s?pass)[\s:]\s*(?=\S)(.+?)(?="?\s*$|\\r|\\n|",|\t)|,"?pass,\s?"?([^,"]+)"""
)
_APOP = re.compile(r"\bAPOP\s+\S+\s+([0-9a-f]{8,})", re.IGNORECASE)
_AUTH = re.compile(
    r"\bAUTH(?:ENTICATE)?[\s,]+(?:PLAIN|LOGIN|EXTERNAL|ANONYMOUS|NTLM|GSSAPI|APOP|XOAUTH2|OAUTHBEARER|CRAM-[\w-]+|DIGEST-"
    r"[\w-]+|SCRAM-[\w-]+)[\s,]+([A-Za-z0-9+/_=-]{2,})",
    re.IGNORECASE,
)
# A client's answer to a challenge: base64 only.
_ANSWER = re.compile(r"(?:RECEIVED:|cmd:|\bC:|[<>])\s+([A-Za-z0-9+/]{4,}={0,2})\s*\"?\s*$")
# The same, as Dovecot's processes send it to each other.
_CONTINUED = re.compile(r"\bCONT\t+\d{1,10}\t+(\S+)")
_SCHEME = re.compile(r"\{[A-Z0-9.-]{3,}\}[^\s,;)]+|\$[0-9a-z]{1,8}\$[^\s,;)]+")


def secrets(text: str) -> Iterator[Found]:
    """Passwords and equivalents."""
    for pattern in (_GIVEN, _SECRET, _PASS, _APOP, _AUTH, _ANSWER, _CONTINUED):
        for match in pattern.finditer(text):
            group = match.lastindex
            if group is not None and match[group].strip("*") and not (pattern is _PASS and _is_wording(match[group])):
                yield Found(match.start(group), match[group], What.SECRET)
    for match in _SCHEME.finditer(text):
        yield Found(match.start(), match[0], What.SECRET)


# ── identifiers ─────────────────────────────────────────────────────────────────────────────────────────────

_SESSION = re.compile(r"\bsession=<?([^<>\s,]+)|<\d+><([^<>\s]+)>", re.IGNORECASE)
_TOKEN = re.compile(r"(?<![A-Za-z0-9+/=_.-])[A-Za-z0-9+/]{8,}={0,2}(?![A-Za-z0-9+/=_])")
_HASH = re.compile(r"(?<![A-Za-z0-9])[0-9a-f]{32,}(?![A-Za-z0-9])", re.IGNORECASE)
_LONG = 16


def identifiers(text: str) -> Iterator[Found]:
    """Session ids (Dovecot's contain the client's address), and other base64 or hashes."""
    for match in _SESSION.finditer(text):
        group = match.lastindex or 0
        yield Found(match.start(group), match[group], What.ID)
    for match in _TOKEN.finditer(text):
        if _is_encoded(match[0]):
            yield Found(match.start(), match[0], What.ID)
    for match in _HASH.finditer(text):
        yield Found(match.start(), match[0], What.ID)


def _is_encoded(token: str) -> bool:
    bare = token.rstrip("=")
    if token.startswith("/") or is_plain(token):
        return False
    mixed = any(map(str.islower, bare)) and any(map(str.isupper, bare))
    if len(bare) >= _LONG and mixed and (any(map(str.isdigit, bare)) or "+" in bare or "AAAA" in bare):
        return True
    try:
        decoded = base64.b64decode(token, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return False
    # A SASL answer has the user and the password between NULs.
    return decoded.replace("\0", " ").isprintable()


# ── addresses ───────────────────────────────────────────────────────────────────────────────────────────────

_IPV4 = re.compile(r"(?<![\d.vV])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)")
_MAPPED = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,30}:(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)")
_IPV6 = re.compile(r"(?<![0-9A-Fa-f:.])[0-9A-Fa-f:]{2,60}(?![\w:]|\.\d)")


def addresses(text: str) -> Iterator[Found]:
    """IPv4 and IPv6, with or without brackets, and with or without a port."""
    for pattern in (_IPV4, _MAPPED):
        for match in pattern.finditer(text):
            if is_address(match[0]):
                yield Found(match.start(), match[0], What.ADDRESS)
    for match in _IPV6.finditer(text):
        begin = match.start()
        if text[begin - 1 : begin].isalnum():  # the end of a word, and perhaps a colon
            begin += match[0].find(":") + 1
        found = _ipv6_in(text[begin : match.end()])
        if found:
            yield Found(begin + text[begin : match.end()].index(found), found, What.ADDRESS)


def _ipv6_in(text: str) -> str:
    """The address in colons and digits: all of it, or without a trailing port, or without a colon at either end."""
    bare = text[1:] if text.startswith(":") and not text.startswith("::") else text
    for _ in range(3):
        if bare.count(":") < 2:  # noqa: PLR2004 - the fewest of any address
            return ""
        if bare != "::" and is_address(bare):
            return bare
        bare = bare.rpartition(":")[0]
    return ""


def is_address(text: str) -> bool:
    """Whether the whole text is an IP address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# ── names ───────────────────────────────────────────────────────────────────────────────────────────────────

_NO_NAME = r"\s<>()\[\],;:\"'=`{}|"
_MAIL = re.compile(rf"(?<![^{_NO_NAME}])[^{_NO_NAME}@]+@[^{_NO_NAME}]+")
_KEY = (
    r"(?<![^\W_])(?:[a-z]+_)?(?:user|username|login|account|acct|authid|authzid|ruser|logname|name|mailbox|owner|from|to"
    r"|mail|email|cn|uid|dn)"
)
_QUOTED_KEY = r"(?<![\w-])(?:[a-z]+_)?(?:user|username|account|mailbox|owner|email)"
# `user=<x>`, `user: x`, `user="x y"`, `"user":"x"`.
_VALUE = re.compile(
    rf"""(?:{_KEY}\\?["']?=|{_QUOTED_KEY}\\?["']?:\s?)"""
    r"""(?:<([^<>]+)>|\\?"([^"\\]+)|'([^']+)'|([^\s<>"'(),;=\\][^\s<>"'(),;\\]*))""",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"(?:\bUSER|\bAPOP|(?<=[:>\"\t,])\s?user)[\s,]\s*[`'<(]?([^\s\",\\`'<>()]+)")
# `pop3(x)`, `sql(x,192.0.2.1)`, `proxy(x)`: Dovecot and similar; a short number is a process id.
_CALLED = re.compile(r"(?<![\w-])[a-z0-9][\w-]{0,60}\(([^(),<>]+)[),]", re.IGNORECASE)
_CALLERS = re.compile(
    r"(?:pop3|imap|lda|lmtp|auth|sql|ldap|pam|passwd|passdb|userdb|shadow|bsdauth|checkpassword|static|dict|lua|oauth2"
    r"|proxy|doveadm|indexer|quota|submission|sieve|managesieve|user|plain|login|cram|digest|scram|gssapi|ntlm|apop)",
    re.IGNORECASE,
)
# The same of any caller, with the client's address after the name.
_CALLED_FROM = re.compile(r"(?<![\w-])[a-z0-9][\w-]{0,60}\(([^(),<>]+),(?=[0-9A-Fa-f:.]{2,45}[,)])", re.IGNORECASE)
# Plesk's Courier.
_CHECKED = re.compile(r"checkmailpasswd: FAILED: (.{1,300}) - [\w ]{1,80} from ")
# What Dovecot's processes send each other: `USER`, a number, and a name, separated by tabs.
_TABBED = re.compile(r"\b(?:USER|NOTFOUND|FAIL|OK)\t+\d{1,10}\t+([^\s=]+)(?!\S)")
# `user x`, `mailbox x`, `for x`: the second word may also be an ordinary word.
_LOOSE = re.compile(
    r"(?<![^\W_])(?:user|username|account|login|logged in|mailbox|maildrop|for)\s+"
    r"[\"'`<(\[]?([^\s\"'`<>(),;:\[\]=]++)(?!=)",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"""(?<![\w\\])(?:"([^"\\=;\t]{1,64})"(?!\s?:)|\\"([^"\\=;\t]{1,64})\\"(?!\s?:)|'([^'=;\t]{1,64})'"""
    r"""|[`]([^`']{1,64})['`]|<([^<>]{1,64})>)"""
)
_ANYTHING_BUT_WORDS = 4


def names(text: str) -> Iterator[Found]:
    """Mail addresses, and words in places where names appear."""
    for match in _MAIL.finditer(text):
        yield Found(match.start(), match[0].rstrip(".!?"), What.NAME)
    for pattern, spreads in ((_VALUE, True), (_COMMAND, True), (_LOOSE, False), (_QUOTED, False)):
        for match in pattern.finditer(text):
            group = match.lastindex or 0
            if not _is_wording(match[group], quoted=pattern is _QUOTED):
                yield Found(match.start(group), match[group], _kind(match[group]), spreads)
    for pattern in (_CALLED_FROM, _TABBED, _CHECKED):
        for match in pattern.finditer(text):
            if not is_plain(match[1]):
                yield Found(match.start(1), match[1], _kind(match[1]))
    for match in _CALLED.finditer(text):
        if _CALLERS.match(match[0]) and not is_plain(match[1]):
            yield Found(match.start(1), match[1], _kind(match[1]))


def _is_wording(text: str, *, quoted: bool = False) -> bool:
    """Whether it is a server's wording and not a name; for a quoted sentence, whether half of the words are."""
    words = [word for word in _WORD.findall(text) if not word.isdigit()]
    known = [word.lower() in VOCABULARY for word in words]
    if not quoted or all(known):
        return all(known)
    is_sentence = " " in text.strip() and (2 * sum(known) >= len(words) or len(words) > _ANYTHING_BUT_WORDS)
    return is_sentence or not any(len(word) > 1 for word in words)


def _kind(text: str) -> What:
    return What.ADDRESS if is_address(text) else What.NAME


# ── domains, paths ──────────────────────────────────────────────────────────────────────────────────────────

_DOMAIN = re.compile(r"(?<![\w.@-])(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+([^\W\d_]{2,24})\.?(?![\w=-])")
_PATH = re.compile(
    r"/(?:home|users|vmail|mail|mailboxes|maildirs?|virtual|vhosts|domains|spool)(/[^\s'\"`<>(),;:]*)", re.IGNORECASE
)
_SHORT = 3
_COMPONENT = re.compile(r"[^/]+")


def domains(text: str) -> Iterator[Found]:
    """Host names, but not file names."""
    for match in _DOMAIN.finditer(text):
        ending = match[1]
        is_class = not (ending.islower() or ending.isupper() or len(ending) <= _SHORT)  # Java's
        if not is_class and ending.lower() not in ENDINGS and not is_plain(match[0]):
            yield Found(match.start(), match[0].rstrip("."), What.DOMAIN)


def paths(text: str) -> Iterator[Found]:
    """Directories below those of mailboxes."""
    for match in _PATH.finditer(text):
        for component in _COMPONENT.finditer(match[1]):
            if not is_plain(component[0]):
                yield Found(match.start(1) + component.start(), component[0], What.NAME, spreads=False)


# A relay's or an agent's host, between two stamps.
_RELAY = re.compile(
    r"\d\d:\d\d:\d\d\S{0,14} \(?([^\s:()<>\[\]{}\"'=,]{1,255}?)\)?(?:->\S{1,255})? +(?:[^\s:]{1,255} +)?"
    r"(?=[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d |\d{4}-\d\d-\d\dT\d\d:)"
)


def relays(text: str) -> Iterator[Found]:
    """Hosts that are named before the line's own."""
    for match in _RELAY.finditer(text):
        if not is_plain(match[1]):
            yield Found(match.start(1), match[1], _kind(match[1]) if is_address(match[1]) else What.HOST)


DETECTORS: tuple[Detector, ...] = (secrets, addresses, names, identifiers, domains, paths, relays)
