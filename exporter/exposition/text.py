"""The Prometheus text format 0.0.4: escaping, label blocks, HELP and TYPE lines."""

import hashlib
from collections.abc import Iterable, Sequence

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Prometheus's own limit (`label_value_length_limit`) fails the whole scrape, so values are limited here.
LABEL_VALUE_BYTES = 255


def label_value(value: str) -> bytes:
    """`value` as written between the quotes: UTF-8, at most 255 bytes before escaping.

    Names that long are never born; configured names of sources and servers may be, and stay distinct by a digest.
    What is no Unicode (a lone surrogate) is written as its backslash escape.
    """
    raw = value.encode("utf-8", "backslashreplace")
    if len(raw) > LABEL_VALUE_BYTES:
        mark = "~" + hashlib.sha256(raw).hexdigest()[:16]
        raw = raw[: LABEL_VALUE_BYTES - len(mark)].decode("utf-8", "ignore").encode() + mark.encode()
    return raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")


def label_block(names: Sequence[str], values: Sequence[str]) -> bytes:
    """`{name="value",...}`, or nothing without labels."""
    if not names:
        return b""
    pairs = (b'%b="%b"' % (name.encode(), label_value(value)) for name, value in zip(names, values, strict=True))
    return b"{" + b",".join(pairs) + b"}"


def header(name: str, kind: str, text: str) -> bytes:
    """The HELP and TYPE lines of a family."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return f"# HELP {name} {escaped}\n# TYPE {name} {kind}\n".encode()


def samples(name: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]) -> bytes:
    """The sample lines of a small family; whole numbers are written as such."""
    prefix = name.encode()
    return b"".join(b"%b%b %b\n" % (prefix, label_block(labels, key), repr(value).encode()) for key, value in values)
