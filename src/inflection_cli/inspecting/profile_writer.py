"""Write a commented profile from an inspection; unknown values say FILL IN."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Final

from inflection_cli.catalog import FIELDS
from inflection_cli.inspecting import InspectSettings
from inflection_cli.inspecting.call_drafts import ADDRESS_LINES, FILL_IN, call_parts, fill_in
from inflection_cli.inspecting.inspection_result import (
    ColumnFinding,
    EventProposal,
    Inspection,
    Missing,
    PresetProposal,
)
from inflection_cli.inspecting.open_questions import (
    event_times,
    events_by_file,
    rows_in_words,
    time_columns,
    unknown_events,
    zone_words,
)
from inflection_cli.inspecting.other_channels import ChannelColumn, channel_columns, channels_in
from inflection_cli.inspecting.setup_questions import Answers
from inflection_cli.mapping.column_names import snake_case, squash
from inflection_cli.mapping.personal_data import is_personal_name
from inflection_cli.mapping.unbound import PERSON, Unbound
from inflection_cli.model import Problem, Severity
from inflection_cli.reading.csv.off_shapes import OffShape
from inflection_cli.settings.toml_text import toml_comment, toml_key, toml_list, toml_string
from inflection_cli.version import __version__

_MOST_LISTED: Final = 100
_MOST_NAMED: Final = 8
_MOST_EVENTS: Final = 20
_WHO_AND_WHEN: Final = {
    "event": 'the column that names the event, { column = "…", values = { "OPN" = "Email Opened" } } where it does so '
    'in other words, or { constant = "Email Opened" }',
    "timestamp": "the column that says when it happened",
    "userId": "the column with the person's id",
}
"""What must be there, and what nobody guesses."""

_BY_CELLS: Final = frozenset({"email", "email_link_url", "event_id", "user_agent"})
"""Fields that say neither what happened nor who and when: a column may be one for what its cells are."""

_ADVICE: Final = {
    "ambiguous": "nothing tells day and month apart; write",
    "dates only": "dates alone put all of a day on its midnight; if that will do:",
    "several": "the times have several forms, and one can be read; perhaps",
}
_WHY: Final = {"alias": "  # another word for it", "path": "  # the end of a path"}
_TYPES: Final = {"number": "number", "flag": "boolean", "time": "timestamp"}


def extension_of(preset: PresetProposal, path: str) -> str:
    """Return a profile that extends a preset, for keys of one's own.

    Args:
        preset: The preset.
        path: The file that it fits.
    """
    name = toml_string(_short(PurePath(path).name))
    records = f"\n[input]\nrecords = {toml_string(preset.records)}\n" if preset.records else ""
    return (
        f"# How infl-seg reads exports like {name}; drafted by `infl-seg inspect` {__version__}.\n"
        f"# The preset sends {toml_comment(preset.person)}.\n"
        f"# Lines here replace those of the preset: infl-seg presets show {preset.name}\n"
        f'profile = 1\nextends = "preset:{preset.name}"\n{records}'
    )


class ProfileWriter:
    """Writer of one profile.

    Args:
        inspection: What was found out about a file.
        settings: What the user has said.
        show_values: Whether cells may stand in comments.
        answers: What the user has answered beside the settings.
    """

    def __init__(
        self,
        inspection: Inspection,
        settings: InspectSettings,
        *,
        show_values: bool,
        answers: Answers | None = None,
    ) -> None:
        self._found = inspection
        self._answers = answers or Answers()
        self._reading = settings.reading
        self._settings = settings.convert
        self._encoding_given = settings.encoding_given
        self._nulls = settings.convert.mapping.nulls
        self._options = settings.convert.mapping.columns
        self._show_values = show_values

    def text(self) -> str:
        """Return the profile as TOML."""
        rest: tuple[Iterable[str], ...]
        rest = (self._fields(), self._properties(), self._columns(), self._events(), self._choices())
        if self._found.calls:
            rest = call_parts(self._found.calls[0], [*self._of_calls()], self._found.lacks)
        parts = (self._head(), self._input(), self._time(), *rest)
        blocks = ["\n".join(part) for part in map(list, parts) if part]
        return "\n\n".join(blocks) + "\n"

    @property
    def to_fill_in(self) -> list[str]:
        """Lines of the profile that the user must fill in."""
        return [line for line in self.text().splitlines() if f'"{FILL_IN}"' in line and line[:1] != "#"]

    def _head(self) -> Iterator[str]:
        found = self._found
        name = toml_string(_short(PurePath(found.path).name))
        yield f"# How infl-seg reads exports like {name}; drafted by `infl-seg inspect` {__version__}."
        rows = f"the first {rows_in_words(found.rows)}" if found.sample else rows_in_words(found.rows)
        yield f"# It is made from {rows}. `infl-seg validate --profile` says whether it does."
        if found.unreadable:
            codes = ", ".join(problem.rule.code for problem in found.problems if _rejects(problem))
            yield f"# {found.unreadable:,} more could not be read ({codes}): no profile fixes those."
        for each in found.missing:
            if each.key == "other":
                way = each.line or each.option
                yield f"# {toml_comment(each.message)}{f': {toml_comment(way)}' if way else ''}"
        yield "profile = 1"
        for call in self._found.calls[:1]:
            yield f"type = {toml_string(call.type)}"

    def _input(self) -> Iterator[str]:
        source, options = self._found.source, self._reading
        lines = []
        encoding = self._missing("encoding")
        if encoding is not None:
            suggested = self._found.encoding.suggested if self._found.encoding else None
            lines += [f"# {toml_comment(encoding.message)}"]
            lines += [fill_in("encoding", f"write {toml_string(suggested)}" if suggested else "name it")]
        elif self._encoding_given:
            lines += [f"encoding = {toml_string(options.encoding)}"]
        if source.format == "csv" and source.delimiter is not None:
            tab = source.delimiter == "\t"
            lines += [f"delimiter = {toml_string('tab' if tab else source.delimiter)}"]
        said = OffShape(
            options.header_line if options.header_line > 1 else None,
            options.escape,
            len(options.columns) or None,
        )
        lines += [line for line in said.lines if not options.columns or not line.startswith("columns")]
        if options.columns:
            lines += [f"columns = {toml_string(','.join(options.columns))}"]
        elif source.off is not None:
            lines += source.off.lines
        # A file that fits a preset may be read by a path of it.
        records = options.records or source.records
        if records is not None:
            lines += [f"records = {toml_string(records)}"]
        if options.sheet is not None:
            lines += [f"sheet = {toml_string(options.sheet)}"]
        if self._nulls:
            lines += [f"null = {toml_list(sorted(self._nulls))}"]
        if lines:
            yield "[input]"
            yield from lines

    def _time(self) -> Iterator[str]:
        columns = [column for column in self._time_columns() if column.times is not None]
        forms = {column.name: self._form(column) for column in columns}
        zone = self._zone(columns)
        common = len(set(forms.values())) == 1
        names = self._missing("zone_names")
        if zone or names or any(forms.values()):
            yield "[time]"
        yield from zone
        if names is not None:
            yield fill_in(
                "abbreviations",
                f"{names.message}. If these offsets are right: {names.line.partition(' = ')[2]}",
            )
        if common and columns and forms[columns[0].name]:
            yield forms[columns[0].name]
            return
        for name, line in forms.items():
            if line:
                yield ""
                yield f"[time.columns.{toml_key(name)}]"
                yield line

    def _time_columns(self) -> list[ColumnFinding]:
        """Return the columns of times, or those that the draft proposes."""
        unbound = self._unbound("timestamp")
        proposed = unbound.candidates if unbound is not None and self._are_one(unbound.candidates) else ()
        return time_columns(self._found) or [self._found.column(name) for name in proposed]

    def _zone(self, columns: Iterable[ColumnFinding]) -> list[str]:
        if self._settings.timezone:
            return [f"zone = {toml_string(self._settings.timezone)}"]
        naive = [column for column in columns if column.times and column.times.naive]
        if not naive:
            return []
        evidence = zone_words(naive[0])
        lines = [f"# {toml_comment(evidence)}"] if evidence else []
        why = "the zone in which the export was written, such as Europe/Berlin or UTC"
        return [*lines, fill_in("zone", why)]

    def _form(self, column: ColumnFinding) -> str:
        """Return the `format` line for a column; empty if not needed."""
        times, given = column.times, self._settings.timestamp_format
        assert times is not None
        if given is not None:
            return f"format = {toml_string(given)}"
        advice, formats = times.advice
        if advice == "none needed":
            return ""
        if advice == "settled":
            return f"format = {toml_string(formats[0])}  # the one form that reads them all"
        return fill_in("format", f"{_ADVICE[advice]} {' or '.join(map(toml_string, formats[:3]))}")

    def _fields(self) -> Iterator[str]:
        lines = [line for name in FIELDS for line in self._field(name)]
        if lines:
            yield "[fields]"
            yield from lines
        yield from self._by_file()

    def _by_file(self) -> Iterator[str]:
        """Yield the events of files by their names."""
        patterns = events_by_file(self._found)
        if patterns:
            yield ""
            yield "[fields.event.by_file]"
            yield "# No column names events, and the names of the files do."
        for pattern, event in patterns.items():
            why = 'what the rows of such files are, such as "Email Opened", or leave these files out'
            yield (
                f"{toml_string(pattern)} = {toml_string(event)}"
                if event
                else fill_in(toml_string(pattern), why)
            )

    def _field(self, name: str) -> Iterator[str]:
        options = self._options
        if name in options.constants:
            value = toml_string(options.constants[name])
            # A column of that name would be taken else, so it is said here, where options are left out.
            yield f"{name} = {{ constant = {value} }}"
            return
        unbound, columns = self._unbound(name), self._found.all_of_field(name)
        reason = columns[0].suggestion.reason if len(columns) == 1 and columns[0].suggestion else ""
        if self._is_answered(name, reason):
            return
        if unbound is not None and (unbound.reason != "absent" or reason in {"", "content"}):
            yield from self._open_field(name, unbound)
        elif len(columns) > 1:
            yield f"{name} = {_first_filled([each.name for each in columns])}"
        elif columns and (reason != "content" or name in _BY_CELLS):
            yield self._known_field(name, columns[0], reason)
        elif name in {"campaign_id", "email_id"}:
            yield f'# {name} = {{ constant = "…" }}  # no column is recognised as it'

    def _open_field(self, name: str, unbound: Unbound) -> Iterator[str]:
        """Yield the line of a field that the user fills in."""
        either = _either(unbound.candidates[:_MOST_NAMED])
        if unbound.reason == "tied":
            yield fill_in(name, f"several columns could be it; write {either}")
        elif unbound.reason == "sending":
            yield fill_in(name, f"{unbound.evidence}; write {either} if that is when they happened")
        elif not (name == "event" and events_by_file(self._found)):
            yield fill_in(name, f"{_WHO_AND_WHEN[name]}{self._perhaps(unbound.candidates)}")

    def _known_field(self, name: str, column: ColumnFinding, reason: str) -> str:
        """Return the line of a field that one column is."""
        line = f"{name} = {toml_string(column.name)}"
        named = self._event_names() if name == "event" else {}
        if named:
            pairs = ", ".join(f"{toml_string(word)} = {toml_string(to)}" for word, to in named.items())
            return f"event = {{ column = {toml_string(column.name)}, values = {{ {pairs} }} }}"
        if name == "event_id" and self._missing("own_ids"):
            return f"# {line}  # one id of it stands for several events; see own_ids"
        return f"{line}  # by its cells" if reason == "content" else f"{line}{_WHY.get(reason, '')}"

    def _perhaps(self, names: Sequence[str]) -> str:
        """Return columns to try, together if each file has one."""
        if self._are_one(names):
            return f"; perhaps {_first_filled(names)}, since each file has one of them"
        return _perhaps(names)

    def _are_one(self, names: Sequence[str]) -> bool:
        """Return whether each row of several files has one of them."""
        filled = sum(self._found.column(name).filled for name in names)
        return bool(self._found.files) and len(names) > 1 and filled == self._found.rows

    def _is_answered(self, name: str, reason: str) -> bool:
        """Return whether a field needs no line of its own."""
        if name == "timestamp":
            return bool(self._found.proposals) and reason != "option"
        is_asked = name in {"email_link_url", "event_id"} and reason == "content"
        return is_asked and "columns" in self._answers.asked

    def _event_names(self) -> dict[str, str]:
        named = {word: to for word, to in self._options.event_names.items() if to}
        return {**named, **self._answers.event_values}

    def _unbound(self, name: str) -> Unbound | None:
        names = {name, PERSON} if name == "userId" else {name}
        unbound = (each for each in self._found.unbound if each.field in names)
        return next((each for each in unbound if each.reason != "addresses"), None)

    def _columns(self) -> Iterator[str]:
        sent = [each for each in self._found.columns if each.sent_as and not each.is_path]
        left_out = [each for each in self._found.columns if each.left_out]
        told = {each.column for each in self._found.proposals}
        told |= {column for each in self._found.proposals for _, column in each.properties}
        told |= {each.column.name for each in self._channels}
        sent = [each for each in sent if each.name not in told]
        if not sent and not left_out and not self._documents():
            return
        yield "[columns]"
        yield "# What no line of this profile names is sent as properties, but for what looks personal."
        yield 'others = "send"  # or "drop"'
        for column in sent[:_MOST_LISTED]:
            yield f"# {toml_string(_short(column.name))} is sent as {column.sent_as}{self._words(column)}"
        for column in left_out[:_MOST_LISTED]:
            yield f"# {toml_string(_short(column.name))} is not sent: {toml_comment(column.left_out or '')}"
        for column in self._documents()[:_MOST_LISTED]:
            yield f"# {toml_string(_short(column.name))}: {column.remark or 'no line has it as a field'}"
            yield from self._members(column)
        unlisted = max(0, len(sent) - _MOST_LISTED) + max(0, len(left_out) - _MOST_LISTED)
        if unlisted:
            yield f"# and {unlisted:,} columns more"
        names = tuple(_short(each.name) for each in sent[:2])
        if names:
            yield f"# drop = {toml_list(names)}"
            yield from self._typed(sent)

    def _properties(self) -> Iterator[str]:
        """Yield the columns and values that options send as properties."""
        asked = {squash(name) for name in self._options.properties}
        columns = [each.name for each in self._found.columns if squash(each.name) in asked]
        tested = [each.column for each in self._channels if each.column.sent_as and not each.column.is_path]
        if not (columns or tested or self._options.properties_set):
            return
        yield "[properties]"
        for column in columns:
            yield f"{toml_key(snake_case(column))} = {toml_string(column)}"
        for each in tested:
            if each.name not in columns:
                yield f"{toml_key(each.sent_as or '')} = {toml_string(each.name)}"
        for name, value in self._options.properties_set.items():
            yield f"{toml_key(name)} = {{ constant = {toml_string(value)} }}"

    def _documents(self) -> list[ColumnFinding]:
        return [
            each
            for each in self._found.columns
            if (each.kind == "json" or each.remark)
            and not (each.suggestion or each.sent_as or each.left_out or each.is_path)
        ]

    def _members(self, column: ColumnFinding) -> Iterator[str]:
        """Yield the lines that would send other members of JSON."""
        inner = [
            each for each in self._found.columns if each.name.startswith(f"{column.name}.") and each.is_path
        ]
        free = [each for each in inner if not (each.suggestion or _is_personal(each))]
        if free:
            yield "# [properties]"
        for each in free[:_MOST_NAMED]:
            yield f"# {toml_key(snake_case(each.name))} = {toml_string(each.name)}"

    def _typed(self, sent: Iterable[ColumnFinding]) -> Iterator[str]:
        typed = [each for each in sent if _has_type(each)][:_MOST_NAMED]
        if typed:
            yield ""
            yield "# Sent as text unless a line here says otherwise; a warehouse keeps the first type it sees."
            yield "# [properties]"
        for column in typed:
            decimal = ', decimal = ","' if column.kind == "number" and column.marks.decimal == "," else ""
            yield (
                f"# {toml_key(column.sent_as or '')} = "
                f'{{ column = {toml_string(_short(column.name))}, type = "{_TYPES[column.kind]}"{decimal} }}'
            )

    def _words(self, column: ColumnFinding) -> str:
        """Return a sample cell of a column, if values may be shown."""
        if not self._show_values or not column.samples:
            return ""
        return f", such as {toml_string(_short(column.samples[0]))}"

    def _events(self) -> Iterator[str]:
        times = self._answers.event_times
        wanted = [each for each in self._found.proposals if times.get(each.column) != ""]
        for index, proposal in enumerate(wanted):
            if index == 0:
                yield "# A row of this export stands for several events. A block that is not wanted may be deleted."
            else:
                yield ""
            yield from self._event(proposal)
        if not wanted and self._channels:
            yield "# Rows of another channel are not e-mail. Without this block they would be sent as if they were."
            yield "[[event]]"
            yield f"when = {self._when([])}  # {self._channel_rows()}"

    @property
    def _channels(self) -> list[ChannelColumn]:
        """Columns that tell rows of e-mail from those of other channels."""
        return [*channel_columns(self._found)]

    def _channel_rows(self) -> str:
        """Return how many rows of other channels are left out."""
        counts = Counter[str]()
        for each in self._channels:
            for cell, count in each.others.items():
                counts.update(dict.fromkeys(channels_in(cell), count))
        return f"without {', '.join(f'{rows_in_words(count)} of {name}' for name, count in counts.items())}"

    def _when(self, tests: Sequence[str]) -> str:
        """Return conditions as TOML, with those that leave other channels out."""
        every = [*tests, *(each.test for each in self._channels)]
        return every[0] if len(every) == 1 else f"[{', '.join(every)}]"

    def _event(self, proposal: EventProposal) -> Iterator[str]:
        column = toml_string(proposal.column)
        yield "[[event]]"
        yield f"name = {toml_string(proposal.event)}"
        if proposal.timed:
            yield f"timestamp = {column}  # {rows_in_words(proposal.filled)}; the others have no such event"
            if self._channels:
                yield f"when = {self._when([f'{{ column = {column}, filled = true }}'])}  # {self._channel_rows()}"
        else:
            answer = self._answers.event_times.get(proposal.column)
            nearest = _perhaps(event_times(self._found))
            why = f"no column says when; the nearest column of times{nearest}"
            yield f"timestamp = {toml_string(answer)}" if answer else fill_in("timestamp", why)
            if proposal.equals:
                test = f"equals = {toml_list(proposal.equals)}"
            elif proposal.not_equals:
                test = f"not_equals = {toml_list(proposal.not_equals)}"
            else:
                test = "filled = true"
            yield f"when = {self._when([f'{{ column = {column}, {test} }}'])}  # {rows_in_words(proposal.filled)}"
        for name, other in proposal.properties:
            yield f"properties.{toml_key(name)} = {self._property(other)}"

    def _property(self, name: str) -> str:
        """Return the TOML value of a property, typed for counts and flags."""
        column = self._found.column(name)
        if column.kind == "flag":
            return f'{{ column = {toml_string(name)}, type = "boolean" }}'
        words = column.words
        if words and all(word.isascii() and word.isdigit() and str(int(word)) == word for word in words):
            return f'{{ column = {toml_string(name)}, type = "integer" }}'
        return toml_string(name)

    def _choices(self) -> Iterator[str]:
        lines = [*self._unknown_events(), *self._person_from()]
        mapping = self._settings.mapping
        skipped = [word for word, event in self._options.event_names.items() if not event]
        if skipped:
            lines += [f"skip_event = {toml_list(skipped)}"]
        if mapping.naming != "inflection":
            lines += [f"naming = {toml_string(mapping.naming)}"]
        if not self._options.own_ids:
            lines += ["own_ids = false"]
        elif self._missing("own_ids"):
            lines += [fill_in("own_ids", "one id stands for several events; write false to ignore the ids")]
        if lines:
            yield "[options]"
            yield from lines

    def _unknown_events(self) -> Iterator[str]:
        given = self._settings.mapping.unknown_events
        unknown = [
            each for each in unknown_events(self._found) if each.name not in self._answers.event_values
        ]
        if given != "reject":
            yield f"unknown_events = {toml_string(given)}"
            return
        if not unknown:
            return
        count = sum(event.count for event in unknown)
        yield f"# {rows_in_words(count)} with unknown events:"
        for event in unknown[:_MOST_EVENTS]:
            name = "(not shown)" if event.private and not self._show_values else toml_string(event.name)
            yield f"#   {name} in {rows_in_words(event.count)}"
        column = self._found.of_field("event")
        if column is not None:
            yield "# To send one as another, in [fields]:"
            yield f'#   event = {{ column = {toml_string(_short(column.name))}, values = {{ "…" = "Email Opened" }} }}'
        yield fill_in("unknown_events", '"skip" leaves these rows out, "send" sends them by their names')

    def _person_from(self) -> Iterator[str]:
        mapping = self._settings.mapping
        if mapping.user_id_from_email:
            yield 'user_id_from = "email"'
        if mapping.anonymous_id_from_email:
            yield 'anonymous_id_from = "email"'
        if any(each.reason == "addresses" for each in self._found.unbound):
            yield from ADDRESS_LINES
        elif any(each.field == PERSON for each in self._found.unbound) and self._found.of_field("email"):
            yield '# user_id_from = "email"  # in place of userId above, sends the address'

    def _of_calls(self) -> Iterator[str]:
        """Yield the options of calls other than track, as given."""
        mapping, calls = self._settings.mapping, self._options.calls
        if mapping.user_id_from_email:
            yield 'user_id_from = "email"'
        if mapping.anonymous_id_from_email:
            yield 'anonymous_id_from = "email"'
        if calls.group_anonymous:
            yield 'group_anonymous_id = "account"'
        if calls.group_user is not None:
            yield f"group_user = {toml_string(calls.group_user)}"

    def _missing(self, key: str) -> Missing | None:
        return next((each for each in self._found.missing if each.key == key), None)


def _has_type(column: ColumnFinding) -> bool:
    """Return whether a property could be sent as another type than text."""
    if column.kind == "number" and column.marks.decimal is None:
        return False  # its mark may be that of thousands
    return column.kind in _TYPES and not _is_count_or_flag(column)


def _is_count_or_flag(column: ColumnFinding) -> bool:
    """Return whether a column of 0 and 1 may hold numbers."""
    is_named_so = snake_case(column.name).startswith(("is_", "has_", "was_"))
    return column.kind == "flag" and {*column.words} <= {"0", "1"} and not is_named_so


def _is_personal(column: ColumnFinding) -> bool:
    return column.kind in {"address", "phone"} or is_personal_name(column.name.rpartition(".")[2])


def _perhaps(names: Sequence[str]) -> str:
    return f"; perhaps {_either(names[:3])}" if names else ""


def _first_filled(names: Sequence[str]) -> str:
    return f"{{ columns = {toml_list(tuple(names))} }}"


def _either(names: Sequence[str]) -> str:
    return " or ".join(toml_string(_short(name)) for name in names)


def _rejects(problem: Problem) -> bool:
    return problem.rule.severity is Severity.ERROR


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:59]}…"
