"""Identity is content, destination comes last: the id scheme, pinned, and what it promises."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pipeline_support as tools
import pytest
from command_support import CAMPAIGN, KEY, SAMPLES, Desk, to
from hypothesis import assume, given
from hypothesis import strategies as st

from inflection_cli.backfilling.dedup import LedgerEvents
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.model import Disposition
from inflection_cli.sandbox import Settings, serve
from inflection_cli.segment.ids import Binder, link_ids, namespace_of, uuid_text

COLUMNS = (
    "event",
    "userId",
    "personId",
    "email_id",
    "campaign_id",
    "campaign_run_id",
    "email_link_url",
    "timestamp",
)
FULL = {
    "event": "Link Clicked",
    "userId": "",
    "personId": "p-7",
    "email_id": "e-1",
    "campaign_id": "c-1",
    "campaign_run_id": "",
    "email_link_url": "https://shop.example/?q=Frühling",
    "timestamp": "2024-03-01T09:30:00.123456Z",
}
SPARSE = {
    "event": "Email Opened",
    "userId": "ünal",
    "campaign_id": "007",
    "campaign_run_id": "r-1",
    "timestamp": "2024-03-01T09:30:00Z",
}
FULL_ID, SPARSE_ID = "5058f137-a6da-8001-8017-899c58b29d2a", "cece31c2-9326-8001-80a6-26ddcde6ce01"
LINK_IDS = "4b4a3c6a-e431-8001-8073-c0095808b8a5", "64420503-7551-8001-80cd-48d4166cf57e"
OWN_ID = "27c90ab4-0aac-8001-8097-804ecb02495e"
ROWS = st.lists(tools.GOOD_ROWS, min_size=1, max_size=10)
LINK_ROWS = st.lists(tools.GOOD_ROWS.map(lambda row: ("Link Clicked", *row[1:])), min_size=1, max_size=8)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def ids_of(*rows: dict[str, str], how: ConvertSettings | None = None) -> list[str]:
    """The content ids of rows, one file each, so that none is a repeat."""
    found = []
    for row in rows:
        ids = tools.outcome(tools.csv_of([tuple(row.values())], tuple(row)), how).ids
        assert len(ids) == 1
        found += ids
    return found


def hashed(text: bytes) -> str:
    """The id of a text, by the words of the scheme: `b2sum -l 104`, with `80 01 80` after six bytes."""
    digest = hashlib.blake2b(text, digest_size=13).hexdigest()
    whole = digest[:12] + "800180" + digest[12:]
    return "-".join((whole[:8], whole[8:12], whole[12:16], whole[16:20], whole[20:]))


# The literals below were worked out with b2sum; they must never change.
def test_the_first_worked_example_a_click_with_everything() -> None:
    text = (
        "infl-seg/1 fields\n12:Link Clicked,3:e-1,3:c-1,~,33:https://shop.example/?q=Frühling,"
        "p3:p-7,27:2024-03-01T09:30:00.123456Z,"
    )
    assert ids_of(FULL) == [hashed(text.encode())] == [FULL_ID]


def test_the_second_worked_example_an_open_with_most_fields_absent() -> None:
    text = "infl-seg/1 fields\n12:Email Opened,~,3:007,3:r-1,~,u5:ünal,24:2024-03-01T09:30:00.000Z,"
    assert ids_of(SPARSE) == [hashed(text.encode())] == [SPARSE_ID]


def test_the_third_worked_example_an_own_id() -> None:
    row = {**SPARSE, "event": "delivered", "event_id": "900002"}
    assert ids_of(row) == [hashed(b"infl-seg/1 own\n6:900002,15:Email Delivered,")] == [OWN_ID]


def test_the_id_of_a_link_is_that_of_the_pair_and_of_no_time() -> None:
    first, second = link_ids([("p-1", "u-1"), ("p-7", "ünal")])
    assert uuid_text(first).decode() == hashed(b"infl-seg/1 link\n3:p-1,3:u-1,") == LINK_IDS[0]
    assert uuid_text(second).decode() == hashed("infl-seg/1 link\n3:p-7,5:ünal,".encode()) == LINK_IDS[1]


def test_wire_ids_and_the_default_namespace_are_pinned() -> None:
    content_id = bytes.fromhex(FULL_ID.replace("-", ""))
    assert namespace_of("https://api.segment.io", "FAKE-KEY-OF-THE-TESTS-NOT-REAL-1") == "11535525ac1534d6"
    assert uuid_text(Binder("spring").packed(content_id)) == b"3194fd2f-112a-8001-80c6-342f2a4906a6"
    assert uuid_text(Binder("spring", "again").packed(content_id)) == b"7ac4d1af-95a3-8001-8049-fb1631821522"


def test_the_ids_on_the_wire_are_the_content_ids_bound_to_the_namespace(desk: Desk) -> None:
    desk.run("backfill", CAMPAIGN, "--dry-run", "--out", "dry.ndjson")
    content = [bytes.fromhex(one["messageId"].replace("-", "")) for one in desk.messages("dry.ndjson")]
    with serve(Settings(keep_messages=True)) as sandbox:
        desk.run("backfill", CAMPAIGN, *to(sandbox.url))
        namespace = namespace_of(sandbox.url, KEY)
        sent = {one["messageId"] for one in sandbox.messages()}
    assert sent == {uuid_text(one).decode() for one in Binder(namespace).bind(content)}


@tools.some
@given(rows=ROWS, seed=st.randoms(use_true_random=False))
def test_a_re_sorted_export_has_the_same_ids(rows: list[tuple[str, ...]], seed: Random) -> None:
    shuffled = list(rows)
    seed.shuffle(shuffled)
    assert set(tools.outcome(tools.csv_of(shuffled)).ids) == set(tools.outcome(tools.csv_of(rows)).ids)


@tools.some
@given(rows=ROWS, cut=st.integers(0, 10), overlap=st.integers(0, 3))
def test_a_split_and_overlapping_export_has_the_same_ids(
    rows: list[tuple[str, ...]], cut: int, overlap: int
) -> None:
    parts = {"a.csv": rows[: cut + overlap], "b.csv": rows[cut:] or rows}
    whole = tools.outcome(tools.csv_of(rows))
    files = {name: tools.csv_of(part) for name, part in parts.items() if part}
    split = tools.outcome(files)
    assert set(split.ids) == set(whole.ids)
    assert split.plan.account.events.built - len(split.ids) == split.plan.count(Disposition.DUPLICATE)


@tools.some
@given(rows=ROWS)
def test_csv_and_ndjson_have_the_same_ids_and_messages(rows: list[tuple[str, ...]]) -> None:
    as_csv = tools.outcome(tools.csv_of(rows))
    as_ndjson = tools.outcome({"export.ndjson": tools.ndjson_of(rows)})
    assert sorted(map(json.dumps, map(flat, as_csv.messages))) == sorted(
        map(json.dumps, map(flat, as_ndjson.messages))
    )


def flat(message: dict[str, object]) -> list[object]:
    properties = message["properties"]
    assert isinstance(properties, dict)
    return [sorted(properties.items()), sorted((k, str(v)) for k, v in message.items() if k != "properties")]


@tools.some
@given(rows=ROWS, name=st.sampled_from(["userId"]))
def test_an_event_keeps_its_id_when_its_person_becomes_known(rows: list[tuple[str, ...]], name: str) -> None:
    at = tools.COLUMNS.index(name)
    people = [(*row[:2], row[2] or "p9", *row[3:]) for row in rows]
    anonymous = [(*row[:at], "", *row[at + 1 :]) for row in people]
    known, unknown = tools.outcome(tools.csv_of(people)), tools.outcome(tools.csv_of(anonymous))
    assert known.ids == unknown.ids
    assert all("userId" in one for one in known.messages)
    assert all("userId" not in one and "anonymousId" in one for one in unknown.messages)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event", "Unique Link Click"),
        ("personId", "p-8"),
        ("email_id", "e-2"),
        ("email_id", ""),
        ("campaign_id", "c-2"),
        ("campaign_run_id", "r-2"),
        ("email_link_url", "https://shop.example/"),
        ("email_link_url", ""),
        ("timestamp", "2024-03-01T09:30:00.123457Z"),
        ("timestamp", "2024-03-01T09:30:00.1234561Z"),
    ],
)
def test_another_identity_field_is_another_id(field: str, value: str) -> None:
    first, second = ids_of(FULL, {**FULL, field: value})
    assert first != second


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("userId", "u-1"),
        ("timestamp", "2024-03-01 10:30:00.1234560 +01:00"),
        ("event", "click"),
        ("email_id", "e-1 "),
        ("campaign_name", "Spring"),
        ("email_subject", "Hello"),
        ("is_unique_click", "true"),
        ("ip", "192.0.2.1"),
        ("Colour", "red"),
    ],
)
def test_what_is_no_identity_changes_no_id(field: str, value: str) -> None:
    assert ids_of({**FULL, field: value}) == [FULL_ID]


def test_what_the_command_line_adds_changes_no_id(desk: Desk) -> None:
    more = ("--naming", "spec", "--context", "a=b", "--integration", "All=false", "--email-trait")
    desk.run("backfill", CAMPAIGN, "--dry-run", "--out", "plain.ndjson")
    desk.run("backfill", CAMPAIGN, "--dry-run", "--out", "more.ndjson", *more)
    plain, other = desk.messages("plain.ndjson"), desk.messages("more.ndjson")
    assert [one["messageId"] for one in plain] == [one["messageId"] for one in other]
    assert {one.get("event") for one in plain} != {one.get("event") for one in other}


@tools.some
@given(first=st.text(max_size=6), second=st.text(max_size=6), cut=st.integers(0, 6))
def test_a_character_that_moves_to_the_next_field_is_another_id(first: str, second: str, cut: int) -> None:
    assume(not any(c in "\0\r\n" or c.isspace() or "\ud800" <= c <= "\udfff" for c in first + second))
    both = first + second
    moved = (both[:cut], both[cut:])
    assume(moved != (first, second))
    rows = [{**FULL, "campaign_id": a, "campaign_run_id": b} for a, b in ((first, second), moved)]
    found = [tools.outcome(tools.csv_of([tuple(row.values())], tuple(row))) for row in rows]
    ids = [one.ids for one in found if one.ids]  # an id in scientific notation is rejected
    assert len({tuple(one) for one in ids}) == len(ids)


def test_an_empty_cell_is_absent_and_not_the_text_of_the_word() -> None:
    plain, spelled, missing = ids_of(
        {**FULL, "campaign_run_id": ""},
        {**FULL, "campaign_run_id": "~"},
        {name: cell for name, cell in FULL.items() if name != "campaign_run_id"},
    )
    assert plain == missing != spelled


def test_a_person_id_and_a_user_id_of_one_spelling_are_two_people() -> None:
    first, second = ids_of({**FULL, "personId": "", "userId": "p-7"}, FULL)
    assert first != second


@tools.some
@given(rows=ROWS, times=st.integers(2, 3))
def test_repeats_are_counted_and_the_first_goes(rows: list[tuple[str, ...]], times: int) -> None:
    once, more = tools.outcome(tools.csv_of(rows)), tools.outcome(tools.csv_of(rows * times))
    assert more.lines == once.lines
    assert more.plan.account.events.built == times * once.plan.account.events.built
    assert more.plan.count(Disposition.DUPLICATE) == more.plan.account.events.built - len(once.lines)


def test_a_repeat_with_other_content_is_shown_with_both_lines() -> None:
    rows = [{**FULL, "is_unique_click": flag} for flag in ("true", "true", "false")]
    found = tools.outcome(tools.csv_of([tuple(row.values()) for row in rows], tuple(rows[0])))
    (conflict,) = [one for one in found.told if one.rule.code == "same-id-other-content"]
    assert conflict.line == 4
    assert "line 2" in conflict.message


@pytest.mark.parametrize("field", ["campaign_name", "email_subject", "ip", "user_agent"])
def test_what_may_change_without_being_another_event_is_no_conflict(field: str) -> None:
    rows = [{**FULL, field: cell} for cell in ("one", "two")]
    found = tools.outcome(tools.csv_of([tuple(row.values()) for row in rows], tuple(rows[0])))
    assert (len(found.ids), found.codes.get("same-id-other-content")) == (1, None)


OWN = {"event_id": "17", **SPARSE}


def own(*changes: dict[str, str], how: ConvertSettings | None = None) -> tools.Outcome:
    rows = [
        {**OWN, "event": "Link Clicked", "email_link_url": "http://a.example", **change} for change in changes
    ]
    return tools.outcome(tools.csv_of([tuple(row.values()) for row in rows], tuple(rows[0])), how)


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2024-03-01T09:45:00Z"},
        {"email_link_url": "http://b.example"},
        # A template's id under the header of an event's: without the person all but one row would be lost.
        {"userId": "somebody-else"},
    ],
)
def test_one_own_id_with_other_times_links_or_people_is_an_error_that_names_the_option(
    change: dict[str, str],
) -> None:
    found = own({}, change)
    (conflict,) = [one for one in found.told if one.rule.code == "own-id-conflict"]
    assert conflict.line == 3
    assert "--no-event-id" in conflict.rule.fix


def test_one_own_id_on_two_kinds_of_event_is_two_events() -> None:
    found = own({}, {"event": "Unique Link Click"})
    assert (len(found.ids), found.codes) == (2, {"campaign-id-missing": 1})


def test_one_own_id_repeated_as_it_was_is_a_duplicate() -> None:
    assert (len(own({}, {}).ids), "own-id-conflict" in own({}, {}).codes) == (1, False)


def test_without_own_ids_the_fields_tell_events_apart() -> None:
    found = own({}, {"timestamp": "2024-03-01T09:45:00Z"}, how=tools.settings(ColumnOptions(own_ids=False)))
    assert len(found.ids) == 2
    assert all("event_id" not in one["properties"] for one in found.messages)


def test_a_row_without_an_own_id_falls_back_to_its_fields() -> None:
    found = own({"event_id": "", "event": "Email Opened", "email_link_url": ""})
    assert found.ids == [SPARSE_ID]


def test_an_own_id_that_conflicts_stops_a_backfill_before_anything_is_sent(desk: Desk) -> None:
    with serve() as sandbox:
        done = desk.run("backfill", str(SAMPLES / "own-ids.csv"), *to(sandbox.url), "--max-errors", "100%")
        requests = sandbox.stats()["requests"]
    assert (done.code, requests) == (8, 0)
    assert "--no-event-id" in done.err


@tools.some
@given(rows=LINK_ROWS)
def test_what_the_ledger_has_under_other_content_is_told_and_not_sent(
    rows: Sequence[tuple[str, ...]],
) -> None:
    fresh = tools.outcome(tools.csv_of(rows))
    known = [
        LedgerEvents(bytes.fromhex(one.replace("-", "")), 1, Disposition.ALREADY_ACCEPTED, 1)
        for one in fresh.ids
    ]
    again = tools.outcome(tools.csv_of(rows), known=known)
    assert again.lines == []
    assert again.codes["same-id-other-content"] >= len(fresh.ids)


def test_ids_are_uuids_of_version_8_and_36_characters() -> None:
    packed = bytes.fromhex(FULL_ID.replace("-", ""))
    assert uuid_text(packed).decode() == FULL_ID
    assert (len(FULL_ID), FULL_ID[14], FULL_ID[19]) == (36, "8", "8")


def test_rows_without_an_own_id_beside_rows_with_one_only_warn_when_their_flags_differ() -> None:
    none = {"event_id": ""}
    found = own(
        {**none, "is_unique_click": "true"}, {**none, "is_unique_click": "false"}, {"is_unique_click": ""}
    )
    assert "same-id-other-content" in found.codes
    assert "own-id-conflict" not in found.codes
