"""The samples are what samples/README.md says, judged by the plain reference alone."""

import json
from pathlib import Path
from typing import Any

import make_samples
import pytest
import reference

from inflection_cli import rules
from inflection_cli.model import Rule

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
MADE = make_samples.make()
SETTINGS = reference.Settings(version=make_samples.VERSION)
NEWSLETTER = reference.Settings(
    version=make_samples.VERSION,
    columns={
        "Event ID": "event_id",
        "Contact ID": "personId",
        "Activity Type": "event",
        "Occurred At": "timestamp",
        "Journey ID": "campaign_id",
        "Journey Name": "campaign_name",
        "Template ID": "email_id",
        "Subject": "email_subject",
        "Link": "email_link_url",
    },
    events=make_samples.NEWSLETTER_EVENTS,
    skip=frozenset({"Sent"}),
    zone="Europe/Berlin",
)
LINK_EVENTS = ("Link Clicked", "Unique Link Click", "Unique Link Click per Unique Open")
TEXT_WITH = {
    "a comma": ",",
    "a quote": '"',
    "a line break": "\n",
    "a line separator": "\u2028",
    "emoji": "\U0001f337",
}
TEXT_WITH |= {"a combining mark": "\u0301", "Hebrew": "\u05d0", "Arabic": "\u0631", "an umlaut": "ü"}


def rows() -> list[dict[str, str]]:
    return reference.read_csv((SAMPLES / "spring-launch.csv").read_bytes())


def expected(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((SAMPLES / f"{name}.expected.json").read_text())
    return found


def ndjson(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SAMPLES / name).read_bytes().splitlines()]


@pytest.mark.parametrize("name", MADE)
def test_making_the_samples_again_gives_the_committed_bytes(name: str) -> None:
    assert (SAMPLES / name).read_bytes() == MADE[name]


def test_every_sample_is_described() -> None:
    readme = (SAMPLES / "README.md").read_text()
    names = {path.name for path in SAMPLES.iterdir()} - {"README.md"}
    assert not [name for name in names if f"`{name}`" not in readme]


def test_the_campaign_is_the_same_as_csv_and_as_ndjson() -> None:
    other = reference.read_ndjson((SAMPLES / "spring-launch.ndjson").read_bytes())
    assert len(other) == 400
    assert [{name: cell for name, cell in row.items() if cell} for row in rows()] == other


def test_the_campaign_has_all_nine_events() -> None:
    assert {row["event"] for row in rows()} == set(reference.EVENTS)


def test_the_campaign_has_people_of_every_kind_and_some_who_become_known() -> None:
    seen = {(bool(row["userId"]), bool(row["personId"])) for row in rows()}
    by_person: dict[str, set[bool]] = {}
    for row in rows():
        by_person.setdefault(row["personId"], set()).add(bool(row["userId"]))
    assert seen == {(False, True), (True, False), (True, True)}
    assert [person for person, known in by_person.items() if person and len(known) == 2]


@pytest.mark.parametrize("what", TEXT_WITH)
def test_the_campaign_has_cells_with(what: str) -> None:
    cells = [row[name] for row in rows() for name in ("campaign_name", "email_subject")]
    assert any(TEXT_WITH[what] in cell for cell in cells)


def test_the_campaign_has_links_with_a_comma_a_quote_and_other_scripts() -> None:
    links = {row["email_link_url"] for row in rows()}
    assert all(any(mark in link for link in links) for mark in (",", '"', "ü", "ر"))


def test_the_campaigns_times_and_ids_are_distinct_and_in_order() -> None:
    events = list(reference.expect(rows(), SETTINGS))
    instants = [one.instant for one in events]
    assert instants == sorted(set(instants))
    assert len({one.content_id for one in events}) == len(events) == 400
    assert all(len(row["timestamp"]) == 24 and row["timestamp"].startswith("2024-") for row in rows())


