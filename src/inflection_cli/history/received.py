"""Compare ids from a destination's export with accepted events."""

from bisect import insort
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import groupby
from struct import Struct
from typing import Any, Final

from inflection_cli.backfilling.known_people import KnownPeople
from inflection_cli.backfilling.plan import Planner
from inflection_cli.backfilling.second_pass import unchanged_chunks
from inflection_cli.backfilling.spill import SpillGroups
from inflection_cli.converting.chunk_task import AS_CHUNKS
from inflection_cli.errors import InputError
from inflection_cli.ledger.ledger_file import LedgerReader
from inflection_cli.model import BatchState
from inflection_cli.reading import FoundFile, ReadOptions, detect, find, read
from inflection_cli.sanitize import escape
from inflection_cli.segment.ids import Binder, uuid_text

ID_COLUMNS: Final = ("messageid", "message_id", "id")
"""Columns that hold message ids: of archived messages, and of the tables of Segment's warehouses (`id`)."""

_AGAIN: Final = "export it once more; a proof needs every row"


def ids_in(file: FoundFile) -> Iterator[tuple[str, int]]:
    """Yield the message id of each row, and its line.

    The id of a row without one is empty. A table in binary form has no lines: the number is that of the row.

    Raises:
        InputError: It cannot be read whole, or has no column of ids.
    """
    options = ReadOptions()
    source = detect(file, options)
    columns, has_ids = source.columns, False
    for chunk in read(source, options):
        if chunk.faults:
            raise InputError(
                f"{escape(source.path)}, line {chunk.faults[0].line}: cannot be read, so nothing is proven",
                hint=_AGAIN,
            )
        # Records of JSON have keys of their own: each chunk has the columns that are met in it.
        columns = chunk.columns
        places = _places(columns)
        has_ids = has_ids or bool(places)
        if not has_ids and source.format == "csv":
            break
        for row, line in zip(chunk.rows, chunk.lines, strict=True):
            yield _first(row, places), line
    if not has_ids:
        raise _no_ids(file, columns)


def _places(columns: Sequence[str]) -> list[int]:
    """Return the indexes of columns with message ids, the surest first."""
    names = [name.strip().lower() for name in columns]
    return [names.index(name) for name in ID_COLUMNS if name in names]


def _first(row: Sequence[str | None], places: Sequence[int]) -> str:
    for at in places:
        if found := (row[at] or "").strip():
            return found
    return ""


def _no_ids(file: FoundFile, columns: Sequence[str]) -> InputError:
    have = ", ".join(escape(name, 40) for name in columns[:10])
    return InputError(
        f"{escape(file.path)} has no column of message ids; its columns are {have}",
        hint="export the column id of the warehouse's table, or messageId of archived messages, with its name",
    )


SHOWN: Final = 100

_KEY: Final = slice(0, 16)
_RECORD: Final = Struct(">16sB16s")  # hash of the id, what the record says, and its place or its id
_PLACE: Final = Struct(">IIQ")  # number of the file, line, and the event's ordinal in a source

_RUN_RECORDS: Final = 1 << 16
"""Fifty million ids are more than a thousand runs, and each run has an index: longer runs have less of it."""

_RECORDS_AT_ONCE: Final = 1 << 17

_Place = tuple[Any, ...]

_SENT, _DOUBT, _KNOWN, _SOURCE, _RECEIVED = range(5)
_DOUBTFUL: Final = frozenset({BatchState.IN_DOUBT, BatchState.IN_FLIGHT})


@dataclass(frozen=True, slots=True)
class NamedEvent:
    """An event that is named in a proof.

    Attributes:
        message_id: Its id at the destination.
        file: Where it stands; empty where that is not known.
        line: The physical line there; 0 likewise.
    """

    message_id: str
    file: str = ""
    line: int = 0


