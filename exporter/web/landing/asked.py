"""The parameters of a page; invalid ones are ignored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from exporter.reports.listing import Wanted
from exporter.reports.rows import COLUMNS, By

# The two periods of the pages.
TODAY, FORTNIGHT = 1, 14
UNUSED_DAYS = (30, 90, 180, 365)
ROWS = 50
LONGEST = 255
MOST_PAGES = 1_000_000
PATHS = {By.DOMAIN: "/domains", By.USER: "/users"}
SORTS = ("name", *(column.name for column in COLUMNS))


@dataclass(frozen=True, slots=True)
class Asked:
    """A list of domains or users over so many `days`, today included; `page` counts from 1."""

    by: By
    days: int = FORTNIGHT
    search: str = ""
    domain: str = ""
    sort: int = 1
    page: int = 1

    @classmethod
    def of(cls, by: By, given: Mapping[str, str]) -> Self:
        """From the query parameters."""
        return cls(
            by,
            TODAY if given.get("days") == str(TODAY) else FORTNIGHT,
            given.get("q", "").strip().lower()[:LONGEST],
            given.get("domain", "")[:LONGEST] if by is By.USER else "",
            SORTS.index(given["sort"]) if given.get("sort") in SORTS else 1,
            number(given.get("page", ""), MOST_PAGES),
        )

    @property
    def wanted(self) -> Wanted:
        """The page as a query to the ledger."""
        return Wanted(self.by, self.search, self.domain or None, self.sort, ROWS * (self.page - 1), ROWS)

    def link(self, **changes: str | int) -> str:
        """The address of the same list with other parameters; unless the page changes, it starts at the first page."""
        new = replace(self, **({"page": 1} | changes))  # type: ignore[arg-type]
        pairs = {
            "days": new.days if new.days != FORTNIGHT else "",
            "q": new.search,
            "domain": new.domain,
            "sort": SORTS[new.sort] if new.sort != 1 else "",
            "page": new.page if new.page > 1 else "",
        }
        return address(PATHS[new.by], **pairs)


def number(text: str, most: int) -> int:
    """A whole number from 1 to `most`; 1 if it is not a number."""
    return min(max(int(text), 1), most) if text.isascii() and text.isdigit() and len(text) < 10 else 1  # noqa: PLR2004


def address(path: str, /, **pairs: str | int) -> str:
    """A path with the pairs that are not empty."""
    query = urlencode({name: value for name, value in pairs.items() if value not in {"", 0}})
    return f"{path}?{query}" if query else path
