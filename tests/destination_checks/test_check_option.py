"""`--check` of rows and of ready messages: what is rejected, said once, sent; and the options that go with it."""

import json
import pickle
import random
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pipeline_support as tools
import pytest
from command_support import Desk, events_balance, rows_balance, to
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.backfilling.chunk_work import Planned
from inflection_cli.backfilling.linking import Linking
from inflection_cli.backfilling.plan import Planner
from inflection_cli.backfilling.spill import EventLocations
from inflection_cli.backfilling.users_in_accounts import UsersInAccounts
from inflection_cli.cli.opening import open_rows
from inflection_cli.converting.checked_converter import chunk_converter
from inflection_cli.converting.converter import Converted
from inflection_cli.destination_checks.check_engine import known_tables
from inflection_cli.mapping.bind import lay_out
from inflection_cli.model import Chunk
from inflection_cli.sandbox import Settings, serve
from inflection_cli.segment.message import MessageEncoder
from inflection_cli.settings.declarations import InputOptions, MessageOptions

HEADER = "event,userId,personId,email_id,campaign_id,module,Session,timestamp"
DRY = ("--dry-run", "--out", "out.ndjson", "--max-errors", "100%", "--rejects", "no")
FRESH = ("--check", "freshsuccess")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def row(user: str, person: str, minute: int, *, event: str = "Email Opened", session: str = "s1") -> str:
    return f"{event},{user},{person},e1,c1,Email,{session},2024-03-01T09:{minute:02}:00Z"


def problems(report: dict[str, Any], code: str) -> list[tuple[int, str, int]]:
    return [
        (each["line"], each["column"], each["count"]) for each in report["problems"] if each["code"] == code
    ]


# --- rows ----------------------------------------------------------------------------------------


def test_a_row_whose_message_breaks_a_table_is_rejected_with_its_line_and_the_others_go(desk: Desk) -> None:
    rows = row("u1", "p1", 1), row("", "p2", 2), row("u3", "", 3, session="s3")
    desk.file("a.csv", *rows, header=HEADER)
    words = (*FRESH, "--session-id", "Session")
    seen = desk.run("validate", "a.csv", *words, "--json")
    assert seen.code == 1
    assert problems(seen.json, "check-member-missing") == [(3, "userId", 1)]
    assert rows_balance(seen.json)
    with serve(Settings(keep_messages=True)) as sandbox:
        done = desk.run("backfill", "a.csv", *words, "--max-errors", "1", "--json", *to(sandbox.url))
        assert (done.code, done.json["events"]["accepted"], done.json["rows"]["rejected"]) == (1, 2, 1)
        assert events_balance(done.json)
        got = {(each["userId"], each["anonymousId"]) for each in sandbox.messages()}
    assert got == {("u1", "s1"), ("u3", "s3")}
    (rejects,) = Path(done.json["rejects"]).glob("a.rejects.csv")
    assert "check-member-missing" in rejects.read_text(encoding="utf-8")


def test_over_the_error_budget_a_check_sends_nothing(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "p1", 1), row("", "p2", 2), header=HEADER)
    with serve(Settings(keep_messages=True)) as sandbox:
        done = desk.run("backfill", "a.csv", *FRESH, "--session-id", "person", *to(sandbox.url))
        assert (done.code, list(sandbox.messages())) == (8, [])


def test_one_event_of_a_row_that_breaks_a_table_rejects_the_row(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[fields]\nuserId = "userId"\nemail_id = "email_id"\ncampaign_id = "campaign_id"\n'
        '[[event]]\nname = "Email Opened"\ntimestamp = "opened"\n'
        '[[event]]\nname = "Link Clicked"\ntimestamp = "clicked"\n',
        encoding="utf-8",
    )
    lines = ("u1,e1,c1,2024-03-01T09:00:00Z,", "u2,e1,c1,2024-03-01T09:00:00Z,2024-03-01T09:05:00Z")
    desk.file("wide.csv", *lines, header="userId,email_id,campaign_id,opened,clicked")
    words = ("backfill", "wide.csv", "--profile", "p.toml", "--check", "partner-source", *DRY, "--json")
    done = desk.run(*words).json
    assert (done["rows"]["mapped"], done["rows"]["rejected"]) == (1, 1)
    assert problems(done, "partner-event-alias") == [(3, "event = Link Clicked", 1)]
    assert [each["userId"] for each in desk.messages("out.ndjson")] == ["u1"]


