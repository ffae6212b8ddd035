"""The site shows the repository's pages as they are: these hooks find what lies outside of docs/.

A file of the repository has the same place on the site, without `docs/`; README.md is the front page. Files that pages
link to are added, and links are rewritten to those places. `commands.md` is made from the commands' own help.
"""

import os
import posixpath
import re
import subprocess
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"(?<!!)(!?)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "deploy/helm/pop3-exporter/README.md"]
COMMANDS = re.compile(r"^  ([a-z]+) ", re.MULTILINE)


def _place(path: str) -> str:
    """Where the site has a file of the repository."""
    return "index.md" if path == "README.md" else path.removeprefix("docs/")


def _original(place: str) -> str:
    """The file of the repository that stands at a place."""
    if place == "index.md":
        return "README.md"
    return place if (ROOT / place).is_file() else f"docs/{place}"


def _outside(path: str) -> list[str]:
    """The files that a page links to."""
    text = (ROOT / path).read_text(encoding="utf-8")
    links = [link for _, _, link, _ in LINK.findall(text) if "://" not in link]
    found = [posixpath.normpath(posixpath.join(posixpath.dirname(path), link)) for link in links]
    return [one for one in found if (ROOT / one).is_file()]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Bring along what pages link to, and what those link to."""
    waiting = [*PAGES, *(f"docs/{file.src_uri}" for file in files.documentation_pages())]
    seen = set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        if files.get_file_from_path(_place(path)) is None:
            files.append(File.generated(config, _place(path), abs_src_path=str(ROOT / path)))
        if path.endswith(".md"):
            waiting += _outside(path)
    files.append(File.generated(config, "commands.md", content=_commands()))
    return files


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Pages that a branch does not have yet are left out."""
    made = {"index.md", "commands.md"}

    def there(entry: object) -> bool:
        path = next(iter(entry.values())) if isinstance(entry, dict) else entry
        return path in made or (ROOT / _original(str(path))).is_file()

    for part in config.nav or ():
        for title, entries in part.items():
            part[title] = [entry for entry in entries if there(entry)]
    return config


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links lead to places on the site; a folder is only named."""
    del config, files
    here = _original(page.file.src_uri)

    def rewritten(match: re.Match[str]) -> str:
        picture, text, link, anchor = match.groups()
        if "://" in link:
            return match[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(here), link))
        if (ROOT / target).is_dir():
            return f"{text} (`{target}`)"
        place = posixpath.relpath(_place(target), posixpath.dirname(page.file.src_uri) or ".")
        return f"{picture}[{text}]({place}{anchor or ''})"

    return LINK.sub(rewritten, markdown)


def _help(*command: str) -> str:
    environment = {**os.environ, "COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1"}
    words = [sys.executable, "-m", "exporter", *command, "--help"]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)  # noqa: S603
    return ran.stdout.replace("python -m exporter", "pop3-exporter").strip()


def _commands() -> str:
    top = _help()
    parts = ["# Commands", f"```text\n{top}\n```"]
    for name in COMMANDS.findall(top.partition("Commands:")[2]):
        text = _help(name)
        parts += [f"## {name}", f"```text\n{text}\n```"]
        for below in COMMANDS.findall(text.partition("Commands:")[2]):
            parts += [f"### {name} {below}", f"```text\n{_help(name, below)}\n```"]
    return "\n\n".join(parts) + "\n"
