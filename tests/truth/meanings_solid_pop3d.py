"""solid-pop3d: what a client did, as its log can tell it. Names are logged without their domain (virtual hosts)."""

from collections.abc import Mapping

from exporter.catalogue import Reason
from tests.truth.books import Book, Session, name_of

# AUTH is not implemented, and APOP without a digest is no attempt: nothing is logged.
NO_ATTEMPTS = ("auth_", "apop_malformed", "pass_without_user")
ENDS: Mapping[str, Reason] = {
    "timeout_before_login": Reason.TIMEOUT,
    "timeout_after_USER": Reason.TIMEOUT,
    "timeout_after_login": Reason.TIMEOUT,
    "pipelined_whole_session": Reason.TIMEOUT,  # it throws away what came in the packet of PASS
    "garbage_before_login_until_disconnect": Reason.BAD_COMMANDS,
    "garbage_after_login_until_disconnect": Reason.BAD_COMMANDS,
    "valid_commands_bad_arguments": Reason.BAD_COMMANDS,
    "drop_mid_retr_reset": Reason.RESET,
    "drop_mid_retr_close": Reason.RESET,
    "drop_after_login_reset": Reason.RESET,
}


def shown(name: str) -> str:
    """The name as logged."""
    return name.replace("%", "@").partition("@")[0]


def meaning(book: Book, session: Session) -> None:
    """Add the session to the book."""
    scenario, end = session["scenario"], session["end"]
    if scenario == "many_connections_one_address" and not session.get("greeting_ok"):
        # One line stands for all that were refused in a row.
        if not book.ends[Reason.CONNECTION_LIMIT]:
            book.connection(None, Reason.CONNECTION_LIMIT)
        return
    # A client that leaves without QUIT, and a stopped server, leave no line.
    reason = ENDS.get(scenario, Reason.LOGOUT if end in ("quit", "quit_err") else Reason.EXPIRED)
    limit = int(reason is Reason.BAD_COMMANDS)
    if session.get("login_ok"):
        book.connection(shown(name_of(session)), reason, logins=1, bad_commands=limit)
    elif session.get("login_fail") and not scenario.startswith(NO_ATTEMPTS):
        name = shown(session["users_tried"][0])
        book.connection(name, Reason.LOGIN_FAILURES, failures=[name])
    else:
        book.connection(None, reason, bad_commands=limit)
