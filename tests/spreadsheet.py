"""A CSV file opened by LibreOffice Calc."""

import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

LANGUAGES = {"English": 1033, "German": 1031}
UTF_8 = 76
SEPARATORS = {"comma": "44", "comma, semicolon and tab": "44/59/9"}
TABLE, OFFICE = (f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("table", "office"))


@dataclass(frozen=True)
class Cell:
    """`kind`: string, float, date and so on; empty: None."""

    kind: str | None
    value: str
    formula: str | None


def opened(path: Path, language: str, separators: str) -> list[list[Cell]]:
    """The cells of a CSV file as LibreOffice has them after opening it."""
    choices = f"CSV:{separators},34,{UTF_8},1,,{LANGUAGES[language]},false,false"
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", f"--infilter={choices}", "--convert-to", "fods"]
    subprocess.run([*command, "--outdir", str(path.parent), str(path)], check=True, capture_output=True, timeout=120)
    tree = ET.parse(path.with_suffix(".fods"))
    rows = tree.iter(f"{TABLE}table-row")
    return [[one for cell in row.iter(f"{TABLE}table-cell") for one in cells(cell)] for row in rows]


def cells(element: ET.Element) -> list[Cell]:
    kind = element.get(f"{OFFICE}value-type")
    text = "\n".join("".join(part.itertext()) for part in element)
    cell = Cell(kind, element.get(f"{OFFICE}value", text), element.get(f"{TABLE}formula"))
    return [cell] * int(element.get(f"{TABLE}number-columns-repeated", "1"))
