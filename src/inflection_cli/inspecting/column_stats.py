"""Statistics of columns: kinds, samples, words, time formats and event ids."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from inflection_cli import rules
from inflection_cli.inspecting.inspection_result import (
    AUTOMATIC,
    MOST_DISTINCT,
    ColumnFinding,
    Suggestion,
    TimeFinding,
    TimeForm,
    ZoneEvidence,
)
from inflection_cli.lossless_json import JsonCell, JsonError, as_text, parse
from inflection_cli.mapping.column_kinds import (
    KIND_SHARE,
    Kind,
    NumberMarks,
    are_times,
    kind_of_cell,
    kind_of_column,
    number_marks,
)
from inflection_cli.mapping.events import kind_of
from inflection_cli.mapping.personal_data import looks_personal
from inflection_cli.mapping.times.time_format import suggest
from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader, before
from inflection_cli.mapping.times.zones import (
    NO_NAMES,
    Fold,
    Zone,
    example_of,
    is_usual,
    offset_of,
    split_zone,
)

_MOST_IDS: Final = 50_000
_CONTENT: Final = ("timestamp", "email_link_url", "userId", "personId")


class OwnIdStats:
    """Counts rows with equal event id and event but different content.

    Args:
        columns: The names of the cells of a row.
        fields: The field that each column would be.
    """

    def __init__(self, columns: Sequence[str], fields: Mapping[str, Suggestion]) -> None:
        places = {
            fields[name].field: index
            for index, name in enumerate(columns)
            if name in fields and fields[name].reason in AUTOMATIC and not fields[name].tied_with
        }
        self._id = places.get("event_id")
        self._event = places.get("event")
        self._content = [places[name] for name in _CONTENT if name in places]
        self._seen: dict[int, int] = {}
        self.conflicts = 0

    def add(self, rows: Sequence[Sequence[str]]) -> None:
        """Add rows; count those with conflicting ids in `conflicts`."""
        if self._id is None:
            return
        for row in rows:
            if not row[self._id]:
                continue
            key = hash((row[self._id], row[self._event] if self._event is not None else ""))
            content = hash(tuple(row[index] for index in self._content))
            if len(self._seen) < _MOST_IDS or key in self._seen:
                self.conflicts += self._seen.setdefault(key, content) != content


# Where most senders are; each has its clocks put forward at an hour of its own.
COMMON_ZONES: Final = (
    "Europe/London",
    "Europe/Berlin",
    "Europe/Helsinki",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Australia/Sydney",
)
_MOST_HOURS: Final = 50_000
_DATE_ONLY: Final = ("%Y-%m-%d", "%Y%m%d")
_CLOCKS: Final = ("%H", "%I", "%s", "%T", "%R")
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - a local clock's own epoch


@dataclass(slots=True)
class _Form:
    """Count and time range of one time format."""

    format: str | None
    zoned: bool
    needs_word: bool = False
    count: int = 0
    first: str = ""
    last: str = ""
    folds: "_Folds | None" = None

    def take(self, exact: str, count: int) -> None:
        self.count += count
        if not self.first or before(exact, self.first):
            self.first = exact
        if not self.last or before(self.last, exact):
            self.last = exact


class TimeStats:
    """Statistics of the times in one column.

    Args:
        now: The start of the run.
        timezone: The zone that the user has named; without one, some common zones are tried.
        format: The form that the user has named.
        names: Seconds ahead of UTC, by a zone's abbreviation in cells.
    """

    def __init__(
        self,
        now: datetime,
        timezone: str | None,
        format: str | None,  # noqa: A002 - as the option
        names: Mapping[str, int] = NO_NAMES,
    ) -> None:
        self._now = now
        self._known, self._names = names, {**names}
        self._abbreviations: Counter[str] = Counter()
        self._as_given = TimestampReader(now=now, zone=None, format=format, names=self._names)
        self._in_utc = TimestampReader(now=now, zone="UTC", format=format, names=self._names)
        self._given = format
        self._zones = tuple(Zone(name) for name in ((timezone,) if timezone else COMMON_ZONES))
        self._forms: dict[tuple[str | None, bool], _Form] = {}
        self._readers: dict[str, TimestampReader] = {}
        self._unread: Counter[str] = Counter()
        self._filled = self._naive = 0

    def add(self, cells: Mapping[str, int]) -> None:
        """Add non-empty cells without outer white space, with their counts."""
        texts = list(cells)
        naive = []
        self._note_abbreviations(cells)
        for text, read in zip(texts, self._as_given.read(texts), strict=True):
            self._filled += cells[text]
            exact = _exact(read)
            if exact is not None:
                self._form(self._given, zoned=True).take(exact, cells[text])
            elif isinstance(read, TimeProblem) and read.rule is rules.TIMESTAMP_NO_ZONE:
                naive.append(text)
            elif isinstance(read, TimeProblem):
                self._in_some_form(text, read, cells[text])
        for text, read in zip(naive, self._in_utc.read(naive), strict=True):
            exact = _exact(read)
            if exact is not None:
                self._naive += cells[text]
                self._take_local(self._given, exact, cells[text])
            elif isinstance(read, TimeProblem):
                self._unread[read.rule.code] += cells[text]

    def finding(self) -> TimeFinding:
        """Return the time formats found."""
        forms = sorted(self._forms.values(), key=lambda form: -form.count)
        return TimeFinding(
            self._filled,
            self._naive,
            tuple(map(_finished, forms)),
            dict(self._unread),
            dict(self._abbreviations.most_common()),
        )

    def _note_abbreviations(self, cells: Mapping[str, int]) -> None:
        """Note the abbreviations of zones behind times that nobody has explained.

        Their times are read here as if each meant what it most often does, which only the user can confirm.
        """
        for text, count in cells.items():
            name = (split_zone(text) or ("", ""))[1]
            if is_usual(name) and name not in self._known:
                self._abbreviations[name] += count
                self._names[name] = offset_of(example_of(name)) or 0

    def _in_some_form(self, text: str, read: TimeProblem, count: int) -> None:
        """Count a cell that is not an ISO time, by matching format."""
        named = split_zone(text)
        formats = () if self._given else suggest(named[0] if named else text)
        if read.rule is rules.TIMESTAMP_DATE_ONLY:
            formats = tuple(each for each in _DATE_ONLY if f'"{each}"' in read.hint)
        found = {each: exact for each in formats if (exact := self._read_by(each, text)) is not None}
        if not found:
            self._unread[read.rule.code] += count
            return
        self._naive += count * (not (named or any(map(_names_zone, found))))
        for each, exact in found.items():
            if named or _names_zone(each):
                self._form(each, zoned=True).take(exact, count)
            else:
                self._take_local(each, exact, count)

    def _read_by(self, form: str, text: str) -> str | None:
        """Read a text by a format; texts without a zone mean UTC."""
        reader = self._readers.get(form)
        if reader is None:
            reader = self._readers[form] = TimestampReader(
                now=self._now, zone="UTC", format=form, names=self._names
            )
        return _exact(reader.read([text])[0])

    def _take_local(self, form: str | None, exact: str, count: int) -> None:
        """Add a time without a zone, written as if in UTC."""
        kept = self._form(form, zoned=False)
        kept.take(exact, count)
        if kept.folds is None:
            kept.folds = _Folds(self._zones)
        kept.folds.take(exact, count)

    def _form(self, form: str | None, *, zoned: bool) -> _Form:
        dated = form is not None and not any(clock in form for clock in _CLOCKS)
        return self._forms.setdefault((form, zoned), _Form(form, zoned, needs_word=dated))


class _Folds:
    """Counts local times that zones never show or show twice."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = zones
        self._tally: dict[str, Counter[Fold]] = {zone.name: Counter() for zone in zones}
        self._odd: dict[str, tuple[Zone, ...]] = {}

    def take(self, exact: str, count: int) -> None:
        """Add a local time, written as if in UTC."""
        hour = exact[:13]
        odd = self._odd.get(hour)
        if odd is None:
            if len(self._odd) >= _MOST_HOURS:
                self._odd.clear()
            first = _seconds(f"{hour}:00:00")
            odd = tuple(zone for zone in self._zones if zone.steady_offset(first) is None)
            self._odd[hour] = odd
        for zone in odd:
            self._tally[zone.name][zone.instant(_seconds(exact[:19]))[1]] += count

    def evidence(self) -> tuple[ZoneEvidence, ...]:
        """Return how the times fit each zone."""
        return tuple(
            ZoneEvidence(name, tally[Fold.NEVER], tally[Fold.TWICE]) for name, tally in self._tally.items()
        )


