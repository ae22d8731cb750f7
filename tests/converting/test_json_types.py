"""Given NDJSON and JSON documents, properties are sent as the JSON that they were; ids and hashes are those of text."""

import json
import pickle
import tempfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest
from command_support import Desk, to
from example_support import examples
from hypothesis import example, given
from hypothesis import strategies as st

from inflection_cli.backfilling.ledger_lookup import sent_as_text_before
from inflection_cli.backfilling.plan import Plan, Planner
from inflection_cli.cli.option_values import convert_settings, read_options
from inflection_cli.cli.saved_options import read_back, recorded
from inflection_cli.converting.chunk_task import AS_CHUNKS
from inflection_cli.converting.inputs import convertible_chunks, open_inputs
from inflection_cli.ledger.ledger_records import Run
from inflection_cli.lossless_json import JsonCell
from inflection_cli.mapping.events import MapOptions
from inflection_cli.model import BatchState
from inflection_cli.sandbox import serve
from inflection_cli.settings.declarations import InputOptions, VerifyOptions

EVENT = '"event":"Email Opened","userId":"u{}","timestamp":"2024-03-01T09:30:00Z","email_id":"e1","campaign_id":"c1"'
FIELDS = ("email_id", "campaign_id")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def export(*members: str) -> str:
    """NDJSON with these further members, an event of its own on each line."""
    lines = [f"{{{EVENT.format(number)},{more}}}" for number, more in enumerate(members)]
    return "\n".join(lines) + "\n"


def write(desk: Desk, *members: str, name: str = "e.ndjson") -> str:
    (desk.folder / name).write_text(export(*members), encoding="utf-8")
    return name


def sent(desk: Desk, file: str, *words: str) -> list[str]:
    """The properties of each message as they are spelled, without email and campaign id."""
    out = desk.folder / "out.ndjson"
    out.unlink(missing_ok=True)
    done = desk.run("backfill", file, "--dry-run", "--out", "out.ndjson", *words)
    assert done.code == 0, done.err
    begun = '"properties":{"email_id":"e1","campaign_id":"c1"'
    found = []
    for line in out.read_text(encoding="utf-8").splitlines():
        rest = line.partition(begun)[2]
        assert rest
        found.append(rest[: rest.index('},"userId"')].removeprefix(","))
    return found


EVERYTHING = (
    '"score":7,"vip":true,"no":false,"tags":["a", 1.10],"deep":{"Key One":[null, -0, 1E5], "b":{}},"n":null,'
    '"big":123456789012345678901,"price":1.10,"zero":-0,"whole":1.0,"small":1e-400,"digits":"7","word":"true",'
    '"empty":[],"none":{}'
)
AS_JSON = (
    '"score":7,"vip":true,"no":false,"tags":["a",1.10],"deep":{"Key One":[null,-0,1E5],"b":{}},'
    '"big":123456789012345678901,"price":1.10,"zero":-0,"whole":1.0,"small":1e-400,"digits":"7","word":"true",'
    '"empty":[],"none":{}'
)
AS_TEXT = (
    r'"score":"7","vip":"true","no":"false","tags":"[\"a\",1.10]","deep":"{\"Key One\":[null,-0,1E5],\"b\":{}}",'
    r'"big":"123456789012345678901","price":"1.10","zero":"-0","whole":"1.0","small":"1e-400","digits":"7",'
    r'"word":"true","empty":"[]","none":"{}"'
)


def test_members_of_any_type_are_sent_as_they_are_spelled_and_null_is_left_out(desk: Desk) -> None:
    assert sent(desk, write(desk, EVERYTHING)) == [AS_JSON]


@pytest.mark.parametrize("form", ["[{}]", '{{"data":[{}]}}', "{}\n"])
def test_documents_and_lines_are_sent_alike(desk: Desk, form: str) -> None:
    record = export(EVERYTHING).strip()
    (desk.folder / "e.json").write_text(form.format(record), encoding="utf-8")
    assert sent(desk, "e.json", *(("--records", "data") if "data" in form else ())) == [AS_JSON]


