"""Given files with one thing broken at every place, what is read is exactly what an independent reading finds."""

import re
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path

import pytest
import reference_csv as oracle
from command_support import Desk, rows_balance
from hostile_files import HEAVY, Hostile, broken_documents, broken_tables, heavy, layouts
from reading_support import Reading, whole

from inflection_cli.errors import InputError, UsageError
from inflection_cli.model import Fault
from inflection_cli.reading import ReadOptions, Source, detect

ON_LINES = {"a list, one on a line", "a list, commas in front", "a list, spread", "NDJSON", "an envelope"}

# A line that was broken in two; a comma that is missing, or one too many, at the end of a line.
ON_THE_NEXT = re.compile(r"b'\\n' added|b',' (dropped|added|doubled)")


def opened(path: Path, hostile: Hostile) -> tuple[Source, Reading] | None:
    """Read a file to its end; None where it is refused, in words."""
    path.write_bytes(hostile.data)
    try:
        source = detect(str(path), ReadOptions(records=hostile.records))
        return source, whole(source)
    except (InputError, UsageError):
        return None


def last_line(fault: Fault) -> int:
    return fault.line + fault.raw.rstrip(b"\r\n").count(b"\n")


def text_of(data: bytes) -> str:
    """Decode line by line, so that what is wrong on one touches no other."""
    return "\n".join(line.decode("utf-8", "surrogateescape") for line in data.split(b"\n"))


def check_table(hostile: Hostile, source: Source, reading: Reading) -> None:
    assert source.delimiter is not None
    expected = oracle.table(text_of(hostile.data), source.delimiter)
    rows, faults = expected.rows, expected.faults
    if source.nameless_last:
        faults = sorted(
            [*faults, *((line, line + "".join(row).count("\n")) for line, row in rows if row[-1])]
        )
        rows = [(line, row[:-1]) for line, row in rows if not row[-1]]
    rows = [(line, [cell for at, cell in enumerate(row) if at not in source.left_out]) for line, row in rows]
    assert list(zip(reading.lines, (list(row.values()) for row in reading.rows), strict=True)) == rows
    assert [
        (fault.line, fault.line + fault.raw.removesuffix(b"\n").count(b"\n")) for fault in reading.faults
    ] == faults
    lines = hostile.data.split(b"\n")
    for fault in reading.faults:
        assert (
            fault.raw.removesuffix(b"\n").split(b"\n")
            == lines[fault.line - 1 :][: fault.raw.removesuffix(b"\n").count(b"\n") + 1]
        )
        assert fault.rows == sum(1 for line in fault.raw.split(b"\n") if line.strip(b"\r"))
    check_place(hostile, reading.faults)


def check_place(hostile: Hostile, faults: list[Fault]) -> None:
    """The first line that is told is the broken one; within a record of several lines, one of its own.

    Without its opening quote such a record reads well up to its first line end: the line after it is told then.
    """
    if not faults or hostile.line == 1:
        return  # with another header every row may be out of order
    told = faults[0].problem.line or 0
    first, last = record_lines(hostile)
    assert told == hostile.line or first < last >= told - 1 >= first - 1


def record_lines(hostile: Hostile) -> tuple[int, int]:
    """The lines of the record that was broken."""
    whole = oracle.table(hostile.whole.decode(), hostile.delimiter or ",")
    starts = [line for line, _ in whole.rows]
    first = max(line for line in [2, *starts] if line <= hostile.line)
    return first, min([line for line in starts if line > first], default=first + 1) - 1


