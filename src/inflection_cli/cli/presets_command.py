"""The commands `infl-seg presets`: list, show and save."""

from typing import Annotated, Any

import typer

from inflection_cli.cli.command_class import Commands
from inflection_cli.cli.options import with_groups
from inflection_cli.settings.declarations import JsonOptions, PresetOptions

presets = Commands(help="List, show and save presets for exports of known vendors.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="A preset's name.", show_default=False)]
_ENDING = ".profile.toml"


@presets.command("list")
@with_groups
def list_presets(output: JsonOptions) -> int:
    """List all presets: name, version, and the vendor's page that each follows."""
    from inflection_cli.mapping.profile.preset_files import preset_file, preset_names

    found = [_described(preset_file(name)) for name in preset_names()]
    if output.json:
        return _print_object("list", presets=found)
    speaker = _speaker(output)
    width = max((len(each["name"]) for each in found), default=0)
    for each in found:
        speaker.result(f"{each['name']:<{width}}  version {each['version']}  {each['title']}")
        speaker.result(f"    {each['page']}", "dim")
    speaker.talk("Next: infl-seg validate FILE --preset NAME")
    return 0


@presets.command("show")
@with_groups
def show_preset(name: Name, output: JsonOptions) -> int:
    """Show a preset: its page, its files and its profile."""
    from inflection_cli.mapping.profile.preset_files import preset_file, preset_path

    text = preset_path(name).read_text(encoding="utf-8")
    about = _described(preset_file(name))
    if output.json:
        return _print_object("show", preset={**about, "profile": text})
    speaker = _speaker(output)
    speaker.result(f"{about['name']}, version {about['version']}: {about['title']}", "bold")
    speaker.result(f"follows {about['page']}")
    for shape in about["recognise"]:
        speaker.result(f"recognised by {', '.join(shape['columns'])}")
    speaker.result("")
    for line in text.splitlines():
        speaker.result(line)
    return 0


@presets.command("save")
@with_groups
def save_preset(
    name: Name,
    saving: PresetOptions,
    file: Annotated[
        str | None, typer.Argument(metavar="FILE", help="Where to; by default NAME.profile.toml.")
    ] = None,
) -> int:
    """Write a copy of a preset: a profile to edit."""
    from shlex import quote

    from inflection_cli.atomic_file import refuse_to_replace, save_text
    from inflection_cli.mapping.profile.preset_files import PREFIX, preset_path
    from inflection_cli.sanitize import escape

    text, name = preset_path(name).read_text(encoding="utf-8"), name.removeprefix(PREFIX)
    path, option = file if file is not None else name + _ENDING, f"infl-seg presets save {name}"
    refuse_to_replace(path, [], force=saving.force, option=option)
    save_text(path, text, force=saving.force, option=option)
    if saving.json:
        return _print_object("save", saved=path)
    speaker = _speaker(saving)
    speaker.result(f"Wrote {escape(path)}. Next: infl-seg validate FILE --profile {quote(escape(path))}")
    speaker.talk(f'A profile that begins with extends = "preset:{name}" needs only the keys that differ.')
    return 0


def _described(preset: Any) -> dict[str, Any]:
    head = preset.head
    return {"name": preset.name, **{key: head[key] for key in ("version", "title", "page", "recognise")}}


def _speaker(output: JsonOptions | PresetOptions) -> Any:
    from inflection_cli.reporting.console import Speaker

    return Speaker(color="never" if output.no_color else "auto")


def _print_object(command: str, **found: Any) -> int:
    from inflection_cli.reporting.json_report import dumps, empty_report
    from inflection_cli.reporting.outlet import print_machine

    print_machine(dumps({**empty_report(f"presets {command}"), "complete": True, **found, "exit_code": 0}))
    return 0
