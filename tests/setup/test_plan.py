"""The configuration that follows from what was found: one that the daemon takes."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from exporter.config import Config
from exporter.configfile import load
from exporter.overlap import shared
from exporter.setup import containers, plan, scrape, unit
from exporter.setup.discovery import FoundServer
from exporter.setup.machine import Said
from exporter.setup.places import Place
from exporter.setup.servers import SERVERS, Server
from tests.setup.trees import tree

LOG = Place(files=("/var/log/mail.log",))


def server(form: str) -> Server:
    """The one of this format."""
    return next(one for one in SERVERS if one.format == form)


def loaded(folder: Path, *found: FoundServer, logs: Sequence[str] = (), old_logs: bool = True) -> Config:
    """The configuration as the daemon reads it."""
    made = plan.sources(found, logs, old_logs=old_logs)
    path = folder / "config.yaml"
    path.write_text(plan.text("Europe/Berlin", "/var/lib/x/ledger.sqlite", ":10110", made), encoding="utf-8")
    config = load(path, Config)
    assert [] == list(shared(config))
    return config


def test_a_log(tmp_path: Path) -> None:
    """With what it is rotated to, from its beginning if the old logs count."""
    (source,) = loaded(tmp_path, FoundServer(server("courier"), LOG)).sources
    assert ("courier", ("/var/log/mail.log*",), "courier", "beginning") == (
        *(source.name, source.paths, source.format, source.start),
    )
    (source,) = loaded(tmp_path, FoundServer(server("courier"), LOG), old_logs=False).sources
    assert "end" == source.start


def test_a_journal(tmp_path: Path) -> None:
    """Its past, if the old logs count."""
    one = FoundServer(server("dovecot"), Place(units=("dovecot.service",)))
    (source,) = loaded(tmp_path, one).sources
    assert source.journal is not None
    assert (("dovecot.service",), plan.SINCE) == (source.journal.units, source.journal.since)
    (source,) = loaded(tmp_path, one, old_logs=False).sources
    assert source.journal is not None
    assert source.journal.since is None


def test_a_proxy_that_runs_has_the_others_behind_it(tmp_path: Path) -> None:
    """Two servers of one log are two sources, and no session counts twice."""
    proxy = FoundServer(server("perdition"), LOG, is_running=True)
    front, back = loaded(tmp_path, proxy, FoundServer(server("dovecot"), LOG, is_running=True)).sources
    assert ("perdition", None, "perdition") == (front.format, front.behind, back.behind)
    proxy = FoundServer(server("perdition"), LOG)
    assert [None, None] == [one.behind for one in loaded(tmp_path, proxy, FoundServer(server("dovecot"), LOG)).sources]


def test_two_of_one_kind_have_names_of_their_own(tmp_path: Path) -> None:
    """A container beside the host's own."""
    pair = [
        FoundServer(server("dovecot"), LOG),
        FoundServer(server("dovecot"), Place(units=("d.service",), server="x")),
    ]
    one, other = loaded(tmp_path, *pair).sources
    assert ("dovecot-1", "dovecot-2", "x") == (one.name, other.name, other.server)


def test_logs_that_somebody_named(tmp_path: Path) -> None:
    """They are read as they are named."""
    (source,) = loaded(tmp_path, logs=["/srv/*/mail.log*", "/x"]).sources
    assert (("/srv/*/mail.log*", "/x"), "auto") == (source.paths, source.format)


@pytest.mark.parametrize(
    ("told", "place"),
    [
        (
            {"Mounts": [{"Destination": "/var/log/mail/", "Source": "/srv/dms/mail-logs"}], "LogPath": ""},
            Place(files=("/srv/dms/mail-logs/mail.log",)),
        ),
        (
            {"LogPath": "/var/lib/docker/containers/12ab/12ab-json.log"},
            Place(patterns=("/var/lib/docker/containers/*/*-json.log*",), server="mail"),
        ),
        (
            {"HostConfig": {"LogConfig": {"Type": "journald"}}},
            Place(units=("docker.service",), identifiers=("mail",), server="mail"),
        ),
        ({"HostConfig": {"LogConfig": {"Type": "none"}}}, None),
    ],
    ids=["a volume", "what it prints", "the journal", "nowhere"],
)
def test_containers(told: dict[str, object], place: Place | None, tmp_path: Path) -> None:
    """What `docker inspect` says, as Docker 27 writes it."""
    whole = {"Mounts": [], "HostConfig": {"LogConfig": {"Type": "json-file"}}, **told}

    def run(command: Sequence[str]) -> Said:
        if command[0] != "docker":
            return Said(None)
        shown = "mail\tghcr.io/docker-mailserver/docker-mailserver:14\nweb\tnginx:1\n"
        return Said(0, shown if command[1] == "ps" else json.dumps([whole]))

    machine = tree(tmp_path, {"/srv/dms/mail-logs/mail.log": ""}, run)
    (one,) = containers.found(machine)
    assert ("mail", "dovecot", place) == (one.name, one.server.format, one.place)


def test_the_unit_runs_this_program() -> None:
    """Only what it runs is another."""
    text = unit.text("/usr/local/bin/pop3-exporter", Path("/etc/x.yaml"))
    assert "ExecStart=/usr/local/bin/pop3-exporter run --config.file /etc/x.yaml\n" in text
    assert "DynamicUser=yes" in text


@pytest.mark.parametrize(
    ("listen", "target", "is_local"),
    [
        ("127.0.0.1:10110", "127.0.0.1:10110", True),
        ("[::1]:9", "[::1]:9", True),
        ("localhost:9", "localhost:9", True),
        (":10110", "mx1.example.com:10110", False),
        ("0.0.0.0:9", "mx1.example.com:9", False),
        ("[::]:9", "mx1.example.com:9", False),
        ("192.0.2.1:9", "192.0.2.1:9", False),
    ],
)
def test_the_address_for_prometheus(listen: str, target: str, is_local: bool) -> None:  # noqa: FBT001
    """One that it reaches: the machine's name where all addresses are listened on."""
    assert (target, is_local) == (scrape.target(listen, "mx1.example.com"), scrape.is_local(listen))
