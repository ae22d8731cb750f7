"""Recognise the kind of a file by its columns and cells.

`looks_of` is the one place. Each look has the ways in which a run may read the file, as options in the order to try.
The command line tries them on the first rows and shows the first that reads all of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, Final

from inflection_cli.inspecting.inspection_result import Inspection
from inflection_cli.inspecting.open_questions import MESSAGE_KEYS, MESSAGE_TYPES, path_option, rows_in_words
from inflection_cli.inspecting.other_channels import CHANNELS, channel_columns, channel_words, channels_in
from inflection_cli.mapping.calls.file_looks import look_of
from inflection_cli.mapping.column_kinds import event_of_column
from inflection_cli.mapping.column_names import squash
from inflection_cli.mapping.events import kind_of
from inflection_cli.sanitize import counted
from inflection_cli.settings.declarations import UnknownEvents
from inflection_cli.settings.layering import with_value

Way = Mapping[str, Any]
"""Options of `InputOptions`, by field."""

_MOST_NAMED: Final = 6
_LEAST_SUMS: Final = 2
_LIST_COLUMNS: Final = frozenset(
    {
        *("list", "listid", "listname", "lists", "audience", "audienceid", "audiencename"),
        *("segment", "segmentid", "segmentname", "membership", "membershipstatus", "memberstatus"),
        *("subscribed", "subscriptionstatus", "optinstatus", "optedin", "groupname", "mailinglist"),
    }
)
_NAMES_OF_LISTS: Final = frozenset({"list", "listname", "audience", "audiencename", "segment", "segmentname"})
_REQUEST_LIST: Final = "batch"
_PEOPLE: Final = ("userId", "personId", "email")


@dataclass(frozen=True, slots=True)
class RecognisedFile:
    """Kind of a file, with the evidence.

    Attributes:
        kind: A word for programs.
        words: What it looks like, as a clause.
        evidence: What shows it.
        verb: The command for such files; empty where none takes them.
        options: What stands behind the files besides the options of a way.
        ways: Options to try, the first that reads the rows counts; without any nothing is tried.
        advice: What to do where no command takes it.
    """

    kind: str
    words: str
    evidence: tuple[str, ...]
    verb: str = "validate"
    options: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    advice: str = ""


def looks_of(found: Inspection) -> Iterator[RecognisedFile]:
    """Yield what a file looks like, the surest first.

    Args:
        found: What was found in it.
    """
    shape = next(_off_shape(found), None)
    if shape is not None:
        yield shape
    # Nothing else can be read before the shape is settled, so its options stand in each command.
    settled: Way = shape.ways[0] if shape else {}
    for look in _contents(found):
        if shape is None or look.ways or not look.verb:
            yield replace(look, ways=tuple({**settled, **way} for way in look.ways))


def _contents(found: Inspection) -> Iterator[RecognisedFile]:
    """Yield what rows look like that no profile, preset or option explains."""
    if found.calls or found.preset or any(column.uses for column in found.columns):
        return
    yield from _messages(found)
    yield from _envelopes(found)
    yield from _other_channels(found)
    if not _has_events(found):
        yield from _sums(found)
        yield from _members(found)
        yield from _other_calls(found)
    yield from _equal_rows(found)


def _off_shape(found: Inspection) -> Iterator[RecognisedFile]:
    """Recognise CSV with lines above its header, without one, or with escapes."""
    off = found.source.off
    if off is None:
        return
    way: dict[str, Any] = {}
    if off.header_line:
        way["header_line"] = off.header_line
    if off.escape:
        way["escape"] = off.escape
    if off.columns:
        way["columns"] = ",".join(_named_by_cells(found))
    evidence = [f"line {off.header_line} is the first as wide as most lines"] if off.header_line else []
    evidence += ["quotes within quoted cells have a backslash before them"] if off.escape else []
    evidence += ["the cells of line 1 are values, as those of line 2"] if off.columns else []
    yield RecognisedFile("off-shape", f"CSV, and {off.words}", tuple(evidence), ways=(way,))


def _named_by_cells(found: Inspection) -> Iterator[str]:
    """Yield a name for each column of a file without a header."""
    for column in found.columns:
        if not column.is_path:
            suggestion = column.suggestion
            known = suggestion is not None and suggestion.reason == "content" and not suggestion.tied_with
            yield suggestion.field if suggestion and known else column.name


def _messages(found: Inspection) -> Iterator[RecognisedFile]:
    """Recognise ready Segment messages."""
    columns = {column.name: column for column in found.columns}
    words = columns["type"].words if columns.keys() >= MESSAGE_KEYS else {}
    types = [word for word in words if word in MESSAGE_TYPES]
    if len(types) * 2 > len(words):
        evidence = (_columns(sorted(MESSAGE_KEYS)), f"type is {', '.join(types)}")
        options = (*path_option(found), "--dry-run")
        yield RecognisedFile("messages", "ready Segment messages", evidence, "replay", options)


def _envelopes(found: Inspection) -> Iterator[RecognisedFile]:
    """Recognise records that hold the events in a list of objects."""
    if not found.source.keys_vary or found.source.records or _has_events(found):
        return
    for column in found.columns:
        items = [text.lstrip()[1:].lstrip()[:1] for text in column.samples if text.lstrip()[:1] == "["]
        if column.kind == "json" and column.samples and items == ["{"] * len(column.samples):
            evidence = (f"“{column.name}” is a list of objects in each record",)
            if column.name == _REQUEST_LIST:
                yield RecognisedFile("messages", "requests to Segment", evidence, "replay", ("--dry-run",))
                return
            ways = ({"records": f".{column.name}"},)
            yield RecognisedFile(
                "envelopes", "records with a list of events within each", evidence, ways=ways
            )
            return


def _other_channels(found: Inspection) -> Iterator[RecognisedFile]:
    """Recognise activity of SMS or push, beside email's or alone."""
    named = [each.name for each in found.columns if CHANNELS & channel_words(each.name)]
    telling = [
        f"“{each.column.name}” names {channel} in {rows_in_words(count)}"
        for each in channel_columns(found)
        for word, count in each.others.items()
        for channel in channels_in(word)
    ]
    events = [event.name for event in found.events if CHANNELS & channel_words(event.name)]
    if not (telling or events or (named and found.of_field("email") is None)):
        return
    evidence = [_columns(named)] if named else []
    evidence += telling
    evidence += [f"{counted(len(events), 'event')} named after such a channel"] if events else []
    taken = [event for event in found.events if event.becomes and event.name not in events]
    if taken:
        evidence.append(f"“{taken[0].name}” would be sent as {taken[0].becomes}")
        words = "activity of SMS or push, in part or as a whole"
        advice = (
            "its [[event]] when keeps the rows of email: check it, or leave the file out"
            if telling
            else "keep the rows of email by [[event]] when in the profile, or leave the file out"
        )
        yield RecognisedFile(
            "other-channel", words, tuple(evidence), "inspect", (_save(found),), advice=advice
        )
    else:
        ways = ({"unknown_events": UnknownEvents.SEND},)
        yield RecognisedFile("other-channel", "activity of SMS or push", tuple(evidence), ways=ways)


