"""What viewers of containers and files write before a line."""

from zoneinfo import ZoneInfo

import pytest

from exporter.envelopes import Opener, is_container_id
from exporter.envelopes.programs import program_of
from exporter.model import Record, Verdict

# 2026-11-22 12:00 UTC
NOW = 1795348800
AT = 1795329734  # 06:42:14
OWN = Record(AT, b"", b"", b"", b"pop3-login: Info: Login: x")
SYSLOG = Record(AT, b"mx1", b"dovecot", b"12", b"pop3-login: Login: x")


def opened(*lines: bytes) -> list[Record | Verdict | None]:
    opener = Opener(ZoneInfo("UTC"))
    opener.begin("mail.log", NOW, NOW)
    return [opener.open(line) for line in lines]


@pytest.mark.parametrize(
    "prefix",
    [
        b"mail-1  | ",
        b"dovecot-mailcow-1  | ",
        b"\x1b[36mmail-1  |\x1b[0m ",
        b"mail_dovecot.1.x7dq2@node1    | ",
        b"[dovecot] | ",
        b"[pod/mail-0/dovecot] ",
        b"8f3c2a1b9d0e ",
        b"dovecot ",
        b"mail-0 dovecot ",
        b"mail.log.1:",
        b"/var/log/mail.log:12:",
        b"12:",
        b"    12\t",
        b"     12 ",
    ],
)
@pytest.mark.parametrize("times", [b"", b"2026-11-22T06:42:14.123456789Z ", b"2026-11-22T07:42:14+01:00 "])
def test_viewers(prefix: bytes, times: bytes) -> None:
    """docker compose, docker service, podman, kubectl, stern, grep, cat and less, with `--timestamps` and without."""
    own = prefix + times + b"Nov 22 06:42:14 pop3-login: Info: Login: x"
    syslog = prefix + times + b"Nov 22 06:42:14 mx1 dovecot[12]: pop3-login: Login: x"
    assert [OWN, SYSLOG, OWN] == opened(own, syslog, own)


def test_papertrail() -> None:
    """The columns of its archives: id, stamp, when it came, source, host, address, facility, level, program."""
    head = b"5072060000000001\t2026-11-22T06:42:14Z\t2026-11-22T06:42:15Z\t7\tmx1\t192.0.2.1\tMail\tInfo\tdovecot[12]\t"
    assert [SYSLOG] == opened(head + b"pop3-login: Login: x")


@pytest.mark.parametrize("labels", [b'{host="mx1", job="mail"}', b'{app="a}b", filename="/var/log/mail.log"}', b"{}"])
def test_logcli(labels: bytes) -> None:
    """Loki's labels stand behind its stamp, before a whole line or a message alone."""
    stamp = b"2026-11-22T06:42:14Z " + labels + b" "
    host = b"mx1" if b"host" in labels else b""
    whole, alone = (
        stamp + b"Nov 22 06:42:14 mx1 dovecot[12]: pop3-login: Login: x",
        stamp + b"pop3-login: Info: Login: x",
    )
    assert [SYSLOG, OWN._replace(host=host), SYSLOG] == opened(whole, alone, whole)


def test_times_alone() -> None:
    """The viewer's stamp is enough."""
    line = b"[pod/mail-0/dovecot] 2026-11-22T06:42:14.123456789Z pop3-login: Info: Login: x"
    assert [OWN] == opened(line)
    assert [OWN] == opened(line.partition(b"] ")[2])


def test_without_a_stamp() -> None:
    """A line without any is malformed, prefix or not."""
    lines = (
        b"mail-1  | pop3-login: x",
        b"[pod/mail-0/dovecot] pop3-login: x",
        b"mail.log:pop3-login: x",
        b"a b c 12:13:14 x",
    )
    assert [Verdict.MALFORMED] * 4 == opened(*lines)


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        (True, b"8f3c2a1b9d0e"),
        (True, "2359d3e20b39"),
        (True, b"8f3c2a1b9d0e" + b"0" * 52),
        (True, "mail-5d4f8b9c7d-x2x4z"),
        (False, b"mail-0"),
        (False, b"mx1"),
        (False, "8F3C2A1B9D0E"),
        (False, b"8f3c2a1b9d0e0"),
        (False, b"mail-server-front"),
        (False, ""),
    ],
)
def test_container_ids(expected: bool, name: bytes | str) -> None:  # noqa: FBT001 - parametrized
    """Names that a runtime makes up anew: such a host needs `server:` in the configuration."""
    assert expected is is_container_id(name)


@pytest.mark.parametrize(
    ("expected", "word"),
    [
        (b"dovecot", b"dovecot"),
        (b"dovecot", b"dovecot.service"),
        (b"popa3d", b"popa3d@7-192.0.2.1:110.service"),
        (b"", b"8f3c2a1b9d0e"),
        (b"docker/dovecot", b"docker/dovecot"),
    ],
)
def test_program_of_a_tag(expected: bytes, word: bytes) -> None:
    """A unit is its program's; a container's id is nobody's."""
    assert expected == program_of(word)
