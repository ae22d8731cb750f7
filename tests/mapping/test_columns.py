"""Columns to fields: spellings and aliases, ties, essentials, what is sent as a property and what stays behind."""

import re
import shlex
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.catalog import COLUMN_ALIASES, FIELDS, REJECT_COLUMNS, RESERVED_PROPERTIES
from inflection_cli.errors import InputError, UsageError
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.column_names import listed, quoted, snake_case, squash
from inflection_cli.mapping.columns import BoundColumns, ColumnOptions
from inflection_cli.mapping.personal_data import looks_personal
from inflection_cli.mapping.unmapped_columns import Sample

NEEDED = ("event", "userId", "timestamp")


def bind(
    *names: str, options: ColumnOptions | None = None, sample: Sequence[Sequence[str]] = ()
) -> BoundColumns:
    """Bind a header."""
    return lay_out(names, sample, options or ColumnOptions(), file="export.csv").columns


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_its_own_name(name: str) -> None:
    assert bind(*FIELDS).fields[name] == FIELDS.index(name)


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Campaign ID", "campaign_id"),
        ("campaign-id", "campaign_id"),
        ("campaignId", "campaign_id"),
        ("CAMPAIGN_ID", "campaign_id"),
        ("Contact ID", "personId"),
        ("contact_id", "personId"),
        ("Journey ID", "campaign_id"),
        ("Journey Name", "campaign_name"),
        ("Template Id", "email_id"),
        ("Subject Line", "email_subject"),
        ("Link", "email_link_url"),
        ("E-Mail", "email"),
        ("IP Address", "ip"),
        ("UserAgent", "user_agent"),
        ("Is Unique Open", "is_unique_open"),
    ],
)
def test_a_column_is_known_by_any_spelling_and_by_the_words_people_use(column: str, field: str) -> None:
    assert bind(*NEEDED, column).by_column()[column] == field


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Activity Type", "event"),
        ("Event Name", "event"),
        ("sent at", "timestamp"),
        ("occurred_at", "timestamp"),
        ("DateTime", "timestamp"),
        ("User ID", "userId"),
        ("External Id", "userId"),
    ],
)
def test_the_essentials_have_other_names_too(column: str, field: str) -> None:
    names = [name for name in NEEDED if name != field]
    assert bind(*names, column).by_column()[column] == field


def test_every_alias_has_one_meaning() -> None:
    spellings = [squash(name) for name in FIELDS] + [
        a for aliases in COLUMN_ALIASES.values() for a in aliases
    ]
    assert len(spellings) == len(set(spellings))
    assert all(alias == squash(alias) for alias in spellings)


def test_the_exact_name_beats_a_spelling_which_beats_an_alias() -> None:
    assert bind(*NEEDED, "Campaign ID", "campaign_id", "Journey ID").fields["campaign_id"] == 4
    assert bind(*NEEDED, "Journey ID", "Campaign ID").fields["campaign_id"] == 4


