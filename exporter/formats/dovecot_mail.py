"""Dovecot's mail process, `pop3(USER)<PID><SESSION>: `: how a session ended, and its bytes.

`Disconnected: REASON STATISTICS`; up to 2.3.14 without "Disconnected: ". Before it stands `mail_log_prefix`
(`exporter.formats.dovecot_prefix`), after it `pop3_logout_format` (`exporter.formats.dovecot_stats`). A session whose
user could not be set up has no end line, only an error. All of these lines belong to a logged-in session, so none
begins one. Lines of the documented forms are parsed in a fast path with the same results as the general one.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from exporter.catalogue import Reason
from exporter.formats.dovecot_prefix import SERVICE, Prefix, read_documented, read_prefix, read_whole
from exporter.formats.dovecot_stats import Stats, has_stats, read_leading_stats, read_loose_stats, read_stats
from exporter.model import Fact, Kind, Verdict

_N = rb"\d{1,15}"
_DOCUMENTED = re.compile(
    rb"[Pp][Oo][Pp]3\(([^\s()<>,;|/:=]+)\)(?:<(\d{1,10})><([^<>]+)>)?: (?:Info: )?(?:Disconnected: )?"
    rb"(Logged out|Connection closed|Inactivity - no input for \d{1,9} secs|Disconnected for inactivity)"
    rb" top=%b/(%b), retr=%b/(%b), del=%b/%b, size=%b(?:, deleted_bytes=%b)?(?:, in=(%b), out=(%b))?"
    rb"(?:, rip=[\w.:]{1,45})?(?:, session=<([^<>]{1,200})>)?" % ((_N,) * 10)
)
_DOCUMENTED_REASONS: Final[Mapping[bytes, Reason]] = {
    b"L": Reason.LOGOUT, b"C": Reason.CLOSED, b"I": Reason.TIMEOUT, b"D": Reason.TIMEOUT,
}  # fmt: skip

_REASON = re.compile(
    rb"(?:Disconnected(?:: |(?= for )))?(?:"
    rb"(?P<logout>Logged out|Logout\b)"
    rb"|(?P<bad_commands>Too many (?:bad|invalid) commands)"
    rb"|(?P<line_too_long>Input line too long|Input buffer full)"
    rb"|(?P<timeout>Inactivity|Disconnected for inactivity| ?for inactivity|Client has not read server output)"
    rb"|(?P<mailbox_locked>Couldn't lock )"
    rb"|(?P<mailbox_error>Mailbox |Storage error|POP3 UIDLs|Couldn't (?:open|init|sync|list) |Can't |Failed to"
    rb"|No INBOX|[Nn]amespace |mail_location|Mail storage|Invalid user settings)"
    rb"|(?P<shutdown>(?:Server s|S)hutting down)"
    rb"|(?P<killed>User kicked|Kicked)"
    rb"|(?P<internal_error>Internal error|Out of memory|BUG:)"
    rb"|(?P<reset>Connection closed: )"
    rb"|(?P<closed>Connection closed|Disconnected\.?(?= [\w(\[]+[=: ]|$)))"
)
# These wordings appear in many texts; only statistics or "Disconnected: " make them an end.
_FREE = frozenset((Reason.MAILBOX_ERROR, Reason.INTERNAL_ERROR))
_BARE = frozenset((Reason.LOGOUT, Reason.CLOSED))
_DISCONNECTED = b"Disconnected: "
_ERRONEOUS = re.compile(rb"(?i)fail|error|invalid|denied|missing|not |couldn't|can't|unknown|no such|without")

_LEVEL = re.compile(rb"(?:(Info)|(?:Error|Warning|Debug|Fatal|Panic)): ")
_KILLED = re.compile(rb"master: service\([^)]*\): child \d+ (?:killed with|returned error)")
# The user could not be set up: no other line logs the end.
_SET_UP = re.compile(
    rb"(?:user (?P<user>.{1,300}?): )?(?:"
    rb"(?P<mailbox_error>(?:User i|I)nitialization failed|Failed to initialize user|Invalid user settings)"
    rb"|(?P<internal_error>Couldn't drop privileges|Internal error occurred|Invalid settings |Failed to expand settings"
    rb"|Mail access |User is missing |Unknown (?:user|UNIX)|userdb returned 0|Invalid userdb input"
    rb"|Relative home directory|Error reading configuration))",
    re.DOTALL,
)
# What follows the line about such a user, of the same process.
_REFERS = b". Refer to server log for more information."
# What the process and its plugins also log at level Info, which syslog does not write.
_NOTICE = re.compile(
    rb"[\w+ -]{1,40}: (?:box|uid|msgid|root|data|type|location|flags|size)="
    rb"|copy from [^:]{1,200}: |Mailbox (?:created|deleted|renamed): |Mailbox \S{1,200} UIDVALIDITY"
    rb"|(?:sieve|fts|quota|acl|zlib|trash|expire|lazy_expunge|mail_log|notify|dict|Quota|auth|maildir|mbox|dbox|mdbox"
    rb"|sdbox|imapc|pop3c|fs|shared|none|Trash|virtual|listescape|mail_crypt|stats|last_login|welcome)[\w+ ()-]{0,40}: "
    rb"|Effective |Loading modules|Module |Time (?:just )?moved|pop3_\w+ setting|Killed with signal|Home dir|Root dir"
    rb"|Namespace(?: \S{0,80})?: (?:type=|Using permissions|Permission lookup)|Transaction rolled back: |Connected to "
    rb"|(?:fs quota|autocreate|convert|cydir|lucene)\b|UIDVALIDITY changed|Received valid SSL "
)

# Where a prefix ends: before a level or a known wording, else after its colon. Brackets are skipped.
_TEXT = rb"(?:(?:Info|Error|Warning|Debug|Fatal|Panic): |Disconnected\b|" + _REASON.pattern + rb")"
_TEXT = re.sub(rb"\?P<\w+>", rb"?:", _TEXT)
_BOUNDARY = re.compile(
    rb"(?>\([^()]*\)|<[^<>]*>|\[[^\[\]]*\]|\{[^{}]*\}|.)*?(?:(?:^|(?<=[\s:>\])}]))(?=%b)|: )" % _TEXT, re.DOTALL
)
# Atomic groups, because Python before 3.11.5 (Debian 12's) gets `*+` wrong where the repeated part may backtrack.
_GAP = re.compile(
    rb"(?:(?>(?:[\w.@+/=,;|-]|:(?! ))*)(?>(?:<[^<>]*>|\[[^\[\]]*\]|\([^()]*\))*)[,;.|]?:? ){1,12}?(?=%b)" % _TEXT
)
_LONGEST_PREFIX = 600

# Makes a Fact with all its fields, without the named tuple's own constructor, which is Python code.
_new_fact: Callable[[Any, Any], Fact] = tuple.__new__
_REST = tuple(Fact(Kind.END))[17:]


def read_mail(message: bytes) -> Fact | Verdict:
    """The fact of a line that begins with `pop3`."""
    documented = _DOCUMENTED.fullmatch(message)
    if documented is None:
        return read_any_mail(message)
    user, process, key, why, top, retr, received, sent, told = documented.groups()
    if process is None:
        if user[:1].isdigit():  # or a process, or an address
            return read_any_mail(message)
        key = told
    reason = _DOCUMENTED_REASONS[why[:1]]
    fields: tuple[object, ...]
    if received:
        fields = (Kind.END, key, user, None, reason, 0, 0, int(received), int(sent), False, b"", True, "bytes")
    else:
        fields = (Kind.END, key, user, None, reason, 0, 0, None, int(top) + int(retr), False, b"", True, "no_bytes")
    return _new_fact(Fact, (*fields, not key, False, False, process, *_REST))


def read_any_mail(message: bytes, level: bytes = b"") -> Fact | Verdict:
    """The general path, for any `mail_log_prefix` and `pop3_logout_format`.

    `level`: what stood before the message (1.x), else it follows the prefix.
    """
    found = _split(message)
    if found is None:
        return Verdict.UNMATCHED
    prefix, at = found
    told = _LEVEL.match(message, at)
    if told is not None:
        at = told.end()
    text = message[at:]
    if (told is not None and not told[1]) or level not in (b"", b"Info"):
        return _error(text, prefix)
    return _ended(text, prefix, message[:at])


def _split(message: bytes) -> tuple[Prefix, int] | None:
    """The prefix, and where the text after it begins; None: there is none."""
    documented = read_documented(message)
    if documented is not None:
        at = documented[1]
        if _begins(message, at):
            return documented
        gap = _GAP.match(message, at, at + _LONGEST_PREFIX)
        if gap is None:
            return read_whole(message) or documented
        return read_prefix(message[: gap.end()]), gap.end()
    service = SERVICE.search(message, 0, _LONGEST_PREFIX)
    start = 0 if service is None else service.end()
    boundary = _BOUNDARY.match(message, start, start + _LONGEST_PREFIX)
    if boundary is None:
        return None
    at = boundary.end()
    gap = None if _begins(message, at) else _GAP.match(message, at, at + _LONGEST_PREFIX)
    at = at if gap is None else gap.end()
    return read_prefix(message[:at]), at


def _begins(message: bytes, at: int) -> bool:
    """Whether a known text begins at `at`."""
    return bool(_LEVEL.match(message, at) or _REASON.match(message, at) or _NOTICE.match(message, at))


def _ended(text: bytes, prefix: Prefix, before: bytes) -> Fact | Verdict:
    """The fact of a line of level Info."""
    match = _REASON.match(text)
    reason = None if match is None else Reason(match.lastgroup or "")
    stats = read_loose_stats(text, match.end()) if match is not None and reason in _BARE else read_stats(text)
    certain = text.startswith(_DISCONNECTED) or (reason is not None and reason not in _FREE)
    if not certain and _NOTICE.match(text):
        return Verdict.IGNORED
    if not certain and not has_stats(text, stats):
        return Verdict.UNMATCHED
    if reason is None:
        plain = text.startswith(_DISCONNECTED) and not _ERRONEOUS.search(text[: stats.begin])
        reason = Reason.UNSPECIFIED if plain else Reason.MAILBOX_ERROR
    if not stats.trait:
        stats = read_leading_stats(before, stats)
    return _end(prefix, reason, stats)


def _end(prefix: Prefix, reason: Reason, stats: Stats) -> Fact:
    bad = 21 if reason is Reason.BAD_COMMANDS else int(reason is Reason.LINE_TOO_LONG)
    key = prefix.key or stats.key
    return Fact(
        Kind.END, key, prefix.user, None, reason, 0, bad, stats.received, stats.sent, ok=True, trait=stats.trait,
        by_user=not key, process=prefix.process,
    )  # fmt: skip


def _error(text: bytes, prefix: Prefix) -> Fact | Verdict:
    """A line of an error level: the session's last line, or one of many."""
    user, process, key = prefix
    if _KILLED.match(text):
        if not key and (user is None or user == process):  # no user yet; the login process logs the connection
            return Verdict.IGNORED
        return Fact(Kind.END, key, user, reason=Reason.KILLED, ok=True, by_user=not key, process=process)
    set_up = _SET_UP.match(text)
    if set_up is None:
        return Verdict.IGNORED
    user = user or set_up["user"]
    if not (key or process or (user and not text.endswith(_REFERS))):  # the line before has logged the end
        return Verdict.IGNORED
    reason = Reason.MAILBOX_ERROR if set_up["mailbox_error"] else Reason.INTERNAL_ERROR
    return Fact(Kind.END, key, user, reason=reason, ok=True, by_user=not key, process=process)
