"""A profile's file: what is read from it, and every fault of it told at once, with its line and path."""

import json
import os
import pickle
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk, opened
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from inflection_cli.catalog import CALL_ONLY_FIELDS, FIELDS
from inflection_cli.cli.project_schema import project_schema
from inflection_cli.errors import SettingsFileFaults, UsageError
from inflection_cli.mapping.profile.profile_file import profile_schema, read_profile
from inflection_cli.mapping.profile.profile_schema import (
    Cell,
    Condition,
    Event,
    Fields,
    Profile,
    PropertyCell,
    TimeColumn,
    Timestamp,
)
from inflection_cli.settings.declarations import InputOptions, Naming, UnknownEvents

SALT = "sesame-and-salt"
ENVIRON = {"INFL_SEG_SALT": SALT, "INFL_SEG_SALT_2": "other", "SEGMENT_WRITE_KEY": "k" * 32}
DOCS = Path(__file__).resolve().parents[3] / "docs" / "profiles.md"
FULL = """
profile = 1
[input]
encoding = "windows-1252"
delimiter = "tab"
records = "data.items"
[time]
zone = "Europe/Berlin"
format = "%d.%m.%Y %H:%M"
[time.columns."Clicked At"]
zone = "UTC"
[fields]
userId = "Contact ID"
event = { column = "Action", values = { "O" = "Email Opened", "-" = "" }, otherwise = "reject" }
campaign_id = { constant = "spring-2024" }
email_subject = { by_file = { "*-a.csv" = "Hello" } }
personId = { column = "Email", hash = "sha256", salt_env = "INFL_SEG_SALT" }
timestamp = { columns = ["Clicked At", "Opened At"], choose = "earliest" }
[properties]
revenue = { column = "Revenue", type = "number", decimal = "," }
device = "Device"
[columns]
others = "drop"
drop = ["Internal Note"]
[[event]]
name = "Email Opened"
timestamp = "First Opened"
when = { column = "Opens", not_equals = ["0", ""] }
fields.email_link_url = "URL"
properties = { bounce_type = "Bounce Type" }
[[event]]
when = [{ column = "a.b", equals = "x" }, { column = "c", filled = false }]
[options]
unknown_events = "skip"
naming = "spec"
user_id_from = "email"
anonymous_id_from = "email"
own_ids = false
[context]
import = "spring"
[integrations]
All = false
"""


def read(folder: Path, text: str, environ: dict[str, str] | None = None) -> Profile:
    path = folder / "p.toml"
    path.write_text(text, encoding="utf-8")
    return read_profile(path, ENVIRON if environ is None else environ)


