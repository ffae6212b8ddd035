"""The landing page says what an operator needs, and nothing that a log can make it say."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.catalogue import UNKNOWN, Quality, Scope
from exporter.exposition.sources import SourceReport
from exporter.formats.advice import advice
from exporter.model import Row
from exporter.web.landing import Landing
from exporter.web.landing.numbers import duration, size
from exporter.web.landing.sources import qualities
from exporter.web.landing.style import POLICY
from tests.exposition.views import NOW, amounts, hostile_text, hostile_views, view
from tests.web.conftest import World, small_view
from tests.web.wordings import Plain


class Page(HTMLParser):
    """The text that a reader sees, and the elements around it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(word for word in self.words if "--page" not in word)


def page(world: World) -> str:
    return Page(Landing(world.site()).page()).text


def words(text: str) -> str:
    """Without the way it is laid out."""
    return re.sub(r"\s+", " ", text)


def test_says_what_is_read_and_how_far(world: World) -> None:
    """Paths, format, lines by verdict, unread bytes, last event by the site's clock, rare trouble."""
    text = page(world)
    for part in (
        "/var/log/mail.log*",
        "plain",
        "100 events, 7 ignored, 1 unmatched, 0 malformed",
        "12.3 kB, nothing unread",
        "mx1: 2026-11-22 12:33:26 CET (1 min ago)",
        "truncations 2",
        "read to the end",
        "days begin in Europe/Berlin",
    ):
        assert part in text


def test_says_what_today_brought(world: World) -> None:
    """The tiles are counter minus hold, of all servers; what no log tells is not a 0."""
    text = words(page(world))
    assert "20 New connections" in text
    assert "500 kB Bandwidth" in text
    assert "not logged Bad commands" in text
    assert "0 Terminations" in text


def test_what_is_not_exact_is_marked(world: World) -> None:
    """As in the terminal's report: a lower bound is not shown as if it were the number."""
    qualities = {"connections": Quality.ESTIMATED, "terminations": Quality.LOWER_BOUND, "sent_bytes": Quality.NONE}
    qualities["received_bytes"] = Quality.EXACT
    world.view = replace(world.view, quality={("mail", "mx1", name): one for name, one in qualities.items()})
    text = words(page(world))
    assert "~20 New connections" in text
    assert "≥ 500 kB Bandwidth" in text
    assert "≥ 0 Terminations" in text
    assert "~ estimated · ≥ at least" in text


def test_a_number_of_a_log_that_had_it_once_is_marked(world: World) -> None:
    """Nothing of it is in the log now, and yet it has grown today."""
    told = dict.fromkeys([("mail", "mx1", "sent_bytes"), ("mail", "mx1", "received_bytes")], Quality.NONE)
    world.view = replace(world.view, quality=told)
    assert "500 kB* Bandwidth" in words(page(world))


def test_where_numbers_are_in_doubt_no_setting_is_advised() -> None:
    """A doubt lowers what the log tells well; the problem of the source says what to do."""
    doubts: tuple[set[tuple[str, str]], ...] = (set(), {("mx1", "mail")})
    for doubted, part in zip(doubts, ("set <code>", "may be wrong: see the problem"), strict=True):
        cards = qualities(small_view(), {"plain": Plain()}, {"mail": "plain"}, doubted)
        assert part in cards
        assert ("<code>" in cards) is not bool(doubted)


def test_says_why_it_is_not_ready(world: World) -> None:
    """Problems of the daemon and of a source stand at the top and at the source."""
    world.problems = ["commits fail: no space left on device"]
    assert "not ready" in page(world)
    assert "commits fail: no space left on device" in page(world)
    site = world.site()
    world.process.report([SourceReport("mail", ("/x",), problems=("/x: permission denied",), catching_up=True)])
    text = Page(Landing(site).page()).text
    assert "has problems" in text
    assert "/x: permission denied" in text


