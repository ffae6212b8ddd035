"""Which number of a date such as 03/04/2026 is the day.

Nothing in one such date tells. What decides, for the whole stream: a number that can only be a day or a year; the
way from date to date, because the right order makes the shortest; how near the last date is to the file's age. Where
none of them does, the nearest to the file's age is taken, and `problem` says so.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

Numbers = tuple[bytes, bytes, bytes]

ORDERS: Final = {"dmy": "day/month/year", "mdy": "month/day/year", "ymd": "year/month/day"}
# A date lies at most so far after its file's age: other clocks, other zones.
AHEAD: Final = timedelta(days=2)
NEAR: Final = timedelta(days=1)
# So many different dates of a batch are compared.
DATES_COMPARED: Final = 64
_NUMBERS = re.compile(rb"\[?(\d\d?)([-/])(\d\d?)\2(\d{4}|\d\d)[ T_]")


def readings(numbers: Numbers) -> dict[str, date]:
    """What the numbers mean in each order in which they are a date; a year has two or four digits."""
    found = {}
    for order in ORDERS:
        part = dict(zip(order, numbers, strict=True))
        year = int(part["y"]) + (2000 if len(part["y"]) == 2 else 0)  # noqa: PLR2004
        try:
            found[order] = date(year, int(part["m"]), int(part["d"]))
        except ValueError:
            continue
    return found


class Order:
    """The order of one stream's dates; `saved` is what `state` of an earlier one was."""

    def __init__(self, saved: object = None) -> None:
        self._chosen = ""
        self._is_sure = self._was_wrong = self._has_looked = False
        self._last: Numbers | None = None
        self._ahead: Sequence[bytes] = ()
        self._age = date(1970, 1, 1)
        self._restore(saved)

    def begin(self, ahead: Sequence[bytes], age: date) -> None:
        """Before each batch: its lines, and the date of the file's name or age."""
        self._ahead, self._age, self._has_looked = ahead, age, False

    def read(self, numbers: Numbers, near: date | None = None, usual: str = "") -> date:
        """The date that the numbers are. ValueError: none.

        `near`: a date that is known to be close; it decides alone. `usual`: the order of whoever writes such lines.
        """
        found = readings(numbers)
        if not found:
            raise ValueError(numbers)
        if near is not None:
            return min(found.values(), key=lambda day: abs(day - near))
        if len(found) == 1:
            self._settle(next(iter(found)))
        elif not self._is_sure and len(set(found.values())) > 1:
            self._look(numbers, usual)
        self._last = numbers
        return found.get(self._chosen) or self._nearest(found)

    @property
    def state(self) -> list[object] | None:
        """What the next one must know, for JSON; None: nothing."""
        if self._last is None:
            return None
        last = [number.decode() for number in self._last]
        return [self._chosen, self._is_sure, self._was_wrong, last]

    @property
    def problem(self) -> str:
        """What an operator should know of the dates; empty: nothing."""
        if not self._chosen or (self._is_sure and not self._was_wrong) or self._last is None:
            return ""
        shown, order = (b"/".join(self._last)).decode(), ORDERS[self._chosen]
        if self._was_wrong:
            return (
                f"dates such as {shown} are read as {order}, but not all dates of the log fit that order: what was"
                " counted may be on wrong days; let the server write dates as 2026-11-30"
            )
        return (
            f"dates such as {shown} are read as {order}, and nothing in the log says so yet: days may be wrong;"
            " let the server write dates as 2026-11-30"
        )

    def _settle(self, order: str) -> None:
        """A date has shown the order."""
        self._was_wrong = self._was_wrong or self._chosen not in {"", order}
        if not (self._is_sure and self._chosen):
            self._chosen, self._is_sure = order, True

    def _look(self, numbers: Numbers, usual: str) -> None:
        """Compare the dates of the batch, once, because all its lines are read; without them, those that come."""
        if self._has_looked and (self._ahead or numbers == self._last):
            return
        self._has_looked = True
        seen = [] if self._last is None else [self._last]
        for found in filter(None, map(_NUMBERS.match, self._ahead)):
            following = found[1], found[3], found[4]
            if following not in seen[-1:]:
                seen.append(following)
            if len(seen) >= DATES_COMPARED:
                break
        self._compare(seen if numbers in seen else [*seen, numbers], usual)

    def _compare(self, seen: Sequence[Numbers], usual: str) -> None:
        read = [readings(numbers) for numbers in seen]
        fit = [order for order in ORDERS if all(order in found for found in read)]
        past = [order for order in fit if max(found[order] for found in read) <= self._age + AHEAD] or fit
        if not past:  # the dates are of several orders: each that has only one reading has that
            self._chosen = self._chosen or usual
            return
        ways = {order: _way([found[order] for found in read]) for order in past}
        best = [order for order in past if ways[order] == min(ways.values())]
        away = {order: abs(read[-1][order] - self._age) for order in best}
        nearest = min(best, key=away.__getitem__)
        others = [away[order] for order in best if away[order] != away[nearest]]
        is_near = away[nearest] <= NEAR and bool(others) and min(others) > AHEAD
        if len(best) == 1 or is_near:
            self._settle(nearest)
        elif usual in best:
            self._settle(usual)
        elif others:  # else they agree on the day
            self._chosen = self._chosen or nearest

    def _nearest(self, found: dict[str, date]) -> date:
        return min(found.values(), key=lambda day: abs(day - self._age))

    def _restore(self, saved: object) -> None:
        match saved:
            case [str(chosen), bool(is_sure), bool(was_wrong), [str(first), str(second), str(third)]]:
                numbers = (first + "/" + second + "/" + third).encode("ascii", "replace")
                last = _NUMBERS.match(numbers + b" ")
                if chosen in {"", *ORDERS} and last is not None:
                    self._chosen, self._is_sure, self._was_wrong = chosen, is_sure, was_wrong
                    self._last = last[1], last[3], last[4]
            case _:
                pass


def _way(days: Sequence[date]) -> timedelta:
    """How far it is from each date to the next."""
    return sum((abs(after - before) for before, after in pairwise(days)), timedelta())
