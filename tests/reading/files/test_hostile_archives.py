"""Given an archive that is made to fill memory or disk, or to lie, it is refused in words with little work."""

import gzip
import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from command_support import Desk
from reading_support import whole

from inflection_cli.errors import InputError
from inflection_cli.reading import Limits, ReadOptions, detect, find, forget_copies

MOST_S = 2.0
"""Seconds of the processor that a refusal may take."""

DATA = b"a,b\n1,2\n"
END = bytes(1024)


def entry(name: str, size: int, data: bytes = b"", kind: bytes = b"0") -> bytes:
    """A header of tar that claims a size, and data."""
    sizes = b"%011o\0" % size if 0 <= size < 8**11 else size.to_bytes(12, "big", signed=True)
    if size >= 8**11:
        sizes = b"\x80" + sizes[1:]
    head = name.encode().ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + sizes + b"00000000000\0"
    head += b" " * 8 + kind + bytes(100) + b"ustar\x0000" + bytes(247)
    head = head[:148] + b"%06o\0 " % sum(head) + head[156:]
    return head + data + bytes(-len(data) % 512)


FILE = entry("a.csv", len(DATA), DATA)


def before_each_other(count: int, kind: bytes, data: bytes) -> bytes:
    """So many headers that all belong to the entry behind them."""
    return entry("x", len(data), data, kind) * count + FILE + END


TARS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a size beyond any file": (
        lambda: entry("a.csv", 2**62, DATA) + END,
        "claims to be 4,611,686,018,427",
    ),
    "a size beyond its end": (lambda: entry("a.csv", 9_000, DATA) + END, "claims to be 9,000 bytes"),
    "a size beyond its end, of the last entry": (
        lambda: FILE + entry("b.csv", 2_000, DATA),
        "claims to be 2,000 bytes",
    ),
    "a size below nothing": (lambda: FILE + entry("b.csv", -1024) + END, "claims to be -1,024 bytes long"),
    "a size below nothing that leads back": (lambda: entry("a.csv", -512) + FILE + END, "-512 bytes long"),
    "a size of its attributes": (
        lambda: before_each_other(1, b"x", b"17 size=99999999\n"),
        "claims to be 99,999,999",
    ),
    "attributes of attributes": (lambda: before_each_other(5_000, b"x", b"11 a=bcdef\n"), "no archive needs"),
    "long names of long names": (lambda: before_each_other(5_000, b"L", b"x.csv"), "no archive needs"),
    "attributes longer than numbers": (
        lambda: before_each_other(1, b"x", b"9" * 30 + b" a=b\n"),
        "no archive needs",
    ),
    "attributes of no length": (lambda: before_each_other(1, b"x", b"0 a=b\n"), "invalid header"),
    "many empty entries": (
        lambda: b"".join(entry(f"f{at}", 0) for at in range(10_001)) + END,
        "holds more than 10,000 entries",
    ),
    "many files": (
        lambda: b"".join(entry(f"{at}.csv", len(DATA), DATA) for at in range(1_001)) + END,
        "holds 1,001 files, more than 1,000",
    ),
    "links alone": (
        lambda: entry("a.csv", 0, kind=b"2") + entry("b.csv", 0, kind=b"1") + END,
        "no file to read",
    ),
    "gzip in gzip in gzip": (
        lambda: gzip.compress(gzip.compress(gzip.compress(FILE + END))),
        "compressed twice",
    ),
    "an archive within": (lambda: entry("b.tar.gz", len(DATA), DATA) + END, "compressed inside the archive"),
}


HEAVY = {"many empty entries", "many files", "attributes of attributes"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in HEAVY else ()) for name in TARS]
)
def test_a_hostile_tar_archive_is_refused_in_words(tmp_path: Path, name: str) -> None:
    make, message = TARS[name]
    path = tmp_path / "x.tar"
    path.write_bytes(make())
    assert_refused(path, message)


def read_all(path: Path) -> None:
    for found in find([str(path)]):
        whole(detect(found, ReadOptions()))


def assert_refused(path: Path, message: str) -> None:
    start = time.process_time()
    with pytest.raises(InputError) as refused:
        read_all(path)
    assert time.process_time() - start < MOST_S
    assert message in refused.value.message
    assert refused.value.hint
    assert refused.value.exit_code == 4
    forget_copies()


@pytest.mark.slow
def test_an_archive_of_gigabytes_of_nothing_is_refused_before_it_is_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    zeros = gzip.compress(bytes(32 << 20), 9)
    path.write_bytes(gzip.compress(entry("a.csv", 10 << 30)) + zeros * 320)
    assert path.stat().st_size < 11 << 20
    assert_refused(path, "expands to more than 250 times its size")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["../../up.csv", "/etc/up.csv", "a/../../up.csv"])
def test_a_name_that_leads_out_of_the_archive_is_shown_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    desk = Desk.at(inside, monkeypatch)
    (inside / "x.tar").write_bytes(entry(name, len(DATA), DATA) + END)
    with zipfile.ZipFile(inside / "x.zip", "w") as archive:
        archive.writestr(name, DATA)
    for archive_name in ("x.tar", "x.zip"):
        (found,) = find([str(inside / archive_name)])
        assert found.path.endswith(f"{archive_name}/{name}")
        assert len(whole(detect(found, ReadOptions())).rows) == 1
        desk.run("backfill", archive_name, "--dry-run", "--max-errors", "100%", "--out", "m.ndjson")
    assert list(tmp_path.rglob("*up*")) == []


def zipped(count: int, rows: int) -> bytes:
    out = io.BytesIO()
    data = b"a,b\n" + b"1,2\n" * rows
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for at in range(count):
            archive.writestr(f"{at:05}.csv", data)
    return out.getvalue()


def assert_bomb(path: Path) -> None:
    """Not read if it is not refused: that would take minutes."""
    with pytest.raises(InputError, match="expands to more than 250 times its size"):
        find([str(path)])


@pytest.mark.slow
def test_files_that_are_a_bomb_together_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(zipped(8, 3 << 20))
    assert_bomb(path)
    assert len(find([str(path)], Limits(max_expansion=2_000))) == 8


def test_files_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """A directory whose entries all lead to the same few bytes."""
    once = zipped(1, 3 << 20)
    start = once.index(b"PK\x01\x02")
    listed = once[start : once.index(b"PK\x05\x06")]
    entries = b"".join(listed[:46] + b"%05d.csv" % at + listed[55:] for at in range(900))
    end = b"PK\x05\x06" + bytes(4) + (900).to_bytes(2, "little") * 2
    end += len(entries).to_bytes(4, "little") + start.to_bytes(4, "little") + bytes(2)
    path = tmp_path / "x.zip"
    path.write_bytes(once[:start] + entries + end)
    assert path.stat().st_size < 1 << 20
    assert_bomb(path)
