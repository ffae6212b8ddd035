"""What is sent in tells nothing of anybody: names, addresses and passwords, in any line of any server."""

import ipaddress
import json
import re
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from exporter.cli.masking import Mask
from exporter.formats import FORMATS
from exporter.formats.contract import Format
from exporter.model import Fact, Record
from tests.cli.running import Run
from tests.formats.samples import records, sample_files

SAMPLES = [(form, path) for form in FORMATS for path in sample_files(form.name)]
IDS = [f"{form.name}-{path.stem}" for form, path in SAMPLES]
LINES = 60
SESSION = "qkgqxaLBVHIAAAAAAAAAAAAAAB"
STAMP = b"2026-11-22T08:00:00.000000+00:00 mx1 dovecot: "


@st.composite
def people(draw: st.DrawFn) -> dict[str, str]:
    """Somebody whom no sample knows, and what is known of him."""
    user = draw(st.from_regex(r"zq[a-z\u00e4\u0436]{2}[a-z0-9._-]{0,6}[a-z0-9]", fullmatch=True))
    password = draw(st.from_regex(r"Pw[A-Za-z0-9!$%&/?+#;:)(.-]{4,8}[a-z]", fullmatch=True))
    domain = draw(st.from_regex(r"zq[a-z]{3,6}\.(com|de|co\.uk|example)", fullmatch=True))
    v4 = draw(st.integers(20 << 24, 120 << 24).map(ipaddress.IPv4Address))
    v6 = draw(st.integers(0x2A00 << 112, 0x2A0F << 112).map(ipaddress.IPv6Address))
    return {"user": user, "domain": domain, "password": password, "v4": str(v4), "v6": str(v6)}


def said(one: dict[str, str]) -> list[str]:
    """Lines that no rule takes, with all of it where servers write it."""
    user, domain, password, v4, v6 = one.values()
    mail = f"{user}@{domain}"
    return [
        f"pop3-login: Frobnicated {mail} from {v4}:5500 and [{v6}]:995 and ::ffff:{v4}",
        f"pop3-login: Odd ending of user={user}, rip={v6}, plain_password={password}, TLS, session=<{SESSION}>",
        f"pop3-login: Odd ending of user=<{mail}>: rip=::ffff:{v4}, password='{password}'",
        f"auth: sql({mail},{v4},<abc>): Password mismatch (given password: {password})",
        f"auth: frobnication for \"{user}\" at '{domain}' failed",
        f"pop3(frob): stat(/var/vmail/{domain}/{user}/Maildir) failed: Permission denied",
        f"vchkpw-pop3: password fail (pass: '{password}') {mail}:{v4}",
        f"RECEIVED: PASS {password}",
        f"client said USER {user}",
        f"AUTH PLAIN {_sasl(mail, password)}",
        # Dovecot's auth_debug_passwords, with tabs as they are and as rsyslog writes them.
        *(
            line.replace("|", tab)
            for tab in ("\t", "#011")
            for line in (
                f"auth: Debug: client in: AUTH|1|PLAIN|service=pop3|rip={v6}|resp={_sasl(mail, password)}",
                f"auth: Debug: client in: CONT|1|{_sasl(mail, password)} (may contain sensitive data)",
                f"auth: Debug: client passdb out: OK|1|user={mail}|original_user={user}|pass={password}",
                f"auth: Debug: client passdb out: FAIL|1|user={user}|temp",
                f"auth: Debug: master userdb out: USER|1|{user}|uid=5000",
            )
        ),
        f"auth: Debug: password({user},{v4}): Credentials: {password.encode().hex()}",
        f"auth: Debug: anything({user},{v4},<{SESSION}>): lookup",
        f"RECEIVED: {b64encode(user.encode()).decode()}",
    ]


def _sasl(mail: str, password: str) -> str:
    return b64encode(f"{chr(0)}{mail}{chr(0)}{password}".encode()).decode()


