"""People who become known: which pairs are linked, when, and what is never merged."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
import reference
from command_support import HEADER, Desk, Result, events_balance, rows_balance, to
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from old_ledger import as_version_3

from inflection_cli.ledger.ledger_records import PeopleTotalsRow, RunRow, columns, row_checksum
from inflection_cli.sandbox import Sandbox, Settings, serve
from inflection_cli.version import __version__

SETTINGS = reference.Settings(version=__version__)
NAMES = HEADER.split(",")

ALONE = "Email Opened,,p-1,e1,c1,2024-04-01T08:00:00Z"
BOTH = "Email Opened,u-1,p-1,e1,c1,2024-04-02T08:00:00Z"
LATER = "Email Opened,u-1,p-1,e1,c1,2024-04-03T08:00:00Z"
USER = "Email Opened,u-1,,e1,c1,2024-04-01T08:00:00Z"
OTHER_USER = "Email Opened,u-2,p-1,e1,c1,2024-04-04T08:00:00Z"
OTHER_PERSON = (
    "Email Opened,,p-2,e1,c1,2024-04-01T09:00:00Z",
    "Email Opened,u-1,p-2,e1,c1,2024-04-02T09:00:00Z",
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def kept() -> Settings:
    return Settings(keep_messages=True)


def links_of(messages: Sequence[dict[str, Any]]) -> list[tuple[str, str, str]]:
    """PersonId, userId and time of each identify."""
    found = [one for one in messages if one["type"] == "identify"]
    assert all("traits" not in one for one in found)
    return [(one["anonymousId"], one["userId"], one["timestamp"]) for one in found]


def sent(desk: Desk, sandbox: Sandbox, *words: str) -> Result:
    done = desk.run("backfill", *to(sandbox.url, "--json", "--namespace", "n", *words))
    if done.out:
        assert rows_balance(done.json)
        assert events_balance(done.json)
    return done


def planned(desk: Desk, *words: str) -> list[dict[str, Any]]:
    """The messages that a dry run writes."""
    done = desk.run("backfill", *words, "--dry-run", "--out", "out.ndjson", "--state-dir", "none")
    assert done.code == 0, done.err
    return desk.messages("out.ndjson")


LINK = [("p-1", "u-1", "2024-04-02T08:00:00.000Z")]
"""The time is that of the pair's earliest row."""


