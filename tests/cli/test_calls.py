"""Calls other than track from the command line: how rows become them, what is refused, and what a plan says."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk, Result, events_balance, to

from inflection_cli.sandbox import Settings as SandboxSettings
from inflection_cli.sandbox import serve

CONTACTS = "Customer ID,Email,First Name,Plan,Created At,Updated At"
ADA = "u-1,ada@shop.example,Ada,gold,2023-01-05T10:00:00Z,2024-02-01T09:00:00Z"
BOB = "u-2,bob@shop.example,Bob,,2023-02-05,2024-02-02T09:00:00Z"
ACCOUNTS = "Account ID,Account Name,Employees,Updated At,Owner"
INITECH = "a-1,Initech,329,2024-02-01T09:00:00Z,u-1"
NOBODY = "a-2,Nobody's,,2024-02-01T10:00:00Z,"
VIEWS = "userId,name,url,timestamp"
HOME = "u-1,Home,https://shop.example/a/b?x=1,2024-02-01T09:00:00Z"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def made(desk: Desk, *words: str) -> list[dict[str, Any]]:
    """The messages of a dry run that rejects nothing."""
    done = desk.run("backfill", *words, "--dry-run", "--out", "made.ndjson")
    assert done.code == 0, done.err
    return desk.messages("made.ndjson")


def profile(desk: Desk, name: str, text: str) -> str:
    (desk.folder / name).write_text(f"profile = 1\n{text}", encoding="utf-8")
    return name


def codes(done: Result) -> dict[str, int]:
    found: dict[str, int] = done.json["problem_counts"]
    return found


# --- what rows are is said, and never guessed ----------------------------------------------------


@pytest.mark.parametrize(
    ("header", "row", "words", "proposed"),
    [
        (CONTACTS, ADA, "a list of people", "--as identify"),
        (ACCOUNTS, INITECH, "a list of accounts", "--as group"),
        (VIEWS + ",referrer", HOME + ",", "a list of page views", "--as page"),
        ("type,email,first name,last name", "lead,a@shop.example,Ada,Abel", "people", "--as identify"),
    ],
)
def test_a_file_without_events_is_refused_with_what_it_looks_like(
    header: str, row: str, words: str, proposed: str, desk: Desk
) -> None:
    desk.file("rows.csv", row, header=header)
    done = desk.run("validate", "rows.csv", "--json")
    assert (done.code, done.json["error"]["code"]) == (4, "input")
    assert words in done.json["error"]["message"]
    assert proposed in done.json["error"]["hint"]
    if "type" not in header:  # which may name events, and is asked about as that
        assert proposed in desk.run("inspect", "rows.csv").out


def test_a_file_that_looks_like_nothing_known_is_told_all_ways(desk: Desk) -> None:
    desk.file("rows.csv", "u1,2024-01-01T00:00:00Z,x", header="userId,timestamp,colour")
    done = desk.run("validate", "rows.csv")
    assert done.code == 4
    assert "--as identify, --as group or --as page" in done.err


def test_an_export_of_activity_is_not_taken_for_a_list(desk: Desk) -> None:
    desk.file(
        "rows.csv", "Email Opened,u1,Ada,Abel,2024-01-01T00:00:00Z", header="event,userId,fname,lname,date"
    )
    assert desk.run("validate", "rows.csv").code == 0


@pytest.mark.parametrize("word", ["alias", "identfy", "", "=identify", "a.csv="])
def test_a_type_that_is_none_is_refused_with_a_value_to_try(word: str, desk: Desk) -> None:
    desk.file("a.csv", ADA, header=CONTACTS)
    done = desk.run("validate", "a.csv", f"--as={word}")
    assert done.code == 2
    assert "identify" in done.err


def test_a_pattern_that_fits_no_file_is_a_mistake(desk: Desk) -> None:
    desk.file("a.csv", ADA, header=CONTACTS)
    for words in (("--as", "b*.csv=identify"), ("--profile-for", f"b.csv={profile(desk, 'p.toml', '')}")):
        done = desk.run("validate", "a.csv", *words)
        assert done.code == 2
        assert "fits none of the files" in done.err


def test_a_column_of_types_says_what_each_row_is(desk: Desk) -> None:
    desk.file(
        "rows.csv",
        "page,u-1,Home,https://shop.example/,2024-02-01T09:00:00Z,,",
        "IDENTIFY,u-1,,,2024-02-01T09:00:00Z,,ada@shop.example",
        "track,u-1,,,2024-02-01T09:00:00Z,Email Opened,",
        "screen,u-1,Start,,2024-02-01T09:00:00Z,,",
        header="type,userId,name,url,timestamp,event,email",
    )
    messages = made(desk, "rows.csv")
    assert [message["type"] for message in messages] == ["page", "identify", "track", "screen"]
    assert messages[1]["traits"] == {"email": "ada@shop.example"}
    assert (messages[2]["event"], "type" in messages[2]["properties"]) == ("Email Opened", False)


def test_a_type_that_is_none_rejects_its_row_alone(desk: Desk) -> None:
    first = {"type": "page", "userId": "u-1", "name": "A", "timestamp": "2024-02-01T09:00:00Z"}
    lines = [json.dumps({**first, "name": f"Page {n}", "userId": f"u-{n}"}) for n in range(1001)]
    lines += [json.dumps({**first, "type": kind}) for kind in ("alias", "group", "")]
    (desk.folder / "rows.ndjson").write_text("\n".join(lines), encoding="utf-8")
    done = desk.run("validate", "rows.ndjson", "--json")
    assert codes(done) == {"call-type-unknown": 3}
    assert [each["line"] for each in done.json["problems"]] == [1002, 1003, 1004]
    assert done.json["by_type"] == {"page": 1001}


@pytest.mark.slow
def test_a_type_may_need_a_key_that_comes_late(desk: Desk) -> None:
    page = {"type": "page", "userId": "u-1", "name": "A", "timestamp": "2024-02-01T09:00:00Z"}
    late = {**page, "type": "track", "event": "Email Opened", "campaign_id": "c", "email_id": "e"}
    lines = [json.dumps({**page, "name": f"Page {n}"}) for n in range(2000)]
    (desk.folder / "rows.ndjson").write_text("\n".join([*lines, json.dumps(late)]), encoding="utf-8")
    done = desk.run("validate", "rows.ndjson", "--allow-implausible-people", "--json")
    assert (done.code, done.json["by_type"]) == (0, {"page": 2000, "track": 1}), done.err


@pytest.mark.parametrize("words", [(), ("--as", "identify")])
def test_ready_messages_are_still_told_to_be_replayed(words: tuple[str, ...], desk: Desk) -> None:
    one = {
        "type": "identify",
        "messageId": "m1",
        "userId": "u1",
        "timestamp": "2024-03-01T09:30:00Z",
        "traits": {},
    }
    (desk.folder / "m.ndjson").write_text(json.dumps(one), encoding="utf-8")
    done = desk.run("backfill", "m.ndjson", *words, "--dry-run")
    assert (done.code, "infl-seg replay m.ndjson" in done.err) == (4, True)


def test_rejected_rows_are_fixed_and_sent_from_the_rejects(desk: Desk) -> None:
    desk.file("a.csv", INITECH, NOBODY, header=ACCOUNTS)
    words = ("--as", "group", "--map", "userId=Owner", "--rejects", "rejects")
    with serve() as sandbox:
        first = desk.run("backfill", "a.csv", *words, "--max-errors", "1", *to(sandbox.url))
        (kept,) = (desk.folder / "rejects").iterdir()
        fixed = kept.read_text(encoding="utf-8").replace("10:00:00Z,", "10:00:00Z,u-2")
        kept.write_text(fixed, encoding="utf-8")
        second = desk.run("backfill", str(kept), *words[:4], *to(sandbox.url))
        assert sandbox.stats()["by_type"] == {"group": 2}
    assert (first.code, second.code) == (1, 0), second.err


def test_events_that_say_track_in_a_column_stay_the_messages_that_they_were(desk: Desk) -> None:
    desk.file(
        "rows.csv",
        "track,Email Opened,u1,c,e,2024-01-01T00:00:00Z",
        header="type,event,userId,campaign_id,email_id,timestamp",
    )
    (message,) = made(desk, "rows.csv")
    assert message["properties"]["type"] == "track"


# --- identify ------------------------------------------------------------------------------------


def test_ids_and_reserved_traits_go_out_and_other_columns_where_they_are_named(desk: Desk) -> None:
    desk.file("c.csv", ADA, header=CONTACTS)
    reserved = {"email": "ada@shop.example", "firstName": "Ada", "createdAt": "2023-01-05T10:00:00.000Z"}
    (alone,) = made(desk, "c.csv", "--as", "identify")
    assert (alone["userId"], alone["traits"]) == ("u-1", reserved)
    assert alone["timestamp"] == "2024-02-01T09:00:00.000Z"
    for words in (("--trait", "Plan"), ("--all-traits",)):
        (message,) = made(desk, "c.csv", "--as", "identify", *words)
        assert message["traits"] == reserved | {"plan": "gold"}


def test_a_personal_column_is_a_trait_only_where_it_is_named(desk: Desk) -> None:
    header = "userId,timestamp,Home Address,Backup,Colour"
    desk.file("c.csv", "u-1,2024-01-01T00:00:00Z,12 Elm St,+44 20 7946 0001,red", header=header)
    (message,) = made(desk, "c.csv", "--as", "identify", "--all-traits")
    assert message["traits"] == {"colour": "red"}
    (message,) = made(desk, "c.csv", "--as", "identify", "--trait", "Home Address", "--trait", "Backup")
    assert message["traits"] == {"home_address": "12 Elm St", "backup": "+44 20 7946 0001"}


def test_a_personal_cell_in_a_column_that_nobody_named_stays_behind(desk: Desk) -> None:
    rows = [
        f"u-{n},2024-01-01T00:00:00Z,{word}" for n, word in enumerate(("red", "blue", "ada@shop.example"))
    ]
    desk.file("c.csv", *rows, header="userId,timestamp,Colour")
    words = ("c.csv", "--as", "identify")
    assert [one["traits"] for one in made(desk, *words, "--all-traits")] == [
        {"colour": "red"},
        {"colour": "blue"},
        {},
    ]
    assert codes(desk.run("validate", *words, "--all-traits", "--json"))["value-left-out"] == 1
    assert made(desk, *words, "--trait", "Colour")[2]["traits"] == {"colour": "ada@shop.example"}


def test_a_message_over_the_limit_is_an_error(desk: Desk) -> None:
    desk.file("c.csv", f"u-1,2024-01-01T00:00:00Z,{'x' * 32_000}", header="userId,timestamp,title")
    assert codes(desk.run("validate", "c.csv", "--as", "identify", "--json"))["event-too-large"] == 1


def test_what_is_odd_in_an_id_or_a_trait_is_told(desk: Desk) -> None:
    desk.file(
        "c.csv",
        "null,2024-01-01T00:00:00Z,Ada,a-1",
        " u-2 ,2024-01-01T00:00:00Z,NULL,a-1",
        "u-3,2024-01-01T00:00:00Z,Ada,undefined",
        "u-4,01/02/2024 10:00,Ada,a-1",
        header="userId,timestamp,firstName,groupId",
    )
    found = codes(desk.run("validate", "c.csv", "--as", "identify", "--json"))
    assert found == {
        "placeholder-person": 1,
        "outer-space": 1,
        "null-spelled": 1,
        "placeholder-id": 1,
        "timestamp-ambiguous": 1,
        "traits-overwrite": 2,
    }


def test_dotted_columns_are_nested_and_objects_stay_objects(desk: Desk) -> None:
    record = {
        "userId": "u-1",
        "timestamp": "2024-01-01T00:00:00Z",
        "address": {"city": "Bath", "lat": 51.380},
        "company": "Initech",
        "crm.score": 7,
        "crm.stage": "lead",
        "phone": 441234567890,
        "age": "41",
    }
    (desk.folder / "c.ndjson").write_text(json.dumps(record), encoding="utf-8")
    (message,) = made(desk, "c.ndjson", "--as", "identify", "--all-traits")
    assert message["traits"] == {
        "phone": "441234567890",
        "age": 41,
        "address": {"city": "Bath", "lat": 51.38},
        "company": {"name": "Initech"},
        "crm": {"score": 7, "stage": "lead"},
    }


def test_a_trait_of_a_reserved_type_is_that_type_or_an_error(desk: Desk) -> None:
    desk.file(
        "c.csv",
        "u-1,2024-01-01T00:00:00Z,forty,1990-01-31,",
        "u-2,2024-01-01T00:00:00Z,40,31/01/1990,",
        "u-3,2024-01-01T00:00:00Z,40,1965-01-31T00:00:00Z,2020-02-30",
        "u-4,2024-01-01T00:00:00Z,40,1965-01-31T00:00:00Z,2020-02-28 10:00",
        header="userId,timestamp,age,birthday,Created At",
    )
    done = desk.run("validate", "c.csv", "--as", "identify", "--json")
    assert codes(done)["trait-type"] == 4
    assert [each["column"] for each in done.json["problems"] if each["code"] == "trait-type"] == [
        *("age", "birthday", "Created At", "Created At")
    ]


def test_a_file_without_a_time_is_refused_and_now_gives_it_that_of_the_run(desk: Desk) -> None:
    desk.file("c.csv", "u-1,Ada,Abel", header="userId,First Name,Last Name")
    done = desk.run("validate", "c.csv", "--as", "identify")
    assert (done.code, "--now" in done.err) == (4, True)
    with serve() as sandbox:
        first = desk.run("backfill", "c.csv", "--as", "identify", "--now", "--json", *to(sandbox.url)).json
        second = desk.run("backfill", "c.csv", "--as", "identify", "--now", "--json", *to(sandbox.url)).json
        assert sandbox.stats()["unique"] == 1
    assert (first["events"]["accepted"], second["events"]["already_accepted"]) == (1, 1)


def test_now_stands_above_a_time_that_is_known_by_its_name_alone(desk: Desk) -> None:
    desk.file("c.csv", ADA, header=CONTACTS)
    (plain,) = made(desk, "c.csv", "--as", "identify")
    (now,) = made(desk, "c.csv", "--as", "identify", "--now")
    assert (plain["timestamp"][:4], now["timestamp"] > plain["timestamp"]) == ("2024", True)
    (mapped,) = made(desk, "c.csv", "--as", "identify", "--now", "--map", "timestamp=Updated At")
    assert mapped == plain


def test_a_late_identify_is_warned_of_once_with_the_count(desk: Desk) -> None:
    desk.file("c.csv", ADA, BOB, header=CONTACTS)
    done = desk.run("validate", "c.csv", "--as", "identify", "--json")
    (told,) = [each for each in done.json["problems"] if each["code"] == "traits-overwrite"]
    assert (done.code, told["count"], told["severity"]) == (0, 2, "warning")


def test_an_address_stands_in_for_an_id_only_where_that_is_asked_for(desk: Desk) -> None:
    desk.file("c.csv", "ada@shop.example,Ada,2024-01-01T00:00:00Z", header="email,firstName,updatedAt")
    done = desk.run("validate", "c.csv", "--as", "identify")
    assert (done.code, "--user-id-from email" in done.err) == (4, True)
    (message,) = made(desk, "c.csv", "--as", "identify", "--user-id-from", "email")
    assert message["userId"] == message["traits"]["email"] == "ada@shop.example"


def test_personal_cells_are_masked_in_what_is_said_of_traits(desk: Desk) -> None:
    desk.file("c.csv", "u-1,2024-01-01T00:00:00Z,Ada Abel", header="userId,timestamp,age")
    done = desk.run("validate", "c.csv", "--as", "identify", "--json")
    assert "Ada" not in done.out + done.err
    assert "Ada" not in desk.run("inspect", "c.csv", "--as", "identify").out
    assert "Ada Abel" in desk.run("validate", "c.csv", "--as", "identify", "--show-values").out


# --- group ---------------------------------------------------------------------------------------


def test_a_group_names_its_account_at_the_top_and_other_calls_in_their_context(desk: Desk) -> None:
    desk.file("a.csv", INITECH, header=ACCOUNTS)
    (group,) = made(desk, "a.csv", "--as", "group", "--map", "userId=Owner")
    assert (group["groupId"], group["userId"], "groupId" in group["context"]) == ("a-1", "u-1", False)
    assert group["traits"] == {"name": "Initech", "employees": 329}
    desk.file("v.csv", HOME + ",a-1", header=VIEWS + ",groupId")
    desk.file("t.csv", "Email Opened,u1,2024-01-01T00:00:00Z,a-1", header="event,userId,timestamp,Account")
    (page,) = made(desk, "v.csv", "--as", "page")
    (event,) = made(desk, "t.csv", "--map", "groupId=Account")
    assert page["context"]["groupId"] == event["context"]["groupId"] == "a-1"
    assert "account" not in event["properties"]


def test_a_group_without_a_person_is_an_error_that_two_options_settle(desk: Desk) -> None:
    desk.file("a.csv", INITECH, NOBODY, header=ACCOUNTS)
    words = ("a.csv", "--as", "group", "--map", "userId=Owner")
    done = desk.run("validate", *words, "--json")
    assert codes(done)["group-person-missing"] == 1
    _, anonymous = made(desk, *words, "--group-anonymous-id", "account")
    _, by_user = made(desk, *words, "--group-user", "import")
    assert (anonymous["anonymousId"], "personId" in anonymous["context"]) == ("account:a-2", False)
    assert by_user["userId"] == "import"
    assert anonymous["messageId"] == by_user["messageId"]


def test_a_list_of_accounts_alone_is_refused_with_both_ways(desk: Desk) -> None:
    desk.file("a.csv", "a-1,Initech,2024-02-01T09:00:00Z", header="Account ID,Name,Updated At")
    done = desk.run("validate", "a.csv", "--as", "group")
    assert done.code == 4
    assert "--group-anonymous-id account" in done.err
    assert "--group-user VALUE" in done.err


@pytest.mark.parametrize(
    ("words", "users"), [(("--group-anonymous-id", "account"), 3), (("--group-user", "import"), 2)]
)
def test_the_plan_gives_the_monthly_users_and_memberships_of_accounts(
    words: tuple[str, ...], users: int, desk: Desk
) -> None:
    more = "a-3,Third,,2024-02-01T10:00:00Z,"
    desk.file("a.csv", INITECH, INITECH.replace("09:00", "09:01"), NOBODY, more, header=ACCOUNTS)
    done = desk.run("backfill", "a.csv", "--as", "group", "--map", "userId=Owner", *words, "--dry-run")
    assert f"3: 3 memberships of {users} monthly tracked users" in done.err
    assert words[0] in done.err
    assert f"at most {users} new tracked users" in done.err


def test_the_user_of_groups_is_in_no_ledger(desk: Desk) -> None:
    desk.file("a.csv", NOBODY, header=ACCOUNTS)
    words = ("a.csv", "--as", "group", "--group-user", "secret-person", "--map", "userId=Owner")
    with serve() as sandbox:
        assert desk.run("backfill", *words, *to(sandbox.url)).code == 0
    kept = b"".join(path.read_bytes() for path in (desk.folder / "state").rglob("*") if path.is_file())
    assert b"secret-person" not in kept
    assert desk.run("runs", "verify", "a.csv").code == 0


# --- page and screen -----------------------------------------------------------------------------


def test_path_and_search_come_from_the_url_where_the_row_has_none(desk: Desk) -> None:
    desk.file("v.csv", HOME, "u-1,Bare,https://shop.example,2024-02-01T09:01:00Z", header=VIEWS)
    home, bare = made(desk, "v.csv", "--as", "page")
    assert home["properties"] == {"url": "https://shop.example/a/b?x=1", "path": "/a/b", "search": "?x=1"}
    assert bare["properties"] == {"url": "https://shop.example", "path": "/"}
    desk.file("w.csv", HOME + ",/own", header=VIEWS + ",path")
    (own,) = made(desk, "w.csv", "--as", "page")
    assert own["properties"]["path"] == "/own"
    (screen, _) = made(desk, "v.csv", "--as", "screen")
    assert screen["properties"] == {"url": "https://shop.example/a/b?x=1"}
    desk.file("x.csv", "u-1,Start,2024-02-01T09:00:00Z", header="userId,name,timestamp")
    assert "sends     no properties" in desk.run("validate", "x.csv", "--as", "screen").out


def test_a_profile_without_the_name_of_a_screen_is_told_which_column_it_may_be(desk: Desk) -> None:
    desk.file("v.csv", HOME, header=VIEWS)
    text = 'type = "screen"\n[fields]\nuserId = "userId"\ntimestamp = "timestamp"\n'
    done = desk.run("validate", "v.csv", "--profile", profile(desk, "p.toml", text))
    assert (done.code, '[fields] name = "name"' in done.err) == (4, True)


def test_a_view_that_names_nothing_is_rejected(desk: Desk) -> None:
    desk.file("v.csv", HOME, "u-1,,,2024-02-01T09:01:00Z", header=VIEWS)
    for kind, count in (("page", 1), ("screen", 1)):
        assert codes(desk.run("validate", "v.csv", "--as", kind, "--json")) == {"view-nameless": count}


def test_two_views_at_once_that_differ_beside_their_identity_are_told(desk: Desk) -> None:
    desk.file(
        "v.csv", HOME + ",a", HOME + ",b", HOME.replace("u-1", "u-2") + ",b", header=VIEWS + ",category"
    )
    found = desk.run("validate", "v.csv", "--as", "page", "--json").json
    assert found["problem_counts"]["same-id-other-content"] == 1
    assert found["events"]["duplicate"] == 1


def test_implausible_people_are_judged_of_views_and_not_of_lists(desk: Desk) -> None:
    views = [f"u-1,Home,https://shop.example/{n},2024-02-01T09:00:{n % 60:02}Z" for n in range(240)]
    desk.file("v.csv", *views, header=VIEWS)
    desk.file(
        "c.csv",
        *(f"u-1,{n},2024-02-01T09:00:{n % 60:02}Z" for n in range(240)),
        header="userId,age,timestamp",
    )
    assert "person-implausible" in codes(desk.run("validate", "v.csv", "--as", "page", "--json"))
    assert codes(desk.run("validate", "c.csv", "--as", "identify", "--json")) == {"traits-overwrite": 240}


# --- filters, profiles and several files ---------------------------------------------------------


def test_filters_keep_calls_as_they_keep_events(desk: Desk) -> None:
    desk.file("c.csv", ADA, BOB, header=CONTACTS)
    (late,) = made(desk, "c.csv", "--as", "identify", "--since", "2024-02-02")
    assert late["userId"] == "u-2"
    done = desk.run("validate", "c.csv", "--as", "identify", "--event", "Email Opened", "--json")
    assert (done.json["rows"]["filtered"], done.json["events"]["filtered"]) == (2, 2)
    nulled = made(desk, "c.csv", "--as", "identify", "--null", "Ada")
    assert "firstName" not in nulled[0]["traits"]


ACCOUNT_AND_CONTACT = """
[fields]
userId = "Owner"
groupId = "Account ID"
timestamp = "Updated At"

