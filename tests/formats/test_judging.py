"""What is said of a server's measures follows its lines, without flapping."""

from exporter.catalogue import Quality
from exporter.formats.courier import Courier
from exporter.formats.dovecot import Dovecot
from exporter.formats.judging import HOLD_SECONDS, Judge

DOVECOT = Dovecot()


def judge(*traits: tuple[int, str], saved: dict[tuple[str, str], Quality] | None = None) -> Judge:
    """A judge that has seen `traits` of mx1, each with its stamp."""
    found = Judge(saved or {})
    found.meet("mx1", DOVECOT)
    for stamp, trait in traits:
        found.note("mx1", DOVECOT, trait, stamp)
    return found


def test_a_server_begins_with_what_its_format_can_tell() -> None:
    """No measure without a quality, before any line has shown more."""
    assert {("mx1", measure): quality for measure, quality in DOVECOT.quality.items()} == judge().qualities


def test_lines_with_bytes_make_bytes_exact() -> None:
    """And auth lines the failures, one beside the other."""
    found = judge((1000, "bytes"), (1001, "auth_verbose")).qualities
    assert Quality.EXACT == found["mx1", "sent_bytes"] == found["mx1", "login_failures"]


def test_one_line_without_what_others_have_changes_nothing() -> None:
    """It does so when for an hour no line had it: the setting was taken away."""
    kept = judge((1000, "bytes"), (1001, "no_bytes"))
    assert Quality.EXACT == kept.qualities["mx1", "received_bytes"]
    gone = judge((1000, "bytes"), (1001 + HOLD_SECONDS, "no_bytes"))
    assert Quality.NONE == gone.qualities["mx1", "received_bytes"]
    assert Quality.LOWER_BOUND == gone.qualities["mx1", "sent_bytes"]


def test_what_is_estimated_for_some_is_estimated_for_all() -> None:
    """Proxied and own sessions in one log."""
    assert Quality.ESTIMATED == judge((1000, "proxy_bytes"), (1001, "bytes")).qualities["mx1", "sent_bytes"]


def test_a_restart_keeps_what_was_known() -> None:
    """The first line after it may be one without bytes."""
    saved = judge((1000, "bytes")).qualities
    found = judge((1100, "no_bytes"), saved=saved)
    assert saved == found.qualities
    found.note("mx1", DOVECOT, "no_bytes", 1101 + HOLD_SECONDS)
    assert Quality.NONE == found.qualities["mx1", "received_bytes"]


def test_of_two_servers_under_one_name_the_sum_is_judged() -> None:
    """Courier and Dovecot on one host: what only one of them logs is a lower bound, in whatever order they log."""
    for order in ((Courier(), Dovecot()), (Dovecot(), Courier())):
        found = Judge({})
        for form in order:
            found.meet("mx1", form)
        found.note("mx1", Dovecot(), "bytes", 0)
        assert Quality.LOWER_BOUND is found.qualities["mx1", "bad_commands"]
        assert Quality.LOWER_BOUND is found.qualities["mx1", "sent_bytes"]
        assert Quality.EXACT is found.qualities["mx1", "logins"]
