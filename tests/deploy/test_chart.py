"""The Helm chart renders what Kubernetes accepts and the exporter can run with."""

import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from exporter import __version__
from exporter.config import Config
from exporter.configfile import load
from tests.tools import SYSTEM_PATH

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "pop3-exporter"
# What Chart.yaml promises, and the newest whose schemas there are.
VERSIONS = ("1.25", kubernetes_validate.latest_version())
OPERATOR = "monitoring.coreos.com/v1"
ALL = [
    "serviceMonitor.enabled=true",
    "prometheusRule.enabled=true",
    "prometheusRule.grafanaUrl=https://grafana.example.com/",
    "prometheusRule.runbookUrl=https://wiki.example.com/pop3",
    "dashboards.enabled=true",
    "networkPolicy.enabled=true",
]
SETTINGS = {
    "default": [],
    "all": ALL,
    "guarded": [*ALL, "web.existingSecret=pop3-web", "serviceMonitor.scheme=https"],
    "claims": ["logs.existingClaim=mail-logs", "persistence.existingClaim=ledger", "image.digest=sha256:" + "0" * 64],
    "forgetful": ["persistence.enabled=false", "serviceAccount.create=false"],
    "sidecar": ["mode=sidecar", "sidecar.selector.app=mail", "serviceMonitor.enabled=true"],
}
pytestmark = pytest.mark.tool("helm")


def helm(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("helm", path=SYSTEM_PATH) or "helm"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@functools.cache
def template(*settings: str) -> subprocess.CompletedProcess[str]:
    sets = [word for one in settings for word in ("--set", one)]
    return helm("template", "mx", str(CHART), "--namespace", "mail", "--kube-version", "1.34", *sets)


def rendered(*settings: str) -> list[dict[str, Any]]:
    ran = template(*settings)
    assert 0 == ran.returncode, ran.stderr
    return [document for document in yaml.safe_load_all(ran.stdout) if document]


def of_kind(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (found,) = (document for document in documents if document["kind"] == kind)
    return found


def test_helm_finds_nothing_to_improve() -> None:
    """`helm lint --strict`."""
    ran = helm("lint", "--strict", str(CHART))
    assert 0 == ran.returncode, ran.stdout


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_kubernetes_accepts_it(settings: list[str]) -> None:
    """Every object is valid by the strict schemas of the oldest and the newest version; names are distinct."""
    documents = rendered(*settings)
    for document in documents:
        for version in VERSIONS if document["apiVersion"] != OPERATOR else ():
            kubernetes_validate.validate(document, version, strict=True)
    names = [(document["kind"], document["metadata"]["name"]) for document in documents]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_the_exporter_accepts_its_configuration(tmp_path: Path, settings: list[str]) -> None:
    """What the ConfigMap holds is a configuration, for the folders that are mounted."""
    documents = [one for one in rendered(*settings) if one["kind"] == "ConfigMap"]
    file = tmp_path / "config.yaml"
    file.write_text(next(one["data"]["config.yaml"] for one in documents if "config.yaml" in one["data"]))
    config = load(file, Config)
    assert ("/logs/mail.log*",) == config.sources[0].paths
    assert ((":10110",), "web.existingSecret=pop3-web" in settings) == (
        config.web.listen,
        config.web.config_file is not None,
    )


def test_one_pod_without_rights_has_the_ledger() -> None:
    """Two writers never, not even during an update; numeric user, nothing writable but ledger and /tmp."""
    spec = of_kind(rendered(), "Deployment")["spec"]
    assert (1, {"type": "Recreate"}) == (spec["replicas"], spec["strategy"])
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert (True, 10110) == (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"])
    assert {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    } == container["securityContext"]
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert {"/var/lib/pop3-exporter", "/tmp"} == writable
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}


def test_probes_work_behind_a_password() -> None:
    """HTTP as long as everybody may ask, else the command that knows the configuration."""
    for settings, expected in ((ALL, "httpGet"), (SETTINGS["guarded"], "exec")):
        (container,) = of_kind(rendered(*settings), "Deployment")["spec"]["template"]["spec"]["containers"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert expected in container[probe]


@pytest.mark.tool("promtool")
def test_prometheus_accepts_the_rules(tmp_path: Path) -> None:
    """All groups are there, with the links of the values, as promtool reads them."""
    spec = of_kind(rendered(*ALL), "PrometheusRule")["spec"]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump(spec))
    ran = subprocess.run(["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False)
    assert 0 == ran.returncode, ran.stdout + ran.stderr
    shipped = [yaml.safe_load(path.read_text()) for path in sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))]
    assert [group["name"] for file in shipped for group in file["groups"]] == [
        group["name"] for group in spec["groups"]
    ]
    links = [rule["annotations"] for group in spec["groups"] for rule in group["rules"] if "annotations" in rule]
    assert links
    for link in links:
        assert link["dashboard"].startswith("https://grafana.example.com/d/pop3-")
        assert link["runbook_url"].startswith("https://wiki.example.com/pop3/POP3")


def test_the_monitor_finds_the_service_and_keeps_its_series() -> None:
    """A new pod is no new instance, and the job has the name that the alerts look for."""
    documents = rendered(*ALL)
    spec = of_kind(documents, "ServiceMonitor")["spec"]
    service = of_kind(documents, "Service")
    assert spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (endpoint,) = spec["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    relabelled = {one["targetLabel"]: one["replacement"] for one in endpoint["relabelings"] if "targetLabel" in one}
    assert {"instance": "mail/mx-pop3-exporter", "job": "pop3"} == relabelled


def test_grafanas_sidecar_finds_the_dashboards() -> None:
    """Each dashboard is a ConfigMap with the label, and is unchanged."""
    maps = [one for one in rendered(*ALL) if one["metadata"]["labels"].get("grafana_dashboard") == "1"]
    files = {name: text for one in maps for name, text in one["data"].items()}
    shipped = {path.name: path.read_text() for path in (ROOT / "deploy/grafana/dashboards").glob("*.json")}
    assert {name: json.loads(text) for name, text in shipped.items()} == {n: json.loads(t) for n, t in files.items()}


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("replicas=2", "replicas"),
        ("mode=daemonset", "mode"),
        ("config.web.listen=10110", "listen"),
        ("image.digest=latest", "digest"),
        ("mode=sidecar", "sidecar.selector: the labels of the mail server's pods are missing"),
        ("persistence.size=lots", "size"),
    ],
)
def test_a_wrong_value_is_refused(setting: str, said: str) -> None:
    """By name, before anything reaches the cluster."""
    ran = template(setting)
    assert 0 != ran.returncode
    assert said in ran.stderr


def test_the_chart_has_the_programs_version() -> None:
    """One place says the version; the chart follows it."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (__version__, __version__) == (chart["version"], chart["appVersion"])


def test_the_plain_manifests_are_the_charts(tmp_path: Path) -> None:
    """deploy/kubernetes is what `.ci/manifests` makes, and Kubernetes accepts it."""
    made = tmp_path / "made.yaml"
    subprocess.run(["sh", str(ROOT / ".ci" / "manifests"), str(made)], check=True)
    shipped = (ROOT / "deploy" / "kubernetes" / "pop3-exporter.yaml").read_text()
    assert made.read_text() == shipped, "run: sh .ci/manifests"
    for document in yaml.safe_load_all(shipped):
        kubernetes_validate.validate(document, VERSIONS[0], strict=True)