def test_what_two_events_of_a_row_have_in_common_is_said_once(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[fields]\nuserId = "userId"\n'
        '[[event]]\nname = "Email Opened"\ntimestamp = "opened"\n'
        '[[event]]\nname = "Link Clicked"\ntimestamp = "clicked"\n',
        encoding="utf-8",
    )
    desk.file("wide.csv", "u1,2024-03-01T09:00:00Z,2024-03-01T09:05:00Z", header="userId,opened,clicked")
    done = desk.run("validate", "wide.csv", "--profile", "p.toml", *FRESH, "--json").json
    assert problems(done, "check-member-missing") == [(2, "anonymousId", 1)]


def test_cells_that_null_empties_are_counted_in_rows_that_a_check_rejects_too(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "p1", 1), row("NULL", "p2", 2), row("u3", "NULL", 3), header=HEADER)
    words = ("validate", "a.csv", "--null", "NULL", "--json")
    plain = desk.run(*words).json["files"][0]["emptied"]
    checked = desk.run(*words, *FRESH, "--session-id", "Session").json
    assert checked["rows"]["rejected"] == 1
    assert checked["files"][0]["emptied"] == plain == {"userId": 1, "personId": 1}


def test_the_messages_of_the_rows_that_pass_are_kept_for_rules_over_the_whole_input() -> None:
    rows = [("Email Opened", user, "", "e1", "c1", "", "", "", "1709285400", "") for user in ("u1", "", "u3")]
    rows[1] = ("Link Clicked", "u2", *rows[0][2:])
    how = tools.settings(checks=("partner-source",))
    layout = lay_out(tools.COLUMNS, rows, how.mapping.columns, file="export.csv")
    chunk = Chunk("export.csv", tools.COLUMNS, [list(each) for each in rows], range(2, 5), 1, (), b"")
    converted = chunk_converter(layout, how)(chunk)
    sent = [json.loads(line) for line in converted.encode(converted.content_ids)]
    assert [each["userId"] for each in sent] == ["u1", "u3"]
    assert (list(converted.judged), list(converted.lines)) == (sent, [2, 4])


def test_two_records_on_one_line_are_told_apart(desk: Desk) -> None:
    records = [
        {
            "event": name,
            "userId": "u1",
            "personId": "p1",
            "email_id": "e1",
            "campaign_id": "c1",
            "timestamp": time,
        }
        for name, time in (("Email Opened", "2024-03-01T09:00:00Z"), ("Link Clicked", "2024-03-01T09:01:00Z"))
    ]
    (desk.folder / "a.json").write_text(json.dumps(records), encoding="utf-8")
    done = desk.run("backfill", "a.json", "--check", "partner-source", *DRY, "--json").json
    assert (done["rows"]["mapped"], done["rows"]["rejected"]) == (1, 1)
    assert [each["event"] for each in desk.messages("out.ndjson")] == ["Email Opened"]


def test_what_is_recommended_is_said_once_a_column_with_the_count(desk: Desk) -> None:
    desk.file(
        "a.csv", *(row("u1", "p1", minute) for minute in range(50)), header=HEADER.replace("module", "m")
    )
    done = desk.run("validate", "a.csv", *FRESH, "--session-id", "person", "--json")
    assert done.code == 0
    assert problems(done.json, "check-member-recommended") == [
        (2, "context.groupId", 50),
        (2, "properties.module", 50),
    ]
    assert (2, "properties.campaign_id", 50) in problems(done.json, "check-member-ignored")
    assert problems(done.json, "session-id-linked") == [(2, "anonymousId", 50)]


