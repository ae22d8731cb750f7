"""The command diff: two lists in, the events that lead from one to the other out."""

import hashlib
import json
import random
import uuid
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from list_support import ANY_LOSS, MAPPED, SENT, State, after, as_csv, ndjson, states, without_blanks

OLD = "id,User ID,Plan,Seats\n1,u1,basic,5\n2,u2,pro,7\n3,u3,pro,7\n"
NEW = "id,Plan,User ID,Seats\n2,pro,u2,8\n4,basic,u4,1\n1,basic,u1,5\n"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    desk = Desk.at(tmp_path, monkeypatch)
    (tmp_path / "old.csv").write_text(OLD, encoding="utf-8")
    (tmp_path / "new.csv").write_text(NEW, encoding="utf-8")
    return desk


def changes(desk: Desk, *words: str, old: str = "old.csv", new: str = "new.csv", code: int = 0) -> list[Any]:
    """The messages of a difference, as a dry run writes them."""
    (desk.folder / "out.ndjson").unlink(missing_ok=True)
    done = desk.run("diff", old, new, *words, "--dry-run", "--out", "out.ndjson")
    assert done.code == code, done.err
    return desk.messages("out.ndjson")


def brief(messages: list[Any]) -> list[tuple[str, str, Any]]:
    return [(each["event"], each["userId"], each["properties"]) for each in messages]


# --- what is sent --------------------------------------------------------------------------------


def test_rows_that_left_came_and_changed_are_sent_in_this_order(desk: Desk) -> None:
    found = changes(desk, "--key", "id", *SENT, "--previous")
    assert brief(found) == [
        ("Left", "u3", {"plan": "pro", "seats": "7"}),
        ("Joined", "u4", {"plan": "basic", "seats": "1"}),
        (
            "Changed",
            "u2",
            {"plan": "pro", "seats": "8", "changed_fields": ["seats"], "previous": {"seats": "7"}},
        ),
    ]


def test_a_segment_is_entered_and_exited_with_its_name_and_the_key(desk: Desk) -> None:
    found = changes(desk, "--key", "id", "--segment", "Trial users")
    assert brief(found) == [
        ("Segment Exited", "u3", {"plan": "pro", "seats": "7", "segment_name": "Trial users", "key": "3"}),
        ("Segment Entered", "u4", {"plan": "basic", "seats": "1", "segment_name": "Trial users", "key": "4"}),
    ]
    done = desk.run("diff", "old.csv", "new.csv", "--key", "id", "--segment", "T", "--dry-run")
    assert "not sent: 1 changed" in done.err
    assert "properties beside: segment_name, and key with the cell of id" in done.err


@pytest.mark.parametrize(
    ("kind", "words", "top"),
    [
        ("identify", ["--all-traits"], {"userId": "u4"}),
        ("group", ["--map", "groupId=id", "--trait", "Plan", "--trait", "Seats"], {"groupId": "4"}),
    ],
)
def test_what_is_new_or_changed_is_sent_as_identify_or_group(
    kind: str, words: list[str], top: dict[str, str], desk: Desk
) -> None:
    found = changes(desk, "--key", "id", "--as", kind, *words)
    assert [each["type"] for each in found] == [kind, kind]
    assert found[0]["traits"] == {"plan": "basic", "seats": "1"}
    assert found[1]["traits"] == {"plan": "pro", "seats": "8"}
    assert top.items() <= found[0].items()


def test_without_a_key_the_messages_are_written_and_nothing_is_sent(desk: Desk) -> None:
    words = ("diff", "old.csv", "new.csv", "--key", "id", "--out", "changes.ndjson")
    done = desk.run(*words)
    assert (done.code, "this is a dry run" in done.err) == (0, True)
    assert [each["event"] for each in desk.messages("changes.ndjson")] == ["Removed", "Added", "Changed"]
    assert desk.run(*words, "--segment", "T").code == 0
    assert [each["event"] for each in desk.messages("changes.ndjson")] == [
        "Segment Exited",
        "Segment Entered",
    ]
    for more in (("--yes",), ("--endpoint", "http://127.0.0.1:1")):
        assert desk.run(*words, "--segment", "T", *more).code == 2


