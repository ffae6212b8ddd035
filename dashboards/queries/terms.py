"""The terms of the queries: which series, and the variables in them, which stand as Grafana writes them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from exporter.catalogue import MEASURES, RECEIVED_BYTES, SENT_BYTES, Measure, Scope
from exporter.periods import smallest_offset

HOUR = 3_600
DAY = 24 * HOUR
EASTMOST = 14 * HOUR  # no clock is further ahead of UTC
# The chosen range: its beginning, and the first second after it.
BEGIN, END = "${__from:date:seconds}", "${__to:date:seconds}"
# How long after 00:00 UTC of its date a local day has begun at the latest; negative in the east.
LEAD = f"${{west}}-{EASTMOST}"
BANDWIDTH = (MEASURES[RECEIVED_BYTES], MEASURES[SENT_BYTES])

# What is chosen, as it is: Grafana (12.4) escapes ' wrongly and " not at all.
CHOSEN_DOMAIN, CHOSEN_USER = "${domain:raw}", "${user:raw}"

VARIABLE = re.compile(r"\$\{([^}]+)\}|\$(\w+)")

# The value of the variable `step`, by the step's name: about how many days a period has.
STEPS = {"Hour": 0, "Day": 1, "Week": 7, "Month": 30, "Quarter": 91}
# The format in which Grafana shows the beginning of a period.
STEP_FORMATS = {
    "Hour": "YYYY-MM-DD HH:00 z",
    "Day": "ddd YYYY-MM-DD",
    "Week": "GGGG-[W]WW",
    "Month": "YYYY-MM",
    "Quarter": "YYYY-[Q]Q",
}


def zone_values(zone: str, now: datetime) -> dict[str, str]:
    """`$west` and `$quarter` of an IANA zone around `now`, which else the exporter tells; ZoneInfoNotFoundError."""
    offset = smallest_offset(ZoneInfo(zone), int(now.timestamp()))
    return {"$west": str(EASTMOST - offset), "$quarter": str(-offset % HOUR)}


@dataclass(frozen=True, slots=True)
class Only:
    """Which series: `servers`, `domains`, `users` are regular expressions, `domain`, `user` exact; None: all.

    The texts are inserted into PromQL strings unchanged (see `quoted`): use `literal` to escape what does not come
    from Grafana.
    """

    servers: str | None = "$server"
    domain: str | None = None
    user: str | None = None
    domains: str | None = None
    users: str | None = None
    folded: bool = True  # whether with what is beyond the exporter's limit, together `_other`
    but: str | None = None  # a regular expression for servers that are left out
    step: str | None = None  # selects nothing unless the number of the step is 0, that of the hour

    def matchers(self, *more: str) -> str:
        """The inside of the braces, beginning with `more`."""
        pairs = (
            ("server=~", self.servers),
            ("server!~", self.but),
            ("domain=", self.domain),
            ("domain=~", self.domains),
            ("user=", self.user),
            ("user=~", self.users),
            ("user!=", None if self.folded else "_other"),
            # A label that no series has is the empty text, and only `x{0}` is found in that.
            ("hours=~", None if self.step is None else f"x{{{self.step}}}"),
        )
        return ",".join((*more, *(f"{label}{quoted(value)}" for label, value in pairs if value is not None)))


@dataclass(frozen=True, slots=True)
class Series:
    """One measure of one scope: the selectors of its counter, its holds and its births."""

    scope: Scope
    measure: Measure
    only: Only = Only()

    @property
    def keys(self) -> str:
        """The scope's own labels: replicas, renamed instances and external labels fall together under them.

        Without labels that can have only one value.
        """
        single = {"domain": self.only.domain, "user": self.only.user}
        return ",".join(label for label in self.scope.labels if single.get(label) is None)

    def where(self, **changes: Any) -> "Series":
        """Other ones: of the same measure, with another `only`."""
        return replace(self, only=replace(self.only, **changes))

    @property
    def total(self) -> str:
        return f"{self.scope.total(self.measure)}{{{self.only.matchers()}}}"

    def hold(self, unit: str) -> str:
        """What the counter was when the `day` or `hour` began."""
        return f"{self.scope.hold(self.measure, unit)}{{{self.only.matchers()}}}"

    @property
    def born(self) -> str:
        return f"{self.scope.first_seen}{{{self.only.matchers()}}}"


def filled(text: str, values: Mapping[str, str]) -> str:
    """`text` with Grafana's variables replaced, by name as Grafana finds them: `$wests` is no `$west` before an `s`.

    The keys are the variables as they are written; `$name` serves `${name}`, too.
    """

    def value(found: re.Match[str]) -> str:
        return values.get(found[0], values.get(f"${found[1] or found[2]}", found[0]))

    return VARIABLE.sub(value, text)


def literal(text: str) -> str:
    """`text` for the inside of a PromQL string in double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def quoted(text: str) -> str:
    """A PromQL string of an escaped text; of one that Grafana inserts as it is, a string without escapes."""
    return f"`{text}`" if ":raw}" in text else f'"{text}"'


def one_of(names: Iterable[str]) -> str:
    """A regular expression for the inside of a PromQL string that matches these names and nothing else."""
    return literal("|".join(re.escape(name) for name in names))
