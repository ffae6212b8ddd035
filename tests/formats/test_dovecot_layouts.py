"""Dovecot's settings of its own log: whatever they are, what a line says is found, and a name forges none of it."""

import re
import subprocess
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from exporter.catalogue import Reason
from exporter.envelopes.lines import Sender
from exporter.formats.dovecot import Dovecot, read_message
from exporter.formats.dovecot_elements import process_in, read_any_elements, read_elements
from exporter.formats.dovecot_login import read_any_login, read_login
from exporter.formats.dovecot_mail import read_any_mail, read_mail
from exporter.model import Fact, Kind, Record, Verdict
from exporter.rows import fact_of
from tests.formats.samples import records, sample_files
from tests.tools import SYSTEM_PATH

USER, PROCESS, KEY, ADDRESS = b"alice@example.com", b"71", b"Qz3n1Ip9tsWsFgH4", b"192.0.2.4"
STATS = b"top=0/0, retr=1/700, del=1/2, size=1400"
REASONS = {
    b"Disconnected: Logged out": Reason.LOGOUT,
    b"Disconnected: Connection closed": Reason.CLOSED,
    b"Connection closed: Connection reset by peer": Reason.RESET,
    b"Disconnected for inactivity": Reason.TIMEOUT,
    b"Disconnected: Too many bad commands.": Reason.BAD_COMMANDS,
    b"Disconnected: Couldn't open INBOX: Permission denied (euid=5000(vmail))": Reason.MAILBOX_ERROR,
    b"Server shutting down.": Reason.SHUTDOWN,
}


def read(message: bytes, program: bytes = b"dovecot") -> Fact | Verdict:
    return Dovecot().read(Record(0, b"mx1", program, b"", message))


def end(message: bytes) -> Fact:
    """What an end line says."""
    fact = read(message)
    assert isinstance(fact, Fact), (message, fact)
    assert Kind.END is fact.kind
    return fact


# ── mail_log_prefix ─────────────────────────────────────────────────────────────────────────────────────────

FORMS = {
    "user": (b"(%b)", b"user=%b", b"user=<%b>", b"[%b]", b" %b", b"user %b", b"<%b>"),
    "process": (b"<%b>", b"[%b]", b"(%b)", b"pid=%b", b"pid %b", b" %b"),
    "key": (b"<%b>", b"session=<%b>", b"session=%b", b"(%b)", b"[%b]", b" %b"),
    "rip": (b"(%b)", b"[%b]", b"ip=[%b]", b"rip=%b", b" %b", b"<%b>"),
    "lip": (b"lip=%b", b" %b"),
    "auth": (b"auth_user=%b",),
    "word": (b"%b",),
}
VALUES = {
    "user": USER, "process": PROCESS, "key": KEY, "rip": ADDRESS, "lip": b"2001:db8::1:2",
    "auth": b"admin@example.com", "word": b"node1",
}  # fmt: skip


@st.composite
def prefixes(draw: st.DrawFn) -> tuple[bytes, set[str]]:
    """A `mail_log_prefix` as it is printed, and what it holds."""
    kinds = draw(st.lists(st.sampled_from(sorted(FORMS)), unique=True, min_size=1, max_size=6))
    service = draw(st.sampled_from((b"pop3", b"POP3", b"service=pop3")))
    text = service
    for kind in kinds:
        form = draw(st.sampled_from(FORMS[kind]))
        joint = draw(st.sampled_from((b" ", b", ", b"")))
        bracketed = form[:1] in (b"(", b"<", b"[") and text[-1:] not in (b"=", b" ")
        text += (joint if bracketed or joint else b" ") + (form % VALUES[kind])
    if draw(st.booleans()):
        text = draw(st.sampled_from((b"node1 ", b"[71] ", b"192.0.2.1 "))) + text
    return text + draw(st.sampled_from((b": ", b". ", b" "))), set(kinds)


@given(prefixes(), st.sampled_from(sorted(REASONS)), st.sampled_from((b"", b"Info: ")))
def test_an_end_is_read_behind_any_prefix(prefix: tuple[bytes, set[str]], reason: bytes, level: bytes) -> None:
    """User, process and session are found in any order and brackets; an address or a process is never the user."""
    text, kinds = prefix
    assume(not re.match(rb"pop3\(71\): ", text, re.IGNORECASE))  # the name may be a number: see below
    fact = end(text + level + reason + b" " + STATS + b", in=50, out=900")
    assert (REASONS[reason], 50, 900, True) == (fact.reason, fact.received, fact.sent, fact.ok)
    if "user" in kinds:
        assert USER == fact.user
    assert fact.user not in (PROCESS, ADDRESS, KEY, VALUES["lip"], VALUES["auth"])
    if "process" in kinds:
        assert PROCESS == fact.process
    if "key" in kinds:
        assert KEY == fact.key
    assert (fact.key is None) == fact.by_user