def _exact(read: str | TimeProblem) -> str | None:
    return read if isinstance(read, str) else read.exact


def _names_zone(form: str) -> bool:
    return "%z" in form.lower()


@lru_cache(maxsize=4096)
def _seconds(text: str) -> int:
    return int((datetime.fromisoformat(text) - _EPOCH).total_seconds())


def _finished(form: _Form) -> TimeForm:
    return TimeForm(
        format=form.format,
        count=form.count,
        zoned=form.zoned,
        first=form.first,
        last=form.last,
        zones=form.folds.evidence() if form.folds else (),
        needs_word=form.needs_word,
    )


_SAMPLES: Final = 3
_SAMPLE_CHARS: Final = 200
_MOST_WORDS: Final = 100
"""Different cells that are kept with their counts; a column of more is no list of words."""

_MOST_PATHS: Final = 200
_MOST_DEPTH: Final = 8


@dataclass(frozen=True, slots=True)
class TimeReaderFactory:
    """Settings for the times of a column, and factory of `TimeStats`.

    Attributes:
        now: The start of the run.
        timezone: The zone that the user has named.
        format: The form that the user has named.
        names: Seconds ahead of UTC, by a zone's abbreviation in cells.
    """

    now: datetime
    timezone: str | None = None
    format: str | None = None
    names: Mapping[str, int] = field(default_factory=dict)

    def gauge(self, name: str, cells: Iterable[str]) -> TimeStats | None:
        """Return a column's `TimeStats`; None if the cells are not times."""
        texts = list(cells)
        if self.format is not None:
            # The form is that of the events' times; other columns may well have another.
            reader = TimestampReader(now=self.now, zone="UTC", format=self.format, names=self.names)
            unread = sum(isinstance(read, TimeProblem) and read.exact is None for read in reader.read(texts))
            if unread <= (1 - KIND_SHARE) * len(texts):
                return TimeStats(self.now, self.timezone, self.format, self.names)
        plain = are_times(name, texts, TimestampReader(now=self.now, names=self.names))
        return TimeStats(self.now, self.timezone, None, self.names) if plain else None


