"""Questions that only the user can answer, with evidence from the file."""

import codecs
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from inflection_cli.catalog import EVENTS
from inflection_cli.errors import UsageError
from inflection_cli.inspecting.inspection_result import (
    MOST_DISTINCT,
    ColumnFinding,
    EventName,
    EventProposal,
    Inspection,
    Missing,
    PresetProposal,
    TimeFinding,
)
from inflection_cli.inspecting.open_questions import (
    event_times,
    events_by_file,
    ids_beside_addresses,
    rows_in_words,
    time_columns,
    unknown_events,
    zone_words,
)
from inflection_cli.mapping.calls.call_catalog import TRAIT_CALLS
from inflection_cli.mapping.calls.file_looks import FileLook, look_of
from inflection_cli.mapping.column_names import listed
from inflection_cli.mapping.events import kind_of, nearest_event
from inflection_cli.mapping.times.zones import Zone
from inflection_cli.mapping.unbound import PERSON, Unbound
from inflection_cli.sanitize import escape, mask_cell
from inflection_cli.settings.declarations import InputOptions, UnknownEvents
from inflection_cli.suggestions import meant, nearest

_MOST_OF_NAME: Final = 40
_MOST_LISTED: Final = 9
_ADDRESS_AS_USER: Final = "send the address as userId"
_ADDRESS_HASHED: Final = "send a SHA-256 of the address as anonymousId"
_LEAVE_OUT: Final = "leave this event out"
_BY_CELLS: Final = {
    "event": "its cells are names of events",
    "email_link_url": "its cells are links",
    "event_id": "by its name an event's id, and each comes only once in the first rows",
}
_PARTS: Final = {
    "group person": ("userId", "person of an account", "has the person's id"),
    "groupId": ("groupId", "account's id", "has the account's id"),
    "name": ("name", "name of the page or screen", "has the name of the page or screen"),
    "timestamp": ("timestamp", "time", "says when it happened"),
}
"""By the part of a call: its field, and what it is in words."""


class _OtherWay(NamedTuple):
    """An answer to a question for a column that names none."""

    words: str
    options: dict[str, object]


