"""Every run of the other servers: what the log comes to equals what its clients did, per measure, domain and user.

Where a log cannot tell, the server's table of meanings says so, line by line; here whole measures are left out with
their reason. All envelopes of a run come to the same.
"""

from pathlib import Path

import pytest

from exporter.catalogue import MEASURES, Quality, Reason
from exporter.formats import formats_of
from exporter.formats.tabled import NO_PROCESS
from tests.truth.books import HERE, Book, logs_of, sessions_of
from tests.truth.servers import MEANINGS, compared

RUNS = [(server, path.stem) for server in MEANINGS for path in sorted((HERE / server).glob("*.json"))]
ALL = tuple(measure.name for measure in MEASURES)
BYTES = ("received_bytes", "sent_bytes")
BAD = ("bad_commands", "bad_command_connections")

# (server, run) -> measures that are not compared, and why.
UNTOLD: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("cyrus", "3.6.1-default"): (
        (*BYTES, *BAD, "connections", "terminations"),
        "without auditlog and chatty: no bytes, no commands, and exits of processes look like connections",
    ),
    ("cyrus", "3.6.1-special"): (BYTES, "sent bytes are low, and what user_deny_db refused was not read to its end"),
    ("cyrus", "3.6.1-bulk-recommended"): (("sent_bytes",), "low by 1 % with RETR"),
    ("cyrus", "3.6.1-recommended"): (
        (*BYTES, *BAD),
        "sent bytes are low; clients that sent junk and left saw neither all their bytes read nor all answers",
    ),
}
# Quality that the untold and the tables' exceptions ask for, after all lines of a recommended log.
CLAIMS = {"connections": Quality.EXACT, "logins": Quality.EXACT}


def log_and_clients(server: str, run: str, path: Path) -> tuple[Book, Book]:
    """What the log says, and what the clients did."""
    return compared(server, path, sessions_of(server, run))


@pytest.mark.parametrize(("server", "run"), RUNS)
def test_the_log_comes_to_what_the_clients_did(server: str, run: str) -> None:
    """Amounts by measure, domain and user."""
    log, clients = log_and_clients(server, run, logs_of(server, run)[0])
    untold = UNTOLD.get((server, run), ((), ""))[0]
    told = [measure for measure in ALL if measure not in untold]
    assert clients.only(*told) == log.only(*told)


@pytest.mark.parametrize(("server", "run"), RUNS)
def test_ends_are_those_that_the_clients_saw(server: str, run: str) -> None:
    """By reason; terminations and blocked connections are sums of them."""
    log, clients = log_and_clients(server, run, logs_of(server, run)[0])
    if (server, run) == ("cyrus", "3.6.1-special"):  # without chatty a QUIT has no line
        clients.ends[Reason.UNSPECIFIED] += clients.ends.pop(Reason.LOGOUT)
    if (server, run) != ("cyrus", "3.6.1-default"):
        assert clients.ends == log.ends
    by_class = {end: sum(n for reason, n in log.ends.items() if reason.end == end) for end in ("terminated", "blocked")}
    assert (by_class["terminated"], by_class["blocked"]) == (
        log.total("terminations"),
        log.total("blocked_connections"),
    )


@pytest.mark.parametrize(("server", "run"), [one for one in RUNS if len(logs_of(*one)) > 1])
def test_all_envelopes_of_a_run_come_to_the_same(server: str, run: str) -> None:
    """RFC 3164, ISO 8601 and RFC 5424 from one syslog; nginx' own file beside them."""
    first, *others = (
        log_and_clients(server, run, path)[0]
        for path in logs_of(server, run)
        # In its own file a name with a newline breaks the line: one failure goes to `unknown`.
        if path.name != "1.22.1-info.log"
    )
    for other in others:
        assert (first.amounts, first.ends) == (other.amounts, other.ends)


def test_a_file_of_nginx_differs_by_the_name_with_a_newline_only() -> None:
    """Syslog escapes it, the file does not."""
    own = next(path for path in logs_of("nginx", "1.22.1-info") if path.name == "1.22.1-info.log")
    syslog = next(path for path in logs_of("nginx", "1.22.1-info") if ".iso." in path.name)
    file, _ = log_and_clients("nginx", "1.22.1-info", own)
    escaped, _ = log_and_clients("nginx", "1.22.1-info", syslog)
    assert file.ends == escaped.ends
    for measure in ALL:
        assert file.total(measure) == escaped.total(measure)


def test_courier_without_debug_misses_those_who_never_tried(tmp_path: Path) -> None:
    """A syslog that drops mail.debug has no `Connection` and `Disconnected`: fewer connections, all else the same."""
    path = logs_of("courier", "1.0.16-bulk")[0]
    kept = tmp_path / path.name
    debug = (b": Connection, ", b": Disconnected, ")
    lines = path.read_bytes().splitlines(keepends=True)
    kept.write_bytes(b"".join(line for line in lines if not any(word in line for word in debug)))
    log, clients = log_and_clients("courier", "1.0.16-bulk", kept)
    sessions = sessions_of("courier", "1.0.16-bulk")
    silent = [one for one in sessions if one["end"] != "quit" and not one.get("login_ok") and not one.get("login_fail")]
    assert len(silent) > 0
    assert clients.total("connections") - len(silent) == log.total("connections")
    for measure in ("logins", "login_failures", *BYTES):
        assert clients.only(measure) == log.only(measure)


def test_cyrus_without_auditlog_counts_exits_of_processes() -> None:
    """So its connections are an estimate: those that the clients made, and at most one a process."""
    path = logs_of("cyrus", "3.6.1-default")[0]
    log, clients = log_and_clients("cyrus", "3.6.1-default", path)
    processes = {line.split(b"[")[1].split(b"]")[0] for line in path.read_bytes().splitlines() if b"/pop3" in line}
    assert abs(log.total("connections") - clients.total("connections")) <= len(processes)
    # An idle process that is told to go may have had a client: one was connected and had said nothing.
    assert clients.ends[Reason.SHUTDOWN] - 1 == log.ends[Reason.SHUTDOWN]


def test_cyrus_counts_sent_bytes_a_little_low() -> None:
    """About 1 % with RETR, so they are a lower bound; received ones are exact."""
    log, clients = log_and_clients("cyrus", "3.6.1-bulk-recommended", logs_of("cyrus", "3.6.1-bulk-recommended")[0])
    assert 0.98 < log.total("sent_bytes") / clients.total("sent_bytes") <= 1
    assert clients.total("received_bytes") == log.total("received_bytes")


@pytest.mark.parametrize("server", MEANINGS)
def test_what_is_compared_exactly_is_called_exact(server: str) -> None:
    """Connections (Courier's and Cyrus' with their settings) and logins can be trusted."""
    form = formats_of(server)[0]
    best = dict(form.quality)
    for trait, qualities in form.traits.items():
        if trait != NO_PROCESS:
            best.update(qualities)
    for measure, quality in CLAIMS.items():
        assert quality == best[measure]
    for measure in ALL:
        if best[measure] is Quality.NONE:
            assert 0 == sum(
                log_and_clients(server, run, logs_of(server, run)[0])[0].total(measure)
                for name, run in RUNS
                if name == server
            )
