"""Each line of a host counts once, whatever source reads it."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from exporter.catalogue import CONNECTIONS
from exporter.config import Config, Source
from exporter.daemon import Daemon
from exporter.demo.traffic import lines
from exporter.exposition.selfmetrics import SelfMetrics
from exporter.ledger import Ledger
from exporter.model import Position
from exporter.overlap import carry_over, left_out, may_share, shared
from exporter.wiring import crew_of, open_ledger, pipelines_of
from tests.ledger.books import checkpoint

BEGIN = 1_794_954_400  # 2026-11-18 06:26:40 UTC
ROOT = Path(__file__).parents[2]


class Host:
    """One ledger that daemons with these and those sources have, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "mail.log"
        self.now = float(BEGIN)
        self.problems: list[str] = []
        self._written = 0

    def write(self, log: Path | None = None) -> int:
        """Ten more minutes of log; how many connections there are in it."""
        begin = BEGIN + self._written * 600
        self._written += 1
        self.now = begin + 600.0
        text = [line for line in lines(begin, begin + 600) if "pop3" in line]
        with (log or self.log).open("a", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in text)
        return sum("Login: " in line or "pop3-login: " in line for line in text)

    def config(self, *sources: dict[str, Any]) -> Config:
        """These sources, all of one server."""
        return Config.model_validate(
            {
                "time_zone": "UTC",
                "ledger": str(self.folder / "ledger.sqlite"),
                "sources": [{"format": "dovecot", "server": "mx1", **source} for source in sources],
            }
        )

    def lived(self, *sources: dict[str, Any]) -> int:
        """A daemon with these sources starts, reads all, and stops; the connections counted by then."""
        config = self.config(*sources)
        with closing(open_ledger(config, self.now)) as ledger:
            carry_over(config, ledger, self.now)
            metrics, crew = SelfMetrics(), crew_of(config, ledger, None)
            daemon = Daemon(ledger, crew, metrics, commit_seconds=1, clock=lambda: self.now, stopwatch=float)
            for _ in range(3):
                self.now += 1
                while daemon.turn():
                    pass
            self.problems = [problem for one in metrics.sources for problem in one.problems]
            daemon.close()
            return total(ledger)


def total(ledger: Ledger) -> int:
    """Connections of all servers."""
    return sum(row.totals[CONNECTIONS] for row in ledger.view.rows["server"].values())


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with some log."""
    host = Host(tmp_path)
    host.write()
    return host


def truth(tmp_path: Path, *logs: Path) -> int:
    """The connections of these logs, each read once."""
    folder = tmp_path / "truth"
    folder.mkdir(exist_ok=True)
    return Host(folder).lived(
        *({"name": str(n), "paths": [str(log)], "start": "beginning"} for n, log in enumerate(logs))
    )


@pytest.mark.parametrize("start", ["end", "beginning"])
def test_a_source_with_a_new_name_goes_on(host: Host, start: str) -> None:
    """All that is kept of it goes along; what was written meanwhile is counted, and nothing twice."""
    mail = {"paths": [str(host.log)], "start": start}
    host.lived({"name": "old", "paths": [str(host.log)], "start": "beginning"})
    host.write()
    counted = host.lived({"name": "new", **mail})
    assert truth(host.folder, host.log) == counted > 0
    host.write()
    assert truth(host.folder, host.log) == host.lived({"name": "new", **mail})


def test_a_source_with_a_new_name_after_a_rotation(host: Host) -> None:
    """Another wording of its paths, the log renamed and compressed meanwhile: it is found by its content."""
    host.lived({"name": "old", "paths": [str(host.log)], "start": "beginning"})
    host.write()
    rotated = host.log.with_name("mail.log.1")
    host.log.rename(rotated)
    host.write()
    expected = truth(host.folder, rotated, host.log)
    assert expected == host.lived({"name": "new", "paths": [f"{host.log}*"]})


def test_two_sources_become_one_and_one_becomes_two(host: Host) -> None:
    """Nobody's old name: every file is read on from where it stood."""
    second = host.folder / "second.log"
    host.write(second)
    one, two = ({"name": log.stem, "paths": [str(log)], "start": "beginning"} for log in (host.log, second))
    host.lived(one, two)
    host.write()
    host.write(second)
    both = {"name": "both", "paths": [str(host.log), str(second)], "start": "beginning"}
    assert truth(host.folder, host.log, second) == host.lived(both)
    host.write()
    host.write(second)
    parts = ({**one, "name": "third"}, {**two, "name": "fourth"})
    assert truth(host.folder, host.log, second) == host.lived(*parts)
    host.write(second)
    assert truth(host.folder, host.log, second) == host.lived(*parts)


