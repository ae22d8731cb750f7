"""Rows to events: names of events, ids, flags, people, links, and what becomes of cells that are not in order."""

import hashlib

import pipeline_support as tools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.catalog import EVENTS
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.errors import UsageError
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.events import event_names, kind_of

ROW = {
    "event": "Email Opened",
    "userId": "u1",
    "personId": "p1",
    "email_id": "e1",
    "campaign_id": "c1",
    "timestamp": "1709285400",
}
ID_NAMES = ("userId", "personId", "email_id", "campaign_id", "campaign_run_id", "event_id")


def take(how: ConvertSettings | None = None, /, **cells: str) -> tools.Outcome:
    """The outcome of one row, with some of its cells changed."""
    row = {**ROW, **cells}
    return tools.outcome(tools.csv_of([tuple(row.values())], tuple(row)), how)


def place(found: tools.Outcome) -> list[tuple[str, int | None, str | None]]:
    return [(problem.rule.code, problem.line, problem.column) for problem in found.told]


@pytest.mark.parametrize(
    ("spelling", "event"),
    [
        ("opened", "Email Opened"),
        ("EMAIL_OPENED", "Email Opened"),
        ("email opened", "Email Opened"),
        ("click", "Link Clicked"),
        ("Email Link Clicked", "Link Clicked"),
        ("Unsubscribed", "Email Unsubscribed"),
        ("bounce", "Email Bounced"),
        ("Email Marked as Spam", "Email Reported as Spam"),
        ("unique-opens", "Email Unique Opens"),
        ("Unique Link Click Per Unique Open", "Unique Link Click per Unique Open"),
        (" delivered ", "Email Delivered"),
    ],
)
def test_an_event_is_known_by_any_spelling(spelling: str, event: str) -> None:
    assert take(event=spelling).messages[0]["event"] == event


def test_every_name_of_an_event_has_one_meaning() -> None:
    names = [{squash(kind.name), squash(kind.spec_name), *kind.other_names} for kind in EVENTS]
    assert sum(map(len, names)) == len(set().union(*names))


@pytest.mark.parametrize("name", ["Sent", "Email", "", "Opened twice", "unsubscribed from list"])
def test_what_is_no_event_is_not_guessed(name: str) -> None:
    assert kind_of(name) is None


def test_an_unknown_event_is_rejected_by_default() -> None:
    found = take(event="Sent")
    assert (found.plan.account.rows.rejected, place(found)) == (1, [("event-unknown", 2, "event")])


def test_an_unknown_event_is_skipped_and_counted_on_request() -> None:
    found = take(tools.mapped_by(unknown_events="skip"), event="Sent")
    assert (found.plan.account.rows.filtered, found.plan.account.events.filtered, found.codes) == (1, 1, {})
    assert found.plan.account.filtered_by == {"--unknown-events skip": 1}


def test_an_unknown_event_is_sent_under_its_own_name_on_request() -> None:
    found = take(tools.mapped_by(unknown_events="send"), event="Sent")
    assert found.messages[0]["event"] == "Sent"


def test_an_empty_event_is_rejected_whatever_becomes_of_unknown_ones() -> None:
    for choice in ("reject", "skip", "send"):
        found = take(tools.mapped_by(unknown_events=choice), event=" ")
        assert place(found) == [("event-missing", 2, "event")]


def test_event_filters_take_any_spelling_and_count_what_they_leave_out() -> None:
    assert event_names(["opened", "EMAIL_CLICKED", "Sent"]) == {"Email Opened", "Link Clicked", "Sent"}
    found = take(tools.mapped_by(events=frozenset({"Link Clicked"})))
    assert found.plan.account.filtered_by == {"--event": 1}


def test_an_event_filter_without_a_name_is_refused() -> None:
    with pytest.raises(UsageError):
        event_names([" "])