def test_a_kind_without_a_name_is_not_sent_and_the_plan_counts_it(desk: Desk) -> None:
    done = desk.run("diff", "old.csv", "new.csv", "--key", "id", "--added", "Joined", "--dry-run", "--json")
    assert done.json["events"]["built"] == 1
    assert done.json["list"] == {
        "name": None,
        "added": 1,
        "changed": 1,
        "removed": 1,
        "unchanged": 1,
        "left_out": 2,
        "withheld": 0,
        "generation": None,
        "finished": None,
    }
    told = desk.run("diff", "old.csv", "new.csv", "--key", "id", "--added", "Joined", "--dry-run").err
    assert "not sent: 1 removed (--removed NAME sends them)" in told
    assert "not sent: 1 changed (--changed NAME sends them)" in told


def test_a_column_that_is_ignored_is_no_change_and_is_sent(desk: Desk) -> None:
    found = changes(desk, "--key", "id", *SENT, "--ignore", "Seats")
    assert brief(found) == [
        ("Left", "u3", {"plan": "pro", "seats": "7"}),
        ("Joined", "u4", {"plan": "basic", "seats": "1"}),
    ]


def test_the_time_comes_from_a_column_or_is_one_for_all(desk: Desk) -> None:
    (desk.folder / "timed.csv").write_text("id,userId,At\n9,u9,2024-03-01T09:30:00Z\n", encoding="utf-8")
    words = ("--key", "id", "--added", "Joined", *ANY_LOSS)
    (one,) = changes(desk, *words, "--timestamp", "At", new="timed.csv")
    assert one["timestamp"] == "2024-03-01T09:30:00.000Z"
    assert "at" not in one["properties"]
    found = changes(desk, "--key", "id", *SENT)
    assert len({each["timestamp"] for each in found}) == 1


def test_types_come_from_the_profile_and_from_json(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[fields]\nuserId = "User ID"\n[properties]\nplan = "Plan"\n'
        'seats = { column = "Seats", type = "integer" }\n',
        encoding="utf-8",
    )
    found = changes(desk, "--key", "id", "--changed", "Changed", "--previous", "--profile", "p.toml")
    assert found[0]["properties"] == {
        "plan": "pro",
        "seats": 8,
        "changed_fields": ["seats"],
        "previous": {"seats": 7},
    }
    rows = ({"id": 1, "userId": "u1", "seats": 5, "big": 1.50}, {"id": 2, "userId": "u2", "seats": [1]})
    (desk.folder / "old.ndjson").write_text(ndjson(*rows), encoding="utf-8")
    (desk.folder / "new.ndjson").write_text(
        '{"id": "1", "userId": "u1", "seats": 6, "big": 1.5}\n{"id": 2, "userId": "u2", "seats": [1, 2]}\n',
        encoding="utf-8",
    )
    words = ("--key", "id", "--changed", "Changed", "--previous")
    one, two = changes(desk, *words, old="old.ndjson", new="new.ndjson")
    assert (one["properties"]["seats"], one["properties"]["previous"]) == (6, {"seats": 5})
    assert two["properties"]["previous"] == {"seats": [1]}


