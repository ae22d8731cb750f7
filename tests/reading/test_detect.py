"""Given a file of any name, its content says what it is, or it is refused with what would fix it."""

import gzip
import io
import tarfile
import zipfile

import pytest
from reading_support import cells, source_of, whole

from inflection_cli.errors import InputError, UsageError
from inflection_cli.reading import ReadOptions


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))
    return out.getvalue()


REFUSED = {
    "nothing": (b"", "is empty", "header and rows"),
    "blank lines": (b"\n\r\n  \n", "is empty", "header and rows"),
    "only a byte order mark": (b"\xef\xbb\xbf", "is empty", "header and rows"),
    "only a header": (b"event,userId\n\n", "a header and no rows", "export is complete"),
    "a header without a line end": (b"event,userId", "a header and no rows", "export is complete"),
    "a workbook of one part": (zipped(), "the workbook is damaged", "save it again"),
    "an image": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(100), "is binary", "export it as CSV"),
    "mostly NULs": (b"a,b\n1,2\n" + bytes(40) + b"x" * 60, "is binary", "export it as CSV"),
    "a program": (b"\xca\xfe\xba\xbe\x07\x01\n\x02", "is binary", "export it as CSV"),
    "a login page": (b"\n<!DOCTYPE html><html>", "login page", "export it as CSV"),
    "gzip in gzip": (gzip.compress(gzip.compress(b"a,b\n1,2\n")), "compressed twice", "decompress it once"),
    "a tar archive of nothing": (gzip.compress(tarred()), "a.csv: is empty", "header and rows"),
    "a ciphertext": (b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", "encrypted with PGP", "gpg --decrypt"),
    "a pointer": (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "Git LFS pointer",
        "git lfs pull",
    ),
    "a server's error": (
        b'{"error":"Export expired"}\n',
        "an error message that a server sent",
        "export it again",
    ),
    "gzip of nothing": (gzip.compress(b""), "is empty", "header and rows"),
    "UTF-16 without a mark": ("event,user\n1,2\n".encode("utf-16-le"), "UTF-16", "--encoding utf-16-le"),
    "UTF-16, the other way round": (
        "event,user\n1,2\n".encode("utf-16-be"),
        "UTF-16",
        "--encoding utf-16-be",
    ),
    "a header with an open quote": (b'event,"userId\n1,2\n', "a quote is not closed", "--delimiter"),
    "text after a quote in the header": (
        b'"event"x,userId\n1,2\n',
        "text follows a closing quote",
        "--delimiter",
    ),
    "a carriage return in the header": (b"event,user\rId\n1,2\n", "carriage return", "--delimiter"),
    "a first line without end": (
        b"a,b," + b"x" * (5 << 20),
        "the first line has more than 4,194,304",
        "one event",
    ),
    "a header that is not UTF-8": (
        b"event,pr\xe9nom\n1,2\n",
        "0xE9 is not text in utf-8",
        "--encoding windows-1252",
    ),
    "too many columns": (b",".join(b"c%d" % n for n in range(2_001)) + b"\n", "2,001 names", "fewer"),
}


@pytest.mark.parametrize(("data", "message", "hint"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_refused_with_what_would_fix_it(data: bytes, message: str, hint: str) -> None:
    with pytest.raises(InputError) as refused:
        source_of(data)
    assert message in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.exit_code == 4


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    data = "event,x;y|z\n".translate({ord(other): " " for other in ",;|"}).replace(
        " ", delimiter
    ) + "1,2;3|4\n".replace(delimiter, " ")
    assert source_of(data.encode()).delimiter == delimiter


def test_of_two_delimiters_in_the_header_the_one_that_fits_all_rows_is_taken() -> None:
    source = source_of(b"name, first;date\na;b\nc;d\n")
    assert source.delimiter == ";"
    assert source.columns == ("name, first", "date")


def test_a_broken_row_does_not_hide_the_delimiter() -> None:
    source = source_of(b"name, first;date\na;b\nc\ne;f\n")
    assert source.delimiter == ";"
    assert len(whole(source).faults) == 1


def test_a_tie_between_delimiters_is_no_guess_of_ours() -> None:
    with pytest.raises(InputError, match="',' and ';' divide the first lines equally well") as refused:
        source_of(b"a,b;c\n1,2;3\n")
    assert "--delimiter" in refused.value.hint
    assert source_of(b"a,b;c\n1,2;3\n", ReadOptions(delimiter=";")).columns == ("a,b", "c")


def test_a_delimiter_inside_quotes_divides_nothing() -> None:
    assert source_of(b'"a;b","c;d"\n"1;2","3;4"\n').delimiter == ","


def test_quoted_names_find_another_delimiter_too() -> None:
    assert source_of(b'"a";"b"\n"1";"2"\n').columns == ("a", "b")


def test_the_name_of_a_file_says_nothing() -> None:
    assert source_of(b'{"a": 1}\n', name="export.csv").format == "ndjson"
    assert source_of(b"a,b\n1,2\n", name="export.json").format == "csv"


@pytest.mark.parametrize("header", [b"[a],b", b"{a},b", b'{a},"b"'])
def test_brackets_alone_make_no_json(header: bytes) -> None:
    assert source_of(header + b"\n1,2\n").format == "csv"


def test_a_broken_first_line_of_ndjson_is_a_fault_among_others() -> None:
    reading = whole(source_of(b'{"a": 1\n{"a": 2}\n'))
    assert reading.rows == [{"a": "2"}]
    assert reading.places() == [("json-invalid", 1, None)]


def test_a_nul_far_from_the_header_is_a_fault_and_no_reason_to_refuse_the_file() -> None:
    reading = whole(source_of(b"a,b\n1,2\n3,\0\n5,6\n" * 1))
    assert cells(reading) == [["1", "2"], ["5", "6"]]


def test_a_file_whose_every_row_is_broken_has_its_faults_told() -> None:
    source = source_of(b"a,b\n1\n2\n")
    assert source.sample == ()
    assert len(whole(source).faults) == 2


def test_the_sample_holds_a_thousand_rows_at_the_most() -> None:
    assert len(source_of(b"a,b\n" + b"1,2\n" * 3_000).sample) == 1_000


def test_the_sample_is_bounded_in_size_too() -> None:
    sample = source_of(
        b"a,b\n" + b"1," + b'"' + b"x" * 100_000 + b'"\n' * 1 + (b"1," + b"x" * 100_000 + b"\n") * 100
    ).sample
    assert sum(len(cell) for row in sample for cell in row) < 6_000_000


@pytest.mark.parametrize("name", ["klingon", "utf-7", "rot13", "iso2022_jp", "idna", "", "a\0b"])
def test_an_encoding_that_cannot_be_used_is_a_mistake_in_the_command(name: str) -> None:
    with pytest.raises(UsageError, match="--encoding"):
        source_of(b"a,b\n1,2\n", ReadOptions(encoding=name))


@pytest.mark.parametrize("delimiter", ["", ",,", '"', "\n"])
def test_a_delimiter_that_cannot_be_used_is_a_mistake_in_the_command(delimiter: str) -> None:
    with pytest.raises(UsageError, match="--delimiter"):
        source_of(b"a,b\n1,2\n", ReadOptions(delimiter=delimiter))
