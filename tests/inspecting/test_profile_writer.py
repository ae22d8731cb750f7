"""`inspect --save`: a profile that a validation takes, or that stops it at the very lines to fill in."""

import re
import stat
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from command_support import CAMPAIGN, HEADER, SAMPLES, Desk, opened
from example_support import examples
from hypothesis import example, given
from hypothesis import strategies as st

from inflection_cli.settings.layering import names_an_option
from inflection_cli.settings.toml_text import toml_comment, toml_key, toml_list, toml_string

EXPORTS = Path(__file__).resolve().parents[1] / "data" / "exports"
NEWSLETTER = str(SAMPLES / "newsletter-export.csv")
EVERY_SAMPLE = sorted(
    path for path in SAMPLES.iterdir() if path.suffix in {".csv", ".ndjson"} and "expected" not in path.name
)
EXPORT_WORDS = {"mailgun": ("--records", "items")}
EVERY_EXPORT = sorted(
    path
    for path in EXPORTS.glob("*/*")
    if path.suffix != ".toml" and path.name != "golden.ndjson" and path.is_file()
)
NAMES = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from('"\\\n\r\t\x00\x1b\x7f\x85\u202e\u2028#=.[]'),
    max_size=30,
)


def _could_be_a_column(name: str) -> bool:
    is_option = names_an_option(name) and not re.match(r"\s*-[^\W\d_]{2}", name)
    is_there = name.strip() in {"userId", "event", "timestamp"}
    return (
        bool(name.strip())
        and "\0" not in name
        and not name.strip().startswith("FILL IN")
        and not (is_option or is_there)
    )


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def marked(text: str) -> list[int]:
    """The numbers of the lines that are to be filled in."""
    return [
        number
        for number, line in enumerate(text.splitlines(), 1)
        if "# FILL IN: " in line and not line.startswith("#")
    ]


def saved(desk: Desk, path: str, *words: str) -> str:
    """Draft a profile; give its text."""
    done = desk.run("inspect", path, "--save", "p.toml", "--force", *words, "--json")
    assert (done.code, done.json["saved"]) == (0, "p.toml")
    text = (desk.folder / "p.toml").read_text(encoding="utf-8")
    assert len(done.json["to_fill_in"]) == len(marked(text))
    return text


