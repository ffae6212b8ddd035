"""The counter at the beginning and end of a day or hour, exactly, and the increase between (docs/formulas.md).

Holds are read up to the last moment that lies in the local day in summer and winter, or up to two minutes before the
hour ends: there every scrape shows the hold of that day or hour, late lines included. The distance from 00:00 UTC of
the date depends on the zone alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards.queries.terms import DAY, HOUR, LEAD, Series

NEWEST = "2h"  # not older than this counts as current
LONGEST = "31d"  # the most that one selector reads
JUST_NOW = "[${fresh}s] @ $until"  # what was scraped in the last unit of the range


@dataclass(frozen=True, slots=True)
class Unit:
    """Days or hours of the range; a unit's label is the time of evaluation.

    `near`: the window of holds that is read for every server; `wide`: for those in `odd`, a regular expression.
    """

    name: str  # of the hold: `day` or `hour`
    seconds: int
    length: str  # the same as a duration
    near: str
    wide: str
    last: str  # from the label to the last moment inside, as a duration
    over: str  # from the label to two minutes after the end of the unit
    lead: str  # PromQL: how long after the label the unit has begun at the latest
    first: str  # the label of the range's first unit, of its last one, and the seconds between them and one more
    final: str
    extent: str
    odd: str
    gap: str  # how many seconds before the unit the last scrape may have been
    step: str | None = None  # see `Only`

    def begin(self, window: str, label: str = "") -> str:
        """The window before the last moment of the unit with the label, or of each: its holds are its beginning."""
        return f"[{window}]{_at(label)} offset -{self.last}"

    def end(self, window: str, label: str = "") -> str:
        """The same of the next unit: its holds are the end of this one."""
        return f"[{window}]{_at(label)} offset -{self.length}{self.last}"

    @property
    def back(self) -> str:
        """The window that ends there and begins at the last scrape before a gap."""
        return f"{self.wide}{self.gap}s"

    @property
    def grid(self) -> str:
        """All units of the range: behind a subquery's bracket."""
        return f"{self.extent}s:{self.length}] @ {self.final}"


# Labelled by 00:00 UTC of their dates. West is 14 hours more than the day's latest beginning.
DAYS = Unit(
    name="day",
    seconds=DAY,
    length="1d",
    near=NEWEST,
    wide="22h56m",
    last="8h58m${west}s",
    over="10h2m${west}s",
    lead=LEAD,
    first="$first",
    final="$today",
    extent="${extent}",
    odd="$odd|$all_odd",
    gap="${gap}",
)
# Labelled by the UTC hour that begins with them or just before.
HOURS = Unit(
    name="hour",
    seconds=HOUR,
    length="1h",
    near="56m",
    wide="56m",
    last="58m${quarter}s",
    over="1h2m${quarter}s",
    lead="${quarter}",
    first="$first_hour",
    final="$last_hour",
    extent="${hours}",
    odd="$odd_hours|$all_odd_hours",
    gap="${lull}",
    step="$step",
)


def _at(label: str) -> str:
    return f" @ {label}" if label else ""


def largest(series: Series, *arms: str) -> str:
    """Per key the first arm that there is; of its copies (replicas, renamed instances, external labels) the largest."""
    return f"max by({series.keys})({' or '.join(arms)})"


def newest(series: Series, selector: str, window: str = NEWEST, at: str = "$until") -> str:
    """The largest value just before an instant (UNIX seconds), per key."""
    return largest(series, f"max_over_time({selector}[{window}] @ {at})")


def born(series: Series) -> str:
    """An arm: the births of the names."""
    return f"max_over_time({series.born}[{NEWEST}] @ $after)"


def odd_born(series: Series, unit: Unit) -> str:
    """The same of odd servers, which may have ended."""
    (odd,) = odd_of([series], unit)
    return f"max_over_time({odd.born}[${{ago}}s] @ $after)"


def odd_of(series: Sequence[Series], unit: Unit) -> list[Series]:
    """Only the odd servers, which are some of the chosen ones, and none of hours for other steps."""
    return [one.where(servers=unit.odd, step=None) for one in series]


def counter(series: Sequence[Series], window: str) -> str:
    """An arm: the counter in a window; of several measures their sum."""
    return "+".join(f"max_over_time({one.total}{window})" for one in series)


def hold(series: Sequence[Series], unit: Unit, window: str) -> str:
    """An arm: the hold in a window, likewise."""
    return "+".join(f"max_over_time({one.hold(unit.name)}{window})" for one in series)


def added(series: Sequence[Series], unit: Unit) -> str:
    """The increase in each unit, per key: the counter at its end (or now) minus that at its beginning."""
    regular, odd = [one.where(but=unit.odd) for one in series], odd_of(series, unit)
    # The end of a unit is the beginning of the next: where no scrape is missing, each is looked up once.
    each = f"idelta(({_regular_end(regular, unit)})[{unit.length}1s:{unit.length}])"
    return f"clamp_min({each} or ({_odd_end(odd, unit)})-({largest(odd[0], *odd_begin(odd, unit))}),0)"


def _regular_end(series: Sequence[Series], unit: Unit) -> str:
    """Where the unit ends, and the next one begins; 0 if the name was born later."""
    # Of the births only those in the range are compared with each unit.
    new = f"0*({born(series[0])}-({unit.lead})>={unit.first}>=time()+{unit.seconds})"
    return largest(series[0], hold(series, unit, unit.end(unit.near)), f"({_now(series, unit)} or {new})")


def _odd_end(series: Sequence[Series], unit: Unit) -> str:
    """Where the unit ends, and the next one begins; if that was not scraped, the counter itself."""
    last = largest(series[0], counter(series, f"[{unit.length}] offset -{unit.over}"))
    return f"{largest(series[0], hold(series, unit, unit.end(unit.wide)), _now(series, unit))} or {last}"


def odd_begin(series: Sequence[Series], unit: Unit, label: str = "") -> tuple[str, ...]:
    """Arms: where the unit with the label, or each, begins; after a gap, the counter before it; 0 for later births."""
    series = [one.where(domains=None) for one in series]  # lists are long, and what is subtracted may be of more names
    new = f"0*({odd_born(series[0], unit)}>={label or 'time()'}+{unit.lead}-{unit.gap})"
    now, before = _if(hold(series, unit, JUST_NOW), unit.final, label), counter(series, unit.begin(unit.back, label))
    return hold(series, unit, unit.begin(unit.wide, label)), now, before, new


def _now(series: Sequence[Series], unit: Unit) -> str:
    """The end of the unit before the last one, and the last one's, which may be now."""
    before = _if(hold(series, unit, JUST_NOW), f"{unit.final}-{unit.seconds}")
    return f"{before} or {_if(counter(series, JUST_NOW), unit.final)}"


def _if(values: str, label: str, this: str = "") -> str:
    """`values` if this is the unit with the label."""
    return f"({values} and on() vector({this or 'time()'})=={label})"