def planted(form: Format, path: Path, one: dict[str, str]) -> bytes:
    """A sample whose users and clients are all `one`."""
    text = b"\n".join(path.read_bytes().splitlines()[:LINES])
    facts = [form.read(record) for record in records(path) if isinstance(record, Record)]
    users = {fact.user for fact in facts if isinstance(fact, Fact) and fact.user}
    clients = {fact.address for fact in facts if isinstance(fact, Fact) and fact.address}
    for user in sorted(users, key=len, reverse=True):
        if re.fullmatch(rb"[a-z.]{3,}(@[a-z.]+)?", user) and user not in (b"info", b"user"):
            name = f"{one['user']}@{one['domain']}" if b"@" in user else one["user"]
            text = re.sub(rb"(?<![\w.@])" + re.escape(user) + rb"(?![\w@])", name.encode(), text)
    for number, address in enumerate(sorted(clients, key=len, reverse=True)):
        bare = address.removeprefix(b"::ffff:")
        if bare not in (b"127.0.0.1", b"::1"):
            new = one["v6" if number % 2 and bare == address else "v4"]
            text = re.sub(rb"(?<![\w.])" + re.escape(bare) + rb"(?![\w.])", new.encode(), text)
    return text + b"\n" + b"".join(STAMP + line.encode() + b"\n" for line in said(one))


def leaks(output: str, one: dict[str, str]) -> list[str]:
    """What of it stands in the output, however it is written there."""
    written = {json.dumps(secret)[1:-1].lower() for secret in one.values()} | {
        secret.lower() for secret in one.values()
    }
    written |= {ipaddress.IPv6Address(one["v6"]).exploded, b64encode(one["user"].encode()).decode().lower()}
    written |= {_sasl(f"{one['user']}@{one['domain']}", one["password"]).lower(), one["password"].encode().hex()}
    return [f"{secret}: {line}" for line in output.splitlines() for secret in sorted(written) if secret in line.lower()]


@pytest.mark.parametrize(("form", "path"), SAMPLES, ids=IDS)
@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.generate],
)
@given(one=people())
def test_nothing_of_anybody_is_in_the_output(
    pop3: Run, tmp_path: Path, form: Format, path: Path, one: dict[str, str]
) -> None:
    """Every server's samples with a stranger planted in them, and lines that nobody understands."""
    log = tmp_path / path.name
    log.write_bytes(planted(form, path, one))
    assert one["user"] in log.read_text(encoding="utf-8", errors="replace")
    ran = pop3("parse", "--masked", "--format", form.name, log)
    assert 0 == ran.code
    assert [] == leaks(ran.out, one)


NO_DIGIT = {"user": "zqe\u00e4740", "domain": "zqaaa.com", "password": "Pw0000a", "v4": "20.0.0.0", "v6": "2a00::"}


@settings(max_examples=60, deadline=None, phases=[Phase.explicit, Phase.generate])
@example(one=NO_DIGIT)  # its answer to a challenge is not ASCII, and has no digit in base64
@given(one=people())
def test_lines_that_nobody_understands_tell_nothing(one: dict[str, str]) -> None:
    """Each by itself, without a line that a parser took."""
    for line in said(one)[:-1]:
        mask = Mask()
        assert [] == leaks(mask.text(line), one)


@pytest.mark.parametrize("escape", [False, True])
@settings(max_examples=40, deadline=None, phases=[Phase.generate])
@given(one=people())
def test_lines_in_a_containers_log_tell_nothing(escape: bool, one: dict[str, str]) -> None:  # noqa: FBT001 - a case
    """As JSON, with `<` as Docker writes it."""
    for line in said(one)[:-1]:
        text = json.dumps({"log": f"{line}\n", "stream": "stderr"}, ensure_ascii=escape)
        for letter in "<>&":
            text = text.replace(letter, f"\\u{ord(letter):04x}")
        hidden = Mask().text(text)
        assert [] == leaks(hidden, one)
        assert {"log", "stream"} == json.loads(hidden).keys()


def masked(*lines: str) -> list[str]:
    """The lines as they are sent in, where no parser found anything."""
    mask = Mask()
    for line in lines:
        mask.learn(line, None, None)
    return [mask.text(line) for line in lines]


@pytest.mark.parametrize("name", ["ameline.a", "mail.ameline", "ameline-in", "Ameline Info Quux"])
def test_a_name_in_quotes_may_have_a_word_of_servers(name: str) -> None:
    """Half a name that is also a word makes no sentence of it."""
    (hidden,) = masked(f'auth: frobnication for "{name}" failed')
    assert "meline" not in hidden


