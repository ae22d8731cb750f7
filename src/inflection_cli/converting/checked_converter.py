"""Convert chunks and judge the messages by the tables of `--check`."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any, Protocol

import orjson

from inflection_cli.converting.converter import Converted, Converter, ConvertSettings, Rejected
from inflection_cli.converting.person_columns import AddressPlace
from inflection_cli.destination_checks.check_engine import DestinationChecks
from inflection_cli.mapping.bind import Layout
from inflection_cli.mapping.events import has_error
from inflection_cli.model import Chunk, Note, Problem, Scope

_ANY_ID = bytes(16)
"""Stands for an id where none was asked for: no table judges ids of messages."""


class ChunkConverter(Protocol):
    """Protocol of a converter for the chunks of one file."""

    def __call__(self, chunk: Chunk, *, identified: bool = True) -> Converted:
        """Convert a chunk; content ids and hashes are optional and cost time."""
        ...


def converter_of(
    layout: Layout, settings: ConvertSettings, encoding: str = "utf-8", address: AddressPlace | None = None
) -> ChunkConverter:
    """Build the converter for a file, with checks where asked for."""
    converter = Converter(layout, settings, encoding, address)
    return CheckedConverter(converter, settings.checks) if settings.checks else converter


class CheckedConverter:
    """Converter that also rejects the rows whose messages break a table.

    Args:
        converter: Converts the chunks.
        checks: Names of the tables.
    """

    def __init__(self, converter: ChunkConverter, checks: Collection[str]) -> None:
        self._converter = converter
        self._checks = DestinationChecks(checks)

    def __call__(self, chunk: Chunk, *, identified: bool = True) -> Converted:
        """Convert a chunk and judge each message as it is sent.

        One message with an error rejects its row. Then the other rows are converted once more, so that nothing of the
        result is of that row.
        """
        result = self._converter(chunk, identified=identified)
        messages = whole_messages(result)
        said: dict[int, list[Problem]] = {}
        failed: set[int] = set()
        for row, message in zip(result.rows, messages, strict=True):
            notes = self._checks.notes(message)
            problems = (problem_of(note, chunk.file, chunk.lines[row]) for note in notes)
            said.setdefault(row, []).extend(problems)
            if has_error(notes):
                failed.add(row)
        kept = [message for row, message in zip(result.rows, messages, strict=True) if row not in failed]
        emptied = result.emptied
        if failed:
            result = self._without(
                chunk, {row: said.pop(row) for row in sorted(failed)}, identified=identified
            )
        result.emptied, result.judged = emptied, kept
        result.warnings += once_a_column(problem for problems in said.values() for problem in problems)
        return result

    def _without(
        self, chunk: Chunk, failed: Mapping[int, Sequence[Problem]], *, identified: bool
    ) -> Converted:
        """Convert the rows that have no error, and reject the others."""
        rest = [i for i in range(len(chunk.rows)) if i not in failed]
        rows, lines = [chunk.rows[i] for i in rest], [chunk.lines[i] for i in rest]
        result = self._converter(replace(chunk, rows=rows, lines=lines), identified=identified)
        result.rows = [rest[i] for i in result.rows]
        for i, problems in failed.items():
            result.rejected.append(Rejected(chunk.lines[i], chunk.rows[i], tuple(dict.fromkeys(problems))))
        result.rejected.sort(key=attrgetter("line"))
        return result


def whole_messages(converted: Converted) -> list[dict[str, Any]]:
    """Return the messages of a chunk as they are sent, parsed."""
    ids = converted.content_ids or [_ANY_ID] * len(converted.lines)
    return [orjson.loads(message) for message in converted.encode(ids)]


def problem_of(note: Note, file: str, line: int) -> Problem:
    """Return a note as a problem of a line."""
    return Problem(note.rule, note.detail, file, line, note.field, note.value, note.hint)


def once_a_column(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems in order; those of a column once, with their count."""
    rest: list[Problem] = []
    wide: dict[tuple[str, str | None], list[Problem]] = {}
    for problem in problems:
        if problem.rule.scope is Scope.COLUMN:
            wide.setdefault((problem.rule.code, problem.column), []).append(problem)
        else:
            rest.append(problem)
    return [*rest, *(replace(same[0], count=len(same)) for same in wide.values())]
