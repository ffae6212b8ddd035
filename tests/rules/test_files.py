"""What the rule files promise beside their expressions: texts, links, runbooks, thresholds, how series are read."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from dashboards.links import VARIABLES
from exporter.catalogue import MEASURES, Scope
from exporter.exposition.families import SCOPE_FAMILIES
from tests.rules import promtool

ROOT = Path(__file__).parents[2]
RUNBOOKS = ROOT / "deploy" / "runbooks"
ALERTMANAGER = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
RULES = promtool.load()
ALERTS: list[dict[str, Any]] = [rule for rule in RULES if "alert" in rule]
SECTIONS = ("Meaning", "Impact", "Diagnosis", "Mitigation")
each_alert = pytest.mark.parametrize("alert", ALERTS, ids=lambda rule: rule["alert"])


@each_alert
def test_an_alert_says_what_where_and_what_to_do(alert: dict[str, Any]) -> None:
    """Severity, summary, description with numbers, dashboard and runbook."""
    assert alert["labels"]["severity"] in {"critical", "warning"}
    assert {"summary", "description", "dashboard", "runbook_url"} == set(alert["annotations"])
    assert len(alert["annotations"]["description"]) > len(alert["annotations"]["summary"])


@each_alert
def test_an_alert_links_a_dashboard_that_exists_with_its_variables(alert: dict[str, Any]) -> None:
    """Dashboard uid, variables and time range are real."""
    link = urlsplit(re.sub(r"\{\{.*?\}\}", "x", alert["annotations"]["dashboard"]))
    uid = link.path.removeprefix("/d/")
    parameters = set(parse_qs(link.query))
    file = json.loads((ROOT / "deploy" / "grafana" / "dashboards" / f"{uid}.json").read_text())
    assert uid == file["uid"]
    assert {"from", "to"} <= parameters
    assert {f"var-{name}" for name in VARIABLES[uid] if name in {"server", "domain", "user"}} == parameters - {
        "from",
        "to",
    }


@each_alert
def test_an_alert_has_its_runbook(alert: dict[str, Any]) -> None:
    """The runbook is there, with all its sections, none empty."""
    url = urlsplit(alert["annotations"]["runbook_url"])
    path = ROOT / url.path.lstrip("/")
    assert RUNBOOKS / f"{alert['alert']}.md" == path
    parts = re.split(r"^## (.+)\n", path.read_text(), flags=re.MULTILINE)
    assert f"# {alert['alert']}" == parts[0].strip()
    assert SECTIONS == tuple(parts[1::2])
    assert all(text.strip() for text in parts[2::2])


def test_no_runbook_is_left_over() -> None:
    """Every runbook is some alert's."""
    assert {alert["alert"] for alert in ALERTS} == {path.stem for path in RUNBOOKS.glob("*.md")}


@pytest.mark.parametrize(
    "path", sorted([*RUNBOOKS.glob("*.md"), ROOT / "docs" / "alerts.md"]), ids=lambda path: path.name
)
def test_links_between_documents_hold(path: Path) -> None:
    """What is linked or named as a file of this repository exists."""
    text = path.read_text()
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target
    for target in re.findall(r"`((?:docs|deploy|tests)/[\w./-]+)`", text):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("name", ["POP3DomainConnectionSpike", "POP3DomainErrorsJump"])
def test_the_domains_runbooks_name_the_command_for_names_that_were_tried(name: str) -> None:
    """Mailboxes without a series are found by the ledger's list of failed names."""
    assert "pop3-exporter report " in (text := (RUNBOOKS / f"{name}.md").read_text())
    assert "--failed" in text


def test_thresholds_are_named_as_they_are_used() -> None:
    """No expression asks for a value that is not there, and none is there that nobody asks for."""
    there = {rule["labels"]["name"] for rule in RULES if rule.get("record") == "pop3:threshold"}
    asked = {name for rule in RULES for name in re.findall(r'pop3:threshold\{name="(\w+)"\}', rule["expr"])}
    assert there == asked


def test_exceptions_are_documented_as_they_are_asked_for() -> None:
    """The comment above the list names every kind."""
    comment = (promtool.RULES / "thresholds.yml").read_text()
    asked = {name for rule in RULES for name in re.findall(r'pop3:exception\{name="(\w+)"\}', rule["expr"])}
    assert [] == [name for name in asked if name not in comment]


