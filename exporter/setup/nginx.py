"""nginx.conf: whether it is a proxy for POP3, and where it logs (ngx_core_module, ngx_mail_core_module)."""

import re
from collections.abc import Iterator

from exporter.setup.machine import Machine
from exporter.setup.ownlogs import OwnLogs

FILES = ("/etc/nginx/nginx.conf", "/usr/local/nginx/conf/nginx.conf", "/opt/zimbra/conf/nginx.conf")
DEFAULT_LOG = "/var/log/nginx/error.log"
ZIMBRA_LOG = "/opt/zimbra/log/nginx.log"
LEVELS = ("debug", "info")
DEEPEST = 8
Blocks = tuple[str, ...]
# Comments, quoted text, and the signs of the grammar.
_TOKEN = re.compile(r"""#[^\n]*|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([{};])|([^\s{};"'#]+)""")
_PORTS = re.compile(r"(?:^|:)(?:110|995)$")


def own_logs(machine: Machine) -> OwnLogs:
    """The error log of the block `mail`, or the global one; without such a block it is not a POP3 server."""
    for file in FILES:
        directives = list(_directives(machine, file))
        mail = [words for blocks, words in directives if blocks[:1] == ("mail",)]
        if not any(_is_pop3(words) for words in mail):
            continue
        logs = [words for words in mail if words[0] == "error_log"]
        logs = logs or [words for blocks, words in directives if not blocks and words[0] == "error_log"]
        return _logging(logs[-1][1:] if logs else [], file)
    return OwnLogs(serves=False)


def _logging(words: list[str], file: str) -> OwnLogs:
    where, level = (*words, "", "")[:2]
    default = ZIMBRA_LOG if file.startswith("/opt/zimbra") else DEFAULT_LOG
    advice: tuple[str, ...] = ()
    if level not in LEVELS:
        setting = f"error_log {where or default} info;"
        advice = (f"set `{setting}` in the block `mail` of {file}: without `info` no session is logged",)
    if where.startswith("syslog:"):
        facility = re.search(r"facility=(\w+)", where)
        return OwnLogs(facility=facility[1] if facility else "local7", advice=advice)
    return OwnLogs(files=(where if where.startswith("/") else default,), advice=advice)


def _is_pop3(words: list[str]) -> bool:
    return words == ["protocol", "pop3"] or (words[0] == "listen" and _PORTS.search((*words, "")[1]) is not None)


def _directives(machine: Machine, file: str, blocks: Blocks = (), deep: int = 0) -> Iterator[tuple[Blocks, list[str]]]:
    """Each directive with the blocks around it, including those of included files."""
    words: list[str] = []
    for token in _TOKEN.finditer(machine.text(file)):
        double, single, sign, word = token.groups()
        if sign == "{":
            blocks, words = (*blocks, words[0] if words else ""), []
        elif sign == "}":
            blocks, words = blocks[:-1], []
        elif sign == ";":
            if words[:1] == ["include"] and deep < DEEPEST and len(words) > 1:
                for name in machine.matching(_beside(file, words[1])):
                    yield from _directives(machine, name, blocks, deep + 1)
            elif words:
                yield blocks, words
            words = []
        elif token[0][0] != "#":
            words.append(next(text for text in (double, single, word) if text is not None))


def _beside(file: str, name: str) -> str:
    return name if name.startswith("/") else f"{file.rpartition('/')[0]}/{name}"