def test_what_a_profile_draws_tells_what_changed(desk: Desk) -> None:
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[fields]\nuserId = "who.id"\n[properties]\nplan = "sub.plan"\n'
        'seats = { column = "sub.seats", type = "integer" }\n[columns]\nothers = "drop"\n',
        encoding="utf-8",
    )
    rows = [
        {"k": n, "who": {"id": f"u{n}", "seen": 1}, "sub": {"plan": "a", "seats": "3"}} for n in (1, 2, 3)
    ]
    (desk.folder / "old.ndjson").write_text(ndjson(*rows), encoding="utf-8")
    rows[0]["sub"], rows[1]["who"] = {"plan": "a", "seats": "4"}, {"id": "u2", "seen": 2}
    (desk.folder / "new.ndjson").write_text(ndjson(*rows), encoding="utf-8")
    words = ("--key", "k", *SENT, "--profile", "p.toml", "--previous")
    (one,) = changes(desk, *words, old="old.ndjson", new="new.ndjson")
    assert one["properties"]["changed_fields"] == ["seats"]
    assert one["properties"]["previous"] == {"seats": 3}
    done = desk.run("diff", "old.ndjson", "new.ndjson", *words, "-n", "--json")
    assert done.json["rows"] == {"read": 2, "mapped": 1, "rejected": 0, "filtered": 1}


def test_a_spelling_of_nothing_is_an_empty_cell(desk: Desk) -> None:
    desk.file("a.csv", "1,u1,,x", "2,u2,NULL,x", header="id,userId,plan,more")
    desk.file("b.csv", "1,u1,NULL,x", "2,u2,,y", header="id,userId,plan,more")
    (one,) = changes(desk, "--key", "id", *SENT, "--null", "NULL", "--previous", old="a.csv", new="b.csv")
    assert (one["properties"]["changed_fields"], one["properties"]["previous"]) == (["more"], {"more": "x"})
    done = desk.run("diff", "a.csv", "b.csv", "--key", "id", *SENT, "--null", "NULL", "-n", "--json")
    assert done.json["list"]["changed"] == 1


def test_a_column_whose_name_is_taken_is_told_and_no_change(desk: Desk) -> None:
    (desk.folder / "a.csv").write_text("id,userId,Previous,plan\n1,u1,x,a\n2,u2,x,a\n", encoding="utf-8")
    (desk.folder / "b.csv").write_text("id,userId,Previous,plan\n1,u1,y,a\n2,u2,x,b\n", encoding="utf-8")
    words = ("--key", "id", *SENT)
    assert len(changes(desk, *words, old="a.csv", new="b.csv")) == 2
    (one,) = changes(desk, *words, "--previous", old="a.csv", new="b.csv")
    assert one["properties"]["previous"] == {"plan": "a"}
    told = desk.run("diff", "a.csv", "b.csv", *words, "--previous", "-n").err
    assert "the difference itself sends a property previous" in told


def test_keys_of_several_columns_are_compared_without_outer_white_space(desk: Desk) -> None:
    (desk.folder / "a.csv").write_text("a,b,userId\n1,2,u1\n1,3,u2\n", encoding="utf-8")
    (desk.folder / "b.csv").write_text("a,b,userId\n 1,3 ,u2\n1,2,u1\n", encoding="utf-8")
    words = ("--key", "a", "--key", "b", "--added", "J", "--changed", "C", "--removed", "L")
    done = desk.run("diff", "a.csv", "b.csv", *words, "--dry-run", "--json")
    assert done.json["list"]["unchanged"] == 2


# --- ids -----------------------------------------------------------------------------------------


def ids(messages: list[Any]) -> list[str]:
    return [each["messageId"] for each in messages]


def test_the_same_difference_twice_is_once_and_a_generation_makes_it_another(desk: Desk) -> None:
    words = ("--key", "id", *SENT)
    first = changes(desk, *words)
    assert ids(changes(desk, *words)) == ids(first)
    fourth = changes(desk, *words, "--generation", "4")
    assert not {*ids(fourth)} & {*ids(first)}
    assert ids(changes(desk, *words, "--generation", "4")) == ids(fourth)


