"""Sums of cells, and which cells are empty because the log does not have them."""

from collections.abc import Sequence

from dashboards.queries.terms import NEAR_WINDOW, Only, Range, Series, duration

NEAR = duration(NEAR_WINDOW)


def _unlogged(series: Series, range_: Range) -> str:
    """The servers whose log did not have the measure in the whole range: a 0 there would be a lie."""
    info = "pop3_measure_quality_info"
    measure = f'measure="{series.measure.name}"'
    servers = Only(series.only.servers)
    none, some = servers.matchers(measure, 'quality="none"'), servers.matchers(measure, 'quality!="none"')
    window = f"[{range_.length}] @ {range_.end}"
    told, better = (f"max by(server)(last_over_time({info}{{{one}}}{window}))" for one in (none, some))
    return f"({told} unless on(server) {better})"


def summed(parts: Sequence[str], by: Sequence[str]) -> str:
    return f"sum by({','.join(by)})({'+'.join(parts)})"


def logged(parts: Sequence[str], series: Sequence[Series], by: Sequence[str], range_: Range) -> str:
    """The sum of the parts without the servers that do not log the measure; no row, not 0, where none logs any."""
    known = [f"({part} unless on(server) {_unlogged(one, range_)})" for part, one in zip(parts, series, strict=True)]
    if len(known) == 1:
        return summed(known, by)
    named = [f'label_replace({one},"part","{at}","","")' for at, one in enumerate(known)]
    return f"sum by({','.join(by)})({' or '.join(named)})"


def or_not_logged(values: str, everything: str) -> str:
    """NaN in every row of `everything` (same labels) that `values` does not have: it says `not in this log`."""
    return f"({values} or ({everything})*NaN)"


def counted(series: Series, range_: Range) -> str:
    """Counters as of the newest sample."""
    return f"max by({series.keys})(last_over_time({series.total}[{NEAR}] @ {range_.until}))"


def born_by(series: Series, range_: Range) -> str:
    """Births as of the newest sample; of a server that ended inside the range, any that is known."""
    keys, gone = series.keys, series.but(range_.alive)
    known = f"max by({keys})(last_over_time({series.born}[{NEAR}] @ {range_.until}))"
    return f"({known} or max by({keys})(max_over_time({gone.born}[{range_.length}] @ {range_.end})))"