class ColumnStats:
    """Statistics of the cells of a column or a JSON path.

    Args:
        name: Its name.
        clock: How its times are read, if it turns out to hold some.
        is_path: Whether it is a path.
    """

    def __init__(self, name: str, clock: TimeReaderFactory, *, is_path: bool = False) -> None:
        self.name = name
        self.is_path = is_path
        self.filled = 0
        self._clock = clock
        self._times: TimeStats | None = None
        self._seen: set[int] = set()
        self._repeats = False
        self._kinds: Counter[Kind] = Counter()
        self._marks = NumberMarks()
        self._samples: list[str] = []
        self._words: Counter[str] = Counter()
        self._more_words = False
        self._sent: set[str] = set()

    def add_types(self, cells: Iterable[str]) -> None:
        """Add the types in which cells of a JSON file are sent."""
        self._sent |= {cell.kind if isinstance(cell, JsonCell) else "text" for cell in cells if cell}

    def add(self, cells: Iterable[str]) -> None:
        """Add the cells of some rows."""
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

    def _look_at(self, texts: Mapping[str, int]) -> None:
        """Classify new texts until `MOST_DISTINCT` were seen, with their counts."""
        for text, count in texts.items():
            if len(self._seen) >= MOST_DISTINCT:
                return
            self._repeats = self._repeats or count > 1 or hash(text) in self._seen
            if hash(text) not in self._seen:
                self._seen.add(hash(text))
                kind = kind_of_cell(text)
                self._kinds[kind] += 1
                if kind == "number":
                    self._marks = self._marks.joined(number_marks(text))
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
        """Distinct cells with counts, most frequent first; empty if too many."""
        return {} if self._more_words else dict(self._words.most_common())

    @property
    def counted(self) -> tuple[dict[str, int], bool]:
        """Counted cells, most frequent first, and whether others exist."""
        return dict(self._words.most_common()), self._more_words

    @property
    def kind(self) -> Kind:
        """Kind of most of the column's cells."""
        return kind_of_column(self.name, self._kinds, times=self._times is not None)

    def finding(self, rows: int) -> ColumnFinding:
        """Return the column's statistics, without suggestions."""
        known = sum(count for text, count in self._words.items() if kind_of(text) is not None)
        return ColumnFinding(
            name=self.name,
            is_path=self.is_path,
            rows=rows,
            filled=self.filled,
            distinct=len(self._seen),
            repeats=self._repeats,
            kind=self.kind,
            samples=tuple(self._samples),
            times=self._times.finding() if self._times else None,
            words=self.words,
            sent_types=tuple(sorted(self._sent or {"text"})),
            event_share=known / self.filled if self.filled else 0.0,
            marks=self._marks,
        )


def paths_of(name: str, cells: Iterable[str], known: Collection[str]) -> dict[str, list[str]]:
    """Split JSON objects and lists of one into texts by path.

    Args:
        name: The column's name, with which each path begins.
        cells: Its cells; those that hold neither are passed over.
        known: The paths met so far; beyond a bound no new ones are taken.
    """
    found: dict[str, list[str]] = {}
    for cell in cells:
        if cell.lstrip()[:1] in {"{", "["}:
            try:
                leaves = list(_leaves(name, parse(cell), 0))
            except JsonError:
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
    elif isinstance(value, list) and not depth:
        # Of a list the one text is meant; what is one of several is nobody's to choose.
        if len(value) == 1 and isinstance(value[0], str):
            yield f"{path}.0", value[0]
    elif depth and value is not None:
        yield path, as_text(value)
