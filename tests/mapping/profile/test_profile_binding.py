"""A profile against one file: which column is what in each block, what is sent, and all that is amiss at once."""

import pickle
from collections.abc import Mapping
from typing import Any

import layout_support as tools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.errors import InputError, UsageError
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.events import EventReader, MapOptions
from inflection_cli.mapping.layout import EventMapping, Layout, MissingColumnPolicy, TimeSource
from inflection_cli.mapping.profile.profile_schema import (
    Condition,
    Event,
    Profile,
    PropertyCell,
    TimeColumn,
    Timestamp,
)
from inflection_cli.settings.declarations import InputOptions

NAMES = tuple(tools.ROW)
WIDE = ("Contact ID", "Delivered At", "First Opened", "Clicks", "Last Click", "Note")


def wide(**said: Any) -> Profile:
    """Three events of one recipient's row."""
    return tools.profile(
        fields={"userId": tools.column("Contact ID")},
        events=(
            tools.block("Email Delivered", "Delivered At"),
            tools.block("Email Opened", "First Opened"),
            tools.block(
                "Link Clicked", "Last Click", when=(Condition(column="Clicks", not_equals=["0", ""]),)
            ),
        ),
        **said,
    )


def by_name(block: EventMapping) -> Mapping[str, str]:
    """Which column each field comes from."""
    return {field: block.columns.names[index] for field, index in block.columns.fields.items()}


def refused(names: tuple[str, ...], said: Profile, **options: Any) -> InputError:
    """Why a file cannot be laid out."""
    with pytest.raises(InputError) as caught:
        tools.laid_out(names, said, **options)
    return caught.value


COLUMN_NAMES = st.lists(
    st.sampled_from(["Colour", "Name", "event_id", "IP", "email", "Subject", "id", "é"]), unique=True
)


@given(more=COLUMN_NAMES, own_ids=st.booleans())
def test_without_a_profile_and_with_an_empty_one_columns_are_what_they_always_were(
    more: list[str], own_ids: bool
) -> None:
    names = (*NAMES, *more)
    without = lay_out(names, [], ColumnOptions(own_ids=own_ids), file="export.csv")
    plain = without.columns
    empty = tools.laid_out(names, own_ids=own_ids)
    assert without == Layout(plain, None, (EventMapping(plain, (TimeSource(4),)),))
    assert (empty.shaper, empty.blocks[0].columns, empty.blocks[0].times) == (None, plain, (TimeSource(4),))
    assert empty.columns.by_column() == plain.by_column()
    assert (empty.columns.extras, empty.columns.notes) == (plain.extras, plain.notes)


def test_a_field_comes_from_the_option_else_the_block_else_the_profile_else_its_name() -> None:
    names = (*NAMES, "A", "B", "C", "campaign_run_id")
    said = tools.profile(
        fields={name: tools.column("A") for name in ("email_id", "campaign_id", "campaign_name")},
        events=(
            tools.block("opened", fields={name: tools.column("B") for name in ("email_id", "campaign_id")}),
            tools.block("clicked"),
        ),
    )
    first, second = tools.laid_out(names, said, columns={"email_id": "C"}).blocks
    shared = {"userId": "userId", "campaign_run_id": "campaign_run_id", "timestamp": "timestamp"}
    assert by_name(first) == {**shared, "email_id": "C", "campaign_id": "B", "campaign_name": "A"}
    assert by_name(second) == {**shared, "email_id": "C", "campaign_id": "A", "campaign_name": "A"}


def test_a_constant_of_an_option_beats_the_profile_too() -> None:
    said = tools.profile(
        fields={"campaign_id": PropertyCell(constant="c-profile"), "email_id": PropertyCell(constant="e")}
    )
    (block,) = tools.laid_out(NAMES, said, constants={"campaign_id": "c-option"}).blocks
    assert block.columns.constants == {"campaign_id": "c-option", "email_id": "e"}
    assert not {"campaign_id", "email_id"} & set(block.columns.fields)


def test_a_column_that_the_profile_names_for_something_else_is_bound_to_no_field() -> None:
    said = tools.profile(fields={"campaign_name": tools.column("campaign_id")}, drop=("email_id",))
    (block,) = tools.laid_out(NAMES, said).blocks
    assert by_name(block) == {
        "event": "event",
        "userId": "userId",
        "campaign_name": "campaign_id",
        "timestamp": "timestamp",
    }


