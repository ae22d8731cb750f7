"""Questions that only the user can answer, with options and profile lines."""

from collections.abc import Iterator, Sequence
from typing import Final

from inflection_cli.catalog import PERSON_WORDS
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.inspecting.inspection_result import (
    MOST_DISTINCT,
    ColumnFinding,
    EventName,
    Inspection,
    Missing,
    TimeFinding,
)
from inflection_cli.mapping.calls.file_looks import look_of
from inflection_cli.mapping.column_kinds import words_of
from inflection_cli.mapping.columns import is_personal_name, listed, quoted, squash
from inflection_cli.mapping.field_candidates import AUTOMATIC, is_copy_stamp, is_of_the_sender
from inflection_cli.settings.toml_text import toml_string

_IDS: Final = frozenset({"id", "number", "text", "address"})
_MOST_IDS: Final = 5
_MOST_NAMES: Final = 8
_MOST_EVENT_WORDS: Final = 30
_OWN_IDS: Final = frozenset(
    {
        "activityid",
        "eventid",
        "guid",
        "id",
        "key",
        "logid",
        "messageid",
        "pk",
        "recordid",
        "rowid",
        "uid",
        "uuid",
    }
)
_PERSON_NAMES: Final = PERSON_WORDS | {"client", "guest", "patient", "student"}
_FILLED_SHARE: Final = 0.9
_EVENT_WORDS: Final = frozenset({"action", "activity", "event", "kind", "status", "type"})
_ROW_WORDS: Final = frozenset({"id", "uuid", "guid", "key", "pk", "row", "record", "number", "no", "index"})
"""Names of columns that number the rows and identify no person."""
_MESSAGE_KEYS: Final = frozenset({"messageId", "timestamp", "type"})
_MESSAGE_TYPES: Final = frozenset({"track", "identify", "page", "screen", "group", "alias"})


def missing(inspection: Inspection, settings: ConvertSettings, own_id_conflicts: int) -> Iterator[Missing]:
    """Yield the missing settings, in the order of a profile's lines.

    Args:
        inspection: What was found, `missing` aside.
        settings: What the user has said.
        own_id_conflicts: How many rows an own id of the export does not tell from others.
    """
    options = settings.mapping.columns
    yield from _encoding(inspection)
    yield from _ready_messages(inspection)
    if options.profile is not None or options.calls.type not in {None, "track"}:
        if inspection.refusal:
            yield Missing("other", *inspection.refusal)
    else:
        yield from _ties(inspection)
        yield from _event(inspection, settings)
        yield from _timestamp(inspection, settings)
        yield from _person(inspection, settings)
        yield from _empty_cells(inspection, "event")
        yield from _empty_cells(inspection, "timestamp")
    yield from _times(inspection, settings)
    yield from _unknown_events(inspection, settings)
    if own_id_conflicts:
        yield Missing(
            "own_ids",
            f"{rows_in_words(own_id_conflicts)} with an event id of the export's own that stands for other times, "
            "links or people as well, so it identifies no event",
            "--no-event-id",
            "[options] own_ids = false",
        )


def time_columns(inspection: Inspection) -> list[ColumnFinding]:
    """Return the columns that hold the times of events, if known."""
    if inspection.proposals:
        return [inspection.column(each.column) for each in inspection.proposals if each.timed]
    used = [
        column
        for column in inspection.columns
        if any(use == "fields.timestamp" or use.endswith("].timestamp") for use in column.uses)
    ]
    found = inspection.of_field("timestamp")
    return used or ([found] if found else [])


def unknown_events(inspection: Inspection) -> list[EventName]:
    """Return the event names that Inflection does not have."""
    return [event for event in inspection.events if event.becomes is None]


def rows_in_words(count: int) -> str:
    """Format a number of rows as text."""
    return "1 row" if count == 1 else f"{count:,} rows"