def test_a_record_s_own_id_makes_the_message_id(desk: Desk) -> None:
    (desk.folder / "own.csv").write_text("id,userId,Change\n8,u8,c1\n9,u9,\n", encoding="utf-8")
    (desk.folder / "own2.csv").write_text("id,userId,Change,More\n7,u7,c1,x\n", encoding="utf-8")
    words = ("--key", "id", "--added", "Joined", "--message-id", "Change", *ANY_LOSS)
    (desk.folder / "none.csv").write_text("id\n", encoding="utf-8")
    first = changes(desk, *words, old="none.csv", new="own.csv", code=1)
    assert len(first) == 1
    told = desk.run("diff", "none.csv", "own.csv", *words, "--dry-run").err
    assert "list-own-id-missing" in told
    assert "own.csv, line 3" in told
    assert ids(changes(desk, *words, old="none.csv", new="own2.csv")) == ids(first)
    other = changes(desk, *words, "--generation", "2", old="none.csv", new="own2.csv")
    assert ids(other) != ids(first)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("new", "told"),
    [
        ("id,userId\n1,u1\n,u2\n 1,u3\n1,u4\n", "1 row has no key (line 3)"),
        (
            "id,userId\n1,u1\n2,u2\n 1,u3\n1,u4\n",
            "2 rows have the key of another (line 4 that of line 2, line 5",
        ),
        ("id,userId\n1,u1\nNULL,u2\n", "1 row has no key (line 3)"),
    ],
)
def test_keys_that_are_missing_or_not_unique_are_refused_with_their_lines(
    new: str, told: str, desk: Desk
) -> None:
    (desk.folder / "bad.csv").write_text(new, encoding="utf-8")
    words = ("--key", "id", "--null", "NULL", *SENT, *ANY_LOSS, "--rehearse", "--json")
    done = desk.run("diff", "old.csv", "bad.csv", *words)
    assert (done.code, done.json["error"]["code"]) == (4, "list-key")
    assert told in done.json["error"]["message"]


@pytest.mark.parametrize(
    "new", ["", "id,User ID,Plan,Seats\n", "id,User ID\n1,u1\n", "id,User ID\n7,u7\n8,u8\n9,u9\n"]
)
def test_a_broken_new_list_is_refused_also_with_yes(new: str, desk: Desk) -> None:
    (desk.folder / "broken.csv").write_text(new, encoding="utf-8")
    done = desk.run("diff", "old.csv", "broken.csv", "--key", "id", *SENT, "--rehearse", "--yes", "--json")
    assert (done.code, done.json["error"]["code"]) == (8, "list-shrank")
    assert "of 3 rows of old.csv" in done.json["error"]["message"]
    assert done.json["list"]["old"] == 3
    allowed = desk.run("diff", "old.csv", "broken.csv", "--key", "id", *SENT, "-n", "--max-removed", "3")
    assert allowed.code == 0, allowed.err


@pytest.mark.parametrize(
    ("rows", "gone", "word", "code"),
    [
        (400, 40, "", 0),
        (400, 41, "", 8),
        (100, 20, "", 0),
        (100, 21, "", 8),
        (400, 41, "41", 0),
        (400, 41, "40", 8),
        (400, 41, "10.25%", 0),
        (400, 41, "10%", 8),
        (20, 11, "", 8),
        (20, 10, "", 0),
    ],
)
def test_a_tenth_or_twenty_rows_may_be_gone_and_half_must_be_known(
    rows: int, gone: int, word: str, code: int, desk: Desk
) -> None:
    lines = [f"{number},u{number}" for number in range(rows)]
    desk.file("many.csv", *lines, header="id,userId")
    desk.file("fewer.csv", *lines[gone:], header="id,userId")
    words = ["--max-removed", word] if word else []
    done = desk.run("diff", "many.csv", "fewer.csv", "--key", "id", "--removed", "Left", "-n", *words)
    assert done.code == code, done.err


def test_no_project_file_says_how_many_may_be_gone_or_what_the_key_is(desk: Desk) -> None:
    for line in ('max_removed = "50%"\n', 'max-removed = "50%"\n', 'key = "id"\n', 'initial = "send"\n'):
        (desk.folder / "infl-seg.toml").write_text(line, encoding="utf-8")
        done = desk.run("diff", "old.csv", "new.csv", "--key", "id", *SENT, "-n")
        assert done.code == 2
        assert "infl-seg.toml" in done.err


