"""Distinct client networks of each user in the last 24 hours."""

from pathlib import Path

import pytest

from exporter.ledger import Ledger
from exporter.ledger.networks import network_of
from exporter.model import Charge
from exporter.names import NameRules, Series
from tests.ledger.books import DAY, NOON, opened

ALICE = ("mx", "a", "alice@a")


def log_in(ledger: Ledger, address: bytes, stamp: int = NOON, now: float | None = None) -> int | None:
    """Alice logs in from an address; how many networks the view then shows."""
    account = ledger.names.account("mx", b"alice@a", login=True)
    ledger.book([Charge(account, stamp, ((0, 1),), None, address)])
    return ledger.commit(stamp if now is None else now).networks.get(ALICE)


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        (b"192.0.2.1", b"192.0.2.254", True),
        (b"192.0.2.1", b"192.0.3.1", False),
        (b"2001:db8:1::1", b"2001:db8:1:ffff::9", True),
        (b"2001:db8:1::1", b"2001:db8:2::1", False),
        (b"::ffff:192.0.2.1", b"192.0.2.7", True),
        (b"[2001:db8:1::1]", b"2001:db8:1::2", True),
        (b"fe80::1%eth0", b"fe80::2", True),
    ],
)
def test_networks_are_of_24_and_48_bits(one: bytes, two: bytes, same: bool) -> None:  # noqa: FBT001
    """Addresses share a network by their first 24 bits, or 48 for IPv6; mapped ones are IPv4."""
    assert network_of(one) is not None
    assert same is (network_of(one) == network_of(two))


@pytest.mark.parametrize("address", [b"", b"localhost", b"unix:/run/pop3", b"\xff", b"192.0.2"])
def test_what_is_no_address_counts_for_nothing(tmp_path: Path, address: bytes) -> None:
    """An address that is none is no network."""
    ledger = opened(tmp_path)
    assert None is log_in(ledger, address)
    ledger.close()


def test_networks_are_counted_for_24_hours(tmp_path: Path) -> None:
    """Each network counts until 24 hours after its last login, right to the hour, over restarts too."""
    ledger = opened(tmp_path)
    assert 1 == log_in(ledger, b"192.0.2.1")
    assert 1 == log_in(ledger, b"192.0.2.2", NOON + 60)
    assert 2 == log_in(ledger, b"198.51.100.1", NOON + 2 * 3600)
    ledger.close()
    ledger = opened(tmp_path, now=NOON + 2 * 3600)
    assert 2 == ledger.view.networks[ALICE]
    assert 2 == ledger.commit(NOON + DAY + 3599).networks[ALICE]
    assert 1 == ledger.commit(NOON + DAY + 3600).networks[ALICE]
    assert {} == dict(ledger.commit(NOON + DAY + 3 * 3600).networks)
    ledger.close()
    ledger = opened(tmp_path, now=NOON + DAY + 3 * 3600)
    assert {} == dict(ledger.view.networks)
    ledger.close()


def test_old_logins_are_no_networks(tmp_path: Path) -> None:
    """What an import brings of older days does not count."""
    ledger = opened(tmp_path)
    assert None is log_in(ledger, b"192.0.2.1", NOON - 2 * DAY, now=NOON)
    ledger.close()


def test_networks_per_user_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the oldest networks go first, in memory and in the file."""
    monkeypatch.setattr("exporter.ledger.networks.NETWORKS_PER_USER", 3)
    ledger = opened(tmp_path)
    counts = [log_in(ledger, b"192.0.%d.1" % number, NOON + number * 3600) for number in range(5)]
    assert [1, 2, 3, 3, 3] == counts
    ledger.close()
    ledger = opened(tmp_path, now=NOON + 4 * 3600)
    assert 3 == ledger.view.networks[ALICE]
    assert 3 == log_in(ledger, b"192.0.4.9", NOON + 4 * 3600)
    ledger.close()


def test_no_networks_without_users(tmp_path: Path) -> None:
    """With `users.series: off` nothing of a user is kept."""
    ledger = opened(tmp_path, names=NameRules(series=Series.OFF))
    log_in(ledger, b"192.0.2.1")
    assert {} == dict(ledger.view.networks)
    assert (0,) == ledger._connection.execute("SELECT count(*) FROM networks").fetchone()
    ledger.close()
