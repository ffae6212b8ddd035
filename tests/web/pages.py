"""What a reader sees of a page: its words, tables and links."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser


def words(text: str) -> str:
    """On one line, whatever the spaces."""
    return re.sub(r"\s+", " ", text).strip()


@dataclass
class Seen(HTMLParser):
    """`tables`: rows of cells as shown; `links`: words to address; `elements` and `attributes`: their names."""

    html: str
    tables: list[list[list[str]]] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    elements: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    fields: list[dict[str, str | None]] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)
    _link: str | None = None
    _in_cell: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.html.partition("<body>")[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in {"td", "th"}:
            self.tables[-1][-1].append("")
            self._in_cell = True
        elif tag == "input":
            self.fields.append(dict(attrs))
        elif tag == "a":
            self._link, self._begin = dict(attrs)["href"], len(self._text)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            self.links[words("".join(self._text[self._begin :]))] = self._link
            self._link = None
        elif tag in {"td", "th"}:
            row = self.tables[-1][-1]
            row[-1] = words(row[-1])
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        self._text.append(data)
        if self._in_cell:
            self.tables[-1][-1][-1] += data

    @property
    def text(self) -> str:
        """All words."""
        return words(" ".join(self._text))
