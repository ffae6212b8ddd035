"""access.yaml: whose rights are whose, what is a mistake, and what happens when the file goes bad."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.configfile import ConfigError
from exporter.gateway.access import Access, AccessList, Entry, Rights
from exporter.gateway.identity import Identity
from exporter.gateway.refusal import Refusal

ALICE = Identity(2, "user:7", "user", "alice", "Alice@Mail.example", email_verified=True, role="Viewer")
GOOD = """
access:
  - {organisation: 1, role: Admin, administrator: true}
  - {organisation: 2, login: alice, domains: [b.example, a.example]}
"""


def access(tmp_path: Path, text: str = GOOD) -> Access:
    (tmp_path / "access.yaml").write_text(text)
    return Access(tmp_path / "access.yaml")


def granted(entry: str, one: Identity, tmp_path: Path) -> Rights | int:
    """The rights that a single entry gives somebody, or the status of the refusal."""
    try:
        return access(tmp_path, f"access:\n  - {{{entry}}}\n").rights(one)
    except Refusal as refusal:
        return refusal.code


def replaced(one: Identity, **changed: object) -> Identity:
    return Identity(**({name: getattr(one, name) for name in Identity.__slots__} | changed))


HERS = Rights(administrator=False, domains=("a.example",))
MATCHES = {
    "her login": ("login: alice", ALICE, HERS),
    "her login in another case": ("login: Alice", ALICE, 403),
    "a login that begins like hers": ("login: ali", ALICE, 403),
    "her login in another organisation": ("login: alice", replaced(ALICE, organisation=3), 403),
    "her number": ('subject: "user:7"', ALICE, HERS),
    "her number elsewhere": ('subject: "user:7"', replaced(ALICE, organisation=1), 403),
    "another number": ('subject: "user:70"', ALICE, 403),
    "a service account of her number": (
        'subject: "user:7"',
        replaced(ALICE, kind="service-account", subject="service-account:7"),
        403,
    ),
    "a service account by its own": (
        'subject: "service-account:7"',
        replaced(ALICE, kind="service-account", subject="service-account:7"),
        HERS,
    ),
    "her role": ("role: Viewer", ALICE, HERS),
    "another role": ("role: Admin", ALICE, 403),
    "her role elsewhere": ("role: Viewer", replaced(ALICE, organisation=1), 403),
    "a visitor with her role": ("role: Viewer", replaced(ALICE, kind="anonymous", subject="anonymous:0"), 403),
    "a key with her login": ("login: alice", replaced(ALICE, kind="api-key", subject="api-key:1"), 403),
    "her e-mail": ("email: alice@mail.example", ALICE, HERS),
    "her e-mail, not verified": ("email: alice@mail.example", replaced(ALICE, email_verified=False), 403),
    "an e-mail that folds into hers": (
        "email: straße@mail.example",
        replaced(ALICE, email="strasse@mail.example"),
        403,
    ),
    "an e-mail with a letter like hers": (
        "email: kate@mail.example",
        replaced(ALICE, email="\u212aate@mail.example"),
        403,
    ),
    "another e-mail": ("email: bob@mail.example", ALICE, 403),
}


@pytest.mark.parametrize("name", MATCHES)
def test_an_entry_is_for_whom_it_says(name: str, tmp_path: Path) -> None:
    """By exactly one thing, and only in its own organisation."""
    who, one, expected = MATCHES[name]
    assert expected == granted(f"organisation: 2, {who}, domains: [a.example]", one, tmp_path)


def test_several_entries_add_up(tmp_path: Path) -> None:
    """Domains by login and by role together; an administrator by one of them is one."""
    text = GOOD + "  - {organisation: 2, role: Viewer, domains: [c.example]}\n"
    assert Rights(administrator=False, domains=("a.example", "b.example", "c.example")) == access(
        tmp_path, text
    ).rights(ALICE)
    text += '  - {organisation: 2, subject: "user:7", administrator: true}\n'
    assert Rights(administrator=True) == access(tmp_path, text).rights(ALICE)


def test_an_empty_list_lets_nobody_in(tmp_path: Path) -> None:
    """It is a good file."""
    with pytest.raises(Refusal, match="you have no access to any domain"):
        access(tmp_path, "access: []\n").rights(ALICE)


MISTAKES = {
    "{login: alice, domains: [a.example]}": "access[0].organisation: is missing; add it",
    "{organisation: 2, domains: [a.example]}": "access[0]: give exactly one of login, email, role, subject",
    "{organisation: 2, login: a, role: Viewer, domains: [a.example]}": "access[0]: give exactly one of login,",
    "{organisation: 2, login: a}": "access[0]: give either administrator: true or domains: [...]",
    "{organisation: 2, login: a, administrator: true, domains: [a.example]}": "access[0]: give either administrator:",
    "{organisation: 2, login: a, domains: []}": "access[0]: give either administrator: true or domains: [...]",
    "{organisation: 2, login: a, administrator: 'true'}": "access[0].administrator: must be true or false",
    "{organisation: '2', login: a, domains: [a.example]}": "access[0].organisation: must be a whole number",
    "{organisation: 0, login: a, domains: [a.example]}": "access[0].organisation: must be greater than",
    "{organisation: 2, login: '', domains: [a.example]}": "access[0].login: must not be empty",
    "{organisation: 2, role: Owner, domains: [a.example]}": "access[0].role: must be 'Viewer', 'Editor'",
    "{organisation: 2, subject: 7, domains: [a.example]}": "access[0].subject: must be text; put it in quotes",
    "{organisation: 2, subject: alice, domains: [a.example]}": "access[0].subject: string should match pattern",
    "{organisation: 2, login: a, domains: ['a.example,b.example']}": "access[0].domains[0]: must be a domain in lower",
    "{organisation: 2, login: a, domains: [A.example]}": "access[0].domains[0]: must be a domain in lower case",
    "{organisation: 2, login: a, domains: [a.example, 'a b']}": "access[0].domains[1]: must be a domain in lower case",
    "{organisation: 2, login: a, domains: ['*.a.example']}": "access[0].domains[0]: must be a domain in lower case",
    "{organisation: 2, login: a, domains: ['.*']}": "access[0].domains[0]: must be a domain in lower case",
    "{organisation: 2, login: a, domains: [unknown]}": "access[0].domains[0]: is not a real domain",
    "{organisation: 2, login: a, domains: [_other]}": "access[0].domains[0]: is not a real domain",
    "{organisation: 2, login: a, domain: a.example}": "access[0].domain: unknown key; did you mean domains?",
    "{organisation: 2, login: a, domains: [a.example]}\n  - {organisation: 2, login: a, domains: [b.example]}": (
        "access[1]: login a of organisation 2 is listed twice"
    ),
}


@pytest.mark.parametrize("entry", MISTAKES)
def test_every_mistake_is_told_with_its_line(entry: str, tmp_path: Path) -> None:
    """File, line, key and what to do."""
    with pytest.raises(ConfigError) as caught:
        access(tmp_path, f"# rights\naccess:\n  - {entry}\n")
    told = "\n".join(caught.value.problems)
    assert MISTAKES[entry] in told
    line = 4 if "listed twice" in told else 3
    assert told.startswith(f"{tmp_path}/access.yaml:{line}: ")


def changed(tmp_path: Path, text: str, seconds: int) -> None:
    path = tmp_path / "access.yaml"
    path.write_text(text)
    os.utime(path, (seconds, seconds))  # as if written at another time, whatever the file system's clock


def test_a_changed_file_holds_at_once(tmp_path: Path) -> None:
    """The next question is answered by the new rights."""
    held = access(tmp_path)
    assert ("a.example", "b.example") == held.rights(ALICE).domains
    changed(tmp_path, GOOD.replace("b.example, ", ""), 1)
    assert ("a.example",) == held.rights(ALICE).domains


@pytest.mark.parametrize("text", ["access: [", "access: 3", "", "access:\n  - {organisation: 1}\n", None])
def test_a_file_that_went_bad_lets_nobody_in(text: str | None, tmp_path: Path) -> None:
    """Not with the old rights either, and with the new ones as soon as it is good again."""
    held = access(tmp_path)
    if text is None:
        (tmp_path / "access.yaml").unlink()
    else:
        changed(tmp_path, text, 1)
    with pytest.raises(Refusal) as caught:
        held.rights(ALICE)
    assert (503, False, 0) == (caught.value.code, held.is_good, held.size)
    changed(tmp_path, GOOD, 2)
    assert ("a.example", "b.example") == held.rights(ALICE).domains


def test_a_change_of_the_same_size_and_time_holds(tmp_path: Path) -> None:
    """A copy may keep both, and two changes may fall into one tick of the file system's clock."""
    held = access(tmp_path)
    path = tmp_path / "access.yaml"
    before = path.stat()
    for domain in ("c.example", "d.example", "e.example"):
        path.write_text(GOOD.replace("b.example", domain))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert ("a.example", domain) == held.rights(ALICE).domains
    assert before.st_size == path.stat().st_size