def test_sources_that_change_their_files(host: Host) -> None:
    """Two known sources, each with the other's paths now: no history is read again."""
    second = host.folder / "second.log"
    host.write(second)
    one, two = ({"name": log.stem, "paths": [str(log)], "start": "beginning"} for log in (host.log, second))
    host.lived(one, two)
    host.write(second)
    swapped = ({**one, "paths": two["paths"]}, {**two, "paths": one["paths"]})
    assert truth(host.folder, host.log, second) == host.lived(*swapped)


def test_a_file_that_two_sources_match_later_counts_once(host: Host) -> None:
    """It appeared while they run: the first one reads it, the other says so."""
    parts = ({"name": "a", "paths": [f"{host.folder}/mail*.log"], "start": "beginning"},
             {"name": "b", "paths": [f"{host.folder}/*-2.log"], "start": "beginning"})  # fmt: skip
    host.lived(*parts)
    second = host.folder / "mail-2.log"
    host.write(second)
    assert truth(host.folder, host.log, second) == host.lived(*parts)
    assert any(f"{second}: not read, so that nothing counts twice: source a reads it" in one for one in host.problems)


@pytest.mark.parametrize(
    ("names", "expected"), [(["new"], {"new"}), (["one", "two"], {"old"}), (["old", "new"], {"old"})]
)
def test_a_journal_with_a_new_name_goes_on(tmp_path: Path, names: list[str], expected: set[str]) -> None:
    """At its cursor, where it is certain which one it is; a source that is still there keeps what is its own."""
    sources = [{"name": name, "journal": {"units": [f"{name}.service"]}} for name in names]
    config = Config.model_validate({"ledger": str(tmp_path / "l"), "sources": sources})
    with closing(open_ledger(config, BEGIN)) as ledger:
        ledger.commit(BEGIN, {"old": replace(checkpoint(), positions=(Position("journal", "", cursor="s=1"),))})
    with closing(open_ledger(config, BEGIN)) as ledger:
        carry_over(config, ledger, BEGIN)
        assert expected == set(ledger.known_sources)
        assert expected == set(ledger.view.sources)
    with closing(open_ledger(config, BEGIN)) as ledger:
        saved = ledger.restored(expected.pop())
        assert saved is not None
        assert ("s=1",) == tuple(position.cursor for position in saved.positions)


def source(name: str = "a", **values: Any) -> dict[str, Any]:
    """A source as the file has it."""
    return {"name": name, "format": "dovecot", **values}


TWICE: dict[str, Callable[[Path], tuple[list[dict[str, Any]], str]]] = {
    "the same path": lambda folder: (
        [source("a", paths=[f"{folder}/none"]), source("b", paths=[f"{folder}/none"])],
        "none",
    ),
    "overlapping patterns": lambda folder: (
        [source("a", paths=[f"{folder}/mail.*"]), source("b", paths=[f"{folder}/*.log"])],
        "mail.log",
    ),
    "a symbolic link": lambda folder: (
        [source("a", paths=[f"{folder}/link"]), source("b", paths=[f"{folder}/mail.log"])],
        "link",
    ),
    "a hard link": lambda folder: (
        [source("a", paths=[f"{folder}/hard"]), source("b", paths=[f"{folder}/mail.log"])],
        "hard",
    ),
    "one unit": lambda _: (
        [source("a", journal={"units": ["dovecot"]}), source("b", journal={"units": ["x", "dovecot.service"]})],
        "the journal's dovecot.service",
    ),
    "standard input": lambda _: ([source("a", paths=["-"]), source("b", paths=["-"])], "standard input"),
}