_OTHER_WAYS: Final = {
    "timestamp": _OtherWay("give each call the time of its run", {"now": True}),
    "group person": _OtherWay(
        "send account: and the account's id as anonymousId, a new user for each account",
        {"group_anonymous_id": "account"},
    ),
}
_YES: Final = frozenset({"y", "yes"})
_NO: Final = frozenset({"n", "no"})


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything the user has answered so far.

    Attributes:
        options: The answers that are options of a command.
        event_values: Names of events in the export, and the event that each is sent as.
        event_times: Columns that tell of an event without its time, and the column of the time; "" leaves it out.
        preset: The preset that the profile extends; "" for none.
        asked: Keys of questions that are not asked again.
    """

    options: InputOptions = field(default_factory=InputOptions)
    event_values: Mapping[str, str] = field(default_factory=dict)
    event_times: Mapping[str, str] = field(default_factory=dict)
    preset: str = ""
    asked: frozenset[str] = frozenset()

    def with_map(self, name: str, column: str) -> "Answers":
        """Return the answers with a column for a field."""
        return self.with_options(map=[*self.options.map, f"{name}={column}"])

    def with_options(self, **changes: object) -> "Answers":
        """Return the answers with other values of options."""
        return replace(self, options=replace(self.options, **changes))  # type: ignore[arg-type]


Apply = Callable[[Answers, str], Answers]
"""Returns the answers with one more; raises UsageError where it is not an answer."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the user.

    Attributes:
        key: Names it among the questions of a file.
        text: What is asked.
        apply: Takes the answer.
        evidence: What the file says of it.
        choices: What can be answered by a number, from 1 on.
        default: What an empty answer stands for; None where one must be given.
    """

    key: str
    text: str
    apply: Apply
    evidence: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    default: str | None = None

    def answered(self, answers: Answers, typed: str) -> Answers:
        """Return the answers with what was typed.

        Raises:
            UsageError: It is not an answer to this question.
        """
        word = typed.strip() or self.default
        if word is None:
            raise UsageError("this one has no answer to take for granted", hint="type one, or Ctrl-C to stop")
        return self.apply(replace(answers, asked=answers.asked | {self.key}), word)


def next_question(found: Inspection, answers: Answers) -> Question | None:
    """Return the first question that is still open, or None."""
    return next((each for each in _open_questions(found, answers) if each.key not in answers.asked), None)


def yes_or_no(word: str) -> bool:
    """Return whether an answer is yes.

    Raises:
        UsageError: It is neither yes nor no.
    """
    if word.strip().lower() in _YES:
        return True
    if word.strip().lower() in _NO:
        return False
    raise UsageError("this takes yes or no", hint="y or n")


def _open_questions(found: Inspection, answers: Answers) -> Iterator[Question]:
    if found.preset is not None:
        yield _preset(found.preset, found.source.records)
    if not answers.preset:
        yield from _questions(found, answers)


def _questions(found: Inspection, answers: Answers) -> Iterator[Question]:
    missing = {each.key: each for each in reversed(found.missing)}
    if "encoding" in missing:
        yield _encoding(found, missing["encoding"])
    if answers.options.call_type:
        yield from (_of_call(part, found, answers) for part in found.lacks)
        return
    unbound = {each.field: each for each in found.unbound}
    sure = _sure_columns(found, unbound)
    if sure:
        yield _columns(sure)
    taken = {word.partition("=")[0] for word in answers.options.map + answers.options.set}
    for each in found.unbound:
        if each.field not in taken:
            yield from _of_unbound(each, found, answers)
    yield from (_untimed(each, found) for each in found.proposals if not each.timed)
    times = [(column.name, column.times) for column in time_columns(found) if column.times is not None]
    if "format" in missing and len({finding.advice for _, finding in times}) == 1:
        yield from _format(missing["format"], times[0][1])
    if "zone" in missing:
        yield _zone(missing["zone"], zone_words(next(each for each in time_columns(found) if each.times)))
    if "unknown_events" in missing:
        yield _unknown(unknown_events(found))
    if "own_ids" in missing:
        yield Question(
            "own_ids",
            "Ignore the event ids of the export?",
            lambda answers, word: answers.with_options(no_event_id=yes_or_no(word)),
            (missing["own_ids"].message,),
            default="y",
        )


def _preset(preset: PresetProposal, records: str | None) -> Question:
    def apply(answers: Answers, word: str) -> Answers:
        if yes_or_no(word):
            return replace(answers, preset=preset.name)
        # Without the preset the list of records would be unknown again.
        return answers.with_options(records=records)

    evidence = [f"{preset.name}: {preset.title}", f"the file has {listed(preset.columns)}"]
    evidence += [f"{_quoted(column)} has {listed(values)}" for column, values in preset.values.items()]
    evidence += [f"it sends {preset.person}"]
    text = f"It looks like an export that has a preset. Use the preset {preset.name}?"
    return Question("preset", text, apply, tuple(evidence), default="y")


def _encoding(found: Inspection, missing: Missing) -> Question:
    suggested = found.encoding.suggested if found.encoding else None

    def apply(answers: Answers, word: str) -> Answers:
        try:
            codecs.lookup(word)
        except (LookupError, ValueError):
            hint = f"such as {suggested or 'windows-1252'}"
            raise UsageError(f"there is no encoding “{escape(word, 80)}”", hint=hint) from None
        return answers.with_options(encoding=word)

    return Question(
        "encoding",
        "In which encoding was the file written?",
        apply,
        (missing.message,),
        default=suggested,
    )


def _sure_columns(found: Inspection, unbound: Mapping[str, Unbound]) -> dict[str, str]:
    """Return the columns that can be proposed by their cells, by field."""
    sure = {name: unbound[name].proposed for name in ("event", "timestamp") if name in unbound}
    for name in ("email_link_url", "event_id"):
        column = found.of_field(name)
        if column is not None and column.suggestion is not None and column.suggestion.reason == "content":
            sure[name] = column.name
    return {name: column for name, column in sure.items() if column is not None}


def _columns(sure: Mapping[str, str]) -> Question:
    def apply(answers: Answers, word: str) -> Answers:
        if yes_or_no(word):
            for name, column in sure.items():
                answers = answers.with_map(name, column)
        return answers

    why = {"timestamp": "the only column with times"} | _BY_CELLS
    evidence = tuple(f"{name} is {_quoted(column)}: {why[name]}" for name, column in sure.items())
    return Question("columns", "Is that right?", apply, evidence, default="y")


def _without_taken(unbound: Unbound, answers: Answers) -> Unbound:
    """Return the field without columns that another answer has taken."""
    return replace(unbound, candidates=_left(unbound.candidates, answers))


def _left(columns: Sequence[str], answers: Answers) -> tuple[str, ...]:
    taken = {word.partition("=")[2] for word in answers.options.map}
    return tuple(name for name in columns if name not in taken)


def _of_unbound(unbound: Unbound, found: Inspection, answers: Answers) -> Iterator[Question]:
    if unbound.reason == "addresses":
        yield _person(unbound, _left(ids_beside_addresses(found), answers), found)
        return
    unbound = _without_taken(unbound, answers)
    if unbound.field == PERSON:
        yield _person(unbound, unbound.candidates, found)
        return
    if unbound.field == "event" and unbound.reason == "absent" and unbound.proposed is None:
        look = look_of([column.name for column in found.columns if not column.is_path])
        if look is not None:
            yield _call(look)
    yield _field(unbound, found)


def _call(look: FileLook) -> Question:
    def apply(answers: Answers, word: str) -> Answers:
        return answers.with_options(call_type=[look.type]) if yes_or_no(word) else answers

    text = f"No column names events, and it looks like a list of {look.words}. Send it as {look.type} calls?"
    return Question("call", text, apply, default="y")


def _of_call(part: str, found: Inspection, answers: Answers) -> Question:
    """Return the question for an absent part of a call."""
    ids = _left([each.name for each in found.columns if _may_identify(each)], answers)
    if part in {"person", "addresses"}:
        address = found.of_field("email") if part == "addresses" else None
        candidates = (address.name,) if address else ids
        return _person(Unbound(PERSON, "addresses" if address else "absent", candidates), ids, found)
    name, noun, words = _PARTS[part]
    times = [each.name for each in found.columns if each.kind == "time"]
    columns = _left(times if part == "timestamp" else ids, answers)[: _MOST_LISTED - 1]
    way = _OTHER_WAYS.get(part) if found.calls and found.calls[0].type in TRAIT_CALLS else None

    def apply(answers: Answers, word: str) -> Answers:
        if way is not None and word == str(len(columns) + 1):
            return answers.with_options(**way.options)
        return answers.with_map(name, _column(word, columns, found))

    choices = (*(_described(each, found) for each in columns), *([way.words] if way else []))
    why = f"no column is known by its name as the {noun}"
    return Question(f"call {part}", f"Which column {words}?", apply, (why,), choices)


def _may_identify(column: ColumnFinding) -> bool:
    """Return whether a free column differs in each row."""
    is_free = not (column.suggestion or column.sent_as or column.is_path)
    is_own = column.distinct >= MOST_DISTINCT or column.distinct == column.rows
    return is_free and is_own and column.kind in {"id", "number", "text"}


def _field(unbound: Unbound, found: Inspection) -> Question:
    name = unbound.field
    words = {
        "event": "names the event",
        "timestamp": "says when it happened",
        "email": "has the recipient's address",
    }
    constant = ", or the one event that all rows are" if name == "event" else ""
    choices = unbound.candidates[:_MOST_LISTED]

    def apply(answers: Answers, word: str) -> Answers:
        kind = kind_of(word) if name == "event" else None
        if kind is not None and word not in _names(found):
            return answers.with_options(set=[*answers.options.set, f"event={kind.name}"])
        return answers.with_map(name, _column(word, choices, found))

    text = f"Which column {words.get(name, f'is the {name}')}{constant}?"
    evidence, default = (unbound.evidence,) if unbound.reason == "sending" else (), None
    by_name = {*events_by_file(found).values()} if name == "event" else set[str]()
    if len(by_name) == 1:
        default = by_name.pop()
        evidence = (f"no column names events, and by its name the file is {default}",)
    return Question(name, text, apply, evidence, tuple(_described(each, found) for each in choices), default)


def _person(unbound: Unbound, ids: Sequence[str], found: Inspection) -> Question:
    """Return the question for the person, which never has a default."""
    by_address = unbound.reason == "addresses"
    why = unbound.message if by_address else "no column is known by its name as the person's id"
    address = found.of_field("email") if not by_address else None
    ways = (_ADDRESS_AS_USER, _ADDRESS_HASHED) if by_address or address is not None else ()
    columns = ids[: _MOST_LISTED - len(ways)]

    def apply(answers: Answers, word: str) -> Answers:
        if word.isdigit() and len(columns) < int(word) <= len(columns) + len(ways):
            if address is not None and address.suggestion and address.suggestion.reason == "content":
                answers = answers.with_map("email", address.name)
            hashed = ways[int(word) - len(columns) - 1] == _ADDRESS_HASHED
            return answers.with_options(**{"anonymous_id_from" if hashed else "user_id_from": "email"})
        return answers.with_map("userId", _column(word, columns, found))

    choices = (*(_described(each, found) for each in columns), *ways)
    return Question(PERSON, "Which column has the person's id?", apply, (why,), choices)


def _untimed(proposal: EventProposal, found: Inspection) -> Question:
    times = tuple(event_times(found))[: _MOST_LISTED - 1]

    def apply(answers: Answers, word: str) -> Answers:
        leaves_out = word == str(len(times) + 1)
        column = "" if leaves_out else _column(word, times, found)
        return replace(answers, event_times={**answers.event_times, proposal.column: column})

    evidence = f"{_quoted(proposal.column)} tells of {proposal.event} in {rows_in_words(proposal.filled)}"
    choices = (*(_described(each, found) for each in times), _LEAVE_OUT)
    text = f"Which column says when {proposal.event} happened?"
    return Question(f"time of {proposal.column}", text, apply, (evidence,), choices)


def _format(missing: Missing, times: TimeFinding) -> Iterator[Question]:
    """Yield the question for the times' form, unless one is certain."""
    advice, formats = times.advice
    if advice in {"none needed", "settled"}:
        return
    choices = formats[:_MOST_LISTED]

    def apply(answers: Answers, word: str) -> Answers:
        form = choices[int(word) - 1] if word.isdigit() and 0 < int(word) <= len(choices) else word
        if "%" not in form:
            raise UsageError(
                "this is not a time format", hint="a number of the list, or such as %d.%m.%Y %H:%M"
            )
        return answers.with_options(timestamp_format=form)

    spans = {form.format: f"{form.first[:10]} to {form.last[:10]}" for form in times.forms}
    described = tuple(f"{each} reads {spans[each]}" for each in choices)
    yield Question("format", "How are the times written?", apply, (missing.message,), described)


