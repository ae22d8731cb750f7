"""The plain reference, held against values worked out by hand, so that it cannot drift with the package."""

import hashlib
import uuid
from fractions import Fraction

import pytest
import reference

SETTINGS = reference.Settings(version="0.1.0")
ROW = {"event": "Email Opened", "userId": "u1", "timestamp": "2024-03-01T09:30:00.1239Z"}


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("2024-03-01T09:30:00Z", "2024-03-01T09:30:00.000Z"),
        ("2024-03-01 10:30:00,5 +0100", "2024-03-01T09:30:00.500Z"),
        ("2024-03-01T09:30:00.12345678900Z", "2024-03-01T09:30:00.123456789Z"),
        ("1709285400", "2024-03-01T09:30:00.000Z"),
        ("1709285400123.25", "2024-03-01T09:30:00.12325Z"),
        ("2024-03-01 09:30 UTC", "2024-03-01T09:30:00.000Z"),
    ],
)
def test_one_instant_has_one_exact_text(text: str, exact: str) -> None:
    assert reference.exact(reference.instant(text)) == exact


def test_a_local_time_takes_the_offset_of_its_day_and_the_earlier_one_where_there_are_two() -> None:
    winter, summer, both = (
        reference.exact(reference.instant(text, "Europe/Berlin"))
        for text in ("2024-03-28 08:30:00", "2024-04-04 08:30:00", "2024-10-27 02:30:00")
    )
    assert (winter, summer) == ("2024-03-28T07:30:00.000Z", "2024-04-04T06:30:00.000Z")
    assert both == "2024-10-27T00:30:00.000Z"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        reference.instant("2024-03-01 09:30:00")


def test_the_content_id_is_the_hash_of_the_text_that_the_scheme_writes() -> None:
    text = b"infl-seg/1 fields\n12:Email Opened,~,~,~,~,u2:u1,25:2024-03-01T09:30:00.1239Z,"
    found = uuid.UUID(reference.expect_row(ROW, SETTINGS).content_id)
    digest = hashlib.blake2b(text, digest_size=13).hexdigest()
    assert (found.version, found.variant) == (8, uuid.RFC_4122)
    assert (found.hex[:12], found.hex[12:18], found.hex[18:]) == (digest[:12], "800180", digest[12:])


def test_an_event_keeps_its_id_when_its_person_becomes_known() -> None:
    known = {**ROW, "personId": "p1"}
    anonymous = {**known, "userId": ""}
    first, second = (reference.expect_row(row, SETTINGS) for row in (known, anonymous))
    assert first.content_id == second.content_id
    assert (first.message["userId"], second.message["anonymousId"]) == ("u1", "p1")


def test_the_wire_id_hangs_on_namespace_and_label() -> None:
    one = reference.expect_row(ROW, SETTINGS)
    assert len({one.wire_id("a"), one.wire_id("b"), one.wire_id("a", "again"), one.content_id}) == 4


def test_the_second_of_equal_rows_has_the_id_that_the_scheme_writes() -> None:
    kept = reference.Settings(version="0.1.0", keep_equal_rows=True)
    first, other, second, third = reference.expect([ROW, {**ROW, "userId": "u2"}, ROW, ROW], kept)
    assert first == reference.expect_row(ROW, SETTINGS)
    assert second.message == {**first.message, "messageId": second.content_id}
    text = b"infl-seg/1 occurrence\n1:2," + uuid.UUID(first.content_id).bytes
    digest = hashlib.blake2b(text, digest_size=13).hexdigest()
    assert uuid.UUID(second.content_id).hex == f"{digest[:12]}800180{digest[12:]}"
    assert len({one.content_id for one in (first, other, second, third)}) == 4
    # The line of ARCHITECTURE.md that has this id.
    documented = reference.Expected({}, "d00ea491-7040-8001-80db-c4fe8bf8ed5a", Fraction(0))
    assert reference.occurrence(documented, 2).content_id == "61d62bc6-68eb-8001-80e5-506267e5c8f6"
    assert [one.content_id for one in reference.expect_files([[ROW, ROW], [ROW, ROW, ROW]], kept)] == [
        one.content_id for one in (first, second, third)
    ]


def test_a_message_is_what_the_specification_says() -> None:
    row = {
        **ROW,
        "campaign_id": " 007 ",
        "is_unique_open": "Yes",
        "email_subject": " unchanged ",
        "Mail Client": "",
    }
    message = reference.expect_row(row, SETTINGS).message
    message.pop("messageId")
    assert message == {
        "timestamp": "2024-03-01T09:30:00.123Z",
        "type": "track",
        "event": "Email Opened",
        "userId": "u1",
        "properties": {"campaign_id": "007", "email_subject": " unchanged ", "is_unique_open": True},
        "context": {
            "integration": {"name": "inflection", "version": "1.0.0"},
            "library": {"name": "infl-seg", "version": "0.1.0"},
        },
        "integrations": {"Inflection": False},
    }


def test_epoch_seconds_keep_their_fraction() -> None:
    assert reference.instant("1709285400.125") == Fraction("1709285400.125")
