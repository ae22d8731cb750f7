"""Problems known at the end of a file: unused options, missing links."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from inflection_cli import rules
from inflection_cli.converting.converter import ConvertSettings
from inflection_cli.converting.input_file import InputFile
from inflection_cli.mapping.calls.call_catalog import CALL_TYPES, TRAIT_CALLS, CallType
from inflection_cli.mapping.column_kinds import is_of_the_sender
from inflection_cli.mapping.column_names import quoted
from inflection_cli.mapping.personal_data import is_address
from inflection_cli.model import Problem
from inflection_cli.settings.toml_text import toml_string

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Profile

_LINK = "email_link_url"
_A_LINK: Final = re.compile(r"\s*https?://\S")
_GROUPS: Final[frozenset[CallType]] = frozenset({"group"})
_NO_EVENTS: Final[frozenset[CallType]] = frozenset(CALL_TYPES) - {"track"}
_WITH_PROPERTIES: Final[frozenset[CallType]] = frozenset(CALL_TYPES) - TRAIT_CALLS


def idle_options(source: InputFile, settings: ConvertSettings) -> Iterator[Problem]:
    """Yield a problem for each option that needs a missing email column.

    Args:
        source: The file, with all the keys that it has gained.
        settings: What the user says, be it by option or profile.
    """
    layout = source.layout
    calls = () if layout.is_track_first else layout.calls
    every = [*(block.columns for block in layout.blocks), *(call.columns for call in calls)]
    if any(columns.has("email") for columns in every):
        return
    profile = settings.mapping.columns.profile
    for name, field, option in _asked(settings, profile):
        yield Problem(
            rules.OPTION_IDLE,
            f"{name} finds nothing to do: no column is recognised as the email",
            source.path,
            column=field,
            hint=_fix(source, field, profile, option),
        )


def idle_call_options(
    inputs: Sequence[InputFile], settings: ConvertSettings, built: Mapping[str, Collection[str]]
) -> Iterator[Problem]:
    """Yield a problem for each option about calls that are absent.

    Args:
        inputs: All files, since an option may be meant for one of several.
        settings: What the user says.
        built: The types of all that was built, by path.
    """
    types = {source.path: _types(source, built) for source in inputs}
    every = frozenset().union(*types.values())
    of_run = [each for each in _of_calls(settings) if not every & each.needed]
    yield from (_idle_call_option(each, inputs[0].path, "no file has") for each in of_run)
    told = {each.name for each in _of_calls(settings)}
    for source in inputs:
        if source.own is not None and source.own.profile is not None:
            mine = [each for each in _of_calls(source.own.convert) if each.name not in told]
            idle = [each for each in mine if not types[source.path] & each.needed]
            yield from (_idle_call_option(each, source.path, "the file has no") for each in idle)


def _types(source: InputFile, built: Mapping[str, Collection[str]]) -> frozenset[str]:
    # What a column may name is a type only where a row has it.
    named = source.types if source.layout.type_place is None else ()
    return frozenset({*built.get(source.path, ()), *named})


class _CallOption(NamedTuple):
    """A given option, and the types of calls that need it."""

    name: str
    needed: frozenset[CallType]


def _of_calls(settings: ConvertSettings) -> Iterator[_CallOption]:
    """Yield the given options that are about some types of calls."""
    columns, profile = settings.mapping.columns, settings.mapping.columns.profile
    calls = columns.calls
    for name, is_given, needed in (
        ("--trait", calls.traits, TRAIT_CALLS),
        ("--all-traits", calls.all_traits, TRAIT_CALLS),
        ("--traits-style", settings.message.snake_traits, TRAIT_CALLS),
        ("--group-user", calls.group_user is not None, _GROUPS),
        ("--group-anonymous-id", calls.group_anonymous, _GROUPS),
        ("--now", calls.now, _NO_EVENTS),
        ("--property", columns.properties, _WITH_PROPERTIES),
        ("[traits] of the profile", profile and profile.traits, TRAIT_CALLS),
        ("[properties] of the profile", profile and profile.properties, _WITH_PROPERTIES),
    ):
        if is_given:
            yield _CallOption(name, needed)


def _idle_call_option(option: _CallOption, file: str, lack: str) -> Problem:
    lacking = " or ".join(f"{kind} calls" for kind in CALL_TYPES if kind in option.needed)
    way = "identify" if option.needed == TRAIT_CALLS else min(option.needed & {"group", "page"})
    return Problem(
        rules.OPTION_IDLE,
        f"{option.name} finds nothing to do: {lack} {lacking}",
        file,
        hint=f"say what the rows are, for example --as {way}; or leave {option.name} out",
    )


def _asked(settings: ConvertSettings, profile: "Profile | None") -> Iterator[tuple[str, str, str]]:
    """Yield each option that needs addresses: its description, field and name."""
    mapping = settings.mapping
    if settings.message.email_trait:
        yield "--email-trait", "email", "--email-trait"
    for asked, key, field, by_profile in (
        (mapping.user_id_from_email, "user_id_from", "userId", profile and profile.options.user_id_from),
        (
            mapping.anonymous_id_from_email,
            "anonymous_id_from",
            "personId",
            profile and profile.options.anonymous_id_from,
        ),
    ):
        if asked and profile and by_profile:
            yield f"[options] {key} of {profile.path}", field, key
        elif asked:
            option = f"--{key.replace('_', '-')} email"
            yield option, field, option


def _fix(source: InputFile, field: str, profile: "Profile | None", option: str) -> str:
    column = _of_addresses(source, field)
    by_option = f"--map email={quoted(column or 'COLUMN')}"
    line = f"; in the profile [fields] email = {toml_string(column or 'COLUMN')}" if profile else ""
    return f"name the column that holds addresses: {by_option}{line}; or leave {option} out"


def _of_addresses(source: InputFile, field: str) -> str | None:
    """Return the column with the most addresses in the first rows."""
    taken = () if field == "email" else source.columns.fields.values()
    counts = {
        index: sum(is_address(row[index]) for row in source.source.sample if index < len(row))
        for index in range(len(source.source.columns))
        if index not in taken and not is_of_the_sender(source.source.columns[index])
    }
    best = max(counts, key=lambda index: counts[index], default=None)
    return None if best is None or not counts[best] else source.source.columns[best]


def unlinked(source: InputFile) -> Problem:
    """Return one problem for a file whose clicks have no link column."""
    some = any(block.columns.has(_LINK) for block in source.layout.blocks)
    whose = "some clicks of this file have no link" if some else "no click of this file has a link"
    message = f"no column is recognised as the {_LINK}, so {whose}"
    links = _of_links(source)
    hint = ""
    if len(links) == 1:
        by_line = f"in a profile [fields] {_LINK} = {toml_string(links[0])}"
        hint = f"--map {_LINK}={quoted(links[0])}, whose cells are links; {by_line}"
    return Problem(rules.LINK_MISSING, message, source.path, column=_LINK, hint=hint)


def _of_links(source: InputFile) -> list[str]:
    """Return the free columns whose cells are all links."""
    taken, rows = set(source.columns.fields.values()), source.source.sample
    cells = {
        name: [row[index] for row in rows if index < len(row) and row[index].strip()]
        for index, name in enumerate(source.source.columns)
        if index not in taken
    }
    return [name for name, found in cells.items() if found and all(map(_A_LINK.match, found))]
