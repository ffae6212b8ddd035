"""Writes the pictures of the documentation: `GRAFANA_HOME=DIR python -m tests.dashboards.pictures [--output DIR]`.

GRAFANA_URL instead of GRAFANA_HOME uses a running Grafana, as the browser tests do. pngquant, where it is installed,
makes the files small.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser

from dashboards.__main__ import main as write_dashboards
from tests.dashboards import grafana_server, showcase
from tests.dashboards.grafana_api import Login
from tests.dashboards.site import stamp
from tests.dashboards.viewer import Viewer, chromium, logged_in

IMAGES = Path(__file__).parents[2] / "docs" / "images"
HEIGHT = 4000  # more than any dashboard
MONTH = (stamp("2026-10-24"), stamp("2026-11-23") - 1)
WEEK = (stamp("2026-11-16"), stamp("2026-11-23") - 1)
TODAY = (stamp("2026-11-21 18:00"), showcase.NOW)
DOMAIN, USER = "harbour.example", "anna@harbour.example"


@dataclass(frozen=True)
class Picture:
    name: str
    uid: str
    between: tuple[int, int] = MONTH
    step: str = "Day"
    theme: str = "dark"
    width: int = 1600


PICTURES = (
    Picture("trend", "pop3-trend"),
    Picture("domains", "pop3-domains"),
    Picture("domain", "pop3-domain", WEEK, "Hour"),
    Picture("user", "pop3-user"),
    Picture("suspicious", "pop3-suspicious", TODAY),
    Picture("exporter", "pop3-exporter", TODAY),
    Picture("light", "pop3-trend", step="Week", theme="light"),
    Picture("narrow", "pop3-trend", width=420),
)


def take(browser: Browser, url: str, login: Login, picture: Picture, path: Path) -> None:
    """One dashboard from top to bottom. RuntimeError if something in it went wrong."""
    asked = {"from": picture.between[0] * 1000, "to": picture.between[1] * 1000 + 999, "theme": picture.theme}
    asked |= {"var-domain": DOMAIN, "var-user": USER, "var-step": picture.step}
    looks = {"viewport": {"width": picture.width, "height": HEIGHT}, "timezone_id": "UTC"}
    with logged_in(browser, url, login, **looks) as context:
        viewer = Viewer(context.new_page(), url)
        viewer.visit(f"/d/{picture.uid}?{urlencode(asked)}&kiosk")
        if viewer.troubles:
            raise RuntimeError(f"{picture.name}: {viewer.troubles}")
        boxes = [box for one in viewer.page.locator("section").all() if (box := one.bounding_box())]
        bottom = max(box["y"] + box["height"] for box in boxes) + 8
        viewer.page.screenshot(path=path, clip={"x": 0, "y": 0, "width": picture.width, "height": bottom})
    if program := shutil.which("pngquant"):
        subprocess.run([program, "--force", "--ext", ".png", "--strip", "--nofs", "128", str(path)], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.dashboards.pictures", description=__doc__)
    parser.add_argument("--output", type=Path, default=IMAGES, metavar="DIR", help="default: docs/images")
    parser.add_argument("names", nargs="*", help="only these")
    options = parser.parse_args()
    if not grafana_server.is_there():
        print("neither GRAFANA_URL nor GRAFANA_HOME names a Grafana", file=sys.stderr)  # noqa: T201
        return 2
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        write_dashboards(["--time-zone", showcase.ZONE, "--output", str(directory / "dashboards")])
        with (
            showcase.site().served(directory) as prometheus,
            grafana_server.some_grafana(directory) as api,
            api.organisation("POP3 pictures") as place,
            chromium() as browser,
        ):
            place.data_source("Prometheus", "prometheus", prometheus.url, is_default=True)
            place.dashboards(directory / "dashboards")
            login = place.user("viewer")
            for picture in PICTURES:
                if not options.names or picture.name in options.names:
                    take(browser, api.url, login, picture, options.output / f"{picture.name}.png")
                    print(picture.name)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
