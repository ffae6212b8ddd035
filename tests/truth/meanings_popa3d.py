"""popa3d: what a client did, as its log can tell it."""

from exporter.catalogue import Reason
from tests.truth.books import Book, Session, name_of

# The users of the machines: any other name is logged as `UNKNOWN USER`.
PEOPLE = frozenset(
    (
        "alice@example.com",
        "bob@example.com",
        "heidi@example.com",
        "carol@example.org",
        "frank@example.org",
        "dave@test.example",
        "dave@example.org",
        "erin@example.net",
        "grace@test.example",
        "erin@sub.example.net",
        "alice",
        "root",
        "o'hara@example.com",
    )
)
# Commands that it does not have, or has only after another: no attempt for it.
NO_ATTEMPTS = ("auth_", "apop", "pass_without_user")
STOPPED = ("server_stopped_while_logged_in", "server_stopped_before_login", "server_stopped_mid_retr")


def meaning(book: Book, session: Session) -> None:
    """Add the session to the book."""
    scenario, name = session["scenario"], name_of(session)
    quits = session["end"] in ("quit", "quit_err")
    # A stopped server writes nothing.
    otherwise = Reason.EXPIRED if scenario in STOPPED else Reason.UNSPECIFIED
    if session.get("login_ok"):
        book.connection(name, Reason.LOGOUT if quits else otherwise, logins=1)
    elif session.get("login_fail") and not scenario.startswith(NO_ATTEMPTS):
        first = session["users_tried"][0]  # it hangs up after one try
        known = first if first in PEOPLE else None
        book.connection(known, Reason.LOGIN_FAILURES, failures=[known])
    else:
        book.connection(None, otherwise)
