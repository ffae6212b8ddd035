"""Who can read a file, and which command grants access.

For an ordinary user this is about that user. Root can read everything and does not run the daemon, so for root it is
about the user of deploy/exporter/pop3-exporter.service: a dynamic user in UNIT_GROUPS, without access to home
directories.
"""

import os
import stat
import sys
from collections.abc import Iterator
from glob import has_magic
from pathlib import Path

if sys.platform != "win32":
    import grp
    import pwd

# The unit's SupplementaryGroups: those who read Debian's logs, and those who read the journal.
UNIT_GROUPS = ("adm", "systemd-journal")
UNIT_HIDES = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108 - none is written
UNIT_WRITES = Path("/var/lib/pop3-exporter")
_EFFECTIVE = os.access in os.supports_effective_ids
JOURNALS = (Path("/var/log/journal"), Path("/run/log/journal"))


def may_read(path: Path) -> bool:
    """Whether this process can read it."""
    return os.access(path, os.R_OK, effective_ids=_EFFECTIVE)


def may_write(path: Path) -> bool:
    """Whether this process can write to it."""
    return os.access(path, os.W_OK, effective_ids=_EFFECTIVE)


def mode_of(path: Path, *, follow: bool = True) -> int:
    """The file's mode; 0 if there is no file, or this user cannot see it."""
    try:
        return path.stat(follow_symlinks=follow).st_mode
    except (OSError, ValueError):
        return 0


def closed_folder(pattern: str) -> Path | None:
    """The parent directory of `pattern` that this user cannot list, or None."""
    for folder in Path(pattern).parents:
        if not has_magic(str(folder)) and mode_of(folder):
            return None if os.access(folder, os.R_OK | os.X_OK, effective_ids=_EFFECTIVE) else folder
    return None


def is_root() -> bool:
    """Whether this process has more rights than the daemon will have."""
    return sys.platform != "win32" and os.geteuid() == 0


def advice(path: Path) -> str:
    """How to give this user access to `path`."""
    group = _group(path)
    if not group:
        return f"only its owner can: chgrp adm {path}; chmod g+r {path}, and set the same in logrotate's `create`"
    return f"its group {group} can: sudo usermod -aG {group} {_user()}, then log in again, or run this as root"


def journal_advice() -> str:
    """How to give this user access to the journal."""
    return f"sudo usermod -aG {UNIT_GROUPS[1]} {_user()}, then log in again"


def hidden_from_unit(path: Path) -> str:
    """Why the unit's user cannot read `path`, and what to do; empty if it can, or that is not known."""
    if sys.platform == "win32":
        return ""
    whole = Path(os.path.realpath(path))
    hidden = next((folder for folder in UNIT_HIDES if whole.is_relative_to(folder)), None)
    if hidden:
        return f"the systemd unit has no access to {hidden}: move the logs, or change ProtectHome= and PrivateTmp="
    groups = set(_known_groups())
    closed = next((one for one in (*reversed(whole.parents), whole) if not _lets_in(one, groups)), None)
    if closed is None:
        return ""
    group = _group(whole) if closed == whole else ""
    if group:
        return f"its group {group} can: add SupplementaryGroups={group} (systemctl edit pop3-exporter)"
    why = "only its owner can" if closed == whole else f"it has no access to {closed}"
    rotated = ", and set the same in logrotate's `create`" if closed == whole else ""
    return f"{why}: chgrp adm {closed}; chmod g+rX {closed}{rotated}"


def group_that_reads(path: Path) -> str:
    """The group through which the unit's user can read the file; empty if everyone can."""
    mode = mode_of(path)
    return "" if mode & stat.S_IROTH else _group(path)


def _lets_in(path: Path, groups: set[int]) -> bool:
    try:
        status = path.stat()
        if os.listxattr(path):  # an access list: who is on it is not looked up
            return True
    except OSError:
        return False
    wanted = stat.S_IXOTH if stat.S_ISDIR(status.st_mode) else stat.S_IROTH
    return bool(status.st_mode & wanted) or (status.st_gid in groups and bool(status.st_mode & wanted << 3))


def _known_groups() -> Iterator[int]:
    for name in UNIT_GROUPS:
        try:
            yield grp.getgrnam(name).gr_gid
        except KeyError:
            continue


def _group(path: Path) -> str:
    """The group whose members can read the file; empty for root's group, which users should not join."""
    try:
        status = path.stat()
        return grp.getgrgid(status.st_gid).gr_name if status.st_gid and status.st_mode & stat.S_IRGRP else ""
    except (OSError, KeyError):
        return ""


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
