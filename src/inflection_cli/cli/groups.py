"""Groups of options: a dataclass whose fields are typer options, shared by several commands."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints


def with_groups(command: Callable[..., int]) -> Callable[..., int]:
    """Unfold every parameter that is annotated with a dataclass into one option for each of its fields.

    Typer reads options off a function's signature; this writes that signature, so that a group of options
    is declared once and reaches each command as one value.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if dataclasses.is_dataclass(kind)}
    own = [p for name, p in inspect.signature(command).parameters.items() if name not in groups]
    parameters = [p.replace(annotation=hints[p.name]) for p in own]
    for kind in groups.values():
        parameters += [
            _parameter(field, get_type_hints(kind, include_extras=True)) for field in dataclasses.fields(kind)
        ]

    @functools.wraps(command)
    def unfolded(**given: Any) -> int:
        values = {
            name: kind(**{field.name: given.pop(field.name) for field in dataclasses.fields(kind)})
            for name, kind in groups.items()
        }
        return command(**given, **values)

    signature = inspect.Signature(sorted(parameters, key=lambda p: p.default is not inspect.Parameter.empty))
    unfolded.__signature__ = signature  # type: ignore[attr-defined]
    unfolded.__annotations__ = {p.name: p.annotation for p in parameters}
    return unfolded


def _parameter(field: "dataclasses.Field[Any]", hints: dict[str, Any]) -> inspect.Parameter:
    default = field.default
    if field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name]
    )
