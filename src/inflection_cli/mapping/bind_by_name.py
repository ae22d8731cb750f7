"""Bind columns to the fields of track events by their names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from inflection_cli.mapping.column_kinds import (
    EVENT_SHARE,
    are_addresses,
    event_of_column,
    is_copy_stamp,
    is_of_the_sender,
    names_browsers,
)
from inflection_cli.mapping.column_names import listed
from inflection_cli.mapping.columns import (
    BoundColumns,
    ColumnOptions,
    explicit_fields,
    fields_by_name,
    free_names,
    refuse_unknown_fields,
)
from inflection_cli.mapping.events import kind_of
from inflection_cli.mapping.layout import Layout, one_event
from inflection_cli.mapping.unbound import PERSON, Unbound, unbound_essentials
from inflection_cli.mapping.unmapped_columns import Others, unmapped_columns
from inflection_cli.mapping.wide_times import unclear_time
from inflection_cli.suggestions import nearest


def bind_by_name(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    file: str,
    elsewhere: Callable[[str], bool],
) -> Layout:
    """Bind the columns of a file of events by option or name.

    Args:
        names: The file's column names.
        sample: Some of its first rows.
        options: What the user says.
        file: For messages.
        elsewhere: Tells whether another file of the run has a column.

    Raises:
        InputError: The file lacks a column that an option names.
        UsageError: An option names a field or column that does not exist.
    """
    refuse_unknown_fields(options, names)
    fields = explicit_fields(names, options, file, elsewhere)
    given = {*fields, *options.constants}
    # Earlier versions had them as the user agent, which is in no hash: the property is in none either.
    browsers = browser_names(names, sample)
    matches = fields_by_name(names, given, set(fields.values()), options, by_exact_name=browsers)
    fields |= {name: match.columns[0] for name, match in matches.items() if not match.is_tie}
    # One column of a tie will be the field: the last one stands for it, so that what the others become is known.
    mapped = {*fields.values(), *(match.columns[-1] for match in matches.values())}
    rest = unmapped_columns(names, sample, mapped, options, Others(not_used=browsers - mapped))
    columns = BoundColumns(
        fields,
        dict(options.constants),
        rest.carried,
        rest.forced,
        tuple(names),
        rest.notes,
    )
    ties = [match.unbound(name, names) for name, match in matches.items() if match.is_tie]
    unbound = [*ties, *_unbound(columns, [tie.field for tie in ties], options, sample)]
    if not unbound:
        unbound += unclear_time(names, sample, columns, options)
    return replace(one_event(columns), unbound=tuple(unbound))


def browser_names(names: Sequence[str], sample: Sequence[Sequence[str]]) -> set[int]:
    """Return the indexes of columns that name browsers in the first rows."""
    # Few of many names are looked at closely: a file is bound again with each late key.
    return {
        index
        for index, name in enumerate(names)
        if "rowser" in name.lower()
        and names_browsers(name, [row[index] for row in sample if index < len(row)])
    }


def _unbound(
    columns: BoundColumns, tied: Sequence[str], options: ColumnOptions, sample: Sequence[Sequence[str]]
) -> Iterator[Unbound]:
    """Yield the essential fields left unbound, with their candidates."""
    for each in unbound_essentials(
        lambda name: columns.has(name) or name in tied, person_from_email=options.person_from_email
    ):
        if each.reason == "addresses":
            yield replace(each, candidates=(*columns.columns_of("email"), *_addresses(columns, sample)))
            continue
        # Nobody becomes a person's id because its column's name looks like one.
        near = () if each.field == PERSON else _nearest_columns(each.field, columns, options, sample)
        yield replace(
            each,
            candidates=near,
            proposed=near[0] if near else None,
            evidence=f"; the columns are {listed(columns.names)}",
        )


def _addresses(columns: BoundColumns, sample: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield further columns that may hold the recipients' addresses."""
    taken = {*columns.fields.values()}
    for index, name in enumerate(columns.names):
        if index not in taken and not is_of_the_sender(name):
            cells = [row[index] for row in sample if index < len(row)]
            if are_addresses(cells):
                yield name


def _nearest_columns(
    name: str, columns: BoundColumns, options: ColumnOptions, sample: Sequence[Sequence[str]]
) -> tuple[str, ...]:
    """Return the one column near a field by cells or spelling."""
    taken = {columns.names[index] for index in columns.fields.values()}
    free = [each for each in free_names(columns.names, options, name) if each not in taken]
    free = [each for each in free if not is_copy_stamp(each)]
    told = event_columns(columns.names, free, sample) if name == "event" else []
    return tuple(told if len(told) == 1 else nearest(name, free))


def event_columns(names: Sequence[str], free: Sequence[str], sample: Sequence[Sequence[str]]) -> list[str]:
    """Return the columns whose cells are mostly events' names."""
    if any(event_of_column(name) is not None for name in names):
        # A column for each event, with its time: what a status column says is then the last of several events.
        return []
    return [name for name in free if _names_events(names.index(name), sample)]


def _names_events(index: int, sample: Sequence[Sequence[str]]) -> bool:
    cells = [row[index] for row in sample if index < len(row) and row[index].strip()]
    return sum(kind_of(cell) is not None for cell in cells) > EVENT_SHARE * len(cells)