@pytest.mark.parametrize(
    ("rows", "mode", "links"),
    [
        ([ALONE, BOTH, LATER], "auto", LINK),
        ([LATER, BOTH, ALONE], "auto", LINK),
        ([BOTH, LATER], "auto", []),
        ([BOTH, USER], "auto", []),
        ([ALONE], "auto", []),
        ([ALONE, USER], "auto", []),
        ([BOTH, LATER], "always", LINK),
        ([ALONE], "always", []),
        ([ALONE, BOTH], "never", []),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
@pytest.mark.parametrize("files", [1, 3])
def test_a_pair_is_linked_where_the_person_is_also_seen_alone(
    desk: Desk, rows: list[str], mode: str, links: list[tuple[str, str, str]], files: int
) -> None:
    names = [desk.file(f"{n}.csv", *rows[n::files]) for n in range(files) if rows[n::files]]
    messages = planned(desk, *names, "--identify", mode)
    assert links_of(messages) == links
    assert [one["type"] for one in messages] == ["track"] * len(rows) + ["identify"] * len(links)


@pytest.mark.parametrize(
    "words", [("--since", "2024-04-02"), ("--event", "Link Clicked"), ("--limit", "1")], ids=lambda w: w[0]
)
def test_what_is_filtered_out_counts_for_nobody(desk: Desk, words: tuple[str, str]) -> None:
    file = desk.file("a.csv", ALONE, BOTH)
    assert links_of(planned(desk, file, *words)) == []


IDS = st.sampled_from(["", "p1", "p2", "p3", "p-ö"]), st.sampled_from(["", "u1", "u2", "u-ü"])
ROWS = st.lists(
    st.tuples(*IDS, st.integers(0, 5), st.sampled_from(["", "5", "1234"])).filter(
        lambda row: row[0] or row[1]
    ),
    min_size=1,
    max_size=9,
)


def written(row: tuple[str, str, int, str]) -> str:
    person, user, second, fraction = row
    return f"Email Opened,{user},{person},e1,c1,2024-04-01T08:00:0{second}{'.' * bool(fraction)}{fraction}Z"


@examples(15)
@given(rows=ROWS, dice=st.randoms(use_true_random=False), cut=st.integers(0, 9))
def test_shuffled_split_and_repeated_inputs_give_the_links_of_the_reference(
    rows: list[tuple[str, str, int, str]], dice: Random, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = [written(row) for row in rows]
    mixed = [*lines, *dice.sample(lines, min(3, len(lines)))]
    dice.shuffle(mixed)
    parts = [part for part in (mixed[:cut], mixed[cut:]) if part]
    with pytest.MonkeyPatch.context() as patch:
        desk = Desk.at(tmp_path_factory.mktemp("desk"), patch)
        names = [desk.file(f"{n}.csv", *part) for n, part in enumerate(parts)]
        messages = planned(desk, *names, "--allow-implausible-people")
        whole = planned(desk, desk.file("whole.csv", *lines), "--allow-implausible-people")
    expected = [
        one.message
        for one in reference.expect_links(
            [dict(zip(NAMES, line.split(","), strict=True)) for line in lines], SETTINGS
        )
    ]
    found = [one for one in messages if one["type"] == "identify"]
    assert found == [one for one in whole if one["type"] == "identify"] == expected
    assert messages[len(messages) - len(found) :] == found


def test_links_are_the_last_to_arrive_even_where_other_requests_are_retried(desk: Desk) -> None:
    many = [f"Email Opened,,p-{n},e1,c1,2024-04-01T08:00:00Z" for n in range(60)]
    known = [f"Email Opened,u-{n},p-{n},e1,c1,2024-04-02T08:00:00Z" for n in range(60)]
    file = desk.file("a.csv", *many, *known)
    script = ("503", None, "reset", "ack-lost")
    with serve(Settings(keep_messages=True, script=script)) as sandbox:
        done = sent(desk, sandbox, file, "--dedup-window", "20", "--events-per-second", "300")
        types = [one["type"] for one in sandbox.messages()]
    assert (done.code, done.json["identities"]["linked"]) == (0, 60), done.err
    assert types == ["track"] * 120 + ["identify"] * 60


def test_a_run_that_breaks_off_before_the_links_sends_them_by_the_same_command(desk: Desk) -> None:
    file = desk.file("a.csv", ALONE, BOTH)
    with serve(Settings(keep_messages=True, script=(None, "404"))) as sandbox:
        first = sent(desk, sandbox, file)
        before = links_of(sandbox.messages())
        second = sent(desk, sandbox, file)
        after = links_of(sandbox.messages())
        third = sent(desk, sandbox, file)
    assert (first.code, first.json["events"]["pending"], before) == (5, 1, [])
    assert (second.code, second.json["events"]["accepted"], after) == (0, 1, LINK)
    assert (third.code, third.json["events"]["already_accepted"]) == (0, 3)


# One event a batch, so that the first batch is p-1's; or all in one, which is halved until one event stands alone.
ONE_EACH = ("--events-per-second", "10")


@pytest.mark.parametrize(
    ("script", "words", "code", "state"),
    [
        (("400", "400", "400", None), (), 1, "refused"),
        (("ack-503",), ONE_EACH, 7, "in_doubt"),
    ],
    ids=["refused", "unconfirmed"],
)
def test_a_person_whose_events_are_not_all_accepted_gets_no_link_yet(
    desk: Desk, script: tuple[str | None, ...], words: tuple[str, ...], code: int, state: str
) -> None:
    file = desk.file("a.csv", ALONE, BOTH, *OTHER_PERSON)
    with serve(Settings(keep_messages=True, script=script)) as sandbox:
        done = sent(desk, sandbox, file, "--rejects", "r", *words)
        found = links_of(sandbox.messages())
        assert (done.code, done.json["events"]["pending"], done.json["events"][state]) == (code, 1, 1), (
            done.err
        )
        assert [person for person, _, _ in found] == ["p-2"]
        again = sent(desk, sandbox, file, *(("--resend-in-doubt",) if state == "in_doubt" else ()))
        assert (again.code, again.json["events"]["pending"]) == (0, 0)
        assert {person for person, _, _ in links_of(sandbox.messages())} == {"p-1", "p-2"}


def test_a_second_run_links_whom_the_first_has_sent_alone(desk: Desk) -> None:
    april, may = (
        desk.file("april.csv", ALONE),
        desk.file("may.csv", BOTH, BOTH.replace("-1", "-3")),
    )
    with serve(kept()) as sandbox:
        for file in (april, may):
            assert sent(desk, sandbox, file).code == 0
        assert links_of(sandbox.messages()) == LINK


def test_a_later_time_is_no_other_link(desk: Desk) -> None:
    april, may = desk.file("april.csv", ALONE, LATER), desk.file("may.csv", ALONE, BOTH)
    with serve(kept()) as sandbox:
        assert sent(desk, sandbox, april).code == 0
        done = sent(desk, sandbox, may)
        assert links_of(sandbox.messages()) == [("p-1", "u-1", "2024-04-03T08:00:00.000Z")]
    assert (done.json["problem_counts"], done.json["events"]["already_accepted"]) == ({}, 2)


def test_two_outs_with_one_link_are_replayed_without_a_conflict(desk: Desk) -> None:
    for name, rows in (("a", (ALONE, LATER)), ("b", (ALONE, BOTH))):
        file = desk.file(f"{name}.csv", *rows)
        assert desk.run("backfill", file, "--dry-run", "--out", f"{name}.ndjson").code == 0
    with serve(kept()) as sandbox:
        for name in ("a", "b"):
            done = desk.run("replay", f"{name}.ndjson", *to(sandbox.url, "--json"))
            assert (done.code, done.json["problem_counts"]) == (0, {})
        assert len(links_of(sandbox.messages())) == 1


def test_a_ledger_that_kept_no_people_counts_everybody_as_seen(desk: Desk) -> None:
    with serve(kept()) as sandbox:
        assert sent(desk, sandbox, desk.file("old.csv", USER)).code == 0
        (path,) = (desk.folder / "state").rglob("*.sqlite3")
        as_version_3(path)
        assert sent(desk, sandbox, desk.file("may.csv", BOTH)).code == 0
        assert links_of(sandbox.messages()) == LINK


def test_a_run_that_links_nobody_keeps_whom_it_sends_alone(desk: Desk) -> None:
    with serve(kept()) as sandbox:
        assert sent(desk, sandbox, desk.file("april.csv", ALONE), "--identify", "never").code == 0
        assert sent(desk, sandbox, desk.file("may.csv", BOTH)).code == 0
        assert links_of(sandbox.messages()) == LINK


def test_a_run_that_is_forgotten_takes_its_people_along(desk: Desk) -> None:
    with serve(kept()) as sandbox:
        assert sent(desk, sandbox, desk.file("april.csv", ALONE)).code == 0
        assert desk.run("runs", "forget", "last", "--yes").code == 0
        assert sent(desk, sandbox, desk.file("may.csv", BOTH)).code == 0
        assert links_of(sandbox.messages()) == []


def test_a_person_with_two_users_is_an_error_with_both_lines_and_nothing_is_sent(desk: Desk) -> None:
    file = desk.file("a.csv", ALONE, BOTH, OTHER_USER, *OTHER_PERSON)
    with serve(kept()) as sandbox:
        done = sent(desk, sandbox, file, "--max-errors", "100%")
        assert sandbox.stats()["requests"] == 0
        (problem,) = done.json["problems"]
        assert (done.code, problem["code"], problem["line"]) == (8, "person-two-users", 3)
        assert "a.csv, line 4" in problem["message"]
        assert "--allow-implausible-people" in done.json["error"]["hint"]
        allowed = sent(desk, sandbox, file, "--allow-implausible-people")
        assert (allowed.code, allowed.json["events"]["accepted"]) == (0, 6)
        assert allowed.json["identities"]["conflicting"] == 1
        assert [person for person, _, _ in links_of(sandbox.messages())] == ["p-2"]


def test_a_person_whom_an_earlier_run_has_linked_to_another_user_is_that_error_too(desk: Desk) -> None:
    with serve(kept()) as sandbox:
        assert sent(desk, sandbox, desk.file("april.csv", ALONE, BOTH)).code == 0
        may = sent(desk, sandbox, desk.file("may.csv", OTHER_USER))
        assert (may.code, may.json["problem_counts"]) == (8, {"person-two-users": 1})
        assert "an earlier run's link" in may.json["problems"][0]["message"]
        assert sent(desk, sandbox, "may.csv", "--allow-implausible-people").code == 0
        assert links_of(sandbox.messages()) == LINK


def test_one_user_of_two_people_is_a_warning_and_each_is_linked(desk: Desk) -> None:
    with serve(kept()) as sandbox:
        done = sent(desk, sandbox, desk.file("a.csv", ALONE, BOTH, *OTHER_PERSON))
        assert (done.code, done.json["problem_counts"]) == (0, {"user-several-persons": 1})
        assert sorted(person for person, _, _ in links_of(sandbox.messages())) == ["p-1", "p-2"]
        assert done.json["problems"][0]["line"] == 5


def test_more_conflicts_than_are_named_are_counted(desk: Desk) -> None:
    rows = [f"Email Opened,{u}-{n},p-{n},e1,c1,2024-04-01T08:00:00Z" for n in range(130) for u in "ab"]
    done = desk.run("validate", desk.file("a.csv", *rows), "--json")
    assert (done.code, done.json["problem_counts"]["person-two-users"]) == (1, 130)
    assert [one["line"] for one in done.json["problems"] if one["code"] == "person-two-users"][:3] == [
        2,
        4,
        6,
    ]


@pytest.mark.parametrize("dry", [True, False])
def test_resolved_events_go_out_under_the_userid_with_the_ids_that_they_have(desk: Desk, dry: bool) -> None:
    rows = [ALONE, BOTH, OTHER_PERSON[0], "Email Opened,,p-4,e1,c1,2024-04-01T08:00:00Z"]
    file = desk.file(
        "a.csv",
        *rows,
        'Email Opened,"u ""5""",p 5,e1,c1,2024-04-01T08:00:00Z',
        "Email Opened,,p 5,e,c,2024-04-02T08:00:00Z",
    )
    plain = planned(desk, file)
    if dry:
        resolved = planned(desk, file, "--resolve-identity")
    else:
        with serve() as sandbox:
            done = sent(desk, sandbox, file, "--resolve-identity", "--out", "sent.ndjson")
        assert (done.code, done.json["identities"]["events_resolved"]) == (0, 2)
        resolved = desk.messages("sent.ndjson")
    users = {"p-1": "u-1", "p 5": 'u "5"'}
    expected = []
    for message in plain[:6]:
        user = users.get(message.get("anonymousId", ""))
        if user:
            message["userId"] = user
            del message["anonymousId"]
        expected.append(message)
    assert resolved == expected


def test_resolving_leaves_a_person_with_two_users_alone(desk: Desk) -> None:
    file = desk.file("a.csv", ALONE, BOTH, OTHER_USER)
    messages = planned(desk, file, "--resolve-identity", "--allow-implausible-people")
    assert [one.get("userId") for one in messages] == [None, "u-1", "u-2"]


def test_pages_and_traits_go_out_under_the_userid_too(desk: Desk) -> None:
    activity = desk.file("activity.csv", ALONE, BOTH)
    pages = desk.folder / "pages.csv"
    pages.write_text(
        "type,personId,name,url,timestamp\npage,p-1,Home,,2024-04-01T07:00:00Z\n", encoding="utf-8"
    )
    alone = planned(desk, activity, str(pages), "--identify", "never")
    resolved = planned(desk, activity, str(pages), "--resolve-identity")
    (page,) = [one for one in resolved if one["type"] == "page"]
    (before,) = [one for one in alone if one["type"] == "page"]
    assert (before.pop("anonymousId"), page.pop("userId")) == ("p-1", "u-1")
    assert page == before


def test_who_was_sent_alone_before_is_linked_when_the_rest_is_resolved(desk: Desk) -> None:
    with serve(kept()) as sandbox:
        assert sent(desk, sandbox, desk.file("april.csv", ALONE)).code == 0
        done = sent(desk, sandbox, desk.file("both.csv", ALONE, BOTH), "--resolve-identity")
        assert (done.code, links_of(sandbox.messages())) == (0, LINK)


def test_a_session_is_never_linked(desk: Desk) -> None:
    """Its id stands beside a userId already; a link would merge the two for good."""
    session = ("--check", "freshsuccess", "--session-id", "person")
    with serve(kept()) as sandbox:
        assert sent(desk, sandbox, desk.file("april.csv", ALONE)).code == 0
        may = desk.file("may.csv", BOTH)
        done = sent(desk, sandbox, may, *session)
        assert (done.code, done.json["identities"]["linked"]) == (0, 0)
        assert links_of(sandbox.messages()) == []
        refused = desk.run("backfill", may, "--dry-run", "--identify", "always", *session)
    assert (refused.code, "--identify always and --session-id exclude each other" in refused.err) == (2, True)


def test_verify_finds_the_links_and_misses_those_that_are_not_in(desk: Desk) -> None:
    file = desk.file("a.csv", ALONE, BOTH)
    with serve(Settings(script=(None, "404"))) as sandbox:
        assert sent(desk, sandbox, file).code == 5
        missing = desk.run("runs", "verify", file, "--json").json
        assert (missing["events"]["missing"], missing["first_missing"]) == (1, [{"file": file, "line": 3}])
        assert sent(desk, sandbox, file).code == 0
        found = desk.run("runs", "verify", file, "--json").json
    assert (found["all_there"], found["events"]["accepted"], found["events"]["unknown"]) == (True, 3, 0)


def test_links_are_in_the_plan_the_summary_and_the_receipt(desk: Desk) -> None:
    file = desk.file("a.csv", ALONE, BOTH)
    with serve() as sandbox:
        done = desk.run("backfill", file, *to(sandbox.url))
    assert "identity  1 identify links a person to a userId" in done.err
    assert "3 built = 3 accepted" in done.out
    receipt = desk.run("runs", "show", "last", "--json").json["run"]
    assert receipt["at_the_end"]["identities"]["linked"] == 1
    assert receipt["at_the_end"]["events"]["accepted"] == 3
    assert receipt["at_the_end"]["by_event"] == {"Email Opened": 2, "identify": 1}


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM people",
        "UPDATE people SET digests = zeroblob(16)",
        "UPDATE people SET run = 2",
        "DELETE FROM people_totals",
    ],
)
def test_people_that_are_not_as_they_were_written_are_told(desk: Desk, harm: str) -> None:
    with serve() as sandbox:
        assert sent(desk, sandbox, desk.file("a.csv", ALONE)).code == 0
    (path,) = (desk.folder / "state").rglob("*.sqlite3")
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute(harm)
    done = desk.run("runs", "list", "--json")
    assert (done.code, json.loads(done.out)["error"]["code"]) == (6, "ledger-damaged")


def test_no_digest_in_the_ledger_is_that_of_the_id_alone(desk: Desk) -> None:
    stored = []
    for name in ("one", "two"):
        with serve() as sandbox:
            there = to(sandbox.url, "--namespace", "n", "--state-dir", name)
            assert desk.run("backfill", desk.file("a.csv", ALONE), *there).code == 0
        (path,) = (desk.folder / name).rglob("*.sqlite3")
        with closing(sqlite3.connect(path)) as db:
            stored += [row[0] for row in db.execute("SELECT digests FROM people ORDER BY key LIMIT 1")]
        assert b"p-1" not in path.read_bytes()
    assert [len(one) for one in stored] == [16, 16]
    assert stored[0] != stored[1]


def test_a_link_in_doubt_holds_no_later_run_up(desk: Desk) -> None:
    file, more = desk.file("a.csv", ALONE, BOTH), desk.file("more.csv", *OTHER_PERSON)
    with serve(Settings(keep_messages=True, script=(None, "ack-503"))) as sandbox:
        assert sent(desk, sandbox, file, "--rejects", "r").code == 7
        later = sent(desk, sandbox, file, more, "--rejects", "r2")
        assert (later.code, later.json["events"]["accepted"], later.json["events"]["in_doubt"]) == (7, 3, 1)


def test_ids_that_are_numbers_in_json_are_linked_as_texts(desk: Desk) -> None:
    row = {"event": "Email Opened", "campaign_id": "c1", "email_id": "e1"}
    rows = (
        {**row, "personId": 5001, "timestamp": "2024-04-01T08:00:00Z"},
        {**row, "personId": 5001, "userId": 123, "timestamp": "2024-04-02T08:00:00Z"},
    )
    (desk.folder / "n.ndjson").write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    messages = planned(desk, "n.ndjson")
    assert links_of(messages) == [("5001", "123", "2024-04-02T08:00:00.000Z")]
    resolved = planned(desk, "n.ndjson", "--resolve-identity")
    assert [one["userId"] for one in resolved] == ["123", "123"]


def test_one_session_of_two_users_is_refused(desk: Desk) -> None:
    """Segment would link the session's id to both, and so merge the two."""
    file = desk.file("a.csv", BOTH, OTHER_USER)
    done = desk.run("backfill", file, "--dry-run", "--check", "freshsuccess", "--session-id", "person")
    assert (done.code, "person-two-users" in done.err) == (8, True)


# --- what the ledger knows of earlier runs -------------------------------------------------------


def replayed(desk: Desk, sandbox: Sandbox, *words: str) -> Result:
    done = desk.run("replay", *to(sandbox.url, "--json", "--namespace", "n", *words))
    assert events_balance(done.json)
    return done


def ready(desk: Desk, name: str, *messages: dict[str, Any]) -> str:
    """A file of ready messages."""
    lines = [
        json.dumps({"messageId": f"{name}-{n}", "timestamp": f"2024-04-02T08:00:0{n}Z", **one})
        for n, one in enumerate(messages)
    ]
    (desk.folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name


JOINED = {"type": "identify", "anonymousId": "p-1", "userId": "u-1"}


def test_a_link_that_a_replay_sends_is_known_to_later_runs(desk: Desk) -> None:
    desk.run("backfill", desk.file("a.csv", ALONE, BOTH), "--dry-run", "--out", "a.ndjson")
    may = desk.file("may.csv", OTHER_USER)
    with serve(kept()) as sandbox:
        assert replayed(desk, sandbox, "a.ndjson").code == 0
        other = sent(desk, sandbox, may)
        assert (other.code, other.json["problem_counts"]) == (8, {"person-two-users": 1})
        assert sent(desk, sandbox, may, "--allow-implausible-people").code == 0
        assert links_of(sandbox.messages()) == LINK


@pytest.mark.parametrize("first", ["backfill", "replay"])
def test_a_replay_never_links_a_person_to_another_user(desk: Desk, first: str) -> None:
    with serve(kept()) as sandbox:
        if first == "backfill":
            assert sent(desk, sandbox, desk.file("a.csv", ALONE, BOTH)).code == 0
        else:
            assert replayed(desk, sandbox, ready(desk, "a.ndjson", JOINED)).code == 0
        before = sandbox.stats()["requests"]
        other = ready(desk, "b.ndjson", {**JOINED, "userId": "u-2"})
        for words in ((), ("--allow-implausible-people", "--max-errors", "100%")):
            done = replayed(desk, sandbox, other, *words)
            assert (done.code, done.json["problem_counts"]) == (8, {"person-two-users": 1})
        assert "Remove it" in done.json["problems"][0]["hint"]
        assert sandbox.stats()["requests"] == before


def test_a_replay_of_one_person_with_two_users_is_refused_unless_no_identify_is_among_it(desk: Desk) -> None:
    both = [{"event": "A", **JOINED, "type": "track", "userId": user} for user in ("u-1", "u-2")]
    with serve(kept()) as sandbox:
        refused = replayed(desk, sandbox, ready(desk, "a.ndjson", *both))
        assert (refused.code, refused.json["problem_counts"]) == (8, {"person-two-users": 1})
        assert replayed(desk, sandbox, "a.ndjson", "--allow-implausible-people").code == 0
        mixed = ready(desk, "b.ndjson", both[0], {**JOINED, "userId": "u-2"})
        assert replayed(desk, sandbox, mixed, "--allow-implausible-people").code == 8


@pytest.mark.parametrize("session", ["person", "Visit"])
def test_the_pairs_of_sessions_are_known_to_later_runs(desk: Desk, session: str) -> None:
    header = f"{HEADER},Visit"
    april = desk.file("april.csv", f"{BOTH},p-1", header=header)
    words = ("--check", "freshsuccess", "--session-id", session)
    with serve(kept()) as sandbox:
        assert sent(desk, sandbox, april, *words).code == 0
        linked = sent(desk, sandbox, desk.file("may.csv", ALONE, OTHER_USER))
        assert (linked.code, linked.json["problem_counts"]) == (8, {"person-two-users": 1})
        beside = sent(desk, sandbox, desk.file("june.csv", f"{OTHER_USER},p-1", header=header), *words)
        assert (beside.code, beside.json["problem_counts"]["person-two-users"]) == (8, 1)


def test_a_visit_of_two_users_is_refused(desk: Desk) -> None:
    rows = [f"{row},v-1" for row in (BOTH, OTHER_USER.replace("p-1", "p-2"))]
    file = desk.file("a.csv", *rows, header=f"{HEADER},Visit")
    done = desk.run("backfill", file, "--dry-run", "--check", "freshsuccess", "--session-id", "Visit")
    assert (done.code, "person-two-users" in done.err) == (8, True)


def test_a_link_that_was_refused_is_no_link_and_goes_again(desk: Desk) -> None:
    file, other = desk.file("a.csv", ALONE, BOTH), desk.file("other.csv", OTHER_USER)
    with serve(Settings(keep_messages=True, script=(None, "400"))) as sandbox:
        first = sent(desk, sandbox, file, "--rejects", "r")
        assert (first.code, first.json["events"]["refused"]) == (1, 1), first.err
        assert sent(desk, sandbox, other, "--dry-run").json["problem_counts"] == {}
        again = sent(desk, sandbox, file)
        assert (again.code, again.json["events"]["accepted"]) == (0, 1)
        assert links_of(sandbox.messages()) == LINK
        assert sent(desk, sandbox, other).json["problem_counts"] == {"person-two-users": 1}


def test_a_link_that_never_went_is_no_link(desk: Desk) -> None:
    with serve(Settings(keep_messages=True, script=(None, "404"))) as sandbox:
        assert sent(desk, sandbox, desk.file("a.csv", ALONE, BOTH)).code == 5
        done = sent(desk, sandbox, desk.file("other.csv", OTHER_USER))
        assert (done.code, done.json["problem_counts"]) == (0, {})
        assert links_of(sandbox.messages()) == [("p-1", "u-2", "2024-04-04T08:00:00.000Z")]


REFUSED_ALONE = ("400", "400", None, None)
"""Halved until p-1's event stands alone and is refused; p-2's is accepted."""


def test_a_person_whose_event_an_earlier_run_left_refused_is_linked_once_it_is_in(desk: Desk) -> None:
    april = desk.file("april.csv", ALONE, OTHER_PERSON[0])
    may = desk.file("may.csv", BOTH, OTHER_PERSON[1])
    with serve(Settings(keep_messages=True, script=REFUSED_ALONE)) as sandbox:
        assert sent(desk, sandbox, april, "--rejects", "r").json["events"]["refused"] == 1
        first = sent(desk, sandbox, may)
        assert (first.code, first.json["events"]["pending"]) == (0, 1)
        assert [person for person, _, _ in links_of(sandbox.messages())] == ["p-2"]
        (refused,) = (desk.folder / "r").glob("refused*.ndjson")
        assert replayed(desk, sandbox, str(refused)).json["events"]["accepted"] == 1
        assert sent(desk, sandbox, may).json["events"]["accepted"] == 1
        assert [person for person, _, _ in links_of(sandbox.messages())] == ["p-2", "p-1"]


def test_a_person_whose_event_an_earlier_run_never_sent_waits_for_it(desk: Desk) -> None:
    april, may = desk.file("april.csv", ALONE), desk.file("may.csv", BOTH)
    with serve(Settings(keep_messages=True, script=("404",))) as sandbox:
        assert sent(desk, sandbox, april).code == 5
        assert sent(desk, sandbox, may).json["events"]["pending"] == 1
        whole = desk.file("whole.csv", ALONE, LATER)
        assert sent(desk, sandbox, whole).json["events"]["accepted"] == 3
        assert [person for person, _, _ in links_of(sandbox.messages())] == ["p-1"]


def broken_off(desk: Desk, run: str) -> None:
    """Take from the ledger what a run records at its end, as where it was killed."""
    (path,) = (desk.folder / "state").rglob("*.sqlite3")
    with closing(sqlite3.connect(path)) as db, db:
        (number,) = db.execute("SELECT number FROM runs WHERE id = ?", (run,)).fetchone()
        row = db.execute(f"SELECT {columns(RunRow)} FROM runs WHERE number = ?", (number,)).fetchone()
        (salt,) = db.execute("SELECT salt FROM ledger").fetchone()
        cut = RunRow(*row)._replace(ended=None, summary=None, exit_code=None)
        db.execute(
            "UPDATE runs SET ended = NULL, summary = NULL, exit_code = NULL, checksum = ? WHERE number = ?",
            (row_checksum(salt, cut), number),
        )
        gone = db.execute(
            "DELETE FROM people WHERE run = ? AND substr(digests, 1, 8) = zeroblob(8)", (number,)
        )
        (people,) = db.execute("SELECT people FROM people_totals").fetchone()
        totals = PeopleTotalsRow(people - gone.rowcount)
        db.execute("UPDATE people_totals SET people = ?, checksum = ?", (*totals, row_checksum(salt, totals)))


@pytest.mark.parametrize("way", ["the same command", "a longer file", "settle"])
def test_people_of_a_run_that_was_killed_wait_until_it_is_finished_or_settled(desk: Desk, way: str) -> None:
    april, may = desk.file("april.csv", ALONE), desk.file("may.csv", BOTH)
    with serve(Settings(keep_messages=True)) as sandbox:
        run = sent(desk, sandbox, april).json["run_id"]
        broken_off(desk, run)
        waits = desk.run("backfill", may, *to(sandbox.url, "--namespace", "n"))
        assert (waits.code, "1 link waits" in waits.out, links_of(sandbox.messages())) == (0, True, [])
        assert f"infl-seg runs settle {run} --accepted" in waits.out
        if way == "settle":
            assert desk.run("runs", "settle", run, "--accepted", "--yes").code == 0
        else:
            more = [desk.file("june.csv", LATER)] * (way == "a longer file")
            assert sent(desk, sandbox, april, *more).code == 0
        assert sent(desk, sandbox, may).code == 0
        assert [person for person, _, _ in links_of(sandbox.messages())] == ["p-1"]
