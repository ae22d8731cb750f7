"""How the times of a column are written, which zones they rule out, and from when to when they reach."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from inflection_cli import rules
from inflection_cli.mapping.time_format import suggest
from inflection_cli.mapping.timestamps import TimestampReader, Trouble, before
from inflection_cli.mapping.zones import Fold, Zone
from inflection_cli.pipeline.inspect.findings import TimeFinding, TimeForm, ZoneEvidence

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
    """A form's tally."""

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


class TimeGauge:
    """Gathers what the cells of one column say of its times.

    Args:
        now: The start of the run.
        timezone: The zone that the user has named; without one, some common zones are tried.
        format: The form that the user has named.
    """

    def __init__(self, now: datetime, timezone: str | None, format: str | None) -> None:  # noqa: A002 - as the option
        self._now = now
        self._as_given = TimestampReader(now=now, zone=None, format=format)
        self._in_utc = TimestampReader(now=now, zone="UTC", format=format)
        self._given = format
        self._zones = tuple(Zone(name) for name in ((timezone,) if timezone else COMMON_ZONES))
        self._forms: dict[tuple[str | None, bool], _Form] = {}
        self._readers: dict[str, TimestampReader] = {}
        self._unread: Counter[str] = Counter()
        self._filled = self._naive = 0

    def add(self, cells: Mapping[str, int]) -> None:
        """Take cells without outer white space, none of them empty, with their counts."""
        texts = list(cells)
        naive = []
        for text, read in zip(texts, self._as_given.read(texts), strict=True):
            self._filled += cells[text]
            exact = _exact(read)
            if exact is not None:
                self._form(self._given, zoned=True).take(exact, cells[text])
            elif isinstance(read, Trouble) and read.rule is rules.TIMESTAMP_NO_ZONE:
                naive.append(text)
            elif isinstance(read, Trouble):
                self._in_some_form(text, read, cells[text])
        for text, read in zip(naive, self._in_utc.read(naive), strict=True):
            exact = _exact(read)
            if exact is not None:
                self._naive += cells[text]
                self._take_local(self._given, exact, cells[text])
            elif isinstance(read, Trouble):
                self._unread[read.rule.code] += cells[text]

    def finding(self) -> TimeFinding:
        """Say what was found."""
        forms = sorted(self._forms.values(), key=lambda form: -form.count)
        return TimeFinding(self._filled, self._naive, tuple(map(_finished, forms)), dict(self._unread))

    def _in_some_form(self, text: str, read: Trouble, count: int) -> None:
        """Take a cell that is no ISO time: by every format that reads it."""
        formats = () if self._given else suggest(text)
        if read.rule is rules.TIMESTAMP_DATE_ONLY:
            formats = tuple(each for each in _DATE_ONLY if f'"{each}"' in read.hint)
        found = {each: exact for each in formats if (exact := self._read_by(each, text)) is not None}
        if not found:
            self._unread[read.rule.code] += count
            return
        self._naive += count * (not any(map(_names_zone, found)))
        for each, exact in found.items():
            if _names_zone(each):
                self._form(each, zoned=True).take(exact, count)
            else:
                self._take_local(each, exact, count)

    def _read_by(self, form: str, text: str) -> str | None:
        """Read a text by a format, as if it were in UTC where it names no zone."""
        reader = self._readers.get(form)
        if reader is None:
            reader = self._readers[form] = TimestampReader(now=self._now, zone="UTC", format=form)
        return _exact(reader.read([text])[0])

    def _take_local(self, form: str | None, exact: str, count: int) -> None:
        """Take a time without a zone, written as if it were in UTC."""
        kept = self._form(form, zoned=False)
        kept.take(exact, count)
        if kept.folds is None:
            kept.folds = _Folds(self._zones)
        kept.folds.take(exact, count)

    def _form(self, form: str | None, *, zoned: bool) -> _Form:
        dated = form is not None and not any(clock in form for clock in _CLOCKS)
        return self._forms.setdefault((form, zoned), _Form(form, zoned, needs_word=dated))


class _Folds:
    """Counts the local times that zones' clocks never showed, or showed twice."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = zones
        self._tally: dict[str, Counter[Fold]] = {zone.name: Counter() for zone in zones}
        self._odd: dict[str, tuple[Zone, ...]] = {}

    def take(self, exact: str, count: int) -> None:
        """Take a local time, written as if it were in UTC."""
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
        """Say how the times fit each zone."""
        return tuple(
            ZoneEvidence(name, tally[Fold.NEVER], tally[Fold.TWICE]) for name, tally in self._tally.items()
        )


def _exact(read: str | Trouble) -> str | None:
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
