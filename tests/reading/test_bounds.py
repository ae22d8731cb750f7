"""Given input made to fill disks, days or memory, it is refused in good time, or costs one row and a note."""

import bz2
import gzip
import lzma
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from reading_support import SIZES, cells, source_of, whole

from inflection_cli.errors import InputError
from inflection_cli.reading import Limits, ReadOptions, Source, detect, find, read
from inflection_cli.reading.files import window as windows
from inflection_cli.reading.files.window import Window
from inflection_cli.reading.json.message_lines import read_lines
from inflection_cli.reading.source import MAX_LINE_BYTES

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ROW = b"1," + b"2" * 997 + b"\n"
ROWS = b"a,b\n" + ROW * 17_000
"""A little over 16 MiB, which all packings make a thousandth of."""

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": lambda data: bz2.compress(data, 1),
    "xz": lambda data: lzma.compress(data, preset=0),
    "zstd": zstd.compress,
}


def bounded(**limits: int) -> ReadOptions:
    return ReadOptions(limits=Limits(**limits))


def rows_of(source: Source) -> int:
    return sum(len(chunk.rows) for chunk in read(source, ReadOptions()))


class TestExpansion:
    """A packed file that grows beyond all measure."""

    @pytest.mark.parametrize("kind", PACKERS)
    def test_a_bomb_is_refused_at_first_sight_with_the_option_that_lifts_the_bound(self, kind: str) -> None:
        data = PACKERS[kind](ROWS)
        with pytest.raises(InputError, match="expands to more than 250 times its size") as refused:
            source_of(data)
        assert "--max-expansion 2000" in refused.value.hint
        assert refused.value.exit_code == 4

    def test_no_more_than_what_is_judged_is_unpacked(self) -> None:
        # A gigabyte would take ten times as long, and the end of it is damaged.
        packer = zlib.compressobj(wbits=31)
        start = packer.compress(ROWS)
        bomb = start + packer.compress(ROWS) + packer.flush(zlib.Z_FULL_FLUSH) + b"damaged"
        with pytest.raises(InputError, match="expands to more than"):
            source_of(bomb)

    def test_the_bound_can_be_lifted(self) -> None:
        assert rows_of(source_of(gzip.compress(ROWS), bounded(max_expansion=2_000))) == 17_000

    def test_what_stays_small_may_expand_as_it_likes(self) -> None:
        assert rows_of(source_of(gzip.compress(b"a,b\n" + ROW * 10_000), bounded(max_expansion=2))) == 10_000

    def test_what_turns_into_a_bomb_later_is_refused_there(self) -> None:
        honest = b"a,b\n" + b"".join(b"1,%d\n" % (n * 2_654_435_761 % 2**64) for n in range(200_000))
        source = source_of(
            gzip.compress(honest, 1) + gzip.compress(ROW * 60_000, 1), bounded(max_expansion=20)
        )
        with pytest.raises(InputError, match="more than 20 times"):
            rows_of(source)

    def test_an_archive_that_promises_a_bomb_is_refused_by_its_directory(self, tmp_path: Path) -> None:
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
            out.writestr("a.csv", ROWS)
        (found,) = find([str(path)])
        with pytest.raises(InputError, match=r"x\.zip/a\.csv: expands to more than 250 times its size"):
            detect(found, ReadOptions())

    def test_an_archive_that_hides_a_bomb_is_found_out_by_what_really_comes(self, tmp_path: Path) -> None:
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as out:
            out.writestr("a.csv", ROWS)
        data = bytearray(path.read_bytes())
        at = data.index(b"PK\x01\x02") + 24
        data[at : at + 4] = (15 << 20).to_bytes(4, "little")
        path.write_bytes(data)
        (found,) = find([str(path)])
        with pytest.raises(InputError, match="more comes out than the archive's directory says"):
            detect(found, ReadOptions())

    def test_what_comes_out_at_once_is_bounded_too(self) -> None:
        data = bz2.compress(b"a,b\n" + ROW * 16_000)
        tracemalloc.start()
        rows = rows_of(source_of(data))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert rows == 16_000
        assert peak < 8 << 20


