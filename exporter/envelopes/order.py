"""Which number of a date such as 03/04/2026 is the day.

A single date does not show it. For the whole stream, these decide: a number that can only be a day or a year; the
distance from date to date, because the right order makes it shortest; how near the last date is to the file's age. If
none of them does, the date nearest to the file's age is taken, and `problem` says so.
"""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from exporter.errors import Problem

Numbers = tuple[bytes, bytes, bytes]

ORDERS: Final = {"dmy": "day/month/year", "mdy": "month/day/year", "ymd": "year/month/day"}
# A date lies at most this long after its file's age: other clocks, other zones.
AHEAD: Final = timedelta(days=2)
NEAR: Final = timedelta(days=1)
# How many different dates of a batch are compared.
DATES_COMPARED: Final = 64
_NUMBERS = re.compile(rb"\[?(\d\d?)([-/])(\d\d?)\2(\d{4}|\d\d)[ T_]")


def readings(numbers: Numbers) -> dict[str, date]:
    """The meaning of the numbers in each order in which they are a date; a year has two or four digits."""
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
    """The orders that one stream's dates may have; `saved`: from `state` of an earlier one."""

    def __init__(self, saved: object = None) -> None:
        self._orders = tuple(ORDERS)
        self._guess = ""
        self._was_wrong = self._has_looked = False
        self._last: Numbers | None = None
        self._ahead: Sequence[bytes] = ()
        self._age = date(1970, 1, 1)
        self._restore(saved)

    def begin(self, ahead: Sequence[bytes], age: date) -> None:
        """Call before each batch: with its lines, and the date of the file's name or age."""
        self._ahead, self._age, self._has_looked = ahead, age, False

    def read(self, numbers: Numbers, near: date | None = None, usual: str = "") -> date:
        """The date that the numbers stand for. ValueError: none.

        `near`: a date that is known to be close; it decides alone. `usual`: the usual order in such lines.
        """
        found = readings(numbers)
        if not found:
            raise ValueError(numbers)
        if near is not None:
            return min(found.values(), key=lambda day: abs(day - near))
        if self._differ(found):
            self._look(numbers)
            if usual and self._differ(found):
                self._narrow([usual])
        self._narrow(list(found))
        self._last = numbers
        return self._chosen(found)

    @property
    def state(self) -> list[object] | None:
        """The state for the next one, for JSON; None: nothing."""
        if self._last is None:
            return None
        return [list(self._orders), self._guess, self._was_wrong, [number.decode() for number in self._last]]

    @property
    def problem(self) -> str:
        """A problem with the dates that an operator should know; empty: none."""
        if self._last is None or not (self._was_wrong or self._guess):
            return ""
        shown, order = (b"/".join(self._last)).decode(), ORDERS[self._guess or self._orders[0]]
        why = "nothing in the log says so yet: days may be wrong"
        if self._was_wrong:
            why = "not all dates of the log fit that order: what was counted may be on wrong days"
        sentence = f"dates such as {shown} are read as {order}, and {why}; let the server write dates as 2026-11-30"
        return Problem(sentence, f"dates {order} {self._was_wrong}")

    def _differ(self, found: dict[str, date]) -> bool:
        """Whether the remaining orders disagree on the day."""
        return len({found[order] for order in self._orders if order in found}) > 1

    def _narrow(self, orders: Sequence[str]) -> None:
        """Note that the stream's dates are in one of these orders."""
        left = tuple(order for order in self._orders if order in orders)
        if not left:
            self._was_wrong = True
            return
        self._was_wrong = self._was_wrong or (self._guess != "" and self._guess not in left)
        self._orders = left
        if len(left) == 1 or self._guess not in left:
            self._guess = ""

    def _chosen(self, found: dict[str, date]) -> date:
        """The day in the remaining orders; if they disagree, in the order that is assumed from now on."""
        if self._differ(found):
            left = [order for order in self._orders if order in found]
            self._guess = self._guess or min(left, key=lambda order: (abs(found[order] - self._age), order))
        order = self._guess or self._orders[0]
        return found.get(order) or min(found.values(), key=lambda day: abs(day - self._age))

    def _look(self, numbers: Numbers) -> None:
        """Compare the dates of the batch, once, because all its lines are read; without lines, single dates."""
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
        self._compare([readings(one) for one in (seen if numbers in seen else [*seen, numbers])])

    def _compare(self, read: Sequence[dict[str, date]]) -> None:
        fit = [order for order in self._orders if all(order in found for found in read)]
        past = [order for order in fit if max(found[order] for found in read) <= self._age + AHEAD] or fit
        if not past:  # the dates have several orders: each that has only one reading has that
            return
        ways = {order: _way([found[order] for found in read]) for order in past}
        best = [order for order in past if ways[order] == min(ways.values())]
        away = {order: abs(read[-1][order] - self._age) for order in best}
        near = [order for order in best if away[order] <= NEAR]
        self._narrow(near if near and all(away[order] > AHEAD for order in best if order not in near) else best)

    def _restore(self, saved: object) -> None:
        match saved:
            case [[*orders], str(guess), bool(was_wrong), [str(first), str(second), str(third)]]:
                last = _NUMBERS.match(f"{first}/{second}/{third} ".encode("ascii", "replace"))
                left = tuple(order for order in ORDERS if order in orders)
                if last is not None and left and guess in {"", *left}:
                    self._orders, self._guess, self._was_wrong = left, guess, was_wrong
                    self._last = last[1], last[3], last[4]
            case _:
                pass


def _way(days: Sequence[date]) -> timedelta:
    """The distance from each date to the next."""
    return sum((abs(after - before) for before, after in pairwise(days)), timedelta())
