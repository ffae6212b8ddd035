"""How many false alarms the account alerts give, how many stolen accounts they find, and after how many minutes.

    python -m tests.bench.alerts [--users 2000] [--victims 200]

Simulated accounts of several habits over eight weeks, and stolen ones of several kinds. The rules are those of
deploy/prometheus/rules with the values of thresholds.yml, written here a second time over arrays, because Prometheus
would need hours; that the expressions themselves do what they should is what tests/rules shows.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median

from tests.rules import promtool

WEEKS, DAYS = 8, 56
BIN = 10  # minutes
HOUR_BINS, DAY_BINS = 60 // BIN, 24 * 60 // BIN
BINS = DAYS * DAY_BINS
BLOCK = 6 * HOUR_BINS
HISTORY_DAYS = 14
LIMITS = {
    rule["labels"]["name"]: float(rule["expr"].removeprefix("vector(").removesuffix(")"))
    for rule in promtool.load()
    if rule.get("record") == "pop3:threshold"
}
SPIKE, NETWORKS, STOLEN, FAILURES = "connection spike", "many networks", "likely compromised", "login failures"
# One new network in an hour is a phone; this is how often a travelling one has three or more within an hour.
JOURNEY = 0.005


@dataclass(slots=True)
class Account:
    """One account: connections per bin, networks per day, refused logins an hour by day, whether it travels."""

    habit: str
    counts: list[int]
    networks: list[int]
    failures: list[int]
    travels: bool


@dataclass(frozen=True, slots=True)
class Theft:
    """What a thief does: connections an hour for so many hours from so many networks, after guessing for some."""

    name: str
    per_hour: int
    hours: int
    networks: int
    guesses_per_hour: int = 0
    guessing_networks: int = 0


THEFTS = (
    Theft("+1000 an hour, one network", 1000, 3, 1),
    Theft("+300 an hour, one network", 300, 3, 1),
    Theft("+100 an hour, one network", 100, 3, 1),
    Theft("+1000 an hour, 60 networks", 1000, 3, 60),
    Theft("+300 an hour, 60 networks", 300, 3, 60),
    Theft("+100 an hour, 60 networks", 100, 3, 60),
    Theft("+40 an hour, 40 networks", 40, 12, 40),
    Theft("slow: +4 an hour for two days, 60 networks", 4, 48, 60),
    Theft("slow: +4 an hour for two days, one network", 4, 48, 1),
    Theft("guessed (300 an hour refused), then +10 an hour, 5 networks", 10, 6, 5, 300),
    Theft("guessed (60 an hour refused), then +10 an hour, 5 networks", 10, 6, 5, 60),
)


def accounts(number: int, dice: Random) -> Iterator[Account]:
    """Six habits, in the shares of a host that has all of them; one in a hundred changes for good on the way."""
    habits = ("person", "devices", "machine", "office", "phone", "bursty")
    for habit in dice.choices(habits, (30, 30, 12, 8, 17, 3), k=number):
        yield Account(habit, _counts(habit, dice), _networks(habit, dice), _failures(dice), habit == "phone")


def _counts(habit: str, dice: Random) -> list[int]:
    wakes, sleeps = dice.randint(5, 9), dice.randint(17, 23)
    devices = {"person": 0, "machine": 1, "office": dice.randint(3, 10)}.get(habit, dice.randint(1, 3))
    intervals = [dice.choice((5, 10, 10, 15, 30, 60)) for _ in range(devices)]
    if habit == "machine":
        intervals, wakes, sleeps = [dice.choice((1, 2, 5, 15))], 0, 24
    found = [0] * BINS
    changes = dice.randrange(DAYS) if dice.random() < 0.01 else DAYS
    for day in range(DAYS):
        if day == changes:
            intervals.append(5)  # a new device
        rate = sum(BIN / interval for interval in intervals) if habit != "person" else 0.15
        if habit not in ("machine", "phone") and day % 7 > 4:
            rate *= 0.1
        for at in range(day * DAY_BINS + wakes * HOUR_BINS, day * DAY_BINS + sleeps * HOUR_BINS):
            found[at] = _around(rate, dice)
        if habit == "bursty" and dice.random() < 1 / 14:
            _burst(found, day, dice)
    return found


def _around(rate: float, dice: Random) -> int:
    """Polls are regular, so a bin has the whole number below or above the rate, and seldom one retry more."""
    whole = int(rate)
    return whole + (dice.random() < rate - whole) + (dice.random() < 0.02)


def _burst(found: list[int], day: int, dice: Random) -> None:
    """A client that tries again and again for half an hour to two hours."""
    begin, pace = day * DAY_BINS + dice.randrange(DAY_BINS - 12), dice.choice((5, 10, 20, 40))
    for at in range(begin, begin + dice.randint(3, 12)):
        found[at] += pace


def _networks(habit: str, dice: Random) -> list[int]:
    most = {"person": 2, "devices": 3, "machine": 1, "office": 8, "phone": 6, "bursty": 3}[habit]
    found = [dice.randint(1, most) for _ in range(DAYS)]
    if habit == "phone":
        for day in range(DAYS):  # a day in trains
            if dice.random() < 0.03:
                found[day] = dice.randint(8, 24)
    return found


def _failures(dice: Random) -> list[int]:
    """One in forty changes the password once and forgets a device for some days."""
    found = [0] * DAYS
    if dice.random() < 1 / 40:
        begin, pace = dice.randrange(DAYS), dice.choice((1, 4, 6, 12, 60))
        for day in range(begin, min(begin + dice.randint(1, 5), DAYS)):
            found[day] = pace
    return found


# ── the rules ───────────────────────────────────────────────────────────────────────────────────────────────


def hours(counts: Sequence[int]) -> list[int]:
    """For every bin the sum of the hour that ends with it."""
    total, found = 0, []
    for at, count in enumerate(counts):
        total += count - (counts[at - HOUR_BINS] if at >= HOUR_BINS else 0)
        found.append(total)
    return found


def busiest(rows: Sequence[int], at: int, floor: float, bins: int, block: int) -> float:
    """The largest recorded row of the 14 days that ended a day ago, in whole blocks (so rather less); 0: none."""
    begin, end = at - 15 * bins, at - bins
    largest = max(
        (max(rows[i : i + block]) for i in range(begin - begin % block + block, end - block, block)), default=0
    )
    return largest if largest > floor else 0


def firing(connections: float, networks: float, refused: float, new: int, past: tuple[float, float] | None) -> set[str]:
    """The alerts that fire at these values of one moment; `past`: busiest hour and most networks, None: unknown."""
    found = set()
    if _passes("user_connections", connections, None if past is None else past[0]):
        found.add(SPIKE)
    if _passes("user_networks", networks, None if past is None else past[1]):
        found.add(NETWORKS)
    both = _passes("compromised_connections", connections, None if past is None else past[0])
    if both and _passes("compromised_networks", networks, None if past is None else past[1]):
        found.add(STOLEN)
    if refused > LIMITS["guessed_login_failures"] and new > LIMITS["guessed_new_networks"]:
        found.add(STOLEN)
    if refused > LIMITS["user_login_failures"]:
        found.add(FAILURES)
    return found


def _passes(name: str, value: float, usual: float | None) -> bool:
    if usual is None:
        return value > LIMITS[f"{name}_first"]
    return value > LIMITS[name] and value > LIMITS[f"{name}_factor"] * usual


def past_of(account: Account, rows: Sequence[int], at: int) -> tuple[float, float] | None:
    """What the history knows at a bin."""
    if at < HISTORY_DAYS * DAY_BINS + DAY_BINS:
        return None
    day = at // DAY_BINS
    return (
        busiest(rows, at, LIMITS["recorded_user_connections"], DAY_BINS, BLOCK),
        busiest(account.networks, day, LIMITS["recorded_user_networks"], 1, 1),
    )


def false_alarms(account: Account, dice: Random) -> Counter[str]:
    """Alarms of an account that nobody has stolen; those of one alert within a day are one."""
    found: Counter[str] = Counter()
    rows, last = hours(account.counts), dict[str, int]()
    least = min(LIMITS["compromised_connections"], LIMITS["user_connections"])
    for at, connections in enumerate(rows):
        day = at // DAY_BINS
        full_hour = at % HOUR_BINS == 0
        if connections <= least and not (full_hour and (account.networks[day] > 10 or account.failures[day])):
            continue
        new = 3 if account.travels and full_hour and dice.random() < JOURNEY else 0
        past = past_of(account, rows, at)
        for alert in firing(connections, account.networks[day], account.failures[day], new, past):
            if at - last.get(alert, -BINS) > DAY_BINS:
                found[alert] += 1
            last[alert] = at
    return found


# ── thieves ─────────────────────────────────────────────────────────────────────────────────────────────────


def minutes_to_alert(account: Account, theft: Theft, begin: int, dice: Random) -> dict[str, int]:
    """Minutes from the first stolen login to each alert that fires; `begin`: the bin in which the theft begins."""
    rows = hours(account.counts)
    past, found = past_of(account, rows, begin), dict[str, int]()
    taken: set[int] = set()
    logins: list[int] = []
    pending: dict[str, int] = {}
    for minute in range(theft.hours * 60):
        whole, part = divmod(theft.per_hour / 60, 1)
        for _ in range(int(whole) + (dice.random() < part)):
            logins.append(minute)
            taken.add(dice.randrange(theft.networks))
        at = min(begin + minute // BIN, BINS - 1)
        own = rows[at]
        stolen = sum(1 for login in logins[-2000:] if login > minute - 60)
        recent = len(taken) if minute < 60 else 0
        refused = theft.guesses_per_hour * max(0, 60 - minute) / 60 + account.failures[at // DAY_BINS]
        now = firing(own + stolen, account.networks[at // DAY_BINS] + len(taken), refused, recent, past)
        pending = {alert: pending.get(alert, minute) for alert in now}
        for alert, since in pending.items():
            if minute - since >= (1 if alert == STOLEN else 5):
                found.setdefault(alert, minute + 1)
    return found


def recall(number: int, theft: Theft, dice: Random, *, early: bool) -> str:
    """One row of the table: share found, by which alert, and the median of the minutes."""
    victims = list(accounts(number, dice))
    found = []
    for victim in victims:
        day = dice.randint(1, 12) if early else dice.randint(16, DAYS - 4)
        found.append(minutes_to_alert(victim, theft, day * DAY_BINS + dice.randrange(DAY_BINS), dice))
    first = [min(alerts.values()) for alerts in found if alerts]
    shares = [sum(alert in alerts for alerts in found) / number for alert in (STOLEN, SPIKE, NETWORKS, FAILURES)]
    middle = f"{median(first):.0f}" if first else "-"
    columns = (len(first) / number, *shares)
    return f"| {theft.name} | " + " | ".join(f"{share:.2f}" for share in columns) + f" | {middle} |"


def main() -> int:
    """Print both tables in the form in which docs/alerts.md has them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=2000)
    parser.add_argument("--victims", type=int, default=200)
    arguments = parser.parse_args()
    dice = Random(20261122)
    alarms: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    sizes: Counter[bool] = Counter()
    for account in accounts(arguments.users, dice):
        bursty = account.habit == "bursty"
        sizes[bursty] += 1
        alarms[bursty] += false_alarms(account, dice)
    print("| alert | without bursty clients | with |\n|---|---|---|")
    for alert in (STOLEN, SPIKE, NETWORKS, FAILURES):
        usual = alarms[False][alert] * 1000 / sizes[False] / WEEKS
        everybody = (alarms[False][alert] + alarms[True][alert]) * 1000 / arguments.users / WEEKS
        print(f"| {alert} | {usual:.2f} | {everybody:.2f} |")
    for early in (False, True):
        print(f"\n{'the first two weeks' if early else 'with a history'}")
        print(f"| theft | found | {STOLEN} | {SPIKE} | {NETWORKS} | {FAILURES} | minutes (median) |")
        print("|---|---|---|---|---|---|---|")
        for theft in THEFTS:
            print(recall(arguments.victims, theft, dice, early=early), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