def test_a_property_is_a_copy_and_leaves_a_column_the_field_of_its_very_name() -> None:
    said = tools.profile(
        properties={"shown": tools.column("campaign_id"), "number": tools.column("email_id", type="integer")}
    )
    assert tools.read({**tools.ROW, "email_id": "7"}, said).properties == {"shown": "c1", "number": 7}
    assert by_name(tools.laid_out(NAMES, said).blocks[0]) == {name: name for name in NAMES}


@pytest.mark.parametrize(
    ("names", "cell"),
    [
        (("campaign_id",), tools.column("campaign_id", hash="sha256", salt_env="SHORT")),
        (("Campaign ID",), tools.column("Campaign ID")),
        (("journey_id",), tools.column("journey_id")),
        (("campaign_id",), tools.column("campaign_id.a")),
    ],
)
def test_a_hashed_property_another_spelling_and_a_path_take_the_column_for_themselves(
    names: tuple[str, ...], cell: PropertyCell
) -> None:
    said = tools.profile(properties={"shown": cell})
    (block,) = tools.laid_out((*NAMES[:3], *NAMES[4:], *names), said).blocks
    assert "campaign_id" not in by_name(block)
    assert [name for _, name in block.columns.extras] == ["shown"]


def test_a_column_of_which_only_a_condition_or_a_zone_is_said_still_is_the_field_of_its_name() -> None:
    said = tools.profile(
        events=(tools.block("opened", when=(Condition(column="is_unique_open", equals=["true"]),)),),
        times={"timestamp": TimeColumn(zone="UTC")},
    )
    (block,) = tools.laid_out((*NAMES[1:], "is_unique_open"), said).blocks
    assert by_name(block)["is_unique_open"] == "is_unique_open"
    assert block.times == (TimeSource(3, "UTC"),)


def test_the_names_of_blocks_are_their_events() -> None:
    layout = tools.laid_out(WIDE, wide())
    assert [block.columns.constants["event"] for block in layout.blocks] == [
        "Email Delivered",
        "Email Opened",
        "Link Clicked",
    ]
    assert layout.columns.constants == {"event": "Email Delivered, Email Opened, Link Clicked"}


def test_a_block_whose_times_are_its_own_is_absent_where_they_are_empty_unless_it_has_a_condition() -> None:
    layout = tools.laid_out(WIDE, wide())
    assert [block.absent_without_time for block in layout.blocks] == [True, True, False]
    assert [block.applies is None for block in layout.blocks] == [True, True, False]
    assert [block.times for block in layout.blocks] == [(TimeSource(1),), (TimeSource(2),), (TimeSource(4),)]


def test_the_plan_sees_each_column_of_the_file_once_with_what_it_is_in_any_block() -> None:
    layout = tools.laid_out(WIDE, wide())
    assert layout.columns.names == WIDE
    assert layout.columns.by_column() == {
        "Contact ID": "userId",
        "Delivered At": "timestamp",
        "First Opened": "timestamp",
        "Last Click": "timestamp",
    }
    assert layout.columns.extras == ((5, "note"),)
    assert all(block.columns.extras == ((5, "note"),) for block in layout.blocks)


def test_a_drawn_field_is_shown_as_the_column_that_it_is_drawn_from() -> None:
    said = tools.profile(
        fields={"userId": tools.column("payload.user.id")},
        properties={"sku": tools.column("payload.items.0.sku"), "fixed": PropertyCell(constant="x")},
    )
    layout = tools.laid_out((*NAMES[:1], "payload", *NAMES[2:]), said)
    assert layout.columns.by_column()["payload"] == "userId"
    assert layout.columns.extras == ((1, "sku"),)
    assert layout.columns.by_field()["userId"] == ["payload.user.id"]
    assert layout.columns.by_property() == {"sku": ["payload.items.0.sku"], "fixed": []}
    assert layout.blocks[0].columns.column_of("userId") == "payload.user.id"


