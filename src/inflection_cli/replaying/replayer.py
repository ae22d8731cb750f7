"""Convert files of prebuilt Segment messages to chunks for planning and delivery."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any, Final, TypeVar

import orjson

from inflection_cli import rules
from inflection_cli.backfilling.dedup import UNCOMPARED
from inflection_cli.catalog import REJECT_COLUMNS
from inflection_cli.converting.checked_converter import once_a_column, problem_of
from inflection_cli.converting.chunk_task import AS_CHUNKS, ChunkTask, first_rows
from inflection_cli.converting.converter import Converted, ConvertSettings, Rejected
from inflection_cli.converting.input_file import InputFile
from inflection_cli.converting.person_columns import ADDRESS_NAMES, CAMPAIGN_IDS, Seen, addresses
from inflection_cli.destination_checks.check_engine import DestinationChecks
from inflection_cli.errors import InputError
from inflection_cli.lossless_json import JsonError
from inflection_cli.mapping.checks import check_person_id
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.columns import BoundColumns
from inflection_cli.mapping.events import has_error, kind_of
from inflection_cli.mapping.layout import one_event
from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader, exact_text, wire
from inflection_cli.model import Chunk, Note, Severity
from inflection_cli.reading import ReadOptions, detect, find
from inflection_cli.reading.json.message_lines import (
    COLUMNS,
    MessageLines,
    first_record,
    parse,
    read_lines,
    rest_of_path,
)
from inflection_cli.reading.json.message_paths import is_body, messages_at, path_to_message
from inflection_cli.reading.rejected_rows import RejectsFolder, first_origin
from inflection_cli.reading.source import Source
from inflection_cli.segment.ids import ready_id, uuid_text
from inflection_cli.segment.limits import MAX_EVENT_BYTES
from inflection_cli.segment.message import is_link, with_id
from inflection_cli.segment.prebuilt_messages import (
    TYPES,
    ReadySettings,
    address_of,
    body_of,
    content_hash,
    faults,
    identity_of,
    name_of,
    person_of,
    time_of,
    trimmed,
)
from inflection_cli.settings.declarations import DeliveryOptions, MessageOptions, ReplayOptions, declared
from inflection_cli.settings.layering import with_value
from inflection_cli.text_faults import damage, damage_hint, null_option

R = TypeVar("R")
READING: Final = ReadOptions(format="messages")
_ID_BYTES: Final = len(with_id(uuid_text(bytes(16)), b""))
_TIME_HINT: Final = "write the time in UTC, with a Z: 2024-03-01T09:30:00.000Z"
_PERSON_IDS: Final = ("userId", "anonymousId")
_LONG: Final = timedelta(days=1)
"""Traits that are older have probably been changed since."""

_ID_HINT: Final = "check whose id it is, and fix it"
_CHECK_HINT: Final = "fix it in the message; without --check it is sent as it is"
_WRITE_KEY: Final = re.compile(rb'("write_?key\\*"\s*:\s*\\*")[^"\\]+', re.IGNORECASE)
_AN_OPTION: Final = re.compile(r"--[a-z][a-z-]+")
_REPLAY_OPTIONS: Final = frozenset(
    each.flag for group in (ReplayOptions, MessageOptions, DeliveryOptions) for each in declared(group)
)
_NO_LAYOUT: Final = one_event(
    BoundColumns(fields={}, constants={}, carried=(), forced=frozenset(), names=COLUMNS, notes=())
)


@dataclass(frozen=True, slots=True)
class ReplaySettings:
    """All settings of a replay; picklable.

    Attributes:
        convert: The present, the span of time, and the events to keep; nothing else of it is used.
        ready: What is laid over the messages.
    """

    convert: ConvertSettings
    ready: ReadySettings


def open_messages(patterns: Sequence[str], chosen: ReadOptions = READING) -> list[InputFile]:
    """Open every file and check that it holds messages.

    Args:
        patterns: Paths, globs, or `-`.
        chosen: Their limits, the authorities of remote ones, and the path to the messages within a record.

    Raises:
        InputError: A file cannot be read at all, or holds no object.
    """
    reading = replace(READING, limits=chosen.limits, records=chosen.records)
    files = find(patterns, chosen.limits, chosen.ca_file)
    try:
        found = [InputFile(detect(each, reading), _NO_LAYOUT) for each in files]
    except InputError as error:
        rows = (
            "if a column holds messages, name it: --records COLUMN; "
            "a file of rows, such as an export, goes through: infl-seg backfill FILE"
        )
        error.hint = f"{error.hint}; {rows}" if error.hint else rows
        raise
    for each in found:
        _require_messages(each.source, chosen.records)
    return found


def _require_messages(source: Source, records: str | None) -> None:
    """Raise if the first record holds a message at another path.

    Raises:
        InputError: It does; the hint names the path.
    """
    first = first_record(source)
    if first is None or first.get("type") in TYPES or REJECT_COLUMNS[0] in first or is_body(first):
        return
    path = path_to_message(first)
    inner = rest_of_path(source, records)
    if path is None or (inner is not None and _leads_to_messages(first, inner)):
        return
    whole = f"{source.records}.{path}" if source.records else path
    raise InputError(
        f"{source.path}: its first record is not a message, but holds one at {whole!r}",
        hint=f"name the place: {with_value('--records', whole)}",
    )


def _leads_to_messages(record: dict[str, Any], path: str) -> bool:
    try:
        return all(isinstance(each.get("type"), str) for each in messages_at(record, path.split(".")))
    except JsonError:
        return False


def replayable_chunks(
    inputs: Iterable[InputFile],
    settings: ReplaySettings,
    task: ChunkTask[R] = AS_CHUNKS,  # type: ignore[assignment]  # R is a Conversion then
    *,
    limit: int | None = None,
    records: str | None = None,
) -> Iterator[tuple[InputFile, Chunk, R]]:
    """Yield each chunk with its file and a task's result, in order.

    Args:
        inputs: The files.
        settings: What shapes what is sent.
        task: What is done with each chunk; by default its conversion is left to the caller.
        limit: How many lines to read in all; None reads everything.
        records: Dotted path to the messages of a line, where it holds several, or one within other members.
    """
    left, number = limit, count()
    replayer = Replayer(settings)
    reading = replace(READING, records=records)
    for source in inputs:
        for lines in read_lines(source.source, reading):
            chunk = lines.chunk if left is None else first_rows(lines.chunk, left)
            if left is not None:
                left -= len(chunk.rows) + sum(fault.rows for fault in chunk.faults)
            convert = partial(replayer, MessageLines(chunk, lines.objects[: len(chunk.rows)]))
            yield source, chunk, task.work(chunk, convert, task.argument(next(number)))
            if left is not None and left <= 0:
                return


@dataclass(frozen=True, slots=True)
class _Ready:
    """A message that is complete except for its id.

    `judged` is what `--check` has seen of it, empty without one.
    """

    message: Mapping[str, Any]
    exact: str
    body: bytes
    judged: Mapping[str, Any]


class Replayer:
    """Convert lines of prebuilt messages; equal lines give equal results."""

    def __init__(self, settings: ReplaySettings) -> None:
        convert = settings.convert
        self._ready = settings.ready
        self._times = TimestampReader(now=convert.now)
        self._long_past = exact_text(int((convert.now - _LONG).timestamp()))[:-1]
        self._since, self._until = convert.since, convert.until
        self._events = convert.mapping.events
        self._nulls = convert.mapping.nulls
        self._judges_people = convert.mapping.judges_people
        self._checks = DestinationChecks(convert.checks) if convert.checks else None

    def __call__(self, lines: MessageLines, *, identified: bool = True) -> Converted:
        """Check and convert each line, with or without content ids."""
        chunk, result = lines.chunk, Converted()
        kept: list[tuple[int, _Ready]] = []
        said: list[tuple[int, list[Note]]] = []
        for i, found in enumerate(lines.objects):
            message, notes = trimmed(found)
            if self._nulls:
                message = self._emptied(message, result)
            if self._events and _is_none_of(message, self._events):
                _filter(result, "--event")
                continue
            ready = self._judge(message, notes)
            if ready is None:
                problems = tuple(problem_of(note, chunk.file, chunk.lines[i]) for note in notes)
                result.rejected.append(Rejected(chunk.lines[i], chunk.rows[i], problems))
            elif self._is_outside(ready.exact[:-1]):
                _filter(result, "--since/--until")
            else:
                said.append((chunk.lines[i], notes))
                kept.append((chunk.lines[i], ready))
        result.warnings = once_a_column(chunk.file, said)
        _gather(kept, result)
        if identified:
            _identify([ready for _, ready in kept], result)
        return result

    def _emptied(self, message: dict[str, Any], result: Converted) -> dict[str, Any]:
        """Return a message without the person's ids that stand for nothing."""
        kept = self._without(_PERSON_IDS, message, result)
        context = kept.get("context")
        if isinstance(context, dict):
            kept["context"] = self._without(("personId",), context, result)
        return kept

    def _without(self, names: tuple[str, ...], members: dict[str, Any], result: Converted) -> dict[str, Any]:
        """Return members without named ones that are null texts; count these."""
        found = [
            name for name in names if isinstance(members.get(name), str) and members[name] in self._nulls
        ]
        for name in found:
            result.emptied[name] = result.emptied.get(name, 0) + 1
        return {name: value for name, value in members.items() if name not in found}

    def _judge(self, message: Mapping[str, Any], notes: list[Note]) -> _Ready | None:
        """Check a message and append its notes; return None if rejected."""
        notes += faults(message)
        notes += _odd_ids(message) if self._judges_people else ()
        exact = self._instant(time_of(message), notes)
        if exact is not None and message.get("type") == "identify" and exact[:-1] < self._long_past:
            notes += _old_traits(message)
        if exact is None or has_error(notes):
            return None
        body = body_of(message, wire(exact), self._ready)
        size = _ID_BYTES + len(body)
        if size > MAX_EVENT_BYTES:
            detail = f"the message is {size:,} bytes long, over {MAX_EVENT_BYTES:,}"
            notes.append(
                Note(rules.EVENT_TOO_LARGE, detail, hint="shorten its longest value, or take it out")
            )
            return None
        judged = {} if self._checks is None else orjson.loads(b"{" + body[1:])
        if self._checks is not None:
            notes += map(_for_messages, self._checks.notes(judged))
        return None if has_error(notes) else _Ready(message, exact, body, judged)

    def _instant(self, value: Any, notes: list[Note]) -> str | None:
        if value is not None and not isinstance(value, str):
            notes.append(
                Note(rules.TIMESTAMP_UNREADABLE, "timestamp is not a string", "timestamp", hint=_TIME_HINT)
            )
            return None
        (read,) = self._times.read([value or ""])
        if isinstance(read, str):
            return read
        notes.append(_time_note(read, value))
        return read.exact

    def _is_outside(self, instant: str) -> bool:
        """Return whether an instant (without `Z`) is outside the time span."""
        return bool(
            (self._since and instant < self._since[:-1]) or (self._until and instant >= self._until[:-1])
        )


