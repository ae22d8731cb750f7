"""CSV files that are slightly off: lines above the header, no names, names twice, escaped quotes, no header."""

import csv
import io
from pathlib import Path

import pytest
from command_support import Desk
from example_support import examples
from hypothesis import given
from hypothesis import strategies as st
from reading_support import SIZES, source_of, whole

from inflection_cli.errors import InputError
from inflection_cli.reading import ReadOptions
from inflection_cli.reading.csv.escapes import EscapedQuotes
from inflection_cli.reading.csv.off_shapes import off_shape

H = "event,timestamp,userId,campaign_id,email_id"
ROW = "Email Opened,2024-03-05T08:00:00Z,u1,c1,e1"
REPORT = f"Report\nMade 2024-04-01\n\n{H}\n{ROW}\n{ROW.replace('u1', 'u2')}\n"
INDEX = f",{H}\n0,{ROW}\n1,{ROW.replace('u1', 'u2')}\n"
ESCAPED = f'{H},email_subject\n"Email Opened","2024-03-05T08:00:00Z","u1","c1","e1","say \\"hi\\", ok"\n'


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk.at(tmp_path, monkeypatch)


def people(desk: Desk, text: str, *words: str) -> list[str]:
    """The userIds of the messages of a file; the run has to be in order."""
    Path("x.csv").write_text(text)
    done = desk.run("backfill", "x.csv", *words, "--dry-run", "--out", "m")
    assert done.code == 0, done.err
    return [each["userId"] for each in desk.messages("m")]


# --- F10 -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("--skip-lines", "3"), ("--header-line", "4")])
def test_lines_above_the_header_are_skipped(desk: Desk, words: tuple[str, ...]) -> None:
    assert people(desk, REPORT, *words) == ["u1", "u2"]


def test_lines_are_told_by_their_numbers_in_the_file(desk: Desk) -> None:
    Path("x.csv").write_text(REPORT.replace(",u2,", ",,"))
    told = desk.run("validate", "x.csv", "--skip-lines", "3", "--json").json
    assert [each["line"] for each in told["problems"] if each["code"] == "person-missing"] == [6]


def test_a_profile_says_where_the_header_stands(desk: Desk) -> None:
    Path("p.toml").write_text("profile = 1\n[input]\nheader_line = 4\n")
    assert people(desk, REPORT, "--profile", "p.toml") == ["u1", "u2"]


def test_lines_beyond_the_first_bytes_are_skipped_too(desk: Desk) -> None:
    assert people(desk, "x" * 99 + "\n" + "long line\n" * 9000 + f"{H}\n{ROW}\n", "--skip-lines", "9001") == [
        "u1"
    ]


@pytest.mark.parametrize(
    "text",
    [
        INDEX,
        f"event,,{H[6:]}\n" + ROW.replace("Opened,", "Opened,7,") + "\n",
        f"{H},,\n{ROW},,\n",
        f"{H}, ,\n{ROW},5,\n",
    ],
)
def test_a_column_without_a_name_is_left_out_with_a_warning_wherever_it_stands(desk: Desk, text: str) -> None:
    assert people(desk, text)[0] == "u1"
    (file,) = desk.run("validate", "x.csv", "--json").json["problems"][:1]
    assert (file["code"], file["line"]) == ("nameless-column", 1)


def test_two_columns_of_one_name_are_told_apart_by_their_places(desk: Desk) -> None:
    text = f"id,{H.replace('userId', 'id')}\nr1,{ROW}\nr2,{ROW.replace('u1', 'u2')}\n"
    Path("x.csv").write_text(text)
    mapped = desk.run("validate", "x.csv", "--map", "userId=id (column 4)", "--json").json
    assert [each["code"] for each in mapped["problems"]][:1] == ["column-named-twice"]
    assert people(desk, text, "--map", "userId=id (column 4)") == ["u1", "u2"]


def test_a_field_that_is_there_twice_is_the_users_to_choose(desk: Desk) -> None:
    Path("x.csv").write_text(f"{H},userId\n{ROW},u2\n")
    refused = desk.run("validate", "x.csv")
    assert refused.code == 4
    assert "2 columns could be userId: “userId (column 3)”, “userId (column 6)”" in refused.err
    assert people(desk, Path("x.csv").read_text(), "--map", "userId=userId (column 6)") == ["u2"]


def test_a_file_without_a_header_is_named_by_its_columns(desk: Desk) -> None:
    assert people(desk, f"{ROW},x\n{ROW.replace('u1', 'u2')},y\n", "--columns", f"{H},") == ["u1", "u2"]
    wrong = desk.run("validate", "x.csv", "--columns", H)
    assert wrong.code == 4
    assert "--columns names 5 columns, and the first line has 6 cells" in wrong.err