def test_times_are_read_as_the_profile_says_of_their_column() -> None:
    said = tools.profile(
        timestamp=Timestamp(columns=["Clicked", "payload.at"], choose="earliest"),
        times={"payload.at": TimeColumn(zone="UTC"), "Clicked": TimeColumn(format="%d.%m.%Y")},
    )
    (block,) = tools.laid_out((*NAMES[:4], "Clicked", "payload"), said).blocks
    assert block.times == (TimeSource(4, None, "%d.%m.%Y"), TimeSource(6, "UTC", None))
    assert block.choose == "earliest"
    assert block.columns.names[6] == "payload.at"
    assert not block.absent_without_time


def test_options_for_all_times_beat_what_the_profile_says_of_single_columns() -> None:
    said = tools.profile(
        timestamp=Timestamp(columns=["Clicked", "At"]),
        times={"Clicked": TimeColumn(zone="UTC", format="%d.%m.%Y")},
        options=InputOptions(timezone="UTC"),
    )
    names = (*NAMES[:4], "Clicked", "At")
    (block,) = tools.laid_out(names, said, timezone="Europe/Rome").blocks
    assert block.times == (TimeSource(4, "Europe/Rome", "%d.%m.%Y"), TimeSource(5, "Europe/Rome", None))
    (block,) = tools.laid_out(names, said, timestamp_format="%Y").blocks
    assert block.times == (TimeSource(4, "UTC", "%Y"), TimeSource(5, None, "%Y"))


def test_a_time_column_that_is_found_by_its_name_is_read_as_the_profile_says_too() -> None:
    (block,) = tools.laid_out(NAMES, tools.profile(times={"timestamp": TimeColumn(zone="UTC")})).blocks
    assert block.times == (TimeSource(4, "UTC"),)


@pytest.mark.parametrize(
    "options", [{"columns": {"timestamp": "At"}}, {"constants": {"timestamp": "1709285400"}}]
)
def test_an_option_for_the_time_beats_that_of_the_profile(options: dict[str, Any]) -> None:
    said = tools.profile(timestamp=Timestamp(columns=["timestamp"]))
    (block,) = tools.laid_out((*NAMES, "At"), said, **options).blocks
    assert block.times == ((TimeSource(5),) if "columns" in options else ())
    assert "timestamp" not in {name for _, name in block.columns.extras}


@pytest.mark.parametrize("field", ["event", "timestamp"])
@pytest.mark.parametrize("option", ["columns", "constants"])
def test_an_option_that_would_make_all_events_of_a_row_one_is_refused(option: str, field: str) -> None:
    asked: dict[str, Any] = {option: {field: "Note"}}
    with pytest.raises(UsageError, match=r"contradicts old\.toml") as caught:
        tools.laid_out(WIDE, wide(), **asked)
    assert f"{field}=" in caught.value.hint


BY_FILE = {"*event_type=bounce/*": "Email Bounced", "*-Opens.csv": "Email Opened", "q?.csv": "Link Clicked"}
BY_FILE |= {"*.csv": "Email Delivered"}


@pytest.mark.parametrize(
    ("file", "event"),
    [
        ("in/2024-opens.csv", "Email Opened"),
        ("2024-OPENS.CSV", "Email Opened"),
        ("in/q1.csv", "Link Clicked"),
        ("x-opens.csv/x.csv", "Email Delivered"),
        # A pattern with a slash is for the whole path.
        ("in/Event_Type=Bounce/day=1/part.csv.gz", "Email Bounced"),
        ("event_type=bounce/part.csv", "Email Bounced"),
        ("in/event_type=bounce.csv", "Email Delivered"),
    ],
)
def test_the_file_s_own_name_may_say_what_its_rows_are(file: str, event: str) -> None:
    said = tools.profile(
        fields={"event": PropertyCell(by_file=BY_FILE)}, properties={"kind": PropertyCell(by_file=BY_FILE)}
    )
    layout = tools.laid_out(NAMES[1:], said, file=file)
    assert layout.blocks[0].columns.constants == {"event": event}
    rows, _ = tools.shaped(layout, [["u1", "e1", "c1", "t"]])
    assert rows == [["u1", "e1", "c1", "t", event]]