@pytest.mark.parametrize("kind", TWICE)
@pytest.mark.parametrize("command", [["check"], ["run", "--config.file"]])
def test_two_sources_that_read_the_same_are_refused(host: Host, kind: str, command: list[str]) -> None:
    """By `check` and by `run`, with exit code 2 and both names, and no ledger is made."""
    (host.folder / "link").symlink_to(host.log)
    (host.folder / "hard").hardlink_to(host.log)
    sources, what = TWICE[kind](host.folder)
    file = host.folder / "config.yaml"
    file.write_text(
        yaml.safe_dump({"ledger": str(host.folder / "ledger.sqlite"), "sources": sources}), encoding="utf-8"
    )
    run = subprocess.run(
        [sys.executable, "-m", "exporter", *command, str(file)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert 2 == run.returncode, run.stderr
    assert "sources a and b both read " in run.stderr
    assert what in run.stderr
    assert "so every line would count twice; remove it from one of them" in run.stderr
    assert not (host.folder / "ledger.sqlite").exists()


def test_check_finds_copies_inside_a_source(host: Host) -> None:
    """Debian's mail.info beside mail.log, and what grep left: both files are named, exit code 2."""
    (host.folder / "mail.info").write_bytes(host.log.read_bytes())
    (host.folder / "mail.log.dovecot").write_bytes(b"".join(host.log.read_bytes().splitlines(keepends=True)[3:9]))
    config = Config.model_validate({"sources": [source("mail", paths=[f"{host.folder}/mail.*"])]})
    told = [sentence for _, sentence in left_out(config)]
    assert 2 == len(told)
    for name in ("mail.log.dovecot", "mail."):
        assert any(name in sentence and "has the same lines" in sentence for sentence in told)
    file = host.folder / "config.yaml"
    file.write_text(yaml.safe_dump(config.model_dump(mode="json", include={"sources"}, exclude_defaults=True)))
    check = [sys.executable, "-m", "exporter", "check", str(file)]
    run = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (2, 2) == (run.returncode, run.stderr.count("not read, so that nothing counts twice"))


def test_a_back_end_is_no_second_source_of_its_front_s_server(host: Host) -> None:
    """Also after a restart: the usual lines of the front are taken as fast as before."""
    back = host.folder / "back.log"
    host.write(back)
    back.write_text("".join(line for line in back.read_text().splitlines(keepends=True) if "Login: " in line))
    sources = (
        {"name": "front", "paths": [str(host.log)], "start": "beginning"},
        {"name": "back", "paths": [str(back)], "start": "beginning", "behind": "front"},
    )
    host.lived(*sources)
    with closing(open_ledger(host.config(*sources), host.now)) as ledger:
        front = pipelines_of(host.config(*sources), ledger)["front"].sessions
        assert ("mx1",) == front.servers
        assert front.login("mx1", int(host.now), b"new", b"alice@example.com", b"192.0.2.1", None) is not None


def test_hosts_of_their_own_may_share_a_log(host: Host) -> None:
    """One log of several hosts, a source for each: allowed where no host is in both."""

    def config(one: list[str], other: list[str]) -> Config:
        paths = [str(host.log)]
        return Config.model_validate(
            {"sources": [source("a", paths=paths, hosts=one), source("b", paths=paths, hosts=other)]}
        )

    assert [] == shared(config(["mx1"], ["mx2", "mx3*"]))
    for one, other in ((["mx1"], []), ([], []), (["mx1"], ["mx*"]), (["MX1", "mx2"], ["mx1"])):
        assert 1 == len(shared(config(one, other)))


def test_two_servers_may_share_a_log(host: Host) -> None:
    """One log of two servers, a source with its format for each, as the advice about such a log says."""
    host.log.unlink(missing_ok=True)
    wanted = host.write()
    courier = "Nov 18 06:30:00 mx1 pop3d: LOGIN, user=bob@example.com, ip=[::ffff:192.0.2.7], port=[4711]\n"
    with host.log.open("a", encoding="utf-8") as log:
        log.write(courier)
    one, other = (
        {"name": name, "paths": [str(host.log)], "start": "beginning", "format": name}
        for name in ("dovecot", "courier")
    )
    assert [] == shared(host.config(one, other))
    assert [] == list(left_out(host.config(one, other)))
    assert wanted + 1 == host.lived(one, other)
    assert wanted + 1 == host.lived(one, other)
    assert 1 == len(shared(host.config(one, {**other, "format": "auto"})))


@given(
    st.lists(st.sampled_from(["mx1", "mx2", "mx*", "*"]), max_size=3),
    st.lists(st.sampled_from(["mx1", "a", "*"]), max_size=3),
)
def test_sharing_is_mutual(one: list[str], other: list[str]) -> None:
    """Whichever is asked first."""
    a, b = (Source.model_validate(source(paths=["/x"], hosts=hosts)) for hosts in (one, other))
    assert may_share(a, b) == may_share(b, a)
