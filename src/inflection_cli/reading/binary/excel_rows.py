"""Read a sheet of an Excel workbook row by row."""

import io
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NoReturn
from xml.parsers import expat

import openpyxl
from openpyxl.utils import get_column_letter

from inflection_cli.errors import InputError
from inflection_cli.reading.binary.row_stream import Rows, line_of
from inflection_cli.reading.files.stream import judge_size
from inflection_cli.settings.layering import with_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

    from inflection_cli.reading.source import Limits, Source

MAX_ROWS: Final = 1 << 20
"""Rows of a sheet, by Excel's own limits."""
MAX_COLUMNS: Final = 1 << 14
MAX_PARTS: Final = 1_000
MAX_TEXTS_BYTES: Final = 512 << 20
"""Of the table of texts, which is held in memory."""
MAX_PART_BYTES: Final = 16 << 20
"""Of styles and other parts that are read whole."""
EXACT_DIGITS: Final = 15
"""Digits of a number that Excel keeps."""
_READ_BYTES: Final = 1 << 16
_WORKBOOK: Final = "xl/workbook.xml"
_BINARY_WORKBOOK: Final = "xl/workbook.bin"
_CHECK: Final = "open it in Excel and save it again as .xlsx, or as CSV UTF-8"


def open_rows(source: "Source", file: BinaryIO) -> Rows:
    """Open the rows of a sheet; see `open_rows_of`.

    The first row that holds anything has the names of the columns.

    Raises:
        InputError: The workbook is damaged, too large or hostile, or which sheet is meant is not known.
    """
    _check_parts(source.path, file, source.limits)
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except Exception as error:
        # Whatever the library stumbles over in a part that is not as it should be.
        raise _damaged(source.path, error) from error
    sheet = _chosen(source, book.worksheets)
    rows = Rows(iter(()))
    rows.lines = _lines(source.path, sheet, rows, file)
    return rows


def _chosen(source: "Source", sheets: "Sequence[ReadOnlyWorksheet]") -> "ReadOnlyWorksheet":
    """Return the sheet that was named, or the only visible one."""
    seen = [sheet for sheet in sheets if sheet.sheet_state == "visible"]
    if source.sheet is not None:
        found = next((sheet for sheet in sheets if sheet.title == source.sheet), None)
        if found is not None:
            return found
        names = ", ".join(repr(sheet.title) for sheet in seen[:10])
        raise InputError(
            f"{source.path}: has no sheet {source.sheet!r}; its sheets are {names or 'hidden'}",
            hint="name one of them: " + with_value("--sheet", seen[0].title if seen else "NAME"),
        )
    if len(seen) == 1:
        return seen[0]
    if not seen:
        raise InputError(f"{source.path}: has no sheet that is not hidden", hint="name it: --sheet NAME")
    names = ", ".join(repr(sheet.title) for sheet in seen[:10])
    raise InputError(
        f"{source.path}: has {len(seen)} sheets: {names}",
        hint="say which one holds the events: " + with_value("--sheet", seen[0].title),
    )


def _lines(path: str, sheet: "ReadOnlyWorksheet", rows: Rows, file: BinaryIO) -> Iterator[bytes]:
    """Yield rows as lines of JSON, and empty lines for the others."""
    names: list[str] | None = None
    number = 0
    sheet.reset_dimensions()
    try:
        for number, cells in enumerate(sheet.iter_rows(), 1):
            if number > MAX_ROWS:
                raise ValueError(f"a row has a number beyond {MAX_ROWS:,}")  # noqa: TRY301 - as for the library's own
            rows.position = max(rows.position, file.tell())
            values = [_value(cell) for cell in cells]
            if all(value is None for value in values):
                yield b"\n"
            elif names is None:
                names = _names(path, values)
                yield b"\n"
            else:
                yield line_of(_row(names, values))
    except InputError:
        raise
    except Exception as error:
        # As for the workbook: each fault of the XML has an error of its own.
        raise _damaged(path, error, f"behind row {number:,}: ") from error


def _row(names: list[str], values: list[Any]) -> dict[str, Any]:
    """Return the cells by name; unnamed columns have their letters."""
    if len(values) > MAX_COLUMNS:
        raise ValueError(f"a cell is in a column beyond {MAX_COLUMNS:,}")
    row = dict(zip(names, values, strict=False))
    for at in range(len(values), len(names)):
        row[names[at]] = None
    for at in range(len(names), len(values)):
        if values[at] is not None:
            row[get_column_letter(at + 1)] = values[at]
    return row


