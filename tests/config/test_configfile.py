"""The configuration file: every mistake is told at once, with its place and what to do."""

from pathlib import Path

import pytest

from exporter.config import Config
from exporter.configfile import ConfigError, load
from exporter.web.webconfig import WebConfig


def problems(path: Path, text: str) -> list[str]:
    """What is said of a file with `text`, without its directory."""
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path, Config)
    return [problem.replace(str(path), path.name) for problem in caught.value.problems]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """Each mistake is a line with file, line, key and what to do, in the file's order."""
    text = """\
time_zone: Europe/Berln
ledgr: /x
web: {listen: "nope"}
sources:
  - {name: mx1, paths: ["/var/log/mail.log*"], format: dovecot, start: never}
  - name: mx1
    jornal: {units: []}
users: {max: -1, max: 2}
"""
    expected = [
        "c.yaml:1: time_zone: unknown time zone 'Europe/Berln'; use a name like Europe/Berlin",
        "c.yaml:2: ledgr: unknown key; did you mean ledger?",
        'c.yaml:3: web.listen: must be HOST:PORT, for example "127.0.0.1:10110", ":10110" or "[::1]:10110" '
        "(it is 'nope')",
        "c.yaml:5: sources[0].start: must be 'end' or 'beginning' (it is 'never')",
        "c.yaml:7: sources[1].jornal: unknown key; did you mean journal?",
        "c.yaml:8: users.max: given twice; remove one",
    ]
    assert expected == problems(tmp_path / "c.yaml", text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "c.yaml:1: sources: is missing; add it"),
        ("sources: [", "c.yaml:1: not valid YAML: expected the node content, but found '<stream end>'"),
        ("- a", "c.yaml:1: file: must be a mapping, such as time_zone: ... (it is a list)"),
        (
            "sources: [{name: a, paths: [x]}]\nweb: :10110",
            "c.yaml:2: web: must be a mapping, such as listen: ... (it is ':10110')",
        ),
        ("sources: []", "c.yaml:1: sources: is empty; at least one entry is needed"),
        (
            "sources: mail",
            "c.yaml:1: sources: must be a list of entries, each starting with `- name: ...` (it is 'mail')",
        ),
        (
            'sources: [{name: a, paths: "/var/log/mail.log*"}]',
            'c.yaml:1: sources[0].paths: must be a list, even with one entry: ["/var/log/mail.log*"]',
        ),
        (
            "sources:\n- name: a\n  journal: {units: dovecot.service}",
            'c.yaml:3: sources[0].journal.units: must be a list, even with one entry: ["dovecot.service"]',
        ),
        (
            "sources: [{name: a, paths: [x]}]\nweb: {listen: 10110}",
            'c.yaml:2: web.listen: must be HOST:PORT, for example "127.0.0.1:10110", ":10110" or "[::1]:10110" '
            "(it is 10110)",
        ),
        (
            "sources: [{name: a, paths: [x]}]\nweb: {listen: }",
            'c.yaml:2: web.listen: must be HOST:PORT, for example "127.0.0.1:10110", ":10110" or "[::1]:10110" '
            "(it is empty)",
        ),
        (
            "sources: [{name: 7, paths: [x]}]",
            "c.yaml:1: sources[0].name: must be text; put it in quotes (it is 7)",
        ),
        ("sources: [{name: '', paths: [x]}]", "c.yaml:1: sources[0].name: must not be empty"),
        (
            "sources: [{name: a, paths: [x]}]\nusers: {max: many}",
            "c.yaml:2: users.max: must be a whole number, without quotes (it is 'many')",
        ),
        (
            "sources: [{name: a, paths: [x], poll_only: perhaps}]",
            "c.yaml:1: sources[0].poll_only: must be true or false, without quotes (it is 'perhaps')",
        ),
        (
            "sources: [{name: a, paths: [x]}]\ndomains: {listed: 5}",
            'c.yaml:2: domains.listed: must be a list, such as ["..."] (it is 5)',
        ),
        (
            "sources:\n  - name: a\n\tpaths: [x]",
            "c.yaml:3: not valid YAML: found a tab; YAML is indented with spaces only",
        ),
        (
            'sources: [{name: a, paths: ["/var/log/mail\\0.log"]}]',
            "c.yaml:1: sources[0].paths[0]: contains a NUL character; remove it",
        ),
        (
            "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
            "c.yaml: its aliases (*name) expand to too many values; write the values out",
        ),
        (
            "sources: [{name: a, paths: [x]}, {name: a, paths: [y]}]",
            "c.yaml:1: sources[1].name: another source is called a, too; choose another name",
        ),
        (
            "sources:\n- name: a\n  paths: [x]\n  journal: {units: [u]}",
            'c.yaml:2: sources[0]: needs either paths (["/var/log/mail.log*"]) or journal ({units: [dovecot.service]})',
        ),
        (
            "sources:\n- name: a\n  journal: {}",
            "c.yaml:3: sources[0].journal: needs units or identifiers, for example units: [dovecot.service]",
        ),
        (
            "sources: [{name: a, paths: [x]}]\nusers: {series: listed}",
            "c.yaml:2: users: `series: listed` needs the key `listed`: a list of names, or the path of a file"
            " with one name per line",
        ),
        (
            "sources: [{name: a, paths: [x]}]\ndomains: {listed: /nowhere/list}",
            "c.yaml:2: domains.listed: cannot read the list /nowhere/list: No such file or directory "
            "(it is '/nowhere/list')",
        ),
        (
            "sources: [{name: a, paths: [x], server: 2026-13-45}]",
            "c.yaml:1: sources[0].server: looks like a timestamp but is not a valid one; put it in quotes",
        ),
        (
            "ledger: !other /x\nsources: [{name: a, paths: [x]}]",
            "c.yaml:1: ledger: has the unknown tag !other; remove it",
        ),
        ("sources: &all [*all]", "c.yaml: its aliases (*name) expand to too many values; write the values out"),
        (f"sources: {'[' * 2000}{']' * 2000}", "c.yaml: nested too deeply"),
    ],
)
def test_one_mistake(tmp_path: Path, text: str, expected: str) -> None:
    """The message names the place and what to do."""
    assert [expected] == problems(tmp_path / "c.yaml", text)


