"""Log messages of the daemons: `--log.level` and `--log.format`."""

import json
import logging
import sys
import time
from enum import StrEnum
from typing import Annotated

import typer

from exporter.cli.options import default


class Level(StrEnum):
    """The lowest level that is logged, with Prometheus's names."""

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


class Form(StrEnum):
    """The format of log messages."""

    TEXT = "text"
    LOGFMT = "logfmt"
    JSON = "json"


LogLevel = Annotated[
    Level,
    typer.Option(
        "--log.level",
        envvar="POP3_EXPORTER_LOG_LEVEL",
        help=f"Only log messages of this level or above {default(Level.INFO)}",
        show_default=False,
    ),
]
LogFormat = Annotated[
    Form,
    typer.Option(
        "--log.format",
        envvar="POP3_EXPORTER_LOG_FORMAT",
        help=f"Format of log messages, written to standard error {default(Form.TEXT)}",
        show_default=False,
    ),
]


def begin(level: Level, form: Form) -> None:
    """Log to standard error from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Keyed(form) if form is not Form.TEXT else logging.Formatter(_text()))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for talkative in ("httpx", "watchdog", "asyncio"):
        logging.getLogger(talkative).setLevel(max(logging.WARNING, logging.getLogger().level))


def _text() -> str:
    # systemd's journal adds the time itself; elsewhere it is part of the message.
    return "%(asctime)s %(levelname)s %(message)s" if sys.stderr.isatty() else "%(levelname)s %(message)s"


class _Keyed(logging.Formatter):
    """One line per message with the keys that Prometheus uses (Go's slog): time, level, msg."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form

    def format(self, record: logging.LogRecord) -> str:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        fields = {
            "time": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname.replace("WARNING", "WARN").replace("CRITICAL", "ERROR"),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        if record.exc_info:
            fields["error"] = self.formatException(record.exc_info)
        if self._form is Form.JSON:
            return json.dumps(fields)
        return " ".join(f"{key}={_quoted(value)}" for key, value in fields.items())


def _quoted(value: str) -> str:
    plain = value.isascii() and value.isprintable() and value and not set(value) & set(' "=\\')
    return value if plain else json.dumps(value, ensure_ascii=False)
