"""Work shared among processes: whoever reads and converts, the result is the same to the byte."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pipeline_support as tools
import pytest
from command_support import Desk
from hypothesis import given
from hypothesis import strategies as st

from inflection_cli.converting.in_order import Workers
from inflection_cli.converting.job_count import LEAST_BYTES, default_jobs
from inflection_cli.reading import ReadOptions, detect, read
from inflection_cli.reading.csv.csv_reader import record_end


class Here(Executor):
    """Does what it is given at once, in this process, as a pool would: ahead of what is asked for."""

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(work(*args, **kwargs))
        return done


def shared(count: int) -> Workers:
    return Workers(Here, count, lambda _: False)


@contextmanager
def small_tasks(pieces: int = 2) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inflection_cli.converting.in_order._PIECES_AT_ONCE", pieces)
        yield


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


def facts(files: dict[str, bytes], chunk_bytes: int, workers: Workers | None) -> tuple[Any, ...]:
    found = tools.outcome(files, chunk_bytes=chunk_bytes, workers=workers)
    return (*found.facts, bytes(found.plan.digests), [each.columns.names for each in found.plan.inputs])


@tools.some
@given(data=FILTHY_CSV, chunk_bytes=st.sampled_from([1, 60, 150, 400]))
def test_csv_comes_to_the_same_with_any_number_of_workers(data: bytes, chunk_bytes: int) -> None:
    files = {"a.csv": data, "b.csv": data}
    alone = facts(files, chunk_bytes, None)
    with small_tasks():
        assert facts(files, chunk_bytes, shared(2)) == alone
        assert facts(files, chunk_bytes, shared(3)) == alone


@tools.some
@given(data=NDJSON, chunk_bytes=st.sampled_from([1, 100, 300]))
def test_ndjson_comes_to_the_same_with_any_number_of_workers(data: bytes, chunk_bytes: int) -> None:
    files = {"a.ndjson": data, "b.ndjson": data}
    alone = facts(files, chunk_bytes, None)
    with small_tasks():
        assert facts(files, chunk_bytes, shared(2)) == alone
        assert facts(files, chunk_bytes, shared(3)) == alone


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
    from inflection_cli.converting.inputs import convertible_chunks, open_inputs
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
        for n in range(26_000)
    ]
    return desk.file("mixed.csv", *rows, *rows[:40])


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
def test_more_workers_than_cores_say_the_same_of_a_packed_file(desk: Desk) -> None:
    import gzip

    name = mixed(desk)
    (desk.folder / "m.csv.gz").write_bytes(gzip.compress((desk.folder / name).read_bytes()))
    told = [desk.spawn("validate", "m.csv.gz", "--json", "--jobs", jobs) for jobs in ("1", "3")]
    assert told[0] == told[1]
    assert told[0].json["rows"]["read"] == 26_040


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
    from dataclasses import replace

    from reading_support import source_of

    source = source_of(b"a,b\n1,2\n")
    large = replace(source, size_bytes=LEAST_BYTES)
    monkeypatch.setattr("inflection_cli.converting.job_count._cores", lambda: 4)
    assert default_jobs([large]) == 4
    assert default_jobs([replace(source, size_bytes=LEAST_BYTES - 1)]) == 1
    assert default_jobs([replace(source, size_bytes=LEAST_BYTES // 4, compression="gzip")]) == 4
    monkeypatch.setattr("inflection_cli.converting.job_count._cores", lambda: 64)
    assert default_jobs([large]) == 8
