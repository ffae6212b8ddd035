"""Every run of a real Dovecot: what the log comes to equals what its clients did, connection by connection.

Addresses tell connections apart: the clients bound another one for nearly every connection. Where the log cannot
tell, the table below says why.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from exporter.catalogue import UNKNOWN, End
from exporter.formats.dovecot import Dovecot
from tests.formats.samples import HERE as SAMPLES
from tests.truth.meanings import HERE, USER_REFUSED, Seen, truth
from tests.truth.replaying import Charged, names_of, replayed

RUNS = sorted(path.stem for path in (HERE / "dovecot").glob("*.json"))
# Runs without auth_verbose tell fewer failures and no reason; runs with 2.2's prefix tie sessions by user only.
QUIET = {"2.3.19-default-syslog", "2.4.1-default-file"}
BY_USER = {"2.3.19-legacy22style-file"}
WITH_BYTES = [run for run in RUNS if "recommended" in run or "events" in run or "timeouts" in run]
# Behind a proxy or a front end the log shows the address that those declare.
DECLARED = ("xclient_", "haproxy_header")
# A probe of the test bed that its truth does not hold: it waited for a greeting while auth was stopped.
UNRECORDED = {"2.3.19-special-recommended-file": 1}

# scenario -> what the log cannot tell.
UNTOLD_FAILURES = {
    "pass_without_user": "PASS without USER is answered by the login process and logged nowhere",
}
UNTOLD_FAILURES_QUIETLY = {
    "wrong_pw_twice_then_right": "failures of a connection that logs in later have no line without auth_verbose",
    "apop": "a refused APOP has a line only with auth_verbose",
    "apop_wrong_digest": "a refused APOP has a line only with auth_verbose",
    "apop_malformed": "a refused APOP has a line only with auth_verbose",
    "allow_nets_denied": "without auth_verbose it reads as a wrong password",
}
UNTOLD_ENDS_QUIETLY = {"allow_nets_denied": "without auth_verbose it reads as a wrong password"}
UNTOLD_ENDS_OF_A_PROXY = {
    "garbage_after_login_until_disconnect": "the proxy sees that the backend closed, not why",
    "overlong_line_after_login_200000": "the proxy sees that the backend closed, not why",
    "proxy_stopped_while_logged_in": "logged as closed by the client",
    "backend_killed_mid_session": "logged as closed by the client",
}
UNTOLD_BYTES = {
    "drop_mid_retr_reset": "counted is what went into the kernel, not what arrived",
    "drop_mid_retr_close": "counted is what went into the kernel, not what arrived",
    "tls_drop_mid_retr": "counted is what went into the kernel, not what arrived",
    "timeout_client_stops_reading_mid_retr": "counted is what went into the kernel, not what arrived",
    "server_stopped_mid_retr": "counted is what went into the kernel, not what arrived",
    "garbage_after_login_until_disconnect": "what was read but not parsed is not counted",
    "overlong_line_after_login_200000": "what was read but not parsed is not counted",
    "pop3_process_killed_mid_session": "a killed process writes no statistics",
    "mailbox_unreadable": "the client sent QUIT after the server's end",
    "pop3_lock_second": "the client counts from a +OK that it never got",
}


def logs_of(run: str) -> list[Path]:
    """The log files of a run, the backend's behind a proxy not among them."""
    return [path for path in sorted((SAMPLES / "dovecot").glob(f"{run}*.log")) if ".backend" not in path.name]


def by_address(run: str) -> dict[str, list[Seen]]:
    """The connections of a run by the address that the log shows; all in one where it cannot be known."""
    found = defaultdict(list)
    for seen in truth(run):
        found["elsewhere" if seen.scenario.startswith(DECLARED) or run in BY_USER else seen.address].append(seen)
    return found


def told_of(run: str, addresses: Iterable[str]) -> dict[str, Charged]:
    """What the log says by those addresses, and what it says of all others."""
    users = {seen.tried[-1].lower() for seen in truth(run) if seen.logins}
    result: defaultdict[str, Charged] = defaultdict(Charged)
    known = set(addresses)
    for address, told in replayed(Dovecot(), logs_of(run), names_of(users)).items():
        into = result[address if address in known else "elsewhere"]
        into.measures += told.measures
        into.accounts += told.accounts
        into.ends += told.ends
    return result


def cannot_tell(run: str, *tables: dict[str, str]) -> set[str]:
    """The scenarios that are excused in `run`: by the first table always, by the second without auth_verbose."""
    excused = set(tables[0])
    if run in QUIET | BY_USER:
        excused |= set(tables[1])
    return excused


@pytest.mark.parametrize("run", RUNS)
def test_connections_and_logins_equal_what_the_clients_did(run: str) -> None:
    """One connection for each, one login for each that succeeded."""
    seen = by_address(run)
    told = told_of(run, seen)
    for address, sessions in seen.items():
        extra = UNRECORDED.get(run, 0) if address == "elsewhere" else 0
        assert len(sessions) + extra == told[address].measures["connections"], (address, sessions)
        assert sum(one.logins for one in sessions) == told[address].measures["logins"], (address, sessions)
    assert set(told) <= set(seen) | {"elsewhere"}


@pytest.mark.parametrize("run", RUNS)
def test_login_failures_equal_what_the_clients_saw(run: str) -> None:
    """One for each -ERR to a login that means wrong credentials or a wrong form."""
    excused = cannot_tell(run, UNTOLD_FAILURES, UNTOLD_FAILURES_QUIETLY)
    seen = by_address(run)
    told = told_of(run, seen)
    if run in BY_USER:
        certain = sum(one.failures for one in seen["elsewhere"] if one.scenario not in excused)
        misread = sum(one.scenario == "allow_nets_denied" for one in seen["elsewhere"])
        assert certain + misread == told["elsewhere"].measures["login_failures"]
        return
    for address, sessions in seen.items():
        if not excused & {one.scenario for one in sessions}:
            assert sum(one.failures for one in sessions) == told[address].measures["login_failures"], sessions


