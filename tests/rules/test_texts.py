"""What people read when an alert fires: numbers, links and names, also strange ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.rules import promtool
from tests.rules.worlds import account, busiest, domain, known, server, steady, then

pytestmark = pytest.mark.tool("promtool")
RUNBOOKS = "https://pop3-exporter.example/deploy/runbooks"
GRAFANA = "http://127.0.0.1:3000/d"
MINUTES = 70
# Series that step within the hour: Prometheus 2 counts a sample at the window's very beginning, Prometheus 3 does not.


def _disagreement(
    directory: Path, alert: str, world: dict[str, str], labels: dict[str, str], annotations: dict[str, str]
) -> str:
    test: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in world.items()],
        "alert_rule_test": [
            {
                "eval_time": f"{MINUTES}m",
                "alertname": alert,
                "exp_alerts": [{"exp_labels": labels, "exp_annotations": annotations}],
            }
        ],
    }
    rules = promtool.needed(promtool.load(), [alert])
    thresholds = [rule for rule in promtool.load() if rule.get("record") == "pop3:threshold" and rule not in rules]
    (directory / "rules.yml").write_text(json.dumps({"groups": [{"name": "rules", "rules": [*thresholds, *rules]}]}))
    document = {"rule_files": [str(directory / "rules.yml")], "evaluation_interval": "1m", "tests": [test]}
    (directory / "tests.yml").write_text(json.dumps(document))
    return promtool.run_tests(directory / "tests.yml")


def test_a_stolen_accounts_message_has_the_numbers(tmp_path: Path) -> None:
    """Connections, refused logins, networks, and what was usual; the link names the account."""
    user = "o'ann+x@example.com"
    grown = {"connections": then(steady(500, 0, 29), 618), "failures": then(steady(5, 0, 29), 64)}
    world = server() | known() | account(user, **grown, networks=steady(40))
    for series, value in (("pop3_user:connections", 25), ("pop3_user:client_networks", 7)):
        world |= busiest(series, value, server="mx1", domain="example.com", user=user)
    expected = {
        "summary": f"The account {user} on mx1 is probably stolen",
        "description": "In the last hour 118 connections and 59 failed logins, "
        "and logins from 40 networks in the last 24 hours. "
        "In the 14 days before, its busiest hour had 25 connections, and it logged in from at most 7 networks.",
        "dashboard": f"{GRAFANA}/pop3-user?var-server=mx1&var-domain=example.com"
        # From six hours before it was true for the first time, at half an hour, to two hours after.
        f"&var-user=o%27ann%2Bx%40example.com&from={(1800 - 21_600) * 1000}&to={(1800 + 7200) * 1000}",
        "runbook_url": f"{RUNBOOKS}/POP3AccountLikelyCompromised.md",
    }
    labels = {"severity": "critical", "server": "mx1", "domain": "example.com", "user": user}
    assert _disagreement(tmp_path, "POP3AccountLikelyCompromised", world, labels, expected) == ""


def test_a_domains_message_has_numbers_and_limits(tmp_path: Path) -> None:
    """Also without a history of its own."""
    world = server() | known() | domain(connections=then(steady(5000, 0, 29), 5590))
    expected = {
        "summary": "Far more connections than before to example.com on mx1",
        "description": "590 connections in the last hour; "
        "the busiest hour in the 14 days before had an unknown number. "
        "Limits: 300, and 4 times the busiest hour; 5000 while there is no history.",
        "dashboard": f"{GRAFANA}/pop3-domain?var-server=mx1&var-domain=example.com&from=now-14d&to=now",
        "runbook_url": f"{RUNBOOKS}/POP3DomainConnectionSpike.md",
    }
    labels = {"severity": "warning", "server": "mx1", "domain": "example.com"}
    assert _disagreement(tmp_path, "POP3DomainConnectionSpike", world, labels, expected) == ""
