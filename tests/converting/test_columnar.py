"""The quick ways through conversion, batching and `--out`: each gives what the plain way would."""

import json
import os
import subprocess
import threading
import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pipeline_support as tools
import pytest
from command_support import Desk, command, opened
from hypothesis import example, given
from hypothesis import strategies as st
from pyfakefs.fake_filesystem import FakeFilesystem

from inflection_cli.backfilling.dedup import UNCOMPARED, Dispositions, LedgerEvents
from inflection_cli.backfilling.delivery_run import DeliverySettings, batches_of
from inflection_cli.backfilling.message_file import open_message_file
from inflection_cli.backfilling.plan import Planner
from inflection_cli.backfilling.plausibility import People
from inflection_cli.backfilling.second_pass import outgoing
from inflection_cli.backfilling.spill import EventIds
from inflection_cli.converting.chunk_task import AS_CHUNKS, ChunkTask
from inflection_cli.converting.columnar import Cells, ColumnarReader
from inflection_cli.converting.converter import Conversion, Converted, Converter, ConvertSettings
from inflection_cli.converting.input_file import InputFile
from inflection_cli.converting.inputs import convertible_chunks, open_inputs
from inflection_cli.converting.person_columns import PeopleColumns, Seen
from inflection_cli.errors import InputError
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.checks import check_person, odd_ids
from inflection_cli.mapping.columns import BoundColumns
from inflection_cli.mapping.events import EventReader, MapOptions
from inflection_cli.mapping.layout import EventMapping
from inflection_cli.mapping.times.timestamps import TimestampReader
from inflection_cli.model import Batch, Chunk, Disposition
from inflection_cli.reading import ReadOptions
from inflection_cli.segment.destination import Destination, Secret
from inflection_cli.segment.ids import person_part
from inflection_cli.segment.message import MessageEncoder, MessageSettings

