"""What a whole log comes to, and what its clients did, as books that can be compared: per measure, domain and user."""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from exporter.catalogue import MEASURES, Reason
from exporter.context import SourceContext
from exporter.formats.contract import Format
from exporter.model import Batch
from exporter.names import NameRules, Names
from exporter.periods import Calendar
from exporter.pipeline import Pipeline

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "formats"
UTC = ZoneInfo("UTC")
# The age of the files: the end of the day of all runs, for stamps without a year.
END_OF_DAY = 1_795_392_000.0
Session = Mapping[str, Any]


@dataclass
class Book:
    """Amounts by measure, domain and user (None: no user known), and ends by reason."""

    names: Names
    amounts: Counter[tuple[str, str, str | None]] = field(default_factory=Counter)
    ends: Counter[Reason] = field(default_factory=Counter)
    # Lines of the server that its format did not understand.
    unmatched: int = 0

    def connection(
        self,
        name: str | bytes | None,
        reason: Reason,
        *,
        logins: int = 0,
        failures: Iterable[str | bytes | None] = (),
        **amounts: int,
    ) -> None:
        """One connection that belongs to `name`; `failures`: the name of each refused attempt."""
        self.add("connections", name)
        self.add("logins", name, logins)
        for failed in failures:
            self.add("login_failures", failed)
        for measure, amount in amounts.items():
            self.add(measure, name, amount)
        if amounts.get("bad_commands"):
            self.add("bad_command_connections", name)
        self.ends[reason] += 1
        if reason.end in ("terminated", "blocked"):
            self.add("terminations" if reason.end == "terminated" else "blocked_connections", name)

    def add(self, measure: str, name: str | bytes | None, amount: int = 1) -> None:
        """An amount of a measure for the account that `name` belongs to."""
        if amount:
            raw = name.encode("utf-8", "surrogateescape") if isinstance(name, str) else name
            account = self.names.account("mx1", raw, login=False)
            self.amounts[measure, account.domain, account.user] += amount

    def total(self, measure: str) -> int:
        """The server's total."""
        return sum(amount for (name, _, _), amount in self.amounts.items() if name == measure)

    def only(self, *measures: str) -> dict[tuple[str, str, str | None], int]:
        """The amounts of some measures."""
        return {key: amount for key, amount in self.amounts.items() if key[0] in measures and amount}


def sessions_of(server: str, run: str) -> list[Session]:
    """What the clients of a run did, one session per TCP connection; an attempt that met no server is none."""
    found: list[Session] = json.loads((HERE / server / f"{run}.json").read_text(encoding="utf-8"))
    return [session for session in found if session.get("connected")]


def as_sent(name: str) -> str:
    """Most servers log names as the client sent them."""
    return name


def knowing(sessions: Iterable[Session], shown: Callable[[str], str] = as_sent) -> Names:
    """Names that know the users who logged in from the beginning, so that the order of lines decides nothing."""
    users = frozenset(shown(name_of(one)).lower() for one in sessions if one.get("login_ok"))
    return Names(NameRules(listed_users=users, listed_domains=frozenset(user.partition("@")[2] for user in users)))


def name_of(session: Session) -> str:
    """The last name that the client tried; empty: none."""
    tried = session.get("users_tried", [])
    return str(tried[-1]) if tried else ""


def failed_names(session: Session) -> list[str | None]:
    """The name of each refused attempt: one each where there are as many names, else all of the last name."""
    tried = session.get("users_tried", [])
    failures = session.get("login_fail", 0)
    if not session.get("login_ok") and len(tried) == failures:
        return list(tried)
    return [name_of(session) or None] * failures


def logs_of(server: str, run: str) -> list[Path]:
    """The log of a run in each envelope there is a copy of."""
    copies = [*(SAMPLES / server).glob(f"{run}.*"), *(HERE / server).glob(f"{run}.*")]
    return sorted((path for path in copies if path.suffix in (".log", ".gz")), key=lambda path: path.name)


def booked(form: Format, path: Path, names: Names) -> Book:
    """What the log comes to, through envelopes, format and sessions."""
    book = Book(names)
    raw = path.read_bytes()
    lines = (gzip.decompress(raw) if path.suffix == ".gz" else raw).split(b"\n")
    pipeline = Pipeline(
        SourceContext((form,), UTC, "mx1", "mx1"),
        Calendar([(0, UTC)]),
        lambda server, user, login: names.account(server, user, login=login),
        names.intern,
    )
    lines = [line.removesuffix(b"\r") for line in lines[: len(lines) - (not lines[-1])]]
    batch = Batch("1", path.name, lines, END_OF_DAY, caught_up=True)
    for charge in (*pipeline.feed(batch, None), *pipeline.finish()):
        for position, amount in charge.amounts:
            book.amounts[MEASURES[position].name, charge.account.domain, charge.account.user] += amount
        if charge.reason is not None:
            book.ends[charge.reason] += 1
    book.unmatched = pipeline.checkpoint(()).counts.unmatched
    return book


def expected(sessions: Iterable[Session], names: Names, meaning: Callable[[Book, Session], None]) -> Book:
    """What the clients did, translated by a server's table of meanings."""
    book = Book(names)
    for session in sessions:
        meaning(book, session)
    return book
