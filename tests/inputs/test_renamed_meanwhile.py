"""Files that change their names between being listed and being compared with others."""

from contextlib import closing
from pathlib import Path

import pytest

from exporter.inputs import copies
from exporter.inputs.files import FileInput

NOW = 1_795_392_000.0
LINES = [b"%d a line that is long enough to be told from others\n" % number for number in range(10)]


def read(source: FileInput, now: float) -> list[bytes]:
    return [line + b"\n" for batch in source.read(now, 1 << 20) for line in batch.lines]


@pytest.mark.parametrize("way", [("mail.log", "mail.log.1"), ("mail.log.1", "mail.log")], ids=["up", "down"])
def test_a_file_under_the_name_of_another_is_no_copy_of_itself(
    way: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a new generation is compared with the others, it is renamed to where one of them was: it is read."""
    log, holds = tmp_path / "mail.log", copies.holds
    log.write_bytes(b"".join(LINES[:4]))
    found: list[bytes] = []
    with closing(FileInput("mail", [str(log)], start="beginning")) as source:
        found += read(source, NOW)
        log.rename(tmp_path / "mail.log.1")
        (tmp_path / "mail.log.2").write_bytes(b"".join(LINES[4:6]))
        log.write_bytes(b"".join(LINES[6:]))
        moves = [(tmp_path / way[0], tmp_path / "mail.log.3"), (tmp_path / "mail.log.2", tmp_path / way[0])]

        def renamed(*more: object) -> bool:
            while moves:
                old, new = moves.pop(0)
                old.rename(new)
            return holds(*more)  # type: ignore[arg-type]

        monkeypatch.setattr(copies, "holds", renamed)
        for second in range(1, 5):
            found += read(source, NOW + second)
    assert sorted(LINES) == sorted(found)
