"""Mail servers in containers, as `docker` or `podman` lists them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.setup.machine import Machine
from exporter.setup.places import Place
from exporter.setup.servers import SERVERS, Server

ENGINES = ("docker", "podman")
# A part of the image's name, and the server whose lines it writes.
IMAGES = (
    ("mailcow/dovecot", "dovecot"),
    ("docker-mailserver", "dovecot"),
    ("mailu/dovecot", "dovecot"),
    ("mailu/imap", "dovecot"),
    ("dovecot/dovecot", "dovecot"),
    ("poste.io", "dovecot"),
    ("iredmail", "dovecot"),
    ("modoboa", "dovecot"),
    ("zimbra", "nginx"),
)
# The directories of the mail log in these images, and its name.
LOGS = (("/var/log/mail", "mail.log"), ("/var/log", "mail.log"), ("/opt/zimbra/log", "nginx.log"))


@dataclass(frozen=True, slots=True)
class Container:
    """A mail server in a container called `name`."""

    name: str
    server: Server
    place: Place | None


def found(machine: Machine) -> Iterator[Container]:
    """The running containers that this user can list."""
    for engine in ENGINES:
        said = machine.run((engine, "ps", "--no-trunc", "--format", "{{.Names}}\t{{.Image}}"))
        for line in said.out.splitlines() if said.code == 0 else ():
            name, _, image = line.partition("\t")
            kind = next((form for mark, form in IMAGES if mark in image), None)
            server = next((one for one in SERVERS if one.format == kind), None)
            if server is not None:
                yield Container(name, server, _place(machine, engine, name))


def _place(machine: Machine, engine: str, name: str) -> Place | None:
    """A log in a volume of the host, else the output of the container."""
    try:
        (told,) = json.loads(machine.run((engine, "inspect", name)).out)
        mounts = {one["Destination"].rstrip("/"): one["Source"] for one in told.get("Mounts", ())}
        driver, log = told["HostConfig"]["LogConfig"]["Type"], told.get("LogPath", "")
    except (ValueError, KeyError, TypeError):
        return None
    for folder, file in LOGS:
        if folder in mounts and machine.exists(f"{mounts[folder]}/{file}"):
            return Place(files=(f"{mounts[folder]}/{file}",))
    # A recreated container has another id, and so another host name and log.
    if driver == "journald":
        return Place(units=("docker.service",) if engine == "docker" else (), identifiers=(name,), server=name)
    if driver == "json-file" and "/containers/" in log:
        return Place(patterns=(f"{log.partition('/containers/')[0]}/containers/*/*-json.log*",), server=name)
    return None
