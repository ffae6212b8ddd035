"""mailutils: what a client did, as its log can tell it."""

from exporter.catalogue import Reason
from tests.truth.books import Book, Session, name_of, failed_names


def meaning(book: Book, session: Session) -> None:
    """Add the session to the book."""
    name, end = name_of(session), session["end"]
    reason = Reason.LOGOUT if end in ("quit", "quit_err") else Reason.CLOSED
    if session.get("login_ok"):
        book.connection(name, reason, logins=1, failures=[name]*session.get("login_fail",0))
    elif session.get("login_fail"):
        f=failed_names(session)
        book.connection(f[-1], reason, failures=f)
    else:
        book.connection(None, reason)