@pytest.mark.parametrize(
    ("prefix", "user"),
    [
        (b"pop3(pid 1501 user alice): ", b"alice"),
        (b"pop3(alice,192.0.2.4): ", b"alice"),
        (b"pop3(192.0.2.4 alice): ", b"alice"),
        (b"pop3(alice/71): ", b"alice"),
        (b"pop3(alice, alice): ", b"alice"),
        (b"pop3(John Doe): ", b"John Doe"),
        (b"pop3(John Doe)<71><abc>: ", b"John Doe"),
        (b"pop3(o'hara (sales))<71><abc>: ", b"o'hara (sales)"),
        (b"pop3(4711)<71><abc>: ", b"4711"),
        (b"pop3: alice: ", b"alice"),
        (b"[71] pop3 alice: ", b"alice"),
        (b"alice(71): ", b"alice"),
        (b"<pop3> <alice>: ", b"alice"),
        (b"pop3<71>: ", None),
        (b"pop3(2001:db8::1): ", None),
        (b"pop3: ", None),
    ],
)
def test_the_name_of_a_prefix(prefix: bytes, user: bytes | None) -> None:
    """Also where it has no domain, or is a number; where there is none, nothing stands in for it."""
    assert user == end(prefix + b"Disconnected: Logged out " + STATS).user


def test_a_number_alone_is_a_process_or_a_name() -> None:
    """One line does not tell which: the process is looked for first, and an end brings nobody into being."""
    fact = end(b"pop3(4711): Disconnected: Logged out " + STATS)
    assert (b"4711", b"4711", True) == (fact.user, fact.process, fact.ok)


@given(st.text(alphabet="abc@.-_'+ ():<>[]=,", min_size=1, max_size=30).map(str.encode))
def test_a_name_in_the_documented_prefix_forges_no_session(name: bytes) -> None:
    """Whatever it is called, a session that the log names is its own."""
    fact = read(b"pop3(%b)<71><%b>: Disconnected: Logged out " % (name, KEY) + STATS)
    assert isinstance(fact, Fact)
    assert fact.key == KEY or re.search(rb"[<=]", name)
    if not re.search(rb"[<>()\[\]=:,\s]", name):
        assert (name, PROCESS, KEY) == (fact.user, fact.process, fact.key)


# ── pop3_logout_format ──────────────────────────────────────────────────────────────────────────────────────

SINGLE = {"in": (b"in=50", b"rcvd=50", b"input=50", b"i=50"), "out": (b"out=900", b"sent=900", b"output=900", b"o=900")}
OTHER = (b"top=0/0", b"retr=1/700", b"del=1/2", b"size=1400", b"deleted_bytes=0", b"rip=192.0.2.4", b"uidl=3/9")


@st.composite
def formats(draw: st.DrawFn) -> bytes:
    """A `pop3_logout_format` with bytes in and out, as it is printed."""
    if draw(st.booleans()):
        told = [b"bytes=50/900"]
    else:
        told = [draw(st.sampled_from(SINGLE["in"])), draw(st.sampled_from(SINGLE["out"]))]
    others = draw(st.lists(st.sampled_from(OTHER), unique=True, max_size=5))
    joint = draw(st.sampled_from((b", ", b" ", b"; ", b" | ", b",", b" - ")))
    text = joint.join(draw(st.permutations([*told, *others])))
    return b"(%b)" % text if draw(st.booleans()) else text


@given(formats(), st.sampled_from(sorted(REASONS)))
def test_bytes_are_found_wherever_they_stand(stats: bytes, reason: bytes) -> None:
    """In any order, with any separator, behind any reason."""
    fact = end(b"pop3(alice@example.com)<71><abc>: " + reason + b" " + stats)
    assert (REASONS[reason], 50, 900, "bytes") == (fact.reason, fact.received, fact.sent, fact.trait)


