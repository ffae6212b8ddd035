"""A second filter for responses with domains, in addition to prom-label-proxy."""

import json
from collections.abc import Callable, Collection
from typing import Any

from exporter.gateway.upstream import Answer, unreachable

Change = Callable[[Any, Collection[str]], Any]


def series(data: Any, domains: Collection[str]) -> Any:  # noqa: ANN401 - JSON
    """Label sets of the domains only."""
    return [labels for labels in data if _domain(labels) in domains]


def domain_names(data: Any, domains: Collection[str]) -> Any:  # noqa: ANN401 - JSON
    """The values of the label `domain`."""
    return [name for name in data if name in domains]


def alerts(data: Any, domains: Collection[str]) -> Any:  # noqa: ANN401 - JSON
    """Alerts of the domains only."""
    return {"alerts": [alert for alert in data["alerts"] if _domain(alert["labels"]) in domains]}


def rules(data: Any, domains: Collection[str]) -> Any:  # noqa: ANN401 - JSON
    """Rules of the domains, without files, errors and expressions, which may name others."""
    groups = []
    for group in data["groups"]:
        kept = [_rule(rule, domains) for rule in group["rules"] if _domain(rule.get("labels") or {}) in domains]
        if kept:
            groups.append({**group, "file": "", "rules": kept})
    return {"groups": groups}


def changed(answer: Answer, change: Change, domains: Collection[str]) -> Answer:
    """A successful response with filtered `data`; others unchanged. Refusal if it is malformed."""
    if answer.code != 200:  # noqa: PLR2004
        return answer
    try:
        document = {"status": "success", "data": change(answer.data, frozenset(domains))}
    except (AttributeError, KeyError, TypeError) as error:
        raise unreachable("an answer in another form") from error
    return Answer(answer.code, json.dumps(document, ensure_ascii=False).encode())


def _rule(rule: dict[str, Any], domains: Collection[str]) -> dict[str, Any]:
    kept = {name: value for name, value in rule.items() if name != "lastError"} | {"query": ""}
    if "alerts" in kept:
        kept["alerts"] = [alert for alert in kept["alerts"] or () if _domain(alert["labels"]) in domains]
    return kept


def _domain(labels: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    return labels.get("domain")
