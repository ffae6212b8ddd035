"""What pip, pipx and uv install: a wheel that brings all its files, without a checkout and without grafanalib."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def ran(*arguments: str | Path, cwd: Path) -> str:
    done = subprocess.run(arguments, cwd=cwd, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command in a clean environment, from a wheel that was built from the source archive, as a release does."""
    place = tmp_path_factory.mktemp("wheel")
    ran(sys.executable, "-m", "venv", place / "build", cwd=place)
    python = place / "build" / "bin" / "python"
    ran(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "hatchling>=1.24", cwd=place)
    ran(python, "-m", "hatchling", "build", "--target", "sdist", "--directory", place, cwd=ROOT)
    (archive,) = place.glob("*.tar.gz")
    ran(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", place, archive, cwd=place)
    ran(sys.executable, "-m", "venv", place / "venv", cwd=place)
    (wheel,) = place.glob("*.whl")
    ran(place / "venv" / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=place)
    return place / "venv" / "bin" / "pop3-exporter"


@pytest.mark.parametrize(
    ("kind", "folder", "pattern"),
    [
        ("dashboards", "grafana/dashboards", "*.json"),
        ("runbooks", "runbooks", "*.md"),
        ("config", "exporter", "config.yaml"),
        ("kubernetes", "kubernetes", "*.yaml"),
    ],
)
def test_the_wheel_brings_its_files(program: Path, tmp_path: Path, kind: str, folder: str, pattern: str) -> None:
    """They are those of the checkout."""
    ran(program, "files", kind, tmp_path, cwd=tmp_path)
    expected = {path.name: path.read_bytes() for path in (ROOT / "deploy" / folder).glob(pattern)}
    assert expected == {path.name: path.read_bytes() for path in tmp_path.iterdir()}


@pytest.mark.parametrize(("zone", "shown"), [("UTC", "utc"), ("Europe/Berlin", "Europe/Berlin")])
def test_dashboards_need_no_generator(program: Path, tmp_path: Path, zone: str, shown: str) -> None:
    """grafanalib is not installed here, and every board shows times in the zone."""
    python = str(program.parent / "python")
    assert 0 != subprocess.run([python, "-c", "import grafanalib"], capture_output=True, check=False).returncode
    ran(program, "files", "dashboards", tmp_path, "--time-zone", zone, cwd=tmp_path)
    texts = [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()]
    assert len(texts) == len(list((ROOT / "deploy" / "grafana" / "dashboards").glob("*.json")))
    assert all(f'"timezone": "{shown}"' in text for text in texts)


def test_rules_and_unit_come_too(program: Path, tmp_path: Path) -> None:
    """With their addresses and paths filled in."""
    ran(program, "files", "rules", tmp_path, "--grafana-url", "https://grafana.example.com", cwd=tmp_path)
    ran(program, "files", "unit", tmp_path, cwd=tmp_path)
    assert {"alerts.yml", "recording.yml", "thresholds.yml", "pop3-exporter.service"} == {
        path.name for path in tmp_path.iterdir()
    }
    assert f"ExecStart={program} run" in (tmp_path / "pop3-exporter.service").read_text(encoding="utf-8")


def test_the_program_works_without_its_extras(program: Path, tmp_path: Path) -> None:
    """Commands that need an extra say which one."""
    line = (
        "Nov 30 12:00:00 mx1 dovecot: pop3-login: Login: user=<ann@example.com>, method=PLAIN, rip=192.0.2.1, mpid=7\n"
    )
    (tmp_path / "mail.log").write_text(line, encoding="utf-8")
    assert '"login"' in ran(program, "parse", "mail.log", cwd=tmp_path)
    gateway = subprocess.run([program, "gateway"], capture_output=True, text=True, check=False)
    assert (1, True) == (gateway.returncode, "pip install 'pop3-exporter[gateway]'" in gateway.stderr)
