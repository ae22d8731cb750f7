"""Format what a plan sends beside track events: types, traits and accounts."""

from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

from inflection_cli.backfilling.plan import Plan
from inflection_cli.converting.input_file import InputFile
from inflection_cli.mapping.calls.call_catalog import TRAIT_CALLS
from inflection_cli.mapping.column_names import snake_case
from inflection_cli.mapping.layout import CallMapping
from inflection_cli.sanitize import counted, escape

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Profile

_TEXT = "text"


def call_lines(
    source: InputFile, kinds: Mapping[str, Sequence[str]], plan: Plan
) -> Iterator[tuple[str, str]]:
    """Yield type, traits and properties of each call of a file.

    Args:
        source: The file.
        kinds: What each value is sent as, by name.
        plan: The plan; of the types that a column can name, those that it names are told.
    """
    met = met_types(source, plan)
    for call in source.layout.calls:
        if call.type not in met:
            continue
        yield "type", call.type + (": at the time of this run" if call.now else "")
        has_traits = call.type in TRAIT_CALLS
        told = ", ".join(_values(call, kinds))
        nothing = "none: ids alone" if has_traits else "no properties"
        yield "traits" if has_traits else "sends", told or nothing
        if call.unsent:
            names = ", ".join(map(escape, call.unsent))
            yield "", f"not sent: {names} (--trait COLUMN, or --all-traits)"


def met_types(source: InputFile, plan: Plan) -> list[str]:
    """Return the types of the calls that a file has."""
    if source.layout.type_place is None:
        return source.types
    return [kind for kind in source.types if kind in plan.account.types_of.get(source.path, ())]


def own_profile(source: InputFile) -> "Profile | None":
    """Return the profile that a file has for itself, or None."""
    return None if source.own is None else source.own.profile


def _values(call: CallMapping, kinds: Mapping[str, Sequence[str]]) -> Iterator[str]:
    names = call.columns.names
    for value in filter(attrgetter("sent"), call.values):
        column = names[value.place]
        known = [kind for kind in kinds.get(value.name, ()) if kind != _TEXT] if value.kind == "any" else []
        own = value.kind if value.kind in {"number", "date", "object", "list"} else " or ".join(known)
        kind = value.typed or own
        typed = f" ({kind})" if kind else ""
        same = column == value.name or snake_case(column) == value.name
        yield f"{escape(value.name)}{typed}" + ("" if same else f" from “{escape(column)}”")


def group_lines(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield the counts of accounts, memberships and users."""
    groups = plan.groups
    if not groups.accounts:
        return
    users = counted(groups.people, "monthly tracked user")
    yield "accounts", f"{groups.accounts:,}: {counted(groups.memberships, 'membership')} of {users}"
    every = [source.settings(plan.settings).mapping.columns.calls for source in plan.inputs]
    if any(calls.group_anonymous for calls in every):
        yield (
            "",
            "--group-anonymous-id account: an account without a person is a user of its own, account: and its id",
        )
    if any(calls.group_user is not None for calls in every):
        yield "", "--group-user: one user is a member of every account without a person"