def test_a_file_whose_name_fits_no_pattern_is_refused_with_the_patterns() -> None:
    said = tools.profile(fields={"event": PropertyCell(by_file=BY_FILE)})
    error = refused(NAMES[1:], said, file="in/opens.json")
    assert all(word in error.message for word in ("in/opens.json", "fields.event", "*-Opens.csv", "*.csv"))
    assert '"*"' in error.hint


def test_of_two_patterns_the_one_counts_whose_fixed_text_contains_the_other_s() -> None:
    patterns = {
        "*.csv": "Email Delivered",
        "*send*": "Sent",
        "*send-skip*": "Skipped",
        "*-opens*": "Email Opened",
    }
    said = tools.profile(fields={"event": PropertyCell(by_file=patterns)})
    for file, event in (("a.csv", "Email Delivered"), ("x-send-skip.txt", "Skipped"), ("send-1.txt", "Sent")):
        assert tools.laid_out(NAMES[1:], said, file=file).blocks[0].columns.constants == {"event": event}
    error = refused(NAMES[1:], said, file="send-opens.txt")
    assert "“*send*” for Sent and “*-opens*” for Email Opened" in error.message
    assert "rename the file" in error.hint


EITHER = PropertyCell(
    columns=["Kind", "Type"],
    values={"o": "Email Opened", "?": ""},
    by_file={"*clicks*": "Link Clicked", "*/spam/*": "Complaint"},
)


@pytest.mark.parametrize(
    ("file", "rows", "events"),
    [
        ("clicks.csv", ["o", "", "?", "bounce"], ["Email Opened", "Link Clicked", "Link Clicked", "bounce"]),
        ("in/spam/1.csv", ["o", "  "], ["Email Opened", "Complaint"]),
        # Where cells name the event, the name of the file need not.
        ("other.csv", ["o", "bounce"], ["Email Opened", "bounce"]),
    ],
)
def test_the_file_s_name_counts_where_the_cells_of_a_column_are_empty(
    file: str, rows: list[str], events: list[str]
) -> None:
    layout = tools.laid_out(("Kind", *NAMES[1:]), tools.profile(fields={"event": EITHER}), file=file)
    shaped, notes = tools.shaped(layout, [[kind, "u1", "e1", "c1", "t"] for kind in rows])
    place = layout.blocks[0].columns.fields["event"]
    assert ([row[place] for row in shaped], any(notes)) == (events, False)


def test_the_file_s_name_counts_where_the_file_has_none_of_the_columns() -> None:
    said = tools.profile(fields={"event": EITHER})
    layout = tools.laid_out(NAMES[1:], said, file="q1-clicks.csv")
    assert layout.blocks[0].columns.constants == {"event": "Link Clicked"}
    assert "*clicks*" in refused(NAMES[1:], said, file="opens.csv").message


def test_rejected_rows_say_the_path_that_a_pattern_is_for() -> None:
    names = (*REJECT_COLUMNS, *NAMES[1:])
    row = ("in/event_type=bounce/p.csv", "7", "code", "why", "u1", "e1", "c1", "t")
    said = tools.profile(fields={"event": PropertyCell(by_file=BY_FILE)})
    layout = tools.laid_out(names, said, file="rejects/p.rejects.csv", rows=[row])
    assert layout.blocks[0].columns.constants == {"event": "Email Bounced"}


def test_a_condition_tests_the_event_as_the_profile_names_it() -> None:
    opened = Event(when=[Condition(field="event", equals=["email opened"])])
    other = Event(when=[Condition(field="event", not_equals=["email opened"])])
    named = PropertyCell(column="Kind", values={"o": "Email Opened", "c": "Link Clicked"})
    said = tools.profile(fields={"event": named}, events=(opened, other))
    first, second = tools.laid_out(("Kind", *NAMES[1:]), said).blocks
    layout = tools.laid_out(("Kind", *NAMES[1:]), said)
    shaped, _ = tools.shaped(layout, [[kind, "u1", "e1", "c1", "t"] for kind in ("o", "c", "O", "x")])
    assert first.applies is not None
    assert second.applies is not None
    assert first.applies(shaped) == [True, False, True, False]
    assert second.applies(shaped) == [False, True, False, True]


