"""Unbound and ambiguous fields are values of the binding, and all commands print the same ones."""

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command_support import Desk
from example_support import examples
from hypothesis import assume, example, given
from hypothesis import strategies as st
from layout_support import column, profile

import inflection_cli
from inflection_cli.catalog import COLUMN_ALIASES, FIELDS
from inflection_cli.errors import InputError
from inflection_cli.mapping.bind import bind, lay_out
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.unbound import Unbound

TIME = "2024-03-01T10:00:00Z"
OTHERS = ("id", "created", "colour", "lead", "status", "payload")
CELLS = {
    "time": TIME,
    "event": "Email Opened",
    "link": "https://example.com/a",
    "address": "ada@example.com",
    "id": "x-7",
    "text": "some words",
}


def unbound(*names: str, rows: Sequence[Sequence[str]] = (), **options: Any) -> tuple[Unbound, ...]:
    return bind(names, rows, ColumnOptions(**options), file="export.csv").unbound


def test_all_that_is_unbound_is_there_at_once_and_nothing_is_raised() -> None:
    found = unbound("Journey Name", "Campaign", "Evnt", "colour")
    assert [(each.field, each.reason, each.candidates, each.proposed) for each in found] == [
        ("campaign_name", "tied", ("Journey Name", "Campaign"), None),
        ("event", "absent", ("Evnt",), "Evnt"),
        ("timestamp", "absent", (), None),
        ("person", "absent", (), None),
    ]


def test_a_run_is_refused_for_the_first_of_them_in_the_words_of_the_value() -> None:
    names = ("Journey Name", "Campaign", "Evnt", "colour")
    with pytest.raises(InputError) as caught:
        lay_out(names, (), ColumnOptions(), file="export.csv")
    first = unbound(*names)[0]
    assert (caught.value.message, caught.value.hint) == (
        f"export.csv: {first.message}",
        f"{first.hint('export.csv')}; infl-seg inspect export.csv shows all that is missing",
    )


def test_a_tie_is_neither_the_field_nor_absent_beside_it() -> None:
    layout = bind(("event", "timestamp", "User", "Customer ID"), (), ColumnOptions(), file="export.csv")
    assert not layout.columns.has("userId")
    assert [(each.field, each.reason) for each in layout.unbound] == [("userId", "tied")]


def test_addresses_are_a_value_with_the_column_that_holds_them() -> None:
    (found,) = unbound("event", "timestamp", "E-Mail")
    assert (found.field, found.reason, found.candidates) == ("person", "addresses", ("E-Mail",))
    assert unbound("event", "timestamp", "E-Mail", person_from_email=True) == ()


def test_the_time_of_a_message_beside_that_of_its_event_is_a_value_too() -> None:
    row = ("opened", TIME, "2024-03-02T10:00:00Z", "u1")
    (found,) = unbound("event", "sent_at", "opened_at", "userId", rows=[row])
    assert (found.field, found.reason) == ("timestamp", "other times")
    assert found.candidates == ("opened_at", "sent_at")


def test_a_profile_leaves_a_field_unbound_with_the_column_that_it_does_not_name() -> None:
    said = profile(also_by_name=False, fields={"event": column("event")})
    found = unbound("event", "timestamp", "userId", profile=said)
    assert [(each.field, each.place and each.place.not_used) for each in found] == [
        ("timestamp", {"timestamp": "timestamp"}),
        ("person", {"userId": "userId"}),
    ]


@contextmanager
def desk() -> Iterator[Desk]:
    """A folder for one example."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield Desk(Path(folder))
        finally:
            os.chdir(before)


names = st.sampled_from([*FIELDS, *(alias for words in COLUMN_ALIASES.values() for alias in words), *OTHERS])
headers = st.dictionaries(names, st.sampled_from(sorted(CELLS)), min_size=1, max_size=7)


def both(desk: Desk, cells: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `validate` and `inspect` report of one row."""
    text = io.StringIO()
    csv.writer(text).writerows([list(cells), [CELLS[kind] for kind in cells.values()]])
    (desk.folder / "export.csv").write_text(text.getvalue(), encoding="utf-8")
    (inspected,) = desk.run("inspect", "export.csv", "--json").json["files"]
    return desk.run("validate", "export.csv", "--json").json, inspected