AS_TEXT_SAID = {
    "a flag": ((), {}),
    "a profile": (("--profile", "p.toml"), {"p.toml": "profile = 1\n[options]\nproperties_as_text = true\n"}),
    "a project file": ((), {"infl-seg.toml": "properties_as_text = true\n"}),
}


@pytest.mark.parametrize(("words", "files"), AS_TEXT_SAID.values(), ids=AS_TEXT_SAID.keys())
def test_who_wants_text_says_so(desk: Desk, words: Sequence[str], files: Mapping[str, str]) -> None:
    file = write(desk, EVERYTHING)
    for name, text in files.items():
        (desk.folder / name).write_text(text, encoding="utf-8")
    flag = () if files else ("--properties-as-text",)
    assert sent(desk, file, *words, *flag) == [AS_TEXT]


PROFILE = """\
profile = 1
[properties]
score = "score"
label = {{ column = "score", {} }}
inner = "deep.n"
text = {{ column = "deep.n", type = "string" }}
[columns]
others = "drop"
"""


@pytest.mark.parametrize(
    ("said", "label"),
    [('type = "string"', '"7"'), ('type = "number"', "7"), ('values = { "8" = "x" }', '"7"')],
)
def test_a_profile_s_property_is_as_it_comes_where_no_type_is_said(desk: Desk, said: str, label: str) -> None:
    (desk.folder / "p.toml").write_text(PROFILE.format(said), encoding="utf-8")
    file = write(desk, '"score":7,"deep":{"n":[1.0]}', '"score":"7","deep":"{\\"n\\":[1.0]}"')
    made = sent(desk, file, "--profile", "p.toml")
    assert made == [
        f'"score":7,"label":{label},"inner":[1.0],"text":"[1.0]"',
        # What lies in a text is text, though it is spelled as JSON.
        f'"score":"7","label":{label},"inner":"[1.0]","text":"[1.0]"',
    ]


def test_csv_stays_text_and_a_profile_types_it(desk: Desk) -> None:
    header = "event,userId,email_id,campaign_id,timestamp,score,data"
    file = desk.file("a.csv", 'Email Opened,u1,e1,c1,2024-03-01T09:30:00Z,7,"{""n"":1}"', header=header)
    assert sent(desk, file) == [r'"score":"7","data":"{\"n\":1}"']
    (desk.folder / "p.toml").write_text(
        'profile = 1\n[properties]\nscore = { column = "score", type = "integer" }\nn = "data.n"\n',
        encoding="utf-8",
    )
    assert sent(desk, file, "--profile", "p.toml") == ['"score":7,"n":"1"']


def test_a_number_and_a_text_of_the_same_digits_are_told_apart_in_any_order(desk: Desk) -> None:
    members = ['"score":7', '"score":"7"', '"score":7', '"score":"7"', '"score":true', '"score":"true"']
    assert sent(desk, write(desk, *members)) == members


def test_rejected_rows_come_back_with_their_types(desk: Desk) -> None:
    broken = export(EVERYTHING).replace("Email Opened", "Odd")
    (desk.folder / "e.ndjson").write_text(broken, encoding="utf-8")
    assert desk.run("backfill", "e.ndjson", "--dry-run", "--rejects", "bad", "--max-errors", "1").code == 1
    written = (desk.folder / "bad" / "e.rejects.ndjson").read_text(encoding="utf-8")
    (desk.folder / "repaired.ndjson").write_text(written.replace("Odd", "Email Opened"), encoding="utf-8")
    assert sent(desk, "repaired.ndjson") == [AS_JSON]


def test_validate_inspect_and_json_say_what_members_are_sent_as(desk: Desk) -> None:
    file = write(desk, '"score":7,"tags":[1],"o":{"a":1},"b":true,"t":"x"', '"score":"7"')
    told = desk.run("validate", file).out
    assert "sent as properties: score (number or text), tags (list), o (object), b (boolean), t\n" in told
    assert desk.run("validate", file, "--json").json["files"][0]["property_types"] == {
        "score": ["number", "text"],
        "tags": ["list"],
        "o": ["object"],
        "b": ["boolean"],
        "t": ["text"],
    }
    seen = desk.run("inspect", file).out
    assert "property score (number or text)" in seen
    assert "property tags (list)" in seen
    assert (
        "sent as properties: score, tags, o, b, t\n" in desk.run("validate", file, "--properties-as-text").out
    )
    assert "property tags\n" in desk.run("inspect", file, "--properties-as-text").out


