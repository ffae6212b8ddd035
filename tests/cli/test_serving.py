"""Flags and environment variables as Prometheus's exporters have them: over the file, and told when they are wrong."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import httpx
import pytest

from tests.cli.running import Run

SERVING = re.compile(r"https?://[^ ,;]+")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration whose address nobody has: only a flag makes it serve."""
    path = tmp_path / "config.yaml"
    path.write_text(
        f"""
time_zone: UTC
ledger: {tmp_path / "ledger.sqlite"}
web: {{listen: "192.0.2.1:1"}}
sources: [{{name: mail, paths: [{tmp_path / "mail.log"}], server: mx1}}]
""",
        encoding="utf-8",
    )
    return path


@contextmanager
def running(config: Path, flags: Sequence[str] = (), **environment: str) -> Iterator[str]:
    """A daemon at work; yields the log line that says where it serves."""
    arguments = [sys.executable, "-m", "exporter", "run", str(config), *flags]
    with subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}) as process:
        assert process.stderr is not None
        try:
            yield next((line for line in process.stderr if "serving" in line), "")
        finally:
            process.terminate()
            process.stderr.read()


def test_flags_override_the_file(config: Path) -> None:
    """Two addresses are both served, and messages are JSON with the keys of slog."""
    flags = ["--web.listen-address", "127.0.0.1:0", "--web.listen-address", "localhost:0", "--log.format=json"]
    with running(config, flags) as line:
        said = json.loads(line)
        urls = SERVING.findall(said["msg"])
        assert [200, 200] == [httpx.get(f"{url}/-/ready", trust_env=False).status_code for url in urls]
    assert ["time", "level", "logger", "msg"] == list(said)
    assert "INFO" == said["level"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", said["time"])


def test_the_environment_says_the_same(config: Path, tmp_path: Path) -> None:
    """Address, web configuration and form of the messages come from variables as well."""
    web = tmp_path / "web.yaml"
    digest = bcrypt.hashpw(b"geheim", bcrypt.gensalt(4)).decode()
    web.write_text(f"basic_auth_users: {{prometheus: {digest}}}\n", encoding="utf-8")
    with running(
        config,
        POP3_EXPORTER_WEB_LISTEN_ADDRESS="127.0.0.1:0",
        POP3_EXPORTER_WEB_CONFIG_FILE=str(web),
        POP3_EXPORTER_LOG_FORMAT="logfmt",
    ) as line:
        (url,) = SERVING.findall(line)
        answers = [httpx.get(f"{url}/metrics", auth=auth, trust_env=False) for auth in (None, ("prometheus", "geheim"))]
    assert [401, 200] == [answer.status_code for answer in answers]
    assert re.match(r'time=\S+ level=INFO logger=pop3_exporter msg="serving http', line)


def test_the_level_silences(config: Path) -> None:
    """With `error` nothing is said of a good start; the daemon is there all the same, and ends by SIGTERM."""
    arguments = [sys.executable, "-m", "exporter", "run", str(config), "--log.level=error"]
    ran = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (1, True) == (
        ran.returncode,
        ran.stderr.startswith("pop3-exporter: web.listen: cannot listen on 192.0.2.1:1"),
    )


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--web.listen-address", "10110"], "--web.listen-address: must be HOST:PORT"),
        (
            ["--web.listen-address", ":1", "--web.listen-address", ":1"],
            "--web.listen-address: has the same address twice",
        ),
        (["--web.config.file", "gone.yaml"], "gone.yaml: cannot be read: No such file or directory"),
        (["--log.level", "loud"], "'loud' is not one of 'debug', 'info', 'warn', 'error'"),
        (["--log.format", "xml"], "'xml' is not one of 'text', 'logfmt', 'json'"),
    ],
)
def test_what_is_wrong_is_told(pop3: Run, config: Path, command: str, flags: list[str], said: str) -> None:
    """A flag that cannot be meant is named, with what it takes; exit code 2."""
    if command == "run" and "--web.config.file" in flags:
        flags = ["--web.listen-address", "127.0.0.1:0", *flags]
    ran = pop3(command, config, *flags)
    assert 2 == ran.code
    assert said in " ".join(ran.err.split())


def test_check_takes_what_run_takes(pop3: Run, config: Path) -> None:
    """A unit's flags can be checked as they are."""
    ran = pop3("check", config, "--web.listen-address", ":10110", "--log.level", "warn", "--log.format", "json")
    assert (0, "") == (ran.code, ran.err)


def test_a_file_may_name_several_addresses(pop3: Run, config: Path) -> None:
    """`web.listen` is one address or a list."""
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('"192.0.2.1:1"', '["127.0.0.1:10110", "127.0.0.1:10112"]'), encoding="utf-8")
    assert 0 == pop3("check", config).code
    config.write_text(text.replace('"192.0.2.1:1"', '["127.0.0.1:10110", "nowhere"]'), encoding="utf-8")
    assert "web.listen: must be HOST:PORT" in pop3("check", config).err


def test_the_configuration_is_found_by_its_variable(pop3: Run, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """POP3_EXPORTER_CONFIG_FILE names it where the command line does not; the command line wins."""
    monkeypatch.setenv("POP3_EXPORTER_CONFIG_FILE", str(config))
    assert f"{config}: valid" in pop3("check").out
    assert "other.yaml: cannot be read" in pop3("check", "other.yaml").err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete(shell: str, tmp_path: Path) -> None:
    """The script for a shell is printed, and asks us for words: commands and dotted options."""
    program = Path(sys.executable).parent / "pop3-exporter"
    asked = {"_POP3_EXPORTER_COMPLETE": f"source_{shell}", "HOME": str(tmp_path)}
    script = subprocess.run([program], env={**os.environ, **asked}, capture_output=True, text=True, check=False).stdout
    assert "_POP3_EXPORTER_COMPLETE" in script


def test_completion_offers_dotted_options() -> None:
    """`pop3-exporter run --web.` completes."""
    program = Path(sys.executable).parent / "pop3-exporter"
    asked = {"_POP3_EXPORTER_COMPLETE": "complete_bash", "COMP_WORDS": "pop3-exporter run --web.", "COMP_CWORD": "2"}
    found = subprocess.run([program], env={**os.environ, **asked}, capture_output=True, text=True, check=True).stdout
    assert ["--web.config.file", "--web.listen-address"] == sorted(found.split())
