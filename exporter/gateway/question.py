"""The parameters of a CSV link: mode, step, range, domain, user, servers, order, as in the links of the dashboards."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar
from zoneinfo import ZoneInfo

from exporter.gateway.access import Rights
from exporter.gateway.parameters import Pairs, check_once
from exporter.gateway.refusal import Reason, Refusal
from exporter.periods import Calendar, Step, period_of
from exporter.reports.build import ALIASES, sort_columns
from exporter.reports.rows import By

NAMES = frozenset({"by", "step", "from", "to", "tz", "domain", "user", "sort", "bom"})
SERVERS = frozenset({"server", "var-server"})
# What Grafana adds to links, and what does not change a number.
IGNORED = re.compile(r"var-.*|orgId|timezone|tz|_")
ALL_SERVERS = frozenset({"", "All", "$__all", ".+", ".*"})
MILLISECONDS = re.compile(r"[0-9]{11,14}", re.ASCII)
MAX_NAME = 255
MAX_SERVERS = 200
MAX_DAYS = 3700
MAX_HOUR_DAYS = 100
EARLIEST, LATEST = date(1990, 1, 1), date(2200, 1, 1)

Kind = TypeVar("Kind", By, Step)


@dataclass(frozen=True, slots=True)
class Question:
    """`begin` and `end` in UNIX milliseconds as Grafana has them; `first`, `last`: their local dates, both inside.

    `domains`: None is all of them. `servers`: none is all of them. `sort`: a position in `sort_columns`, None: as the
    mode suggests.
    """

    by: By
    step: Step
    begin: int
    end: int
    first: date
    last: date
    domains: tuple[str, ...] | None
    user: str | None = None
    servers: tuple[str, ...] = ()
    sort: int | None = None
    bom: bool = False

    @property
    def file_name(self) -> str:
        """`pop-sessions-example.com-2026-11`, without an ending."""
        domain = self.domains[0] if self.domains is not None and len(self.domains) == 1 else "all"
        return f"pop-sessions-{re.sub(r'[^A-Za-z0-9._-]', '_', domain)}-{self._when()}"

    def _when(self) -> str:
        """A day, ISO week, month, quarter or year by its name, else first and last date."""
        for step in (Step.DAY, Step.WEEK, Step.MONTH, Step.QUARTER):
            period = period_of(self.first, step)
            if (period.first, period.last) == (self.first, self.last):
                return period.label
        if (self.first, self.last) == (date(self.first.year, 1, 1), date(self.first.year, 12, 31)):
            return str(self.first.year)
        return f"{self.first}_{self.last}"


def read(given: Pairs, rights: Rights, zone: ZoneInfo) -> Question:
    """The parameters, limited to the rights of the user. Refusal if they are invalid or not permitted."""
    unknown = [name for name, _ in given if name not in NAMES | SERVERS and not IGNORED.fullmatch(name)]
    if unknown:
        raise _wrong(
            f"unknown parameter {unknown[0][:40]!r}; known parameters: {', '.join(sorted(NAMES | {'server'}))}"
        )
    check_once(given, NAMES)
    values = dict(given)
    by = _one_of(values.get("by", "trend"), By, "by")
    step = _one_of(values.get("step", "day").lower(), Step, "step")
    begin, end, first, last = _range(values, Calendar([(0, zone)]))
    user = _name(values, "user")
    if by is By.TREND and step is Step.HOUR:
        if user is not None:
            raise _wrong("step=hour is not available for a user: use step=day")
        if (last - first).days > MAX_HOUR_DAYS:
            raise _wrong(f"step=hour is limited to {MAX_HOUR_DAYS} days")
    if user is not None and by is not By.TREND:
        raise _wrong("user requires by=trend")
    return Question(
        by,
        step,
        begin,
        end,
        first,
        last,
        _allowed(_name(values, "domain"), rights),
        user,
        _servers([value for name, value in given if name in SERVERS]),
        _sort(values.get("sort", ""), by),
        values.get("bom", "") in {"1", "true"},
    )


def _wrong(words: str) -> Refusal:
    return Refusal(400, Reason.PARAMETERS, words)


def _one_of(value: str, kind: type[Kind], name: str) -> Kind:
    try:
        return kind(value)
    except ValueError as error:
        raise _wrong(f"{name}: must be one of {', '.join(kind)}") from error


def _name(values: dict[str, str], name: str) -> str | None:
    value = values.get(name, "")
    if len(value.encode()) > MAX_NAME:
        raise _wrong(f"{name}: too long")
    return value or None


def _allowed(domain: str | None, rights: Rights) -> tuple[str, ...] | None:
    """The domains that the report may be of; None: all."""
    if rights.administrator:
        return None if domain is None else (domain,)
    if domain is not None and domain not in rights.domains:
        raise Refusal(403, Reason.DOMAIN, "you have no access to this domain")
    return rights.domains if domain is None else (domain,)


def _range(values: dict[str, str], calendar: Calendar) -> tuple[int, int, date, date]:
    try:
        texts = values["from"], values["to"]
    except KeyError as error:
        raise _wrong("from and to are required: dates such as 2026-11-30, or UNIX milliseconds") from error
    begin, end = (_instant(text, calendar, is_end=is_end) for text, is_end in zip(texts, (False, True), strict=True))
    first, last = (date.fromordinal(calendar.day(at // 1000)) for at in (begin, end))
    if not EARLIEST <= first <= last <= LATEST or begin >= end or (last - first).days > MAX_DAYS:
        raise _wrong(f"from must be before to, and the range at most {MAX_DAYS} days long")
    return begin, end, first, last


def _instant(text: str, calendar: Calendar, *, is_end: bool) -> int:
    """UNIX milliseconds; of a date its first one, at the end of a range its last one."""
    if MILLISECONDS.fullmatch(text):
        return int(text)
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise _wrong("from and to must be dates such as 2026-11-30, or UNIX milliseconds") from error
    if not EARLIEST <= day <= LATEST:
        raise _wrong(f"from and to must be between {EARLIEST} and {LATEST}")
    return calendar.day_start(day.toordinal() + is_end) * 1000 - is_end


def _servers(values: Sequence[str]) -> tuple[str, ...]:
    if any(value in ALL_SERVERS for value in values):
        return ()
    if len(values) > MAX_SERVERS or any(len(value.encode()) > MAX_NAME for value in values):
        raise _wrong("server: too many values, or too long")
    return tuple(dict.fromkeys(values))


def _sort(value: str, by: By) -> int | None:
    if not value:
        return None
    name = value.strip().lower().replace(" ", "_").replace("-", "_")
    columns = sort_columns(by)
    if ALIASES.get(name, name) not in columns:
        raise _wrong(f"sort: must be one of {', '.join(columns)}")
    return columns.index(ALIASES.get(name, name))
