"""Label values and header lines."""

from hypothesis import given
from hypothesis import strategies as st

from exporter.exposition.text import LABEL_VALUE_BYTES, header, label_block, label_value


def test_escapes_what_would_end_a_label() -> None:
    """Backslash, quote and line feed are the three signs that the format escapes."""
    assert rb'{user="a\\b\"c\nd"}' == label_block(("user",), ('a\\b"c\nd',))


def test_leaves_every_other_sign_alone() -> None:
    """Braces, commas, spaces and other scripts need no escape between quotes."""
    assert '{domain="bücher.example, {x}",user=" "}'.encode() == label_block(
        ("domain", "user"), ("bücher.example, {x}", " ")
    )


def test_no_labels_no_braces() -> None:
    """A family without labels has a bare name."""
    assert b"" == label_block((), ())


@given(st.text(max_size=600))
def test_no_label_value_is_over_the_limit(value: str) -> None:
    """Whatever the name, its value is valid UTF-8 of at most 255 bytes."""
    written = label_value(value).replace(b"\\n", b"\n").replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    assert len(written) <= LABEL_VALUE_BYTES
    written.decode()


def test_long_names_stay_distinct() -> None:
    """Two names that differ only beyond the limit are two series."""
    assert label_value("x" * 300 + "a") != label_value("x" * 300 + "b")


def test_a_lone_surrogate_is_written_as_its_escape() -> None:
    """Bytes that were no UTF-8 cannot make the whole scrape undecodable."""
    assert rb"caf\\udce9" == label_value("caf\udce9")


def test_help_is_one_line() -> None:
    """Backslash and line feed are escaped in HELP."""
    assert b"# HELP m a\\\\b\\nc\n# TYPE m gauge\n" == header("m", "gauge", "a\\b\nc")
