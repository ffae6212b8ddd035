"""Sums of cells, and which cells are empty because the log does not have them."""

from collections.abc import Sequence

from dashboards.queries.holds import LONGEST, NEWEST, newest
from dashboards.queries.terms import Only, Range, Series


def _unlogged(series: Sequence[Series], range_: Range) -> str:
    """The servers whose log has none of the measures: a 0 there would be a lie."""
    info = "pop3_measure_quality_info"
    names = "|".join(one.measure.name for one in series)
    servers = Only(series[0].only.servers)
    none, some = (servers.matchers(f'measure=~"{names}"', quality) for quality in ('quality="none"', 'quality!="none"'))
    told = f"max by(server)(last_over_time({info}{{{none}}}[{LONGEST}] @ {range_.until}))"
    better = f"max by(server)(last_over_time({info}{{{some}}}[{NEWEST}] @ {range_.until}))"
    return f"({told} unless on(server) {better})"


def summed(cells: str, by: Sequence[str]) -> str:
    return f"sum by({','.join(by)})({cells})"


def logged(cells: str, series: Sequence[Series], range_: Range) -> str:
    """Without the servers that log none of the measures: the cell is empty, not 0."""
    return f"({cells}) unless on(server) {_unlogged(series, range_)}"


def or_not_logged(values: str, everything: str) -> str:
    """NaN in every row of `everything` (same labels) that `values` does not have: it says `not in this log`."""
    return f"({values} or ({everything})*NaN)"


def known_births(series: Series, range_: Range) -> str:
    """Births as of the newest sample; of a server that ended inside the range, any that is known."""
    keys, gone = series.keys, series.odd(range_.odd)
    known = newest(series, series.born, range_.after)
    return f"{known} or max by({keys})(max_over_time({gone.born}[{LONGEST}] @ {range_.until}))"
