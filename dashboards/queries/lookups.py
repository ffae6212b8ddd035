"""Texts of Grafana's hidden query variables, with the regular expression that takes their value."""

from dashboards.queries.terms import Only, Range

WHOLE, EVERYTHING = Range(), Only()

VARIABLE_NUMBER = r"/ (\d+) /"


def until(range_: Range = WHOLE) -> str:
    """The newest sample in the range: `this month` ends in the future, and holds are looked up by it."""
    newest = f"max(max_over_time(pop3_exporter_time_seconds[{range_.length}]))"
    return f"query_result(floor({newest}) + 60 or vector({range_.end}))"


def before(seconds: str = "${__range_s}", range_: Range = WHOLE) -> str:
    """The begin of the range of the same length before this one (a whole range ends one second before midnight)."""
    return f"query_result(vector({range_.begin} - {seconds} - 1))"


def ended(only: Only = EVERYTHING, range_: Range = WHOLE) -> str:
    """The servers (label `server`) that had samples in the range but none in the two days before the newest one."""
    births = f"pop3_first_seen_timestamp_seconds{{{only.matchers()}}}"
    known = f"max by(server)(max_over_time({births}[{range_.length}:6h] @ {range_.end}))"
    return f"{known} unless on(server) max by(server)(last_over_time({births}[2d] @ {range_.until}))"


def names(label: str, rows: str) -> tuple[str, str]:
    """A hidden variable of the values that `label` has in `rows`: query and regular expression."""
    return f"query_result({rows})", f'/{label}="([^"]+)"/'
