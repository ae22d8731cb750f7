"""Result classes of an inspection: file, encoding, columns, times, events, missing settings."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal

from inflection_cli.inspecting.sampling import RowSample
from inflection_cli.mapping.column_kinds import Kind, NumberMarks
from inflection_cli.mapping.columns import NameReason
from inflection_cli.mapping.layout import CallMapping
from inflection_cli.mapping.unbound import Unbound
from inflection_cli.model import Problem
from inflection_cli.reading import Source
from inflection_cli.settings.layering import with_value

Reason = NameReason | Literal["option", "path", "content"]
"""Why a column is a field: the user's word, the exact name, a spelling, another word, the end of a path, its cells."""

AUTOMATIC: Final[frozenset[Reason]] = frozenset({"option", "name", "spelling", "alias"})
"""Reasons for which a run maps a column by itself; the others need a line in a profile."""

Advice = Literal["none needed", "settled", "ambiguous", "dates only", "several"]

MOST_DISTINCT = 1_000
"""Different cells of a column are counted up to here."""


@dataclass(frozen=True, slots=True)
class ZoneEvidence:
    """Counts of local times in a zone's clock gaps and overlaps.

    Attributes:
        zone: Its name.
        in_gap: How many times its clocks never showed: one is enough to rule the zone out.
        in_overlap: How many its clocks showed twice.
    """

    zone: str
    in_gap: int
    in_overlap: int


@dataclass(frozen=True, slots=True)
class TimeForm:
    """One format of the times in a column.

    Attributes:
        format: What `--timestamp-format` would be; None for ISO 8601 and epoch numbers, which need none.
        count: How many cells it reads.
        zoned: Whether the cells name their zone.
        first: The earliest, as exact text; of times without a zone as if they were in UTC.
        last: The latest.
        zones: For times without a zone, how they fit some zones.
        needs_word: Whether only the user can say that this form is meant: dates without a time of day.
    """

    format: str | None
    count: int
    zoned: bool
    first: str
    last: str
    zones: tuple[ZoneEvidence, ...] = ()
    needs_word: bool = False


@dataclass(frozen=True, slots=True)
class TimeFinding:
    """The time formats found in a column.

    Attributes:
        filled: How many cells there are.
        naive: How many of them are times that name no zone.
        forms: The forms that read cells, the widest first; several may read the same ones.
        unread: Cells that no form reads, by the code of the problem they would be.
        abbreviations: How many cells end in each abbreviation of a zone that nobody has explained.
    """

    filled: int
    naive: int
    forms: tuple[TimeForm, ...]
    unread: dict[str, int]
    abbreviations: dict[str, int] = field(default_factory=dict)

    @property
    def usable(self) -> int:
        """Number of cells that some format reads."""
        return self.filled - sum(self.unread.values())

    @property
    def formats(self) -> tuple[str | None, ...]:
        """Formats that read all usable cells; several if the order is ambiguous."""
        return tuple(form for form, count in self.by_format.items() if count == self.usable)

    @property
    def by_format(self) -> dict[str | None, int]:
        """Number of cells per format; None means ISO 8601 and epoch numbers."""
        read = Counter[str | None]()
        for form in self.forms:
            read[form.format] += form.count
        return dict(read)

    @property
    def advice(self) -> tuple[Advice, tuple[str, ...]]:
        """Advice on the time format, and the formats to choose from."""
        plain = self.by_format.get(None, 0)
        whole = tuple(form for form in self.formats if form is not None)
        if not self.forms or (plain and plain * 2 >= self.usable):
            return "none needed", ()
        if len(whole) > 1:
            return "ambiguous", whole
        if whole:
            dates = any(form.needs_word for form in self.forms if form.format == whole[0])
            return ("dates only" if dates else "settled"), whole
        return "several", tuple(form for form in self.by_format if form is not None)

    @property
    def zoned(self) -> int:
        """Number of cells that name a zone or are epoch numbers."""
        return self.usable - self.naive

    @property
    def zones(self) -> tuple[ZoneEvidence, ...]:
        """Fit of the times without a zone to the tested zones."""
        return next((form.zones for form in self.forms if form.zones), ())


