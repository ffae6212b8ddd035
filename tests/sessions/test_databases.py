"""Databases of passwords that are asked one after the other: one attempt, though each of them tells of it."""

import pytest

from exporter.catalogue import Reason
from exporter.model import Fact, Kind
from tests.sessions.desk import Desk

ALICE = b"alice@example.com"
LOGIN = Fact(Kind.LOGIN, b"k", ALICE)


def told(*, found: bool = True) -> Fact:
    """What a database says of a password, or of a name that it does not have."""
    return Fact(
        Kind.FAILURE, b"k", ALICE, b"192.0.2.9", tentative=True, ok=None if found else False, trait="auth_verbose"
    )


def ended(attempts: int) -> Fact:
    """The end, with the server's own count."""
    return Fact(Kind.END, b"k", ALICE, reason=Reason.CLOSED, failures=attempts)


@pytest.mark.parametrize(
    ("first", "second"), [(told(), told()), (told(found=False), told()), (told(), told(found=False))]
)
def test_one_attempt_that_two_databases_refuse_is_one_failure(desk: Desk, first: Fact, second: Fact) -> None:
    desk.take(first, second)
    desk.take(ended(1), stamp=1002)
    assert desk.total("login_failures") == 1


@pytest.mark.parametrize("found", [True, False])
def test_a_login_by_the_second_database_takes_the_refusal_of_the_first_back(desk: Desk, found: bool) -> None:  # noqa: FBT001
    desk.take(told(found=found))
    desk.take(LOGIN, stamp=1001)
    assert (desk.total("login_failures"), desk.total("logins")) == (0, 1)


def test_a_login_after_the_delay_of_a_refusal_is_a_second_attempt(desk: Desk) -> None:
    desk.take(told(found=False), told())
    desk.take(LOGIN, stamp=1004)
    assert (desk.total("login_failures"), desk.total("logins")) == (1, 1)


def test_attempts_after_the_delay_count_each(desk: Desk) -> None:
    desk.take(told(), told())
    desk.take(told(), told(), stamp=1003)
    desk.take(ended(2), stamp=1006)
    assert desk.total("login_failures") == 2


def test_attempts_without_a_delay_count_as_the_end_tells(desk: Desk) -> None:
    desk.take(told(), told(), told())
    desk.take(ended(3), stamp=1001)
    assert desk.total("login_failures") == 3