def _save(found: Inspection) -> str:
    """Return the option that drafts a profile beside the file."""
    return with_value("--save", f"{_stem(found)}.profile.toml")


def _stem(found: Inspection) -> str:
    """Return the file's name without its endings."""
    return PurePath(found.path).name.partition(".")[0].strip("-") or "export"


def _sums(found: Inspection) -> Iterator[RecognisedFile]:
    """Recognise the totals of campaigns, which name no person."""
    sums = [
        column.name
        for column in found.columns
        if column.kind == "number" and event_of_column(column.name) is not None
    ]
    if len(sums) < _LEAST_SUMS or any(found.of_field(name) for name in _PEOPLE):
        return
    yield RecognisedFile(
        "aggregates",
        "the totals of campaigns, and no activity of people",
        (f"counts in {_columns(sums)}", "no column has a person's id or address"),
        verb="",
        advice="no command sends totals. Export the activity of each recipient: docs/get-the-export.md",
    )


def _members(found: Inspection) -> Iterator[RecognisedFile]:
    """Recognise the members of a list or an audience."""
    person = next(filter(None, map(found.of_field, _PEOPLE)), None)
    lists = [column for column in found.columns if squash(column.name) in _LIST_COLUMNS]
    if person is None or not lists:
        return
    evidence = (_columns([column.name for column in lists]), f"a person in “{person.name}”, and no event")
    options = [with_value("--key", person.name)]
    named = next((column for column in lists if squash(column.name) in _NAMES_OF_LISTS), None)
    if named is not None and len(named.words) != 1:
        # A person may be in several lists, so a member is a person of a list.
        options += [with_value("--key", named.name), "--added 'List Joined'", "--removed 'List Left'"]
    else:
        # The name of the list in the cells is not shown, as other cells are not.
        options.append(with_value("--segment", _stem(found)))
    if person.suggestion is not None and person.suggestion.field == "email":
        options.append("--user-id-from email")
    yield RecognisedFile("list", "the members of a list", evidence, "sync", (*options, "--dry-run"))


def _other_calls(found: Inspection) -> Iterator[RecognisedFile]:
    """Recognise people, accounts and page views."""
    look = look_of([column.name for column in found.columns if not column.is_path])
    if look is None:
        return
    call: dict[str, Any] = {"call_type": [look.type]}
    people: dict[str, Any] = {"group": {"group_anonymous_id": "account"}}.get(
        look.type, {"user_id_from": "email"}
    )
    now = {"now": True}
    ways: tuple[Way, ...] = (call, call | now, call | people, call | people | now)
    kind = {"identify": "people", "group": "accounts"}.get(look.type, "page-views")
    ways = ways if kind != "page-views" else (call,)
    if found.is_tied("email"):
        ways = tuple(way for way in ways if "user_id_from" not in way)
    type_words = next((column.words for column in found.columns if column.name == "type"), None)
    if type_words and type_words.keys() <= MESSAGE_TYPES:
        ways = ({}, *ways)  # the column says what each row is
    yield RecognisedFile(kind, f"a list of {look.words}", (_columns(look.columns),), ways=ways)


def _equal_rows(found: Inspection) -> Iterator[RecognisedFile]:
    """Recognise rows that are equal in every identifying field."""
    if found.equal_rows:
        share = f"{found.equal_rows:,} of {found.rows:,} rows give an event that is there already"
        ways: tuple[Way, ...] = ({"keep_equal_rows": True},)
        own_id = found.of_field("event_id")
        if own_id is not None and not own_id.is_path:
            share += f", and “{own_id.name}” comes only once in the first rows"
            ways = ({"map": [f"event_id={own_id.name}"]}, *ways)
        evidence = (share, "a run sends such an event once. If each counts:")
        yield RecognisedFile("equal-rows", "a file with equal rows", evidence, ways=ways)


def _has_events(found: Inspection) -> bool:
    """Return whether a column names events, or some are named after one."""
    event = found.of_field("event")
    is_known = event is not None and any(kind_of(word) is not None for word in event.words)
    return bool(found.proposals) or is_known or any(each.becomes for each in found.events)


def _columns(names: Sequence[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:_MOST_NAMED])
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return f"{'column' if len(names) == 1 else 'columns'} {shown}{more}"