def test_a_number_that_no_float_holds_is_sent_as_it_is_spelled_with_a_warning(desk: Desk) -> None:
    file = write(desk, '"score":1e400', '"score":{"a":[-1e999]}', f'"score":{"9" * 400}')
    assert sent(desk, file) == ['"score":1e400', '"score":{"a":[-1e999]}', f'"score":{"9" * 400}']
    assert desk.run("validate", file, "--json").json["problem_counts"] == {"number-too-large": 3}
    assert desk.run("validate", file, "--json", "--properties-as-text").json["problem_counts"] == {}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
    | st.sampled_from(["7", "true", "[1]", "1.10"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcX "), inner, max_size=3),
    max_leaves=6,
)
SPELLINGS = st.sampled_from(
    ["1.10", "-0", "-0.0", "1E5", "1e+05", "1.0", "123456789012345678901", "0.1e-400"]
)


class Spelled(float):
    """A number that is written in one way."""

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, float(text))
        made.text = text
        return made

    text: str


def spell(value: object) -> str:
    """Write JSON, spelled numbers as they are."""
    if isinstance(value, Spelled):
        return value.text
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{spell(item)}" for key, item in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False)


def exact(text: str) -> Any:
    """Read JSON so that order, kinds and every digit count when two are compared."""
    return json.loads(
        text,
        object_pairs_hook=OrderedDict,
        parse_int=lambda digits: ("number", digits),
        parse_float=lambda digits: ("number", digits),
        parse_constant=lambda name: ("constant", name),
    )


class Made(NamedTuple):
    """The messages of a file, and what they are known by."""

    wire: list[bytes]
    ids: list[bytes]
    hashes: list[int]


def converted(text: str, options: InputOptions, chunk_bytes: int) -> Made:
    """Convert a file; the size that it counts is that of the bytes that it makes."""
    made = Made([], [], [])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "e.ndjson")
        file.write_text(text, encoding="utf-8")
        how, reading = convert_settings(options), replace(read_options(options), chunk_bytes=chunk_bytes)
        inputs = open_inputs([str(file)], reading, how)
        for _, _, convert in convertible_chunks(inputs, reading, how, AS_CHUNKS):
            found = convert()
            wire = found.encode(found.content_ids)
            assert (found.rejected, found.message_bytes) == ([], sum(map(len, wire)))
            made.wire.extend(wire)
            made.ids.extend(found.content_ids)
            made.hashes.extend(found.content_hashes)
    return made


MEMBERS = st.lists(
    st.dictionaries(st.sampled_from(["ma", "mb", "mc"]), JSON | SPELLINGS.map(Spelled), max_size=3),
    min_size=1,
    max_size=6,
)


@examples(200)
@given(rows=MEMBERS, chunk_bytes=st.sampled_from([1, 200, 1 << 16]))
@example(rows=[{"ma": 7}, {"ma": "7"}, {"ma": [7]}, {"ma": "[7]"}], chunk_bytes=1 << 16)
def test_what_is_sent_equals_the_source_member_by_member_and_ids_are_those_of_text(
    rows: list[dict[str, Any]], chunk_bytes: int
) -> None:
    # The first line holds no list, so that none is taken for the list of an envelope.
    rows = [{}, *rows]
    texts = [", ".join(f"{json.dumps(name)} : {spell(value)}" for name, value in row.items()) for row in rows]
    lines = [f"{{{EVENT.format(number)}{',' if more else ''}{more}}}\n" for number, more in enumerate(texts)]
    typed = converted("".join(lines), InputOptions(), chunk_bytes)
    text = converted("".join(lines), InputOptions(properties_as_text=True), chunk_bytes)
    assert (typed.ids, typed.hashes) == (text.ids, text.hashes)
    for line, wire, plain in zip(lines, typed.wire, text.wire, strict=True):
        source = {
            name: value
            for name, value in exact(line).items()
            if name in {"ma", "mb", "mc"} and value is not None and value != ""
        }
        made = {
            name: value for name, value in exact(wire.decode())["properties"].items() if name not in FIELDS
        }
        assert made == source
        assert all(isinstance(value, str) for value in json.loads(plain)["properties"].values())


