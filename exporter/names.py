"""Which names are known, and whom a name as logged is charged to (design section 3, cardinality).

A user is born by a successful login or because it is listed, a domain with its first user or because it is
listed, a server with its first event. First come, first kept; what lies beyond the caps is `_other`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from exporter.catalogue import OTHER, UNKNOWN
from exporter.model import Account

LABEL_BYTES = 255
# Entries of the cache of names as logged and their bytes, and distinct folded names counted: bounds, not tunables.
CACHED_NAMES = 200_000
CACHED_BYTES = 16 << 20
COUNTED_NAMES = 100_000

PSEUDO_NAMES = frozenset((UNKNOWN, OTHER))


class Series(StrEnum):
    """Which users have series of their own."""

    AFTER_LOGIN = "after_login"
    LISTED = "listed"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class NameRules:
    """Who may be born. Listed names are lower case, users as whole addresses; they are born when first named."""

    series: Series = Series.AFTER_LOGIN
    users_max: int = 20_000
    users_max_total: int = 100_000
    domains_max: int = 5_000
    domains_max_total: int = 20_000
    servers_max: int = 200
    listed_users: frozenset[str] = frozenset()
    listed_domains: frozenset[str] = frozenset()


class Names:
    """The known servers, domains and users; `known` are the label tuples of a ledger, in any order."""

    def __init__(self, rules: NameRules, known: Iterable[tuple[str, ...]] = ()) -> None:
        self._rules = rules
        self._servers: set[str] = set()
        self._domains: dict[str, set[str]] = {}
        self._users: dict[str, set[tuple[str, str]]] = {}
        self._domain_count = 0
        self._user_count = 0
        self._accounts: dict[tuple[str, str, str | None], Account] = {}
        self._cache: dict[tuple[str, bytes | None, bool, str | None], Account] = {}
        self._cached_bytes = 0
        self._passing: list[tuple[str, bytes | None, bool, str | None]] = []
        self._folded_users: dict[str, set[int]] = {}
        self._folded_domains: dict[str, set[int]] = {}
        for labels in known:
            self._learn(labels)

    def account(self, server: str, user: bytes | None, *, login: bool, default_domain: str | None = None) -> Account:
        """Whom a connection to `server` that named `user` is charged to.

        `login`: the login succeeded, so the name may be born. Without it a name that is not known belongs to its
        domain, if that is known, else to `unknown`, and has no user scope.
        """
        key = (server, user, login, default_domain)
        account = self._cache.get(key)
        if account is None:
            account = self._resolve(server, user, default_domain, login=login)
            if user is None or len(user) <= LABEL_BYTES:  # longer ones are never born
                self._remember(key, account)
        return account

    def _remember(self, key: tuple[str, bytes | None, bool, str | None], account: Account) -> None:
        _, user, login, _ = key
        if len(self._cache) >= CACHED_NAMES or self._cached_bytes >= CACHED_BYTES:
            self._clear_cache()
        self._cached_bytes += len(user or b"")
        self._cache[key] = account
        if user is not None and not login and account.user is None:
            self._passing.append(key)

    def _clear_cache(self) -> None:
        self._cache.clear()
        self._passing.clear()
        self._cached_bytes = 0

    def intern(self, server: str, domain: str, user: str | None) -> Account:
        """The account that was saved with a session; what has been forgotten since then is not born again."""
        server = self._server_born(server)
        if domain not in self._domains[server]:
            return self._intern(server, OTHER, None)
        is_known = user == OTHER or (domain, user) in self._users[server]
        return self._intern(server, domain, user if is_known else None)

    def server(self, name: str) -> str:
        """The label of a server: its name, or `_other` beyond the cap; does not give birth."""
        if name in self._servers:
            return name
        full = len(self._servers - {OTHER}) >= self._rules.servers_max
        return OTHER if full or not name or name == OTHER or _is_too_long(name) else name

    def forget(self, server: str, domain: str, user: str) -> None:
        """Free the place of a user; its next successful login is a birth."""
        users = self._users.get(server, set())
        if (domain, user) in users:
            users.remove((domain, user))
            self._user_count -= user != OTHER
        self._accounts.pop((server, domain, user), None)
        self._clear_cache()

    @property
    def folded_users(self) -> Mapping[str, int]:
        """Per server, how many distinct names logged in beyond the caps since the start; bounded."""
        return {server: len(names) for server, names in self._folded_users.items()}

    @property
    def folded_domains(self) -> Mapping[str, int]:
        """Per server, how many distinct domains lie beyond the caps since the start; bounded."""
        return {server: len(names) for server, names in self._folded_domains.items()}

    @property
    def keeps_names(self) -> bool:
        """Whether names of users may be stored at all."""
        return self._rules.series is not Series.OFF

    def _resolve(self, server: str, raw: bytes | None, default_domain: str | None, *, login: bool) -> Account:
        server = self._server_born(server)
        name = normalised(raw) if raw is not None else ""
        if not name:
            return self._intern(server, UNKNOWN, None)
        user, domain = address(name, default_domain.lower() if default_domain else None)
        label = self._domain(server, domain, birth=login or self._is_listed(user, domain)) if domain else UNKNOWN
        if label is None:
            return self._intern(server, UNKNOWN, None)
        return self._intern(server, label, self._user(server, label, user, login=login))

    def _intern(self, server: str, domain: str, user: str | None) -> Account:
        """The one object of the triple."""
        triple = (server, domain, user)
        account = self._accounts.get(triple)
        if account is None:
            account = self._accounts[triple] = Account(server, domain, user)
        return account

    def _is_listed(self, user: str, domain: str) -> bool:
        return domain in self._rules.listed_domains or user in self._rules.listed_users

    def _server_born(self, name: str) -> str:
        label = self.server(name)
        self._learn((label,))
        return label

    def _domain(self, server: str, domain: str, *, birth: bool) -> str | None:
        """The domain's label; None: not known, and not to be born now."""
        known = self._domains[server]
        if domain in known and domain not in PSEUDO_NAMES:
            return domain
        if not birth:
            return None
        full = len(known) - len(PSEUDO_NAMES) >= self._rules.domains_max
        full = full or self._domain_count >= self._rules.domains_max_total
        if full or domain in PSEUDO_NAMES or _is_too_long(domain):
            self._fold(self._folded_domains, server, domain)
            return OTHER
        self._learn((server, domain))
        return domain

    def _user(self, server: str, domain: str, user: str, *, login: bool) -> str | None:
        """The user's label; None: nothing is charged in the user scope."""
        rules = self._rules
        if rules.series is Series.OFF:
            return None
        known = self._users.setdefault(server, set())
        if (domain, user) in known and user not in PSEUDO_NAMES:
            return user
        listed = user in rules.listed_users
        if not listed and (not login or rules.series is Series.LISTED):
            return None
        full = len(known) >= rules.users_max or self._user_count >= rules.users_max_total
        if full or domain == OTHER or user in PSEUDO_NAMES or _is_too_long(user):
            self._fold(self._folded_users, server, user)
            return OTHER
        self._learn((server, domain, user))
        return user

    def _learn(self, labels: tuple[str, ...]) -> None:
        """Take the labels as known, and those that contain them."""
        server = labels[0]
        if server not in self._servers:
            self._servers.add(server)
            self._domains[server] = set(PSEUDO_NAMES)
            self._users[server] = set()
        if len(labels) > 1 and labels[1] not in self._domains[server]:
            self._domains[server].add(labels[1])
            self._domain_count += 1
            self._drop_passing()
        if len(labels) > 2 and labels[2] != OTHER and labels[1:] not in self._users[server]:  # noqa: PLR2004
            self._users[server].add((labels[1], labels[2]))
            self._user_count += 1
            self._drop_passing()

    def _drop_passing(self) -> None:
        """A birth changes whom names that only failed so far are charged to."""
        for key in self._passing:
            self._cache.pop(key, None)
        self._passing.clear()

    @staticmethod
    def _fold(folded: dict[str, set[int]], server: str, name: str) -> None:
        names = folded.setdefault(server, set())
        if len(names) < COUNTED_NAMES:
            names.add(hash(name))


def normalised(raw: bytes) -> str:
    """A name as logged, made comparable: decoded with replacement, lower case, without surrounding space."""
    return raw.decode("utf-8", "replace").lower().strip()


def address(name: str, default_domain: str | None) -> tuple[str, str]:
    """The whole address and its domain of a normalised name; the domain is empty where none is known.

    The domain is what follows the last `@`. A name without one is completed by `default_domain`.
    """
    local, at, domain = name.rpartition("@")
    if at and domain:
        return name, domain
    local = local if at else name
    return (f"{local}@{default_domain}", default_domain) if default_domain else (local or name, "")


def _is_too_long(label: str) -> bool:
    return len(label) > LABEL_BYTES or len(label.encode()) > LABEL_BYTES
