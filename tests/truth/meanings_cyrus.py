"""Cyrus: what a client did, as its log can tell it. Bytes are those of the whole connection."""

from collections.abc import Mapping

from exporter.catalogue import Reason
from tests.truth.books import Book, Session, failed_names, name_of

# The user of AUTH and APOP is rarely told.
NAMELESS = ("apop", "auth_plain_newline", "auth_plain_invalid", "auth_nosuch", "auth_cram", "auth_xoauth2")
# Without a line: PASS without USER, AUTH ended with a star, a user in user_deny_db.
NO_ATTEMPTS = ("pass_without_user", "auth_plain_cancelled_with_star", "user_deny_db")
HANDSHAKES = (
    "plain_text_on_tls_port",
    "tls_port_connect_drop_no_handshake",
    "tls_port_partial_hello_drop",
    "tls_too_old_version",
    "tls_client_rejects_certificate",
    "timeout_tls_port_no_handshake",
)
ENDS: Mapping[str, Reason] = {
    **dict.fromkeys(HANDSHAKES, Reason.TLS_FAILED),
    "pop3_process_killed_mid_session": Reason.KILLED,
    "server_stopped_while_logged_in": Reason.SHUTDOWN,
    "server_stopped_before_login": Reason.SHUTDOWN,
    "server_stopped_mid_retr": Reason.SHUTDOWN,
}
# The login is logged before the limit is checked.
LIMITS = (("too many", Reason.CONNECTION_LIMIT), ("minutes", Reason.RATE_LIMIT), ("minute", Reason.RATE_LIMIT))


def meaning(book: Book, session: Session) -> None:
    """Add the session to the book, as a log with `chatty: yes` and `auditlog: yes` tells it."""
    scenario, name = session["scenario"], name_of(session)
    quits = session["end"] in ("quit", "quit_err")
    amounts = {
        "received_bytes": session.get("app_sent", 0),
        "sent_bytes": session.get("app_recv", 0),
        "bad_commands": session.get("unknown_cmd_err", 0),
    }
    reason = ENDS.get(scenario, Reason.LOGOUT if quits else Reason.UNSPECIFIED)
    replies = " ".join(session.get("auth_err_replies", ())).lower()
    limit = next((limit for text, limit in LIMITS if text in replies), None)
    if session.get("login_ok") or limit:
        failures = [] if limit else [name] * session.get("login_fail", 0)
        book.connection(name, limit or reason, logins=1, failures=failures, **amounts)
        return
    named = failures_of(session)
    shown = named[-1] if named else name if scenario in SHOWN else None
    book.connection(shown, reason, failures=named, **amounts)


# A name without a password shows in `USAGE`.
SHOWN = ("user_no_pass_drop", "timeout_after_USER", "user_deny_db")


def failures_of(session: Session) -> list[str | None]:
    """The names of the attempts that have a `badlogin`: also a USER that is no name at all."""
    scenario, name = session["scenario"], name_of(session)
    if scenario in NO_ATTEMPTS:
        return []
    if scenario in ("weird_user", "overlong_user_5000") and session.get("err_replies_non_auth") and name.strip():
        return [name]
    names = failed_names(session)
    # `%` is taken for `@`.
    return [None if scenario.startswith(NAMELESS) else failed and failed.replace("%", "@") for failed in names]
