"""What is a person's own stays behind until it is asked for, be it a column or a member of JSON, at every depth."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk, to
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.mapping.personal_data import is_personal_name, looks_personal, personal_member
from inflection_cli.sandbox import serve

HEADER = "event,timestamp,userId,campaign_id,email_id"
ROW = "open,2024-01-01T00:00:00Z,u1,c,e"
PERSONAL = (
    *("FNAME", "LNAME", "fname", "lname", "First Name", "last_name", "merge_lname", "MERGE3", "MergeFields"),
    *(
        "to",
        "To Name",
        "from",
        "from_email",
        "FromName",
        "reply_to",
        "Reply-To",
        "sender",
        "Sender Email",
        "cc",
    ),
    *(
        "body",
        "Message Text",
        "text",
        "html",
        "content",
        "sms_body",
        "address",
        "Address 1",
        "street",
        "phone",
    ),
    *(
        "name_first",
        "last_nm",
        "nom",
        "prénom",
        "Anrede",
        "rcpt_to",
        "email_1",
        "Email 2",
        "alt_email",
        "phone2",
    ),
    *("owner_email", "msg", "raw_body", "smtp_response", "remote_addr"),
    *("Mobile Number", "msisdn", "Birthday", "date_of_birth", "customer_phone", "billing_address"),
)
PLAIN = (
    *(
        "plan",
        "merged_at",
        "tokens",
        "toolbar",
        "fromage",
        "bodyguard",
        "textile",
        "link_text",
        "utm_content",
    ),
    *(
        "contented",
        "street_team",
        "alt_text",
        "email_count",
        "notebook",
        "nominal",
        "emails_2024",
        "smtp_code",
    ),
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def ndjson(desk: Desk, *records: dict[str, Any]) -> str:
    whole = {"event": "open", "campaign_id": "c", "email_id": "e"}
    lines = [
        json.dumps({**whole, "userId": f"u{i + 1}", "timestamp": 1700000000 + i, **each})
        for i, each in enumerate(records)
    ]
    (desk.folder / "h.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return "h.ndjson"


def sent(desk: Desk, file: str, *words: str) -> list[dict[str, Any]]:
    done = desk.run("backfill", file, *words, "--dry-run", "--out", "out.ndjson")
    assert done.code == 0, done.err
    return desk.messages("out.ndjson")


@pytest.mark.parametrize("name", PERSONAL)
def test_a_column_with_a_personal_name_waits_until_it_is_asked_for(name: str, desk: Desk) -> None:
    desk.file("i.csv", f"{ROW},Xena", header=f"{HEADER},{name}")
    (message,) = sent(desk, "i.csv")
    assert "Xena" not in json.dumps(message)
    report = desk.run("validate", "i.csv", "--json").json
    assert (report["files"][0]["left_out"], report["problem_counts"]) == ([name], {"column-left-out": 1})
    (asked,) = sent(desk, "i.csv", "--property", name)
    assert "Xena" in json.dumps(asked["properties"])
    assert asked["messageId"] == message["messageId"]


@pytest.mark.parametrize("name", PLAIN)
def test_a_name_that_only_begins_like_a_personal_one_is_sent(name: str, desk: Desk) -> None:
    desk.file("i.csv", f"{ROW},gold", header=f"{HEADER},{name}")
    (message,) = sent(desk, "i.csv")
    assert "gold" in message["properties"].values()


def test_a_draft_proposes_no_personal_column_as_a_property(desk: Desk) -> None:
    desk.file("i.csv", f"{ROW},Xena,15555550100,15555550101,7", header=f"{HEADER},FNAME,to,from,size")
    assert desk.run("inspect", "i.csv", "--save", "i.toml").code == 0
    draft = (desk.folder / "i.toml").read_text(encoding="utf-8")
    assert '# size = { column = "size", type = "number" }' in draft
    for name in ("FNAME", "to", "from"):
        assert f'column = "{name}"' not in draft
        assert f'# "{name}" is not sent' in draft


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"recipient": "a@example.com"}, "data.recipient"),
        ({"plan": "x", "who": {"first_name": "X"}}, "data.who.first_name"),
        ({"list": [1, {"mail": "a@example.com"}]}, "data.list.1.mail"),
        (["x", "+49 170 1234567"], "data.1"),
        ([[["a@example.com"]]], "data.0.0.0"),
        ({"a.b": {"phone": 491701234567}}, 'data."a.b".phone'),
        ({"plan": '{"lname":"Zorg"}'}, "data.plan.lname"),
        ({"a@example.com": "x"}, "data.…"),
    ],
)
def test_a_member_with_a_personal_one_inside_stays_behind_and_the_path_is_said(
    value: Any, path: str, desk: Desk
) -> None:
    file = ndjson(desk, {"data": value, "size": "xl"}, {"data": value, "size": "xl"})
    messages = sent(desk, file)
    assert [message["properties"] for message in messages] == 2 * [
        {"email_id": "e", "campaign_id": "c", "size": "xl"}
    ]
    (problem,) = desk.run("validate", file, "--json").json["problems"]
    assert (problem["code"], problem["message"]) == ("column-left-out", f"its member {path} is personal")
    assert "--property data" in problem["hint"]
    assert "data" in sent(desk, file, "--property", "data")[0]["properties"]


ADDRESSES = (
    "Ada <a@x.com>",
    "a@x.com, b@x.com",
    '"L, Ada" <a@x.com>; <b@x.com>',
    "a@x.com (Ada)",
    "mailto:a@x.com",
)
TEXTS = (
    "Write to a@x.com today",
    "20 % off @ noon",
    "@ada",
    "a@x.com wrote",
    "3 > 2 @ 1",
    "<a1@mx.x.com>",
    "<a@mx.com> <b@mx.com>",
    "<b>x</b>",
)


@pytest.mark.parametrize("cell", ADDRESSES)
def test_a_cell_of_addresses_stays_behind_with_names_and_separators_too(cell: str, desk: Desk) -> None:
    (message,) = sent(desk, ndjson(desk, {"seen": cell, "data": {"list": [1, cell]}, "size": "xl"}))
    assert "x.com" not in json.dumps(message)
    assert message["properties"]["size"] == "xl"
    late = sent(desk, ndjson(desk, *[{"seen": "z"}] * 1200, {"seen": cell}))
    assert ("seen" in late[0]["properties"], "seen" in late[-1]["properties"]) == (True, False)
    assert desk.run("validate", "h.ndjson", "--json").json["problem_counts"] == {"value-left-out": 1}


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_mentions_an_address_is_sent(text: str, desk: Desk) -> None:
    (message,) = sent(desk, ndjson(desk, {"line": text, "data": {"line": text}}))
    assert (message["properties"]["line"], message["properties"]["data"]) == (text, {"line": text})


def test_a_second_network_address_stays_behind_beside_the_recipients(desk: Desk) -> None:
    desk.file("i.csv", f"{ROW},192.0.2.1,192.0.2.2,192.0.2.3", header=f"{HEADER},ip,client_ip,remote_addr")
    (message,) = sent(desk, "i.csv")
    assert message["context"]["ip"] == "192.0.2.1"
    assert "192.0.2.2" not in json.dumps(message)
    assert "192.0.2.3" not in json.dumps(message)


def test_a_cell_of_addresses_that_an_earlier_version_sent_makes_no_other_event(desk: Desk) -> None:
    """It counts in the content hash, whether it is sent or not."""
    desk.file("i.csv", f'{ROW},Ada <a@x.com>,"a@x.com, b@x.com"', header=f"{HEADER},seen,others")
    asked = ("--property", "seen", "--property", "others")
    with serve() as sandbox:
        earlier = desk.run("backfill", "i.csv", *asked, *to(sandbox.url), "--json").json
        now = desk.run("backfill", "i.csv", *to(sandbox.url), "--json").json
    assert (earlier["events"]["accepted"], now["events"]["already_accepted"]) == (1, 1)
    assert "same-id-other-content" not in now["problem_counts"]


def test_a_profile_that_names_the_member_sends_it(desk: Desk) -> None:
    file = ndjson(desk, {"data": {"recipient": "a@example.com"}})
    fields = "".join(f'{name} = "{name}"\n' for name in HEADER.split(","))
    profile = f'profile = 1\n[fields]\n{fields}[properties]\ndata = "data"\nto = "data.recipient"\n'
    (desk.folder / "p.toml").write_text(profile, encoding="utf-8")
    (message,) = sent(desk, file, "--profile", "p.toml")
    assert message["properties"]["to"] == "a@example.com"
    assert "a@example.com" in json.dumps(message["properties"]["data"])


@pytest.mark.parametrize("value", [{"plan": "gold"}, {"phone": "", "to": None, "from": []}, [1, "x"], {}])
def test_a_member_without_anything_personal_is_sent(value: Any, desk: Desk) -> None:
    (message,) = sent(desk, ndjson(desk, {"data": value}))
    assert "data" in message["properties"]


def test_a_cell_beyond_the_first_rows_is_looked_into_as_well(desk: Desk) -> None:
    plain: list[dict[str, Any]] = [{"data": {"plan": "gold"}} for _ in range(1200)]
    file = ndjson(desk, *plain, {"data": {"plan": "x", "recipient": "a@example.com"}})
    messages = sent(desk, file)
    assert "data" in messages[0]["properties"]
    assert "data" not in messages[-1]["properties"]
    (problem,) = desk.run("validate", file, "--json").json["problems"]
    assert (problem["code"], problem["line"]) == ("value-left-out", 1201)
    assert "data.recipient" in problem["message"]
    assert "a@example.com" not in json.dumps(problem)


def test_json_in_a_cell_of_csv_is_looked_into_as_well(desk: Desk) -> None:
    desk.file("i.csv", f'{ROW},"{{""who"":{{""fname"":""Xena""}}}}"', header=f"{HEADER},data")
    (message,) = sent(desk, "i.csv")
    assert "Xena" not in json.dumps(message)


@pytest.mark.parametrize("name", ["FNAME", "body", "data"])
def test_a_column_that_an_earlier_version_sent_makes_no_other_event_of_one_that_is_in(
    name: str, desk: Desk
) -> None:
    desk.file(
        "i.csv", f'{ROW},x,"{{""to"":""a@example.com"",""plan"":1}}",z', header=f"{HEADER},FNAME,data,body"
    )
    with serve() as sandbox:
        earlier = desk.run("backfill", "i.csv", "--property", name, *to(sandbox.url), "--json").json
        now = desk.run("backfill", "i.csv", *to(sandbox.url), "--json").json
    assert earlier["events"]["accepted"] == 1
    assert (now["events"]["already_accepted"], now["events"]["accepted"]) == (1, 0)
    assert "same-id-other-content" not in now["problem_counts"]


def test_a_column_that_an_earlier_version_took_for_a_field_makes_no_other_event_either(desk: Desk) -> None:
    desk.file("i.csv", f"{ROW},Firefox,Hi", header=f"{HEADER},browser,subject")
    fields = "profile = 1\n[fields]\n" + "".join(f'{field} = "{field}"\n' for field in HEADER.split(","))
    old = fields + 'user_agent = "browser"\nemail_subject = "subject"\n'
    with serve() as sandbox:
        for text, key, count in ((old, "accepted", 1), (fields, "already_accepted", 1)):
            (desk.folder / "p.toml").write_text(text, encoding="utf-8")
            done = desk.run("backfill", "i.csv", "--profile", "p.toml", *to(sandbox.url), "--json").json
            assert (done["events"][key], done["problem_counts"]) == (count, {})
    (message,) = sent(desk, "i.csv", "--profile", "p.toml")
    assert message["properties"] == {
        "email_id": "e",
        "campaign_id": "c",
        "browser": "Firefox",
        "subject": "Hi",
    }


def test_names_of_browsers_make_no_other_event_than_the_user_agent_did(desk: Desk) -> None:
    desk.file("i.csv", f"{ROW},Firefox", header=f"{HEADER},browser")
    with serve() as sandbox:
        old = desk.run("backfill", "i.csv", "--map", "user_agent=browser", *to(sandbox.url), "--json").json
        now = desk.run("backfill", "i.csv", *to(sandbox.url), "--json").json
    assert old["events"]["accepted"] == 1
    assert (now["events"]["already_accepted"], now["problem_counts"]) == (1, {})
    (message,) = sent(desk, "i.csv")
    assert message["properties"]["browser"] == "Firefox"


@pytest.mark.parametrize(
    "cell",
    [
        '{"to":"a@example.com","to":""}',
        '{"n":1.50,"who":{"fname":"X"}}',
        '{"plan":"x","recipient":"a@exam',
        '{"plan":"x","m":"a@example.com","y',
        "{'plan': 'x', 'first_name': 'Xena'}",
        " [ {'m': 'a@example.com'} ]",
        "[" * 2000 + '"x"' + "]" * 2000,
    ],
)
def test_what_is_odd_json_or_none_is_looked_into_as_well(cell: str) -> None:
    assert personal_member(cell) is not None


@pytest.mark.parametrize("cell", ["{{ plan }}", "{'plan': 'gold'}", "[sic]", '{"plan":1.50}', "{", "", "to"])
def test_a_text_in_brackets_is_not_personal_for_that(cell: str) -> None:
    assert personal_member(cell) is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def put(value: Any, path: list[str | int], leaf: Any) -> Any:
    """Build a value around a leaf, beside another value."""
    for step in reversed(path):
        leaf = [value, leaf] if isinstance(step, int) else {"aside": value, step: leaf}
    return leaf


@given(
    values,
    st.lists(st.sampled_from(["who", "x", 1]), min_size=1, max_size=12),
    st.sampled_from([{"fname": "X"}, "a@example.com", {"m": "+49 170 1234567"}, {"merge_x": 7}]),
)
def test_at_whatever_depth_it_is_found(value: Any, path: list[str | int], leaf: Any) -> None:
    assert personal_member(json.dumps(put(value, path, leaf))) is not None


@given(values)
def test_nothing_is_found_where_no_name_and_no_text_is_personal(value: Any) -> None:
    def is_plain(each: Any) -> bool:
        if isinstance(each, dict):
            return all(
                not is_personal_name(k) and not looks_personal(k) and is_plain(v) for k, v in each.items()
            )
        if isinstance(each, list):
            return all(map(is_plain, each))
        return not isinstance(each, str) or (not looks_personal(each) and each.lstrip()[:1] not in {"{", "["})

    if is_plain(value):
        assert personal_member(json.dumps(value)) is None
