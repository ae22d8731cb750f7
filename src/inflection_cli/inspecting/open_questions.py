"""Questions that only the user can answer, with options and profile lines."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from inflection_cli.catalog import PERSON_WORDS
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.inspecting.file_events import event_patterns
from inflection_cli.inspecting.inspection_result import (
    AUTOMATIC,
    MOST_DISTINCT,
    ColumnFinding,
    EventName,
    Inspection,
    Missing,
    TimeFinding,
)
from inflection_cli.inspecting.other_channels import channel_columns
from inflection_cli.mapping.calls.file_looks import look_of
from inflection_cli.mapping.column_kinds import is_copy_stamp, is_of_the_sender, words_of
from inflection_cli.mapping.column_names import listed, snake_case, squash
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.events import kind_of
from inflection_cli.mapping.personal_data import is_personal_name
from inflection_cli.mapping.times.timestamps import TimeProblem, TimestampReader
from inflection_cli.mapping.times.zones import example_of
from inflection_cli.mapping.unbound import PERSON, Unbound, unbound_essentials
from inflection_cli.mapping.wide_times import (
    is_later,
    is_of_sending,
    may_be_of_sending,
    words_on_sending,
)
from inflection_cli.reading.json.json_format import THE_OBJECT_ITSELF
from inflection_cli.settings.layering import with_value
from inflection_cli.settings.toml_text import toml_list, toml_string

_IDS: Final = frozenset({"id", "number", "text", "address"})
_MOST_IDS: Final = 5
_MOST_ROWS_OF_ONE: Final = 1_000
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
_ID_WORDS: Final = frozenset({"id", "identifier", "key", "no", "nr", "number", "ref", "uid", "uuid"})
_UID: Final = "uid"
_PERSONS_ID: Final = re.compile(
    rf"{_UID}|(?:{'|'.join(sorted(_PERSON_NAMES))})(?:{'|'.join(sorted(_ID_WORDS))})"
)
"""Names of people's ids without signs between their words: `contactkey`, `memberno`."""

_BARE_IDS: Final = _ID_WORDS | {"guid", "pk"}
_OTHER_TIMES: Final = frozenset(
    {
        *("birth", "birthday", "dob", "since", "last", "login", "signup", "subscribed", "registered"),
        *("send", "sent", "scheduled", "launch", "expires", "expiry", "report", "generated"),
        *("batched", "deleted", "modified", "partitiontime", "processed", "updated", "uploaded"),
    }
)
"""Words of times that are of a person, a mail, or a row, and not of what a person did."""

_FEW_ROWS: Final = 20
"""In so many rows the id of a person may well not come again: a column is then named, but not as an option."""

_FEWEST_ROWS: Final = 5
"""So few rows say nothing at all about what comes again."""

_FILLED_SHARE: Final = 0.9
_EVENT_WORDS: Final = frozenset({"action", "activity", "event", "kind", "status", "type"})
_COUNT_WORDS: Final = frozenset({"amount", "count", "counts", "num", "number", "sum", "total", "value"})
MESSAGE_KEYS: Final = frozenset({"messageId", "timestamp", "type"})
MESSAGE_TYPES: Final = frozenset({"track", "identify", "page", "screen", "group", "alias"})


def missing(inspection: Inspection, settings: ConvertSettings, own_id_conflicts: int) -> Iterator[Missing]:
    """Yield the missing settings, in the order of a profile's lines.

    Args:
        inspection: What was found, `missing` aside.
        settings: What the user has said.
        own_id_conflicts: How many rows an own id of the export does not tell from others.
    """
    options = settings.mapping.columns
    yield from _encoding(inspection)
    off = inspection.source.off
    if off is not None:
        yield Missing("shape", off.words, off.options, f"[input] {' '.join(off.lines)}")
    yield from _ready_messages(inspection)
    if options.profile is not None or options.calls.type not in {None, "track"}:
        if inspection.refusal:
            yield Missing("other", *inspection.refusal)
    else:
        yield from _untimed_events(inspection)
        has_addresses = any(each.reason == "addresses" for each in inspection.unbound)
        for each in inspection.unbound:
            # Which column has the person's address is a part of the question for the person.
            if not (has_addresses and _is_open_address(each, inspection)):
                yield _of_unbound(each, inspection)
        yield from _empty_cells(inspection, "event")
        yield from _empty_cells(inspection, "timestamp")
    yield from _times(inspection, settings)
    yield from _unknown_events(inspection, settings)
    if own_id_conflicts:
        yield Missing(
            "own_ids",
            f"{rows_in_words(own_id_conflicts)} with an own event id that has several times, links or people. "
            "It identifies no event",
            "--no-event-id",
            "[options] own_ids = false",
        )