def test_says_what_the_server_should_log(world: World) -> None:
    """The quality of each measure, and the format's own advice for what is missing, its code marked as such."""
    html = Landing(world.site()).page()
    assert "not in the log bad command connections" in Page(html).text
    assert "<li>set <code>stats = &lt;yes&gt;</code></li>" in html
    assert "out=%o" not in html


def test_says_when_there_is_nothing_to_set(world: World) -> None:
    """What no setting betters is said once; a log that tells everything needs no sentence."""
    world.view = view(quality={("mail", "mx1", "logins"): Quality.LOWER_BOUND})
    assert "No setting is known that adds the rest to this log." in page(world)
    world.view = view(quality={("mail", "mx1", "logins"): Quality.EXACT})
    assert "No known setting" not in page(world)


def test_advice_of_a_good_trait_ends_when_its_lines_are_seen() -> None:
    """A trait that makes a measure better is advised while the measure is worse."""
    assert ("set `stats = <yes>`",) == advice(Plain(), {"bad_command_connections": Quality.NONE})
    assert () == advice(Plain(), {"bad_command_connections": Quality.LOWER_BOUND})


def test_advice_of_a_bad_trait_begins_when_its_lines_are_seen() -> None:
    """A trait that shows something missing is advised while it holds."""
    assert () == advice(Plain(), {"sent_bytes": Quality.EXACT})
    assert ("add `out=%o` to the format",) == advice(Plain(), {"sent_bytes": Quality.NONE})


def test_names_without_a_domain_ask_for_a_default(world: World) -> None:
    """Users in `unknown` are counted, not named, and the key to set stands beside them."""
    users = [Row(("mx1", UNKNOWN, name), NOW, amounts()) for name in ("alice", "bob")]
    world.view = view({Scope.USER: users})
    text = re.sub(r" +", " ", page(world))
    assert "2 user names of mx1 have no domain and are counted as unknown . Set default_domain in the source" in text
    assert "alice" not in text
    assert "have no domain" not in page(World(view=small_view()))


def test_the_policy_allows_exactly_the_style(client: httpx.Client) -> None:
    """No scripts, nothing from elsewhere, and the style sheet that is in the page."""
    answer = client.get("/")
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert POLICY == answer.headers["content-security-policy"]
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert "default-src 'none'" in POLICY


@settings(max_examples=25, deadline=None)
@given(hostile_views(), hostile_text, st.lists(hostile_text, max_size=2))
def test_names_never_become_markup(shown: object, name: str, problems: list[str]) -> None:
    """Whatever the log, the configuration or an error message holds, the page has only our own elements."""
    world = World(view=shown, problems=[f"<script>{name}</script>", *problems])  # type: ignore[arg-type]
    site = world.site()
    world.process.report([SourceReport(f"</td>{name}", (f'"><svg onload="{name}',), problems=(f"`<b>`{name}",))])
    seen = Page(Landing(site).page())
    assert set() == {"script", "img"} & set(seen.elements)
    # One bold number for each tile: today's, and those of unused accounts where there are some.
    assert seen.elements.count("b") in {5, 9}
    assert set() == {attribute for attribute in seen.attributes if attribute.startswith("on") or attribute == "style"}


def test_a_page_without_anything_yet_is_a_page(world: World) -> None:
    """Before the first commit, without sources: no division by zero, no empty table."""
    site = world.site()
    world.view = view(committed_at=0.0, time_zone="Nowhere/Land")
    world.process.report([])
    text = Page(Landing(site).page()).text
    assert "nothing saved yet" in text
    assert "No sources are configured." in text
    assert "2026-11-22 11:34:56 UTC" in text


def test_numbers_are_short() -> None:
    """Three digits and a unit; the largest unit of a duration."""
    assert ["0 B", "999 B", "1.00 kB", "9.99 kB", "10.0 kB", "100 kB", "1.00 MB", "1.23 GB"] == [
        size(number) for number in (0, 999, 1000, 9_990, 9_999, 99_960, 999_600, 1_234_567_890)
    ]
    assert ["0 s", "59 s", "1 min", "2 h", "3 d"] == [duration(seconds) for seconds in (-5, 59.9, 61, 7_300, 260_000)]