def test_columns_go_with_lines_above_the_rows(desk: Desk) -> None:
    assert people(desk, f"Report\n\n{ROW}\n", "--columns", H, "--skip-lines", "1") == ["u1"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--skip-lines", "3", "--header-line", "4"), "both say where the header stands"),
        (("--columns", ","), "names no column"),
        (("--columns", "a,b,a"), "names 'a' twice"),
        (("--escape", "ab"), "takes one sign"),
        (("--escape", '"'), "takes one sign"),
    ],
)
def test_options_that_say_nothing_are_refused(desk: Desk, words: tuple[str, ...], message: str) -> None:
    Path("x.csv").write_text(REPORT)
    refused = desk.run("validate", "x.csv", *words)
    assert refused.code == 2
    assert message in refused.err


def test_rejected_rows_are_mended_and_run_with_the_same_options(desk: Desk) -> None:
    row = ESCAPED.split("\n", 1)[1].replace('"u1"', '""')
    Path("x.csv").write_text(f"Report\n{row}")
    words = ("--skip-lines", "1", "--columns", f"{H},email_subject", "--escape", "\\")
    assert (
        desk.run("backfill", "x.csv", *words, "--dry-run", "--rejects", "r", "--max-errors", "100%").code != 2
    )
    (rejects,) = Path("r").glob("x.rejects*.csv")
    rejects.write_text(rejects.read_text().replace("Z,,c1", "Z,u9,c1"))
    assert desk.run("backfill", str(rejects), *words, "--dry-run", "--out", "m").code == 0
    (message,) = desk.messages("m")
    assert (message["userId"], message["properties"]["email_subject"]) == ("u9", 'say "hi", ok')


# --- inspect names the option --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "option"),
    [
        (REPORT, "--header-line 4"),
        (ESCAPED, "--escape '\\'"),
        (f"{ROW}\n{ROW.replace('u1', 'u2')}\n", "--columns c1,c2,c3,c4,c5"),
    ],
)
def test_inspect_reads_the_file_and_names_the_option_and_a_draft_has_it(
    desk: Desk, text: str, option: str
) -> None:
    Path("x.csv").write_text(text)
    found = desk.run("inspect", "x.csv", "--json", "--save", "p.toml").json["files"][0]
    assert found["rows"] == text.count("Email Opened")
    assert option in [each["option"] for each in found["missing"]]
    words = option.replace("'", "").split()
    fields = ("event", "timestamp", "userId", "campaign_id", "email_id")
    mapped = [f"{field}=c{number}" for number, field in enumerate(fields, 1)] if "columns" in option else []
    assert people(desk, text, *words, *(word for each in mapped for word in ("--map", each)))[0] == "u1"
    if not mapped:
        assert people(desk, text, "--profile", "p.toml")[0] == "u1"


@pytest.mark.parametrize(
    "text", [f"{H}\n{ROW}\n", f"{H}\n{ROW},\n", INDEX, "a\n1\n2\n", f'{H}\n"a","b\\",c,d,e\n']
)
def test_nothing_is_guessed_of_a_file_that_is_in_order(text: str) -> None:
    assert off_shape(text, None) is None


# --- escapes -------------------------------------------------------------------------------------


def test_an_escaped_quote_is_a_quote_and_a_null_stays_one(desk: Desk) -> None:
    Path("x.csv").write_text(ESCAPED.replace(', ok"', ', ok \\\\ \\N C:\\new"'))
    assert desk.run("backfill", "x.csv", "--escape", "\\\\", "--dry-run", "--out", "m").code == 0
    assert desk.messages("m")[0]["properties"]["email_subject"] == 'say "hi", ok \\ \\N C:\\new'


def written(cell: str) -> str:
    """A cell in quotes with escapes, as a program writes it that knows no doubled quotes."""
    return '"' + cell.replace("\\", "\\\\").replace('"', '\\"') + '"'


CELLS = st.text('ab\\",;\n\u00e9', max_size=6)


class Trickle:
    """Bytes that come a few at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        self._data, self._most = data, most

    def read(self, size: int) -> bytes:
        data, self._data = self._data[: min(size, self._most)], self._data[min(size, self._most) :]
        return data


@examples(60)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1), most=st.integers(1, 9))
def test_escaped_cells_become_what_csv_reads_however_the_bytes_come(rows: list[list[str]], most: int) -> None:
    data = "".join(",".join(map(written, row)) + "\n" for row in rows).encode()
    source, made = EscapedQuotes(Trickle(data, most), "\\", ","), b""
    while part := source.read(1 << 16):
        made += part
    assert list(csv.reader(io.StringIO(made.decode(), newline=""), strict=True)) == rows


@examples(20)
@given(rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1), size=st.sampled_from(SIZES))
def test_a_file_with_escapes_is_read_in_chunks_of_any_size(rows: list[list[str]], size: int) -> None:
    data = "a,b\n" + "".join(",".join(map(written, row)) + "\n" for row in rows)
    found = whole(source_of(data.encode(), ReadOptions(escape="\\", delimiter=",")), size)
    assert [list(row.values()) for row in found.rows] == rows


def test_an_encoding_whose_characters_may_hold_the_escape_is_refused() -> None:
    with pytest.raises(InputError, match="--escape does not go with shift_jis"):
        source_of(b"a,b\n1,2\n", ReadOptions(escape="\\", encoding="shift_jis"))
