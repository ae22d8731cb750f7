"""Shared data types: frozen, with slots, and without I/O.

Those of which every row has one are NamedTuples: a frozen dataclass takes three times as long to make.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """Severity of a problem: only an error rejects its row."""

    ERROR = "error"
    WARNING = "warning"


class Scope(StrEnum):
    """Scope of a problem: reported per row, per column or per file."""

    ROW = "row"
    COLUMN = "column"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of problem.

    Attributes:
        code: Stable kebab-case name; scripts and CI rely on it.
        severity: What it does to the row.
        scope: Whether it is said per row, or once for a column or a file with a count.
        meaning: What is wrong and why it matters, in one or two sentences.
        fix: What settles it: an option with a value to try, or an edit of the export.
        example: A cell, line or header that shows it.
    """

    code: str
    severity: Severity
    scope: Scope
    meaning: str
    fix: str
    example: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem and its location.

    Attributes:
        rule: Its kind.
        message: What is wrong here. Holds no cell: those are personal, and are masked by reporters.
        file: The path as the user wrote it; None where the problem has no file.
        line: The physical line, from 1; None where the problem has no line.
        column: The column's name in the file; None where it concerns the row.
        value: The offending cell as it stood, for those who asked to see values.
        hint: What settles it here; the rule's own fix where empty.
        count: How many rows it stands for, 1 unless the rule's scope is wider.
    """

    rule: Rule
    message: str
    file: str | None = None
    line: int | None = None
    column: str | None = None
    value: str | None = None
    hint: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Note:
    """A problem in part of a row, before its line is known.

    Attributes:
        rule: Its kind.
        detail: What is wrong here, as one phrase, without the cell.
        field: The field it concerns (or the column's name where no field does); None for the whole row.
        value: The offending cell as it stood.
        hint: What settles it here; the rule's own fix where empty.
    """

    rule: Rule
    detail: str
    field: str | None = None
    value: str | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Campaign:
    """The event kind and campaign that many events share; None means absent.

    Attributes:
        event: Inflection's name for the event, or an unknown event's own.
        sent_event: The name that goes out, by the chosen naming.
        link: Whether the event is about a link.
        unique_flag: The flag that the event's kind implies to be true.
    """

    event: str
    sent_event: str
    link: bool
    unique_flag: str | None
    email_id: str | None
    campaign_id: str | None
    campaign_run_id: str | None
    campaign_name: str | None
    email_subject: str | None
    is_unique_open: bool | None
    is_unique_click: bool | None


class Person(NamedTuple):
    """The person of an event; has at least one of the ids.

    Attributes:
        user_id: The customer's own id.
        person_id: Inflection's id, sent as anonymousId while no user id is known.
        group_id: The account that the person acts for.
        session_id: The id of a session, sent as anonymousId beside a user id.
    """

    user_id: str | None
    person_id: str | None
    email: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    group_id: str | None = None
    session_id: str | None = None


class Trail(NamedTuple):
    """An event's own properties, apart from person and time.

    Attributes:
        link: The link's URL as it stood; None is absent.
        extras: Further properties: (property name, text), absent ones left out.
        literals: Names of extras that are no text: theirs is JSON as it is sent.
        kinds: Of each of the file's extras the first letter of what it is here; "-" for an absent one.
        hashed: What counts in the content hash, likewise; None stands for the extras.
    """

    link: str | None
    extras: tuple[tuple[str, str], ...]
    literals: frozenset[str] = frozenset()
    kinds: str = ""
    hashed: tuple[tuple[str, str], ...] | None = None

    @property
    def source(self) -> tuple[tuple[str, str], ...]:
        """Name-value pairs that count in the content hash."""
        return self.extras if self.hashed is None else self.hashed


@dataclass(frozen=True, slots=True)
class Fault:
    """An unreadable region of a file: one problem and the original lines.

    Attributes:
        problem: What is wrong; its `line` is where the fault lies.
        line: The physical line, from 1, on which the region starts.
        rows: How many non-blank lines the region has; each counts as one row read and rejected.
        raw: The bytes as they stood in the decompressed file, line ends included.
    """

    problem: Problem
    line: int
    rows: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some consecutive records of one file, as text.

    Attributes:
        file: The path as the user wrote it (`-` for standard input).
        columns: The column names; every row has as many cells. An NDJSON file may gain columns from
            one chunk to the next, never lose or reorder them.
        rows: The cells. CSV cells as they stood; NDJSON values as text, an absent key or null is "", what is
            neither null nor a string a `JsonCell`.
        lines: For each row, the physical line, from 1, on which its record starts.
        first_number: The number of the first row among the file's readable records, from 1.
        faults: The unreadable regions that begin in this chunk.
        digest: A digest of the raw (decompressed) bytes read since the previous chunk.
        typed: Whether the file is JSON, so that cells may be a `JsonCell`.
        warnings: What is to be said of rows that were read all the same, each with its line.
    """

    file: str
    columns: tuple[str, ...]
    rows: list[list[str]]
    lines: Sequence[int]
    first_number: int
    faults: tuple[Fault, ...]
    digest: bytes
    typed: bool = False
    warnings: tuple[Problem, ...] = ()


class Message(NamedTuple):
    """One Segment message.

    Attributes:
        ordinal: The event's place among all events built in this run, from 0.
        content_id: 16 bytes, a UUIDv8 over what makes the event itself.
        wire: Its JSON in UTF-8 as it is sent, wire id included.
    """

    ordinal: int
    content_id: bytes
    wire: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages sent together in input order, as parallel sequences; never empty.

    Attributes:
        ordinals: Each event's place among all events built in this run, from 0.
        content_ids: 16 bytes each, a UUIDv8 over what makes the event itself.
        content_hashes: 64 bits each, over what the event says beside its identity.
        wire: Each message's JSON in UTF-8 as it is sent, wire id included.
    """

    ordinals: Sequence[int]
    content_ids: Sequence[bytes] = field(repr=False)
    content_hashes: Sequence[int] = field(repr=False)
    wire: Sequence[bytes] = field(repr=False)

    def __len__(self) -> int:
        return len(self.wire)

    def message(self, at: int) -> Message:
        """Return one message by its index."""
        return Message(self.ordinals[at], self.content_ids[at], self.wire[at])

    def part(self, start: int, stop: int) -> "Batch":
        """Return the messages from index `start` up to `stop`, exclusive."""
        at = slice(start, stop)
        return Batch(self.ordinals[at], self.content_ids[at], self.content_hashes[at], self.wire[at])

    def halves(self) -> tuple["Batch", "Batch"]:
        """Split the batch in two; the first half may be one larger.

        Raises:
            ValueError: The batch holds a single message.
        """
        if len(self) < 2:
            raise ValueError("a single message cannot be halved")
        middle = (len(self) + 1) // 2
        return self.part(0, middle), self.part(middle, len(self))


class Disposition(IntEnum):
    """Action of pass 2 for an event; fits in four bits.

    Attributes:
        SEND: It goes out.
        DUPLICATE: An earlier event of the input is the same one; that one goes out.
        ALREADY_ACCEPTED: The ledger has it as accepted.
        IN_DOUBT: It may be in, for longer than the destination is trusted to recognise its id.
        RESEND: It may be in, and goes out again with the same id, which the destination recognises.
        ELSEWHERE: It goes out, and another destination's ledger has it as accepted.
        REFUSED: It goes out once more, and the destination has refused it alone before.
        CHANGED_BACK: It goes out under a new id: the ledger has it, and another state of the same person after it.
    """

    SEND = 0
    DUPLICATE = 1
    ALREADY_ACCEPTED = 2
    IN_DOUBT = 3
    RESEND = 4
    ELSEWHERE = 5
    REFUSED = 6
    CHANGED_BACK = 7


class BatchState(StrEnum):
    """State of a batch; an event has the best of its batches."""

    IN_FLIGHT = "in_flight"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SPLIT = "split"
    PENDING = "pending"
    IN_DOUBT = "in_doubt"