def test_bytes_before_the_reason() -> None:
    """Also those are the server's own."""
    fact = end(b"pop3(alice@example.com)<71><abc>: in=50 out=900 Disconnected: Logged out")
    assert (Reason.LOGOUT, 50, 900) == (fact.reason, fact.received, fact.sent)


@given(st.permutations([b"top=1/20", b"retr=1/700", b"del=1/2", b"size=1400"]))
def test_without_bytes_the_messages_are_summed(stats: list[bytes]) -> None:
    """In any order."""
    fact = end(b"pop3(alice@example.com)<71><abc>: Disconnected: Logged out " + b", ".join(stats))
    assert (None, 720, "no_bytes") == (fact.received, fact.sent, fact.trait)


def test_a_session_in_the_statistics_is_the_key() -> None:
    """Where the prefix has none; else that of the prefix."""
    stats = STATS + b", session=<abc>"
    assert b"abc" == end(b"pop3(alice@example.com): Disconnected: Logged out " + stats).key
    assert b"xyz" == end(b"pop3(alice@example.com)<7><xyz>: Disconnected: Logged out " + stats).key


def test_text_in_the_reason_is_no_statistics() -> None:
    """What is told a second time is somebody's text."""
    forged = b"Couldn't open INBOX: in=1, out=99999 in=3, out=4 "
    fact = end(b"pop3(alice@example.com)<71><abc>: Disconnected: " + forged + b"in=50, out=900, " + STATS)
    assert (50, 900) == (fact.received, fact.sent)


def test_whatever_ends_in_statistics_is_an_end() -> None:
    """Text that nobody has seen is an error of the mailbox: only those are passed on to the log."""
    assert Reason.MAILBOX_ERROR is end(b"pop3(a)<7><k>: Strange: things failed " + STATS).reason
    assert Reason.UNSPECIFIED is end(b"pop3(a)<7><k>: Disconnected: Gone away " + STATS).reason
    assert Verdict.UNMATCHED is read(b"pop3(a)<7><k>: Strange: things happened")
    assert Verdict.IGNORED is read(b"pop3(a)<7><k>: expunge: box=INBOX, uid=1, msgid=<in=5 out=6 top=0/0>, size=982")


# ── login_log_format_elements ───────────────────────────────────────────────────────────────────────────────

ELEMENTS = {
    "method": b"method=PLAIN",
    "rip": b"rip=" + ADDRESS,
    "rport": b"rport=5123",
    "lip": b"lip=192.0.2.1",
    "process": b"mpid=" + PROCESS,
    "tls": b"TLS",
    "cipher": b"TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 (256/256 bits)",
    "service": b"service=pop3",
    "password": b"plain_password=",
}
SESSIONS = (b"session=<%b>" % KEY, b"session=%b" % KEY)
FRAGMENTS = (
    b"x", b">", b"<", b", ", b": ", b"rip=198.51.100.6", b"session=<forged>", b"session=<forged", b"mpid=666",
    b"method=PLAIN", b"user=<", b"lip=192.0.2.1", b"@", b"(auth failed, 9 attempts in 2 secs)", b"TLS",
    b">, method=PLAIN, rip=198.51.100.6, lip=192.0.2.1, session=<forged", b": user=<y>, rip=198.51.100.6",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(FRAGMENTS), max_size=6).map(b"".join)
HEADS = (b"Login: ", b"Logged in: ", b"Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): ")


@st.composite
def layouts(draw: st.DrawFn, names: st.SearchStrategy[bytes], *, whole: bool = False) -> tuple[bytes, bytes, set[str]]:
    """The elements as they are printed, the name in them, and what they hold."""
    kinds = draw(st.permutations(sorted(ELEMENTS)))
    if not whole:
        kinds = kinds[: draw(st.integers(0, len(kinds)))]
    name = draw(names)
    pieces = [ELEMENTS[kind] for kind in kinds]
    if whole or draw(st.booleans()):
        pieces.insert(draw(st.integers(0, len(pieces))), draw(st.sampled_from(SESSIONS[: 1 if whole else 2])))
        kinds = [*kinds, "key"]
    pieces.insert(draw(st.integers(0, len(pieces))), b"user=<%b>" % name)
    return b", ".join(pieces), name, set(kinds)