@dataclass(slots=True)
class Receipts:
    """Result of comparing received ids with accepted events.

    Attributes:
        accepted: Events that the destination accepted, as the ledger has it.
        arrived: Those among them that were received.
        missing: Those that were not.
        foreign: Received ids that were never sent from this ledger.
        repeated: Ids that were received more than once.
        doubt_arrived: Unconfirmed events that were received.
        rows: Rows of what was received.
        without_id: Rows without an id.
        first_missing: The first of `missing`, with their place in the source where it is given.
        first_foreign: The first of `foreign`, with their place in what was received.
        first_repeated: The first of `repeated`, likewise.
        missing_bits: One bit for each event of the source files, set where it is missing.
        digests: 16 bytes for each chunk of the source files, as they were then.
    """

    accepted: int = 0
    arrived: int = 0
    missing: int = 0
    foreign: int = 0
    repeated: int = 0
    doubt_arrived: int = 0
    rows: int = 0
    without_id: int = 0
    first_missing: list[NamedEvent] = field(default_factory=list)
    first_foreign: list[NamedEvent] = field(default_factory=list)
    first_repeated: list[NamedEvent] = field(default_factory=list)
    missing_bits: bytearray = field(default_factory=bytearray)
    digests: bytes = b""

    def mark_missing(self, ordinal: int) -> None:
        """Note a missing event of the source files by its ordinal."""
        byte = ordinal >> 3
        if byte >= len(self.missing_bits):
            self.missing_bits.extend(bytes(byte + 1 - len(self.missing_bits)))
        self.missing_bits[byte] |= 1 << (ordinal & 7)

    def missing_ordinals(self) -> Iterator[int]:
        """Yield the ordinals of the missing events of the source files."""
        for byte, bits in enumerate(self.missing_bits):
            if bits:
                yield from (byte << 3 | at for at in range(8) if bits >> at & 1)

    @property
    def all_arrived(self) -> bool:
        """Return whether every accepted event was received once."""
        return not (self.missing or self.repeated)


@dataclass(frozen=True, slots=True)
class ProofScope:
    """The accepted events that have to be found.

    Attributes:
        ledger: The destination's ledger.
        run_id: Only what this run has sent; None for all runs.
        label: Only what was sent under this label; None for all.
        planner: Converts the source files, to name lines, and limits the events to theirs; None without files.
        before: The number of the run that the planner repeats; None without one.
    """

    ledger: LedgerReader
    run_id: str | None = None
    label: str | None = None
    planner: Planner | None = None
    before: int | None = None


def compare(scope: ProofScope, received: list[str]) -> Receipts:
    """Compare received message ids with the accepted events of a ledger.

    Args:
        scope: The events.
        received: Paths or globs of CSV, NDJSON or JSON, packed or not, or Parquet, with a column of message ids.

    Raises:
        InputError: A file cannot be read whole, or has no ids.
        LedgerError: The ledger cannot be read.
    """
    receipts = Receipts()
    found = find(received)
    met = SpillGroups(_RECORD.size, _RUN_RECORDS)
    try:
        _add_sent(met, scope)
        sources = [] if scope.planner is None else _add_sources(met, scope, scope.planner, receipts)
        for number, file in enumerate(found):
            for message_id, line in ids_in(file):
                receipts.rows += 1
                if message_id:
                    met.add([_record(message_id.encode(), _RECEIVED, _PLACE.pack(number, line, 0))])
                else:
                    receipts.without_id += 1
        places = _settle(met, receipts, sources, only_sources=scope.planner is not None)
    finally:
        met.close()
    _name_received(receipts, found, places)
    return receipts


def _record(message_id: bytes, kind: int, rest: bytes) -> bytes:
    # Ids of others may begin alike; their hashes do not, and the groups stay even.
    return _RECORD.pack(blake2b(message_id.lower(), digest_size=16).digest(), kind, rest)


def _add_sent(met: SpillGroups, scope: ProofScope) -> None:
    labels = {run.run_id: run.label for run in scope.ledger.runs()}
    binders = {label: Binder(scope.ledger.namespace, label or None) for label in labels.values()}
    for batch in scope.ledger.known_batches():
        label = labels[batch.run_id]
        inside = scope.run_id in {None, batch.run_id} and scope.label in {None, label}
        kind = _KNOWN
        if inside and batch.state is BatchState.ACCEPTED:
            kind = _SENT
        elif batch.state in _DOUBTFUL:
            kind = _DOUBT
        wire = binders[label].bind([known.content_id for known in batch])
        met.add(_record(uuid_text(wire_id), kind, wire_id) for wire_id in wire)


