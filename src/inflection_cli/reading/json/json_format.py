"""Detect the form of JSON in a file: NDJSON or JSON documents."""

import re
from typing import Final, Literal

from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.errors import InputError
from inflection_cli.reading.json.envelope import Members, has_list, members
from inflection_cli.reading.source import Source
from inflection_cli.settings.option_names import file_word, with_value

THE_OBJECT_ITSELF: Final = "."
_REQUEST_LIST: Final = "batch"
"""As `--records`: the object is a record, whatever lists it holds."""

WHERE_IT_IS: Final = "?"
"""Behind a path: an object without such a list is a record itself."""

_SCALAR: Final = rb'(?:"(?:[^"\\\n]++|\\.)*+"|-?[0-9][0-9.eE+-]*+|true|false|null)'
_LIST: Final = re.compile(
    rb"\s*\[\s*(?:[\[{]|\]\s*(?:\Z|[\[{])|\Z|" + _SCALAR + rb'\s*(?:,\s*(?=["\[{0-9tfn-])|\]\s*\Z))',
    re.DOTALL,
)
_OBJECT: Final = re.compile(rb'\s*\{\s*(?:["}]|\Z)')
_REJECTS: Final = f'{{"{REJECT_COLUMNS[0]}"'.encode()


def are_rejects(head: bytes) -> bool:
    """Return whether a file begins as one of rejected rows does."""
    return head.lstrip(b'"').startswith(REJECT_COLUMNS[0].encode()) or head.startswith(_REJECTS)


def path_here(records: str | None, head: bytes, encoding: str) -> str | None:
    """Return the path to a file's records, which it may lack.

    Args:
        records: As the user said.
        head: The file's first bytes, without a byte order mark.
        encoding: Their encoding.
    """
    if records is None or not records.endswith(WHERE_IT_IS):
        return records
    path = records.removesuffix(WHERE_IT_IS)
    if has_list(head, encoding, path):
        return path
    return THE_OBJECT_ITSELF if _OBJECT.match(head) else None


def json_format(source: Source, head: bytes, records: str | None) -> Literal["ndjson", "json"] | None:
    """Return the form of JSON in a file; None if not JSON.

    Args:
        source: The file as it is seen from outside.
        head: Its first bytes, without a byte order mark.
        records: Where its records are, as the user said.

    Raises:
        InputError: Nobody said where its records are.
    """
    if _LIST.match(head):
        return "json"
    if not _OBJECT.match(head):
        return None
    if head.startswith(_REJECTS):
        return "ndjson"
    if records is not None and not records.startswith(THE_OBJECT_ITSELF):
        return "json"
    first = members(head, source.encoding)
    if records is None and first.lists and _holds_all(first, head):
        raise _enveloped(source.path, first)
    return "json" if _spread(first, head) else "ndjson"


def _holds_all(first: Members, head: bytes) -> bool:
    """Return whether the first object seems to be the whole file."""
    if first.whole:
        return not head[first.end :].strip()
    return first.cut or _spread(first, head)


def _spread(first: Members, head: bytes) -> bool:
    """Return whether objects are not written one per line."""
    if first.whole:
        line = head[: first.end].strip().count(b"\n")
        return line > 0 or head[first.end :].partition(b"\n")[0].lstrip().startswith(b"{")
    lines = [line for line in head.split(b"\n") if line.strip()]
    return len(lines) > 1 and not lines[1].lstrip().startswith(b"{")


def _enveloped(path: str, first: Members) -> InputError:
    is_body = first.lists[0] == _REQUEST_LIST
    body = f"a request to Segment goes through infl-seg replay {file_word(path)} --dry-run. For records: "
    return InputError(
        f"{path}: is one object that holds its records in a list: {' or '.join(first.lists)}",
        hint=f"{body if is_body else ''}say which list they are in: {with_value('--records', first.lists[0])}; "
        f"--records {THE_OBJECT_ITSELF} takes the object itself for a record",
    )


def brackets_are_certain(encoding: str) -> bool:
    """Return whether bytes of JSON marks are never part of another character."""
    try:
        return not any(
            len(bytes((lead, mark)).decode(encoding, "ignore")) == 1
            and not bytes((lead, mark)).decode(encoding, "ignore").endswith(chr(mark))
            for lead in range(0x80, 0x100)
            for mark in b'"\\[]{},:'
        )
    except LookupError:
        return False