def test_families_of_users_are_never_read_at_an_instant() -> None:
    """User series may be scraped every five minutes: each selector has a range."""
    names = [family.name for family in SCOPE_FAMILIES[Scope.USER].all]
    assert len(names) > len(MEASURES)
    for rule in RULES:
        for match in re.finditer(r"\b(pop3_user_\w+)\b(?!:)(\{[^}]*\})?(\[?)", rule["expr"]):
            if match[1] in names:
                assert match[3] == "[", f"{rule.get('alert') or rule['record']}: {match[0]}"


def test_groups_are_evaluated_more_often_than_prometheus_looks_back() -> None:
    """Five minutes is the look-back: what is read at an instant is recorded every minute."""
    for file in promtool.RULE_FILES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            assert group["interval"] == ("10m" if group["name"] == "pop3-history" else "1m")


@pytest.mark.tool("promtool")
def test_prometheus_loads_them() -> None:
    """`promtool check config` of the whole configuration is clean."""
    assert promtool.check_config(ROOT / "deploy" / "prometheus" / "prometheus.yml") == ""


@pytest.mark.tool("amtool")
def test_alertmanagers_example_is_clean() -> None:
    """`amtool check-config` has nothing to say against it."""
    assert "FAILED" not in amtool("check-config", str(ALERTMANAGER))


@pytest.mark.tool("amtool")
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("severity=critical", "domain=example.com", "user=ann@example.com"), "postmaster-and-pager"),
        (("severity=warning", "domain=example.com"), "postmaster"),
        (("severity=critical", "instance=mx1:10110"), "postmaster-and-pager"),
        (("severity=warning", "server=mx1"), "postmaster"),
    ],
)
def test_who_is_told(labels: tuple[str, ...], receiver: str) -> None:
    """What is critical pages, everything is mailed."""
    assert receiver == amtool("config", "routes", "test", f"--config.file={ALERTMANAGER}", *labels).strip()


def test_inhibitions_name_alerts_that_exist() -> None:
    """A renamed alert would be told twice."""
    names = [alert["alert"] for alert in ALERTS]
    for rule in yaml.safe_load(ALERTMANAGER.read_text())["inhibit_rules"]:
        for matcher in (*rule["source_matchers"], *rule["target_matchers"]):
            _, operator, pattern = re.fullmatch(r'(alertname) ?(=~?) ?"?([^"]+)"?', matcher).groups()  # type: ignore[union-attr]
            found = [name for name in names if re.fullmatch(pattern if operator == "=~" else re.escape(pattern), name)]
            assert len(found) >= pattern.count("|") + 1, matcher


def amtool(*arguments: str) -> str:
    """What amtool prints; subprocess.CalledProcessError with it if it is not content."""
    command = [shutil.which("amtool") or "amtool", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.tool("vmalert")
@pytest.mark.parametrize("file", promtool.RULE_FILES, ids=lambda file: file.name)
def test_vmalert_accepts_them(file: Path) -> None:
    """VictoriaMetrics's rule engine reads the same files, texts included."""
    command = [shutil.which("vmalert") or "vmalert", "-dryRun", f"-rule={file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, "".join(line for line in done.stderr.splitlines() if "\tfatal\t" in line))


def test_every_alert_stands_in_the_documentation() -> None:
    """With its severity and a link to its runbook."""
    text = (ROOT / "docs" / "alerts.md").read_text()
    for alert in ALERTS:
        name, severity = alert["alert"], alert["labels"]["severity"]
        assert f"| [{name}](../deploy/runbooks/{name}.md) | {severity} |" in text


def test_the_dashboards_ask_for_what_is_recorded() -> None:
    """What "Suspicious accounts" shows of the history is the rules' own series."""
    board = (ROOT / "deploy" / "grafana" / "dashboards" / "pop3-suspicious.json").read_text()
    asked = set(re.findall(r"\bpop3_\w+:\w+(?::\w+)?", board))
    assert asked <= {rule.get("record") for rule in RULES}


def test_documented_exceptions_are_those_asked_for() -> None:
    """The table has each kind once."""
    text = (ROOT / "docs" / "alerts.md").read_text()
    asked = {name for rule in RULES for name in re.findall(r'pop3:exception\{name="(\w+)"\}', rule["expr"])}
    assert asked == set(re.findall(r"^\| `(\w+)` \| domain", text, flags=re.MULTILINE))