def test_an_email_is_delivered_before_it_is_opened_and_opened_before_it_is_clicked() -> None:
    seen: dict[tuple[str, str], set[str]] = {}
    for row in rows():
        person = row["personId"] or row["userId"]
        before = seen.setdefault((person, row["email_id"]), set())
        assert before or row["event"] in ("Email Delivered", "Email Bounced")
        assert row["event"] not in LINK_EVENTS or "Email Opened" in before
        before.add(row["event"])


def test_nothing_in_the_campaign_deserves_a_warning() -> None:
    for row in rows():
        assert row["campaign_id"]
        assert row["email_id"]
        assert row["email_link_url"].startswith("http") == (row["event"] in LINK_EVENTS)
        assert row["is_unique_open"] == "true" or row["event"] != "Email Unique Opens"
        assert row["is_unique_click"] == "true" or not row["event"].startswith("Unique Link")
        assert not [
            name for name, cell in row.items() if name not in reference.TEXTS and cell != cell.strip()
        ]


def test_unmapped_columns_become_properties_under_their_snake_case_names() -> None:
    properties = [one.message["properties"] for one in reference.expect(rows(), SETTINGS)]
    assert {"mail_client", "region"} <= {name for own in properties for name in own}
    assert all(cell != "" for own in properties for cell in own.values())


def test_the_newsletter_is_settled_by_a_zone_and_by_skipping_unknown_events() -> None:
    data = (SAMPLES / "newsletter-export.csv").read_bytes()
    news = reference.read_csv(data, ";")
    events = list(reference.expect(news, NEWSLETTER))
    assert data.startswith(b"\xef\xbb\xbf")
    assert b"\r\n" in data
    assert (len(news), len(events), len({one.content_id for one in events})) == (60, 40, 40)
    assert {one.message["timestamp"] for one in events} >= {
        "2024-03-28T07:30:03.000Z",
        "2024-04-04T06:30:03.000Z",
    }
    assert all(one.message["anonymousId"].startswith("00") for one in events)


def test_the_ready_messages_are_the_campaigns_first_of_each_event() -> None:
    first = {one.message["event"]: one.message for one in reversed(list(reference.expect(rows(), SETTINGS)))}
    ready = ndjson("ready.ndjson")
    assert len(ready) == 9
    assert {one["event"]: one for one in ready} == first


def test_the_archived_messages_carry_all_that_must_be_dropped_and_no_real_key() -> None:
    dropped = {"receivedAt", "sentAt", "projectId", "writeKey", "version", "_metadata", "channel"}
    for one in ndjson("archive.ndjson"):
        assert dropped | {"type", "messageId", "originalTimestamp"} <= one.keys()
        assert "userId" in one or "anonymousId" in one
        assert "FAKE" in one["writeKey"]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("broken", "broken.csv"),
        ("broken-in-berlin", "broken.csv"),
        ("broken-lines", "broken-lines.ndjson"),
        ("broken-messages", "broken-messages.ndjson"),
        ("too-long", "too-long.csv"),
        ("own-ids", "own-ids.csv"),
    ],
)
def test_expected_problems_lie_within_their_file_and_name_rules_as_they_are(name: str, file: str) -> None:
    lines = (SAMPLES / file).read_bytes().count(b"\n")
    known = {rule.code: rule for rule in all_rules()}
    for problem in expected(name):
        assert problem.keys() == {"code", "severity", "line", "column"}
        assert known[problem["code"]].severity == problem["severity"]
        assert problem["line"] is None or 1 <= problem["line"] <= lines


def test_the_broken_file_is_small() -> None:
    assert (SAMPLES / "broken.csv").read_bytes().count(b"\n") == 40


def test_every_kind_of_problem_is_shown_or_the_readme_says_why_not() -> None:
    names = [path.name.removesuffix(".expected.json") for path in SAMPLES.glob("*.expected.json")]
    shown = {problem["code"] for name in names for problem in expected(name)}
    readme = (SAMPLES / "README.md").read_text()
    assert not [
        rule.code for rule in all_rules() if rule.code not in shown and f"`{rule.code}`" not in readme
    ]


def all_rules() -> list[Rule]:
    return [value for value in vars(rules).values() if isinstance(value, Rule)]
