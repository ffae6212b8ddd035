"""The commands, as in tests/cli."""

from tests.cli.conftest import pop3

__all__ = ["pop3"]