def test_a_cell_of_json_is_pickled_as_one() -> None:
    cell = pickle.loads(pickle.dumps(JsonCell("[1]")))
    assert (type(cell), cell, cell.kind) == (JsonCell, "[1]", "list")


def test_text_before_is_named_in_the_plan_ids_stay_and_verify_knows_both(desk: Desk) -> None:
    file = write(desk, '"score":7,"tags":[1],"t":"x"', '"score":8', name="old.ndjson")
    new = write(desk, '"score":7,"tags":[1],"t":"x"', '"score":8', '"score":9,"tags":[]', name="new.ndjson")
    with serve() as sandbox:
        assert desk.run("backfill", file, *to(sandbox.url), "--properties-as-text").code == 0
        again = desk.run("backfill", new, *to(sandbox.url), "--json")
        told = desk.run("backfill", new, *to(sandbox.url)).err
        assert desk.run("runs", "verify", file).code == 0
        assert desk.run("runs", "verify", new).code == 0
    report = again.json
    assert (report["events"]["accepted"], report["events"]["already_accepted"]) == (1, 2)
    assert report["problem_counts"] == {}
    assert [(each["names"], each["certain"]) for each in report["text_before"]] == [(["score", "tags"], True)]
    assert (
        f"score, tags: went as text in run {report['text_before'][0]['run_id']}, and not as text now" in told
    )


class Ledger:
    """Says which runs there were, and that all of them have sent."""

    def __init__(self, *runs: Run) -> None:
        self._runs = runs

    def runs(self) -> list[Run]:
        return [*self._runs]

    def counts(self) -> dict[str, dict[BatchState, int]]:
        return {run.run_id: {BatchState.ACCEPTED: 1} for run in self._runs}


def earlier(number: int, *, fingerprint: str, plan: Mapping[str, Any]) -> Run:
    """A run as the ledger has it."""
    return Run(
        command="backfill",
        arguments={"plan": plan},
        shaping={},
        inputs=[{"fingerprint": fingerprint}],
        endpoint="https://api.segment.io",
        version="0.1.0",
        number=number,
        run_id=f"run-{number}",
        started=0.0,
        ended=1.0,
        summary={},
        exit_code=0,
    )


def planned(file: str) -> Plan:
    """Pass 1 over a file."""
    how, reading = convert_settings(InputOptions()), read_options(InputOptions())
    inputs = open_inputs([file], reading, how)
    return Planner(inputs, how, partial(convertible_chunks, inputs, reading, how)).run()


def test_a_run_from_before_there_were_types_sent_text(desk: Desk) -> None:
    plan = planned(write(desk, '"score":7,"t":"x"'))
    (ours,) = plan.fingerprints.values()
    same, other = (earlier(1, fingerprint=each, plan={"rows": {}}) for each in (ours, "0" * 32))
    typed = earlier(2, fingerprint=ours, plan={"property_types": {"score": ["number"], "t": ["text"]}})

    def told(*runs: Run) -> Iterator[tuple[str, tuple[str, ...], bool]]:
        for each in sent_as_text_before(plan, Ledger(*runs)):  # type: ignore[arg-type]
            yield each.run_id, each.names, each.certain

    assert list(told(same)) == [("run-1", ("score",), True)]
    assert list(told(other)) == [("run-1", ("score",), False)]
    assert list(told(typed)) == []
    assert list(told(same, typed)) == [("run-1", ("score",), True)]


def test_a_run_from_before_there_were_types_is_converted_as_it_was() -> None:
    now = convert_settings(InputOptions()).now
    kept = recorded(InputOptions(), None, now)
    assert not read_back(kept, VerifyOptions()).reading.properties_as_text
    del kept["reading"]["properties_as_text"]
    assert read_back(kept, VerifyOptions()).reading.properties_as_text
    assert MapOptions().properties_as_text is False
