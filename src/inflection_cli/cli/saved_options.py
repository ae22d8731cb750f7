"""Convert a run's options to ledger JSON and back, for `runs verify`."""

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

from inflection_cli.errors import UsageError
from inflection_cli.mapping.personal_data import storable
from inflection_cli.mapping.profile.preset_files import PresetVersion, preset_in
from inflection_cli.settings.declarations import (
    InputOptions,
    MessageOptions,
    VerifyOptions,
    declared,
    profile_keys,
)
from inflection_cli.settings.layering import FINGERPRINTS, fingerprint_of

if TYPE_CHECKING:
    from inflection_cli.mapping.profile.profile_schema import Profile

_Group = TypeVar("_Group", InputOptions, MessageOptions)

_RULES = 3
"""Which rules read a file: from 2 on a profile that names fields has no others, and a wide file is asked about; from
3 on an id of a person that is a placeholder, misspelt or damaged rejects its row."""

_BEFORE: Mapping[str, Any] = {"properties_as_text": True, "identify": "never"}
"""What a run did that was recorded before there was an option for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """Options with which a run read its files.

    Attributes:
        reading: The options that shape events.
        message: What every message carried.
        now: The run's one idea of the present.
        profile: The profile, as it was then.
        asks_for_times: Whether the run would have asked which of several times a wide file's events have.
        judges_people: Whether the run rejected people's ids that are placeholders, misspelt or damaged.
    """

    reading: InputOptions
    message: MessageOptions
    now: datetime
    profile: "Profile | None" = None
    asks_for_times: bool = True
    judges_people: bool = True


def recorded(
    reading: InputOptions, message: MessageOptions | None, now: datetime, profile: "Profile | None" = None
) -> dict[str, Any]:
    """Return options as JSON values; personal values become fingerprints.

    Of a profile the place and a digest are kept, no salt.
    """
    plain = _plain(reading)
    if profile is not None:
        named = preset_in(profile.path)
        plain["profile"] = profile.path if named else str(Path(profile.path).absolute())
    plain["set"] = [_storable(word) for word in reading.set]
    plain["null"] = [storable("", word) for word in reading.null]
    plain["event_name"] = [_storable_name(word) for word in reading.event_name]
    plain["skip_event"] = [storable("", word) for word in reading.skip_event]
    if reading.group_user is not None:
        plain["group_user"] = fingerprint_of(reading.group_user)
    carried = _plain(message or MessageOptions())
    carried["context"] = [_storable(word) for word in carried["context"]]
    return {
        "reading": plain,
        "message": carried,
        "now": now.isoformat(),
        "rules": _RULES,
        "profile": None if profile is None else _of_profile(profile, plain["profile"]),
    }


def read_back(arguments: Mapping[str, Any], given: VerifyOptions) -> Recorded:
    """Return the options that were recorded for a run.

    Args:
        arguments: What `recorded` returned, as the ledger has it.
        given: Has the values that the ledger keeps only fingerprints of. No id is made of some; those are
            needed only if messages are sent again.

    Raises:
        UsageError: They were not recorded, a value is missing or another one than the run's, or the profile is
            not what it was.
    """
    try:
        reading = _group(InputOptions, {**_BEFORE, **arguments["reading"]})
        message = _group(MessageOptions, arguments["message"])
        now = datetime.fromisoformat(arguments["now"])
    except (KeyError, TypeError, ValueError):
        raise UsageError(
            "the ledger does not say how that run read its files",
            hint="name another run with --run RUN; infl-seg runs list shows them",
        ) from None
    reading, message = _with_given(reading, message, given)
    rules = arguments.get("rules", 1)
    profile = _profile_then(arguments.get("profile"), also_by_name=rules < 2)
    return Recorded(reading, message, now, profile, asks_for_times=rules >= 2, judges_people=rules >= 3)


def _with_given(
    reading: InputOptions, message: MessageOptions, given: VerifyOptions
) -> tuple[InputOptions, MessageOptions]:
    """Return recorded options, fingerprints replaced by the given values.

    Raises:
        UsageError: As `read_back`.
    """
    sends = given.resend_missing
    users = _completed(
        "--group-user", _one(reading.group_user), _one(given.group_user), fingerprint_of, needed=sends
    )
    context = _completed("--context", message.context, given.context, _storable, needed=sends)
    constants = _completed("--set", reading.set, given.set, _storable)
    nulls = _completed("--null", reading.null, given.null, partial(storable, ""))
    reading = replace(
        reading,
        set=constants,
        null=nulls,
        group_user=next(iter(users), None),
        event_name=_completed("--event-name", reading.event_name, given.event_name, _storable_name),
        skip_event=_completed("--skip-event", reading.skip_event, given.skip_event, partial(storable, "")),
    )
    return reading, replace(message, context=context)


def _one(value: str | None) -> list[str]:
    return [] if value is None else [value]


def _completed(
    option: str, kept: list[str], given: list[str], stored: Callable[[str], str], *, needed: bool = True
) -> list[str]:
    """Return recorded values; given ones replace their fingerprints.

    Raises:
        UsageError: A needed value is missing, or a given one is not the run's.
    """
    values = {stored(word): word for word in given}
    words = [values.get(stored(word), word) for word in kept]
    unknown = [word for word in given if word not in words]
    for word in words if needed else ():
        name, _, value = word.rpartition("=")
        of_name = FINGERPRINTS.match(word)
        if of_name or FINGERPRINTS.fullmatch(value):
            told = (not of_name and name) or option
            raise UsageError(
                f"the run was given a {told} that the ledger keeps no more than a fingerprint of",
                hint=f"give the same one again: {option} {quote(FINGERPRINTS.sub('VALUE', word))}",
            )
    if unknown:
        raise UsageError(
            f"{option} {unknown[0]} was not given to the run, or its value was another one",
            hint="verify with the settings of the run: leave it out",
        )
    return words


def _of_profile(profile: "Profile", path: str) -> dict[str, Any]:
    """Return a profile's path, digest, lookup tables and time settings."""
    return {
        "path": path,
        "sha256": profile.digest,
        **({"preset": asdict(profile.preset)} if profile.preset else {}),
        "lookups": {name: (str(Path(t.path).absolute()), t.digest) for name, t in profile.tables.items()},
        **{each.field: getattr(profile.options, each.field) for each in profile_keys("time")},
    }