def zone_words(column: ColumnFinding) -> str:
    """Describe which zones fit a column's local times; empty if unknown."""
    zones = column.times.zones if column.times else ()
    ruled_out = [f"{each.zone} ({each.in_gap:,})" for each in zones if each.in_gap]
    if not zones:
        return ""
    if not ruled_out:
        return "no time falls where the clocks of a common zone were put forward"
    fits = [each.zone for each in zones if not each.in_gap]
    words = f"times that its clocks never showed rule out {', '.join(ruled_out)}"
    return f"{words}; {', '.join(fits)} are possible" if fits else words


def _encoding(inspection: Inspection) -> Iterator[Missing]:
    found = inspection.encoding
    if found is None:
        return
    if found.suggested is None:
        yield Missing(
            "encoding",
            f"{found.words:,} words hold bytes that are no UTF-8, and no common encoding makes sense of them",
            "--encoding NAME",
            '[input] encoding = "NAME"',
        )
        return
    seen = ", ".join(f"0x{raw} as “{char}” {count:,}" for char, raw, count in found.characters)
    alike = f"; {', '.join(found.alike[:3])} would read the same" if found.alike else ""
    yield Missing(
        "encoding",
        f"the bytes are no UTF-8; {found.suggested} makes sense of {found.sound:,} of {found.words:,} words "
        f"with such bytes (counts: {seen}){alike}",
        f"--encoding {found.suggested}",
        f'[input] encoding = "{found.suggested}"',
    )


def _ready_messages(inspection: Inspection) -> Iterator[Missing]:
    """Report a file of ready Segment messages, which need no mapping."""
    columns = {column.name: column for column in inspection.columns}
    if columns.keys() >= _MESSAGE_KEYS:
        words = columns["type"].words
        if words and sum(word in _MESSAGE_TYPES for word in words) * 2 > len(words):
            yield Missing(
                "other",
                "these look like ready Segment messages, which need no profile",
                "infl-seg replay FILE",
            )


def _empty_cells(inspection: Inspection, name: str) -> Iterator[Missing]:
    """Report the number of rows in which a required field is empty."""
    column = inspection.of_field(name)
    empty = column.rows - column.filled if column is not None and is_settled(inspection, name) else 0
    if column is not None and empty and not inspection.proposals:
        when = f"[[event]] when = {{ column = {toml_string(column.name)}, filled = true }} leaves them out"
        yield Missing("other", f"{rows_in_words(empty)} without {name} in “{column.name}”", line=when)


def _ties(inspection: Inspection) -> Iterator[Missing]:
    told = set()
    for column in inspection.columns:
        tie = column.suggestion
        if tie is None or not tie.tied_with or tie.reason not in AUTOMATIC or tie.field in told:
            continue
        told.add(tie.field)
        names = [column.name, *tie.tied_with]
        yield Missing(
            "tie",
            f"{len(names)} columns could be {tie.field}: {listed(names)}",
            f"--map {tie.field}=COLUMN",
            f'[fields] {tie.field} = "COLUMN"',
        )


def is_settled(inspection: Inspection, name: str) -> bool:
    """Return whether one column is the field by option, name or path."""
    found = inspection.of_field(name)
    return found is not None and found.suggestion is not None and found.suggestion.reason != "content"


def is_tied(inspection: Inspection, name: str) -> bool:
    """Return whether several columns could be a field by their names."""
    return any(
        each.suggestion is not None
        and each.suggestion.field == name
        and each.suggestion.tied_with
        and each.suggestion.reason in AUTOMATIC
        for each in inspection.columns
    )


def _event(inspection: Inspection, settings: ConvertSettings) -> Iterator[Missing]:
    if (
        inspection.proposals
        or "event" in settings.mapping.columns.constants
        or is_settled(inspection, "event")
        or is_tied(inspection, "event")
    ):
        return
    found = inspection.of_field("event")
    if found is not None:
        yield Missing(
            "event",
            f"no column is known as the event by its name; the cells of “{found.name}” are events' names",
            f"--map event={quoted(found.name)}",
            f"[fields] event = {toml_string(found.name)}",
        )
        return
    look = look_of([column.name for column in inspection.columns if not column.is_path])
    if look is not None:
        yield Missing(
            "event",
            f"no column names events, and by {listed(look.columns, _MOST_IDS)} it looks like a list of {look.words}",
            f"--as {look.type}",
            f'type = "{look.type}"',
        )
        return
    yield Missing(
        "event",
        f"no column is known as the event; the columns are {_names(inspection)}",
        '--map event=COLUMN, or --set event="Email Opened"',
        '[fields] event = "COLUMN", or { constant = "Email Opened" }',
    )


