"""The generated pages about servers: which line decides, how exact each measure is, and how connections end.

`docs/deciding-lines.md` comes from the formats alone, `docs/end-reasons.md` from the reasons and from examples that the
tests take from the golden samples. `pytest tests/formats/test_documentation.py --update-golden` writes both.
"""

from collections.abc import Iterable, Mapping, Sequence

from exporter.catalogue import MEASURES, REASONS, Reason
from exporter.formats.contract import Format

GENERATED = (
    "Written by `pytest tests/formats/test_documentation.py --update-golden`; the test compares it with the code."
)
# Longer examples are shortened in the middle.
SHOWN = 110
HEAD = 60


def deciding_lines(formats: Sequence[Format]) -> str:
    """The page `docs/deciding-lines.md`."""
    parts = [
        "# Which line counts, and what is exact",
        GENERATED,
        "A connection is counted at its *deciding line*: the login, or else the end, or else its expiry after"
        " the given "
        "seconds of log time without a line. Everything that follows is counted for the same user and domain.",
    ]
    for title, measured in (("Tested with the real server", True), ("From documentation", False)):
        parts += [f"## {title}", *_tier([one for one in formats if one.documentation.measured is measured])]
    return "\n\n".join(parts) + "\n"


def _tier(formats: Sequence[Format]) -> list[str]:
    rows = [
        (f"`{one.name}`", one.documentation.servers, one.documentation.deciding_lines, f"{one.idle_seconds} s")
        for one in formats
    ]
    parts = [_table(("Format", "Servers", "Deciding line", "Expiry"), rows)]
    for one in formats:
        parts += [f"### {one.name}", f"Bytes: {one.documentation.bytes_cover}", _qualities(one)]
        advice = [f"* {_wanted(trait)}{text}" for trait, text in one.documentation.advice.items()]
        if advice:
            parts.append("\n".join(("To log more:", "", *advice)))
    return parts


def _wanted(trait: str) -> str:
    return f"`{trait}`: " if trait else ""


def _qualities(form: Format) -> str:
    """A row per measure; a column for the quality at first, and one per trait for what lines may show."""
    header = ("Measure", "by default", *(f"with `{trait}`" for trait in form.traits))
    rows = [
        (
            f"`{measure.name}`",
            form.quality[measure.name].value,
            *(
                found.value if (found := qualities.get(measure.name)) is not None else ""
                for qualities in form.traits.values()
            ),
        )
        for measure in MEASURES
    ]
    return _table(header, rows)


def end_reasons(examples: Mapping[Reason, Mapping[str, bytes]]) -> str:
    """The page `docs/end-reasons.md`; `examples`: for each reason, a message of each format that has one."""
    table = [(f"`{reason.value}`", note.end.value, note.meaning) for reason, note in REASONS.items()]
    parts = [
        "# End reasons",
        GENERATED,
        "Every end of a connection is counted once in `pop3_session_ends_total{server,end,reason}`. The list is "
        "closed.",
        _table(("Reason", "End", "Meaning"), table),
        "## What servers call them",
        "One real or documented line per server and reason, as the samples have it.",
    ]
    for reason in REASONS:
        if reason in examples:
            rows = [(f"`{name}`", _code(line)) for name, line in sorted(examples[reason].items())]
            parts += [f"### {reason.value}", _table(("Format", "Example"), rows)]
    return "\n\n".join(parts) + "\n"


def _code(line: bytes) -> str:
    """A message as inline code, without characters that break tables."""
    text = "".join(char if char.isprintable() else " " for char in line.decode("utf-8", "replace"))
    text = text.replace("`", "'").replace("|", "/").strip()
    return f"`{text if len(text) <= SHOWN else text[:HEAD] + ' ... ' + text[HEAD - SHOWN :]}`"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cell or ' ' for cell in line)} |" for line in lines)
