"""Detect binary tables by first bytes, and open their rows."""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from inflection_cli.errors import InputError

if TYPE_CHECKING:
    from inflection_cli.reading.binary.row_stream import Rows
    from inflection_cli.reading.source import BinaryFormat, Source

_MAGICS: Final[dict[bytes, "BinaryFormat"]] = {b"Obj\x01": "avro", b"PAR1": "parquet", b"PK\x03\x04": "excel"}
_NAMES: Final[dict[str, str]] = {"avro": "Avro", "parquet": "Parquet", "excel": "an Excel workbook"}
_ENDINGS: Final[dict[str, "BinaryFormat"]] = {".avro": "avro", ".parquet": "parquet", ".xlsx": "excel"}


def binary_format(head: bytes) -> "BinaryFormat | None":
    """Return the binary format that a file's first bytes show, or None."""
    return next((form for magic, form in _MAGICS.items() if head.startswith(magic)), None)


def refuse_false_name(path: str, head: bytes) -> None:
    """Raise if a binary file is no table despite its name.

    Raises:
        InputError: It has.
    """
    form = next((form for ending, form in _ENDINGS.items() if path.lower().endswith(ending)), None)
    if form is not None and b"\0" in head:
        mark = next(magic for magic, known in _MAGICS.items() if known == form)
        raise InputError(
            f"{path}: is called {_NAMES[form]} and does not begin as such a file does, with {mark[:3]!r}",
            hint="copy or export the file again; a file of events may also be CSV or NDJSON",
        )


def name_of(form: "BinaryFormat") -> str:
    """Return the name of a format, as a noun in a sentence."""
    return _NAMES[form]


def open_rows_of(source: "Source", file: BinaryIO) -> "Rows":
    """Open the rows of a binary table as lines of JSON.

    Args:
        source: The table; its limits are judged before any row is read.
        file: Its bytes, which can be read from any place.

    Raises:
        InputError: The table is damaged or too large, or the library that reads it is missing.
    """
    form = cast("BinaryFormat", source.format)
    try:
        module = import_module(f"inflection_cli.reading.binary.{form}_rows")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("inflection_cli"):
            raise
        raise missing_extra(source.path, _NAMES[form], form) from error
    return _opener(module)(source, file)


def _opener(module: ModuleType) -> Callable[["Source", BinaryIO], "Rows"]:
    return cast('Callable[["Source", BinaryIO], "Rows"]', module.open_rows)


def missing_extra(path: str, what: str, extra: str) -> InputError:
    """Return the error for a file whose library is not installed."""
    return InputError(
        f"{path}: is {what}, and what reads it is not installed",
        hint=f'install it: pip install "infl-seg[{extra}]"',
    )
