"""The configuration for the servers that were found."""

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from exporter.setup.discovery import FoundServer
from exporter.setup.places import Place

Source = dict[str, Any]  # quoted for YAML

# The ledger keeps this many days; older lines would not be in any report.
SINCE = "400 days ago"
_HEAD = """\
# Written by `pop3-exporter setup`; deploy/exporter/config.yaml explains every key.
# After a change: pop3-exporter check, then restart the exporter, which loses nothing.
"""


def sources(
    found: Iterable[FoundServer],
    logs: Sequence[str] = (),
    *,
    old_logs: bool,
    since: str = SINCE,
    default_domain: str | None = None,
) -> list[Source]:
    """The `sources` for the servers, and for log files named by the user.

    `old_logs`: what the logs hold already counts, too; of the journal what it holds `since` then. `default_domain`:
    that of users who log in without one.
    """
    servers = [one for one in found if one.place is not None]
    names = _unique([one.server.format for one in servers])
    proxies = [name for name, one in zip(names, servers, strict=True) if one.server.is_proxy and one.is_running]
    made: list[Source] = []
    for name, one in zip(names, servers, strict=True):
        assert one.place is not None
        source: Source = {
            "name": name,
            **_reading(one.place, old_logs=old_logs, since=since),
            "format": one.server.format,
        }
        if one.place.server:
            source["server"] = one.place.server
        if len(proxies) == 1 and not one.server.is_proxy:
            source["behind"] = proxies[0]
        made.append(source)
    if logs:
        made.append({"name": "mail", "paths": list(logs), **({"start": "beginning"} if old_logs else {})})
    return [{**source, **({"default_domain": default_domain} if default_domain else {})} for source in made]


def text(zone: str, ledger: str, listen: str, made: Sequence[Source]) -> str:
    """The file."""
    head: dict[str, object] = {"time_zone": zone, "ledger": ledger, "web": {"listen": listen}, "sources": list(made)}
    return _HEAD + yaml.safe_dump(head, sort_keys=False, default_flow_style=None, width=120)


def _reading(place: Place, *, old_logs: bool, since: str) -> dict[str, object]:
    if not place.is_journal:
        return {"paths": list(place.paths), **({"start": "beginning"} if old_logs else {})}
    named = {"units": list(place.units), "identifiers": list(place.identifiers)}
    journal: dict[str, object] = {key: names for key, names in named.items() if names}
    return {"journal": {**journal, **({"since": since} if old_logs else {})}}


def _unique(names: Sequence[str]) -> list[str]:
    return [name if names.count(name) == 1 else f"{name}-{names[: i + 1].count(name)}" for i, name in enumerate(names)]
