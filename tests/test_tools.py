"""A test says which programs it starts."""

import subprocess
import sys

import pytest


def test_a_program_without_a_mark_fails_the_test() -> None:
    """It is not started, and the mark that is missing is named."""
    with pytest.raises(pytest.fail.Exception, match=r'@pytest\.mark\.tool\("logrotate"\)'):
        subprocess.run(["/usr/sbin/logrotate", "--version"], check=True)


@pytest.mark.tool("true")
def test_a_marked_program_is_started() -> None:
    """And so is Python, which every machine with these tests has."""
    assert 0 == subprocess.run(["true"], check=False).returncode
    assert 0 == subprocess.run([sys.executable, "-c", ""], check=False).returncode