@examples(60)
@given(headers)
@example({"sent_at": "link", "time": "time", "userId": "id"})
@example({"event": "event", "userId": "id", "toemail": "link", "timestamp": "time"})
def test_inspect_binds_by_name_what_a_run_binds_and_misses_what_a_run_misses(cells: dict[str, str]) -> None:
    with desk() as place:
        validated, inspected = both(place, cells)
    assume(
        not inspected["proposals"]
    )  # for each of its events, a row has a column, whatever else the name means
    by_name = {
        each["name"]: each["field"]
        for each in inspected["columns"]
        if each["field"] and each["why"] in {"name", "spelling", "alias"}
    }
    row = [CELLS[kind] for kind in cells.values()]
    layout = bind(tuple(cells), [row], ColumnOptions(), file="export.csv")
    # An address by name is left open where a column of no such name has addresses too.
    is_open = any(
        "email" in layout.columns.by_column().get(name, "")
        for each in inspected["columns"]
        if each["why"] == "content"
        for name in each["tied_with"]
    )
    by_run = {
        name: field for name, field in layout.columns.by_column().items() if field != "email" or not is_open
    }
    assert by_name == by_run
    ties = {each.field for each in layout.unbound if each.reason == "tied"}
    told = [each["message"] for each in inspected["missing"] if each["about"] == "tie"]
    assert {message.partition(" could be ")[2].partition(":")[0] for message in told} == ties
    if ties and "looks like a list of" not in validated["error"]["message"]:
        assert validated["error"]["message"].removeprefix("export.csv: ") in told


@examples(60)
@given(headers)
@example({"created": "time", "status": "event", "lead": "id", "colour": "id"})
@example({"created": "time", "payload": "time", "lead": "id", "id": "id"})
def test_a_ready_made_option_names_a_column_only_where_one_alone_is_meant(cells: dict[str, str]) -> None:
    with desk() as place:
        _, inspected = both(place, cells)
    times = [each["name"] for each in inspected["columns"] if each["content"] == "time"]
    for each in inspected["missing"]:
        if each["about"] == "tie":
            assert each["option"].endswith("=COLUMN")
        if each["about"] == "timestamp" and each["option"]:
            only = times[0] if len(times) == 1 else "COLUMN"
            assert each["option"] == f"--map timestamp={only}"
        if each["about"] == "event":
            by_name = {each["name"] for each in inspected["columns"] if each["why"] not in {None, "content"}}
            named = [name for name, kind in cells.items() if kind == "event" and name not in by_name]
            proposed = each["option"].removeprefix("--map event=").partition(",")[0]
            looks = ("--as identify", "--as group", "--as page")
            assert proposed in {"COLUMN", *looks} or [proposed] == named


def test_the_draft_asks_for_what_the_run_misses_and_names_the_same_candidates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Desk.at(tmp_path, monkeypatch)
    rows = [f"words {n % 2},2024-03-0{n}T10:00:00Z,2024-03-0{n}T11:00:00Z,l-{n % 3}" for n in range(1, 7)]
    name = place.file("export.csv", *rows, header="colour,created,seen,lead")
    report = place.run("inspect", name, "--save", "p.toml", "--json").json
    assert report["to_fill_in"] == ["event", "userId", "timestamp"]
    said = {each["about"]: each["message"] for each in report["files"][0]["missing"]}
    assert said["timestamp"] == "no timestamp column recognised; columns of times: “created”, “seen”"
    assert said["person"] == "no person column recognised; columns that may hold ids: “lead”, “colour”"
    draft = (tmp_path / "p.toml").read_text(encoding="utf-8")
    assert 'when it happened; perhaps "created" or "seen"' in draft
    assert 'the person\'s id; perhaps "lead"' in draft
    (tmp_path / "q.toml").write_text('profile = 1\n[fields]\nevent = "colour"\n', encoding="utf-8")
    sentence = said["timestamp"].partition(";")[0]
    for words, where in ((("--profile", "q.toml"), ", for q.toml"), (("--map", "event=colour"), "")):
        message = place.run("validate", name, *words, "--json").json["error"]["message"]
        assert message.startswith(f"export.csv{where}: {sentence}; the columns are ")


def test_the_sentence_on_an_unbound_essential_stands_in_one_file() -> None:
    """Other files say of a campaign's ids, links and addresses that no column is recognised as them."""
    sources = Path(inflection_cli.__file__).parent.rglob("*.py")
    found = [
        path.name
        for path in sources
        for line in path.read_text(encoding="utf-8").splitlines()
        if "column recognised{self.evidence}" in line
        or any(f"no {word} column recognised" in line for word in ("event-name", "timestamp", "person"))
    ]
    assert found == ["unbound.py"]
