"""Entry point of the mapping, with or without a profile."""

from collections.abc import Sequence
from dataclasses import replace

from inflection_cli.mapping.columns import ColumnOptions, bind_columns, refuse_ready_messages
from inflection_cli.mapping.layout import (
    NO_LEEWAY,
    EventMapping,
    Layout,
    MissingColumnPolicy,
    RowCondition,
    Shaper,
    TimeSource,
    one_event,
)
from inflection_cli.mapping.wide_times import differing_times, refuse_the_time_of_sending

__all__ = (
    "EventMapping",
    "Layout",
    "MissingColumnPolicy",
    "RowCondition",
    "Shaper",
    "TimeSource",
    "lay_out",
    "one_event",
)


def lay_out(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    *,
    file: str,
    leeway: MissingColumnPolicy = NO_LEEWAY,
) -> Layout:
    """Build the layout of a file from its columns and the options.

    A field comes from where an option says; else from where the profile's block, then the profile itself says; else
    from the column that is known by its name, unless the profile names that column for something else.

    Args:
        names: The header, or the keys of an NDJSON file.
        sample: Some of the file's first rows.
        options: What the user says.
        file: The path, for messages and for `by_file`.
        leeway: What of the profile the file may lack; a note says what it does lack.

    Raises:
        InputError: A field is tied between columns, the file lacks what the profile names beyond all leeway or has
            nothing of any of its events, no pattern fits its name, or event, time or person is nowhere to be found.
        UsageError: An option names a field or column that does not exist, or contradicts the profile.
    """
    if options.profile is not None:
        # Most runs have none, and need not read what profiles take.
        from inflection_cli.mapping.profile.profile_binding import lay_out_by_profile  # noqa: PLC0415 - at start-up it counts

        layout = lay_out_by_profile(names, sample, options, options.profile, file=file, leeway=leeway)
        return _with_differing_times(layout, names, sample, options)
    called = _lay_out_calls(names, sample, options, file=file, leeway=leeway)
    if called is not None:
        return called
    columns = bind_columns(names, sample, options, file=file, elsewhere=leeway.elsewhere)
    refuse_the_time_of_sending(names, sample, columns, options, file)
    return _with_differing_times(one_event(columns), names, sample, options)


def _lay_out_calls(
    names: Sequence[str],
    sample: Sequence[Sequence[str]],
    options: ColumnOptions,
    *,
    file: str,
    leeway: MissingColumnPolicy,
) -> Layout | None:
    """Build the layout of a file that has other calls, or None.

    Raises:
        InputError: As `lay_out`; also where nothing says what rows are that seem to be no events.
        UsageError: As `lay_out`.
    """
    # Most runs send events alone, and need not read what calls take.
    from inflection_cli.mapping.calls import call_layout, file_looks  # noqa: PLC0415 - see above

    refuse_ready_messages(names, options, file)
    kind = options.calls.type
    if kind is None:
        place = call_layout.type_column(names, sample, options)
        if place is not None:
            return call_layout.by_type_column(place, names, sample, options, file=file, leeway=leeway)
        file_looks.refuse_without_events(names, sample, options, file)
    if kind is None or kind == "track":
        return None
    return call_layout.of_one_type(kind, names, sample, options, file=file, leeway=leeway)


def _with_differing_times(
    layout: Layout, names: Sequence[str], sample: Sequence[Sequence[str]], options: ColumnOptions
) -> Layout:
    """Add warnings on times that differ from the event's own."""
    profile = options.profile
    said = "timestamp" in options.columns or (profile and (profile.timestamp or profile.events))
    if said or not options.asks_for_times or not layout.blocks:
        return layout
    return replace(layout, notes=(*layout.notes, *differing_times(names, sample, layout.blocks[0])))
