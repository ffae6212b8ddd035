"""The demo's mail host: the same window gives the same lines, and a restart goes on where it was."""

from datetime import datetime
from functools import partial
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from exporter.demo.host import MailHost, last_stamp, write_history
from exporter.demo.traffic import DOMAINS, WILD, habits, lines

NOW = 1_795_333_337
HOURS = st.integers(min_value=0, max_value=3 * 3600)


@given(first=HOURS, second=HOURS)
def test_windows_join_without_a_seam(first: int, second: int) -> None:
    """Two adjoining windows give what the whole one gives, wherever it is cut."""
    begin, cut, end = NOW, NOW + first, NOW + first + second
    assert lines(begin, end, NOW) == lines(begin, cut, NOW) + lines(cut, end, NOW)


def test_a_few_dozen_users_in_several_domains() -> None:
    """Every account of every domain has a habit."""
    assert sum(len(names) for _, names in DOMAINS) == len({habit.user for habit in habits()})
    assert WILD in {habit.user for habit in habits()}


def test_one_account_goes_wild() -> None:
    """From the given instant on it logs in, sixty times a minute at first, then twenty; before it does not."""
    wild = f"pop3-login: Login: user=<{WILD}>"
    before = [line for line in lines(NOW - 3600, NOW, NOW) if wild in line]
    after = [line for line in lines(NOW, NOW + 3600, NOW) if wild in line]
    assert len(before) <= 6
    assert 1400 < len(after) < 1600
    assert 530 < sum(stamp(line) < NOW + 600 for line in after) < 620


def stamp(line: str) -> float:
    """When a line was written."""
    return datetime.fromisoformat(line.split(" ", 1)[0]).timestamp()


def test_the_host_goes_on_where_it_was(tmp_path: Path) -> None:
    """Written second by second, with a restart between, the log is that of the whole time."""
    log = tmp_path / "mail.log"
    log.write_text("".join(f"{line}\n" for line in lines(NOW - 3600, NOW)), encoding="utf-8")
    begin = last_stamp(log)
    assert NOW - 3600 < begin <= NOW
    for clock in (NOW + 1, NOW + 6, NOW + 6, NOW + 306):
        MailHost(log, NOW, partial(float, clock)).write()
    written = log.read_text(encoding="utf-8").splitlines()
    assert lines(NOW - 3600, begin) + lines(begin, NOW + 306, NOW) == written


def test_history_ends_before_now(tmp_path: Path) -> None:
    """35 days, nothing from the future."""
    log = tmp_path / "history.log"
    write_history(log, NOW)
    assert NOW - 600 < last_stamp(log) <= NOW