def _timestamp(inspection: Inspection, settings: ConvertSettings) -> Iterator[Missing]:
    for proposal in inspection.proposals:
        if not proposal.timed:
            yield Missing(
                "timestamp",
                f"“{proposal.column}” tells of {proposal.event} in {rows_in_words(proposal.filled)}, "
                "and no column tells when",
                "",
                f"[[event]] timestamp = {toml_string(_some_time(inspection))}, or leave the block out",
            )
    if inspection.proposals or "timestamp" in settings.mapping.columns.constants:
        return
    if is_settled(inspection, "timestamp") or is_tied(inspection, "timestamp"):
        return
    times = event_times(inspection)
    first = times[0] if len(times) == 1 else "COLUMN"
    known = f"of times are {listed(times, _MOST_NAMES)}" if times else f"there are {_names(inspection)}"
    yield Missing(
        "timestamp",
        f"no column is known as the timestamp; {known}",
        f"--map timestamp={quoted(first)}",
        f"[fields] timestamp = {toml_string(first)}",
    )


def _person(inspection: Inspection, settings: ConvertSettings) -> Iterator[Missing]:
    mapping = settings.mapping
    for name in ("userId", "personId"):
        if name in mapping.columns.constants or is_settled(inspection, name) or is_tied(inspection, name):
            return
    address = inspection.of_field("email")
    if address is not None or "email" in mapping.columns.constants:
        if mapping.user_id_from_email or mapping.anonymous_id_from_email:
            return
        where = f" in “{address.name}”" if address else ""
        yield Missing(
            "person",
            f"there is neither a user id nor a person id, only addresses{where}",
            "--user-id-from email, or --anonymous-id-from email, which sends a hash",
            '[options] user_id_from = "email", or anonymous_id_from = "email"',
        )
        return
    ids = id_columns(inspection)
    people = [name for name in ids if _PERSON_NAMES & words_of(name.replace(".", "_"))]
    first = people[0] if len(people) == 1 else "COLUMN"
    known = f"; ids could be {listed(ids, _MOST_IDS)}" if ids else ""
    yield Missing(
        "person",
        f"no column is known as the person{known}",
        f"--map userId={quoted(first)}",
        f"[fields] userId = {toml_string(first)}",
    )


def event_columns(inspection: Inspection) -> list[str]:
    """Return the columns that could hold the event."""
    found = inspection.of_field("event")
    if found is not None:
        return [found.name]
    few = [
        column.name
        for column in inspection.columns
        if column.kind in {"text", "id", "number"}
        and column.suggestion is None
        and 1 < column.distinct <= _MOST_EVENT_WORDS
        and column.share > _FILLED_SHARE
    ]
    return sorted(few, key=lambda name: _EVENT_WORDS.isdisjoint(words_of(name)))[:_MOST_IDS]


def id_columns(inspection: Inspection) -> list[str]:
    """Return the columns that could hold a person's id.

    They are filled throughout, of no other use, no sender's and no row's own; those named after a person come first.
    """
    names = [
        column.name
        for column in inspection.columns
        if column.kind in _IDS
        and (column.suggestion is None or column.suggestion.reason == "content")
        and column.distinct > 1
        and column.share > _FILLED_SHARE
        and not (is_of_the_sender(column.name) or _is_the_rows_own(column) or _is_prose(column))
    ]
    return sorted(names, key=lambda name: _PERSON_NAMES.isdisjoint(words_of(name.replace(".", "_"))))[
        :_MOST_IDS
    ]


def _is_prose(column: ColumnFinding) -> bool:
    """Return whether a column holds personal text, which is nobody's id."""
    return column.kind == "text" and is_personal_name(column.name.rpartition(".")[2])


def _is_the_rows_own(column: ColumnFinding) -> bool:
    """Return whether a column is a row's own id, which never repeats."""
    never_repeats = column.distinct == column.filled or column.distinct >= MOST_DISTINCT
    return never_repeats and squash(column.name.rpartition(".")[2]) in _OWN_IDS


