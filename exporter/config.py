"""The configuration file: its keys and their meaning (design section 9)."""

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    model_validator,
)
from pydantic_core import PydanticCustomError

AUTO = "auto"
PORT = 10110


class Section(BaseModel):
    """A mapping in the file: unknown keys are errors, values are immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}; use a name like Europe/Berlin") from error
    return name


def _listed(value: object) -> object:
    """Names given inline, or in a file with one name per line (`#` starts a comment)."""
    if not isinstance(value, str):
        return value
    try:
        lines = Path(value).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ValueError(f"cannot read the list {value}: {error.strerror}") from error
    return tuple(name for line in lines if (name := line.partition("#")[0].strip()))


def addresses(listen: object) -> tuple[str, ...]:
    """One address or several. Raises ValueError."""
    several = tuple(map(str, listen)) if isinstance(listen, (list, tuple)) else (str(listen),)
    if not several or not all(map(_is_address, several)):
        raise ValueError('must be HOST:PORT, for example "127.0.0.1:10110", ":10110" or "[::1]:10110"')
    if len(set(several)) < len(several):
        raise ValueError("has the same address twice")
    return several


def _is_address(listen: str) -> bool:
    host, colon, port = listen.rpartition(":")
    return bool(colon) and port.isdigit() and int(port) <= 65_535 and (":" not in host or host.startswith("["))  # noqa: PLR2004


def _lower(patterns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(pattern.lower() for pattern in patterns)


def _known_format(name: str) -> str:
    if name == AUTO:
        return name
    from exporter.formats import FORMATS  # noqa: PLC0415 - the patterns of all formats

    names = [AUTO, *(one.name for one in FORMATS)]
    if name not in names:
        raise ValueError(f"unknown format; known formats: {', '.join(names)}")
    return name


def _with_meanings(phrases: dict[str, str]) -> dict[str, str]:
    from exporter.formats.smartermail import SmarterMail  # noqa: PLC0415 - the patterns of all formats

    SmarterMail(phrases)
    return phrases


TimeZone = Annotated[str, AfterValidator(_known_zone)]
Listed = Annotated[tuple[str, ...] | None, BeforeValidator(_listed)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Count = Annotated[int, Field(ge=0)]


class Journal(Section):
    """Lines from the systemd journal; `since` as journalctl's `--since`, for the first start only."""

    units: tuple[str, ...] = ()
    identifiers: tuple[str, ...] = ()
    since: str | None = None
    directory: Path | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.units and not self.identifiers:
            raise ValueError("needs units or identifiers, for example units: [dovecot.service]")
        return self


class Source(Section):
    """One configured input with one format."""

    name: Name
    paths: tuple[Name, ...] = ()
    journal: Journal | None = None
    format: Annotated[str, AfterValidator(_known_format)] = AUTO
    server: Name | None = None
    default_domain: Name | None = None
    time_zone: TimeZone | None = None
    start: Literal["end", "beginning"] = "end"
    poll_only: bool | None = None
    # Read only lines of these hosts (patterns, in any case), if the log has several.
    hosts: Annotated[tuple[Name, ...], AfterValidator(_lower)] = ()
    # The source of the proxy in front: this back end adds bytes and ends to its connections.
    behind: Name | None = None
    # Networks of load balancers and monitors: connections from there count only if they try to log in.
    ignore_addresses: tuple[IPvAnyNetwork, ...] = ()

    @model_validator(mode="after")
    def _reads_one_thing(self) -> Self:
        if bool(self.paths) == (self.journal is not None):
            raise ValueError('needs either paths (["/var/log/mail.log*"]) or journal ({units: [dovecot.service]})')
        if "-" in self.paths and len(self.paths) > 1:
            raise ValueError('standard input ("-") cannot be combined with files; use a separate source')
        return self


class Users(Section):
    """Which users get series of their own, and how many at most."""

    series: Literal["after_login", "listed", "off"] = "after_login"
    max: Count = 20_000
    max_total: Count = 100_000
    listed: Listed = None

    @model_validator(mode="after")
    def _has_its_list(self) -> Self:
        if self.series == "listed" and self.listed is None:
            raise ValueError(
                "`series: listed` needs the key `listed`: a list of names, or the path of a file with one name per line"
            )
        return self


class Domains(Section):
    """How many domains get series of their own; listed ones are known from the start."""

    max: Count = 5_000
    max_total: Count = 20_000
    listed: Listed = None


class Servers(Section):
    """How many mail hosts one exporter may name."""

    max: Count = 200


class History(Section):
    """How long the ledger keeps days and hours."""

    keep_days: Annotated[int, Field(ge=100)] = 400
    keep_hours_days: Annotated[int, Field(ge=2)] = 35


class Web(Section):
    """The addresses to listen on; `config_file`: TLS and basic auth, as in Prometheus's exporter-toolkit."""

    listen: Annotated[tuple[str, ...], BeforeValidator(addresses)] = (f"127.0.0.1:{PORT}",)
    config_file: Path | None = None


class SmarterMailWords(Section):
    """Additional wordings of SmarterMail's POP log: text (in any case) to meaning."""

    phrases: Annotated[dict[str, str], AfterValidator(_with_meanings)] = {}


class Formats(Section):
    """Settings of single formats."""

    smartermail: SmarterMailWords = SmarterMailWords()


class Config(Section):
    """The whole file."""

    time_zone: TimeZone | None = None
    ledger: Path = Path("/var/lib/pop3-exporter/ledger.sqlite")
    commit_seconds: Annotated[float, Field(gt=0, le=60)] = 1.0
    web: Web = Web()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    users: Users = Users()
    domains: Domains = Domains()
    servers: Servers = Servers()
    history: History = History()
    formats: Formats = Formats()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [source.name for source in self.sources]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise _wrong(f"another source is called {name}, too; choose another name", number, "name")
        return self

    @model_validator(mode="after")
    def _fronts_are_known(self) -> Self:
        behind = {source.name: source.behind for source in self.sources if source.behind is not None}
        for number, source in enumerate(self.sources):
            if source.behind is None:
                continue
            if source.behind not in {other.name for other in self.sources}:
                raise _wrong(f"there is no source {source.behind}", number, "behind")
            if source.behind in behind:
                raise _wrong(f"{source.behind} is itself behind another source; name that one", number, "behind")
        return self


def _wrong(words: str, source: int, key: str) -> PydanticCustomError:
    """A mistake in the source with this number; configfile.py reports it with the line of the key."""
    return PydanticCustomError("source", "{words}", {"words": words, "at": ("sources", source, key)})
