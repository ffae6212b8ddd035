"""`files` writes what other programs need, says what to do next, and never takes anybody's changes away."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.running import Run

DEPLOY = Path(__file__).parents[2] / "deploy"
KINDS = ["dashboards", "rules", "runbooks", "unit", "kubernetes", "config"]


def written(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}


@pytest.mark.parametrize("kind", KINDS)
def test_says_what_it_wrote_and_what_comes_next(pop3: Run, tmp_path: Path, kind: str) -> None:
    """Every file is named; the second time nothing is written."""
    folder = tmp_path / "not" / "there"
    first, second = pop3("files", kind, folder), pop3("files", kind, folder)
    assert (0, 0) == (first.code, second.code)
    assert sorted(f"{folder / name}: written" for name in written(folder)) == sorted(
        line for line in first.out.splitlines() if line.endswith(": written")
    )
    assert "\nNext: " in first.out
    assert (
        f"{len(written(folder))} of {len(written(folder))} files in {folder} already existed and are unchanged"
        in second.out
    )


@pytest.mark.parametrize("kind", KINDS)
def test_what_somebody_changed_stays(pop3: Run, tmp_path: Path, kind: str) -> None:
    """One changed file: none is written, exit code 1, until `--force`."""
    pop3("files", kind, tmp_path)
    before = written(tmp_path)
    changed, *others = sorted(tmp_path.iterdir())
    changed.write_text("mine", encoding="utf-8")
    for other in others:
        other.unlink()
    ran = pop3("files", kind, tmp_path)
    said = (
        f"pop3-exporter: {changed}: already there with different content; nothing was written. Use --force"
        " to overwrite\n"
    )
    assert (1, said, {changed.name: "mine"}) == (ran.code, ran.err, written(tmp_path))
    assert 0 == pop3("files", kind, tmp_path, "--force").code
    assert before == written(tmp_path)


def test_links_of_rules_lead_where_they_are_told(pop3: Run, tmp_path: Path) -> None:
    """Each alert links to the given Grafana and to its page below the given address; no example address is left."""
    grafana, runbooks = "https://mail.example.com/grafana", "https://wiki.example.com/pop3"
    assert 0 == pop3("files", "rules", tmp_path, "--grafana-url", grafana + "/", "--runbook-url", runbooks).code
    text = (tmp_path / "alerts.yml").read_text(encoding="utf-8")
    alerts = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    assert {f"{runbooks}/{alert['alert']}.md" for alert in alerts} == {
        alert["annotations"]["runbook_url"] for alert in alerts
    }
    assert {True} == {alert["annotations"]["dashboard"].startswith(f"{grafana}/d/pop3-") for alert in alerts}
    assert "pop3-exporter.example" not in text
    assert "127.0.0.1" not in text


@pytest.mark.tool("promtool")
@pytest.mark.parametrize("flags", [[], ["--grafana-url", "https://g.example/x?y=1&z=2"]])
def test_prometheus_takes_the_rules(pop3: Run, tmp_path: Path, flags: list[str]) -> None:
    """Also without addresses; then the links are left out, which is told."""
    ran = pop3("files", "rules", tmp_path, *flags)
    assert "The alerts have no links to runbooks, because --runbook-url was not given." in ran.out
    assert ("no links to dashboards" in ran.out) == (not flags)
    files = sorted(map(str, tmp_path.iterdir()))
    checked = subprocess.run(["promtool", "check", "rules", *files], capture_output=True, text=True, check=False)
    assert 0 == checked.returncode, checked.stdout + checked.stderr
    assert "runbook_url" not in (tmp_path / "alerts.yml").read_text(encoding="utf-8")


def test_dashboards_are_those_that_are_tested(pop3: Run, tmp_path: Path) -> None:
    """Without a zone they are deploy/grafana/dashboards, byte for byte."""
    assert 0 == pop3("files", "dashboards", tmp_path).code
    assert written(DEPLOY / "grafana" / "dashboards") == written(tmp_path)


def test_dashboards_for_a_zone(pop3: Run, tmp_path: Path) -> None:
    """They show times in it."""
    assert 0 == pop3("files", "dashboards", tmp_path, "--time-zone", "Europe/Berlin").code
    assert {"Europe/Berlin"} == {json.loads(text)["timezone"] for text in written(tmp_path).values()}


def test_the_unit_runs_the_program_that_wrote_it(pop3: Run, tmp_path: Path) -> None:
    """`ExecStart` names this program's own path."""
    pop3("files", "unit", tmp_path)
    text = (tmp_path / "pop3-exporter.service").read_text(encoding="utf-8")
    assert f"ExecStart={Path.cwd() / 'pop3-exporter'} run --config.file /etc/pop3-exporter/config.yaml $ARGS\n" in text


def test_the_example_is_a_configuration(pop3: Run, tmp_path: Path) -> None:
    """`check` finds no mistake in what `files config` wrote."""
    pop3("files", "config", tmp_path)
    assert pop3("check", tmp_path / "config.yaml").code in {0, 1}  # 1: this machine's logs cannot be read


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["dashboards", "DIR", "--time-zone", "Berlin"], 2, "--time-zone Berlin: no such time zone; use a name like"),
        (["dashboards", "DIR", "--time-zone", "../zone"], 2, "--time-zone ../zone: no such time zone; use a name like"),
        (["rules", "DIR", "--grafana-url", "grafana"], 2, "--grafana-url grafana: must be an address such as https://"),
        (["rules", "DIR", "--runbook-url", "https://x/'{{a}}"], 2, "must be an address such as https://"),
        (["unit", "/dev/null/x"], 1, "pop3-exporter: /dev/null/x: Not a directory"),
        (["everything", "DIR"], 2, "No such command 'everything'"),
        (["rules"], 2, "Missing argument 'DIRECTORY'"),
    ],
)
def test_what_is_wrong_is_told(pop3: Run, tmp_path: Path, arguments: list[str], code: int, said: str) -> None:
    """One clear line, and nothing is written."""
    ran = pop3("files", *(str(tmp_path / "made") if one == "DIR" else one for one in arguments))
    assert code == ran.code
    assert said in " ".join(ran.err.replace("│", " ").split())
    assert not (tmp_path / "made").exists()
