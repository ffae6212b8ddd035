"""Runs commands in this process, as a shell would see them."""

import os
import sys

import pytest

from exporter.cli import main
from tests.cli.running import Ran, Run


@pytest.fixture
def pop3(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """`pop3("check", FILE)` runs `pop3-exporter check FILE`."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["pop3-exporter", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setenv("TERM", "dumb")
        # Where the exporter is installed, its own configuration would be the default.
        monkeypatch.setenv("POP3_EXPORTER_CONFIG_FILE", os.environ.get("POP3_EXPORTER_CONFIG_FILE", "/nowhere/c.yaml"))
        mask = os.umask(0o022)
        try:
            main()
            code: object = 0
        except SystemExit as end:
            code = end.code or 0
        finally:
            os.umask(mask)
        assert isinstance(code, int)
        out, err = capfd.readouterr()
        return Ran(code, out, err)

    return run