def _of_unbound(unbound: Unbound, inspection: Inspection) -> Missing:
    """Return what settles an unbound field of this file."""
    patterns = events_by_file(inspection) if unbound.field == "event" else {}
    if patterns:
        return _of_file_names(patterns, inspection)
    look = None
    if unbound.field == "event" and unbound.reason == "absent" and unbound.proposed is None:
        look = look_of([column.name for column in inspection.columns if not column.is_path])
    if look is None:
        key = "tie" if unbound.reason == "tied" else unbound.field
        return Missing(key, unbound.message, unbound.option, unbound.line)
    return Missing(
        "event",
        f"no column names events, and by {listed(look.columns, _MOST_IDS)} it looks like a list of {look.words}",
        f"--as {look.type}",
        f'type = "{look.type}"',
    )


def events_by_file(inspection: Inspection) -> dict[str, str]:
    """Return the events that the files' names tell, by pattern.

    It is empty where a column may name events, or where one file may as well be a list of people.
    """
    event = next((each for each in inspection.unbound if each.field == "event"), None)
    if event is None or event.reason != "absent" or event.proposed is not None or inspection.calls:
        return {}
    patterns = event_patterns(inspection.paths)
    return patterns if len({*patterns.values()}) > 1 or _has_own_times(inspection) else {}


def _has_own_times(inspection: Inspection) -> bool:
    """Return whether a column says when the events of rows were."""
    times = [column.name for column in time_columns(inspection)] or event_times(inspection)
    return bool(times) and not all(may_be_of_sending(name) or _is_another_time(name) for name in times)


