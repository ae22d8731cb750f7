"""Given packed files, what is in them is read whole, and what is damaged is refused with the place."""

import bz2
import gzip
import lzma
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from reading_support import cells, source_of, whole

from inflection_cli.errors import InputError
from inflection_cli.reading import detect
from inflection_cli.reading.files.fingerprint import fingerprint
from inflection_cli.reading.source import ReadOptions

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def zstd_with_checksum(data: bytes) -> bytes:
    """As the tool packs; the package leaves the checksum out unless it is told."""
    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd_with_checksum,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
DATA = b"a,b\n1,2\n3,4\n"
LONG = b"a,b\n" + b"".join(b"%d,%d\n" % (number, number * 7919) for number in range(25_000))
every_kind = pytest.mark.parametrize("kind", PACKED)


@every_kind
def test_a_packed_file_is_known_by_its_bytes_whatever_its_name(kind: str) -> None:
    data = PACKED[kind](DATA)
    source = source_of(data, name="export.csv")
    assert source.compression == kind
    assert source.size_bytes == len(data)
    assert cells(whole(source)) == [["1", "2"], ["3", "4"]]


@every_kind
def test_streams_one_after_another_are_read_as_one(kind: str) -> None:
    pack = PACKED[kind]
    source = source_of(pack(b"a,b\n1,") + pack(b"") + pack(b"2\n3,4\n"))
    assert cells(whole(source)) == [["1", "2"], ["3", "4"]]


@every_kind
def test_packed_and_plain_give_the_same_rows_lines_and_fingerprint(kind: str, tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain.csv", tmp_path / "packed"
    plain.write_bytes(LONG)
    packed.write_bytes(long(kind))
    assert whole(detect(str(packed), ReadOptions())) == whole(detect(str(plain), ReadOptions()))
    assert fingerprint("x", str(packed)) == fingerprint("y", str(plain))


@pytest.mark.parametrize("kind", ["gzip", "xz"])
def test_nuls_behind_the_last_stream_are_padding(kind: str) -> None:
    assert len(whole(source_of(PACKED[kind](DATA) + bytes(512))).rows) == 2
    assert len(whole(source_of(PACKED[kind](DATA) + bytes(1 << 17) + PACKED[kind](b"5,6\n"))).rows) == 3


def test_a_zstd_frame_that_is_to_be_skipped_is() -> None:
    skipped = b"\x5a\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    source = source_of(skipped + zstd.compress(DATA) + skipped)
    assert source.compression == "zstd"
    assert len(whole(source).rows) == 2


@cache
def long(kind: str) -> bytes:
    return PACKED[kind](LONG)


def damaged(kind: str, how: str) -> bytes:
    packed = long(kind)
    if how == "cut off":
        return packed[: len(packed) * 3 // 4]
    if how == "a wrong byte":
        at = len(packed) * 3 // 4
        return packed[:at] + bytes([packed[at] ^ 0x55]) + packed[at + 1 :]
    return packed + b"and something else"


@every_kind
@pytest.mark.parametrize("how", ["cut off", "a wrong byte", "followed by something else"])
def test_what_is_damaged_is_refused_with_the_place_and_how_to_check(kind: str, how: str) -> None:
    with pytest.raises(InputError, match=rf"{kind} data is damaged or cut off near line \d") as refused:
        whole(source_of(damaged(kind, how)))
    assert refused.value.exit_code == 4
    assert f"{kind} --test FILE" in refused.value.hint


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_the_place_is_near_the_line_where_the_data_ends(kind: str) -> None:
    packed = long(kind)
    with pytest.raises(InputError, match=r"near line 1\d,\d\d\d:"):
        whole(source_of(packed[: len(packed) * 3 // 4]))


@every_kind
def test_a_file_cut_off_in_its_first_bytes_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match="damaged or cut off near line 1:"):
        source_of(PACKED[kind](DATA)[:11])


@every_kind
def test_a_file_packed_twice_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match=f"is compressed twice, inside with {kind}") as refused:
        source_of(gzip.compress(PACKED[kind](DATA)))
    assert "decompress it once" in refused.value.hint


@every_kind
def test_a_packed_nothing_is_empty(kind: str) -> None:
    with pytest.raises(InputError, match="is empty"):
        source_of(PACKED[kind](b""))


def test_a_header_that_begins_like_a_packed_file_is_a_header() -> None:
    assert source_of(b"BZh9,b\n1,2\n").columns == ("BZh9", "b")


def test_data_that_wants_gigabytes_of_memory_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 28}]
    with pytest.raises(InputError, match="needs more memory to decompress than is allowed") as refused:
        source_of(lzma.compress(DATA, filters=filters))
    assert "xz -9" in refused.value.hint


def test_the_tools_own_files_are_read() -> None:
    for tool, kind in (("zstd", "zstd"), ("bzip2", "bzip2"), ("xz", "xz"), ("gzip", "gzip")):
        try:
            packed = subprocess.run([tool, "-c"], input=DATA, capture_output=True, check=True, timeout=240)
        except FileNotFoundError:
            continue  # not every machine has every tool
        source = source_of(packed.stdout)
        assert source.compression == kind
        assert len(whole(source).rows) == 2
