"""Gathers what one column holds, chunk by chunk, in bounded memory."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from inflection_cli.mapping.columns import looks_personal
from inflection_cli.mapping.compile import kind_of
from inflection_cli.mapping.content import KIND_SHARE, Kind, are_times, kind_of_cell, kind_of_column
from inflection_cli.mapping.suggest import Candidate
from inflection_cli.mapping.timestamps import TimestampReader, Trouble
from inflection_cli.pipeline.inspect.findings import MOST_DISTINCT, ColumnFinding
from inflection_cli.pipeline.inspect.times import TimeGauge
from inflection_cli.strict_json import Flaw, JsonCell, as_text, parse

_SAMPLES: Final = 3
_SAMPLE_CHARS: Final = 200
_MOST_WORDS: Final = 100
"""Different cells that are kept with their counts; a column of more is no list of words."""

_MOST_PATHS: Final = 200
_MOST_DEPTH: Final = 8


@dataclass(frozen=True, slots=True)
class Clock:
    """How times are read.

    Attributes:
        now: The start of the run.
        timezone: The zone that the user has named.
        format: The form that the user has named.
    """

    now: datetime
    timezone: str | None = None
    format: str | None = None

    def gauge(self, name: str, cells: Iterable[str]) -> TimeGauge | None:
        """Return what gathers a column's times; None where its first cells are none."""
        texts = list(cells)
        if self.format is not None:
            # The form is that of the events' times; other columns may well have another.
            reader = TimestampReader(now=self.now, zone="UTC", format=self.format)
            unread = sum(isinstance(read, Trouble) and read.exact is None for read in reader.read(texts))
            if unread <= (1 - KIND_SHARE) * len(texts):
                return TimeGauge(self.now, self.timezone, self.format)
        plain = are_times(name, texts, TimestampReader(now=self.now))
        return TimeGauge(self.now, self.timezone, None) if plain else None


class ColumnGauge:
    """Gathers what a column, or a path into one, holds.

    Args:
        name: Its name.
        clock: How its times are read, if it turns out to hold some.
        is_path: Whether it is a path.
    """

    def __init__(self, name: str, clock: Clock, *, is_path: bool = False) -> None:
        self.name = name
        self.is_path = is_path
        self.filled = 0
        self._clock = clock
        self._times: TimeGauge | None = None
        self._seen: set[int] = set()
        self._kinds: Counter[Kind] = Counter()
        self._samples: list[str] = []
        self._words: Counter[str] = Counter()
        self._more_words = False
        self._sent: set[str] = set()

    def add_types(self, cells: Iterable[str]) -> None:
        """Take what cells of a JSON file would be sent as: text or a kind of JSON."""
        self._sent |= {cell.kind if isinstance(cell, JsonCell) else "text" for cell in cells if cell}

    def add(self, cells: Iterable[str]) -> None:
        """Take the cells of some rows."""
        counts = Counter(map(str.strip, cells))
        del counts[""]
        if not counts:
            return
        self.filled += counts.total()
        self._look_at(counts)
        self._count_words(counts)
        if self.filled == counts.total():
            self._times = self._clock.gauge(self.name, counts)
        if self._times is not None:
            self._times.add(counts)

    def _look_at(self, texts: Iterable[str]) -> None:
        """Look at texts that are new, until so many have been."""
        for text in texts:
            if len(self._seen) >= MOST_DISTINCT:
                return
            if hash(text) not in self._seen:
                self._seen.add(hash(text))
                self._kinds[kind_of_cell(text)] += 1
                if len(self._samples) < _SAMPLES:
                    self._samples.append(text[:_SAMPLE_CHARS])

    def _count_words(self, counts: Counter[str]) -> None:
        for text, count in counts.items():
            if text in self._words or (len(self._words) < _MOST_WORDS and len(text) <= _SAMPLE_CHARS):
                self._words[text] += count
            else:
                self._more_words = True

    @property
    def words(self) -> dict[str, int]:
        """Its different cells with counts, the commonest first; none where there are too many."""
        return {} if self._more_words else dict(self._words.most_common())

    @property
    def counted(self) -> tuple[dict[str, int], bool]:
        """The cells that were counted, the commonest first, and whether there are others."""
        return dict(self._words.most_common()), self._more_words

    @property
    def kind(self) -> Kind:
        """What most of its cells are."""
        return kind_of_column(self.name, self._kinds, times=self._times is not None)

    def candidate(self) -> Candidate:
        """Return the column as `suggest_fields` judges it."""
        known = sum(count for text, count in self._words.items() if kind_of(text) is not None)
        share = known / self.filled if self.filled else 0.0
        return Candidate(self.name, self.kind, share, self.is_path)

    def finding(self, rows: int) -> ColumnFinding:
        """Say what was found, before anything is suggested."""
        return ColumnFinding(
            name=self.name,
            is_path=self.is_path,
            rows=rows,
            filled=self.filled,
            distinct=len(self._seen),
            kind=self.kind,
            samples=tuple(self._samples),
            times=self._times.finding() if self._times else None,
            words=self.words,
            sent_types=tuple(sorted(self._sent or {"text"})),
        )


def paths_of(name: str, cells: Iterable[str], known: Collection[str]) -> dict[str, list[str]]:
    """Take apart the JSON objects in a column's cells: dotted path to the texts that are there.

    Args:
        name: The column's name, with which each path begins.
        cells: Its cells; those that hold no object are passed over.
        known: The paths met so far; beyond a bound no new ones are taken.
    """
    found: dict[str, list[str]] = {}
    for cell in cells:
        if cell.lstrip()[:1] == "{":
            try:
                leaves = list(_leaves(name, parse(cell), 0))
            except Flaw:
                continue
            for path, text in leaves:
                if path in found or path in known or len(known) + len(found) < _MOST_PATHS:
                    found.setdefault(path, []).append(text)
    return found


def _leaves(path: str, value: object, depth: int) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict) and depth < _MOST_DEPTH:
        for key, inner in value.items():
            # A key with a dot in it cannot be told from two keys; one that is an address is somebody's data.
            if key and "." not in key and not looks_personal(key):
                yield from _leaves(f"{path}.{key}", inner, depth + 1)
    elif depth and value is not None:
        yield path, as_text(value)
