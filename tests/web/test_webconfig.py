"""The web configuration file: each mistake has its place and says what to do."""

from pathlib import Path

import pytest

from exporter.configfile import ConfigError
from exporter.web.security import Security
from exporter.web.webconfig import read

HASH = "$2b$04$" + "a" * 53


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file stands."""
    return tmp_path / "web.yml"


def test_an_empty_file_asks_for_nothing(path: Path) -> None:
    """No TLS, no users, no headers."""
    path.write_text("")
    config = read(path)
    assert (None, {}, {}) == (config.tls_server_config, config.basic_auth_users, config.http_server_config.headers)


def test_reads_the_toolkits_form(path: Path) -> None:
    """Every key that is supported; relative paths start at the file's own directory."""
    path.write_text(f"""
tls_server_config:
  cert_file: server.crt
  key_file: /etc/keys/server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  min_version: TLS13
http_server_config:
  http2: false
  headers:
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  prometheus: {HASH}
""")
    config = read(path)
    assert config.tls_server_config is not None
    assert path.parent / "server.crt" == config.tls_server_config.cert_file
    assert Path("/etc/keys/server.key") == config.tls_server_config.key_file
    assert path.parent / "ca.pem" == config.tls_server_config.client_ca_file
    assert {"prometheus": HASH} == config.basic_auth_users
    assert {"Strict-Transport-Security": "max-age=31536000"} == config.http_server_config.headers


def test_the_documented_file_is_right(path: Path) -> None:
    """The example of docs/web.md is accepted as it stands there, with a whole hash."""
    page = (Path(__file__).parents[2] / "docs" / "web.md").read_text(encoding="utf-8")
    path.write_text(page.partition("```yaml\n")[2].partition("```")[0].replace("$2y$10$...", HASH))
    config = read(path)
    assert config.tls_server_config is not None
    assert "TLS12" == config.tls_server_config.min_version
    assert {"prometheus"} == config.basic_auth_users.keys()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("basic_auth_user: {}", ":1: basic_auth_user: unknown key; did you mean basic_auth_users?"),
        ("tls_server_config:\n  cert_file: a", ":1: tls_server_config.key_file: is missing; add it"),
        (
            "tls_server_config:\n  cert_file: a\n  key_file: b\n  min_version: TLS10",
            ":4: tls_server_config.min_version: must be 'TLS12' or 'TLS13' (it is 'TLS10')",
        ),
        (
            "tls_server_config:\n  cert_file: a\n  key_file: b\n  cipher_suites: [x]",
            ":4: tls_server_config.cipher_suites: unknown key; known keys: cert_file, client_auth_type, client_ca_file,"
            " key_file, min_version",
        ),
        (
            "tls_server_config:\n  cert_file: a\n  key_file: b\n  client_auth_type: RequireAndVerifyClientCert",
            ":1: tls_server_config: client_auth_type and client_ca_file must be set together",
        ),
        (
            "basic_auth_users:\n  alice: secret",
            ":1: basic_auth_users: alice: must be a bcrypt hash, as `htpasswd -nBC 10 alice` prints it",
        ),
    ],
)
def test_mistakes_have_their_place(path: Path, text: str, message: str) -> None:
    """File, line, key, and what to do."""
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert [f"{path}{message}"] == list(caught.value.problems)


def test_a_password_instead_of_its_hash_is_not_shown(path: Path) -> None:
    """The message goes into logs; the password does not."""
    path.write_text("basic_auth_users: {alice: hunter2}")
    with pytest.raises(ConfigError) as caught:
        read(path)
    assert "hunter2" not in str(caught.value)


def test_other_headers_are_refused(path: Path) -> None:
    """The toolkit knows five headers; a mistyped one is told."""
    path.write_text("http_server_config: {headers: {X-Frame-Option: deny}}")
    with pytest.raises(ConfigError, match=r"http_server_config\.headers\.X-Frame-Option"):
        read(path)


def test_a_header_of_two_lines_is_refused(path: Path) -> None:
    """A line end in a value would be another header."""
    path.write_text('http_server_config: {headers: {X-Frame-Options: "deny\\nX: y"}}')
    with pytest.raises(ConfigError, match="must be one line of printable text"):
        read(path)


@pytest.mark.parametrize("missing", ["cert_file", "key_file"])
def test_a_missing_certificate_names_key_and_file(path: Path, missing: str) -> None:
    """What cannot be read is said by its key."""
    other = path.parent / "there.pem"
    other.write_text("")
    files = {"cert_file": other, "key_file": other, missing: path.parent / "gone.pem"}
    path.write_text("tls_server_config:\n" + "".join(f"  {key}: {value}\n" for key, value in files.items()))
    with pytest.raises(ConfigError, match=f"tls_server_config: {missing}: cannot read .*gone.pem: No such file"):
        Security(path)


def test_a_file_that_is_no_certificate_is_told(path: Path) -> None:
    """Readable but no PEM."""
    (path.parent / "a.pem").write_text("no")
    path.write_text("tls_server_config: {cert_file: a.pem, key_file: a.pem}")
    with pytest.raises(ConfigError, match="tls_server_config: not a PEM certificate with its matching key"):
        Security(path)