def _add_sources(met: SpillGroups, scope: ProofScope, planner: Planner, receipts: Receipts) -> list[str]:
    """Add the lines of the source files; return the files' names."""
    with closing(KnownPeople(scope.ledger, scope.before)) as people:
        plan = planner.run(people=people)
    receipts.digests = bytes(plan.digests)
    names: dict[str, int] = {}
    ordinals = 0
    bind = Binder(scope.ledger.namespace, scope.label or None).bind
    for number, chunk, convert in unchanged_chunks(plan, AS_CHUNKS):
        wire = bind(plan.identities.of(number).content_ids)
        file = names.setdefault(chunk.file, len(names))
        lines = convert(identified=False).lines
        met.add(
            _record(uuid_text(wire_id), _SOURCE, _PLACE.pack(file, line, ordinal))
            for ordinal, (wire_id, line) in enumerate(zip(wire, lines, strict=True), ordinals)
        )
        ordinals += len(wire)
    for links in plan.linking.blocks():
        places = [plan.linking.place(line) for line in links.lines]
        met.add(
            _record(
                uuid_text(wire_id), _SOURCE, _PLACE.pack(names.setdefault(file, len(names)), line, ordinal)
            )
            for ordinal, (wire_id, (file, line)) in enumerate(
                zip(bind(links.content_ids), places, strict=True), ordinals
            )
        )
        ordinals += len(places)
    plan.linking.close()
    plan.identities.close()
    return [*names]


def _settle(
    met: SpillGroups, receipts: Receipts, sources: list[str], *, only_sources: bool
) -> tuple[set[_Place], set[_Place]]:
    """Count what arrived; return places of the first foreign and repeated ids."""
    missing: list[_Place] = []
    foreign: list[_Place] = []
    repeated: list[_Place] = []
    for records in met.parts(_RECORDS_AT_ONCE):
        for _, group in groupby(sorted(records), key=lambda record: record[_KEY]):
            by_kind: list[list[bytes]] = [[], [], [], [], []]
            for _, kind, rest in map(_RECORD.unpack, group):
                by_kind[kind].append(rest)
            sent, doubt, known, source, came = by_kind
            counts = bool(sent) and bool(source or not only_sources)
            receipts.accepted += counts
            receipts.arrived += counts and bool(came)
            receipts.doubt_arrived += bool(doubt and came and not sent)
            if counts and not came:
                receipts.missing += 1
                file, line, ordinal = min(map(_PLACE.unpack, source), default=(0, 0, 0))
                _keep_first(missing, (file, line, sent[0]))
                if source:
                    receipts.mark_missing(ordinal)
            if came and not (sent or doubt or known):
                receipts.foreign += 1
                _keep_first(foreign, min(map(_PLACE.unpack, came))[:2])
            if len(came) > 1:
                receipts.repeated += 1
                _keep_first(repeated, max(map(_PLACE.unpack, came))[:2])
    receipts.first_missing = [
        NamedEvent(uuid_text(wire_id).decode(), sources[file] if line else "", line)
        for file, line, wire_id in missing
    ]
    return set(foreign), set(repeated)


def _keep_first(found: list[_Place], one: _Place) -> None:
    """Insert into a sorted list of the first places."""
    insort(found, one)
    del found[SHOWN:]


def _name_received(
    receipts: Receipts, found: list[FoundFile], places: tuple[set[_Place], set[_Place]]
) -> None:
    """Read what was received again, to name a few ids."""
    foreign, repeated = places
    for number, file in enumerate(found):
        last = max((line for place, line in foreign | repeated if place == number), default=0)
        for message_id, line in ids_in(file) if last else ():
            if line > last:
                break
            event = NamedEvent(message_id, file.path, line)
            if (number, line) in foreign:
                receipts.first_foreign.append(event)
            if (number, line) in repeated:
                receipts.first_repeated.append(event)
