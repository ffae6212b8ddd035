"""What Grafana does between a dashboard and Prometheus: variables, as in its packages/grafana-prometheus (12.4)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dashboards.queries.terms import STEPS, filled
from tests.prometheus_server import Engine, Labels

ALL = "$__all"
Json = dict[str, Any]
REGEX_SPECIAL = re.compile(r"[$^*{}\[\]+?.()|]")


@dataclass
class Page:
    """One dashboard as a viewer has it open: the range in UNIX seconds, `chosen` values of its variables.

    Grafana's ranges end in the last millisecond of `end`; it rounds that up to the next second (`formatRegistry` of
    its scenes), and so `to` is no longer in the range.
    """

    board: Json
    prometheus: Engine
    begin: int
    end: int
    chosen: dict[str, str | list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.to = self.end + 1
        self.asked: dict[str, str] = {}  # hidden variables: what Prometheus was asked
        self._texts: dict[str, str] = {}
        self._raw: dict[str, str | list[str]] = {}
        # Those that ask nobody come first, for others may use them.
        for variable in sorted(self.board["templating"]["list"], key=lambda one: one["type"] == "query"):
            self._settle(variable)

    @property
    def found(self) -> set[str]:
        """The variables whose values Prometheus gave."""
        return set(self._raw)

    def names(self, variable: str) -> list[str]:
        """What a hidden variable found."""
        value = self._raw[variable]
        return value if isinstance(value, list) else [value]

    def expression(self, text: str) -> str:
        """`text` with every variable replaced."""
        return filled(text, self._texts)

    def rows(self, target: Json) -> dict[Labels, float]:
        """The rows of an instant target."""
        return self.prometheus.query(self.expression(target["expr"]), at=self.to)

    def lines(self, target: Json) -> dict[Labels, list[tuple[float, float]]]:
        """The lines of a range target."""
        step = max(60, (self.to - self.begin) // 1000)
        return self.prometheus.query_range(self.expression(target["expr"]), self.begin, self.to, step)

    def _settle(self, variable: Json) -> None:
        name = variable["name"]
        self._texts |= self._times()
        if variable["type"] == "datasource":
            return
        if name == "step":
            step = str(self.chosen.get("step", "Day"))
            self._texts |= {"${step:text}": step, "$step": str(STEPS[step])}
        elif variable["type"] == "constant":
            self._texts[f"${name}"] = variable["query"]
        elif variable["type"] == "custom":
            self._texts[f"${name}"] = str(self.chosen.get(name, variable["current"]["value"]))
        elif variable["query"]["query"].startswith("query_result(") and name not in self.chosen:
            self._settle_by_query(variable)
        else:
            value = self.chosen.get(name, ALL)
            self._raw[name] = value
            self._texts |= {f"${name}": _matcher(value, variable), f"${{{name}:raw}}": str(value)}

    def _settle_by_query(self, variable: Json) -> None:
        """Each row as `{labels} value milliseconds`, of which the regular expression takes the value."""
        raw = f"${{{variable['name']}:raw}}"
        self._texts |= {f"${variable['name']}": "", raw: ""}  # what it asks of itself
        found = self.offered(variable)
        self._raw[variable["name"]] = found
        text = (_regex(found) if found else "") if variable.get("multi") else [*found, ""][0]
        self._texts |= {f"${variable['name']}": text, raw: text}

    def offered(self, variable: Json) -> list[str]:
        """The values that a variable finds."""
        query = self.expression(variable["query"]["query"]).removeprefix("query_result(").removesuffix(")")
        self.asked[variable["name"]] = query
        found = []
        for labels, value in self.prometheus.query(query, at=self.to).items():
            words = ",".join(f'{name}="{text}"' for name, text in labels)
            match = re.search(variable["regex"].strip("/"), f"{{{words}}} {value:.15g} {self.to * 1000}")
            found += [match[1]] if match else []
        return found

    def _times(self) -> dict[str, str]:
        length = self.to - self.begin
        return {
            "${__from:date:seconds}": str(self.begin),
            "${__to:date:seconds}": str(self.to),
            "${__range_s}": str(length),
            "$__rate_interval": "1h",
            "$__range": f"{length}s",
        }


def _matcher(value: str | list[str], variable: Mapping[str, Any]) -> str:
    if value == ALL:
        return str(variable.get("allValue", ""))
    if variable.get("multi"):
        return _regex([value] if isinstance(value, str) else value)
    return str(value).replace("\\", "\\\\").replace("'", "\\\\'")


def _regex(values: list[str]) -> str:
    escaped = [REGEX_SPECIAL.sub(r"\\\\\g<0>", value.replace("\\", "\\\\\\\\")) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"
