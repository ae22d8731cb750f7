"""Groups of options as parameters of commands: Typer's form of the declarations."""

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_type_hints

import typer

from inflection_cli.settings.declarations import ALL_OPTIONS, Declared, Group, declared

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILE...",
        help="Paths, globs, folders, or - for standard input. CSV, NDJSON or JSON, also compressed (gzip, zstd, bzip2, "
        "xz) or in a zip archive.",
        show_default=False,
    ),
]


def with_groups(command: Callable[..., int]) -> Callable[..., int]:
    """Replace each parameter that is a group by its options.

    Typer reads options off a function's signature; this writes that signature, so that a group of options
    is declared once and reaches each command as one value. A command that runs another one passes whole groups.
    """
    return _Unfolded(command)


class _Unfolded:
    """A command with the options of its groups.

    The signature is built when it is asked for: a run needs the options of one command.
    """

    def __init__(self, command: Callable[..., int]) -> None:
        functools.update_wrapper(self, command)
        self.__annotations__ = {}  # Typer looks here for what the signature lacks
        self._command = command

    def __call__(self, **given: Any) -> int:
        """Run the command with values of its groups, or of their options."""
        values = {
            name: given.pop(name, None) or kind(**{each.field: given[each.field] for each in declared(kind)})
            for name, kind in self._groups.items()
        }
        own = {name: value for name, value in given.items() if name in self._hints}
        return self._command(**own, **values)

    @functools.cached_property
    def __signature__(self) -> inspect.Signature:
        """The parameters as Typer reads them, those without a default first."""
        parameters = inspect.signature(self._command).parameters
        own = [
            each.replace(annotation=self._hints[name])
            for name, each in parameters.items()
            if name not in self._groups
        ]
        options = dict[str, inspect.Parameter]()
        for kind in self._groups.values():
            for each in declared(kind):
                # Several groups may have an option, such as the authorities of files and of the destination.
                options.setdefault(each.field, _parameter(each, kind.PANEL))
        every = [*own, *options.values()]
        return inspect.Signature(sorted(every, key=lambda each: each.default is not inspect.Parameter.empty))

    @functools.cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self._command, include_extras=True)

    @functools.cached_property
    def _groups(self) -> dict[str, type[Group]]:
        """The groups by the names of their parameters."""
        return {
            name: kind
            for name, kind in self._hints.items()
            if isinstance(kind, type) and issubclass(kind, Group)
        }


def _parameter(each: Declared, panel: str | None) -> inspect.Parameter:
    option = each.option
    typed = typer.Option(
        *([each.flag, option.short] if option.short else [each.flag]),
        help=option.help,
        metavar=option.metavar,
        min=option.least,
        max=option.most,
        show_default=option.shown_default or True,
        rich_help_panel=option.panel or panel,
    )
    return inspect.Parameter(
        each.field,
        inspect.Parameter.KEYWORD_ONLY,
        default=each.default,
        annotation=Annotated[each.value_type, typed],
    )


def example_of(option: Any) -> str:
    """Return an option with a value that is right for it.

    Args:
        option: The option as Typer knows it.
    """
    name = long_name(option)
    # A key that is written here would be a placeholder, which is refused, or somebody's.
    name = f"{name}-file" if name == "--write-key" else name
    return f"{name} {example(name) or option.metavar or 'VALUE'}"


def example(name: str) -> str | None:
    """Return a correct value of an option, as typed in a shell.

    Args:
        name: The option's long name.
    """
    known = ALL_OPTIONS.get(name)
    return known.option.example if known else None


def long_name(option: Any) -> str:
    """Return the name that an option is known by."""
    names: list[str] = option.opts
    return next((name for name in names if name.startswith("--")), names[0])