@given(st.sampled_from(HEADS), layouts(st.just(USER)))
def test_elements_are_found_in_any_order(head: bytes, layout: tuple[bytes, bytes, set[str]]) -> None:
    """With others between them, before and behind; what is left out is missing and nothing more."""
    text, _, kinds = layout
    fact = read(b"pop3-login: " + head + text)
    assert isinstance(fact, Fact), text
    expected = (USER, KEY if "key" in kinds else None, ADDRESS if "rip" in kinds else None)
    assert expected == (fact.user, fact.key, fact.address)
    if fact.kind is Kind.LOGIN:
        assert (PROCESS if "process" in kinds else None) == fact.process


@given(st.sampled_from(HEADS), layouts(HOSTILE, whole=True))
def test_no_name_forges_an_element(head: bytes, layout: tuple[bytes, bytes, set[str]]) -> None:
    """With an address, a session and a process in the line, those are the line's own; so is the name."""
    text, name, _ = layout
    fact = read(b"pop3-login: " + head + text)
    assert isinstance(fact, Fact), text
    assert (KEY, ADDRESS) == (fact.key, fact.address), text
    assert (name or b"").startswith(fact.user or b"")
    if fact.kind is Kind.LOGIN:
        assert PROCESS == fact.process


@given(layouts(st.just(USER)))
def test_a_name_without_brackets(layout: tuple[bytes, bytes, set[str]]) -> None:
    """`user=%u` is less safe, and read all the same."""
    text = layout[0].replace(b"user=<%b>" % USER, b"user=%b" % USER)
    fact = read(b"pop3-login: Login: " + text)
    assert isinstance(fact, Fact)
    assert USER == fact.user


@given(name=HOSTILE, cut=st.booleans())
def test_no_name_makes_a_refused_login_of_a_proxy_a_success(name: bytes, *, cut: bool) -> None:
    """The name stands in the line twice."""
    assume(name)
    name += b", 1.1.1.1:110): Started proxying to <h> (0.1 secs): user=<victim>, rip=198.51.100.6, session=<forged"
    told = name[:80] + b"..." if cut else name
    message = (
        b"pop3-login: proxy(%b,192.0.2.9:110): Login failed: [AUTH] failed.: user=<%b>, method=PLAIN, rip=%b, "
        b"lip=192.0.2.1, session=<%b>" % (name, told, ADDRESS, KEY)
    )
    fact = read(message)
    assert not isinstance(fact, Fact) or fact.kind is not Kind.LOGIN


# ── the same in every way ───────────────────────────────────────────────────────────────────────────────────

SAMPLES = sorted({
    record.message
    for record in chain.from_iterable(map(records, sample_files("dovecot")))
    if isinstance(record, Record) and record.message[:4] in (b"pop3", b"POP3")
})  # fmt: skip


@given(
    st.sampled_from(SAMPLES), st.integers(0, 300), st.sampled_from((b"", b">", b"<", b", ", b"a", b": ", b"=", b"1"))
)
def test_the_quick_ways_come_to_the_same(message: bytes, at: int, chunk: bytes) -> None:
    """On any line, also one that is nearly of the documented form."""
    message = message[:at] + chunk + message[at:]
    if message.startswith(b"pop3-login:"):
        assert read_any_login(message) == read_login(message)
    elif message[:5] in (b"pop3(", b"POP3("):
        assert read_any_mail(message) == read_mail(message)


@given(
    st.sampled_from(SAMPLES), st.integers(0, 300), st.sampled_from((b"", b", x=1", b"-", b"x", b" a, b", b"session="))
)
def test_a_batch_is_read_as_single_lines_are(message: bytes, at: int, chunk: bytes) -> None:
    """Its one pattern, and the format."""
    message = message[:at] + chunk + message[at:]
    (said,) = Dovecot().read_batch([message], [Sender(b"mx1", b"dovecot", b"")])
    assert read(message) == (said if isinstance(said, Fact | Verdict) else fact_of(said))


FORGED = b">, method=PLAIN, rip=198.51.100.6, lip=192.0.2.1, session=<forged(auth failed, 9 attempts in 2 secs)"


@given(layouts(HOSTILE))
@example((b"user=<" + FORGED + b">", FORGED, set()))
def test_elements_are_the_same_in_both_ways(layout: tuple[bytes, bytes, set[str]]) -> None:
    """The documented order is only quicker."""
    general, quick = read_any_elements(layout[0]), read_elements(layout[0])
    assert general is not None
    assert quick is not None
    assert general[:3] == quick[:3]
    assert process_in(general.tail) == process_in(quick.tail)


