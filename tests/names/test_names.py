"""Whom a name as logged is charged to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.model import Account
from exporter.names import LABEL_BYTES, NameRules, Names, Series, address, normalised


def triple(account: Account) -> tuple[str, str, str | None]:
    """The account's labels."""
    return account.server, account.domain, account.user


def charged(names: Names, user: bytes | None, *, login: bool, default: str | None = None) -> tuple[str, str | None]:
    """Domain and user that a name on server `mx` is charged to."""
    account = names.account("mx", user, login=login, default_domain=default)
    return account.domain, account.user


@pytest.mark.parametrize(
    ("raw", "default", "expected"),
    [
        (b"Alice@Example.COM", None, ("example.com", "alice@example.com")),
        (b" alice@example.com\t", None, ("example.com", "alice@example.com")),
        (b"alice", None, ("unknown", "alice")),
        (b"alice", "example.com", ("example.com", "alice@example.com")),
        (b"alice", "Example.COM", ("example.com", "alice@example.com")),
        (b"alice@", "example.com", ("example.com", "alice@example.com")),
        (b"alice@", None, ("unknown", "alice")),
        (b"a@b@example.com", None, ("example.com", "a@b@example.com")),
        (b"caf\xe9@example.com", None, ("example.com", "caf�@example.com")),
        ("José@Example.ES".encode(), None, ("example.es", "josé@example.es")),
        (b"", "example.com", ("unknown", None)),
        (None, "example.com", ("unknown", None)),
        (b"x@unknown", None, ("_other", "_other")),
        (b"x@_other", None, ("_other", "_other")),
        (b"_other", None, ("unknown", "_other")),
        (b"a" * 300 + b"@example.com", None, ("example.com", "_other")),
        (b"a@" + b"d" * 300, None, ("_other", "_other")),
    ],
)
def test_a_login_is_charged_to_the_name_as_an_address(
    raw: bytes | None, default: str | None, expected: tuple[str, str | None]
) -> None:
    """A successful login gives birth to the lower-case address and to what follows its last @."""
    assert expected == charged(Names(NameRules()), raw, login=True, default=default)


def test_a_name_that_only_failed_is_charged_to_what_is_known_of_it() -> None:
    """Without a login ever nobody is born; the domain counts as soon as it is known, the user after its login."""
    names = Names(NameRules())
    assert ("unknown", None) == charged(names, b"bob@example.com", login=False)
    charged(names, b"alice@example.com", login=True)
    assert ("example.com", None) == charged(names, b"bob@example.com", login=False)
    charged(names, b"bob@example.com", login=True)
    assert ("example.com", "bob@example.com") == charged(names, b"bob@example.com", login=False)


def test_names_are_known_per_server() -> None:
    """What is born on one server is unknown on another."""
    names = Names(NameRules())
    names.account("mx1", b"alice@example.com", login=True)
    assert ("mx2", "unknown", None) == triple(names.account("mx2", b"alice@example.com", login=False))


def test_an_account_is_one_object() -> None:
    """The same triple is the same object, by whatever way it was found."""
    names = Names(NameRules())
    account = names.account("mx", b"ALICE@example.com", login=True)
    assert account is names.account("mx", b"alice@example.com", login=False)
    assert account is names.account("mx", b"alice", login=False, default_domain="example.com")
    assert account is names.intern("mx", "example.com", "alice@example.com")


def test_first_come_first_kept_per_server_and_in_all() -> None:
    """Beyond a cap users are `_other` in their domain, and those who came first stay."""
    names = Names(NameRules(users_max=2, users_max_total=3))
    assert ("d", "a@d") == charged(names, b"a@d", login=True)
    assert ("d", "b@d") == charged(names, b"b@d", login=True)
    assert ("d", "_other") == charged(names, b"c@d", login=True)
    assert ("d", "a@d") == charged(names, b"a@d", login=True)
    assert "a@d" == names.account("mx2", b"a@d", login=True).user
    assert "_other" == names.account("mx2", b"b@d", login=True).user
    assert {"mx": 1, "mx2": 1} == names.folded_users


def test_a_user_of_a_folded_domain_is_other_in_both_labels() -> None:
    """Domains beyond the caps fold, the pseudo-domains do not count, and a failure is no reason to fold."""
    names = Names(NameRules(domains_max=1))
    assert ("d1", "a@d1") == charged(names, b"a@d1", login=True)
    assert ("_other", "_other") == charged(names, b"a@d2", login=True)
    assert ("unknown", None) == charged(names, b"b@d2", login=False)
    assert {"mx": 1} == names.folded_domains


def test_domains_are_capped_in_all() -> None:
    """The total cap holds over servers."""
    names = Names(NameRules(domains_max_total=1))
    names.account("mx1", b"a@d", login=True)
    assert ("mx2", "_other", "_other") == triple(names.account("mx2", b"a@d", login=True))


def test_servers_beyond_the_cap_are_other() -> None:
    """Servers are capped, and a host that is called like the pseudo-name is no server of its own."""
    names = Names(NameRules(servers_max=1))
    assert "mx1" == names.account("mx1", None, login=False).server
    assert "_other" == names.account("mx2", None, login=False).server
    assert "mx1" == names.account("mx1", None, login=False).server
    assert "_other" == names.account("_other", None, login=False).server
    assert ["mx1", "_other"] == [names.server("mx1"), names.server("mx2")]


