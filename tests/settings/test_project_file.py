"""The project file: where it is found, what it sets, what beats it, and what it can never set."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk, opened, to
from run_support import Station, station

from inflection_cli.sandbox import Settings, serve

ROWS = (opened("u1"), opened("u2", 5), "Email Delivered,u3,,e1,c1,2024-03-02T00:00:00Z")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    desk.file("a.csv", *ROWS)
    return desk


def project(desk: Desk, text: str, name: str = "infl-seg.toml") -> None:
    (desk.folder / name).parent.mkdir(parents=True, exist_ok=True)
    (desk.folder / name).write_text(text, encoding="utf-8")


def taken(desk: Desk, *words: str, command: tuple[str, ...] = ("validate", "a.csv")) -> dict[str, Any]:
    done = desk.run(*command, "--json", *words)
    assert done.code in {0, 1}, done.err
    found: dict[str, Any] = done.json["project_file"]["settings"]
    return found


def test_without_a_project_file_nothing_is_said_of_one(desk: Desk) -> None:
    done = desk.run("validate", "a.csv")
    assert "project" not in done.out
    assert desk.run("validate", "a.csv", "--json").json["project_file"] is None


def test_it_is_found_upwards_and_the_nearest_one_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    project(desk, 'event = "Email Opened"')
    (desk.folder / "deep" / "er").mkdir(parents=True)
    desk.file("deep/er/b.csv", *ROWS)
    monkeypatch.chdir(desk.folder / "deep" / "er")
    report = desk.run("validate", "b.csv", "--json").json
    assert report["project_file"] == {"path": "../../infl-seg.toml", "settings": {"event": ["Email Opened"]}}
    assert report["rows"]["filtered"] == 1
    assert "project file: ../../infl-seg.toml" in desk.run("validate", "b.csv", "--verbose").err
    project(desk, "", "deep/infl-seg.toml")
    report = desk.run("validate", "b.csv", "--json").json
    assert report["project_file"] == {"path": "../infl-seg.toml", "settings": {}}


def test_it_is_not_looked_for_above_the_home_directory(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    project(desk, "timezone = 'UTC'")
    home = desk.folder / "home" / "me"
    (home / "work").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home / "work")
    words = ("validate", "../../../a.csv", "--json")
    assert desk.run(*words).json["project_file"] is None
    project(desk, "timezone = 'UTC'", "home/infl-seg.toml")
    assert desk.run(*words).json["project_file"] is None
    project(desk, "timezone = 'UTC'", "home/me/infl-seg.toml")
    assert desk.run(*words).json["project_file"]["path"] == "../infl-seg.toml"


@pytest.mark.parametrize("way", ["option", "1", "yes"])
def test_it_is_left_alone_where_it_is_not_wanted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    project(desk, "this is no TOML")
    if way != "option":
        monkeypatch.setenv("INFL_SEG_NO_PROJECT", way)
    words = ("--no-project",) if way == "option" else ()
    assert desk.run("validate", "a.csv", *words).code == 0
    monkeypatch.setenv("INFL_SEG_NO_PROJECT", "0")
    assert desk.run("validate", "a.csv").code == 2


def test_what_it_sets_is_done_and_told_in_the_plan(desk: Desk) -> None:
    project(
        desk,
        'timezone = "Europe/Berlin"\ntimestamp_format = "%d.%m.%Y %H:%M"\nnaming = "spec"\ndelimiter = ";"\n'
        'until = "2024-03-04"\nunknown_events = "skip"\nown_ids = false\nencoding = "windows-1252"\n'
        'property = ["Phone"]\n[map]\nuserId = "Kunde"\n[set]\ncampaign_id = "c7"\n'
        "[integration]\nAll = false\n[context]\nimport = 'spring'\n",
    )
    lines = (
        "event;Kunde;timestamp;Phone;event_id",
        "Spam;ü1;01.03.2024 10:00;7;x",
        "Sent;ü1;01.03.2024 10:00;7;x",
        "Spam;ü1;05.03.2024 10:00;7;x",
    )
    (desk.folder / "b.csv").write_bytes("\n".join((*lines, "")).encode("cp1252"))
    done = desk.run("backfill", "b.csv", "--dry-run", "--out", "m.ndjson")
    assert done.code == 0, done.err
    (message,) = desk.messages("m.ndjson")
    assert (message["event"], message["userId"]) == ("Email Marked as Spam", "ü1")
    assert message["timestamp"] == "2024-03-01T09:00:00.000Z"
    assert message["properties"] == {"campaign_id": "c7", "phone": "7"}
    assert message["integrations"] == {"Inflection": False, "All": False}
    assert message["context"]["import"] == "spring"
    (line,) = [line for line in done.err.splitlines() if line.startswith("  project ")]
    for said in (
        "infl-seg.toml sets unknown_events = skip; until = 2024-03-04; naming = spec; timezone = Europe/Berlin",
        "own_ids = false; map userId = Kunde; set campaign_id = c7; property = Phone",
        "context import = spring; integration All = false",
    ):
        assert said in line


def test_flags_beat_it_and_it_is_not_said_to_have_set_what_they_set(desk: Desk) -> None:
    project(
        desk,
        'timezone = "Europe/Berlin"\nnaming = "spec"\nevent = ["Email Opened"]\nreport = "github"\n'
        "events_per_second = 5\n[map]\nuserId = 'email_id'\n[set]\ncampaign_id = 'c7'\n"
        "[integration]\nAll = false\n[context]\nimport = 'spring'\n",
    )
    flags = (
        *(
            "--timezone",
            "UTC",
            "--naming",
            "inflection",
            "--event",
            "Email Delivered",
            "--map",
            "userId=userId",
        ),
        *("--map", "campaign_id=campaign_id", "--integration", "All=true", "--context", "import=mine"),
        *("--events-per-second", "500"),
    )
    command = ("backfill", "a.csv", "--dry-run")
    assert taken(desk, *flags, command=command) == {}
    assert taken(desk, command=command).keys() == {
        *("timezone", "naming", "event", "map", "set", "integration", "context", "events_per_second"),
    }


def test_a_profile_beats_it(desk: Desk) -> None:
    project(
        desk,
        'profile = "p.toml"\ntimezone = "Asia/Tokyo"\nnaming = "spec"\nencoding = "utf-8"\nown_ids = false\n'
        "[map]\nuserId = 'personId'\nemail_id = 'campaign_id'\ntimestamp = 'x'\n[set]\nevent = 'opened'\n",
    )
    project(
        desk,
        "profile = 1\n[time]\nzone = 'UTC'\n[fields]\nuserId = 'userId'\nevent_id = 'email_id'\n"
        "[[event]]\nname = 'opened'\ntimestamp = 'timestamp'\n",
        "p.toml",
    )
    found = taken(desk)
    assert found == {
        "profile": "p.toml",
        "naming": "spec",
        "encoding": "utf-8",
        "map": {"email_id": "campaign_id"},
    }


def test_a_flag_names_another_profile_than_it_does(desk: Desk) -> None:
    project(desk, 'profile = "none.toml"')
    project(desk, "profile = 1", "p.toml")
    report = desk.run("validate", "a.csv", "--profile", "p.toml", "--json").json
    assert (report["profile"]["path"], report["project_file"]["settings"]) == ("p.toml", {})


def test_its_profile_is_found_from_its_own_folder(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    project(desk, 'profile = "profiles/p.toml"')
    project(desk, "profile = 1", "profiles/p.toml")
    (desk.folder / "sub").mkdir()
    monkeypatch.chdir(desk.folder / "sub")
    assert desk.run("validate", "../a.csv", "--json").json["profile"]["path"] == "../profiles/p.toml"


def test_its_report_goes_to_standard_output_unless_a_flag_says_what_does(desk: Desk) -> None:
    project(desk, 'report = "github"')
    assert desk.run("validate", "a.csv").out.startswith("::notice title=infl-seg%3A settings::rows: 3 read")
    assert desk.run("validate", "a.csv", "--report", "text").out.startswith("infl-seg validate: 0 errors")
    assert taken(desk) == {}


def test_it_slows_a_run_down(desk: Desk) -> None:
    project(desk, "events_per_second = 2\nrequests_per_second = 1.5")
    done = desk.run("backfill", "a.csv", "--dry-run", "--json")
    assert done.json["estimate"]["seconds"] >= 1
    assert done.json["project_file"]["settings"] == {"events_per_second": 2, "requests_per_second": 1.5}
    with serve(Settings()) as sandbox:
        words = to(sandbox.url, "--events-per-second", "0", "--requests-per-second", "0", "--json")
        assert desk.run("backfill", "a.csv", *words).json["project_file"]["settings"] == {}


def test_a_replay_takes_from_it_what_concerns_messages_and_no_more(desk: Desk) -> None:
    desk.run("backfill", "a.csv", "--dry-run", "--out", "m.ndjson")
    project(
        desk,
        'profile = "none.toml"\ntimezone = "Asia/Tokyo"\nuntil = "2024-03-02"\nevent = "Email Opened"\n'
        "[map]\nuserId = 'x'\n[integration]\nAll = false\n",
    )
    done = desk.run("replay", "m.ndjson", "--dry-run", "--out", "n.ndjson", "--json")
    assert done.code == 0, done.err
    assert done.json["project_file"]["settings"] == {
        "until": "2024-03-02",
        "event": ["Email Opened"],
        "integration": {"All": False},
    }
    messages = desk.messages("n.ndjson")
    assert [each["integrations"]["All"] for each in messages] == [False, False]


NEVER = {
    "endpoint": ("'https://evil.example'", "--endpoint URL"),
    "region": ("'eu'", "--region eu"),
    "write_key": ("'x'", "SEGMENT_WRITE_KEY"),
    "write-key": ("'x'", "SEGMENT_WRITE_KEY"),
    "write_key_file": ("'x'", "--write-key-file"),
    "key": ("'x'", "SEGMENT_WRITE_KEY"),
    "namespace": ("'x'", "--namespace NAME"),
    "new_destination": ("true", "--new-destination"),
    "dedup_window": ("1", "--dedup-window HOURS"),
    "dedup-window": ("1", "--dedup-window HOURS"),
    "state_dir": ("'state'", "--state-dir DIR"),
    "rejects": ("'rejects'", "--rejects DIR"),
    "out": ("'messages.ndjson'", "--out FILE"),
    "yes": ("true", "--yes"),
    "max_errors": ("'100%'", "--max-errors N"),
    "limit": ("1", "--limit N"),
    "max_bytes": ("'1TB'", "--max-bytes SIZE"),
    "email_trait": ("true", "--email-trait"),
    "show_values": ("true", "--show-values"),
    "again": ("'x'", "--again LABEL"),
    "resend_in_doubt": ("true", "--resend-in-doubt"),
    "rehearse": ("true", "--rehearse"),
    "patience": ("'9h'", "--patience"),
    "color": ("'always'", "--color"),
}


def test_what_it_can_never_set_is_refused_with_the_reason_and_the_place_for_it(desk: Desk) -> None:
    project(desk, "".join(f"{key} = {value}\n" for key, (value, _) in NEVER.items()))
    error = desk.run("validate", "a.csv", "--json").json["error"]
    said = [fault["message"] for fault in error["faults"]]
    assert [words.partition(":")[0] for words in said] == [*NEVER]
    assert [fault["line"] for fault in error["faults"]] == [*range(1, len(NEVER) + 1)]
    for words, (_, place) in zip(said, NEVER.values(), strict=True):
        assert place in words


FAULTY = {
    "timezon = 'UTC'": "timezon: there is no such key; did you mean timezone?",
    "timezone = 'Berlin'": "timezone: no time zone is named 'Berlin'",
    "timestamp_format = '%Q'": "timestamp_format: format: %Q is unknown",
    "encoding = 'utf-9'": "encoding: there is no such encoding",
    "delimiter = ';;'": "delimiter: expected one character",
    "records = 'a..b'": "records: expected names with single dots",
    "since = 2024-03-01": "since: expected text, found a date or time; write it in quotes",
    "since = 'spring'": "since: cannot parse 'spring' as a date or time",
    "events_per_second = 501": "events_per_second: expected a number of at most 500, found a larger one",
    "events_per_second = 0": "events_per_second: expected a number above 0",
    "jobs = 0": "jobs: expected a number above 0",
    "jobs = 1.5": "jobs: expected a whole number",
    "events_per_second = inf": "events_per_second: expected a number",
    "requests_per_second = nan": "requests_per_second: expected a number",
    "report = 'junit=/etc/x'": "report: expected text, json, github, junit, sarif or html",
    "report = ['text', 'json']": "report: expected text, json, github, junit, sarif or html",
    "[map]\nuserid = 'x'": "map.userid: there is no such field; did you mean userId?",
    "[map]\nuserId = 'x'\n[set]\nuserId = 'y'": "set.userId: is under [map] too",
    "[context]\ntraits = 'x'": "context.traits: would hide",
    "[context]\n'a=b' = 'x'": 'context."a=b": a name has no =',
    "[integration]\nAll = 'no'": "integration.All: expected true or false",
}


@pytest.mark.parametrize(("text", "fault"), FAULTY.items(), ids=[*FAULTY.values()])
def test_a_fault_of_it_is_told_with_its_path_and_how_to_do_without(desk: Desk, text: str, fault: str) -> None:
    project(desk, text)
    done = desk.run("validate", "a.csv", "--json")
    assert done.code == 2
    ((told),) = done.json["error"]["faults"]
    assert fault in told["message"]
    assert "--no-project" in done.json["error"]["hint"]


def test_reports_that_were_asked_for_are_written_where_it_is_faulty(desk: Desk) -> None:
    project(desk, "x = 1")
    assert desk.run("validate", "a.csv", "--report", "github").out.startswith(
        "::error file=infl-seg.toml,line=1"
    )


# --- proof ---------------------------------------------------------------------------------------

ZONELESS = "timestamp,event,userId,email_id,campaign_id\n2024-03-01 10:00:00,Email Opened,u1,e1,c1\n"


def sent(place: Station, folder: Path) -> None:
    (folder / "a.csv").write_text(ZONELESS, encoding="utf-8")
    (folder / "p.toml").write_text("profile = 1\n[time]\nzone = 'Asia/Tokyo'\n", encoding="utf-8")
    done = place.backfill("a.csv", more=["--profile", "p.toml", "--naming", "spec"])
    assert (done.code, done.events["accepted"]) == (0, 1)


def test_a_run_is_verified_with_its_profile_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with station(tmp_path) as place:
        sent(place, tmp_path)
        assert place.runs("verify", "a.csv").code == 0
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        words = ("runs", "verify", "../a.csv", "--state-dir", str(place.state))
        assert Desk(tmp_path / "elsewhere").run(*words).code == 0


def test_a_run_is_not_verified_with_another_profile_than_its_own(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        sent(place, tmp_path)
        (tmp_path / "p.toml").write_text("profile = 1\n[time]\nzone = 'UTC'\n", encoding="utf-8")
        changed = place.runs("verify", "a.csv")
        assert (changed.code, changed.json["error"]["code"]) == (2, "usage")
        assert "p.toml has changed since" in changed.json["error"]["message"]
        assert "SHA-256 starts with" in changed.json["error"]["hint"]
        (tmp_path / "p.toml").unlink()
        assert "cannot be read any more" in place.runs("verify", "a.csv").json["error"]["message"]


def test_a_run_is_verified_with_what_a_project_file_set_then(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        (tmp_path / "a.csv").write_text(ZONELESS, encoding="utf-8")
        (tmp_path / "infl-seg.toml").write_text("timezone = 'Asia/Tokyo'\n", encoding="utf-8")
        assert place.backfill("a.csv").events["accepted"] == 1
        (tmp_path / "infl-seg.toml").write_text("timezone = 'UTC'\n", encoding="utf-8")
        assert place.runs("verify", "a.csv").code == 0


def test_a_run_is_verified_with_the_zone_that_a_project_file_laid_beneath_its_profile(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        (tmp_path / "a.csv").write_text(ZONELESS, encoding="utf-8")
        (tmp_path / "p.toml").write_text("profile = 1\n", encoding="utf-8")
        (tmp_path / "infl-seg.toml").write_text("timezone = 'Asia/Tokyo'\n", encoding="utf-8")
        assert place.backfill("a.csv", more=["--profile", "p.toml"]).events["accepted"] == 1
        (tmp_path / "infl-seg.toml").write_text("timezone = 'UTC'\n", encoding="utf-8")
        assert place.runs("verify", "a.csv").code == 0


def test_another_profile_that_gives_other_ids_stops_a_run_that_would_double(tmp_path: Path) -> None:
    with station(tmp_path) as place:
        sent(place, tmp_path)
        (tmp_path / "p.toml").write_text("profile = 1\n[time]\nzone = 'UTC'\n", encoding="utf-8")
        done = place.backfill("a.csv", more=["--profile", "p.toml"])
        assert (done.code, done.json["error"]["code"]) == (7, "decision-needed")
        assert "--profile was the one with SHA-256" in done.json["error"]["message"]


def test_the_ledger_has_place_and_digest_of_a_profile_and_no_salt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFL_SEG_SALT", "sesame-and-salt")
    with station(tmp_path) as place:
        (tmp_path / "a.csv").write_text(ZONELESS.replace("userId", "Mail"), encoding="utf-8")
        (tmp_path / "p.toml").write_text(
            "profile = 1\n[time]\nzone = 'UTC'\n"
            "[fields]\nuserId = { column = 'Mail', hash = 'sha256', salt_env = 'INFL_SEG_SALT' }\n"
            "event = 'event'\ntimestamp = 'timestamp'\n",
            encoding="utf-8",
        )
        done = place.backfill("a.csv", more=["--profile", "p.toml"])
        assert done.code == 0, done.err
        run = place.runs("show", "last").out
        assert place.runs("verify", "a.csv").code == 0
        assert "sesame-and-salt" not in run + done.out + done.err
        assert b"sesame-and-salt" not in place.ledger.read_bytes()
        assert json.loads(run)["run"]
