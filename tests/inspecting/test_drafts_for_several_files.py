"""Drafts for several files, of which the names say what happened."""

import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk

from inflection_cli.inspecting.file_events import event_of_name, event_patterns

pytestmark = pytest.mark.slow

HEADER = "user_id,campaign_id,email_id,date"
ROWS = ("u1,c1,e1,2024-03-01T08:00:00Z", "u2,c1,e1,2024-03-02T08:00:00Z")
LINK = "https://shop.example/1"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def exported(desk: Desk, *names: str) -> tuple[str, ...]:
    """Write a file for each name; clicks have a link."""
    for name in names:
        (desk.folder / name).parent.mkdir(exist_ok=True)
        has_link = "click" in name
        rows = [f"{row},{LINK}" if has_link else row for row in ROWS]
        desk.file(name, *rows, header=f"{HEADER},goto" if has_link else HEADER)
    return names


def drafted(desk: Desk, *words: str) -> dict[str, Any]:
    done = desk.run("inspect", *words, "--save", "p.toml", "--force")
    assert done.code == 0, done.err
    return tomllib.loads((desk.folder / "p.toml").read_text(encoding="utf-8"))


def events(desk: Desk, *files: str) -> dict[str, int]:
    done = desk.run("validate", *files, "--profile", "p.toml", "--json")
    assert done.code == 0, done.out
    counts: dict[str, int] = done.json["by_event"]
    return counts


def test_files_named_after_events_are_drafted_by_their_names(desk: Desk) -> None:
    files = exported(desk, "opens_1.csv", "clicks_1.csv")
    draft = drafted(desk, *files)
    assert draft["fields"]["event"]["by_file"] == {"*opens*": "Email Opened", "*clicks*": "Link Clicked"}
    assert draft["fields"]["email_link_url"] == "goto"
    assert events(desk, *files) == {"Email Opened": 2, "Link Clicked": 2}
    # The files of the next month are read by the same profile.
    assert events(desk, *exported(desk, "opens_2.csv", "clicks_2.csv")) == {
        "Email Opened": 2,
        "Link Clicked": 2,
    }


@pytest.mark.parametrize("inside", ["{}s_1.csv", "2024/{}s.csv", "{}s/part-0.csv"])
def test_a_zip_with_a_member_for_each_event_is_drafted_too(inside: str, desk: Desk) -> None:
    exported(desk, "opens_1.csv", "clicks_1.csv")
    with zipfile.ZipFile(desk.folder / "export.zip", "w") as archive:
        for event in ("open", "click"):
            archive.write(desk.folder / f"{event}s_1.csv", inside.format(event))
    assert {*drafted(desk, "export.zip")["fields"]["event"]["by_file"].values()} == {
        "Email Opened",
        "Link Clicked",
    }
    assert events(desk, "export.zip") == {"Email Opened": 2, "Link Clicked": 2}


def test_a_name_that_tells_no_event_is_filled_in(desk: Desk) -> None:
    files = exported(desk, "opens_1.csv", "sends_1.csv")
    assert drafted(desk, *files)["fields"]["event"]["by_file"]["sends_1.csv"] == "FILL IN"
    refused = desk.run("validate", *files, "--profile", "p.toml")
    assert 'fields.event.by_file."sends_1.csv": still to fill in' in refused.err
    path = desk.folder / "p.toml"
    path.write_text(
        path.read_text(encoding="utf-8").replace('"FILL IN"', '"Email Delivered"'), encoding="utf-8"
    )
    assert events(desk, *files) == {"Email Opened": 2, "Email Delivered": 2}


def test_one_file_named_after_an_event_is_asked_for_by_that_name(desk: Desk) -> None:
    (name,) = exported(desk, "opens_1.csv")
    (file,) = desk.run("inspect", name, "--json").json["files"]
    (missing,) = file["missing"]
    assert missing["option"].startswith('--set event="Email Opened"')
    assert missing["profile"] == '[fields] event = { by_file = { "*opens*" = "Email Opened" } }'
    assert desk.run("validate", name, "--set", "event=Email Opened").code == 0
    drafted(desk, name)
    assert events(desk, name) == {"Email Opened": 2}


def test_no_option_names_one_event_for_files_of_several(desk: Desk) -> None:
    files = [exported(desk, name)[0] for name in ("opens_1.csv", "unsubscribes_1.csv")]
    report = desk.run("inspect", *files)
    assert "--set event" not in report.out
    assert '"*opens*" = "Email Opened", "*unsubscribes*" = "Email Unsubscribed"' in report.out


def test_a_column_that_names_events_beats_the_file_name(desk: Desk) -> None:
    rows = [f"{row},clicked" for row in ROWS]
    desk.file("opens.csv", *rows, header=f"{HEADER},what")
    report = desk.run("inspect", "opens.csv").out
    assert "--map event=what" in report
    assert "by_file" not in report


def test_a_file_that_may_list_people_is_not_taken_for_events(desk: Desk) -> None:
    desk.file(
        "unsubscribed.csv",
        "a@x.example,Ada,Byron,2020-01-01T00:00:00Z",
        header="email,first_name,last_name,created_at",
    )
    report = desk.run("inspect", "unsubscribed.csv").out
    assert "by_file" not in report
    assert "--as identify" in report


