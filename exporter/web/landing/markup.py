"""HTML that is always escaped: text becomes markup only through `el`."""

import re
from html import escape

VOID = frozenset(("br", "input", "link", "meta", "rect"))


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def el(name: str, /, *children: str, **attributes: str | int) -> Html:
    """An element; children that are not Html are escaped. `class_` is `class`, other underscores are hyphens."""
    pairs = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items())
    return Html(f"<{name}{pairs}>" if name in VOID else f"<{name}{pairs}>{text(*children)}</{name}>")


def text(*children: str) -> Html:
    """The children one after the other."""
    return Html("".join(child if isinstance(child, Html) else escape(child) for child in children))


def with_code(sentence: str) -> Html:
    """A sentence whose parts between backticks are code."""
    parts = re.split(r"`([^`]+)`", sentence)
    return text(*(el("code", part) if number % 2 else part for number, part in enumerate(parts)))


def each(name: str, /, items: list[str] | tuple[str, ...], **attributes: str) -> Html:
    """One element per item."""
    return text(*(el(name, item, **attributes) for item in items))