def test_the_checks_of_a_profile_and_of_the_command_line_count_together(desk: Desk) -> None:
    desk.file("a.csv", row("", "p1", 1, event="Link Clicked"), header=HEADER)
    (desk.folder / "p.toml").write_text("profile = 1\n[options]\ncheck = 'email-spec'\n", encoding="utf-8")
    words = ("validate", "a.csv", "--profile", "p.toml", "--json")
    codes = desk.run(*words).json["problem_counts"]
    assert codes["check-event-alias"] == 1
    assert "partner-event-alias" not in codes
    codes = desk.run(*words, "--check", "partner-source").json["problem_counts"]
    assert codes["check-event-alias"] == codes["partner-event-alias"] == codes["partner-no-user-id"] == 1


def test_the_spec_names_pass_both_checks_of_names(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "p1", 1, event="Link Clicked"), header=HEADER)
    words = ("--check", "partner-source", "--check", "email-spec", "--naming", "spec", "--json")
    done = desk.run("validate", "a.csv", *words)
    assert done.code == 0
    assert not {"partner-event-alias", "check-event-alias"} & done.json["problem_counts"].keys()


def test_a_check_that_is_not_there_is_refused_with_the_nearest(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "p1", 1), header=HEADER)
    done = desk.run("validate", "a.csv", "--check", "freshsucess")
    assert done.code == 2
    assert "email-spec, freshsuccess, partner-source" in done.err
    assert "did you mean --check freshsuccess?" in done.err


@given(
    st.lists(st.one_of(tools.GOOD_ROWS, tools.ANY_ROWS), min_size=1, max_size=10),
    st.integers(60, 2_000),
    st.sets(st.sampled_from(["freshsuccess", "email-spec", "partner-source"]), min_size=1),
)
@tools.some
def test_the_same_rows_are_rejected_and_sent_whatever_the_chunks(
    rows: list[tuple[str, ...]], chunk_bytes: int, checks: set[str]
) -> None:
    how = tools.settings(checks=tuple(sorted(checks)))
    whole, parts = (
        tools.outcome(tools.csv_of(rows), how, chunk_bytes=size) for size in (1 << 16, chunk_bytes)
    )
    # Warnings of columns are put together chunk by chunk.
    assert (whole.facts[:2], whole.facts[3:]) == (parts.facts[:2], parts.facts[3:])
    counts = whole.plan.account.rows
    assert counts.read == counts.mapped + counts.rejected + counts.filtered
    plain = tools.outcome(tools.csv_of(rows))
    errors = {one.line for one in whole.rejected}
    assert {one.line for one in plain.rejected} <= errors
    kept = [each for at, each in enumerate(rows, 2) if at not in errors] if _one_line_each(rows) else None
    if kept:
        assert tools.outcome(tools.csv_of(kept)).ids == whole.ids


def _one_line_each(rows: list[tuple[str, ...]]) -> bool:
    return not any("\n" in cell for row in rows for cell in row)


# --- sessions ------------------------------------------------------------------------------------


def sent(desk: Desk, *words: str) -> list[dict[str, Any]]:
    assert desk.run("backfill", "a.csv", *words, *DRY).code in {0, 1}
    return desk.messages("out.ndjson")


@pytest.mark.parametrize(("session", "ids"), [("Session", ["s1", "s2"]), ("person", ["p1", "p2"])])
def test_a_session_goes_beside_the_user_and_changes_no_content_id(
    desk: Desk, session: str, ids: list[str]
) -> None:
    desk.file("a.csv", row("u1", "p1", 1), row("u2", "p2", 2, session="s2"), header=HEADER)
    plain = sent(desk)
    found = sent(desk, *FRESH, "--session-id", session)
    assert [each.pop("anonymousId") for each in found] == ids
    for each in (*plain, *found):
        each["properties"].pop("session", None)
    assert found == plain


def test_a_session_of_a_profile_s_columns_is_no_property(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "p1", 1), header=HEADER)
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[fields]\nuserId = "userId"\nevent = "event"\ntimestamp = "timestamp"\n'
        "[options]\ncheck = 'freshsuccess'\n",
        encoding="utf-8",
    )
    (found,) = sent(desk, "--profile", "p.toml", "--session-id", "session")
    assert (found["userId"], found["anonymousId"]) == ("u1", "s1")
    assert "session" not in found["properties"]


