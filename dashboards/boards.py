"""All dashboards."""

from collections.abc import Callable

from dashboards import domain, domains, health, start, suspicious, trend, user
from dashboards.dashboard import Board, Zone

BOARDS: tuple[Callable[[Zone], Board], ...] = (
    start.board,
    trend.board,
    domains.board,
    domain.board,
    user.board,
    suspicious.board,
    health.board,
)


def all_boards(zone: str) -> list[Board]:
    """Every dashboard for sites in the IANA time zone `zone`, "" for all; unknown: ZoneInfoNotFoundError."""
    known = Zone.of(zone)
    return [board(known) for board in BOARDS]
