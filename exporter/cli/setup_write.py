"""`setup`: checks and writes the configuration, and keeps an existing one."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from exporter import shipped
from exporter.cli import access, check
from exporter.cli.asking import Asking, heading, say
from exporter.cli.options import FileProblem
from exporter.config import Config
from exporter.configfile import load


@dataclass(frozen=True, slots=True)
class Target:
    """Path of the configuration, and the ledger for a new one; `replace`: replace an existing one."""

    config: Path
    ledger: Path
    replace: bool = False

    @property
    def stays(self) -> bool:
        """Whether an existing configuration is kept; the unchanged example of a package is replaced."""
        return not self.replace and access.mode_of(self.config) != 0 and not self.is_example()

    def refuse_unwritable(self, asking: Asking) -> None:
        """FileProblem if this user cannot write it, before anything else is asked or done."""
        above = next(folder for folder in self.config.absolute().parents if access.mode_of(folder))
        if not (self.stays or asking.dry_run or access.may_write(above)):
            raise FileProblem(
                f"{self.config}: this user cannot write to {above}; run this as root (sudo pop3-exporter setup),"
                " see what it would do with --dry-run, or name another --config.file"
            )

    def is_example(self) -> bool:
        """Whether it is the unchanged example of a package."""
        try:
            return self.config.read_text(encoding="utf-8") == shipped.configuration()["config.yaml"]
        except (OSError, UnicodeDecodeError):
            return False


def written(target: Target, text: str, asking: Asking) -> Config:
    """The resulting configuration: the existing one, or `text`. ConfigError, FileProblem."""
    heading(f"The configuration, {target.config}")
    if target.stays:
        say(
            "It already exists and is not changed. With --replace, a new one is written and the old one is kept"
            " as a backup."
        )
        return load(target.config, Config)
    if target.is_example():
        say("It is still the unchanged example that came with the program. It will be replaced by:\n")
    say(text)
    config = _checked(target.config, text)
    if not asking.answer(None, f"Write this to {target.config}?"):
        raise FileProblem("nothing was changed")
    if asking.does(f"write this to {target.config}"):
        try:
            for sentence in _write(target.config, text):
                say(sentence)
        except OSError as error:
            raise FileProblem(f"{error.filename or target.config}: {error.strerror}") from error
    return config


def tell_sources(config: Config) -> list[str]:
    """Print what `check` finds; returns the advice on what the servers should log."""
    heading("What the exporter reads")
    remarks = [*check.remarks(config)]
    for remark in remarks:
        if check.ADVICE not in remark:
            say(remark.removeprefix("  "))
    return [remark.partition(check.ADVICE)[2] for remark in remarks if check.ADVICE in remark]


def _checked(path: Path, text: str) -> Config:
    """Validate the text as `run` would, before it is written."""
    with tempfile.TemporaryDirectory(prefix="pop3-exporter-") as folder:
        trial = Path(folder) / path.name
        trial.write_text(text, encoding="utf-8")
        config = load(trial, Config)
    check.refuse_shared(config, path)
    return config


def _write(path: Path, text: str) -> Iterator[str]:
    """Write atomically; an existing file is kept under another name."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if path.exists():
        kept = next(one for number in range(1, 1000) if not (one := path.with_name(f"{path.name}.{number}")).exists())
        os.link(path, kept)
        yield f"The old configuration is now {kept}"
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o644)
    fresh.replace(path)
    yield f"{path}: written"
