"""Work shared among processes: whoever reads and converts, the result is the same to the byte."""

import json
import pickle
import re
from array import array
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pipeline_support as tools
import pytest
from command_support import Desk
from hypothesis import example, given
from hypothesis import strategies as st
from pipeline_support import Here, shared, small_tasks

from inflection_cli.backfilling.chunk_work import Planned
from inflection_cli.backfilling.linking import Linking
from inflection_cli.backfilling.users_in_accounts import account_of
from inflection_cli.converting.chunk_task import AS_CHUNKS
from inflection_cli.converting.converter import Converted
from inflection_cli.converting.in_order import Workers
from inflection_cli.converting.inputs import convertible_chunks, open_inputs
from inflection_cli.converting.job_count import LEAST_BYTES, default_jobs
from inflection_cli.mapping.calls.call_catalog import CallOptions
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.reading import ReadOptions, detect, read
from inflection_cli.reading.csv.csv_reader import record_end
from inflection_cli.segment.message import MessageEncoder

if TYPE_CHECKING:
    from concurrent.futures import Future

TAIL = MessageEncoder(tools.settings().message).tail


FILTHY_LINES = st.one_of(
    tools.BROKEN_LINES,
    st.sampled_from(
        [
            b'Email Opened,u1,,e1,c1,"two\nlines, and a ""quote""",,,2024-03-01T09:30:00Z,\n',
            b'Email Opened,u2,,e1,c1,"\n\n\n\n\n\n\n\n",,,2024-03-01T09:31:00Z,\n',
            b'Email Opened,u3,,e1,c1,a 5" screen,,,2024-03-01T09:32:00Z,\n',
            b'Email Opened,u4,,e1,c1,Spring"Hello, friends",,,2024-03-01T09:33:00Z,\n',
            b'Email Opened,u5,,e1,c1,Spring"Hello\nfriends",,,2024-03-01T09:34:00Z,\n',
            b'Email Opened,u6,,e1,c1,"never closed,,,2024-03-01T09:35:00Z,\n',
            b'Email Opened,u7,,e1,c1,"closed"late,,,2024-03-01T09:36:00Z,\n',
            b"Email Opened,u8,,e1,c1,plain,,,2024-03-01T09:37:00Z,\r\n",
            b'"\n',
            b"\n\r\n",
        ]
    ),
    tools.GOOD_ROWS.map(lambda row: tools.csv_of([row]).split(b"\n", 1)[1]),
)


def _recoded(data: bytes, how: str) -> bytes:
    """The same text in a wide encoding, with its byte order mark; or with one in UTF-8."""
    if how == "plain":
        return data
    text = data.decode("utf-8", "replace")
    return text.encode(how)


FIRST = b"Email Opened,u0,,e1,c1,,,,2024-03-01T09:29:00Z,\n"  # a file without a row is refused
FILTHY_CSV = st.builds(
    lambda lines, end, how: _recoded(tools.csv_of([]) + FIRST + b"".join(lines) + end, how),
    st.lists(FILTHY_LINES, min_size=1, max_size=14),
    st.sampled_from([b"", b"", b"Email Opened,u9", b'Email Opened,"u9']),
    st.sampled_from(["plain", "plain", "utf-8-sig", "utf-16"]),
)

NDJSON_LINES = st.one_of(
    st.sampled_from(
        [
            b'{"event": "Email Opened", "userId": "u1", "timestamp": "2024-03-01T09:30:00Z"}\n',
            b'{"event": "Email Opened", "userId": "u2", "timestamp": "2024-03-01T09:31:00Z", "n": 1.50}\r\n',
            b'{"event": "Email Opened", "userId": "u3", "timestamp": "2024-03-01T09:32:00Z", "m": {"k": [1]}}\n',
            b'{"event": "Email Opened", "userId": "u4", "timestamp": "2024-03-01T09:33:00Z", "campaign_id": "c"}\n',
            b'{"event": "Email Opened", "late": "", "timestamp": "soon"}\n',
            b"{not json}\n",
            b"[1]\n",
            b"\n",
            b"\xff\n",
            b'{"event": "Email Opened", "event": "twice"}\n',
        ]
    )
)
NDJSON = st.builds(
    lambda lines: (
        b'{"event": "Link Clicked", "userId": "u0", "timestamp": "2024-03-01T09:29:00Z"}\n' + b"".join(lines)
    ),
    st.lists(NDJSON_LINES, max_size=14),
)


Reading = tuple[int, int]


