"""nginx' mail proxy: what a client did, as its error log can tell it."""

from collections.abc import Mapping

from exporter.catalogue import Reason
from tests.truth.books import Book, Session, failed_names, name_of

# Reasons that have a line. A client that quits or leaves before its login leaves none, as does a stopped proxy.
ENDS: Mapping[str, Reason] = {
    "timeout_before_login": Reason.TIMEOUT,
    "timeout_after_USER": Reason.TIMEOUT,
    "timeout_after_failed_login": Reason.TIMEOUT,
    "connect_reset": Reason.RESET,
    "drop_mid_retr_reset": Reason.RESET,
    "drop_after_login_reset": Reason.RESET,
    "garbage_before_login_until_disconnect": Reason.BAD_COMMANDS,
    "overlong_line_before_login_20000": Reason.LINE_TOO_LONG,
    "overlong_user_5000": Reason.LINE_TOO_LONG,
    "overlong_no_newline_before_login_100000": Reason.LINE_TOO_LONG,
    "binary_junk_before_login": Reason.LINE_TOO_LONG,
    "tls_client_hello_on_plain_port": Reason.LINE_TOO_LONG,
    "plain_text_on_tls_port": Reason.TLS_FAILED,
    "tls_port_partial_hello_drop": Reason.TLS_FAILED,
    "tls_too_old_version": Reason.TLS_FAILED,
    "tls_client_rejects_certificate": Reason.TLS_FAILED,
    "stls_then_plain_junk": Reason.TLS_FAILED,
    "auth_http_no_answer": Reason.BACKEND_DOWN,
    "upstream_refuses_connection": Reason.BACKEND_DOWN,
    "backend_down": Reason.BACKEND_DOWN,
    "auth_http_down": Reason.BACKEND_DOWN,
    "server_stopped_while_logged_in": Reason.EXPIRED,
}
# The name is in the line of the end.
NAMED = ("timeout_after_USER", "auth_http_no_answer", "upstream_refuses_connection", "backend_down", "auth_http_down")
# Answered by nginx itself without a line: PASS without USER, a mechanism that is not offered.
NO_ATTEMPTS = ("pass_without_user", "auth_nosuch")


def meaning(book: Book, session: Session) -> None:
    """Add the session to the book."""
    scenario, name = session["scenario"], name_of(session)
    if session.get("login_ok"):
        # Done: by QUIT, because the client left or because the backend closed, is not told.
        reason = ENDS.get(scenario, Reason.UNSPECIFIED)
        book.connection(name, reason, logins=1, failures=[name] * session.get("login_fail", 0))
        return
    reason = ENDS.get(scenario, Reason.EXPIRED)
    failures: list[str | None] = []
    if scenario == "auth_plain_newline_or_odd_username" and session["end"] == "server_reset":
        reason = Reason.LINE_TOO_LONG
    elif scenario not in NO_ATTEMPTS and scenario not in NAMED:
        failures = [_shown(failed) for failed in failed_names(session)]
    shown = name if scenario in NAMED else failures[-1] if failures else None
    limits = int(reason in (Reason.BAD_COMMANDS, Reason.LINE_TOO_LONG))
    book.connection(shown, reason, failures=failures, bad_commands=limits)


def _shown(name: str | None) -> str | None:
    """A name ends at a NUL; one with a newline is broken, and no name, unless syslog escapes it."""
    return name and name.partition("\0")[0]
