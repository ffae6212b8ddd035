"""Courier: what a client did, as its log can tell it. The table was made from the server's documentation and source,
the reasons say what is not in the log."""

from exporter.catalogue import Reason
from tests.truth.books import Book, Session, failed_names, name_of

# No line names the user of AUTH, nor a USER without PASS.
AUTH = "auth_"
# -ERR to a login that is none to its credentials or form: an unknown command, a mailbox that cannot be used.
NO_FAILURES = ("apop", "apop_wrong_digest", "apop_malformed", "mailbox_unreadable")
# courierlogger cuts lines at 512 bytes: neither piece can be trusted. The truth files shorten such names.
CUT = ".ddddddd"
# The server closes or dies without a line; the session is given up after its time.
SILENT = {
    "drop_mid_retr_reset": "the client vanishes while the server writes: SIGPIPE",
    "drop_mid_retr_close": "the client vanishes while the server writes: SIGPIPE",
    "brute_force_until_server_disconnects": "the alarm of 60 s for the login ends the process",
    "timeout_before_login": "the alarm of 60 s for the login ends the process",
    "timeout_after_USER": "the alarm of 60 s for the login ends the process",
    "timeout_after_failed_login": "the alarm of 60 s for the login ends the process",
    "timeout_in_AUTH_dialogue": "the alarm of 60 s for the login ends the process",
    "mailbox_unreadable": "the process ends with a message that names no connection",
    "mailbox_missing": "logged as a failed login, and the process ends without a line",
    "pop3_process_killed_mid_session": "a killed process writes nothing",
    "server_stopped_while_logged_in": "a stopped server writes nothing",
    "server_stopped_before_login": "a stopped server writes nothing",
    "server_stopped_mid_retr": "a stopped server writes nothing",
}
HANDSHAKES = (
    "plain_text_on_tls_port",
    "tls_port_connect_drop_no_handshake",
    "tls_port_partial_hello_drop",
    "tls_client_rejects_certificate",
    "timeout_tls_port_no_handshake",
)


# What of the bytes is not counted.
READ_AT_ONCE = 8_197
PARSED_JUNK = 88


def meaning(book: Book, session: Session) -> None:
    """Add the session to the book."""
    scenario = session["scenario"]
    if scenario.startswith("per_ip_limit") and not session.get("greeting_ok"):
        book.connection(None, Reason.CONNECTION_LIMIT)
    elif scenario in HANDSHAKES:
        book.connection(None, Reason.TLS_FAILED)
    elif session.get("login_ok"):
        received, sent = bytes_of(session)
        book.connection(
            name_of(session),
            reason_of(session),
            logins=1,
            failures=[name_of(session)] * session.get("login_fail", 0),
            received_bytes=received,
            sent_bytes=sent,
        )
    else:
        failures = failures_of(session)
        book.connection(failures[-1] if failures else None, reason_of(session), failures=failures)


def is_cut(session: Session) -> bool:
    """Whether the name is so long that its line is cut."""
    return session["scenario"] == "overlong_user_5000" or CUT in name_of(session)


def bytes_of(session: Session) -> tuple[int, int]:
    """Bytes after the login, as counted by the server."""
    scenario = session["scenario"]
    received, sent = session.get("app_sent_after_login", 0), session.get("app_recv_after_login", 0)
    if scenario in SILENT or scenario == "tls_drop_mid_retr":
        return 0, 0
    if scenario == "overlong_line_after_login_200000":  # it stops counting inside the line
        return READ_AT_ONCE, sent
    if scenario == "pipelined_whole_session":  # what came in the packet of PASS is thrown away
        return 0, sent
    if scenario == "binary_junk_after_login":  # what was read but is no line is not counted
        return PARSED_JUNK, sent
    return received, sent


def failures_of(session: Session) -> list[str | None]:
    """The names of the refused attempts that have a line."""
    scenario = session["scenario"]
    if scenario in NO_FAILURES or scenario == "pass_without_user" or is_cut(session):
        return []
    if scenario == "brute_force_until_server_disconnects":  # the last answer was never given
        return list(session["users_tried"])
    if scenario.startswith(AUTH):
        started = scenario == "auth_plain_drop_in_dialogue"
        return [None] * (session.get("login_fail", 0) + started)
    # The name ends at a carriage return.
    return [name and name.partition("\r")[0] for name in failed_names(session)]


def reason_of(session: Session) -> Reason:
    """What the end of a connection is logged as."""
    scenario, end = session["scenario"], session["end"]
    if scenario in SILENT or is_cut(session):
        return Reason.EXPIRED
    if scenario == "login_quit" and end == "server_close":  # authdaemond is down: the process ends without a line
        return Reason.EXPIRED
    if scenario == "tls_drop_mid_retr":
        return Reason.RESET
    if end in ("quit", "quit_err"):
        return Reason.LOGOUT
    return Reason.TIMEOUT if scenario == "timeout_after_login" else Reason.CLOSED
