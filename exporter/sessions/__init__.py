"""Joins the lines of one connection, and charges it once (design section 3, "Charging")."""

from exporter.sessions.engine import RESTART_SECONDS, Sessions
from exporter.sessions.memory import GHOST_SECONDS, LINGER_SECONDS

__all__ = ["GHOST_SECONDS", "LINGER_SECONDS", "RESTART_SECONDS", "Sessions"]
