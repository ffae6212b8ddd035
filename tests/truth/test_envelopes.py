"""The three syslog envelopes of one run give identical numbers."""

from dataclasses import asdict
from pathlib import Path

import pytest

from exporter.formats.dovecot import Dovecot
from tests.formats.samples import HERE as SAMPLES
from tests.truth.meanings import HERE
from tests.truth.replaying import Charged, names_of, replayed

SYSLOG_RUNS = sorted(path.name.removesuffix(".iso.log") for path in (SAMPLES / "dovecot").glob("*.iso.log"))


def all_of(path: Path) -> dict[str, object]:
    """What a log comes to, to the last user."""
    found = replayed(Dovecot(), [path], names_of(()))
    return {address: asdict(told) for address, told in found.items() if told != Charged()}


@pytest.mark.parametrize("run", SYSLOG_RUNS)
@pytest.mark.parametrize("envelope", ["traditional", "rfc5424"])
def test_envelopes_give_identical_numbers(run: str, envelope: str) -> None:
    """What ISO 8601 syslog comes to, RFC 3164 and RFC 5424 come to as well."""
    assert all_of(SAMPLES / "dovecot" / f"{run}.iso.log") == all_of(HERE / "dovecot" / f"{run}.{envelope}.log")