def test_unreadable_file(tmp_path: Path) -> None:
    """A missing file is one clear line."""
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load(tmp_path / "none.yaml", Config)


def test_not_utf8(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are told with their place."""
    path = tmp_path / "c.yaml"
    path.write_bytes(b"ledger: \xff")
    with pytest.raises(ConfigError, match=r"not UTF-8 \(byte 8\); save it as UTF-8"):
        load(path, Config)


def test_lists_from_a_file(tmp_path: Path) -> None:
    """`listed` takes names inline or a file with one name a line and comments."""
    names = tmp_path / "names"
    names.write_text("# ours\nexample.com\n\nexample.org # the other\n", encoding="utf-8")
    path = tmp_path / "c.yaml"
    path.write_text(f"sources: [{{name: a, paths: [x]}}]\ndomains: {{listed: {names}}}", encoding="utf-8")
    assert ("example.com", "example.org") == load(path, Config).domains.listed


def test_the_shipped_configurations_are_valid() -> None:
    """What deploy/ ships loads as it stands."""
    folder = Path(__file__).parents[2] / "deploy" / "exporter"
    assert ["logs", "mail"] == [
        load(folder / name, Config).sources[0].name for name in ("container.yaml", "config.yaml")
    ]


FRONT = "sources:\n- {name: front, paths: [x]}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            FRONT + "- {name: back, paths: [y], behind: fromt}",
            "c.yaml:3: sources[1].behind: there is no source fromt",
        ),
        (
            FRONT + "- {name: b, paths: [y], behind: front}\n- {name: c, paths: [z], behind: b}",
            "c.yaml:4: sources[2].behind: b is itself behind another source; name that one",
        ),
        (
            "sources: [{name: a, paths: [x], behind: a}]",
            "c.yaml:1: sources[0].behind: a is itself behind another source; name that one",
        ),
        (
            "sources: [{name: a, paths: [x], ignore_addresses: [10.0.0.300]}]",
            "c.yaml:1: sources[0].ignore_addresses[0]: value is not a valid IPv4 or IPv6 network (it is '10.0.0.300')",
        ),
    ],
)
def test_sources_that_know_each_other(tmp_path: Path, text: str, expected: str) -> None:
    """A back end names its proxy's source; probes come from networks."""
    assert [expected] == problems(tmp_path / "c.yaml", text)


def test_no_password_is_told(tmp_path: Path) -> None:
    """What stands where a password's hash should is not shown, whatever it looks like."""
    path = tmp_path / "web.yaml"
    for text in ("basic_auth_users: {alice: 12345}", "basic_auth_users: 12345", "basic_auth_users: [12345]"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            load(path, WebConfig)
        assert "basic_auth_users" in str(caught.value)
        assert "12345" not in str(caught.value)


def test_aliases_that_are_no_trap(tmp_path: Path) -> None:
    """A value written once and used twice is what aliases are for."""
    path = tmp_path / "c.yaml"
    path.write_text("sources: [{name: &n a, paths: &p [x]}, {name: b, server: *n, paths: *p}]", encoding="utf-8")
    assert [("x",), ("x",)] == [source.paths for source in load(path, Config).sources]
