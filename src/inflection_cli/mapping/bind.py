"""Entry point of the mapping, with or without a profile."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from inflection_cli.errors import InputError
from inflection_cli.mapping.bind_by_name import bind_by_name
from inflection_cli.mapping.columns import ColumnOptions
from inflection_cli.mapping.layout import NO_LEEWAY, Layout, MissingColumnPolicy
from inflection_cli.mapping.unbound import refusal
from inflection_cli.mapping.unmapped_columns import with_added_columns
from inflection_cli.mapping.wide_times import differing_times, time_of_sending
from inflection_cli.settings.layering import file_word

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
        InputError: As `bind`, a field is unbound, or nothing says what rows are that seem to be no events.
        UsageError: As `bind`.
    """
    layout = bind(names, sample, options, file=file, leeway=leeway)
    error = refusal_of(layout, names, sample, options, file)
    if error is not None:
        raise error
    return layout


def refusal_of(
    layout: Layout,
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    file: str,
) -> InputError | None:
    """Return why a run refuses a bound file, or None."""
    from inflection_cli.mapping.calls.file_looks import lack_of_events  # noqa: PLC0415 - at start-up it counts

    error = None
    has_calls = layout.calls and not layout.is_track_first
    if not (has_calls or options.profile or options.calls.type):
        error = lack_of_events(names, sample, options, file)
    return error or refusal(layout.unbound, names, file)


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
    _refuse_ready_messages(names, options, file)
    layout = _of_calls(names, sample, options, file, leeway) or bind_by_name(
        names, sample, options, file, leeway.elsewhere
    )
    return _with_differing_times(layout, names, sample, options)


def _of_calls(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    file: str,
    leeway: MissingColumnPolicy,
) -> Layout | None:
    """Build the layout of a file that has other calls, or None.

    Raises:
        InputError: As `bind`.
        UsageError: As `bind`.
    """
    # Most runs send events alone, and need not read what calls take.
    from inflection_cli.mapping.calls import call_layout  # noqa: PLC0415 - see above

    kind = options.calls.type
    if kind is None:
        place = call_layout.type_column(names, sample, options)
        if place is not None:
            return call_layout.by_type_column(place, names, sample, options, file=file, leeway=leeway)
    if kind is None or kind == "track":
        return None
    return call_layout.of_one_type(kind, names, sample, options, file=file, leeway=leeway)


def _with_differing_times(
    layout: Layout, names: Sequence[str], sample: Sequence[Sequence[str]], options: ColumnOptions
) -> Layout:
    """Add warnings on times that differ from the event's own."""
    profile = options.profile
    said = "timestamp" in options.columns or (profile and (profile.timestamp or profile.events))
    if said or layout.unbound or not layout.blocks or not options.asks_for_times:
        return layout
    block = layout.blocks[0]
    notes = (*differing_times(names, sample, block), *time_of_sending(names, sample, block))
    return replace(layout, notes=(*layout.notes, *notes))


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
