"""An archive that begins with gigabytes of zeros: what it is is not known for long, and the live log goes on."""

import gzip
from contextlib import closing
from pathlib import Path

from exporter.inputs.files import FileInput
from exporter.inputs.stream import BARREN_SECONDS

NOW = 1_795_392_000.0
MIB = 1 << 20


def test_the_live_log_is_read_beside_the_search(tmp_path: Path) -> None:
    """It waits for the older lines a few seconds, not until they are found; all are read once in the end."""
    log, found, seconds = tmp_path / "mail.log", [], 0
    log.write_bytes(b"live\n")
    with gzip.open(tmp_path / "mail.log.1.gz", "wb", 1) as archive:
        for _ in range(60):
            archive.write(bytes(MIB))
        archive.write(b"old\n")
    with closing(FileInput("mail", [str(log)], start="beginning")) as source:
        while b"live" not in found:
            found += [line for batch in source.read(NOW + seconds, MIB) for line in batch.lines]
            seconds += 1
            assert seconds < 2 * BARREN_SECONDS
        assert [b"live"] == found
        assert not source.status().caught_up
        while not source.status().caught_up:
            found += [line for batch in source.read(NOW + seconds, MIB) for line in batch.lines]
            seconds += 1
            assert seconds < 100
    assert [b"live", b"old"] == found
