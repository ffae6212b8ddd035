"""Words between a stamp and a message: who wrote it, and which words are no program."""

import re
from functools import lru_cache
from typing import Final

# syslog's facilities and levels, as FreeBSD (`<mail.info>`), AIX (`mail:info`), busybox and OpenWrt write them.
FACILITY: Final = (
    rb"(?:auth|authpriv|cron|daemon|ftp|kern|lpr|mail|news|syslog|user|uucp|local[0-7])"
    rb"[.:](?:emerg|panic|alert|crit|err|error|warn|warning|notice|info|debug)"
)
_LEVELS: Final = ("Debug", "Info", "Notice", "Warning", "Error", "Fatal", "Panic", "Critical")
_DOVECOT: Final = (
    *("pop3-login", "imap-login", "pop3", "imap", "POP3", "IMAP", "auth", "auth-worker", "master", "log", "stats"),
    *("anvil", "config", "doveadm", "indexer", "indexer-worker", "lmtp", "lda", "deliver", "ssl-params", "script"),
    *("managesieve", "managesieve-login", "submission", "submission-login", "director", "replicator", "dict"),
)
# Dovecot's processes begin its text, whatever comes before: `pop3-login: ...`, `pop3(user)<7><id>: ...`.
PROCESS: Final = rb"(?:" + "|".join(sorted(_DOVECOT, key=len, reverse=True)).encode() + rb")(?:: |\()"
# Followed by a colon, these begin the text of Dovecot's own log files, where syslog would have a program's name.
OWN_WORDS: Final = frozenset(
    f"{word}:".encode() for word in (*_DOVECOT, *_LEVELS, *map(str.lower, _LEVELS), *map(str.upper, _LEVELS))
)
# The names of programs that serve POP3, as in tags.
SERVERS: Final = (
    rb"(?:[\w.+-]{1,32}/)?(?:dovecot[\w.-]{0,32}|perdition[\w.-]{0,32}|(?:in\.)?q?popper|popa3d|pop3s?|tpop3d|nginx"
    rb"|[a-z.-]{0,16}pop[23]?(?:d|login)[\w.-]{0,16})"
)
# A line with one of these has a POP3 server's text; `journalctl -o verbose` and `json-pretty` write MESSAGE.
MARK: Final = re.compile(
    rb"^\s+\"?MESSAGE\"? ?[=:]|\b(?:pop3-login|"
    + SERVERS
    + rb")(?:\[\d{0,9}\])?: |\b(?:pop3|POP3)\([^()\s]{0,255}\)(?:<[^<>\s]{0,64}>){0,2}: "
)

_CONTAINER = re.compile(rb"[0-9a-f]{12}(?:[0-9a-f]{52})?")
# Kubernetes gives the pods of a deployment new names at each roll-out; it uses only these letters.
_POD = re.compile(rb"[a-z0-9][a-z0-9.-]*-[bcdfghjklmnpqrstvwxz2456789]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}")


def is_container_id(name: bytes | str) -> bool:
    """Whether a container runtime made up a host's or program's name: the next container has another.

    docker and podman: 12 or 64 hexadecimal digits; Kubernetes: a pod of a deployment (`mail-5d4f8b9c7d-x2x4z`).
    """
    if isinstance(name, str):
        name = name.encode(errors="replace")
    return _CONTAINER.fullmatch(name) is not None or _POD.fullmatch(name) is not None


def host_problem(host: bytes) -> str:
    """A remedy if lines have a host of that kind; empty: they have not."""
    if not is_container_id(host):
        return ""
    return (
        f"the host in the lines is {host.decode(errors='replace')}, a name that a container runtime made up: after the"
        " next start it would be another server; set server: in the configuration, or --server"
    )


@lru_cache(maxsize=1024)
def program_of(word: bytes) -> bytes:
    """The program that a tag names; empty: none, because it is a container's id.

    `journalctl -o with-unit` writes the unit: `dovecot.service`, `popa3d@7.service`.
    """
    if is_container_id(word):
        return b""
    return word[: -len(b".service")].partition(b"@")[0] if word.endswith(b".service") else word