def test_times_that_each_file_names_otherwise_are_asked_for_together(desk: Desk) -> None:
    desk.file("opens.csv", *ROWS, header=HEADER.replace("date", "opened_at"))
    desk.file("clicks.csv", *ROWS, header=HEADER.replace("date", "clicked_at"))
    drafted(desk, "opens.csv", "clicks.csv")
    path = desk.folder / "p.toml"
    text = path.read_text(encoding="utf-8")
    (line,) = [line for line in text.splitlines() if line.startswith("timestamp = ")]
    answer = line.partition("perhaps ")[2].partition(", since")[0]
    assert answer == '{ columns = ["opened_at", "clicked_at"] }'
    path.write_text(text.replace(line, f"timestamp = {answer}"), encoding="utf-8")
    assert events(desk, "opens.csv", "clicks.csv") == {"Email Opened": 2, "Link Clicked": 2}


def test_times_of_several_columns_have_their_zone_and_formats(desk: Desk) -> None:
    for name, column in (("opens.csv", "opened_at"), ("clicks.csv", "clicked_at")):
        desk.file(name, "u1,c1,e1,25.03.2024 10:00", header=f"user_id,campaign_id,email_id,{column}")
    files = ("opens.csv", "clicks.csv")
    draft = drafted(desk, *files)
    assert draft["time"] == {"zone": "FILL IN", "format": "%d.%m.%Y %H:%M"}
    path = desk.folder / "p.toml"
    text = path.read_text(encoding="utf-8").replace('zone = "FILL IN"', 'zone = "UTC"')
    both = 'timestamp = { columns = ["opened_at", "clicked_at"] }\n#'
    path.write_text(text.replace('timestamp = "FILL IN"', both), encoding="utf-8")
    assert events(desk, *files) == {"Email Opened": 1, "Link Clicked": 1}


def test_a_field_that_each_file_has_in_another_column_is_the_first_filled(desk: Desk) -> None:
    desk.file("opens.csv", *ROWS, header=HEADER)
    desk.file("clicks.csv", *ROWS, header=HEADER.replace("date", "Event Time"))
    assert drafted(desk, "opens.csv", "clicks.csv")["fields"]["timestamp"] == {
        "columns": ["date", "Event Time"]
    }
    assert events(desk, "opens.csv", "clicks.csv") == {"Email Opened": 2, "Link Clicked": 2}


def test_files_of_one_shape_have_one_draft(desk: Desk) -> None:
    for month in ("01", "02"):
        rows = [f"open,{row}" for row in ROWS]
        desk.file(f"march-{month}.csv", *rows, header=f"event,{HEADER}")
    assert drafted(desk, "march-01.csv", "march-02.csv")["fields"]["event"] == "event"
    assert events(desk, "march-01.csv", "march-02.csv") == {"Email Opened": 4}


@pytest.mark.parametrize(
    ("other", "text", "why"),
    [
        (
            "people.csv",
            "name,city\nAda,London\n",
            "have different columns, and their names do not say which event each holds",
        ),
        (
            "opens.csv",
            HEADER.replace(",", ";") + "\n" + ROWS[0].replace(",", ";"),
            "are written in different ways",
        ),
    ],
)
def test_files_that_one_profile_cannot_read_are_refused(other: str, text: str, why: str, desk: Desk) -> None:
    desk.file("all.csv", f"open,{ROWS[0]}", header=f"event,{HEADER}")
    (desk.folder / other).write_text(text, encoding="utf-8")
    refused = desk.run("inspect", "all.csv", other, "--save", "p.toml", "--json")
    assert refused.code == 2
    assert why in refused.json["error"]["message"]
    assert refused.json["error"]["hint"].startswith("draft one for each shape")
    assert not (desk.folder / "p.toml").exists()


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("opens_1", "Email Opened"),
        ("EmailClicks2024-03", "Link Clicked"),
        ("newsletter-2024-unique_opens", "Email Unique Opens"),
        ("march hard bounces", "Email Bounced"),
        ("link-clicks_opened", None),
        ("sms_clicks", None),
        ("soft_bounces", None),
        ("not_opened", None),
        ("non-opens", None),
        ("unopened", None),
        ("open_rates", None),
        ("failed delivery", None),
        ("push-opens", None),
        ("unsubscribed_contacts", None),
        ("opening_hours", None),
        ("sends_1", None),
    ],
)
def test_a_name_tells_one_event_or_none(name: str, event: str | None) -> None:
    found = event_of_name(name)
    assert (found.kind.name if found else None) == event


def test_patterns_that_would_fit_a_second_file_are_whole_names() -> None:
    assert event_patterns(["opens.csv", "unique_opens.csv"]) == {
        "*opens*": "Email Opened",
        "*unique_opens*": "Email Unique Opens",
    }
    assert event_patterns(["click.csv", "clickable opens.csv"]) == {
        "*click*": "Link Clicked",
        "*opens*": "Email Opened",
        "clickable opens.csv": "Email Opened",
    }
    assert event_patterns(["a.csv", "b.csv"]) == {}
