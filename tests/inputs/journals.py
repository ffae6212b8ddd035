"""Journal files that systemd-journal-remote makes, as journald would."""

import subprocess
from pathlib import Path

NOW = 1_790_000_000.0
REMOTE = next((p for p in ("/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote")
               if Path(p).exists()), "systemd-journal-remote")  # fmt: skip
BOOT = "0123456789abcdef0123456789abcdef"


class Journals:
    """A directory of journal files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.number = 0

    def log(self, *messages: bytes, file: str = "a", boot: str = BOOT, **fields: str) -> None:
        """Append entries to one file, a second apart."""
        entries = bytearray()
        for message in messages:
            self.number += 1
            own = {
                "__REALTIME_TIMESTAMP": f"{int(NOW + self.number)}000000",
                "__MONOTONIC_TIMESTAMP": f"{self.number}000000",
                "_BOOT_ID": boot,
                "_HOSTNAME": "mx1",
                "SYSLOG_IDENTIFIER": "dovecot",
                "_SYSTEMD_UNIT": "dovecot.service",
                **fields,
            }
            entries += "".join(f"{name}={value}\n" for name, value in own.items()).encode()
            entries += b"MESSAGE\n" + len(message).to_bytes(8, "little") + message + b"\n\n"
        target = self.folder / f"{file}.journal"
        subprocess.run([REMOTE, "-o", target, "-"], input=entries, check=True, capture_output=True)
