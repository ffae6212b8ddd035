"""Each alert fires in its cases and is silent in the near misses, by promtool."""

from pathlib import Path

import pytest

from tests.rules import promtool
from tests.rules.cases_accounts import ACCOUNTS
from tests.rules.cases_places import PLACES
from tests.rules.promtool import Question, verdict
from tests.rules.worlds import account, domain, server, steady, then

pytestmark = pytest.mark.tool("promtool")
RULES = promtool.load()
ALERTS = [rule["alert"] for rule in RULES if "alert" in rule]
CASES = (*ACCOUNTS, *PLACES)


@pytest.mark.parametrize("alert", ALERTS)
def test_it_fires_when_it_should_and_only_then(alert: str, tmp_path: Path) -> None:
    """All cases of the alert hold."""
    assert verdict(tmp_path, [case for case in CASES if case.alert == alert], RULES) == ""


@pytest.mark.parametrize("alert", ALERTS)
def test_each_alert_has_both_kinds_of_cases(alert: str) -> None:
    """There is a case in which it fires and one in which it does not."""
    assert {True, False} == {bool(case.fires) for case in CASES if case.alert == alert}


HERE = 'pop3_user:connections:busiest14d{server="mx1",domain="example.com",user="ann@example.com"}'
# One sample in 30 minutes: a quiet account that did 100 connections in one hour of its third day and 300 just now.
BURSTS = account(connections=then(steady(500, 0, 95), 600, 0, 167) + f" {steady(900)}")
SERVER = server(pop3_first_seen_timestamp_seconds=steady(1, 0, 800))


def history(name: str, expression: str, hours: int, answer: dict[str, float]) -> Question:
    """What the history says after so many hours."""
    return Question(name, SERVER | BURSTS, expression, hours * 60, answer, step=30)


QUESTIONS = (
    history("13 days are not enough", "last_over_time(pop3_server:known14d[1h])", 318, {}),
    history(
        "with 14 days there is a history",
        "last_over_time(pop3_server:known14d[1h]) > bool 0",
        322,
        {'{server="mx1"}': 1},
    ),
)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_history_is_what_the_rules_have_seen(question: Question, tmp_path: Path) -> None:
    """A server is known after 14 days of the rules' own heartbeat."""
    assert verdict(tmp_path, [question], RULES) == ""


def test_the_busiest_hour_leaves_the_last_day_out(tmp_path: Path) -> None:
    """What goes on today is no history of itself; what went on the week before is."""
    growth = account(connections=then(steady(500, 0, 143), 600, 0, 719) + " 900+0x200", born="-864000+0x2000")
    asked = "last_over_time(pop3_user:connections:busiest14d[1h])"
    questions = [
        Question("before any", server() | growth, f"{asked}", 20 * 60, {}, step=10),
        Question("the burst of the second day", growth, asked, 72 * 60, {HERE: 100.0}, step=10),
        Question("the burst of an hour ago is not in it", growth, asked, 145 * 60, {HERE: 100.0}, step=10),
        Question("a day later it is", growth, asked, 170 * 60, {HERE: 300.0}, step=10),
    ]
    assert verdict(tmp_path, questions, RULES) == ""


@pytest.mark.parametrize(
    "record",
    [rule["record"] for rule in RULES if rule.get("record", "").endswith((":increase1h", ":last"))],
)
def test_what_is_quiet_is_not_recorded(record: str, tmp_path: Path) -> None:
    """Accounts, domains and servers of a usual size have no row."""
    quiet = server() | account(connections=steady(500, 0.3), failures=steady(5, 0.3)) | domain(failures=steady(5, 0.6))
    assert verdict(tmp_path, [Question(record, quiet, record, 70)], RULES) == ""
