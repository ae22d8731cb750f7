"""`infl-seg inspect`: what a file is, what its columns hold and would become, why, and what is missing."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from command_support import CAMPAIGN, HEADER, SAMPLES, Desk, opened
from old_export import old_export

ESCAPE = "\x1b"
FILE = {
    "path",
    "format",
    "encoding",
    "delimiter",
    "compression",
    "size_bytes",
    "rows",
    "unreadable",
    "sample",
    "problems",
    "encoding_evidence",
    "columns",
    "events",
    "events_bounded",
    "preset",
    "proposals",
    "missing",
    "refused",
}
COLUMN = {
    "name",
    "path",
    "filled",
    "share",
    "distinct",
    "distinct_bounded",
    "content",
    "samples",
    "field",
    "why",
    "tied_with",
    "property",
    "property_types",
    "left_out",
    "profile",
    "times",
}
NEWSLETTER = str(SAMPLES / "newsletter-export.csv")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def inspected(desk: Desk, *words: str) -> dict[str, Any]:
    """The one file of a report."""
    done = desk.run("inspect", *words, "--json")
    assert (done.code, done.json["exit_code"], done.err) == (0, 0, "")
    (file,) = done.json["files"]
    assert isinstance(file, dict)
    return file


def columns_of(file: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in file["columns"]}


def about(file: dict[str, Any]) -> list[str]:
    return [each["about"] for each in file["missing"]]


def test_the_report_has_its_keys(desk: Desk) -> None:
    report = desk.run("inspect", CAMPAIGN, "--json").json
    assert report.keys() >= {"command", "version", "complete", "files", "saved", "to_fill_in", "exit_code"}
    assert (report["command"], report["complete"], report["saved"]) == ("inspect", True, None)
    assert report["files"][0].keys() == FILE
    assert all(column.keys() == COLUMN for column in report["files"][0]["columns"])


def test_a_campaign_in_order_lacks_nothing(desk: Desk) -> None:
    done = desk.run("inspect", CAMPAIGN)
    assert (done.code, done.err) == (0, "")
    assert "  missing" not in done.out
    assert done.out.splitlines()[-1] == "Nothing is missing. Next: infl-seg validate"


def test_a_file_is_told_by_its_form(desk: Desk) -> None:
    (desk.folder / "a.csv.gz").write_bytes(gzip.compress(Path(NEWSLETTER).read_bytes(), mtime=0))
    file = inspected(desk, "a.csv.gz")
    told = [file[name] for name in ("format", "encoding", "delimiter", "compression", "rows", "unreadable")]
    assert told == ["csv", "utf-8", ";", "gzip", 60, 0]


def test_every_field_is_told_with_the_reason(desk: Desk) -> None:
    name = desk.file(
        "why.csv",
        "opened,u1,2024-03-01T09:30:00Z,c1,a@example.com",
        header="event,User ID,Occurred At,Journey ID,Adresse",
    )
    columns = columns_of(inspected(desk, name))
    assert {each: (column["field"], column["why"]) for each, column in columns.items()} == {
        "event": ("event", "name"),
        "User ID": ("userId", "spelling"),
        "Occurred At": ("timestamp", "alias"),
        "Journey ID": ("campaign_id", "alias"),
        "Adresse": ("email", "content"),
    }


def test_what_a_validation_maps_an_inspection_tells_likewise(desk: Desk) -> None:
    for path in (CAMPAIGN, NEWSLETTER, str(SAMPLES / "broken.csv"), str(SAMPLES / "own-ids.csv")):
        mapped = desk.run("validate", path, "--json").json["files"][0]
        file = inspected(desk, path)
        columns = columns_of(file).values()
        assert {each["name"]: each["field"] for each in columns if each["field"]} == mapped["columns"]
        assert {each["name"]: each["property"] for each in columns if each["property"]} == mapped[
            "properties"
        ]
        assert [each["name"] for each in columns if each["left_out"]] == mapped["left_out"]


def test_options_that_map_columns_count_and_are_told_as_the_reason(desk: Desk) -> None:
    name = desk.file("odd.csv", "u1,2024-03-01T09:30:00Z", header="Kunde,Zeit")
    words = ("--map", "userId=Kunde", "--map", "timestamp=Zeit", "--set", "event=Email Opened")
    file = inspected(desk, name, *words)
    assert [(each["field"], each["why"]) for each in file["columns"]] == [
        ("userId", "option"),
        ("timestamp", "option"),
    ]
    assert (file["missing"], file["refused"]) == ([], None)


def test_two_columns_that_could_be_one_field_are_a_tie_and_no_choice(desk: Desk) -> None:
    name = desk.file(
        "tie.csv",
        "opened,u1,2024-03-01T09:30:00Z,a,b",
        header="event,userId,timestamp,Journey Name,Campaign",
    )
    file = inspected(desk, name)
    columns = columns_of(file)
    assert columns["Campaign"]["tied_with"] == ["Journey Name"]
    assert columns["Campaign"]["field"] is None
    assert [each for each in file["missing"] if each["about"] == "tie"] == [
        {
            "about": "tie",
            "message": "2 columns could be campaign_name: “Journey Name”, “Campaign”",
            "option": "--map campaign_name=COLUMN",
            "profile": '[fields] campaign_name = "COLUMN"',
        }
    ]


def test_a_file_without_event_time_and_person_is_no_error_and_each_is_named_with_its_line(desk: Desk) -> None:
    name = desk.file("bare.csv", "red,round", "blue,flat", header="colour,shape")
    done = desk.run("inspect", name)
    assert done.code == 0
    file = inspected(desk, name)
    assert about(file) == ["event", "timestamp", "person"]
    for each in file["missing"]:
        assert each["option"].startswith("--map ")
        assert each["profile"].startswith("[fields] ")
        assert each["message"] in done.out
        assert each["option"] in done.out
    assert file["refused"]["hint"]


def test_addresses_alone_are_no_person_until_the_user_says_so(desk: Desk) -> None:
    name = desk.file(
        "mails.csv",
        "opened,a@example.com,2024-03-01T09:30:00Z",
        "opened,b@example.com,2024-03-01T09:31:00Z",
        header="event,email,timestamp",
    )
    (missing,) = inspected(desk, name)["missing"]
    assert missing["about"] == "person"
    assert "--user-id-from email" in missing["option"]
    assert 'anonymous_id_from = "email"' in missing["profile"]
    assert inspected(desk, name, "--user-id-from", "email")["missing"] == []


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"", "input"), (b"\x89PNG\r\n\x1a\n\0\0", "input"), (b'event,"userId\na,b,c\n', "input")],
)
def test_what_cannot_be_read_at_all_is_4(desk: Desk, data: bytes, code: str) -> None:
    (desk.folder / "odd.csv").write_bytes(data)
    done = desk.run("inspect", "odd.csv", "--json")
    assert (done.code, done.json["exit_code"], done.json["error"]["code"]) == (4, 4, code)
    assert done.json["error"]["hint"]


def test_unreadable_lines_are_counted_and_told_with_the_first_of_each_kind(desk: Desk) -> None:
    name = desk.file("torn.csv", opened("u1"), "short,row", opened("u2"), "another,one", opened("u3"))
    file = inspected(desk, name)
    assert (file["rows"], file["unreadable"]) == (3, 2)
    (problem,) = file["problems"]
    assert (problem["code"], problem["line"], problem["count"]) == ("ragged-row", 3, 2)


def test_shares_and_different_cells_are_counted_over_the_whole_file(desk: Desk) -> None:
    rows = [f"opened,u{n % 7},2024-03-01T09:30:00Z,{'x' if n % 4 == 0 else ''}" for n in range(4000)]
    name = desk.file("many.csv", *rows, header="event,userId,timestamp,note")
    columns = columns_of(inspected(desk, name))
    assert (columns["userId"]["distinct"], columns["userId"]["distinct_bounded"]) == (7, False)
    assert (columns["note"]["filled"], columns["note"]["share"]) == (1000, 0.25)


def test_different_cells_are_counted_up_to_a_bound(desk: Desk) -> None:
    name = desk.file("wide.csv", *(opened(f"u{n}") for n in range(1500)))
    column = columns_of(inspected(desk, name))["userId"]
    assert (column["distinct"], column["distinct_bounded"]) == (1000, True)
    assert "ids, ≥ 1,000" in desk.run("inspect", name).out


@pytest.mark.parametrize(
    ("cells", "content"),
    [
        (("2024-03-01 09:30", "2024-03-02 10:00"), "time"),
        (("yes", "no"), "flag"),
        (("https://example.com/a?b=c", "http://example.com"), "link"),
        (("ada@example.com", "b@example.org"), "address"),
        (("+49 30 1234567", "+1 212 555 0100"), "phone"),
        (("192.0.2.1", "2001:db8::1"), "network address"),
        (("12", "3.5", "-7"), "number"),
        (("cust-0001", "cust-0002"), "id"),
        (('{"a": 1}', '{"a": 2}'), "json"),
        (("hello world", "so it is"), "text"),
        (("", ""), "empty"),
    ],
)
def test_the_kind_of_content_is_told(desk: Desk, cells: tuple[str, ...], content: str) -> None:
    lines = [json.dumps({"event": "opened", "thing": cell}) for cell in cells]
    (desk.folder / "kinds.ndjson").write_text("\n".join(lines), encoding="utf-8")
    assert columns_of(inspected(desk, "kinds.ndjson"))["thing"]["content"] == content


def test_cells_are_masked_until_they_are_asked_for(desk: Desk) -> None:
    rows = [opened("lovelace"), opened("u2").replace("Email Opened", "Ada Lovelace")]
    name = desk.file("secret.csv", *rows)
    for more in ((), ("--json",)):
        assert "ovelace" not in desk.run("inspect", name, *more).out
        shown = desk.run("inspect", name, "--show-values", *more).out
        assert "lovelace" in shown
        assert "Ada Lovelace" in shown


def test_neither_cells_nor_names_steer_the_terminal(desk: Desk) -> None:
    evil = f"{ESCAPE}[2J\u202egpj::error"
    name = desk.file("evil.csv", f"{evil},u1,2024-03-01T09:30:00Z,x", header=f"event,userId,timestamp,{evil}")
    for more in ((), ("--show-values",)):
        out = desk.run("inspect", name, *more).out
        assert ESCAPE not in out
        assert "\u202e" not in out
        assert not any(line.lstrip().startswith("::") for line in out.splitlines())


def test_events_are_listed_with_what_they_would_become(desk: Desk) -> None:
    file = inspected(desk, NEWSLETTER)
    events = {each["name"]: (each["count"], each["becomes"]) for each in file["events"]}
    assert events["Sent"] == (20, None)
    assert events["EMAIL_DELIVERED"] == (9, "Email Delivered")
    assert events["click"] == (7, "Link Clicked")
    assert "unknown_events" in about(file)
    assert "unknown_events" not in about(inspected(desk, NEWSLETTER, "--unknown-events", "skip"))


@pytest.mark.parametrize(
    "name",
    ["emailSubscribe", "emailSend", "MessageDeliveryFailed", "MessageDelayed", "MessageHeld", "sms.Delivery"],
)
def test_no_event_is_suggested_for_the_likeness_of_its_letters(name: str, desk: Desk) -> None:
    file = desk.file("odd.csv", *[opened("u1").replace("Email Opened", name)] * 3)
    (event,) = inspected(desk, file, "--save", "odd.toml")["events"]
    assert event == {"name": name, "count": 3, "becomes": None}
    assert "perhaps" not in (desk.folder / "odd.toml").read_text(encoding="utf-8")
    assert "may be meant" not in desk.run("validate", file).out


def times_of(desk: Desk, cells: tuple[str, ...], *words: str) -> dict[str, Any]:
    rows = [f"opened,u{n},e1,{cell}" for n, cell in enumerate(cells)]
    name = desk.file("times.csv", *rows, header="event,userId,email_id,timestamp")
    times = columns_of(inspected(desk, name, *words))["timestamp"]["times"]
    assert isinstance(times, dict)
    return times


def test_times_with_and_without_a_zone_are_counted_apart(desk: Desk) -> None:
    times = times_of(desk, ("2024-03-01T09:30:00Z", "2024-03-01 09:30", "2024-03-02T10:00:00+01:00"))
    assert (times["zoned"], times["naive"], times["formats"]) == (2, 1, [None])


def test_the_first_and_the_last_time_are_told_and_local_ones_have_no_zone(desk: Desk) -> None:
    zoned = times_of(desk, ("2024-03-02T00:30:00+01:00", "2024-03-01T22:00:00Z", "1709280000"))
    (form,) = zoned["forms"]
    assert (form["first"], form["last"]) == ("2024-03-01T08:00:00.000Z", "2024-03-01T23:30:00.000Z")
    local = times_of(desk, ("2024-03-02 00:30", "2024-03-01 22:00"))
    assert local["forms"][0]["first"] == "2024-03-01T22:00:00.000"


def test_a_format_is_proven_by_all_cells_together(desk: Desk) -> None:
    times = times_of(desk, ("05.03.2024 09:30", "06.03.2024 09:30", "25.03.2024 09:30"))
    assert times["formats"] == ["%d.%m.%Y %H:%M"]
    assert times_of(desk, ("05/03/2024 09:30", "06/03/2024 09:30"))["formats"] == [
        "%d/%m/%Y %H:%M",
        "%m/%d/%Y %H:%M",
    ]


def test_a_time_that_a_zones_clocks_never_showed_rules_the_zone_out(desk: Desk) -> None:
    cells = ("2024-03-31 02:30:00", "2024-10-27 02:30:00", "2024-07-01 12:00:00")
    zones = {each["zone"]: each for each in times_of(desk, cells)["zones"]}
    assert (zones["Europe/Berlin"]["in_gap"], zones["Europe/Berlin"]["in_overlap"]) == (1, 1)
    assert zones["America/New_York"]["in_gap"] == 0
    (given,) = times_of(desk, cells, "--timezone", "Europe/Rome")["zones"]
    assert (given["zone"], given["in_gap"]) == ("Europe/Rome", 1)
    (missing,) = [each for each in inspected(desk, "times.csv")["missing"] if each["about"] == "zone"]
    assert "Excluded (times fall in a DST gap): Europe/Berlin (1)" in missing["message"]
    assert missing["profile"] == '[time] zone = "NAME"'


def test_a_zone_is_missing_only_where_times_name_none(desk: Desk) -> None:
    times_of(desk, ("2024-03-01 09:30",))
    assert about(inspected(desk, "times.csv")) == ["zone"]
    assert inspected(desk, "times.csv", "--timezone", "UTC")["missing"] == []
    times_of(desk, ("2024-03-01T09:30Z",))
    assert inspected(desk, "times.csv")["missing"] == []


def test_dates_alone_and_times_in_two_orders_need_the_users_word(desk: Desk) -> None:
    times_of(desk, ("2024-03-01", "2024-03-02"))
    (missing,) = [each for each in inspected(desk, "times.csv")["missing"] if each["about"] == "format"]
    assert missing["option"] == '--timestamp-format "%Y-%m-%d"'
    times_of(desk, ("05/03/2024 09:30",))
    (missing,) = [each for each in inspected(desk, "times.csv")["missing"] if each["about"] == "format"]
    assert "2 ways" in missing["message"]


def test_a_few_cells_that_are_no_times_are_told_and_ask_for_no_format(desk: Desk) -> None:
    times_of(desk, ("2024-03-01T09:30Z", "2024-03-01T09:31Z", "soon"))
    (missing,) = inspected(desk, "times.csv")["missing"]
    assert (missing["about"], "timestamp-unreadable (1)" in missing["message"]) == ("other", True)


def test_bytes_that_are_no_utf8_get_an_encoding_with_evidence(desk: Desk) -> None:
    (desk.folder / "old.csv").write_bytes(old_export())
    file = inspected(desk, "old.csv")
    evidence = file["encoding_evidence"]
    assert (evidence["suggested"], evidence["sound"]) == ("windows-1252", evidence["words"])
    assert {"character": "ü", "bytes": "FC", "count": 6} in evidence["characters"]
    assert file["missing"][0]["option"] == "--encoding windows-1252"
    assert (file["rows"], file["unreadable"]) == (5, 0)
    assert inspected(desk, "old.csv", "--encoding", "windows-1252")["encoding_evidence"] is None


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("windows-1251", "Привет мир, как дела Москва"),
        ("shift_jis", "こんにちは世界 東京タワー"),
        ("mac-roman", "Müller Größe façade"),
        ("windows-1253", "Καλημέρα κόσμε Αθήνα"),
    ],
)
def test_words_of_many_scripts_tell_their_encoding(desk: Desk, encoding: str, words: str) -> None:
    rows = [f"opened,u{n},{word},2024-03-01T09:30:00Z" for n, word in enumerate(words.split())]
    text = "\n".join(("event,userId,campaign_name,timestamp", *rows, ""))
    (desk.folder / "words.csv").write_bytes(text.encode(encoding))
    evidence = inspected(desk, "words.csv")["encoding_evidence"]
    assert evidence["suggested"] == encoding


def test_a_header_that_is_no_utf8_is_no_end_either(desk: Desk) -> None:
    text = "event,userId,timestamp,Größe\nopened,u1,2024-03-01T09:30:00Z,10\n"
    (desk.folder / "head.csv").write_bytes(text.encode("windows-1252"))
    file = inspected(desk, "head.csv")
    assert file["encoding_evidence"]["suggested"] == "windows-1252"
    assert "Größe" in columns_of(file)
    assert desk.run("inspect", "head.csv", "--encoding", "ascii").code == 4


def test_one_bad_line_in_a_file_of_utf8_is_that_line_and_no_encoding(desk: Desk) -> None:
    good = opened("u1").replace("c1", "Größe")
    lines = [HEADER.encode(), *[good.encode()] * 20, opened("u2").replace("c1", "Größe").encode("latin-1")]
    (desk.folder / "mixed.csv").write_bytes(b"\n".join(lines))
    file = inspected(desk, "mixed.csv")
    assert file["encoding_evidence"] is None
    assert (file["unreadable"], file["problems"][0]["code"]) == (1, "bad-encoding")


def test_a_wide_export_is_seen_as_several_events_a_row(desk: Desk) -> None:
    (desk.folder / "old.csv").write_bytes(old_export())
    proposals = inspected(desk, "old.csv")["proposals"]
    assert [(each["event"], each["column"], each["timed"], each["rows"]) for each in proposals] == [
        ("Email Delivered", "Delivered At", True, 5),
        ("Email Opened", "First Opened", True, 3),
        ("Link Clicked", "Clicks", False, 2),
        ("Email Bounced", "Bounce Type", False, 1),
    ]
    assert proposals[3]["properties"] == {"bounce_type": "Bounce Type"}


@pytest.mark.parametrize(
    "names",
    [
        ("Delivered At", "First Opened", "Clicked", "Bounce Date", "Unsubscribed At"),
        ("delivered_at", "open_time", "last_click_timestamp", "bounced_on", "opt_out_date"),
        ("DeliveryDate", "OpenedAt", "ClickDate", "BounceTime", "UnsubscribeTimestamp"),
    ],
)
def test_columns_of_times_that_are_named_after_events_are_events(desk: Desk, names: tuple[str, ...]) -> None:
    name = desk.file("wide.csv", "u1" + ",2024-03-01T09:30:00Z" * 5, header=",".join(("Customer ID", *names)))
    file = inspected(desk, name)
    assert [each["event"] for each in file["proposals"]] == [
        "Email Delivered",
        "Email Opened",
        "Link Clicked",
        "Email Bounced",
        "Email Unsubscribed",
    ]
    assert file["missing"] == []


def test_flags_tell_of_events_and_counts_alone_may_be_a_campaigns_sums(desk: Desk) -> None:
    name = desk.file("f.csv", "u1,1,0", "u2,0,1", "u3,1,1", header="Customer ID,Opened,Clicked")
    proposals = inspected(desk, name)["proposals"]
    assert [(each["event"], each["equals"], each["rows"]) for each in proposals] == [
        ("Email Opened", ["1"], 2),
        ("Link Clicked", ["1"], 2),
    ]
    name = desk.file("s.csv", "c1,1204,88", "c2,910,41", header="Campaign ID,Opens,Clicks")
    assert inspected(desk, name)["proposals"] == []


def test_a_key_that_is_somebodys_address_is_no_path(desk: Desk) -> None:
    row = '{"event": "opened", "by": {"+49 30 1234567": 1, "total": 2}}'
    (desk.folder / "k.ndjson").write_text(row, encoding="utf-8")
    assert "+49" not in desk.run("inspect", "k.ndjson").out
    assert "by.total" in columns_of(inspected(desk, "k.ndjson"))


def test_an_export_with_an_event_column_is_not_wide(desk: Desk) -> None:
    row = "opened,u1,2024-03-01T09:30:00Z,2024-03-01T09:30:00Z,2024-03-01T09:30:00Z"
    name = desk.file("flat.csv", row, header="event,userId,timestamp,Delivered At,Opened At")
    assert inspected(desk, name)["proposals"] == []


def test_paths_into_json_are_columns_too(desk: Desk) -> None:
    record = {
        "event": "opened",
        "payload": {"user": {"id": "u1"}, "campaign_id": "c1", "run": 300000000000000000009},
        "timestamp": "2024-03-01T09:30:00Z",
    }
    (desk.folder / "deep.ndjson").write_text(json.dumps(record), encoding="utf-8")
    columns = columns_of(inspected(desk, "deep.ndjson", "--show-values"))
    assert (columns["payload.user.id"]["field"], columns["payload.user.id"]["why"]) == ("userId", "path")
    assert columns["payload.campaign_id"]["field"] == "campaign_id"
    assert columns["payload.run"]["samples"] == ["300000000000000000009"]


def test_json_in_a_cell_is_looked_into(desk: Desk) -> None:
    row = 'opened,u1,2024-03-01T09:30:00Z,"{""campaign"": {""id"": ""c1""}}"'
    name = desk.file("cell.csv", row, header="event,userId,timestamp,attributes")
    assert columns_of(inspected(desk, name))["attributes.campaign.id"]["field"] == "campaign_id"
    desk.file("cell.csv", row.replace("campaign", "device"), header="event,userId,timestamp,attributes")
    assert columns_of(inspected(desk, name))["attributes.device.id"]["field"] is None


def test_own_ids_that_identify_no_event_are_told(desk: Desk) -> None:
    own_ids = str(SAMPLES / "own-ids.csv")
    (missing,) = inspected(desk, own_ids)["missing"]
    assert (missing["about"], missing["option"]) == ("own_ids", "--no-event-id")
    assert inspected(desk, own_ids, "--no-event-id")["missing"] == []


def test_segment_messages_are_told_as_that(desk: Desk) -> None:
    options = [each["option"] for each in inspected(desk, str(SAMPLES / "ready.ndjson"))["missing"]]
    assert "infl-seg replay FILE" in options


def test_a_limit_bounds_the_rows_that_are_looked_at(desk: Desk) -> None:
    assert inspected(desk, CAMPAIGN, "--limit", "10")["rows"] == 10


def test_several_files_are_told_one_after_the_other(desk: Desk) -> None:
    report = desk.run("inspect", CAMPAIGN, NEWSLETTER, "--json").json
    assert [file["path"] for file in report["files"]] == [CAMPAIGN, NEWSLETTER]


@pytest.mark.parametrize(
    "words", [("--since", "2024-01-01"), ("--until", "2024-01-01"), ("--event", "opened"), ("--rejects", "d")]
)
def test_options_that_decide_what_is_sent_have_no_place_here(desk: Desk, words: tuple[str, ...]) -> None:
    done = desk.run("inspect", CAMPAIGN, *words, "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "usage")
    assert words[0] in done.json["error"]["hint"]


def test_a_profile_says_what_each_column_is_for(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[fields]\nuserId = "Kunde"\nevent = { column = "Was", values = { "auf" = "Email Opened" } }\n'
        'timestamp = "Wann"\n[properties]\nform = "Subject"\n',
        encoding="utf-8",
    )
    name = desk.file("de.csv", "u1,auf,2024-03-01T09:30:00Z,x", header="Kunde,Was,Wann,Subject")
    file = inspected(desk, name, "--profile", "p.toml")
    assert {each: (column["profile"], column["field"]) for each, column in columns_of(file).items()} == {
        "Kunde": (["fields.userId"], None),
        "Was": (["fields.event"], None),
        "Wann": (["fields.timestamp"], None),
        "Subject": (["properties.form"], None),
    }
    assert (file["missing"], file["refused"], file["events"][0]["becomes"]) == ([], None, "Email Opened")


def test_a_profile_for_another_export_is_told_as_what_stands_in_the_way(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text('profile = 1\n[fields]\nuserId = "Kunde"\n', encoding="utf-8")
    file = inspected(desk, CAMPAIGN, "--profile", "p.toml")
    assert "Kunde" in file["refused"]["message"]
    assert about(file) == ["other"]


def test_the_project_file_counts_and_is_told(desk: Desk) -> None:
    (desk.folder / "infl-seg.toml").write_text('timezone = "Europe/Berlin"\n', encoding="utf-8")
    report = desk.run("inspect", NEWSLETTER, "--json").json
    assert [each["about"] for each in report["files"][0]["missing"]] == ["unknown_events"]
    assert report["project_file"]["settings"] == {"timezone": "Europe/Berlin"}
    assert about(inspected(desk, NEWSLETTER, "--no-project")) == ["zone", "unknown_events"]


def test_an_inspection_leaves_nothing_behind(desk: Desk) -> None:
    desk.run("inspect", CAMPAIGN)
    assert list(desk.folder.iterdir()) == []


def test_standard_input_is_inspected_like_a_file(desk: Desk) -> None:
    done = desk.run("inspect", "-", "--json", stdin=Path(NEWSLETTER).read_bytes())
    assert (done.code, done.json["files"][0]["rows"]) == (0, 60)


CROWD = [f"p{n}@shop.example,900,open,2024-03-01T09:30:{n:02}Z,c,e" for n in range(4)]
PEOPLE = {
    "person-implausible": CROWD,
    "placeholder-person": [r"p1@shop.example,\N,open,2024-03-01T09:30:00Z,c,e"] * 2,
    "person-id-misspelled": ["p1@shop.example,u1\u200b,open,2024-03-01T09:30:00Z,c,e"],
    "person-id-damaged": ["p1@shop.example,gr\u00c3\u00bcn,open,2024-03-01T09:30:00Z,c,e"],
    "placeholder-id": ["p1@shop.example,u1,open,2024-03-01T09:30:00Z,NULL,e"],
    "id-decimal": ["p1@shop.example,17.0,open,2024-03-01T09:30:00Z,c,e"],
}


@pytest.mark.parametrize(("code", "rows"), PEOPLE.items(), ids=PEOPLE.keys())
def test_people_are_judged_as_validate_judges_them(code: str, rows: list[str], desk: Desk) -> None:
    lines = ["email,user_id,event,timestamp,campaign_id,email_id", *rows]
    (desk.folder / "people.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (judged,) = (
        {**each, "count": desk.run("validate", "people.csv", "--json").json["problem_counts"][code]}
        for each in desk.run("validate", "people.csv", "--json").json["problems"][:1]
    )
    assert judged["code"] == code
    assert inspected(desk, "people.csv")["problems"] == [judged]
    said = desk.run("inspect", "people.csv").out
    assert re.search(rf"^  people +{code}: ", said, re.MULTILINE)
    assert ("Nothing is missing" in said) == (judged["severity"] == "warning")


def test_the_users_word_on_people_counts_in_an_inspection(desk: Desk) -> None:
    (desk.folder / "people.csv").write_text(
        "\n".join(["email,user_id,event,timestamp,campaign_id,email_id", *CROWD]) + "\n"
    )
    assert inspected(desk, "people.csv", "--allow-implausible-people")["problems"] == []
    assert inspected(desk, "people.csv", "--limit", "2")["problems"] == []
    assert inspected(desk, "people.csv", "--null", "900")["problems"] == []


def test_a_key_that_moves_a_field_is_told_as_what_stands_in_the_way(desk: Desk) -> None:
    first = {"event": "open", "uid": "1", "user": "u1", "campaign_id": "c", "email_id": "e"}
    lines = [json.dumps({**first, "timestamp": 1_709_285_400 + n, "pad": "x" * 200}) for n in range(2_000)]
    late = json.dumps({**first, "timestamp": 1_709_285_400, "userId": "u2"})
    (desk.folder / "late.ndjson").write_text("\n".join([*lines, late]) + "\n")
    told = desk.run("validate", "late.ndjson", "--json").json["error"]["message"]
    assert inspected(desk, "late.ndjson")["refused"]["message"] == told