def _numbers_rows(column: ColumnFinding) -> bool:
    """Return whether a column, by name and values, is a row id."""
    return column.distinct == column.filled and {*words_of(column.name)} <= _ROW_WORDS


def _times(inspection: Inspection, settings: ConvertSettings) -> Iterator[Missing]:
    columns = [column for column in time_columns(inspection) if column.times is not None]
    for column in columns:
        yield from _form(column)
    naive = [column for column in columns if column.times and column.times.naive]
    profile = settings.mapping.columns.profile
    if not naive or settings.timezone or any(_has_zone(settings, column.name) for column in naive):
        return
    count = sum(column.times.naive for column in naive if column.times)
    evidence = zone_words(naive[0])
    yield Missing(
        "zone",
        f"{count:,} times{' of the profile' if profile else ''} do not say in which zone they are"
        f"{': ' + evidence if evidence else ''}",
        "--timezone NAME, for example Europe/Berlin or UTC",
        '[time] zone = "NAME"',
    )


def _has_zone(settings: ConvertSettings, name: str) -> bool:
    profile = settings.mapping.columns.profile
    rule = profile.times.get(name) if profile else None
    return bool(rule and rule.timezone) or bool(profile and profile.options.timezone)


def _form(column: ColumnFinding) -> Iterator[Missing]:
    """Yield what is missing for the times of a column."""
    times = column.times
    assert times is not None
    if times.unread:
        codes = ", ".join(f"{code} ({count:,})" for code, count in times.unread.items())
        yield Missing(
            "other", f"{sum(times.unread.values()):,} of “{column.name}” are no usable times: {codes}"
        )
    advice, formats = times.advice
    if advice == "none needed":
        odd = times.usable - times.by_format.get(None, times.usable)
        if odd:
            yield Missing("other", f"{odd:,} of “{column.name}” are written in other forms than the rest")
        return
    ways = " or ".join(f'"{each}"' for each in formats[:3])
    said = {
        "settled": f"the times of “{column.name}” need a format; {formats[0]} reads all of them",
        "ambiguous": f"the times of “{column.name}” can be read in {len(formats)} ways",
        "dates only": f"“{column.name}” holds dates without a time of day, all of a day would be its midnight",
        "several": f"the times of “{column.name}” are written in several forms: {_forms(times)}",
    }
    yield Missing("format", said[advice], f"--timestamp-format {ways}", f"[time] format = {ways}")


def _forms(times: TimeFinding) -> str:
    counts = list(times.by_format.items())[:3]
    return ", ".join(f"{form or 'ISO 8601'} reads {count:,}" for form, count in counts)


def _unknown_events(inspection: Inspection, settings: ConvertSettings) -> Iterator[Missing]:
    unknown = unknown_events(inspection)
    profile = settings.mapping.columns.profile
    if (
        not unknown
        or settings.mapping.unknown_events != "reject"
        or (profile and profile.options.unknown_events)
    ):
        return
    count = sum(event.count for event in unknown)
    yield Missing(
        "unknown_events",
        f"{rows_in_words(count)} with events that are none of Inflection's",
        "--unknown-events skip, or send",
        '[options] unknown_events = "skip", or "send", or the field event with values = { … }',
    )


def _is_free(column: ColumnFinding) -> bool:
    """Return whether a column matches no field by its name."""
    return column.suggestion is None or column.suggestion.reason == "content"


def _only(names: Sequence[str]) -> str:
    """Return the only column, or `COLUMN` if there is not exactly one."""
    return names[0] if len(names) == 1 else "COLUMN"


def _some_time(inspection: Inspection) -> str:
    times = event_times(inspection)
    return times[0] if len(times) == 1 else "COLUMN"


def event_times(inspection: Inspection) -> list[str]:
    """Return the columns of times that could be an event's."""
    return [each.name for each in inspection.columns if each.kind == "time" and not is_copy_stamp(each.name)]


def _names(inspection: Inspection) -> str:
    return listed([column.name for column in inspection.columns if not column.is_path])
