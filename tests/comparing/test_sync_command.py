"""The command sync: a list is remembered, and what has changed since is sent once."""

import json
import os
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from command_support import KEY, PATIENCE_S, Desk, Result, command, to
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from list_support import ANY_LOSS, MAPPED, SENT, State, after, as_csv, states, without_blanks

from inflection_cli.comparing.remembered_list import KeptList, ListMemory
from inflection_cli.ledger.lock import Holder, take_lock
from inflection_cli.sandbox import Sandbox, Settings, serve

HEADER = "id,User ID,Plan,Email"
MONDAY = ("1,u1,basic,a@x.org", "2,u2,pro,b@x.org", "3,u3,pro,c@x.org")
TUESDAY = ("1,u1,basic,a@x.org", "2,u2,basic,b@x.org", "4,u4,pro,d@x.org")
WORDS = ("--key", "id", *SENT)
ONE_BY_ONE = ("--events-per-second", "10")
"""Batches of one event."""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with serve(Settings(keep_messages=True)) as running:
        yield running


def day(desk: Desk, *rows: str, header: str = HEADER) -> str:
    return desk.file("list.csv", *rows, header=header)


def synced(desk: Desk, sandbox: Sandbox, *words: str, code: int = 0) -> Result:
    done = desk.run("sync", "list.csv", *to(sandbox.url, *WORDS, *words))
    assert done.code == code, done.err
    return done


def kept(desk: Desk) -> list[KeptList]:
    return [KeptList(path) for path in sorted((desk.folder / "state" / "lists").glob("*.list"))]


def rows_of(desk: Desk) -> list[list[Any]]:
    (one,) = kept(desk)
    return [cells for _, cells in one.rows()]


def form(desk: Desk) -> int:
    """The form in which the list is kept."""
    (one,) = kept(desk)
    found: int = json.loads(one.path.read_bytes().splitlines()[-1])["form"]
    return found


def line_of(message: Mapping[str, Any]) -> str:
    return json.dumps(message) + "\n"


def brief(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(each["event"], each["userId"]) for each in sandbox.messages()]


# --- night after night ---------------------------------------------------------------------------


def test_the_first_night_remembers_and_the_next_ones_send_what_changed(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    first = synced(desk, sandbox)
    assert "first time: 3 rows are remembered, none is sent (--initial send)" in first.err
    assert "list.csv by id" in first.err
    assert sandbox.messages() == []
    day(desk, *TUESDAY)
    done = synced(desk, sandbox, "--json")
    assert done.json["list"] == {
        "name": "list.csv by id",
        "added": 1,
        "changed": 1,
        "removed": 1,
        "unchanged": 1,
        "left_out": 0,
        "withheld": 0,
        "generation": 2,
        "finished": None,
    }
    assert brief(sandbox) == [("Left", "u3"), ("Joined", "u4"), ("Changed", "u2")]
    again = synced(desk, sandbox, "--json")
    assert again.json["events"]["built"] == 0
    assert len(sandbox.messages()) == 3


def test_the_first_list_is_sent_where_it_is_asked_for_and_as_identify_always(
    desk: Desk, sandbox: Sandbox
) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox, "--initial", "send")
    assert brief(sandbox) == [("Joined", "u1"), ("Joined", "u2"), ("Joined", "u3")]
    words = ("--key", "id", "--as", "identify", "--all-traits", "--name", "people")
    done = desk.run("sync", "list.csv", *to(sandbox.url, *words))
    assert done.code == 0, done.err
    assert [each["type"] for each in sandbox.messages()[3:]] == ["identify"] * 3


def test_a_first_list_that_is_always_sent_is_not_skipped(desk: Desk, sandbox: Sandbox) -> None:
    words = ("--key", "id", "--as", "identify", "--initial", "skip")
    done = desk.run("sync", day(desk, *MONDAY), *to(sandbox.url, *words))
    assert (done.code, "the first list is always sent as identify" in done.err) == (2, True)
    assert sandbox.messages() == []