def _zone(missing: Missing, evidence: str) -> Question:
    def apply(answers: Answers, word: str) -> Answers:
        Zone(word)
        return answers.with_options(timezone=word)

    return Question(
        "zone",
        "In which time zone was the export written, such as UTC or Europe/Berlin?",
        apply,
        (missing.message.removesuffix(f". {evidence}"), *([evidence] if evidence else [])),
    )


def _unknown(names: Sequence[EventName]) -> Question:
    count = rows_in_words(sum(each.count for each in names))
    listed = tuple(
        f"{mask_cell(each.name, in_full=not each.private)} in {rows_in_words(each.count)}"
        for each in names[:_MOST_LISTED]
    )
    more = len(names) - len(listed)
    evidence = f"{count} have names of events that Inflection does not have"
    return Question(
        "unknown_events",
        "What becomes of them? skip leaves them out, send sends them by these names; 2=Email Bounced, skip "
        "sends the second one as that event and leaves out the others.",
        lambda answers, word: _renamed(answers, word, names),
        (f"{evidence}; {more:,} more names are not listed" if more > 0 else evidence,),
        listed,
    )


def _renamed(answers: Answers, word: str, names: Sequence[EventName]) -> Answers:
    """Return the answers with what becomes of unknown names."""
    rest: UnknownEvents | None = None
    values: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in re.split(r"[,;]", word))):
        number, equals, event = part.partition("=")
        if equals:
            values[_listed_name(number.strip(), names)] = _event(event.strip())
        elif part.lower() in {UnknownEvents.SKIP, UnknownEvents.SEND}:
            rest = UnknownEvents(part.lower())
        else:
            raise UsageError(
                f"“{escape(part, 80)}” is not an answer", hint="skip, send, or such as 2=Email Bounced, skip"
            )
    if rest is None and len(values) < len(names):
        raise UsageError(
            "this does not say what becomes of the others", hint="add skip or send, after a comma"
        )
    changed = replace(answers, event_values={**answers.event_values, **values})
    return changed if rest is None else changed.with_options(unknown_events=rest)


