"""Sums of cells, and which cells are empty because the log does not have them."""

from collections.abc import Sequence

from dashboards.queries.holds import DAYS, NEWEST, born, largest, odd_born
from dashboards.queries.terms import Only, Series


def _unlogged(series: Sequence[Series]) -> str:
    """The servers whose log has none of the measures: a 0 there would be wrong."""
    info = "pop3_measure_quality_info"
    names = "|".join(one.measure.name for one in series)
    servers = Only(series[0].only.servers)

    def told(quality: str, window: str) -> str:
        matchers = servers.matchers(f'measure=~"{names}"', quality)
        return f"max by(server)(last_over_time({info}{{{matchers}}}[{window}] @ $after))"

    none, some = told('quality="none"', "${ago}s"), told('quality!="none"', NEWEST)
    return f"({none} unless on(server) {some})"


def summed(cells: str, by: Sequence[str]) -> str:
    return f"sum by({','.join(by)})({cells})"


def logged(cells: str, series: Sequence[Series]) -> str:
    """Without the servers that log none of the measures: the cell is empty, not 0."""
    return f"({cells}) unless on(server) {_unlogged(series)}"


def known_births(series: Series) -> str:
    """Births as of the newest sample; of a server that ended inside the range, as of its last one."""
    return largest(series, born(series), odd_born(series, DAYS))