def test_only_the_key_and_what_is_mapped_is_kept_and_for_the_owner_alone(
    desk: Desk, sandbox: Sandbox
) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox)
    (one,) = kept(desk)
    assert one.facts.columns == ["id", "User ID", "Plan"]
    assert rows_of(desk) == [["1", "u1", "basic"], ["2", "u2", "pro"], ["3", "u3", "pro"]]
    assert b"@" not in one.path.read_bytes()
    assert KEY.encode() not in one.path.read_bytes()
    assert stat.S_IMODE(one.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(one.path.parent.stat().st_mode) == 0o700


def test_who_leaves_and_returns_enters_again(desk: Desk, sandbox: Sandbox) -> None:
    for rows in (MONDAY, MONDAY[:2], MONDAY, MONDAY[:2], MONDAY):
        day(desk, *rows)
        synced(desk, sandbox)
    assert brief(sandbox) == [("Left", "u3"), ("Joined", "u3")] * 2
    assert sandbox.stats()["unique"] == 4


def nights(desk: Desk, sandbox: Sandbox, lists: list[State]) -> None:
    """See that the events of each night lead to the next list, none twice and none missing."""
    known: State = {}
    sent = 0
    for number, state in enumerate(each for each in lists if each):
        (desk.folder / "list.csv").write_text(as_csv(state), encoding="utf-8", newline="")
        words = (*MAPPED, *SENT, *ANY_LOSS, "--initial", "send", "--json")
        done = desk.run("sync", "list.csv", *to(sandbox.url, *words))
        assert done.code == 0, done.err
        assert done.json["list"]["generation"] == number + 1
        messages = sandbox.messages()
        assert after(known, messages[sent:]) == without_blanks(state)
        known, sent = state, len(messages)
    assert sandbox.stats()["duplicate"] == 0
    assert sandbox.stats()["unique"] == sent


@given(st.lists(states, min_size=2, max_size=4))
@examples(3)
def test_every_sequence_of_lists_gives_every_entry(
    tmp_path_factory: pytest.TempPathFactory, lists: list[State]
) -> None:
    with pytest.MonkeyPatch.context() as patch, serve(Settings(keep_messages=True)) as sandbox:
        nights(Desk.at(tmp_path_factory.mktemp("nights"), patch), sandbox, lists)


@pytest.mark.slow
@given(st.lists(states, min_size=3, max_size=6))
@examples(25)
def test_every_longer_sequence_of_lists_gives_every_entry(
    tmp_path_factory: pytest.TempPathFactory, lists: list[State]
) -> None:
    with pytest.MonkeyPatch.context() as patch, serve(Settings(keep_messages=True)) as sandbox:
        nights(Desk.at(tmp_path_factory.mktemp("nights"), patch), sandbox, lists)


# --- what is unfinished --------------------------------------------------------------------------


def unfinished(desk: Desk) -> None:
    """Remember a list, and leave the difference to the next one unfinished after its first event."""
    script = (None, *["500"] * 50)
    with serve(Settings(keep_messages=True)) as sandbox:
        port = sandbox.port
        day(desk, *MONDAY)
        synced(desk, sandbox)
    with serve(Settings(keep_messages=True, port=port, script=script)) as broken:
        day(desk, *TUESDAY)
        done = synced(desk, broken, *ONE_BY_ONE, "--patience", "100ms", "--dedup-window", "20", code=3)
        assert "run the same command again" in done.err
        assert brief(broken) == [("Left", "u3")]
        (left,) = broken.messages()
    (desk.folder / "port").write_text(str(port), encoding="utf-8")
    (desk.folder / "time").write_text(left["timestamp"], encoding="utf-8")


@pytest.fixture
def resumed(desk: Desk) -> Iterator[Sandbox]:
    unfinished(desk)
    port = int((desk.folder / "port").read_text())
    with serve(Settings(keep_messages=True, port=port)) as sandbox:
        yield sandbox


def test_an_unfinished_difference_is_finished_first_from_what_is_kept(desk: Desk, resumed: Sandbox) -> None:
    (one,) = kept(desk)
    assert one.facts.generation == 1
    assert desk.run("sync", "list", "--json").json["lists"][0]["under_way"] is True
    day(desk, "1,u1,pro,a@x.org", "2,u2,basic,b@x.org", "5,u5,pro,d@x.org")
    done = synced(desk, resumed, "--dedup-window", "20", "--json", "--out", "sent.ndjson")
    assert "its messages are not written to --out" in done.err
    assert len(desk.messages("sent.ndjson")) == 3
    assert [done.json["list"]["finished"][name] for name in ("generation", "added", "removed")] == [2, 1, 1]
    assert brief(resumed) == [
        *(("Joined", "u4"), ("Changed", "u2")),
        *(("Left", "u4"), ("Joined", "u5"), ("Changed", "u1")),
    ]
    assert done.json["list"]["generation"] == 3
    first, second = (
        {each["timestamp"] for each in part} for part in (resumed.messages()[:2], resumed.messages()[2:])
    )
    assert first == {(desk.folder / "time").read_text()}
    assert len(second) == 1
    assert second != first
    assert rows_of(desk)[0] == ["1", "u1", "pro"]
    assert kept(desk)[0].facts.generation == 3


def test_it_is_finished_though_the_file_is_gone_or_broken(desk: Desk, resumed: Sandbox) -> None:
    (desk.folder / "list.csv").write_text("", encoding="utf-8")
    synced(desk, resumed, "--dedup-window", "20", "--json", code=8)
    assert brief(resumed) == [("Joined", "u4"), ("Changed", "u2")]
    assert kept(desk)[0].facts.generation == 2


def test_other_options_do_not_finish_it(desk: Desk, resumed: Sandbox) -> None:
    for words, name in (
        (("--ignore", "Plan"), "ignore"),
        (("--null", "pro"), "null"),
        (("--context", "a=b"), "context"),
        (("--again", "x"), "again"),
    ):
        done = synced(desk, resumed, *words, "--dedup-window", "20", "--json", code=7)
        assert done.json["error"]["code"] == "decision-needed"
        assert f"by other options: {name}" in done.json["error"]["message"]
        assert "finish it first: infl-seg sync list.csv --endpoint" in done.json["error"]["hint"]
        assert "infl-seg sync forget 'list.csv by id'" in done.json["error"]["hint"]
    assert resumed.messages() == []


def test_a_dry_run_shows_what_is_unfinished_and_changes_nothing(desk: Desk, resumed: Sandbox) -> None:
    before = {path.name: path.read_bytes() for path in (desk.folder / "state" / "lists").iterdir()}
    done = synced(desk, resumed, "--dry-run", "--json")
    events = done.json["events"]
    assert (done.json["list"]["generation"], events["pending"] + events["in_doubt"]) == (2, 2)
    assert {path.name: path.read_bytes() for path in (desk.folder / "state" / "lists").iterdir()} == before


# --- rows that are not taken ---------------------------------------------------------------------


def test_a_rejected_row_keeps_its_old_state_and_is_tried_again(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox)
    bad = ("1,u1,pro,a@x.org", "2,,basic,b@x.org", "4,,pro,d@x.org", "5,u5,pro,e@x.org")
    day(desk, *bad)
    done = synced(desk, sandbox, code=1)
    assert "2 rows keep their old state in the remembered list" in done.err
    assert brief(sandbox) == [("Left", "u3"), ("Joined", "u5"), ("Changed", "u1")]
    assert rows_of(desk) == [["1", "u1", "pro"], ["2", "u2", "pro"], ["5", "u5", "pro"]]
    day(desk, *(row.replace(",,", f",u{row[0]},") for row in bad))
    synced(desk, sandbox)
    assert brief(sandbox)[3:] == [("Joined", "u4"), ("Changed", "u2")]


@pytest.mark.slow
def test_a_row_that_left_and_is_always_rejected_can_be_given_up(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY, "4,,pro,d@x.org")
    synced(desk, sandbox)
    day(desk, *MONDAY)
    told = synced(desk, sandbox, code=1).err
    assert "To give up: infl-seg sync forget 'list.csv by id', then the same sync with --initial skip" in told
    assert desk.run("sync", "forget", "list.csv by id", "--yes").code == 0
    synced(desk, sandbox, "--initial", "skip")
    synced(desk, sandbox)
    assert sandbox.messages() == []


TORN = ("1,u1,pro,a@x.org", "2,u2", "4,u4,pro,d@x.org")
"""The list of a night on which the rows of 2 and 3 are missing, and one of them is a line that cannot be read."""


@pytest.mark.parametrize(
    "sent",
    [
        SENT,
        pytest.param(("--added", "Joined", "--changed", "Changed"), marks=pytest.mark.slow),
        pytest.param(("--changed", "Changed"), marks=pytest.mark.slow),
    ],
)
def test_a_line_that_cannot_be_read_freezes_no_list_and_removes_no_one(
    sent: tuple[str, ...], desk: Desk, sandbox: Sandbox
) -> None:
    words = to(sandbox.url, "--key", "id", *sent, "--max-removed", "2")
    known = {"Joined": "u4", "Changed": "u1"}
    for rows, code in ((MONDAY, 0), (TORN, 1), (TORN, 1)):
        day(desk, *rows)
        done = desk.run("sync", "list.csv", *words)
        assert done.code == code, done.err
    assert "2 rows keep their old state in the remembered list" in done.err
    assert brief(sandbox) == [(name, user) for name, user in known.items() if name in sent]
    assert [row[0] for row in rows_of(desk)] == ["1", "4", "2", "3"]
    day(desk, "1,u1,pro,a@x.org", "2,u2,pro,b@x.org", "4,u4,pro,d@x.org")
    assert desk.run("sync", "list.csv", *words).code == 0
    assert brief(sandbox)[len(set(known) & {*sent}) :] == ([("Left", "u3")] if "Left" in sent else [])
    assert [row[0] for row in rows_of(desk)] == ["1", "2", "4"]


def test_a_row_that_is_held_back_keeps_what_no_other_row_has(desk: Desk, sandbox: Sandbox) -> None:
    words = to(sandbox.url, "--key", "id", *SENT, "--map", "userId=userId")
    others = [f'{{"id": "{n}", "userId": "u{n}", "plan": "a"}}' for n in range(10, 40)]
    whole = '{"id": "3", "userId": "u3", "plan": "a", "score": "%s"}'
    for last, code in ((whole % 5, 0), ((whole % 5)[:-1], 1), (whole % 9, 0)):
        (desk.folder / "list.ndjson").write_text("\n".join((*others, last, "")), encoding="utf-8")
        done = desk.run("sync", "list.ndjson", *words)
        assert done.code == code, done.err
    assert brief(sandbox) == [("Changed", "u3")]


@pytest.mark.parametrize("nulls", [(), pytest.param(("--null", "N/A"), marks=pytest.mark.slow)])
def test_a_row_that_is_held_back_does_not_change_by_a_column_that_is_new(
    nulls: tuple[str, ...], desk: Desk, sandbox: Sandbox
) -> None:
    torn = "3,u3"
    mapped = ("--property", "Email", *nulls)
    day(desk, *MONDAY)
    synced(desk, sandbox, *nulls)
    for _ in range(2):
        day(desk, *MONDAY[:2], torn)
        synced(desk, sandbox, *mapped, code=1)
    assert rows_of(desk)[-1] == ["3", "u3", "pro", None]
    assert form(desk) == 2  # earlier versions would take such a cell for a defect
    day(desk, *MONDAY[:2], "3,u3,pro,d@x.org")
    synced(desk, sandbox, *mapped)
    assert (brief(sandbox), form(desk)) == ([], 1)
    day(desk, *MONDAY[:2], "3,u3,pro,e@x.org")
    synced(desk, sandbox, *mapped)
    assert brief(sandbox) == [("Changed", "u3")]


@pytest.mark.slow
def test_a_row_that_is_held_back_and_changes_or_leaves_has_no_value_of_a_new_column(
    desk: Desk, sandbox: Sandbox
) -> None:
    mapped = ("--property", "Email", "--previous", "--max-removed", "2")
    day(desk, *MONDAY)
    synced(desk, sandbox)
    day(desk, MONDAY[0], "2,u2", "3,u3")
    synced(desk, sandbox, *mapped, code=1)
    day(desk, MONDAY[0], "2,u2,basic,b@x.org")
    synced(desk, sandbox, *mapped)
    left, changed = sandbox.messages()
    assert (left["event"], left["properties"]) == ("Left", {"plan": "pro"})
    assert changed["properties"]["changed_fields"] == ["plan"]
    assert changed["properties"]["previous"] == {"plan": "pro"}
    assert [row[-1] for row in rows_of(desk)] == ["a@x.org", "b@x.org"]


@pytest.mark.slow
def test_a_difference_with_a_line_that_cannot_be_read_is_finished_without_removing_anyone(desk: Desk) -> None:
    script = (None, *["500"] * 50)
    words = (*ONE_BY_ONE, "--patience", "100ms", "--dedup-window", "20", "--max-removed", "2")
    with serve(Settings(keep_messages=True)) as sandbox:
        port = sandbox.port
        day(desk, *MONDAY)
        synced(desk, sandbox)
    with serve(Settings(keep_messages=True, port=port, script=script)) as broken:
        day(desk, *TORN)
        synced(desk, broken, *words, code=3)
    with serve(Settings(keep_messages=True, port=port)) as sandbox:
        day(desk, *MONDAY[1:], "1,u1,pro,a@x.org", "4,u4,pro,d@x.org")
        synced(desk, sandbox, *words)
        assert brief(broken) + brief(sandbox) == [("Joined", "u4"), ("Changed", "u1")]


def test_the_first_list_must_be_read_completely_unless_it_is_sent(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *TORN)
    assert synced(desk, sandbox, "--json", code=4).json["error"]["code"] == "list-unreadable"
    assert kept(desk) == []
    synced(desk, sandbox, "--initial", "send", code=1)
    day(desk, *(TORN[0], "2,u2,pro,b@x.org", TORN[2]))
    synced(desk, sandbox)
    assert brief(sandbox) == [("Joined", "u1"), ("Joined", "u4"), ("Joined", "u2")]


REFUSED = {
    "removed": (MONDAY[:1], 1, {"1": "basic", "3": "pro"}),
    "added": (TUESDAY, 1, {"1": "basic", "2": "basic"}),
    "changed": (TUESDAY, 2, {"1": "basic", "2": "pro", "4": "pro"}),
}
"""The next list, which of its events is refused, and the plans that are remembered then."""


@pytest.mark.parametrize("kind", [*REFUSED])
def test_a_refused_message_leaves_its_row_as_it_was(kind: str, desk: Desk) -> None:
    rows, place, plans = REFUSED[kind]
    script = (None, *[None] * place, "400", *[None] * 3)
    with serve(Settings(keep_messages=True, script=script)) as sandbox:
        day(desk, *MONDAY)
        synced(desk, sandbox, "--initial", "send")
        day(desk, *rows)
        done = synced(desk, sandbox, *ONE_BY_ONE, "--max-removed", "2", code=1)
        assert "1 row keeps its old state" in done.err
        sent = len(brief(sandbox))
        assert {row[0]: row[2] for row in rows_of(desk)} == plans
        again = synced(desk, sandbox, "--max-removed", "2", "--json")
        assert again.json["list"][kind] == 1
        assert len(brief(sandbox)) == sent + 1


def test_one_message_that_is_always_refused_holds_up_nothing(desk: Desk) -> None:
    with serve(Settings(keep_messages=True, script=(None, "400", "400"))) as sandbox:
        day(desk, *MONDAY)
        synced(desk, sandbox, "--initial", "send")
        day(desk, *MONDAY, "4,u4,pro,d@x.org")
        for generation in (2, 3):
            synced(desk, sandbox, code=5)
            assert kept(desk)[0].facts.generation == generation
            assert len(rows_of(desk)) == 3
        day(desk, *MONDAY, "4,u4,pro,d@x.org", "5,u5,pro,e@x.org")
        synced(desk, sandbox)
        assert brief(sandbox)[3:] == [("Joined", "u4"), ("Joined", "u5")]


PEOPLE = "id,userId,personId,Plan"
BOTH_IDS = "Email Opened,u1,p1,e1,c1,2024-03-01T01:00:00Z"


def linked(desk: Desk, sandbox: Sandbox) -> list[tuple[str, str]]:
    """Backfill a row with both ids of a person, and return what links arrived."""
    done = desk.run("backfill", desk.file("known.csv", BOTH_IDS), *to(sandbox.url))
    assert done.code == 0, done.err
    return [
        (each["userId"], each["anonymousId"]) for each in sandbox.messages() if each["type"] == "identify"
    ]


def test_a_refused_message_whose_row_was_sent_later_holds_up_no_link(desk: Desk) -> None:
    with serve(Settings(keep_messages=True, script=(None, "400"))) as sandbox:
        day(desk, "2,u2,p2,a", "1,,p1,a", header=PEOPLE)
        synced(desk, sandbox, "--initial", "send", *ONE_BY_ONE, code=1)
        synced(desk, sandbox)
        assert linked(desk, sandbox) == [("u1", "p1")]


DIES = """
import os
from inflection_cli.backfilling.people_of_run import PeopleOfRun
from inflection_cli.__main__ import main
PeopleOfRun.close = lambda *_: os._exit(9)
main()
"""
"""The tool, which is gone at once when all rows were sent."""


@pytest.mark.slow
def test_a_difference_that_broke_off_and_was_finished_holds_up_no_link(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, "1,,p1,a", "2,,p2,a", header=PEOPLE)
    words = ["sync", "list.csv", *to(sandbox.url, *WORDS, "--initial", "send")]
    died = subprocess.run([sys.executable, "-c", DIES, *words], check=False, capture_output=True)
    assert died.returncode == 9, died.stderr.decode()
    day(desk, "1,,p1,a", "2,,p2,a", "3,,p3,a", header=PEOPLE)
    synced(desk, sandbox, "--dedup-window", "20")
    assert sandbox.stats()["unique"] == 3
    assert linked(desk, sandbox) == [("u1", "p1")]


def test_two_records_of_one_own_id_are_told_and_the_second_is_tried_again(
    desk: Desk, sandbox: Sandbox
) -> None:
    day(desk, "1,u1,c0", header="id,userId,Change")
    synced(desk, sandbox)
    day(desk, "1,u1,c0", "2,u2,c1", "3,u3,c1", header="id,userId,Change")
    done = synced(desk, sandbox, "--message-id", "Change")
    assert "same-id-other-content" in done.err
    assert brief(sandbox) == [("Joined", "u2")]
    assert [row[0] for row in rows_of(desk)] == ["1", "2"]


# --- what is refused -----------------------------------------------------------------------------


def test_a_list_that_shrank_sends_nothing_and_is_not_remembered(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox)
    before = rows_of(desk)
    for rows in ((), MONDAY[:1]):
        day(desk, *rows)
        done = synced(desk, sandbox, "--json", code=8)
        assert done.json["error"]["code"] == "list-shrank"
        assert "of 3 rows of the remembered list" in done.json["error"]["message"]
    assert (rows_of(desk), sandbox.messages()) == (before, [])
    synced(desk, sandbox, "--max-removed", "2")
    assert brief(sandbox) == [("Left", "u2"), ("Left", "u3")]


def test_two_syncs_of_one_list_do_not_run_at_once(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox)
    facts = kept(desk)[0].facts
    memory = ListMemory(desk.folder / "state", facts.namespace, facts.name)
    holder = Holder(os.getpid(), socket.gethostname(), "infl-seg sync list.csv", time.time())
    with take_lock(memory.lock_path, holder):
        done = synced(desk, sandbox, code=6)
        assert "is held by process" in done.err
        forgotten = desk.run("sync", "forget", facts.name, "--yes")
        assert forgotten.code == 6


def test_another_key_needs_another_name(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox, "--name", "mine")
    done = desk.run("sync", "list.csv", *to(sandbox.url, "--key", "User ID", *SENT, "--name", "mine"))
    assert done.code == 2
    assert "is remembered by the key id" in done.err
    other = desk.run("sync", "list.csv", *to(sandbox.url, "--key", "User ID", *SENT))
    assert "first time" in other.err


def test_another_destination_has_a_memory_of_its_own(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox)
    (one,) = kept(desk)
    done = synced(desk, sandbox, "--namespace", "other")
    assert "first time" in done.err
    assert f"--namespace {one.facts.namespace} goes on with it" in done.err
    assert len(kept(desk)) == 2


def test_another_list_that_is_damaged_holds_up_no_new_one(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox)
    (one,) = kept(desk)
    one.path.write_bytes(b"")
    assert "first time" in synced(desk, sandbox, "--name", "other").err


@pytest.mark.parametrize("harm", ["flip", "cut", "facts", "empty"])
def test_a_damaged_memory_is_not_compared(harm: str, desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox)
    (path,) = (one.path for one in kept(desk))
    text = path.read_bytes()
    harmed = {
        "flip": text.replace(b"basic", b"basiq"),
        "cut": text[:-20],
        "facts": text.replace(b'"generation":1', b'"generation":7'),
        "empty": b"",
    }
    path.write_bytes(harmed[harm])
    day(desk, *TUESDAY)
    done = synced(desk, sandbox, "--json", code=6)
    assert done.json["error"]["code"] == "ledger-damaged"
    assert str(path) in done.json["error"]["message"]
    assert sandbox.messages() == []


def test_a_changed_mapping_compares_what_both_lists_have(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox)
    day(desk, *TUESDAY)
    done = synced(desk, sandbox, "--property", "Email", "--json")
    assert [each["column"] for each in done.json["problems"] if each["code"] == "list-column-differs"] == [
        "Email"
    ]
    assert done.json["list"]["changed"] == 1
    assert kept(desk)[0].facts.columns == ["id", "User ID", "Plan", "Email"]
    (left,) = (each for each in sandbox.messages() if each["event"] == "Left")
    assert left["properties"] == {"plan": "pro"}


def test_standard_input_needs_a_name(desk: Desk, sandbox: Sandbox) -> None:
    text = "\n".join((HEADER, *MONDAY, "")).encode()
    words = to(sandbox.url, *WORDS)
    assert "--name" in desk.run("sync", "-", *words, stdin=text).err
    done = desk.run("sync", "-", *words, "--name", "piped", stdin=text)
    assert done.code == 0, done.err
    assert kept(desk)[0].facts.name == "piped"


@pytest.mark.slow
def test_a_full_disk_sends_nothing_and_leaves_the_old_list(desk: Desk, sandbox: Sandbox) -> None:
    many = [f"{number},u{number},pro,x" for number in range(3000)]
    day(desk, *many)
    synced(desk, sandbox)
    before = rows_of(desk)
    day(desk, *many[9:], "9999,u9999,pro,x")
    words = shlex.join([*command("sync", "list.csv"), *to(sandbox.url, *WORDS)])
    done = subprocess.run(
        ["sh", "-c", f"ulimit -f 20; {words}"], capture_output=True, check=False, timeout=PATIENCE_S
    )
    assert done.returncode == 6
    assert b"cannot grow" in done.stderr
    assert (rows_of(desk), sandbox.messages()) == (before, [])
    assert [
        path.suffix for path in (desk.folder / "state" / "lists").iterdir() if path.suffix == ".draft"
    ] == []
    synced(desk, sandbox)
    assert len(sandbox.messages()) == 10


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_folder_of_lists_that_is_none_is_refused(kind: str, desk: Desk, sandbox: Sandbox) -> None:
    lists = desk.folder / "state" / "lists"
    lists.parent.mkdir()
    if kind == "file":
        lists.write_bytes(b"")
    else:
        (desk.folder / "elsewhere").mkdir()
        lists.symlink_to(desk.folder / "elsewhere")
    day(desk, *MONDAY)
    assert "is a symlink or a file where a folder is needed" in synced(desk, sandbox, code=6).err


# --- what leaves no trace, and what is shown -----------------------------------------------------


def test_a_dry_run_and_a_rehearsal_remember_nothing(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    for words in (("--dry-run",), ("--rehearse",)):
        done = desk.run("sync", "list.csv", *WORDS, *words)
        assert done.code == 0, done.err
        assert "nothing is known of an earlier list" in done.err
    synced(desk, sandbox)
    day(desk, *TUESDAY)
    before = (desk.folder / "state" / "lists").stat().st_mtime_ns
    assert synced(desk, sandbox, "--dry-run", "--json").json["events"]["built"] == 3
    done = desk.run("sync", "list.csv", *to(sandbox.url, *WORDS), "--rehearse", "--json")
    assert done.json["events"]["accepted"] == 3
    assert (desk.folder / "state" / "lists").stat().st_mtime_ns == before
    assert sandbox.messages() == []
    assert rows_of(desk)[1] == ["2", "u2", "pro"]


def test_lists_are_shown_and_forgotten(desk: Desk, sandbox: Sandbox) -> None:
    assert "No list is remembered" in desk.run("sync", "list").out
    day(desk, *MONDAY)
    synced(desk, sandbox)
    assert "list.csv by id: 3 rows by id, generation 1" in desk.run("sync", "list").out
    (told,) = desk.run("sync", "list", "--json").json["lists"]
    assert (told["rows"], told["columns"], told["under_way"]) == (3, ["id", "User ID", "Plan"], False)
    assert desk.run("sync", "forget", "list.csv by id").code == 2
    assert desk.run("sync", "forget", "list.csv by id", "--yes", "--dry-run").code == 2
    assert "there are: list.csv by id" in desk.run("sync", "forget", "other", "--yes").err
    assert desk.run("sync", "forget", "list.csv by id", "--yes").code == 0
    assert kept(desk) == []
    assert "first time" in synced(desk, sandbox).err


@pytest.mark.slow
def test_a_file_with_the_name_of_a_command_is_no_command(desk: Desk, sandbox: Sandbox) -> None:
    for name in ("list", "forget"):
        desk.file(name, *MONDAY, header=HEADER)
        told = desk.run("sync", name, *to(sandbox.url, *WORDS))
        assert (told.code, f"a file of this name: ./{name}" in told.err) == (2, True)
        assert desk.run("sync", f"./{name}", *to(sandbox.url, *WORDS)).code == 0
    assert "needs the name of a list" in desk.run("sync", "forget").err


def test_a_change_after_forgetting_is_a_new_event_though_it_was_sent_before(
    desk: Desk, sandbox: Sandbox
) -> None:
    for rows in (MONDAY, MONDAY[:2]):
        day(desk, *rows)
        synced(desk, sandbox)
    assert desk.run("sync", "forget", "list.csv by id", "--yes").code == 0
    for rows in (MONDAY, MONDAY[:2]):
        day(desk, *rows)
        synced(desk, sandbox)
    assert brief(sandbox) == [("Left", "u3")] * 2
    assert sandbox.stats()["unique"] == 2
    (path,) = (desk.folder / "state" / "lists").glob("*.past")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_was_sent_of_a_difference_that_is_forgotten_is_not_sent_twice(
    desk: Desk, resumed: Sandbox
) -> None:
    assert desk.run("sync", "forget", "list.csv by id", "--yes").code == 0
    day(desk, *MONDAY)
    assert synced(desk, resumed, "--json").json["list"]["generation"] == 2


def test_an_unfinished_difference_keeps_its_generation_where_forgetting_was_broken_off(
    desk: Desk, resumed: Sandbox
) -> None:
    (one,) = kept(desk)
    one.path.with_suffix(".past").write_text("7\n", encoding="ascii")
    synced(desk, resumed, "--dedup-window", "20")
    assert brief(resumed) == [("Joined", "u4"), ("Changed", "u2")]
    assert [each.facts.generation for each in kept(desk)] == [8]


def test_what_a_kill_left_of_a_complete_difference_is_not_unfinished(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox)
    (one,) = kept(desk)
    shutil.copy(one.path, one.path.with_suffix(".next"))
    assert desk.run("sync", "list", "--json").json["lists"][0]["under_way"] is False


def test_a_report_of_a_run_has_its_list(desk: Desk, sandbox: Sandbox) -> None:
    day(desk, *MONDAY)
    synced(desk, sandbox)
    day(desk, *TUESDAY)
    pages = ("text", "github", "html", "junit")
    synced(desk, sandbox, "--report", "json=report.json", *(f"--report={each}={each}" for each in pages))
    for page in pages:
        told = (desk.folder / page).read_text(encoding="utf-8")
        assert "list.csv by id, generation 2: 1 removed, 1 added, 1 changed, 1 unchanged" in told
    report = json.loads((desk.folder / "report.json").read_bytes())
    assert report["list"]["added"] == 1
    shown = desk.run("runs", "show", "last", "--json").json["run"]
    assert (shown["command"], shown["events"]["accepted"]) == ("sync", 3)
    (desk.folder / "there.ndjson").write_text("".join(map(line_of, sandbox.messages())), encoding="utf-8")
    step = (
        desk.run("runs", "show", "last")
        .out.partition("check it: infl-seg ")[2]
        .replace("FILE", "there.ndjson")
    )
    proof = desk.run(*step.split(), "--json").json
    assert (proof["received"]["rows"], proof["exit_code"]) == (3, 0)
    # A backfill of the same file is another thing, and no list is verified by its file.
    assert desk.run("runs", "verify", "list.csv").code == 7
    verified = desk.run("runs", "verify", "list.csv", "--run", "last")
    assert (verified.code, "what changed in a list" in verified.err) == (2, True)