def test_a_session_column_that_was_a_property_gives_a_run_no_other_content(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "p1", 1), header=HEADER)
    with serve(Settings(keep_messages=True)) as sandbox:
        assert desk.run("backfill", "a.csv", *to(sandbox.url)).code == 0
        words = ("backfill", "a.csv", *FRESH, "--session-id", "Session", "--json")
        done = desk.run(*words, *to(sandbox.url)).json
    assert (done["events"]["already_accepted"], done["events"]["accepted"]) == (1, 0)
    assert "same-id-other-content" not in done["problem_counts"]


def test_a_placeholder_is_no_session(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "p1", 1, session="null"), header=HEADER)
    done = desk.run("validate", "a.csv", *FRESH, "--session-id", "Session", "--json")
    assert problems(done.json, "placeholder-person") == [(2, "Session", 1)]


def test_a_row_without_a_session_lacks_what_freshsuccess_requires(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "", 1, session=""), header=HEADER)
    for session in ("Session", "person"):
        done = desk.run("validate", "a.csv", *FRESH, "--session-id", session, "--json")
        assert problems(done.json, "check-member-missing") == [(2, "anonymousId", 1)]


def test_a_session_is_refused_without_its_check(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "p1", 1), header=HEADER)
    done = desk.run("backfill", "a.csv", "--session-id", "person", "--check", "email-spec", *DRY)
    assert done.code == 2
    assert "--session-id goes with --check freshsuccess alone" in done.err


def test_a_session_column_that_is_not_there_is_refused_with_the_nearest(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "p1", 1), header=HEADER)
    done = desk.run("validate", "a.csv", *FRESH, "--session-id", "Sesion")
    assert done.code == 4
    assert "did you mean --session-id Session?" in done.err


# --- a property for all rows ---------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), FRESH])
def test_set_gives_all_rows_a_property_that_a_table_names(desk: Desk, words: tuple[str, ...]) -> None:
    desk.file("a.csv", row("u1", "p1", 1), header=HEADER)
    extra = ("--session-id", "person") if words else ()
    (found,) = sent(desk, "--set", "module=Mail", "--set", "link_id=ada@example.com", *words, *extra)
    assert (found["properties"]["module"], found["properties"]["link_id"]) == ("Mail", "ada@example.com")
    assert "module set" in desk.run("backfill", "a.csv", "--set", "module=Mail", *DRY).err


def test_set_of_a_property_goes_with_a_profile_and_with_keys_that_come_late(desk: Desk) -> None:
    records = [
        {"event": "Email Opened", "userId": f"u{i}", "timestamp": "2024-03-01T09:00:00Z"}
        for i in range(1_500)
    ]
    records[-1]["late"] = "x"
    (desk.folder / "a.csv").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    found = sent(desk, "--set", "module=Mail")
    assert {each["properties"]["module"] for each in found} == {"Mail"}
    assert [each["properties"].get("late") for each in found[-2:]] == [None, "x"]
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[fields]\nuserId = "userId"\nevent = "event"\ntimestamp = "timestamp"\n'
        '[properties]\nmodule = { constant = "Profile" }\nplan = { constant = "gold" }\n',
        encoding="utf-8",
    )
    found = sent(desk, "--profile", "p.toml", "--set", "module=Mail")
    assert {(each["properties"]["module"], each["properties"]["plan"]) for each in found} == {
        ("Mail", "gold")
    }


def test_set_of_a_name_that_is_neither_field_nor_of_a_table_is_still_refused(desk: Desk) -> None:
    desk.file("a.csv", row("u1", "p1", 1), header=HEADER)
    done = desk.run("backfill", "a.csv", "--set", "modul=Mail", *DRY)
    assert done.code == 2
    assert "--set modul=… names no field" in done.err


# --- users of several accounts -------------------------------------------------------------------


def ready(number: int, user: str, group: str, call: str = "track") -> dict[str, Any]:
    more = {"event": "Any", "properties": {"module": "m"}} if call == "track" else {}
    account = ({"groupId": group} if call == "group" else {"context": {"groupId": group}}) if group else {}
    traits = {"traits": {"name": "Acme", "createdAt": "2024-03-01"}} if call == "group" else {}
    time = "2024-03-01T09:00:00.000Z"
    base = {
        "messageId": f"m{number}",
        "type": call,
        "userId": user,
        "anonymousId": f"s{user}",
        "timestamp": time,
    }
    return {**base, **more, **account, **traits}


