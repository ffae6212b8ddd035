"""What all tests share: the mark for programs that are not Python packages, and the option of golden samples."""

import os
import shutil
import sys
from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.tools import SYSTEM_PATH, Watch, marked

# No timed tests: machines differ, and CI shares its cores. The same tree passes or fails each time: new examples are
# looked for with `--hypothesis-profile random`.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-golden` writes what the formats say now beside their samples, to be reviewed as a diff."""
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/formats/*/*.events.jsonl")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a missing program; where programs are required (CI) such a test runs, and fails."""
    if os.environ.get("POP3_REQUIRE_TOOLS") == "1":
        return
    for item in items:
        missing = sorted(name for name in marked(item) if shutil.which(name, path=SYSTEM_PATH) is None)
        if missing:
            item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(missing)} (see tests/tools.sh)"))


WATCH = Watch()
sys.addaudithook(WATCH)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool | None, bool | None]:
    """While a test runs, what it starts is compared with its marks; a umask that it sets ends with it."""
    WATCH.item = item
    mask = os.umask(0o022)
    try:
        return (yield)
    finally:
        os.umask(mask)
        WATCH.item = None