def _of_file_names(patterns: Mapping[str, str], inspection: Inspection) -> Missing:
    """Return what settles the event by the names of files."""
    events = [*dict.fromkeys(filter(None, patterns.values()))]
    table = ", ".join(
        f"{toml_string(one)} = {toml_string(event)}" for one, event in patterns.items() if event
    )
    untold = [one for one, event in patterns.items() if not event]
    more = f", and nothing tells the event of {listed(untold)}" if untold else ""
    is_one = len(inspection.paths) == 1
    return Missing(
        "event",
        f"no column names events; by {'its name' if is_one else 'their names'} it is {' or '.join(events)}{more}",
        f'--set event="{events[0]}", for this file alone' if is_one else "",
        f"[fields] event = {{ by_file = {{ {table} }} }}",
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
    return used or inspection.all_of_field("timestamp")


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
        return "No common time zone can be excluded"
    fits = [each.zone for each in zones if not each.in_gap]
    possible = ", ".join(dict.fromkeys(["UTC", *fits]))
    return f"Excluded (times fall in a DST gap): {', '.join(ruled_out)}. Possible: {possible}"


def _encoding(inspection: Inspection) -> Iterator[Missing]:
    found = inspection.encoding
    if found is None:
        return
    if found.suggested is None:
        yield Missing(
            "encoding",
            f"{found.words:,} words hold bytes that are not UTF-8, and no common encoding fits them",
            "--encoding NAME",
            '[input] encoding = "NAME"',
        )
        return
    seen = ", ".join(f"0x{raw} as “{char}” {count:,}" for char, raw, count in found.characters)
    alike = f"; {', '.join(found.alike[:3])} would read the same" if found.alike else ""
    yield Missing(
        "encoding",
        f"the bytes are not UTF-8; {found.suggested} makes sense of {found.sound:,} of {found.words:,} words "
        f"with such bytes (counts: {seen}){alike}",
        f"--encoding {found.suggested}",
        f'[input] encoding = "{found.suggested}"',
    )


def _ready_messages(inspection: Inspection) -> Iterator[Missing]:
    """Report a file of ready Segment messages, which need no mapping."""
    columns = {column.name: column for column in inspection.columns}
    if columns.keys() >= MESSAGE_KEYS:
        words = columns["type"].words
        if words and sum(word in MESSAGE_TYPES for word in words) * 2 > len(words):
            yield Missing(
                "other",
                "these look like ready Segment messages, which need no profile",
                " ".join(("infl-seg replay FILE", *path_option(inspection))),
            )


def path_option(inspection: Inspection) -> tuple[str, ...]:
    """Return the option with the path to the records, if any."""
    records = inspection.source.records
    return (with_value("--records", records),) if records and records != THE_OBJECT_ITSELF else ()


def _empty_cells(inspection: Inspection, name: str) -> Iterator[Missing]:
    column = inspection.of_field(name)
    empty = column.rows - column.filled if column is not None and _is_settled(inspection, name) else 0
    if column is not None and empty and not inspection.proposals:
        when = f"[[event]] when = {{ column = {toml_string(column.name)}, filled = true }} leaves them out"
        others = (
            [each for each in event_times(inspection) if each != column.name] if name == "timestamp" else []
        )
        if others:
            columns = toml_list([column.name, *others[:_MOST_IDS]])
            when = f"[fields] timestamp = {{ columns = {columns} }} takes the first that is filled; {when}"
        yield Missing("other", f"{rows_in_words(empty)} without {name} in “{column.name}”", line=when)


def _gets_time_of_sending(inspection: Inspection) -> Unbound | None:
    """Return the time as unbound if it is the sending's."""
    time = inspection.of_field("timestamp")
    if time is None or time.suggestion is None or inspection.proposals:
        return None
    late = sum(event.count for event in inspection.events if _is_later(event))
    if not (late and is_of_sending(time.name) and time.suggestion.reason not in {"option", "content"}):
        return None
    evidence = f"{words_on_sending(time.name)}, and {rows_in_words(late)} are openings, clicks or the like"
    return Unbound("timestamp", "sending", (time.name,), evidence=evidence, by_option=not time.is_path)


def _is_later(event: EventName) -> bool:
    kind = kind_of(event.becomes or "")
    return kind is not None and is_later(kind)


def unbound_fields(inspection: Inspection, options: ColumnOptions) -> Iterator[Unbound]:
    """Yield the fields left unbound, with evidence from the whole file.

    Args:
        inspection: What was found, `unbound` and `missing` aside.
        options: What the user has said.
    """
    ties: dict[str, Unbound] = {}
    for column in inspection.columns:
        tie = column.suggestion
        if tie is not None and tie.tied_with and tie.reason in AUTOMATIC:
            ties.setdefault(tie.field, Unbound(tie.field, "tied", (column.name, *tie.tied_with)))
    email = ties.get("email")
    yield from (each for each in ties.values() if not _is_open_address(each, inspection))

    def is_bound(name: str) -> bool:
        if inspection.proposals and name in {"event", "timestamp"}:
            return True
        if name == "email":
            return name in options.constants or bool(email or inspection.all_of_field(name))
        return name in ties or name in options.constants or _is_settled(inspection, name)

    for each in unbound_essentials(is_bound, person_from_email=options.person_from_email):
        found = _beside_addresses(each, inspection)
        if found is None and email is not None and each.reason == "addresses":
            if _is_open_address(email, inspection):
                yield email
            found = replace(each, candidates=email.candidates)
        yield found or _with_candidates(each, inspection)
    sending = _gets_time_of_sending(inspection)
    if sending is not None:
        yield sending


def _is_open_address(unbound: Unbound, inspection: Inspection) -> bool:
    """Return whether a tie is of an address by name."""
    said = [inspection.column(name).suggestion for name in unbound.candidates]
    is_tied = unbound.field == "email" and unbound.reason == "tied"
    return is_tied and any(each is not None and each.reason == "content" for each in said)


def _beside_addresses(unbound: Unbound, inspection: Inspection) -> Unbound | None:
    """Return the person as unbound if ids stand beside addresses."""
    addresses = [each for each in inspection.columns if each.suggestion and each.suggestion.field == "email"]
    if unbound.reason != "addresses" or not addresses:
        return None
    found = _with_candidates(Unbound(PERSON), inspection)
    ids = [name for name in found.candidates if inspection.column(name).kind != "address"]
    known = [name for name in ids if _is_of_a_person(name) or _comes_as(inspection.column(name), addresses)]
    # A uid that no row repeats is the person's or the row's, so it is never a ready option.
    unsure = [
        each.name
        for each in inspection.columns
        if each.name not in known and _is_a_uid(each.name) and _comes_as(each, addresses)
    ]
    if unsure:
        found = replace(found, proposed=None)
    people = (*known, *unsure)
    shown = listed([each.name for each in addresses])
    evidence = f"; columns that may hold ids: {listed(people)}; addresses in {shown}"
    return replace(found, candidates=people, evidence=evidence) if people else None


def _is_settled(inspection: Inspection, name: str) -> bool:
    """Return whether one column is the field by option, name or path."""
    found = inspection.all_of_field(name)
    return bool(found) and all(each.suggestion and each.suggestion.reason != "content" for each in found)


def _with_candidates(unbound: Unbound, inspection: Inspection) -> Unbound:
    """Add the columns a field could be; only one alone is proposed."""
    if unbound.reason == "addresses":
        address = inspection.of_field("email")
        if address is None or address.suggestion is None:
            return unbound
        named = None if address.suggestion.reason in AUTOMATIC else address.name
        return replace(unbound, candidates=(address.name,), proposed=named, by_option=not address.is_path)
    names = [column.name for column in inspection.columns if not column.is_path]
    evidence = f"; the columns are {listed(names)}"
    if unbound.field == "event":
        found = inspection.of_field("event")
        proposed = [found.name] if found else []
        candidates = proposed or _event_columns(inspection)
        if found:
            evidence = f". Best match: “{found.name}” (its cells are event names)"
    elif unbound.field == "timestamp":
        candidates = event_times(inspection)
        proposed = [] if any(map(_is_another_time, candidates)) else candidates
        if candidates:
            evidence = f"; columns of times: {listed(candidates, _MOST_NAMES)}"
        if len(candidates) == 1 and is_of_sending(candidates[0]):
            evidence += ", by its name when the message was sent"
    else:
        candidates = _id_columns(inspection)
        proposed = [name for name in candidates if _names_a_person(name)]
        if inspection.rows > _FEWEST_ROWS:
            proposed = [name for name in proposed if len(proposed) > 1 or inspection.column(name).repeats]
        evidence = f"; columns that may hold ids: {listed(candidates, _MOST_IDS)}" if candidates else ""
    only = proposed[0] if len(proposed) == 1 else None
    return replace(unbound, candidates=tuple(candidates), proposed=only, evidence=evidence)


def _untimed_events(inspection: Inspection) -> Iterator[Missing]:
    """Report the proposed events for which no column has a time."""
    times = event_times(inspection)
    some = times[0] if len(times) == 1 and not _is_another_time(times[0]) else "COLUMN"
    for proposal in inspection.proposals:
        if not proposal.timed:
            yield Missing(
                "timestamp",
                f"“{proposal.column}” tells of {proposal.event} in {rows_in_words(proposal.filled)}, "
                "and no column tells when",
                "",
                f"[[event]] timestamp = {toml_string(some)}, or leave the block out",
            )


def _event_columns(inspection: Inspection) -> list[str]:
    channels = {each.column.name for each in channel_columns(inspection)}
    few = [
        column.name
        for column in inspection.columns
        if _may_name_events(column)
        and column.suggestion is None
        and column.name not in channels
        and 1 < column.distinct <= _MOST_EVENT_WORDS
        and column.share > _FILLED_SHARE
    ]
    return sorted(few, key=lambda name: _EVENT_WORDS.isdisjoint(words_of(name)))[:_MOST_IDS]


def _may_name_events(column: ColumnFinding) -> bool:
    """Return whether cells are words or codes: counts name no event."""
    words = words_of(column.name)
    is_code = column.kind == "number" and bool(words & _EVENT_WORDS) and not words & _COUNT_WORDS
    return is_code or column.kind in {"text", "id"}


def _id_columns(inspection: Inspection) -> list[str]:
    """Return the columns that could hold a person's id.

    They are filled throughout, of no other use, no sender's and no row's own; those named after a person come first.
    """
    told = {each.column for each in inspection.proposals}
    told |= {column for each in inspection.proposals for _, column in each.properties}
    told |= {each.column.name for each in channel_columns(inspection)}
    names = [
        column.name
        for column in inspection.columns
        if column.kind in _IDS
        and column.name not in told
        and (_is_a_persons_tie(column) or _may_be_a_person(column))
        and not (is_of_the_sender(column.name) or is_copy_stamp(column.name))
    ]
    return sorted(names, key=lambda name: not _is_of_a_person(name))[:_MOST_IDS]


def ids_beside_addresses(inspection: Inspection) -> tuple[str, ...]:
    """Return columns without addresses that could hold a person's id.

    A person of a thousand rows is none: such a column has names of campaigns, for example.
    """
    columns = map(inspection.column, _id_columns(inspection))
    return tuple(
        each.name
        for each in columns
        if each.kind != "address"
        and (each.distinct >= MOST_DISTINCT or each.distinct * _MOST_ROWS_OF_ONE > inspection.rows)
    )


def _may_be_a_person(column: ColumnFinding) -> bool:
    """Return whether a free column could hold ids of people."""
    is_free = column.suggestion is None or column.suggestion.reason == "content"
    is_filled = column.distinct > 1 and column.share > _FILLED_SHARE
    return is_free and is_filled and not (_is_the_rows_own(column) or _is_prose(column))


def _is_a_persons_tie(column: ColumnFinding) -> bool:
    """Return whether a path is one of several for the person."""
    said = column.suggestion
    return bool(said and said.tied_with and said.reason == "path" and said.field in {"userId", "personId"})


def _is_of_a_person(name: str) -> bool:
    """Return whether a name has a word for a recipient."""
    is_squashed = _PERSONS_ID.fullmatch(squash(name.rpartition(".")[2])) is not None
    return is_squashed or not _PERSON_NAMES.isdisjoint(words_of(name.replace(".", "_")))


def _is_a_uid(name: str) -> bool:
    return squash(name.rpartition(".")[2]) == _UID


def _comes_as(column: ColumnFinding, addresses: Sequence[ColumnFinding]) -> bool:
    """Return whether bare ids are as many as the addresses."""
    is_bare = squash(column.name.rpartition(".")[2]) in _BARE_IDS and column.filled > 0
    return is_bare and any(
        column.distinct == each.distinct < MOST_DISTINCT and column.repeats == each.repeats
        for each in addresses
    )


def _names_a_person(name: str) -> bool:
    """Return whether a name is of people's ids: `lead_id`, and not `lead_status`."""
    last = name.rpartition(".")[2]
    if _PERSONS_ID.fullmatch(squash(last)):
        return True
    words = [word for word in snake_case(last).split("_") if len(word) > 1]
    if not words or words[-1] in _PERSON_NAMES:
        return bool(words)
    return words[-1] in _ID_WORDS and not _PERSON_NAMES.isdisjoint(words[-2:-1])


def _is_another_time(name: str) -> bool:
    """Return whether a name is of another time than the event's: `birthday`."""
    return not _OTHER_TIMES.isdisjoint(words_of(name.replace(".", "_")))


def _is_prose(column: ColumnFinding) -> bool:
    """Return whether a column holds personal text, which is not an id."""
    return column.kind == "text" and is_personal_name(column.name.rpartition(".")[2])


def _is_the_rows_own(column: ColumnFinding) -> bool:
    """Return whether a column is a row's own id, which never repeats."""
    is_named_so = squash(column.name.rpartition(".")[2]) in _OWN_IDS
    is_others = column.rows > _FEW_ROWS and not _is_of_a_person(column.name)
    return not column.repeats and (is_named_so or is_others)


def _times(inspection: Inspection, settings: ConvertSettings) -> Iterator[Missing]:
    of_times = time_columns(inspection)
    columns = [column for column in of_times if column.times is not None]
    for column in of_times:
        is_given = column.times is None or _has_form(settings, column.name)
        yield from () if is_given else _form(column)
        yield from _unread(column, settings)
    yield from _abbreviations(columns)
    naive = [column for column in columns if column.times and column.times.naive]
    profile = settings.mapping.columns.profile
    if not naive or settings.timezone or any(_has_zone(settings, column.name) for column in naive):
        return
    count = sum(column.times.naive for column in naive if column.times)
    evidence = zone_words(naive[0])
    yield Missing(
        "zone",
        f"{count:,} times{' of the profile' if profile else ''} have no time zone"
        f"{'. ' + evidence if evidence else ''}",
        f"--timezone NAME, for example {_example_zone(naive[0])}",
        '[time] zone = "NAME"',
    )


def _abbreviations(columns: Sequence[ColumnFinding]) -> Iterator[Missing]:
    """Report the zones that are named by abbreviations only."""
    counts = Counter[str]()
    for column in columns:
        counts.update(column.times.abbreviations if column.times else {})
    if counts:
        named = {name: example_of(name) for name in counts}
        table = ", ".join(f'{name} = "{offset}"' for name, offset in named.items())
        yield Missing(
            "zone_names",
            f"{counts.total():,} times end in {', '.join(counts)}, which may mean several offsets",
            f"{' '.join(f'--zone-name {name}={offset}' for name, offset in named.items())}, if these offsets are right",
            f"[time] abbreviations = {{ {table} }}",
        )


def _example_zone(column: ColumnFinding) -> str:
    """Return UTC, and a zone that no time excludes, if any."""
    zones = column.times.zones if column.times else ()
    fits = [each.zone for each in zones if not each.in_gap and each.zone != "UTC"]
    return " or ".join(["UTC", *fits[:1]])


def _has_zone(settings: ConvertSettings, name: str) -> bool:
    profile = settings.mapping.columns.profile
    rule = profile.times.get(name) if profile else None
    return bool(rule and rule.zone) or bool(profile and profile.options.timezone)


def _has_form(settings: ConvertSettings, name: str) -> bool:
    profile = settings.mapping.columns.profile
    rule = profile.times.get(name) if profile else None
    return bool(
        settings.timestamp_format or settings.mapping.columns.timestamp_format or (rule and rule.format)
    )


def _form(column: ColumnFinding) -> Iterator[Missing]:
    times = column.times
    assert times is not None
    advice, formats = times.advice
    if advice == "none needed":
        odd = times.usable - times.by_format.get(None, times.usable)
        if odd:
            yield Missing("other", f"{odd:,} of “{column.name}” are written in other forms than the rest")
        return
    ways = " or ".join(f'"{each}"' for each in formats[:3])
    unread = sum(times.unread.values())
    all_read = f"all of them but {unread:,}" if unread else "all of them"
    said = {
        "settled": f"the times of “{column.name}” need a format; {formats[0]} reads {all_read}",
        "ambiguous": f"the times of “{column.name}” can be read in {len(formats)} ways",
        "dates only": f"“{column.name}” holds dates without a time of day, all of a day would be its midnight",
        "several": f"the times of “{column.name}” are written in several forms: {_forms(times)}",
    }
    yield Missing("format", said[advice], f"--timestamp-format {ways}", f"[time] format = {ways}")


def _unread(column: ColumnFinding, settings: ConvertSettings) -> Iterator[Missing]:
    """Report times that a run cannot read, with its hint."""
    zone, form = settings.timezone or "UTC", settings.timestamp_format
    reader = TimestampReader(now=settings.now, zone=zone, format=form, names=settings.zone_names)
    said = [
        each for each in reader.read(column.samples) if isinstance(each, TimeProblem) and each.exact is None
    ]
    unread = column.times.unread if column.times else Counter(each.rule.code for each in said)
    if not unread:
        return
    hint = next((each.hint or each.rule.fix for each in said if each.rule.code in unread), "")
    if column.times is None:
        codes, count = ", ".join(unread), "the cells"
    else:
        codes = ", ".join(f"{code} ({count:,})" for code, count in unread.items())
        count = f"{sum(unread.values()):,}"
    yield Missing("other", f"{count} of “{column.name}” are not usable times: {codes}", hint)


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
        f"{rows_in_words(count)} with unknown events",
        "--event-name 'NAME=Email Opened' and --skip-event NAME, or for all of them --unknown-events skip, or send",
        '[options] unknown_events = "skip", or "send", or the field event with values = { … }',
    )


def event_times(inspection: Inspection) -> list[str]:
    """Return the columns of times that could be an event's."""
    return [each.name for each in inspection.columns if each.kind == "time" and not is_copy_stamp(each.name)]
