"""The web configuration file, in the format of Prometheus's exporter-toolkit: TLS, users, headers."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from exporter.configfile import ConfigError, load

BCRYPT = re.compile(r"\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}")
Header = Literal[
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
]
ClientAuth = Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TlsServer(_Section):
    """Certificate and key in PEM; whether clients must show a certificate of `client_ca_file`."""

    cert_file: Path
    key_file: Path
    client_auth_type: ClientAuth = "NoClientCert"
    client_ca_file: Path | None = None
    min_version: Literal["TLS12", "TLS13"] = "TLS12"

    @model_validator(mode="after")
    def _knows_whom_to_trust(self) -> Self:
        if (self.client_auth_type != "NoClientCert") != (self.client_ca_file is not None):
            raise ValueError("client_auth_type and client_ca_file must be set together")
        return self


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must be one line of printable text")
    return value


class HttpServer(_Section):
    """Headers of every response. `http2` is accepted for compatibility; HTTP/1.1 is used."""

    http2: bool = True
    headers: dict[Header, Annotated[str, AfterValidator(_one_line)]] = {}


def _hashes(users: dict[str, str]) -> dict[str, str]:
    # Validated as a whole, so that no message shows a password in place of its hash.
    for name, digest in users.items():
        if not BCRYPT.fullmatch(digest):
            raise ValueError(f"{name}: must be a bcrypt hash, as `htpasswd -nBC 10 {name}` prints it")
        if not name or ":" in name:
            raise ValueError(f"{name!r}: a user name must not be empty or contain a colon")
    return users


class WebConfig(_Section):
    """The whole file."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: Annotated[dict[str, str], AfterValidator(_hashes)] = {}


def read(path: Path) -> WebConfig:
    """The file, its paths relative to its own directory. Raises ConfigError with all problems."""
    try:
        config = load(path, WebConfig)
    except ConfigError as error:
        if isinstance(error.__cause__, OSError):
            raise ConfigError([f"{error}. It is the configured file for TLS and users: docs/web.md"]) from error
        raise
    tls = config.tls_server_config
    if tls is None:
        return config
    files = {
        name: path.parent / value
        for name in ("cert_file", "key_file", "client_ca_file")
        if (value := getattr(tls, name))
    }
    return config.model_copy(update={"tls_server_config": tls.model_copy(update=files)})