@pytest.mark.parametrize("run", RUNS)
def test_ends_equal_what_the_clients_saw(run: str) -> None:
    """Quit, aborted, terminated or blocked; terminations and blocked connections are their sums."""
    excused = cannot_tell(run, UNTOLD_ENDS_OF_A_PROXY if "proxy" in run else {}, UNTOLD_ENDS_QUIETLY)
    seen = by_address(run)
    told = told_of(run, seen)
    for address, sessions in seen.items():
        if run in BY_USER:
            expected = Counter(one.end for one in sessions)
            misread = sum(one.scenario == "allow_nets_denied" for one in sessions)
            expected.update({End.BLOCKED: -misread, End.QUIT: misread})
            assert expected == told[address].ends
        elif address != "elsewhere" and not excused & {one.scenario for one in sessions}:
            assert Counter(one.end for one in sessions) == told[address].ends, sessions
        assert told[address].ends[End.TERMINATED] == told[address].measures["terminations"]
        assert told[address].ends[End.BLOCKED] == told[address].measures["blocked_connections"]


@pytest.mark.parametrize("run", WITH_BYTES)
def test_bytes_equal_what_the_clients_counted(run: str) -> None:
    """From the login on, both directions, per connection."""
    seen = by_address(run)
    told = told_of(run, seen)
    compared = 0
    for address, sessions in seen.items():
        if set(UNTOLD_BYTES) & {one.scenario for one in sessions}:
            continue
        assert sum(one.received for one in sessions) == told[address].measures["received_bytes"], sessions
        assert sum(one.sent for one in sessions) == told[address].measures["sent_bytes"], sessions
        compared += any(one.sent for one in sessions)
    assert compared > 0


@pytest.mark.parametrize("run", RUNS)
def test_connections_go_to_the_user_of_the_login(run: str) -> None:
    """Else to the user that it failed to log in as, if known; else to the known domain; else to `unknown`."""
    seen = by_address(run)
    names = names_of(one.tried[-1].lower() for one in truth(run) if one.logins)
    told = told_of(run, seen)
    for address, sessions in seen.items():
        expected: Counter[tuple[str, str | None]] = Counter()
        for one in sessions:
            account = names.account("mx1", as_logged(one, run), login=False)
            expected[account.domain, account.user] += 1
        if address == "elsewhere":
            expected[UNKNOWN, None] += UNRECORDED.get(run, 0)
        found = {
            (domain, user): count
            for (measure, domain, user), count in told[address].accounts.items()
            if measure == "connections"
        }
        assert dict(expected) == found, (address, sessions)


@pytest.mark.parametrize("run", RUNS)
def test_bad_commands_are_no_more_than_the_clients_sent(run: str) -> None:
    """Dovecot logs the limit only, so they are a lower bound; clients that did not stay have not seen all answers."""
    seen = by_address(run)
    for address, told in told_of(run, seen).items():
        stayed = [one for one in seen.get(address, []) if one.end == End.QUIT]
        if stayed and len(stayed) == len(seen[address]):
            assert told.measures["bad_commands"] <= sum(one.bad_commands for one in stayed)


def test_events_tell_unknown_commands_after_the_login() -> None:
    """With 2.4's event exporter each is told, but the empty line: the clients sent one."""
    run = "2.4.1-events-file"
    seen = by_address(run)
    told = told_of(run, seen)
    compared = 0
    for address, sessions in seen.items():
        if all(one.scenario == "garbage_after_login_then_quit" for one in sessions):
            assert sum(one.unknown - 1 for one in sessions) == told[address].measures["bad_commands"]
            assert len(sessions) == told[address].measures["bad_command_connections"]
            compared += 1
    assert compared > 0


# A name goes with the connection although the client got no -ERR to its login, only the connection's end.
NAMED_BY_THE_END = {"mail_process_limit", "reload_before_login", "per_ip_limit"}
# No line holds the name that was tried: the attempt was refused before it was looked at.
NAMELESS_REPLIES = ("Unsupported authentication mechanism", "Invalid parameters", "APOP not enabled")


def as_logged(seen: Seen, run: str) -> bytes | None:
    """The name that a connection's lines can hold: that of the login, or of the last attempt with a name.

    Control characters and what is no UTF-8 become `?`, and names are cut to 80 bytes (Dovecot's str_sanitize).
    """
    if not seen.tried or not seen.tried[-1]:
        return None
    tried = seen.tried[-1]
    if "*" in tried and seen.scenario.startswith("master_user"):
        # user*master: a login shows the user, a failed attempt the master, who has no domain
        tried = tried.partition("*")[0] if seen.logins else tried.partition("*")[2]
    elif not seen.logins and _is_nameless(seen, run):
        return None
    name = "".join("?" if ord(char) < 32 or ord(char) == 127 else char for char in tried).encode()
    return name if len(name) <= 80 else name[:80] + b"..."


def _is_nameless(seen: Seen, run: str) -> bool:
    if seen.scenario in NAMED_BY_THE_END or (run, seen.scenario) in USER_REFUSED:
        return False
    if "\0" in seen.tried[-1] or not seen.replies:  # NUL is no name at all for PLAIN
        return True
    if seen.scenario == "auth_process_killed_idle_client":
        return True
    return any(text in seen.replies[-1] for text in (*NAMELESS_REPLIES, "not allowed until SSL/TLS"))
