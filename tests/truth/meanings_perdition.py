"""perdition: what a client did, as its log can tell it."""

from exporter.catalogue import Reason
from tests.truth.books import Book, Session, failed_names, name_of

# Answered by the proxy itself without a line: AUTH and APOP, which it does not have, and PASS without USER.
NO_ATTEMPTS = ("auth_", "apop", "pass_without_user", "backend_down")
TIMEOUTS = ("timeout_before_login", "timeout_after_login", "pipelined_whole_session")
# After a reset there is no `Closing session`, so no bytes.
RESETS = ("drop_mid_retr_reset", "drop_after_login_reset")
# The answer to the login is not counted.
GREETED = len(b"+OK You are so in\r\n")


def meaning(book: Book, session: Session) -> None:
    """Add the session to the book."""
    scenario, name, end = session["scenario"], name_of(session), session["end"]
    if session.get("login_ok"):
        received, sent = _bytes(session)
        reason = (
            Reason.TIMEOUT if scenario in TIMEOUTS else Reason.RESET if scenario in RESETS else Reason.UNSPECIFIED
        )  # whether the client quit is not told
        book.connection(
            name,
            reason,
            logins=1,
            failures=[name] * session.get("login_fail", 0),
            received_bytes=received,
            sent_bytes=sent,
        )
        return
    failures = [] if scenario.startswith(NO_ATTEMPTS) else failed_names(session)
    if scenario == "backend_down":
        book.connection(name, Reason.BACKEND_DOWN)
    elif scenario in TIMEOUTS:
        book.connection(None, Reason.TIMEOUT)
    else:
        reason = Reason.LOGOUT if end in ("quit", "quit_err") else Reason.CLOSED
        book.connection(failures[-1] if failures else None, reason, failures=failures)


def _bytes(session: Session) -> tuple[int, int]:
    """Bytes after the login, as counted by the proxy."""
    scenario = session["scenario"]
    if scenario in RESETS or scenario == "pipelined_whole_session":  # what came in the packet of PASS is thrown away
        return 0, 0
    sent = session.get("app_recv_after_login", 0) - GREETED
    if scenario == "overlong_line_after_login_200000":  # it passes on what it has read until the backend closes
        return 101_376, sent
    if scenario == "garbage_after_login_until_disconnect":
        return 200, sent
    return session.get("app_sent_after_login", 0), sent
