"""Reads YAML with the line of every key, so that each mistake is reported with its position."""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from exporter.errors import OperatorError

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[str | int, ...]

# By pydantic's error types, where its own messages are for programmers.
_MEANT = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "must be a whole number, without quotes"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number, without quotes"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false, without quotes"),
    "path_type": "must be a file path; put it in quotes",
}
_SECRET = re.compile("auth|password|secret|token")


class ConfigError(OperatorError):
    """An invalid configuration; `problems` has one line for each mistake, with file, line and key."""

    exit_code = 2

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class _Endless(Exception):  # noqa: N818 - no error of ours: it is told as one of the file's
    """Aliases expand to more values than the file has characters."""


@dataclass(slots=True)
class _Document:
    value: Any
    # Without aliases, a file has fewer values than characters: more is an attack (billion laughs).
    values_left: int = 0
    lines: dict[Location, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def line(self, location: Location) -> int:
        """The line of the key, or of the nearest one around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location, 1)


def load(path: Path, model: type[Model]) -> Model:
    """The file as a model. Raises ConfigError with all problems at once, each `FILE:LINE: KEY: what to do`."""
    document = _read(path)
    problems = list(document.problems)
    try:
        loaded = model.model_validate({} if document.value is None else document.value)
    except ValidationError as error:
        details = error.errors(include_url=False)
        problems += [_problem(document, model, one) for one in details if not _follows(one, details)]
        loaded = None
    if problems or loaded is None:
        raise ConfigError([f"{path}:{line}: {text}" for line, text in sorted(problems)])
    return loaded


def _read(path: Path) -> _Document:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8"]) from error
    document = _Document(None, values_left=len(text) + 1)
    try:
        node = yaml.compose(text, yaml.SafeLoader)
        document.value = _value(node, (), document) if node else None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError([f"{path}:{line}: not valid YAML: {_in_words(error)}{_hint(path)}"]) from error
    except yaml.YAMLError as error:
        raise ConfigError([f"{path}: {_no_yaml(path)}"]) from error
    except RecursionError as error:
        raise ConfigError([f"{path}: nested too deeply"]) from error
    except _Endless as error:
        raise ConfigError([f"{path}: its aliases (*name) expand to too many values; write the values out"]) from error
    return document


def _no_yaml(path: Path) -> str:
    """Replaces the parser's message about forbidden characters, which has no line number."""
    return f"contains control characters, which YAML does not allow{_hint(path)}"


def _hint(path: Path) -> str:
    """A hint for users who give a log instead of the configuration."""
    return "" if path.suffix in {".yaml", ".yml"} else "; this must be the configuration file, not a log"


def _in_words(error: yaml.MarkedYAMLError) -> str:
    problem = str(error.problem)
    return "found a tab; YAML is indented with spaces only" if r"'\t'" in problem else problem


def _value(node: yaml.Node, location: Location, document: _Document) -> Any:  # noqa: ANN401 - YAML holds anything
    document.lines.setdefault(location, node.start_mark.line + 1)
    document.values_left -= 1
    if document.values_left < 0:
        raise _Endless
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*location, number), document) for number, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return {key: _value(item, (*location, key), document) for key, item in _items(node, location, document)}
    try:
        if "\0" not in node.value:
            # safe_load of the one scalar resolves its type as YAML does, without aliases being lost.
            return yaml.SafeLoader("").construct_object(node, deep=True)
        wrong = "contains a NUL character; remove it"
    except yaml.YAMLError:
        wrong = f"has the unknown tag {node.tag}; remove it"
    except ValueError:
        wrong = f"looks like a {node.tag.rpartition(':')[2]} but is not a valid one; put it in quotes"
    document.problems.append((node.start_mark.line + 1, f"{_dotted(location)}: {wrong}"))
    return str(node.value).replace("\0", "")


def _items(node: yaml.MappingNode, location: Location, document: _Document) -> list[tuple[str, yaml.Node]]:
    items: dict[Hashable, yaml.Node] = {}
    for key_node, item in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        if key in items:
            document.problems.append((line, f"{_dotted((*location, key))}: given twice; remove one"))
        document.lines[(*location, key)] = line
        items[key] = item
    return [(str(key), item) for key, item in items.items()]


def _problem(document: _Document, model: type[BaseModel], details: ErrorDetails) -> tuple[int, str]:
    # A validator of the whole model names the wrong part in `at`.
    location = (*details["loc"], *details.get("ctx", {}).get("at", ()))
    match details["type"]:
        case "extra_forbidden":
            message = _unknown_key(model, location)
        case "missing":
            message = "is missing; add it"
        case "too_short":
            message = "is empty; at least one entry is needed"
        case "string_too_short":
            message = "must not be empty"
        case "string_type":
            message = f"must be text; put it in quotes{_given(location, details['input'])}"
        case "model_type" | "dict_type":
            keys = _fields(model, location) or ["name"]
            message = f"must be a mapping, such as {keys[0]}: ...{_given(location, details['input'])}"
        case "tuple_type" | "list_type":
            message = _no_list(_fields(model, location), location, details["input"])
        case kind:
            told = details["msg"].replace("Input should be", "must be")
            message = _MEANT.get(kind, told.removeprefix("Value error, ").removeprefix("Assertion failed, "))
            if not isinstance(details.get("input"), (dict, list)):
                named = isinstance(details["input"], str) and repr(details["input"]) in message
                given = "" if named else _given(location, details["input"])
                message = f"{message[0].lower()}{message[1:]}{given}"
    return document.line(location), f"{_dotted(location) or 'file'}: {message}"


def _no_list(keys: Sequence[str], location: Location, value: object) -> str:
    if keys:
        return f"must be a list of entries, each starting with `- {keys[0]}: ...`{_given(location, value)}"
    if isinstance(value, str):
        return f'must be a list, even with one entry: ["{value}"]'
    return f'must be a list, such as ["..."]{_given(location, value)}'


def _given(location: Location, value: object) -> str:
    """The value in the file, unless it may be a password."""
    if any(_SECRET.search(str(part)) for part in location):
        return ""
    if isinstance(value, (dict, list)):
        return " (it is a list)" if isinstance(value, list) else " (it has keys)"
    return " (it is empty)" if value is None else f" (it is {value!r})"


def _follows(one: ErrorDetails, others: Sequence[ErrorDetails]) -> bool:
    """Whether a list is only too short because its items are invalid, which is reported anyway."""
    length = len(one["loc"])
    return one["type"] == "too_short" and any(
        len(other["loc"]) > length and other["loc"][:length] == one["loc"] for other in others
    )


def _unknown_key(model: type[BaseModel], location: Location) -> str:
    known = _fields(model, location[:-1])
    close = get_close_matches(str(location[-1]), known, n=1)
    hint = f"; did you mean {close[0]}?" if close else f"; known keys: {', '.join(sorted(known))}" if known else ""
    return f"unknown key{hint}"


def _fields(model: type[BaseModel], location: Location) -> list[str]:
    """The keys allowed at `location`, following the models' annotations."""
    current: Any = model
    for part in location:
        if isinstance(part, int):
            continue
        if not (isinstance(current, type) and issubclass(current, BaseModel)) or part not in current.model_fields:
            return []
        current = _model_in(current.model_fields[part].annotation)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return list(current.model_fields)
    return []


def _model_in(annotation: Any) -> Any:  # noqa: ANN401 - any type form may stand there
    arguments = getattr(annotation, "__args__", ())
    for candidate in (annotation, *arguments):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return annotation


def _dotted(location: Location) -> str:
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