def facts(
    files: Mapping[str, bytes], chunk_bytes: int, workers: Workers | None, *more: Any, **how: Any
) -> tuple[Any, ...]:
    found = tools.outcome(files, *more, chunk_bytes=chunk_bytes, workers=workers, **how)
    return (*found.facts, bytes(found.plan.digests), [each.columns.names for each in found.plan.inputs])


def require_the_same(files: Mapping[str, bytes], reading: Reading, *more: Any, **how: Any) -> None:
    """Compare one process with several, to the byte."""
    chunk_bytes, count = reading
    alone = facts(files, chunk_bytes, None, *more, **how)
    with small_tasks():
        assert facts(files, chunk_bytes, shared(count), *more, **how) == alone


def readings(*chunk_bytes: int) -> st.SearchStrategy[Reading]:
    """Sizes of chunks, and numbers of workers."""
    return st.tuples(st.sampled_from(chunk_bytes), st.sampled_from([1, 2, 3]))


@tools.some
@example(
    # What is stuck in front is read in a larger piece; those behind it are cut as ever.
    data=tools.csv_of([])
    + FIRST
    + b'"\nEmail Opened,u1,,e1,c1,"two\nlines, and a ""quote""",,,2024-03-01T09:30:00Z,\n'
    + b'Email Opened,"a"b,,,,,,,,\n' * 2,
    reading=(1, 2),
)
@given(data=FILTHY_CSV, reading=readings(1, 60, 150, 400))
def test_csv_comes_to_the_same_with_any_number_of_workers(data: bytes, reading: Reading) -> None:
    require_the_same({"a.csv": data, "b.csv": data}, reading)


@tools.some
@given(data=NDJSON, reading=readings(1, 100, 300))
def test_ndjson_comes_to_the_same_with_any_number_of_workers(data: bytes, reading: Reading) -> None:
    require_the_same({"a.ndjson": data, "b.ndjson": data}, reading)


PEOPLE = st.tuples(
    st.sampled_from(["Email Opened", "Link Clicked", "Sent", ""]),
    st.sampled_from(["", "", "u1", "u2", " u3 ", 'u "4"', "\0u5", "null"]),
    st.sampled_from(["", "p1", "p2", "p3", "p\n4", "ünal"]),
    st.sampled_from(["e1", "e2", ""]),
    st.sampled_from(["c1", "c2"]),
    st.sampled_from(["", "Spring"]),
    st.sampled_from(["", "https://shop.example/a"]),
    st.sampled_from(["", "true"]),
    st.sampled_from([*tools.TIMES, "soon"]),
    st.sampled_from(["", "red"]),
)


@tools.some
@given(
    rows=st.lists(PEOPLE, max_size=30),
    mode=st.sampled_from(["auto", "always", "never"]),
    resolve=st.booleans(),
    checks=st.sampled_from([(), ("freshsuccess",), ("email-spec", "partner-source")]),
    reading=readings(60, 200, 1000),
)
def test_people_and_checks_come_to_the_same_with_any_number_of_workers(
    rows: list[tuple[str, ...]], mode: Any, resolve: bool, checks: tuple[str, ...], reading: Reading
) -> None:
    first = ("Email Opened", "u1", "p1", "e1", "c1", "", "", "", tools.TIMES[0], "")
    half = len(rows) // 2
    files = {"a.csv": tools.csv_of([first, *rows[:half]]), "b.ndjson": tools.ndjson_of([first, *rows[half:]])}
    require_the_same(
        files,
        reading,
        tools.settings(checks=checks),
        linking=lambda: Linking(mode, resolve=resolve, tail=TAIL),
    )


CALLS = st.lists(
    st.tuples(
        st.sampled_from(["identify", "group", "track", "page", "screen"]),
        st.sampled_from(["", "u1", "u2", " u3 ", "null"]),
        st.sampled_from(["", "p1", "p2"]),
        st.sampled_from(["a1", "a2", ""]),
        st.sampled_from(["Home", ""]),
        st.sampled_from(["Email Opened", "Sent", ""]),
        st.sampled_from([*tools.TIMES, "soon", ""]),
        st.sampled_from(["", "NULL", "ada@shop.example", '{"a": 1}', "\0"]),
    ),
    max_size=24,
)
CALL_COLUMNS = ("type", "userId", "personId", "groupId", "name", "event", "timestamp", "size")
OF_CALLS = tools.settings(ColumnOptions(calls=CallOptions(all_traits=True, group_anonymous=True)))


