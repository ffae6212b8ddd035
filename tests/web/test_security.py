"""TLS and users over real connections."""

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import httpx
import pytest

from exporter.web.server import WebServer
from tests.web.certificates import Authority
from tests.web.conftest import World

PASSWORD = "correct horse"
# Another form of the same hash, as htpasswd writes it.
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")
TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key"


def users(**hashes: str) -> str:
    return "basic_auth_users:\n" + "".join(f"  {name}: {digest}\n" for name, digest in hashes.items())


def rewrite(path: Path, text: str) -> None:
    """Change a file so that its stamp differs, however coarse the file system's clock."""
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The web configuration file."""
    return tmp_path / "web.yml"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Who signs; the server's certificate is there already."""
    signer = Authority(tmp_path)
    signer.issue("server", "first")
    return signer


class Servers:
    """Starts servers and stops them after the test."""

    def __init__(self, world: World, path: Path) -> None:
        self._world = world
        self._path = path
        self.running: list[WebServer] = []

    def start(self, text: str) -> WebServer:
        """A server with this web configuration."""
        self._path.write_text(text)
        self.running.append(self._world.start(config_file=self._path))
        return self.running[-1]


@pytest.fixture
def servers(world: World, path: Path) -> Iterator[Servers]:
    """Servers that end with the test."""
    started = Servers(world, path)
    yield started
    for server in started.running:
        server.stop()


# ── users ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", ["/", "/metrics", "/-/healthy", "/-/ready", "/nowhere"])
def test_without_the_password_nothing_is_shown(servers: Servers, page: str) -> None:
    """Every page asks for a user, and says so as browsers expect."""
    server = servers.start(users(prometheus=HASH))
    answer = httpx.get(server.url + page)
    assert (401, 'Basic realm="pop3-exporter"') == (answer.status_code, answer.headers["www-authenticate"])
    assert "Unauthorized\n" == answer.text


@pytest.mark.parametrize(
    ("name", "password", "status"),
    [
        ("prometheus", PASSWORD, 200),
        ("prometheus", "wrong", 401),
        ("prometheus", "", 401),
        ("prometheus", "x" * 500, 401),
        ("prometheus", "nul\0byte", 401),
        ("nobody", PASSWORD, 401),
        ("", "", 401),
    ],
)
def test_admits_by_name_and_password(servers: Servers, name: str, password: str, status: int) -> None:
    """The right pair only; twice, since answers are remembered."""
    server = servers.start(users(prometheus=HASH))
    with httpx.Client(base_url=server.url, auth=(name, password)) as client:
        assert [status, status] == [client.get("/metrics").status_code for _ in range(2)]


@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Basic bm9jb2xvbg==", "Basic /zo=", "Bearer abc"])
def test_a_malformed_header_is_a_refusal(servers: Servers, header: str) -> None:
    """What cannot be decoded is 401, never an error of ours."""
    server = servers.start(users(prometheus=HASH))
    assert 401 == httpx.get(f"{server.url}/metrics", headers={"Authorization": header}).status_code


def test_a_changed_file_changes_the_users(servers: Servers, path: Path) -> None:
    """A new password holds, and the old one no longer does, without a restart; a remembered answer does not linger."""
    server = servers.start(users(prometheus=HASH))
    auth = ("prometheus", PASSWORD)
    assert 200 == httpx.get(server.url, auth=auth).status_code
    rewrite(path, users(prometheus=bcrypt.hashpw(b"new", bcrypt.gensalt(4)).decode()))
    assert 401 == httpx.get(server.url, auth=auth).status_code
    assert 200 == httpx.get(server.url, auth=("prometheus", "new")).status_code


def test_a_broken_change_leaves_what_was(servers: Servers, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file that cannot be used is told in the log, and opens nothing."""
    server = servers.start(users(prometheus=HASH))
    rewrite(path, "basic_auth_users: {prometheus: open}")
    assert 401 == httpx.get(server.url).status_code
    assert 200 == httpx.get(server.url, auth=("prometheus", PASSWORD)).status_code
    assert 1 == caplog.text.count("web configuration not reloaded, the old one stays")


def test_headers_of_the_file_are_on_every_answer(servers: Servers) -> None:
    """Also on refusals; the file's own policy takes the place of ours."""
    server = servers.start(
        "http_server_config: {headers: {X-Frame-Options: deny, Content-Security-Policy: default-src 'self'}}"
    )
    for page in ("/", "/nowhere"):
        headers = httpx.get(server.url + page).headers
        assert ("deny", "default-src 'self'") == (headers["x-frame-options"], headers["content-security-policy"])
        assert "nosniff" == headers["x-content-type-options"]


# ── TLS ─────────────────────────────────────────────────────────────────────────────────────────────────────


def trusting(authority: Authority, pair: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.file)
    if pair:
        context.load_cert_chain(*pair)
    return context


def subject(server: WebServer, authority: Authority) -> str:
    """The common name in the certificate that the server shows."""
    with httpx.stream("GET", f"{server.url}/-/healthy", verify=trusting(authority)) as answer:
        shown = answer.extensions["network_stream"].get_extra_info("ssl_object").getpeercert()
    return str(dict(pair for (pair,) in shown["subject"])["commonName"])


def test_serves_over_tls(servers: Servers, authority: Authority) -> None:
    """The page is there over https, and not without it."""
    server = servers.start(TLS + "}")
    assert server.url.startswith("https://")
    assert 200 == httpx.get(f"{server.url}/metrics", verify=trusting(authority)).status_code
    with pytest.raises(httpx.TransportError):
        httpx.get(server.url.replace("https", "http"))


def test_the_oldest_version_is_kept(servers: Servers, authority: Authority) -> None:
    """`min_version: TLS13` refuses a client that speaks 1.2 only."""
    server = servers.start(TLS + ", min_version: TLS13}")
    old = trusting(authority)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, verify=old)
    assert 200 == httpx.get(server.url, verify=trusting(authority)).status_code


def test_asks_clients_for_certificates(servers: Servers, authority: Authority, tmp_path: Path) -> None:
    """Only who shows one of the authority is served."""
    server = servers.start(TLS + ", client_auth_type: RequireAndVerifyClientCert, client_ca_file: authority.pem}")
    known = authority.issue("client")
    stranger = Authority(tmp_path, "other").issue("stranger")
    assert 200 == httpx.get(server.url, verify=trusting(authority, known)).status_code
    for context in (trusting(authority), trusting(authority, stranger)):
        with pytest.raises(httpx.TransportError):
            httpx.get(server.url, verify=context)


def test_a_renewed_certificate_is_used_without_a_restart(servers: Servers, authority: Authority) -> None:
    """After the files changed, the connection after the next one shows the new certificate at the latest."""
    server = servers.start(TLS + "}")
    assert "first" == subject(server, authority)
    authority.issue("server", "second")
    assert "second" in [subject(server, authority) for _ in range(2)]


def test_a_certificate_whose_key_is_not_there_yet_changes_nothing(
    servers: Servers, authority: Authority, tmp_path: Path
) -> None:
    """Renewal writes two files; between them the old pair is served on."""
    server = servers.start(TLS + "}")
    key = (tmp_path / "server.key").read_bytes()
    _, new_key = authority.issue("server", "second")
    renewed = new_key.read_bytes()
    new_key.write_bytes(key)
    assert ["first", "first"] == [subject(server, authority) for _ in range(2)]
    new_key.write_bytes(renewed)
    assert "second" in [subject(server, authority) for _ in range(2)]