def _profile_then(known: Mapping[str, Any] | None, *, also_by_name: bool) -> "Profile | None":
    """Read a run's profile again and check that it is unchanged."""
    if known is None:
        return None
    from inflection_cli.mapping.profile.profile_file import read_profile

    path = known["path"]
    try:
        profile = read_profile(path, os.environ)
    except UsageError as error:
        raise _other_profile(f"cannot be read any more: {error.message}", known) from None
    if profile.digest != known["sha256"]:
        raise _other_preset(profile, known) or _other_profile("has changed since", known)
    profile = _with_tables_then(profile, known.get("lookups") or {})
    then = {each.field: known[each.field] for each in profile_keys("time") if each.field in known}
    return replace(profile, also_by_name=also_by_name, options=replace(profile.options, **then))


def _with_tables_then(profile: "Profile", known: Mapping[str, Any]) -> "Profile":
    """Read a run's lookup tables again and check that they are unchanged."""
    if not known:
        return profile
    from inflection_cli.converting.lookup_tables import with_tables

    profile = with_tables(profile, {name: path for name, (path, _) in known.items()})
    for name, (path, digest) in known.items():
        if profile.tables[name].digest != digest:
            raise UsageError(
                f"the run's lookup table {path} has changed since",
                hint="put back what the run was made with, then verify again",
            )
    return profile


def _other_preset(profile: "Profile", known: Mapping[str, Any]) -> UsageError | None:
    """Return the error for another version of the run's preset, or None."""
    then, now = known.get("preset"), profile.preset
    if then is None or now is None or then == asdict(now):
        return None
    return UsageError(
        f"the run used the preset {PresetVersion(**then)}; this program has {now}",
        hint="verify with the version of infl-seg that sent the run: infl-seg runs show RUN names it",
    )


def _other_profile(what: str, known: Mapping[str, Any]) -> UsageError:
    return UsageError(
        f"the run's profile {known['path']} {what}",
        hint="restore the profile of the run, for example from version control, and verify again. "
        f"Its SHA-256 starts with {known['sha256'][:12]}",
    )


def _plain(group: InputOptions | MessageOptions) -> dict[str, Any]:
    values = {
        each.field: getattr(group, each.field) for each in declared(type(group)) if each.option.recorded
    }
    return {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}


def _group(kind: type[_Group], plain: Mapping[str, Any]) -> _Group:
    enums = {each.field: each.enum for each in declared(kind)}
    values: dict[str, Any] = {
        name: enum(value) if (enum := enums.get(name)) and value is not None else value
        for name, value in plain.items()
    }
    return kind(**values)


def _storable_name(word: str) -> str:
    """Return a NAME=VALUE as recorded, of which the name may be personal."""
    name, equals, value = word.partition("=")
    return f"{storable('', name)}{equals}{value}"


def _storable(word: str) -> str:
    name, equals, value = word.partition("=")
    return f"{name}={storable(name.strip(), value)}" if equals else word