class ReadyRejects:
    """Storage of rejected lines, to be fixed and replayed again.

    A rejected line stands as it was, our columns in front of its own members; replay takes them off again. A
    line that is no JSON object stands verbatim in a file of its own. Write keys of the sources that the messages
    came from are blanked in both: they are passwords, and such files are passed on to be fixed.
    """

    def __init__(self, folder: RejectsFolder) -> None:
        self._folder = folder

    def take(self, source: InputFile, chunk: Chunk, converted: Converted) -> None:
        """Store the rejected and unreadable lines of a chunk.

        Raises:
            InputError: The folder cannot be written.
        """
        lines = _as_lines(source.source)
        for fault in chunk.faults:
            self._folder.add_lines(lines, _without_keys(fault.raw), fault.rows)
        for rejected in converted.rejected:
            errors = [p for p in rejected.problems if p.rule.severity is Severity.ERROR]
            codes = " ".join(dict.fromkeys(problem.rule.code for problem in errors))
            reason = "; ".join(problem.message for problem in errors)
            ours = (source.path, rejected.line, codes, reason)
            self._folder.add_line(lines, _without_keys(marked(rejected.cells[0], *ours)))


def _as_lines(source: Source) -> Source:
    """Return the source as its rejected messages are written: as lines."""
    path = f"{source.path}.ndjson" if source.format == "csv" else source.path
    return replace(source, format="ndjson" if source.format == "csv" else source.format, path=path)