def test_what_a_ledger_knows_is_kept_beyond_the_caps() -> None:
    """A cap that was lowered takes nobody away, and lets nobody in."""
    names = Names(NameRules(users_max=1), [("mx",), ("mx", "d"), ("mx", "d", "a@d"), ("mx", "d", "b@d")])
    assert ["a@d", "b@d", "_other"] == [charged(names, name, login=True)[1] for name in (b"a@d", b"b@d", b"c@d")]


def test_listed_users_are_born_when_first_named() -> None:
    """A listed user needs no login to be charged."""
    names = Names(NameRules(listed_users=frozenset({"a@d"})))
    assert ("d", "a@d") == charged(names, b"A@d", login=False)
    assert ("d", "b@d") == charged(names, b"b@d", login=True)


def test_listed_domains_are_born_when_first_named() -> None:
    """A listed domain needs no login to be charged, its unknown users have no user scope."""
    names = Names(NameRules(listed_domains=frozenset({"d"})))
    assert ("d", None) == charged(names, b"a@d", login=False)
    assert ("unknown", None) == charged(names, b"a@e", login=False)


def test_series_of_listed_users_only() -> None:
    """With `listed` a login of another user counts for its domain alone."""
    names = Names(NameRules(series=Series.LISTED, listed_users=frozenset({"a@d"})))
    assert ("d", None) == charged(names, b"b@d", login=True)
    assert ("d", "a@d") == charged(names, b"a@d", login=True)


def test_series_off_knows_no_user() -> None:
    """With `off` no user is known or kept, domains are."""
    names = Names(NameRules(series=Series.OFF))
    assert ("d", None) == charged(names, b"a@d", login=True)
    assert not names.keeps_names


def test_a_forgotten_user_is_born_again_by_a_login_only() -> None:
    """Forgetting frees the place of a user, in the cap too."""
    names = Names(NameRules(users_max=1))
    charged(names, b"a@d", login=True)
    names.forget("mx", "d", "a@d")
    assert ("d", None) == charged(names, b"a@d", login=False)
    assert ("d", "b@d") == charged(names, b"b@d", login=True)
    assert ("d", "_other") == charged(names, b"a@d", login=True)


def test_a_saved_account_of_a_forgotten_user_gives_no_birth() -> None:
    """An account saved with a session is found again, and only as far as it is still known."""
    names = Names(NameRules(), [("mx",), ("mx", "d"), ("mx", "d", "a@d")])
    assert ("mx", "d", "a@d") == triple(names.intern("mx", "d", "a@d"))
    assert ("mx", "d", None) == triple(names.intern("mx", "d", "b@d"))
    assert ("mx", "_other", None) == triple(names.intern("mx", "e", "b@e"))
    assert ("mx", "_other", "_other") == triple(names.intern("mx", "_other", "_other"))


def test_counts_of_folded_names_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names fold, the count and its memory stop at a bound."""
    monkeypatch.setattr("exporter.names.COUNTED_NAMES", 5)
    names = Names(NameRules(users_max=0))
    for number in range(20):
        charged(names, b"%d@d" % number, login=True)
    assert {"mx": 5} == names.folded_users


def test_the_cache_is_bounded_and_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a cache of one name the answers are the same."""
    monkeypatch.setattr("exporter.names.CACHED_NAMES", 1)
    names = Names(NameRules())
    first = [charged(names, b"%d@d" % number, login=number % 2 == 0) for number in range(10)]
    assert first == [charged(names, b"%d@d" % number, login=False) if number else ("d", "0@d") for number in range(10)]
    assert len(names._cache) <= 1


def test_the_cache_is_bounded_by_bytes_and_keeps_no_long_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attackers' names of any length are not kept as logged; shorter ones only up to so many bytes in all."""
    monkeypatch.setattr("exporter.names.CACHED_BYTES", 1000)
    names = Names(NameRules())
    for number in range(50):
        names.account("mx", b"%d" % number * 500, login=False)
        names.account("mx", b"%d@%s" % (number, b"d" * 90), login=False)
        kept = [user for _, user, _, _ in names._cache if user]
        assert sum(map(len, kept)) < 1000 + LABEL_BYTES
        assert max(map(len, kept)) < 100


@given(st.lists(st.tuples(st.sampled_from(["mx1", "mx2", "mx3"]), st.binary(max_size=12), st.booleans()), max_size=40))
def test_any_names_stay_within_the_caps(attempts: list[tuple[str, bytes, bool]]) -> None:
    """Any bytes give labels of at most 255 bytes, and never more users, domains or servers than allowed."""
    names = Names(NameRules(users_max=3, users_max_total=4, domains_max=2, domains_max_total=3, servers_max=2))
    seen: set[tuple[str, str, str | None]] = set()
    for server, user, login in attempts:
        account = names.account(server, user, login=login, default_domain=None)
        assert account is names.account(server, user, login=login, default_domain=None)
        seen.add(triple(account))
    pseudo = {"_other", "unknown", None}
    assert all(len(label.encode()) <= LABEL_BYTES for labels in seen for label in labels if label)
    assert len({server for server, _, _ in seen} - {"_other"}) <= 2
    assert len({(server, domain) for server, domain, _ in seen if domain not in pseudo}) <= 3
    assert len({labels for labels in seen if labels[2] not in pseudo}) <= 4


def test_parts_of_an_address() -> None:
    """The domain is what follows the last @, and is empty where none is known."""
    assert ("a@b", "b") == address("a@b", None)
    assert ("a", "") == address("a", None)
    assert ("a�", "") == address(normalised(b"A\xff "), None)