@pytest.mark.parametrize(
    ("names", "ways"),
    [
        (("Journey ID", "Program ID"), ["--map campaign_id='Journey ID'", "--map campaign_id='Program ID'"]),
        (
            ("Campaign ID", "campaign-id"),
            ["--map campaign_id='Campaign ID'", "--map campaign_id=campaign-id"],
        ),
    ],
)
def test_a_tie_of_equal_rank_is_an_error_that_prints_the_ways_out(
    names: tuple[str, ...], ways: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        bind(*NEEDED, *names)
    assert all(way in caught.value.hint for way in ways)


def test_a_tie_is_settled_by_naming_the_column() -> None:
    options = ColumnOptions(columns={"campaign_id": "Program ID"})
    assert bind(*NEEDED, "Journey ID", "Program ID", options=options).fields["campaign_id"] == 4


@pytest.mark.parametrize(
    ("names", "missing", "hint"),
    [
        (("userId", "timestamp", "Evnt"), "event", "--map event=Evnt"),
        (("userId", "timestamp"), "event", '--set event="Email Opened"'),
        (("event", "userId", "Zeit stempel"), "timestamp", "--map timestamp="),
        (("event", "timestamp", "colour"), "person", "--map userId=COLUMN or --map personId=COLUMN"),
    ],
)
def test_a_file_without_event_time_or_person_is_refused_with_the_words_that_fix_it(
    names: tuple[str, ...], missing: str, hint: str
) -> None:
    with pytest.raises(InputError, match=missing) as caught:
        bind(*names)
    assert hint in caught.value.hint
    assert caught.value.exit_code == 4
    assert "“timestamp”" in caught.value.message or missing == "timestamp"


def test_addresses_alone_are_one_problem_for_the_file_that_offers_both_ways() -> None:
    with pytest.raises(InputError, match="only addresses") as caught:
        bind("event", "timestamp", "Email Address")
    assert "--user-id-from email" in caught.value.hint
    assert "--anonymous-id-from email" in caught.value.hint


def test_addresses_do_where_the_user_says_so() -> None:
    columns = bind("event", "timestamp", "mail", options=ColumnOptions(person_from_email=True))
    assert columns.fields["email"] == 2


def test_a_constant_stands_in_for_a_column() -> None:
    options = ColumnOptions(constants={"event": "Email Opened", "campaign_id": "c1"})
    columns = bind("userId", "timestamp", "Campaign", options=options)
    assert "event" not in columns.fields
    assert columns.has("event")
    assert columns.constants["campaign_id"] == "c1"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (ColumnOptions(columns={"campain_id": "x"}), "did you mean --map campaign_id="),
        (ColumnOptions(constants={"evnt": "x"}), "did you mean --set event="),
    ],
)
def test_a_field_that_does_not_exist_gets_the_nearest_one(options: ColumnOptions, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        bind(*NEEDED, options=options)
    assert words in caught.value.hint


def test_a_column_that_does_not_exist_gets_the_nearest_one() -> None:
    with pytest.raises(InputError, match="“Customer ID”") as caught:
        bind(*NEEDED, "Customer ID", options=ColumnOptions(columns={"userId": "Custmer ID"}))
    assert "--map userId='Customer ID'" in caught.value.hint


def test_one_field_cannot_have_a_column_and_a_constant() -> None:
    options = ColumnOptions(columns={"email_id": "x"}, constants={"email_id": "y"})
    with pytest.raises(UsageError, match="twice"):
        bind(*NEEDED, "x", options=options)


def test_a_mapped_column_may_be_spelled_loosely() -> None:
    columns = bind(*NEEDED, "My Column", options=ColumnOptions(columns={"email_id": "my column"}))
    assert columns.fields["email_id"] == 3


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("Mail Client", "mail_client"),
        ("mailClient", "mail_client"),
        ("MAIL-CLIENT", "mail_client"),
        ("HTTPStatus", "http_status"),
        ("Größe (cm)", "größe_cm"),
        ("  padded  ", "padded"),
        ("a.b", "a_b"),
    ],
)
def test_what_maps_to_nothing_is_sent_under_its_snake_case_name(column: str, name: str) -> None:
    assert snake_case(column) == name
    assert bind(*NEEDED, column).extras == ((3, name),)


MAPPED = {"event", "timestamp", "user_id", "anonymous_id", "sent_at", "original_timestamp"}


@pytest.mark.parametrize("name", sorted(RESERVED_PROPERTIES - MAPPED))
def test_segments_reserved_names_are_left_out_and_said(name: str) -> None:
    columns = bind(*NEEDED, name)
    assert columns.extras == ()
    assert [note.rule.code for note in columns.notes] == ["column-left-out"]


def test_a_reserved_name_cannot_be_forced() -> None:
    with pytest.raises(UsageError, match="discards"):
        bind(*NEEDED, "uuid_ts", options=ColumnOptions(properties=("uuid_ts",)))


@pytest.mark.parametrize("name", ["contact name", "Recipient City", "customerPhone", "job title", "lat"])
def test_whose_trait_it_is_makes_it_no_less_personal(name: str) -> None:
    assert bind(*NEEDED, name).extras == ()


@pytest.mark.parametrize("name", ["company name", "user plan", "contact owner team"])
def test_what_only_sounds_like_a_trait_is_sent(name: str) -> None:
    assert [index for index, _ in bind(*NEEDED, name).extras] == [3]


@pytest.mark.parametrize(
    "name", ["First Name", "lastName", "Phone Number", "Date of Birth", "Street", "ZIP", "City"]
)
def test_what_is_named_like_a_personal_trait_is_left_out_until_asked_for(name: str) -> None:
    columns = bind(*NEEDED, name)
    assert columns.extras == ()
    assert f"--property {quoted(name)}" in columns.notes[0].hint
    asked = bind(*NEEDED, name, options=ColumnOptions(properties=(name,)))
    assert asked.extras == ((3, snake_case(name)),)
    assert asked.notes == ()


