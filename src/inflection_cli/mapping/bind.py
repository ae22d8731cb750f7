"""Entry point of the mapping, with or without a profile."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from inflection_cli.errors import InputError
from inflection_cli.mapping.added_columns import with_added_columns
from inflection_cli.mapping.column_kinds import EVENT_SHARE, event_of_column
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
from inflection_cli.mapping.layout import NO_LEEWAY, Layout, MissingColumnPolicy, one_event
from inflection_cli.mapping.unbound import PERSON, Unbound, refusal, unbound_essentials
from inflection_cli.mapping.unmapped_columns import Others, unmapped_columns
from inflection_cli.mapping.wide_times import differing_times, unclear_time
from inflection_cli.settings.option_names import file_word
from inflection_cli.suggestions import nearest

_READY_KEYS: Final = frozenset({"messageId", "type"})


def lay_out(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    *,
    file: str,
    leeway: MissingColumnPolicy = NO_LEEWAY,
) -> Layout:
    """Build the layout of a file whose fields are all bound.

    Raises:
        InputError: As `bind`, or a field is unbound.
        UsageError: As `bind`.
    """
    layout = bind(names, sample, options, file=file, leeway=leeway)
    error = refusal(layout.unbound, names, file)
    if error is not None:
        raise error
    return layout


def bind(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    *,
    file: str,
    leeway: MissingColumnPolicy = NO_LEEWAY,
) -> Layout:
    """Build the layout of a file, with its unbound fields as values.

    A field comes from where an option says; else from where the profile's block, then the profile itself says; else
    from the column that is known by its name, unless the profile names that column for something else.

    Args:
        names: The header, or the keys of an NDJSON file.
        sample: Some of the file's first rows; their cells tell personal columns apart.
        options: What the user says.
        file: The path, for messages and for `by_file`.
        leeway: What of the profile the file may lack; a note says what it does lack.

    Raises:
        InputError: The file lacks what an option or, beyond all leeway, the profile names, has nothing of any event of
            the profile, no pattern fits its name, or it holds ready messages and no rows.
        UsageError: An option names a field or column that does not exist, or contradicts the profile.
    """
    layout = _laid_out(names, sample, options, file, leeway)
    if not (options.properties_set or options.session_column):
        return layout
    return with_added_columns(layout, names, options, file, leeway.elsewhere)


def _laid_out(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    file: str,
    leeway: MissingColumnPolicy,
) -> Layout:
    """Build the layout of a file's own columns."""
    if options.profile is not None:
        # Most runs have none, and need not read what profiles take.
        from inflection_cli.mapping.profile.profile_binding import bind_by_profile  # noqa: PLC0415 - at start-up it counts

        layout = bind_by_profile(names, sample, options, options.profile, file=file, leeway=leeway)
        return _with_differing_times(layout, names, sample, options)
    refuse_unknown_fields(options, names)
    _refuse_ready_messages(names, options, file)
    fields = explicit_fields(names, options, file, leeway.elsewhere)
    return _with_differing_times(_bind_by_name(names, sample, fields, options), names, sample, options)


def _with_differing_times(
    layout: Layout, names: Sequence[str], sample: Sequence[Sequence[str]], options: ColumnOptions
) -> Layout:
    """Add warnings on times that differ from the event's own."""
    profile = options.profile
    said = "timestamp" in options.columns or (profile and (profile.timestamp or profile.events))
    if said or layout.unbound or not options.asks_for_times:
        return layout
    return replace(layout, notes=(*layout.notes, *differing_times(names, sample, layout.blocks[0])))


def _bind_by_name(
    names: Sequence[str], sample: Sequence[Sequence[str]], fields: dict[str, int], options: ColumnOptions
) -> Layout:
    """Bind by their names the columns that no option has bound."""
    given = {*fields, *options.constants}
    matches = fields_by_name(names, given, set(fields.values()), options)
    fields |= {name: match.columns[0] for name, match in matches.items() if not match.is_tie}
    # One column of a tie will be the field: the last one stands for it, so that what the others become is known.
    mapped = {*fields.values(), *(match.columns[-1] for match in matches.values())}
    rest = unmapped_columns(names, sample, mapped, options, Others())
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


def _refuse_ready_messages(names: Sequence[str], options: ColumnOptions, file: str) -> None:
    """Raise an error if the file holds ready Segment messages.

    Raises:
        InputError: It does, and the user maps no column of it.
    """
    if not options.columns and set(names) >= _READY_KEYS and {"properties", "context", "traits"} & set(names):
        raise InputError(
            f"{file}: holds ready Segment messages and no rows of an export",
            hint=f"infl-seg replay {file_word(file)} sends them as they are",
        )


def _unbound(
    columns: BoundColumns, tied: Sequence[str], options: ColumnOptions, sample: Sequence[Sequence[str]]
) -> Iterator[Unbound]:
    """Yield the essential fields left unbound, with their candidates."""
    for each in unbound_essentials(
        lambda name: columns.has(name) or name in tied, person_from_email=options.person_from_email
    ):
        if each.reason == "addresses":
            yield replace(each, candidates=columns.columns_of("email"))
            continue
        # Nobody becomes a person's id because its column's name looks like one.
        near = () if each.field == PERSON else _nearest_columns(each.field, columns, options, sample)
        yield replace(
            each,
            candidates=near,
            proposed=near[0] if near else None,
            evidence=f"; the columns are {listed(columns.names)}",
        )


def _nearest_columns(
    name: str, columns: BoundColumns, options: ColumnOptions, sample: Sequence[Sequence[str]]
) -> tuple[str, ...]:
    """Return the one column near a field by cells or spelling."""
    taken = {columns.names[index] for index in columns.fields.values()}
    free = [each for each in free_names(columns.names, options, name) if each not in taken]
    told = _event_columns(columns.names, free, sample) if name == "event" else []
    return tuple(told if len(told) == 1 else nearest(name, free))


def _event_columns(names: Sequence[str], free: Sequence[str], sample: Sequence[Sequence[str]]) -> list[str]:
    """Return the columns whose cells are mostly events' names."""
    if any(event_of_column(name) is not None for name in names):
        # A column for each event, with its time: what a status column says is then the last of several events.
        return []
    return [name for name in free if _names_events(names.index(name), sample)]


def _names_events(index: int, sample: Sequence[Sequence[str]]) -> bool:
    cells = [row[index] for row in sample if index < len(row) and row[index].strip()]
    return sum(kind_of(cell) is not None for cell in cells) > EVENT_SHARE * len(cells)