def faults(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    """Every fault of a profile, as `LINE path: message`."""
    with pytest.raises(SettingsFileFaults) as raised:
        read(folder, text, environ)
    assert raised.value.exit_code == 2
    assert all(words in raised.value.message for _, words in raised.value.faults)
    return [f"{line} {words}" for line, words in raised.value.faults]


def test_a_full_profile_is_read_as_it_stands(tmp_path: Path) -> None:
    profile = read(tmp_path, FULL)
    assert profile == Profile(
        path=str(tmp_path / "p.toml"),
        digest=profile.digest,
        options=InputOptions(
            encoding="windows-1252",
            delimiter="tab",
            records="data.items",
            timezone="Europe/Berlin",
            timestamp_format="%d.%m.%Y %H:%M",
            unknown_events=UnknownEvents.SKIP,
            naming=Naming.SPEC,
            user_id_from="email",
            anonymous_id_from="email",
            no_event_id=True,
        ),
        times={"Clicked At": TimeColumn(zone="UTC")},
        fields=Fields(
            event=Cell(column="Action", values={"O": "Email Opened", "-": ""}, otherwise="reject"),
            userId=Cell(column="Contact ID"),
            personId=Cell(column="Email", hash="sha256", salt_env="INFL_SEG_SALT"),
            campaign_id=Cell(constant="spring-2024"),
            email_subject=Cell(by_file={"*-a.csv": "Hello"}),
            timestamp=Timestamp(columns=["Clicked At", "Opened At"], choose="earliest"),
        ),
        properties={
            "revenue": PropertyCell(column="Revenue", type="number", decimal=","),
            "device": PropertyCell(column="Device"),
        },
        other_columns="drop",
        drop=("Internal Note",),
        events=(
            Event(
                name="Email Opened",
                timestamp=Timestamp(columns=["First Opened"]),
                when=[Condition(column="Opens", not_equals=["0", ""])],
                fields=Fields(email_link_url=Cell(column="URL")),
                properties={"bounce_type": PropertyCell(column="Bounce Type")},
            ),
            Event(when=[Condition(column="a.b", equals=["x"]), Condition(column="c", filled=False)]),
        ),
        salts={"INFL_SEG_SALT": SALT},
        context={"import": "spring"},
        integrations={"All": False},
    )
    assert re.fullmatch("[0-9a-f]{64}", profile.digest)
    assert pickle.loads(pickle.dumps(profile)) == profile


def test_the_salt_is_in_no_spelling_of_a_profile(tmp_path: Path) -> None:
    assert SALT not in repr(read(tmp_path, FULL))


def test_the_shortest_profile_says_nothing(tmp_path: Path) -> None:
    profile = read(tmp_path, "profile = 1")
    assert profile == Profile(profile.path, profile.digest)


def test_a_mark_in_front_and_line_ends_of_windows_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_bytes(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())
    assert read_profile(path, ENVIRON).fields == read(tmp_path, FULL).fields


def test_all_faults_of_a_file_are_listed_at_once_each_with_line_path_and_what_was_expected(
    tmp_path: Path,
) -> None:
    listed = faults(
        tmp_path,
        """profile = 2
[input]
encodin = "utf-8"
[time]
zone = "Berlin"
[fields]
userid = "x"
campaign_id = { column = "x", constant = "y" }
email_id = "FILL IN"
event = { column = 3, values = { "O" = "Emil Opend" } }
[[event]]
name = "Email Opened"
[[event]]
when = { column = 2, equal = "x" }
""",
    )
    zones = "zone takes a name such as Europe/Berlin, America/New_York or UTC"
    way_out = 'or send it as it is: unknown_events = "send" in [options]'
    assert listed == [
        "1 profile: expected 1, found a number",
        "3 input.encodin: there is no such key; did you mean encoding?",
        f"5 time.zone: no time zone is named 'Berlin'; did you mean Europe/Berlin? {zones}",
        "7 fields.userid: there is no such key; did you mean userId?",
        "8 fields.campaign_id: has column and constant; keep one of them",
        "9 fields.email_id: still to fill in: write the value in place of “FILL IN”",
        "10 fields.event.column: expected text, found a number; write it in quotes",
        f"10 fields.event.values.O: “Emil Opend” is an unknown event; did you mean Email Opened?; {way_out}",
        "14 event[2].when.column: expected text, found a number; write it in quotes",
        "14 event[2].when.equal: there is no such key; did you mean equals?",
    ]


FAULTY = {
    # kind of a value
    "a = 1": "a: there is no such key; there are profile, input, time",
    "fields = 3": "fields: expected a table, found a number",
    "[fields]\nuserId = 2024-01-01": "fields.userId: expected a table, found a date or time",
    "[fields]\ncampaign_id = { constant = 7 }": "constant: expected text, found a number; write it in quotes",
    "[fields]\nuserId = ''": "fields.userId: expected text that is not empty",
    "[context]\nimport = 2024-01-01": "context.import: expected text, found a date or time; write it in quotes",
    "[integrations]\nAll = 'false'": "integrations.All: expected true or false, found another word",
    "[columns]\ndrop = 'Note'": "columns.drop: expected a list, found another word",
    "[columns]\ndrop = [1]": "columns.drop[1]: expected text, found a number",
    "event = []": "event: expected at least one entry, found an empty list",
    "[[event]]\nwhen = [{ column = 'x', filled = 'yes' }]": "event[1].when[1].filled: expected true or false",
    "[options]\nnaming = 'specs'": "naming: expected inflection or spec, found another word; did you mean spec?",
    # names that are none
    "[properties]\nid = 'ID'": "properties.id: Segment reserves this name",
    "[properties]\n'Sent At' = 'x'": 'properties."Sent At": Segment reserves this name',
    "[properties]\ncampaign_id = 'x'": "properties.campaign_id: is one of Inflection's fields; write it under [fields]",
    "[properties]\n'!' = 'x'": 'properties."!": a property\'s name needs a letter or a digit',
    "[properties]\n'Foo Bar' = 'x'\nfoo_bar = 'y'": "foo_bar: would be the same column in a warehouse as Foo Bar",
    "[input]\nencoding = 'utf-9'": "input.encoding: there is no such encoding; did you mean utf-8?",
    "[input]\nencoding = 'rot13'": "input.encoding: there is no such encoding",
    "[input]\ndelimiter = ';;'": 'input.delimiter: expected one character, or "tab"',
    "[input]\nrecords = 'a..b'": "input.records: expected names with single dots between them",
    "[time]\nformat = '%Q'": "time.format: format: %Q is unknown",
    "[time.columns.A]\nzone = 'Mars'": "time.columns.A.zone: no time zone is named 'Mars'",
    "[time.columns.A]": "time.columns.A: says neither zone nor format",
    "[context]\ntraits = 'x'": "context.traits: would hide what the tool puts there; write my_traits",
    "[[event]]\nname = 'Klikt'": "event[1].name: “Klikt” is an unknown event",
    "[fields]\nevent = { constant = 'Klikt' }": "fields.event.constant: “Klikt” is an unknown event",
    # contradictions
    "[fields]\nuserId = {}": "fields.userId: does not say where it comes from: column, columns, constant or by_file",
    "[fields]\nuserId = { column = 'x', columns = ['y'] }": "fields.userId: has column and columns; keep one",
    "[fields]\nuserId = { columns = ['y', 'y'] }": "fields.userId.columns: a column is named twice",
    "[fields]\nuserId = { column = 'x', take = 2 }": "fields.userId.take: is for pieces of a text",
    "[fields]\nuserId = { column = 'x', split = ':', take = 0 }": "fields.userId.take: is a place from 1",
    "[fields]\nuserId = { constant = 'x', prefix = 'c' }": "fields.userId.prefix: is for the cells of a column",
    "[fields]\nuserId = { constant = 'x', values = { a = 'b' } }": "fields.userId.values: is for the cells of a column",
    "[fields]\nuserId = { column = 'x', otherwise = 'empty' }": "fields.userId.otherwise: is for cells",
    "[fields]\nuserId = { column = 'x', values = { a = 'b', ' A' = 'c' } }": 'values." A": is the same as another key',
    "[fields]\nuserId = { column = 'x', values = { STRASSE = 'b', 'straße' = 'c' } }": "is the same as another key",
    "[fields]\nuserId = { column = 'x', hash = 'sha256' }": "fields.userId.hash: needs a salt",
    "[fields]\nuserId = { column = 'x', salt_env = 'INFL_SEG_SALT' }": "fields.userId.salt_env: is for a hash",
    "[fields]\nuserId = { column = 'x', type = 'integer' }": "fields.userId.type: there is no such key",
    "[fields]\nevent = { column = 'x', hash = 'sha256', salt_env = 'INFL_SEG_SALT' }": "a hash is not a event",
    "[properties]\na = { column = 'x', decimal = ',' }": 'a.decimal: is for numbers; write type = "number"',
    "[properties]\na = { column = 'x', hash = 'sha256', salt_env = 'INFL_SEG_SALT', type = 'number' }": "type: a hash",
    "[fields]\ntimestamp = { constant = '2024' }": "timestamp.constant: an event's time cannot be one and the same",
    "[fields]\ntimestamp = { columns = ['a'], choose = 'first' }": "fields.timestamp.choose: is for several columns",
    "[fields]\ntimestamp = { columns = ['a', 'a'] }": "fields.timestamp.columns: a column is named twice",
    "[fields]\nuserId = 'ID'\n[columns]\ndrop = ['ID']": "columns.drop[1]: “ID” is used elsewhere",
    "[columns]\ndrop = ['Id']\n[[event]]\nproperties.id_of_it = 'ID'": "columns.drop[1]: “Id” is used elsewhere",
    "[columns]\ndrop = ['At']\n[[event]]\ntimestamp = 'At'": "columns.drop[1]: “At” is used elsewhere",
    "[properties]\nuser = 'user'\n[columns]\ndrop = ['user.email']": "“user.email” is a part of “user”, which is used",
    "[[event]]\nname = 'opened'\nfields.event = 'x'": "event[1].fields.event: the event has a name already",
    "[[event]]\nfields.timestamp = 'x'": "event[1].fields.timestamp: belongs beside the event's name",
    "[[event]]\nwhen = { equals = 'x' }": "event[1].when: does not name a column",
    "[[event]]\nwhen = { column = 'x' }": "event[1].when: says nothing of its column",
    "[[event]]\nwhen = { column = 'x', equals = 'a', filled = true }": "event[1].when: has equals and filled",
    "[fields]\nevent = 'e'\n[[event]]\nwhen = { column = 'x', field = 'event', filled = true }": "has column and field",
    "[[event]]\nwhen = { field = 'event', equals = 'x' }": "event[1].when.field: needs the name of the event from",
    "[fields]\nevent = 'e'\n[[event]]\nname = 'open'\nwhen = { field = 'event', filled = true }": "when.field: needs",
    "[fields]\nuserId = { constant = 'x', by_file = { '*' = 'y' } }": "fields.userId: has constant and by_file; keep",
    "[fields]\nevent = 'e'\n[options]\nskip_event = 'Sent'\n[[event]]\nname = 'Sent'": "event[1].name: “Sent” is an",
    "[fields]\nevent_id = 'x'\n[options]\nown_ids = false": "options.own_ids: is false, and [fields] has event_id",
    # what a profile never says
    "endpoint = 'https://x.example'": "endpoint: the destination is set on the command line: --endpoint URL",
    "[options]\nwrite_key = 'x'": "options.write_key: a write key is a secret",
    "state-dir = '/tmp'": "state-dir: the ledger of sent events",
}


@pytest.mark.parametrize(("text", "fault"), FAULTY.items(), ids=[*FAULTY.values()])
def test_a_fault_is_told_with_its_path(tmp_path: Path, text: str, fault: str) -> None:
    (said,) = faults(tmp_path, f"profile = 1\n{text}\n")
    assert fault in said


def test_a_profile_without_its_first_line_is_told_which(tmp_path: Path) -> None:
    assert faults(tmp_path, "[fields]") == ["None profile: is missing; let the file begin with: profile = 1"]


def test_events_of_any_name_are_sound_where_they_are_sent_or_skipped(tmp_path: Path) -> None:
    for word in ("send", "skip"):
        text = f"profile = 1\n[[event]]\nname = 'Klikt'\n[options]\nunknown_events = '{word}'"
        assert read(tmp_path, text).events[0].name == "Klikt"


def test_events_that_are_left_out_may_have_any_name(tmp_path: Path) -> None:
    named = "[fields]\nevent = { column = 'x', values = { s = 'Sent' }, by_file = { '*' = 'sent' } }\n"
    (first, second) = faults(tmp_path, f"profile = 1\n{named}")
    assert "fields.event.by_file" in first
    assert "fields.event.values" in second
    assert read(tmp_path, f"profile = 1\n{named}[options]\nskip_event = 'Sent'").fields.event is not None


@pytest.mark.parametrize(
    "name", ["SEGMENT_WRITE_KEY", "AWS_SECRET_ACCESS_KEY", "PATH", "INFL_SEG_SALTY", "infl_seg_salt"]
)
def test_no_other_variable_than_a_salt_can_be_named(tmp_path: Path, name: str) -> None:
    text = f"profile = 1\n[fields]\nuserId = {{ column = 'x', hash = 'sha256', salt_env = '{name}' }}"
    (said,) = faults(tmp_path, text, {name: "secret"})
    assert "a salt is in the variable INFL_SEG_SALT" in said
    assert "secret" not in said


@pytest.mark.parametrize("environ", [{}, {"INFL_SEG_SALT_X": ""}])
def test_a_salt_that_is_not_set_is_told_with_the_line_that_sets_it(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    text = "profile = 1\n[fields]\nuserId = { column = 'x', hash = 'sha256', salt_env = 'INFL_SEG_SALT_X' }"
    (said,) = faults(tmp_path, text, environ)
    assert said.startswith("3 fields.userId.salt_env: the environment has no INFL_SEG_SALT_X")
    assert "export INFL_SEG_SALT_X=" in said


NO_TOML = {
    "[fields]\nuserId = Contact": (2, "text, and all ids, dates and numbers like 007, need quotes"),
    "[fields]\ncampaign_id = 007": (2, "numbers like 007, need quotes"),
    "a = 1\na = 2": (2, "a key or table is there twice"),
    "[a]\nb = 1\n[a]": (3, "a key or table is there twice"),
    "[fields]\nuserId = 'x": (2, "a quote or bracket is not closed"),
    "[fields]\nuserId": (2, "a line is a [table], or key = value"),
    'a = "C:\\dump"': (1, "a backslash stands for itself in single quotes"),
    f"a = {'9' * 5000}": (None, "need quotes"),
    f"a = {'[' * 5000}": (None, "more than 12 deep"),
    f"a = {'[' * 20}{']' * 20}": (None, "more than 12 deep"),
    "a.b = 1\n" + "a." * 100_000 + "a = 1": (2, "more than 100 dots"),
}


@pytest.mark.parametrize(("text", "said"), NO_TOML.items(), ids=[words for _, words in NO_TOML.values()])
def test_what_is_no_toml_is_told_with_its_line_and_the_fix(
    tmp_path: Path, text: str, said: tuple[int | None, str]
) -> None:
    (path := tmp_path / "p.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingsFileFaults) as raised:
        read_profile(path, {})
    ((line, words),) = raised.value.faults
    assert line == said[0]
    assert said[1] in words


def test_bytes_that_are_no_utf_8_are_told_with_their_line(tmp_path: Path) -> None:
    (path := tmp_path / "p.toml").write_bytes("profile = 1\n# Grün\n".encode("cp1252"))
    with pytest.raises(SettingsFileFaults, match="not UTF-8: the byte 0xFC in line 2: save it as UTF-8"):
        read_profile(path, {})


def test_a_file_beyond_bounds_is_refused(tmp_path: Path) -> None:
    (path := tmp_path / "p.toml").write_text(f"profile = 1\n{'#' * 256_000}", encoding="utf-8")
    with pytest.raises(UsageError, match="larger than 256 kB"):
        read_profile(path, {})


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UsageError, match="is not a file but a folder, a pipe or a device"):
            read_profile(path, {})
    for name in ("none.toml", "p\0.toml"):
        with pytest.raises(UsageError, match="cannot be read"):
            read_profile(tmp_path / name, {})


def test_a_hundred_faults_are_listed_and_the_others_counted(tmp_path: Path) -> None:
    listed = faults(tmp_path, "profile = 1\n" + "".join(f"k{n} = 1\n" for n in range(5_000)))
    assert len(listed) == 101
    assert listed[-1] == "None and 4,900 faults more"


def test_the_lines_of_faults_are_those_of_their_tables(tmp_path: Path) -> None:
    text = (
        'profile = 1\n\n[[event]]\n\n[[event]]\n[event.fields]\n\nx = 1\n["time".columns."A.B".""]\n[[a.b]]\n'
    )
    lines = [said.split(":")[0] for said in faults(tmp_path, text)]
    assert lines == ["8 event[2].fields.x", '9 time.columns."A.B".""', "10 a"]


# --- the schema ----------------------------------------------------------------------------------


def accepts(schema: dict[str, Any], text: str) -> bool:
    return bool(Draft202012Validator(schema).is_valid(tomllib.loads(text)))


def test_the_schemas_are_sound_and_ship_with_the_package() -> None:
    for name, schema in (("profile", profile_schema()), ("project", project_schema())):
        Draft202012Validator.check_schema(schema)
        shipped = Path(__file__).parents[3] / "src" / "inflection_cli" / "schemas" / f"{name}.schema.json"
        assert json.loads(shipped.read_text(encoding="utf-8")) == schema


def test_the_schema_takes_what_the_reader_takes(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(profile = 1.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    for text in (FULL, "profile = 1", example):
        read(tmp_path, text)
        assert accepts(profile_schema(), text)


@pytest.mark.parametrize(
    "text", [text for text, fault in FAULTY.items() if "no such key" in fault or "expected a" in fault]
)
def test_the_schema_refuses_keys_and_kinds_that_the_reader_refuses(text: str) -> None:
    assert not accepts(profile_schema(), f"profile = 1\n{text}")


def test_every_key_of_the_schemas_has_a_description() -> None:
    def described(schema: Any, of: str) -> list[str]:
        if not isinstance(schema, dict):
            return []
        lacking = [f"{of}.{n}" for n, s in schema.get("properties", {}).items() if not s.get("description")]
        inner = [schema.get("properties", {}), schema.get("$defs", {})]
        more = [found for each in inner for n, s in each.items() for found in described(s, n)]
        return lacking + more + [found for s in schema.get("anyOf", []) for found in described(s, of)]

    assert described(profile_schema(), "profile") + described(project_schema(), "project") == []


def test_the_fields_of_a_profile_are_those_of_the_catalogue() -> None:
    assert set(Fields.model_fields) == {*FIELDS, *CALL_ONLY_FIELDS}


NAMES = st.text(max_size=12)
SCALARS = st.one_of(NAMES, st.integers(-5, 5), st.booleans())
INNER = st.one_of(SCALARS, st.lists(SCALARS, max_size=2), st.dictionaries(NAMES, SCALARS, max_size=2))
VALUES = st.one_of(INNER, st.lists(INNER, max_size=3), st.dictionaries(NAMES, INNER, max_size=3))
KEYS = st.sampled_from(
    ["fields", "event", "time", "properties", "context", "columns", "input", "options", "x"]
)


def toml(value: Any) -> str:
    """Any value in TOML's inline spelling; JSON's is the same but for the colons of tables."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value).replace("\x7f", "\\u007f")


@examples(60)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_any_file_is_read_or_its_faults_are_told(
    tmp_path_factory: pytest.TempPathFactory, file: dict[str, Any]
) -> None:
    text = "profile = 1\n" + "".join(f"{key} = {toml(value)}\n" for key, value in file.items())
    try:
        read(tmp_path_factory.getbasetemp(), text)
    except SettingsFileFaults as error:
        told = error.faults
    else:
        told = ()
    assert told or accepts(profile_schema(), text)


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def test_a_faulty_profile_ends_the_command_with_every_fault_in_words_and_in_json(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text("profile = 1\nx = 1\n[fields]\nuserid = 'y'\n", encoding="utf-8")
    desk.file("a.csv", opened("u1"))
    words = ("validate", "a.csv", "--profile", "p.toml")
    said = desk.run(*words)
    assert said.code == 2
    heading, first, second = said.err.splitlines()[:3]
    assert heading == "error: the profile p.toml has 2 faults"
    assert first.startswith("  line 2: x: there is no such key; there are profile, input, time, fields")
    assert second == "  line 4: fields.userid: there is no such key; did you mean userId?"
    error = desk.run(*words, "--json").json["error"]
    assert (error["code"], error["file"], len(error["faults"])) == ("settings-file", "p.toml", 2)
    assert error["faults"][1] == {
        "line": 4,
        "message": "fields.userid: there is no such key; did you mean userId?",
    }


def test_a_faulty_profile_is_annotated_at_its_lines(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text("profile = 1\nx = 1\n[fields]\nuserid = 'y'\n", encoding="utf-8")
    desk.file("a.csv", opened("u1"))
    lines = desk.run("validate", "a.csv", "--profile", "p.toml", "--report", "github").out.splitlines()
    assert [line.partition(",title")[0] for line in lines] == [
        "::error file=p.toml,line=2",
        "::error file=p.toml,line=4",
    ]


def test_options_beat_the_profile_and_the_profile_beats_the_default(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text(
        "profile = 1\n[input]\ndelimiter = ';'\nencoding = 'windows-1252'\n"
        "[time]\nzone = 'Europe/Berlin'\n[options]\nnaming = 'spec'\nunknown_events = 'skip'\n"
        "[context]\nimport = 'spring'\nwave = '1'\n[integrations]\nAll = false\n",
        encoding="utf-8",
    )
    row = "{};u1;;e1;c1;2024-03-01 10:00:00"
    lines = (row.format("Unsubscribed"), row.format("Grüße"))
    whole = "\n".join(("event;userId;personId;email_id;campaign_id;timestamp", *lines, "")).encode("cp1252")
    (desk.folder / "a.csv").write_bytes(whole)

    def message(*words: str) -> dict[str, Any]:
        done = desk.run(
            "backfill", "a.csv", "--profile", "p.toml", "--dry-run", "--out", "out.ndjson", *words
        )
        assert done.code == 0, done.err
        return desk.messages("out.ndjson")[0]

    said = message()
    assert (said["event"], said["timestamp"]) == ("Unsubscribed", "2024-03-01T09:00:00.000Z")
    assert said["integrations"] == {"Inflection": False, "All": False}
    assert (said["context"]["import"], said["context"]["wave"]) == ("spring", "1")
    (desk.folder / "out.ndjson").unlink()
    said = message(
        *("--timezone", "UTC", "--naming", "inflection", "--context", "wave=2", "--integration", "All=true")
    )
    assert (said["event"], said["timestamp"]) == ("Email Unsubscribed", "2024-03-01T10:00:00.000Z")
    assert (said["context"]["import"], said["context"]["wave"]) == ("spring", "2")
    assert said["integrations"] == {"Inflection": False, "All": True}
    assert desk.run("validate", "a.csv", "--profile", "p.toml", "--delimiter", ",").code == 4
    assert desk.run("validate", "a.csv", "--profile", "p.toml", "--unknown-events", "reject").code == 1


def test_the_plan_and_the_json_name_the_profile(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text("profile = 1\n", encoding="utf-8")
    desk.file("a.csv", opened("u1"))
    digest = read_profile(desk.folder / "p.toml", {}).digest
    assert f"p.toml (SHA-256 {digest[:12]}…)" in desk.run("validate", "a.csv", "--profile", "p.toml").out
    report = desk.run("validate", "a.csv", "--profile", "p.toml", "--json").json
    assert report["profile"] == {"path": "p.toml", "sha256": digest}
    assert desk.run("validate", "a.csv", "--json").json["profile"] is None


def test_schema_prints_what_ships(desk: Desk) -> None:
    assert desk.run("schema").json == profile_schema()
    assert desk.run("schema", "project").json == project_schema()


def test_the_example_of_the_page_on_profiles_works_as_it_stands(desk: Desk) -> None:
    page = DOCS.read_text(encoding="utf-8")
    (export,) = re.findall(r"```csv\n(.*?)```", page, re.DOTALL)
    (profile,) = re.findall(r"```toml\n(profile = 1.*?)```", page, re.DOTALL)
    (desk.folder / "old.csv").write_bytes(export.encode("cp1252"))
    (desk.folder / "old.toml").write_text(profile, encoding="utf-8")
    assert desk.run("validate", "old.csv", "--profile", "old.toml").code == 0
    done = desk.run(
        "backfill", "old.csv", "--profile", "old.toml", "--dry-run", "--out", "m.ndjson", "--json"
    )
    assert (done.code, done.json["rows"]["filtered"]) == (0, 1)
    messages = desk.messages("m.ndjson")
    assert [(each["userId"], each["event"], each["timestamp"]) for each in messages] == [
        ("c-1", "Email Delivered", "2024-03-05T09:00:00.000Z"),
        ("c-1", "Email Opened", "2024-03-05T09:30:00.000Z"),
        ("c-1", "Link Clicked", "2024-03-05T09:31:00.000Z"),
        ("c-2", "Email Delivered", "2024-03-05T09:00:00.000Z"),
    ]
    assert messages[2]["properties"] == {
        "email_id": "newsletter",
        "campaign_id": "spring-2024",
        "campaign_name": "Frühling",
        "email_link_url": "https://shop.example/a",
        "device": "Phone",
        "revenue": 12.50,
    }
