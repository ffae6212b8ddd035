"""gateway.yaml: its keys and their meaning."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from exporter.configfile import load

DEFAULT_FILE = Path("/etc/pop3-exporter/gateway.yaml")
PORT = 10111
KEYS_PATH = "/api/signing-keys/keys"


class Section(BaseModel):
    """A mapping in the file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError('must be an address such as "http://127.0.0.1:9090", without user, query or fragment')
    return value.rstrip("/")


def _without_path(value: str) -> str:
    # prom-label-proxy filters alerts and rules only where its own paths begin at the top.
    if urlsplit(value).path:
        raise ValueError('must be an address without a path, such as "http://127.0.0.1:9095"')
    return value


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("unknown time zone; use a name like Europe/Berlin") from error
    return name


BaseUrl = Annotated[str, AfterValidator(_base_url)]


class Grafana(Section):
    """Whose tokens are accepted: `issuer` is Grafana's root_url as in its tokens; `keys_url` has its keys."""

    url: BaseUrl
    issuer: str = ""
    keys_url: str = ""

    @model_validator(mode="after")
    def _keys_are_fetched_over_http(self) -> Self:
        if self.keys_url and urlsplit(self.keys_url).scheme not in {"http", "https"}:
            raise ValueError("keys_url: must start with http:// or https://")
        return self

    @property
    def signs_as(self) -> str:
        """The issuer in its tokens: Grafana ends its root_url with a slash."""
        return self.issuer or f"{self.url}/"

    @property
    def keys(self) -> str:
        """The address of its public keys."""
        return self.keys_url or self.url + KEYS_PATH


class Limits(Section):
    """Per user: `seconds` of one query (waiting included), `parallel` queries, `bytes` of one request."""

    seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    parallel: Annotated[int, Field(ge=1, le=100)] = 8
    bytes: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = 256 * 1024


class GatewayConfig(Section):
    """The whole file; `access` and `web_config_file` are read relative to it."""

    listen: str | tuple[str, ...] = f"127.0.0.1:{PORT}"
    prometheus: BaseUrl
    label_proxy: Annotated[BaseUrl, AfterValidator(_without_path)]
    grafana: Grafana
    access: Path = Path("access.yaml")
    time_zone: Annotated[str, AfterValidator(_known_zone)]
    limits: Limits = Limits()
    web_config_file: Path | None = None

    @model_validator(mode="after")
    def _proxies_through_something_else(self) -> Self:
        if self.label_proxy == self.prometheus:
            raise ValueError("label_proxy: must be the prom-label-proxy in front of Prometheus, not Prometheus itself")
        return self


def read(path: Path) -> GatewayConfig:
    """The file, its paths relative to its own directory. Raises ConfigError with all problems."""
    config = load(path, GatewayConfig)
    web = config.web_config_file
    return config.model_copy(
        update={"access": path.parent / config.access, "web_config_file": path.parent / web if web else None}
    )