@tools.some
@given(rows=CALLS, others=st.lists(PEOPLE, max_size=6), reading=readings(1, 90, 400))
def test_calls_come_to_the_same_with_any_number_of_workers(
    rows: list[tuple[str, ...]], others: list[tuple[str, ...]], reading: Reading
) -> None:
    kinds = ("identify", "group", "page", "track")
    every = [(kind, "u1", "p1", "a1", "Home", "Email Opened", tools.TIMES[0], "") for kind in kinds]
    events = [("Email Opened", "", "p2", "e1", "c1", "", "", "", tools.TIMES[1], ""), *others]
    calls = tools.csv_of([*every, *rows], CALL_COLUMNS)
    late = tools.ndjson_of([*every, *rows], CALL_COLUMNS)
    require_the_same(
        {"events.csv": tools.csv_of(events), "calls.csv": calls, "late.ndjson": late},
        reading,
        tools.settings(checks=("freshsuccess",)),
        own={"calls.csv": OF_CALLS, "late.ndjson": OF_CALLS},
        linking=lambda: Linking("auto", resolve=True, tail=TAIL),
    )


def _listed(value: Any) -> Any:
    return list(map(_listed, value)) if isinstance(value, list | tuple | range | array) else value


def _comparable(name: str, value: Any) -> Any:
    """What pass 1 reads of a member of `Converted`; None for what it does not read."""
    if name in {"names", "types"}:
        return Counter(value)
    if name == "judged":
        return list(map(account_of, value))
    return None if name == "encode" else _listed(value)


def test_nothing_that_pass_1_reads_is_lost_on_the_way_from_a_worker(tmp_path: Path) -> None:
    kinds = ("identify", "group", "page", "track")
    events = ("Link Clicked", "Email Opened", "Link Clicked")
    rows = [
        (kind, " u1" * (n != 1), f"p{n}" * (n > 0), "a1", "Home", event, time, "7" if n else "NULL")
        for n, event in enumerate(events)
        for kind in kinds
        for time in tools.TIMES
    ]
    columns = OF_CALLS.mapping.columns
    plain = tools.mapped_by(columns=columns, nulls=frozenset({"NULL"}))
    some = tools.mapped_by(columns=columns, events=frozenset({"Link Clicked"}))
    states = replace(columns, calls=replace(columns.calls, now=True))
    session = tools.mapped_by(columns=states, person_is_session=True)
    skipping = tools.mapped_by(columns=columns, unknown_events="skip")
    strange = [(*rows[-1][:5], "Sent", *rows[-1][6:])]
    options, found = ReadOptions(), list[Converted]()
    for name, make, how, written in (
        ("a.csv", tools.csv_of, plain, rows),
        ("b.csv", tools.csv_of, replace(plain, checks=("partner-source",)), rows),
        ("c.ndjson", tools.ndjson_of, some, rows),
        ("d.csv", tools.csv_of, session, rows),
        ("e.csv", tools.csv_of, skipping, strange),
    ):
        (tmp_path / name).write_bytes(make(written, CALL_COLUMNS))
        inputs = open_inputs([str(tmp_path / name)], options, how)
        found += [convert() for _, _, convert in convertible_chunks(inputs, options, how, AS_CHUNKS)]
    back = [pickle.loads(pickle.dumps(Planned(each, b"", ()))).converted for each in found]
    for member in fields(Converted):
        there, here = (
            [_comparable(member.name, getattr(each, member.name)) for each in side] for side in (found, back)
        )
        assert here == there, member.name
        assert member.name == "encode" or any(there), f"no chunk shows that {member.name} comes through"


