"""What all tests share: the mark for programs that are not Python packages."""

import os
import shutil

import pytest

SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/lib/systemd"])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a missing program; where programs are required (CI) such a test runs, and fails."""
    if os.environ.get("POP3_REQUIRE_TOOLS") == "1":
        return
    for item in items:
        for mark in item.iter_markers("tool"):
            missing = [name for name in mark.args if shutil.which(name, path=SYSTEM_PATH) is None]
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"not installed: {', '.join(missing)} (see tests/tools.sh)"))
