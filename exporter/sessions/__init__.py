"""Joins the lines of one connection and charges the connection once."""

from exporter.sessions.behind import Behind
from exporter.sessions.bounds import LONGEST, apart, shortened
from exporter.sessions.engine import RESTART_SECONDS, Sessions
from exporter.sessions.memory import GIVEN_UP_SECONDS, LINGER_SECONDS
from exporter.sessions.neighbours import Neighbours
from exporter.sessions.signs import Sign, Signs

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