def test_a_condition_tests_an_event_that_the_file_s_name_gives() -> None:
    when = [Condition(field="event", equals=["Email Opened"])]
    said = tools.profile(fields={"event": PropertyCell(by_file=BY_FILE)}, events=(Event(when=when),))
    for file, holds in (("1-opens.csv", [True]), ("q1.csv", [False])):
        layout = tools.laid_out(NAMES[1:], said, file=file)
        applies = layout.blocks[0].applies
        assert applies is not None
        assert applies(tools.shaped(layout, [["u1", "e1", "c1", "t"]])[0]) == holds


def test_a_condition_tests_the_event_that_an_option_sets() -> None:
    when = [Condition(field="event", equals=["Email Opened"])]
    said = tools.profile(fields={"event": PropertyCell(by_file=BY_FILE)}, events=(Event(when=when),))
    for event, holds in (("Email Opened", [True]), ("Link Clicked", [False])):
        layout = tools.laid_out(NAMES[1:], said, file="any.txt", constants={"event": event})
        applies = layout.blocks[0].applies
        assert applies is not None
        assert applies(tools.shaped(layout, [["u1", "e1", "c1", "t"]])[0]) == holds


def test_a_constant_goes_through_values_hash_and_type_as_a_cell_does() -> None:
    said = tools.profile(
        fields={"campaign_id": PropertyCell(constant="Spring", values={"spring": "c-9"})},
        properties={
            "version": PropertyCell(constant="+2", type="integer"),
            "none": PropertyCell(constant="x", values={"X": ""}),
        },
    )
    found = tools.read({**tools.ROW, "campaign_id": "c1"}, said)
    assert found.campaign is not None
    assert (found.campaign.campaign_id, found.properties["version"], "none" in found.properties) == (
        "c-9",
        2,
        False,
    )


def test_a_constant_that_is_none_of_its_type_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match=r"properties\.version: the cell is not a whole number"):
        tools.laid_out(
            NAMES, tools.profile(properties={"version": PropertyCell(constant="two", type="integer")})
        )


def test_everything_that_the_file_lacks_is_listed_at_once_with_the_nearest_name() -> None:
    said = tools.profile(
        fields={"userId": tools.column("user_idd"), "event": tools.column("event")},
        properties={"mail client": tools.column("Mail Cleint"), "c": tools.column("campaign_id")},
        timestamp=Timestamp(columns=["timestamp", "payload.at"]),
        times={"email_id": TimeColumn(zone="UTC")},
    )
    error = refused((*NAMES, "user_id2", "Mail Client"), said, file="in/old.csv")
    assert error.message.startswith("in/old.csv lacks 3 columns that old.toml names: ")
    assert "“user_idd” (fields.userId; did you mean “user_id2”?)" in error.message
    assert '“Mail Cleint” (properties."mail client"; did you mean “Mail Client”?)' in error.message
    assert "“payload.at” (fields.timestamp)" in error.message


def test_what_blocks_conditions_and_drop_name_is_looked_for_as_well() -> None:
    said = tools.profile(
        fields={"event": tools.column("event"), "campaign_id": tools.column("campaign_id")},
        properties={"x": tools.column("email_id")},
        events=(
            tools.block(
                "opened",
                "timestamp",
                when=(Condition(column="Opens", filled=True), Condition(column="userId", filled=True)),
                fields={"ip": tools.column("Adress")},
                properties={"y": tools.column("Reason")},
            ),
        ),
        drop=("Secret",),
    )
    message = refused(NAMES, said).message
    for told in (
        "“Opens” (event[1].when)",
        "“Adress” (event[1].fields.ip)",
        "“Reason” (event[1].properties.y)",
        "“Secret” (columns.drop)",
    ):
        assert told in message


KEYS = MissingColumnPolicy(any_key=True)
BOUNCES = tools.profile(
    fields={"userId": tools.column("userId"), "event": tools.column("event")},
    properties={"kind": tools.column("bounce.type"), "code": tools.column("bounce.code")},
    timestamp=Timestamp(columns=["timestamp", "bounce.at"]),
    drop=("secret",),
    times={"bounce.at": TimeColumn(zone="UTC")},
)


