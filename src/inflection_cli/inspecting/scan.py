"""Scan a file and inspect it, with constant memory."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from inflection_cli import rules
from inflection_cli.converting.chunk_task import first_rows
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.errors import InputError
from inflection_cli.inspecting.analysis import ScannedFile, analyse
from inflection_cli.inspecting.column_stats import ColumnStats, OwnIdStats, TimeReaderFactory, paths_of
from inflection_cli.inspecting.encoding_evidence import EncodingEvidence
from inflection_cli.inspecting.field_suggestions import suggest_fields
from inflection_cli.inspecting.inspection_result import EncodingFinding, Inspection
from inflection_cli.inspecting.people_check import problems_of_people
from inflection_cli.inspecting.sampling import MOST_ROWS, RowSample
from inflection_cli.mapping.checks import emptied
from inflection_cli.model import Chunk
from inflection_cli.reading import FoundFile, ReadOptions, Source, detect, read
from inflection_cli.reading.files.bytes_read import meter_of_now

_ANY_BYTE: Final = "iso-8859-1"
"""Gives every byte back, and is no guess of what it means."""


@dataclass(frozen=True, slots=True)
class InspectSettings:
    """Settings of an inspection.

    Attributes:
        reading: How files are read.
        convert: How a run would map them.
        encoding_given: Whether the user has named the encoding.
        limit: How many rows the user wants read; None for no such wish.
        reads_all: Whether all rows are read, where there is no such wish.
        seeks_preset: Whether the preset is looked for that fits the file.
    """

    reading: ReadOptions
    convert: ConvertSettings
    encoding_given: bool = False
    limit: int | None = None
    reads_all: bool = False
    seeks_preset: bool = True

    @property
    def most_rows(self) -> int | None:
        """The largest number of rows that is read; None for all."""
        return self.limit or (None if self.reads_all else MOST_ROWS)


def scan(
    found: FoundFile, settings: InspectSettings, progress: Callable[[int], None] = lambda _: None
) -> Inspection:
    """Inspect a file and return what its columns would become.

    Args:
        found: The file.
        settings: What the user says.
        progress: Called after each chunk with the number of rows so far.

    Raises:
        InputError: It is nothing that can be read.
        UsageError: An option names no encoding, delimiter, zone or format.
    """
    source, encoding = _opened(found, settings)
    gathered = _gathered(source, settings, progress)
    if encoding is None and gathered.bad_bytes and not settings.encoding_given:
        encoding = gathered.encoding.finding()
        if encoding is not None and encoding.suggested:
            source = detect(found, replace(settings.reading, encoding=encoding.suggested, guesses=True))
            gathered = _gathered(source, settings, progress)
    inspection = analyse(gathered, encoding, settings.convert)
    return inspection if inspection.refusal else _with_people(inspection, settings, progress)


def _with_people(found: Inspection, settings: InspectSettings, progress: Callable[[int], None]) -> Inspection:
    """Read the file again and add its problems with people."""
    people, refusal, equal = problems_of_people(
        found.source, settings.reading, settings.convert, settings.most_rows, progress
    )
    equal = 0 if settings.convert.mapping.keep_equal_rows else equal
    refused = (refusal.message, refusal.hint) if refusal else None
    return replace(found, people=people, refusal=refused, equal_rows=equal)


def _opened(found: FoundFile, settings: InspectSettings) -> tuple[Source, EncodingFinding | None]:
    """Detect the file; try other encodings if its header is not UTF-8."""
    try:
        return detect(found, replace(settings.reading, guesses=True)), None
    except InputError:
        finding = None if settings.encoding_given else _evidence(found, settings)
        if finding is None or finding.suggested is None:
            raise
        return detect(found, replace(settings.reading, encoding=finding.suggested, guesses=True)), finding


def _evidence(found: FoundFile, settings: InspectSettings) -> EncodingFinding | None:
    """Return the likely encoding of a file that UTF-8 cannot read."""
    bare = replace(settings.reading, encoding=_ANY_BYTE)
    gauge, rows = EncodingEvidence(), 0
    try:
        source = detect(found, bare)
        gauge.add(" ".join(source.columns).encode(_ANY_BYTE, "ignore"))
        for chunk in read(source, bare):
            for row in chunk.rows:
                gauge.add(" ".join(row).encode(_ANY_BYTE, "ignore"))
            rows += len(chunk.rows)
            if settings.most_rows is not None and rows >= settings.most_rows:
                break
    except InputError:
        return None
    # A byte order mark beats the option: then the bytes are damaged, and no other encoding.
    return gauge.finding() if source.encoding == "iso8859-1" else None


def _gathered(source: Source, settings: InspectSettings, progress: Callable[[int], None]) -> ScannedFile:
    """Collect the statistics of a file, or of its first rows."""
    gatherer = _Gatherer(source, settings.convert, encoding_given=settings.encoding_given)
    gathered, most, meter = gatherer.gathered, settings.most_rows, meter_of_now()
    nulls, bytes_before = settings.convert.mapping.nulls, meter.count if meter else 0
    for whole in read(source, settings.reading):
        seen = gathered.rows + gathered.unreadable
        chunk = whole if most is None else first_rows(whole, most - seen)
        gatherer.take(replace(chunk, rows=emptied(chunk.rows, nulls)) if nulls else chunk)
        progress(gathered.rows)
        if _rows_of(chunk) < _rows_of(whole):
            size = meter.count - bytes_before if meter else 0
            of_bytes = source.packed_bytes
            rows = gathered.rows + gathered.unreadable
            gathered.sample = RowSample(rows, min(size, of_bytes), of_bytes)
            break
    return gathered


def _rows_of(chunk: Chunk) -> int:
    return len(chunk.rows) + sum(fault.rows for fault in chunk.faults)


class _Gatherer:
    """Collects statistics of chunks."""

    def __init__(self, source: Source, settings: ConvertSettings, *, encoding_given: bool) -> None:
        self.gathered = ScannedFile(source)
        self._encoding_given = encoding_given
        self._settings = settings
        self._options = settings.mapping.columns

    def take(self, chunk: Chunk) -> None:
        """Add all cells and faults of a chunk to the statistics."""
        gathered = self.gathered
        gathered.rows += len(chunk.rows)
        for fault in chunk.faults:
            gathered.unreadable += fault.rows
            gathered.add_problem(replace(fault.problem, count=fault.rows))
            if fault.problem.rule is rules.BAD_ENCODING:
                gathered.bad_bytes += 1
                gathered.encoding.add(fault.raw)
        for problem in chunk.warnings:
            gathered.add_problem(problem)
        for name, cells in zip(chunk.columns, zip(*chunk.rows, strict=True), strict=False):
            gauge = self._gauge(name)
            gauge.add(cells)
            if chunk.typed and not self._settings.mapping.properties_as_text:
                gauge.add_types(cells)
            if gauge.kind == "json":
                self._take_paths(name, cells)
        if not self._encoding_given:
            gathered.encoding.sound_lines += sum(not "".join(row).isascii() for row in chunk.rows)
        self._take_own_ids(chunk)

    def _gauge(self, name: str, *, is_path: bool = False) -> ColumnStats:
        gauges = self.gathered.paths if is_path else self.gathered.columns
        if name not in gauges:
            gauges[name] = ColumnStats(name, _clock(name, self._settings), is_path=is_path)
        return gauges[name]

    def _take_paths(self, name: str, cells: tuple[str, ...]) -> None:
        for path, texts in paths_of(name, cells, self.gathered.paths).items():
            if path not in self.gathered.columns:
                self._gauge(path, is_path=True).add(texts)

    def _take_own_ids(self, chunk: Chunk) -> None:
        gathered = self.gathered
        if gathered.own_ids is None:
            if not chunk.rows:
                return
            columns = [gauge.finding(gathered.rows) for gauge in gathered.columns.values()]
            gathered.own_ids = OwnIdStats(chunk.columns, suggest_fields(columns, self._options))
        gathered.own_ids.add(chunk.rows)


def _clock(name: str, settings: ConvertSettings) -> TimeReaderFactory:
    """Return a column's time settings: option, then profile column, then default."""
    asked, profile = settings.mapping.columns, settings.mapping.columns.profile
    rule = profile.times.get(name) if profile else None
    zone = asked.timezone or (rule and rule.zone) or settings.timezone
    form = asked.timestamp_format or (rule and rule.format) or settings.timestamp_format
    return TimeReaderFactory(settings.now, zone, form, settings.zone_names)
