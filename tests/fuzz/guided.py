"""A coverage-guided fuzzer over the same way as test_any_lines.py; by hand, for hours.

    .venv/bin/pip install -e '.[fuzz]'          # atheris: Linux, Python 3.11 and newer
    .venv/bin/python -m tests.fuzz.guided [CORPUS_FOLDER] [-max_total_time=600] [other options of libFuzzer]

An input is a number of the installation, then lines; a line of one byte is an order: commit, restart, another source,
another stream, an hour later, a day earlier. It begins with runs of the formats' samples. What raises is written to
`crash-...` in the working folder, and is run again by giving that file in place of the corpus's folder.
"""

import sys
import tempfile
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import atheris

with atheris.instrument_imports(include=["exporter"]):
    from exporter.formats import FORMATS
    from tests.fuzz.lines import changed, runs, some
    from tests.fuzz.world import World

MEMORY = Path("/dev/shm")  # a ledger that no disk slows down, in a folder of its own
COMMIT, RESTART, SOURCE, STREAM, LATER, EARLIER = ORDERS = tuple(bytes([number]) for number in range(1, 7))
MAX_INPUT = 8192


def installations() -> list[dict[str, object]]:
    """Each format alone, all to be told apart, and several sources together."""
    single: list[list[dict[str, object]]] = [[{"name": "x", "format": form.name}] for form in FORMATS]
    several: list[list[dict[str, object]]] = [
        [{"name": "x", "format": "auto"}],
        [{"name": "x", "format": "auto", "server": "mx1"}, {"name": "y", "format": "auto", "default_domain": "x.org"}],
        [{"name": "x", "format": "dovecot"}, {"name": "y", "format": "dovecot", "behind": "x"}],
    ]
    found: list[dict[str, object]] = []
    for sources in [*single, *several]:
        whole: list[dict[str, object]] = [{"paths": ["/mail.log"], **source} for source in sources]
        small: dict[str, object] = {"users": {"max": 2}, "domains": {"max": 2}, "servers": {"max": 2}}
        off: dict[str, object] = {"users": {"series": "off"}}
        found += [{"sources": whole}, {"sources": whole, **small}, {"sources": whole, **off}]
    return found


INSTALLATIONS = installations()


def one_input(data: bytes) -> None:
    """Feed it; raises where a law is broken."""
    number, lines = (data[0], data[1:].split(b"\n")) if data else (0, [])
    folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
    with folder as name, closing(World(Path(name), INSTALLATIONS[number % len(INSTALLATIONS)])) as world:
        _fed(world, lines)
        world.commit()
        world.restart()


def _fed(world: World, lines: list[bytes]) -> None:
    source = stream = 0
    waiting: list[bytes] = []
    for line in [*lines, COMMIT]:
        if line not in ORDERS:
            waiting.append(line)
            continue
        world.feed(world.names[source % len(world.names)], "abc"[stream % 3], waiting)
        waiting = []
        if line == COMMIT:
            world.commit()
        elif line == RESTART:
            world.restart()
        source += line == SOURCE
        stream += line == STREAM
        world.clock += {LATER: 3_600, EARLIER: -86_400}.get(line, 0)


def mutated(data: bytes, max_size: int, seed: int) -> bytes:
    """By bytes, as libFuzzer does, or by lines."""
    dice = Random(seed)
    if not data or dice.randrange(3) == 0:
        return bytes(atheris.Mutate(data, max_size))
    number, lines = data[:1], data[1:].split(b"\n")
    at = dice.randrange(len(lines))
    way = dice.randrange(6)
    if way == 0:
        place = number[0] % len(INSTALLATIONS) // 3
        lines[at:at] = some(dice, FORMATS[place].name if place < len(FORMATS) else "auto")
    elif way == 1:
        lines.insert(at, dice.choice(ORDERS))
    elif way == 2:
        del lines[at]
    elif way == 3:
        lines.insert(dice.randrange(len(lines)), lines[at])
    elif way == 4:
        number = dice.randbytes(1)
    else:
        lines[at] = changed(dice, lines[at])
    return (number + b"\n".join(lines))[:max_size]


def seeds(folder: Path) -> None:
    """Runs of every sample, for the installation of its format and for the one that tells formats apart."""
    forms = [form.name for form in FORMATS]
    for sample, (name, lines) in enumerate(runs()):
        for begin in range(0, min(len(lines), 600), 30):
            for number in (3 * forms.index(name), 3 * len(forms)):
                text = bytes([number]) + b"\n".join(lines[begin : begin + 30])
                (folder / f"{sample}-{begin}-{number}").write_bytes(text[:MAX_INPUT])


def main() -> None:
    """Fuzz until told to stop."""
    given: list[Any] = [one for one in sys.argv[1:] if not one.startswith("-")]
    with tempfile.TemporaryDirectory() as folder:
        if not any(Path(one).is_file() for one in given):
            seeds(Path(folder))
            given.append(folder)
        options = [one for one in sys.argv[1:] if one.startswith("-")]
        arguments = [sys.argv[0], f"-max_len={MAX_INPUT}", "-timeout=20", *options, *given]
        atheris.Setup(arguments, one_input, custom_mutator=mutated)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
