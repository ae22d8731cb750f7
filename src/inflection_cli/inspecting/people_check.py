"""Check the people of a file by the rules of a run."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from inflection_cli import rules
from inflection_cli.backfilling.plausibility import People, judged
from inflection_cli.converting.chunk_task import AS_CHUNKS
from inflection_cli.converting.converter import Converted, ConvertSettings
from inflection_cli.converting.input_file import InputFile
from inflection_cli.converting.inputs import convertible_chunks
from inflection_cli.errors import InputError
from inflection_cli.inspecting.sampling import MOST_ROWS
from inflection_cli.mapping.bind import lay_out
from inflection_cli.mapping.layout import MissingColumnPolicy
from inflection_cli.model import Problem
from inflection_cli.reading import ReadOptions, Source

_OF_PEOPLE: Final = frozenset(
    {
        rules.EMAIL_AMBIGUOUS,
        rules.EMAIL_NOT_ADDRESS,
        rules.ID_DECIMAL,
        rules.ID_FORMULA,
        rules.ID_MISSPELLED,
        rules.ID_SCIENTIFIC,
        rules.PERSON_ID_DAMAGED,
        rules.PERSON_ID_MISSPELLED,
        rules.PLACEHOLDER_ID,
        rules.PLACEHOLDER_PERSON,
    }
)
"""What a row's ids can be; that a row has none, and what its other cells hold, is told otherwise."""


def problems_of_people(
    source: Source,
    reading: ReadOptions,
    settings: ConvertSettings,
    limit: int | None,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[tuple[Problem, ...], InputError | None, int]:
    """Return the first problem of each kind, any refusal, and equal events.

    Args:
        source: The file; a run would map its columns as they are.
        reading: How it is read.
        settings: How a run would map it.
        limit: How many rows to read; None reads everything.
        progress: Called after each chunk with the number of rows so far.

    Raises:
        UsageError: An option contradicts the file.
    """
    leeway = MissingColumnPolicy(source.keys_vary)
    layout = lay_out(source.columns, source.sample, settings.mapping.columns, file=source.path, leeway=leeway)
    file = InputFile(source, layout)
    kept: dict[tuple[str, str | None], Problem] = {}
    people = People()
    refusal, rows, equal = None, 0, _EqualEvents()
    try:
        for known, chunk, convert in convertible_chunks([file], reading, settings, AS_CHUNKS, limit=limit):
            file, converted = known, convert(identified=True)
            equal.add(converted.content_ids)
            for seen in converted.seen:
                people.add(source.path, seen)
            _keep(kept, converted)
            rows += len(chunk.rows)
            progress(rows)
    except InputError as error:
        refusal = error
    people.count()
    found = list(judged(people, [file], allowed=settings.mapping.allow_implausible))
    has_own_ids = "event_id" in file.columns.by_field()
    return (*found, *kept.values()), refusal, 0 if has_own_ids else equal.count


class _EqualEvents:
    """Counter of events that are equal to an earlier one.

    They are compared with the first `MOST_ROWS` different ones, so that memory is bounded.
    """

    def __init__(self) -> None:
        self.count = 0
        self._seen: set[bytes] = set()

    def add(self, content_ids: Sequence[bytes]) -> None:
        """Add the ids of some events."""
        for each in content_ids:
            if each in self._seen:
                self.count += 1
            elif len(self._seen) < MOST_ROWS:
                self._seen.add(each)


def _keep(kept: dict[tuple[str, str | None], Problem], converted: Converted) -> None:
    """Keep the first problem of each kind and column, with a count."""
    rejected = (problem for row in converted.rejected for problem in row.problems)
    for problem in (*rejected, *converted.warnings):
        if problem.rule in _OF_PEOPLE:
            key = problem.rule.code, problem.column
            first = kept.get(key)
            count = problem.count + (first.count if first else 0)
            kept[key] = replace(first or problem, count=count)
