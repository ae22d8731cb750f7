"""The story: a newsletter tool left two years ago, one row a recipient, and four lines of a profile."""

from pathlib import Path
from typing import Any

import pytest
from command_support import FAST, Desk
from old_export import RECIPIENTS, old_export

FOUR_LINES = (
    ('encoding = "FILL IN"', 'encoding = "windows-1252"'),
    ('zone = "FILL IN"', 'zone = "Europe/Berlin"'),
    ('timestamp = "FILL IN"', 'timestamp = "First Opened"'),
    ('timestamp = "FILL IN"', 'timestamp = "Delivered At"'),
)
# What the export says, by hand: local time of Berlin, which is an hour ahead in winter and two in summer.
EVENTS = {
    ("Email Delivered", "K-001", "2019-03-28T07:30:00.000Z"),
    ("Email Opened", "K-001", "2019-03-28T08:05:00.000Z"),
    ("Link Clicked", "K-001", "2019-03-28T08:05:00.000Z"),
    ("Email Delivered", "K-002", "2019-03-28T07:30:00.000Z"),
    ("Email Delivered", "K-003", "2019-03-31T01:10:00.000Z"),
    ("Email Opened", "K-003", "2019-04-01T05:00:00.000Z"),
    ("Email Delivered", "K-004", "2019-03-28T07:31:00.000Z"),
    ("Email Bounced", "K-004", "2019-03-28T07:31:00.000Z"),
    ("Email Delivered", "K-005", "2019-10-28T07:31:00.000Z"),
    ("Email Opened", "K-005", "2019-10-28T20:59:00.000Z"),
    ("Link Clicked", "K-005", "2019-10-28T20:59:00.000Z"),
}
OWN_PROPERTIES: dict[tuple[str, str], dict[str, Any]] = {
    ("Link Clicked", "K-001"): {"clicks": 2},
    ("Link Clicked", "K-005"): {"clicks": 1},
    ("Email Bounced", "K-004"): {"bounce_type": "hard"},
}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = Desk.at(tmp_path, monkeypatch)
    (found.folder / "old.csv").write_bytes(old_export())
    return found


@pytest.fixture
def filled_in(desk: Desk) -> str:
    """The profile that inspect has drafted, with its four lines filled in."""
    assert desk.run("inspect", "old.csv", "--save", "old.toml").code == 0
    text = (desk.folder / "old.toml").read_text(encoding="utf-8")
    for line, settled in FOUR_LINES:
        assert line in text
        text = text.replace(line, settled, 1)
    (desk.folder / "old.toml").write_text(text, encoding="utf-8")
    return text


def told(message: dict[str, Any]) -> tuple[str, str, str]:
    return message["event"], message["anonymousId"], message["timestamp"]


def test_inspect_tells_what_it_understood_and_what_it_did_not(desk: Desk) -> None:
    done = desk.run("inspect", "old.csv", "--save", "old.toml")
    for words in (
        "old.csv (CSV, cp1252, semicolon)",
        "personId (another word for it)",
        "all without a zone as %d.%m.%Y %H:%M",
        "Email Opened at “First Opened”, 3 rows",
        "“Clicks” tells of Link Clicked in 2 rows, and no column tells when",
        "the bytes are not UTF-8; windows-1252 makes sense of",
        "Excluded (times fall in a DST gap): Europe/Helsinki (1)",
    ):
        assert words in done.out
    assert done.out.splitlines()[-1].startswith("Fill in 4 lines of old.toml, then: infl-seg validate")


def test_the_profile_stops_a_validation_at_the_four_lines(desk: Desk) -> None:
    desk.run("inspect", "old.csv", "--save", "old.toml")
    done = desk.run("validate", "old.csv", "--profile", "old.toml")
    assert done.code == 2
    assert done.err.count("still to fill in") == 4
    for path in ("input.encoding", "time.zone", "event[3].timestamp", "event[4].timestamp"):
        assert f"{path}: still to fill in" in done.err


def test_with_four_lines_filled_in_nothing_stands_in_the_way(desk: Desk, filled_in: str) -> None:
    assert 'FILL IN"  #' not in filled_in
    done = desk.run("validate", "old.csv", "--profile", "old.toml", "--json")
    assert done.code == 0
    assert done.json["rows"] == {"read": 5, "mapped": 5, "rejected": 0, "filtered": 0}
    assert done.json["events"]["built"] == len(EVENTS)


@pytest.mark.usefixtures("filled_in")
def test_every_event_goes_out_at_its_true_time_with_what_is_its_own(desk: Desk) -> None:
    done = desk.run("backfill", "old.csv", "--profile", "old.toml", "--dry-run", "--out", "out.ndjson")
    assert done.code == 0
    messages = desk.messages("out.ndjson")
    assert {told(message) for message in messages} == EVENTS
    assert len(messages) == len(EVENTS)
    for message in messages:
        own = OWN_PROPERTIES.get((message["event"], message["anonymousId"]), {})
        assert message["properties"] == {"email_subject": "Frühjahr, „Größe“ zu 5 €", **own}


@pytest.mark.usefixtures("filled_in")
def test_nobodys_name_or_address_goes_out(desk: Desk) -> None:
    desk.run("backfill", "old.csv", "--profile", "old.toml", "--dry-run", "--out", "out.ndjson")
    sent = (desk.folder / "out.ndjson").read_text(encoding="utf-8")
    assert not [one.name for one in RECIPIENTS if one.name in sent]
    assert "@example.com" not in sent


@pytest.mark.usefixtures("filled_in")
def test_the_backfill_is_rehearsed_to_its_end(desk: Desk) -> None:
    done = desk.run("backfill", "old.csv", "--profile", "old.toml", "--rehearse", "--json", *FAST)
    assert (done.code, done.json["events"]["accepted"]) == (0, len(EVENTS))