TWO_IDS = BoundColumns(
    fields={"userId": 0, "personId": 1},
    constants={},
    carried=(),
    forced=frozenset(),
    names=("userId", "personId"),
    notes=(),
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = b"event,userId,personId,email_id,campaign_id,timestamp\n"

id_cells = st.one_of(
    st.sampled_from(
        ["", "null", "N/A", "-", "0", "0-0", "0.0", "12.0", "1e5", "1E+5", "1.5e3", "test", "=1", "[1]", " u"]
    ),
    st.text("09aAeE.+-_@:|/", max_size=6),
    st.text(max_size=4),
)


@example([("A<a@b.c>", "")])
@given(st.lists(st.tuples(id_cells, id_cells), min_size=1, max_size=3))
def test_people_who_pass_as_plain_are_read_as_one_by_one(ids: list[tuple[str, str]]) -> None:
    if ("", "") in ids or any(odd_ids(column) for column in zip(*ids, strict=True)):
        return
    mapper, encoder = EventReader(TWO_IDS, MapOptions()), MessageEncoder(MessageSettings("0.1.0"))
    plain = PeopleColumns([user for user, _ in ids], [person for _, person in ids])
    assert plain.total_bytes() == sum(plain.sizes)
    assert plain.most_bytes() >= max(plain.sizes)
    for i, cells in enumerate(ids):
        person, notes = mapper.person(cells)
        assert person is not None
        assert (notes, check_person(person, lambda name: name)) == ((), ())
        assert plain.identities()[i] == person_part(person.user_id, person.person_id)
        assert plain.fragments()[i] == encoder.person(person)
        assert plain.sizes[i] == len(encoder.person(person).encode())


email_cells = st.sampled_from(["", "a@x.example", " a@x.example", "A <a@x.example>", "  ", "none"])
some_ids = st.one_of(st.sampled_from(["u1", "p-2"]), st.sampled_from(["u1", "p-2"]), id_cells)
person_rows = st.lists(st.tuples(some_ids, some_ids, email_cells), min_size=1, max_size=9)


@given(person_rows, st.booleans(), st.booleans())
@example([("u1", "", "a@x.example"), ("u1", "p-2", " a@x.example")], False, False)
def test_people_of_many_rows_are_read_as_one_by_one(
    rows: list[tuple[str, str, str]], as_user: bool, as_trait: bool
) -> None:
    names = ("userId", "personId", "email")
    constants = {"event": "Email Opened", "timestamp": "2024-03-01T09:30:00Z"}
    fields = {name: at for at, name in enumerate(names)}
    columns = replace(TWO_IDS, fields=fields, names=names, constants=constants)
    options = MapOptions(user_id_from_email=as_user, email_trait=as_trait)
    mapper, encoder = (
        EventReader(columns, options),
        MessageEncoder(MessageSettings("0", email_trait=as_trait)),
    )
    reader = ColumnarReader(EventMapping(columns, ()), options, encoder, lambda _: TimestampReader(now=NOW))
    count = len(rows)
    people = reader.read(Cells(list(zip(*rows, strict=True)), count), range(count), range(count)).people
    for i, row in enumerate(rows):
        person, notes = mapper.person(row)
        if person is None:
            assert people.notes(i) == notes
            continue
        assert people.notes(i) == (*notes, *check_person(person, columns.column_of))
        assert people.identities()[i] == person_part(person.user_id, person.person_id)
        assert people.fragments()[i] == encoder.person(person)
        assert people.sizes[i] == len(encoder.person(person).encode())
        assert (people.user_ids[i], people.person_ids[i]) == (person.user_id or "", person.person_id or "")


@pytest.mark.parametrize(
    ("how", "event", "reason"),
    [
        (tools.mapped_by(events=frozenset({"Email Opened"})), b"Email Bounced", "--event"),
        (tools.mapped_by(unknown_events="skip"), b"Sent", "--unknown-events skip"),
    ],
)
@pytest.mark.parametrize("rest", [b",,,e1,c1,2024-03-01T09:30:00Z", b",u1,,e1,c1,", b",1.5E+10,,e1,c1,soon"])
def test_a_row_that_the_user_leaves_out_is_not_judged(
    how: ConvertSettings, event: bytes, reason: str, rest: bytes
) -> None:
    good = b"Email Opened,u1,,e1,c1,2024-03-01T09:30:00Z\n"
    found = tools.outcome(HEADER + good + event + rest + b"\n", how)
    account = found.plan.account
    assert (account.rows.mapped, account.rows.rejected, account.filtered_by) == (1, 0, {reason: 1})
    assert found.codes == {}


DISPOSITIONS = (
    Disposition.SEND,
    Disposition.RESEND,
    Disposition.ELSEWHERE,
    Disposition.REFUSED,
    Disposition.DUPLICATE,
)


@given(st.lists(st.sampled_from(DISPOSITIONS), max_size=30), st.lists(st.integers(0, 30), max_size=4))
def test_what_is_in_doubt_shares_no_batch_with_what_is_not(kinds: list[Disposition], cuts: list[int]) -> None:
    bits = bytearray((len(kinds) + 1) // 2)
    for ordinal, kind in enumerate(kinds):
        bits[ordinal >> 1] |= kind << ((ordinal & 1) << 2)
    counts = {kind: kinds.count(kind) for kind in Disposition}
    going = [at for at, kind in enumerate(kinds) if kind is not Disposition.DUPLICATE]
    edges = sorted({0, len(going), *(min(cut, len(going)) for cut in cuts)})
    portions = [going[start:stop] for start, stop in pairwise(edges)]
    steps: list[Batch | None] = [None]
    for part in portions:
        steps += [Batch(part, [bytes([at]) for at in part], part, [b"{}"] * len(part)), None]
    made = batches_of(
        steps,
        DeliverySettings(
            destination=Destination("http://127.0.0.1:1", Secret("key")),
            namespace="n",
            requests_per_second=0,
            events_per_second=30,
            patience_s=1,
            dedup_window_s=0,
        ),
        Dispositions(bits, len(kinds), counts),
    )
    runs = [list(run) for _, run in groupby(going, key=lambda at: kinds[at] is Disposition.RESEND)]
    assert [list(batch.ordinals) for batch in made if batch is not None] == [
        run[at : at + 3] for run in runs for at in range(0, len(run), 3)
    ]


id_and_hash = st.tuples(st.binary(min_size=16, max_size=16), st.integers(0, 2**64 - 1))


@given(st.lists(st.lists(id_and_hash, max_size=5), max_size=6), st.integers(1, 200))
def test_what_pass_1_identified_is_read_back_in_any_order(
    chunks: list[list[tuple[bytes, int]]], block_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inflection_cli.backfilling.spill.SPILL_BYTES", block_bytes)
        kept = EventIds()
        for chunk in chunks:
            kept.add([content_id for content_id, _ in chunk], [content_hash for _, content_hash in chunk])
    assert kept.starts[-1] == sum(map(len, chunks))
    for number in reversed(range(len(chunks))):
        ids, hashes = kept.of(number)
        assert list(zip(ids, hashes, strict=True)) == chunks[number]
    assert list(kept.ids()) == [[content_id for content_id, _ in chunk] for chunk in chunks]
    kept.close()


def test_pass_2_converts_only_what_it_sends_and_hashes_nothing_again(tmp_path: Path) -> None:
    rows = [f"opened,u{n},,e1,c1,2024-03-01T09:30:00Z\n".encode() for n in range(300)]
    path = tmp_path / "export.csv"
    path.write_bytes(HEADER + b"".join(rows))
    how, options = tools.settings(), ReadOptions(chunk_bytes=600)
    inputs = open_inputs([str(path)], options, how)
    converted: list[bool] = []

    def chunks(task: ChunkTask[Any] = AS_CHUNKS) -> Iterator[tuple[InputFile, Chunk, Any]]:
        def noted(chunk: Chunk, convert: Conversion, argument: Any) -> Any:
            def counted(*, identified: bool = True) -> Converted:
                converted.append(identified)
                return convert(identified=identified)

            return task.work(chunk, counted, argument)

        return convertible_chunks(inputs, options, how, ChunkTask(noted, task.argument))

    everything = [
        line for batch in outgoing(Planner(inputs, how, chunks).run(), list) for line in lines_of(batch)
    ]
    in_all = converted.count(True)
    ids = [bytes.fromhex(json.loads(line)["messageId"].replace("-", "")) for line in everything]
    known = [
        LedgerEvents(each, UNCOMPARED, Disposition.ALREADY_ACCEPTED, 1) for each in ids[:200] + ids[250:]
    ]
    plan = Planner(inputs, how, chunks).run(known)
    converted.clear()
    steps = list(outgoing(plan, list))
    assert [line for batch in steps for line in lines_of(batch)] == everything[200:250]
    assert steps.count(None) == in_all > 15
    assert set(converted) == {False}
    assert len(converted) < in_all / 3


def lines_of(batch: Batch | None) -> Sequence[bytes]:
    return batch.wire if batch else ()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def repeated(desk: Desk) -> str:
    """An export of three chunks and more that says most of its rows again, a while later."""
    rows = [opened(f"u{i}", i % 1440) for i in range(2500)]
    return desk.file("export.csv", *rows[:5], *rows[:3], *rows, *rows[100:1500], opened("last"))


def test_messages_written_while_they_are_planned_are_those_that_a_pipe_gets_afterwards(desk: Desk) -> None:
    name = repeated(desk)
    assert desk.run("backfill", name, "--dry-run", "--out", "file.ndjson").code == 0
    os.mkfifo("pipe")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_bytes()))
    reader.start()
    assert desk.run("backfill", name, "--dry-run", "--out", "pipe").code == 0
    reader.join()
    written = Path("file.ndjson").read_bytes()
    assert written == read[0]
    assert [json.loads(line)["userId"] for line in written.splitlines()] == [
        *(f"u{i}" for i in range(2500)),
        "last",
    ]


def test_a_dry_run_that_fails_leaves_what_stood_there_before(desk: Desk) -> None:
    name = desk.file("export.csv", opened("u1"), opened(""))
    Path("old.ndjson").write_bytes(b"{}\n")
    assert desk.run("backfill", name, "--dry-run", "--out", "old.ndjson").code == 8
    assert Path("old.ndjson").read_bytes() == b"{}\n"
    assert not Path("old.ndjson.part").exists()


@pytest.mark.slow
def test_a_dry_run_whose_messages_find_no_room_leaves_no_part_of_them(desk: Desk) -> None:
    name = desk.file("export.csv", *(opened(f"u{i}", i % 1440) for i in range(500)))
    words = command("backfill", name, "--dry-run", "--out", "out.ndjson")
    done = subprocess.run(
        [
            "/bin/sh",
            "-c",
            'PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE; ulimit -f 100; exec "$@"',
            "sh",
            *words,
        ],
        capture_output=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 4
    assert b"the messages cannot be written to out.ndjson" in done.stderr
    assert not list(desk.folder.glob("out.ndjson*"))


@pytest.mark.slow
def test_long_cells_that_all_differ_do_not_fill_the_memory() -> None:
    header = ("event", "userId", "email_id", "campaign_id", "timestamp", "note")
    rows = [["opened", "u", "e", "c", "1709285400", f"x{n:014000}"] for n in range(1_200)]
    how = tools.settings()
    converter = Converter(lay_out(header, rows[:9], how.mapping.columns, file="export.csv"), how)
    tracemalloc.start()
    for n, row in enumerate(rows, 2):
        converter(Chunk("export.csv", header, [row], [n], 1, (), b""))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 12_000_000


def test_a_user_id_that_is_another_ones_person_id_is_two_people() -> None:
    people = People()
    people.add("export.csv", Seen(0, ["a", "", "a"], ["", "a", ""]))
    assert people.count() == (2, 2)


def test_a_pipe_that_nobody_reads_for_a_while_holds_up_no_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    batch = Batch([0, 1], [bytes(16)] * 2, [0, 0], [b"{" + b"x" * 300_000 + b"}"] * 2)
    with open_message_file(str(pipe)) as draft:
        steps = draft.beside([None, batch])
        assert [next(steps) for _ in range(9)] == [None] * 9
        gaps, read = [draft.failed], b""
        for step in steps:
            if step is batch:
                break
            read += os.read(reader, 1 << 16)
        assert [*gaps, draft.failed] == [True, False]
        read += os.read(reader, 1 << 20)
    os.close(reader)
    assert len(read.splitlines()) == 2
    assert read.endswith(b"}\n")
    assert len(read) > 600_000


def test_a_file_with_a_gap_never_gets_its_name(fs: FakeFilesystem) -> None:
    fs.set_disk_usage(1_000_000)
    batch = Batch([0], [bytes(16)], [0], [b"x" * 3_000_000])
    with open_message_file("messages.ndjson") as draft:
        with pytest.raises(InputError, match="cannot be written"):
            next(draft.beside([batch]))
        fs.set_disk_usage(100_000_000)
    assert draft.failed
    assert not Path("messages.ndjson").exists()
    assert not Path("messages.ndjson.part").exists()


@pytest.mark.parametrize("ids", [["u1", "u\n2"], ["u1\n"], ["\n", "u1"], ["u1", "u 2"]])
def test_an_id_with_a_line_break_inside_is_not_taken_for_two_plain_ones(ids: list[str]) -> None:
    assert odd_ids(ids) == {at for at, cell in enumerate(ids) if not cell.isalnum()}
    assert not odd_ids(["u1", "", "u2"])
