"""Counters of rows, events and problems for one pass over the input."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Final

from inflection_cli.backfilling.value_tally import MOST_VALUES, ValueTally
from inflection_cli.converting.converter import Converted, LeftOut
from inflection_cli.model import Chunk, Problem, Scope, Severity

KEPT_PER_CODE: Final = 100
"""Problems of one code that are kept with their place; the rest are counted, and stand in the rejects."""


OTHERS: Final = LeftOut("", None, names_event=False)
"""Stands for further cells that leave rows out, once there are many."""


class ProblemTally:
    """Counts of problems by code, with the first problems of each code.

    A problem that concerns a whole column is kept once, with a count; of a whole file, once for each fix.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.by_file: Counter[tuple[str | None, str]] = Counter()
        self.errors = 0
        self.warnings = 0
        self._values = ValueTally()
        self._kept: dict[str, list[Problem]] = {}
        self._wide: dict[tuple[str | None, ...], int] = {}

    def add(self, problem: Problem) -> None:
        """Count a problem; keep only the first ones of each code."""
        code = problem.rule.code
        self.counts[code] += problem.count
        self.by_file[problem.file, code] += problem.count
        if problem.rule.severity is Severity.ERROR:
            self.errors += problem.count
        else:
            self.warnings += problem.count
        self._values.add(problem)
        kept = self._kept.setdefault(code, [])
        if problem.rule.scope is not Scope.ROW:
            hint = problem.hint if problem.rule.scope is Scope.FILE else None
            key = (code, problem.file, problem.column, hint)
            if key in self._wide:
                index = self._wide[key]
                kept[index] = replace(kept[index], count=kept[index].count + problem.count)
                return
            if len(kept) < KEPT_PER_CODE:
                self._wide[key] = len(kept)
        if len(kept) < KEPT_PER_CODE:
            kept.append(problem)

    def add_all(self, problems: Iterable[Problem]) -> None:
        """Count several problems."""
        for problem in problems:
            self.add(problem)

    def by_code(self) -> dict[str, list[Problem]]:
        """Return the kept problems by code, errors before warnings."""
        codes = sorted(self._kept.items(), key=lambda item: item[1][0].rule.severity is not Severity.ERROR)
        return dict(codes)

    def by_value(self) -> dict[str, list[Problem]]:
        """Return one problem per value by code, errors and frequent ones first."""
        codes = self.by_code()
        order = sorted(
            codes,
            key=lambda code: (codes[code][0].rule.severity is not Severity.ERROR, -self.counts[code]),
        )
        return {code: self._values.worst(code) for code in order}

    def first(self, most: int) -> list[Problem]:
        """Return the first `most` kept problems, errors before warnings."""
        return [problem for kept in self.by_code().values() for problem in kept][:most]


@dataclass(slots=True)
class RowCounts:
    """Row counts: `read = mapped + rejected + filtered`."""

    read: int = 0
    mapped: int = 0
    rejected: int = 0
    filtered: int = 0


@dataclass(slots=True)
class EventCounts:
    """Event counts; `built` is the sum of all others except `filtered`.

    `built = accepted + already_accepted + duplicate + refused + pending + in_doubt`.
    `filtered` are dropped before they are built. `already_accepted` is None where no destination is known.
    """

    built: int = 0
    accepted: int = 0
    already_accepted: int | None = 0
    duplicate: int = 0
    refused: int = 0
    pending: int = 0
    in_doubt: int = 0
    filtered: int = 0


@dataclass(slots=True, eq=False)
class Account:
    """Counts of one pass over the input so far.

    Attributes:
        rows_by_file: Rows read, by path.
        filtered_by: Rows left out, by the option that did it.
        left_out: Of these, rows that are no event of the profile, by the cell that decides.
        by_event: Events built, by Inflection's name.
        by_type: Events built, by the type of call.
        types_of: By path, the types of calls that a file has.
        trait_calls: How many of them overwrite traits.
        first: The earliest instant, exact text; empty before the first event.
        last: The latest instant, likewise.
        message_bytes: The encoded bytes of all messages built.
        property_kinds: By path, of JSON files: name of each property, and `text` or the kind of JSON that it is.
        emptied: By path, how many cells `--null` emptied, by column.
    """

    rows: RowCounts = field(default_factory=RowCounts)
    events: EventCounts = field(default_factory=EventCounts)
    rows_by_file: Counter[str] = field(default_factory=Counter)
    filtered_by: Counter[str] = field(default_factory=Counter)
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    by_event: Counter[str] = field(default_factory=Counter)
    by_type: Counter[str] = field(default_factory=Counter)
    types_of: dict[str, set[str]] = field(default_factory=dict)
    trait_calls: int = 0
    problems: ProblemTally = field(default_factory=ProblemTally)
    first: str = ""
    last: str = ""
    message_bytes: int = 0
    property_kinds: dict[str, set[tuple[str, str]]] = field(default_factory=dict)
    emptied: dict[str, Counter[str]] = field(default_factory=dict)

    def take(self, chunk: Chunk, converted: Converted) -> None:
        """Add the counts of a chunk and of its conversion."""
        rows = self.rows
        rows.read += len(chunk.lines)
        self.rows_by_file[chunk.file] += len(chunk.lines) + sum(fault.rows for fault in chunk.faults)
        rows.mapped += converted.mapped
        rows.rejected += len(converted.rejected)
        for reason, count in converted.filtered.items():
            rows.filtered += count
            self.filtered_by[reason] += count
        for cell, count in converted.left_out.items():
            is_known = cell in self.left_out or len(self.left_out) < MOST_VALUES
            self.left_out[cell if is_known else OTHERS] += count
        for fault in chunk.faults:
            rows.read += fault.rows
            rows.rejected += fault.rows
        self.problems.add_all(_in_order(chunk, converted))
        self.events.filtered += converted.events_filtered
        self.events.built += len(converted.content_ids)
        self.message_bytes += converted.message_bytes
        self.by_event.update(converted.names)
        if converted.names:
            self.by_type.update(converted.types or {"track": len(converted.content_ids)})
            self.types_of.setdefault(chunk.file, set()).update(converted.types or ("track",))
        self.trait_calls += converted.trait_calls
        self.property_kinds.setdefault(chunk.file, set()).update(converted.property_kinds)
        if converted.emptied:
            self.emptied.setdefault(chunk.file, Counter()).update(converted.emptied)
        if converted.times:
            first, last = min(converted.times), max(converted.times)
            self.first = min(self.first or first, first)
            self.last = max(self.last, last)

    def take_links(self, links: Converted) -> None:
        """Add the counts of links, which are events of no row."""
        self.events.built += len(links.content_ids)
        self.message_bytes += links.message_bytes
        self.by_event.update(links.names)
        self.by_type.update(links.names)


def _in_order(chunk: Chunk, converted: Converted) -> Iterator[Problem]:
    """Return a chunk's problems sorted by line, independent of chunk boundaries."""
    found = [(fault.line, fault.problem) for fault in chunk.faults]
    found += [(rejected.line, problem) for rejected in converted.rejected for problem in rejected.problems]
    found += [(problem.line or 0, problem) for problem in (*chunk.warnings, *converted.warnings)]
    found.sort(key=itemgetter(0))
    return map(itemgetter(1), found)
