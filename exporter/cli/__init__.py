"""The commands (design section 9): they take arguments, call the stages, and print.

Exit codes: 0, 1 failed, 2 wrong usage or configuration.
"""

from exporter.cli.app import main

__all__ = ["main"]
