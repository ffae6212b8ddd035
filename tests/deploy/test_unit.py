"""What deploy/ ships for running the exporter is well-formed and hardened."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.mark.tool("systemd-analyze")
def test_the_unit_is_hardened() -> None:
    """systemd's own judgement of the unit stays below 1.5 (0 is best, 10 is none)."""
    unit = DEPLOY / "exporter" / "pop3-exporter.service"
    output = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True, check=True
    ).stdout
    match = re.search(r"exposure level for \S+: ([\d.]+)", output)
    assert match is not None
    assert float(match[1]) < 1.5


@pytest.mark.tool("promtool")
@pytest.mark.parametrize("name", ["prometheus.yml", "compose.yml"])
def test_prometheus_accepts_its_configuration(name: str) -> None:
    """`promtool check config` has nothing to say, rules included."""
    checked = subprocess.run(
        ["promtool", "check", "config", str(DEPLOY / "prometheus" / name)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_compose_pins_versions_and_mounts_what_exists() -> None:
    """Every image has a version, every mounted file of ours exists."""
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    images = [service["image"] for service in compose["services"].values()]
    assert [] == [image for image in images if image != "pop3-exporter" and ":" not in image]
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", ())]
    ours = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert [] == [mount for mount in ours if not (DEPLOY / mount).exists()]


@pytest.mark.parametrize("name", ["exporter", "gateway"])
def test_images_copy_what_their_build_context_has(name: str) -> None:
    """What a Dockerfile copies exists, and .dockerignore lets it through."""
    top = DEPLOY.parent
    allowed = [line[1:] for line in (top / ".dockerignore").read_text(encoding="utf-8").split() if line[0] == "!"]
    lines = (DEPLOY / name / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copies = [line.split()[1:-1] for line in lines if line.startswith("COPY ") and "--from=" not in line]
    sources = [source for copy in copies for source in copy]
    assert [] == [source for source in sources if not (top / source).exists()]
    assert [] == [one for one in sources if not any(f"{one}/".startswith(f"{entry}/") for entry in allowed)]


def test_the_customers_users_outlive_the_containers() -> None:
    """Grafana's users and the access file about them, which must agree, are both kept in volumes."""
    compose = yaml.safe_load((DEPLOY / "gateway" / "compose.yaml").read_text(encoding="utf-8"))
    kept = {mount for service in compose["services"].values() for mount in service.get("volumes", ())}
    assert kept >= {"grafana:/var/lib/grafana", "access:/etc/pop3-gateway"}
    assert set(compose["volumes"]) == {"grafana", "access"}