def _listed_name(word: str, names: Sequence[EventName]) -> str:
    known = [each.name for each in names]
    if word.isdigit() and 0 < int(word) <= min(len(names), _MOST_LISTED):
        return known[int(word) - 1]
    if word in known:
        return word
    raise UsageError(f"“{escape(word, 80)}” is not one of these names", hint="give its number in the list")


def _event(word: str) -> str:
    kind = kind_of(word)
    if kind is None:
        known = [each.name for each in EVENTS]
        found = nearest_event(word)
        near = meant([found]) if found else f"these are: {', '.join(known)}"
        raise UsageError(f"“{escape(word, 80)}” is not an event of Inflection", hint=near)
    return kind.name


def _names(found: Inspection) -> list[str]:
    return [column.name for column in found.columns]


def _column(word: str, choices: Sequence[str], found: Inspection) -> str:
    """Return the column meant by a number or a name.

    Raises:
        UsageError: There is none.
    """
    if word.isdigit() and 0 < int(word) <= len(choices):
        return choices[int(word) - 1]
    names = _names(found)
    same = [name for name in names if name.casefold() == word.casefold()]
    if word in names or len(same) == 1:
        return word if word in names else same[0]
    hint = meant(nearest(word, names)) or "a number of the list, or a column's name as in the file"
    raise UsageError(f"there is no column “{escape(word, 80)}”", hint=hint)


def _described(name: str, found: Inspection) -> str:
    column = found.column(name)
    bounded = "at least " if column.distinct >= MOST_DISTINCT else ""
    return f"{escape(name, _MOST_OF_NAME)}: {bounded}{column.distinct:,} different in {rows_in_words(column.filled)}"


def _quoted(name: str) -> str:
    return f"“{escape(name, _MOST_OF_NAME)}”"