[[event]]
type = "group"
traits.name = "Account Name"
traits.employees = { column = "Employees", type = "string" }
traits.tags = { column = "Tags", separator = ";" }
traits.crm = { column = "Extra", type = "json" }
[event.traits.address]
city = "Town"

[[event]]
type = "identify"
when = { column = "Owner", filled = true }
traits.vip = { column = "VIP", type = "boolean" }
traits.member_since = { column = "Since", type = "date" }

[[event]]
type = "track"
name = "Email Opened"
timestamp = "Opened At"
"""
WIDE = "Account ID,Account Name,Employees,Updated At,Owner,Tags,Extra,Town,VIP,Since,Opened At"
ROW = (
    'a-1,Initech,11-50,2024-02-01T09:00:00Z,u-1,a; b,"{""n"": 1.50}",Bath,yes,2020-01-31,2024-02-01T10:00:00Z'
)


def test_one_row_may_be_a_group_an_identify_and_an_event(desk: Desk) -> None:
    desk.file("a.csv", ROW, header=WIDE)
    event, group, identify = made(desk, "a.csv", "--profile", profile(desk, "p.toml", ACCOUNT_AND_CONTACT))
    assert (event["type"], event["event"]) == ("track", "Email Opened")
    assert event["context"]["groupId"] == "a-1"
    assert group["traits"] == {
        "name": "Initech",
        "employees": "11-50",
        "tags": ["a", "b"],
        "crm": {"n": 1.5},
        "address": {"city": "Bath"},
    }
    assert '"n": 1.50' in (desk.folder / "made.ndjson").read_text()
    assert (identify["traits"], identify["context"]["groupId"]) == (
        {"vip": True, "member_since": "2020-01-31"},
        "a-1",
    )


def test_the_plan_tells_each_trait_with_the_type_that_the_profile_gives_it(desk: Desk) -> None:
    desk.file("a.csv", ROW, header=WIDE)
    done = desk.run("validate", "a.csv", "--profile", profile(desk, "p.toml", ACCOUNT_AND_CONTACT))
    for told in (
        "traits    name from “Account Name”, employees (string), tags (list), crm (json) from “Extra”, address.city",
        "traits    vip (boolean), member_since (date) from “Since”",
    ):
        assert told in done.out


def test_what_is_wrong_with_one_call_of_a_row_keeps_all_of_them_back(desk: Desk) -> None:
    rows = (
        ROW,
        ROW.replace("yes", "maybe"),
        ROW.replace("T10:00", "T99:00"),
        ROW.replace(",u-1,", ",,").replace("2024-02-01T10:00:00Z", ""),
    )
    desk.file("a.csv", *rows, header=WIDE)
    done = desk.run("validate", "a.csv", "--profile", profile(desk, "p.toml", ACCOUNT_AND_CONTACT), "--json")
    report = done.json
    assert report["rows"] == {"read": 4, "mapped": 1, "rejected": 3, "filtered": 0}
    assert report["by_type"] == {"track": 1, "group": 1, "identify": 1}
    assert report["files"][0]["types"] == ["track", "group", "identify"]


def test_a_profile_says_what_rows_are_and_an_option_beats_it(desk: Desk) -> None:
    desk.file("c.csv", ADA, header=CONTACTS)
    name = profile(
        desk, "p.toml", 'type = "identify"\n[traits]\nfavourite = "Plan"\n[columns]\nothers = "drop"\n'
    )
    (message,) = made(desk, "c.csv", "--profile", name)
    assert message["traits"] == {"favourite": "gold"}
    (page,) = made(desk, "c.csv", "--profile", name, "--as", "screen", "--map", "name=Plan")
    assert page["type"] == "screen"


@pytest.mark.parametrize(
    "fields", ["", '[fields]\nuserId = "Customer ID"\nemail = "Email"\ntimestamp = "Updated At"\n']
)
def test_an_address_is_a_trait_whether_a_profile_names_it_as_a_field_or_not(fields: str, desk: Desk) -> None:
    desk.file("c.csv", ADA, header=CONTACTS)
    (message,) = made(desk, "c.csv", "--profile", profile(desk, "p.toml", f'type = "identify"\n{fields}'))
    assert message["traits"]["email"] == "ada@shop.example"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('type = "alias"\n', "type"),
        ('[[event]]\ntype = "group"\nproperties.a = "b"\n', "traits"),
        ('[[event]]\ntype = "page"\ntraits.a = "b"\n', "properties"),
        ('[[event]]\ntype = "identify"\nname = "x"\n', "no name"),
        ('[traits]\na = "b"\n"a.b" = "c"\n', "is inside a"),
        ('[traits]\na = { column = "b", type = "json", separator = ";" }\n', "separator"),
    ],
)
def test_a_profile_that_mixes_up_calls_is_refused_with_the_place(text: str, fault: str, desk: Desk) -> None:
    desk.file("c.csv", ADA, header=CONTACTS)
    done = desk.run("validate", "c.csv", "--profile", profile(desk, "p.toml", text))
    assert done.code == 2
    assert fault in done.err


def test_a_draft_of_a_profile_gives_the_same_messages(desk: Desk) -> None:
    desk.file("c.csv", ADA, BOB, header=CONTACTS)
    assert desk.run("inspect", "c.csv", "--as", "identify", "--save", "p.toml").code == 0
    assert made(desk, "c.csv", "--profile", "p.toml") == made(desk, "c.csv", "--as", "identify")


def test_one_list_may_be_sent_as_two_kinds_of_calls_and_never_twice_as_one(desk: Desk) -> None:
    desk.file("a.csv", INITECH, header=ACCOUNTS)
    by_owner, by_name = ("--map", "userId=Owner"), ("--map", "userId=Account Name")
    with serve() as sandbox:
        assert desk.run("backfill", "a.csv", *by_owner, "--as", "group", *to(sandbox.url)).code == 0
        assert desk.run("backfill", "a.csv", *by_name, "--as", "identify", *to(sandbox.url)).code == 0
        again = desk.run("backfill", "a.csv", *by_owner, "--as", "group", "--json", *to(sandbox.url)).json
        other = desk.run("backfill", "a.csv", *by_name, "--as", "group", *to(sandbox.url))
        assert sandbox.stats()["by_type"] == {"group": 1, "identify": 1}
    assert again["events"]["already_accepted"] == 1
    assert (other.code, "userId was column “Owner”" in other.err) == (7, True)


def test_the_plan_says_that_every_streaming_destination_gets_these_calls_now(desk: Desk) -> None:
    desk.file("c.csv", ADA, BOB, header=CONTACTS)
    done = desk.run("backfill", "c.csv", "--as", "identify", "--dry-run")
    assert "every streaming destination of the source gets these 2 calls now, with any event time" in done.err
    assert "--integration All=false" in done.err
    off = desk.run("backfill", "c.csv", "--as", "identify", "--dry-run", "--integration", "All=false")
    assert "Sent to warehouses only" in off.err


def test_an_api_call_has_the_types_too(desk: Desk) -> None:
    from inflection_cli import validate

    desk.file("c.csv", ADA, header=CONTACTS)
    report = validate("c.csv", call_type="identify", trait=["Plan"])
    assert (report.by_type, report.ok) == ({"identify": 1}, True)


def test_a_placeholder_is_nobody_who_stands_for_a_group(desk: Desk) -> None:
    (desk.folder / "g.csv").write_text(
        "Account ID,name,Updated At\ng1,X,2024-01-01T00:00:00Z\n", encoding="utf-8"
    )
    done = desk.run("backfill", "g.csv", "--as", "group", "--group-user", "null", "--dry-run")
    assert (done.code, "--group-user is a placeholder" in done.err, "--group-user import" in done.err) == (
        2,
        True,
        True,
    )


def test_a_type_that_is_never_sent_makes_no_event_of_its_row(desk: Desk) -> None:
    rows = (
        "type,event,timestamp,userId,personId,email_id,firstName",
        "track,Email Opened,2024-01-01T00:00:00Z,u1,p1,e1,",
        "identify,Email Opened,2024-01-01T01:00:00Z,u1,p1,,A",
        "alias,Email Opened,2024-01-02T00:00:00Z,u1,p1,,",
    )
    (desk.folder / "t.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    done = desk.run("validate", "t.csv", "--json")
    assert (done.code, done.json["by_type"]) == (1, {"track": 1, "identify": 1})
    assert [(one["code"], one["line"]) for one in done.json["problems"] if one["severity"] == "error"] == [
        ("call-type-unknown", 4)
    ]


def test_a_name_of_too_many_parts_is_left_out(desk: Desk) -> None:
    name = ".".join(["k"] * 300)
    (desk.folder / "d.csv").write_text(
        f"userId,Updated At,{name}\nu1,2024-01-01T00:00:00Z,1\n", encoding="utf-8"
    )
    done = desk.run("validate", "d.csv", "--as", "identify", "--all-traits")
    assert (done.code, "more than 32 parts" in done.out) == (0, True)


# --- options of calls, and accounts --------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("--trait", "userId"),
        ("--all-traits",),
        ("--traits-style", "snake"),
        ("--group-user", "import"),
        ("--group-anonymous-id", "account"),
        ("--now",),
    ],
    ids=lambda words: words[0],
)
def test_options_of_calls_are_idle_where_all_rows_are_track_events(
    words: tuple[str, ...], desk: Desk
) -> None:
    track = desk.file("t.csv", "Email Opened,u1,e1,c1,2024-01-01T00:00:00Z", header=TRACKS)
    alone = desk.run("validate", track, *words, "--json")
    told = [one for one in alone.json["problems"] if one["code"] == "option-idle"]
    assert [one["message"].partition(" ")[0] for one in told] == [words[0]]
    assert (alone.code, "--as " in told[0]["hint"]) == (0, True)
    accounts = desk.file("a.csv", INITECH, header=ACCOUNTS)
    both = (
        ("--as", "a.csv=group", "--map", "userId=Owner")
        if words[0] != "--trait"
        else ("--as", "t.csv=identify")
    )
    files = (accounts,) if words[0] != "--trait" else (track,)
    assert "option-idle" not in codes(desk.run("validate", *files, *both, *words, "--json"))


TRACKS = "event,userId,email_id,campaign_id,timestamp"

OF_CALLS = '[traits]\nx = "email_id"\n[options]\ngroup_anonymous_id = "account"\nnow = true\n'


@pytest.mark.parametrize("words", [("--profile",), ("--profile-for",)], ids=lambda words: words[0])
def test_what_a_profile_says_of_calls_is_idle_where_its_file_has_none(
    words: tuple[str, ...], desk: Desk
) -> None:
    """Another file of the run that has such calls does not hide it where the file has a profile for itself."""
    track = desk.file("t.csv", "Email Opened,u1,e1,c1,2024-01-01T00:00:00Z", header=TRACKS)
    name = profile(desk, "p.toml", OF_CALLS)
    people = desk.file("c.csv", ADA, header=CONTACTS)
    more = (name,) if words[0] == "--profile" else (f"{track}={name}", people, "--as", f"{people}=identify")
    done = desk.run("validate", track, *words, *more, "--json")
    told = [one for one in done.json["problems"] if one["code"] == "option-idle"]
    assert [one["message"].partition(" finds")[0] for one in told] == [
        "--group-anonymous-id",
        "--now",
        "[traits] of the profile",
    ]
    assert {one["file"] for one in told} == {track}


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--property", "Plan"), ""),
        ((), '[fields]\nuserId = "Customer ID"\ntimestamp = "Updated At"\n[properties]\nplan = "Plan"\n'),
    ],
)
def test_what_is_said_of_properties_is_idle_where_all_rows_have_traits(
    words: tuple[str, ...], text: str, desk: Desk
) -> None:
    people = desk.file("c.csv", ADA, header=CONTACTS)
    words = (*words, "--profile", profile(desk, "p.toml", text))
    found = {
        kind: codes(desk.run("validate", people, "--as", kind, "--map", "name=Plan", *words, "--json"))
        for kind in ("identify", "screen")
    }
    assert (found["identify"]["option-idle"], "option-idle" in found["screen"]) == (1, False)


def test_one_person_of_two_accounts_is_identified_in_both(desk: Desk) -> None:
    rows = [f"u-1,{account},2024-02-01T09:00:00Z,Ada" for account in ("a-1", "a-2", "")]
    desk.file("c.csv", *rows, header="userId,groupId,timestamp,firstName")
    found = made(desk, "c.csv", "--as", "identify")
    assert [one["context"].get("groupId") for one in found] == ["a-1", "a-2", None]
    desk.file("d.csv", "u-1,2024-02-01T09:00:00Z,Ada", header="userId,timestamp,firstName")
    (without,) = made(desk, "d.csv", "--as", "identify")
    assert without["messageId"] == found[2]["messageId"]


@pytest.mark.parametrize(("kind", "header"), [("page", "name"), ("track", "event")])
def test_an_event_of_two_accounts_is_told_and_goes_once(kind: str, header: str, desk: Desk) -> None:
    rows = [f"u-1,{account},2024-02-01T09:00:00Z,Email Opened" for account in ("a-1", "a-2", "a-1")]
    desk.file("c.csv", *rows, header=f"userId,groupId,timestamp,{header}")
    report = desk.run("validate", "c.csv", "--as", kind, "--map", "groupId=groupId", "--json").json
    assert (report["events"]["built"], report["events"]["duplicate"]) == (3, 2)
    told = [one for one in report["problems"] if one["code"] == "same-id-other-content"]
    assert [one["line"] for one in told] == [3]


def test_another_user_of_groups_is_told_and_nothing_counts_as_the_same(desk: Desk) -> None:
    desk.file("a.csv", NOBODY, header=ACCOUNTS)
    words = ("a.csv", "--as", "group", "--map", "userId=Owner")
    with serve() as sandbox:
        assert desk.run("backfill", *words, "--group-user", "import", *to(sandbox.url)).code == 0
        same = desk.run("backfill", *words, "--group-user", "import", "--json", *to(sandbox.url))
        other = desk.run("backfill", *words, "--group-user", "other", "--json", *to(sandbox.url))
    assert codes(same) == {"traits-overwrite": 1}
    assert codes(other)["same-id-other-content"] == 1
    assert desk.run("runs", "verify", "a.csv").code == 0


# --- a column of types, read late or by a profile ------------------------------------------------

TYPED = "type,event,userId,name,timestamp,email,campaign_id,email_id"
EVENT = "{},Email Opened,u-{},,2024-02-01T09:00:00Z,,c,e"


def typed(desk: Desk, *late: str, first: str = "track") -> str:
    events = [EVENT.format(first, number) for number in range(1000)]
    return desk.file("typed.csv", *events, *late, header=TYPED)


@pytest.mark.parametrize("first", ["track", "Track", "NULL"])
def test_a_type_other_than_track_that_comes_late_is_that_call(first: str, desk: Desk) -> None:
    late = (
        "identify,,u-1,,2024-02-01T09:00:00Z,ada@shop.example,,",
        "Page,,u-1,Home,2024-02-01T09:00:00Z,,,",
        "alias,Email Opened,u-1,,2024-02-01T09:00:00Z,,c,e",
        "group,Email Opened,u-1,,2024-02-01T09:00:00Z,,c,e",
        "track,Email Opened,u-1,,2024-02-01T10:00:00Z,,c,e",
        "newsletter,Email Opened,u-1,,2024-02-01T11:00:00Z,,c,e",
    )
    words = ("--null", "NULL") if first == "NULL" else ()
    file = typed(desk, "track,Email Opened,u-9999,,2024-02-01T10:00:00Z,,c,e", *late, first=first)
    words = (*words, "--max-errors", "10")
    done = desk.run("backfill", file, *words, "--dry-run", "--out", "o.ndjson", "--rejects", "r", "--json")
    assert done.json["by_type"] == {"track": 1003, "identify": 1, "page": 1}, done.err
    told = [(one["code"], one["line"]) for one in done.json["problems"] if one["severity"] == "error"]
    assert told == [("call-type-unknown", 1005), ("call-type-unknown", 1006)]
    messages = desk.messages("o.ndjson")
    assert [one["type"] for one in messages[1000:]] == ["track", "identify", "page", "track", "track"]
    assert messages[1001]["traits"] == {"email": "ada@shop.example"}
    alone = [f"{EVENT.format(first, 0)}", late[4], late[5]]
    plain = made(desk, desk.file("plain.csv", *alone, header=TYPED), *words)
    assert [messages[0], *messages[-2:]] == plain
    assert [one["properties"].get("type") for one in plain[1:]] == ["track", "newsletter"]


BY_TYPE = '[fields]\nuserId = "Who"\ntimestamp = "When"\nevent = "What"\n'


@pytest.mark.parametrize(("lines", "read"), [("", True), ('[properties]\nkind = "type"\n', False)])
def test_a_profile_that_does_not_say_what_rows_are_reads_the_column_of_types(
    lines: str, read: bool, desk: Desk
) -> None:
    rows = (
        "track,u-1,2024-02-01T09:00:00Z,Email Opened,",
        "identify,u-1,2024-02-01T09:30:00Z,Email Opened,Ada",
    )
    desk.file("a.csv", *rows, header="type,Who,When,What,firstName")
    name = profile(desk, "p.toml", BY_TYPE + lines)
    messages = made(desk, "a.csv", "--profile", name)
    if read:
        assert [one["type"] for one in messages] == ["track", "identify"]
        assert (messages[1]["traits"], "type" in messages[0]["properties"]) == ({"firstName": "Ada"}, False)
    else:
        assert [one["properties"]["kind"] for one in messages] == ["track", "identify"]


def test_a_profile_sends_no_call_that_comes_late_as_an_event(desk: Desk) -> None:
    rows = [f"track,u-{n},2024-02-01T09:00:00Z,Email Opened," for n in range(1001)]
    desk.file(
        "a.csv",
        *rows,
        "identify,u-1,2024-02-01T09:00:00Z,Email Opened,Ada",
        header="type,Who,When,What,firstName",
    )
    done = desk.run("validate", "a.csv", "--profile", profile(desk, "p.toml", BY_TYPE), "--json")
    assert (done.json["by_type"], codes(done)["call-type-unknown"]) == ({"track": 1001}, 1)


# --- states at the time of the run ---------------------------------------------------------------


def told(desk: Desk, url: str, plans: str, *words: str) -> Result:
    """A run of a list with --now in which each letter is the plan of one row of the same person."""
    rows = [f"u-1,{plan},a-1" for plan in plans]
    file = desk.file(f"{plans}.csv", *rows, "u-2,x,a-2", header="userId,plan,groupId")
    return desk.run("backfill", file, "--now", "--json", *words, *to(url))


@pytest.mark.parametrize("words", [("--as", "identify", "--trait", "plan"), ("--as", "group")])
def test_a_state_that_comes_back_is_sent_again_and_once(words: tuple[str, ...], desk: Desk) -> None:
    with serve(SandboxSettings(keep_messages=True)) as sandbox:
        counts = []
        for plans in ("A", "B", "A", "A", "B", "AB", "BA", "BA", "A"):
            done = told(desk, sandbox.url, plans, *words)
            assert (done.code, events_balance(done.json)) == (0, True), done.err
            counts.append(done.json["events"]["accepted"])
        sent = [one["traits"]["plan"] for one in sandbox.messages() if one["userId"] == "u-1"]
    assert counts == [2, 1, 1, 0, 1, 0, 1, 0, 0]
    assert sent == ["A", "B", "A", "B", "A"]


def test_a_state_that_comes_back_is_told_and_found_in_a_verification(desk: Desk) -> None:
    words = ("--as", "identify", "--trait", "plan")
    with serve() as sandbox:
        for plans in "AB":
            assert told(desk, sandbox.url, plans, *words).code == 0
        done = told(desk, sandbox.url, "A", *words)
        assert "1 as an earlier state, and not as last sent (sent once more)" in done.err
        for plans in "BA":
            found = desk.run("runs", "verify", f"{plans}.csv", "--json").json
            assert (found["all_there"], found["events"]["accepted"], found["events"]["unknown"]) == (
                True,
                2,
                0,
            )


def test_a_state_that_came_back_and_was_refused_is_tried_again(desk: Desk) -> None:
    words = ("--as", "identify", "--trait", "plan")
    with serve(SandboxSettings(keep_messages=True, script=(None, None, "404"))) as sandbox:
        codes_of = [told(desk, sandbox.url, plans, *words).code for plans in "ABAAA"]
        sent = [one["traits"]["plan"] for one in sandbox.messages() if one["userId"] == "u-1"]
    assert (codes_of, sent) == ([0, 0, 5, 0, 0], ["A", "B", "A"])


# --- files with profiles of their own: what holds for the whole run ------------------------------

ACTIVITY = "event,userId,personId,email_id,campaign_id,timestamp"
UNKNOWN = "Email Opened,,p-1,e1,c1,2024-04-01T08:00:00Z"
KNOWN = "Email Opened,u-1,p-1,e1,c1,2024-04-02T08:00:00Z"


@pytest.mark.parametrize(
    ("line", "option"),
    [('identify = "never"', "--identify never"), ("resolve_identity = true", "--resolve-identity")],
)
def test_a_profile_of_single_files_does_not_lose_what_it_says_of_links(
    line: str, option: str, desk: Desk
) -> None:
    """A link cannot be undone, so a line against links is never passed over."""
    files = (desk.file("a.csv", UNKNOWN, header=ACTIVITY), desk.file("b.csv", KNOWN, header=ACTIVITY))
    own = ("--profile-for", f"a.csv={profile(desk, 'p.toml', f'[options]{chr(10)}{line}{chr(10)}')}")
    refused = desk.run("validate", *files, *own)
    assert (refused.code, f"set it for the whole run: {option}" in refused.err) == (2, True)
    done = desk.run("validate", *files, *own, *option.split(), "--json")
    found = done.json["identities"]
    assert (done.code, found["linked"], found["events_resolved"]) == (0, 0, 0 if "never" in option else 1)
    assert desk.run("validate", *files, *own, "--identify", "always").code == (0 if "never" in option else 2)


def test_a_link_goes_to_the_destinations_that_its_row_goes_to(desk: Desk) -> None:
    files = (desk.file("a.csv", UNKNOWN, header=ACTIVITY), desk.file("b.csv", KNOWN, header=ACTIVITY))
    off = profile(desk, "p.toml", "[integrations]\nAll = false\n")
    for pattern, last in (("b.csv", {"Inflection": False, "All": False}), ("a.csv", {"Inflection": False})):
        messages = made(desk, *files, "--profile-for", f"{pattern}={off}")
        assert (messages[-1]["type"], messages[-1]["integrations"]) == ("identify", last)


def test_the_plan_tells_which_files_go_to_warehouses_only(desk: Desk) -> None:
    files = (desk.file("a.csv", UNKNOWN, header=ACTIVITY), desk.file("b.csv", KNOWN, header=ACTIVITY))
    off = profile(desk, "p.toml", "[integrations]\nAll = false\n")
    some = desk.run("backfill", *files, "--profile-for", f"b.csv={off}", "--dry-run").err
    every = desk.run("backfill", *files, "--profile-for", f"*.csv={off}", "--dry-run").err
    assert "every streaming destination of the source gets these 3 calls now" in some
    assert "what “b.csv” has goes to warehouses only" in some
    assert ("Sent to warehouses only" in every, "every streaming" in every) == (True, False)
