"""gateway.yaml, and what is shipped beside it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from exporter.cli.app import app
from exporter.configfile import ConfigError
from exporter.gateway.access import Access
from exporter.gateway.config import GatewayConfig, read
from tests.gateway.label_proxy import FLAGS

SHIPPED = Path(__file__).parents[2] / "deploy" / "gateway"
SMALL = {
    "prometheus": "http://127.0.0.1:9090",
    "label_proxy": "http://127.0.0.1:9095",
    "grafana": {"url": "http://127.0.0.1:3000/"},
    "time_zone": "Europe/Berlin",
}


def loaded(tmp_path: Path, **changed: object) -> GatewayConfig:
    path = tmp_path / "gateway.yaml"
    path.write_text(yaml.safe_dump({name: value for name, value in {**SMALL, **changed}.items() if value is not None}))
    return read(path)


def test_little_is_enough(tmp_path: Path) -> None:
    """The rest follows: keys and issuer from Grafana's address, the access file beside the configuration."""
    config = loaded(tmp_path)
    assert "http://127.0.0.1:3000/" == config.grafana.signs_as
    assert "http://127.0.0.1:3000/api/signing-keys/keys" == config.grafana.keys
    assert (tmp_path / "access.yaml", None) == (config.access, config.web_config_file)


MISTAKES: dict[str, dict[str, object]] = {
    "label_proxy: must be the prom-label-proxy in front of Prometheus, not Prometheus itself": {
        "label_proxy": "http://127.0.0.1:9090/"
    },
    "label_proxy: must be an address without a path": {"label_proxy": "http://127.0.0.1:9095/prom"},
    "prometheus: must be an address such as": {"prometheus": "127.0.0.1:9090"},
    "prometheus: is missing": {"prometheus": None},
    "grafana.keys_url: must start with http": {"grafana": {"url": "http://x", "keys_url": "file:///etc/passwd"}},
    "grafana.url: must be an address such as": {"grafana": {"url": "http://user:password@x"}},
    "time_zone: unknown time zone": {"time_zone": "Mars/Olympus"},
    "limits.parallel: must be greater": {"limits": {"parallel": 0}},
    "labelproxy: unknown key; did you mean label_proxy?": {"labelproxy": "x"},
}


@pytest.mark.parametrize("words", MISTAKES)
def test_mistakes_are_told(words: str, tmp_path: Path) -> None:
    """With file and line, in words that say what to do."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, **MISTAKES[words])
    assert re.search(rf"gateway\.yaml:\d+: .*{re.escape(words.partition(': ')[2])}", str(caught.value)), caught.value


def test_what_is_shipped_is_good(tmp_path: Path) -> None:
    """The sample configurations and the sample access file, by the command that checks them."""
    for name in ("gateway.yaml", "access.yaml"):
        (tmp_path / name).write_text((SHIPPED / name).read_text())
    done = CliRunner().invoke(app, ["gateway", "--check", "--config.file", str(tmp_path / "gateway.yaml")])
    assert (0, True) == (done.exit_code, "access.yaml: good, 1 entries" in done.output), done.output
    assert "http://grafana:3000/api/signing-keys/keys" == read(SHIPPED / "compose-gateway.yaml").grafana.keys
    assert 1 == Access(SHIPPED / "access.yaml").size


def test_the_flags_that_are_tested_are_those_that_are_shipped() -> None:
    """In the unit, in the compose file, and in the documentation."""
    unit = (SHIPPED / "pop3-label-proxy.service").read_text().replace("\\\n", " ")
    document = (SHIPPED.parents[1] / "docs" / "gateway.md").read_text().replace("\\\n", " ")
    compose = yaml.safe_load((SHIPPED / "compose.yaml").read_text())["services"]["label-proxy"]["command"]
    for flag in FLAGS:
        name, _, value = flag.partition("=")
        assert re.search(rf"{name}( {value})?\b", unit)
        assert re.search(rf"{name}( {value})?\b", document)
        assert flag in compose


def test_the_command_serves_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """It says where it listens, answers there, and ends with 0."""
    loaded(tmp_path, listen="127.0.0.1:0")
    (tmp_path / "access.yaml").write_text("access: []\n")
    command = [sys.executable, "-m", "exporter", "gateway", "--config.file", str(tmp_path / "gateway.yaml")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=SHIPPED.parents[1]) as process:
        assert process.stderr is not None
        found = re.search(r"gateway listens on (\S+);", process.stderr.readline())
        assert found is not None
        assert 200 == httpx.get(f"{found[1]}/-/healthy", trust_env=False).status_code
        process.terminate()
        assert (0, True) == (process.wait(20), "gateway stopped" in process.stderr.read())


def test_without_the_extra_the_command_says_what_to_install() -> None:
    """One line, no traceback."""
    program = (
        "import sys; sys.modules['httpx'] = None; sys.argv = ['x', 'gateway']; from exporter.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    expected = "pop3-exporter: the gateway needs httpx: pip install 'pop3-exporter[gateway]'\n"
    assert (1, expected) == (done.returncode, done.stderr)


@pytest.mark.tool("systemd-analyze")
@pytest.mark.skipif(os.geteuid() != 0 and not Path("/run/systemd").exists(), reason="it creates /run/systemd")
@pytest.mark.parametrize("name", ["pop3-gateway.service", "pop3-label-proxy.service"])
def test_the_units_are_hardened(name: str) -> None:
    """systemd's own judgement stays below 1.5 (0 is best, 10 is none)."""
    output = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", str(SHIPPED / name)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    match = re.search(r"exposure level for \S+: ([\d.]+)", output)
    assert match is not None
    assert float(match[1]) < 1.5


def test_compose_pins_versions_and_mounts_what_exists() -> None:
    """Every image has a version; paths are relative to the first compose file's directory, deploy/."""
    compose = yaml.safe_load((SHIPPED / "compose.yaml").read_text())
    services = compose["services"].values()
    assert [] == [
        one["image"]
        for one in services
        if one.get("image", "x:1") != "pop3-gateway" and ":" not in one.get("image", "x:1")
    ]
    mounts = [mount.split(":")[0] for one in services for mount in one.get("volumes", ()) if mount.startswith("./")]
    assert ([], 2) == ([mount for mount in mounts if not (SHIPPED.parent / mount).exists()], len(mounts))