def check_documents(hostile: Hostile, source: Source, reading: Reading) -> None:
    layout = hostile.name.partition(":")[0]
    text = text_of(hostile.data)
    originals = [oracle.cells(record) for record in records_of(text_of(hostile.whole), hostile.records)]
    # A bracket too many makes a list of envelopes, whose own members stand beside those of each record.
    inner = [{key: cell for key, cell in row.items() if not key.startswith("^.")} for row in reading.rows]
    rows = [{key: cell for key, cell in row.items() if cell} for row in inner]
    if hostile.name.endswith(" b'[' added at 0") and hostile.records:
        # Such records have the line of their envelope, and that of the last is never closed.
        assert subsequence(rows, originals)
        assert reading.faults
        return
    left, untouched = leftovers(hostile, text, reading, rows)
    assert "userId" not in left
    assert hostile.records or re.fullmatch(r"[\s\[\],]*", left)
    assert [row for row, _ in zip(rows, untouched, strict=True) if untouched] == rows
    assert subsequence([row for row, same in zip(rows, untouched, strict=True) if same], originals)
    if not reading.faults:
        assert rows == [oracle.cells(record) for record in records_of(text, hostile.records)]
    elif source.format == "json" or layout == "NDJSON":
        check_loss(hostile, layout, rows, originals)
        check_line(hostile, reading.faults)


def check_line(hostile: Hostile, faults: list[Fault]) -> None:
    """The first line that is told is the broken one; where brackets do not match, it is the one that shows it."""
    told = faults[0].problem.line
    if "cut off" in hostile.name:
        assert told == hostile.data.rstrip().count(b"\n") + 1
    elif not re.search(r"b'[\[\]{}]' (added|doubled|dropped)", hostile.name):
        assert told == hostile.line or (told == hostile.line + 1 and ON_THE_NEXT.search(hostile.name))


def leftovers(
    hostile: Hostile, text: str, reading: Reading, rows: list[dict[str, str]]
) -> tuple[str, list[bool]]:
    """Take rows and faults out of the text, each at its place; say of each row whether it lies clear of the damage."""
    at = len(text_of(hostile.data[: hostile.at]))
    parts = [(line, "row", index) for index, line in enumerate(reading.lines)]
    parts += [(fault.line, "fault", index) for index, fault in enumerate(reading.faults) if fault.raw]
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    left, cursor, untouched = "", 0, [True] * len(rows)
    pending = sorted(parts)
    while pending:
        found = []
        for part in pending[:8]:
            line, kind, index = part
            begin = max(cursor, starts[line - 1])
            if kind == "fault":
                raw = text_of(reading.faults[index].raw)
                found.append((text.find(raw, begin), 1, part, len(raw)))
            else:
                start = next(
                    (
                        place.start()
                        for place in re.finditer(r"\{", text[begin:])
                        if (value := oracle.value_at(text, begin + place.start()))
                        and isinstance(value[0], dict)
                        and oracle.cells(value[0]) == rows[index]
                    ),
                    None,
                )
                assert start is not None, "a row that stands nowhere"
                value = oracle.value_at(text, begin + start)
                assert value is not None
                found.append((begin + start, 0, part, value[1] - begin - start))
        start, _, part, length = min(found)
        assert start >= cursor
        assert text.count("\n", 0, start) + 1 == part[0]
        if part[1] == "row":
            untouched[part[2]] = not start <= at <= start + length
        left, cursor = left + text[cursor:start], start + length
        pending.remove(part)
    return left + text[cursor:], untouched


def records_of(text: str, member: str | None) -> list[dict[str, object]]:
    documents = oracle.values(text)
    assert documents is not None, "no fault was told of a text that is none"
    if member is not None:
        documents = [item for document in documents for item in document[member]]
    elif len(documents) == 1 and isinstance(documents[0], list):
        documents = documents[0]
    return documents


def subsequence(rows: list[dict[str, str]], of: list[dict[str, str]]) -> bool:
    rest = iter(of)
    return all(row in rest for row in rows)


def check_loss(
    hostile: Hostile, layout: str, rows: list[dict[str, str]], originals: list[dict[str, str]]
) -> None:
    """What is broken costs its own record and a neighbour; on lines of their own, those behind it are read again."""
    structure = re.search(r"b'[\[\]{}]' dropped|b'[\[\]{}]' (added|doubled)", hostile.name)
    if "cut off" in hostile.name or structure or layout not in ON_LINES:
        return
    assert len(rows) >= len(originals) - 2