def errors_of(report: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for problem in report["problems"]:
        if problem["severity"] == "error":
            found[problem["code"]] = found.get(problem["code"], 0) + problem["count"]
    return found


def assert_clean_or_marked(desk: Desk, path: str, *words: str) -> None:
    """A validation by the draft is clean, or stops at the marked lines, and at each of them.

    Rows that are wrong in themselves no profile fixes: they are rejected as they are without it.
    """
    lines = marked(saved(desk, path, *words))
    done = desk.run("validate", path, "--profile", "p.toml", "--json", *words)
    if lines:
        assert (done.code, done.json["error"]["code"]) == (2, "settings-file")
        told = desk.run("validate", path, "--profile", "p.toml", *words).err
        assert [number for number in lines if f"line {number}: " not in told] == []
        assert told.count("still to fill in") == len(lines)
    elif done.code != 0:
        plain = desk.run("validate", path, "--json", *words).json
        ready = "ready Segment messages" in plain.get("error", {}).get("message", "")
        assert ready or errors_of(done.json) == errors_of(plain)
        assert done.json["rows"]["mapped"] > 0


@pytest.mark.parametrize("path", EVERY_SAMPLE, ids=lambda path: path.name)
def test_on_every_sample_a_draft_is_clean_or_stops_at_its_marked_lines(desk: Desk, path: Path) -> None:
    assert_clean_or_marked(desk, str(path))


@pytest.mark.parametrize("path", EVERY_EXPORT, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_on_every_export_of_a_vendors_a_draft_is_clean_or_stops_at_its_marked_lines(
    desk: Desk, path: Path
) -> None:
    assert_clean_or_marked(desk, str(path), *EXPORT_WORDS.get(path.parent.name, ()))


def test_a_draft_for_a_campaign_in_order_gives_the_same_messages_as_none(desk: Desk) -> None:
    assert marked(saved(desk, CAMPAIGN)) == []
    for name, more in (("without.ndjson", ()), ("with.ndjson", ("--profile", "p.toml"))):
        assert desk.run("backfill", CAMPAIGN, "--dry-run", "--out", name, *more).code == 0
    assert (desk.folder / "with.ndjson").read_bytes() == (desk.folder / "without.ndjson").read_bytes()


def test_a_draft_with_its_lines_filled_in_gives_what_the_options_give(desk: Desk) -> None:
    text = saved(desk, NEWSLETTER)
    filled = text.replace('zone = "FILL IN"', 'zone = "Europe/Berlin"')
    filled = filled.replace('unknown_events = "FILL IN"', 'unknown_events = "skip"')
    (desk.folder / "p.toml").write_text(filled, encoding="utf-8")
    options = ("--timezone", "Europe/Berlin", "--unknown-events", "skip")
    for name, more in (("without.ndjson", options), ("with.ndjson", ("--profile", "p.toml"))):
        assert desk.run("backfill", NEWSLETTER, "--dry-run", "--out", name, *more).code == 0
    assert (desk.folder / "with.ndjson").read_bytes() == (desk.folder / "without.ndjson").read_bytes()


def test_what_the_options_settle_is_written_and_not_asked_for(desk: Desk) -> None:
    text = saved(
        desk,
        NEWSLETTER,
        *("--timezone", "Europe/Berlin", "--unknown-events", "skip", "--naming", "spec", "--no-event-id"),
        *("--set", "campaign_run_id=r-1", "--map", "userId=Contact ID", "--encoding", "utf-8"),
    )
    assert marked(text) == []
    profile = tomllib.loads(text)
    assert profile["time"] == {"zone": "Europe/Berlin"}
    assert profile["options"] == {"unknown_events": "skip", "naming": "spec", "own_ids": False}
    assert profile["fields"]["campaign_run_id"] == {"constant": "r-1"}
    assert profile["fields"]["userId"] == "Contact ID"
    assert "event_id" not in profile["fields"]
    assert desk.run("validate", NEWSLETTER, "--profile", "p.toml").code == 0


def test_a_proven_format_is_written_and_an_unproven_one_asked_for(desk: Desk) -> None:
    head = "event,userId,timestamp"
    name = desk.file("t.csv", "opened,u1,25.03.2024 09:30", "opened,u2,05.03.2024 10:00", header=head)
    assert tomllib.loads(saved(desk, name))["time"] == {"zone": "FILL IN", "format": "%d.%m.%Y %H:%M"}
    desk.file("t.csv", "opened,u2,05.03.2024 10:00", header=head)
    assert tomllib.loads(saved(desk, name))["time"]["format"] == "FILL IN"


def test_columns_whose_times_differ_in_form_get_a_format_each(desk: Desk) -> None:
    row = "u1,25.03.2024 09:30,2024-03-25 10:00,03/25/2024 11:00"
    name = desk.file("w.csv", row, header="User ID,Delivered At,Opened At,Clicked At")
    time = tomllib.loads(saved(desk, name))["time"]
    assert time["columns"] == {
        "Delivered At": {"format": "%d.%m.%Y %H:%M"},
        "Clicked At": {"format": "%m/%d/%Y %H:%M"},
    }
    text = saved(desk, name, "--timezone", "Europe/Berlin")
    assert marked(text) == []
    report = desk.run("validate", name, "--profile", "p.toml", "--json").json
    assert report["by_event"] == {"Email Delivered": 1, "Email Opened": 1, "Link Clicked": 1}


def test_who_and_when_are_never_taken_from_cells_alone(desk: Desk) -> None:
    name = desk.file(
        "de.csv",
        "K-1,opened,2024-03-01T09:30:00Z",
        "K-2,opened,2024-03-01T09:31:00Z",
        header="Kunde,Was,Wann",
    )
    text = saved(desk, name)
    fields = tomllib.loads(text)["fields"]
    assert {key: fields[key] for key in ("event", "userId", "timestamp")} == dict.fromkeys(fields, "FILL IN")
    for key, column in (("event", "Was"), ("userId", "Kunde"), ("timestamp", "Wann")):
        (line,) = [line for line in text.splitlines() if line.startswith(f"{key} = ")]
        assert f'"{column}"' in line.partition("# FILL IN: ")[2]
        text = text.replace(line, f'{key} = "{column}"')
    (desk.folder / "p.toml").write_text(text, encoding="utf-8")
    assert desk.run("validate", name, "--profile", "p.toml").code == 0


def test_addresses_become_a_person_only_by_a_filled_in_line(desk: Desk) -> None:
    name = desk.file("m.csv", "opened,a@example.com,2024-03-01T09:30:00Z", header="event,email,timestamp")
    text = saved(desk, name)
    assert tomllib.loads(text)["options"] == {"user_id_from": "FILL IN"}
    other = "\n".join(
        line.removeprefix("# ") if "anonymous_id_from" in line else line
        for line in text.splitlines()
        if not line.startswith("user_id_from")
    )
    (desk.folder / "p.toml").write_text(other, encoding="utf-8")
    assert desk.run("validate", name, "--profile", "p.toml").code == 0


def test_paths_into_json_are_written_and_work(desk: Desk) -> None:
    row = (
        '{"event": "opened", "payload": {"user": {"id": "u1"}, "campaign_id": "c1"},'
        ' "email_id": "e1", "timestamp": "2024-03-01T09:30:00Z"}'
    )
    (desk.folder / "deep.ndjson").write_text(row, encoding="utf-8")
    assert desk.run("validate", "deep.ndjson").code == 4
    assert tomllib.loads(saved(desk, "deep.ndjson"))["fields"]["userId"] == "payload.user.id"
    assert desk.run("backfill", "deep.ndjson", "--profile", "p.toml", "--dry-run", "--out", "o").code == 0
    (message,) = desk.messages("o")
    assert (message["userId"], message["properties"]["campaign_id"]) == ("u1", "c1")


def test_a_file_that_is_there_is_never_replaced_unasked(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text("mine", encoding="utf-8")
    done = desk.run("inspect", CAMPAIGN, "--save", "p.toml", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "usage")
    assert "--force" in done.json["error"]["hint"]
    assert (desk.folder / "p.toml").read_text() == "mine"
    assert desk.run("inspect", CAMPAIGN, "--save", "p.toml", "--force").code == 0
    assert tomllib.loads((desk.folder / "p.toml").read_text(encoding="utf-8"))["profile"] == 1
    assert [path.name for path in desk.folder.iterdir()] == ["p.toml"]


def test_an_input_is_never_replaced_even_by_force(desk: Desk) -> None:
    name = desk.file("a.csv", opened("u1"))
    before = (desk.folder / name).read_bytes()
    (desk.folder / "link.toml").symlink_to(name)
    for target in (name, f"./{name}", "link.toml"):
        assert desk.run("inspect", name, "--save", target, "--force").code == 2
    assert (desk.folder / name).read_bytes() == before


@pytest.mark.parametrize(
    ("target", "code"), [("no/where/p.toml", 4), ("", 2), ("-", 2), (".", 2), ("/dev/null", 2)]
)
def test_a_place_where_nothing_can_be_written_is_told_with_a_hint(desk: Desk, target: str, code: int) -> None:
    for more in ((), ("--force",)):
        done = desk.run("inspect", CAMPAIGN, "--save", target, *more, "--json")
        assert (done.code, bool(done.json["error"]["hint"])) == (code, True)
    assert list(desk.folder.iterdir()) == []


def test_a_saved_profile_is_readable_like_any_file(desk: Desk) -> None:
    saved(desk, CAMPAIGN)
    mode = (desk.folder / "p.toml").stat().st_mode
    assert stat.S_IMODE(mode) & stat.S_IRUSR
    assert not stat.S_IMODE(mode) & stat.S_IWOTH


def test_a_draft_is_made_from_one_file_and_by_no_other_profile(desk: Desk) -> None:
    several = desk.run("inspect", CAMPAIGN, NEWSLETTER, "--save", "p.toml")
    assert (several.code, "2 files" in several.err) == (2, True)
    (desk.folder / "q.toml").write_text("profile = 1\n", encoding="utf-8")
    by_another = desk.run("inspect", CAMPAIGN, "--profile", "q.toml", "--save", "p.toml")
    assert (by_another.code, "--profile" in by_another.err) == (2, True)
    assert not (desk.folder / "p.toml").exists()


def test_the_last_line_says_how_many_lines_are_left_and_what_to_run(desk: Desk) -> None:
    done = desk.run("inspect", NEWSLETTER, "--save", "p.toml")
    assert done.out.splitlines()[-1] == (
        "Fill in 2 lines of p.toml, then: infl-seg validate FILE --profile p.toml"
    )


def test_no_cell_reaches_a_profile_unless_values_are_asked_for(desk: Desk) -> None:
    rows = [opened("u-lovelace") + ",Secret note", opened("u2").replace("Email Opened", "Ada Lovelace") + ","]
    name = desk.file("s.csv", *rows, header=f"{HEADER},note")
    text = saved(desk, name)
    assert not [word for word in ("lovelace", "Lovelace", "Secret") if word in text]
    shown = saved(desk, name, "--show-values")
    assert "Ada Lovelace" in shown
    assert "Secret note" in shown
    tomllib.loads(shown)


def test_rows_that_no_profile_fixes_are_told_in_the_profile(desk: Desk) -> None:
    text = saved(desk, str(SAMPLES / "broken-lines.ndjson"))
    assert "# 7 more could not be read (json-invalid, " in text


def test_a_hostile_header_stays_in_its_strings(desk: Desk) -> None:
    names = (
        'a"b',
        "x]\n[options]\nunknown_events = 'send'",
        "\x1b[2J",
        "\u202eevil",
        "dots." * 120,
        "FILL IN",
    )
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    row = ",".join(("u1", "opened", "2024-03-01T09:30:00Z", *("v" for _ in names)))
    name = desk.file("evil.csv", row, header=f"userId,event,timestamp,{quoted}")
    text = saved(desk, name)
    assert marked(text) == []
    assert not [char for char in text if char in "\x1b\u202e\r"]
    assert tomllib.loads(text).keys() == {"profile", "input", "fields", "columns"}
    assert desk.run("validate", name, "--profile", "p.toml").code == 0


@given(st.lists(NAMES.filter(bool), min_size=1, max_size=6, unique=True))
def test_whatever_a_name_holds_toml_gives_it_back(names: list[str]) -> None:
    lines = [f"{toml_key(name)} = {toml_string(name)}  # {toml_comment(name)}" for name in names]
    text = "\n".join((*lines, f"all_of_them.x = {toml_list(names)}", ""))
    assert len(text.splitlines()) == len(names) + 1
    read = tomllib.loads(text)
    assert read.pop("all_of_them", {"x": names})["x"] == names
    assert [*read.items()] == [(name, name) for name in names if name != "all_of_them"]


@example(names=["00", "0\n", "\n0", "0"])
@examples(25)
@given(st.lists(NAMES.filter(_could_be_a_column), min_size=4, max_size=4, unique=True))
def test_whatever_the_columns_are_called_a_saved_profile_names_them(names: list[str]) -> None:
    mapped = dict(zip(("campaign_id", "email_id", "campaign_name", "email_subject"), names, strict=True))
    quoted = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    with TemporaryDirectory() as folder:
        desk = Desk(Path(folder))
        export, profile = (str(desk.folder / name) for name in ("e.csv", "p.toml"))
        text = f"userId,event,timestamp,{quoted}\nu1,opened,2024-03-01T09:30:00Z,a,b,c,d\n"
        Path(export).write_bytes(text.encode())
        options = [word for field, name in mapped.items() for word in ("--map", f"{field}={name}")]
        assert desk.run("inspect", export, "--save", profile, *options).code == 0
        fields = tomllib.loads(Path(profile).read_text(encoding="utf-8"))["fields"]
        assert {field: fields[field] for field in mapped} == mapped
        assert desk.run("validate", export, "--profile", profile).code == 0


BY_NAME = (
    "event,userId,email_id,campaign_id,timestamp",
    "Activity Type,Customer ID,Template Id,Journey ID,Event Time,Run Id,Journey Name,Subject,Link URL,note",
    "action,contact_id,email_id,campaign_id,date,insert_id,ip_address,browser,Unique Open,first_click,email",
    "type,user,personId,programid,time,email_id,ip,user_agent,event_id,mail,send_id",
)


@pytest.mark.parametrize("header", BY_NAME)
def test_a_draft_names_all_that_a_run_binds_by_name_and_is_what_its_run_does(header: str, desk: Desk) -> None:
    flags = {"Unique Open": "true", "first_click": "false"}
    rows = []
    for i in range(3):
        cells = {name: f"{chr(97 + at)}{i}" for at, name in enumerate(header.split(","))}
        cells |= {name: flag for name, flag in flags.items() if name in cells}
        names = header.split(",")
        cells |= {names[0]: "opened", names[4]: f"2024-03-01T09:30:0{i}Z"}
        cells |= {name: f"u{i}@example.com" for name in ("email", "mail") if name in cells}
        rows.append(",".join(cells.values()))
    name = desk.file("by_name.csv", *rows, header=header)
    text = saved(desk, name)
    assert marked(text) == []
    plain = desk.run("validate", name, "--json").json["files"][0]
    drafted = desk.run("validate", name, "--profile", "p.toml", "--json").json["files"][0]
    assert {key: drafted[key] for key in ("fields", "properties", "left_out")} == {
        key: plain[key] for key in ("fields", "properties", "left_out")
    }
    assert drafted["not_used"] == {}
    for words in ((), ("--profile", "p.toml")):
        assert desk.run("backfill", name, *words, "--dry-run", "--out", f"{len(words)}.ndjson").code == 0
    assert desk.messages("0.ndjson") == desk.messages("2.ndjson")


def test_an_address_of_a_machine_or_a_sender_is_drafted_as_nobodys(desk: Desk) -> None:
    columns = "event,timestamp,userId,campaign_id,email_id,from_email,reply_to,sender_ip,server_ip,host"
    row = "open,2024-01-01T00:00:00Z,u1,c,e,news@brand.example,re@brand.example,192.0.2.1,192.0.2.2,192.0.2.3"
    text = saved(desk, desk.file("f.csv", row, header=columns))
    assert {*tomllib.loads(text)["fields"]} == {"event", "userId", "email_id", "campaign_id", "timestamp"}


def test_the_senders_path_is_drafted_as_nobody(desk: Desk) -> None:
    record = '{"type":"email.opened","created_at":"2024-01-01T00:00:00Z","data":{"from":"news@brand.example",'
    record += '"sender":{"id":"s1","email":"x@brand.example"},"broadcast_id":"b1"}}'
    (desk.folder / "r.ndjson").write_text(record + "\n" + record.replace("b1", "b2") + "\n", encoding="utf-8")
    text = saved(desk, "r.ndjson")
    assert '"data.from"' not in text
    assert '"data.sender' not in text
