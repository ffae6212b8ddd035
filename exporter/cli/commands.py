"""The commands by name; each is imported only when it is called, which keeps the start fast."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

# Name, and the module of this package whose COMMANDS has it.
COMMANDS: tuple[tuple[str, str], ...] = (
    ("setup", "setup"),
    ("run", "run"),
    ("check", "check"),
    ("parse", "parse"),
    ("replay", "replay"),
    ("report", "report"),
    ("export", "export"),
    ("import", "history"),
    ("ledger", "ledger"),
    ("forget", "ledger"),
    ("files", "shipping"),
    ("gateway", "gateway"),
    ("healthcheck", "healthcheck"),
)
_MODULES = dict(COMMANDS)


class Commands(TyperGroup):
    """The group of all commands, in the order of COMMANDS."""

    def list_commands(self, ctx: object) -> list[str]:
        del ctx
        return list(_MODULES)

    def get_command(self, ctx: object, cmd_name: str) -> Any:  # noqa: ANN401 - click's or, from typer 0.26 on, its own
        del ctx
        if cmd_name not in _MODULES:
            # click suggests similar names from this mapping.
            self.commands.update((name, _loaded(name)) for name in _MODULES)
            return None
        return _loaded(cmd_name)


def _loaded(name: str) -> Any:  # noqa: ANN401
    found = import_module(f"exporter.cli.{_MODULES[name]}").COMMANDS[name]
    holder = typer.Typer(add_completion=False, rich_markup_mode=None)
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        # The callback keeps it a group of one command.
        holder.callback()(lambda: None)
        holder.command(name)(found)
    return _plain(get_group(holder).commands[name])


def _plain(command: Any) -> Any:  # noqa: ANN401
    """Help for people: no summary is cut short, and arguments have no braces and types of Python (typer 0.29)."""
    for one in (command, *getattr(command, "commands", {}).values()):
        one.short_help = " ".join((one.help or "").split()).partition(". ")[0].rstrip(".")
        for parameter in one.params:
            parameter.get_help_record = _record(parameter, parameter.get_help_record)
            if parameter.param_type_name == "argument":
                usage = _usage(parameter)
                parameter.make_metavar = lambda *_, usage=usage: usage
                parameter._usage_display_name = lambda usage=usage: usage  # noqa: SLF001 - typer 0.29
    return command


def _record(parameter: Any, original: Callable[[Any], tuple[str, str] | None]) -> Callable[[Any], Any]:  # noqa: ANN401
    def record(ctx: Any) -> tuple[str, str] | None:  # noqa: ANN401
        name, text = original(ctx) or ("", "")
        if not name:
            return None
        # Debian 13's typer (0.15) writes `\[required]`.
        return parameter.metavar if parameter.param_type_name == "argument" else name, text.replace("\\[", "[")

    return record


def _usage(argument: Any) -> str:  # noqa: ANN401
    name = str(argument.metavar or argument.name.upper())
    return f"{name if argument.required else f'[{name}]'}{'...' if argument.nargs != 1 else ''}"