def test_records_with_keys_of_their_own_may_lack_some_and_one_note_says_which() -> None:
    names = (*NAMES, "bounces")
    layout = tools.laid_out(names, BOUNCES, leeway=KEYS, rows=[["x"] * 6] * 12)
    (note,) = layout.notes
    assert (note.rule.code, note.field) == ("profile-column-missing", None)
    assert note.detail.startswith("old.toml names 4 columns that the first 12 records lack: ")
    assert "“bounce.type” (properties.kind; did you mean “bounces”?)" in note.detail
    assert "“secret” (columns.drop)" in note.detail
    assert [name for _, name in layout.blocks[0].columns.extras] == ["bounces"]
    rows, notes = tools.shaped(layout, [["Email Opened", "u1", "e1", "c1", "1709285400", "b"]])
    assert ([rows[0][time.index] for time in layout.blocks[0].times], notes) == (["1709285400", ""], {})
    assert "secret" in refused(names, BOUNCES).message


def test_what_is_absent_meets_conditions_as_an_empty_cell_does_and_blocks_keep_their_place() -> None:
    said = tools.profile(
        events=(
            tools.block("bounced", "bounce.at"),
            tools.block("bounced", "bounce.at", when=(Condition(column="event", equals=["b"]),)),
            tools.block("opened", "timestamp", when=(Condition(column="bounce.at", filled=False),)),
        ),
    )
    layout = tools.laid_out(NAMES, said, leeway=KEYS)
    rows, _ = tools.shaped(layout, [["b", "u1", "e1", "c1", "1709285400"]])
    first, second, third = layout.blocks
    assert first.absent_without_time
    assert [rows[0][block.times[0].index] for block in layout.blocks] == ["", "", "1709285400"]
    assert [block.applies(rows) for block in (second, third) if block.applies] == [[True], [True]]
    assert layout.columns.by_field()["timestamp"] == ["timestamp"]


def test_a_property_that_may_come_later_keeps_its_name_from_others() -> None:
    said = tools.profile(properties={"colour": tools.column("details.colour")})
    layout = tools.laid_out((*NAMES, "Colour"), said, leeway=KEYS)
    assert (layout.columns.extras, [note.field for note in layout.columns.notes]) == ((), ["Colour"])


@pytest.mark.parametrize(
    "said",
    [
        tools.profile(fields={"event": tools.column("kind")}),
        tools.profile(timestamp=Timestamp(columns=["at"])),
        tools.profile(fields={"userId": tools.column("user.id")}),
        tools.profile(
            fields={"userId": tools.column("userId"), "email_id": tools.column("email_id")},
            events=(tools.block("opened", "at"), tools.block("clicked", "click.at")),
        ),
    ],
)
def test_a_profile_of_whose_events_none_has_name_time_and_person_is_for_another_export(said: Profile) -> None:
    error = refused(NAMES, said, leeway=KEYS)
    assert error.message.startswith("old.toml seems to be for another export: each of its events lacks")
    assert any(
        word in error.message for word in ("“kind” (fields.event)", "“at” (", "“user.id” (fields.userId")
    )


def test_keys_beneath_one_member_count_once_and_most_members_must_be_there() -> None:
    beneath = {f"p{n}": tools.column(f"bounce.p{n}") for n in range(20)}
    said = tools.profile(properties={"x": tools.column("userId"), "y": tools.column("email_id"), **beneath})
    assert len(tools.laid_out(NAMES, said, leeway=KEYS).notes) == 1
    apart = {f"p{n}": tools.column(f"q{n}.p") for n in range(3)}
    said = tools.profile(properties={"x": tools.column("userId"), "y": tools.column("email_id"), **apart})
    assert "lacks 3 of the 5 columns" in refused(NAMES, said, leeway=KEYS).message


def test_a_file_may_lack_what_another_one_has_but_nothing_else() -> None:
    elsewhere = MissingColumnPolicy(elsewhere={"URL", "Device"}.__contains__)
    said = tools.profile(fields={"email_link_url": tools.column("URL")}, drop=("Device",))
    (note,) = tools.laid_out(NAMES, said, leeway=elsewhere).notes
    assert note.detail.startswith("old.toml names 2 columns that this file lacks and another one has: “URL”")
    said = tools.profile(fields={"email_link_url": tools.column("URL")}, drop=("Devcie",))
    error = refused((*NAMES, "Device"), said, leeway=elsewhere)
    assert "“Devcie” (columns.drop; did you mean “Device”?)" in error.message
    assert "URL" not in error.message