def test_the_same_name_has_the_same_mask() -> None:
    """In any case, with or without its domain, in lines that say no more than the name."""
    first, second, third = masked(
        "Login: user=<Alice@Example.com>, rip=203.0.113.9",
        "something of alice and of example.com at 203.0.113.9",
        "ALICE@EXAMPLE.COM came from 203.0.113.10:44",
    )
    assert "Login: user=<name1@domain1.example>, rip=240.0.0.1" == first
    assert "something of name1 and of domain1.example at 240.0.0.1" == second
    assert "name1@domain1.example came from 240.0.0.2:44" == third


def test_what_looks_like_a_name_goes_wherever_it_stands_in_its_line() -> None:
    """Not in other lines: it may be a word."""
    first, second = masked('hildegard at home: Password supplied for "hildegard" is incorrect', "a line of hildegard")
    assert "hildegard" not in first
    assert "a line of hildegard" == second


def test_one_address_written_in_two_ways_has_one_mask() -> None:
    """IPv6 in full and short, IPv4 by itself and inside."""
    first, second = masked(
        "rip=2001:0db8:0000:0000:0000:0000:0000:0001 lip=198.51.100.7", "rip=2001:db8::1, lip=::ffff:198.51.100.7"
    )
    assert "rip=100::1 lip=240.0.0.1" == first
    assert "rip=100::1, lip=::ffff:240.0.0.1" == second


@pytest.mark.parametrize(
    "line",
    [
        "pop3-login: Info: Aborted login (auth failed, 1 attempts in 2 secs): user=<>, method=PLAIN, TLS",
        "master: Info: Dovecot v2.3.19.1 (9b53102964) starting up for imap, pop3 (core dumps disabled)",
        "auth: Error: Password mismatch",
        "2026-11-22 07:51:15.123 lmtp(1234): Disconnect from local: Successful quit",
        "*3 client logged in, time: 07:51:15",
        "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)",
        "stat(/var/log/mail.log) failed: Permission denied",
    ],
)
def test_what_servers_say_stays(line: str) -> None:
    """A masked line that says nothing any more is of no use."""
    assert [line] == masked(line)


def test_a_user_called_like_a_word_of_the_server(pop3: Run, tmp_path: Path) -> None:
    """The word stays where it is the server's; where it is a name, and in the fields, it goes."""
    log = tmp_path / "mail.log"
    log.write_text(
        "Nov 22 08:00:00 pop3-login: Info: Login: user=<info@zqsecret.com>, method=PLAIN, rip=203.0.113.9,"
        " lip=203.0.113.1, mpid=7, session=<abcdefgh0001>\n",
        encoding="utf-8",
    )
    (row,) = map(json.loads, pop3("parse", "--masked", "--format", "dovecot", log).out.splitlines())
    assert "pop3-login: Info: Login: user=<name1@domain1.example>" in row["text"]
    assert "name1@domain1.example" == row["user"]


def test_no_folder_is_told(pop3: Run, tmp_path: Path) -> None:
    """It may be a customer's; the file's own name is kept as far as it is of a server's words."""
    folder = tmp_path / "zqcustomer.example"
    folder.mkdir()
    log = folder / "zqmail.log"
    log.write_text("nothing\n", encoding="utf-8")
    ran = pop3("parse", "--masked", log)
    assert "zq" not in ran.out
    assert '"file": "name1.log"' in ran.out


@pytest.mark.timeout(60)  # what grows with the square takes hours
@pytest.mark.parametrize(
    "unit", ["user=", "a@", ":", "<", "pass: '", '"', "PASS ", "a.", "/home/a", "pop3(", "a-", "a_"]
)
def test_the_longest_line_is_masked(unit: str) -> None:
    """Whatever it repeats."""
    (found,) = masked(unit * (200_000 // len(unit)))
    assert found


@pytest.mark.parametrize(
    "line",
    [
        "Nov 22 07:39:05 ameline7 Nov 22 07:39:05 mx dovecot: pop3-login: frobnicated",
        "2026 Nov 22 06:42:14 (ameline7) 203.0.113.9->/var/log/mail.log Nov 22 06:42:13 mx dovecot: frobnicated",
        "Mar  7 07:08:14 mx pop3d: IMAP connect from @ [203.0.113.9]checkmailpasswd: FAILED: ameline7 - short names not"
        " allowed from @ [203.0.113.9]ERR: frobnicated",
    ],
)
def test_who_is_named_before_the_line_itself(line: str) -> None:
    """A relay, an agent, and a name that was refused without a line of its own."""
    (hidden,) = masked(line)
    assert "ameline7" not in hidden
    assert "203.0.113.9" not in hidden