def _without_keys(line: bytes) -> bytes:
    """Return a line with every write key blanked, also in JSON texts."""
    return _WRITE_KEY.sub(rb"\1", line)


def marked(text: str, file: str, line: int, codes: str, reason: str) -> bytes:
    """Add the reject columns in front of a JSON object line's members.

    Args:
        text: The line; of columns of ours that it carries from an earlier time it keeps where it was first.
        file: Where it is now.
        line: And on which physical line.
        codes: What is wrong with it.
        reason: The same in words.
    """
    named = dict(zip(REJECT_COLUMNS, (file, str(line), codes, reason), strict=True))
    members = text.strip()[1:].lstrip()
    if '"infl_seg_' in members or members == "}":
        _, found = parse(text.encode())
        named |= dict(zip(REJECT_COLUMNS, first_origin(found, file, line), strict=False))
        kept = {name: value for name, value in found.items() if name not in named}
        return orjson.dumps({**named, **kept}) + b"\n"
    return orjson.dumps(named)[:-1] + b"," + members.encode() + b"\n"


def _gather(kept: Sequence[tuple[int, _Ready]], result: Converted) -> None:
    messages = [ready for _, ready in kept]
    bodies = [ready.body for ready in messages]
    result.mapped = len(kept)
    result.encode = lambda ids: [
        with_id(uuid_text(message_id), body) for message_id, body in zip(ids, bodies, strict=True)
    ]
    result.message_bytes = sum(map(len, bodies)) + _ID_BYTES * len(bodies)
    result.lines = [line for line, _ in kept]
    result.times = [ready.exact for ready in messages]
    result.names = [name_of(ready.message) for ready in messages]
    result.types = [str(ready.message["type"]) for ready in messages]
    people = [person_of(ready.message) for ready in messages]
    result.people = [user_id for user_id, _ in people], [person_id for _, person_id in people]
    result.joined = [
        (at, str(ready.message["anonymousId"]), ready.message["type"] == "identify")
        for at, ready in enumerate(messages)
        if "userId" in ready.message and "anonymousId" in ready.message
    ]
    result.judged = [ready.judged for ready in messages if ready.judged]
    if messages:
        result.seen = [_seen([ready.message for ready in messages], *result.people)]


