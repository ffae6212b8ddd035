"""Writes the dashboards: `python -m dashboards [--time-zone ZONE] [--output DIR] [--check]`."""

import argparse
import sys
from pathlib import Path
from zoneinfo import ZoneInfoNotFoundError

try:
    from dashboards.boards import all_boards
    from dashboards.clean import text
except ModuleNotFoundError as error:
    sys.exit(f"the dashboards are made with {error.name}: pip install 'pop3-exporter[dashboards]'")

COMMITTED = Path(__file__).parent.parent / "deploy" / "grafana" / "dashboards"
STALE, WRONG_USAGE = 1, 2


def main(arguments: list[str] | None = None) -> int:
    """0: written, or nothing to do; 1: `--check` found a file that differs; 2: wrong usage."""
    options = _options(arguments)
    try:
        files = {options.output / f"{board.uid}.json": text(board.json()) for board in all_boards(options.time_zone)}
    except (ZoneInfoNotFoundError, ValueError):
        print(f"unknown time zone {options.time_zone!r}: use a name such as Europe/Berlin", file=sys.stderr)
        return WRONG_USAGE
    if options.check:
        return _check(files)
    options.output.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        path.write_text(content, encoding="utf-8")
    print(f"{len(files)} dashboards for {options.time_zone or 'all time zones'} in {options.output}")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m dashboards", description="Write the Grafana dashboards as JSON.")
    parser.add_argument(
        "--time-zone", default="", metavar="ZONE", help="for sites in this time zone only (default: for all)"
    )
    parser.add_argument(
        "--output", type=Path, default=COMMITTED, metavar="DIR", help="default: deploy/grafana/dashboards"
    )
    parser.add_argument("--check", action="store_true", help="write nothing, but fail if a file differs")
    return parser.parse_args(arguments)


def _check(files: dict[Path, str]) -> int:
    stale = [path for path, content in files.items() if not path.exists() or path.read_text("utf-8") != content]
    folders = {path.parent for path in files}
    stale += [path for folder in folders for path in sorted(folder.glob("*.json")) if path not in files]
    for path in stale:
        print(f"differs from its generator: {path} (run `python -m dashboards`)", file=sys.stderr)
    return STALE if stale else 0


if __name__ == "__main__":
    sys.exit(main())