def written(desk: Desk, messages: list[dict[str, Any]]) -> None:
    (desk.folder / "a.ndjson").write_text("\n".join(map(json.dumps, messages)), encoding="utf-8")


def test_a_user_of_two_accounts_without_a_group_somewhere_stops_the_run(desk: Desk) -> None:
    written(
        desk, [ready(1, "u1", "a1"), ready(2, "u1", "a2", "group"), ready(3, "u2", ""), ready(4, "u1", "")]
    )
    with serve(Settings(keep_messages=True)) as sandbox:
        done = desk.run("replay", "a.ndjson", *FRESH, "--max-errors", "100%", "--json", *to(sandbox.url))
        assert (done.code, list(sandbox.messages())) == (8, [])
        assert problems(done.json, "user-in-two-accounts") == [(4, "userId", 1)]
        assert "1 user of several accounts has messages without a groupId" in done.json["error"]["message"]
        assert desk.run("replay", "a.ndjson", *to(sandbox.url)).code == 0


@pytest.mark.parametrize(
    "groups", [("a1", "a2", "a1"), ("a1", "", "a1"), ("", "", "")], ids=["always", "one account", "never"]
)
def test_a_user_with_a_group_everywhere_or_of_one_account_passes(desk: Desk, groups: tuple[str, ...]) -> None:
    written(desk, [ready(number, "u1", group) for number, group in enumerate(groups)])
    done = desk.run("replay", "a.ndjson", *FRESH, "--dry-run", "--json")
    assert "user-in-two-accounts" not in done.json["problem_counts"]


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=10, max_size=60),
    st.integers(1, 9),
    st.randoms(),
)
def test_users_of_several_accounts_are_found_in_any_order_with_little_memory(
    pairs: list[tuple[int, int]], held: int, chance: random.Random
) -> None:
    groups: dict[int, set[int]] = {}
    for user, group in pairs:
        groups.setdefault(user, set()).add(group)
    expected = {user for user, found in groups.items() if 0 in found and len(found) > 2}
    chance.shuffle(pairs)
    first: dict[int, int] = {}
    places, users = EventLocations(), UsersInAccounts(held, held)
    for line, (user, group) in enumerate(pairs):
        places.add("a.ndjson", [line])
        message = {"userId": f"u{user}", "context": {"groupId": f"a{group}"} if group else {}}
        made = Planned(Converted(judged=[message]), b"")
        # What a worker brings back is packed.
        users.add((pickle.loads(pickle.dumps(made)) if line % 2 else made).converted.judged)
        if not group:
            first.setdefault(user, line)
    assert [problem.line for problem in users.problems(places)] == sorted(first[user] for user in expected)
    places.close()


# --- traits --------------------------------------------------------------------------------------


def test_reserved_traits_of_ready_messages_get_the_names_that_freshsuccess_reads(desk: Desk) -> None:
    address = {"street": "1 Main St", "city": "Ulm", "state": "BW", "postalCode": "89073", "country": "DE"}
    traits = {"firstName": "Ada", "lastName": "Lovelace", "address": address, "createdAt": "2024-03-01"}
    account = {"name": "Acme", "createdAt": "2024-03-01", "address": address}
    messages = [
        {**ready(1, "u1", "a1", "identify"), "traits": traits},
        {**ready(2, "u1", "a1", "group"), "traits": account},
        {**ready(3, "u2", "a1", "identify"), "traits": {"firstName": "A", "first_name": "B"}},
    ]
    written(desk, messages)
    words = ("replay", "a.ndjson", *FRESH, *DRY, "--json")
    before = desk.run(*words).json
    assert (before["rows"]["rejected"], before["problem_counts"]["check-member-type"]) == (2, 2)
    done = desk.run(*words, "--traits-style", "snake").json
    assert done["rows"]["rejected"] == 0
    identify, group, both = (each["traits"] for each in desk.messages("out.ndjson"))
    parts = {"street": "1 Main St", "city": "Ulm", "state": "BW", "postal": "89073", "country": "DE"}
    mailing = {f"mailing_{name}": text for name, text in parts.items()}
    assert identify == {"first_name": "Ada", "last_name": "Lovelace", **mailing, "createdAt": "2024-03-01"}
    billing = {f"billing_{name}": text for name, text in parts.items()}
    assert group == {"name": "Acme", "createdAt": "2024-03-01", **billing}
    assert both == {"firstName": "A", "first_name": "B"}