class TestSize:
    """A file larger than may be, plain or unpacked."""

    def test_a_plain_file_is_refused_by_its_size_on_the_disk(self, tmp_path: Path) -> None:
        path = tmp_path / "huge.csv"
        with path.open("wb") as out:
            out.write(b"a,b\n1,2\n")
            out.truncate(100_000_000_001)
        with pytest.raises(InputError, match=r"has more than 100,000,000,000 bytes$") as refused:
            detect(str(path), ReadOptions())
        assert "--max-bytes 200GB" in refused.value.hint

    def test_a_packed_file_is_refused_where_too_much_comes_out(self) -> None:
        data = gzip.compress(ROWS + ROW * 2_000)
        source = source_of(data, bounded(max_expansion=10_000, max_bytes=18_000_000))
        with pytest.raises(InputError, match="has more than 18,000,000 bytes unpacked"):
            rows_of(source)

    def test_an_archive_is_refused_by_its_directory(self, tmp_path: Path) -> None:
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
            out.writestr("a.csv", b"a,b\n" + b"1,2\n" * 1_000)
        (found,) = find([str(path)])
        with pytest.raises(InputError, match="more than 4,000 bytes unpacked"):
            detect(found, bounded(max_bytes=4_000))


def lines_of(data: bytes) -> list[tuple[str, int]]:
    reading = whole(source_of(data))
    return [(fault.problem.message, len(fault.raw)) for fault in reading.faults]


LONG = b"x" * (MAX_LINE_BYTES + 1_000_000)


class TestLines:
    """A line over the bound."""

    @pytest.mark.parametrize("size", [64, 1 << 16, 1 << 22])
    def test_a_line_over_the_bound_is_one_row_rejected_and_the_next_line_is_read(self, size: int) -> None:
        reading = whole(source_of(b"a,b\n1,2\n3," + LONG + b"\n5,6\n"), size)
        assert cells(reading) == [["1", "2"], ["5", "6"]]
        assert reading.lines == [2, 4]
        assert reading.places() == [("record-too-long", 3, None)]
        (fault,) = reading.faults
        assert (fault.line, fault.rows) == (3, 1)
        assert fault.raw == b"3," + b"x" * (MAX_LINE_BYTES - 2) + b"\n"

    def test_it_is_said_how_much_of_it_is_kept_and_where_the_whole_of_it_is(self) -> None:
        before = b"a,b\n" + b"1,2\n" * 100_000 + LONG + b"\n"
        ((message, _),) = lines_of(before + b"3," + LONG + b"\n5,6\n")[1:]
        assert message == (
            f"the line has {len(LONG) + 2:,} bytes, of which the rejects hold the first {MAX_LINE_BYTES:,}. "
            f"It starts at byte {len(before) + 1:,} of the text"
        )

    def test_a_line_at_the_bound_is_kept_whole(self) -> None:
        line = b"1," + b"x" * (MAX_LINE_BYTES - 2)
        reading = whole(source_of(b"a,b\n" + line + b"\n5,6\n"))
        assert reading.places() == [("record-too-long", 2, None)]
        assert reading.faults[0].raw == line + b"\n"
        assert "characters" in reading.faults[0].problem.message

    def test_the_last_line_may_be_too_long(self) -> None:
        reading = whole(source_of(b"a,b\n1,2\n3," + LONG))
        assert cells(reading) == [["1", "2"]]
        assert reading.faults[0].raw == b"3," + b"x" * (MAX_LINE_BYTES - 2)

    @pytest.mark.parametrize("size", [64, 1 << 16])
    def test_a_line_too_long_inside_an_open_quote_ends_the_region(self, size: int) -> None:
        reading = whole(source_of(b'a,b\n1,2\n3,"x\ny\n' + LONG + b'"\n5,6\n7,"8\n9"\n'), size)
        assert cells(reading) == [["1", "2"], ["5", "6"], ["7", "8\n9"]]
        assert reading.lines == [2, 6, 7]
        assert [(fault.line, fault.rows) for fault in reading.faults] == [(3, 2), (5, 1)]
        assert [code for code, _, _ in reading.places()] == ["quote-unclosed", "record-too-long"]

    @pytest.mark.parametrize("size", [64, 1 << 16, 1 << 30])
    def test_a_line_too_long_in_ndjson_is_one_row_rejected(self, size: int) -> None:
        source = source_of(b'{"a": 1}\n{"a": "' + LONG + b'"}\n{"a": 3}\n')
        reading = whole(source, size)
        assert reading.rows == [{"a": "1"}, {"a": "3"}]
        assert reading.places() == [("record-too-long", 2, None)]
        assert "It starts at byte 10 of the text" in reading.faults[0].problem.message

    def test_a_ready_message_too_long_is_one_row_rejected(self) -> None:
        source = source_of(b'{"a": 1}\n{"a": "' + LONG + b'"}\n', ReadOptions(format="ndjson"))
        faults = [fault for lines in read_lines(source, ReadOptions()) for fault in lines.chunk.faults]
        assert "of which the rejects hold" in faults[0].problem.message

    def test_what_is_passed_over_is_digested_all_the_same(self) -> None:
        def digests(data: bytes) -> list[bytes]:
            return [chunk.digest for chunk in read(source_of(data), ReadOptions())]

        data = b"a,b\n1,2\n3," + LONG + b"\n" + b"5,6\n" * 50_000
        at = len(data) - 300_000
        changed = data[:at] + b"y" + data[at + 1 :]
        assert digests(data) == digests(data)
        assert len(digests(data)) == len(digests(changed))
        assert sum(one != other for one, other in zip(digests(data), digests(changed), strict=True)) == 1

    def test_memory_stays_flat(self, tmp_path: Path) -> None:
        assert peak_of(tmp_path, 60) < 32 << 20

    @pytest.mark.slow
    def test_memory_stays_flat_whatever_the_length(self, tmp_path: Path) -> None:
        assert peak_of(tmp_path, 300) < 32 << 20


