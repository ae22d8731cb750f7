"""How far reading has come, by the bytes on disk: packed or not, in one file or in an archive."""

import gzip
import zipfile
from pathlib import Path

import pytest
from command_support import HEADER, opened

from inflection_cli.reading import ReadOptions, detect, find, read
from inflection_cli.reading.files.bytes_read import counting

ROWS = "\n".join([HEADER, *(opened(f"u{n}", n % 1000) for n in range(40_000)), ""]).encode()


def written(folder: Path, form: str) -> Path:
    path = folder / f"export.{form}"
    match form:
        case "csv.gz":
            path.write_bytes(gzip.compress(ROWS, 1))
        case "zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("a.csv", ROWS)
                archive.writestr("b.csv", ROWS)
        case _:
            path.write_bytes(ROWS)
    return path


@pytest.mark.parametrize("form", ["csv", "csv.gz", "zip"])
def test_the_share_grows_from_chunk_to_chunk_up_to_the_whole(form: str, tmp_path: Path) -> None:
    sources = [detect(each, ReadOptions()) for each in find([str(written(tmp_path, form))])]
    size = sum(source.packed_bytes for source in sources)
    assert size <= (tmp_path / f"export.{form}").stat().st_size
    shares = list[float]()
    with counting() as meter:
        for source in sources:
            for _ in read(source, ReadOptions()):
                share = meter.share(size)
                assert share is not None
                shares.append(share)
    assert shares == sorted(shares)
    assert shares[0] < 0.5
    assert shares[-1] > 0.95


def test_without_a_size_there_is_no_share() -> None:
    with counting() as meter:
        assert meter.share(0) is None


def test_what_is_read_outside_is_not_counted(tmp_path: Path) -> None:
    (source,) = [detect(each, ReadOptions()) for each in find([str(written(tmp_path, "csv"))])]
    with counting() as meter:
        pass
    assert len(list(read(source, ReadOptions()))) > 1
    assert meter.count == 0
