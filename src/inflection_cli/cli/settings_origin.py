"""List the settings in force, with values and origins."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inflection_cli.certificates import VARIABLES as CERTIFICATES
from inflection_cli.mapping.personal_data import is_personal_setting
from inflection_cli.segment.client import without_credentials
from inflection_cli.settings.declarations import (
    Declared,
    DeliveryOptions,
    DestinationOptions,
    Group,
    InputOptions,
    MessageOptions,
    ReportingOptions,
    declared,
)
from inflection_cli.settings.layering import HIDDEN, given_values

if TYPE_CHECKING:
    from inflection_cli.cli.project_file import Project
    from inflection_cli.mapping.profile.profile_schema import Profile

_DEFAULT: Final = "default"
_GROUPS: Final = (InputOptions, MessageOptions, DestinationOptions, DeliveryOptions, ReportingOptions)
_ALWAYS: Final = frozenset(
    {"region", "requests_per_second", "events_per_second", "patience", "unknown_events"}
)
"""Options that are listed with their defaults too: they decide where events go, how fast, and which."""

_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")
_OTHERS: Final = ("INFL_SEG_NO_PROJECT", "NO_COLOR", "INFL_SEG_DEBUG", "CI")


@dataclass(frozen=True, slots=True)
class SettingInForce:
    """One setting.

    Attributes:
        name: The option, or an environment variable that is no option.
        value: Its value, without a key, a password or anything of a person.
        origin: Where it comes from.
    """

    name: str
    value: str
    origin: str


def settings_in_force(
    given: tuple[Group, ...],
    profile: "Profile | None",
    project: "Project | None",
    environ: Mapping[str, str],
) -> Iterator[SettingInForce]:
    """Yield the settings of a run with these options, files and variables.

    Args:
        given: Options of this command line.
        profile: The profile in force.
        project: The project file in force.
        environ: The environment.
    """
    typed = {name: value for group in given for name, value in given_values(group).items()}
    layers: list[tuple[str, Mapping[str, Any]]] = [("command line", typed)]
    if profile is not None:
        own = {
            **given_values(profile.options),
            "context": profile.context,
            "integration": profile.integrations,
        }
        layers.append((profile.path, {name: value for name, value in own.items() if value}))
    if project is not None:
        layers.append((project.path, project.settings))
    for each in (each for group in _GROUPS for each in declared(group)):
        yield from _of_option(each, layers, environ)
    for name in (*_PROXIES, *CERTIFICATES, *_OTHERS):
        if environ.get(name):
            yield SettingInForce(name, _without_password(environ[name]), "environment")


def _of_option(
    each: Declared, layers: list[tuple[str, Mapping[str, Any]]], environ: Mapping[str, str]
) -> Iterator[SettingInForce]:
    """Yield an option for each layer that sets it, or its default."""
    found = [(origin, layer[each.field]) for origin, layer in layers if each.field in layer]
    variable = each.option.variable
    if variable and environ.get(variable) and not any(origin == "command line" for origin, _ in found):
        found.insert(0, (f"environment, {variable}", environ[variable]))
    if not found and each.field in _ALWAYS:
        found = [(_DEFAULT, each.option.shown_default or each.default)]
    joins = each.option.joins or each.is_table
    for origin, value in found if joins else found[:1]:
        yield SettingInForce(each.flag, _shown(each, value), origin)


def _shown(each: Declared, value: Any) -> str:
    if each.field == "write_key":
        return f"… ({len(str(value))} characters)"
    if each.field == "endpoint":
        return _without_password(str(value))
    if each.field == "group_user":
        return HIDDEN
    if isinstance(value, Mapping):
        value = [f"{name}={inner}" for name, inner in value.items()]
    words = value if isinstance(value, list | tuple) else [value]
    return ", ".join(_without_person(each, str(word)) for word in words)


def _without_password(value: str) -> str:
    if "@" not in value:
        return value
    return without_credentials(value if "://" in value else f"http://{value}")


def _without_person(each: Declared, word: str) -> str:
    if each.field == "event_name":
        name, equals, value = word.partition("=")
        return f"{HIDDEN}{equals}{value}" if is_personal_setting("", name) else word
    name, equals, value = word.partition("=") if each.field in {"set", "context"} else ("", "", word)
    return f"{name}{equals}{HIDDEN}" if is_personal_setting(name.strip(), value) else word