@pytest.mark.parametrize("name", ID_NAMES)
@pytest.mark.parametrize("cell", ["1.23457E+18", "1,23457E+18", "1E+05", "12E10", "1.5e3"])
def test_an_id_in_scientific_notation_is_rejected_at_its_column(name: str, cell: str) -> None:
    assert place(take(**{name: cell})) == [("id-scientific", 2, name)]


@pytest.mark.parametrize("name", ID_NAMES[:5])
@pytest.mark.parametrize(
    "cell", ["007", "0042", "1e5", "12345678901234567890", "123456789012345678901", "abc-1e10", "1.5", "e+1"]
)
def test_other_ids_stay_as_they_are(name: str, cell: str) -> None:
    found = take(**{name: cell})
    assert found.codes == {}
    message = found.messages[0]
    sent = {**message["properties"], "userId": message["userId"], "personId": message["context"]["personId"]}
    assert sent[name] == cell


@pytest.mark.parametrize("name", [*ID_NAMES, "event", "is_unique_open"])
def test_outer_white_space_is_taken_off_with_a_warning(name: str) -> None:
    plain = {**ROW, "is_unique_open": "true", "event_id": "17", "campaign_run_id": "r1"}
    padded = {**plain, name: f"\t{plain[name]} "}
    found = take(**padded)
    assert found.messages == take(**plain).messages
    assert place(found) == [("outer-space", 2, name)]


@pytest.mark.parametrize("cell", [" ", "\t", "\u00a0"])
def test_a_cell_of_white_space_is_absent(cell: str) -> None:
    assert "campaign_run_id" not in take(campaign_run_id=cell).messages[0]["properties"]


@pytest.mark.parametrize("flag", [True, False])
def test_a_flag_is_a_boolean_from_the_usual_spellings(flag: bool) -> None:
    for cell in ("true", "TRUE", "Yes", "y", "1", "t") if flag else ("false", "False", "no", "N", "0", "f"):
        assert take(is_unique_open=cell).messages[0]["properties"]["is_unique_open"] is flag


@pytest.mark.parametrize("cell", ["maybe", "2", "truee", "wahr"])
def test_a_flag_of_another_spelling_is_rejected_at_its_column(cell: str) -> None:
    assert place(take(is_unique_click=cell)) == [("flag-unreadable", 2, "is_unique_click")]


def test_a_problem_names_the_column_as_it_stands_in_the_file() -> None:
    row = {"Event Name": "opened", "Contact ID": "1.5E+18", "Sent at": "1709285400"}
    found = tools.outcome(tools.csv_of([tuple(row.values())], tuple(row)))
    assert ("id-scientific", 2, "Contact ID") in place(found)


def test_a_row_without_a_person_is_rejected() -> None:
    assert place(take(userId="", personId="")) == [("person-missing", 2, None)]
    blank = place(take(userId="", personId=" "))
    assert blank == [("person-missing", 2, None), ("outer-space", 2, "personId")]


def test_an_address_stands_in_for_a_user_id_only_where_there_is_none() -> None:
    how = tools.mapped_by(user_id_from_email=True, columns=ColumnOptions(person_from_email=True))
    assert take(how, userId="", email="Ada@Shop.example").messages[0]["userId"] == "Ada@Shop.example"
    assert take(how, email="Ada@Shop.example").messages[0]["userId"] == "u1"
    assert place(take(how, userId="", personId="", email="")) == [("person-missing", 2, None)]


def test_an_address_stands_in_for_a_person_id_hashed_and_never_as_it_is() -> None:
    how = tools.mapped_by(anonymous_id_from_email=True, columns=ColumnOptions(person_from_email=True))
    found = take(how, userId="", personId="", email=" Ada@Shop.example ")
    digest = hashlib.sha256(b"ada@shop.example").hexdigest()
    assert found.messages[0]["anonymousId"] == digest
    assert b"shop.example" not in found.lines[0].lower()