def test_whoever_may_be_on_a_line_that_cannot_be_read_is_not_sent_as_gone(desk: Desk) -> None:
    (desk.folder / "torn.csv").write_text(NEW + "3,pro\n", encoding="utf-8")
    words = ("--key", "id", *SENT)
    assert [each[:2] for each in brief(changes(desk, *words, new="torn.csv", code=1))] == [
        ("Joined", "u4"),
        ("Changed", "u2"),
    ]
    done = desk.run("diff", "old.csv", "torn.csv", *words, "-n", "--json", "--rejects", "r")
    assert (done.json["list"]["removed"], done.json["list"]["withheld"]) == (1, 1)
    assert (done.json["rows"]["rejected"], done.json["problems"][0]["line"]) == (1, 5)
    assert b"3,pro" in b"".join(path.read_bytes() for path in (desk.folder / "r").iterdir())
    told = desk.run("diff", "old.csv", "torn.csv", *words, "-n").err
    assert "not sent: 1 removed (a line of the new list cannot be read, and may be one of them)" in told


def test_a_line_of_the_old_list_that_cannot_be_read_sends_nothing(desk: Desk) -> None:
    (desk.folder / "torn.csv").write_text(OLD + '5,"basic,u5,1\n', encoding="utf-8")
    done = desk.run("diff", "torn.csv", "new.csv", "--key", "id", *SENT, "--rehearse", "--json")
    assert (done.code, done.json["error"]["code"]) == (4, "list-unreadable")
    assert "torn.csv, line 5" in done.json["error"]["message"]


@pytest.mark.parametrize(("kept", "code"), [(0.5, 8), (0.99, 1)])
def test_a_list_that_breaks_off_within_a_row_removes_no_one(kept: float, code: int, desk: Desk) -> None:
    desk.file("many.csv", *(f"{number},u{number},pro" for number in range(400)), header="id,userId,Plan")
    whole = (desk.folder / "many.csv").read_text(encoding="utf-8")
    cut = whole.rindex("\n", 0, int(len(whole) * kept))
    (desk.folder / "torn.csv").write_text(whole[: cut + 4], encoding="utf-8")
    done = desk.run("diff", "many.csv", "torn.csv", "--key", "id", *SENT, "--rehearse", "--json")
    assert done.code == code
    if code == 8:
        assert done.json["error"]["code"] == "list-shrank"
        assert "of 400 rows of many.csv" in done.json["error"]["message"]
        assert "and 1 line that cannot be read" in done.json["error"]["message"]
    else:
        assert (done.json["events"]["built"], done.json["list"]["withheld"] > 1) == (0, True)


def test_a_file_whose_lines_are_none_of_a_list_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inflection_cli.comparing.keyed_lists._MOST_FAULTS", 2)
    (desk.folder / "torn.csv").write_text(NEW + "5\n6\n7\n", encoding="utf-8")
    done = desk.run("diff", "old.csv", "torn.csv", "--key", "id", *SENT, "--rehearse", "--json")
    assert (done.code, done.json["error"]["code"]) == (4, "list-unreadable")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--segment", "T"], "--key is missing"),
        (["--key", "id"], "nothing says what is sent"),
        (["--key", "id", "--segment", "T", "--added", "A"], "exclude each other"),
        (["--key", "id", "--as", "page"], "sent as identify or group"),
        (["--key", "id", "--added", " "], "--added is empty"),
        (["--key", "id", "--added", "A", "--previous"], "--previous"),
        (["--key", "id", "--segment", "T", "--max-removed", "many"], "--max-removed"),
        (["--key", "id", "--segment", "T", "--max-removed", "101%"], "--max-removed"),
        (["--key", "id", "--segment", "T", "--timestamp", "At", "--map", "timestamp=At"], "both name"),
    ],
)
def test_options_that_cannot_be_met_are_refused(words: list[str], told: str, desk: Desk) -> None:
    done = desk.run("diff", "old.csv", "new.csv", *words, "--dry-run")
    assert done.code == 2
    assert told in done.err


