"""No clause of an alert can be taken away, here or in what it is made of, without a case noticing it."""

from pathlib import Path

import pytest

from tests.rules.cases_accounts import ACCOUNTS, OWN_DOINGS, SPIKES
from tests.rules.cases_places import PLACES
from tests.rules.clauses import without_one
from tests.rules.mutants import survivors
from tests.rules.promtool import Case, load

ALERTS = [rule["alert"] for rule in load() if "alert" in rule]
# Recording rules, and the alert whose cases watch them.
RECORDED = {
    "pop3_server:unsettled": ("POP3UserConnectionSpike", OWN_DOINGS),
    "pop3_user:connections:increase1h": ("POP3UserConnectionSpike", SPIKES + OWN_DOINGS),
    "pop3_user:login_failures:increase1h": ("POP3UserLoginFailures", ACCOUNTS),
    "pop3_user:client_networks:last": ("POP3UserManyNetworks", ACCOUNTS),
    "pop3_domain:connections:increase1h": ("POP3DomainConnectionSpike", PLACES),
    "pop3_domain:errors:increase1h": ("POP3DomainErrorsJump", PLACES),
    "pop3_server:blocked_connections:increase1h": ("POP3BlockedSurge", PLACES),
    "pop3_server:terminations:increase1h": ("POP3TerminationsSurge", PLACES),
}


def test_a_clause_is_what_can_be_taken_away() -> None:
    """Right sides of operators, left sides of `or`, and matchers."""
    left = [rest.split() for _, rest in without_one('a{x="1"} > 2 or b unless on (c) d')]
    assert [
        ["b", "unless", "on", "(c)", "d"],
        ["a{}", ">", "2", "or", "b", "unless", "on", "(c)", "d"],
        ['a{x="1"}', "or", "b", "unless", "on", "(c)", "d"],
        ['a{x="1"}', ">", "2"],
        ['a{x="1"}', ">", "2", "or", "b"],
    ] == left


@pytest.mark.tool("promtool")
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("alert", ALERTS)
def test_every_clause_of_an_alert_matters(alert: str, tmp_path: Path) -> None:
    """Without any one of its clauses a case of the alert fails."""
    assert [] == survivors(tmp_path, alert, [case for case in (*ACCOUNTS, *PLACES) if case.alert == alert])


@pytest.mark.tool("promtool")
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("record", RECORDED)
def test_every_clause_of_what_is_recorded_matters(record: str, tmp_path: Path) -> None:
    """Without any one of its clauses a case of the alert made of it fails."""
    alert, cases = RECORDED[record]
    watching: list[Case] = [case for case in cases if case.alert == alert]
    living = survivors(tmp_path, alert, watching, [record])
    # The floor below which nothing is recorded lies below every limit: test_alerts asks for the rows themselves.
    assert [] == [missing for missing in living if 'name="recorded_' not in missing]
