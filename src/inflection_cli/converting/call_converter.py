"""Convert chunks whose rows stand for calls other than track."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import compress
from operator import not_
from typing import Final

from inflection_cli import rules
from inflection_cli.converting.call_reader import NO_LIMIT, BuiltCall, CallReader, ReadCall
from inflection_cli.converting.converter import Converted, Converter, ConvertSettings, Rejected
from inflection_cli.converting.person_columns import AddressPlace, Seen, Watch
from inflection_cli.mapping.calls.call_catalog import CALL_TYPES, VIEWS, is_call_type
from inflection_cli.mapping.checks import count_emptied, emptied
from inflection_cli.mapping.events import has_error
from inflection_cli.mapping.layout import Layout, Shaped, TimeSource
from inflection_cli.mapping.times.timestamps import TimestampReader
from inflection_cli.model import Chunk, Note, Problem
from inflection_cli.segment.message import MESSAGE_ID_BYTES, CallEncoder, whole_calls, with_user

_OTHER_CALLS: Final = frozenset({*CALL_TYPES, "alias"} - {"track"})
NO_EVENT: Final = "no [[event]] of the profile applies"
_BOUNDS: Final = "--since/--until"


def converter_of(
    layout: Layout,
    settings: ConvertSettings,
    encoding: str = "utf-8",
    address: AddressPlace | None = None,
) -> "Converter | CallConverter":
    """Return the converter for a layout, with or without calls."""
    kind = CallConverter if layout.calls or layout.type_place is not None else Converter
    return kind(layout, settings, encoding, address)


@dataclass(slots=True, eq=False)
class _Row:
    """Result for the calls of one row."""

    built: list[tuple[int, BuiltCall]] = field(default_factory=list)
    of_events: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    filtered: list[str] = field(default_factory=list)
    failed: bool = False


class CallConverter:
    """Converter for the chunks of one file; equal chunks give equal results.

    Track events of the same rows are converted by a `Converter` of their own, and put together with the calls by row.

    Args:
        layout: What the file's rows mean; it has calls.
        settings: What shapes messages and ids.
        encoding: How the file was decoded.
        address: Where addresses are, where no column is recognised as the email.
    """

    def __init__(
        self,
        layout: Layout,
        settings: ConvertSettings,
        encoding: str = "utf-8",
        address: AddressPlace | None = None,
    ) -> None:
        def times(column: TimeSource | None) -> TimestampReader:
            zone = (column.timezone if column else None) or settings.timezone
            form = (column.format if column else None) or settings.timestamp_format
            return TimestampReader(now=settings.now, zone=zone, format=form, names=settings.zone_names)

        encoder = CallEncoder(settings.message)
        forms = dict.fromkeys((settings.timestamp_format, None))
        zone, names = settings.timezone, settings.zone_names
        dates = [TimestampReader(now=NO_LIMIT, zone=zone, format=form, names=names) for form in forms]
        self._track = (
            Converter(replace(layout, calls=()), settings, encoding, address) if layout.blocks else None
        )
        self._readers = [
            CallReader(call, settings, encoder, times, dates=dates, encoding=encoding)
            for call in layout.calls
        ]
        self._first_call = len(layout.blocks)
        self._watches = [
            Watch(call.columns, address, self._first_call + at) for at, call in enumerate(layout.calls)
        ]
        self._type_place = layout.type_place
        self._is_track_first = layout.is_track_first
        self._known_types = {call.type for call in layout.calls} | ({"track"} if layout.blocks else set())
        self._shaper = layout.shaper
        self._nulls = settings.mapping.nulls
        self._since, self._until = settings.since, settings.until

    def __call__(self, chunk: Chunk, *, identified: bool = True) -> Converted:
        """Convert a chunk, with or without content ids and hashes."""
        if not chunk.rows:
            return Converted()
        if self._track is not None and self._is_track_first and not any(map(self._is_other_call, chunk.rows)):
            return self._track(chunk, identified=identified)
        rows = emptied(chunk.rows, self._nulls) if self._nulls else chunk.rows
        columns: Sequence[Sequence[str]] = list(zip(*rows, strict=True))
        columns, said, nulls = self._shaper(columns, len(rows)) if self._shaper else Shaped(columns)
        cells = list(zip(*columns, strict=True))
        found = [_Row() for _ in cells]
        for i, notes in said.items():
            _say(found[i], notes, chunk, i, lambda name: name)
        self._judge_types(found, cells, chunk)
        spoilt = {i for i, row in enumerate(found) if row.failed}
        for number, reader in enumerate(self._readers):
            for read in reader.read(cells):
                # What a row lacks for want of a cell that could not be drawn is no fault of its own.
                if read.row not in spoilt:
                    self._take(found[read.row], read, number, chunk)
        # A number for each row stands for its line, as records of a document may share one.
        numbered = replace(chunk, rows=rows, lines=range(len(rows)), faults=(), warnings=())
        if self._is_track_first:
            numbered = _some(numbered, [i for i, row in enumerate(rows) if not self._is_other_call(row)])
        track = Converted() if self._track is None else self._track_events(numbered, found, chunk)
        result = self._together(found, track, chunk)
        result.emptied = count_emptied(chunk.columns, chunk.rows, rows) + Counter(nulls)
        if self._track is not None:
            self._count_filtered(numbered, found, track, result)
        self._order(found, track, result, identified=identified)
        result.lines = [chunk.lines[i] for i in result.lines]
        result.seen = [*track.seen, *self._see(found, cells)]
        return result

    def _is_other_call(self, row: Sequence[str]) -> bool:
        """Return whether the type column names a call other than track."""
        assert self._type_place is not None
        return row[self._type_place].strip().lower() in _OTHER_CALLS

    def _judge_types(self, found: Sequence[_Row], cells: Sequence[Sequence[str]], chunk: Chunk) -> None:
        """Reject the rows of an unknown or impossible type."""
        place = self._type_place
        if place is None:
            return
        for i, row in enumerate(cells):
            word = row[place].strip().lower()
            if word in self._known_types or (self._is_track_first and word not in _OTHER_CALLS):
                continue
            lacking = (
                "the file lacks what such a call needs" if is_call_type(word) else "it is not a type of call"
            )
            detail = f"the type is {'empty' if not word else 'none that can be sent'}: {lacking}"
            note = Note(rules.CALL_TYPE_UNKNOWN, detail, chunk.columns[place], row[place])
            _say(found[i], (note,), chunk, i, lambda name: name)

    def _take(self, row: _Row, read: ReadCall, number: int, chunk: Chunk) -> None:
        """Take one call of a row: filtered, faulty, or built."""
        exact = read.built.exact[:-1] if read.built else ""
        outside = read.built is not None and (
            (self._since and exact < self._since[:-1]) or (self._until and exact >= self._until[:-1])
        )
        if read.filtered or outside:
            row.filtered.append(read.filtered or _BOUNDS)
            return
        _say(row, read.notes, chunk, read.row, self._readers[number].columns.column_of)
        if read.built is not None:
            row.built.append((number, read.built))

    def _track_events(self, numbered: Chunk, found: Sequence[_Row], chunk: Chunk) -> Converted:
        """Convert the track events of the rows without faults."""
        assert self._track is not None
        track = self._track(numbered)
        for rejected in track.rejected:
            row = found[rejected.line]
            row.of_events += [_at(problem, chunk, rejected.line) for problem in rejected.problems]
            row.failed = True
        for problem in track.warnings:
            assert problem.line is not None
            found[problem.line].of_events.append(_at(problem, chunk, problem.line))
        if sum(row.failed for row in found) > len(track.rejected):
            # What the calls reject takes the row's events with it.
            kept = [at for at, i in enumerate(numbered.lines) if not found[i].failed]
            track = self._track(_some(numbered, kept))
        return track

    def _together(self, found: Sequence[_Row], track: Converted, chunk: Chunk) -> Converted:
        """Count the rows, and say what is wrong with them."""
        result = Converted(events_filtered=track.events_filtered)
        with_events = set(track.lines)
        for i, row in enumerate(found):
            problems = tuple(dict.fromkeys((*row.of_events, *row.problems)))
            if row.failed:
                result.rejected.append(Rejected(chunk.lines[i], chunk.rows[i], problems))
                row.built = []
                continue
            result.events_filtered += len(row.filtered)
            if row.built or i in with_events:
                result.mapped += 1
                result.warnings.extend(problems)
            elif self._track is None or row.filtered:
                reason = row.filtered[0] if row.filtered else NO_EVENT
                result.filtered[reason] = result.filtered.get(reason, 0) + 1
        result.unlinked = track.unlinked
        return result

    def _count_filtered(
        self, numbered: Chunk, found: Sequence[_Row], track: Converted, result: Converted
    ) -> None:
        """Count the rows without any event, by reason."""
        with_events = set(track.lines)
        rest = [
            at
            for at, i in enumerate(numbered.lines)
            if not (found[i].failed or found[i].built or found[i].filtered or i in with_events)
        ]
        if rest and self._track is not None:
            left = self._track(_some(numbered, rest), identified=False)
            result.left_out += left.left_out
            for reason, count in left.filtered.items():
                result.filtered[reason] = result.filtered.get(reason, 0) + count

    def _order(self, found: Sequence[_Row], track: Converted, result: Converted, *, identified: bool) -> None:
        """Put events and calls into the order of rows."""
        places: dict[int, list[int]] = {}
        for at, line in enumerate(track.lines):
            places.setdefault(line, []).append(at)
        order: list[int | BuiltCall] = []
        lines: list[int] = []
        for i, row in enumerate(found):
            every = [*places.get(i, ()), *(built for _, built in row.built)]
            order += every
            lines += [i] * len(every)
        calls = [each for each in order if not isinstance(each, int)]
        if identified:
            both = [
                (track.content_ids[each], track.content_hashes[each])
                if isinstance(each, int)
                else each.identity()
                for each in order
            ]
            result.content_ids = [content_id for content_id, _ in both]
            result.content_hashes = [content_hash for _, content_hash in both]
        is_track = [isinstance(each, int) for each in order]
        bodies = [(call.body, call.person_id, call.joined) for call in calls]
        result.encode = partial(_encoded, track, bodies, is_track)
        sizes = sum(len(call.body) + MESSAGE_ID_BYTES for call in calls)
        result.message_bytes = track.message_bytes + sizes
        result.times = [track.times[each] if isinstance(each, int) else each.exact for each in order]
        result.names = [track.names[each] if isinstance(each, int) else each.type for each in order]
        result.types = ["track" if isinstance(each, int) else each.type for each in order]
        result.people = (
            [track.people[0][each] if isinstance(each, int) else each.user_id for each in order],
            [track.people[1][each] if isinstance(each, int) else each.person_id for each in order],
        )
        of_track = {at: session for at, session, _ in track.joined}
        sessions = [of_track.get(each, "") if isinstance(each, int) else each.joined for each in order]
        result.joined = [
            (at, session, result.types[at] == "identify") for at, session in enumerate(sessions) if session
        ]
        states = [not isinstance(each, int) and each.is_state for each in order]
        result.states = states if any(states) else ()
        result.memberships = [
            (call.user_id or f"\0{call.person_id}", call.member_of) for call in calls if call.type == "group"
        ]
        result.trait_calls = sum(call.has_traits for call in calls)
        kinds = {kind for call in calls for kind in call.kinds}
        result.property_kinds = track.property_kinds | kinds
        result.lines = lines

    def _see(self, found: Sequence[_Row], cells: Sequence[Sequence[str]]) -> list[Seen]:
        """Gather the people of the calls; only views are judged."""
        seen = []
        for number, (reader, watch) in enumerate(zip(self._readers, self._watches, strict=True)):
            some = [(i, built) for i, row in enumerate(found) for at, built in row.built if at == number]
            if not some:
                continue
            user_ids = [built.user_id for _, built in some]
            person_ids = [built.person_id for _, built in some]
            if reader.mapping.type in VIEWS:
                seen.append(
                    watch.see(user_ids, person_ids, list(zip(*(cells[i] for i, _ in some), strict=True)))
                )
            else:
                seen.append(Seen(self._first_call + number, user_ids, person_ids, judged=False))
        return seen


def _encoded(
    track: Converted,
    bodies: Sequence[tuple[bytes, str, str]],
    is_track: Sequence[bool],
    ids: Sequence[bytes],
    users: Sequence[str] = (),
) -> list[bytes]:
    """Build whole messages, in the order of rows.

    Args:
        track: The track events.
        bodies: Of the other calls, each with its personId and the id of its session.
        is_track: Whether each message is a track event.
        ids: 16 bytes for each message.
        users: The userIds that calls without one go out under; "" is none.
    """
    users = users or [""] * len(ids)
    of_track, of_calls = (
        compress(zip(ids, users, strict=True), is_track),
        compress(users, map(not_, is_track)),
    )
    events: Sequence[bytes] = ()
    if any(is_track):
        event_ids, event_users = zip(*of_track, strict=True)
        events = track.encode(event_ids, event_users) if any(event_users) else track.encode(event_ids)
    known = [
        with_user(body, person, user, session) if user else body
        for (body, person, session), user in zip(bodies, of_calls, strict=True)
    ]
    calls = iter(whole_calls(known, list(compress(ids, map(not_, is_track)))))
    track_events = iter(events)
    return [next(track_events) if each else next(calls) for each in is_track]


def _some(chunk: Chunk, rows: Sequence[int]) -> Chunk:
    """Return a chunk of some of the rows of one."""
    return replace(chunk, rows=[chunk.rows[i] for i in rows], lines=[chunk.lines[i] for i in rows])


def _at(problem: Problem, chunk: Chunk, row: int) -> Problem:
    return replace(problem, line=chunk.lines[row])


def _say(
    row: _Row, notes: Sequence[Note], chunk: Chunk, i: int, column_of: Callable[[str | None], str | None]
) -> None:
    row.problems += [
        Problem(
            note.rule,
            note.detail,
            file=chunk.file,
            line=chunk.lines[i],
            column=column_of(note.field),
            value=note.value,
            hint=note.hint,
        )
        for note in notes
    ]
    row.failed |= has_error(notes)
