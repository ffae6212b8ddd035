"""The soak of tests/bench, for half a minute: the numbers are right under slow readers, forged names and repeats."""

from pathlib import Path

import pytest

from tests.bench.soak import SMALL, soak


@pytest.mark.slow
def test_the_numbers_are_those_of_the_logs(tmp_path: Path) -> None:
    """Under 1 GiB of address space, with all of it at once."""
    assert [] == soak(tmp_path, SMALL, 30)
