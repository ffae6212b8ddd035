"""`healthcheck` finds a daemon alive however its web side is guarded, and says so when it is not."""

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import bcrypt
import pytest

from exporter.web.server import WebServer
from tests.cli.running import Run
from tests.web.certificates import Authority
from tests.web.conftest import World

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key"
CLIENTS = ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: authority.pem"
GUARDS = {
    "plain": "",
    "users": f"basic_auth_users: {{prometheus: {HASH}}}",
    "tls": TLS + "}",
    "tls-and-users": f"{TLS}}}\nbasic_auth_users: {{prometheus: {HASH}}}",
    "tls13-clients": TLS + CLIENTS + ", min_version: TLS13}",
    "clients": TLS + CLIENTS + "}",
}


class Guarded:
    """A running web side and the configuration that names it."""

    def __init__(self, folder: Path, guard: str, listen: str = "127.0.0.1:0") -> None:
        Authority(folder).issue("server")
        web = folder / "web.yml"
        web.write_text(guard)
        self.server: WebServer = World().start(listen, web if guard else None)
        port = self.server.url.rpartition(":")[2].rstrip("/")
        host = listen.rpartition(":")[0]
        self.config = folder / "config.yaml"
        secured = f", config_file: {web}" if guard else ""
        self.config.write_text(
            f'web: {{listen: "{host}:{port}"{secured}}}\nsources: [{{name: mail, paths: ["{folder}/mail.log"]}}]\n'
        )


@pytest.fixture(params=list(GUARDS))
def guarded(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Guarded]:
    """Each way to guard the web side."""
    one = Guarded(tmp_path, GUARDS[request.param])
    yield one
    one.server.stop()


def test_a_daemon_that_answers_is_healthy(pop3: Run, guarded: Guarded) -> None:
    """With TLS, users or client certificates as without; a daemon that has stopped is not."""
    ran = pop3("healthcheck", "--config.file", guarded.config)
    assert (0, "") == (ran.code, ran.err)
    assert ran.out.startswith("healthy: http")
    guarded.server.stop()
    ran = pop3("healthcheck", guarded.config)
    assert (1, "") == (ran.code, ran.out)
    assert "pop3-exporter: unhealthy: http" in ran.err
    assert "Connection refused" in ran.err


@pytest.mark.parametrize("guarded", ["tls13-clients", "plain"], indirect=True)
@pytest.mark.parametrize("error", [BrokenPipeError, ConnectionResetError])
def test_a_daemon_that_wants_a_certificate_may_close_first(
    pop3: Run, guarded: Guarded, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    """With TLS 1.3 the end of the connection may come before our request; elsewhere it is a fault."""

    def closed(*_: object) -> None:
        raise error(error.__name__)

    monkeypatch.setattr(HTTPConnection, "request", closed)
    ran = pop3("healthcheck", guarded.config)
    assert (0 if "tls" in guarded.config.parent.joinpath("web.yml").read_text() else 1) == ran.code


def test_flags_and_variables_hold_as_for_run(pop3: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container that is told its address by a flag or the environment is asked there."""
    one = Guarded(tmp_path, "")
    address = one.server.url.partition("//")[2].rstrip("/")
    one.config.write_text(one.config.read_text().replace(address, "127.0.0.1:1"))
    try:
        assert 1 == pop3("healthcheck", one.config).code
        assert 0 == pop3("healthcheck", one.config, "--web.listen-address", address).code
        monkeypatch.setenv("POP3_EXPORTER_WEB_LISTEN_ADDRESS", address)
        assert 0 == pop3("healthcheck", one.config).code
    finally:
        one.server.stop()


@pytest.mark.parametrize("listen", [":0", "0.0.0.0:0", "localhost:0", "[::]:0"])
def test_all_addresses_are_asked_on_loopback(pop3: Run, tmp_path: Path, listen: str) -> None:
    """What listens everywhere is asked where this machine always has an address."""
    one = Guarded(tmp_path, "", listen)
    try:
        assert 0 == pop3("healthcheck", one.config).code
    finally:
        one.server.stop()


def test_tls_without_a_certificate_of_the_clients_must_not_fail(pop3: Run, tmp_path: Path) -> None:
    """A daemon that speaks plain HTTP where TLS is configured is not ours: unhealthy."""
    one = Guarded(tmp_path, "")
    (tmp_path / "web.yml").write_text(GUARDS["clients"])
    one.config.write_text(one.config.read_text().replace("}\nsources", f", config_file: {tmp_path}/web.yml}}\nsources"))
    try:
        assert 1 == pop3("healthcheck", one.config).code
    finally:
        one.server.stop()


def test_the_gateway_is_asked_by_its_own_configuration(pop3: Run, tmp_path: Path) -> None:
    """`--gateway` reads the gateway's file, whose keys are others."""
    one = Guarded(tmp_path, GUARDS["tls"])
    (tmp_path / "access.yaml").write_text("access: []\n")
    gateway = tmp_path / "gateway.yaml"
    gateway.write_text(
        f"listen: {one.server.url.partition('//')[2].rstrip('/')}\nweb_config_file: web.yml\naccess: access.yaml\n"
        "time_zone: UTC\nprometheus: http://127.0.0.1:9090\nlabel_proxy: http://127.0.0.1:9091\n"
        "grafana: {url: http://127.0.0.1:3000}\n"
    )
    try:
        ran = pop3("healthcheck", "--gateway", "--config.file", gateway)
        assert (0, "") == (ran.code, ran.err)
    finally:
        one.server.stop()


def test_it_knows_what_overrides_the_file(
    pop3: Run, guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A container whose variables say where to serve is asked there."""
    config = tmp_path / "elsewhere.yaml"
    config.write_text('web: {listen: "192.0.2.1:1"}\nsources: [{name: mail, paths: ["mail.log"]}]\n', encoding="utf-8")
    monkeypatch.setenv("POP3_EXPORTER_WEB_LISTEN_ADDRESS", guarded.server.url.partition("//")[2])
    monkeypatch.setenv("POP3_EXPORTER_WEB_CONFIG_FILE", str(tmp_path / "web.yml"))
    assert 0 == pop3("healthcheck", config).code