def test_both_lists_cannot_come_from_standard_input(desk: Desk) -> None:
    done = desk.run("diff", "-", "-", "--key", "id", "--segment", "T", "-n", stdin=OLD.encode())
    assert (done.code, "standard input" in done.err) == (2, True)


@pytest.mark.parametrize("option", ["--key", "--ignore", "--message-id"])
def test_a_column_that_is_not_there_is_told_with_the_nearest(option: str, desk: Desk) -> None:
    words = ["--key", "id"] if option != "--key" else []
    done = desk.run("diff", "old.csv", "new.csv", *words, option, "Seat", "--segment", "T", "-n")
    assert done.code == 4
    assert "no column “Seat”" in done.err
    assert f"did you mean {option} “Seats”?" in done.err


def test_a_renamed_column_is_told_and_not_guessed(desk: Desk) -> None:
    (desk.folder / "named.csv").write_text(OLD.replace("Plan", "Tier"), encoding="utf-8")
    done = desk.run("diff", "old.csv", "named.csv", "--key", "id", *SENT, "-n", "--json")
    assert done.json["list"]["unchanged"] == 3
    told = [(each["code"], each["column"]) for each in done.json["problems"] if "list" in each["code"]]
    assert told == [("list-column-differs", "Plan"), ("list-column-differs", "Tier")]


def test_a_personal_column_is_told_and_not_sent(desk: Desk) -> None:
    for name, phone in (("a.csv", "+49 30 1234567"), ("b.csv", "+49 30 7654321")):
        (desk.folder / name).write_text(f"id,userId,Phone\n1,u1,{phone}\n", encoding="utf-8")
    done = desk.run("diff", "a.csv", "b.csv", "--key", "id", *SENT, "-n", "--json")
    assert done.json["list"]["unchanged"] == 1
    assert ("column-left-out", "Phone") in [(each["code"], each["column"]) for each in done.json["problems"]]


def test_an_address_that_is_not_sent_is_no_change(desk: Desk) -> None:
    (desk.folder / "a.csv").write_text("id,userId,Email\n1,u1,a@example.com\n", encoding="utf-8")
    (desk.folder / "b.csv").write_text("id,userId,Email\n1,u1,b@example.com\n", encoding="utf-8")
    done = desk.run("diff", "a.csv", "b.csv", "--key", "id", *SENT, "-n", "--json")
    assert done.json["list"]["unchanged"] == 1
    done = desk.run("diff", "a.csv", "b.csv", "--key", "id", *SENT, "-n", "--json", "--property", "Email")
    assert done.json["list"]["changed"] == 1


# --- properties ----------------------------------------------------------------------------------


def leads_to(desk: Desk, old: State, new: State, seed: int) -> None:
    """See that the old list and the events give the new one, whatever the order of rows and columns."""
    shuffled = random.Random(seed)
    for name, state in (("o.csv", old), ("n.csv", new)):
        rows, columns = [*state], ["id", "plan", "seats"]
        shuffled.shuffle(rows)
        shuffled.shuffle(columns)
        (desk.folder / name).write_text(as_csv(state, rows, columns), encoding="utf-8", newline="")
    words = (*MAPPED, *SENT, *ANY_LOSS)
    if not (old or new):
        return
    messages = changes(desk, *words, old="o.csv", new="n.csv")
    assert after(old, messages) == without_blanks(new)
    assert len({*ids(messages)}) == len(messages)
    if new:
        assert changes(desk, *words, old="n.csv", new="n.csv") == []


