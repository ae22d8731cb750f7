"""A draft that is written, filled in and run does with each column what `inspect` reported."""

import csv
import io
import json
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from command_support import Desk
from hypothesis import given, settings
from hypothesis import strategies as st

from inflection_cli.cli.option_values import convert_settings, read_options
from inflection_cli.inspecting import Inspection, InspectSettings, scan
from inflection_cli.inspecting.call_drafts import FILL_IN
from inflection_cli.inspecting.draft_table import as_drafted, drafted_together
from inflection_cli.inspecting.profile_writer import ProfileWriter
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.column_kinds import is_copy_stamp, is_of_the_sender
from inflection_cli.mapping.layout import MissingColumnPolicy
from inflection_cli.mapping.profile.profile_file import read_profile
from inflection_cli.reading import detect, find
from inflection_cli.reporting.inspection_text import inspection_report
from inflection_cli.settings.declarations import InputOptions
from inflection_cli.settings.toml_text import toml_string

ROWS: Final = 4
TIMES: Final = tuple(f"2024-03-0{day}T09:30:00Z" for day in range(1, ROWS + 1))
LOCAL: Final = tuple(f"2024-03-0{day} 09:30:00" for day in range(1, ROWS + 1))
WORDS: Final = ("opened", "clicked", "opened", "delivered")
PEOPLE: Final = ("u1", "u2", "u1", "u3")
ADDRESSES: Final = tuple(f"{name}@shop.example" for name in PEOPLE)
LINKS: Final = tuple(f"https://x.example/{name}" for name in PEOPLE)
WRAPPED: Final = tuple({"string": name} for name in PEOPLE)
NESTED: Final = tuple(
    {"customer_id": name, "plan": "gold", "campaign_id": "k", "url": link, "channel": channel}
    for name, link, channel in zip(PEOPLE, LINKS, ("email", "sms", "email", "email"), strict=True)
)

Cells = tuple[Any, ...]
COLUMNS: Final[Mapping[str, Cells]] = {
    **dict.fromkeys(("event", "Event Type", "metric", "What happened", "action"), WORDS),
    "status": ("OPN", "CLK", "OPN", "OPN"),
    **dict.fromkeys(("timestamp", "Event Time", "created", "occurred at", "ts"), TIMES),
    **dict.fromkeys(("_fivetran_synced", "_sdc_batched_at", "etl_loaded_at"), TIMES),
    "local time": LOCAL,
    **dict.fromkeys(("user_id", "Customer ID", "lead_id", "subscriber_key", "personId", "Kunde"), PEOPLE),
    **dict.fromkeys(("email", "Recipient", "from_email", "reply_to"), ADDRESSES),
    **dict.fromkeys(("url", "Goto", "avatar_url"), LINKS),
    **dict.fromkeys(
        ("campaign_id", "Journey ID", "email_id", "send_id", "campaign_name", "subject"), ("k",) * ROWS
    ),
    **dict.fromkeys(("id", "event_id", "insert_id", "_dlt_id"), ("e1", "e2", "e3", "e4")),
    "Message ID": ("m1", "m1", "m2", "m3"),
    **dict.fromkeys(("ip", "server_ip"), ("192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.1")),
    **dict.fromkeys(
        ("Ünïcode ✓", "a.b", '"q"', "x\\y", "last name", "Phone", "#", "null"), ("a", "b", "a", "c")
    ),
    **dict.fromkeys(("is_unique_open", "webform_id"), ("true", "false", "true", "true")),
    "score": ("1", "2.5", "3", "4"),
    "price": ("1,50", "12,25", "3", "4"),
    **dict.fromkeys(("channel", "Message Type"), ("email", "sms", "Email", "push")),
    **dict.fromkeys(("sent_at", "Send Time"), TIMES),
    **dict.fromkeys(("uid", "contactkey"), PEOPLE),
    "other address": ADDRESSES,
}
WIDE: Final[Mapping[str, Cells]] = {
    **dict.fromkeys(("Delivered At", "opened_at", "first_click_at", "Unsubscribed On"), TIMES),
    **dict.fromkeys(("bounced", "clicked"), ("1", "0", "1", "1")),
    **dict.fromkeys(("clicks", "Bounce Type"), ("2", "0", "1", "3")),
}
INNER: Final[Mapping[str, Cells]] = {
    **dict.fromkeys(("data", "payload", "properties", "user", "metadata"), NESTED),
    **dict.fromkeys(("campaign_name", "send_id", "subject", "user_id", "url", "email_id", "Kunde"), WRAPPED),
    **dict.fromkeys(("tags", "category", "campaign_id"), (["a"], ["b"], ["a"], ["c"])),
    "items": (["a", "b"], [], ["a"], ["c", "d"]),
    "score": (1, 2.5, 3, 4),
}


