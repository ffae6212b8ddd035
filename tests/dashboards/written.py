"""The tests' site as a file, to be loaded into any engine: `python -m tests.dashboards.written FILE [--milliseconds]`.

In OpenMetrics form for promtool and Mimir; with `--milliseconds` as VictoriaMetrics imports it.
"""

import sys
from pathlib import Path

from tests.dashboards import scenario


def milliseconds(path: Path) -> None:
    """Rewrite the file with stamps in milliseconds and without comments, a line at a time."""
    other = path.with_suffix(".part")
    with path.open() as lines, other.open("w") as out:
        out.writelines(f"{line[:-1]}000\n" for line in lines if not line.startswith("#"))
    other.replace(path)


def main() -> None:
    path = Path(sys.argv[1])
    scenario.site().openmetrics(path)
    if "--milliseconds" in sys.argv:
        milliseconds(path)


if __name__ == "__main__":
    main()
