"""Records of lists within records, with the outer record's members.

Outer members have names that begin with `^.`; those of the record around that one with `^.^.`. An item that is no
object has one member, `item`. Each key of the path is one step out, whether it holds a list or an object: so a name
means the same member in every record, also where exports write a list of one as an object.
"""

from collections.abc import Sequence
from typing import Any, Final

from inflection_cli import rules
from inflection_cli.lossless_json import JsonCell, JsonError, as_cell, parse, require_encodable, without_nul
from inflection_cli.reading.json.json_format import THE_OBJECT_ITSELF, WHERE_IT_IS

OUTER: Final = "^."
ITEM: Final = "item"
MOST_CHARS: Final = 1 << 26
"""So many characters may the rows of one record hold, outer members counted in each row."""

_MEMBER_CHARS: Final = 50


def within_each(records: str | None) -> tuple[str, ...]:
    """Return the keys to a list within each document, if any."""
    if records is None or records == THE_OBJECT_ITSELF or not records.startswith(THE_OBJECT_ITSELF):
        return ()
    return tuple(records[1:].removesuffix(WHERE_IT_IS).split("."))


def is_itself(record: dict[str, str], records: str | None, keys: Sequence[str]) -> bool:
    """Return whether an object is a record, without an optional list."""
    cell = record.get(keys[0], "")
    return bool(records and records.endswith(WHERE_IT_IS)) and type(cell) is not JsonCell


def items_of_line(text: str) -> list[dict[str, str]]:
    """Read the objects of a list that stands on one line.

    Raises:
        JsonError: An item is no object, or the list is no JSON.
    """
    found = []
    for number, item in enumerate(parse(text), 1):
        if type(item) is not dict:
            raise JsonError(rules.JSON_NOT_OBJECT, f"item {number:,} of this line's list is not an object")
        found.append(_record(item))
    return found


def inner_records(
    record: dict[str, str], keys: Sequence[str], *, is_table: bool = False
) -> list[dict[str, str]]:
    """Return a record for each item of the list at `keys`.

    An empty list and null have no items; what is no list is one item.

    Args:
        record: The outer record.
        keys: The path to the list.
        is_table: Whether the record is the row of a table, whose members that are null are absent.

    Raises:
        JsonError: The record has no such member, or the rows would be too large.
    """
    found = _inner(record, keys, is_table=is_table)
    chars = sum(
        len(cell) + _MEMBER_CHARS for row in found[:1] for name, cell in row.items() if name.startswith(OUTER)
    )
    if chars * len(found) > MOST_CHARS:
        raise JsonError(
            rules.RECORD_TOO_LONG,
            f"the list in this record has {len(found):,} items, and the outer record is large. Together they "
            f"have more than {MOST_CHARS:,} characters",
        )
    return found


def _inner(record: dict[str, str], keys: Sequence[str], *, is_table: bool) -> list[dict[str, str]]:
    first, *rest = keys
    if first not in record:
        if is_table:
            return []
        raise _absent(keys)
    cell = record[first]
    value = parse(cell) if type(cell) is JsonCell else cell or None
    items = value if type(value) is list else [] if value is None else [value]
    outer = {f"{OUTER}{key}": each for key, each in record.items() if key != first}
    rows: list[dict[str, str]] = []
    for item in items:
        if not rest:
            found = _record(item) if type(item) is dict else {ITEM: require_encodable(as_cell(item))}
            rows.append({**found, **outer})
        elif type(item) is dict:
            inner = _inner(_record(item), rest, is_table=is_table)
            rows += [row | _further_out(outer) for row in inner]
        else:
            raise _absent(rest)
    return rows


def _further_out(outer: dict[str, str]) -> dict[str, str]:
    return {f"{OUTER}{name}": cell for name, cell in outer.items()}


def _record(value: dict[str, Any]) -> dict[str, str]:
    return {
        require_encodable(without_nul(key)): require_encodable(as_cell(each), key)
        for key, each in value.items()
    }


def _absent(keys: Sequence[str]) -> JsonError:
    return JsonError(rules.JSON_NO_RECORDS, f"no member {'.'.join(keys)!r} of this record holds a list")
