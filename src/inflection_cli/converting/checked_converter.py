"""Convert chunks and judge the messages by the tables of `--check`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, Protocol

import orjson

from inflection_cli.converting.call_converter import converter_of
from inflection_cli.converting.converter import Conversion, Converted, ConvertSettings, Rejected
from inflection_cli.converting.person_columns import AddressPlace
from inflection_cli.destination_checks.check_engine import DestinationChecks
from inflection_cli.mapping.events import has_error
from inflection_cli.mapping.layout import Layout
from inflection_cli.model import Chunk, Note, Problem, Scope

_ANY_ID = bytes(16)
"""Stands for an id where none was asked for: no table judges ids of messages."""


NO_USERS: Final[Mapping[str, str]] = MappingProxyType({})


class ChunkConverter(Protocol):
    """Protocol of a converter for the chunks of one file."""

    def __call__(self, chunk: Chunk, *, identified: bool = True) -> Converted:
        """Convert a chunk; content ids and hashes are optional and cost time."""
        ...


def chunk_converter(
    layout: Layout, settings: ConvertSettings, encoding: str = "utf-8", address: AddressPlace | None = None
) -> ChunkConverter:
    """Build the converter for a file, with checks where asked for."""
    converter = converter_of(layout, settings, encoding, address)
    return CheckedConverter(converter, settings.checks) if settings.checks else converter


def convert(chunk: Chunk, layout: Layout, settings: ConvertSettings) -> Converted:
    """Convert one chunk separately: a pure, picklable function for partition-based engines."""
    return chunk_converter(layout, settings)(chunk)


class CheckedConverter:
    """Converter that also rejects the rows whose messages break a table.

    Attributes:
        unchecked: Converts the chunks.

    Args:
        converter: The same.
        checks: Names of the tables.
    """

    def __init__(self, converter: ChunkConverter, checks: Collection[str]) -> None:
        self.unchecked = converter
        self._checks = DestinationChecks(checks)

    def __call__(
        self, chunk: Chunk, *, identified: bool = True, users: Mapping[str, str] = NO_USERS
    ) -> Converted:
        """Convert a chunk and judge each message as it is sent.

        By personId, `users` are the userIds under which events without one go out.

        One message with an error rejects its row. Then the other rows are converted once more, so that nothing of the
        result is of that row.
        """
        # A number for each row stands for its line, as records of a document may share one.
        numbered = replace(chunk, lines=range(len(chunk.rows)))
        result = self.unchecked(numbered, identified=identified)
        rows, messages, emptied = result.lines, whole_messages(result, named(result, users)), result.emptied
        said: dict[int, list[Note]] = {}
        for row, message in zip(rows, messages, strict=True):
            said.setdefault(row, []).extend(self._checks.notes(message))
        failed = {row: said.pop(row) for row in [*said] if has_error(said[row])}
        if failed:
            rest = [i for i in numbered.lines if i not in failed]
            numbered = replace(numbered, rows=[chunk.rows[i] for i in rest], lines=rest)
            result = self.unchecked(numbered, identified=identified)
        result.emptied = emptied
        result.judged = [message for row, message in zip(rows, messages, strict=True) if row not in failed]
        place_lines(result, chunk)
        result.rejected += [_rejected(chunk, row, notes) for row, notes in failed.items()]
        result.rejected.sort(key=attrgetter("line"))
        result.warnings += once_a_column(
            chunk.file, ((chunk.lines[row], notes) for row, notes in said.items())
        )
        return result


def place_lines(result: Converted, chunk: Chunk) -> None:
    """Replace the numbers of rows in a result by their lines."""
    lines = chunk.lines
    result.lines = [lines[row] for row in result.lines]
    result.warnings = [_placed(problem, lines) for problem in result.warnings]
    result.rejected = [
        Rejected(lines[each.line], each.cells, tuple(_placed(problem, lines) for problem in each.problems))
        for each in result.rejected
    ]


def _placed(problem: Problem, lines: Sequence[int]) -> Problem:
    return problem if problem.line is None else replace(problem, line=lines[problem.line])


def _rejected(chunk: Chunk, row: int, notes: Iterable[Note]) -> Rejected:
    line = chunk.lines[row]
    problems = tuple(problem_of(note, chunk.file, line) for note in dict.fromkeys(notes))
    return Rejected(line, chunk.rows[row], problems)


def whole_messages(converted: Converted, users: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the messages of a chunk as they are sent, parsed.

    Args:
        converted: The chunk.
        users: The userIds that messages without one go out under.
    """
    ids = converted.content_ids or [_ANY_ID] * len(converted.lines)
    encoded = converted.encode(ids, users) if users else converted.encode(ids)
    return [orjson.loads(message) for message in encoded]


def named(converted: Converted, users: Mapping[str, str]) -> Sequence[str]:
    """Return the userId for each event without one, "" for none.

    Args:
        converted: The events.
        users: UserIds by personId.
    """
    if not users:
        return ()
    people = zip(*converted.people, strict=True)
    return ["" if user else users.get(person, "") for user, person in people]


def unchecked(convert: Conversion) -> Conversion:
    """Return a conversion that judges by no table."""
    if isinstance(convert, partial) and isinstance(convert.func, CheckedConverter):
        return partial(convert.func.unchecked, *convert.args)
    return convert


def checked_with_users(convert: Conversion, users: Mapping[str, str]) -> Conversion:
    """Return a conversion that judges messages under other rows' userIds."""
    if users and isinstance(convert, partial) and isinstance(convert.func, CheckedConverter):
        return partial(convert, users=users)
    return convert


def problem_of(note: Note, file: str, line: int) -> Problem:
    """Return a note as a problem of a line."""
    return Problem(note.rule, note.detail, file, line, note.field, note.value, note.hint)


def once_a_column(file: str, said: Iterable[tuple[int, Iterable[Note]]]) -> list[Problem]:
    """Return notes as problems; those of a column once, with their count.

    Args:
        file: The file.
        said: Lines and their notes, in order.
    """
    rest: list[Problem] = []
    wide: dict[tuple[str, str | None], list[Any]] = {}
    for line, notes in said:
        for note in notes:
            if note.rule.scope is not Scope.COLUMN:
                rest.append(problem_of(note, file, line))
            elif (key := (note.rule.code, note.field)) in wide:
                wide[key][2] += 1
            else:
                wide[key] = [note, line, 1]
    return [*rest, *(replace(problem_of(note, file, line), count=n) for note, line, n in wide.values())]
