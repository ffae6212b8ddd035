"""docs/configuration.md knows every key of the configuration, with its default."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from exporter.config import Config, Domains, History, Servers, Source, Users, Web

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
SECTIONS: dict[str, type[BaseModel]] = {
    "web": Web,
    "users": Users,
    "domains": Domains,
    "servers": Servers,
    "history": History,
}
DOCUMENTED = set(re.findall(r"`([a-z_.]+)`", " ".join(line.split("|")[1] for line in PAGE.splitlines() if "|" in line)))
KEYS = [
    *(key for key in Config.model_fields if key not in SECTIONS),
    *(f"{section}.{key}" for section, model in SECTIONS.items() for key in model.model_fields),
    *Source.model_fields,
]


@pytest.mark.parametrize("key", KEYS)
def test_the_key_is_documented(key: str) -> None:
    """Each key has a row, or shares one."""
    assert key in DOCUMENTED | {"sources"}


def test_there_is_no_other_key() -> None:
    """What the page names exists."""
    assert set() == DOCUMENTED - set(KEYS) - {"formats.smartermail.phrases", "units", "identifiers", "since"}


def test_numbers_are_the_defaults() -> None:
    """The defaults in the table are those of the code."""
    for number in (Users().max, Users().max_total, Domains().max, Domains().max_total, Servers().max):
        assert re.search(rf"\b{number}\b", PAGE)
    assert f"| {History().keep_days}, {History().keep_hours_days} |" in PAGE
