"""Messages: what is in them, that bytes are sacred, and that every size is known to the byte."""

import json
from typing import Any

import pipeline_support as tools
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.model import Campaign
from inflection_cli.segment.message import MessageEncoder, MessageSettings, is_bare

ROW = ("Link Clicked", "u1", "p1", "e1", "c1", "Hello", "http://a.example", "true", "1709285400.5", "red")
PLAIN = reference.Settings(
    version="0.1.0", events={"opened": "Email Opened", "EMAIL_DELIVERED": "Email Delivered"}
)
MAX_EVENT_BYTES = 32_000  # what the specification says, not what the code says


def one(row: tuple[str, ...] = ROW, how: ConvertSettings | None = None, **more: str) -> dict[str, Any]:
    """The one message of a row, with more columns where wanted."""
    data = tools.csv_of([(*row, *more.values())], (*tools.COLUMNS, *more))
    (message,) = tools.outcome(data, how).messages
    return message


@tools.some
@given(rows=st.lists(tools.GOOD_ROWS, min_size=1, max_size=10))
def test_messages_are_those_of_the_plain_reference(rows: list[tuple[str, ...]]) -> None:
    objects = [dict(zip(tools.COLUMNS, row, strict=True)) for row in rows]
    expected = {one.content_id: one.message for one in reversed(list(reference.expect(objects, PLAIN)))}
    found = tools.outcome(tools.csv_of(rows)).messages
    assert {one["messageId"]: one for one in found} == expected


@tools.some
@given(
    subject=tools.TEXT, colour=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r@+"))
)
def test_free_text_reaches_the_payload_as_it_stood(subject: str, colour: str) -> None:
    found = tools.outcome(tools.csv_of([(*ROW[:5], subject, *ROW[6:9], colour)])).messages[0]
    assert found["properties"].get("email_subject", "") == subject
    assert found["properties"].get("colour", colour) == colour


@pytest.mark.parametrize(
    "text", [" two spaces  ", "a\r\nb", "<b>&amp;</b>", "=1+1", "\u2028", "\x1b[31m", "\U0001f337"]
)
def test_nothing_is_trimmed_escaped_or_neutralised_on_the_wire(text: str) -> None:
    assert one((*ROW[:5], text, *ROW[6:]))["properties"]["email_subject"] == text


def test_a_message_is_one_line_of_json_however_many_lines_its_cells_have() -> None:
    (line,) = tools.outcome(tools.csv_of([(*ROW[:5], "a\nb\u2028c", *ROW[6:])])).lines
    assert json.loads(line)["properties"]["email_subject"] == "a\nb\u2028c"


@tools.some
@given(data=tools.any_files())
def test_sizes_are_counted_as_the_bytes_that_are_written(data: bytes) -> None:
    found = tools.outcome(data)
    repeats = found.plan.account.events.built - len(found.lines)
    total = sum(map(len, found.lines))
    assert found.message_bytes == total or repeats > 0
    assert found.message_bytes >= total


@tools.some
@given(rows=st.lists(tools.GOOD_ROWS, min_size=1, max_size=5, unique_by=lambda row: row[1:5]))
def test_sizes_are_exact_with_and_without_campaign_properties(rows: list[tuple[str, ...]]) -> None:
    bare = [(*row[:3], "", "", "", row[6], "", row[8], row[9]) for row in rows]
    for some in (rows, bare):
        found = tools.outcome(tools.csv_of(some))
        if len(found.lines) == len(some):
            assert found.message_bytes == sum(map(len, found.lines))