@pytest.mark.parametrize(
    ("cells", "personal"),
    [
        (["ada@shop.example", "bob@shop.example", ""], True),
        (["+1 202 555 0143", "0049 30 1234567"], True),
        (["red", "blue", "ada@shop.example"], False),
        (["12345678", "2024-03-01"], False),
        ([], False),
    ],
)
def test_cells_tell_a_personal_column(cells: list[str], personal: bool) -> None:
    sample = [["Email Opened", "u1", "1709285400", cell] for cell in cells]
    assert (bind(*NEEDED, "Hint", sample=sample).extras == ()) is personal


def test_an_email_column_is_a_property_only_on_request() -> None:
    assert bind(*NEEDED, "email").extras == ()
    asked = bind(*NEEDED, "email", options=ColumnOptions(properties=("email",)))
    assert (asked.extras, asked.fields["email"]) == (((3, "email"),), 3)


def test_two_columns_of_one_property_name_are_said_and_the_first_is_sent() -> None:
    columns = bind(*NEEDED, "Mail Client", "mail-client")
    assert columns.extras == ((3, "mail_client"),)
    assert columns.notes[0].field == "mail-client"


def test_a_property_cannot_take_the_name_of_a_field() -> None:
    columns = bind(*NEEDED, "campaign_id", "Campaign Id")
    assert columns.extras == ()
    assert [note.field for note in columns.notes] == ["Campaign Id"]


def test_own_ids_that_are_ignored_are_no_property_either() -> None:
    columns = bind(*NEEDED, "Event ID", options=ColumnOptions(own_ids=False))
    assert not columns.has("event_id")
    assert columns.extras == ()


def test_the_columns_of_a_rejects_file_are_passed_by() -> None:
    columns = bind(*REJECT_COLUMNS, *NEEDED)
    assert (columns.extras, columns.notes, columns.fields["event"]) == ((), (), 4)


@given(name=st.text(max_size=12))
def test_a_property_name_is_made_of_word_characters_in_lower_case(name: str) -> None:
    made = snake_case(name)
    assert re.fullmatch(r"\w*", made)
    assert made == made.lower().strip("_")


@given(name=st.text(min_size=1, max_size=12))
def test_a_quoted_name_is_one_word_for_a_shell(name: str) -> None:
    assert shlex.split(quoted(name)) == [name]


@pytest.mark.parametrize(
    "text", ["ada@shop.example", " Ada.B@x.co ", "+49 30 1234567", "(202) 555-0143", "202-555-0143"]
)
def test_addresses_and_phone_numbers_look_personal(text: str) -> None:
    assert looks_personal(text)


@pytest.mark.parametrize(
    "text", ["", "ada", "@", "a@b", "2024-03-01", "1709285400", "10:30", "see ada@x.co for more"]
)
def test_other_cells_do_not(text: str) -> None:
    assert not looks_personal(text)


def test_a_long_header_is_cut_in_a_message() -> None:
    assert listed([f"c{n}" for n in range(25)]).endswith("“c19” and 5 more")


def test_a_wide_file_that_is_bound_again_with_each_new_key_takes_a_few_calls_a_column() -> None:
    names = (*NEEDED, *(f"key {number}" for number in range(500)))
    sample = Sample([["u"] * len(names)] * 3)
    first = bind(*names, sample=sample)
    calls = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        again = bind(*names, "one more", sample=sample)
    finally:
        sys.setprofile(before)
    assert calls < 6 * len(names)
    assert again.extras == (*first.extras, (len(names), "one_more"))


@pytest.mark.parametrize(
    ("cells", "is_agent"),
    [
        (["chrome", "Mobile Safari"], False),
        (["", "chrome"], False),
        (["Mozilla/5.0 (X11)", "curl/8.5"], True),
        (["chrome", "Mozilla/5.0"], True),
        (["", ""], True),
    ],
)
def test_a_column_of_names_of_browsers_is_not_the_user_agent(cells: list[str], *, is_agent: bool) -> None:
    names = (*NEEDED, "Browser")
    columns = bind(*names, sample=[["u"] * len(NEEDED) + [cell] for cell in cells])
    assert columns.has("user_agent") is is_agent
    assert columns.extras == (() if is_agent else ((len(NEEDED), "browser"),))
    assert bind(*NEEDED, "user_agent", sample=[["u"] * len(NEEDED) + ["chrome"]]).has("user_agent")
