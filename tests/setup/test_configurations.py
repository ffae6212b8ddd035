"""What the servers' own configurations say of their logs."""

from pathlib import Path

import pytest

from exporter.setup import cyrus, nginx, perdition, syslog
from exporter.setup.ownlogs import TO_SYSLOG, OwnLogs
from tests.setup.trees import RSYSLOG, tree

PROXY = "mail { error_log %s; server { listen 0.0.0.0:110; } }"


@pytest.mark.parametrize(
    ("text", "files", "facility", "advised"),
    [
        (
            "error_log /var/log/nginx/e.log info;\nmail { server { protocol pop3; } }",
            ("/var/log/nginx/e.log",),
            "",
            False,
        ),
        ("error_log /a.log;\n" + PROXY % "/b.log info", ("/b.log",), "", False),
        ("# error_log /c.log info;\n" + PROXY % "'/d e.log' debug", ("/d e.log",), "", False),
        ("mail { server { listen [::]:995 ssl; } }", (nginx.DEFAULT_LOG,), "", True),
        (PROXY % "/b.log warn", ("/b.log",), "", True),
        (PROXY % "syslog:server=unix:/dev/log,facility=mail info", (), "mail", False),
        (PROXY % "syslog:server=192.0.2.1 info", (), "local7", False),
    ],
)
def test_nginx(text: str, files: tuple[str, ...], facility: str, advised: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """The log of the block `mail` goes before that of the whole; below `info` no session is logged."""
    found = nginx.own_logs(tree(tmp_path, {"/etc/nginx/nginx.conf": text}))
    assert (files, facility, True) == (found.files, found.facility, found.serves)
    assert advised == bool(found.advice)


def test_nginx_includes(tmp_path: Path) -> None:
    """Files that are included count where they stand; a circle of them ends."""
    files = {
        "/etc/nginx/nginx.conf": "error_log /x.log info; include mail.d/*.conf; include nginx.conf;",
        "/etc/nginx/mail.d/pop3.conf": "mail { server { listen 110; } }",
    }
    assert OwnLogs(files=("/x.log",)) == nginx.own_logs(tree(tmp_path, files))


@pytest.mark.parametrize(
    "text", ["", "http { server { listen 110; } }", "mail { server { listen 143; } }", "}{;;", "'"]
)
def test_nginx_without_pop3(text: str, tmp_path: Path) -> None:
    """It is no POP3 server, whatever stands in its configuration."""
    assert not nginx.own_logs(tree(tmp_path, {"/etc/nginx/nginx.conf": text})).serves


def test_perdition(tmp_path: Path) -> None:
    """A facility of syslog, or a file."""
    assert TO_SYSLOG == perdition.own_logs(tree(tmp_path, {}))
    tree(tmp_path, {"/etc/perdition/perdition.conf": "# log_facility local1\nlog_facility local3\n"})
    assert OwnLogs(facility="local3") == perdition.own_logs(tree(tmp_path, {}))
    machine = tree(tmp_path, {"/etc/perdition/perdition.pop3.conf": "log_facility /var/log/perdition.log"})
    assert OwnLogs(files=("/var/log/perdition.log",)) == perdition.own_logs(machine)


@pytest.mark.parametrize(
    ("text", "serves"),
    [('  pop3\tcmd="pop3d -U 30" listen="pop3"', True), ('  #pop3 cmd="pop3d"', False), ("", True)],
)
def test_cyrus(text: str, serves: bool, tmp_path: Path) -> None:  # noqa: FBT001
    """By the services of its master."""
    assert serves == cyrus.own_logs(tree(tmp_path, {"/etc/cyrus.conf": text})).serves


@pytest.mark.parametrize(
    ("rules", "files"),
    [
        (RSYSLOG, ["/var/log/mail.log", "/var/log/syslog"]),
        ("*.info;mail.none;authpriv.none /var/log/messages\nmail.* -/var/log/maillog", ["/var/log/maillog"]),
        ("mail.err /var/log/mail.err\nmail.info -/var/log/mail.info", ["/var/log/mail.info"]),
        ("lpr,mail.* /var/log/both;Template", ["/var/log/both"]),
        ("#mail.* /var/log/mail.log", []),
    ],
)
def test_rules_of_syslog(rules: str, files: list[str], tmp_path: Path) -> None:
    """Files that take what servers tell of sessions; those for mail alone come first."""
    assert files == syslog.files_of(tree(tmp_path, {"/etc/rsyslog.d/50-default.conf": rules}), "mail")