def test_a_profile_most_of_whose_columns_are_missing_is_taken_for_another_exports() -> None:
    error = refused(("Kind", "Who", "Note"), wide())
    assert error.message.startswith(
        "old.toml seems to be a profile for another export: export.csv lacks 5 of the 5"
    )
    assert "infl-seg inspect" in error.hint


def test_a_name_may_be_spelled_otherwise_where_one_column_alone_answers_to_it() -> None:
    said = tools.profile(fields={"personId": tools.column("contact-id")})
    assert by_name(tools.laid_out((*NAMES, "Contact ID"), said).blocks[0])["personId"] == "Contact ID"
    assert "user.id" in refused(NAMES, tools.profile(fields={"userId": tools.column("user.id")})).message
    assert "contact-id" in refused((*NAMES, "Contact ID", "contactId"), said).message


def test_what_an_option_overrules_need_not_be_there_but_is_not_sent_where_it_is() -> None:
    said = tools.profile(fields={"userId": tools.column("Member")})
    assert by_name(tools.laid_out(NAMES, said, columns={"userId": "userId"}).blocks[0])["userId"] == "userId"
    (block,) = tools.laid_out((*NAMES, "Member"), said, columns={"userId": "userId"}).blocks
    assert block.columns.extras == ()


def test_only_columns_that_the_profile_does_not_name_are_sent_on_their_own() -> None:
    said = tools.profile(
        fields={"campaign_name": tools.column("Title")},
        properties={"place": tools.column("payload.place")},
        events=(tools.block("opened", when=(Condition(column="Opens", filled=True),)),),
        drop=("Secret",),
        times={"Renewal": TimeColumn(zone="UTC")},
    )
    (block,) = tools.laid_out(
        (*NAMES, "Title", "payload", "Opens", "Secret", "Renewal", "Colour"), said
    ).blocks
    # The column `event` is nothing here, and Segment drops a property of that name.
    assert [(block.columns.names[index], name) for index, name in block.columns.extras] == [
        ("payload.place", "place"),
        ("Colour", "colour"),
    ]
    assert [note.field for note in block.columns.notes] == ["event"]


def test_other_columns_may_stay_behind_but_for_those_that_are_asked_for() -> None:
    said = tools.profile(other_columns="drop", drop=("Phone",))
    names = (*NAMES, "Colour", "Phone")
    assert tools.laid_out(names, said).columns.extras == ()
    assert tools.laid_out(names, said, properties=("Phone",)).columns.extras == ((6, "phone"),)


def test_properties_of_a_block_are_its_own_and_beat_those_of_the_profile() -> None:
    said = tools.profile(
        properties={"a": tools.column("A"), "b": tools.column("B")},
        events=(tools.block("opened", properties={"b": tools.column("C")}), tools.block("clicked")),
    )
    cells = {**tools.ROW, "A": "1", "B": "2", "C": "3"}
    assert tools.read(cells, said).properties == {"a": "1", "b": "3"}
    assert tools.read(cells, said, number=1).properties == {"a": "1", "b": "2"}


def test_a_property_that_the_profile_names_is_sent_even_if_it_looks_personal() -> None:
    cells = {**tools.ROW, "Phone": "+49 30 1234567", "Note": "+49 30 7654321"}
    found = tools.read(cells, tools.profile(properties={"call": tools.column("Phone")}))
    assert (found.properties, found.codes) == ({"call": "+49 30 1234567"}, ["value-left-out"])


def test_a_column_does_not_take_the_name_of_a_property_of_the_profile() -> None:
    said = tools.profile(properties={"colour": tools.column("Paint")})
    (block,) = tools.laid_out((*NAMES, "Paint", "Colour"), said).blocks
    assert [name for _, name in block.columns.extras] == ["colour"]
    assert "another column is already sent as colour" in block.columns.notes[0].detail


