"""Alerts with one clause taken away, somewhere in what they are made of: a test must notice each.

All mutants of an alert are evaluated beside each other in the same worlds, under names of their own: a mutant of a
recording rule takes copies of all that is made of it along.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.rules import promtool
from tests.rules.clauses import without_one
from tests.rules.promtool import Case, Rule


@dataclass(frozen=True, slots=True)
class Mutant:
    """`alert`: its name; `rules`: it and all copies that it needs, in their order; `missing`: what was taken away."""

    alert: str
    missing: str
    rules: Sequence[Rule]


def mutants(alert: str, changed: Sequence[str] = ()) -> list[Mutant]:
    """One for each clause of the alert, or of the recording rules `changed`."""
    chain = [
        rule for rule in promtool.needed(promtool.load(), [alert]) if not promtool.name_of(rule).startswith("pop3:")
    ]
    found: list[Mutant] = []
    for position, rule in enumerate(chain):
        if promtool.name_of(rule) in (changed or (alert,)):
            for clause, rest in without_one(rule["expr"]):
                copies = _copies(chain[position:], rest, f"_m{len(found)}")
                found.append(
                    Mutant(copies[-1]["alert"], f"{promtool.name_of(rule)}: {' '.join(clause.split())}", copies)
                )
    return found


def _copies(chain: Sequence[Rule], expression: str, suffix: str) -> list[Rule]:
    """The first of the chain with another expression, then those that depend on it, all under new names."""
    renamed: dict[str, str] = {}
    copies: list[Rule] = []
    for position, rule in enumerate(chain):
        text = expression if position == 0 else rule["expr"]
        for old, new in renamed.items():
            text = re.sub(rf"(?<![\w:]){re.escape(old)}(?![\w:])", new, text)
        if position and text == rule["expr"]:
            continue
        kind = "alert" if "alert" in rule else "record"
        renamed[rule[kind]] = rule[kind] + suffix
        copies.append(
            {key: value for key, value in rule.items() if key != "annotations"}
            | {kind: rule[kind] + suffix, "expr": text}
        )
    return copies


def survivors(directory: Path, alert: str, cases: Sequence[Case], changed: Sequence[str] = ()) -> list[str]:
    """What can be taken away without any case noticing it."""
    living = {mutant.alert: mutant for mutant in mutants(alert, changed)}
    for extra, step in sorted({(case.extra, case.step) for case in cases}):
        batch = [case for case in cases if (case.extra, case.step) == (extra, step)]
        while living:
            noticed = _noticed(directory, alert, batch, list(living.values()))
            living = {name: mutant for name, mutant in living.items() if name not in noticed}
            if not noticed:
                break
    return [mutant.missing for mutant in living.values()]


def _noticed(directory: Path, alert: str, cases: Sequence[Case], living: Sequence[Mutant]) -> set[str]:
    """The mutants that behave otherwise; those that cannot even be evaluated come first, and alone."""
    directory.mkdir(parents=True, exist_ok=True)
    # Beside the thresholds that it asks for two others, so that asking for none by name is noticed.
    others = ["pop3:threshold recorded_domain", "pop3:threshold history_hours"]
    own = promtool.needed(promtool.load(), [alert, *others])
    rules = [*own, *(rule for mutant in living for rule in mutant.rules)]
    path = promtool.write_tests(directory, rules, cases, [alert, *(mutant.alert for mutant in living)])
    words = promtool.run_tests(path)
    failed = set(re.findall(r'rule: ([\w:]+?), time|"([\w:]+)": could not parse', words))
    suffixes = {match[0] for names in failed if (match := re.search(r"_m\d+$", "".join(names)))}
    if suffixes:
        return {mutant.alert for mutant in living if re.search(r"_m\d+$", mutant.alert)[0] in suffixes}  # type: ignore[index]
    noticed = set(re.findall(r'alertname=\\"(\w+)\\"', words))
    if alert in noticed or (words and not noticed):
        raise AssertionError(words)
    return noticed