def test_the_first_line_of_a_kind_is_read_like_the_others() -> None:
    """Nothing depends on what was read before: one more element behind the name, a head nobody has seen."""
    for seconds in range(3):
        message = (
            b"pop3-login: Disconnected (auth failed, 1 attempts in 97%d secs): user=<bob>, service=pop3, " % seconds
        )
        told = [read(message + b"method=PLAIN, rip=192.0.2.4, lip=192.0.2.1, session=<k>") for _ in range(2)]
        assert isinstance(told[0], Fact)
        assert told[0] == told[1]


# ── whose lines these are ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("program", [b"", b"dovecot", b"mail-edge", b"docker/dovecot", b"8f3c2a1b9d0e", b"mailserver"])
def test_the_programs_name_is_no_filter(program: bytes) -> None:
    """Nor what `auto` needs to know Dovecot."""
    login = b"pop3-login: Login: user=<alice@example.com>, method=PLAIN, rip=192.0.2.4, session=<k>"
    for message in (login, b"pop3(alice@example.com)<7><k>: Disconnected: Logged out " + STATS, b"Info: " + login):
        record = Record(0, b"mx1", program, b"", message)
        assert isinstance(Dovecot().read(record), Fact)
        assert Dovecot().recognises(record)


@pytest.mark.parametrize(
    "message",
    [
        b"Wed 2026-03-25 10:31:52 CET mx1 dovecot[1234]: pop3-login: Login: user=<a>, rip=192.0.2.4, session=<k>",
        b"[mail] dovecot: pop3(alice)<7><k>: Disconnected: Logged out " + STATS,
        b"pop3-login: Something new",
        b"pop3(alice)<7><k>: Something new",
    ],
)
def test_nothing_plain_is_ignored(message: bytes) -> None:
    """A line of a known process without a known meaning, or in an envelope that nobody knows, is told."""
    assert Verdict.UNMATCHED is read(message)


def test_an_end_is_one_also_where_the_service_is_a_part_of_a_word() -> None:
    """It joins nobody, and so is told as an orphan."""
    assert end(b"pop3-alice: Disconnected: Logged out " + STATS).ok


@pytest.mark.parametrize(
    "message",
    [
        b"NOQUEUE: RCPT from pop3.example.com[192.0.2.4]: helo=<pop3(alice): Disconnected: Logged out in=5, out=6>",
        b"pop3 service init from 192.0.2.4",
        b"imap(alice pop3(bob): Disconnected: Logged out)<7><k>: Disconnected: Logged out in=5 out=6",
        b"connect from mail.example.com[192.0.2.4]",
    ],
)
def test_other_programs_say_nothing(message: bytes) -> None:
    """Whatever they repeat of a client's text."""
    assert Verdict.IGNORED is read(message, b"postfix/smtpd")


def test_a_level_before_the_process_is_taken_off_once() -> None:
    """1.x; what a name holds is not."""
    message = b"Info: POP3(a: b): Disconnected: Logged out " + STATS
    assert read_message(message[6:]) == read_message(message)


# ── advice ──────────────────────────────────────────────────────────────────────────────────────────────────


def doveconf(*arguments: str | Path) -> tuple[str, str]:
    """What it prints, and what it complains of."""
    ran = subprocess.run(
        ["doveconf", *arguments], capture_output=True, text=True, check=False, env={"PATH": SYSTEM_PATH}
    )
    return ran.stdout, ran.stderr


@pytest.mark.tool("doveconf")
def test_dovecot_takes_the_settings_that_we_advise(tmp_path: Path) -> None:
    """An operator pastes them as they stand; what Dovecot refuses would keep it from starting."""
    advice = Dovecot().documentation.advice
    of_23, of_24 = re.findall(r"`([^`]+)`", advice["bytes"])
    verbose = re.findall(r"`([^`]+)`", advice["auth_verbose"])
    is_24 = "2.4" in "".join(doveconf("-n", "-c", "/dev/null"))
    head = ["dovecot_config_version = 2.4.0", "dovecot_storage_version = 2.4.0"] if is_24 else []
    logout = of_24 if is_24 else of_23
    file = tmp_path / "dovecot.conf"
    file.write_text("\n".join([*head, "protocols = pop3", logout, *verbose, ""]), encoding="utf-8")
    wanted = logout.partition(" = ")[0], "auth_verbose"
    assert (f"{logout}\nauth_verbose = yes\n", "") == doveconf("-c", file, *wanted)