@pytest.mark.parametrize(
    "name", ["campaign_id", "link_url", "is_unique_open", "userId", "received_at", "receivedAt"]
)
def test_a_property_cannot_have_a_name_that_means_something_else(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        tools.laid_out((*NAMES, "A"), tools.profile(properties={name: tools.column("A")}))


@pytest.mark.parametrize(
    ("names", "said", "told", "hint"),
    [
        (NAMES[1:], tools.profile(), "for old.toml: no event-name column recognised", 'event = "COLUMN"'),
        (
            NAMES[:4],
            tools.profile(),
            "for old.toml: no timestamp column recognised",
            'timestamp = "COLUMN"',
        ),
        (
            (*NAMES[:4], "A"),
            tools.profile(events=(tools.block("opened", "A"), tools.block("clicked"))),
            "for [[event]] 2 (“clicked”) of old.toml: no timestamp column recognised",
            "under the [[event]]",
        ),
        (NAMES[1:], tools.profile(), "no event-name column recognised", "--map event=COLUMN"),
        (
            ("event", "timestamp"),
            tools.profile(),
            "for old.toml: no person column recognised",
            'userId = "COLUMN"',
        ),
        (
            ("event", "timestamp", "Mail"),
            tools.profile(fields={"email": tools.column("Mail")}),
            "only addresses in “Mail”",
            'user_id_from = "email"',
        ),
        (
            NAMES,
            tools.profile(fields={"event": PropertyCell(constant="x", values={"x": ""})}),
            "no event-name column recognised",
            'event = "COLUMN"',
        ),
    ],
)
def test_what_every_event_needs_is_asked_for_by_block_and_with_the_line_to_write(
    names: tuple[str, ...], said: Profile, told: str, hint: str
) -> None:
    error = refused(names, said)
    assert error.message.startswith("export.csv, for ")
    assert told in error.message
    assert hint in error.hint


def test_an_address_stands_in_for_a_person_where_the_profile_says_so() -> None:
    said = tools.profile(fields={"email": tools.column("Mail")}, options=InputOptions(user_id_from="email"))
    layout = tools.laid_out(("event", "timestamp", "Mail"), said)
    mapper = EventReader(layout.blocks[0].columns, MapOptions(user_id_from_email=True))
    person, _ = mapper.person(["ada@x.example"])
    assert person is not None
    assert person.user_id == "ada@x.example"


def test_people_of_two_plain_ids_stay_so_when_a_profile_hashes_one() -> None:
    said = tools.profile(fields={"userId": tools.column("userId", hash="sha256", salt_env="SHORT")})
    (block,) = tools.laid_out((*NAMES, "personId"), said).blocks
    assert EventReader(block.columns, MapOptions()).person_is_two_ids


@pytest.mark.parametrize("where", ["profile", "option"])
def test_own_event_ids_are_ignored_by_profile_or_option(where: str) -> None:
    options = InputOptions(no_event_id=where == "profile")
    said = tools.profile(fields={"event_id": tools.column("Row Id")}, options=options)
    layout = tools.laid_out((*NAMES, "Row Id", "event_id"), said, own_ids=where != "option")
    assert not layout.columns.has("event_id")
    assert layout.columns.extras == ()


def test_a_layout_can_be_pickled_with_everything_in_it() -> None:
    said = tools.profile(
        fields={"userId": tools.column("payload.id", hash="sha256", salt_env="SHORT")},
        properties={
            "at": tools.column("At", type="timestamp"),
            "one": PropertyCell(constant="1", type="integer"),
        },
        events=(tools.block("opened", when=(Condition(column="payload.kind", equals=["o"]),)),),
        options=InputOptions(timezone="Europe/Berlin"),
    )
    layout = tools.laid_out((*NAMES, "payload", "At"), said)
    assert pickle.loads(pickle.dumps(layout)) == layout


def test_keys_that_come_late_leave_what_was_bound_where_it_was() -> None:
    said = tools.profile(
        fields={"userId": tools.column("payload.user")}, properties={"x": tools.column("payload.x")}
    )
    early = tools.laid_out((*NAMES, "payload"), said)
    late = tools.laid_out((*NAMES, "payload", "Colour"), said)
    assert early.columns.fields == late.columns.fields
    assert by_name(early.blocks[0]) == by_name(late.blocks[0])
    assert [name for _, name in late.blocks[0].columns.extras] == ["x", "colour"]
