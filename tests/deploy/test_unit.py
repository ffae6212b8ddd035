"""What deploy/ ships for running the exporter is well-formed and hardened."""

import os
import re
import subprocess
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporter.inputs.notifier import WATCHES_MOST

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = (DEPLOY / "compose.yaml", DEPLOY / "gateway" / "compose.yaml")
OURS = ("pop3-exporter", "pop3-gateway")


def services() -> dict[str, dict[str, Any]]:
    """What both compose files together start, as far as it is said with an image."""
    files = [yaml.safe_load(path.read_text(encoding="utf-8"))["services"] for path in COMPOSE]
    return {name: service for file in files for name, service in file.items() if "image" in service}


@pytest.mark.tool("systemd-analyze")
@pytest.mark.skipif(os.geteuid() != 0 and not Path("/run/systemd").exists(), reason="it creates /run/systemd")
def test_the_unit_is_hardened() -> None:
    """systemd's own judgement of the unit stays below 1.5 (0 is best, 10 is none)."""
    unit = DEPLOY / "exporter" / "pop3-exporter.service"
    output = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True, check=True
    ).stdout
    match = re.search(r"exposure level for \S+: ([\d.]+)", output)
    assert match is not None
    assert float(match[1]) < 1.5


def test_the_unit_hears_of_the_daemons_life() -> None:
    """What the daemon tells systemd is asked for, and whatever ends it, it comes again."""
    unit = (DEPLOY / "exporter" / "pop3-exporter.service").read_text(encoding="utf-8").splitlines()
    assert {"Type=notify", "NotifyAccess=main", "WatchdogSec=2min", "Restart=always"} <= set(unit)


def test_the_unit_has_room_for_all_threads() -> None:
    """Two for each watched directory (watchdog before 7), those of pages and passwords, and journalctl."""
    unit = (DEPLOY / "exporter" / "pop3-exporter.service").read_text(encoding="utf-8")
    [most] = re.findall(r"(?m)^TasksMax=(\d+)$", unit)
    assert int(most) >= 2 * WATCHES_MOST + 100


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
    images = [service["image"] for service in services().values()]
    assert [] == [image for image in images if image not in OURS and ":" not in image]
    mounts = [mount for service in services().values() for mount in service.get("volumes", ())]
    sources = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert [] == [source for source in sources if not (DEPLOY / source).exists()]


@pytest.mark.parametrize("image", OURS)
def test_an_image_of_ours_is_built_once(image: str) -> None:
    """By one service: two builds of one name would race. The others do not look for it in a registry."""
    users = [service for service in services().values() if service["image"] == image]
    builders = [service for service in users if "build" in service]
    assert 1 == len(builders)
    assert {"never"} == {service.get("pull_policy") for service in users if service not in builders}


def test_containers_of_ours_may_write_their_volume_only() -> None:
    """Read-only, without capabilities; and what is published is published on loopback."""
    ours = [service for service in services().values() if service["image"] in OURS]
    assert 4 == len(ours)
    for service in ours:
        assert (True, ["ALL"]) == (service["read_only"], service["cap_drop"])
        assert ["no-new-privileges:true"] == service["security_opt"]
    ports = [port for service in services().values() for port in service.get("ports", ())]
    assert [] == [port for port in ports if not port.startswith("127.0.0.1:")]


@pytest.mark.parametrize("name", ["exporter", "gateway"])
def test_images_copy_what_their_build_context_has(name: str) -> None:
    """What a Dockerfile copies or installs exists, and .dockerignore lets it through."""
    top = DEPLOY.parent
    allowed = [line[1:] for line in (top / ".dockerignore").read_text(encoding="utf-8").split() if line[0] == "!"]
    text = (DEPLOY / name / "Dockerfile").read_text(encoding="utf-8")
    copies = [line.split()[1] for line in text.splitlines() if line.startswith("COPY ") and "--from=" not in line]
    sources = [source for source in copies if source != "."] + re.findall(r"-r (\S+)", text)
    assert f"deploy/{name}/requirements.txt" in sources
    assert [] == [source for source in sources if not (top / source).exists()]
    wheel = tomllib.loads((top / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]
    sources += [*wheel["wheel"]["packages"], *wheel["wheel"]["force-include"], "pyproject.toml", "README.md", "LICENSE"]
    assert [] == [one for one in sources if not any(fnmatch(f"{one}/", f"{entry}/*") for entry in allowed)]


@pytest.mark.parametrize("name", ["exporter", "gateway"])
def test_images_run_as_a_number_and_ask_for_their_health(name: str) -> None:
    """Kubernetes cannot look up a name; a health check without the configuration knows neither TLS nor passwords."""
    lines = (DEPLOY / name / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if re.fullmatch(r"USER \d+:\d+", line)]
    assert [line for line in lines if 'CMD ["pop3-exporter", "healthcheck"' in line]
    assert {"title", "description", "licenses", "version", "revision", "created"} <= set(
        re.findall(r"org\.opencontainers\.image\.(\w+)=", "\n".join(lines))
    )


@pytest.mark.parametrize("name", ["exporter", "gateway"])
def test_images_install_pinned_packages(name: str) -> None:
    """Every dependency of pyproject.toml is in the lock, with its version and hashes."""
    lock = (DEPLOY / name / "requirements.txt").read_text(encoding="utf-8")
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(project["optional-dependencies"]["gateway"] if name == "gateway" else ())]
    names = {re.split(r"[^\w-]", one)[0].lower() for one in wanted if "win32" not in one}
    assert names <= set(re.findall(r"^([\w-]+)==[^ ]+ .*\\$", lock, re.MULTILINE))
    assert [] == re.findall(r"^\S+==.*(?<!\\)$", lock, re.MULTILINE)


def test_the_customers_users_outlive_the_containers() -> None:
    """Grafana's users and the access file about them, which must agree, are both kept in volumes."""
    compose = yaml.safe_load((DEPLOY / "gateway" / "compose.yaml").read_text(encoding="utf-8"))
    kept = {mount for service in compose["services"].values() for mount in service.get("volumes", ())}
    assert kept >= {"grafana:/var/lib/grafana", "access:/etc/pop3-gateway"}
    assert set(compose["volumes"]) == {"grafana", "access"}