def test_json_documents_between_other_files_come_to_the_same() -> None:
    late = b'{"event": "Email Opened", "userId": "u%d", "timestamp": "2024-03-01T09:30:00Z", "k%d": 1}'
    document = b"[" + b",\n".join(late % (n, n // 9) for n in range(40)) + b"]"
    torn = tools.csv_of([]) + b'Email Opened,u1,,e1,c1,"two\nlines",,,2024-03-01T09:30:00Z,\n"\n' * 20
    files = {"a.csv": torn, "b.json": document, "c.csv": torn}
    alone = facts(files, 200, None)
    assert b'"k4":1' in b"".join(tools.outcome(files).lines)
    with small_tasks():
        assert facts(files, 200, shared(3)) == alone


@given(
    before=st.lists(st.sampled_from([b"a,b\n", b'"a\nb",c\n', b'"x ""y""\n",d\n', b'"",""\n'])),
    rest=st.sampled_from([b"", b'"open,\n', b'"open\nand\non,\n', b'"a""b\n']),
)
def test_where_quotes_stand_in_order_a_cut_is_the_end_of_a_record(before: list[bytes], rest: bytes) -> None:
    whole = b"".join(before)
    assert record_end(whole + rest) == len(whole)


def test_chunks_end_where_they_did_whoever_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(
        tools.csv_of([]) + b'Email Opened,u1,,e1,c1,"two\nlines",,,2024-03-01T09:30:00Z,\n' * 500
    )
    options = ReadOptions(chunk_bytes=1000)
    digests = b"".join(chunk.digest for chunk in read(detect(str(path), options), options))
    with small_tasks():
        found = tools.outcome({"a.csv": path.read_bytes()}, chunk_bytes=1000, workers=shared(3))
    assert bytes(found.plan.digests) == digests
    assert len(digests) > 16 * 30


def test_a_changed_file_is_found_at_the_same_place_by_workers(tmp_path: Path) -> None:
    # As many rows, but one of them is another one.
    from functools import partial

    from inflection_cli.backfilling.plan import Planner
    from inflection_cli.backfilling.second_pass import outgoing
    from inflection_cli.errors import InputChanged

    path = tmp_path / "a.csv"
    rows = [b"Email Opened,u%04d,,e1,c1,,,,2024-03-01T09:30:00Z,\n" % n for n in range(200)]
    options, how, sent = ReadOptions(chunk_bytes=500), tools.settings(), []
    for workers in (None, shared(2)):
        path.write_bytes(tools.csv_of([]) + b"".join(rows))
        inputs = open_inputs([str(path)], options, how)
        chunks = partial(convertible_chunks, inputs, options, how, workers=workers)
        plan = Planner(inputs, how, chunks).run()
        path.write_bytes(tools.csv_of([]) + b"".join(rows[:100]) + b"too,few\n" + b"".join(rows[101:]))
        gone: list[bytes] = []
        with small_tasks(), pytest.raises(InputChanged):
            gone.extend(wire for batch in outgoing(plan, list) if batch for wire in batch.wire)
        sent.append(gone)
    assert 80 < len(sent[0]) < 100
    assert sent[0] == sent[1]


def test_memory_holds_a_bounded_number_of_pieces() -> None:
    under_way, most = 0, 0

    class Counting(Here):
        def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            done = super().submit(work, *args, **kwargs)
            result = done.result

            def taken(timeout: float | None = None) -> Any:
                nonlocal under_way
                under_way -= 1
                return result(timeout)

            done.result = taken  # type: ignore[method-assign]
            return done

    data = tools.csv_of([]) + b"Email Opened,u1,,e1,c1,,,,2024-03-01T09:30:00Z,\n" * 2000
    tools.outcome({"a.csv": data}, chunk_bytes=500, workers=Workers(Counting, 3, lambda _: False))
    assert under_way == 0
    assert most == 6


# --- the command ---------------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def mixed(desk: Desk) -> str:
    """An export of several tasks: cells over lines, broken rows, warnings, repeats."""
    rows = [
        f'Email Opened,u{n},,e1,"c\n{n % 7}",2024-03-{n % 28 + 1:02}T09:30:00Z' if n % 12 else f"too,few{n}"
        for n in range(13_000)
    ]
    return desk.file("mixed.csv", *rows, *rows[:40])


@pytest.mark.slow
def test_real_workers_make_of_a_file_what_one_process_makes(desk: Desk) -> None:
    name = mixed(desk)
    made = []
    for jobs in ("1", "2"):
        words = ("--dry-run", "--out", "m.ndjson", "--rejects", "rejects", "--max-errors", "10%", "--json")
        done = desk.spawn("backfill", name, *words, "--jobs", jobs)
        report = json.loads(done.out)
        report.pop("run_id", None)
        kept = {path.name: path.read_bytes() for path in (desk.folder / "rejects").iterdir()}
        made.append((done.code, report, (desk.folder / "m.ndjson").read_bytes(), kept))
        for path in (desk.folder / "rejects").iterdir():
            path.unlink()
    assert made[0] == made[1]
    assert made[0][0] == 1


@pytest.mark.slow
def test_real_workers_judge_by_tables_and_count_for_pictures_as_one_process_does(desk: Desk) -> None:
    rows = [
        f"Email Opened,{f'u{n % 50}' if n % 9 else ''},p{n},e1,c{n % 7},s{n},2024-03-{n % 28 + 1:02}T09:30:00Z"
        for n in range(3_000)
    ]
    name = desk.file("a.csv", *rows, header="event,userId,personId,email_id,campaign_id,Session,timestamp")
    checks = ("--check", "freshsuccess", "--session-id", "Session", "--set", "module=Email")
    words = (*checks, "--dry-run", "--out", "m.ndjson", "--rejects", "no", "--max-errors", "50%", "--json")
    made = []
    for jobs in ("1", "2"):
        done = desk.spawn("backfill", name, *words, "--report", "html=r.html", "--jobs", jobs)
        page = re.sub(
            r"--jobs \d|2\d{3}-\d\d-\d\d \d\d:\d\d:\d\d", "", (desk.folder / "r.html").read_text("utf-8")
        )
        made.append((done.code, json.loads(done.out), (desk.folder / "m.ndjson").read_bytes(), page))
    assert made[0] == made[1]
    code, report, messages, page = made[0]
    assert (code, report["rows"]["rejected"], messages.count(b"\n")) == (1, 334, report["events"]["pending"])
    assert b'"module":"Email"' in messages
    assert "Events over time" in page


@pytest.mark.slow
def test_real_workers_take_files_with_settings_of_their_own_and_name_people_as_one_process_does(
    desk: Desk,
) -> None:
    people = [
        f"Email Opened,{f'u{n}' if n < 700 else ''},p{n % 700},e1,c1,{tools.TIMES[0]}" for n in range(12_000)
    ]
    events = desk.file("events.csv", *people, header="event,userId,personId,email_id,campaign_id,timestamp")
    rows = [f"u{n % 90},a{n % 7},Ada {n},{tools.TIMES[0]}" for n in range(2_000)]
    members = desk.file("members.csv", *rows, "u1,a1,Ada,soon", header="userId,groupId,size,timestamp")
    own = desk.file(
        "contacts.csv", *(f'c{n},"x\n{n % 5}",{tools.TIMES[1]}' for n in range(2_000)), header="who,plan,at"
    )
    head = 'profile = 1\n[fields]\nuserId = "who"\ntimestamp = { columns = ["at"] }\n'
    profile = head + '[[event]]\ntype = "identify"\ntraits = { plan = "plan" }\n'
    (desk.folder / "contacts.toml").write_text(profile, encoding="utf-8")
    words = ("--as", "members.csv=group", "--all-traits", "--profile-for", "contacts*.csv=contacts.toml")
    made = []
    for jobs in ("1", "2"):
        more = (
            "--resolve-identity",
            "--dry-run",
            "--out",
            "m.ndjson",
            "--max-errors",
            "100%",
            "--rejects",
            "no",
        )
        done = desk.spawn("backfill", events, members, own, *words, *more, "--json", "--jobs", jobs)
        assert (desk.folder / "m.ndjson").exists(), done.err + done.out
        made.append((done.code, done.json, (desk.folder / "m.ndjson").read_bytes()))
    assert made[0] == made[1]
    report = made[0][1]
    assert (report["rows"]["mapped"], report["problem_counts"]["timestamp-unreadable"]) == (16_000, 1)
    assert report["identities"]["events_resolved"] == 11_300
    assert {"identify", "group", "track"} <= {json.loads(line)["type"] for line in made[0][2].splitlines()}


@pytest.mark.slow
def test_more_workers_than_cores_say_the_same_of_a_packed_file(desk: Desk) -> None:
    import gzip

    name = mixed(desk)
    (desk.folder / "m.csv.gz").write_bytes(gzip.compress((desk.folder / name).read_bytes()))
    told = [desk.spawn("validate", "m.csv.gz", "--json", "--jobs", jobs) for jobs in ("1", "3")]
    assert told[0] == told[1]
    assert told[0].json["rows"]["read"] == 13_040


def test_a_small_input_starts_no_workers_unless_a_number_is_given(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def start(self: ProcessPoolExecutor, *_: Any, **__: Any) -> None:
        started.append(self)
        raise OSError("no workers here")

    monkeypatch.setattr(ProcessPoolExecutor, "__init__", start)
    name = desk.file("a.csv", "Email Opened,u1,,e1,c1,2024-03-01T09:30:00Z")
    assert desk.run("validate", name).code == 0
    assert desk.run("validate", name, "--jobs", "1").code == 0
    assert desk.run("validate", name, "--limit", "1", "--jobs", "2").code == 0
    assert started == []
    assert desk.run("validate", name, "--jobs", "2").code == 70
    assert len(started) == 1


def test_a_large_input_has_as_many_workers_as_cores_and_at_most_eight(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from reading_support import source_of

    source = source_of(b"a,b\n1,2\n")
    large = replace(source, size_bytes=LEAST_BYTES)
    monkeypatch.setattr("inflection_cli.converting.job_count._cores", lambda: 4)
    assert default_jobs([large]) == 4
    assert default_jobs([replace(source, size_bytes=LEAST_BYTES - 1)]) == 1
    assert default_jobs([replace(source, size_bytes=LEAST_BYTES // 4, compression="gzip")]) == 4
    monkeypatch.setattr("inflection_cli.converting.job_count._cores", lambda: 64)
    assert default_jobs([large]) == 8