def test_constants_hold_for_every_row_and_are_judged_like_cells() -> None:
    row = {"userId": "u1", "timestamp": "1709285400"}
    how = tools.settings(ColumnOptions(constants={"event": "clicked", "email_link_url": "http://a.example"}))
    found = tools.outcome(tools.csv_of([tuple(row.values())] * 2, tuple(row)), how)
    assert found.messages[0]["properties"]["email_link_url"] == "http://a.example"
    assert (found.messages[0]["event"], len(found.lines)) == ("Link Clicked", 1)


def test_personal_cells_of_a_sent_column_are_left_out_one_by_one() -> None:
    rows = [
        {**ROW, "Note": note, "userId": f"u{n}"} for n, note in enumerate(["red", "red", "ada@shop.example"])
    ]
    rows = [{**row, "personId": ""} for row in rows]
    found = tools.outcome(tools.csv_of([tuple(row.values()) for row in rows], tuple(rows[0])))
    assert [one["properties"].get("note") for one in found.messages] == ["red", "red", None]
    assert place(found) == [("value-left-out", 4, "Note")]
    asked = tools.settings(ColumnOptions(properties=("Note",)))
    sent = tools.outcome(tools.csv_of([tuple(row.values()) for row in rows], tuple(rows[0])), asked)
    assert sent.messages[2]["properties"]["note"] == "ada@shop.example"


def test_a_row_is_atomic_and_shows_every_reason() -> None:
    found = take(event="Sent", userId="1.5E+18", is_unique_open="maybe", timestamp="soon")
    codes = {problem.rule.code for problem in found.rejected[0].problems}
    assert (found.lines, found.plan.account.events.built) == ([], 0)
    assert {"event-unknown", "id-scientific", "timestamp-unreadable"} <= codes


def test_ids_of_json_are_text_and_properties_are_what_they_were() -> None:
    line = (
        b'{"event":"opened","userId":7,"timestamp":1709285400,"campaign_id":12,"email_id":"e1",'
        b'"is_unique_open":true,"score":1.50,"gone":null,"big":123456789012345678901}\n'
    )
    (message,) = tools.outcome({"export.ndjson": line}).messages
    assert message["userId"] == "7"
    assert message["properties"] == {
        "email_id": "e1",
        "campaign_id": "12",
        "is_unique_open": True,
        "score": 1.5,
        "big": 123456789012345678901,
    }


def test_a_key_that_first_comes_late_becomes_a_property_from_there_on() -> None:
    first = tools.ndjson_of([tuple(ROW.values())], tuple(ROW)) * 1200
    late = {**ROW, "userId": "u2", "personId": "", "Colour": "red"}
    data = first + tools.ndjson_of([tuple(late.values())], tuple(late))
    found = tools.outcome({"export.ndjson": data}, chunk_bytes=4_000)
    assert [one["properties"].get("colour") for one in found.messages] == [None, "red"]


@tools.some
@given(
    cell=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=10)
)
def test_any_id_goes_out_trimmed_or_is_rejected(cell: str) -> None:
    found = take(campaign_id=cell)
    if found.lines:
        assert found.messages[0]["properties"].get("campaign_id") == (cell.strip() or None)
    else:
        assert found.codes == {"id-scientific": 1} or "id-scientific" in found.codes


@pytest.mark.parametrize("cell", ["+1.23457E+18", "-1.23457E+18", "+1E+05"])
def test_a_sign_does_not_hide_scientific_notation(cell: str) -> None:
    assert place(take(campaign_id=cell)) == [("id-scientific", 2, "campaign_id")]


@pytest.mark.parametrize("cell", ['["x"]', '{"a":1}', "[]"])
def test_a_list_or_object_is_no_id_and_a_guid_in_braces_is_one(cell: str) -> None:
    assert place(take(userId=cell)) == [("id-not-text", 2, "userId")]
    assert place(take(event=cell)) == [("event-unknown", 2, "event")]
    assert place(take(userId="{3f2504e0-4f89-11d3-9a0c-0305e82c3301}")) == []