def _seen(messages: Sequence[Mapping[str, Any]], user_ids: Sequence[str], person_ids: Sequence[str]) -> Seen:
    """Gather what tells whether the people of messages are plausible."""
    ids = [user_id or person_id for user_id, person_id in zip(user_ids, person_ids, strict=True)]
    equal = {
        name: sum(
            message.get("properties", {}).get(name) == person_id and "@" not in person_id
            for message, person_id in zip(messages, ids, strict=True)
        )
        for name in CAMPAIGN_IDS
    }
    found = addresses([address_of(message) or _address_among(message) for message in messages])
    return Seen(0, user_ids, person_ids, found, equal)


def _address_among(message: Mapping[str, Any]) -> str:
    """Return the recipient's address among a message's properties; "" is absent."""
    properties = message.get("properties", {})
    return next(
        (
            text
            for name, text in properties.items()
            if isinstance(text, str) and squash(name) in ADDRESS_NAMES
        ),
        "",
    )


def _identify(messages: Sequence[_Ready], result: Converted) -> None:
    result.content_ids = [ready_id(ready.message["messageId"]) for ready in messages]
    # A link is the same one whenever it is sent, so its time is no content.
    result.content_hashes = [
        UNCOMPARED
        if is_link(ready.message)
        else content_hash(ready.message, wire(ready.exact), identity_of(ready.message))
        for ready in messages
    ]


def _for_messages(note: Note) -> Note:
    """Return a table's note without a hint that a replay lacks."""
    words = note.hint or note.rule.fix
    if "column" in words or "profile" in words or not _REPLAY_OPTIONS.issuperset(_AN_OPTION.findall(words)):
        return replace(note, hint=_CHECK_HINT)
    return note


def _odd_ids(message: Mapping[str, Any]) -> Iterator[Note]:
    """Yield why the ids of a message's person are no people's."""
    for name in _PERSON_IDS:
        value = message.get(name)
        if isinstance(value, str) and value.strip():
            for note in check_person_id(name, value):
                left_out = f"leave such ids out, so that the other id is used: {null_option(value, has_profile=False)}"
                yield replace(note, hint=left_out if note.rule is rules.PLACEHOLDER_PERSON else _ID_HINT)
            fault = damage(value)
            if fault is not None:
                yield Note(
                    rules.PERSON_ID_DAMAGED, f"{name} {fault}", name, value, damage_hint(value, "utf-8")
                )


def _old_traits(message: Mapping[str, Any]) -> Iterator[Note]:
    """Yield a warning where the traits of old may overwrite newer ones."""
    if message.get("traits"):
        yield Note(
            rules.IDENTIFY_OLD, "the identify is more than a day old, and its traits are sent now", "traits"
        )


def _time_note(trouble: TimeProblem, value: str | None) -> Note:
    detail = "timestamp is missing" if trouble.rule is rules.TIMESTAMP_MISSING else trouble.detail
    early = trouble.rule is rules.TIMESTAMP_BEFORE_2000
    hint = "check that this is the right time; it is sent unchanged" if early else _TIME_HINT
    return Note(trouble.rule, detail, "timestamp", value, hint)


def _filter(result: Converted, reason: str) -> None:
    result.filtered[reason] = result.filtered.get(reason, 0) + 1
    result.events_filtered += 1


def _is_none_of(message: Mapping[str, Any], events: frozenset[str]) -> bool:
    """Return whether a message is certainly not one of these events."""
    if message.get("type") not in TYPES:
        return False
    if message["type"] != "track":
        return True
    event = message.get("event")
    if not isinstance(event, str) or not event.strip():
        return False
    kind = kind_of(event)
    return (kind.name if kind else event) not in events