def peak_of(folder: Path, megabytes: int) -> int:
    """Read a line of so many megabytes, and give the most memory that took."""
    path = folder / "long.csv.gz"
    with gzip.open(path, "wb", 1) as out:
        out.write(b"a,b\n1,2\n3,")
        for _ in range(megabytes):
            out.write(b"0123456789" * 100_000)
        out.write(b"\n5,6\n")
    source = detect(str(path), bounded(max_expansion=10_000))
    tracemalloc.start()
    rows = faults = 0
    for chunk in read(source, ReadOptions()):
        rows, faults = rows + len(chunk.rows), faults + len(chunk.faults)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (rows, faults) == (2, 1)
    return peak


class Pieces:
    """A stream that hands out its bytes in pieces of given sizes."""

    def __init__(self, data: bytes, sizes: Iterator[int]) -> None:
        self._data, self._sizes = data, sizes

    def read(self, size: int) -> bytes:
        size = min(size, next(self._sizes))
        piece, self._data = self._data[:size], self._data[size:]
        return piece


@examples(100)
@given(
    lines=st.lists(st.sampled_from([0, 1, 5, 9, 10, 11, 12, 30, 45]), max_size=8),
    ended=st.booleans(),
    size=st.sampled_from([1, 4, 10, 11, 25]),
    piece=st.integers(1, 40),
)
def test_a_window_keeps_the_beginning_of_each_line_and_says_what_it_passed_over(
    lines: list[int], ended: bool, size: int, piece: int
) -> None:
    text = [bytes([97 + index % 26]) * length for index, length in enumerate(lines)]
    data = b"\n".join(text) + (b"\n" if ended else b"")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "MAX_LINE_BYTES", 10)
        window = Window(Pieces(data, iter(lambda: piece, 0)))
        seen = b""
        while block := window.block(size):
            seen += block
            window.advance(len(block))
    assert seen == b"\n".join(line[:10] for line in text) + (b"\n" if ended else b"")
    starts = [sum(len(line) + 1 for line in text[:index]) for index in range(len(text))]
    assert {number: tuple(cut) for number, cut in window.cuts.items()} == {
        index + 1: (start, len(line), 10)
        for index, (start, line) in enumerate(zip(starts, text, strict=True))
        if len(line) > 10
    }
    assert int.from_bytes(window.digest()[8:]) == len(data)


@pytest.mark.parametrize("size", SIZES)
def test_chunks_of_any_size_give_the_same(size: int) -> None:
    data = b'a,b\n1,"2\n' + LONG + b"\n3,4\n"
    assert whole(source_of(data), size).rows == [{"a": "3", "b": "4"}]