@dataclass(frozen=True, slots=True)
class Suggestion:
    """The field that a column would be, with the reason.

    Attributes:
        field: Its name.
        reason: Why.
        tied_with: Other columns that could as well be it; where there are any, none of them is.
    """

    field: str
    reason: Reason
    tied_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """Content of a column, and its suggested use.

    Attributes:
        name: Its name, or a dotted path into one that holds JSON.
        is_path: Whether it is a path.
        rows: How many rows there were.
        filled: In how many of them it holds anything but white space.
        distinct: How many different cells there are, `MOST_DISTINCT` at the most.
        kind: What its cells are.
        samples: Some of its cells, unchanged.
        suggestion: The field that it would be.
        sent_as: The property that it would be sent as, where it is no field.
        sent_types: What that would be: `text` or kinds of JSON.
        left_out: Why it would not be sent, where it is neither.
        remark: What else is to be said of one that is neither a field nor sent.
        uses: Where the profile at hand names it.
        times: How its times are written.
        words: Its different cells, where they are few, with counts.
        event_share: The share of its filled cells that name one of Inflection's events.
        is_least: Whether there may be more different cells than `distinct`.
        repeats: Whether any of its cells, of the first `MOST_DISTINCT` different ones, comes again.
        marks: The decimal characters of its numbers.
    """

    name: str
    is_path: bool
    rows: int
    filled: int
    distinct: int
    kind: Kind
    samples: tuple[str, ...] = field(repr=False)
    suggestion: Suggestion | None = None
    sent_as: str | None = None
    sent_types: tuple[str, ...] = ("text",)
    left_out: str | None = None
    remark: str | None = None
    uses: tuple[str, ...] = ()
    times: TimeFinding | None = None
    words: dict[str, int] = field(default_factory=dict, repr=False)
    event_share: float = 0.0
    is_least: bool = False
    repeats: bool = False
    marks: NumberMarks = field(default_factory=NumberMarks)

    @property
    def share(self) -> float:
        """Share of rows in which the column is filled, 0 to 1."""
        return self.filled / self.rows if self.rows else 0.0


@dataclass(frozen=True, slots=True)
class EventName:
    """An event name in the file, with its count and meaning.

    Attributes:
        name: As it stands.
        count: In how many rows.
        becomes: Inflection's name for it; None where it is unknown.
        private: Whether it may be somebody's data, so that it is shown to those only who ask for values.
    """

    name: str
    count: int
    becomes: str | None
    private: bool = False


