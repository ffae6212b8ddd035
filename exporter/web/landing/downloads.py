"""Downloads: reports as CSV, and the files for Prometheus and Grafana."""

import io
import zipfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from exporter.ledger.reading import Reading
from exporter.periods import Step
from exporter.reports import By, report, unused, write_csv, write_unused_csv
from exporter.web.landing.accounts import days_of
from exporter.web.landing.asked import FORTNIGHT, LONGEST, TODAY
from exporter.web.site import Site

# Tells spreadsheets that the text is UTF-8.
BOM = "\ufeff"
KNOWN = frozenset({"by", "step", "days", "from", "to", "domain", "server", "bom"})
HOUR_DAYS = 100

Kind = TypeVar("Kind", By, Step)


class WrongQuestion(ValueError):  # noqa: N818 - the answer is 400 and its words
    """Invalid parameters; the message lists the valid ones."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to download."""

    name: str
    kind: str
    content: bytes


def report_csv(site: Site, given: Mapping[str, str]) -> File:
    """`by`, `step`, `domain`, `server`, and `days` until today or `from` and `to`; `bom=1`: a mark for spreadsheets.

    WrongQuestion, LedgerError. A large one takes a second.
    """
    by = _one_of(given, "by", By, By.TREND)
    step = _one_of(given, "step", Step, Step.DAY)
    domain, server = (given.get(name, "")[:LONGEST] or None for name in ("domain", "server"))
    if unknown := sorted(given.keys() - KNOWN):
        raise WrongQuestion(f"unknown parameter {unknown[0][:40]!r}; known parameters: {', '.join(sorted(KNOWN))}")
    if step is Step.HOUR and (by is not By.TREND or domain is None):
        raise WrongQuestion("step=hour requires by=trend and a domain")
    first, last = _range(site, given)
    if step is Step.HOUR and (last - first).days > HOUR_DAYS:
        raise WrongQuestion(f"step=hour is limited to {HOUR_DAYS} days")
    with closing(_reading(site)) as reading:
        found = report(
            [reading],
            by=by,
            step=step,
            first=first,
            last=last,
            domain=domain,
            servers=None if server is None else [server],
            clock=site.clock(),
        )
    stream = io.StringIO(newline="")
    write_csv(found, stream)
    return _csv(f"pop3-{'sessions' if by is By.TREND else by + 's'}-{first}-to-{last}", stream, given)


def unused_csv(site: Site, given: Mapping[str, str]) -> File:
    """Accounts that nobody has logged in to for `days`. LedgerError."""
    days, now = days_of(given), site.clock()
    stream = io.StringIO(newline="")
    with closing(_reading(site)) as reading:
        zone = reading.calendar.zone(int(now))
        write_unused_csv(unused([reading], days=days, clock=now, domain=given.get("domain") or None), zone, stream)
    return _csv(f"pop3-unused-for-{days}-days", stream, given)


def bundle(site: Site, kind: str) -> File | None:
    """All files of a kind as a zip archive; None if there are none."""
    read = site.files.get(kind)
    if read is None:
        return None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(read().items()):
            archive.writestr(zipfile.ZipInfo(f"{kind}/{name}", (1980, 1, 1, 0, 0, 0)), text)
    return File(f"pop3-{kind}.zip", "application/zip", packed.getvalue())


def page(site: Site, kind: str, name: str) -> str | None:
    """The text of one file of a kind; None if there is none."""
    read = site.files.get(kind)
    return read().get(name) if read else None


def _csv(name: str, stream: io.StringIO, given: Mapping[str, str]) -> File:
    mark = BOM if given.get("bom") == "1" else ""
    return File(
        f"{name}.csv", "text/csv; charset=utf-8", (mark + stream.getvalue()).encode("utf-8", "backslashreplace")
    )


def _reading(site: Site) -> Reading:
    if site.reading is None:
        raise WrongQuestion("no reports available")
    return site.reading()


def _one_of(given: Mapping[str, str], name: str, kind: type[Kind], usual: Kind) -> Kind:
    try:
        return kind(given.get(name) or usual)
    except ValueError as error:
        raise WrongQuestion(f"{name}: must be one of {', '.join(kind)}") from error


def _range(site: Site, given: Mapping[str, str]) -> tuple[date, date]:
    today = date.fromordinal(site.exposition.calendar.day(int(site.clock())))
    if "from" not in given and "to" not in given:
        days = TODAY if given.get("days") == str(TODAY) else FORTNIGHT
        return today - timedelta(days=days - 1), today
    try:
        last = date.fromisoformat(given["to"]) if given.get("to") else today
        first = date.fromisoformat(given["from"]) if given.get("from") else last.replace(day=1)
    except ValueError as error:
        raise WrongQuestion("from and to must be dates such as 2026-11-22") from error
    if first > last:
        raise WrongQuestion(f"from ({first}) is after to ({last})")
    return first, last
