"""GNU mailutils: what a client did, as its log can tell it."""

from collections.abc import Mapping

from exporter.catalogue import Reason
from tests.truth.books import Book, Session, failed_names, name_of

# Commands that it does not have, or has only after another: no attempt for it.
NO_ATTEMPTS = ("auth_", "pass_without_user")
ENDS: Mapping[str, Reason] = {
    "timeout_before_login": Reason.TIMEOUT,
    "timeout_after_failed_login": Reason.TIMEOUT,
    "timeout_after_USER": Reason.TIMEOUT,
    "timeout_after_login": Reason.TIMEOUT,
    "plain_text_on_tls_port": Reason.TLS_FAILED,
    "tls_port_connect_drop_no_handshake": Reason.TLS_FAILED,
    "tls_port_partial_hello_drop": Reason.TLS_FAILED,
    "tls_client_rejects_certificate": Reason.TLS_FAILED,
    "stls_then_plain_junk": Reason.TLS_FAILED,
    "hosts_deny_or_acl": Reason.ACCESS_LIST,
    "server_stopped_while_logged_in": Reason.SHUTDOWN,
    "server_stopped_before_login": Reason.SHUTDOWN,
    "connect_reset": Reason.RESET,
    "drop_mid_retr_reset": Reason.RESET,
    "drop_after_login_reset": Reason.RESET,
    "tls_handshake_then_drop": Reason.RESET,
    "tls_drop_mid_retr": Reason.RESET,
}
LOCKED = "[IN-USE]"


def meaning(book: Book, session: Session) -> None:
    """Add the session to the book."""
    scenario, name, end = session["scenario"], name_of(session), session["end"]
    if session.get("note", "").startswith("25 of 25"):
        return  # beyond the limit of children, and gone before one was free: it was never accepted
    quits = end in ("quit", "quit_err")
    reason = ENDS.get(scenario, Reason.LOGOUT if quits else Reason.CLOSED)
    if scenario == "wrong_pw_two_users_one_connection":  # the first password was right
        book.connection(session["users_tried"][0], reason, logins=1)
    elif any(LOCKED in reply for reply in session.get("auth_err_replies", ())):
        # A login, and the mailbox could not be opened.
        book.connection(name, Reason.MAILBOX_LOCKED, logins=1)
    elif session.get("login_ok"):
        book.connection(name, reason, logins=1, failures=[name] * session.get("login_fail", 0))
    else:
        failures = [] if scenario.startswith(NO_ATTEMPTS) else failed_names(session)
        if scenario == "overlong_user_5000":  # a probe of an account, it says
            failures = [name]
        failures = [failed and failed.partition("\0")[0] for failed in failures]
        book.connection(failures[-1] if failures else None, reason, failures=failures)