def test_a_replay_is_told_what_to_do_by_no_option_that_it_lacks(desk: Desk) -> None:
    bare = {"type": "track", "event": "Link Clicked", "timestamp": "2024-03-01T09:00:00Z"}
    people = ({"anonymousId": "p1"}, {"userId": "u1"}, {"userId": "u2", "anonymousId": "s2"})
    written(desk, [{**bare, **ids, "messageId": f"m{n}"} for n, ids in enumerate(people)])
    tables = [word for name in known_tables() for word in ("--check", name)]
    report = desk.run("replay", "a.ndjson", *tables, "--dry-run", "--max-errors", "100%", "--json").json
    hints = {one["code"]: one["hint"] for one in report["problems"]}
    assert {"check-member-missing", "check-event-alias", "session-id-linked"} <= {*hints}
    named = {word for hint in hints.values() for word in re.findall(r"--[a-z-]+", hint)}
    assert named <= set(re.findall(r"--[a-z-]+", desk.run("replay", "--help-all").out))
    assert not any("column" in hint for hint in hints.values())


# --- people who become known ---------------------------------------------------------------------


def test_rows_are_judged_under_the_userid_that_other_rows_name(desk: Desk) -> None:
    rows = (row("", "p1", 1), row("u1", "p1", 2), row("", "p2", 3))
    desk.file("a.csv", *rows, header=HEADER)
    words = ("a.csv", "--check", "partner-source", "--resolve-identity")
    report = desk.run("validate", *words, "--json").json
    assert problems(report, "partner-no-user-id") == [(4, "userId", 1)]
    fresh = (*words, *FRESH, "--session-id", "person", "--max-errors", "1", "--rejects", "r", "--json")
    with serve(Settings(keep_messages=True)) as sandbox:
        done = desk.run("backfill", *fresh, *to(sandbox.url))
        assert rows_balance(done.json)
        assert events_balance(done.json)
        got = [one["userId"] for one in sandbox.messages()]
    lacking = [line for line, column, _ in problems(done.json, "check-member-missing") if column == "userId"]
    assert (done.code, lacking, got) == (1, [4], ["u1", "u1"])


def test_a_rejected_row_may_name_the_userid_of_others(desk: Desk) -> None:
    wrong = "Link Clicked,u1,p1,e1,c1,Email,s1,2024-03-01T09:05:00Z"
    desk.file("a.csv", row("", "p1", 1), wrong, header=HEADER)
    words = ("--check", "partner-source", "--resolve-identity", "--max-errors", "1", "--rejects", "r")
    done = desk.run("backfill", "a.csv", *words, "--dry-run", "--out", "o.ndjson", "--json")
    assert done.json["problem_counts"].get("partner-no-user-id") is None
    assert [one["userId"] for one in desk.messages("o.ndjson")] == ["u1"]
    assert done.json["identities"]["events_resolved"] == 1


def test_links_are_judged_too(desk: Desk) -> None:
    """No row of a link passes the one table that has something to say of links, so the rows are judged by none here."""
    file = desk.file("a.csv", row("", "p1", 1), row("u1", "p1", 2), header=HEADER)
    opened = open_rows([file], InputOptions(), MessageOptions()).planner.plan
    settings = replace(opened.settings, checks=("freshsuccess",))
    linking = Linking("auto", tail=MessageEncoder(settings.message).tail)
    planner = Planner(opened.inputs, settings, opened.chunks, linking=linking)
    with closing(planner.run().linking):
        told = {(one.rule.code, one.column, one.line) for one in planner.plan.account.problems.first(99)}
    assert {
        ("session-id-linked", "anonymousId", 3),
        ("check-member-recommended", "context.groupId", 3),
    } <= told