@dataclass(frozen=True)
class Export:
    """A made-up export: its columns, its format, and the call that its rows are."""

    columns: Mapping[str, Cells]
    format: str
    call: str | None = None

    @property
    def name(self) -> str:
        return f"export.{self.format}"

    @property
    def words(self) -> tuple[str, ...]:
        """The options that say what its rows are."""
        return ("--as", self.call) if self.call else ()

    def data(self) -> bytes:
        rows = list(zip(*self.columns.values(), strict=True))
        if self.format == "ndjson":
            lines = [
                json.dumps(dict(zip(self.columns, row, strict=True)), ensure_ascii=False) for row in rows
            ]
            return "\n".join(lines).encode()
        out = io.StringIO()
        writer = csv.writer(out, delimiter="\t" if self.format == "tsv" else ",", lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(rows)
        return out.getvalue().encode()


@st.composite
def exports(draw: st.DrawFn) -> Export:
    """Exports long and wide, flat and nested, of events and of other calls."""
    kind = draw(st.sampled_from(("csv", "tsv", "ndjson")))
    call = draw(st.sampled_from((None, None, None, "identify", "page")))
    known = {**COLUMNS, **(WIDE if draw(st.booleans()) else {})}
    if kind == "ndjson":
        known |= {
            **known,
            **{name: INNER[name] for name in draw(st.sets(st.sampled_from(sorted(INNER)), max_size=5))},
        }
    names = draw(st.lists(st.sampled_from(list(known)), min_size=2, max_size=12, unique=True))
    always = ("user_id", "timestamp", "name") if call else ("Kunde", "spare", "spare 2")
    columns = {name: known.get(name, PEOPLE) for name in dict.fromkeys((*names, *always))}
    return Export(columns, kind, call)


@dataclass
class Table:
    """What becomes of the columns of a file: fields, properties, and columns that are not sent."""

    fields: dict[str, set[str]]
    properties: dict[str, str]
    left_out: set[str]

    def answered(self, field: str, column: str) -> None:
        """Note a column that the user chose for a field."""
        self.fields[field] = {column}
        for place in (column, column.partition(".")[0]):
            self.properties.pop(place, None)
            self.left_out.discard(place)


def reported(found: Mapping[str, Any]) -> Table:
    """The table of a file in `inspect --json`."""
    table = Table({}, {}, set())
    for column in found["columns"]:
        if column["field"]:
            table.fields.setdefault(column["field"], set()).add(column["name"])
        if column["property"]:
            table.properties[column["name"]] = column["property"]
        if column["left_out"]:
            table.left_out.add(column["name"])
    if found["proposals"]:
        table.fields["timestamp"] = {each["column"] for each in found["proposals"] if each["timed"]}
    return table


def filled_in(draft: str, found: Mapping[str, Any], table: Table) -> str:
    """Fill in a draft as a user would, and note in the table what that decides."""
    columns = {each["name"]: each for each in found["columns"]}
    plain = {"zone": '"UTC"', "unknown_events": '"skip"', "user_id_from": '"email"', "own_ids": "false"}
    lines = []
    in_event = False
    for line in draft.splitlines():
        in_event = in_event or line == "[[event]]"
        key, is_open, why = line.partition(f' = "{FILL_IN}"  # {FILL_IN}: ')
        if not is_open or line.startswith("#"):
            lines.append(line)
            continue
        if key == "own_ids":
            table.fields.pop("event_id", None)
        if key in plain:
            lines.append(f"{key} = {plain[key]}")
            continue
        named = [name for name in columns if toml_string(name) in why.rpartition("; ")[2]]
        if not named and key == "event":
            lines.append('event = { constant = "Email Opened" }')
            continue
        choice = (
            named[0] if named else next(name for name in ("spare", "spare 2") if name in table.properties)
        )
        lines.append(f"{key} = {toml_string(choice)}")
        times = table.fields.get("timestamp", set()) if in_event else set()
        table.answered(key, choice)
        table.fields[key] |= times
    return "\n".join(lines) + "\n"


def tied(found: Mapping[str, Any]) -> set[str]:
    """The columns of which one will be a field: until the user chooses, nobody knows which are not."""
    return {each["name"] for each in found["columns"] if each["tied_with"] and not each["path"]}


def inspected(folder: Path, export: Export) -> tuple[Inspection, InspectSettings]:
    (folder / export.name).write_bytes(export.data())
    options = InputOptions(call_type=[export.call] if export.call else [])
    chosen = InspectSettings(read_options(options), convert_settings(options))
    return as_drafted(scan(find([str(folder / export.name)])[0], chosen), chosen), chosen


def run_table(
    path: Path, profile: Path, words: InputOptions, elsewhere: Collection[str] = frozenset()
) -> Table:
    """What a run by a profile does with the columns, without reading on."""
    said = read_profile(profile, {})
    reading, convert = read_options(words, said), convert_settings(words, None, said)
    source = detect(find([str(path)])[0], reading)
    leeway = MissingColumnPolicy(source.keys_vary, elsewhere.__contains__)
    layout = lay_out(source.columns, source.sample, convert.mapping.columns, file=source.path, leeway=leeway)
    bound = layout.columns
    return Table(
        {name: set(names) for name, names in bound.by_field().items()},
        {origin: name for name, origins in bound.by_property().items() for origin in origins},
        {str(note.field) for note in bound.notes},
    )


def without(table: Table, columns: set[str]) -> Table:
    kept = {name: sent for name, sent in table.properties.items() if name not in columns}
    return Table(table.fields, kept, table.left_out - columns)


def filled(folder: Path, export: Export) -> tuple[Table, Path, set[str]]:
    """Inspect an export, and fill in the draft; give the table, the profile and the columns left open."""
    found, chosen = inspected(folder, export)
    report = inspection_report([], [found], None, [], show_values=True)["files"][0]
    table = reported(report)
    draft = ProfileWriter(found, chosen, show_values=False).text()
    tomllib.loads(draft)
    profile = folder / "p.toml"
    profile.write_text(filled_in(draft, report, table), encoding="utf-8")
    return table, profile, tied(report)


def check(export: Export) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        table, profile, still_open = filled(folder, export)
        ran = run_table(folder / export.name, profile, InputOptions())
        assert without(ran, still_open) == without(table, still_open), profile.read_text(encoding="utf-8")


@settings(max_examples=10, deadline=None)
@given(exports())
def test_a_drafts_table_is_what_inspect_reports(export: Export) -> None:
    check(export)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(exports())
def test_a_drafts_table_is_what_inspect_reports_for_many_more_exports(export: Export) -> None:
    check(export)


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(exports())
def test_the_commands_say_the_same(export: Export) -> None:
    with TemporaryDirectory() as name:
        desk = Desk(Path(name))
        path, profile = desk.folder / export.name, desk.folder / "p.toml"
        path.write_bytes(export.data())
        done = desk.run("inspect", str(path), "--save", str(profile), "--json", *export.words)
        assert done.code == 0, done.json
        report = done.json["files"][0]
        table = reported(report)
        text = filled_in(profile.read_text(encoding="utf-8"), report, table)
        profile.write_text(text, encoding="utf-8")
        said = desk.run("validate", str(path), "--profile", str(profile), "--json").json
        assert "files" in said, said
        (file,) = said["files"]
        ran = Table({k: {*v} for k, v in file["fields"].items()}, file["properties"], {*file["left_out"]})
        assert without(ran, tied(report)) == without(table, tied(report)), text


# --- several files -------------------------------------------------------------------------------

SHARED: Final = ("user_id", "timestamp", "spare", "spare 2")
EVENTLESS: Final = sorted(name for name, cells in COLUMNS.items() if cells is not WORDS)
NAMES: Final = ("opens_1", "Email Clicks 2024-03", "bounces", "unique_opens", "unsubscribes-2")


@st.composite
def exports_of_one_event_each(draw: st.DrawFn) -> dict[str, Export]:
    """Files whose names alone say what happened, with columns of their own beside common ones."""
    kind = draw(st.sampled_from(("csv", "ndjson")))
    some = st.lists(st.sampled_from(EVENTLESS), max_size=5, unique=True)
    common, stems = (
        draw(some),
        draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=3, unique=True)),
    )
    files = {}
    for stem in stems:
        names = dict.fromkeys((*common, *SHARED, *draw(some)))
        files[f"{stem}.{kind}"] = Export({name: COLUMNS.get(name, PEOPLE) for name in names}, kind)
    return files