@dataclass(frozen=True, slots=True)
class EventProposal:
    """An event that a column of a wide export represents.

    Attributes:
        event: Inflection's name.
        column: The column that tells about it.
        timed: Whether the column holds its time.
        filled: How many rows have it.
        equals: Cells that say yes, where the column is a flag.
        not_equals: Cells that say no, where the column is a count.
        properties: Further columns that tell about it, by the property to send them as.
    """

    event: str
    column: str
    timed: bool
    filled: int
    equals: tuple[str, ...] = ()
    not_equals: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EncodingFinding:
    """The most likely encoding of bytes that are not UTF-8.

    Attributes:
        suggested: The encoding that makes the best sense of them; None where none does.
        words: How many different words hold such bytes.
        sound: How many of them the encoding makes sense of.
        alike: Other encodings that read all of them as the very same text.
        characters: The commonest characters that the bytes would be, each with its bytes in hex and a count.
    """

    suggested: str | None
    words: int
    sound: int
    alike: tuple[str, ...]
    characters: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A setting that only the user can decide.

    Attributes:
        key: What it is about: `encoding`, `event`, `timestamp`, `person`, `zone`, `format`, `unknown_events`,
            `own_ids`, `tie` or `other`.
        message: What is missing, and what the file says of it.
        option: The option that settles it, with a value to try; empty where none does.
        line: The line of a profile that settles it; empty where none does.
    """

    key: str
    message: str
    option: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class PresetProposal:
    """The preset that a file is for, with the evidence.

    Attributes:
        name: Its name.
        version: Its version.
        title: The vendor, and what it exports.
        page: The vendor's public page that it follows.
        columns: Columns or paths that the first records have.
        values: By column or path, the preset's own values that its cells have.
        person: Which of a record's ids it sends, in words.
        records: The path to the records, where they are in an envelope that the preset does not know.
    """

    name: str
    version: int
    title: str
    page: str
    columns: tuple[str, ...]
    values: dict[str, tuple[str, ...]]
    person: str
    records: str | None = None

    @property
    def options(self) -> str:
        """The options for a run of the file, as typed."""
        words = [f"--preset {self.name}"]
        return " ".join(words if self.records is None else [*words, with_value("--records", self.records)])


@dataclass(frozen=True, slots=True)
class Inspection:
    """The result of inspecting one file.

    Attributes:
        source: What it is and how it was read.
        rows: How many rows could be read.
        unreadable: How many rows could not.
        problems: Unreadable regions and what holds for the file: of each kind the first, with the count of its rows.
        columns: Its columns, and the paths into those that hold JSON.
        events: The event names it holds, the commonest first.
        more_events: Whether there are more different ones than are listed.
        proposals: Events that a row may stand for, in a file without an event column.
        encoding: What its bytes may be, where they are not UTF-8 and the user has not said.
        unbound: Fields that no column is or several could be, without a profile.
        missing: What the user has to say.
        refusal: Why a run would refuse the file, and the way out; None if it would not.
        people: What a run would say of the people's ids: of each kind the first, with the count of its rows. Empty
            where a run would refuse the file before it looks at them.
        calls: The calls other than track that its rows are, where the user says so.
        preset: The preset that it is for, without a profile.
        own_id_conflicts: How many rows an own id of the export does not tell from others.
        lacks: The parts of these calls that no column is, as `InputError.lacks` names them.
        equal_rows: How many rows give an event that is equal to an earlier one, without ids of its own.
        files: The paths of all files, where it is about several.
        sample: The part that was read, where all counts are of a sample; None if all was read.
    """

    source: Source
    rows: int
    unreadable: int
    problems: tuple[Problem, ...]
    columns: tuple[ColumnFinding, ...]
    events: tuple[EventName, ...]
    more_events: bool
    proposals: tuple[EventProposal, ...]
    encoding: EncodingFinding | None
    unbound: tuple[Unbound, ...]
    missing: tuple[Missing, ...]
    refusal: tuple[str, str] | None
    people: tuple[Problem, ...] = ()
    calls: tuple[CallMapping, ...] = ()
    sample: RowSample | None = None
    own_id_conflicts: int = 0
    lacks: tuple[str, ...] = ()
    equal_rows: int = 0
    preset: PresetProposal | None = None
    files: tuple[str, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Paths of its files as the user wrote them."""
        return self.files or (self.path,)

    @property
    def path(self) -> str:
        """Path as the user wrote it."""
        return self.source.path

    def column(self, name: str) -> ColumnFinding:
        """Return a column by its name."""
        return next(column for column in self.columns if column.name == name)

    def is_tied(self, name: str) -> bool:
        """Return whether several columns could be a field."""
        said = [column.suggestion for column in self.columns if column.suggestion]
        return any(each.field == name and each.tied_with for each in said)

    def all_of_field(self, name: str) -> list[ColumnFinding]:
        """Return the columns suggested for a field; several only for several files."""
        return [
            column
            for column in self.columns
            if column.suggestion and column.suggestion.field == name and not column.suggestion.tied_with
        ]

    def of_field(self, name: str) -> ColumnFinding | None:
        """Return the only column suggested for a field; None if not one."""
        found = self.all_of_field(name)
        return found[0] if len(found) == 1 else None
