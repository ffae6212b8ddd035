"""Why this user cannot read a file, and what to do about it."""

import os
import stat
from pathlib import Path

try:
    import grp
    import pwd
except ImportError:  # Windows
    grp = pwd = None  # type: ignore[assignment]

_EFFECTIVE = os.access in os.supports_effective_ids


def advice(path: str) -> str:
    """Which group to join, or what else prevents reading; empty if unknown."""
    try:
        way = next((place for place in (*reversed(Path(path).parents), Path(path)) if not _may_pass(place)), None)
        return _sentence(way) if way is not None and grp is not None else ""
    except (OSError, ValueError, KeyError):
        return ""


def _may_pass(place: Path) -> bool:
    return os.access(place, os.X_OK if place.is_dir() else os.R_OK, effective_ids=_EFFECTIVE)


def _sentence(place: Path) -> str:
    status = place.stat()
    owner, group = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid).gr_name
    needed = stat.S_IXGRP if stat.S_ISDIR(status.st_mode) else stat.S_IRGRP
    if status.st_mode & needed and status.st_gid not in (os.getegid(), *os.getgroups()):
        return (
            f"group {group} can read it: add the exporter's user to that group (systemd: SupplementaryGroups={group})"
        )
    mode = stat.S_IMODE(status.st_mode)
    name = os.fsencode(place).decode("utf-8", "backslashreplace")
    return (
        f"{name} is owned by {owner}:{group} with mode {mode:04o}; give the exporter's user access (setfacl"
        " -m u:USER:rX)"
    )
