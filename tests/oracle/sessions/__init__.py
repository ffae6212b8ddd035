"""Joins the lines of one connection, and charges it once (design section 3, "Charging")."""

from tests.oracle.sessions.behind import Behind
from tests.oracle.sessions.bounds import LONGEST, apart, shortened
from tests.oracle.sessions.engine import RESTART_SECONDS, Sessions
from tests.oracle.sessions.memory import GIVEN_UP_SECONDS, LINGER_SECONDS
from tests.oracle.sessions.neighbours import Neighbours
from tests.oracle.sessions.signs import Sign, Signs

__all__ = [
    "GIVEN_UP_SECONDS",
    "LINGER_SECONDS",
    "LONGEST",
    "RESTART_SECONDS",
    "Behind",
    "Neighbours",
    "Sessions",
    "Sign",
    "Signs",
    "apart",
    "shortened",
]