def test_a_file_that_becomes_readable_holds(tmp_path: Path) -> None:
    """Also where only its permissions, or those of something before it, were changed."""
    held = access(tmp_path, GOOD)
    real, path = tmp_path / "real.yaml", tmp_path / "access.yaml"
    path.rename(real)
    path.mkdir()
    with pytest.raises(Refusal):
        held.rights(ALICE)
    path.rmdir()
    path.symlink_to(real)
    assert ("a.example", "b.example") == held.rights(ALICE).domains
    (tmp_path / "other.yaml").write_text(GOOD.replace("b.example", "c.example"))
    (tmp_path / "new").symlink_to(tmp_path / "other.yaml")
    (tmp_path / "new").replace(path)
    assert ("a.example", "c.example") == held.rights(ALICE).domains


def test_a_settled_file_is_not_read_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the number of questions, one line of the log for a change."""
    held = access(tmp_path)
    (tmp_path / "access.yaml").write_text(GOOD.replace("b.example", "c.example"))
    with caplog.at_level("INFO"):
        for _ in range(10):
            held.rights(ALICE)
    assert ["access file reloaded: 2 entries"] == [record.getMessage() for record in caplog.records]


IDENTITIES = st.builds(
    Identity,
    organisation=st.integers(1, 3),
    subject=st.sampled_from(["user:1", "user:2", "service-account:1"]),
    kind=st.sampled_from(["user", "service-account", "anonymous"]),
    login=st.sampled_from(["", "alice", "bob"]),
    email=st.sampled_from(["", "a@x", "b@x"]),
    email_verified=st.booleans(),
    role=st.sampled_from(["", "Viewer", "Admin"]),
)


@given(IDENTITIES, st.lists(st.integers(1, 3), min_size=1))
def test_nothing_but_the_own_organisation_gives_rights(one: Identity, organisations: list[int]) -> None:
    """Whoever it is: entries of other organisations never match."""
    entries = [
        Entry.model_validate({"organisation": number, **who, "domains": ["a.example"]})
        for number in organisations
        for who in ({"login": "alice"}, {"role": "Viewer"}, {"email": "a@x"}, {"subject": "user:1"})
    ]
    matching = [entry for entry in entries if entry.matches(one)]
    assert {one.organisation} >= {entry.organisation for entry in matching}
    assert AccessList(access=()).access == ()