@given(states, states, st.integers(0, 1000))
@examples(10)
def test_the_old_list_and_the_events_give_the_new_list(
    tmp_path_factory: pytest.TempPathFactory, old: State, new: State, seed: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        leads_to(Desk.at(tmp_path_factory.mktemp("lists"), patch), old, new, seed)


@pytest.mark.slow
@given(states, states, st.integers(0, 1000))
@examples(150)
def test_the_old_list_and_the_events_give_the_new_list_for_many(
    tmp_path_factory: pytest.TempPathFactory, old: State, new: State, seed: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        leads_to(Desk.at(tmp_path_factory.mktemp("lists"), patch), old, new, seed)


def test_lists_that_are_larger_than_memory_holds_come_in_the_order_of_their_rows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inflection_cli.comparing.keyed_lists._HELD", 7)
    monkeypatch.setattr("inflection_cli.comparing.list_changes._CHUNK_ROWS", 5)
    numbers = [*range(300)]
    random.Random(7).shuffle(numbers)
    old, new = numbers[:200], numbers[100:]
    desk.file("o.csv", *(f"{each},u{each},{each % 5}" for each in old), header="id,userId,plan")
    desk.file("n.csv", *(f"{each},u{each},{each % 7}" for each in new), header="id,userId,plan")
    found = changes(desk, "--key", "id", *SENT, *ANY_LOSS, old="o.csv", new="n.csv")
    who = [(each["event"], int(each["userId"][1:])) for each in found]
    both = [each for each in new if each in {*old}]
    assert who == [
        *(("Left", each) for each in old if each not in {*new}),
        *(("Joined", each) for each in new if each not in {*old}),
        *(("Changed", each) for each in both if each % 5 != each % 7),
    ]


def test_a_rehearsal_delivers_what_changed(desk: Desk) -> None:
    done = desk.run("diff", "old.csv", "new.csv", "--key", "id", *SENT, "--rehearse", "--json")
    assert done.code == 0
    assert done.json["events"]["accepted"] == 3
    assert json.loads(done.out)["list"]["changed"] == 1


# --- ids by hand ---------------------------------------------------------------------------------


def net(value: str | None) -> str:
    return "~," if value is None else f"{len(value.encode())}:{value},"


def content(**cells: str) -> str:
    """The digest of a row's compared content: names in order, then values."""
    names = "".join(net(name) for name in sorted(cells))
    values = "".join(net(cells[name]) for name in sorted(cells))
    return hashlib.blake2b((names + values).encode(), digest_size=16).hexdigest()


def uuid_of(*parts: str | None) -> str:
    name = "infl-seg/1 list\n" + "".join(map(net, parts))
    digest = hashlib.blake2b(name.encode(), digest_size=13).digest()
    return str(uuid.UUID(bytes=digest[:6] + b"\x80\x01\x80" + digest[6:]))


def test_ids_are_made_of_name_generation_segment_kind_key_and_both_contents(desk: Desk) -> None:
    old = {"id": "2", "User ID": "u2", "Plan": "pro", "Seats": "7"}
    before = {name: text for name, text in old.items() if name != "id"}
    gone = content(**{"User ID": "u3", "Plan": "pro", "Seats": "7"})
    come = content(**{"User ID": "u4", "Plan": "basic", "Seats": "1"})
    was, now = content(**before), content(**{**before, "Seats": "8"})
    assert ids(changes(desk, "--key", "id", *SENT, "--generation", "4")) == [
        uuid_of("", "4", None, "removed", None, "Left", net("3"), gone, None),
        uuid_of("", "4", None, "added", None, "Joined", net("4"), None, come),
        uuid_of("", "4", None, "changed", None, "Changed", net("2"), was, now),
    ]
    found = ids(changes(desk, "--key", "id", "--segment", "T"))
    assert found[0] == uuid_of("", None, "T", "removed", None, "Segment Exited", net("3"), gone, None)
    assert found[0] == "510c0223-ce80-8001-8033-7e95d5ab3819"
