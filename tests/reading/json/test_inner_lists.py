"""Lists within records, and lines that hold a list or an object: one row for each item."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk, rows_balance
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from reading_support import SIZES, source_of, whole

from inflection_cli.errors import InputError
from inflection_cli.reading import ReadOptions
from inflection_cli.reading.json.inner_lists import MOST_CHARS, inner_records

ONE = '{"event":"open","timestamp":1700000001,"user_id":"u2","campaign_id":"k","email_id":"m"}'
TWO = (
    '[{"event":"open","timestamp":1700000002,"user_id":"u1","campaign_id":"k","email_id":"m"},'
    '{"event":"open","timestamp":1700000005,"user_id":"u1","campaign_id":"k","email_id":"m"}]'
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


# --- case 16 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines", [(ONE, TWO), (TWO, ONE), (TWO, TWO), (ONE, TWO, ONE), (TWO, ONE, TWO, "[]", ONE)]
)
def test_each_line_is_an_object_or_a_list_of_them(desk: Desk, lines: tuple[str, ...]) -> None:
    Path("o.ndjson").write_text("\n".join(lines) + "\n")
    done = desk.run("validate", "o.ndjson", "--json")
    assert done.code == 0, done.out
    assert done.json["rows"]["read"] == sum({ONE: 1, TWO: 2}.get(line, 0) for line in lines)
    assert rows_balance(done.json)


def test_a_list_among_objects_gives_the_messages_of_the_objects_alone(desk: Desk) -> None:
    Path("o.ndjson").write_text(f"{ONE}\n{TWO}\n")
    Path("p.ndjson").write_text("\n".join([ONE, *map(json.dumps, json.loads(TWO))]))
    for name in ("o", "p"):
        assert desk.run("backfill", f"{name}.ndjson", "--dry-run", "--out", f"{name}.out").code == 0
    assert Path("o.out").read_bytes() == Path("p.out").read_bytes()


def test_an_item_that_is_no_object_rejects_its_line_with_its_number(desk: Desk) -> None:
    Path("o.ndjson").write_text(f'{ONE}\n[{ONE}, "x"]\n{ONE.replace("u2", "u3")}\n')
    told = desk.run("validate", "o.ndjson", "--json").json
    assert told["rows"]["read"] == 3
    (problem,) = (each for each in told["problems"] if each["severity"] == "error")
    assert (problem["code"], problem["line"]) == ("json-not-object", 2)
    assert "item 2 of this line's list" in problem["message"]


DOCUMENTS = st.lists(
    st.one_of(
        st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), min_size=1),
        st.lists(
            st.dictionaries(st.sampled_from("abcd"), st.text('x[{"\n', max_size=3), min_size=1), max_size=3
        ),
    ),
    min_size=1,
)


@examples(30)
@given(documents=DOCUMENTS, size=st.sampled_from(SIZES))
def test_whatever_lines_hold_the_rows_are_the_objects_in_order(documents: list[Any], size: int) -> None:
    due = [each for one in documents for each in (one if isinstance(one, list) else [one])]
    if not due:
        return
    text = "\n".join(map(json.dumps, documents))
    found = whole(source_of(text.encode()), size)
    assert found.faults == []
    assert [{key: cell for key, cell in row.items() if cell} for row in found.rows] == [
        {key: str(value) for key, value in each.items() if value != ""} for each in due
    ]


# --- case 19 -------------------------------------------------------------------------------------

EMAILS = (
    '{"emails":[{"campaign_id":"c1","email_id":"aa","activity":['
    '{"action":"open","timestamp":"2024-03-01T10:00:00Z"},'
    '{"action":"click","timestamp":"2024-03-01T10:01:00Z","url":"https://x.example/1"}],"address":"a@x.example"},'
    '{"campaign_id":"c1","email_id":"bb","activity":[],"address":"b@x.example"},'
    '{"campaign_id":"c2","email_id":"cc","activity":{"action":"open","timestamp":"2024-03-02T10:00:00Z"},'
    '"address":"c@x.example"}],"total_items":3}'
)
MAILCHIMP = """\
profile = 1
[input]
records = "emails.activity"
[fields]
event = "action"
timestamp = "timestamp"
email = "^.address"
campaign_id = "^.campaign_id"
email_id = "^.email_id"
email_link_url = "url"
[options]
user_id_from = "email"
"""


def test_an_event_for_each_item_of_a_list_in_a_record_with_the_records_own_fields(desk: Desk) -> None:
    Path("q.json").write_text(EMAILS)
    Path("p.toml").write_text(MAILCHIMP)
    assert desk.run("backfill", "q.json", "--profile", "p.toml", "--dry-run", "--out", "m").code == 0
    assert [
        (each["event"], each["userId"], each["properties"]["campaign_id"], each["properties"]["email_id"])
        for each in desk.messages("m")
    ] == [
        ("Email Opened", "a@x.example", "c1", "aa"),
        ("Link Clicked", "a@x.example", "c1", "aa"),
        ("Email Opened", "c@x.example", "c2", "cc"),
    ]


def test_inspect_shows_the_outer_members_and_takes_them_by_name(desk: Desk) -> None:
    Path("q.json").write_text(EMAILS)
    found = desk.run("inspect", "q.json", "--records", "emails.activity", "--json").json
    fields = {each["name"]: each["field"] for each in found["files"][0]["columns"]}
    assert fields["^.campaign_id"] == "campaign_id"
    assert fields["^.email_id"] == "email_id"


def test_a_list_of_envelopes_is_read_by_the_member_of_each(desk: Desk) -> None:
    Path("r.json").write_text(
        '[{"events":[{"event":"open","timestamp":1700000000,"email":"a@example.com"}],"campaign_id":"k"},\n'
        ' {"events":[{"event":"click","timestamp":1700000009,"email":"a@example.com"}],"campaign_id":"l"}]\n'
    )
    words = ("--records", "events", "--user-id-from", "email", "--dry-run", "--out", "m")
    assert desk.run("backfill", "r.json", *words).code == 0
    assert [each["properties"]["campaign_id"] for each in desk.messages("m")] == ["k", "l"]


RECIPIENTS = (
    '{"eventType":"Delivery","mail":{"timestamp":"2024-03-01T10:00:00Z","destination":["a@x.example","b@x.example"],'
    '"tags":{"campaign":["c9"]}}}\n'
    '{"eventType":"Open","mail":{"timestamp":"2024-03-01T11:00:00Z","destination":"c@x.example","tags":{}}}\n'
)
SES = """\
profile = 1
[input]
records = ".mail.destination"
[fields]
event = "^.^.eventType"
timestamp = "^.timestamp"
userId = "item"
campaign_id = "^.tags.campaign.0"
email_id = { constant = "e" }
"""


@pytest.mark.parametrize(
    "text", [RECIPIENTS, f"[{','.join(RECIPIENTS.splitlines())}]", RECIPIENTS.replace(",", ",\n")]
)
def test_an_event_for_each_recipient_of_a_list_of_texts(desk: Desk, text: str) -> None:
    Path("s.ndjson").write_text(text)
    Path("p.toml").write_text(SES)
    done = desk.run("backfill", "s.ndjson", "--profile", "p.toml", "--dry-run", "--out", "m", "--json")
    assert done.code == 0, done.out
    found = [
        (each["event"], each["userId"], each["properties"].get("campaign_id")) for each in desk.messages("m")
    ]
    assert found == [
        ("Email Delivered", "a@x.example", "c9"),
        ("Email Delivered", "b@x.example", "c9"),
        ("Email Opened", "c@x.example", None),
    ]


def test_lists_in_lists_reach_each_outer_record() -> None:
    data = b'{"by_user":[{"user":1.50,"days":[{"day":"x","events":[{"e":"o"},{"e":"p"}]}],"z":null}]}'
    found = whole(source_of(data, ReadOptions(records="by_user.days.events")))
    assert found.rows == [
        {"e": "o", "^.day": "x", "^.^.user": "1.50", "^.^.z": ""},
        {"e": "p", "^.day": "x", "^.^.user": "1.50", "^.^.z": ""},
    ]


@pytest.mark.parametrize("form", ["lines", "list"])
def test_a_list_of_one_that_is_written_as_an_object_means_the_same_people(desk: Desk, form: str) -> None:
    mails = [
        {"id": f"u{n}", "events": [{"event": "Email Opened", "at": 1_709_285_400 + n}]} for n in range(3)
    ]
    records = [{"id": "campaign", "mail": mails[:2]}, {"id": "campaign", "mail": mails[2]}]
    lines = "\n".join(map(json.dumps, records))
    Path("m.json").write_text(lines if form == "lines" else json.dumps({"sent": records}))
    path = ".mail.events" if form == "lines" else "sent.mail.events"
    Path("p.toml").write_text(
        f'profile = 1\n[input]\nrecords = "{path}"\n[fields]\nevent = "event"\ntimestamp = "at"\n'
        'userId = "^.id"\ncampaign_id = "^.^.id"\nemail_id = { constant = "e" }\n'
    )
    done = desk.run("backfill", "m.json", "--profile", "p.toml", "--dry-run", "--out", "m")
    assert done.code == 0, done.err
    found = [(each["userId"], each["properties"]["campaign_id"]) for each in desk.messages("m")]
    assert found == [(f"u{n}", "campaign") for n in range(3)]


def test_a_record_without_the_list_is_rejected_with_its_line_and_the_others_are_read(desk: Desk) -> None:
    Path("q.json").write_text(
        EMAILS.replace('"activity":[],', "").replace(',{"campaign_id"', ',\n{"campaign_id"')
    )
    Path("p.toml").write_text(MAILCHIMP)
    told = desk.run("validate", "q.json", "--profile", "p.toml", "--json").json
    assert told["rows"] == {"read": 4, "mapped": 3, "rejected": 1, "filtered": 0}
    (problem,) = (each for each in told["problems"] if each["severity"] == "error")
    assert (problem["code"], problem["line"]) == ("json-no-records", 2)


def test_rejected_rows_of_inner_lists_are_mended_and_run_with_the_same_profile(desk: Desk) -> None:
    Path("q.json").write_text(EMAILS.replace('"click"', '"clack"'))
    Path("p.toml").write_text(MAILCHIMP)
    words = ("--profile", "p.toml", "--dry-run")
    assert desk.run("backfill", "q.json", *words, "--rejects", "r", "--max-errors", "1").code == 1
    (rejects,) = Path("r").glob("q.rejects.*")
    rejects.write_text(rejects.read_text().replace("clack", "click"))
    assert desk.run("backfill", str(rejects), *words, "--out", "m").code == 0
    (message,) = desk.messages("m")
    assert (message["event"], message["userId"]) == ("Link Clicked", "a@x.example")


def test_a_small_record_cannot_make_rows_of_any_size() -> None:
    most = MOST_CHARS // 100_000
    record = {"x": "y" * 100_000, "items": "[" + ",".join(["1"] * (most + 1)) + "]"}
    source = source_of(
        json.dumps({"x": record["x"], "items": [1] * (most + 1)}).encode() + b'\n{"items":[1]}\n',
        ReadOptions(records=".items"),
    )
    assert whole(source).places() == [("record-too-long", 1, None)]
    assert len(inner_records({"items": "x"}, ["items"])) == 1


def test_a_profile_of_outer_members_is_told_where_there_are_none(desk: Desk) -> None:
    Path("p.toml").write_text(SES.replace(".mail.dest", "mail.dest"))
    Path("s.ndjson").write_text(RECIPIENTS)
    refused = desk.run("validate", "s.ndjson", "--profile", "p.toml")
    assert refused.code == 4
    assert "each item with the record around it: --records .mail.destination" in refused.err
    Path("s.ndjson").write_text(RECIPIENTS.replace('"a@x.example"', '{"item":"a"}'))
    refused = desk.run("validate", "s.ndjson", "--profile", "p.toml")
    assert refused.code == 4
    assert "has no outer record here; a list within each document: --records .mail.destination" in refused.err


OUTER = st.fixed_dictionaries(
    {"in": st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), min_size=1), max_size=3)},
    optional={"p": st.text("xy", min_size=1, max_size=2), "q": st.booleans()},
)


@examples(30)
@given(
    records=st.lists(OUTER, min_size=1),
    size=st.sampled_from(SIZES),
    form=st.sampled_from(["list", "lines", "envelope"]),
)
def test_rows_of_inner_lists_are_what_a_plain_loop_makes_in_chunks_of_any_size(
    records: list[dict[str, Any]], size: int, form: str
) -> None:
    due = [
        {
            **{key: str(value) for key, value in item.items()},
            **{f"^.{key}": str(value).lower() for key, value in record.items() if key != "in"},
        }
        for record in records
        for item in record["in"]
    ]
    if not due:
        return
    text, path = {
        "list": (json.dumps(records, indent=1), "in"),
        "lines": ("\n".join(map(json.dumps, records)), ".in"),
        "envelope": (json.dumps({"a": 1, "all": {"of": records}, "b": []}), "all.of.in"),
    }[form]
    found = whole(source_of(text.encode(), ReadOptions(records=path)), size)
    assert found.faults == []
    assert [{key: cell for key, cell in row.items() if cell} for row in found.rows] == due


def test_a_file_of_documents_in_which_nothing_has_the_list_is_refused_with_words() -> None:
    with pytest.raises(InputError, match="holds no record that can be read: line 1: no member 'x'"):
        source_of(b'{"a": 1}\n', ReadOptions(records=".x"))


EVENT = '{"event":"open","timestamp":1700000000,"user_id":"u%d","campaign_id":"k","email_id":"m"}'


@pytest.mark.parametrize(
    "text",
    [
        f'{{"paging":{{"next":[1]}},"items":[{EVENT % 1},{EVENT % 2}]}}',
        f'{{\n "items": [\n  {EVENT % 1}\n ]\n}}\n{{"items": [{EVENT % 2}]}}\n',
        f'[{{"items":[{EVENT % 1}]}},{{"items":[{EVENT % 2}]}}]',
        f"{EVENT % 1}\n{EVENT % 2}\n",
        f"[{EVENT % 1}, {EVENT % 2}]",
        f'{(EVENT % 1)[:-1]},"items":"no list","links":[{{"a":1}}]}}\n{EVENT % 2}\n',
        "event,timestamp,user_id,campaign_id,email_id\nopen,1700000000,u1,k,m\nopen,1700000000,u2,k,m\n",
    ],
    ids=["page", "pages", "list of pages", "lines", "list", "lists of their own", "CSV"],
)
def test_a_path_with_a_question_mark_is_taken_where_a_file_has_the_list(desk: Desk, text: str) -> None:
    Path("p.json").write_text(text)
    words = ("--records", "items?", "--dry-run", "--out", "m.ndjson")
    done = desk.run("backfill", "p.json", *words)
    assert done.code == 0, done.err
    assert [each["userId"] for each in desk.messages("m.ndjson")] == ["u1", "u2"]


def test_one_object_without_the_list_is_a_record_whatever_lists_it_has(desk: Desk) -> None:
    Path("p.json").write_text(f'{(EVENT % 1)[:-1]},"links":[{{"a":1}}]}}\n')
    assert desk.run("validate", "p.json").code == 4
    done = desk.run("validate", "p.json", "--records", "items?", "--json").json
    assert done["rows"] == {"read": 1, "mapped": 1, "rejected": 0, "filtered": 0}


def test_a_page_without_items_is_empty_and_not_a_record(desk: Desk) -> None:
    Path("a.json").write_text('{"items": [], "paging": {"next": "x"}}')
    Path("b.json").write_text(f'{{"items": [{EVENT % 1}]}}')
    done = desk.run("validate", "a.json", "b.json", "--records", "items?", "--json").json
    assert done["rows"]["read"] == done["rows"]["mapped"] == 1


@pytest.mark.parametrize("path", ["?", "a..b?", ".?", "..items?"])
def test_a_path_with_a_question_mark_is_checked_like_others(desk: Desk, path: str) -> None:
    Path("p.toml").write_text(f'profile = 1\n[input]\nrecords = "{path}"\n')
    Path("p.json").write_text(EVENT % 1)
    assert "input.records: " in desk.run("validate", "p.json", "--profile", "p.toml").err


def test_a_profile_may_take_each_object_for_a_record(desk: Desk) -> None:
    Path("p.toml").write_text('profile = 1\n[input]\nrecords = "."\n')
    Path("p.json").write_text(f'{(EVENT % 1)[:-1]},"links":[{{"a":1}}]}}\n')
    assert desk.run("validate", "p.json", "--profile", "p.toml").code == 0