@pytest.mark.parametrize("letter", ["x", "ü", '"', "\n", "\U0001f337"])
@pytest.mark.parametrize("bare", [False, True])
def test_an_event_is_too_large_exactly_above_32000_bytes(letter: str, bare: bool) -> None:
    width = len(json.dumps(letter, ensure_ascii=False).encode()) - 2
    start = ("Email Opened", "", "p1", *(("", "") if bare else ("e1", "c1")))
    end = ("", "", "2024-03-01T09:30:00Z")
    (line,) = tools.outcome(tools.csv_of([(*start, "", *end, "x")])).lines
    room = MAX_EVENT_BYTES - len(line)
    fill = letter * (room // width) + "x" * (1 + room % width)
    fits, over = (tools.outcome(tools.csv_of([(*start, "", *end, text)])) for text in (fill, fill + "x"))
    assert (list(map(len, fits.lines)), fits.message_bytes) == ([MAX_EVENT_BYTES], MAX_EVENT_BYTES)
    assert (over.lines, over.codes.get("event-too-large")) == ([], 1)


def test_ids_stay_strings_and_keep_every_digit() -> None:
    found = one(("Email Opened", "007", "123456789012345678901", "0042", "1234567890123456789", *ROW[5:]))
    assert (found["userId"], found["context"]["personId"]) == ("007", "123456789012345678901")
    assert (found["properties"]["email_id"], found["properties"]["campaign_id"]) == (
        "0042",
        "1234567890123456789",
    )


def test_empty_cells_are_absent_and_nothing_is_null_or_empty() -> None:
    line = tools.outcome(tools.csv_of([("Email Opened", "", "p1", *[""] * 5, ROW[8], "")])).lines[0]
    assert json.loads(line)["properties"] == {}
    assert b"null" not in line
    assert b'""' not in line


def test_never_sent_at_nor_received_at() -> None:
    assert {"sentAt", "receivedAt", "channel", "version", "_metadata"}.isdisjoint(one())


@pytest.mark.parametrize(
    ("cell", "sent"),
    [
        ("2024-03-01T09:30:00.1239Z", "2024-03-01T09:30:00.123Z"),
        ("2024-03-01T09:30:00.999999999Z", "2024-03-01T09:30:00.999Z"),
        ("2024-03-01 10:30:00 +0100", "2024-03-01T09:30:00.000Z"),
        ("1709285400", "2024-03-01T09:30:00.000Z"),
    ],
)
def test_times_go_out_in_utc_with_milliseconds_cut_not_rounded(cell: str, sent: str) -> None:
    assert one((*ROW[:8], cell, ROW[9]))["timestamp"] == sent


def test_a_known_person_has_a_user_id_and_the_person_id_for_qa_alone() -> None:
    found = one()
    assert (found["userId"], found["context"]["personId"], "anonymousId" in found) == ("u1", "p1", False)


def test_a_person_who_is_not_known_goes_by_the_person_id() -> None:
    found = one(("Email Opened", "", *ROW[2:]))
    assert (found["anonymousId"], found["context"]["personId"], "userId" in found) == ("p1", "p1", False)


def test_address_and_client_go_into_the_context_where_they_are_there() -> None:
    found = one(ip="2001:db8::1", user_agent="Mozilla/5.0 (X11)", email="ada@shop.example")
    assert (found["context"]["ip"], found["context"]["userAgent"]) == ("2001:db8::1", "Mozilla/5.0 (X11)")
    assert "ada@shop.example" not in json.dumps(found)


def test_an_address_is_a_trait_only_on_request() -> None:
    how = tools.settings(message=MessageSettings("0.1.0", email_trait=True))
    assert one(how=how, email="ada@shop.example")["context"]["traits"] == {"email": "ada@shop.example"}


def test_every_message_names_integration_library_and_what_is_off() -> None:
    found = one()
    assert found["context"]["integration"] == {"name": "inflection", "version": "1.0.0"}
    assert found["context"]["library"] == {"name": "infl-seg", "version": "0.1.0"}
    assert found["integrations"] == {"Inflection": False}
    assert found["type"] == "track"


def test_the_email_spec_has_names_of_its_own_for_events_and_links() -> None:
    how = tools.settings(
        mapping=tools.mapped_by(naming="spec").mapping, message=MessageSettings("0.1.0", naming="spec")
    )
    found = one(how=how)
    assert (found["event"], found["properties"]["link_url"]) == ("Email Link Clicked", "http://a.example")
    assert "email_link_url" not in found["properties"]


def test_a_campaign_without_properties_leaves_no_stray_comma() -> None:
    campaign = Campaign("E", "E", False, None, None, None, None, None, None, None, None)
    encoder = MessageEncoder(MessageSettings("0.1.0"))
    assert is_bare(encoder.campaign(campaign))
    rows = [("Email Opened", "u1", *[""] * 6, "1709285400", "red")]
    assert tools.outcome(tools.csv_of(rows)).messages[0]["properties"] == {"colour": "red"}


def test_constants_reach_every_message() -> None:
    how = tools.settings(ColumnOptions(constants={"campaign_run_id": "r-9", "user_agent": "none such"}))
    found = one(how=how)
    assert (found["properties"]["campaign_run_id"], found["context"]["userAgent"]) == ("r-9", "none such")
