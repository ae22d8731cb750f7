"""Data classes and protocols of a layout: what a file's rows mean."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, NamedTuple, Protocol

from inflection_cli.mapping.calls.call_catalog import CallType, ValueKind
from inflection_cli.mapping.columns import BoundColumns
from inflection_cli.mapping.profile.json_paths import JsonPath
from inflection_cli.mapping.times.timestamps import TimeHints
from inflection_cli.mapping.unbound import Unbound
from inflection_cli.model import Note


class Shaped(NamedTuple):
    """Columns with those that a profile extracts.

    Attributes:
        columns: The columns, with more behind their own.
        notes: What is wrong with an extraction, by row index.
        emptied: How many extracted texts `--null` emptied, by the column's name or path.
    """

    columns: Sequence[Sequence[str]]
    notes: Mapping[int, tuple[Note, ...]] = MappingProxyType({})
    emptied: Mapping[str, int] = MappingProxyType({})


class Shaper(Protocol):
    """Protocol that adds the columns a profile extracts; pure and picklable."""

    def __call__(self, columns: Sequence[Sequence[str]], count: int) -> Shaped:
        """Return the columns of `count` rows with added ones, notes and counts."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """The first test that a row fails.

    Attributes:
        passed: How many tests stand before it.
        index: The tested cell's place in a shaped row.
        value: The cell; None if it only has to be empty.
        names_event: Whether the cell is the event's name.
    """

    passed: int
    index: int
    value: str | None
    names_event: bool


class RowCondition(Protocol):
    """Protocol that decides to which rows a block applies."""

    def __call__(self, rows: Sequence[Sequence[str]]) -> list[bool]:
        """Return for each shaped row whether the block applies."""

    def unmet(self, row: Sequence[str]) -> Unmet | None:
        """Return the first test that a row fails, or None."""


@dataclass(frozen=True, slots=True)
class TimeSource:
    """A column that holds a block's times.

    Attributes:
        index: Its place in a shaped row.
        timezone: Its zone, where the profile gives it one of its own.
        format: Its form, where the profile gives it one of its own.
        hints: What settles times of it that cannot be read.
    """

    index: int
    timezone: str | None = None
    format: str | None = None
    hints: TimeHints = field(default=TimeHints(), compare=False)


def _nowhere(_: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class MissingColumnPolicy:
    """Policy for columns that a profile names and a file lacks.

    Attributes:
        any_key: Whether its records have keys of their own, as in JSON, where a missing one is just absent.
        elsewhere: Tells whether another file of the run has a name or path; then this one may lack it.
    """

    any_key: bool = False
    elsewhere: Callable[[str], bool] = _nowhere


NO_LEEWAY: Final = MissingColumnPolicy()
"""A file must have all that the profile names."""


@dataclass(frozen=True, slots=True)
class EventMapping:
    """One event that a row may stand for.

    Attributes:
        columns: What each cell of a shaped row is for this event.
        times: Where its time comes from; empty where `columns` has a constant timestamp.
        choose: Which of several filled times counts.
        applies: Which rows have this event; None where all do.
        absent_without_time: Whether a row in which all of `times` are empty has no such event.
    """

    columns: BoundColumns
    times: tuple[TimeSource, ...]
    choose: Literal["first", "earliest", "latest"] = "first"
    applies: RowCondition | None = None
    absent_without_time: bool = False


@dataclass(frozen=True, slots=True)
class CallValue:
    """A trait or property of a call other than track.

    Attributes:
        path: The keys that lead to it.
        place: Its cell in a shaped row.
        kind: How it is sent.
        asked: Whether the user names it, so that it is sent whatever its cells look like.
        sent: Whether it is sent; else it only counts in ids and hashes, as before `--session-id` took its column.
        typed: The type that a profile gives it, for the plan; "" is none.
    """

    path: tuple[str, ...]
    place: int
    kind: ValueKind = "any"
    asked: bool = False
    sent: bool = True
    typed: str = ""

    @property
    def name(self) -> str:
        """The path with dots between its keys."""
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class CallMapping:
    """One call other than track that a row may stand for.

    Attributes:
        type: Which call it is.
        columns: What each cell of a shaped row is, traits and properties aside.
        values: Its traits or properties.
        times: Where its time comes from; empty where `columns` has a constant timestamp, and with `now`.
        choose: Which of several filled times counts.
        applies: Which rows have this call; None where all do.
        absent_without_time: Whether a row in which all of `times` are empty has no such call.
        now: Whether it gets the time of the run.
        unsent: Columns that would be traits if they were named.
    """

    type: CallType
    columns: BoundColumns
    values: tuple[CallValue, ...] = ()
    times: tuple[TimeSource, ...] = ()
    choose: Literal["first", "earliest", "latest"] = "first"
    applies: RowCondition | None = None
    absent_without_time: bool = False
    now: bool = False
    unsent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """The meaning of the rows of one file.

    Attributes:
        columns: What each column of the file is, over all blocks: for the plan and reports.
        shaper: What widens rows; None where a row's own cells are enough.
        blocks: The track events, in the order in which a row's events come; at least one where `calls` is empty.
        notes: What is to be said of the file as a whole.
        places: What each name and path of a profile was found to be.
        unbound: Fields that no column is or several could be; a run refuses the file for the first of them.
        calls: The calls other than track, which come after a row's events.
        type_place: The column that names each row's type; None where there is none.
        is_track_first: Whether that column names nothing but track events in the first rows: then it is a property of
            theirs as well, and what names no type is a track event.
        in_part: Columns of which a profile takes parts alone, though it sends what it does not name: the rest is not
            sent.
    """

    columns: BoundColumns
    shaper: Shaper | None
    blocks: tuple[EventMapping, ...]
    notes: tuple[Note, ...] = ()
    places: Mapping[str, JsonPath] = field(default_factory=dict)
    unbound: tuple[Unbound, ...] = ()
    calls: tuple[CallMapping, ...] = ()
    type_place: int | None = None
    is_track_first: bool = False
    in_part: tuple[str, ...] = ()


def one_event(columns: BoundColumns) -> Layout:
    """Build a layout of one event per row, without a profile."""
    index = columns.fields.get("timestamp")
    times = () if index is None else (TimeSource(index),)
    return Layout(columns, None, (EventMapping(columns, times),))