def _names(path: str, values: list[Any]) -> list[str]:
    while values[-1] is None:
        values = values[:-1]
    names = [get_column_letter(at) if value is None else str(value) for at, value in enumerate(values, 1)]
    name, times = Counter(names).most_common(1)[0]
    if times > 1:
        letters = " and ".join(get_column_letter(at) for at, each in enumerate(names, 1) if each == name)
        raise InputError(
            f"{path}: two columns have the name {name!r}: {letters}", hint="rename one of them in the sheet"
        )
    return names


def _value(cell: Any) -> Any:
    """Return a cell's exact number, or time without a zone."""
    value = cell.value
    if isinstance(value, str):
        return value or None
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, datetime):
        # A whole day with a form that shows no time has none; at midnight it would be a time that nobody wrote.
        bare = value.time() == time() and not set("hHsS").intersection(cell.number_format)
        return value.date().isoformat() if bare else value.isoformat()
    return value.isoformat() if isinstance(value, (date, time)) else str(value)


def _number(value: int | float) -> Any:  # noqa: PYI041 - which of the two it is counts
    """Return a number; one that Excel rounded in scientific notation."""
    if isinstance(value, float) and not value.is_integer():
        return value
    whole = str(int(value)) if abs(value) < 10 ** (2 * EXACT_DIGITS) else repr(value)
    digits = whole.lstrip("-")
    if len(digits) > EXACT_DIGITS and (isinstance(value, float) or not digits[EXACT_DIGITS:].strip("0")):
        return Decimal(f"{float(value):.{EXACT_DIGITS - 1}E}")
    return Decimal(whole)


def _check_parts(path: str, file: BinaryIO, limits: "Limits") -> None:
    """Check the sizes of all parts, and that none declares entities.

    Raises:
        InputError: It is no workbook, or one that was made to fill memory.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            parts = {part.filename: part for part in archive.infolist()}
            _require_workbook(path, parts)
            _judge_parts(path, parts, limits)
            for name, part in parts.items():
                if name.endswith((".xml", ".rels")):
                    with archive.open(part) as stream:
                        _refuse_entities(path, name, stream)
    except InputError:
        raise
    except Exception as error:
        # zipfile, zlib and expat each have errors of their own for a damaged file.
        raise _damaged(path, error) from error


def _require_workbook(path: str, parts: "Mapping[str, zipfile.ZipInfo]") -> None:
    if _BINARY_WORKBOOK in parts:
        raise InputError(f"{path}: is a binary workbook (.xlsb)", hint="save it as .xlsx or CSV UTF-8")
    if _WORKBOOK not in parts:
        raise InputError(f"{path}: is a zip archive, and holds no workbook", hint="extract it first")


def _judge_parts(path: str, parts: "Mapping[str, zipfile.ZipInfo]", limits: "Limits") -> None:
    if len(parts) > MAX_PARTS:
        raise InputError(f"{path}: holds {len(parts):,} parts, more than {MAX_PARTS:,}", hint=_CHECK)
    for name, part in parts.items():
        if part.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise InputError(f"{path}: {name} is compressed by a method that no workbook has", hint=_CHECK)
        judge_size(path, part.file_size, part.compress_size, limits)
        if name.startswith("xl/worksheets/") or not name.endswith((".xml", ".rels")):
            continue
        most = MAX_TEXTS_BYTES if name == "xl/sharedStrings.xml" else MAX_PART_BYTES
        if part.file_size > most:
            raise InputError(f"{path}: {name} has {part.file_size:,} bytes, more than {most:,}", hint=_CHECK)


class _Begun(Exception):
    """Raised at a document's first element."""


def _refuse_entities(path: str, name: str, stream: io.BufferedIOBase | Any) -> None:
    """Raise if an XML part has a document type, as entities need."""

    def refuse(*_: Any) -> NoReturn:
        raise InputError(
            f"{path}: {name} declares a document type, as files made to fill memory do; no workbook has one",
            hint=_CHECK,
        )

    def begin(*_: Any) -> NoReturn:
        raise _Begun

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    try:
        while data := stream.read(_READ_BYTES):
            parser.Parse(data)
    except _Begun:
        return


def _damaged(path: str, error: Exception, where: str = "") -> InputError:
    reason = str(error).splitlines()[0][:160] if str(error) else type(error).__name__
    return InputError(f"{path}: the workbook is damaged: {where}{reason}", hint=_CHECK)
