"""promtool's unit tests of rules, made of Python: a world of series, and what must be firing in it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules"
RULE_FILES = tuple(sorted(RULES.glob("*.yml")))
PROMTOOL = os.environ.get("PROMTOOL", "promtool")  # another version's
Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Case:
    """`alert` fires `minutes` after the beginning with exactly these sets of labels; none: it is silent."""

    name: str
    alert: str
    series: Mapping[str, str]
    fires: Sequence[Labels] = ()
    minutes: int = 70
    # Rules beside the project's own, such as an operator's exceptions.
    extra: str = ""
    # Minutes between samples; rules are evaluated at every second one.
    step: int = 1


@dataclass(frozen=True, slots=True)
class Question:
    """What an expression gives at a time, as sample by labels (text of a selector, `{}` for none)."""

    name: str
    series: Mapping[str, str]
    expression: str
    minutes: int
    answer: Mapping[str, float] = field(default_factory=dict)
    step: int = 1


Rule = dict[str, Any]


def load(files: Iterable[Path] = RULE_FILES) -> list[Rule]:
    """All rules: values first, then what is recorded, then what alerts; the order in which they must be evaluated."""
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    ranks = {
        "pop3-thresholds-accounts": 0,
        "pop3-thresholds-servers": 0,
        "pop3-thresholds-exporter": 0,
        "pop3-exceptions": 0,
        "pop3-recording": 1,
        "pop3-history": 2,
    }
    return [rule for group in sorted(groups, key=lambda group: ranks.get(group["name"], 3)) for rule in group["rules"]]


def needed(rules: Sequence[Rule], names: Iterable[str]) -> list[Rule]:
    """The rules of these names (alerts or records) and all that they are made of, in their order."""
    wanted, chosen = set(names), set[int]()
    while True:
        found = {number for number, rule in enumerate(rules) if name_of(rule) in wanted} - chosen
        if not found:
            return [rule for number, rule in enumerate(rules) if number in chosen]
        chosen |= found
        for number in found:
            wanted |= _mentioned(rules[number]["expr"])


def name_of(rule: Rule) -> str:
    """Thresholds and exceptions have a name each: only those that an expression asks for are evaluated."""
    name = rule.get("alert") or rule["record"]
    return f"{name} {rule['labels']['name']}" if name.startswith("pop3:") else name


def _mentioned(expression: str) -> set[str]:
    named = {f"{series} {name}" for series, name in re.findall(r'(pop3:\w+)\{name="(\w+)"\}', expression)}
    return named | set(re.findall(r"\bpop3_\w+:\w+(?::\w+)?", expression))


def verdict(directory: Path, tests: Iterable[Case | Question], rules: Sequence[Rule]) -> str:
    """What promtool says against the tests: empty if all hold. `rules`: only those that the tests ask for are used."""
    batches: dict[tuple[str, str, int], list[Case | Question]] = {}
    for test in tests:
        names = test.alert if isinstance(test, Case) else "\n".join(sorted(_mentioned(test.expression)))
        batches.setdefault((names, test.extra if isinstance(test, Case) else "", test.step), []).append(test)
    return "".join(_verdict(directory, rules, names, batch) for (names, _, _), batch in batches.items())


def _verdict(directory: Path, rules: Sequence[Rule], names: str, tests: Sequence[Case | Question]) -> str:
    return run_tests(write_tests(directory, needed(rules, names.splitlines()), tests))


def write_tests(
    directory: Path, rules: Sequence[Rule], tests: Sequence[Case | Question], alerts: Sequence[str] = ()
) -> Path:
    """A file of tests for promtool, all with the same step and extra rules. `alerts`: each must behave as the case
    says, not only the one that it names."""
    directory.mkdir(parents=True, exist_ok=True)
    extra = next((test.extra for test in tests if isinstance(test, Case)), "")
    more = [rule for group in yaml.safe_load(extra)["groups"] for rule in group["rules"]] if extra else []
    # Texts are tested by themselves: each asks questions of its own at every evaluation.
    bare = [{key: value for key, value in rule.items() if key != "annotations"} for rule in rules]
    (directory / "rules.yml").write_text(json.dumps({"groups": [{"name": "rules", "rules": [*more, *bare]}]}))
    document = {
        "rule_files": [str(directory / "rules.yml")],
        "evaluation_interval": f"{2 * tests[0].step}m",
        "tests": [_test(test, alerts) for test in tests],
    }
    path = directory / "tests.yml"
    path.write_text(json.dumps(document))  # JSON is YAML
    return path


def run_tests(path: Path) -> str:
    """What promtool says against a file of tests: empty if all hold."""
    return _said("test", "rules", str(path))


def check_config(path: Path) -> str:
    """What promtool says against a configuration of Prometheus with its rules: empty if nothing."""
    return _said("check", "config", str(path))


def _said(*arguments: str) -> str:
    """Empty if all is well; RuntimeError if promtool ended without a word, killed for want of memory for instance."""
    command = [shutil.which(PROMTOOL) or PROMTOOL, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    words = done.stdout + done.stderr
    if done.returncode and not words.strip():
        raise RuntimeError(f"promtool {' '.join(arguments)}: ended with {done.returncode} and said nothing")
    return words if done.returncode else ""


def _test(test: Case | Question, alerts: Sequence[str]) -> dict[str, Any]:
    inputs = [{"series": series, "values": values} for series, values in test.series.items()]
    if isinstance(test, Question):
        expected = [{"labels": labels, "value": value} for labels, value in test.answer.items()]
        asked = {"expr": test.expression, "eval_time": f"{test.minutes}m", "exp_samples": expected}
        return {"name": test.name, "interval": f"{test.step}m", "input_series": inputs, "promql_expr_test": [asked]}
    asked_all = [_asks(test, alert) for alert in alerts or [test.alert]]
    return {"name": test.name, "interval": f"{test.step}m", "input_series": inputs, "promql_expr_test": asked_all}


def _asks(case: Case, alert: str) -> dict[str, Any]:
    """What must be firing in the case under the name `alert`."""
    labels = "server, domain, user, instance, source"
    return {
        "expr": f'count by ({labels}) (ALERTS{{alertname="{alert}",alertstate="firing"}})',
        "eval_time": f"{case.minutes}m",
        "exp_samples": [{"labels": _selector(labels), "value": 1} for labels in case.fires],
    }


def _selector(labels: Labels) -> str:
    return "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in labels.items()) + "}"
