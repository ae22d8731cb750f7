"""The commands `infl-seg explain` and `infl-seg schema`: problem codes and file schemas."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from inflection_cli.cli.options import with_groups
from inflection_cli.errors import UsageError
from inflection_cli.settings.declarations import JsonOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inflection_cli.model import Rule
    from inflection_cli.reporting.console import Speaker


@with_groups
def explain(
    output: JsonOptions,
    code: Annotated[
        str | None,
        typer.Argument(metavar="CODE", help="A problem's code, such as ragged-row; all are listed without."),
    ] = None,
) -> int:
    """Explain a problem code: its meaning, an example and the fix."""
    from inflection_cli.reporting.rule_docs import rules_by_code

    rules = rules_by_code()
    chosen = rules if code is None else {code: rules[code]} if code in rules else None
    if chosen is None:
        raise _unknown(str(code), rules)
    if output.json:
        _print_object(chosen.values())
    elif code is None:
        _print_list(chosen.values(), _speaker(output))
    else:
        _print_rule(chosen[code], _speaker(output))
    return 0


def _speaker(output: JsonOptions) -> "Speaker":
    from inflection_cli.reporting.console import Speaker

    return Speaker(color="never" if output.no_color else "auto")


def _print_rule(rule: "Rule", speaker: "Speaker") -> None:
    from inflection_cli.reporting.plan_text import speak
    from inflection_cli.reporting.rule_docs import rule_lines

    speaker.result(rule.code, "bold")
    speak(rule_lines(rule), speaker, result=True)


def _print_list(rules: "Iterable[Rule]", speaker: "Speaker") -> None:
    for rule in rules:
        speaker.result(f"{rule.code:<26} {rule.severity.value:<8} {rule.meaning}")
    speaker.talk("infl-seg explain CODE says more of one")


def _print_object(rules: "Iterable[Rule]") -> None:
    from inflection_cli.reporting.json_report import dumps, empty_report
    from inflection_cli.reporting.outlet import print_machine
    from inflection_cli.reporting.rule_docs import rule_object

    report = {**empty_report("explain"), "complete": True, "rules": [rule_object(rule) for rule in rules]}
    print_machine(dumps({**report, "exit_code": 0}))


def _unknown(code: str, rules: "Iterable[str]") -> UsageError:
    from inflection_cli.sanitize import escape
    from inflection_cli.suggestions import nearest

    near = nearest(code.replace("_", "-"), rules, 3)
    hint = f"perhaps {' or '.join(near)}; " if near else ""
    return UsageError(
        f"there is no problem with the code “{escape(code, 80)}”",
        hint=f"{hint}infl-seg explain lists all of them",
    )


class Kind(StrEnum):
    """The kinds of files that have a schema."""

    PROFILE = "profile"
    PROJECT = "project"


def schema(
    kind: Annotated[Kind, typer.Argument(metavar="profile|project", help="The kind of file.")] = Kind.PROFILE,
) -> int:
    """Print the JSON Schema of a profile or infl-seg.toml, for editors."""
    from importlib.resources import files

    from inflection_cli.reporting.outlet import print_machine

    found = files("inflection_cli").joinpath("schemas", f"{kind.value}.schema.json")
    print_machine(found.read_text(encoding="utf-8"))
    return 0