def check_together(files: Mapping[str, Export]) -> None:
    """Compare the table of each file with that of a run of all files by their one draft."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for path, export in files.items():
            (folder / path).write_bytes(export.data())
        options = InputOptions()
        chosen = InspectSettings(read_options(options), convert_settings(options))
        found = [scan(each, chosen) for each in find([str(folder / path) for path in files])]
        whole, each_drafted = drafted_together([as_drafted(each, chosen) for each in found], chosen)
        draft = ProfileWriter(whole, chosen, show_values=False).text()
        (report,) = inspection_report([], [whole], None, [], show_values=True)["files"]
        text = filled_in(draft, report, reported(report))
        assert "[fields.event.by_file]" in text
        (folder / "p.toml").write_text(text, encoding="utf-8")
        before, after = tomllib.loads(draft)["fields"], tomllib.loads(text)["fields"]
        reports = inspection_report([], each_drafted, None, [], show_values=True)["files"]
        for one in reports:
            table, columns = reported(one), {each["name"] for each in one["columns"]}
            for field in (field for field, value in before.items() if value == FILL_IN):
                table.fields.pop(field, None)
                if after[field] in columns:
                    table.answered(field, after[field])
            if tomllib.loads(text).get("options", {}).get("own_ids") is False:
                table.fields.pop("event_id", None)
            ran = run_table(Path(one["path"]), folder / "p.toml", options, set(COLUMNS))
            assert without(ran, tied(report)) == without(table, tied(report)), (one["path"], text)


@settings(max_examples=5, deadline=None)
@given(exports_of_one_event_each())
def test_the_draft_for_several_files_does_with_each_what_inspect_reports(files: dict[str, Export]) -> None:
    check_together(files)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(exports_of_one_event_each())
def test_the_draft_for_several_files_does_with_many_more_what_inspect_reports(
    files: dict[str, Export],
) -> None:
    check_together(files)


# --- what is never proposed ----------------------------------------------------------------------

COPIED = (
    *(
        "_fivetran_synced",
        "_airbyte_emitted_at",
        "_airbyte_ab_id",
        "_sdc_batched_at",
        "_sdc_sequence",
        "row_loaded_at",
    ),
    *(
        "_dlt_load_id",
        "_dlt_id",
        "etl_time",
        "ingested_at",
        "__hevo__ingested_at",
        "_stitch_synced",
        "dbt_updated_at",
    ),
    *(
        "_metadata.file_modification_time",
        "_metadata_created",
        "emitted_at",
        "synced_at",
        "load_ts",
        "uuid_ts",
    ),
)
SENDERS = (
    "from_email",
    "from_address",
    "fromName",
    "From",
    "reply_to",
    "replyTo",
    "sender",
    "senderId",
    "Sender Email",
)
OWN = (
    "occurred_at",
    "created",
    "timestamp",
    "metadata.time",
    "loaded_page_at",
    "import_id",
    "uploaded_by_user",
)
RECIPIENTS = ("email", "recipient", "lead_id", "user_of_campaign", "to", "afrom")


def test_what_a_copy_added_is_neither_a_time_nor_a_person() -> None:
    assert not [name for name in COPIED if not is_copy_stamp(name)]


def test_the_sender_is_nobody_who_got_a_message() -> None:
    assert not [name for name in SENDERS if not is_of_the_sender(name)]


def test_other_names_are_neither() -> None:
    assert not [name for name in OWN if is_copy_stamp(name)]
    assert not [name for name in RECIPIENTS if is_of_the_sender(name)]


def proposals(columns: Mapping[str, Cells]) -> dict[str, str]:
    """The options that `inspect` proposes for columns, by what they are about."""
    with TemporaryDirectory() as name:
        found, _ = inspected(Path(name), Export(columns, "csv"))
        return {each.key: each.option for each in found.missing}


STAMP: Final = TIMES[0]
OTHERS: Final = ("w", "x", "y", "z")
BARE: Final[Mapping[str, Cells]] = {"event": WORDS, "campaign_id": ("k",) * ROWS, "email_id": ("m",) * ROWS}


def test_no_option_names_a_column_of_a_copy() -> None:
    copied = [name for name in COPIED if "." not in name]
    told = proposals({**BARE, "user_id": PEOPLE, "made": TIMES, **dict.fromkeys(copied, TIMES)})
    assert told == {"timestamp": "--map timestamp=made"}
    told = proposals({**BARE, "timestamp": TIMES, "lead_id": PEOPLE, **dict.fromkeys(copied, PEOPLE)})
    assert told == {"person": "--map userId=lead_id"}


@pytest.mark.parametrize("cells", [ADDRESSES, PEOPLE])
def test_no_option_names_a_sender(cells: Cells) -> None:
    told = proposals({**BARE, "timestamp": TIMES, **dict.fromkeys(SENDERS, cells)})
    assert told == {"person": "--map userId=COLUMN"}


@pytest.mark.parametrize(
    ("columns", "option"),
    [
        ({"lead_id": PEOPLE}, "--map userId=lead_id"),
        ({"lead_id": PEOPLE, "member_no": PEOPLE}, "--map userId=COLUMN"),
        ({"lead_id": ("a", "b", "c", "d")}, "--map userId=COLUMN"),
        ({"lead_id": ("a", "b", "c", "d"), "id": ("e", "f", "g", "h")}, "--map userId=COLUMN"),
        ({"lead_id": PEOPLE, "id": ("e", "f", "g", "h")}, "--map userId=lead_id"),
        ({"id": ("e", "f", "g", "h"), "uuid": ("e", "f", "g", "h")}, "--map userId=COLUMN"),
    ],
)
def test_one_column_alone_that_repeats_is_proposed_for_the_person(
    columns: Mapping[str, Cells], option: str
) -> None:
    every = {**BARE, "timestamp": (STAMP,) * ROWS, **columns}
    longer = {name: cells + (cells if len({*cells}) < ROWS else OTHERS) for name, cells in every.items()}
    assert proposals(longer)["person"] == option


def test_several_columns_of_times_are_nobodys_to_choose() -> None:
    assert (
        proposals({**BARE, "user_id": PEOPLE, "made": TIMES, "kept": TIMES})["timestamp"]
        == "--map timestamp=COLUMN"
    )
    assert proposals({**BARE, "user_id": PEOPLE, "made": TIMES})["timestamp"] == "--map timestamp=made"


def test_a_long_file_names_no_column_that_never_repeats() -> None:
    rows = 40
    columns = {name: cells * 10 for name, cells in {**BARE, "timestamp": TIMES}.items()}
    columns |= {
        "ref": tuple(f"r{n}" for n in range(rows)),
        "account": tuple(f"a{n % 7}" for n in range(rows)),
    }
    with TemporaryDirectory() as name:
        found, _ = inspected(Path(name), Export(columns, "csv"))
        (missing,) = found.missing
        assert "account" in missing.message
        assert "ref" not in missing.message


# --- the cases that drafts had wrong -------------------------------------------------------------


def drafted(records: Sequence[Mapping[str, Any]], *words: str) -> tuple[str, Mapping[str, Any]]:
    """Draft a profile of NDJSON by the command; give its text and the report."""
    with TemporaryDirectory() as name:
        desk = Desk(Path(name))
        path, profile = desk.folder / "e.ndjson", desk.folder / "p.toml"
        path.write_text("".join(f"{json.dumps(each)}\n" for each in records), encoding="utf-8")
        report = desk.run("inspect", str(path), "--save", str(profile), "--json", *words).json
        return profile.read_text(encoding="utf-8"), report["files"][0]


PLAIN: Final = {"event": "open", "timestamp": 1700000000, "campaign_id": "k", "email_id": "m"}


def test_a_value_that_is_alone_in_an_object_is_drafted_by_its_path() -> None:
    text, _ = drafted(
        [
            {
                **PLAIN,
                "user_id": "u1",
                "campaign_name": {"string": "S"},
                "subject": ["Hi"],
                "ip": {"string": "192.0.2.1"},
            }
        ]
    )
    fields = tomllib.loads(text)["fields"]
    assert fields["campaign_name"] == "campaign_name.string"
    assert fields["email_subject"] == "subject.0"
    assert fields["ip"] == "ip.string"


def test_a_draft_says_which_members_are_not_sent_and_has_the_lines_that_send_them() -> None:
    text, file = drafted(
        [{**PLAIN, "data": {"customer_id": "u1", "plan": "gold", "phone": "+1 202 555 0143"}}]
    )
    assert '"data" is sent as' not in text
    assert "its other members are not sent" in text
    assert '# data_plan = "data.plan"' in text
    assert "data.phone" not in text
    (data,) = [each for each in file["columns"] if each["name"] == "data"]
    assert (data["field"], data["property"], data["left_out"]) == (None, None, None)


def test_own_ids_that_identify_nothing_are_no_field_of_the_draft() -> None:
    rows = [
        {**PLAIN, "event_id": "x1", "user_id": user, "timestamp": 1700000000 + at}
        for at, user in enumerate(("u1", "u2"))
    ]
    text, _ = drafted(rows)
    assert "event_id" not in tomllib.loads(text)["fields"]
    assert '# event_id = "event_id"  # one id of it stands for several events' in text
    assert 'own_ids = "FILL IN"' in text


def test_two_ids_that_tie_are_asked_for_although_there_is_an_address() -> None:
    record = {
        "event": "open",
        "time": 1700000000,
        "user": {"user_id": "i1", "external_user_id": "c1"},
        "mail": "a@x.example",
    }
    text, _ = drafted([record])
    (line,) = [line for line in text.splitlines() if line.startswith("userId = ")]
    assert line.endswith('perhaps "user.user_id" or "user.external_user_id"')
    assert '# user_id_from = "email"' in text


def test_a_column_of_a_persons_id_beside_addresses_is_asked_for() -> None:
    told = proposals({**BARE, "timestamp": TIMES, "email": ADDRESSES, "subscriber_key": PEOPLE})
    assert told == {"person": "--map userId=subscriber_key"}


def test_links_that_nobody_clicks_are_no_link_of_an_event() -> None:
    text, _ = drafted([{**PLAIN, "user_id": "u1", "avatar_url": "https://x.example/1"}])
    assert "email_link_url" not in tomllib.loads(text)["fields"]
    text, _ = drafted([{**PLAIN, "user_id": "u1", "goto": "https://x.example/1"}])
    assert tomllib.loads(text)["fields"]["email_link_url"] == "goto"