def check(files: Iterable[Hostile], path: Path) -> tuple[int, int]:
    """Hold each file against the oracle; say how many there were, and how many were refused as a whole."""
    count = refused = 0
    for hostile in files:
        count += 1
        try:
            read = opened(path, hostile)
            if read is None:
                refused += 1
            elif read[0].format == "csv":
                check_table(hostile, *read)
            else:
                check_documents(hostile, *read)
        except Exception as error:
            raise AssertionError(f"{hostile.name}: {hostile.data!r}") from error
    return count, refused


MOSTLY = ("a list, one on a line", "a list, spread", "a list on one line", "an envelope")


def test_tables_with_one_thing_broken_are_read_as_the_oracle_reads_them(tmp_path: Path) -> None:
    some = islice(broken_tables(stride=16, among=",\t"), 0, None, 3)
    count, refused = check(some, tmp_path / "export.csv")
    assert count > 400
    assert refused < count / 10


@pytest.mark.slow
def test_documents_with_one_thing_broken_give_no_record_that_is_not_there(tmp_path: Path) -> None:
    some = islice(broken_documents(stride=41, among=MOSTLY), 0, None, 3)
    count, refused = check(some, tmp_path / "export.json")
    assert count > 400
    assert refused < count / 8


@pytest.mark.slow
def test_the_whole_corpus_of_tables(tmp_path: Path) -> None:
    assert check(broken_tables(), tmp_path / "export.csv")[0] > 8_000


@pytest.mark.slow
@pytest.mark.parametrize("layout", layouts())
def test_the_whole_corpus_of_documents(layout: str, tmp_path: Path) -> None:
    assert check(broken_documents(stride=5, among=[layout]), tmp_path / "export.json")[0] > 800


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_what_is_far_too_large_costs_its_own_record_and_is_given_up_in_pieces(
    name: str, tmp_path: Path
) -> None:
    read = opened(tmp_path / "export", heavy(name))
    assert read is not None
    rows = [row["userId"] for row in read[1].rows]
    assert rows[0] == "u1"
    assert rows[-1] == "u1"
    assert read[1].faults or name in {"white space", "carriage returns only"}  # which are no rows
    assert all((fault.problem.line or 0) >= 2 for fault in read[1].faults)
    assert all(len(fault.raw) < 6_000_000 for fault in read[1].faults)


@pytest.mark.parametrize("every", [61, pytest.param(19, marks=pytest.mark.slow)])
def test_a_broken_file_gives_one_json_object_and_an_exit_code_of_the_contract(
    every: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk.at(tmp_path, monkeypatch)
    for hostile in islice(chain(broken_tables(stride=8), broken_documents(stride=41)), 0, None, every):
        check_command(desk, hostile)


def check_command(desk: Desk, hostile: Hostile) -> None:
    """Validate a file: what the command says of it is what is in it."""
    (desk.folder / "export").write_bytes(hostile.data)
    records = ("--records", hostile.records) if hostile.records else ()
    result = desk.run("validate", "export", "--json", "--map", "timestamp=note", *records)
    report = result.json
    assert report["exit_code"] == result.code
    assert "Traceback" not in result.err
    if result.code == 4:
        assert report["error"]["message"]
        return
    assert result.code == 1  # no note is a time
    assert rows_balance(report)
    read = opened(desk.folder / "export", hostile)
    assert read is not None
    assert report["rows"]["read"] == len(read[1].rows) + sum(fault.rows for fault in read[1].faults)


@pytest.mark.parametrize("layout", layouts())
def test_what_is_not_broken_is_read_whole(layout: str, tmp_path: Path) -> None:
    data = layouts()[layout]
    hostile = Hostile(f"{layout}: whole", data, data, 0, "data" if layout == "an envelope" else None)
    read = opened(tmp_path / "export.json", hostile)
    assert read is not None
    assert read[1].faults == []
    check_documents(hostile, *read)
