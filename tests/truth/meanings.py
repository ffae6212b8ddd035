"""What the clients saw, in the words of the design: the reviewed table from replies, scenarios and ends to measures.

A truth file has one JSON object per TCP connection: the client's address, the users it tried, `login_ok`, the -ERR
replies to its logins (`auth_err_replies`), bytes after the login, and how it ended for the client. `login_fail`
there counts every -ERR to a login, also what the design calls blocked; here each reply gets its meaning.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exporter.catalogue import End

HERE = Path(__file__).parent

# -ERR replies to a login, by what they contain: the end that the refusal means, None: a failed login.
# The first that fits; see "Login failure" and "blocked connection" in the design.
REPLIES: tuple[tuple[str, End | None], ...] = (
    ("too many bad logins, go away", End.BLOCKED),  # auth policy server
    ("not allowed until SSL/TLS", End.BLOCKED),
    ("Account_closed", End.BLOCKED),  # passdb field nologin
    ("Maximum number of connections", End.BLOCKED),
    ("Mailbox is locked", End.TERMINATED),  # logged in, then the mailbox could not be opened
    ("Account is temporarily unavailable", End.TERMINATED),  # proxy: the backend cannot be used
    ("Internal error occurred", End.TERMINATED),
    ("Authentication failed", None),
    ("Unsupported authentication mechanism", None),
    ("Invalid base64", None),
    ("No username given", None),
    ("Invalid parameters", None),
    ("APOP not enabled", None),
    ("Authentication aborted by client", None),
)
# Where the reply is the same as for a wrong password, and only the test bed knows.
SCENARIO_REFUSALS: Mapping[str, End] = {
    "allow_nets_denied": End.BLOCKED,
    "auth_process_killed_idle_client": End.TERMINATED,
}
# Whole runs where USER itself is refused without TLS, with a reply that is none to a login.
USER_REFUSED = {("2.3.19-ssl-required-file", "normal_all"): End.BLOCKED}
# What the client's last line says of the end, whoever closed first.
LAST_LINES: tuple[tuple[str, End], ...] = (
    ("-ERR Too many", End.TERMINATED),
    ("-ERR Input buffer full", End.TERMINATED),
    ("-ERR Input line too long", End.TERMINATED),
    ("-ERR Disconnected for inactivity", End.TERMINATED),
    ("-ERR [SYS/TEMP] Internal error occurred", End.TERMINATED),
    ("-ERR [IN-USE] Mailbox is locked", End.TERMINATED),
    ("-ERR Connection queue full", End.BLOCKED),
)
# Ends that the server's side chose, or that look so to the client.
SCENARIO_ENDS: Mapping[str, End] = {
    "half_close_shutdown_wr": End.ABORTED,  # the client closed its side, the server the rest
    "plain_text_on_tls_port": End.ABORTED,  # no TLS handshake
    "stls_then_plain_junk": End.ABORTED,
    "tls_too_old_version": End.ABORTED,
    "tls_client_hello_on_plain_port": End.TERMINATED,  # too many bad commands
    "tls_client_rejects_certificate": End.ABORTED,
    "haproxy_header_missing": End.ABORTED,  # the front end broke the PROXY protocol
    "tcpwrap_denied": End.BLOCKED,
    "tcpwrap_denied_tls": End.BLOCKED,
    "pop3_login_process_killed": End.TERMINATED,
    "pop3_process_killed_mid_session": End.TERMINATED,
    "server_stopped_mid_retr": End.TERMINATED,
    "reload_before_login": End.TERMINATED,
    "userdb_missing": End.TERMINATED,
    "mail_process_limit": End.TERMINATED,
    "per_ip_limit": End.TERMINATED,  # closed without a word: process limit
    "timeout_client_stops_reading_mid_retr": End.TERMINATED,
    "timeout_tls_port_no_handshake": End.TERMINATED,
    "proxy_stopped_while_logged_in": End.TERMINATED,
    "backend_killed_mid_session": End.TERMINATED,
}
_BY_CLIENT: Mapping[str, End] = {
    "quit": End.QUIT,
    "quit_err": End.QUIT,
    "client_close": End.ABORTED,
    "client_reset": End.ABORTED,
    "tls_handshake_failed": End.ABORTED,
    "client_gave_up_waiting": End.ABORTED,
}


@dataclass
class Seen:
    """What happened on one connection: how often the client failed to log in, and as what the connection ended."""

    scenario: str
    address: str
    tried: list[str]
    logins: int
    failures: int
    end: End
    received: int
    sent: int
    bad_commands: int
    unknown: int
    replies: list[str] = field(default_factory=list)


def truth(run: str) -> list[Seen]:
    """The connections that the clients of a run made; an attempt that met no server is none."""
    sessions: list[dict[str, Any]] = json.loads((HERE / "dovecot" / f"{run}.json").read_text(encoding="utf-8"))
    return [_translated(session, run) for session in sessions if session.get("connected")]


def _translated(session: Mapping[str, Any], run: str) -> Seen:
    scenario = session["scenario"]
    replies = session.get("auth_err_replies", [])
    meanings = [SCENARIO_REFUSALS.get(scenario, _meaning(reply)) for reply in replies]
    logins = session.get("login_ok", 0)
    if scenario in ("mailbox_unreadable", "pop3_lock_second"):
        logins = 1  # the password was right: a login, and the mailbox could not be opened
    end = _end(session)
    if not logins:
        end = USER_REFUSED.get((run, scenario), end)
    refusals = [meaning for meaning in meanings if meaning is not None]
    if refusals and not session.get("login_ok"):
        end = refusals[-1]
    return Seen(
        scenario,
        session["src_ip"],
        session.get("users_tried", []),
        logins,
        meanings.count(None),
        end,
        session.get("app_sent_after_login", 0),
        session.get("app_recv_after_login", 0),
        session.get("unknown_cmd_err", 0) + session.get("err_replies_non_auth", 0),
        session.get("unknown_cmd_err", 0),
        replies,
    )


def _meaning(reply: str) -> End | None:
    for text, meaning in REPLIES:
        if text in reply:
            return meaning
    raise AssertionError(f"no meaning for {reply!r}")


def _end(session: Mapping[str, Any]) -> End:
    last = session.get("last_line") or ""
    for text, end in LAST_LINES:
        if last.startswith(text):
            return end
    if session["end"] != "quit" and session["scenario"] in SCENARIO_ENDS:
        return SCENARIO_ENDS[session["scenario"]]
    return _BY_CLIENT.get(session["end"], End.UNKNOWN)
